//! What is read, what is remembered, and what is told apart.

use super::memory::LONGEST;
use super::rds::size;
use super::*;
use crate::testing::{ACCOUNT, REGION, clients};
use aws_sdk_elasticache::operation::describe_serverless_cache_snapshots::DescribeServerlessCacheSnapshotsOutput;
use aws_sdk_elasticache::operation::describe_snapshots::DescribeSnapshotsOutput;
use aws_sdk_elasticache::operation::list_tags_for_resource::ListTagsForResourceOutput;
use aws_sdk_elasticache::types as cache;
use aws_sdk_kms::operation::describe_key::DescribeKeyOutput;
use aws_sdk_kms::operation::list_resource_tags::ListResourceTagsOutput;
use aws_sdk_kms::types::{KeyManagerType, KeyMetadata, Tag};
use aws_sdk_rds::operation::describe_db_cluster_snapshots::DescribeDbClusterSnapshotsOutput;
use aws_sdk_rds::operation::describe_db_clusters::DescribeDbClustersOutput;
use aws_sdk_rds::operation::describe_db_instances::DescribeDbInstancesOutput;
use aws_sdk_rds::operation::describe_db_snapshots::DescribeDbSnapshotsOutput;
use aws_sdk_rds::operation::describe_engine_default_cluster_parameters::DescribeEngineDefaultClusterParametersOutput;
use aws_sdk_rds::operation::describe_engine_default_parameters::DescribeEngineDefaultParametersOutput;
use aws_sdk_rds::types as sdk;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
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

fn caches(rules: &[&Rule]) -> Describe {
    Describe::new(clients().with_client(REGION, mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, rules)))
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
        let asked = [asked.db_snapshot_identifier(), asked.snapshot_type(), asked.include_shared().map(|_| "shared")];
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
        region: None,
        tags: [("terrace.dev/namespace".into(), "shop".into())].into(),
        ..Existing::default()
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
    for (admits, age, calls) in [(ANYBODY, 0, 1), (ANYBODY, 299, 1), (NOBODY, 0, 2), (NOBODY, 0, 3), (ANYBODY, 301, 4)]
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
        let (name, next) = if asked.marker().is_none() { ("first", Some("2".to_owned())) } else { ("second", None) };
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
    let known = join_all((0..20).map(|_| read())).await.swap_remove(0).expect("it answers").expect("there are some");
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
    let rule = mock!(aws_sdk_rds::Client::describe_engine_default_cluster_parameters).then_compute_output(|asked| {
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

/// Answers with whatever is asked for, as a snapshot of that name, and with the tags of its namespace.
fn cache_snapshots() -> [Rule; 3] {
    let of_nodes = mock!(aws_sdk_elasticache::Client::describe_snapshots).then_compute_output(|asked| {
        let snapshot =
            cache::Snapshot::builder().arn(asked.snapshot_name().unwrap_or_default()).engine("redis").build();
        DescribeSnapshotsOutput::builder().snapshots(snapshot).build()
    });
    let serverless =
        mock!(aws_sdk_elasticache::Client::describe_serverless_cache_snapshots).then_compute_output(|asked| {
            let name = asked.serverless_cache_snapshot_name().unwrap_or_default();
            let of = cache::ServerlessCacheConfiguration::builder().engine("valkey").build();
            let snapshot =
                cache::ServerlessCacheSnapshot::builder().arn(name).serverless_cache_configuration(of).build();
            DescribeServerlessCacheSnapshotsOutput::builder().serverless_cache_snapshots(snapshot).build()
        });
    let tags = mock!(aws_sdk_elasticache::Client::list_tags_for_resource).then_compute_output(|asked| {
        let tag = cache::Tag::builder().key("of").value(asked.resource_name().unwrap_or_default()).build();
        ListTagsForResourceOutput::builder().tag_list(tag).build()
    });
    [of_nodes, serverless, tags]
}

#[tokio::test]
async fn snapshots_of_caches_are_asked_for_by_name_and_tell_engine_and_tags() {
    for (kind, word, engine) in [
        (Kind::CacheSnapshot, "snapshot", "redis"),
        (Kind::ServerlessCacheSnapshot, "serverlesscachesnapshot", "valkey"),
    ] {
        let [of_nodes, serverless, tags] = cache_snapshots();
        let describe = caches(&[&of_nodes, &serverless, &tags]);
        let arn = |account: &str| format!("arn:aws:elasticache:{REGION}:{account}:{word}:Nightly");
        for name in ["Nightly", &arn(ACCOUNT)] {
            let found = describe.find(kind, REGION, name, ANYBODY).await.expect("it answers").expect("it is there");
            assert_eq!((found.arn.as_str(), found.engine.as_deref()), ("nightly", Some(engine)), "{name}");
            assert_eq!(found.tags, [("of".to_owned(), "nightly".to_owned())].into());
        }
        // Nobody shares a snapshot of a cache.
        assert_eq!(describe.find(kind, REGION, &arn("999999999999"), ANYBODY).await, Ok(None));
    }
}

#[tokio::test]
async fn of_caches_the_parameters_are_those_of_elasticache() {
    use aws_sdk_elasticache::operation::describe_engine_default_parameters::DescribeEngineDefaultParametersOutput;
    for family in ["valkey8", "redis7", "memcached1.6"] {
        let rule = mock!(aws_sdk_elasticache::Client::describe_engine_default_parameters).then_compute_output(|_| {
            let parameter = cache::Parameter::builder().parameter_name("maxmemory-policy").is_modifiable(true).build();
            let defaults = cache::EngineDefaults::builder().parameters(parameter).build();
            DescribeEngineDefaultParametersOutput::builder().engine_defaults(defaults).build()
        });
        let known =
            caches(&[&rule]).engine_parameters(REGION, family).await.expect("it answers").expect("there are some");
        assert!(known["maxmemory-policy"].modifiable);
    }
}
