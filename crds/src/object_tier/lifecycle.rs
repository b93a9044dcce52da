//! What becomes of objects as they age: lifecycle rules, and S3 Intelligent-Tiering.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// One rule (`PutBucketLifecycleConfiguration`, LifecycleRule).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "!self.name.startsWith('terrace-')",
    "names of lifecycle rules that begin with terrace- are Terrace's own: choose another name"
))]
#[x_kube(validation = (
    "size(self.transitions) > 0 || has(self.expireAfterDays) || has(self.noncurrent)",
    "a lifecycle rule does something: set transitions, expireAfterDays or noncurrent, or leave the rule out"
))]
pub struct LifecycleRule {
    /// The name, unique in the bucket.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"))]
    pub name: String,
    /// Enabled (default) or Disabled.
    #[serde(default)]
    pub status: RuleStatus,
    /// Which objects it is for. Absent: all.
    #[serde(default)]
    pub filter: Filter,
    /// To which storage classes objects move, and when.
    #[serde(default)]
    #[schemars(length(max = 6))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["storageClass".into()]))]
    pub transitions: Vec<Transition>,
    /// Days after its creation when an object is deleted; in a bucket with versions it stays as a noncurrent one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 36500))]
    pub expire_after_days: Option<u32>,
    /// What becomes of versions that are no longer the current one. Absent: they stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noncurrent: Option<Noncurrent>,
}

/// Whether a rule is carried out.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum RuleStatus {
    /// It is.
    #[default]
    Enabled,
    /// It is not.
    Disabled,
}

impl RuleStatus {
    /// As the S3 API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
        }
    }
}

/// The objects that a rule is for: those that match all that is said (`LifecycleRuleFilter`).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "!has(self.largerThanBytes) || !has(self.smallerThanBytes) || self.largerThanBytes < self.smallerThanBytes",
    "filter.largerThanBytes must be less than filter.smallerThanBytes: no object is both"
))]
pub struct Filter {
    /// What their names begin with. Absent: anything.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    pub prefix: String,
    /// The tags that they bear.
    #[serde(default)]
    #[schemars(schema_with = "schema::strings::<10, 256>")]
    pub tags: BTreeMap<String, String>,
    /// Bytes that they are larger than.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 5_497_558_138_880_i64))]
    pub larger_than_bytes: Option<i64>,
    /// Bytes that they are smaller than.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 5_497_558_138_880_i64))]
    pub smaller_than_bytes: Option<i64>,
}

impl Default for Filter {
    fn default() -> Self {
        schema::defaults()
    }
}

/// A move of objects to another storage class.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// Days after their creation.
    #[schemars(range(min = 0, max = 36500))]
    pub after_days: u32,
    /// Where they go.
    pub storage_class: StorageClass,
}

/// What becomes of noncurrent versions.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "size(self.transitions) > 0 || has(self.expireAfterDays)",
    "noncurrent does something: set noncurrent.transitions or noncurrent.expireAfterDays, or leave it out"
))]
#[x_kube(validation = (
    "!has(self.keepNewest) || has(self.expireAfterDays)",
    "noncurrent.keepNewest is what expireAfterDays spares: set noncurrent.expireAfterDays, or leave keepNewest out"
))]
pub struct Noncurrent {
    /// To which storage classes they move, and when.
    #[serde(default)]
    #[schemars(length(max = 6))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["storageClass".into()]))]
    pub transitions: Vec<NoncurrentTransition>,
    /// Days after they ceased to be current when they are deleted, for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 36500))]
    pub expire_after_days: Option<u32>,
    /// So many of the newest are kept all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub keep_newest: Option<u8>,
}

/// A move of noncurrent versions to another storage class.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct NoncurrentTransition {
    /// Days after they ceased to be current.
    #[schemars(range(min = 0, max = 36500))]
    pub after_days: u32,
    /// Where they go.
    pub storage_class: StorageClass,
}

/// A storage class that objects can be moved to (`Transition`, StorageClass), from the nearest to the farthest: S3 moves
/// nothing back.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[schemars(inline)]
pub enum StorageClass {
    /// S3 Standard-IA: read seldom.
    #[serde(rename = "STANDARD_IA")]
    StandardIa,
    /// S3 Intelligent-Tiering: S3 finds out how often each is read.
    #[serde(rename = "INTELLIGENT_TIERING")]
    IntelligentTiering,
    /// S3 One Zone-IA: read seldom, in one zone.
    #[serde(rename = "ONEZONE_IA")]
    OneZoneIa,
    /// S3 Glacier Instant Retrieval.
    #[serde(rename = "GLACIER_IR")]
    GlacierIr,
    /// S3 Glacier Flexible Retrieval: minutes to hours.
    #[serde(rename = "GLACIER")]
    Glacier,
    /// S3 Glacier Deep Archive: half a day.
    #[serde(rename = "DEEP_ARCHIVE")]
    DeepArchive,
}

impl StorageClass {
    /// All of them, from the nearest to the farthest.
    pub const ALL: [StorageClass; 6] = [
        Self::StandardIa,
        Self::IntelligentTiering,
        Self::OneZoneIa,
        Self::GlacierIr,
        Self::Glacier,
        Self::DeepArchive,
    ];

    /// As the S3 API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StandardIa => "STANDARD_IA",
            Self::IntelligentTiering => "INTELLIGENT_TIERING",
            Self::OneZoneIa => "ONEZONE_IA",
            Self::GlacierIr => "GLACIER_IR",
            Self::Glacier => "GLACIER",
            Self::DeepArchive => "DEEP_ARCHIVE",
        }
    }
}

/// S3 Intelligent-Tiering: objects go to its storage class, and in it from tier to tier by how often they are read.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "!has(self.archiveAfterDays) || !has(self.deepArchiveAfterDays) || self.archiveAfterDays < self.deepArchiveAfterDays",
    "intelligentTiering.deepArchiveAfterDays must be greater than archiveAfterDays: raise it"
))]
pub struct IntelligentTiering {
    /// What the names of the objects begin with. Absent: all objects.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    pub prefix: String,
    /// Days after its creation when an object goes to the storage class: 0 by default.
    #[serde(default)]
    #[schemars(range(min = 0, max = 36500))]
    pub after_days: u32,
    /// Days without a read after which an object goes to the Archive Access tier, from which it takes hours to be had.
    /// Absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 90, max = 730))]
    pub archive_after_days: Option<u16>,
    /// Days without a read after which an object goes to the Deep Archive Access tier, from which it takes half a day.
    /// Absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 180, max = 730))]
    pub deep_archive_after_days: Option<u16>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storage_class_is_named_as_s3_names_it() {
        for class in StorageClass::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
        }
        assert!(StorageClass::ALL.is_sorted());
        for status in [RuleStatus::Enabled, RuleStatus::Disabled] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }
}
