//! Application Auto Scaling: Aurora readers by load.
//!
//! Application Auto Scaling API reference (RegisterScalableTarget, PutScalingPolicy).

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::resource::{Out, Resource, Rule};
use crate::val::Val;

/// Something whose capacity is scaled, and between which bounds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScalableTarget {
    /// As `rds`.
    pub service_namespace: String,
    /// As `cluster:NAME`.
    pub resource_id: Val<String>,
    /// As `rds:cluster:ReadReplicaCount`.
    pub scalable_dimension: String,
    pub min_capacity: i32,
    pub max_capacity: i32,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScalableTargetOutputs {
    pub resource_id: Option<String>,
    pub arn: Option<String>,
}

impl ScalableTarget {
    pub const RESOURCE_ID: Out<Self, String> = Out::new("resourceId");
}

impl Resource for ScalableTarget {
    const KIND: &'static str = "applicationautoscaling/ScalableTarget";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("serviceNamespace", Rule::Replace),
        ("resourceId", Rule::Replace),
        ("scalableDimension", Rule::Replace),
        ("tags", Rule::Keyed),
    ];
    const ADDRESS: &'static [&'static str] = &["serviceNamespace", "resourceId", "scalableDimension"];
    type Outputs = ScalableTargetOutputs;
}

/// Keeps a metric of a scalable target near a value. Cannot bear tags.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScalingPolicy {
    pub service_namespace: String,
    /// The scalable target's: it must be registered before.
    pub resource_id: Val<String>,
    pub scalable_dimension: String,
    /// As `RDSReaderAverageCPUUtilization`.
    pub predefined_metric: String,
    pub target_value: f64,
    /// Seconds.
    pub scale_in_cooldown: i32,
    /// Seconds.
    pub scale_out_cooldown: i32,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScalingPolicyOutputs {
    pub arn: Option<String>,
}

impl Resource for ScalingPolicy {
    const KIND: &'static str = "applicationautoscaling/ScalingPolicy";
    const FIELDS: &'static [(&'static str, Rule)] =
        &[("serviceNamespace", Rule::Replace), ("resourceId", Rule::Replace), ("scalableDimension", Rule::Replace)];
    const ADDRESS: &'static [&'static str] = &["serviceNamespace", "resourceId", "scalableDimension"];
    type Outputs = ScalingPolicyOutputs;
}
