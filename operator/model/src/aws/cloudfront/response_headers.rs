//! `cloudfront/ResponseHeadersPolicy`: headers that viewers get, and those that they do not.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{IdOutputs, Setting};
use crate::aws::Tags;
use crate::resource::{Out, Replace, Resource, Rule};

/// Headers added to answers, and taken from them. `override` puts ours in the place of the origin's.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResponseHeadersPolicy {
    pub cors: Setting<Cors>,
    pub strict_transport_security: Setting<StrictTransportSecurity>,
    /// `X-Content-Type-Options: nosniff`, and whether it overrides.
    pub content_type_options: Setting<bool>,
    pub frame_options: Setting<FrameOptions>,
    pub referrer_policy: Setting<ReferrerPolicy>,
    pub content_security_policy: Setting<ContentSecurityPolicy>,
    pub xss_protection: Setting<XssProtection>,
    /// By name.
    pub custom_headers: BTreeMap<String, CustomHeader>,
    /// Names.
    pub remove_headers: BTreeSet<String>,
    /// Percent of answers with a `Server-Timing` header.
    pub server_timing_sampling_rate: Setting<f64>,
    /// The owner's alone, for it bears none: a tier leaves this empty.
    pub tags: Tags,
}

/// Cross-origin resource sharing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cors {
    pub allow_origins: BTreeSet<String>,
    pub allow_headers: BTreeSet<String>,
    /// Methods, or `ALL`.
    pub allow_methods: BTreeSet<String>,
    pub allow_credentials: bool,
    pub expose_headers: BTreeSet<String>,
    pub max_age_seconds: i32,
    pub origin_override: bool,
}

/// That viewers use HTTPS only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StrictTransportSecurity {
    pub max_age_seconds: i32,
    pub include_subdomains: bool,
    pub preload: bool,
    pub r#override: bool,
}

/// Who may frame a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FrameOptions {
    /// `DENY` or `SAMEORIGIN`.
    pub frame_option: String,
    pub r#override: bool,
}

/// What is said of where a viewer comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReferrerPolicy {
    /// As `strict-origin-when-cross-origin`.
    pub referrer_policy: String,
    pub r#override: bool,
}

/// What a page may load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContentSecurityPolicy {
    pub content_security_policy: String,
    pub r#override: bool,
}

/// `X-XSS-Protection`, for old browsers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct XssProtection {
    pub protection: bool,
    pub mode_block: bool,
    pub r#override: bool,
}

/// A header of one's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomHeader {
    pub value: String,
    pub r#override: bool,
}

impl ResponseHeadersPolicy {
    pub const ID: Out<Self, String> = Out::new("id");
}

impl Resource for ResponseHeadersPolicy {
    const KIND: &'static str = "cloudfront/ResponseHeadersPolicy";
    const FIELDS: &'static [(&'static str, Rule)] = &[("tags", Rule::Keyed)];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = IdOutputs;
}
