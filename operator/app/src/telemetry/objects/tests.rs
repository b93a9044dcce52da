//! What becomes of objects in the metrics.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::runtime::{reflector, watcher};
use serde_json::{Value, json};
use terrace_crds::DataTier;
use terrace_tiers::Credential;

use super::*;
use crate::next::Next;
use crate::telemetry::metrics::Metrics;

/// When this process began to follow objects.
const SINCE: i64 = 1_000;
/// When it is asked.
const NOW: i64 = 5_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn condition(type_: &str, status: &str, reason: &str, since: i64) -> Condition {
    Condition {
        type_: type_.into(),
        status: status.into(),
        reason: reason.into(),
        message: "as it was told".into(),
        observed_generation: None,
        last_transition_time: Time(at(since)),
    }
}

fn ready() -> Vec<Condition> {
    vec![condition("Ready", "True", "Ready", 10), condition("Stalled", "False", "Done", 10)]
}

/// A DataTier with these conditions, since second 0.
fn standing<'a>(name: &str, conditions: &'a [Condition]) -> Standing<'a> {
    Standing {
        key: ObjectKey::new("DataTier", "shop", name),
        created: Some(at(0)),
        deleting: None,
        conditions: Some(conditions),
        held_still: false,
    }
}

/// What objects of which this process knows nothing come to.
fn sum<'a>(objects: impl IntoIterator<Item = Standing<'a>>) -> Sum {
    let mut sum = Sum::default();
    objects.into_iter().for_each(|object| sum.add(&object, &Passed::default(), at(SINCE), at(NOW)));
    sum
}

/// What one object comes to whose passes went so.
fn passed(key: &ObjectKey, passes: &Passes) -> Sum {
    let conditions = ready();
    let mut sum = Sum::default();
    sum.add(&Standing { key: key.clone(), ..standing("", &conditions) }, &passes.of(key), at(SINCE), at(NOW));
    sum
}

#[test]
fn objects_are_counted_by_condition_and_those_not_ready_by_reason() {
    let stalled = [condition("Ready", "False", "Quota", 20), condition("Stalled", "True", "Quota", 20)];
    let coming = [condition("Ready", "False", "Settling", 30), condition("Stalled", "False", "Progressing", 30)];
    let sum = sum([standing("a", &ready()), standing("b", &stalled), standing("c", &coming)]);
    let count = |type_: &str, status| sum.conditions[&(type_.to_owned(), status)];
    assert_eq!((count("Ready", true), count("Ready", false), count("Stalled", true)), (1, 2, 1));
    let expected = [(("Quota".to_owned(), true), 1), (("Settling".to_owned(), false), 1)];
    assert_eq!(sum.not_ready, expected.into());
}

#[test]
fn the_longest_on_its_way_is_told_and_neither_what_is_stalled_or_deleted_nor_a_rollout() {
    let stalled = [condition("Ready", "False", "Quota", 20), condition("Stalled", "True", "Quota", 20)];
    let coming = |since| [condition("Ready", "False", "Settling", since)];
    let (older, newer, oldest) = (coming(30), coming(40), coming(5));
    let deleted = Standing { deleting: Some(at(50)), ..standing("d", &oldest) };
    let rollout = [condition("Ready", "False", Course::ROLLING_OUT, 5)];
    let coming = [standing("a", &stalled), standing("b", &newer), standing("c", &older), standing("r", &rollout)];
    let sum = sum(coming.into_iter().chain([deleted]));
    assert_eq!((sum.not_ready_since, sum.deleting_since), (Some(at(30)), Some(at(50))));
}

#[test]
fn an_object_nobody_has_looked_at_is_not_ready_since_it_was_made() {
    let sum = sum([standing("a", &[])]);
    assert_eq!((sum.not_ready_since, &sum.not_ready), (Some(at(0)), &[(("Unobserved".into(), false), 1)].into()));
}

#[test]
fn an_object_that_cannot_be_read_counts_as_one_that_a_person_must_mend() {
    let sum = sum([Standing { conditions: None, ..standing("a", &[]) }]);
    assert_eq!((sum.not_ready_since, &sum.not_ready), (None, &[((MALFORMED.into(), true), 1)].into()));
}

#[test]
fn drift_is_told_of_what_is_to_be_repaired() {
    let drifted = |since| [condition("Drifted", "True", "ChangedOutside", since)];
    let (paused, older, newer) = (drifted(1), drifted(20), drifted(30));
    let paused = Standing { held_still: true, ..standing("p", &paused) };
    let sum = sum([paused, standing("a", &newer), standing("b", &older)]);
    assert_eq!((sum.drifted_since, sum.conditions[&("Drifted".into(), true)]), (Some(at(20)), 3));
}

#[test]
fn success_counts_from_the_last_pass_or_from_when_there_could_have_been_one() {
    let (passes, key) = (Passes::default(), ObjectKey::new("DataTier", "shop", "orders"));
    assert_eq!(passed(&key, &passes).last_success, Some(at(SINCE)), "there was none yet");
    passes.begun(&key);
    passes.ended(&key, Ok(Next::After(Duration::from_secs(600))), at(2_000));
    assert_eq!(passed(&key, &passes).last_success, Some(at(2_000)));
    passes.begun(&key);
    passes.ended(&key, Err(Duration::from_secs(1)), at(3_000));
    assert_eq!(passed(&key, &passes).last_success, Some(at(2_000)), "the last one failed");
    passes.begun(&key);
    passes.ended(&key, Ok(Next::OnChange), at(4_000));
    assert_eq!(passed(&key, &passes).last_success, None, "none is due");
}

#[test]
fn who_waits_and_who_works_is_counted() {
    let (passes, key) = (Passes::default(), ObjectKey::new("DataTier", "shop", "orders"));
    passes.woken(&key, at(NOW));
    assert_eq!((passed(&key, &passes).queued, passed(&key, &passes).running), (1, 0));
    passes.begun(&key);
    assert_eq!((passed(&key, &passes).queued, passed(&key, &passes).running), (0, 1));
}

#[test]
fn the_oldest_credential_and_the_one_due_first_are_told() {
    let (passes, conditions) = (Passes::default(), ready());
    let mut sum = Sum::default();
    for (name, made, due) in [("a", Some(at(100)), 900), ("b", Some(at(200)), 800), ("c", None, 850)] {
        let object = standing(name, &conditions);
        passes.credential(&object.key, Some(Credential { made, due: at(due) }));
        sum.add(&object, &passes.of(&object.key), at(SINCE), at(NOW));
    }
    assert_eq!((sum.credential_changed, sum.rotation_due), (Some(at(100)), Some(at(800))));
}

/// A DataTier as a watch shows it.
fn object(metadata: Value, status: Value) -> DeserializeGuard<DataTier> {
    let mut object = json!({
        "apiVersion": "terrace.dev/v1alpha1", "kind": "DataTier",
        "metadata": { "name": "orders", "namespace": "shop", "uid": "1", "creationTimestamp": "1970-01-01T00:00:01Z" },
        "spec": { "engine": "postgres", "engineVersion": "17", "instanceClass": "db.r8g.large", "storage": { "size": "100Gi" } },
        "status": status,
    });
    object["metadata"].as_object_mut().expect("metadata").extend(metadata.as_object().cloned().unwrap_or_default());
    serde_json::from_value(object).expect("a guard takes anything")
}

#[tokio::test]
async fn what_the_watch_shows_is_what_the_metrics_say() {
    let (metrics, (reader, mut writer)) = (Metrics::default(), reflector::store());
    metrics.objects.follow("DataTier", at(SINCE), tiers::<DataTier>(reader, Install::alone()));
    let drifted = json!({ "observedGeneration": 1, "conditions": [
        { "type": "Drifted", "status": "True", "reason": "ChangedOutside", "message": "db", "lastTransitionTime": "1970-01-01T00:01:00Z" },
    ] });
    let says = |line: &str| metrics.encode().lines().any(|found| found == line);
    let paused = json!({ "annotations": { "terrace.dev/pause": "true" } });
    writer.apply_watcher_event(&watcher::Event::Apply(object(paused, drifted.clone())));
    assert!(says(r#"terrace_objects{kind="DataTier",condition="Drifted",status="True"} 1"#));
    assert!(!metrics.encode().contains("terrace_objects_drifted_since_timestamp_seconds{"), "it is paused");
    let deleted = json!({ "deletionTimestamp": "1970-01-01T00:02:00Z", "finalizers": [FINALIZER] });
    writer.apply_watcher_event(&watcher::Event::Apply(object(deleted, drifted)));
    assert!(says(r#"terrace_objects_drifted_since_timestamp_seconds{kind="DataTier"} 60"#));
    assert!(says(r#"terrace_objects_deleting_since_timestamp_seconds{kind="DataTier"} 120"#));
    writer.apply_watcher_event(&watcher::Event::Apply(object(json!({}), json!({ "conditions": 5 }))));
    assert!(says(r#"terrace_objects_not_ready{kind="DataTier",reason="Malformed",stalled="true"} 1"#));
    writer.apply_watcher_event(&watcher::Event::Delete(object(json!({}), Value::Null)));
    assert!(says(r#"terrace_objects{kind="DataTier",condition="Drifted",status="True"} 0"#));
    assert!(!metrics.encode().contains("terrace_objects_not_ready{"), "nothing is left of it");
}

#[tokio::test]
async fn environments_are_counted_as_well() {
    let (metrics, (reader, mut writer)) = (Metrics::default(), reflector::store());
    metrics.objects.follow("Environment", at(SINCE), environments(reader, Install::alone()));
    let environment = json!({
        "apiVersion": "terrace.dev/v1alpha1", "kind": "Environment", "metadata": { "name": "prod" },
        "spec": { "account": "111122223333", "region": "eu-west-1", "cluster": { "name": "prod" } },
        "status": { "observedGeneration": 1, "conditions": [
            { "type": "Ready", "status": "False", "reason": "AccessDenied", "message": "m", "lastTransitionTime": "1970-01-01T00:01:00Z" },
            { "type": "Stalled", "status": "True", "reason": "AccessDenied", "message": "m", "lastTransitionTime": "1970-01-01T00:01:00Z" },
        ] },
    });
    let environment: DeserializeGuard<Environment> = serde_json::from_value(environment).expect("a guard");
    writer.apply_watcher_event(&watcher::Event::Apply(environment));
    let line = r#"terrace_objects_not_ready{kind="Environment",reason="AccessDenied",stalled="true"} 1"#;
    assert!(metrics.encode().lines().any(|found| found == line), "{}", metrics.encode());
}

#[test]
fn a_process_that_follows_nothing_shows_no_objects() {
    let metrics = Metrics::default();
    assert!(!metrics.encode().lines().any(|line| line.starts_with("terrace_objects{")));
}
