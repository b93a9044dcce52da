//! What a spec names without owning it: existing keys, snapshots and databases, and the parameters of an engine's family.
//!
//! From the RDS API reference: a snapshot of this account goes by its identifier, which RDS keeps in lower case, one that
//! another account shares by its ARN (`DescribeDBSnapshots`, `IncludeShared`). From the KMS API reference:
//! `ListResourceTags` takes no alias and reaches no other account; AWS's own keys bear no tags of ours.
//!
//! These reads must not recur in objects that stand still, so answers are remembered; see [`Describe`].

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_kms::types::KeyManagerType;
use aws_sdk_rds::types as sdk;
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use terrace_engine::Result;
use terrace_model::aws::Tags;
use tokio::time::Instant;

use crate::errors::{absent, classify, code};
use crate::{Clients, tags};

/// IAM actions used.
pub const ACTIONS: &[&str] = &[
    "kms:DescribeKey",
    "kms:ListResourceTags",
    "rds:DescribeDBClusterSnapshots",
    "rds:DescribeDBClusters",
    "rds:DescribeDBInstances",
    "rds:DescribeDBSnapshots",
    "rds:DescribeEngineDefaultClusterParameters",
    "rds:DescribeEngineDefaultParameters",
];

/// Keys hardly ever change hands, and objects name them for as long as they live.
const KEY_PERIOD: Duration = Duration::from_secs(60 * 60);
/// Databases and snapshots are named until a restore has begun.
const DATABASE_PERIOD: Duration = Duration::from_secs(5 * 60);
/// A family gains parameters with a minor version of the engine.
const FAMILY_PERIOD: Duration = Duration::from_secs(60 * 60);
/// That nothing can be learned of a family may be a passing failure.
const UNKNOWN_FAMILY_PERIOD: Duration = Duration::from_secs(15 * 60);
/// No answer is kept longer.
const LONGEST: Duration = KEY_PERIOD;

/// What can be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    KmsKey,
    DbSnapshot,
    DbClusterSnapshot,
    DbInstance,
    DbCluster,
}

/// Something that exists, as far as matters to whoever names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Existing {
    pub arn: String,
    /// Databases and snapshots: as `postgres`.
    pub engine: Option<String>,
    /// Databases and snapshots: the name of the master user.
    pub master_username: Option<String>,
    /// Databases and snapshots: whether the storage is encrypted.
    pub encrypted: Option<bool>,
    /// Databases and snapshots that have a size, which Aurora's have not: GiB.
    pub allocated_storage: Option<u32>,
    /// Of keys, only where they were asked for.
    pub tags: Tags,
}

/// One parameter of an engine's family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Whether it can be set at all.
    pub modifiable: bool,
    /// As `0,1`, `10-1000` or `on,off`; absent where anything goes.
    pub allowed_values: Option<String>,
    /// As `integer`, `boolean`, `string`, `list`, `float`.
    pub data_type: Option<String>,
}

/// The parameters of a family, by name.
pub type Parameters = BTreeMap<String, Parameter>;

/// Reads what specs name in one Environment's account, and remembers it for a while.
///
/// Only an answer that serves its asker is taken from memory: what is absent, or was not admitted, is read anew at every
/// try, so that it is seen at once when somebody mends it. Those who ask the same at the same time wait for one read.
pub struct Describe {
    clients: Clients,
    existing: Memory<Option<Existing>>,
    families: Memory<Option<Arc<Parameters>>>,
}

impl Describe {
    /// Makes no call.
    pub fn new(clients: Clients) -> Self {
        Describe { clients, existing: Memory::default(), families: Memory::default() }
    }

    /// What stands under an identifier, alias or ARN in a region; `None` where there is nothing of that kind.
    ///
    /// `admits` says whether the asker may use it. What it admits is remembered: keys for an hour, the rest for five
    /// minutes. A key that is not admitted by its ARN alone is read with its tags.
    ///
    /// # Errors
    /// As classified.
    pub async fn find<A>(&self, kind: Kind, region: &str, name: &str, admits: A) -> Result<Option<Existing>>
    where
        A: Fn(&Existing) -> bool + Sync,
    {
        let admitted = |found: &Option<Existing>| found.as_ref().is_some_and(&admits);
        let period = if kind == Kind::KmsKey { KEY_PERIOD } else { DATABASE_PERIOD };
        let keep = |found: &Option<Existing>| if admitted(found) { period } else { Duration::ZERO };
        self.existing.get(format!("{kind:?}/{region}/{name}"), keep, || self.read(kind, region, name, &admits)).await
    }

    /// The parameters of a parameter group family, as `postgres17`: remembered for an hour. `None` where AWS, or an
    /// emulator in its place, lists none.
    ///
    /// On Aurora they are those of clusters, whose groups take what is set there. A Multi-AZ DB cluster too has a cluster
    /// parameter group (RDS User Guide, "Working with DB cluster parameter groups for Multi-AZ DB clusters"), but of the
    /// family that it shares with instances, and is judged by the parameters of those.
    ///
    /// # Errors
    /// As classified; a family that AWS does not know is `Invalid`.
    pub async fn engine_parameters(&self, region: &str, family: &str) -> Result<Option<Arc<Parameters>>> {
        let keep = |read: &Option<_>| if read.is_some() { FAMILY_PERIOD } else { UNKNOWN_FAMILY_PERIOD };
        self.families.get(format!("{region}/{family}"), keep, || self.read_family(region, family)).await
    }

    async fn read(
        &self,
        kind: Kind,
        region: &str,
        name: &str,
        admits: &(impl Fn(&Existing) -> bool + Sync),
    ) -> Result<Option<Existing>> {
        if kind == Kind::KmsKey {
            return kms_key(&self.clients.kms(region), name, admits).await;
        }
        let (client, Some(name)) = (self.clients.rds(region), self.database_name(kind, region, name)) else {
            return Ok(None);
        };
        match kind {
            Kind::DbSnapshot => db_snapshot(&client, &name).await,
            Kind::DbClusterSnapshot => db_cluster_snapshot(&client, &name).await,
            Kind::DbInstance => db_instance(&client, &name).await,
            Kind::DbCluster | Kind::KmsKey => db_cluster(&client, &name).await,
        }
    }

    /// By what a database or snapshot is asked for: an identifier, or the ARN of what another account shares. `None` for
    /// the ARN of another kind or region.
    fn database_name(&self, kind: Kind, region: &str, name: &str) -> Option<String> {
        let Some(arn) = name.strip_prefix("arn:") else { return Some(name.to_lowercase()) };
        // An automated snapshot's identifier has a colon of its own.
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, "rds", at, account, word, identifier] = parts[..] else { return None };
        if (at, word) != (region, arn_word(kind)) {
            return None;
        }
        Some(if account == self.clients.account() { identifier.to_lowercase() } else { name.to_owned() })
    }

    async fn read_family(&self, region: &str, family: &str) -> Result<Option<Arc<Parameters>>> {
        let client = self.clients.rds(region);
        if family.starts_with("aurora") {
            let request = client.describe_engine_default_cluster_parameters().db_parameter_group_family(family);
            return parameters(request.into_paginator().items().send()).await;
        }
        let request = client.describe_engine_default_parameters().db_parameter_group_family(family);
        parameters(request.into_paginator().items().send()).await
    }
}

/// The word for a kind in ARNs (RDS User Guide, "Amazon Resource Names (ARNs) in Amazon RDS").
fn arn_word(kind: Kind) -> &'static str {
    match kind {
        Kind::KmsKey => "key",
        Kind::DbSnapshot => "snapshot",
        Kind::DbClusterSnapshot => "cluster-snapshot",
        Kind::DbInstance => "db",
        Kind::DbCluster => "cluster",
    }
}

async fn kms_key(
    client: &aws_sdk_kms::Client,
    name: &str,
    admits: &(impl Fn(&Existing) -> bool + Sync),
) -> Result<Option<Existing>> {
    let answer = client.describe_key().key_id(name).send().await;
    // InvalidArnException: the ARN of another region, or of no key.
    let answer = absent(answer, &["NotFoundException", "InvalidArnException"])?;
    let Some(metadata) = answer.and_then(|answer| answer.key_metadata) else { return Ok(None) };
    let of_aws = metadata.key_manager() == Some(&KeyManagerType::Aws);
    let mut key = Existing { arn: metadata.arn.unwrap_or_default(), ..Existing::default() };
    if !of_aws && !admits(&key) {
        let mut items = client.list_resource_tags().key_id(&key.arn).into_paginator().items().send();
        while let Some(tag) = items.next().await {
            let tag = tag.map_err(classify)?;
            key.tags.extend(tags::read([(Some(tag.tag_key()), Some(tag.tag_value()))]));
        }
    }
    Ok(Some(key))
}

/// The type of a snapshot whose identifier AWS chose; it must then be said (API reference, `DescribeDBSnapshots`).
fn snapshot_type(name: &str) -> Option<String> {
    let kinds = [("rds:", "automated"), ("awsbackup:", "awsbackup")];
    kinds.into_iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, kind)| kind.to_owned())
}

/// What another account shares goes by its ARN.
fn is_shared(name: &str) -> Option<bool> {
    name.starts_with("arn:").then_some(true)
}

/// The four descriptions have the same fields, some by another name.
macro_rules! existing {
    ($list:expr, $arn:ident, $encrypted:ident) => {
        $list.and_then(|list| list.into_iter().next()).map(|item| Existing {
            tags: tags::read(item.tag_list().iter().map(|tag| (tag.key(), tag.value()))),
            allocated_storage: size(item.engine(), item.allocated_storage),
            arn: item.$arn.unwrap_or_default(),
            engine: item.engine,
            master_username: item.master_username,
            encrypted: item.$encrypted,
        })
    };
}

async fn db_snapshot(client: &aws_sdk_rds::Client, name: &str) -> Result<Option<Existing>> {
    let request = client.describe_db_snapshots().db_snapshot_identifier(name);
    let request = request.set_snapshot_type(snapshot_type(name)).set_include_shared(is_shared(name));
    let answer = absent(request.send().await, &["DBSnapshotNotFound"])?;
    Ok(existing!(answer.and_then(|answer| answer.db_snapshots), db_snapshot_arn, encrypted))
}

async fn db_cluster_snapshot(client: &aws_sdk_rds::Client, name: &str) -> Result<Option<Existing>> {
    let request = client.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(name);
    let request = request.set_snapshot_type(snapshot_type(name)).set_include_shared(is_shared(name));
    let answer = absent(request.send().await, &["DBClusterSnapshotNotFoundFault"])?;
    Ok(existing!(answer.and_then(|answer| answer.db_cluster_snapshots), db_cluster_snapshot_arn, storage_encrypted))
}

async fn db_instance(client: &aws_sdk_rds::Client, name: &str) -> Result<Option<Existing>> {
    let answer = client.describe_db_instances().db_instance_identifier(name).send().await;
    let answer = absent(answer, &["DBInstanceNotFound"])?;
    Ok(existing!(answer.and_then(|answer| answer.db_instances), db_instance_arn, storage_encrypted))
}

async fn db_cluster(client: &aws_sdk_rds::Client, name: &str) -> Result<Option<Existing>> {
    let answer = client.describe_db_clusters().db_cluster_identifier(name).send().await;
    let answer = absent(answer, &["DBClusterNotFoundFault"])?;
    Ok(existing!(answer.and_then(|answer| answer.db_clusters), db_cluster_arn, storage_encrypted))
}

/// Aurora grows by itself, and says 1 (API reference, DBCluster, `AllocatedStorage`).
fn size(engine: Option<&str>, gib: Option<i32>) -> Option<u32> {
    let aurora = engine.is_some_and(|engine| engine.starts_with("aurora"));
    gib.filter(|_| !aurora).and_then(|gib| u32::try_from(gib).ok())
}

async fn parameters<E>(
    mut items: PaginationStream<std::result::Result<sdk::Parameter, SdkError<E, HttpResponse>>>,
) -> Result<Option<Arc<Parameters>>>
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let mut found = Parameters::new();
    while let Some(item) = items.next().await {
        match item {
            Ok(sdk::Parameter { parameter_name, is_modifiable, allowed_values, data_type, .. }) => {
                let parameter = Parameter { modifiable: is_modifiable.unwrap_or(true), allowed_values, data_type };
                found.extend(parameter_name.map(|name| (name, parameter)));
            }
            Err(error) if is_unknown_operation(&error) => return Ok(None),
            Err(error) => return Err(classify(error)),
        }
    }
    Ok((!found.is_empty()).then(|| Arc::new(found)))
}

/// Whether whoever answered does not know the call, as emulators do not know them all. AWS's own errors have a code, and
/// none of these.
fn is_unknown_operation<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let status = error.raw_response().map(|response| response.status().as_u16());
    match code(error) {
        Some("InvalidAction" | "UnknownOperationException" | "NotImplemented") => true,
        Some(_) => false,
        None => matches!(status, Some(404 | 405 | 500 | 501)),
    }
}

type Cell<V> = Arc<tokio::sync::Mutex<Option<(Instant, V)>>>;

/// Remembers answers, and lets those who ask the same wait for one read.
struct Memory<V>(Mutex<BTreeMap<String, Cell<V>>>);

impl<V> Default for Memory<V> {
    fn default() -> Self {
        Memory(Mutex::default())
    }
}

impl<V: Clone> Memory<V> {
    /// The answer for `key`: the remembered one, where it is younger than `keep` says of it. Errors are not remembered.
    async fn get<F>(&self, key: String, keep: impl Fn(&V) -> Duration, read: impl FnOnce() -> F) -> Result<V>
    where
        F: Future<Output = Result<V>>,
    {
        let cell = self.cell(key);
        let mut cell = cell.lock().await;
        if let Some((_, value)) = cell.as_ref().filter(|(at, value)| at.elapsed() < keep(value)) {
            return Ok(value.clone());
        }
        let at = Instant::now();
        let value = read().await?;
        *cell = Some((at, value.clone()));
        Ok(value)
    }

    /// A new one takes the place of those that ran out.
    fn cell(&self, key: String) -> Cell<V> {
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !cells.contains_key(&key) {
            let alive = |seen: &Option<(Instant, V)>| seen.as_ref().is_some_and(|(at, _)| at.elapsed() < LONGEST);
            cells.retain(|_, cell| cell.try_lock().map_or(true, |seen| alive(&seen)));
        }
        cells.entry(key).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ACCOUNT, REGION, clients};
    use aws_sdk_kms::operation::describe_key::DescribeKeyOutput;
    use aws_sdk_kms::operation::list_resource_tags::ListResourceTagsOutput;
    use aws_sdk_kms::types::{KeyMetadata, Tag};
    use aws_sdk_rds::operation::describe_db_cluster_snapshots::DescribeDbClusterSnapshotsOutput;
    use aws_sdk_rds::operation::describe_db_clusters::DescribeDbClustersOutput;
    use aws_sdk_rds::operation::describe_db_instances::DescribeDbInstancesOutput;
    use aws_sdk_rds::operation::describe_db_snapshots::DescribeDbSnapshotsOutput;
    use aws_sdk_rds::operation::describe_engine_default_cluster_parameters::DescribeEngineDefaultClusterParametersOutput;
    use aws_sdk_rds::operation::describe_engine_default_parameters::DescribeEngineDefaultParametersOutput;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::retry::RetryConfig;
    use futures::future::join_all;
    use terrace_engine::reason;

    const ANYBODY: fn(&Existing) -> bool = |_| true;
    const NOBODY: fn(&Existing) -> bool = |_| false;

    fn rds(rules: &[&Rule]) -> Describe {
        // As all our clients; see `Clients`.
        let client =
            mock_client!(aws_sdk_rds, RuleMode::MatchAny, rules, |conf| conf.retry_config(RetryConfig::disabled()));
        Describe::new(clients().with_client(REGION, client))
    }

    fn kms(rules: &[&Rule]) -> Describe {
        let client = mock_client!(aws_sdk_kms, RuleMode::MatchAny, rules);
        Describe::new(clients().with_client(REGION, client))
    }

    fn refusal(code: &str) -> String {
        format!("<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>")
    }

    fn answer(status: u16, body: String) -> HttpResponse {
        HttpResponse::new(StatusCode::try_from(status).expect("a status"), SdkBody::from(body))
    }

    fn arn(kind: &str, name: &str) -> String {
        format!("arn:aws:rds:{REGION}:{ACCOUNT}:{kind}:{name}")
    }

    /// Answers with whatever is asked for, as a snapshot of that name.
    fn snapshots() -> Rule {
        mock!(aws_sdk_rds::Client::describe_db_snapshots).then_compute_output(|asked| {
            let asked =
                [asked.db_snapshot_identifier(), asked.snapshot_type(), asked.include_shared().map(|_| "shared")];
            let name = asked.into_iter().flatten().collect::<Vec<_>>().join(" ");
            DescribeDbSnapshotsOutput::builder()
                .db_snapshots(sdk::DbSnapshot::builder().db_snapshot_arn(name).build())
                .build()
        })
    }

    #[tokio::test]
    async fn a_snapshot_is_asked_for_by_identifier_and_a_shared_one_by_arn() {
        let shared = format!("arn:aws:rds:{REGION}:999999999999:snapshot:theirs");
        for (name, expected) in [
            ("Before-Sale", "before-sale".to_owned()),
            (&arn("snapshot", "before-sale"), "before-sale".to_owned()),
            ("rds:orders-2026-01-01", "rds:orders-2026-01-01 automated".to_owned()),
            (&arn("snapshot", "rds:orders-2026-01-01"), "rds:orders-2026-01-01 automated".to_owned()),
            ("awsbackup:job-1", "awsbackup:job-1 awsbackup".to_owned()),
            (&shared, format!("{shared} shared")),
        ] {
            let found = rds(&[&snapshots()]).find(Kind::DbSnapshot, REGION, name, ANYBODY).await;
            assert_eq!(found.map(|found| found.map(|found| found.arn)), Ok(Some(expected)), "{name}");
        }
    }

    #[tokio::test]
    async fn the_arn_of_another_kind_or_region_leads_nowhere_and_costs_no_call() {
        let rule = snapshots();
        let describe = rds(&[&rule]);
        let elsewhere = format!("arn:aws:rds:us-east-1:{ACCOUNT}:snapshot:a");
        for name in [&arn("cluster-snapshot", "a"), &elsewhere, "arn:aws:s3:::a", "arn:aws:kms:eu-west-1:1:key/1"] {
            assert_eq!(describe.find(Kind::DbSnapshot, REGION, name, ANYBODY).await, Ok(None), "{name}");
        }
        assert_eq!(rule.num_calls(), 0);
    }

    #[tokio::test]
    async fn every_kind_tells_engine_user_encryption_size_and_tags() {
        let tag = || sdk::Tag::builder().key("terrace.dev/namespace").value("shop").build();
        macro_rules! described {
            ($call:ident, $output:ident, $list:ident, $item:ident, $arn:ident, $encrypted:ident) => {
                mock!(aws_sdk_rds::Client::$call).then_output(move || {
                    let item = sdk::$item::builder().$arn("arn:a").engine("postgres").master_username("root");
                    let item = item.$encrypted(true).allocated_storage(100).tag_list(tag());
                    $output::builder().$list(item.build()).build()
                })
            };
        }
        let describe = rds(&[
            &described!(
                describe_db_snapshots,
                DescribeDbSnapshotsOutput,
                db_snapshots,
                DbSnapshot,
                db_snapshot_arn,
                encrypted
            ),
            &described!(
                describe_db_cluster_snapshots,
                DescribeDbClusterSnapshotsOutput,
                db_cluster_snapshots,
                DbClusterSnapshot,
                db_cluster_snapshot_arn,
                storage_encrypted
            ),
            &described!(
                describe_db_instances,
                DescribeDbInstancesOutput,
                db_instances,
                DbInstance,
                db_instance_arn,
                storage_encrypted
            ),
            &described!(
                describe_db_clusters,
                DescribeDbClustersOutput,
                db_clusters,
                DbCluster,
                db_cluster_arn,
                storage_encrypted
            ),
        ]);
        let expected = Existing {
            arn: "arn:a".into(),
            engine: Some("postgres".into()),
            master_username: Some("root".into()),
            encrypted: Some(true),
            allocated_storage: Some(100),
            tags: [("terrace.dev/namespace".into(), "shop".into())].into(),
        };
        for kind in [Kind::DbSnapshot, Kind::DbClusterSnapshot, Kind::DbInstance, Kind::DbCluster] {
            assert_eq!(describe.find(kind, REGION, "a", ANYBODY).await, Ok(Some(expected.clone())), "{kind:?}");
        }
        assert_eq!(size(Some("aurora-postgresql"), Some(1)), None);
    }

    #[tokio::test]
    async fn what_aws_says_is_not_there_is_absent_and_a_refusal_is_no_absence() {
        macro_rules! refused {
            ($call:ident, $status:literal, $code:literal) => {
                mock!(aws_sdk_rds::Client::$call).then_http_response(|| answer($status, refusal($code)))
            };
        }
        let absent = rds(&[
            &refused!(describe_db_snapshots, 404, "DBSnapshotNotFound"),
            &refused!(describe_db_cluster_snapshots, 404, "DBClusterSnapshotNotFoundFault"),
            &refused!(describe_db_instances, 404, "DBInstanceNotFound"),
            &refused!(describe_db_clusters, 404, "DBClusterNotFoundFault"),
        ]);
        for kind in [Kind::DbSnapshot, Kind::DbClusterSnapshot, Kind::DbInstance, Kind::DbCluster] {
            assert_eq!(absent.find(kind, REGION, "a", ANYBODY).await, Ok(None), "{kind:?}");
        }
        let denied = rds(&[&refused!(describe_db_clusters, 403, "AccessDenied")]);
        let error = denied.find(Kind::DbCluster, REGION, "a", ANYBODY).await.expect_err("it is denied");
        assert_eq!((error.reason(), error.is_stalled()), (reason::ACCESS_DENIED, true));
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_serves_the_asker_is_taken_from_memory_and_for_minutes() {
        let rule = snapshots();
        let describe = rds(&[&rule]);
        for (admits, age, calls) in
            [(ANYBODY, 0, 1), (ANYBODY, 299, 1), (NOBODY, 0, 2), (NOBODY, 0, 3), (ANYBODY, 301, 4)]
        {
            tokio::time::advance(Duration::from_secs(age)).await;
            assert!(describe.find(Kind::DbSnapshot, REGION, "a", admits).await.is_ok_and(|found| found.is_some()));
            assert_eq!(rule.num_calls(), calls);
        }
        assert!(describe.find(Kind::DbSnapshot, REGION, "b", ANYBODY).await.is_ok());
        assert_eq!(rule.num_calls(), 5);
    }

    #[tokio::test]
    async fn those_who_ask_the_same_at_the_same_time_wait_for_one_read() {
        let rule = snapshots();
        let describe = rds(&[&rule]);
        let all = join_all((0..50).map(|_| describe.find(Kind::DbSnapshot, REGION, "a", ANYBODY))).await;
        assert!(all.iter().all(|found| found == &all[0] && found.is_ok()));
        assert_eq!(rule.num_calls(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_ran_out_are_dropped() {
        let describe = rds(&[&snapshots()]);
        let count = || describe.existing.0.lock().map(|cells| cells.len()).unwrap_or_default();
        for name in ["a", "b", "c"] {
            assert!(describe.find(Kind::DbSnapshot, REGION, name, ANYBODY).await.is_ok());
        }
        assert_eq!(count(), 3);
        tokio::time::advance(LONGEST).await;
        assert!(describe.find(Kind::DbSnapshot, REGION, "d", ANYBODY).await.is_ok());
        assert_eq!(count(), 1);
    }

    fn key(manager: KeyManagerType) -> Rule {
        mock!(aws_sdk_kms::Client::describe_key).then_compute_output(move |asked| {
            assert_eq!(asked.key_id(), Some("alias/orders"));
            let key = KeyMetadata::builder().key_id("1").arn("arn:key/1").key_manager(manager.clone());
            DescribeKeyOutput::builder().key_metadata(key.build().expect("it has an id")).build()
        })
    }

    fn key_tags() -> Rule {
        mock!(aws_sdk_kms::Client::list_resource_tags).then_compute_output(|asked| {
            assert_eq!(asked.key_id(), Some("arn:key/1"));
            let (name, next) =
                if asked.marker().is_none() { ("first", Some("2".to_owned())) } else { ("second", None) };
            let tag = Tag::builder().tag_key(name).tag_value("x").build().expect("both are set");
            ListResourceTagsOutput::builder().tags(tag).truncated(next.is_some()).set_next_marker(next).build()
        })
    }

    #[tokio::test]
    async fn the_tags_of_a_key_are_read_where_its_arn_alone_does_not_admit_it() {
        let by_tag = |key: &Existing| key.tags.contains_key("second");
        let by_arn = |key: &Existing| key.arn == "arn:key/1";
        for (manager, admits, names, calls) in [
            (KeyManagerType::Customer, &by_tag as &(dyn Fn(&Existing) -> bool + Sync), vec!["first", "second"], 2),
            (KeyManagerType::Customer, &by_arn, vec![], 0),
            (KeyManagerType::Aws, &by_tag, vec![], 0),
        ] {
            let (key, tags) = (key(manager), key_tags());
            let found = kms(&[&key, &tags]).find(Kind::KmsKey, REGION, "alias/orders", admits).await;
            let found = found.expect("it answers").expect("it is there");
            assert_eq!(
                (found.arn.as_str(), found.tags.keys().map(String::as_str).collect::<Vec<_>>()),
                ("arn:key/1", names)
            );
            assert_eq!((key.num_calls(), tags.num_calls()), (1, calls));
        }
    }

    #[tokio::test]
    async fn a_key_that_is_not_there_is_absent() {
        for code in ["NotFoundException", "InvalidArnException"] {
            let body = format!(r#"{{"__type":"{code}","message":"no"}}"#);
            let rule = mock!(aws_sdk_kms::Client::describe_key).then_http_response(move || answer(400, body.clone()));
            assert_eq!(kms(&[&rule]).find(Kind::KmsKey, REGION, "alias/a", ANYBODY).await, Ok(None), "{code}");
        }
    }

    /// A page with one parameter; the first says that there is a second.
    fn page(marker: Option<&str>) -> sdk::EngineDefaults {
        let (name, next) = if marker.is_none() { ("max_connections", Some("2")) } else { ("shared_buffers", None) };
        let parameter = sdk::Parameter::builder().parameter_name(name).is_modifiable(marker.is_none());
        let parameter = parameter.allowed_values("6-8388607").data_type("integer").build();
        sdk::EngineDefaults::builder().parameters(parameter).set_marker(next.map(str::to_owned)).build()
    }

    #[tokio::test(start_paused = true)]
    async fn parameters_are_read_page_by_page_and_remembered_for_an_hour() {
        let rule = mock!(aws_sdk_rds::Client::describe_engine_default_parameters).then_compute_output(|asked| {
            assert_eq!(asked.db_parameter_group_family(), Some("postgres17"));
            DescribeEngineDefaultParametersOutput::builder().engine_defaults(page(asked.marker())).build()
        });
        let describe = rds(&[&rule]);
        let read = || describe.engine_parameters(REGION, "postgres17");
        let known =
            join_all((0..20).map(|_| read())).await.swap_remove(0).expect("it answers").expect("there are some");
        let allowed = || (Some("6-8388607".to_owned()), Some("integer".to_owned()));
        let expected = [("max_connections", true), ("shared_buffers", false)].map(|(name, modifiable)| {
            let (allowed_values, data_type) = allowed();
            (name.to_owned(), Parameter { modifiable, allowed_values, data_type })
        });
        assert_eq!(*known, expected.into());
        tokio::time::advance(FAMILY_PERIOD - Duration::from_secs(1)).await;
        assert!(read().await.is_ok());
        assert_eq!(rule.num_calls(), 2);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(read().await.is_ok());
        assert_eq!(rule.num_calls(), 4);
    }

    #[tokio::test]
    async fn of_aurora_the_parameters_of_clusters_are_read() {
        let rule =
            mock!(aws_sdk_rds::Client::describe_engine_default_cluster_parameters).then_compute_output(|asked| {
                DescribeEngineDefaultClusterParametersOutput::builder().engine_defaults(page(asked.marker())).build()
            });
        let known = rds(&[&rule]).engine_parameters(REGION, "aurora-postgresql17").await.expect("it answers");
        assert_eq!((known.map(|known| known.len()), rule.num_calls()), (Some(2), 2));
    }

    const EMPTY: &str = "<DescribeEngineDefaultParametersResponse><DescribeEngineDefaultParametersResult>\
        </DescribeEngineDefaultParametersResult></DescribeEngineDefaultParametersResponse>";

    /// Answers the call for parameters over HTTP.
    fn over_http(status: u16, body: &str) -> Rule {
        let body = body.to_owned();
        mock!(aws_sdk_rds::Client::describe_engine_default_parameters)
            .then_http_response(move || answer(status, body.clone()))
    }

    #[tokio::test]
    async fn whoever_does_not_know_the_call_leaves_the_judgement_to_aws_and_is_not_asked_at_every_pass() {
        let html = "<!doctype html><title>no</title>";
        for (status, body) in
            [(400, refusal("InvalidAction").as_str()), (404, html), (500, html), (501, html), (200, EMPTY)]
        {
            let rule = over_http(status, body);
            let describe = rds(&[&rule]);
            for _ in 0..3 {
                assert_eq!(describe.engine_parameters(REGION, "postgres17").await, Ok(None), "{status}");
            }
            assert_eq!(rule.num_calls(), 1, "{status}");
        }
    }

    #[tokio::test]
    async fn a_failure_to_read_parameters_is_told_and_not_remembered() {
        for (status, code, expected) in [
            (403, "AccessDenied", reason::ACCESS_DENIED),
            (400, "Throttling", reason::RETRYING),
            (503, "ServiceUnavailable", reason::RETRYING),
            (500, "InternalFailure", reason::RETRYING),
            (400, "InvalidParameterValue", reason::INVALID),
        ] {
            let rule = over_http(status, &refusal(code));
            let describe = rds(&[&rule]);
            for calls in [1, 2] {
                let error = describe.engine_parameters(REGION, "postgres17").await.expect_err("it is refused");
                assert_eq!((error.reason(), rule.num_calls()), (expected, calls), "{code}");
            }
        }
    }
}
