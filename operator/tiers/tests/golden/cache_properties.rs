//! What holds for every valid CacheTier, whatever it says and whoever uses it.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use terrace_crds::CacheTier;
use terrace_model::NodeSpec;
use terrace_tiers::facts::Facts;
use terrace_tiers::{Tier, samples};

use crate::properties::{texts, users, without_tags};
use crate::support::{self, cache, cel_refusals};

/// Engine and version of nodes, and the version of serverless.
const ENGINES: [(&str, &str, &str); 5] = [
    ("valkey", "7.2", "7"),
    ("valkey", "9.0", "8"),
    ("redis", "6.0", "7"),
    ("redis", "7.1", "7"),
    ("memcached", "1.6.22", "1.6"),
];

/// What the choices below come to depends on the engine and the form.
#[derive(Debug)]
struct Choices {
    engine: usize,
    serverless: bool,
    single: bool,
    shards: Option<u16>,
    replicas: Option<u8>,
    cluster: bool,
    authentication: Option<&'static str>,
    tls: bool,
    key: Option<String>,
    retention: Option<u8>,
    restore: bool,
    policy: &'static str,
    parameters: Value,
    tags: Value,
}

prop_compose! {
    fn choices()(
        engine in 0..ENGINES.len(),
        (serverless, single, cluster, tls, restore) in any::<(bool, bool, bool, bool, bool)>(),
        shards in option::of(1_u16..=80),
        replicas in option::of(0_u8..=5),
        authentication in option::of(select(&["None", "Token", "Users"][..])),
        key in option::of("alias/[a-z]{1,8}"),
        retention in option::of(0_u8..=35),
        policy in select(&["Delete", "Snapshot", "Retain"][..]),
        parameters in texts("[a-z][a-z-]{0,11}"),
        tags in texts("[a-z]{1,12}"),
    ) -> Choices {
        Choices {
            engine, serverless, single, shards, replicas, cluster, authentication, tls, key, retention, restore, policy,
            parameters, tags,
        }
    }
}

fn valid(choices: Choices) -> Value {
    let (engine, version, major) = ENGINES[choices.engine];
    let (serverless, memcached) = (choices.serverless, engine == "memcached");
    let on_nodes = !serverless;
    let single = choices.single && on_nodes;
    let authentication = choices.authentication.filter(|way| !(memcached || serverless && *way == "Token"));
    let open = authentication == Some("None") || memcached;
    let keeps = serverless || !memcached;
    let shards = choices.shards.filter(|count| on_nodes && (!memcached || (2..=60).contains(count)));
    let cluster = choices.cluster && on_nodes && !memcached;
    let least = u8::from(!single);
    json!({
        "engine": engine,
        "engineVersion": if serverless { major } else { version },
        "nodeType": on_nodes.then_some("cache.m6g.large"),
        "serverless": serverless.then(|| json!({"maxStorage": "100Gi"})),
        "availability": if single { "SingleAZ" } else { "MultiAZ" },
        "shards": shards,
        "clusterMode": cluster.then_some("Enabled"),
        "replicasPerShard": choices.replicas.map(|count| count.max(least)).filter(|_| on_nodes && !memcached),
        "authentication": authentication,
        "encryption": {
            "inTransit": if !choices.tls && open && on_nodes { "Disabled" } else { "Required" },
            "kmsKeyId": choices.key.filter(|_| keeps),
        },
        "snapshots": choices.retention.filter(|_| keeps).map(|days| json!({"retentionDays": days})),
        "restoreFrom": (choices.restore && keeps).then(|| json!({"snapshot": "old"})),
        "deletionPolicy": choices.policy,
        "parameters": if on_nodes { choices.parameters } else { json!({}) },
        "tags": choices.tags,
    })
}

fn any_cache() -> impl Strategy<Value = (CacheTier, Facts)> {
    (choices(), users()).prop_map(|(choices, users)| {
        let tier = cache(valid(choices));
        let facts = Facts { users, ..samples::facts(&tier) };
        (tier, facts)
    })
}

proptest! {
    // All rules of the schema for each of them: few are enough.
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_cache_that_is_tried_here_is_one_that_the_api_server_admits((tier, _) in any_cache()) {
        prop_assert_eq!(cel_refusals(&serde_json::to_value(&tier).unwrap()), Vec::<String>::new());
    }
}

proptest! {
    #[test]
    fn every_valid_cache_expands_to_a_graph_that_can_be_walked((tier, facts) in any_cache()) {
        let graph = tier.expand(&facts).map_err(|invalid| TestCaseError::fail(invalid.to_string()))?;
        support::walks(&graph);
    }

    #[test]
    fn the_same_cache_and_facts_give_the_same_graph((tier, facts) in any_cache()) {
        let mut reversed = facts.clone();
        reversed.users.reverse();
        reversed.environment.private_subnets.reverse();
        prop_assert_eq!(tier.expand(&facts), tier.expand(&reversed));
    }

    #[test]
    fn a_cache_with_other_tags_differs_in_nothing_but_tags((tier, facts) in any_cache(), tags in texts("[a-z]{1,8}")) {
        let before = tier.expand(&facts).unwrap();
        let mut changed = tier;
        changed.spec.common.tags = serde_json::from_value(tags).unwrap();
        let after = changed.expand(&facts).unwrap();
        prop_assert_eq!(without_tags(&before), without_tags(&after));
        let in_aws = |node: &&NodeSpec| node.want.get("tags").is_some() && !node.kind.starts_with("kubernetes/");
        for node in after.nodes().values().filter(in_aws) {
            let borne = node.want["tags"].as_object().unwrap();
            prop_assert!(changed.spec.common.tags.keys().all(|key| borne.contains_key(key)));
        }
    }

    #[test]
    fn nobody_is_let_in_without_a_password_unless_the_spec_says_so((tier, facts) in any_cache()) {
        let graph = tier.expand(&facts).unwrap();
        let open = tier.spec.authentication() == terrace_crds::cache_tier::Authentication::None;
        let cache = &graph.node("cache").unwrap().want;
        let token = cache["authToken"].is_object();
        let users = cache["userGroupIds"].as_array().is_some_and(|groups| !groups.is_empty())
            || cache["userGroupId"].is_object();
        prop_assert_eq!(token || users, !open);
        prop_assert!(!(token && users));
        prop_assert_eq!(graph.node("binding").unwrap().want["password"]["arn"] == "", open);
    }
}
