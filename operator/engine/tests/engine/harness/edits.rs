//! The graphs of the samples, and edits of them.

use serde_json::{Value, json};
use terrace_model::Graph;
use terrace_tiers::samples::samples;

/// What holds data under a key.
const KEYED: &[&str] =
    &["elasticache/ReplicationGroup", "elasticache/ServerlessCache", "rds/DbCluster", "rds/DbInstance"];

/// The graph of a sample.
pub fn sample(name: &str) -> Graph {
    samples().into_iter().find(|(sample, _)| *sample == name).expect("a sample").1
}

/// A copy of a graph, changed node by node; `None` leaves a node out.
pub fn changed(graph: &Graph, change: impl Fn(&str, &str, &mut Value) -> bool) -> Graph {
    let mut wire = serde_json::to_value(graph).expect("a graph is plain data");
    let nodes = wire["nodes"].as_object_mut().expect("nodes by id");
    nodes.retain(|id, node| {
        let kind = node["kind"].as_str().unwrap_or_default().to_owned();
        change(id, &kind, &mut node["want"])
    });
    let changed: Graph = serde_json::from_value(wire).expect("a graph");
    changed.check().expect("still a graph");
    changed
}

/// An edit of every node: another tag, and another class where there is one, or another price class.
pub fn edited(graph: &Graph) -> Graph {
    changed(graph, |_, _, want| {
        if want["tags"].is_object() {
            want["tags"]["edited"] = json!("yes");
        }
        if want["dbInstanceClass"].as_str().is_some_and(|class| class != "db.serverless") {
            want["dbInstanceClass"] = json!("db.r8g.4xlarge");
        }
        if want["cacheNodeType"].is_string() {
            want["cacheNodeType"] = json!("cache.r8g.4xlarge");
        }
        if want["priceClass"].is_string() {
            want["priceClass"] = json!("PriceClass_200");
        }
        true
    })
}

/// An edit that forces replacements: another key for what holds data, another port for Memcached, another text for security
/// groups, another key for a certificate, another protocol for a way to a load balancer, another interval for a health
/// check, another scheme for load balancers, other subnets for Fargate; and the rule that lets the cluster in is left out.
pub fn replaced(graph: &Graph) -> Graph {
    changed(graph, |id, kind, want| {
        match kind {
            kind if KEYED.contains(&kind) => want["kmsKeyId"] = json!("arn:aws:kms:eu-west-1:1:key/other"),
            "elasticache/CacheCluster" => want["port"] = json!(11212),
            "ec2/SecurityGroup" => want["description"] = json!("another text"),
            "acm/Certificate" => want["keyAlgorithm"] = json!("EC_secp384r1"),
            "cloudfront/VpcOrigin" => want["originProtocolPolicy"] = json!("match-viewer"),
            "route53/HealthCheck" => {
                want["requestInterval"] = json!(if want["requestInterval"] == 10 { 30 } else { 10 })
            }
            "eks/FargateProfile" => want["subnets"] = json!(["subnet-other"]),
            "elbv2/LoadBalancer" => {
                let internal = want["scheme"] == "internal";
                want["scheme"] = json!(if internal { "internet-facing" } else { "internal" });
            }
            _ => {}
        }
        id != "access-cluster"
    })
}

/// An edit of one field of one node, and nothing else.
pub fn with(graph: &Graph, node: &str, field: &str, value: Value) -> Graph {
    changed(graph, |id, _, want| {
        if id == node {
            want[field] = value.clone();
        }
        true
    })
}

/// Another key for what holds data: its replacement carries the data over.
pub fn rekeyed(graph: &Graph, key: &str) -> Graph {
    changed(graph, |_, kind, want| {
        if KEYED.contains(&kind) {
            want["kmsKeyId"] = json!(format!("arn:aws:kms:eu-west-1:111122223333:key/{key}"));
        }
        true
    })
}
