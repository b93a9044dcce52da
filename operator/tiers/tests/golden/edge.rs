//! What the golden graphs of edges do not show: the order of their nodes, and what one choice changes.

use serde_json::{Value, json};
use terrace_model::resolve::references;
use terrace_model::{Graph, Source};
use terrace_tiers::samples::{self, samples};
use terrace_tiers::{ObjectKey, Tier};

use crate::support::edge;

/// AWS's own policies.
const CACHING_DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
const CACHING_OPTIMIZED: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";
const ALL_VIEWER: &str = "216adef6-5c7f-47e4-b989-5492eafa07d3";
const ALL_VIEWER_EXCEPT_HOST: &str = "b689b0a8-53d0-40ab-baf2-68738e2966ac";

fn graph(change: Value) -> Graph {
    let tier = edge(change);
    tier.expand(&samples::facts(&tier)).unwrap()
}

fn wish(graph: &Graph, id: &str) -> Value {
    graph.node(id).unwrap_or_else(|| panic!("no {id} in {:?}", ids(graph))).want.clone()
}

fn ids(graph: &Graph) -> Vec<&str> {
    graph.nodes().keys().map(String::as_str).collect()
}

/// The wishes of the records, in the order of their ids.
fn records(graph: &Graph) -> Vec<Value> {
    let all = graph.nodes().values().filter(|node| node.kind == "route53/RecordSet");
    all.map(|node| node.want.clone()).collect()
}

fn output(node: &str, output: &str) -> Value {
    json!({"$terrace": {"node": node, "output": output}})
}

fn of_object(object: &str, output: &str) -> Value {
    json!({"$terrace": {"object": object, "output": output}})
}

#[test]
fn a_graph_orders_its_nodes_by_what_they_need() {
    let graph = graph(json!({"firewall": {"managedRules": ["Common"]}, "shield": "Advanced"}));
    let needs = |id: &str| graph.dependencies(id).into_iter().collect::<Vec<_>>();
    assert_eq!(needs("validation-records"), ["certificate"]);
    assert_eq!(needs("validation"), ["certificate"]);
    assert_eq!(needs("distribution"), ["firewall", "validation", "vpc-origin-web"]);
    assert_eq!(needs("shield"), ["distribution"]);
    let record = ids(&graph).into_iter().find(|id| id.starts_with("record-aaaa-")).unwrap().to_owned();
    assert_eq!(needs(&record), ["distribution"]);
}

#[test]
fn what_cloudfront_uses_of_acm_and_waf_is_in_one_region_and_the_rest_at_home() {
    let samples = samples();
    let (_, graph) = samples.iter().find(|(name, _)| *name == "edge-create-zone").unwrap();
    let logs = json!({"destination": "arn:aws:logs:us-east-1:111122223333:log-group:aws-waf-logs-shop"});
    let rules = json!([{"name": "a", "action": "Block", "match": {"ip": ["192.0.2.0/24"]}}]);
    let guarded = self::graph(json!({"firewall": {"rules": rules, "logs": logs}}));
    for (id, node) in graph.nodes().iter().chain(guarded.nodes()) {
        let service = node.kind.split('/').next().unwrap();
        let global = ["acm", "wafv2", "shield"].contains(&service);
        assert_eq!(node.place.region, if global { "us-east-1" } else { "eu-west-1" }, "{id}");
    }
}

#[test]
fn a_webapp_is_reached_as_its_listener_speaks_unless_the_origin_says_otherwise() {
    let of = |output: &str| of_object("WebApp/shop/shop", output);
    let private = graph(json!({}));
    let vpc_origin = wish(&private, "vpc-origin-web");
    assert_eq!(vpc_origin["arn"], of("loadBalancerArn"));
    assert_eq!((&vpc_origin["httpPort"], &vpc_origin["httpsPort"]), (&of("listenerPort"), &of("listenerPort")));
    assert_eq!(vpc_origin["originProtocolPolicy"], of("listenerProtocol"));
    let origin = wish(&private, "distribution")["origins"]["web"].clone();
    assert_eq!(origin["domainName"], of("host"));
    assert_eq!(origin["origin"]["vpc"]["vpcOriginId"], output("vpc-origin-web", "id"));
    let said = json!({"name": "web", "webAppRef": {"name": "shop"}, "access": "Public", "protocol": "HTTPSOnly"});
    let public = graph(json!({"origins": [said]}));
    assert!(public.node("vpc-origin-web").is_none());
    let custom = wish(&public, "distribution")["origins"]["web"]["origin"]["custom"].clone();
    assert_eq!((&custom["httpsPort"], &custom["originProtocolPolicy"]), (&json!(443), &json!("https-only")));
}

/// A bucket lets the distribution in by its ARN, so neither may wait for all of the other.
#[test]
fn an_edge_needs_nothing_of_a_bucket_but_its_name() {
    let origins = json!([{"name": "web", "objectTierRef": {"name": "assets"}}]);
    let tier = edge(json!({"origins": origins}));
    let used = &tier.uses()[0];
    assert_eq!((used.needs, used.principal), (&["regionalDomainName"][..], Some("distributionArn")));
    let graph = tier.expand(&samples::facts(&tier)).unwrap();
    for (id, node) in graph.nodes() {
        let foreign = references(&node.want).into_iter().filter(|found| matches!(found.source, Source::Object(_)));
        let foreign: Vec<_> = foreign.map(|reference| reference.to_string()).collect();
        let expected: &[&str] = if id == "distribution" { &["ObjectTier/shop/assets.regionalDomainName"] } else { &[] };
        assert_eq!(foreign, expected, "{id}");
    }
}

#[test]
fn two_origins_of_one_tier_are_one_use_of_it() {
    let origins = json!([
        {"name": "web", "webAppRef": {"name": "shop"}},
        {"name": "assets", "objectTierRef": {"name": "assets", "namespace": "media"}},
        {"name": "media", "objectTierRef": {"name": "assets", "namespace": "media"}, "path": "/media"},
    ]);
    let uses = edge(json!({"origins": origins})).uses();
    assert_eq!(uses[0].needs, ["host", "listenerPort", "listenerProtocol", "loadBalancerArn"]);
    let found: Vec<_> = uses.iter().map(|used| (used.field.as_str(), used.target.clone(), used.principal)).collect();
    let (web, assets) = (ObjectKey::new("WebApp", "shop", "shop"), ObjectKey::new("ObjectTier", "media", "assets"));
    assert_eq!(
        found,
        [
            ("spec.origins[web].webAppRef", web, None),
            ("spec.origins[assets].objectTierRef", assets, Some("distributionArn"))
        ]
    );
}

#[test]
fn what_is_not_said_of_caching_follows_from_the_origin() {
    let origins = json!([
        {"name": "web", "webAppRef": {"name": "shop"}},
        {"name": "old", "host": "old.example.net"},
        {"name": "assets", "bucket": "shop-assets"},
    ]);
    let of = |origin: &str, route: Value| {
        let mut route = route;
        (route["path"], route["origin"]) = (json!("/*"), json!(origin));
        let graph = graph(json!({"origins": origins, "routes": [route]}));
        let behavior = wish(&graph, "distribution")["defaultCacheBehavior"].clone();
        (behavior["cachePolicyId"].clone(), behavior["originRequestPolicyId"].clone())
    };
    assert_eq!(of("web", json!({})), (json!(CACHING_DISABLED), json!(ALL_VIEWER)));
    assert_eq!(of("old", json!({})), (json!(CACHING_DISABLED), json!(ALL_VIEWER_EXCEPT_HOST)));
    assert_eq!(of("assets", json!({})), (json!(CACHING_OPTIMIZED), json!("")));
    // What is cached for all must not be made for one.
    assert_eq!(of("web", json!({"cache": "Optimized"})), (json!(CACHING_OPTIMIZED), json!("")));
    assert_eq!(of("web", json!({"cache": "Optimized", "originRequest": "All"})).1, json!(ALL_VIEWER));
}

#[test]
fn routes_that_wish_the_same_share_a_policy_and_one_that_changes_its_mind_leaves_the_other_alone() {
    let routes = |second: u32| {
        let cache = |ttl: u32| json!({"defaultTTLSeconds": ttl});
        json!({"routes": [
            {"path": "/a/*", "origin": "web", "cache": cache(60)},
            {"path": "/b/*", "origin": "web", "cache": cache(second)},
            {"path": "/*", "origin": "web"},
        ]})
    };
    let policies = |graph: &Graph| {
        let all = ids(graph).into_iter().filter(|id| id.starts_with("cache-"));
        all.map(str::to_owned).collect::<Vec<_>>()
    };
    let (shared, apart) = (policies(&graph(routes(60))), policies(&graph(routes(90))));
    assert_eq!((shared.len(), apart.len()), (1, 2));
    assert!(apart.contains(&shared[0]));
}

#[test]
fn each_routing_policy_has_its_records() {
    let of = |routing: Value| {
        let checks = json!([{"path": "/healthz"}]);
        let records = records(&graph(json!({"routing": routing, "ipv6": "Disabled", "healthChecks": checks})));
        let of = |record: &Value| {
            let set = record["setIdentifier"].as_str().map(str::to_owned);
            (record["routing"].clone(), set, record["healthCheckId"] == output("health-main", "healthCheckId"))
        };
        let mut all: Vec<_> = records.iter().map(of).collect();
        all.sort_by_key(|(routing, ..)| routing.to_string());
        all
    };
    let own = || Some("prod/shop/shop".to_owned());
    assert_eq!(of(json!({})), [(json!("simple"), None, false)]);
    let weighted = json!({"policy": "Weighted", "weight": 0, "setIdentifier": "new"});
    assert_eq!(of(weighted), [(json!({"weight": 0}), Some("new".into()), true)]);
    assert_eq!(of(json!({"policy": "Latency"})), [(json!({"region": "eu-west-1"}), own(), true)]);
    let elsewhere = json!({"policy": "Latency", "region": "us-east-2"});
    assert_eq!(of(elsewhere), [(json!({"region": "us-east-2"}), own(), true)]);
    let failover = json!({"policy": "Failover", "role": "Secondary"});
    assert_eq!(of(failover), [(json!({"failover": "SECONDARY"}), own(), true)]);
    let places = json!({"policy": "Geolocation", "countries": ["*", "DE"]});
    assert_eq!(
        of(places),
        [
            (json!({"geolocation": "default"}), Some("prod/shop/shop/default".into()), true),
            (json!({"geolocation": {"country": "DE"}}), Some("prod/shop/shop/DE".into()), true),
        ]
    );
}

#[test]
fn each_hostname_has_an_alias_of_each_version_of_ip() {
    let change = json!({"hostnames": ["shop.example.com", "*.shop.example.com"]});
    let graph = graph(change);
    let mut found: Vec<_> = records(&graph)
        .iter()
        .map(|record| (record["name"].as_str().unwrap().to_owned(), record["type"].as_str().unwrap().to_owned()))
        .collect();
    found.sort();
    let of = |name: &str, r#type: &str| (name.to_owned(), r#type.to_owned());
    let (wild, plain) = ("*.shop.example.com", "shop.example.com");
    assert_eq!(found, [of(wild, "A"), of(wild, "AAAA"), of(plain, "A"), of(plain, "AAAA")]);
    let target = &records(&graph)[0]["target"]["alias"];
    assert_eq!(target["dnsName"], output("distribution", "domainName"));
    assert_eq!((&target["hostedZoneId"], &target["evaluateTargetHealth"]), (&json!("Z2FDTNDATAQYW2"), &json!(false)));
    assert_eq!(wish(&graph, "certificate")["domainName"], plain);
}

#[test]
fn a_zone_that_is_made_has_the_records_and_one_that_is_used_is_known() {
    let zone = |change: Value| records(&graph(change))[0]["zoneId"].clone();
    assert_eq!(zone(json!({})), "Z0123456789ABCDEFGHIJ");
    assert_eq!(zone(json!({"zone": {"policy": "Create"}})), output("zone", "hostedZoneId"));
    let id = |change: Value| serde_json::to_value(&edge(change).outputs()["zoneId"]).unwrap();
    assert_eq!(id(json!({"zone": {"policy": "Create"}})), output("zone", "hostedZoneId"));
    assert_eq!(id(json!({"zone": {"name": null, "id": "Z1"}})), "Z1");
    // What is used by its name is known by where a record of it stands.
    let said = id(json!({}))["$terrace"].clone();
    assert_eq!(
        (&said["output"], graph(json!({})).node(said["node"].as_str().unwrap()).is_some()),
        (&json!("zone"), true)
    );
    assert!(edge(json!({"zone": {"policy": "Create"}})).outputs().contains_key("nameServers"));
}

#[test]
fn a_firewall_on_trial_counts_and_lets_everything_through() {
    let rules = json!([{"name": "a", "action": "Block", "match": {"method": "TRACE"}}]);
    let firewall =
        json!({"managedRules": ["Common"], "rateLimit": {"requests": 100}, "rules": rules, "defaultAction": "Block"});
    let effects = |mode: &str| {
        let mut firewall = firewall.clone();
        firewall["mode"] = json!(mode);
        let acl = wish(&graph(json!({"firewall": firewall})), "firewall");
        let effects: Vec<Value> = (0..3).map(|at| acl["rules"][at.to_string()]["effect"].clone()).collect();
        (effects, acl["defaultAction"].clone())
    };
    let block = json!({"action": "Block"});
    assert_eq!(effects("Enforce"), (vec![block.clone(), block, json!({"overrideAction": "None"})], json!("Block")));
    let count = json!({"action": "Count"});
    assert_eq!(effects("Count"), (vec![count.clone(), count, json!({"overrideAction": "Count"})], json!("Allow")));
}

#[test]
fn a_rule_matches_all_that_it_says_and_any_of_its_addresses() {
    let rules = json!([
        {"name": "both", "action": "Allow", "match": {"ip": ["192.0.2.0/24", "2001:db8::/32"], "countries": ["DE"]}},
        {"name": "one", "action": "Block", "match": {"header": {"name": "X-Bot", "exact": "Yes"}}},
    ]);
    let graph = graph(json!({"firewall": {"rules": rules}}));
    let acl = wish(&graph, "firewall");
    let set = |version: &str| json!({"ipSetReference": {"arn": output(&format!("addresses-both-{version}"), "arn")}});
    let geo = json!({"geoMatch": {"countryCodes": ["DE"]}});
    assert_eq!(acl["rules"]["0"]["statement"], json!({"and": [{"or": [set("v4"), set("v6")]}, geo]}));
    let header = &acl["rules"]["1"]["statement"]["byteMatch"];
    assert_eq!(header["fieldToMatch"], json!({"singleHeader": "x-bot"}));
    assert_eq!((&header["searchString"], &header["textTransformations"]), (&json!("yes"), &json!(["LOWERCASE"])));
}

#[test]
fn shield_advanced_protects_the_distribution_and_the_zone_that_is_made_here() {
    let shields = |change: Value| {
        let graph = graph(change);
        ids(&graph).into_iter().filter(|id| id.starts_with("shield")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(shields(json!({})).is_empty());
    assert_eq!(shields(json!({"shield": "Advanced"})), ["shield"]);
    assert_eq!(shields(json!({"shield": "Advanced", "zone": {"policy": "Create"}})), ["shield", "shield-zone"]);
    let said = |shield: &str| serde_json::to_value(&edge(json!({"shield": shield})).outputs()["shield"]).unwrap();
    assert_eq!(said("Standard"), "Standard: on for every distribution and zone, at no charge");
    assert_eq!(said("Advanced"), "Advanced");
}

#[test]
fn functions_run_on_the_routes_that_they_name_or_on_all() {
    let routes = json!([{"path": "/a", "origin": "web"}, {"path": "/*", "origin": "web"}]);
    let code = "function handler(event) { return event.request; }";
    let functions = json!([
        {"event": "ViewerRequest", "code": code, "routes": ["/a"]},
        {"event": "ViewerResponse", "code": code},
    ]);
    let distribution = wish(&graph(json!({"routes": routes, "functions": functions})), "distribution");
    let (request, response) = (output("function-main-request", "arn"), output("function-main-response", "arn"));
    assert_eq!(
        distribution["cacheBehaviors"][0]["behavior"]["functionAssociations"],
        json!({"viewer-request": request, "viewer-response": response})
    );
    assert_eq!(distribution["defaultCacheBehavior"]["functionAssociations"], json!({"viewer-response": response}));
}

#[test]
fn without_hostnames_there_is_a_distribution_under_its_own_name_and_nothing_of_dns() {
    let change = json!({"hostnames": [], "zone": null});
    let graph = graph(change.clone());
    assert_eq!(ids(&graph), ["distribution", "vpc-origin-web"]);
    assert_eq!(wish(&graph, "distribution")["viewerCertificate"], "cloudFrontDefault");
    let outputs = edge(change).outputs();
    assert!(!outputs.contains_key("certificateArn") && !outputs.contains_key("zoneId"));
}
