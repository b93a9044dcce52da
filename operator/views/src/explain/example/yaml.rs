//! A manifest as YAML, its fields in the order in which people write them.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// Fields that come first, in this order; the others follow by name.
const FIRST: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "name",
    "namespace",
    "account",
    "region",
    "engine",
    "engineVersion",
    "instanceClass",
    "nodeType",
    "image",
    "port",
    "hostnames",
    "zone",
    "origins",
    "path",
    "origin",
    "type",
    "size",
    "policy",
];

/// The value as YAML.
pub(super) fn text(value: &Value) -> String {
    serde_saphyr::to_string(&Ordered(value)).unwrap_or_default()
}

/// A value whose maps are written in our order, whatever order they keep themselves.
struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                fields.sort_by_key(|(name, _)| (rank(name), name.as_str()));
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, &Ordered(value))?;
                }
                map.end()
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(Ordered)),
            other => other.serialize(serializer),
        }
    }
}

fn rank(name: &str) -> usize {
    FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_stand_in_the_order_in_which_people_write_them() {
        let value = json!({"spec": {"b": [{"z": 1, "name": "x"}], "a": "17"}, "kind": "K", "apiVersion": "v1"});
        let text = text(&value);
        assert_eq!(serde_saphyr::from_str::<Value>(&text).expect("YAML"), value);
        let places: Vec<_> = ["apiVersion", "kind", "spec", "a:", "b:", "name", "z"].map(|key| text.find(key)).into();
        assert!(places.is_sorted(), "{text}");
    }
}
