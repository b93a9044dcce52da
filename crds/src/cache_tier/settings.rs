//! The small choices of a CacheTier: availability, cluster mode, encryption, authentication, serverless limits.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{schema, size::StorageSize};

/// How many zones hold the cache.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum Availability {
    /// One.
    SingleAZ,
    /// Two or more: a replica takes over.
    #[default]
    MultiAZ,
}

/// Whether keys are spread over shards, which clients must know of.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(inline)]
pub enum ClusterMode {
    /// They are.
    Enabled,
    /// They are not: there is one shard.
    Disabled,
}

/// How the cache is encrypted.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "self.atRest == 'Enabled' || !has(self.kmsKeyId)",
    "encryption.kmsKeyId is the key of what is at rest: set encryption.atRest to Enabled, or leave kmsKeyId out"
))]
pub struct Encryption {
    /// Required (default): clients connect by TLS. Preferred: they may, which lets clients move one by one. Disabled:
    /// they do not. Between Disabled and Required AWS goes through Preferred by itself. Of memcached, a change makes
    /// another, empty cache.
    #[serde(default)]
    pub in_transit: InTransit,
    /// Enabled (default): what is on disk and in snapshots is encrypted. Disabled: it is not. A change means another
    /// cache, restored from a last snapshot of this one: that needs approval. Memcached on nodes keeps nothing on disk.
    #[serde(default)]
    pub at_rest: AtRest,
    /// Key ARN, key id, alias ARN or alias name. Absent: ElastiCache's own key.
    /// Another key means another cache, restored from a last snapshot of this one: that needs approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = schema::KMS_KEY))]
    pub kms_key_id: Option<String>,
}

impl Default for Encryption {
    fn default() -> Self {
        schema::defaults()
    }
}

/// Whether clients connect by TLS (`CreateReplicationGroup`, TransitEncryptionEnabled and TransitEncryptionMode).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum InTransit {
    /// They must.
    #[default]
    Required,
    /// They may.
    Preferred,
    /// They cannot.
    Disabled,
}

/// Whether what is stored is encrypted.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum AtRest {
    /// It is.
    #[default]
    Enabled,
    /// It is not.
    Disabled,
}

/// How clients prove who they are.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(inline)]
pub enum Authentication {
    /// They do not: whoever reaches the port is let in.
    None,
    /// By one token that all share (AUTH).
    Token,
    /// By the name and password of a user (role-based access control).
    Users,
}

/// What a serverless cache may grow to (`CacheUsageLimits`). AWS sizes it, and bills by what is used.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "!quantity(self.maxStorage).isLessThan(quantity('1Gi')) && !quantity(self.maxStorage).isGreaterThan(quantity('5000Gi'))",
    "serverless.maxStorage must be between 1Gi and 5000Gi"
))]
pub struct Serverless {
    /// The most data it holds; beyond it, keys are evicted. Absent: the most that AWS gives.
    #[serde(default = "most_storage")]
    pub max_storage: StorageSize,
    /// The most ElastiCache processing units (ECPU) a second; beyond it, requests are throttled. Absent: the most that
    /// AWS gives.
    #[serde(default = "most_ecpu", rename = "maxECPUPerSecond")]
    #[schemars(range(min = 1000, max = 15_000_000))]
    pub max_ecpu_per_second: u32,
}

/// ElastiCache User Guide, "Scaling ElastiCache Serverless".
fn most_storage() -> StorageSize {
    StorageSize::of_gib(5000)
}

fn most_ecpu() -> u32 {
    15_000_000
}
