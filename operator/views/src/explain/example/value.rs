//! A value that a schema admits: a curated one, its default, its first choice, its least.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use serde_json::{Map, Value, json};

use super::super::words::words;
use super::CURATED;

/// Sets the field of these names in a value, unless it is set: through the first item of each list, and with what is
/// required on the way. `path` is where the value stands.
pub(super) fn set(schema: &JSONSchemaProps, names: &[String], path: &str, value: &mut Value) {
    let Some((name, rest)) = names.split_first() else {
        if value.is_null() {
            *value = of(schema, path);
        }
        return;
    };
    if let Some(JSONSchemaPropsOrArray::Schema(each)) = &schema.items {
        if !value.get(0).is_some_and(Value::is_object) {
            *value = json!([required(each, path)]);
        }
        return value.get_mut(0).into_iter().for_each(|first| set(each, names, path, first));
    }
    if !value.is_object() {
        *value = Value::Object(required(schema, path));
    }
    let field = schema.properties.as_ref().and_then(|known| known.get(name));
    if let (Some(field), Value::Object(fields)) = (field, value) {
        set(field, rest, &format!("{path}.{name}"), fields.entry(name.clone()).or_insert(Value::Null));
    }
}

/// A value for a schema at a path.
fn of(schema: &JSONSchemaProps, path: &str) -> Value {
    let listed = schema.type_.as_deref() == Some("array");
    if let Some(sample) = CURATED.sample(path) {
        return if listed && !sample.is_array() { json!([sample]) } else { sample.clone() };
    }
    let default = schema.default.as_ref().map(|default| &default.0).filter(|default| says_something(default));
    let first = schema.enum_.iter().flatten().next().map(|choice| &choice.0);
    match (default.or(first), schema.type_.as_deref()) {
        (Some(value), _) => value.clone(),
        (None, Some("object")) => object(schema, path),
        (None, Some("array")) => match &schema.items {
            Some(JSONSchemaPropsOrArray::Schema(each)) => json!([of(each, path)]),
            _ => json!([]),
        },
        (None, Some("integer")) => json!(schema.minimum.unwrap_or(1.0) as i64),
        (None, Some("number")) => json!(schema.minimum.unwrap_or(1.0)),
        (None, Some("boolean")) => json!(true),
        (None, _) => text(schema),
    }
}

/// Whether a default shows how the field is written.
fn says_something(default: &Value) -> bool {
    match default {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

fn text(schema: &JSONSchemaProps) -> Value {
    match words(schema).into_iter().next() {
        Some(word) => json!(word),
        None if schema.format.as_deref() == Some("date-time") => json!("2026-07-01T10:00:00Z"),
        None => json!("example"),
    }
}

/// What is required of an object; else what has a default; else its first field.
fn object(schema: &JSONSchemaProps, path: &str) -> Value {
    if let Some(JSONSchemaPropsOrBool::Schema(each)) = &schema.additional_properties {
        return json!({ "example": of(each, path) });
    }
    let required = required(schema, path);
    if !required.is_empty() {
        return Value::Object(required);
    }
    let fields = || schema.properties.iter().flatten();
    let defaults = fields().filter_map(|(name, field)| Some((name.clone(), field.default.as_ref()?.0.clone())));
    let defaults: Map<String, Value> = defaults.filter(|(_, default)| says_something(default)).collect();
    if !defaults.is_empty() {
        return Value::Object(defaults);
    }
    let first = fields().next().map(|(name, field)| (name.clone(), of(field, &format!("{path}.{name}"))));
    Value::Object(first.into_iter().collect())
}

fn required(schema: &JSONSchemaProps, path: &str) -> Map<String, Value> {
    let names = schema.required.iter().flatten();
    let field =
        |name: &String| Some((name.clone(), of(schema.properties.as_ref()?.get(name)?, &format!("{path}.{name}"))));
    names.filter_map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(schema: Value) -> JSONSchemaProps {
        serde_json::from_value(schema).expect("a schema")
    }

    #[test]
    fn a_value_is_the_default_or_the_first_choice_or_the_least() {
        for (of_type, value) in [
            (json!({"type": "string", "default": "b", "enum": ["a", "b"]}), json!("b")),
            (json!({"type": "string", "enum": ["a", "b"]}), json!("a")),
            (json!({"type": "integer", "minimum": 7}), json!(7)),
            (json!({"type": "boolean"}), json!(true)),
            (json!({"type": "array", "default": [], "items": {"type": "integer", "minimum": 2}}), json!([2])),
            (json!({"pattern": "^(All|None)$", "items": {"type": "string"}}), json!("All")),
            (json!({"type": "string", "format": "date-time"}), json!("2026-07-01T10:00:00Z")),
        ] {
            assert_eq!(of(&schema(of_type), "x"), value);
        }
    }

    #[test]
    fn an_object_has_what_is_required_or_what_has_a_default_or_its_first_field() {
        let whole = json!({"type": "integer", "minimum": 1});
        let five = json!({"type": "integer", "default": 5});
        let object = |fields: Value, required: Value| {
            of(&schema(json!({"type": "object", "properties": fields, "required": required})), "x")
        };
        assert_eq!(object(json!({"b": whole, "c": five}), json!(["b"])), json!({"b": 1}));
        assert_eq!(object(json!({"b": whole, "c": five}), Value::Null), json!({"c": 5}));
        assert_eq!(object(json!({"b": whole, "c": whole}), Value::Null), json!({"b": 1}));
    }

    #[test]
    fn a_field_is_set_through_lists_and_over_words_and_what_stands_is_kept() {
        let whole = schema(json!({"type": "object", "properties": {"list": {"type": "array", "items": {
            "type": "object", "required": ["a"],
            "properties": {
                "a": {"type": "integer", "minimum": 1}, "b": {"type": "integer", "minimum": 2},
                "w": {"pattern": "^(All)$", "properties": {"c": {"type": "boolean"}}},
            },
        }}}}));
        let set = |path: &str, mut value: Value| {
            set(&whole, &path.split('.').map(str::to_owned).collect::<Vec<_>>(), "x", &mut value);
            value
        };
        assert_eq!(set("list.b", json!({})), json!({"list": [{"a": 1, "b": 2}]}));
        assert_eq!(set("list.b", json!({"list": [{"a": 9}, {"a": 8}]})), json!({"list": [{"a": 9, "b": 2}, {"a": 8}]}));
        assert_eq!(set("list.a", json!({"list": [{"a": 9}]})), json!({"list": [{"a": 9}]}));
        assert_eq!(set("list.w.c", json!({"list": [{"w": "All"}]})), json!({"list": [{"w": {"c": true}}]}));
    }
}
