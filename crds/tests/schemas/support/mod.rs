//! What the tests of the schemas share: the kinds, tables of rules, and a judge that refuses what an API server refuses.

mod structural;

use kube::core::cel::{CompiledSchema, Validator, apply_defaults, compile_schema};
use serde::Deserialize;
use serde_json::{Value, json};
use terrace_crds::{CacheTier, DataTier, EdgeTier, Environment, KINDS, Kind, ObjectTier, TierGrant, WebApp};

/// One table of `tests/rules`: a smallest spec, and for each rule what it admits and what it refuses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    pub kind: String,
    pub base: Value,
    pub rules: Vec<Rule>,
}

/// A rule, known by what its message says, with patches of the base spec.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    pub says: String,
    #[serde(default)]
    pub admits: Vec<Value>,
    #[serde(default)]
    pub refuses: Vec<Value>,
    #[serde(default)]
    pub admits_edit: Vec<Edit>,
    #[serde(default)]
    pub refuses_edit: Vec<Edit>,
}

/// An edit of an object that exists: `from` patches the base, `to` patches what came of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    pub from: Value,
    pub to: Value,
}

/// The tables of all kinds.
pub fn tables() -> Vec<Table> {
    [
        include_str!("../../rules/cachetiers.yaml"),
        include_str!("../../rules/datatiers.yaml"),
        include_str!("../../rules/edgetiers.yaml"),
        include_str!("../../rules/environments.yaml"),
        include_str!("../../rules/tiergrants.yaml"),
        include_str!("../../rules/webapps.yaml"),
    ]
    .map(|yaml| serde_saphyr::from_str(yaml).unwrap())
    .into()
}

impl Table {
    pub fn kind(&self) -> &'static Kind {
        KINDS.iter().find(|kind| kind.kind == self.kind).unwrap()
    }

    /// The object whose spec is the base, patched.
    pub fn object(&self, patches: &[&Value]) -> Value {
        let mut spec = self.base.clone();
        patches.iter().for_each(|patch| json_patch::merge(&mut spec, patch));
        json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": self.kind, "metadata": {"name": "orders"}, "spec": spec,
        })
    }

    /// Every object that the table says is admitted.
    pub fn admitted(&self) -> Vec<Value> {
        let edited = |edit: &Edit| self.object(&[&edit.from, &edit.to]);
        let all = self.rules.iter().flat_map(|rule| {
            let new = rule.admits.iter().map(|patch| self.object(&[patch]));
            new.chain(rule.admits_edit.iter().map(edited))
        });
        all.chain([self.object(&[])]).collect()
    }
}

/// The schema that the API server gets.
pub fn schema(kind: &Kind) -> Value {
    let crd = kind.crd();
    let schema = crd.spec.versions[0].schema.as_ref().unwrap().open_api_v3_schema.as_ref().unwrap();
    serde_json::to_value(schema).unwrap()
}

/// Refuses what an API server with the schema of one kind refuses.
pub struct Judge {
    schema: Value,
    rules: CompiledSchema,
    validator: Validator,
}

impl Judge {
    /// The judge of a kind; its CEL rules are compiled once.
    pub fn of(kind: &Kind) -> Self {
        let schema = schema(kind);
        Self { rules: compile_schema(&schema), validator: Validator::new(), schema }
    }

    /// Why `object`, made new or, with `old`, in its place, is refused; nothing when it is admitted.
    pub fn refusals(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let object = apply_defaults(&self.schema, object);
        let mut refusals = structural::problems(&self.schema, &object);
        if let Err(errors) = self.validator.validate_compiled(&self.rules, &object, old) {
            refusals.extend(errors.iter().map(ToString::to_string));
        }
        refusals
    }
}

/// The spec as it comes out of the Rust type.
pub fn through_rust(kind: &str, object: Value) -> Value {
    fn spec<T: serde::de::DeserializeOwned + serde::Serialize>(object: Value) -> Value {
        let typed: T = serde_json::from_value(object).unwrap();
        serde_json::to_value(typed).unwrap()["spec"].clone()
    }
    match kind {
        "CacheTier" => spec::<CacheTier>(object),
        "ObjectTier" => spec::<ObjectTier>(object),
        "DataTier" => spec::<DataTier>(object),
        "EdgeTier" => spec::<EdgeTier>(object),
        "Environment" => spec::<Environment>(object),
        "TierGrant" => spec::<TierGrant>(object),
        "WebApp" => spec::<WebApp>(object),
        other => panic!("{other} has no type here"),
    }
}

/// The same value with every number a float, since 16 and 16.0 are the same in YAML.
pub fn floats(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64().unwrap()),
        Value::Array(items) => items.into_iter().map(floats).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, floats(value))).collect(),
        other => other,
    }
}
