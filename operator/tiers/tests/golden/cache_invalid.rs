//! Every refusal of a CacheTier, with the field it names and its exact words.

use serde_json::{Value, json};
use terrace_tiers::facts::{Facts, Named, Parameter};
use terrace_tiers::{Objects, ReferenceKind, Tier};

use crate::support::{self, cache};

/// What is wrong with the smallest manifest after this change, in these facts.
fn refusals(change: Value, facts: impl FnOnce(&mut Facts)) -> Vec<String> {
    support::refusals(&cache(change), facts)
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
        "kind: Environment prod does not admit CacheTier: ask its administrator to add it to limits.kinds",
    );
    refused(
        json!({"tags": {"aws:x": "x"}}),
        as_usual,
        "spec.tags: aws:x is reserved: keys must not start with aws: or terrace.dev/",
    );
}

#[test]
fn a_version_that_the_engine_does_not_have() {
    let serverless = |engine: &str, version: &str| json!({"engine": engine, "engineVersion": version, "nodeType": null, "serverless": {}});
    for (change, message) in [
        (json!({"engineVersion": "8"}), "valkey has no version 8: use 7.2, 8.0, 8.1, 8.2, 9.0, 9.1"),
        (json!({"engineVersion": "8.2.1"}), "valkey has no version 8.2.1: use 7.2, 8.0, 8.1, 8.2, 9.0, 9.1"),
        (json!({"engine": "redis", "engineVersion": "7.2"}), "redis has no version 7.2: use 6.0, 6.2, 7.0, 7.1"),
        (
            json!({"engine": "memcached", "engineVersion": "1.6"}),
            "memcached has no version 1.6: name one of 1.5 or 1.6 whole, as 1.6.22",
        ),
        (
            json!({"engine": "memcached", "engineVersion": "1.4.33"}),
            "memcached has no version 1.4.33: name one of 1.5 or 1.6 whole, as 1.6.22",
        ),
        (
            serverless("valkey", "8.2"),
            "valkey has no version 8.2: use 7, 8, 9, for AWS chooses the minor version of serverless",
        ),
        (serverless("redis", "6"), "redis has no version 6: use 7, for AWS chooses the minor version of serverless"),
        (
            serverless("memcached", "1.6.22"),
            "memcached has no version 1.6.22: use 1.6, for AWS chooses the minor version of serverless",
        ),
    ] {
        let found: Vec<_> = refusals(change.clone(), as_usual);
        assert_eq!(found[0], format!("spec.engineVersion: {message}"), "{change}");
    }
}

#[test]
fn a_version_that_is_too_old_for_what_is_asked() {
    let redis = |version: &str, more: Value| {
        let mut change = more;
        (change["engine"], change["engineVersion"]) = (json!("redis"), json!(version));
        change
    };
    let memcached = |version: &str, more: Value| {
        let mut change = more;
        (change["engine"], change["engineVersion"]) = (json!("memcached"), json!(version));
        change
    };
    for (change, message) in [
        (
            redis("6.2", json!({"encryption": {"inTransit": "Preferred"}})),
            "spec.encryption.inTransit: redis has TLS that is optional from 7.0 on: set Required or Disabled, or take a newer engineVersion",
        ),
        (
            redis("6.0", json!({"logs": [{"type": "engine-log", "logGroup": "/shop/cache"}]})),
            "spec.logs: redis delivers engine-log from 6.2 on: leave it out, or take a newer engineVersion",
        ),
        (
            redis("6.0", json!({"networkType": "DUAL"})),
            "spec.networkType: redis speaks IPv6 from 6.2 on: set IPV4, or take a newer engineVersion",
        ),
        (
            redis("6.0", json!({"nodeType": "cache.r6gd.xlarge"})),
            "spec.nodeType: redis tiers data (r6gd) from 6.2 on: take a newer engineVersion, or a node type such as cache.r7g.large",
        ),
        (
            memcached("1.6.6", json!({})),
            "spec.encryption.inTransit: memcached has TLS from 1.6.12 on: take a newer engineVersion, or set it to Disabled",
        ),
        (
            memcached("1.5.16", json!({"networkType": "DUAL", "encryption": {"inTransit": "Disabled"}})),
            "spec.networkType: memcached speaks IPv6 from 1.6.6 on: set IPV4, or take a newer engineVersion",
        ),
    ] {
        refused(change, as_usual, message);
    }
    assert!(refusals(memcached("1.6.12", json!({"networkType": "DUAL"})), as_usual).is_empty());
    assert!(refusals(redis("7.0", json!({"encryption": {"inTransit": "Preferred"}})), as_usual).is_empty());
}

#[test]
fn nodes_that_there_are_not() {
    for node_type in ["cache.r99.large", "cache.r7g.huge", "cache.r7g.micro", "cache.t4g.large", "cache.r6gd.large"] {
        refused(
            json!({"nodeType": node_type}),
            as_usual,
            &format!(
                "spec.nodeType: {node_type} is no node type: use one that ElastiCache has, such as cache.r7g.large"
            ),
        );
    }
    refused(
        json!({"engine": "memcached", "engineVersion": "1.6.22", "nodeType": "cache.r6gd.xlarge"}),
        as_usual,
        "spec.nodeType: memcached has no data tiering: use another node type, such as cache.r7g.large",
    );
    refused(
        json!({"shards": 200, "replicasPerShard": 2}),
        as_usual,
        "spec.shards: 200 shards with 2 replicas each are 600 nodes, and AWS gives 500 at most: lower shards or replicasPerShard",
    );
}

#[test]
fn subnets_in_too_few_zones() {
    let zones = |count: usize| move |facts: &mut Facts| facts.environment.private_subnets.truncate(count);
    let ask = "ask its administrator to add subnets in other zones";
    let one = "1 availability zone (eu-west-1a)";
    let serverless = json!({"nodeType": null, "serverless": {}, "engineVersion": "8"});
    for (change, count, seen, why) in [
        (json!({}), 1, one, "availability MultiAZ needs 2"),
        (json!({"availability": "SingleAZ"}), 0, "0 availability zones", "a cache needs 1"),
        (serverless, 1, one, "serverless needs 2"),
    ] {
        let message =
            format!("spec.availability: the private subnets of Environment prod are in {seen}, and {why}: {ask}");
        refused(change, zones(count), &message);
    }
    assert!(refusals(json!({"availability": "SingleAZ"}), zones(1)).is_empty());
}

#[test]
fn windows_that_are_none_too_short_or_overlap() {
    for (change, message) in [
        (
            json!({"snapshots": {"window": "25:00-26:00"}}),
            "spec.snapshots.window: 25:00-26:00 is no window: write it like 02:00-03:00",
        ),
        (
            json!({"snapshots": {"window": "01:00-01:30"}}),
            "spec.snapshots.window: 01:00-01:30 is shorter than 60 minutes: make it longer",
        ),
        (
            json!({"maintenance": {"window": "sun:04:00-sun:04:30"}}),
            "spec.maintenance.window: sun:04:00-sun:04:30 is shorter than 60 minutes: make it longer",
        ),
        (
            json!({"snapshots": {"window": "03:30-04:30"}}),
            "spec.maintenance.window: sun:03:00-sun:04:00 overlaps the snapshot window 03:30-04:30, which AWS refuses: move one of them",
        ),
    ] {
        refused(change, as_usual, message);
    }
    for free in [
        json!({"snapshots": {"retentionDays": 0}, "maintenance": {"window": "sun:02:00-sun:03:00"}}),
        json!({"engine": "memcached", "engineVersion": "1.6.22", "maintenance": {"window": "sun:02:00-sun:03:00"}}),
        json!({"nodeType": null, "serverless": {}, "engineVersion": "8", "snapshots": {"window": "03:00-04:00"}}),
    ] {
        assert_eq!(refusals(free, as_usual), Vec::<String>::new());
    }
}

#[test]
fn parameters_that_the_family_does_not_have_or_take() {
    let known = |facts: &mut Facts| {
        let policy = Parameter {
            modifiable: true,
            allowed_values: Some("volatile-lru,noeviction".into()),
            data_type: Some("string".into()),
        };
        let fixed = Parameter { modifiable: false, ..policy.clone() };
        facts.parameters =
            Some([("maxmemory-policy".to_owned(), policy), ("maxmemory-delta".to_owned(), fixed)].into());
    };
    for (name, value, message) in [
        ("maxmemory", "1", "spec.parameters.maxmemory: valkey8 has no such parameter: check its name"),
        (
            "maxmemory-delta",
            "1",
            "spec.parameters.maxmemory-delta: AWS does not let it be set in valkey8: leave it out",
        ),
        (
            "maxmemory-policy",
            "never",
            "spec.parameters.maxmemory-policy: never is not among the values that valkey8 takes: volatile-lru,noeviction",
        ),
    ] {
        refused(json!({"parameters": {name: value}}), known, message);
    }
    assert!(refusals(json!({"parameters": {"maxmemory-policy": "noeviction"}}), known).is_empty());
    assert!(refusals(json!({"parameters": {"anything": "goes"}}), as_usual).is_empty());
}

#[test]
fn what_belongs_to_another_namespace() {
    let of_payroll = |text: &'static str| {
        move |facts: &mut Facts| facts.named.get_mut(text).unwrap().namespace = Some("payroll".into())
    };
    let own = "name one of its own, or ask the administrator of Environment prod to add";
    let arn = |rest: &str| format!("arn:aws:elasticache:eu-west-1:111122223333:{rest}");
    let serverless =
        json!({"nodeType": null, "serverless": {}, "engineVersion": "8", "restoreFrom": {"snapshot": "salaries"}});
    for (change, text, noun, arn) in [
        (json!({"restoreFrom": {"snapshot": "salaries"}}), "salaries", "cache snapshot", arn("snapshot:salaries")),
        (serverless, "salaries", "serverless cache snapshot", arn("serverlesscachesnapshot:salaries")),
    ] {
        let message =
            format!("spec.restoreFrom.snapshot: {text} is no {noun} of namespace shop: {own} {arn} to limits.allow");
        refused(change, of_payroll(text), &message);
    }
    refused(
        json!({"encryption": {"kmsKeyId": "alias/payroll"}}),
        of_payroll("alias/payroll"),
        &format!(
            "spec.encryption.kmsKeyId: alias/payroll is no KMS key of namespace shop: {own} arn:aws:kms:eu-west-1:111122223333:alias/payroll to limits.allow"
        ),
    );
}

#[test]
fn a_snapshot_that_does_not_exist_or_fit() {
    let change = json!({"restoreFrom": {"snapshot": "old"}});
    let of = |engine: &'static str| {
        move |facts: &mut Facts| facts.named.get_mut("old").unwrap().engine = Some(engine.into())
    };
    refused(
        change.clone(),
        |facts| {
            facts.named.clear();
            facts.environment.limits.allow = vec!["arn:aws:elasticache:*:*:snapshot:old".into()];
        },
        "spec.restoreFrom.snapshot: there is no cache snapshot old in account 111122223333, eu-west-1: check the name",
    );
    let mut redis = change.clone();
    (redis["engine"], redis["engineVersion"]) = (json!("redis"), json!("7.1"));
    refused(
        redis,
        of("valkey"),
        "spec.restoreFrom.snapshot: old is of engine valkey: set engine to valkey, or name another source",
    );
    assert!(refusals(change.clone(), of("redis")).is_empty(), "Valkey reads what Redis OSS wrote");
    let made = |facts: &mut Facts| {
        facts.named.clear();
        facts.made = ["cache".to_owned()].into();
    };
    assert!(refusals(change, made).is_empty(), "what a cache was made from is not looked at again");
}

#[test]
fn a_log_that_goes_where_the_administrator_does_not_let_it() {
    for (log, message) in [
        (
            json!({"type": "slow-log", "logGroup": "/payroll/cache"}),
            "spec.logs[slow-log]: /payroll/cache is no log group that may be named: ask the administrator of Environment prod to add arn:aws:logs:eu-west-1:111122223333:log-group:/payroll/cache to limits.allow",
        ),
        (
            json!({"type": "engine-log", "deliveryStream": "payroll"}),
            "spec.logs[engine-log]: payroll is no delivery stream that may be named: ask the administrator of Environment prod to add arn:aws:firehose:eu-west-1:111122223333:deliverystream/payroll to limits.allow",
        ),
    ] {
        refused(json!({"logs": [log]}), as_usual, message);
    }
    assert!(refusals(json!({"logs": [{"type": "slow-log", "logGroup": "/shop/cache"}]}), as_usual).is_empty());
}

#[test]
fn a_tier_says_what_it_names_before_it_is_judged() {
    let named = |change: Value| {
        let of = |reference: terrace_tiers::Reference| (reference.text, reference.kind);
        cache(change).references(&Objects::new()).into_iter().map(of).collect::<Vec<_>>()
    };
    assert!(named(json!({})).is_empty());
    let arn = "arn:aws:elasticache:eu-west-1:111122223333:serverlesscachesnapshot:c";
    assert_eq!(
        named(json!({"engineVersion": "99", "encryption": {"kmsKeyId": "alias/a"}, "restoreFrom": {"snapshot": arn}})),
        [("alias/a".to_owned(), ReferenceKind::KmsKey), (arn.to_owned(), ReferenceKind::ServerlessCacheSnapshot)]
    );
    let nodes = json!({"restoreFrom": {"snapshot": "c"}});
    assert_eq!(named(nodes), [("c".to_owned(), ReferenceKind::CacheSnapshot)]);
    assert!(cache(json!({})).uses().is_empty());
}

#[test]
fn parameters_are_asked_for_only_where_some_are_set() {
    let family = |change: Value| cache(change).parameter_family();
    let some = json!({"maxmemory-policy": "noeviction"});
    assert_eq!(family(json!({})), None);
    assert_eq!(family(json!({"parameters": some})).as_deref(), Some("valkey8"));
    assert_eq!(family(json!({"parameters": some, "engineVersion": "99"})), None);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let change = json!({
        "engineVersion": "99", "nodeType": "cache.r99.large", "snapshots": {"window": "03:00-03:30"},
        "restoreFrom": {"snapshot": "none"},
    });
    let all = refusals(change, |facts| {
        facts.environment.private_subnets.clear();
        facts.named = [("none".to_owned(), Named::default())].into();
    });
    let fields: Vec<_> = all.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
    assert_eq!(
        fields,
        [
            "spec.engineVersion",
            "spec.nodeType",
            "spec.availability",
            "spec.snapshots.window",
            "spec.maintenance.window",
            "spec.restoreFrom.snapshot"
        ]
    );
}
