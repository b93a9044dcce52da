//! What the definitions say of a manifest, without an API server: no field that there is not, and every type right.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use serde_json::Value;
use terrace_crds::{GROUP, VERSION};
use terrace_views::explain;

use super::manifests::Manifest;

/// Checks an object of ours; others are nobody's business here.
///
/// # Errors
/// The first thing that is wrong, and where.
pub fn check(manifest: &Manifest) -> Result<(), String> {
    let Manifest { source, value } = manifest;
    let (group, version) = value["apiVersion"].as_str().and_then(|text| text.split_once('/')).unwrap_or_default();
    if group != GROUP {
        return Ok(());
    }
    let kind = value["kind"].as_str().unwrap_or_default();
    let known = terrace_crds::KINDS.iter().find(|known| known.kind == kind);
    let Some(known) = known.filter(|_| version == VERSION) else {
        let kinds: Vec<&str> = terrace_crds::KINDS.iter().map(|known| known.kind).collect();
        return Err(format!("{source}: {GROUP}/{VERSION} has no such kind: it has {}", kinds.join(", ")));
    };
    if value["metadata"]["name"].as_str().is_none_or(str::is_empty) {
        return Err(format!("{source}: metadata.name is missing"));
    }
    let definition = known.crd();
    let schema = definition.spec.versions.first().and_then(|version| version.schema.as_ref());
    let spec = schema.and_then(|schema| schema.open_api_v3_schema.as_ref()?.properties.as_ref()?.get("spec"));
    match spec {
        Some(spec) => fields(spec, &value["spec"], "spec").map_err(|wrong| format!("{source}: {wrong}")),
        None => Ok(()),
    }
}

fn fields(schema: &JSONSchemaProps, value: &Value, path: &str) -> Result<(), String> {
    // What is null is not set.
    if value.is_null() && path != "spec" {
        return Ok(());
    }
    if schema.x_kubernetes_preserve_unknown_fields == Some(true) || schema.x_kubernetes_int_or_string == Some(true) {
        return Ok(());
    }
    typed(schema, value, path)?;
    match value {
        Value::Object(object) => {
            object.iter().try_for_each(|(name, value)| field(schema, name, value, &format!("{path}.{name}")))?;
            whole(schema, value, path)
        }
        Value::Array(items) => match &schema.items {
            Some(JSONSchemaPropsOrArray::Schema(item)) => {
                items.iter().enumerate().try_for_each(|(index, value)| fields(item, value, &format!("{path}[{index}]")))
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

fn field(schema: &JSONSchemaProps, name: &str, value: &Value, path: &str) -> Result<(), String> {
    match (schema.properties.as_ref().and_then(|known| known.get(name)), &schema.additional_properties) {
        (Some(field), _) => fields(field, value, path),
        (None, Some(JSONSchemaPropsOrBool::Schema(any))) => fields(any, value, path),
        (None, Some(JSONSchemaPropsOrBool::Bool(true))) => Ok(()),
        _ if value.is_null() => Ok(()),
        _ => {
            let known: Vec<&str> =
                schema.properties.iter().flat_map(|known| known.keys()).map(String::as_str).collect();
            Err(explain::absent("field", path, name, &known))
        }
    }
}

fn typed(schema: &JSONSchemaProps, value: &Value, path: &str) -> Result<(), String> {
    let Some(type_) = schema.type_.as_deref() else { return Ok(()) };
    let fits = match (type_, value) {
        (_, Value::Null) => true,
        ("object", Value::Object(_)) | ("array", Value::Array(_)) | ("string", Value::String(_)) => true,
        ("boolean", Value::Bool(_)) | ("number", Value::Number(_)) => true,
        ("integer", Value::Number(number)) => number.is_i64() || number.is_u64(),
        _ => false,
    };
    if !fits {
        return Err(format!("{path} is {value}, and must be of type {type_}"));
    }
    let choices = schema.enum_.iter().flatten().map(|choice| &choice.0).collect::<Vec<_>>();
    if !choices.is_empty() && !choices.contains(&value) {
        let choices: Vec<String> = choices.iter().map(ToString::to_string).collect();
        return Err(format!("{path} is {value}, and must be one of {}", choices.join(", ")));
    }
    Ok(())
}

fn whole(schema: &JSONSchemaProps, value: &Value, path: &str) -> Result<(), String> {
    match schema.required.iter().flatten().find(|name| value.get(*name).is_none_or(Value::is_null)) {
        Some(name) => Err(format!("{path}.{name} is missing")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn says(spec: Value) -> Result<(), String> {
        let value = json!({ "apiVersion": "terrace.dev/v1alpha1", "kind": "DataTier", "metadata": { "name": "a" }, "spec": spec });
        check(&Manifest { source: "f".into(), value })
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let right = json!({ "engine": "postgres", "engineVersion": "17", "instanceClass": "db.r8g.large", "storage": { "size": "100Gi" } });
        assert_eq!(says(right.clone()), Ok(()));
        for (field, value, expected) in [
            (
                "instanceClas",
                json!("db.r8g.large"),
                "f: there is no field spec.instanceClas: did you mean instanceClass?",
            ),
            ("engine", json!("oracle"), "f: spec.engine is \"oracle\", and must be one of "),
            ("engine", json!(3), "f: spec.engine is 3, and must be of type string"),
            ("replicas", json!({ "count": "two" }), "f: spec.replicas.count is \"two\", and must be of type integer"),
            ("storage", json!({ "sise": "100Gi" }), "f: there is no field spec.storage.sise: did you mean size?"),
        ] {
            let mut spec = right.clone();
            spec[field] = value;
            let refusal = says(spec).unwrap_err();
            assert!(refusal.starts_with(expected), "{refusal}");
        }
    }

    #[test]
    fn a_kind_or_version_that_there_is_not_is_refused_and_others_pass() {
        let of = |api: &str, kind: &str| {
            let value = json!({ "apiVersion": api, "kind": kind, "metadata": { "name": "a" } });
            check(&Manifest { source: "f".into(), value })
        };
        assert!(of("terrace.dev/v1", "DataTier").unwrap_err().contains("has no such kind"));
        assert!(of("terrace.dev/v1alpha1", "Database").unwrap_err().contains("DataTier"));
        assert_eq!(of("v1", "Namespace"), Ok(()));
    }
}
