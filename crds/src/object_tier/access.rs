//! How a bucket is reached from afar and from browsers, and who is told of it.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether the bucket has an accelerated endpoint (`PutBucketAccelerateConfiguration`, Status).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum TransferAcceleration {
    /// It has.
    Enabled,
    /// It has not.
    #[default]
    Suspended,
}

impl TransferAcceleration {
    /// As the S3 API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Suspended => "Suspended",
        }
    }
}

/// Which pages may do what with the bucket from a browser (`PutBucketCors`, CORSRule).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CorsRule {
    /// The origins, such as https://www.example.com; each may have one asterisk.
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 512), regex(pattern = r"^[^*\s]*\*?[^*\s]*$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_origins: Vec<String>,
    /// The methods.
    #[schemars(length(min = 1, max = 5))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_methods: Vec<CorsMethod>,
    /// The request headers that a page may send; each may have one asterisk.
    #[serde(default)]
    #[schemars(length(max = 20), inner(length(min = 1, max = 256), regex(pattern = r"^[^*\s]*\*?[^*\s]*$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_headers: Vec<String>,
    /// The response headers that a page may read.
    #[serde(default)]
    #[schemars(length(max = 20), inner(length(min = 1, max = 256), regex(pattern = r"^[^*\s]+$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub expose_headers: Vec<String>,
    /// Seconds for which a browser keeps the answer to a preflight request: 3600 by default.
    #[serde(default = "hour")]
    #[schemars(range(min = 0, max = 86400))]
    pub max_age_seconds: u32,
}

fn hour() -> u32 {
    3600
}

/// A method of HTTP.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub enum CorsMethod {
    /// DELETE.
    Delete,
    /// GET.
    Get,
    /// HEAD.
    Head,
    /// POST.
    Post,
    /// PUT.
    Put,
}

impl CorsMethod {
    /// As HTTP writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// Where server access logs go (`PutBucketLogging`).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AccessLogs {
    /// An existing bucket of the same account and region, by name, of this namespace or admitted by the Environment's
    /// `limits.allow`. Its policy must let logging.s3.amazonaws.com write.
    #[schemars(length(min = 3, max = 63), regex(pattern = r"^[a-z0-9][a-z0-9.-]*[a-z0-9]$"))]
    pub bucket: String,
    /// What the names of the logs begin with. Absent: nothing.
    #[serde(default)]
    #[schemars(length(max = 512))]
    pub prefix: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_written_as_s3_writes_it() {
        for method in [CorsMethod::Delete, CorsMethod::Get, CorsMethod::Head, CorsMethod::Post, CorsMethod::Put] {
            assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
        }
        for state in [TransferAcceleration::Enabled, TransferAcceleration::Suspended] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
