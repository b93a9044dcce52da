//! What a new DataTier begins with: a snapshot, or another database at a moment.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::common::TierRef;
use crate::schema;

/// Where the data of a new database comes from. An AWS identifier that it names must bear this namespace's owner tag, or
/// be admitted by the Environment's `limits.allow`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "has(self.snapshot) != has(self.pointInTime)",
    "set exactly one of restoreFrom.snapshot and restoreFrom.pointInTime"
))]
pub struct RestoreFrom {
    /// A snapshot, by identifier or ARN; of a cluster for Aurora and availability Cluster, of an instance otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 1024),
        regex(
            pattern = r"^(arn:aws[a-z-]*:rds:[a-z0-9-]+:[0-9]{12}:(cluster-)?snapshot:)?(rds:|awsbackup:)?[A-Za-z][A-Za-z0-9-]*$"
        )
    )]
    pub snapshot: Option<String>,
    /// Another database at a moment within its backup retention.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point_in_time: Option<PointInTime>,
}

/// A database at a moment.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "has(self.source) != has(self.dataTierRef)",
    "set exactly one of restoreFrom.pointInTime.source and restoreFrom.pointInTime.dataTierRef"
))]
pub struct PointInTime {
    /// The identifier of a source that is no DataTier of this cluster: a cluster for Aurora and availability Cluster, an
    /// instance otherwise. It must bear this namespace's owner tag, or be admitted by the Environment's `limits.allow`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[A-Za-z][A-Za-z0-9-]*$"))]
    pub source: Option<String>,
    /// Another DataTier of this cluster, in the same Environment and of the same engine and form. It is kept as long as
    /// this field names it: once the database stands, the field may be removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_tier_ref: Option<TierRef>,
    /// The moment, such as 2026-07-01T10:00:00Z. Absent: the latest that can be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::time")]
    pub time: Option<Time>,
}
