//! `Environment`: the administrator's object that says which account, network and cluster tiers go to, and their limits.

mod drift;
mod limits;
mod network;
mod status;

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{schema, selector::NamespaceSelector};

pub use drift::Drift;
pub use limits::{Allowance, Exposure, Limits};
pub use network::{Network, NetworkRef, Subnets};
pub use status::{ClusterFacts, EnvironmentStatus, NetworkFacts, RegionFacts, SubnetFacts};

/// Where tiers are provisioned, by which identity, and within which limits. What is absent admits nobody.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "terrace.dev",
    version = "v1alpha1",
    kind = "Environment",
    plural = "environments",
    shortname = "tenv",
    category = "terrace",
    category = "aws",
    status = "EnvironmentStatus",
    derive = "PartialEq",
    doc = "An AWS account, region, network and EKS cluster in which tiers are provisioned, and the limits that hold there.",
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name": "Account", "type": "string", "jsonPath": ".spec.account"}"#,
    printcolumn = r#"{"name": "Region", "type": "string", "jsonPath": ".spec.region"}"#,
    printcolumn = r#"{"name": "Users", "type": "integer", "jsonPath": ".status.users"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".spec.cluster.name", "priority": 1}"#,
    printcolumn = r#"{"name": "VPC", "type": "string", "jsonPath": ".status.network.vpcId", "priority": 1}"#,
    printcolumn = r#"{"name": "Role", "type": "string", "jsonPath": ".spec.identity.assumeRole.arn", "priority": 1}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "has(self.network) != has(self.networkRef)",
    "set exactly one of network (an existing VPC) and networkRef (a Network that Terrace made)"
))]
#[x_kube(validation = (
    "self.regions.all(other, other.region != self.region)",
    "regions lists further regions: leave the home region out of it, its network is spec.network"
))]
#[x_kube(validation = (
    "!has(self.drift) || self.drift.queues.all(queue, queue.contains(':' + self.account + ':'))",
    "drift.queues are of the Environment's own account: EventBridge there is to feed a queue there"
))]
pub struct EnvironmentSpec {
    /// The AWS account. Nothing is touched when STS says another. Immutable.
    #[schemars(length(equal = 12), regex(pattern = schema::ACCOUNT))]
    #[x_kube(validation = ("self == oldSelf", "account is immutable: make another Environment for another account"))]
    pub account: String,
    /// The home region. Immutable.
    #[schemars(length(min = 9, max = 32), regex(pattern = schema::REGION))]
    #[x_kube(validation = ("self == oldSelf", "region is immutable: make another Environment for another home region"))]
    pub region: String,
    /// The identity that calls AWS. Absent: the operator's own.
    #[serde(default)]
    pub identity: Identity,
    /// The EKS cluster whose workloads use the tiers.
    pub cluster: Cluster,
    /// The existing VPC that tiers go to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// A Network object, made by Terrace, that tiers go to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_ref: Option<NetworkRef>,
    /// Further regions that a tier may be spread to, each with its network.
    #[serde(default)]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["region".into()]))]
    pub regions: Vec<FurtherRegion>,
    /// The namespaces whose objects may use this Environment. Absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<NamespaceSelector>,
    /// Managed (default): the operator reaches the databases and keeps one database user per binding.
    /// None: it cannot, and bindings hand out the master user.
    #[serde(default)]
    pub database_access: DatabaseAccess,
    /// Where changes made behind the operator's back are heard of. Absent: they are found at the next resync.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
    /// What tiers of this Environment may be and name.
    #[serde(default)]
    pub limits: Limits,
    /// The ARN of the IAM policy that bounds every role Terrace makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 2048),
        regex(pattern = r"^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+$")
    )]
    pub permissions_boundary: Option<String>,
    /// Tags for everything made in this Environment.
    #[serde(default)]
    #[schemars(schema_with = "schema::tags")]
    pub tags: BTreeMap<String, String>,
}

/// The identity that calls AWS.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "(self.type == 'AssumeRole') == has(self.assumeRole)",
    "set assumeRole with type AssumeRole, and leave it out with type Operator"
))]
pub struct Identity {
    /// Operator (default): the operator's own identity. AssumeRole: the role in `assumeRole`.
    #[serde(default, rename = "type")]
    pub type_: IdentityType,
    /// The role to assume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assume_role: Option<AssumeRole>,
}

impl Default for Identity {
    fn default() -> Self {
        schema::defaults()
    }
}

/// Whose identity calls AWS.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum IdentityType {
    /// The operator's own.
    #[default]
    Operator,
    /// A role that the operator assumes.
    AssumeRole,
}

/// A role to assume (STS `AssumeRole`).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AssumeRole {
    /// The ARN of the role.
    #[schemars(length(max = 2048), regex(pattern = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$"))]
    pub arn: String,
    /// The external id that the role's trust policy asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 1224), regex(pattern = r"^[A-Za-z0-9+=,.@:/_-]+$"))]
    pub external_id: Option<String>,
}

/// The EKS cluster: its OIDC issuer, security group and version are read from it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// The name of the EKS cluster, in the home region. Immutable.
    #[schemars(length(min = 1, max = 100), regex(pattern = r"^[0-9A-Za-z][A-Za-z0-9_-]*$"))]
    #[x_kube(validation = ("self == oldSelf", "cluster.name is immutable: make another Environment for another cluster"))]
    pub name: String,
}

/// A further region and its network.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "has(self.network) != has(self.networkRef)",
    "set exactly one of network (an existing VPC) and networkRef (a Network that Terrace made) for this region"
))]
pub struct FurtherRegion {
    /// The region.
    #[schemars(length(min = 9, max = 32), regex(pattern = schema::REGION))]
    pub region: String,
    /// The existing VPC that tiers go to there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// A Network object, made by Terrace, that tiers go to there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_ref: Option<NetworkRef>,
}

/// Whether the operator logs in to databases.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum DatabaseAccess {
    /// It does, and keeps one database user per binding.
    #[default]
    Managed,
    /// It cannot reach them.
    None,
}

impl EnvironmentSpec {
    /// Whether a namespace with these labels may use the Environment. Without a selector none may.
    pub fn admits_namespace(&self, labels: &BTreeMap<String, String>) -> bool {
        self.namespaces.as_ref().is_some_and(|selector| selector.matches(labels))
    }

    /// Whether objects of this kind may be made in the Environment.
    pub fn admits_kind(&self, kind: &str) -> bool {
        self.limits.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|admitted| admitted == kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(more: &str) -> EnvironmentSpec {
        let yaml = format!("{{account: '111122223333', region: eu-west-1, cluster: {{name: prod}}{more}}}");
        serde_saphyr::from_str(&yaml).unwrap()
    }

    #[test]
    fn an_environment_without_a_selector_admits_no_namespace() {
        let labels = BTreeMap::from([("stage".to_string(), "prod".to_string())]);
        assert!(!spec("").admits_namespace(&labels));
        assert!(spec(", namespaces: {matchLabels: {stage: prod}}").admits_namespace(&labels));
        assert!(!spec(", namespaces: {matchLabels: {stage: test}}").admits_namespace(&labels));
    }

    #[test]
    fn without_limits_every_kind_is_admitted_and_nothing_is_public() {
        assert!(spec("").admits_kind("DataTier"));
        assert_eq!(spec("").limits.exposure, Exposure::Private);
        assert!(spec(", limits: {kinds: [DataTier]}").admits_kind("DataTier"));
        assert!(!spec(", limits: {kinds: [DataTier]}").admits_kind("EdgeTier"));
    }
}
