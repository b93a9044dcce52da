//! What holds for every valid EdgeTier, whatever it says.

use proptest::collection::btree_set;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use terrace_crds::EdgeTier;
use terrace_model::resolve::references;
use terrace_model::{Graph, Source};
use terrace_tiers::{Tier, samples};

use crate::properties::{texts, without_tags};
use crate::support::{self, cel_refusals, edge};

/// Kinds that bear no tags of the tier's: by a TXT record or a comment they say whose they are.
const UNTAGGED: [&str; 6] = [
    "cloudfront/CachePolicy",
    "cloudfront/OriginAccessControl",
    "cloudfront/OriginRequestPolicy",
    "cloudfront/ResponseHeadersPolicy",
    "route53/RecordSet",
    "route53/ValidationRecords",
];

#[derive(Debug)]
struct Choices {
    hostnames: Vec<String>,
    create: bool,
    origins: Vec<Value>,
    routes: Vec<(String, usize, Option<Value>)>,
    routing: Value,
    firewall: Option<Value>,
    advanced: bool,
    ipv6: bool,
    security: &'static str,
    policy: &'static str,
    tags: Value,
}

fn origin() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"webAppRef": {"name": "shop"}}),
        json!({"webAppRef": {"name": "portal", "namespace": "web"}, "access": "Public", "protocol": "HTTPSOnly"}),
        json!({"objectTierRef": {"name": "assets"}}),
        json!({"bucket": "shop-legacy", "region": "us-east-1"}),
        json!({"host": "old.example.net", "protocol": "MatchViewer"}),
    ])
}

fn cache() -> impl Strategy<Value = Option<Value>> {
    option::of(select(vec![
        json!("Disabled"),
        json!("Optimized"),
        json!("OriginControlled"),
        json!({"defaultTTLSeconds": 60}),
        json!({"keys": {"headers": ["Accept"], "queryStrings": ["q"]}}),
    ]))
}

fn routing() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({"policy": "Weighted", "weight": 7}),
        json!({"policy": "Latency"}),
        json!({"policy": "Geolocation", "countries": ["DE", "*"], "continents": ["SA"]}),
        json!({"policy": "Failover", "role": "Primary"}),
    ])
}

fn firewall() -> impl Strategy<Value = Option<Value>> {
    option::of(select(vec![
        json!({"managedRules": ["Common", "PHP"], "mode": "Count"}),
        json!({"rateLimit": {"requests": 100}, "rules": [
            {"name": "a", "action": "Block", "match": {"ip": ["192.0.2.0/24", "2001:db8::/32"]}},
        ]}),
    ]))
}

prop_compose! {
    fn choices()(
        labels in btree_set("[a-z]{1,8}", 1..4),
        (create, advanced, ipv6) in any::<(bool, bool, bool)>(),
        origins in proptest::collection::vec(origin(), 1..5),
        paths in btree_set("/[a-z]{1,6}/\\*", 0..5),
        pairs in proptest::collection::vec((any::<prop::sample::Index>(), cache()), 6),
        routing in routing(),
        firewall in firewall(),
        security in select(&["Standard", "Strict", "None"][..]),
        policy in select(&["Delete", "Retain"][..]),
        tags in texts("[a-z]{1,12}"),
    ) -> Choices {
        let paths = paths.into_iter().chain(["/*".to_owned()]);
        let routes = paths.zip(&pairs).map(|(path, (index, cache))| (path, index.index(origins.len()), cache.clone()));
        Choices {
            hostnames: labels.iter().map(|label| format!("{label}.example.com")).collect(),
            create, routes: routes.collect(), origins, routing, firewall, advanced, ipv6, security, policy, tags,
        }
    }
}

fn valid(choices: &Choices) -> Value {
    let named = |(index, origin): (usize, &Value)| {
        let mut origin = origin.clone();
        origin["name"] = json!(format!("origin-{index}"));
        origin
    };
    let route = |(path, origin, cache): &(String, usize, Option<Value>)| {
        let mut route = json!({"path": path, "origin": format!("origin-{origin}")});
        if let Some(cache) = cache {
            route["cache"] = cache.clone();
        }
        route
    };
    json!({
        "hostnames": choices.hostnames,
        "zone": {"policy": if choices.create { "Create" } else { "Use" }},
        "origins": choices.origins.iter().enumerate().map(named).collect::<Vec<_>>(),
        "routes": choices.routes.iter().map(route).collect::<Vec<_>>(),
        "routing": choices.routing,
        "healthChecks": [{"path": "/healthz"}],
        "firewall": choices.firewall,
        "shield": if choices.advanced { "Advanced" } else { "Standard" },
        "ipv6": if choices.ipv6 { "Enabled" } else { "Disabled" },
        "responseHeaders": {"security": choices.security},
        "deletionPolicy": choices.policy,
        "tags": choices.tags,
    })
}

fn any_edge() -> impl Strategy<Value = EdgeTier> {
    choices().prop_map(|choices| edge(valid(&choices)))
}

fn expanded(tier: &EdgeTier) -> Graph {
    tier.expand(&samples::facts(tier)).unwrap()
}

proptest! {
    // All rules of the schema for each of them: few are enough.
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn every_edge_that_is_tried_here_is_one_that_the_api_server_admits(tier in any_edge()) {
        prop_assert_eq!(cel_refusals(&serde_json::to_value(&tier).unwrap()), Vec::<String>::new());
    }
}

proptest! {
    #[test]
    fn every_valid_edge_expands_to_a_graph_that_can_be_walked(tier in any_edge()) {
        let graph = tier.expand(&samples::facts(&tier)).map_err(|invalid| TestCaseError::fail(invalid.to_string()))?;
        support::walks(&graph);
    }

    #[test]
    fn the_order_of_hostnames_and_origins_makes_no_difference(tier in any_edge()) {
        let mut reversed = tier.clone();
        reversed.spec.hostnames.reverse();
        reversed.spec.origins.reverse();
        prop_assert_eq!(expanded(&tier), expanded(&reversed));
    }

    /// A graph keeps its shape and its plain fields, whatever the outputs of other objects come to.
    #[test]
    fn what_other_objects_come_to_changes_nothing(tier in any_edge()) {
        let mut facts = samples::facts(&tier);
        facts.objects.values_mut().for_each(|outputs| outputs.values_mut().for_each(|value| value.push('x')));
        prop_assert_eq!(&tier.expand(&facts).unwrap(), &expanded(&tier));
        facts.objects.clear();
        prop_assert_eq!(tier.expand(&facts).unwrap(), expanded(&tier));
    }

    #[test]
    fn an_edge_with_other_tags_differs_in_nothing_but_tags(tier in any_edge(), tags in texts("[a-z]{1,8}")) {
        let mut changed = tier.clone();
        changed.spec.common.tags = serde_json::from_value(tags).unwrap();
        let after = expanded(&changed);
        prop_assert_eq!(without_tags(&expanded(&tier)), without_tags(&after));
        for node in after.nodes().values().filter(|node| node.want.get("tags").is_some()) {
            let borne = node.want["tags"].as_object().unwrap();
            let all = changed.spec.common.tags.keys().all(|key| borne.contains_key(key));
            prop_assert!(if UNTAGGED.contains(&node.kind.as_str()) { borne.is_empty() } else { all }, "{}", node.kind);
        }
    }

    /// Whatever a tier's origins refer to is what its uses ask for: nothing is read that was not admitted.
    #[test]
    fn every_object_that_a_graph_refers_to_is_one_that_it_uses(tier in any_edge()) {
        let used: Vec<String> = tier.uses().iter().map(|used| used.source()).collect();
        for node in expanded(&tier).nodes().values() {
            for reference in references(&node.want) {
                if let Source::Object(object) = &reference.source {
                    prop_assert!(used.contains(object), "{object}");
                }
            }
        }
    }
}
