//! What a state becomes, and what of a state is refused.

use serde_json::{Value, json};

use super::*;
use crate::terraform::samples;

fn kinds(state: &State) -> Vec<(&str, &str)> {
    state.found.iter().map(|found| (found.kind.as_str(), found.handle.as_str())).collect()
}

#[test]
fn what_terrace_knows_is_found_by_the_handle_that_its_provider_has() {
    let state = read(&samples::whole()).expect("a state");
    let expected = [
        ("rds/DbSubnetGroup", "arn:aws:rds:eu-west-1:111122223333:subgrp:main"),
        ("rds/DbParameterGroup", "arn:aws:rds:eu-west-1:111122223333:pg:orders-17"),
        ("ec2/SecurityGroup", "sg-0123"),
        ("rds/DbInstance", "arn:aws:rds:eu-west-1:111122223333:db:orders"),
        ("rds/DbReplica", "arn:aws:rds:eu-west-1:111122223333:db:orders-reader"),
        ("elasticache/CacheSubnetGroup", "arn:aws:elasticache:eu-west-1:111122223333:subnetgroup:caches"),
        ("elasticache/CacheParameterGroup", "arn:aws:elasticache:eu-west-1:111122223333:parametergroup:sessions-8"),
        ("elasticache/ReplicationGroup", "arn:aws:elasticache:eu-west-1:111122223333:replicationgroup:sessions"),
        ("s3/Bucket", "arn:aws:s3:::example-assets"),
        ("s3/BucketPolicy", "example-assets/policy"),
    ];
    assert_eq!(kinds(&state), expected);
    assert_eq!(state.found[3].origin.name(), Some("aws_db_instance.orders"));
    // An ARN of S3 bears no region; the resource tells it.
    assert!(state.found.iter().take(9).all(|found| found.region.as_deref() == Some("eu-west-1")), "{:?}", state.found);
}

#[test]
fn what_terrace_has_no_kind_for_is_told_with_where_it_stands() {
    let state = read(&samples::whole()).expect("a state");
    let expected = [
        "aws_lambda_function: 1 (module.jobs[\"nightly\"].aws_lambda_function.job[0])",
        "aws_s3_bucket_notification: 1 (aws_s3_bucket_notification.assets)",
    ];
    assert_eq!(state.summary(), expected);
    let many: Vec<Value> = (0..5).map(|n| samples::resource("aws_sqs_queue", &format!("q{n}"), json!({}))).collect();
    let with_bucket = samples::state(&[many, samples::bucket()].concat());
    let told = read(&with_bucket).expect("a state").summary();
    assert!(
        told.contains(&"aws_sqs_queue: 5 (aws_sqs_queue.q0, aws_sqs_queue.q1, aws_sqs_queue.q2, …)".to_owned()),
        "{told:?}"
    );
}

#[test]
fn no_secret_of_a_state_is_taken_along() {
    let state = read(&samples::whole()).expect("a state");
    let all = format!("{state:?}");
    assert!(all.contains("authToken") && !all.contains("hunter2") && !all.contains("correct-horse"), "{all}");
}

#[test]
fn the_settings_of_a_bucket_come_together_whichever_resource_tells_them() {
    let state = read(&samples::whole()).expect("a state");
    let bucket = state.found.iter().find(|found| found.kind == "s3/Bucket").expect("the bucket");
    let whole = Value::Object(bucket.attributes.clone());
    let known: terrace_model::aws::s3::Bucket = serde_json::from_value(whole).expect("the words of the bucket's type");
    let logs = &known.lifecycle_rules["old logs"];
    assert_eq!((logs.prefix.as_str(), logs.expiration, logs.transitions["GLACIER"]), ("logs/", Some(365), 90));
    assert_eq!((logs.object_size_greater_than, logs.object_size_less_than), (Some(1024), None));
    assert_eq!(known.lifecycle_rules["versions"].newer_noncurrent_versions, Some(3));
    // Before version 4 of the provider all of it stood in the bucket.
    let old = json!({ "bucket": "old", "arn": "arn:aws:s3:::old", "acl": "private",
        "versioning": [{ "enabled": true, "mfa_delete": false }],
        "lifecycle_rule": [{ "id": "gone", "enabled": true, "prefix": "tmp/", "tags": {}, "expiration": [{ "days": 7, "date": "" }],
            "abort_incomplete_multipart_upload_days": 2 }],
        "server_side_encryption_configuration": [{ "rule": [{ "bucket_key_enabled": false,
            "apply_server_side_encryption_by_default": [{ "sse_algorithm": "AES256", "kms_master_key_id": "" }] }] }] });
    let state = read(&samples::state(&[samples::resource("aws_s3_bucket", "old", old)])).expect("a state");
    let known = Value::Object(state.found[0].attributes.clone());
    assert_eq!(known["versioning"], "Enabled");
    assert_eq!(known["encryption"], json!({ "sseAlgorithm": "AES256", "bucketKeyEnabled": false }));
    assert_eq!(known["lifecycleRules"]["gone"]["expiration"], 7);
    assert_eq!(known["lifecycleRules"]["gone"]["abortIncompleteMultipartUpload"], 2);
    assert_eq!(state.found[0].region, None);
}

#[test]
fn what_is_no_state_is_refused_in_a_sentence_that_says_what_to_do() {
    let of = |text: &str| read(text).expect_err("no state");
    for (text, says) in [
        ("", "not JSON"),
        ("resource \"aws_db_instance\" {}", "not JSON"),
        ("{}", "says no version"),
        ("[]", "says no version"),
        (r#"{"version": "4"}"#, "says no version"),
        (r#"{"version": 3, "modules": []}"#, "of version 3, and only 4 is read"),
        (r#"{"format_version": "1.0", "values": {}}"#, "give what terraform state pull prints"),
        (r#"{"encrypted_data": "…"}"#, "is encrypted"),
        (r#"{"version": 4}"#, "holds no resource"),
        (r#"{"version": 4, "resources": [3, {"mode": "managed"}, null]}"#, "holds no resource"),
    ] {
        let error = of(text);
        assert!(error.contains(says) && !error.contains('\n'), "{text}: {error}");
    }
    let queue = samples::state(&[samples::resource("aws_sqs_queue", "q", json!({ "arn": "arn:q" }))]);
    assert_eq!(of(&queue), "the state holds 1 resources and none that Terrace has a kind for: aws_sqs_queue");
}

#[test]
fn attributes_of_any_form_are_read_without_harm() {
    let odd =
        [json!(null), json!(7), json!("x"), json!([]), json!([null, 3]), json!({ "a": 1 }), json!(true), json!(-1)];
    for (kind, whole) in [
        ("aws_db_instance", samples::database("orders")),
        ("aws_elasticache_replication_group", samples::cache()),
        ("aws_s3_bucket", samples::bucket()[0]["instances"][0]["attributes"].clone()),
        ("aws_s3_bucket_lifecycle_configuration", samples::bucket()[5]["instances"][0]["attributes"].clone()),
    ] {
        for name in whole.as_object().expect("attributes").keys() {
            for value in &odd {
                let mut broken = whole.clone();
                broken[name] = value.clone();
                let text = samples::state(&[samples::bucket()[0].clone(), samples::resource(kind, "odd", broken)]);
                let state = read(&text).expect("the bucket at least");
                crate::adopt::manifests(&state.found, "shop", "prod");
            }
        }
    }
}

#[test]
fn a_deposed_instance_waits_for_its_end_and_a_record_is_known_by_its_place() {
    let mut deposed = samples::resource("aws_db_instance", "orders", samples::database("orders"));
    deposed["instances"][0]["deposed"] = json!("00000001");
    let record = samples::resource(
        "aws_route53_record",
        "www",
        json!({ "zone_id": "Z1", "name": "WWW", "type": "A",
        "fqdn": "www.example.com", "id": "Z1_WWW_A" }),
    );
    let state = read(&samples::state(&[deposed, record])).expect("a state");
    assert_eq!(kinds(&state), [("route53/RecordSet", "Z1/www.example.com/A")]);
}
