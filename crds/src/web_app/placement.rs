//! Where the pods of a WebApp run, how many there are, and which workload of somebody else's it may be instead.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// What runs the pods.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum RunOn {
    /// The cluster's nodes.
    #[default]
    Nodes,
    /// AWS Fargate.
    Fargate,
}

/// Whether pods run on Spot capacity, which AWS may take back at two minutes' notice.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum Spot {
    /// They do not.
    #[default]
    Never,
    /// They do where there is some.
    Prefer,
    /// They run nowhere else.
    Only,
}

/// How many pods there are.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("self.min <= self.max", "replicas.min must not be above replicas.max: raise max, or lower min"))]
pub struct Replicas {
    /// The fewest.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 1_000))]
    pub min: u16,
    /// The most. As many as the fewest: their number stays.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 1_000))]
    pub max: u16,
    /// The use of CPU, in percent of what is requested, that pods are added and taken away for.
    #[serde(default = "sixty")]
    #[schemars(range(min = 10, max = 95))]
    pub cpu_percent: u8,
    /// The use of memory, in percent of what is requested, that pods are added and taken away for as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 95))]
    pub memory_percent: Option<u8>,
}

impl Default for Replicas {
    fn default() -> Self {
        schema::defaults()
    }
}

fn two() -> u16 {
    2
}

fn ten() -> u16 {
    10
}

fn sixty() -> u8 {
    60
}

/// A workload of this namespace that somebody else owns. It is given the environment, the service account and the volume
/// of the bindings and nothing else; its rollouts stay its own.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadRef {
    /// The API version.
    #[serde(default = "apps")]
    pub api_version: WorkloadVersion,
    /// The kind.
    #[serde(default)]
    pub kind: WorkloadKind,
    /// The name.
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::DNS_SUBDOMAIN))]
    pub name: String,
    /// The container that is wired.
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL))]
    pub container: String,
    /// The Service of its pods, which expose needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL))]
    pub service_name: Option<String>,
    /// The port of that Service, by number. Absent: port.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65_535))]
    pub service_port: Option<u16>,
}

fn apps() -> WorkloadVersion {
    WorkloadVersion::AppsV1
}

/// The API version of a workload.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(inline)]
pub enum WorkloadVersion {
    /// apps/v1.
    #[serde(rename = "apps/v1")]
    AppsV1,
}

/// The kind of a workload.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum WorkloadKind {
    /// A Deployment.
    #[default]
    Deployment,
    /// A StatefulSet.
    StatefulSet,
    /// A DaemonSet.
    DaemonSet,
}

impl WorkloadKind {
    /// As Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_named_as_kubernetes_names_it() {
        for kind in [WorkloadKind::Deployment, WorkloadKind::StatefulSet, WorkloadKind::DaemonSet] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
