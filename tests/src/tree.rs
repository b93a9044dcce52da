//! Draws what exists: an object, and under it each resource that it made, with its state and identifier.

use serde_json::Value;
use termtree::Tree;

use crate::kubectl::condition;

/// The tree of these objects.
pub fn draw(root: &str, objects: &[Value]) -> String {
    Tree::new(root.to_owned()).with_leaves(objects.iter().map(object)).to_string()
}

fn object(object: &Value) -> Tree<String> {
    let name = match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("{namespace}/{}", text(&object["metadata"]["name"])),
        None => text(&object["metadata"]["name"]).to_owned(),
    };
    let leaves = object["status"]["resources"].as_array().into_iter().flatten().map(resource);
    Tree::new(format!("{} {name}  {}", text(&object["kind"]), standing(object))).with_leaves(leaves)
}

fn resource(entry: &Value) -> Tree<String> {
    let identifier = entry["handle"].as_str().or(entry["name"].as_str()).unwrap_or("no identifier yet");
    let why = entry["reason"].as_str().map(|reason| format!(" ({reason})")).unwrap_or_default();
    Tree::new(format!("{:34} {:12} {identifier}", text(&entry["kind"]), format!("{}{why}", text(&entry["state"]))))
}

/// How an object stands, in its own words: `Ready`, or the reason and the message why not.
pub fn standing(object: &Value) -> String {
    match condition(object, "Ready") {
        Some(ready) if ready["status"] == "True" => "Ready".to_owned(),
        Some(ready) => format!("{}: {}", text(&ready["reason"]), text(&ready["message"])),
        None => "not looked at yet".to_owned(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_resource_stands_under_its_object_with_state_and_identifier() {
        let tier = json!({
            "kind": "DataTier", "metadata": { "name": "orders", "namespace": "shop" },
            "status": {
                "conditions": [{ "type": "Ready", "status": "False", "reason": "Reconciling", "message": "db is creating" }],
                "resources": [
                    { "id": "subnets", "kind": "rds/DbSubnetGroup", "state": "Ready", "handle": "arn:aws:rds:eu-west-1:1:subgrp:a" },
                    { "id": "db", "kind": "rds/DbInstance", "state": "Creating", "name": "orders-1", "reason": "creating" },
                ],
            },
        });
        let drawn = draw("bed", &[tier]);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines[1], "└── DataTier shop/orders  Reconciling: db is creating");
        assert!(
            lines[2].contains("rds/DbSubnetGroup") && lines[2].ends_with("arn:aws:rds:eu-west-1:1:subgrp:a"),
            "{drawn}"
        );
        assert!(lines[3].contains("Creating (creating)") && lines[3].ends_with("orders-1"), "{drawn}");
    }

    #[test]
    fn an_object_without_a_condition_is_not_called_ready() {
        assert_eq!(standing(&json!({ "status": { "observedGeneration": -1 } })), "not looked at yet");
    }
}
