//! What the golden graphs of buckets do not show: the order of their nodes, and what one choice changes.

use serde_json::{Value, json};
use terrace_crds::UserAccess;
use terrace_model::Graph;
use terrace_tiers::facts::{Facts, User};
use terrace_tiers::samples::{self, edge, user};
use terrace_tiers::{Objects, Tier};

use crate::support::bucket;

fn graph(change: Value, facts: impl FnOnce(&mut Facts)) -> Graph {
    let tier = bucket(change);
    let mut usual = samples::facts(&tier);
    facts(&mut usual);
    tier.expand(&usual).unwrap()
}

fn wish(change: Value) -> Value {
    graph(change, |_| {}).node("bucket").unwrap().want.clone()
}

/// The statements for users.
fn statements(users: Vec<User>) -> Vec<Value> {
    let graph = graph(json!({}), |facts| facts.users = users);
    let policy = graph.node("policy").unwrap().want["policy"]["Statement"].clone();
    let all = policy.as_array().unwrap().clone();
    let (first, rest) = all.split_first().unwrap();
    assert_eq!(first["Condition"], json!({"Bool": {"aws:SecureTransport": "false"}}));
    rest.to_vec()
}

fn late(object: &str, output: &str) -> Value {
    json!({"$terrace": {"object": object, "output": output}})
}

fn with(access: UserAccess, mut user: User) -> User {
    user.who.access = access;
    user
}

#[test]
fn a_bucket_waits_for_nobody_and_its_policy_for_whoever_is_let_in() {
    let shared = graph(json!({"encryption": {"type": "SSE-KMS", "kmsKeyId": "alias/a"}}), |facts| {
        facts.users = vec![user("shop", "shop"), edge("shop", "shop")];
    });
    let needs = |id: &str| shared.dependencies(id).into_iter().collect::<Vec<_>>();
    assert_eq!((needs("bucket"), needs("policy")), (vec!["key".to_owned()], vec!["bucket".to_owned()]));
    let foreign = |id: &str| {
        let references = terrace_model::resolve::references(&shared.node(id).unwrap().want).into_iter();
        let objects = references.filter(|one| matches!(one.source, terrace_model::Source::Object(_)));
        objects.map(|one| one.to_string()).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(foreign("bucket").is_empty());
    let expected = ["EdgeTier/shop/shop.distributionArn", "WebApp/shop/shop.roleArn"].map(str::to_owned);
    assert_eq!(foreign("policy"), expected.into());
}

#[test]
fn without_users_nobody_is_let_in() {
    assert!(statements(Vec::new()).is_empty());
    let nameless = User { principal: None, ..user("shop", "shop") };
    assert!(statements(vec![nameless]).is_empty());
}

#[test]
fn a_distribution_comes_in_as_itself_and_only_reads() {
    let all = statements(vec![edge("shop", "shop")]);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["Effect"], "Allow");
    assert_eq!(all[0]["Principal"], json!({"Service": "cloudfront.amazonaws.com"}));
    let source = late("EdgeTier/shop/shop", "distributionArn");
    assert_eq!(all[0]["Condition"], json!({"StringEquals": {"AWS:SourceArn": source}}));
    assert_eq!(all[0]["Action"], json!(["s3:GetObject", "s3:ListBucket"]));
    let writes = statements(vec![with(UserAccess::ReadWrite, edge("shop", "shop"))]);
    assert_eq!(writes[0]["Action"], json!(["s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"]));
}

#[test]
fn a_workload_comes_in_by_its_role_with_the_rights_that_it_asks_for() {
    let actions = |access| {
        let all = statements(vec![with(access, user("web", "portal"))]);
        assert_eq!(all[0]["Principal"], json!({"AWS": late("WebApp/web/portal", "roleArn")}));
        assert_eq!(all[0].get("Condition"), None);
        all[0]["Action"]
            .as_array()
            .unwrap()
            .iter()
            .map(|action| action.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let (reads, writes) = (actions(UserAccess::ReadOnly), actions(UserAccess::ReadWrite));
    assert!(reads.iter().all(|action| ["Get", "Lis"].contains(&&action[3..6])), "{reads:?}");
    assert!(reads.iter().all(|action| writes.contains(action)));
    assert!(["s3:PutObject", "s3:DeleteObject"].iter().all(|action| writes.iter().any(|other| other == action)));
    assert!(!writes.iter().any(|action| action.contains('*') || action.contains("Policy") || action.contains("Acl")));
}

#[test]
fn bindings_of_one_role_share_a_statement_with_the_most_that_any_asks_for() {
    let bindings = [UserAccess::ReadOnly, UserAccess::ReadWrite, UserAccess::ReadOnly];
    let of_one = bindings.map(|access| with(access, user("shop", "shop"))).to_vec();
    let all = statements(of_one);
    assert_eq!(all.len(), 1);
    assert!(all[0]["Action"].as_array().unwrap().contains(&json!("s3:PutObject")));
    assert_eq!(statements(vec![user("a", "a"), user("b", "b")]).len(), 2);
}

#[test]
fn a_key_of_ones_own_goes_with_kms_and_is_told() {
    let encryption = |change: Value| wish(json!({ "encryption": change }))["encryption"].clone();
    assert_eq!(encryption(json!({})), json!({"sseAlgorithm": "AES256", "bucketKeyEnabled": false}));
    assert_eq!(encryption(json!({"type": "SSE-KMS"})), json!({"sseAlgorithm": "aws:kms", "bucketKeyEnabled": true}));
    let key = json!({"$terrace": {"node": "key", "output": "arn"}});
    let own = json!({"type": "SSE-KMS", "kmsKeyId": "alias/a", "bucketKey": "Disabled"});
    let expected = json!({"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key, "bucketKeyEnabled": false});
    assert_eq!(encryption(own.clone()), expected);
    let outputs = |change: Value| bucket(json!({ "encryption": change })).outputs();
    assert_eq!(json!(outputs(own)["kmsKeyArn"]), key);
    assert!(!outputs(json!({"type": "SSE-KMS"})).contains_key("kmsKeyArn"));
}

#[test]
fn the_accelerated_endpoint_is_told_where_there_is_one() {
    for (state, told) in [("Enabled", true), ("Suspended", false)] {
        let change = json!({"transferAcceleration": state});
        assert_eq!(bucket(change.clone()).outputs().contains_key("accelerateEndpoint"), told);
        assert_eq!(wish(change)["acceleration"], state);
    }
}

#[test]
fn rules_of_terraces_own_stand_beside_the_teams() {
    let rules = |change: Value| wish(change)["lifecycleRules"].clone();
    let usual = rules(json!({}));
    assert_eq!(usual.as_object().unwrap().len(), 1);
    assert_eq!(usual["terrace-uploads"]["abortIncompleteMultipartUpload"], 7);
    assert_eq!(rules(json!({"abortIncompleteUploadsAfterDays": 0})), json!({}));
    let change = json!({
        "lifecycle": [{"name": "old", "expireAfterDays": 30}],
        "intelligentTiering": {"prefix": "images/", "afterDays": 7},
    });
    let all = rules(change.clone());
    let ids: Vec<&String> = all.as_object().unwrap().keys().collect();
    assert_eq!(ids, ["old", "terrace-intelligent-tiering", "terrace-uploads"]);
    assert_eq!(all["terrace-intelligent-tiering"]["transitions"], json!({"INTELLIGENT_TIERING": 7}));
    assert_eq!(all["terrace-intelligent-tiering"]["prefix"], "images/");
    assert_eq!(wish(change)["intelligentTiering"], json!({}), "no archive tiers were asked for");
    let archive = wish(json!({"intelligentTiering": {"archiveAfterDays": 90}}))["intelligentTiering"].clone();
    assert_eq!(archive["terrace-intelligent-tiering"]["tierings"], json!({"ARCHIVE_ACCESS": 90}));
}

#[test]
fn what_a_bucket_names_is_told_before_it_is_judged() {
    let named = |change: Value| {
        let of = |reference: terrace_tiers::Reference| (reference.field, reference.text, reference.kind);
        bucket(change).references(&Objects::new()).into_iter().map(of).collect::<Vec<_>>()
    };
    assert!(named(json!({})).is_empty());
    let both = json!({"encryption": {"type": "SSE-KMS", "kmsKeyId": "alias/a"}, "accessLogs": {"bucket": "logs"}});
    let expected = [
        ("spec.encryption.kmsKeyId", "alias/a".to_owned(), terrace_tiers::ReferenceKind::KmsKey),
        ("spec.accessLogs.bucket", "logs".to_owned(), terrace_tiers::ReferenceKind::Bucket),
    ];
    assert_eq!(named(both), expected);
    assert!(bucket(json!({})).uses().is_empty() && bucket(json!({})).parameter_family().is_none());
}

#[test]
fn a_bucket_is_kept_unless_its_deletion_is_asked_for() {
    let on_delete = |change: Value, id: &str| json!(graph(change, |_| {}).node(id).unwrap().on_delete);
    assert_eq!(on_delete(json!({}), "bucket"), "Retain");
    assert_eq!(on_delete(json!({"deletionPolicy": "Delete"}), "bucket"), "Delete");
    assert_eq!(on_delete(json!({"deletionPolicy": "Delete"}), "policy"), "Delete");
}
