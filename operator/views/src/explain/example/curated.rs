//! What a schema cannot say of a good example: the smallest spec of each kind, what goes with a field, and sensible values.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

/// What `curated.yaml` says. A test reads it; were it unreadable, examples would be made of the schema alone.
pub(super) static CURATED: LazyLock<Curated> =
    LazyLock::new(|| serde_saphyr::from_str(include_str!("curated.yaml")).unwrap_or_default());

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Curated {
    pub kinds: BTreeMap<String, Of>,
    samples: BTreeMap<String, Value>,
}

/// What is said of one kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Of {
    /// What the object is called.
    pub name: String,
    /// Its smallest sensible spec.
    pub base: Value,
    /// By field, what must be otherwise in the spec (JSON merge patches).
    pub with: BTreeMap<String, Value>,
}

impl Curated {
    /// A sensible value by the end of a path, the longest that is known: `dataTierRef.name` before `name`.
    pub(super) fn sample(&self, path: &str) -> Option<&Value> {
        let ends = path.match_indices('.').map(|(at, _)| &path[at + 1..]);
        [path].into_iter().chain(ends).find_map(|end| self.samples.get(end))
    }
}

/// A merge patch (RFC 7396): objects are merged, null removes, anything else replaces.
pub(super) fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let Value::Object(fields) = value else { return };
    for (name, patch) in patch {
        match patch {
            Value::Null => drop(fields.remove(name)),
            patch => merge(fields.entry(name.clone()).or_insert(Value::Null), patch),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_is_curated() {
        let read: Result<Curated, _> = serde_saphyr::from_str(include_str!("curated.yaml"));
        let kinds: Vec<String> = read.expect("readable").kinds.into_keys().collect();
        assert_eq!(kinds, terrace_crds::KINDS.iter().map(|kind| kind.kind).collect::<Vec<_>>());
    }

    #[test]
    fn each_entry_is_of_a_field_that_there_is() {
        for (kind, of) in &CURATED.kinds {
            for field in of.with.keys() {
                let path = super::super::super::explain(&format!("{kind}.{field}")).expect("known").path;
                assert_eq!(path, format!("{kind}.spec.{field}"));
            }
        }
    }

    #[test]
    fn the_longest_end_of_a_path_decides() {
        let sample = |path: &str| CURATED.sample(path).cloned();
        assert_eq!(sample("WebApp.bindings.cacheTierRef.name"), Some(json!("sessions")));
        assert_eq!(sample("WebApp.bindings.colour"), None);
    }

    #[test]
    fn patches_merge_as_rfc_7396_has_it() {
        let mut value = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": "text"});
        merge(&mut value, &json!({"a": null, "b": {"c": null, "x": [1]}, "e": {"f": 1}}));
        assert_eq!(value, json!({"b": {"d": 3, "x": [1]}, "e": {"f": 1}}));
    }
}
