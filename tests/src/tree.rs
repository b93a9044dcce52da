//! Draws what exists: each object with the resources that it made, under the object that refers to it, so that a request's
//! way can be read from the host name to the database.

use std::collections::BTreeSet;

use serde_json::Value;
use termtree::Tree;

use crate::kubectl::condition;

/// The tree of these objects. An object that several refer to stands under the first, and is only named by the others.
pub fn draw(root: &str, objects: &[Value]) -> String {
    let referred: BTreeSet<String> = objects.iter().flat_map(references).collect();
    let (heads, rest): (Vec<_>, Vec<_>) = objects.iter().partition(|object| !referred.contains(&key(object)));
    let mut drawn = BTreeSet::new();
    let mut tree = Tree::new(root.to_owned());
    for object in heads.into_iter().chain(rest) {
        if !drawn.contains(&key(object)) {
            tree.push(self::object(object, objects, &mut drawn));
        }
    }
    tree.to_string()
}

/// `Kind/namespace/name`.
fn key(object: &Value) -> String {
    let metadata = &object["metadata"];
    [text(&object["kind"]), metadata["namespace"].as_str().unwrap_or_default(), text(&metadata["name"])].join("/")
}

/// The objects that the origins and the bindings of one lead to.
fn references(object: &Value) -> Vec<String> {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let lists = ["origins", "bindings"].into_iter().flat_map(|list| object["spec"][list].as_array()).flatten();
    let members = lists.flat_map(|entry| entry.as_object()).flatten();
    let found = members.filter_map(|(member, to)| {
        let kind = member.strip_suffix("Ref")?;
        let kind = [&kind[..1].to_uppercase(), &kind[1..]].concat();
        Some([kind.as_str(), to["namespace"].as_str().unwrap_or(namespace), to["name"].as_str()?].join("/"))
    });
    found.collect()
}

fn object(object: &Value, all: &[Value], drawn: &mut BTreeSet<String>) -> Tree<String> {
    drawn.insert(key(object));
    let name = match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("{namespace}/{}", text(&object["metadata"]["name"])),
        None => text(&object["metadata"]["name"]).to_owned(),
    };
    let hosts: Vec<&str> =
        object["spec"]["hostnames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let hosts = if hosts.is_empty() { String::new() } else { format!("{} → ", hosts.join(", ")) };
    let leaves = object["status"]["resources"].as_array().into_iter().flatten().map(resource);
    let mut tree =
        Tree::new(format!("{hosts}{} {name}  {}", text(&object["kind"]), standing(object))).with_leaves(leaves);
    for reference in references(object) {
        match all.iter().find(|other| key(other) == reference) {
            Some(other) if !drawn.contains(&reference) => tree.push(self::object(other, all, drawn)),
            _ => tree.push(Tree::new(format!("→ {}", reference.replacen('/', " ", 1)))),
        };
    }
    tree
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
    fn a_request_can_be_followed_from_the_host_name_to_the_database() {
        let tier = |kind: &str, name: &str, spec: Value| json!({ "kind": kind, "metadata": { "name": name, "namespace": "shop" }, "spec": spec });
        let objects = [
            tier("DataTier", "orders", json!({})),
            tier("ObjectTier", "assets", json!({})),
            tier(
                "WebApp",
                "shop",
                json!({ "bindings": [
                { "name": "db", "dataTierRef": { "name": "orders" } }, { "name": "files", "objectTierRef": { "name": "assets" } },
            ] }),
            ),
            tier(
                "EdgeTier",
                "shop",
                json!({ "hostnames": ["shop.example.com"], "origins": [
                { "name": "web", "webAppRef": { "name": "shop" } }, { "name": "assets", "objectTierRef": { "name": "assets" } },
            ] }),
            ),
        ];
        let drawn = draw("bed", &objects);
        let lines: Vec<&str> =
            drawn.lines().map(|line| line.trim_start_matches(['│', '├', '└', '─', ' ', '\u{a0}'])).collect();
        assert_eq!(
            lines,
            [
                "bed",
                "shop.example.com → EdgeTier shop/shop  not looked at yet",
                "WebApp shop/shop  not looked at yet",
                "DataTier shop/orders  not looked at yet",
                "ObjectTier shop/assets  not looked at yet",
                "→ ObjectTier shop/assets",
            ],
            "{drawn}"
        );
    }

    #[test]
    fn an_object_without_a_condition_is_not_called_ready() {
        assert_eq!(standing(&json!({ "status": { "observedGeneration": -1 } })), "not looked at yet");
    }
}
