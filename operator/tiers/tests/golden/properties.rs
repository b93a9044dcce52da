//! What holds for every valid DataTier, whatever it says and whoever uses it.

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use terrace_crds::DataTier;
use terrace_model::{Graph, NodeSpec, Val};
use terrace_tiers::facts::{Facts, User};
use terrace_tiers::{Tier, samples};

use crate::support::{self, cel_refusals, tier};

const ENGINES: [(&str, &[&str]); 5] = [
    ("postgres", &["13", "15.7", "17", "18"]),
    ("mysql", &["8.0", "8.0.42", "8.4"]),
    ("mariadb", &["10.6", "10.11.9", "11.4", "11.8"]),
    ("aurora-postgresql", &["13", "16.6", "17"]),
    ("aurora-mysql", &["8.0", "8.0.mysql_aurora.3.08.0"]),
];

/// What the choices below come to depends on the engine and the form.
#[derive(Debug)]
struct Choices {
    engine: usize,
    version: Index,
    availability: usize,
    serverless: bool,
    size: u32,
    disk: usize,
    performance: bool,
    replicas: Option<u8>,
    autoscaling: bool,
    log: Index,
    settings: Settings,
}

/// What goes with every engine and form.
#[derive(Debug)]
struct Settings {
    proxy: bool,
    terrace: bool,
    monitoring: u8,
    port: Option<u16>,
    database: Option<String>,
    key: Option<String>,
    restore: Option<&'static str>,
    policy: &'static str,
    parameters: Value,
    tags: Value,
}

/// Texts by such keys.
pub fn texts(keys: &'static str) -> impl Strategy<Value = Value> {
    btree_map(keys, "[a-z0-9]{0,8}", 0..4).prop_map(|texts| json!(texts))
}

prop_compose! {
    fn settings()(
        (proxy, terrace) in any::<(bool, bool)>(),
        monitoring in select(&[0_u8, 1, 60][..]),
        port in option::of(1150_u16..),
        database in option::of("[a-z][a-z0-9_]{0,20}"),
        key in option::of("alias/[a-z]{1,8}"),
        restore in option::of(select(&["snapshot", "source", "dataTierRef"][..])),
        policy in select(&["Delete", "Snapshot", "Retain"][..]),
        parameters in texts("[a-z][a-z_]{0,11}"),
        tags in texts("[a-z]{1,12}"),
    ) -> Settings {
        Settings { proxy, terrace, monitoring, port, database, key, restore, policy, parameters, tags }
    }
}

prop_compose! {
    fn choices()(
        engine in 0..ENGINES.len(),
        version in any::<Index>(),
        availability in 0..3_usize,
        (serverless, performance, autoscaling) in any::<(bool, bool, bool)>(),
        size in 20_u32..=65_536,
        disk in 0..4_usize,
        replicas in option::of(0_u8..=15),
        log in any::<Index>(),
        settings in settings(),
    ) -> Choices {
        Choices { engine, version, availability, serverless, size, disk, performance, replicas, autoscaling, log, settings }
    }
}

fn valid(choices: Choices) -> Value {
    let (engine, versions) = ENGINES[choices.engine];
    let aurora = engine.starts_with("aurora");
    let cluster = choices.availability == 2 && ["postgres", "mysql"].contains(&engine);
    let availability = if cluster { "Cluster" } else { ["SingleAZ", "MultiAZ", "MultiAZ"][choices.availability] };
    let serverless = aurora && choices.serverless;
    let logs: &[&str] = if engine.contains("postgres") { &["postgresql"] } else { &["error", "slowquery"] };
    let settings = choices.settings;
    let replicas = choices.replicas.filter(|_| !cluster).map(|count| match choices.autoscaling && aurora {
        true => json!({"autoscaling": {"min": count / 2, "max": count.max(1)}}),
        false => json!({"count": count}),
    });
    let terrace = settings.terrace || (!aurora && replicas.is_some());
    let restore = settings.restore.map(|from| match from {
        "snapshot" => json!({"snapshot": "old"}),
        "source" => json!({"pointInTime": {"source": "old"}}),
        _ => json!({"pointInTime": {"dataTierRef": {"name": "old"}}}),
    });
    json!({
        "engine": engine,
        "engineVersion": versions[choices.version.index(versions.len())],
        "instanceClass": (!serverless).then_some(if cluster { "db.r6gd.large" } else { "db.r6g.large" }),
        "serverless": serverless.then(|| json!({"minCapacity": 0.5, "maxCapacity": 8})),
        "storage": (!aurora).then(|| storage(choices.size, choices.disk, choices.performance, cluster)),
        "availability": availability,
        "replicas": replicas,
        "credentials": {"management": if terrace { "Terrace" } else { "RDS" }, "kmsKeyId": settings.key},
        "encryption": {"kmsKeyId": settings.key},
        "monitoring": {
            "enhancedIntervalSeconds": settings.monitoring,
            "exportLogs": [logs[choices.log.index(logs.len())]],
        },
        "proxy": {"mode": if settings.proxy { "Pooled" } else { "None" }},
        "port": settings.port,
        "databaseName": settings.database,
        "deletionPolicy": settings.policy,
        "restoreFrom": restore,
        "parameters": settings.parameters,
        "tags": settings.tags,
    })
}

fn storage(size: u32, disk: usize, performance: bool, cluster: bool) -> Value {
    let kind = match ["gp3", "gp2", "io1", "io2"][disk] {
        "gp2" if cluster => "gp3",
        "io1" | "io2" if size < 100 => "gp3",
        kind => kind,
    };
    let iops = match kind {
        "gp3" if performance && size >= 400 => Some(16_000),
        "io1" => Some((size * 10).min(256_000)),
        "io2" => Some((size * 5).clamp(1_000, 256_000)),
        _ => None,
    };
    let max = (performance && !cluster && size < 30_000).then(|| format!("{}Gi", size * 2));
    json!({"size": format!("{size}Gi"), "type": kind, "iops": iops, "maxSize": max})
}

/// Objects that use a tier, each with a group of its own or another's.
pub fn users() -> impl Strategy<Value = Vec<User>> {
    let user = ("[a-z]{1,10}", "[a-z]{1,10}", 0..4_u8).prop_map(|(namespace, name, group)| {
        let user = samples::user(&namespace, &name);
        let security_group = match group {
            0 => None,
            1 => Some(Val::from("sg-0123456789abcdef0")),
            2 => Some(Val::from(samples::environment().cluster_security_group)),
            _ => user.security_group,
        };
        User { security_group, ..user }
    });
    vec(user, 0..5)
}

fn any_tier() -> impl Strategy<Value = (DataTier, Facts)> {
    (choices(), users()).prop_map(|(choices, users)| {
        let tier = tier(valid(choices));
        let facts = Facts { users, ..samples::facts(&tier) };
        (tier, facts)
    })
}

/// The nodes without the tags of each.
pub fn without_tags(graph: &Graph) -> Value {
    let mut nodes = serde_json::to_value(graph).unwrap();
    for node in nodes["nodes"].as_object_mut().unwrap().values_mut() {
        node["want"].as_object_mut().unwrap().remove("tags");
    }
    nodes
}

proptest! {
    // All rules of the schema for each of them: few are enough.
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_spec_that_is_tried_here_is_one_that_the_api_server_admits((tier, _) in any_tier()) {
        prop_assert_eq!(cel_refusals(&serde_json::to_value(&tier).unwrap()), Vec::<String>::new());
    }
}

proptest! {
    #[test]
    fn every_valid_spec_expands_to_a_graph_that_can_be_walked((tier, facts) in any_tier()) {
        let graph = tier.expand(&facts).map_err(|invalid| TestCaseError::fail(invalid.to_string()))?;
        support::walks(&graph);
    }

    #[test]
    fn the_same_spec_and_facts_give_the_same_graph((tier, facts) in any_tier()) {
        let mut reversed = facts.clone();
        reversed.users.reverse();
        prop_assert_eq!(tier.expand(&facts), tier.expand(&facts));
        prop_assert_eq!(tier.expand(&facts), tier.expand(&reversed));
    }

    #[test]
    fn a_change_of_tags_changes_nothing_but_tags((tier, facts) in any_tier(), tags in btree_map("[a-z]{1,8}", "[a-z]{0,8}", 0..4)) {
        let before = tier.expand(&facts).unwrap();
        let mut changed = tier;
        changed.spec.common.tags = tags.clone();
        let after = changed.expand(&facts).unwrap();
        prop_assert_eq!(without_tags(&before), without_tags(&after));
        // The cluster's annotations are no tags of AWS.
        let in_aws = |node: &&NodeSpec| node.want.get("tags").is_some() && !node.kind.starts_with("kubernetes/");
        for node in after.nodes().values().filter(in_aws) {
            let borne = node.want["tags"].as_object().unwrap();
            prop_assert!(tags.keys().chain(facts.environment.tags.keys()).all(|key| borne.contains_key(key)));
            prop_assert!(facts.environment.tags.iter().all(|(key, value)| borne[key] == json!(value)));
        }
    }

    #[test]
    fn each_security_group_of_a_user_is_admitted_once((tier, facts) in any_tier()) {
        let graph = tier.expand(&facts).unwrap();
        let rules = graph.nodes().iter().filter(|(id, node)| {
            node.kind == "ec2/SecurityGroupRule" && id.starts_with("access-") && *id != "access-proxy"
        });
        let mut admitted: Vec<String> = rules.map(|(_, rule)| rule.want["referencedGroupId"].to_string()).collect();
        let cluster = Val::from(facts.environment.cluster_security_group.clone());
        let groups = facts.users.iter().filter_map(|user| user.security_group.clone()).chain([cluster]);
        let wanted: std::collections::BTreeSet<String> = groups.map(|group| json!(group).to_string()).collect();
        admitted.sort();
        prop_assert_eq!(admitted, wanted.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn what_one_more_replica_adds_is_one_node(count in 0_u8..15) {
        let replicas = |count: u8| {
            let change = json!({"replicas": {"count": count}, "credentials": {"management": "Terrace"}});
            let tier = tier(change);
            tier.expand(&samples::facts(&tier)).unwrap()
        };
        let (fewer, more) = (replicas(count), replicas(count + 1));
        let added: Vec<_> = more.nodes().keys().filter(|id| fewer.node(id).is_none()).cloned().collect();
        prop_assert_eq!(added, [format!("replica-{}", count + 1)]);
        prop_assert_eq!(&more.nodes()["db"], &fewer.nodes()["db"]);
    }
}

#[test]
fn zones_are_counted_not_subnets() {
    let tier = tier(json!({}));
    let strategy = btree_set(0..3_usize, 1..=3);
    proptest!(|(kept in strategy)| {
        let mut facts = samples::facts(&tier);
        let subnets = facts.environment.private_subnets.clone();
        facts.environment.private_subnets =
            kept.iter().flat_map(|index| vec![subnets[*index].clone(); 2]).collect();
        prop_assert_eq!(tier.expand(&facts).is_ok(), kept.len() >= 2);
    });
}
