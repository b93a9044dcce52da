//! Amazon S3: buckets with their settings, and their policies.
//!
//! Fields follow the S3 API reference (CreateBucket and the Put… call of each setting). A setting that is off has a value
//! that says so, since what a wish leaves out is not compared; within a setting, what is off is absent.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Tags;
use super::iam::Policy;
use crate::resource::{Out, Resource, Rule};
use crate::val::Val;

/// A bucket with all its settings but its policy. All settings are ours: a lifecycle rule, say, that somebody else added is
/// drift, and is taken away.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bucket {
    /// Unique over all accounts: the tier derives it, or the user chooses it. 3 to 63 characters.
    pub name: String,
    pub public_access_block: PublicAccessBlock,
    /// `BucketOwnerEnforced`: there are no access control lists.
    pub object_ownership: String,
    pub encryption: Encryption,
    /// `Enabled` or `Suspended`; a bucket that never had versions counts as the latter.
    pub versioning: String,
    /// By rule id.
    pub lifecycle_rules: BTreeMap<String, LifecycleRule>,
    /// By id.
    pub intelligent_tiering: BTreeMap<String, IntelligentTiering>,
    /// `Enabled` or `Suspended`.
    pub acceleration: String,
    /// In the order in which S3 tries them.
    pub cors_rules: Vec<CorsRule>,
    /// Absent where nothing is locked, which is for ever so once it is (API reference, PutObjectLockConfiguration).
    pub object_lock: Option<ObjectLock>,
    pub logging: Logging,
    pub tags: Tags,
}

/// What keeps the public out (`PublicAccessBlockConfiguration`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublicAccessBlock {
    pub block_public_acls: bool,
    pub ignore_public_acls: bool,
    pub block_public_policy: bool,
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// Nobody comes in.
    pub const ALL: Self = PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };
}

/// How new objects are encrypted (`ServerSideEncryptionRule`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Encryption {
    /// `AES256` or `aws:kms`.
    pub sse_algorithm: String,
    /// ARN of the key; absent for the account's own key of S3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_master_key_id: Option<Val<String>>,
    /// False with `AES256`, to which it means nothing.
    pub bucket_key_enabled: bool,
}

/// What becomes of some objects as they age (`LifecycleRule`). A number of days that is negative stands for something that
/// Terrace never wishes, as a date.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LifecycleRule {
    /// `Enabled` or `Disabled`.
    pub status: String,
    /// What names begin with; empty for all objects.
    pub prefix: String,
    pub tags: BTreeMap<String, String>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_size_greater_than: Option<i64>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_size_less_than: Option<i64>,
    /// Days by storage class.
    pub transitions: BTreeMap<String, i32>,
    /// Days by storage class.
    pub noncurrent_version_transitions: BTreeMap<String, i32>,
    /// Days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<i32>,
    /// Days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noncurrent_version_expiration: Option<i32>,
    /// So many of the newest noncurrent versions do not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newer_noncurrent_versions: Option<i32>,
    /// Days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_incomplete_multipart_upload: Option<i32>,
}

/// The archive tiers of S3 Intelligent-Tiering for some objects (`IntelligentTieringConfiguration`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IntelligentTiering {
    /// `Enabled` or `Disabled`.
    pub status: String,
    /// What names begin with; empty for all objects.
    pub prefix: String,
    pub tags: BTreeMap<String, String>,
    /// Days without a read, by `ARCHIVE_ACCESS` and `DEEP_ARCHIVE_ACCESS`.
    pub tierings: BTreeMap<String, i32>,
}

/// Which pages of other origins may use the bucket from a browser (`CORSRule`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CorsRule {
    pub allowed_headers: BTreeSet<String>,
    pub allowed_methods: BTreeSet<String>,
    pub allowed_origins: BTreeSet<String>,
    pub expose_headers: BTreeSet<String>,
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<i32>,
}

/// For how long new versions are locked (`DefaultRetention`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectLock {
    /// `GOVERNANCE` or `COMPLIANCE`; empty where versions are locked one by one only.
    pub mode: String,
    /// Days; 0 beside an empty mode.
    pub days: i32,
}

/// Where access logs go (`LoggingEnabled`); both empty for nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Logging {
    pub target_bucket: String,
    pub target_prefix: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BucketOutputs {
    pub name: Option<String>,
    pub arn: Option<String>,
    pub region: Option<String>,
    /// Host name in its region.
    pub regional_domain_name: Option<String>,
    /// Host name of Transfer Acceleration, which answers where that is enabled.
    pub accelerate_endpoint: Option<String>,
}

impl Bucket {
    pub const NAME: Out<Self, String> = Out::new("name");
    pub const ARN: Out<Self, String> = Out::new("arn");
    pub const REGION: Out<Self, String> = Out::new("region");
    pub const REGIONAL_DOMAIN_NAME: Out<Self, String> = Out::new("regionalDomainName");
    pub const ACCELERATE_ENDPOINT: Out<Self, String> = Out::new("accelerateEndpoint");
    /// No access control lists (`ObjectOwnership`).
    pub const OWNER_ENFORCED: &str = "BucketOwnerEnforced";
}

impl Resource for Bucket {
    const KIND: &'static str = "s3/Bucket";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("name", Rule::Refuse("a bucket keeps its name: set spec.bucketName to the name that it has")),
        ("tags", Rule::Keyed),
    ];
    const HOLDS_DATA: bool = true;
    /// Its name is not the derived one: that is unique in an account only.
    const ADDRESS: &'static [&'static str] = &["name"];
    type Outputs = BucketOutputs;
}

/// Who may do what with a bucket. The whole policy is ours: a statement that somebody else added is drift.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BucketPolicy {
    /// Name of the bucket.
    pub bucket: Val<String>,
    pub policy: Policy,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BucketPolicyOutputs {
    pub bucket: Option<String>,
}

impl Resource for BucketPolicy {
    const KIND: &'static str = "s3/BucketPolicy";
    const FIELDS: &'static [(&'static str, Rule)] = &[("bucket", Rule::Replace)];
    const ADDRESS: &'static [&'static str] = &["bucket"];
    type Outputs = BucketPolicyOutputs;
}
