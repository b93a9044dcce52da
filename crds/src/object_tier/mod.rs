//! `ObjectTier`: a bucket on Amazon S3.

mod access;
mod ending;
mod lifecycle;
mod protection;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{
    common::{CommonSpec, DeletionPolicy, tier_object},
    status::TierStatus,
};

pub use access::{AccessLogs, CorsMethod, CorsRule, TransferAcceleration};
pub use ending::{Contents, OnDelete};
pub use lifecycle::{
    Filter, IntelligentTiering, LifecycleRule, Noncurrent, NoncurrentTransition, RuleStatus, StorageClass, Transition,
};
pub use protection::{BucketKey, Encryption, EncryptionType, ObjectLock, RetentionMode, Versioning};

/// A bucket. What is not said is fit for production: closed to the public, encrypted, versioned, reached by TLS only, and
/// kept when its object goes.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "terrace.dev",
    version = "v1alpha1",
    kind = "ObjectTier",
    plural = "objecttiers",
    shortname = "ot",
    category = "terrace",
    category = "aws",
    namespaced,
    status = "TierStatus",
    derive = "PartialEq",
    doc = "A bucket on Amazon S3.",
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name": "Bucket", "type": "string", "jsonPath": ".status.outputs.bucket"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name": "Region", "type": "string", "jsonPath": ".status.outputs.region", "priority": 1}"#,
    printcolumn = r#"{"name": "Environment", "type": "string", "jsonPath": ".status.environment.name", "priority": 1}"#,
    printcolumn = r#"{"name": "ARN", "type": "string", "jsonPath": ".status.outputs.arn", "priority": 1}"#,
    printcolumn = r#"{"name": "Message", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].message", "priority": 1}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "has(self.bucketName) == has(oldSelf.bucketName) && (!has(self.bucketName) || self.bucketName == oldSelf.bucketName)",
    "a bucket keeps its name: leave bucketName as it was, or make another ObjectTier and copy the objects"
))]
#[x_kube(validation = (
    "self.deletionPolicy != 'Snapshot'",
    "a bucket has no snapshots: set deletionPolicy to Retain or Delete"
))]
#[x_kube(validation = (
    "self.onDelete.contents == 'Keep' || self.deletionPolicy == 'Delete'",
    "onDelete.contents Delete goes with deletionPolicy Delete only: set that too, or leave onDelete out"
))]
#[x_kube(validation = (
    "!has(self.objectLock) || self.versioning == 'Enabled'",
    "objectLock needs versions: set versioning to Enabled"
))]
#[x_kube(validation = (
    "has(self.objectLock) || !has(oldSelf.objectLock)",
    "AWS takes no object lock away: leave objectLock, or make another ObjectTier and copy the objects"
))]
pub struct ObjectTierSpec {
    /// The name of the bucket, unique over all accounts of AWS. Absent: derived from namespace, name and account.
    /// It cannot be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 63), regex(pattern = r"^[a-z0-9][a-z0-9-]*[a-z0-9]$"))]
    pub bucket_name: Option<String>,
    /// Enabled (default): what is overwritten or deleted stays as a noncurrent version. Suspended: it does not.
    #[serde(default)]
    pub versioning: Versioning,
    /// How new objects are encrypted.
    #[serde(default)]
    pub encryption: Encryption,
    /// What becomes of objects as they age. Names that begin with terrace- are kept for the rules that Terrace adds.
    #[serde(default)]
    #[schemars(length(max = 50))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub lifecycle: Vec<LifecycleRule>,
    /// Days after which the parts of an upload that was never completed are deleted: 7 by default, 0 for never.
    #[serde(default = "seven")]
    #[schemars(range(min = 0, max = 3650))]
    pub abort_incomplete_uploads_after_days: u16,
    /// Objects move to the storage class INTELLIGENT_TIERING, and in it by how often they are read. Absent: they do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intelligent_tiering: Option<IntelligentTiering>,
    /// Enabled: clients far away may use the accelerated endpoint, at a price. Suspended (default): they may not.
    #[serde(default)]
    pub transfer_acceleration: TransferAcceleration,
    /// Which pages of other origins may use the bucket from a browser; the first rule that matches counts.
    #[serde(default)]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub cors: Vec<CorsRule>,
    /// For how long no version of an object can be deleted or overwritten. Absent: not at all. It can be changed, and never
    /// taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_lock: Option<ObjectLock>,
    /// Where S3 writes who asked for what. Absent: nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_logs: Option<AccessLogs>,
    /// What becomes of the bucket when this object is deleted. Retain (default): it stays, no longer Terrace's. Delete: it
    /// is deleted, as soon as it is empty.
    #[serde(default = "retain")]
    pub deletion_policy: DeletionPolicy,
    /// What a deletion does beside it.
    #[serde(default)]
    pub on_delete: OnDelete,
    /// The fields that every tier has.
    #[serde(flatten)]
    pub common: CommonSpec,
}

fn seven() -> u16 {
    7
}

fn retain() -> DeletionPolicy {
    DeletionPolicy::Retain
}

tier_object!(ObjectTier {
    fn empties(&self) -> bool {
        self.spec.on_delete.contents == Contents::Delete
    }
});
