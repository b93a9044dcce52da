//! Where an EdgeTier gets what it serves.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::TierRef;
use crate::schema;

/// One origin: exactly one of webAppRef, objectTierRef, bucket, host and failover.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "[has(self.webAppRef), has(self.objectTierRef), has(self.bucket), has(self.host), size(self.failover) > 0].filter(said, said).size() == 1",
    "an origin is one thing: set exactly one of webAppRef, objectTierRef, bucket, host and failover"
))]
#[x_kube(validation = (
    "has(self.webAppRef) || !has(self.access)",
    "origins[].access is how a WebApp is reached: leave it out, or set webAppRef"
))]
#[x_kube(validation = (
    "has(self.webAppRef) || has(self.host) || !(has(self.protocol) || has(self.httpPort) || has(self.httpsPort) || has(self.responseTimeoutSeconds) || has(self.keepaliveTimeoutSeconds))",
    "a bucket is reached in one way only: leave protocol, httpPort, httpsPort and the two timeouts out, or set webAppRef or host"
))]
#[x_kube(validation = (
    "(!has(self.httpPort) || self.httpPort in [80, 443] || self.httpPort >= 1024) && (!has(self.httpsPort) || self.httpsPort in [80, 443] || self.httpsPort >= 1024)",
    "CloudFront connects to ports 80, 443 and from 1024 on: change httpPort or httpsPort"
))]
#[x_kube(validation = (
    "!has(self.webAppRef) || has(self.protocol) || !(has(self.httpPort) || has(self.httpsPort))",
    "the port of a WebApp is that of its listener: leave httpPort and httpsPort out, or set protocol too"
))]
#[x_kube(validation = (
    "has(self.bucket) || !has(self.region)",
    "origins[].region is that of a bucket: leave it out, or set bucket"
))]
#[x_kube(validation = (
    "size(self.failover) == 0 || !(has(self.path) || size(self.customHeaders) > 0 || has(self.connectionAttempts) || has(self.connectionTimeoutSeconds) || has(self.originShield))",
    "what goes for the members of a failover group is said of each: set it on the origins that failover names"
))]
#[x_kube(validation = (
    "size(self.failover) > 0 || size(self.failoverOn) == 0",
    "origins[].failoverOn is for a failover group: leave it out, or set failover"
))]
pub struct Origin {
    /// What routes name it by.
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL))]
    pub name: String,
    /// A WebApp of this cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_app_ref: Option<TierRef>,
    /// How its load balancer is reached. Private (default): through a VPC origin, for a WebApp with expose.scheme Internal.
    /// Public: over the internet, for one with expose.scheme InternetFacing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<OriginAccess>,
    /// An ObjectTier of this cluster, by origin access control.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_tier_ref: Option<TierRef>,
    /// An S3 bucket that exists, by origin access control. The Environment's `limits.allow` must admit it,
    /// and its policy must let in `status.outputs.distributionArn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 63), regex(pattern = schema::BUCKET))]
    pub bucket: Option<String>,
    /// The region of `bucket`. Absent: the Environment's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = schema::REGION))]
    pub region: Option<String>,
    /// Any HTTP server that the internet reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::HOSTNAME))]
    pub host: Option<String>,
    /// Two other origins, of which the second is asked where the first fails. For GET, HEAD and OPTIONS only.
    #[serde(default)]
    #[schemars(length(max = 2), inner(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub failover: Vec<String>,
    /// The answers of the first at which the second is asked: of 403, 404, 416, 429, 500, 502, 503, 504. Absent: the last
    /// four.
    #[serde(default)]
    #[schemars(length(max = 8), inner(range(min = 403, max = 504)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub failover_on: Vec<u16>,
    /// How CloudFront speaks to it. Absent: HTTPSOnly to a host; to a WebApp as its load balancer listens, port and all.
    /// MatchViewer: as the viewer does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<OriginProtocol>,
    /// The port of HTTP: 80, 443, or from 1024 on. Absent: 80.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 80, max = 65535))]
    pub http_port: Option<u16>,
    /// The port of HTTPS: 80, 443, or from 1024 on. Absent: 443.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 80, max = 65535))]
    pub https_port: Option<u16>,
    /// Put before each path that is asked for, as /v1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 255), regex(pattern = "^/.*[^/]$"))]
    pub path: Option<String>,
    /// Headers that CloudFront adds to each request. Who may read this object reads them: no place for a secret.
    #[serde(default)]
    #[schemars(schema_with = "schema::strings::<10, 1783>")]
    pub custom_headers: BTreeMap<String, String>,
    /// How often a connection is tried: 1 to 3. 3 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3))]
    pub connection_attempts: Option<u8>,
    /// How long one try may take. 10 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10))]
    pub connection_timeout_seconds: Option<u8>,
    /// How long an answer, and each part of it, may take. 30 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 120))]
    pub response_timeout_seconds: Option<u8>,
    /// How long an idle connection is kept. 5 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 120))]
    pub keepalive_timeout_seconds: Option<u8>,
    /// A region in which one more cache stands before the origin. Absent: none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = schema::REGION))]
    pub origin_shield: Option<String>,
}

impl Origin {
    /// How its load balancer is reached.
    pub fn access(&self) -> OriginAccess {
        self.access.unwrap_or_default()
    }

    /// Whether protocol and port are those of the WebApp's listener.
    pub fn follows_listener(&self) -> bool {
        self.web_app_ref.is_some() && self.protocol.is_none()
    }

    /// Whether it is a bucket, which answers by what is asked for and by nothing else.
    pub fn is_bucket(&self) -> bool {
        self.bucket.is_some() || self.object_tier_ref.is_some()
    }
}

/// How a load balancer is reached.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum OriginAccess {
    /// By way of a VPC origin.
    #[default]
    Private,
    /// Over the internet.
    Public,
}

/// How CloudFront speaks to an origin.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(inline)]
pub enum OriginProtocol {
    /// By TLS, 1.2.
    #[serde(rename = "HTTPSOnly")]
    HttpsOnly,
    /// In the clear.
    #[serde(rename = "HTTPOnly")]
    HttpOnly,
    /// As the viewer speaks to CloudFront.
    MatchViewer,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webapp_is_spoken_to_as_it_listens_unless_the_origin_says_otherwise() {
        let reference = Some(TierRef { name: "shop".into(), namespace: None });
        let web = Origin { web_app_ref: reference.clone(), ..Origin::default() };
        assert_eq!((web.follows_listener(), web.access()), (true, OriginAccess::Private));
        assert!(!Origin { protocol: Some(OriginProtocol::MatchViewer), ..web }.follows_listener());
        let host = Origin { host: Some("old.example.net".into()), ..Origin::default() };
        assert!(!host.follows_listener() && !host.is_bucket());
        assert!(Origin { object_tier_ref: reference, ..Origin::default() }.is_bucket());
    }
}
