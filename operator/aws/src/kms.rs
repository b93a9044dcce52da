//! AWS KMS: looking up a key that somebody names by id, alias or ARN.
//!
//! From the KMS API reference, DescribeKey: takes a key id, a key ARN, `alias/…` or an alias ARN; the states are those
//! of "Key states of AWS KMS keys" in the developer guide.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use aws_sdk_kms::Client;
use aws_sdk_kms::types::KeyState;
use futures::future::try_join_all;
use terrace_engine::coalesce::{Fetch, Few, Regional};
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State};
use terrace_model::aws::kms::{Key, KeyOutputs};
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, Owner};

use crate::Clients;
use crate::errors::absent;
use crate::hourly;

/// A key as it was read.
#[derive(Clone, Debug)]
struct Found {
    arn: String,
    state: State,
}

/// Reads keys of a region; all there are is all that were ever asked for.
struct Reader {
    client: Client,
    asked: BTreeSet<String>,
}

impl Fetch<String, Found> for Reader {
    async fn some(&self, keys: &BTreeSet<String>) -> Result<BTreeMap<String, Found>> {
        let reads = keys.iter().map(|key| async move {
            let answer = absent(self.client.describe_key().key_id(key).send().await, &["NotFoundException"])?;
            let found = answer.and_then(|answer| answer.key_metadata).map(|metadata| Found {
                state: state(metadata.key_state.as_ref()),
                arn: metadata.arn.unwrap_or_default(),
            });
            Ok::<_, Error>(found.map(|found| (key.clone(), found)))
        });
        Ok(try_join_all(reads).await?.into_iter().flatten().collect())
    }

    async fn all(&self) -> Result<BTreeMap<String, Found>> {
        self.some(&self.asked).await
    }
}

/// Keys, which are looked at and never made.
///
/// KMS has no list that tells their state: they are described one by one, hardly ever change, and so are looked at anew
/// about once an hour and before every change.
pub struct Keys {
    clients: Clients,
    listings: Regional<String, Found>,
    asked: Mutex<BTreeMap<String, BTreeSet<String>>>,
}

impl Keys {
    /// The keys of an account.
    pub fn new(clients: &Clients) -> Self {
        let period = hourly::lifetime(&["keys", clients.account()].join("/"));
        Keys {
            clients: clients.clone(),
            listings: Regional::new(period, Few::UpTo(usize::MAX)),
            asked: Mutex::default(),
        }
    }

    fn reader(&self, region: &str, key: &str) -> Reader {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = asked.entry(region.to_owned()).or_default();
        asked.insert(key.to_owned());
        Reader { client: self.clients.kms(region), asked: asked.clone() }
    }

    /// A key that was not asked for before is in no list.
    async fn look(&self, region: &str, key: &str, freshness: Freshness) -> Result<Option<Found>> {
        let (listing, reader) = (self.listings.of(region), self.reader(region, key));
        match listing.get(key.to_owned(), freshness, &reader).await? {
            None if freshness == Freshness::Recent => listing.get(key.to_owned(), Freshness::Now, &reader).await,
            found => Ok(found),
        }
    }
}

impl Provider<Key> for Keys {
    const ACTIONS: &'static [&'static str] = &["kms:DescribeKey"];

    async fn observe(&self, id: &Id) -> Result<Seen<Key>> {
        let key = id.address("keyId").unwrap_or_default();
        let Some(found) = self.look(&id.place.region, key, id.freshness).await? else {
            return Ok(Seen::Absent);
        };
        Ok(Seen::Present {
            have: Key { key_id: key.into() },
            out: KeyOutputs { arn: Some(found.arn.clone()) },
            handle: Handle(found.arn),
            owner: Owner::Inherent,
            state: found.state,
        })
    }

    async fn create(&self, _id: &Id, _want: &Key) -> Result<Handle> {
        Err(read_only())
    }

    async fn update(&self, _id: &Id, _have: &Key, _want: &Key, _diff: &Diff) -> Result<()> {
        Err(read_only())
    }

    async fn delete(&self, _id: &Id, _have: &Key, _disposal: Disposal) -> Result<()> {
        Err(read_only())
    }
}

/// A key that encrypts nothing now is of no use to whoever names it.
fn state(state: Option<&KeyState>) -> State {
    let unusable = |words: &str| State::Failed(words.to_owned());
    match state {
        Some(KeyState::Enabled) => State::Ready,
        Some(state @ (KeyState::Creating | KeyState::Updating)) => State::Settling(state.as_str().to_owned()),
        Some(KeyState::Disabled) => unusable("the key is disabled: enable it, or name another"),
        Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion) => {
            unusable("the key is scheduled for deletion: cancel that, or name another")
        }
        Some(KeyState::PendingImport) => unusable("the key's material is not imported: import it, or name another"),
        Some(state) => State::Failed(format!("the key cannot be used, it is {}", state.as_str())),
        None => unusable("KMS says nothing of the key's state"),
    }
}

fn read_only() -> Error {
    Error::invalid("Terrace looks keys up and makes none")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, REGION};
    use aws_sdk_kms::operation::describe_key::{DescribeKeyError, DescribeKeyOutput};
    use aws_sdk_kms::types::KeyMetadata;
    use aws_sdk_kms::types::error::NotFoundException;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use aws_smithy_types::error::ErrorMetadata;
    use serde_json::json;

    #[test]
    fn only_an_enabled_key_is_ready_and_every_other_state_says_why() {
        for (given, expected) in [
            (KeyState::Enabled, "Ready"),
            (KeyState::Creating, "Settling"),
            (KeyState::Updating, "Settling"),
            (KeyState::Disabled, "disabled"),
            (KeyState::PendingDeletion, "scheduled for deletion"),
            (KeyState::PendingReplicaDeletion, "scheduled for deletion"),
            (KeyState::PendingImport, "not imported"),
            (KeyState::Unavailable, "Unavailable"),
        ] {
            let seen = format!("{:?}", state(Some(&given)));
            assert!(seen.contains(expected), "{given:?}: {seen}");
        }
    }

    #[tokio::test]
    async fn keys_are_described_when_first_asked_for_and_then_once_an_hour() {
        let known = mock!(Client::describe_key)
            .match_requests(|request| request.key_id() != Some("none"))
            .then_compute_output(|request| {
                let key = request.key_id().unwrap_or_default();
                let metadata =
                    KeyMetadata::builder().key_id(key).arn(["arn", key].join(":")).key_state(KeyState::Enabled);
                DescribeKeyOutput::builder().key_metadata(metadata.build().expect("it is whole")).build()
            });
        let none =
            mock!(Client::describe_key).match_requests(|request| request.key_id() == Some("none")).then_error(|| {
                let meta = ErrorMetadata::builder().code("NotFoundException").build();
                DescribeKeyError::NotFoundException(NotFoundException::builder().meta(meta).build())
            });
        let client = mock_client!(aws_sdk_kms, RuleMode::MatchAny, [&known, &none]);
        let keys = Keys::new(&testing::clients().with_client(REGION, client));
        let look = async |key: &str, freshness| {
            let id = Id { freshness, ..testing::at(testing::id::<Key>("key"), &json!({"keyId": key})) };
            match keys.observe(&id).await.expect("it can be looked at") {
                Seen::Absent => None,
                Seen::Present { out, .. } | Seen::Partly { out, .. } => out.arn,
            }
        };
        for _ in 0..3 {
            assert_eq!(look("a", Freshness::Recent).await.as_deref(), Some("arn:a"));
            assert_eq!(look("b", Freshness::Recent).await.as_deref(), Some("arn:b"));
        }
        assert_eq!(known.num_calls(), 2);
        assert_eq!(look("a", Freshness::Now).await.as_deref(), Some("arn:a"));
        assert_eq!(known.num_calls(), 3);
        assert_eq!(look("none", Freshness::Recent).await, None);
    }
}
