//! The smallest manifest with changes, and the judgement of the API server's CEL rules.

use std::sync::LazyLock;

use kube::core::cel::{CompiledSchema, Validator, apply_defaults, compile_schema};
use serde_json::{Value, json};
use terrace_crds::{DataTier, KINDS};

static RULES: LazyLock<(Value, CompiledSchema)> = LazyLock::new(|| {
    let crd = KINDS.iter().find(|kind| kind.kind == "DataTier").unwrap().crd();
    let schema = serde_json::to_value(crd.spec.versions[0].schema.as_ref().unwrap()).unwrap();
    let schema = schema["openAPIV3Schema"].clone();
    let rules = compile_schema(&schema);
    (schema, rules)
});

/// Why CEL refuses this new object; nothing when it does not.
pub fn cel_refusals(object: &Value) -> Vec<String> {
    let (schema, rules) = &*RULES;
    let object = apply_defaults(schema, object);
    match Validator::new().validate_compiled(rules, &object, None) {
        Ok(()) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

/// The smallest DataTier after a merge patch of its spec (RFC 7396).
pub fn tier(change: Value) -> DataTier {
    let mut spec = json!({
        "engine": "postgres",
        "engineVersion": "17",
        "instanceClass": "db.r8g.large",
        "storage": {"size": "100Gi"},
    });
    merge(&mut spec, change);
    let object = json!({
        "apiVersion": "terrace.dev/v1alpha1",
        "kind": "DataTier",
        "metadata": {"name": "orders", "namespace": "shop"},
        "spec": spec,
    });
    serde_json::from_value(object).expect("a DataTier")
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
