//! Which fields are still as one manager applied them, by `managedFields`.
//!
//! The API server keeps there, for each field manager, the fields that it applied last and that nobody has changed since:
//! whoever changes or removes a field takes it out of the manager's entry in the same write. *What was changed behind our
//! back* is read from that and from nothing else. A digest of a password in an annotation would do the same, and would be
//! something to guess a weak password by; and a comparison with the object's content would find differences that are
//! none, where the API server writes a quantity in another way.
//!
//! How an entry names fields: https://kubernetes.io/docs/reference/using-api/server-side-apply, "Field management", and
//! sigs.k8s.io/structured-merge-diff, `fieldpath`: `f:` a field, `k:` an item of a list by its keys, `v:` one by its value,
//! `i:` one by its index. A list or map that is set as a whole (atomic) has nothing below it.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value};

/// The fields of one manager.
#[derive(Clone, Copy)]
pub struct Fields<'a>(Option<&'a Value>);

impl<'a> Fields<'a> {
    /// Those of `manager`.
    pub fn of(meta: &'a ObjectMeta, manager: &str) -> Self {
        let entries = meta.managed_fields.iter().flatten();
        let mut applied = entries.filter(|entry| {
            entry.manager.as_deref() == Some(manager)
                && entry.operation.as_deref() == Some("Apply")
                && entry.subresource.is_none()
        });
        Fields(applied.next().and_then(|entry| entry.fields_v1.as_ref()).map(|fields| &fields.0))
    }

    /// True where there are none at all.
    pub fn is_empty(self) -> bool {
        self.0.is_none()
    }

    /// True where the field at this path, as `["data", "host"]`, is among them.
    pub fn hold(self, path: &[&str]) -> bool {
        self.at(path.iter().map(|name| format!("f:{name}"))).is_some()
    }

    /// What of `applied` is still as it was applied. `path` is where that lies in the object.
    pub fn kept(self, path: &[&str], applied: &Value) -> Option<Value> {
        kept(applied, self.at(path.iter().map(|name| format!("f:{name}")))?)
    }

    /// As [`Fields::kept`], of the object itself.
    pub fn kept_of(self, applied: &Map<String, Value>) -> Map<String, Value> {
        self.0.map(|node| within(applied, node)).unwrap_or_default()
    }

    /// True where all that `wanted` sets of labels, annotations and owner references is among them.
    pub fn hold_metadata(self, wanted: &ObjectMeta) -> bool {
        let keys = |field, map: &Option<BTreeMap<String, String>>| {
            map.iter().flatten().all(|(key, _)| self.hold(&["metadata", field, key]))
        };
        let mut owners = wanted.owner_references.iter().flatten();
        keys("labels", &wanted.labels)
            && keys("annotations", &wanted.annotations)
            && owners.all(|owner| self.holds_owner(&owner.uid))
    }

    /// Owner references are a list by UID, and their path names that key as JSON.
    fn holds_owner(self, uid: &str) -> bool {
        let key = format!("k:{}", serde_json::json!({ "uid": uid }));
        self.at(["f:metadata".to_owned(), "f:ownerReferences".to_owned(), key]).is_some()
    }

    fn at(self, path: impl IntoIterator<Item = String>) -> Option<&'a Value> {
        path.into_iter().try_fold(self.0?, |fields, step| fields.get(&step))
    }
}

/// What of `applied` the part `node` of an entry names.
fn kept(applied: &Value, node: &Value) -> Option<Value> {
    match applied {
        _ if is_whole(node) => Some(applied.clone()),
        Value::Object(fields) if fields.is_empty() => Some(applied.clone()),
        Value::Array(items) if items.is_empty() => Some(applied.clone()),
        Value::Object(fields) => Some(within(fields, node)).filter(|kept| !kept.is_empty()).map(Value::from),
        Value::Array(items) => {
            let kept: Vec<_> =
                items.iter().enumerate().filter_map(|(at, item)| kept(item, item_of(node, at, item)?)).collect();
            (!kept.is_empty()).then(|| kept.into())
        }
        plain => Some(plain.clone()),
    }
}

fn within(fields: &Map<String, Value>, node: &Value) -> Map<String, Value> {
    let kept = |(name, field): (&String, &Value)| Some((name.clone(), kept(field, node.get(format!("f:{name}"))?)?));
    fields.iter().filter_map(kept).collect()
}

/// True where there is nothing below it. One that has lost all below it still has itself, which is written as a dot.
fn is_whole(node: &Value) -> bool {
    node.as_object().is_none_or(Map::is_empty)
}

/// The part of a list's `node` that is about this item.
fn item_of<'a>(node: &'a Value, index: usize, item: &Value) -> Option<&'a Value> {
    let is_it = |name: &str| match name.split_once(':') {
        Some(("k", keys)) => serde_json::from_str::<Map<_, _>>(keys).is_ok_and(|keys| has_keys(item, &keys)),
        Some(("v", value)) => serde_json::from_str::<Value>(value).is_ok_and(|value| value == *item),
        Some(("i", at)) => at.parse() == Ok(index),
        _ => false,
    };
    node.as_object()?.iter().find(|(name, _)| is_it(name)).map(|(_, inner)| inner)
}

/// A key that the item does not set is one that the API server filled in, as the protocol of a port.
fn has_keys(item: &Value, keys: &Map<String, Value>) -> bool {
    keys.iter().all(|(key, value)| item.get(key).is_none_or(|own| own == value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owned::metadata;
    use crate::testing::{id, kept as entry_of, lose};
    use serde_json::json;

    fn meta(managed: Value) -> ObjectMeta {
        serde_json::from_value(json!({ "managedFields": managed })).expect("metadata")
    }

    fn entry(manager: &str, operation: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields})
    }

    fn ours(applied: &Value, fields: Value) -> Value {
        let meta = meta(json!([entry("terrace/uid-1", "Apply", fields)]));
        Fields::of(&meta, "terrace/uid-1").kept_of(applied.as_object().expect("an object")).into()
    }

    #[test]
    fn only_what_we_applied_counts_as_ours() {
        let meta = meta(json!([
            entry("kubectl-edit", "Update", json!({"f:data": {"f:host": {}}})),
            entry("terrace/uid-1", "Update", json!({"f:data": {"f:user": {}}})),
            entry("terrace/uid-1", "Apply", json!({"f:data": {"f:port": {}}, "f:type": {}})),
        ]));
        let fields = Fields::of(&meta, "terrace/uid-1");
        assert!(fields.hold(&["data", "port"]) && fields.hold(&["type"]) && !fields.is_empty());
        assert!(
            !fields.hold(&["data", "host"]) && !fields.hold(&["data", "user"]) && !fields.hold(&["data", "port", "x"])
        );
        assert!(!Fields::of(&meta, "terrace/uid-2").hold(&["type"]));
        assert!(Fields::of(&ObjectMeta::default(), "terrace/uid-1").is_empty());
    }

    #[test]
    fn metadata_is_ours_while_all_of_it_is() {
        let wanted = metadata(&id(), "orders-binding", [("note".to_owned(), "n".to_owned())]);
        let whole = entry_of(&serde_json::to_value(&wanted).map(|meta| json!({ "metadata": meta })).expect("JSON"));
        let holds = |fields: Value| {
            let meta = meta(json!([entry("terrace/uid-1", "Apply", fields)]));
            Fields::of(&meta, "terrace/uid-1").hold_metadata(&wanted)
        };
        assert!(holds(whole.clone()));
        for lost in ["/f:metadata/f:labels", "/f:metadata/f:annotations", "/f:metadata/f:ownerReferences"] {
            let mut fields = whole.clone();
            *fields.pointer_mut(lost).expect("it is kept") = json!({});
            assert!(!holds(fields), "{lost}");
        }
    }

    fn applied() -> Value {
        json!({"spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "shop"}},
            "template": {"spec": {"containers": [
                {"name": "app", "image": "shop:1", "command": ["run", "it"],
                 "ports": [{"containerPort": 8080}], "env": [{"name": "HOST", "value": "db"}],
                 "resources": {"requests": {"cpu": "1000m"}}},
                {"name": "proxy", "image": "proxy:1"},
            ], "volumes": [{"name": "tmp", "emptyDir": {}}]}},
        }})
    }

    /// As the API server writes it for [`applied`].
    fn entry_of_applied() -> Value {
        json!({"f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:template": {"f:spec": {
                "f:containers": {
                    "k:{\"name\":\"app\"}": {
                        ".": {}, "f:name": {}, "f:image": {}, "f:command": {},
                        "f:ports": {"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}},
                        "f:env": {"k:{\"name\":\"HOST\"}": {".": {}, "f:name": {}, "f:value": {}}},
                        "f:resources": {"f:requests": {"f:cpu": {}}},
                    },
                    "k:{\"name\":\"proxy\"}": {".": {}, "f:name": {}, "f:image": {}},
                },
                "f:volumes": {"k:{\"name\":\"tmp\"}": {".": {}, "f:name": {}, "f:emptyDir": {}}},
            }},
        }})
    }

    #[test]
    fn what_nobody_changed_is_kept_whole() {
        assert_eq!(ours(&applied(), entry_of_applied()), applied());
    }

    #[test]
    fn what_left_our_entry_is_missing_however_deep_it_lies() {
        let app = ["f:spec", "f:template", "f:spec", "f:containers", "k:{\"name\":\"app\"}"];
        let of_app = |path: &[&'static str]| [&app[..], path].concat();
        let here = "/spec/template/spec/containers/0";
        for (lost, then) in [
            (vec!["f:spec", "f:replicas"], "/spec/replicas".to_owned()),
            (vec!["f:spec", "f:selector"], "/spec/selector".to_owned()),
            (of_app(&["f:image"]), format!("{here}/image")),
            (of_app(&["f:command"]), format!("{here}/command")),
            (of_app(&["f:ports"]), format!("{here}/ports")),
            (of_app(&["f:env", "k:{\"name\":\"HOST\"}", "f:value"]), format!("{here}/env/0/value")),
            (of_app(&["f:resources", "f:requests", "f:cpu"]), format!("{here}/resources/requests/cpu")),
        ] {
            let mut entry = entry_of_applied();
            lose(&mut entry, &lost);
            let kept = ours(&applied(), entry);
            assert!(kept.pointer(&then).is_none() && applied().pointer(&then).is_some(), "{then}: {kept}");
        }
    }

    #[test]
    fn an_item_that_was_taken_out_of_a_list_is_missing() {
        let mut entry = entry_of_applied();
        lose(&mut entry, &["f:spec", "f:template", "f:spec", "f:containers", "k:{\"name\":\"proxy\"}"]);
        let kept = ours(&applied(), entry);
        let names: Vec<_> = kept["spec"]["template"]["spec"]["containers"].as_array().into_iter().flatten().collect();
        assert_eq!(names.len(), 1);
    }

    #[test]
    fn items_of_sets_are_known_by_their_values() {
        let applied = json!({"finalizers": ["a", "b"]});
        let entry = json!({"f:finalizers": {"v:\"a\"": {}}});
        assert_eq!(ours(&applied, entry), json!({"finalizers": ["a"]}));
    }

    #[test]
    fn what_lost_all_that_was_set_in_it_is_missing_and_what_was_empty_is_not() {
        let applied = json!({"limits": {"cpu": "1"}, "emptyDir": {}, "args": []});
        let entry = json!({"f:limits": {".": {}}, "f:emptyDir": {".": {}}, "f:args": {".": {}}});
        assert_eq!(ours(&applied, entry), json!({"emptyDir": {}, "args": []}));
    }

    #[test]
    fn a_part_is_kept_from_where_it_lies() {
        let meta = meta(json!([entry("terrace/uid-1", "Apply", entry_of_applied())]));
        let fields = Fields::of(&meta, "terrace/uid-1");
        assert_eq!(fields.kept(&["spec", "replicas"], &json!(3)), Some(json!(3)));
        assert_eq!(fields.kept(&["spec", "paused"], &json!(true)), None);
    }
}
