//! JSON as a map from path to what stands there, and back: so that a difference names the very field, as
//! `fields.spec.template.spec.containers`.
//!
//! Objects are taken apart, lists and late values are not. The parts of a path are joined by dots; a dot within a key is
//! written `~1` and a tilde `~0`, as JSON Pointer (RFC 6901) does with its own separator.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::val::marked;

pub(super) fn serialize<S: Serializer>(fields: &Map<String, Value>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut flat = Map::new();
    for (key, value) in fields {
        split(&escape(key), value, &mut flat);
    }
    flat.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    let flat = Map::deserialize(deserializer)?;
    let mut fields = Map::new();
    for (path, value) in flat {
        join(&mut fields, &path, value).map_err(serde::de::Error::custom)?;
    }
    Ok(fields)
}

fn split(path: &str, value: &Value, flat: &mut Map<String, Value>) {
    match value {
        Value::Null => {}
        Value::Object(fields) if !fields.is_empty() && marked(value).is_none() => {
            for (key, field) in fields {
                split(&format!("{path}.{}", escape(key)), field, flat);
            }
        }
        whole => {
            flat.insert(path.into(), whole.clone());
        }
    }
}

fn join(fields: &mut Map<String, Value>, path: &str, value: Value) -> Result<(), String> {
    let Some((first, rest)) = path.split_once('.') else {
        fields.insert(unescape(path), value);
        return Ok(());
    };
    match fields.entry(unescape(first)).or_insert_with(|| Map::new().into()) {
        Value::Object(inner) => join(inner, rest, value),
        _ => Err(format!("{first} is a value and has fields")),
    }
}

/// Takes what lies at a path, as `spec.template`, out of the fields. The parts of the path have no dots in them.
pub fn take(fields: &mut Map<String, Value>, path: &str) -> Option<Value> {
    match path.split_once('.') {
        Some((first, rest)) => take(fields.get_mut(first)?.as_object_mut()?, rest),
        None => fields.remove(path),
    }
}

/// Puts a value at a path, as [`take`] has it.
pub fn put(fields: &mut Map<String, Value>, path: &str, value: Value) {
    let Some((first, rest)) = path.split_once('.') else {
        fields.insert(path.into(), value);
        return;
    };
    let inner = fields.entry(first).or_insert_with(|| Map::new().into());
    if let Some(inner) = inner.as_object_mut() {
        put(inner, rest, value);
    }
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('.', "~1")
}

fn unescape(key: &str) -> String {
    key.replace("~1", ".").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Split(#[serde(with = "super")] Map<String, Value>);

    fn flat(value: &Value) -> Value {
        serde_json::to_value(Split(value.as_object().cloned().expect("an object"))).expect("JSON")
    }

    fn whole(flat: Value) -> Value {
        serde_json::from_value::<Split>(flat).expect("paths").0.into()
    }

    #[test]
    fn objects_are_taken_apart_and_lists_and_late_values_are_not() {
        let late = json!({"$terrace": {"node": "db", "output": "arn"}});
        let value = json!({"spec": {"replicas": 3, "none": null, "empty": {}, "list": [{"a": 1}], "late": late},
                           "data": {"app.yaml": "x", "a~b": "y"}});
        let split = json!({"spec.replicas": 3, "spec.empty": {}, "spec.list": [{"a": 1}], "spec.late": late,
                           "data.app~1yaml": "x", "data.a~0b": "y"});
        assert_eq!(flat(&value), split);
        let mut expected = value;
        expected["spec"].as_object_mut().expect("an object").remove("none");
        assert_eq!(whole(split), expected);
    }

    #[test]
    fn a_path_through_a_value_is_refused() {
        assert!(serde_json::from_value::<Split>(json!({"a": 1, "a.b": 2})).is_err());
    }

    #[test]
    fn what_was_taken_from_a_path_can_be_put_there_again() {
        let whole = json!({"spec": {"template": {"spec": {}}, "replicas": 1}}).as_object().cloned().expect("an object");
        let mut less = whole.clone();
        let template = take(&mut less, "spec.template").expect("it is there");
        assert_eq!(Value::from(less.clone()), json!({"spec": {"replicas": 1}}));
        assert_eq!(take(&mut less, "spec.template"), None);
        put(&mut less, "spec.template", template);
        assert_eq!(less, whole);
        let mut bare = Map::new();
        put(&mut bare, "spec.a.b", json!(1));
        assert_eq!(Value::from(bare), json!({"spec": {"a": {"b": 1}}}));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<bool>().prop_map(Value::from), any::<i32>().prop_map(Value::from)];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a.~1]{0,3}", inner, 0..4)
                    .prop_map(|fields| fields.into_iter().collect::<Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_was_taken_apart_comes_together_again(fields in prop::collection::btree_map("[a.~1]{0,3}", json(), 0..4)) {
            let value: Value = fields.into_iter().collect::<Map<_, _>>().into();
            prop_assert_eq!(whole(flat(&value)), value);
        }
    }
}
