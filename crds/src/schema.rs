//! What schemars' attributes cannot say: bounded maps, shared patterns, and the last touch that makes a schema structural.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// A DNS label: the name of a namespace.
pub const DNS_LABEL: &str = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
/// A DNS subdomain: the name of most Kubernetes objects.
pub const DNS_SUBDOMAIN: &str = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$";
/// The kind of a Kubernetes object.
pub const KIND: &str = r"^[A-Z][A-Za-z0-9]*$";
/// An AWS account: twelve digits.
pub const ACCOUNT: &str = r"^[0-9]{12}$";
/// An AWS region, such as `eu-west-1` or `us-gov-east-1`.
pub const REGION: &str = r"^[a-z]{2,3}(-[a-z]+)+-[0-9]$";
/// An AWS resource name of any service.
pub const ARN: &str = r"^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12}|aws)?:.+$";
/// A pattern over AWS resource names, in which `*` stands for anything.
pub const ARN_PATTERN: &str = r"^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9*-]*:([0-9*]{1,12})?:.+$";
/// The name of an S3 bucket (S3 User Guide, "General purpose bucket naming rules").
pub const BUCKET: &str = r"^[a-z0-9][a-z0-9.-]*[a-z0-9]$";
/// A host name in lower case.
pub const HOSTNAME: &str = r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
/// The same, with `*` for the first label or without.
pub const WILDCARD_HOSTNAME: &str = r"^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
/// The name of a record: labels may begin with an underscore, the first may be `*`.
pub const RECORD_NAME: &str = r"^(\*\.)?(_?[a-z0-9]([a-z0-9_-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
/// A KMS key as RDS takes it: key ARN, key id, alias ARN or alias name (`CreateDBInstance`, KmsKeyId).
pub const KMS_KEY: &str = r"^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[A-Za-z0-9/_-]+|alias/[A-Za-z0-9/_-]+|(mrk-)?[0-9a-f-]{32,36})$";

/// A daily window in UTC, `hh:mm-hh:mm`.
pub const DAILY_WINDOW: &str = r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$";
/// A weekly window in UTC, `ddd:hh:mm-ddd:hh:mm`.
pub const WEEKLY_WINDOW: &str = r"^(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]-(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]$";

/// The value that a type has when nothing is said: its serde defaults are the only place where they stand.
///
/// # Panics
/// When a field of `T` has no default; a test builds each of them.
pub fn defaults<T: DeserializeOwned>() -> T {
    serde_json::from_value(json!({})).expect("every field has a default")
}

/// A map of at most `ENTRIES` strings of at most `LENGTH` characters.
pub fn strings<const ENTRIES: usize, const LENGTH: usize>(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": ENTRIES,
        "additionalProperties": {"type": "string", "maxLength": LENGTH},
    })
}

/// AWS tags that a user chooses: 40 of the 50 that AWS allows, since Terrace sets its own beside them.
pub fn tags(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 40,
        "additionalProperties": {
            "type": "string",
            "maxLength": 256,
            "pattern": r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$",
        },
        "x-kubernetes-validations": [{
            "rule": r"self.all(key, size(key) <= 128 && key.matches('^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]+$'))",
            "message": "a tag key has 1 to 128 letters, digits, spaces and _.:/=+-@ only: change it",
        }, {
            "rule": "self.all(key, !key.startsWith('aws:') && !key.startsWith('terrace.dev/'))",
            "message": "tag keys that start with aws: or terrace.dev/ are reserved: choose another key",
        }],
    })
}

/// Parameters of an engine by name. Requests take twenty of them each (`ModifyDBParameterGroup`,
/// `ModifyCacheParameterGroup`).
pub fn parameters(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 100,
        "additionalProperties": {"type": "string", "maxLength": 4096},
        "x-kubernetes-validations": [{
            "rule": "self.all(name, size(name) <= 255 && name.matches('^[A-Za-z][A-Za-z0-9_.-]*$'))",
            "message": "a parameter's name begins with a letter and has letters, digits, dots, dashes and underscores only",
        }],
    })
}

/// Keys of the maps that were set last, for each map the list of its keys.
pub fn keys(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 20,
        "additionalProperties": {
            "type": "array",
            "maxItems": 200,
            "x-kubernetes-list-type": "set",
            "items": {"type": "string", "maxLength": 256},
        },
    })
}

/// Anything at all, kept as it is.
pub fn anything(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"x-kubernetes-preserve-unknown-fields": true})
}

/// A moment in RFC 3339.
pub fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "date-time", "maxLength": 64})
}

/// Conditions as `metav1.Condition` defines them, with its bounds, keyed by type.
pub fn conditions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 16,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": {
                    "type": "string", "minLength": 1, "maxLength": 316,
                    "pattern": r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
                    "description": "What the condition is about, such as Ready.",
                },
                "status": {
                    "type": "string", "enum": ["True", "False", "Unknown"],
                    "description": "Whether it holds.",
                },
                "reason": {
                    "type": "string", "minLength": 1, "maxLength": 1024,
                    "pattern": r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                    "description": "Why, in one word that programs can rely on.",
                },
                "message": {
                    "type": "string", "maxLength": 32768,
                    "description": "Why, and what to do, for people.",
                },
                "lastTransitionTime": {
                    "type": "string", "format": "date-time", "maxLength": 64,
                    "description": "When the status last changed.",
                },
                "observedGeneration": {
                    "type": "integer", "format": "int64", "minimum": 0,
                    "description": "The generation that the condition was computed from.",
                },
            },
        },
    })
}

/// Makes a derived definition ready for an API server.
///
/// Drops `nullable` (the API server then drops nulls, so `field: null` means absent) and titles, sorts defaults, maps
/// Rust's unsigned formats to those that Kubernetes knows, and, with `status`, gives an object that no
/// controller has seen `status.observedGeneration: -1`, so that nobody takes it for ready.
///
/// # Panics
/// When the definition has no schema; all of ours are derived with one.
pub fn finish(mut crd: CustomResourceDefinition, status: bool) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        let validation = version.schema.as_mut().expect("a derived schema");
        let mut schema = serde_json::to_value(&validation.open_api_v3_schema).expect("a schema is JSON");
        tidy(&mut schema);
        if status {
            schema["properties"]["status"]["default"] = json!({"observedGeneration": -1});
        }
        validation.open_api_v3_schema = serde_json::from_value(schema).expect("a tidied schema is a schema");
    }
    crd
}

/// Tidies one schema and all below it; names of properties are no keywords and are passed over.
fn tidy(schema: &mut Value) {
    let Value::Object(keywords) = schema else { return };
    keywords.remove("nullable");
    keywords.remove("title");
    tidy_format(keywords);
    for (keyword, value) in keywords {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(tidy),
            ("items" | "additionalProperties", value) => tidy(value),
            ("default", value) => sort(value),
            _ => {}
        }
    }
}

/// Sorts the keys of all maps: whether a `Map` sorts them itself hangs on a feature that any crate may turn on.
fn sort(value: &mut Value) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = std::mem::take(map).into_iter().collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            map.extend(entries);
            map.values_mut().for_each(sort);
        }
        Value::Array(items) => items.iter_mut().for_each(sort),
        _ => {}
    }
}

fn tidy_format(keywords: &mut Map<String, Value>) {
    let known = match keywords.get("format").and_then(Value::as_str) {
        Some("uint8" | "uint16" | "int8" | "int16") => "int32",
        Some("uint" | "uint32" | "uint64" | "int") => "int64",
        _ => return,
    };
    keywords.insert("format".into(), known.into());
}
