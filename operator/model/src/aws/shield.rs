//! AWS Shield Advanced: protection of what stands at the edge. Shield Standard is there without asking.

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::resource::{Out, Replace, Resource, Rule};
use crate::val::Val;

/// Protects one resource. The account must be subscribed to Shield Advanced, which binds it for a year: Terrace never
/// subscribes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Protection {
    /// ARN of a distribution, a hosted zone, a load balancer. A resource has at most one protection.
    pub resource_arn: Val<String>,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProtectionOutputs {
    pub id: Option<String>,
    pub arn: Option<String>,
}

impl Protection {
    pub const ID: Out<Self, String> = Out::new("id");
    pub const ARN: Out<Self, String> = Out::new("arn");
}

impl Resource for Protection {
    const KIND: &'static str = "shield/Protection";
    const FIELDS: &'static [(&'static str, Rule)] = &[("resourceArn", Rule::Replace), ("tags", Rule::Keyed)];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = ProtectionOutputs;
}
