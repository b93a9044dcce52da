//! How the objects of a bucket are protected: versions, encryption, locks.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// Whether the bucket keeps versions (`PutBucketVersioning`, Status). Once it does, AWS can only suspend that.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum Versioning {
    /// It does.
    #[default]
    Enabled,
    /// It makes no new ones.
    Suspended,
}

impl Versioning {
    /// As the S3 API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Suspended => "Suspended",
        }
    }
}

/// How new objects are encrypted (`PutBucketEncryption`).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "self.type == 'SSE-KMS' || !has(self.kmsKeyId)",
    "encryption.kmsKeyId is for SSE-KMS: set encryption.type to SSE-KMS, or leave kmsKeyId out"
))]
pub struct Encryption {
    /// SSE-S3 (default): by keys that S3 keeps. SSE-KMS: by a key in AWS KMS, each use of which is logged and can be
    /// denied.
    #[serde(default, rename = "type")]
    pub type_: EncryptionType,
    /// Key ARN, key id, alias ARN or alias name, of this namespace or admitted by the Environment's `limits.allow`. Absent,
    /// with SSE-KMS: the account's own key for S3, which CloudFront and other accounts cannot use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = schema::KMS_KEY))]
    pub kms_key_id: Option<String>,
    /// Enabled (default): with SSE-KMS, one call to KMS serves many objects. Disabled: each object has its own.
    #[serde(default)]
    pub bucket_key: BucketKey,
}

impl Default for Encryption {
    fn default() -> Self {
        schema::defaults()
    }
}

/// Who keeps the key.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum EncryptionType {
    /// S3.
    #[default]
    #[serde(rename = "SSE-S3")]
    SseS3,
    /// AWS KMS.
    #[serde(rename = "SSE-KMS")]
    SseKms,
}

impl EncryptionType {
    /// As the S3 API writes it (`ServerSideEncryptionByDefault`, SSEAlgorithm).
    pub fn algorithm(self) -> &'static str {
        match self {
            Self::SseS3 => "AES256",
            Self::SseKms => "aws:kms",
        }
    }
}

/// Whether S3 keeps a key of the bucket between KMS and its objects.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum BucketKey {
    /// It does.
    #[default]
    Enabled,
    /// It does not.
    Disabled,
}

/// How long new versions are locked (`PutObjectLockConfiguration`, DefaultRetention).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ObjectLock {
    /// Governance: who has s3:BypassGovernanceRetention may delete all the same. Compliance: nobody may, the account's root
    /// user included.
    pub mode: RetentionMode,
    /// Days for which a new version is locked.
    #[schemars(range(min = 1, max = 36500))]
    pub retention_days: u16,
}

/// Whom a lock binds.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(inline)]
pub enum RetentionMode {
    /// All but those with a right of its own.
    Governance,
    /// Everybody.
    Compliance,
}

impl RetentionMode {
    /// As the S3 API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Governance => "GOVERNANCE",
            Self::Compliance => "COMPLIANCE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_written_as_s3_writes_it() {
        for versioning in [Versioning::Enabled, Versioning::Suspended] {
            assert_eq!(serde_json::to_value(versioning).unwrap(), versioning.as_str());
        }
        assert_eq!(
            [EncryptionType::SseS3, EncryptionType::SseKms].map(EncryptionType::algorithm),
            ["AES256", "aws:kms"]
        );
        let modes = [RetentionMode::Governance, RetentionMode::Compliance];
        assert_eq!(modes.map(RetentionMode::as_str), ["GOVERNANCE", "COMPLIANCE"]);
    }
}
