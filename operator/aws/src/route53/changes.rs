//! Changes of records: gathered into batches, one in flight a zone, and remembered until they are in sync.
//!
//! From the API reference (ChangeResourceRecordSets) and the developer guide ("Quotas on records"): a batch is carried out
//! whole or not at all, a second one in flight is refused (PriorRequestNotComplete), and one holds at most 1,000 values and
//! 32,000 characters of them, those of an UPSERT counted twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_route53::Client;
use aws_sdk_route53::error::SdkError;
use aws_sdk_route53::operation::change_resource_record_sets::ChangeResourceRecordSetsError;
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecordSet};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use futures::future::try_join_all;
use terrace_engine::coalesce::{Batch, Fetch, Few, Listing};
use terrace_engine::{Error, Result, State, reason};
use terrace_model::identity::Freshness;

use super::read::RecordKey;
use crate::Clients;
use crate::errors::{absent, classify};

const MOST_VALUES: usize = 1000;
const MOST_CHARACTERS: usize = 32_000;
/// How many edits are gathered at most; what they hold is measured as they are sent.
const MOST_EDITS: usize = 200;
/// What GetChange says while the change is on its way to the name servers.
const PENDING: &str = "PENDING";

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Changes that belong together, on behalf of one namespace.
#[derive(Clone, Debug)]
pub struct Edit {
    namespace: String,
    changes: Vec<Change>,
}

impl Edit {
    pub fn of(namespace: &str) -> Self {
        Edit { namespace: namespace.to_owned(), changes: Vec::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Something new: refused where the name is taken.
    pub fn create(&mut self, record: ResourceRecordSet) -> Result<()> {
        self.push(ChangeAction::Create, record)
    }

    /// Something else in the place of what is ours.
    pub fn upsert(&mut self, record: ResourceRecordSet) -> Result<()> {
        self.push(ChangeAction::Upsert, record)
    }

    /// Exactly what was seen: refused where it is another by now.
    pub fn delete(&mut self, record: ResourceRecordSet) -> Result<()> {
        self.push(ChangeAction::Delete, record)
    }

    fn push(&mut self, action: ChangeAction, record: ResourceRecordSet) -> Result<()> {
        let change = Change::builder().action(action).resource_record_set(record);
        self.changes.push(change.build().map_err(Error::invalid)?);
        Ok(())
    }

    /// Values, and characters in them.
    fn size(&self) -> (usize, usize) {
        let size = |change: &Change| {
            let values = change.resource_record_set().map(ResourceRecordSet::resource_records).unwrap_or_default();
            let characters = values.iter().map(|value| value.value().chars().count()).sum::<usize>();
            let times = if *change.action() == ChangeAction::Upsert { 2 } else { 1 };
            (values.len().max(1) * times, characters * times)
        };
        self.changes.iter().map(size).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }
}

type Pending = BTreeMap<(String, RecordKey), String>;

/// All changes of one account.
pub struct Changes {
    clients: Clients,
    zones: Mutex<BTreeMap<String, Arc<Batch<Edit, String>>>>,
    /// The last change of each record, until it is in sync. Forgetting it is safe: what is there counts as ready then.
    pending: Mutex<Pending>,
    status: Listing<String, ChangeStatus>,
}

impl Changes {
    pub fn new(clients: &Clients) -> Self {
        Changes {
            clients: clients.clone(),
            zones: Mutex::default(),
            pending: Mutex::default(),
            status: Listing::new(Duration::ZERO, Few::UpTo(usize::MAX)),
        }
    }

    /// Carries an edit out, with whatever else waits for the zone.
    ///
    /// # Errors
    /// Its own: what one edit of a batch is refused for does not keep the others from being made.
    pub async fn submit(&self, zone: &str, edit: Edit) -> Result<()> {
        if edit.is_empty() {
            return Ok(());
        }
        let batch =
            lock(&self.zones).entry(zone.to_owned()).or_insert_with(|| Arc::new(Batch::new(MOST_EDITS))).clone();
        let keys: Vec<_> = edit.changes.iter().filter(|change| *change.action() != ChangeAction::Delete).collect();
        let keys = keys.into_iter().filter_map(|change| change.resource_record_set().map(RecordKey::of));
        let keys: Vec<_> = keys.map(|key| (zone.to_owned(), key)).collect();
        let change = batch.submit(edit, |edits| self.send(zone, edits)).await?;
        lock(&self.pending).extend(keys.into_iter().map(|key| (key, change.clone())));
        Ok(())
    }

    async fn send(&self, zone: &str, edits: Vec<Edit>) -> Vec<Result<String>> {
        let mut answers: Vec<Option<Result<String>>> = vec![None; edits.len()];
        for part in parts(&edits) {
            let client = self.clients.for_namespace(&edits[part[0]].namespace).route53();
            let mut left = vec![part];
            while let Some(part) = left.pop() {
                let changes = part.iter().flat_map(|number| edits[*number].changes.clone()).collect();
                match request(&client, zone, changes).await {
                    // One of them is at fault, and nothing was done.
                    Err(refusal) if refusal.of_batch && part.len() > 1 => {
                        let (first, second) = part.split_at(part.len() / 2);
                        left.extend([second.to_vec(), first.to_vec()]);
                    }
                    answer => {
                        let answer = answer.map_err(|refusal| refusal.error);
                        part.iter().for_each(|number| answers[*number] = Some(answer.clone()));
                    }
                }
            }
        }
        let unsent = || Err(Error::retry("the change was not sent"));
        answers.into_iter().map(|answer| answer.unwrap_or_else(unsent)).collect()
    }

    /// Where a record stands: on its way to the name servers, or there.
    pub async fn state(&self, zone: &str, key: &RecordKey) -> Result<State> {
        let Some(change) = lock(&self.pending).get(&(zone.to_owned(), key.clone())).cloned() else {
            return Ok(State::Ready);
        };
        let reader = Statuses(self.clients.route53());
        if self.status.get(change.clone(), Freshness::Now, &reader).await? == Some(ChangeStatus::Pending) {
            return Ok(State::Settling(PENDING.to_owned()));
        }
        lock(&self.pending).retain(|_, pending| *pending != change);
        Ok(State::Ready)
    }
}

/// Numbers of edits that go in one request: of one namespace, in their order, no more than it holds.
fn parts(edits: &[Edit]) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut sizes: Vec<(usize, usize)> = Vec::new();
    for (number, edit) in edits.iter().enumerate() {
        let size = edit.size();
        let last = parts.iter().rposition(|part| edits[part[0]].namespace == edit.namespace);
        let fits = |at: &usize| sizes[*at].0 + size.0 <= MOST_VALUES && sizes[*at].1 + size.1 <= MOST_CHARACTERS;
        match last.filter(fits) {
            Some(at) => {
                parts[at].push(number);
                sizes[at] = (sizes[at].0 + size.0, sizes[at].1 + size.1);
            }
            None => {
                parts.push(vec![number]);
                sizes.push(size);
            }
        }
    }
    parts
}

struct Refusal {
    error: Error,
    /// Something in the batch is at fault.
    of_batch: bool,
}

async fn request(client: &Client, zone: &str, changes: Vec<Change>) -> std::result::Result<String, Refusal> {
    let of = |error| Refusal { error, of_batch: false };
    let batch = ChangeBatch::builder().set_changes(Some(changes)).build().map_err(|error| of(Error::invalid(error)))?;
    let answer = client.change_resource_record_sets().hosted_zone_id(zone).change_batch(batch).send().await;
    let answer = answer.map_err(|error| match messages(&error) {
        Some(text) => Refusal { error: refused(&text), of_batch: true },
        None => of(classify(error)),
    })?;
    let change = answer.change_info.map(|change| change.id);
    change.ok_or_else(|| of(Error::retry("Route 53 did not say which change it made")))
}

/// What is wrong with a batch, where it was refused for what is in it.
fn messages(error: &SdkError<ChangeResourceRecordSetsError, HttpResponse>) -> Option<String> {
    let Some(ChangeResourceRecordSetsError::InvalidChangeBatch(error)) = error.as_service_error() else { return None };
    let text = match error.messages() {
        [] => error.message().unwrap_or("the change was refused").to_owned(),
        messages => messages.join("; "),
    };
    Some(text.trim_start_matches('[').trim_end_matches(']').to_owned())
}

/// What is to be done about what Route 53 says of a change.
fn refused(text: &str) -> Error {
    let says = |words: &str| text.contains(words);
    if says("already exists") {
        return Error::wait(reason::ALREADY_EXISTS, text);
    }
    if says("was not found") || says("do not match the current") {
        return Error::wait(reason::NOT_READY, format!("the record was changed by somebody else just now: {text}"));
    }
    if says("conflicts with other records") || says("with the same name and type") {
        let advice = "remove the other record, or name another host";
        return Error::blocked(reason::NOT_OWNED, format!("another record stands in the way: {advice}: {text}"));
    }
    Error::invalid(text)
}

struct Statuses(Client);

impl Fetch<String, ChangeStatus> for Statuses {
    async fn some(&self, changes: &BTreeSet<String>) -> Result<BTreeMap<String, ChangeStatus>> {
        let one = |change: &String| {
            let (request, change) = (self.0.get_change().id(change), change.clone());
            async move {
                let answer = absent(request.send().await, &["NoSuchChange"])?;
                Ok(answer.and_then(|answer| answer.change_info).map(|info| (change, info.status)))
            }
        };
        Ok(try_join_all(changes.iter().map(one)).await?.into_iter().flatten().collect())
    }

    async fn all(&self) -> Result<BTreeMap<String, ChangeStatus>> {
        Ok(BTreeMap::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route53::testing::{ZONE, Zone, record, refusal, status, text, with_values};
    use crate::testing::clients;
    use aws_sdk_route53::types::RrType;
    use aws_smithy_mocks::{Rule, RuleMode, mock_client};
    use futures::future::join_all;

    fn changes(rules: &[&Rule]) -> Changes {
        let client = mock_client!(aws_sdk_route53, RuleMode::MatchAny, rules);
        Changes::new(&clients().with_client("us-east-1", client))
    }

    fn create(name: &str) -> Edit {
        let mut edit = Edit::of("shop");
        edit.create(record(name, RrType::A, "192.0.2.1")).expect("it is whole");
        edit
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_together_goes_in_one_batch_and_one_is_in_flight_a_zone() {
        let zone = Zone::default();
        let take = zone.take_batches();
        let changes = changes(&[&take]);
        let names: Vec<_> = (0..50).map(|number| format!("{number}.example.com")).collect();
        let made = join_all(names.iter().map(|name| changes.submit(ZONE, create(name)))).await;
        assert!(made.iter().all(Result::is_ok), "{made:?}");
        assert_eq!((take.num_calls(), zone.records().iter().count()), (1, 50));
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_is_refused_for_does_not_keep_the_others_from_being_made() {
        let zone = Zone::of([record("7.example.com", RrType::A, "198.51.100.1")]);
        let (take, refuse) = (zone.take_batches(), zone.refuse_batches());
        let changes = changes(&[&take, &refuse]);
        let names: Vec<_> = (0..20).map(|number| format!("{number}.example.com")).collect();
        let made = join_all(names.iter().map(|name| changes.submit(ZONE, create(name)))).await;
        for (number, result) in made.iter().enumerate() {
            let reason = result.as_ref().err().map(Error::reason);
            assert_eq!(reason, (number == 7).then_some(reason::ALREADY_EXISTS), "{number}");
        }
        assert_eq!(zone.records().iter().count(), 20);
        assert!(take.num_calls() + refuse.num_calls() <= 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_is_pending_until_its_change_is_in_sync_and_without_memory_it_is_ready() {
        let (zone, pending, done) = (Zone::default(), status(ChangeStatus::Pending), status(ChangeStatus::Insync));
        let take = zone.take_batches();
        let key = RecordKey::of(&record("www.example.com", RrType::A, "192.0.2.1"));
        let slow = changes(&[&take, &pending]);
        slow.submit(ZONE, create("www.example.com")).await.expect("it is made");
        let settling = State::Settling("PENDING".into());
        let all = join_all((0..20).map(|_| slow.state(ZONE, &key))).await;
        assert!(all.iter().all(|state| state.as_ref() == Ok(&settling)), "{all:?}");
        assert!(pending.num_calls() <= 2, "{}", pending.num_calls());
        let quick = changes(&[&take, &done]);
        assert_eq!(quick.state(ZONE, &key).await, Ok(State::Ready));
        assert_eq!(done.num_calls(), 0);
        zone.take("www.example.com");
        quick.submit(ZONE, create("www.example.com")).await.expect("it is made");
        for _ in 0..3 {
            assert_eq!(quick.state(ZONE, &key).await, Ok(State::Ready));
        }
        assert_eq!(done.num_calls(), 1);
    }

    #[test]
    fn a_request_holds_what_route_53_takes_and_one_namespace() {
        let values = |count: usize| (0..count).map(|number| format!("192.0.2.{number}"));
        let edit = |namespace: &str, count: usize| {
            let mut edit = Edit::of(namespace);
            edit.upsert(with_values(record("a.example.com", RrType::A, ""), values(count))).expect("it is whole");
            edit
        };
        assert_eq!(parts(&[edit("shop", 250), edit("shop", 250), edit("shop", 1)]), [vec![0, 1], vec![2]]);
        assert_eq!(parts(&[edit("shop", 1), edit("other", 1), edit("shop", 1)]), [vec![0, 2], vec![1]]);
        let mut long = Edit::of("shop");
        long.create(text("a.example.com", &"x".repeat(20_000))).expect("it is whole");
        assert_eq!(parts(&[long.clone(), long]), [vec![0], vec![1]]);
    }

    #[test]
    fn what_route_53_says_of_a_change_tells_what_is_to_be_done() {
        for (text, expected) in [
            ("Tried to create resource record set [name='a', type='A'] but it already exists", reason::ALREADY_EXISTS),
            ("Tried to delete resource record set [name='a', type='A'] but it was not found", reason::NOT_READY),
            ("Tried to delete a but the values provided do not match the current values", reason::NOT_READY),
            (
                "RRSet of type CNAME with DNS name a. is not permitted as it conflicts with other records with the same \
                 DNS name in zone b.",
                reason::NOT_OWNED,
            ),
            ("The request contains an invalid set of changes for a resource record set 'A a.'", reason::INVALID),
        ] {
            assert_eq!(refused(text).reason(), expected, "{text}");
        }
        let error = SdkError::service_error(
            refusal("[it already exists]"),
            HttpResponse::new(400.try_into().unwrap(), "".into()),
        );
        assert_eq!(messages(&error).as_deref(), Some("it already exists"));
    }
}
