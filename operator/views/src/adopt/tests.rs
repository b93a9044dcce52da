//! Manifests as people read them, and that a plan of them shows what their comments announce, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use insta::assert_snapshot;
use serde_json::{Map, Value, json};
use terrace_tiers::{Tier, samples as tiers};

use super::*;
use crate::explain::testing::{Judge, unread};
use crate::terraform::{samples, state};

fn adopted(text: &str) -> Adoption {
    manifests(&state::read(text).expect("a state").found, "shop", "prod")
}

fn of(adoption: &Adoption, kind: &str) -> String {
    adoption.manifests.iter().find(|manifest| manifest.kind == kind).expect("a manifest").yaml.clone()
}

/// A database alone, with one attribute changed.
fn database(change: &[(&str, Value)]) -> Adoption {
    let mut attributes = samples::database("orders");
    change.iter().for_each(|(name, value)| attributes[*name] = value.clone());
    adopted(&samples::state(&[samples::resource("aws_db_instance", "orders", attributes)]))
}

#[test]
fn a_database_with_all_around_it() {
    assert_snapshot!(of(&adopted(&samples::whole()), "DataTier"));
}

#[test]
fn a_cache_with_its_groups() {
    assert_snapshot!(of(&adopted(&samples::whole()), "CacheTier"));
}

#[test]
fn a_bucket_with_its_settings() {
    assert_snapshot!(of(&adopted(&samples::whole()), "ObjectTier"));
}

#[test]
fn what_no_manifest_takes_over_is_told_with_its_reason() {
    let adoption = adopted(&samples::whole());
    assert_eq!(adoption.manifests.len(), 3);
    let expected = [
        "aws_security_group.db (ec2/SecurityGroup) is left as it is: Terrace makes groups and rules of its own",
        "aws_s3_bucket_policy.assets (s3/BucketPolicy) is left as it is: Terrace writes the policy of a bucket itself",
    ];
    assert_eq!(adoption.left, expected);
}

/// The fields of a node's wish that differ from what was found, but for those that hang on other nodes.
fn differences<T: Tier>(tier: &T, node: &str, found: &Found) -> BTreeSet<String> {
    let graph = tier.expand(&tiers::facts(tier)).expect("a graph");
    let wire = serde_json::to_value(&graph).expect("plain data");
    let wish = &wire["nodes"][node]["want"];
    let hangs = |value: &Value| value.to_string().contains("\"output\"");
    let plain = wish.as_object().expect("a wish").iter().filter(|(_, value)| !hangs(value));
    let plain: Map<String, Value> = plain.map(|(name, value)| (name.clone(), value.clone())).collect();
    let spec = terrace_model::aws::kinds().into_iter().find(|spec| spec.kind == found.kind).expect("a kind");
    let have = Value::Object(found.attributes.clone());
    let (owned, open) = (BTreeMap::new(), BTreeMap::new());
    let diff = terrace_model::diff::diff(&spec, &Value::Object(plain), &have, &owned, &open);
    diff.0.into_iter().map(|change| change.path).filter(|path| !path.starts_with("tags.")).collect()
}

fn found(kind: &str) -> Found {
    let state = state::read(&samples::whole()).expect("a state");
    state.found.into_iter().find(|found| found.kind == kind).expect("it was found")
}

#[test]
fn a_plan_of_a_manifest_shows_what_its_comments_announce_and_nothing_else() {
    let adoption = adopted(&samples::whole());
    let none: [&str; 0] = [];
    let own = |field: &str| field.to_owned();
    let data = tiers::data_tier(&of(&adoption, "DataTier"));
    assert_eq!(differences(&data, "db", &found("rds/DbInstance")), none.map(own).into());
    assert_eq!(differences(&data, "parameters", &found("rds/DbParameterGroup")), none.map(own).into());
    let cache = tiers::cache_tier(&of(&adoption, "CacheTier"));
    assert_eq!(differences(&cache, "cache", &found("elasticache/ReplicationGroup")), ["description"].map(own).into());
    let bucket = tiers::object_tier(&of(&adoption, "ObjectTier"));
    assert_eq!(differences(&bucket, "bucket", &found("s3/Bucket")), ["lifecycleRules"].map(own).into());
}

/// Only fields that there are, within their bounds, and by all rules: as an API server judges, and as the type reads it.
fn judged(manifest: &Manifest) {
    let kind = terrace_crds::KINDS.iter().find(|kind| kind.kind == manifest.kind).expect("a kind");
    let object: Value = serde_saphyr::from_str(&manifest.yaml).expect("YAML");
    assert_eq!(Judge::of(kind).refusals(&object), [""; 0], "{}", manifest.yaml);
    assert_eq!(unread(manifest.kind, object), None, "{}", manifest.yaml);
}

#[test]
fn a_manifest_is_one_that_an_api_server_takes() {
    adopted(&samples::whole()).manifests.iter().for_each(judged);
}

#[test]
fn nothing_is_taken_over_twice() {
    let two = [
        samples::resource("aws_db_instance", "orders", samples::database("orders")),
        samples::resource("aws_db_instance", "events", samples::database("events")),
        samples::resource("aws_db_instance", "again", samples::database("orders")),
    ];
    let adoption = adopted(&samples::state(&two));
    assert_eq!(
        adoption.manifests.iter().map(|manifest| manifest.name.as_str()).collect::<Vec<_>>(),
        ["orders", "events"]
    );
    let second = &adoption.manifests[1].yaml;
    assert!(second.contains("REPLACED: its subnet group main is taken over by DataTier shop/orders"), "{second}");
    assert!(!second.contains("id: subnets") && adoption.manifests[0].yaml.contains("id: subnets"), "{second}");
}

#[test]
fn what_would_cost_data_or_doors_is_announced() {
    for (name, value, says) in [
        ("storage_encrypted", json!(false), "REPLACED by an encrypted one"),
        ("db_subnet_group_name", json!("default"), "REPLACED: it stands in RDS's default subnet group"),
        ("publicly_accessible", json!(true), "its public address, which it loses"),
        ("master_user_secret", json!([]), "whoever has the old one is locked out"),
        ("backup_retention_period", json!(0), "It has no backups"),
        ("storage_type", json!("standard"), "from standard to gp3"),
        ("allocated_storage", json!(10), "It has 10 GiB"),
        ("option_group_name", json!("orders-options"), "There is no field for this: the option group orders-options"),
        ("enabled_cloudwatch_logs_exports", json!(["postgresql", "trace"]), "It exports postgresql, trace."),
        ("parameter_group_name", json!("default.postgres17"), "in use from the next reboot on"),
        ("multi_az", json!(null), "defaults hold: availability"),
    ] {
        let adoption = database(&[(name, value)]);
        judged(&adoption.manifests[0]);
        let yaml = of(&adoption, "DataTier");
        let flat = yaml.split_whitespace().filter(|word| *word != "#").collect::<Vec<_>>().join(" ");
        assert!(flat.contains(says), "{name}: {yaml}");
    }
}

#[test]
fn replicas_of_a_database_whose_password_rds_manages_are_left() {
    let replica = json!({ "arn": samples::arn("rds", "db:reader"), "replicate_source_db": "orders" });
    let adoption = adopted(&samples::state(&[
        samples::resource("aws_db_instance", "orders", samples::database("orders")),
        samples::resource("aws_db_instance", "reader", replica),
    ]));
    let yaml = of(&adoption, "DataTier");
    assert!(yaml.contains("management: RDS") && yaml.contains("kmsKeyId: arn:aws:kms:eu-west-1:111122223333:key/1111"));
    assert!(yaml.contains("# Its replicas are left") && !yaml.contains("replicas:"), "{yaml}");
    assert!(
        adoption.left[0].starts_with("aws_db_instance.reader (rds/DbReplica) is left as it is"),
        "{:?}",
        adoption.left
    );
}

#[test]
fn what_a_tier_cannot_be_is_left_with_the_reason() {
    for (name, value, says) in [
        ("engine", json!("oracle-se2"), "its engine is oracle-se2"),
        ("username", json!("shop_admin"), "its master user is shop_admin"),
        ("instance_class", json!(null), "its instance class is not told"),
        ("engine", json!("aurora-postgresql"), "its engine is aurora-postgresql"),
    ] {
        let adoption = database(&[(name, value)]);
        assert!(adoption.manifests.is_empty());
        assert!(adoption.left[0].contains(says), "{:?}", adoption.left);
    }
    let dotted = json!({ "bucket": "www.example.com", "arn": "arn:aws:s3:::www.example.com" });
    let adoption = adopted(&samples::state(&[samples::resource("aws_s3_bucket", "www", dotted)]));
    assert!(adoption.manifests.is_empty() && adoption.left[0].contains("dots"), "{adoption:?}");
}

#[test]
fn a_version_that_aws_raises_is_not_pinned() {
    let version = |engine: &str, version: &str, automatic: bool| {
        let change = [
            ("engine", json!(engine)),
            ("engine_version_actual", json!(version)),
            ("auto_minor_version_upgrade", json!(automatic)),
        ];
        tiers::data_tier(&of(&database(&change), "DataTier")).spec.engine_version
    };
    assert_eq!(version("postgres", "17.5", true), "17");
    assert_eq!(version("postgres", "17.5", false), "17.5");
    assert_eq!(version("mysql", "8.4.6", true), "8.4");
}

#[test]
fn a_security_group_that_terrace_made_once_is_taken_back() {
    let group = |description: &str| {
        samples::resource("aws_security_group", "db", json!({ "id": "sg-0123", "description": description }))
    };
    let db = samples::resource("aws_db_instance", "orders", samples::database("orders"));
    let ours = of(&adopted(&samples::state(&[db.clone(), group("DataTier shop/orders")])), "DataTier");
    assert!(ours.contains("id: access\n        handle: sg-0123") && !ours.contains("security groups"), "{ours}");
    let theirs = of(&adopted(&samples::state(&[db, group("Managed by Terraform")])), "DataTier");
    assert!(!theirs.contains("id: access"), "{theirs}");
}

#[test]
fn what_was_found_in_another_way_than_in_a_state_makes_the_same_manifest() {
    let mut by_state = found("s3/Bucket");
    let first = manifests(std::slice::from_ref(&by_state), "shop", "prod");
    by_state.origin = Origin::Nobody;
    let second = manifests(&[by_state], "shop", "prod");
    let without =
        |yaml: &str| yaml.lines().filter(|line| !line.contains("terraform state rm")).collect::<Vec<_>>().join("\n");
    assert_eq!(without(&first.manifests[0].yaml), without(&second.manifests[0].yaml));
    assert!(first.manifests[0].yaml.contains("terraform state rm 'aws_s3_bucket.assets'"));
    assert!(!second.manifests[0].yaml.contains("terraform state rm"));
}
