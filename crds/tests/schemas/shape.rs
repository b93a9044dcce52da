//! What holds for every schema: bounds, descriptions, defaults, size, and nothing that an API server would not take.

use crate::support::{floats, schema, tables, through_rust};
use kube::core::cel::apply_defaults;
use serde_json::{Value, json};
use terrace_crds::KINDS;

/// kubectl keeps the whole object in an annotation, which holds 262,144 bytes.
const MOST_BYTES: usize = 200_000;

#[test]
fn every_field_says_what_it_is_for() {
    each_schema(&|path, schema, problems| {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let described = field["description"].as_str().is_some_and(|text| text.len() > 5);
            let given = path.is_empty() && ["apiVersion", "kind", "metadata", "status"].contains(&name.as_str());
            if !described && !given {
                problems.push(format!("{path}.{name} has no description"));
            }
        }
    });
}

#[test]
fn every_string_list_map_and_number_has_bounds() {
    each_schema(&|path, schema, problems| {
        let has = |keyword: &str| schema.get(keyword).is_some();
        let generation = path.ends_with("bservedGeneration");
        let bounded = match schema["type"].as_str() {
            Some("string") => has("maxLength") || has("enum"),
            Some("array") => {
                has("maxItems") && has("x-kubernetes-list-type") || !path.starts_with(".spec") && has("maxItems")
            }
            Some("object") => !has("additionalProperties") || has("maxProperties"),
            Some("integer" | "number") => has("enum") || has("minimum") && (has("maximum") || generation),
            _ => true,
        };
        if !bounded {
            problems.push(format!("{path} has no bounds"));
        }
    });
}

#[test]
fn a_schema_says_nothing_that_an_api_server_refuses() {
    let formats = [json!("int32"), json!("int64"), json!("double"), json!("date-time")];
    each_schema(&|path, schema, problems| {
        let structural = schema["x-kubernetes-preserve-unknown-fields"] == true || schema["type"].is_string();
        let foreign = ["nullable", "title", "$ref", "anyOf", "oneOf", "allOf", "const", "multipleOf"];
        let said = foreign.iter().find(|keyword| schema.get(**keyword).is_some());
        let format = schema.get("format").is_none_or(|format| formats.contains(format));
        if !structural || said.is_some() || !format {
            problems.push(format!("{path}: {said:?} {}", schema["format"]));
        }
    });
}

#[test]
fn a_definition_stays_under_what_kubectl_can_annotate() {
    for kind in KINDS {
        let bytes = serde_json::to_vec(&kind.crd()).unwrap().len();
        assert!(bytes < MOST_BYTES, "{} has {bytes} bytes", kind.kind);
    }
}

#[test]
fn nobody_takes_an_object_for_ready_that_no_controller_has_seen() {
    for kind in KINDS.iter().filter(|kind| kind.status) {
        let object = apply_defaults(&schema(kind), &json!({"spec": {}}));
        assert_eq!(object["status"], json!({"observedGeneration": -1}), "{}", kind.kind);
    }
}

#[test]
fn the_api_server_and_rust_fill_in_the_same_defaults() {
    let mut seen = 0;
    for table in tables() {
        let schema = schema(table.kind());
        for object in table.admitted() {
            let by_schema = floats(apply_defaults(&schema, &object)["spec"].clone());
            let by_rust = floats(through_rust(&table.kind, object.clone()));
            assert_eq!(by_schema, by_rust, "{object}");
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} objects");
}

#[test]
fn what_rust_writes_rust_reads_the_same() {
    for table in tables() {
        for object in table.admitted() {
            let once = through_rust(&table.kind, object.clone());
            let mut again = object;
            again["spec"] = once.clone();
            assert_eq!(once, through_rust(&table.kind, again));
        }
    }
}

/// Visits every schema of every kind with its path, and fails with all problems found.
fn each_schema(visit: &dyn Fn(&str, &Value, &mut Vec<String>)) {
    for kind in KINDS {
        let mut problems = Vec::new();
        walk(&schema(kind), String::new(), visit, &mut problems);
        assert!(problems.is_empty(), "{}:\n{}", kind.kind, problems.join("\n"));
    }
}

fn walk(schema: &Value, path: String, visit: &dyn Fn(&str, &Value, &mut Vec<String>), problems: &mut Vec<String>) {
    visit(&path, schema, problems);
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        walk(field, format!("{path}.{name}"), visit, problems);
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(keyword) {
            walk(inner, format!("{path}[]"), visit, problems);
        }
    }
}
