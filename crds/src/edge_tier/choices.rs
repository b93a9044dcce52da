//! The small choices of an EdgeTier: whole-distribution settings, TLS, logs, countries.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// How far AWS protects against denial of service.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum Shield {
    /// What every distribution and zone has, at no charge.
    #[default]
    Standard,
    /// Shield Advanced, to which the account must be subscribed.
    Advanced,
}

/// From which of CloudFront's locations viewers are served.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum PriceClass {
    /// All.
    #[default]
    All,
    /// All but the most expensive: without South America, Australia and New Zealand.
    Class200,
    /// The cheapest: North America, Europe, Israel.
    Class100,
}

/// The versions of HTTP that viewers may speak, beside HTTP/1.1.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum HttpVersion {
    /// No other.
    #[serde(rename = "HTTP1.1")]
    Http1,
    /// HTTP/2.
    #[serde(rename = "HTTP2")]
    Http2,
    /// HTTP/3.
    #[serde(rename = "HTTP3")]
    Http3,
    /// HTTP/2 and HTTP/3.
    #[default]
    #[serde(rename = "HTTP2And3")]
    Http2And3,
}

/// Whether viewers may come by IPv6.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum Ipv6 {
    /// They may: each hostname has an AAAA record too.
    #[default]
    Enabled,
    /// They may not.
    Disabled,
}

/// How viewers are met by TLS.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Tls {
    /// The security policy: the oldest protocol and the ciphers that viewers may use (CloudFront Developer Guide,
    /// "Supported protocols and ciphers"). TLSv1.2_2021 by default.
    #[serde(default)]
    pub minimum_version: MinimumVersion,
    /// The key of the certificate that is made: RSA_2048 by default. Another key means another certificate, which takes
    /// the place of the first.
    #[serde(default)]
    pub key_algorithm: KeyAlgorithm,
    /// An existing certificate in us-east-1 that covers all hostnames, by ARN. It must bear this namespace's owner tag, or
    /// be admitted by the Environment's `limits.allow`. Absent: one is made, and validated by records in the zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 256),
        regex(pattern = "^arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/[A-Za-z0-9-]+$")
    )]
    pub certificate: Option<String>,
}

impl Default for Tls {
    fn default() -> Self {
        schema::defaults()
    }
}

/// CloudFront's security policies (API reference, ViewerCertificate, `MinimumProtocolVersion`).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum MinimumVersion {
    /// TLS 1.0.
    #[serde(rename = "TLSv1_2016")]
    Tls10,
    /// TLS 1.1.
    #[serde(rename = "TLSv1.1_2016")]
    Tls11,
    /// TLS 1.2, with old ciphers.
    #[serde(rename = "TLSv1.2_2018")]
    Tls12Of2018,
    /// TLS 1.2.
    #[serde(rename = "TLSv1.2_2019")]
    Tls12Of2019,
    /// TLS 1.2, with ciphers that keep old sessions secret.
    #[default]
    #[serde(rename = "TLSv1.2_2021")]
    Tls12Of2021,
    /// TLS 1.2, with AEAD ciphers only.
    #[serde(rename = "TLSv1.2_2025")]
    Tls12Of2025,
    /// TLS 1.3.
    #[serde(rename = "TLSv1.3_2025")]
    Tls13Of2025,
}

/// Keys of certificates that ACM makes and CloudFront takes (`RequestCertificate`, KeyAlgorithm).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum KeyAlgorithm {
    /// RSA, 2,048 bits.
    #[default]
    #[serde(rename = "RSA_2048")]
    Rsa2048,
    /// ECDSA P-256.
    #[serde(rename = "EC_prime256v1")]
    EcP256,
    /// ECDSA P-384.
    #[serde(rename = "EC_secp384r1")]
    EcP384,
}

/// Standard logs in a bucket.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Logs {
    /// The bucket, by name. It must have ACLs enabled, for CloudFront writes by them, and the Environment's `limits.allow`
    /// must admit it.
    #[schemars(length(min = 3, max = 63), regex(pattern = schema::BUCKET))]
    pub bucket: String,
    /// Begins each log's key, as shop/. Absent: nothing does.
    #[serde(default)]
    #[schemars(length(max = 256), regex(pattern = "^([A-Za-z0-9!_.*'()-][A-Za-z0-9!_.*'()/-]*)?$"))]
    pub prefix: String,
    /// Whether the viewers' cookies are logged: Omit (default) or Include.
    #[serde(default)]
    pub cookies: LoggedCookies,
}

/// Whether cookies are logged.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum LoggedCookies {
    /// They are not.
    #[default]
    Omit,
    /// They are.
    Include,
}

/// Which countries are served.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "(size(self.allow) > 0) != (size(self.block) > 0)",
    "name countries under exactly one of geoRestriction.allow and geoRestriction.block"
))]
pub struct GeoRestriction {
    /// Only these, as DE (ISO 3166-1 alpha-2).
    #[serde(default)]
    #[schemars(length(max = 250), inner(length(equal = 2), regex(pattern = "^[A-Z]{2}$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allow: Vec<String>,
    /// All but these.
    #[serde(default)]
    #[schemars(length(max = 250), inner(length(equal = 2), regex(pattern = "^[A-Z]{2}$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub block: Vec<String>,
}

/// What viewers get instead of an error.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "self.code in [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504]",
    "CloudFront has pages for 400, 403, 404, 405, 414, 416, 500, 501, 502, 503 and 504 only: change errorPages[].code"
))]
#[x_kube(validation = (
    "has(self.path) || !has(self.responseCode)",
    "errorPages[].responseCode is that of a page: set errorPages[].path too"
))]
pub struct ErrorPage {
    /// The HTTP status of the error.
    #[schemars(range(min = 400, max = 599))]
    pub code: u16,
    /// The page, as /index.html. Absent: the error as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096), regex(pattern = "^/"))]
    pub path: Option<String>,
    /// The HTTP status that the viewer gets with it. Absent: that of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 200, max = 599))]
    pub response_code: Option<u16>,
    /// Seconds for which the error is cached. 10 by default.
    #[serde(default = "ten", rename = "minTTLSeconds")]
    #[schemars(range(min = 0, max = 31_536_000))]
    pub min_ttl_seconds: u32,
}

fn ten() -> u32 {
    10
}

impl PriceClass {
    /// As the CloudFront API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "PriceClass_All",
            Self::Class200 => "PriceClass_200",
            Self::Class100 => "PriceClass_100",
        }
    }
}

impl HttpVersion {
    /// As the CloudFront API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http1 => "http1.1",
            Self::Http2 => "http2",
            Self::Http3 => "http3",
            Self::Http2And3 => "http2and3",
        }
    }
}

impl MinimumVersion {
    /// As the CloudFront API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tls10 => "TLSv1_2016",
            Self::Tls11 => "TLSv1.1_2016",
            Self::Tls12Of2018 => "TLSv1.2_2018",
            Self::Tls12Of2019 => "TLSv1.2_2019",
            Self::Tls12Of2021 => "TLSv1.2_2021",
            Self::Tls12Of2025 => "TLSv1.2_2025",
            Self::Tls13Of2025 => "TLSv1.3_2025",
        }
    }
}

impl KeyAlgorithm {
    /// As the ACM API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA_2048",
            Self::EcP256 => "EC_prime256v1",
            Self::EcP384 => "EC_secp384r1",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_in_awss_words_is_passed_on_as_it_is() {
        for version in [MinimumVersion::Tls10, MinimumVersion::Tls12Of2021, MinimumVersion::Tls13Of2025] {
            assert_eq!(serde_json::to_value(version).unwrap(), version.as_str());
        }
        for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::EcP256, KeyAlgorithm::EcP384] {
            assert_eq!(serde_json::to_value(algorithm).unwrap(), algorithm.as_str());
        }
        assert_eq!(
            [PriceClass::All, PriceClass::Class100].map(PriceClass::as_str),
            ["PriceClass_All", "PriceClass_100"]
        );
        assert_eq!([HttpVersion::Http1, HttpVersion::Http2And3].map(HttpVersion::as_str), ["http1.1", "http2and3"]);
    }
}
