//! What holds for every valid ObjectTier, whatever it says and whoever uses it.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use terrace_crds::ObjectTier;
use terrace_tiers::facts::Facts;
use terrace_tiers::{Tier, samples};

use crate::properties::{texts, users, without_tags};
use crate::support::{self, bucket, cel_refusals};

prop_compose! {
    fn spec()(
        name in option::of("[a-z][a-z0-9-]{1,20}[a-z0-9]"),
        (versions, locked, kms, bucket_key, accelerated) in any::<(bool, bool, bool, bool, bool)>(),
        key in option::of("alias/[a-z]{1,8}"),
        uploads in 0_u16..=30,
        days in option::of(1_u32..=1000),
        tiering in option::of((0_u32..=10, option::of(90_u16..=200), option::of(201_u16..=730))),
        origins in prop::collection::btree_set("https://[a-z]{1,8}\\.example\\.com", 0..4),
        logs in option::of("[a-z]{3,8}-logs"),
        policy in select(&["Delete", "Retain"][..]),
        tags in texts("[a-z]{1,12}"),
    ) -> Value {
        json!({
            "bucketName": name,
            "versioning": if versions || locked { "Enabled" } else { "Suspended" },
            "objectLock": locked.then(|| json!({"mode": "Governance", "retentionDays": 1})),
            "encryption": {
                "type": if kms { "SSE-KMS" } else { "SSE-S3" },
                "kmsKeyId": key.filter(|_| kms),
                "bucketKey": if bucket_key { "Enabled" } else { "Disabled" },
            },
            "abortIncompleteUploadsAfterDays": uploads,
            "lifecycle": days.map(|days| json!([{"name": "old", "expireAfterDays": days}])).unwrap_or(json!([])),
            "intelligentTiering": tiering.map(|(after, archive, deep)| {
                json!({"afterDays": after, "archiveAfterDays": archive, "deepArchiveAfterDays": deep})
            }),
            "transferAcceleration": if accelerated { "Enabled" } else { "Suspended" },
            "cors": origins.iter().map(|one| json!({"allowedOrigins": [one], "allowedMethods": ["GET"]})).collect::<Vec<_>>(),
            "accessLogs": logs.map(|bucket| json!({ "bucket": bucket })),
            "deletionPolicy": policy,
            "tags": tags,
        })
    }
}

fn any_bucket() -> impl Strategy<Value = (ObjectTier, Facts)> {
    (spec(), users()).prop_map(|(spec, users)| {
        let tier = bucket(spec);
        let facts = Facts { users, ..samples::facts(&tier) };
        (tier, facts)
    })
}

proptest! {
    // All rules of the schema for each of them: few are enough.
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_bucket_that_is_tried_here_is_one_that_the_api_server_admits((tier, _) in any_bucket()) {
        prop_assert_eq!(cel_refusals(&serde_json::to_value(&tier).unwrap()), Vec::<String>::new());
    }
}

proptest! {
    #[test]
    fn every_valid_bucket_expands_to_a_graph_that_can_be_walked((tier, facts) in any_bucket()) {
        let graph = tier.expand(&facts).map_err(|invalid| TestCaseError::fail(invalid.to_string()))?;
        support::walks(&graph);
    }

    #[test]
    fn the_same_bucket_and_facts_give_the_same_graph((tier, facts) in any_bucket()) {
        let mut reversed = facts.clone();
        reversed.users.reverse();
        prop_assert_eq!(tier.expand(&facts), tier.expand(&reversed));
    }

    #[test]
    fn a_bucket_with_other_tags_differs_in_nothing_but_tags((tier, facts) in any_bucket(), tags in texts("[a-z]{1,8}")) {
        let before = tier.expand(&facts).unwrap();
        let mut changed = tier;
        changed.spec.common.tags = serde_json::from_value(tags).unwrap();
        prop_assert_eq!(without_tags(&before), without_tags(&changed.expand(&facts).unwrap()));
    }

    #[test]
    fn the_public_never_comes_in_and_nothing_goes_in_the_clear((tier, facts) in any_bucket()) {
        let graph = tier.expand(&facts).unwrap();
        let bucket = &graph.node("bucket").unwrap().want;
        prop_assert!(bucket["publicAccessBlock"].as_object().unwrap().values().all(|closed| *closed == true));
        prop_assert_eq!(&bucket["objectOwnership"], "BucketOwnerEnforced");
        prop_assert!(bucket["encryption"]["sseAlgorithm"].is_string());
        let statements = graph.node("policy").unwrap().want["policy"]["Statement"].as_array().unwrap().clone();
        for statement in &statements {
            let everybody = statement["Principal"]["AWS"] == "*";
            prop_assert_eq!(statement["Effect"] == "Deny", everybody);
            let service = statement["Principal"].get("Service").is_some();
            prop_assert_eq!(service, statement.pointer("/Condition/StringEquals/AWS:SourceArn").is_some());
        }
        prop_assert!(statements.iter().any(|one| one.pointer("/Condition/Bool/aws:SecureTransport") == Some(&json!("false"))));
    }
}
