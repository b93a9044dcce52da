//! Where a distribution gets what it serves.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Port, ProtocolPolicy};
use crate::val::Val;

/// One origin of a distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Origin {
    /// A host name: of a bucket the regional one, of a VPC origin that of its load balancer.
    pub domain_name: Val<String>,
    /// Put before each path, as `/v1`; begins with `/` and does not end with it. Empty for none.
    pub origin_path: String,
    /// Headers that CloudFront adds to each request.
    pub custom_headers: BTreeMap<String, Val<String>>,
    /// 1 to 3; AWS's default is 3.
    pub connection_attempts: i32,
    /// Seconds, 1 to 10; AWS's default is 10.
    pub connection_timeout: i32,
    /// The region of its origin shield; empty for none.
    pub origin_shield_region: String,
    pub origin: OriginType,
}

/// What kind of origin it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum OriginType {
    /// Any HTTP server that the internet reaches.
    Custom(CustomOrigin),
    /// A bucket.
    #[serde(rename = "s3", rename_all = "camelCase")]
    S3 {
        /// Id of an origin access control; empty for a public bucket.
        origin_access_control_id: Val<String>,
    },
    /// A load balancer in private subnets, by way of a VPC origin.
    #[serde(rename_all = "camelCase")]
    Vpc {
        vpc_origin_id: Val<String>,
        /// Seconds, 1 to 120; AWS's default is 30.
        origin_read_timeout: i32,
        /// Seconds, 1 to 120; AWS's default is 5.
        origin_keepalive_timeout: i32,
    },
}

/// How a server on the internet is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomOrigin {
    /// 80, 443, or 1024 to 65535. Of the two ports the one that the policy does not use says nothing: both may be the same.
    pub http_port: Val<Port>,
    pub https_port: Val<Port>,
    pub origin_protocol_policy: Val<ProtocolPolicy>,
    /// `TLSv1.2` and before.
    pub origin_ssl_protocols: BTreeSet<String>,
    /// Seconds, 1 to 120; AWS's default is 30.
    pub origin_read_timeout: i32,
    /// Seconds, 1 to 120; AWS's default is 5.
    pub origin_keepalive_timeout: i32,
}

/// Two origins, of which the second answers where the first fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OriginGroup {
    /// HTTP statuses of the first at which the second is asked: any of 403, 404, 416, 429, 500, 502, 503, 504.
    pub status_codes: BTreeSet<i32>,
    /// Ids of the first and the second.
    pub members: [String; 2],
}
