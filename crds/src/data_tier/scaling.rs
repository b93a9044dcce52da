//! What a DataTier may have besides one instance: replicas, their autoscaling, and Aurora Serverless capacity.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Read replicas; for Aurora, readers.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "has(self.count) != has(self.autoscaling)",
    "set exactly one of replicas.count and replicas.autoscaling"
))]
pub struct Replicas {
    /// How many, always.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 15))]
    pub count: Option<u8>,
    /// Their instance class. Absent: that of the writer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), regex(pattern = super::INSTANCE_CLASS))]
    pub instance_class: Option<String>,
    /// As many as the load asks for; Aurora only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<ReplicaAutoscaling>,
}

/// How many readers Aurora keeps (Application Auto Scaling, target tracking).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("self.min <= self.max", "autoscaling.min must not be above autoscaling.max"))]
pub struct ReplicaAutoscaling {
    /// At least so many.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 15))]
    pub min: u8,
    /// At most so many.
    #[schemars(range(min = 1, max = 15))]
    pub max: u8,
    /// The average CPU use of the readers that is aimed at, in percent.
    #[serde(default = "sixty")]
    #[schemars(range(min = 10, max = 90))]
    pub cpu_percent: u8,
    /// Seconds after removing a reader before another is removed.
    #[serde(default = "five_minutes")]
    #[schemars(range(min = 0, max = 86_400))]
    pub scale_in_cooldown_seconds: u32,
    /// Seconds after adding a reader before another is added.
    #[serde(default = "five_minutes")]
    #[schemars(range(min = 0, max = 86_400))]
    pub scale_out_cooldown_seconds: u32,
}

fn one() -> u8 {
    1
}

fn sixty() -> u8 {
    60
}

fn five_minutes() -> u32 {
    300
}

/// Aurora Serverless v2 capacity, in Aurora capacity units (ACU) of about 2 GiB of memory, in steps of a half.
/// Bounds: `ServerlessV2ScalingConfiguration`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "double(self.minCapacity) <= double(self.maxCapacity)",
    "serverless.minCapacity must not be above serverless.maxCapacity"
))]
#[x_kube(validation = (
    "!has(self.secondsUntilAutoPause) || double(self.minCapacity) == 0.0",
    "Aurora pauses only from a capacity of 0: set serverless.minCapacity to 0, or leave secondsUntilAutoPause out"
))]
#[x_kube(validation = (
    "[double(self.minCapacity) * 2.0, double(self.maxCapacity) * 2.0].all(halves, double(int(halves)) == halves)",
    "Aurora capacity goes in steps of 0.5: round serverless.minCapacity and serverless.maxCapacity"
))]
pub struct Serverless {
    /// The least capacity; 0 lets it pause when idle.
    #[serde(default = "half")]
    #[schemars(range(min = 0.0, max = 256.0))]
    pub min_capacity: f64,
    /// The most capacity.
    #[schemars(range(min = 1.0, max = 256.0))]
    pub max_capacity: f64,
    /// Seconds without a connection after which it pauses. Absent: AWS's 300, where minCapacity is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 300, max = 86_400))]
    pub seconds_until_auto_pause: Option<u32>,
}

fn half() -> f64 {
    0.5
}
