//! The small choices of a DataTier: availability, network, deletion protection, encryption, and what only Aurora has.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// How many zones hold the database.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum Availability {
    /// One.
    SingleAZ,
    /// Two: a standby takes over.
    #[default]
    MultiAZ,
    /// Three: one writer, two readable standbys (a Multi-AZ DB cluster).
    Cluster,
}

/// Whether AWS refuses deletion.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum DeletionProtection {
    /// It does, until Terrace lifts it.
    #[default]
    Enabled,
    /// It does not.
    Disabled,
}

/// The key that storage and backups are encrypted with.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Encryption {
    /// Key ARN, key id, alias ARN or alias name. Absent: the account's key for RDS.
    /// Another key means another database, restored from a last snapshot of this one: that needs approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = schema::KMS_KEY))]
    pub kms_key_id: Option<String>,
}

/// What only Aurora has.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Aurora {
    /// How I/O is paid: aurora (default), by request; aurora-iopt1, included in a higher price of the instances.
    #[serde(default)]
    pub storage_type: AuroraStorageType,
}

/// How Aurora's I/O is paid (`CreateDBCluster`, StorageType).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum AuroraStorageType {
    /// By request.
    #[default]
    #[serde(rename = "aurora")]
    Standard,
    /// Included.
    #[serde(rename = "aurora-iopt1")]
    IoOptimized,
}
