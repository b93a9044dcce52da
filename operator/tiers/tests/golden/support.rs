//! The smallest manifests with changes, and the judgement of the API server's CEL rules.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kube::core::cel::{CompiledSchema, Validator, apply_defaults, compile_schema};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use terrace_crds::{CacheTier, DataTier, EdgeTier, KINDS, Kind, ObjectTier, WebApp};
use terrace_model::Graph;
use terrace_model::aws::kinds;
use terrace_tiers::{Facts, Tier, samples};

/// The schema of every kind, and its rules compiled.
static RULES: LazyLock<BTreeMap<&str, (Value, CompiledSchema)>> = LazyLock::new(|| {
    let compiled = |kind: &Kind| {
        let schema = serde_json::to_value(kind.crd().spec.versions[0].schema.as_ref().unwrap()).unwrap();
        let schema = schema["openAPIV3Schema"].clone();
        let rules = compile_schema(&schema);
        (kind.kind, (schema, rules))
    };
    KINDS.iter().map(compiled).collect()
});

/// Why CEL refuses this new object; nothing when it does not.
pub fn cel_refusals(object: &Value) -> Vec<String> {
    let (schema, rules) = &RULES[object["kind"].as_str().unwrap()];
    let object = apply_defaults(schema, object);
    match Validator::new().validate_compiled(rules, &object, None) {
        Ok(()) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

/// The smallest DataTier after a merge patch of its spec (RFC 7396).
pub fn tier(change: Value) -> DataTier {
    let spec = json!({
        "engine": "postgres",
        "engineVersion": "17",
        "instanceClass": "db.r8g.large",
        "storage": {"size": "100Gi"},
    });
    object("DataTier", "orders", spec, change)
}

/// The smallest CacheTier after a merge patch of its spec.
pub fn cache(change: Value) -> CacheTier {
    object("CacheTier", "sessions", json!({"engineVersion": "8.2", "nodeType": "cache.r7g.large"}), change)
}

/// The smallest ObjectTier after a merge patch of its spec.
pub fn bucket(change: Value) -> ObjectTier {
    object("ObjectTier", "assets", json!({}), change)
}

/// The smallest WebApp after a merge patch of its spec.
pub fn web(change: Value) -> WebApp {
    object("WebApp", "shop", json!({"image": "shop:1"}), change)
}

/// The smallest EdgeTier after a merge patch of its spec.
pub fn edge(change: Value) -> EdgeTier {
    let spec = json!({
        "hostnames": ["shop.example.com"],
        "zone": {"name": "example.com"},
        "origins": [{"name": "web", "webAppRef": {"name": "shop"}}],
        "routes": [{"path": "/*", "origin": "web"}],
    });
    object("EdgeTier", "shop", spec, change)
}

/// What is wrong with a tier in its usual facts after this change of them.
pub fn refusals<T: Tier>(tier: &T, change: impl FnOnce(&mut Facts)) -> Vec<String> {
    let mut facts = samples::facts(tier);
    change(&mut facts);
    match tier.expand(&facts) {
        Ok(_) => Vec::new(),
        Err(invalid) => invalid.problems.iter().map(ToString::to_string).collect(),
    }
}

/// That a graph can be walked, under ids that status admits, and wishes only what its kinds read back unchanged.
pub fn walks(graph: &Graph) {
    assert_eq!(graph.check(), Ok(()));
    let kinds = kinds();
    for (id, node) in graph.nodes() {
        assert!(id.len() <= 128 && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
        let spec = kinds.iter().find(|spec| spec.kind == node.kind).unwrap();
        assert_eq!((spec.normalise)(&node.want).as_ref(), Ok(&node.want), "{id}");
    }
}

fn object<T: DeserializeOwned>(kind: &str, name: &str, mut spec: Value, change: Value) -> T {
    merge(&mut spec, change);
    let object = json!({
        "apiVersion": "terrace.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop"},
        "spec": spec,
    });
    serde_json::from_value(object).expect("a tier")
}

fn merge(target: &mut Value, change: Value) {
    match (target, change) {
        (Value::Object(fields), Value::Object(changes)) => {
            for (name, change) in changes {
                if change.is_null() {
                    fields.remove(&name);
                } else {
                    merge(fields.entry(name).or_insert(Value::Null), change);
                }
            }
        }
        (target, change) => *target = change,
    }
}
