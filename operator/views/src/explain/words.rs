//! A schema in words: its type, its default, its bounds, its choices.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use serde_json::Value;

use super::find::item;

/// The type: `string`, `[]object`, `map[string]string`, `string or object`.
pub(super) fn type_of(schema: &JSONSchemaProps) -> String {
    let items = match &schema.items {
        Some(JSONSchemaPropsOrArray::Schema(each)) => Some(format!("[]{}", type_of(each))),
        _ => None,
    };
    match (schema.type_.as_deref(), items) {
        (Some("object"), _) => match &schema.additional_properties {
            Some(JSONSchemaPropsOrBool::Schema(each)) => format!("map[string]{}", type_of(each)),
            _ => "object".into(),
        },
        (Some("array"), Some(items)) => items,
        (Some(other), _) => other.into(),
        // A word, or more than a word.
        (None, Some(items)) => format!("string or {items}"),
        (None, None) if schema.pattern.is_some() && schema.properties.is_some() => "string or object".into(),
        (None, None) => "any".into(),
    }
}

/// What holds where nothing is said, as it is written in a line: an object by dots, since its fields say the rest.
pub(super) fn default_in_short(schema: &JSONSchemaProps) -> Option<String> {
    let default = schema.default.as_ref().map(|default| &default.0)?;
    Some(match default {
        Value::Object(fields) if fields.is_empty() => "{}".into(),
        Value::Object(_) => "{...}".into(),
        Value::String(text) if text.is_empty() => "\"\"".into(),
        other => scalar(other),
    })
}

/// A value as it is written in a line of text.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(scalar).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// The values that there are to choose from: those of an enum, of the items of a list, or the words beside which more may
/// be said.
pub(super) fn choices(schema: &JSONSchemaProps) -> Vec<Value> {
    match &item(schema).enum_ {
        Some(choices) => choices.iter().map(|choice| choice.0.clone()).collect(),
        None => words(schema).into_iter().map(Value::String).collect(),
    }
}

/// The words of a pattern that is nothing else: `^(All|None)$`.
pub(super) fn words(schema: &JSONSchemaProps) -> Vec<String> {
    let pattern = schema.pattern.as_deref().or(item(schema).pattern.as_deref()).unwrap_or_default();
    let listed = pattern.strip_prefix("^(").and_then(|rest| rest.strip_suffix(")$")).unwrap_or_default();
    let plain = |word: &&str| !word.is_empty() && word.chars().all(char::is_alphanumeric);
    let words: Vec<&str> = listed.split('|').collect();
    if words.iter().all(plain) { words.into_iter().map(str::to_owned).collect() } else { Vec::new() }
}

/// What a value must keep to, a phrase each.
pub(super) fn bounds(schema: &JSONSchemaProps) -> Vec<String> {
    let mut bounds = own_bounds(schema);
    bounds.extend(list_type(schema));
    if let Some(JSONSchemaPropsOrArray::Schema(each)) = &schema.items {
        bounds.extend(own_bounds(each).into_iter().map(|bound| format!("each {bound}")));
    }
    if let Some(JSONSchemaPropsOrBool::Schema(each)) = &schema.additional_properties {
        bounds.extend(own_bounds(each).into_iter().map(|bound| format!("each value {bound}")));
    }
    bounds
}

fn own_bounds(schema: &JSONSchemaProps) -> Vec<String> {
    let number = |number: f64| Value::from(number).to_string().trim_end_matches(".0").to_owned();
    let count = |count: i64| count.to_string();
    let pattern = schema.pattern.as_ref().filter(|_| words(schema).is_empty());
    [
        range(schema.minimum.map(number), schema.maximum.map(number), ""),
        range(schema.min_length.map(count), schema.max_length.map(count), " characters"),
        range(schema.min_items.map(count), schema.max_items.map(count), " items"),
        range(schema.min_properties.map(count), schema.max_properties.map(count), " entries"),
        pattern.map(|pattern| format!("matches {pattern}")),
        schema.format.as_deref().filter(|format| *format == "date-time").map(|_| "a time in RFC 3339".into()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn range(least: Option<String>, most: Option<String>, of: &str) -> Option<String> {
    match (least, most) {
        (Some(least), Some(most)) if least == most => Some(format!("exactly {least}{of}")),
        (Some(least), Some(most)) => Some(format!("{least} to {most}{of}")),
        (Some(least), None) => Some(format!("at least {least}{of}")),
        (None, Some(most)) => Some(format!("at most {most}{of}")),
        (None, None) => None,
    }
}

/// How server-side apply merges a list.
fn list_type(schema: &JSONSchemaProps) -> Option<String> {
    let keys = || schema.x_kubernetes_list_map_keys.as_deref().unwrap_or_default().join(" and ");
    match schema.x_kubernetes_list_type.as_deref()? {
        "set" => Some("no value twice".into()),
        "map" => Some(format!("each with another {}", keys())),
        "atomic" => Some("set as a whole".into()),
        _ => None,
    }
}

/// The description in paragraphs, each without the breaks of its lines.
pub(super) fn paragraphs(schema: &JSONSchemaProps) -> Vec<String> {
    let text = schema.description.as_deref().unwrap_or_default();
    let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.split("\n\n").map(joined).filter(|text| !text.is_empty()).collect()
}

/// The first sentence of the description.
pub(super) fn summary(schema: &JSONSchemaProps) -> String {
    let text = paragraphs(schema).into_iter().next().unwrap_or_default();
    let ends = |(at, _): &(usize, &str)| text[at + 2..].starts_with(|next: char| !next.is_lowercase());
    match text.match_indices(". ").find(ends) {
        Some((at, _)) => text[..=at].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema(schema: Value) -> JSONSchemaProps {
        serde_json::from_value(schema).expect("a schema")
    }

    #[test]
    fn types_are_named_as_people_write_them() {
        let text = json!({"type": "string"});
        for (of, named) in [
            (json!({"type": "integer"}), "integer"),
            (json!({"type": "array", "items": {"type": "array", "items": text}}), "[][]string"),
            (json!({"type": "object", "additionalProperties": text}), "map[string]string"),
            (json!({"pattern": "^(All|None)$", "items": text}), "string or []string"),
            (json!({"pattern": "^(All|None)$", "properties": {}}), "string or object"),
            (json!({"x-kubernetes-preserve-unknown-fields": true}), "any"),
        ] {
            assert_eq!(type_of(&schema(of)), named);
        }
    }

    #[test]
    fn bounds_are_phrases_also_of_what_a_list_is_of() {
        let list = schema(json!({
            "type": "array", "minItems": 1, "maxItems": 5, "x-kubernetes-list-type": "set",
            "items": {"type": "string", "maxLength": 9, "pattern": "^[a-z]+$"},
        }));
        let expected = ["1 to 5 items", "no value twice", "each at most 9 characters", "each matches ^[a-z]+$"];
        assert_eq!(bounds(&list), expected);
        let number = |least: Value, most: Value| bounds(&schema(json!({"minimum": least, "maximum": most})));
        assert_eq!(number(json!(10), json!(65535)), ["10 to 65535"]);
        assert_eq!(number(json!(0.5), Value::Null), ["at least 0.5"]);
        assert_eq!(number(json!(3), json!(3)), ["exactly 3"]);
        assert_eq!(
            bounds(&schema(json!({"maxProperties": 40, "additionalProperties": {"maxLength": 2}}))),
            ["at most 40 entries", "each value at most 2 characters"]
        );
    }

    #[test]
    fn choices_are_those_of_an_enum_or_the_words_of_a_pattern() {
        assert_eq!(choices(&schema(json!({"items": {"enum": ["A", "B"]}}))), ["A", "B"]);
        assert_eq!(choices(&schema(json!({"pattern": "^(Disabled|Optimized)$"}))), ["Disabled", "Optimized"]);
        assert!(choices(&schema(json!({"pattern": "^([A-Z]{2}|\\*)$"}))).is_empty());
        assert!(bounds(&schema(json!({"pattern": "^(All|None)$"}))).is_empty());
    }

    #[test]
    fn the_summary_is_the_first_sentence_and_no_abbreviation_ends_it() {
        let said = |text: &str| summary(&schema(json!({"description": text})));
        assert_eq!(said("The version, such as 17 or\n17.5. A shorter one does."), "The version, such as 17 or 17.5.");
        assert_eq!(said("Some, e.g. these. More."), "Some, e.g. these.");
        assert_eq!(said("One word"), "One word");
        assert_eq!(said(""), "");
    }

    #[test]
    fn a_default_is_written_in_short() {
        let short = |default: Value| default_in_short(&schema(json!({"default": default})));
        assert_eq!(short(json!({"mode": "None"})).as_deref(), Some("{...}"));
        assert_eq!(short(json!(["a", 1])).as_deref(), Some("[a, 1]"));
        assert_eq!(short(json!("")).as_deref(), Some("\"\""));
        assert_eq!(default_in_short(&schema(json!({}))), None);
    }
}
