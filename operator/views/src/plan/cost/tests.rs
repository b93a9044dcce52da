//! What the tiers' samples cost, and what plans of them say of it.

use insta::assert_snapshot;
use serde_json::{Value, json};
use terrace_model::aws;
use terrace_tiers::samples::samples;

use super::bill::{Bill, Part};
use super::{Cost, Prices, kinds};

/// Bills every resource of a graph on its own, as if it stood in a region.
fn bills(graph: &Value, region: &str) -> Vec<(String, Cost)> {
    let nodes = graph["nodes"].as_object().expect("nodes");
    let part =
        |node: &Value| Part { kind: node["kind"].as_str().unwrap_or_default().into(), fields: node["want"].clone() };
    let parts: Vec<Part> = nodes.values().map(part).collect();
    let prices = Prices::shipped();
    let looked_at = |kind: &str| aws::kinds().iter().any(|spec| spec.kind == kind && spec.read_only);
    let cost = |(id, part): (&String, &Part)| {
        let (none, mut bill) = (Bill::new(&prices, region), Bill::new(&prices, region));
        kinds::price(&part.kind).filter(|_| !looked_at(&part.kind))?(&part.among(&parts), &mut bill);
        Some((id.clone(), Cost::of(&none, &bill)))
    };
    nodes.keys().zip(&parts).filter_map(cost).collect()
}

fn sample(name: &str) -> Value {
    let (_, graph) = samples().into_iter().find(|(sample, _)| *sample == name).expect("a sample");
    serde_json::to_value(graph).expect("plain data")
}

fn told(name: &str) -> String {
    let line = |(id, cost): (String, Cost)| {
        let after = cost.after.map_or("unknown".to_owned(), |usd| format!("{usd:.2}"));
        let more = [("unknown", &cost.unknown), ("by use", &cost.by_use), ("assumed", &cost.assumptions)];
        let more =
            more.iter().flat_map(|(label, words)| words.iter().map(move |word| format!("\n    {label}: {word}")));
        format!("{id}: {after}{}", more.collect::<String>())
    };
    bills(&sample(name), "us-east-1").into_iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_instance_costs_its_hours_its_storage_and_its_secret() {
    assert_snapshot!(told("smallest"));
}

#[test]
fn storage_beyond_what_is_included_replicas_insights_and_a_proxy_are_counted() {
    assert_snapshot!(told("every-option"));
}

#[test]
fn aurora_costs_its_instances_and_what_it_stores_by_use() {
    assert_snapshot!(told("aurora-serverless"));
    assert_snapshot!(told("aurora-autoscaling"));
}

#[test]
fn what_the_table_does_not_know_is_unknown() {
    assert_snapshot!(told("multi-az-cluster"));
}

/// The one cost of a kind that is given these fields.
fn of(kind: &str, fields: Value) -> Cost {
    let graph = json!({"nodes": {"it": {"kind": kind, "want": fields}}});
    bills(&graph, "us-east-1").pop().expect("it is priced").1
}

fn after(kind: &str, fields: Value) -> Option<f64> {
    of(kind, fields).after
}

#[test]
fn caches_cost_their_nodes_or_the_least_data_of_their_engine() {
    let group = |engine: &str| {
        let fields = json!({"engine": engine, "cacheNodeType": "cache.r7g.large", "numNodeGroups": 2,
            "replicasPerNodeGroup": 1});
        after("elasticache/ReplicationGroup", fields)
    };
    assert_eq!((group("valkey"), group("redis")), (Some(511.58), Some(639.48)));
    let memcached = json!({"engine": "memcached", "cacheNodeType": "cache.t4g.micro", "numCacheNodes": 3});
    assert_eq!(after("elasticache/CacheCluster", memcached), Some(35.04));
    let serverless = |engine: &str| after("elasticache/ServerlessCache", json!({ "engine": engine }));
    assert_eq!((serverless("valkey"), serverless("redis"), serverless("?")), (Some(6.13), Some(91.25), None));
}

#[test]
fn load_balancers_cost_their_hours_and_an_address_a_subnet_where_they_face_the_internet() {
    let balancer = |scheme: &str| {
        after("elbv2/LoadBalancer", json!({"type": "application", "scheme": scheme, "subnets": ["a", "b"]}))
    };
    assert_eq!((balancer("internal"), balancer("internet-facing")), (Some(16.43), Some(23.73)));
}

#[test]
fn firewalls_cost_their_rules_and_some_groups_a_subscription() {
    let rule =
        |name: &str, vendor: &str| json!({"statement": {"managedRuleGroup": {"vendorName": vendor, "name": name}}});
    let acl = |rule: Value| of("wafv2/WebAcl", json!({"rules": {"1": {"statement": {"geoMatch": {}}}, "2": rule}}));
    assert_eq!(acl(rule("AWSManagedRulesCommonRuleSet", "AWS")).after, Some(7.0));
    assert_eq!(acl(rule("AWSManagedRulesBotControlRuleSet", "AWS")).after, Some(17.0));
    assert_eq!(acl(rule("AWSManagedRulesAntiDDoSRuleSet", "AWS")).after, None);
    assert!(acl(rule("Rules", "Somebody")).unknown.contains("the rules Rules are sold by Somebody"));
}

#[test]
fn health_checks_cost_more_outside_aws_and_with_options() {
    let check = |name: Value, kind: &str, interval: i32| {
        let fields = json!({"fullyQualifiedDomainName": name, "type": kind, "requestInterval": interval});
        after("route53/HealthCheck", fields)
    };
    assert_eq!(check(json!("one.example.net"), "TCP", 30), Some(0.75));
    assert_eq!(check(json!("one.example.net"), "HTTPS", 10), Some(4.75));
    assert_eq!(check(json!("d1.cloudfront.net"), "HTTP", 30), Some(0.5));
    assert_eq!(check(Value::Null, "HTTPS", 30), Some(1.5));
}

#[test]
fn a_proxy_costs_the_vcpus_behind_it() {
    let proxied = |class: &str| {
        let graph = json!({"nodes": {
            "db": {"kind": "rds/DbClusterInstance", "want": {"dbInstanceClass": class}},
            "proxy": {"kind": "rds/DbProxy", "want": {}},
        }});
        bills(&graph, "us-east-1").into_iter().find(|(id, _)| id == "proxy").and_then(|(_, cost)| cost.after)
    };
    let of = ["db.t4g.medium", "db.r8g.xlarge", "db.r8g.4xlarge", "db.serverless", "db.r8g.metal", ""].map(proxied);
    assert_eq!(of, [Some(21.9), Some(43.8), Some(175.2), Some(87.6), None, None]);
}

#[test]
fn fields_of_any_form_make_no_panic() {
    let forms = [Value::Null, json!("x"), json!([1]), json!({"rules": 1, "allocatedStorage": "x"})];
    for kind in aws::kinds() {
        for fields in &forms {
            bills(&json!({"nodes": {"it": {"kind": kind.kind, "want": fields}}}), "nowhere");
        }
    }
}

#[test]
fn every_sample_of_a_database_is_priced_or_says_why_not() {
    for (name, graph) in samples() {
        let graph = serde_json::to_value(graph).expect("plain data");
        for (id, cost) in bills(&graph, "us-east-1") {
            let whole = cost.after.is_some() == cost.unknown.is_empty();
            assert!(whole && cost.after.is_none_or(|usd| usd >= 0.0), "{name} {id}: {cost:?}");
            assert!(cost.after != Some(0.0) || !cost.by_use.is_empty(), "{name} {id} costs nothing: list it as free");
        }
    }
}
