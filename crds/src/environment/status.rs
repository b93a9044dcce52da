//! What an `Environment` says of itself: the account seen, and the facts read from its cluster and networks.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::{schema, status::unobserved};

/// What was found out about an Environment.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentStatus {
    /// The generation of the spec that this status speaks of; -1 until a controller has seen the object.
    #[serde(default = "unobserved")]
    #[schemars(range(min = -1))]
    pub observed_generation: i64,
    /// Ready, Reconciling, Stalled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// The installation of Terrace that looks after this Environment, by the Lease it leads by, as NAMESPACE/NAME.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 317))]
    pub operator: Option<String>,
    /// The account that STS says the identity belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 12))]
    pub account: Option<String>,
    /// What was read from the EKS cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterFacts>,
    /// What was read from the network of the home region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkFacts>,
    /// What was read from the networks of the further regions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["region".into()]))]
    pub regions: Vec<RegionFacts>,
    /// How many objects use this Environment. While there is one, it is not deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub users: Option<u32>,
}

impl Default for EnvironmentStatus {
    fn default() -> Self {
        schema::defaults()
    }
}

/// What was read from the EKS cluster (`DescribeCluster`).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ClusterFacts {
    /// Its ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub arn: Option<String>,
    /// The URL of its OIDC issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub oidc_issuer: Option<String>,
    /// The ARN of the IAM OIDC provider of that issuer, without which no service account assumes a role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub oidc_provider_arn: Option<String>,
    /// Whether EKS Pod Identity hands out roles: the agent is installed, or the cluster is in Auto Mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_identity: Option<bool>,
    /// The API version under which the cluster serves TargetGroupBinding, of the AWS Load Balancer Controller or of EKS
    /// Auto Mode. Absent: neither is installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub target_group_binding: Option<String>,
    /// The security group that EKS gives its nodes and pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub security_group_id: Option<String>,
    /// Its Kubernetes version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub version: Option<String>,
}

/// What was read from a VPC and its subnets.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct NetworkFacts {
    /// The VPC.
    #[schemars(length(min = 1, max = 64))]
    pub vpc_id: String,
    /// Its primary address range.
    #[schemars(length(max = 64))]
    pub cidr: String,
    /// The private subnets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub private_subnets: Vec<SubnetFacts>,
    /// The public subnets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub public_subnets: Vec<SubnetFacts>,
}

/// What was read from a subnet.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SubnetFacts {
    /// The subnet.
    #[schemars(length(min = 1, max = 64))]
    pub id: String,
    /// Its availability zone.
    #[schemars(length(max = 64))]
    pub availability_zone: String,
    /// Its address range.
    #[schemars(length(max = 64))]
    pub cidr: String,
}

/// What was read from the network of a further region.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RegionFacts {
    /// The region.
    #[schemars(length(min = 1, max = 32))]
    pub region: String,
    /// Its network.
    pub network: NetworkFacts,
}
