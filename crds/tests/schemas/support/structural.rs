//! The part of a structural schema that is not CEL: types, required and unknown fields, enums, patterns, bounds, keys.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Map, Value};

/// What is wrong with `value`, each with its path.
pub fn problems(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "", &mut found);
    found
}

fn check(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    if schema["x-kubernetes-preserve-unknown-fields"] == true {
        return untyped(schema, value, path, found);
    }
    if schema["enum"].as_array().is_some_and(|values| !values.contains(value)) {
        found.push(format!("{path}: unsupported value {value}"));
    }
    match (schema["type"].as_str().unwrap_or_default(), value) {
        ("object", Value::Object(fields)) => object(schema, fields, path, found),
        ("array", Value::Array(items)) => array(schema, items, path, found),
        ("string", Value::String(text)) => string(schema, text, path, found),
        ("integer", Value::Number(number)) if number.is_i64() => bounds(schema, number.as_f64().unwrap(), path, found),
        ("number", Value::Number(number)) => bounds(schema, number.as_f64().unwrap(), path, found),
        ("boolean", Value::Bool(_)) => {}
        (expected, _) => found.push(format!("{path}: must be of type {expected}")),
    }
}

/// Without a type, what is said of strings goes for strings, of fields for objects, of items for lists; what is said of
/// nothing may be anything.
fn untyped(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) => string(schema, text, path, found),
        Value::Array(items) if schema["items"].is_object() => array(schema, items, path, found),
        Value::Object(fields) => {
            let known = fields.iter().filter_map(|(name, value)| Some((name, value, schema["properties"].get(name)?)));
            known.for_each(|(name, value, schema)| check(schema, value, &format!("{path}.{name}"), found));
        }
        _ => {}
    }
}

fn object(schema: &Value, fields: &Map<String, Value>, path: &str, found: &mut Vec<String>) {
    for required in schema["required"].as_array().into_iter().flatten() {
        let name = required.as_str().unwrap();
        if !fields.contains_key(name) {
            found.push(format!("{path}.{name}: required"));
        }
    }
    size(schema, "Properties", fields.len(), path, found);
    for (name, value) in fields {
        let path = format!("{path}.{name}");
        let metadata = path == ".metadata" || path == ".apiVersion" || path == ".kind";
        match schema["properties"].get(name).or(schema.get("additionalProperties")) {
            Some(schema) => check(schema, value, &path, found),
            None if metadata => {}
            None => found.push(format!("{path}: unknown field")),
        }
    }
}

fn array(schema: &Value, items: &[Value], path: &str, found: &mut Vec<String>) {
    size(schema, "Items", items.len(), path, found);
    let identity = |item: &Value| match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => Some(item.to_string()),
        Some("map") => {
            let keys = schema["x-kubernetes-list-map-keys"].as_array().unwrap();
            Some(keys.iter().map(|key| item[key.as_str().unwrap()].to_string()).collect())
        }
        _ => None,
    };
    let identities: Vec<_> = items.iter().filter_map(identity).collect();
    if identities.iter().collect::<BTreeSet<_>>().len() < identities.len() {
        found.push(format!("{path}: duplicate value"));
    }
    for (index, item) in items.iter().enumerate() {
        check(&schema["items"], item, &format!("{path}[{index}]"), found);
    }
}

fn string(schema: &Value, text: &str, path: &str, found: &mut Vec<String>) {
    size(schema, "Length", text.chars().count(), path, found);
    let matches = |pattern: &str| Regex::new(pattern).unwrap().is_match(text);
    if let Some(pattern) = schema["pattern"].as_str().filter(|pattern| !matches(pattern)) {
        found.push(format!("{path}: {text:?} must match {pattern}"));
    }
}

fn bounds(schema: &Value, number: f64, path: &str, found: &mut Vec<String>) {
    if schema["minimum"].as_f64().is_some_and(|minimum| number < minimum)
        || schema["maximum"].as_f64().is_some_and(|maximum| number > maximum)
    {
        found.push(format!("{path}: {number} is out of bounds"));
    }
}

fn size(schema: &Value, what: &str, size: usize, path: &str, found: &mut Vec<String>) {
    let bound = |side: &str| schema[format!("{side}{what}")].as_u64().map(|bound| bound as usize);
    if bound("min").is_some_and(|least| size < least) || bound("max").is_some_and(|most| size > most) {
        found.push(format!("{path}: {size} {what} are out of bounds"));
    }
}
