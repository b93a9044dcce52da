//! For tests: a judge that refuses what an API server refuses, and what the types read.

use kube::core::cel::{CompiledSchema, Validator, apply_defaults, compile_schema};
use serde::de::DeserializeOwned;
use serde_json::Value;
use terrace_crds::{CacheTier, DataTier, EdgeTier, Environment, Kind, ObjectTier, TierGrant, WebApp};

#[path = "../../../../crds/tests/schemas/support/structural.rs"]
mod structural;

/// Refuses what an API server with the schema of one kind refuses.
pub(crate) struct Judge {
    schema: Value,
    rules: CompiledSchema,
}

impl Judge {
    pub(crate) fn of(kind: &Kind) -> Self {
        let definition = kind.crd();
        let version = definition.spec.versions[0].schema.as_ref().expect("a schema");
        let schema = serde_json::to_value(&version.open_api_v3_schema).expect("JSON");
        Self { rules: compile_schema(&schema), schema }
    }

    /// What of an object is of the wrong type, out of bounds, missing, or of no field that there is.
    pub(crate) fn misfits(&self, object: &Value) -> Vec<String> {
        structural::problems(&self.schema, &apply_defaults(&self.schema, object))
    }

    /// The same, and the rules that it breaks.
    pub(crate) fn refusals(&self, object: &Value) -> Vec<String> {
        let mut refusals = self.misfits(object);
        let object = apply_defaults(&self.schema, object);
        if let Err(errors) = Validator::new().validate_compiled(&self.rules, &object, None) {
            refusals.extend(errors.iter().map(ToString::to_string));
        }
        refusals
    }
}

/// Why the type of a kind does not read an object.
pub(crate) fn unread(kind: &str, object: Value) -> Option<String> {
    fn read<T: DeserializeOwned>(object: Value) -> Option<String> {
        serde_json::from_value::<T>(object).err().map(|error| error.to_string())
    }
    match kind {
        "CacheTier" => read::<CacheTier>(object),
        "DataTier" => read::<DataTier>(object),
        "EdgeTier" => read::<EdgeTier>(object),
        "Environment" => read::<Environment>(object),
        "ObjectTier" => read::<ObjectTier>(object),
        "TierGrant" => read::<TierGrant>(object),
        "WebApp" => read::<WebApp>(object),
        other => Some(format!("{other} has no type here")),
    }
}
