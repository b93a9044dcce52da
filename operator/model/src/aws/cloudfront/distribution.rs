//! `cloudfront/Distribution`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{CacheBehavior, Origin, OriginGroup, PathBehavior, Setting};
use crate::aws::Tags;
use crate::resource::{Out, Resource, Rule};
use crate::val::Val;

/// A distribution: who is answered under which host names, from which origins, and how.
///
/// What AWS has beside these fields (trusted key groups, Lambda@Edge, a continuous deployment policy) is left as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Distribution {
    /// At most 128 characters.
    pub comment: String,
    pub enabled: bool,
    /// Host names that it answers to, in lower case (`Aliases`); the certificate must cover them.
    pub aliases: BTreeSet<String>,
    /// What is served for `/`, as `index.html`; empty for none.
    pub default_root_object: String,
    /// By the id that behaviours name them by.
    pub origins: BTreeMap<String, Origin>,
    /// By id, which behaviours name as they name an origin.
    pub origin_groups: BTreeMap<String, OriginGroup>,
    /// What matches no path.
    pub default_cache_behavior: CacheBehavior,
    /// The first whose path matches wins.
    pub cache_behaviors: Vec<PathBehavior>,
    /// By the HTTP status that the origin answers with.
    pub custom_error_responses: BTreeMap<i32, CustomErrorResponse>,
    /// `PriceClass_100`, `PriceClass_200` or `PriceClass_All`.
    pub price_class: String,
    /// `http1.1`, `http2`, `http3` or `http2and3`.
    pub http_version: String,
    #[serde(rename = "isIPV6Enabled")]
    pub is_ipv6_enabled: bool,
    pub geo_restriction: GeoRestriction,
    /// ARN of a web ACL of scope CLOUDFRONT (`WebACLId`); empty for none.
    #[serde(rename = "webACLId")]
    pub web_acl_id: Val<String>,
    pub viewer_certificate: ViewerCertificate,
    pub logging: Setting<Logging>,
    pub tags: Tags,
}

/// What viewers get instead of an origin's error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomErrorResponse {
    /// Begins with `/`; empty where only caching is set.
    pub response_page_path: String,
    /// The HTTP status that the viewer sees; empty where there is no page.
    pub response_code: String,
    /// Seconds for which an error is cached.
    #[serde(rename = "errorCachingMinTTL")]
    pub error_caching_min_ttl: i64,
}

/// Which countries are served.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GeoRestriction {
    /// `none`, `whitelist` or `blacklist`.
    pub restriction_type: String,
    /// ISO 3166-1 alpha-2, in capitals.
    pub locations: BTreeSet<String>,
}

impl GeoRestriction {
    /// All countries.
    pub fn none() -> Self {
        GeoRestriction { restriction_type: "none".into(), locations: BTreeSet::new() }
    }
}

/// How viewers are met by TLS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum ViewerCertificate {
    /// CloudFront's own, for its own domain name: then there are no aliases, and the minimum is TLSv1.
    #[serde(rename = "cloudFrontDefault")]
    CloudFrontDefault,
    #[serde(rename = "acm", rename_all = "camelCase")]
    Acm {
        /// ARN of a certificate in us-east-1 that has been issued.
        #[serde(rename = "acmCertificateArn")]
        certificate_arn: Val<String>,
        /// As `TLSv1.2_2021`.
        minimum_protocol_version: String,
        /// `sni-only`; `vip` costs a dedicated address in each location.
        #[serde(rename = "sslSupportMethod")]
        ssl_support_method: String,
    },
}

/// Standard logging to a bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Logging {
    /// The bucket's domain name, `logs.s3.amazonaws.com`. The bucket must have ACLs enabled (developer guide, "Configure
    /// standard logging (legacy)").
    pub bucket: Val<String>,
    pub prefix: String,
    pub include_cookies: bool,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DistributionOutputs {
    pub id: Option<String>,
    pub arn: Option<String>,
    /// `d111111abcdef8.cloudfront.net`
    pub domain_name: Option<String>,
    /// The zone that alias records to any distribution name: [`Distribution::HOSTED_ZONE`].
    pub hosted_zone_id: Option<String>,
}

impl Distribution {
    /// API reference of Route 53, AliasTarget, `HostedZoneId`: "CloudFront distribution: specify Z2FDTNDATAQYW2".
    pub const HOSTED_ZONE: &str = "Z2FDTNDATAQYW2";
    pub const ID: Out<Self, String> = Out::new("id");
    pub const ARN: Out<Self, String> = Out::new("arn");
    pub const DOMAIN_NAME: Out<Self, String> = Out::new("domainName");
    pub const HOSTED_ZONE_ID: Out<Self, String> = Out::new("hostedZoneId");
}

impl Resource for Distribution {
    const KIND: &'static str = "cloudfront/Distribution";
    const FIELDS: &'static [(&'static str, Rule)] = &[("tags", Rule::Keyed)];
    type Outputs = DistributionOutputs;
}
