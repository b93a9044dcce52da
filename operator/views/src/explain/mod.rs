//! What a kind or a field is for, what it may be, and an example of it: from the definitions alone.

mod example;
mod find;
mod near;
mod rules;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod text;
mod words;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionVersion, JSONSchemaProps,
};
use serde::Serialize;
use serde_json::Value;
use terrace_crds::{GROUP, Kind, Scope, VERSION};

use find::{Route, item};
pub use find::{Unknown, absent, kind as kind_named};
pub use rules::Rule;

/// All that is known of a kind or of a field.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// The kind and the names of the fields: `DataTier.spec.storage`.
    pub path: String,
    /// Of which kind it is.
    pub of: OfKind,
    /// The type, as `[]string`.
    #[serde(rename = "type")]
    pub type_: String,
    /// Whether it must be set where its parent is.
    pub required: bool,
    /// What it is for, a paragraph each.
    pub description: Vec<String>,
    /// What holds where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// What a value must keep to, a phrase each.
    pub bounds: Vec<String>,
    /// The values that there are to choose from; none where it is free.
    pub choices: Vec<Value>,
    /// The rules beyond types and bounds that concern it.
    pub rules: Vec<Rule>,
    /// Its fields; those of the spec where it is a kind.
    pub fields: Vec<Field>,
    /// What `kubectl get` shows of the kind; only where it is a kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Column>,
    /// The smallest manifest that sets it, as YAML. None for a status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// The command that reads it. Only for a status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
}

/// A kind, as kubectl knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OfKind {
    pub api_version: String,
    pub kind: String,
    pub plural: String,
    pub short_name: String,
    pub namespaced: bool,
    /// Whether the operator writes a status.
    pub status: bool,
}

/// One field in a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    pub name: String,
    #[serde(rename = "type")]
    pub type_: String,
    pub required: bool,
    /// What holds where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The default in a line.
    #[serde(skip)]
    default_in_short: Option<String>,
    /// The first sentence of what it is for.
    pub summary: String,
}

/// One column of `kubectl get`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Column {
    pub name: String,
    pub json_path: String,
    /// Whether it takes `-o wide`.
    pub wide: bool,
}

/// Explains a kind, or a field of it: `DataTier`, `dt.storage`, `datatier.spec.storage.size`, `dt.status.outputs`.
///
/// # Errors
/// There is no such kind or field: a sentence with the nearest names.
pub fn explain(path: &str) -> Result<Explained, Unknown> {
    let (word, rest) = path.split_once('.').unwrap_or((path, ""));
    let kind = kind_named(word)?;
    explain_in(kind, &kind.crd(), rest)
}

/// Explains what a path leads to in the definition of a kind.
fn explain_in(kind: &Kind, definition: &CustomResourceDefinition, path: &str) -> Result<Explained, Unknown> {
    let nothing = JSONSchemaProps::default();
    let version = definition.spec.versions.first();
    let schema = version.and_then(|version| version.schema.as_ref()?.open_api_v3_schema.as_ref()).unwrap_or(&nothing);
    let route = Route::find(kind.kind, schema, path)?;
    let mut explained = field(kind, &route);
    if route.names.is_empty() {
        let spec = Route::find(kind.kind, schema, "spec")?;
        // The spec's own words go on where the kind's are a line.
        explained.description.extend(words::paragraphs(spec.schema()));
        explained.fields = fields(spec.schema());
        explained.columns = version.map(columns).unwrap_or_default();
    }
    Ok(explained)
}

fn field(kind: &Kind, route: &Route<'_>) -> Explained {
    let schema = route.schema();
    Explained {
        path: [&[kind.kind.to_owned()], route.names.as_slice()].concat().join("."),
        of: of_kind(kind),
        type_: words::type_of(schema),
        required: route.required(),
        description: words::paragraphs(schema),
        default: schema.default.as_ref().map(|default| default.0.clone()),
        bounds: words::bounds(schema),
        choices: words::choices(schema),
        rules: rules::concerning(kind.kind, route),
        fields: fields(schema),
        columns: Vec::new(),
        example: example::manifest(kind, route),
        read: read(kind, route),
    }
}

fn of_kind(kind: &Kind) -> OfKind {
    OfKind {
        api_version: format!("{GROUP}/{VERSION}"),
        kind: kind.kind.to_owned(),
        plural: kind.plural.to_owned(),
        short_name: kind.short_name.to_owned(),
        namespaced: kind.scope == Scope::Namespaced,
        status: kind.status,
    }
}

/// The fields of a schema, or of the items of a list; those that are required come first.
fn fields(schema: &JSONSchemaProps) -> Vec<Field> {
    let within = item(schema);
    let is_required = |name: &String| within.required.iter().flatten().any(|required| required == name);
    let field = |(name, schema): (&String, &JSONSchemaProps)| Field {
        name: name.clone(),
        type_: words::type_of(schema),
        required: is_required(name),
        default: schema.default.as_ref().map(|default| default.0.clone()),
        default_in_short: words::default_in_short(schema),
        summary: words::summary(schema),
    };
    let mut fields: Vec<Field> = within.properties.iter().flatten().map(field).collect();
    fields.sort_by_key(|field| !field.required);
    fields
}

fn columns(version: &CustomResourceDefinitionVersion) -> Vec<Column> {
    let columns = version.additional_printer_columns.iter().flatten();
    let column = columns.map(|column| Column {
        name: column.name.clone(),
        json_path: column.json_path.clone(),
        wide: column.priority.unwrap_or_default() > 0,
    });
    column.collect()
}

/// How a part of the status is read.
fn read(kind: &Kind, route: &Route<'_>) -> Option<String> {
    route.names.first().filter(|first| *first == "status")?;
    let step = |(name, schema): (&String, &&JSONSchemaProps)| match &schema.items {
        Some(_) => format!(".{name}[*]"),
        None => format!(".{name}"),
    };
    let path: String = route.names.iter().zip(&route.schemas[1..]).map(step).collect();
    let namespace = if kind.namespaced() { " -n NAMESPACE" } else { "" };
    Some(format!("kubectl get {} NAME{namespace} -o jsonpath='{{{path}}}'", kind.short_name))
}
