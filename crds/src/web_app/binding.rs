//! What a WebApp is wired to: other tiers by its bindings, and AWS by permissions of its own.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::common::TierRef;

/// One tier that the containers are wired to: they get its address and credentials as environment variables that begin
/// with the binding's name, and as files under `$SERVICE_BINDING_ROOT/<name>`; the role gets the rights, and the target
/// lets them in.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "(has(self.dataTierRef) ? 1 : 0) + (has(self.cacheTierRef) ? 1 : 0) + (has(self.objectTierRef) ? 1 : 0) == 1",
    "a binding names exactly one of dataTierRef, cacheTierRef and objectTierRef"
))]
pub struct WebBinding {
    /// The name, such as db: the variables are DB_HOST, DB_PORT and so on, a dash becomes an underscore.
    #[schemars(length(min = 1, max = 40), regex(pattern = "^[a-z]([a-z0-9-]*[a-z0-9])?$"))]
    pub name: String,
    /// A database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_tier_ref: Option<TierRef>,
    /// A cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_tier_ref: Option<TierRef>,
    /// A bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_tier_ref: Option<TierRef>,
    /// What the containers may do with the data: ReadWrite (default) or ReadOnly.
    #[serde(default)]
    pub access: BindingAccess,
}

/// What may be done with the data of a bound tier.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum BindingAccess {
    /// It may be read.
    ReadOnly,
    /// It may be read and changed.
    #[default]
    ReadWrite,
}

/// One statement of the role's own policy: it allows actions on resources that the Environment's `limits.allow` names for
/// this namespace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    /// The actions, such as sqs:SendMessage; "*" stands for any run of characters behind the service's prefix.
    #[schemars(
        length(min = 1, max = 50),
        inner(length(min = 3, max = 128), regex(pattern = "^[a-z0-9-]+:[A-Za-z0-9*]+$"))
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub actions: Vec<String>,
    /// The ARNs of the resources, with "*" for any run of characters; or "*" alone, for actions that AWS grants on no
    /// single resource.
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 2048), regex(pattern = RESOURCE)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub resources: Vec<String>,
    /// Conditions as IAM writes them: operator, key, values.
    #[serde(default)]
    #[schemars(schema_with = "conditions")]
    pub conditions: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

const RESOURCE: &str = r"^(\*|arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9*-]*:([0-9*]{1,12})?:[^\s]+)$";

fn conditions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 10,
        "x-kubernetes-validations": [{
            "rule": "self.all(operator, operator.matches('^[A-Za-z]+(:[A-Za-z]+)?$'))",
            "message": "conditions are named by IAM's operators, as StringEquals or ForAnyValue:StringLike",
        }],
        "additionalProperties": {
            "type": "object",
            "maxProperties": 10,
            "additionalProperties": {
                "type": "array",
                "minItems": 1,
                "maxItems": 20,
                "x-kubernetes-list-type": "set",
                "items": {"type": "string", "maxLength": 1024},
            },
        },
    })
}
