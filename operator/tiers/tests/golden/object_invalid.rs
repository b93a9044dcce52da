//! Every refusal of an ObjectTier, with the field it names and its exact words.

use serde_json::{Value, json};
use terrace_tiers::facts::Facts;

use crate::support::{self, bucket};

/// What is wrong with the smallest manifest after this change, in these facts.
fn refusals(change: Value, facts: impl FnOnce(&mut Facts)) -> Vec<String> {
    support::refusals(&bucket(change), facts)
}

#[track_caller]
fn refused(change: Value, facts: impl FnOnce(&mut Facts), message: &str) {
    assert_eq!(refusals(change, facts), [message]);
}

fn as_usual(_: &mut Facts) {}

#[test]
fn a_kind_that_the_environment_does_not_admit_and_a_tag_that_is_reserved() {
    refused(
        json!({}),
        |facts| facts.environment.limits.kinds = Some(vec!["DataTier".into()]),
        "kind: Environment prod does not admit ObjectTier: ask its administrator to add it to limits.kinds",
    );
    refused(
        json!({"tags": {"aws:x": "x"}}),
        as_usual,
        "spec.tags: aws:x is reserved: keys must not start with aws: or terrace.dev/",
    );
}

#[test]
fn what_belongs_to_another_namespace() {
    let of_payroll = |text: &'static str| {
        move |facts: &mut Facts| facts.named.get_mut(text).unwrap().namespace = Some("payroll".into())
    };
    let own = "of namespace shop: name one of its own, or ask the administrator of Environment prod to add";
    refused(
        json!({"encryption": {"type": "SSE-KMS", "kmsKeyId": "alias/payroll"}}),
        of_payroll("alias/payroll"),
        &format!(
            "spec.encryption.kmsKeyId: alias/payroll is no KMS key {own} arn:aws:kms:eu-west-1:111122223333:alias/payroll to limits.allow"
        ),
    );
    let logs = json!({"accessLogs": {"bucket": "payroll-logs"}});
    refused(
        logs.clone(),
        of_payroll("payroll-logs"),
        &format!("spec.accessLogs.bucket: payroll-logs is no bucket {own} arn:aws:s3:::payroll-logs to limits.allow"),
    );
    let allowed = |facts: &mut Facts| {
        of_payroll("payroll-logs")(facts);
        facts.environment.limits.allow = vec!["arn:aws:s3:::payroll-*".into()];
    };
    assert!(refusals(logs, allowed).is_empty());
}

#[test]
fn a_bucket_for_logs_that_does_not_exist_or_is_elsewhere() {
    let logs = json!({"accessLogs": {"bucket": "shop-logs"}});
    refused(
        logs.clone(),
        |facts| {
            facts.named.clear();
            facts.environment.limits.allow = vec!["arn:aws:s3:::shop-logs".into()];
        },
        "spec.accessLogs.bucket: there is no bucket shop-logs in account 111122223333, eu-west-1: check the name",
    );
    let in_region = |region: &'static str| {
        move |facts: &mut Facts| facts.named.get_mut("shop-logs").unwrap().region = Some(region.into())
    };
    refused(
        logs.clone(),
        in_region("us-east-1"),
        "spec.accessLogs.bucket: shop-logs is in us-east-1, and S3 writes logs within a region only: name one in eu-west-1",
    );
    assert!(refusals(logs, in_region("eu-west-1")).is_empty());
}

#[test]
fn objects_that_are_moved_too_early_or_in_an_order_that_s3_does_not_know() {
    let moved = |moves: &[(&str, u32)], end: Option<u32>| {
        let each = |(class, days): &(&str, u32)| json!({"storageClass": class, "afterDays": days});
        let moves: Vec<Value> = moves.iter().map(each).collect();
        let end = end.map_or_else(|| json!({}), |days| json!({ "expireAfterDays": days }));
        let mut part = end;
        part["transitions"] = json!(moves);
        part
    };
    for (moves, end, field, message) in [
        (
            &[("STANDARD_IA", 29)][..],
            None,
            "transitions",
            "S3 moves nothing to STANDARD_IA before 30 days, and 29 are set: set 30 or more",
        ),
        (
            &[("ONEZONE_IA", 30), ("GLACIER_IR", 90)],
            None,
            "transitions",
            "S3 moves nothing from ONEZONE_IA to GLACIER_IR: leave one of them out",
        ),
        (
            &[("STANDARD_IA", 30), ("GLACIER", 45)],
            None,
            "transitions",
            "objects go from STANDARD_IA to GLACIER, 60 days after their creation at the earliest, and 45 are set: set 60 or more",
        ),
        (
            &[("DEEP_ARCHIVE", 90), ("GLACIER", 90)],
            None,
            "transitions",
            "objects go from GLACIER to DEEP_ARCHIVE, 91 days after their creation at the earliest, and 90 are set: set 91 or more",
        ),
        (
            &[("GLACIER", 90)],
            Some(90),
            "expireAfterDays",
            "objects would end after 90 days and still be moved after 90: set more than 90",
        ),
    ] {
        let part = moved(moves, end);
        let mut current = part.clone();
        current["name"] = json!("old");
        refused(json!({ "lifecycle": [current] }), as_usual, &format!("spec.lifecycle[old].{field}: {message}"));
        let noncurrent = json!({"name": "old", "noncurrent": part});
        let message = format!("spec.lifecycle[old].noncurrent.{field}: {message}");
        refused(json!({ "lifecycle": [noncurrent] }), as_usual, &message);
    }
    let fine = moved(&[("INTELLIGENT_TIERING", 0), ("GLACIER_IR", 1), ("GLACIER", 2)], Some(3));
    let rule = json!({"name": "old", "transitions": fine["transitions"], "expireAfterDays": 3});
    assert!(refusals(json!({ "lifecycle": [rule] }), as_usual).is_empty());
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let change = json!({
        "lifecycle": [{"name": "old", "transitions": [{"storageClass": "STANDARD_IA", "afterDays": 1}]}],
        "encryption": {"type": "SSE-KMS", "kmsKeyId": "alias/none"},
        "accessLogs": {"bucket": "none"},
    });
    let all = refusals(change, |facts| facts.named.clear());
    let fields: Vec<_> = all.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
    assert_eq!(fields, ["spec.lifecycle[old].transitions", "spec.encryption.kmsKeyId", "spec.accessLogs.bucket"]);
}
