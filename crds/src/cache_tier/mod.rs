//! `CacheTier`: a cache on Amazon ElastiCache.

mod engine;
mod operations;
mod restore;
mod settings;

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{
    choices::NetworkType,
    common::{CommonSpec, DeletionPolicy, snapshot, tier_object},
    schema,
    status::TierStatus,
};

pub use engine::Engine;
pub use operations::{LogDelivery, LogFormat, LogType, Maintenance, Snapshots};
pub use restore::RestoreFrom;
pub use settings::{AtRest, Authentication, Availability, ClusterMode, Encryption, InTransit, Serverless};

/// A cache. What is not said is fit for production: a replica in another zone, encrypted at rest and in transit,
/// private, behind a password, backed up where the engine can be.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "terrace.dev",
    version = "v1alpha1",
    kind = "CacheTier",
    plural = "cachetiers",
    shortname = "ct",
    category = "terrace",
    category = "aws",
    namespaced,
    status = "TierStatus",
    derive = "PartialEq",
    doc = "A cache on Amazon ElastiCache.",
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name": "Endpoint", "type": "string", "jsonPath": ".status.outputs.endpoint"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name": "Engine", "type": "string", "jsonPath": ".spec.engine", "priority": 1}"#,
    printcolumn = r#"{"name": "Version", "type": "string", "jsonPath": ".status.outputs.engineVersion", "priority": 1}"#,
    printcolumn = r#"{"name": "Node type", "type": "string", "jsonPath": ".spec.nodeType", "priority": 1}"#,
    printcolumn = r#"{"name": "Environment", "type": "string", "jsonPath": ".status.environment.name", "priority": 1}"#,
    printcolumn = r#"{"name": "ARN", "type": "string", "jsonPath": ".status.outputs.arn", "priority": 1}"#,
    printcolumn = r#"{"name": "Message", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].message", "priority": 1}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "has(self.nodeType) != has(self.serverless)",
    "set exactly one of nodeType and serverless"
))]
#[x_kube(validation = (
    "!has(self.serverless) || !(has(self.shards) || has(self.clusterMode) || has(self.replicasPerShard) || has(self.port) || has(self.maintenance) || size(self.parameters) > 0 || size(self.logs) > 0)",
    "AWS sizes and runs serverless: leave shards, clusterMode, replicasPerShard, port, parameters, maintenance and logs out"
))]
#[x_kube(validation = (
    "!has(self.serverless) || self.availability == 'MultiAZ'",
    "serverless always stands in several zones: leave availability out"
))]
#[x_kube(validation = (
    "!has(self.serverless) || (self.encryption.inTransit == 'Required' && self.encryption.atRest == 'Enabled')",
    "serverless is always encrypted: leave encryption.inTransit and encryption.atRest out"
))]
#[x_kube(validation = (
    "!has(self.serverless) || !has(self.authentication) || self.authentication != 'Token'",
    "serverless knows no token: set authentication to Users"
))]
#[x_kube(validation = (
    "self.engine != 'memcached' || !has(self.authentication) || self.authentication == 'None'",
    "ElastiCache has no authentication for memcached: leave authentication out"
))]
#[x_kube(validation = (
    "self.engine != 'memcached' || !(has(self.clusterMode) || has(self.replicasPerShard) || size(self.logs) > 0)",
    "memcached has no cluster mode, replicas or logs: leave clusterMode, replicasPerShard and logs out, shards are its nodes"
))]
#[x_kube(validation = (
    "self.engine != 'memcached' || has(self.serverless) || !(has(self.snapshots) || has(self.restoreFrom) || has(self.encryption.kmsKeyId))",
    "memcached on nodes keeps nothing on disk: leave snapshots, restoreFrom and encryption.kmsKeyId out, or use serverless"
))]
#[x_kube(validation = (
    "self.engine != 'memcached' || self.encryption.inTransit != 'Preferred'",
    "memcached takes encryption.inTransit Required or Disabled only: set one of them"
))]
#[x_kube(validation = (
    "self.engine != 'memcached' || !has(self.shards) || self.shards <= 60",
    "memcached has 60 nodes at most: lower shards"
))]
#[x_kube(validation = (
    "self.engine != 'memcached' || self.availability != 'MultiAZ' || !has(self.shards) || self.shards > 1",
    "one node of memcached stands in one zone: set shards to 2 or more, or availability to SingleAZ"
))]
#[x_kube(validation = (
    "self.availability != 'MultiAZ' || !has(self.replicasPerShard) || self.replicasPerShard > 0",
    "availability MultiAZ needs a replica that takes over: set replicasPerShard to 1 or more, or availability to SingleAZ"
))]
#[x_kube(validation = (
    "!has(self.shards) || self.shards == 1 || !has(self.clusterMode) || self.clusterMode == 'Enabled'",
    "more than one shard needs cluster mode: leave clusterMode out, or set shards to 1"
))]
#[x_kube(validation = (
    "self.encryption.inTransit != 'Disabled' || self.engine == 'memcached' || (has(self.authentication) && self.authentication == 'None')",
    "a password is not sent in the clear: set encryption.inTransit to Required, or authentication to None"
))]
#[x_kube(validation = (
    "!('cluster-enabled' in self.parameters)",
    "cluster-enabled follows from shards: set clusterMode instead"
))]
#[x_kube(validation = (
    "has(self.serverless) == has(oldSelf.serverless)",
    "AWS cannot turn nodes into serverless or back: make another CacheTier that restores from a snapshot"
))]
#[x_kube(validation = (
    "self.engine == 'memcached' || (has(self.clusterMode) ? self.clusterMode == 'Enabled' : has(self.shards) && self.shards > 1) == (has(oldSelf.clusterMode) ? oldSelf.clusterMode == 'Enabled' : has(oldSelf.shards) && oldSelf.shards > 1)",
    "cluster mode stays as it is: keep clusterMode (with Enabled, one shard is enough), or restore a snapshot into another CacheTier"
))]
#[x_kube(validation = (
    "!has(self.nodeType) || !has(oldSelf.nodeType) || self.nodeType.startsWith('cache.r6gd.') == oldSelf.nodeType.startsWith('cache.r6gd.')",
    "AWS does not scale between r6gd nodes (data tiering) and others: restore a snapshot into another CacheTier"
))]
#[x_kube(validation = (
    "self.engine != 'redis' || int(self.engineVersion.split('.')[0]) >= 7 || self.encryption.inTransit == oldSelf.encryption.inTransit",
    "encryption.inTransit can be changed from redis 7.0 on: raise engineVersion first"
))]
#[x_kube(validation = (
    "!(has(oldSelf.authentication) && oldSelf.authentication == 'Token') || !has(self.authentication) || self.authentication != 'None'",
    "AWS takes no token away but for users: set authentication to Users, and to None when that is done"
))]
#[x_kube(validation = (
    "!has(self.restoreFrom) || (has(oldSelf.restoreFrom) && self.restoreFrom == oldSelf.restoreFrom)",
    "restoreFrom cannot be added or changed, it is for a new cache: make another CacheTier (it may be removed)"
))]
pub struct CacheTierSpec {
    /// The engine: valkey (default), redis or memcached. It can go from redis to valkey, and no other way.
    #[serde(default)]
    #[x_kube(validation = (
        "self == oldSelf || (oldSelf == 'redis' && self == 'valkey')",
        "engine can go from redis to valkey, and no other way: make another CacheTier"
    ))]
    pub engine: Engine,
    /// The version, such as 8.2, or 1.6.22 for memcached; for serverless the major version only, such as 8, or 1.6 for
    /// memcached. It can go up, never down.
    #[schemars(length(min = 1, max = 16), regex(pattern = r"^[0-9]{1,3}(\.[0-9]{1,3}){0,2}$"))]
    #[x_kube(validation = (
        "int(self.split('.')[0]) > int(oldSelf.split('.')[0]) || (int(self.split('.')[0]) == int(oldSelf.split('.')[0]) && (!self.contains('.') || !oldSelf.contains('.') || int(self.split('.')[1]) > int(oldSelf.split('.')[1]) || (int(self.split('.')[1]) == int(oldSelf.split('.')[1]) && (size(self.split('.')) < 3 || size(oldSelf.split('.')) < 3 || int(self.split('.')[2]) >= int(oldSelf.split('.')[2])))))",
        "engineVersion cannot go down, AWS has no such operation: make another CacheTier"
    ))]
    pub engine_version: String,
    /// The node type, such as cache.r7g.large. Either this or `serverless`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), regex(pattern = r"^cache\.[a-z0-9]+\.[a-z0-9]+$"))]
    pub node_type: Option<String>,
    /// A serverless cache, which AWS sizes. Either this or `nodeType`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serverless: Option<Serverless>,
    /// Shards, over which the keys are spread; of memcached, nodes. Absent: 1; of memcached with MultiAZ, 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub shards: Option<u16>,
    /// Enabled: the keys are spread over shards, which can be added and removed, and clients must speak the cluster
    /// protocol. Disabled: one shard, for any client. Absent: by `shards`. It stays as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_mode: Option<ClusterMode>,
    /// Replicas of each shard. Absent: 1 with MultiAZ, 0 with SingleAZ.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 5))]
    pub replicas_per_shard: Option<u8>,
    /// MultiAZ (default): a replica in another zone takes over; of memcached, the nodes stand in several zones.
    /// SingleAZ: nothing does.
    #[serde(default)]
    pub availability: Availability,
    /// The port. Absent: 6379, of memcached 11211. Another port means another cache, restored from a last snapshot of
    /// this one: that needs approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1024, max = 65535))]
    pub port: Option<u16>,
    /// IPV4 (default), or DUAL for IPv4 and IPv6, where the subnets have both. A change means another cache, restored
    /// from a last snapshot of this one: that needs approval.
    #[serde(default)]
    pub network_type: NetworkType,
    /// Encryption in transit and at rest.
    #[serde(default)]
    pub encryption: Encryption,
    /// Users: a user with a password of Terrace's making; the engine's default user is off. Token: one token of Terrace's
    /// making. None: whoever reaches the port is let in, and all pods of the cluster reach it. Absent: Users; of
    /// memcached, None.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Authentication>,
    /// Automatic snapshots. Absent: kept for 7 days; of memcached on nodes there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshots: Option<Snapshots>,
    /// Engine parameters by name; what is not named keeps the engine's default.
    #[serde(default)]
    #[schemars(schema_with = "schema::parameters")]
    pub parameters: BTreeMap<String, String>,
    /// When changes and upgrades happen. Absent: on Sundays at 03:00 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<Maintenance>,
    /// Where the engine's logs go; a log that is not named goes nowhere.
    #[serde(default)]
    #[schemars(length(max = 2))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub logs: Vec<LogDelivery>,
    /// What becomes of the cache when this object is deleted. Snapshot (default): a final snapshot stays, where the engine
    /// can have one. Delete: nothing stays. Retain: all stays, no longer Terrace's.
    #[serde(default = "snapshot")]
    pub deletion_policy: DeletionPolicy,
    /// What the cache begins with. Absent: empty. Cannot be added or changed later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore_from: Option<RestoreFrom>,
    /// The fields that every tier has.
    #[serde(flatten)]
    pub common: CommonSpec,
}

impl CacheTierSpec {
    /// The port that clients connect to.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or_else(|| self.engine.default_port())
    }

    /// Shards; of memcached, nodes.
    pub fn shards(&self) -> u16 {
        let spread = self.engine == Engine::Memcached && self.availability == Availability::MultiAZ;
        self.shards.unwrap_or(if spread { 2 } else { 1 })
    }

    /// Whether the keys are spread over shards.
    pub fn cluster_mode(&self) -> bool {
        self.engine != Engine::Memcached
            && self.cluster_mode.map_or(self.shards() > 1, |mode| mode == ClusterMode::Enabled)
    }

    /// Replicas of each shard; memcached has none.
    pub fn replicas_per_shard(&self) -> u8 {
        let spread = self.engine != Engine::Memcached && self.availability == Availability::MultiAZ;
        self.replicas_per_shard.unwrap_or(u8::from(spread))
    }

    /// How clients prove who they are.
    pub fn authentication(&self) -> Authentication {
        let usual = if self.engine == Engine::Memcached { Authentication::None } else { Authentication::Users };
        self.authentication.unwrap_or(usual)
    }
}

tier_object!(CacheTier {});
