//! Headers that an EdgeTier adds to answers, and takes from them.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// Headers of the answers.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ResponseHeaders {
    /// Standard (default): Strict-Transport-Security for a year, X-Content-Type-Options, X-Frame-Options SAMEORIGIN,
    /// Referrer-Policy and X-XSS-Protection, where the origin does not set them. Strict: the same in place of the
    /// origin's, with X-Frame-Options DENY, Strict-Transport-Security for two years and for subdomains. None: none.
    #[serde(default)]
    pub security: SecurityHeaders,
    /// What a page may load, as default-src 'self'. Absent: as the origin says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub content_security_policy: Option<String>,
    /// Who may read the answers from another site. Absent: as the origin says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cors: Option<Cors>,
    /// Headers by name, in place of the origin's.
    #[serde(default)]
    #[schemars(schema_with = "schema::strings::<10, 1783>")]
    pub custom: BTreeMap<String, String>,
    /// Names of headers of the origin's that are left out, as x-powered-by.
    #[serde(default)]
    #[schemars(length(max = 10), inner(length(min = 1, max = 256), regex(pattern = "^[A-Za-z0-9_-]+$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub remove: Vec<String>,
}

impl Default for ResponseHeaders {
    fn default() -> Self {
        schema::defaults()
    }
}

/// Headers that make browsers careful.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum SecurityHeaders {
    /// The usual ones, where the origin sets none.
    #[default]
    Standard,
    /// Stricter ones, whatever the origin sets.
    Strict,
    /// None.
    None,
}

/// Cross-origin resource sharing, in place of the origin's.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "self.credentials == 'Refused' || !self.origins.exists(one, one == '*')",
    "browsers send credentials to named sites only: name responseHeaders.cors.origins, or set credentials to Refused"
))]
pub struct Cors {
    /// Sites, as https://www.example.com, or "*" for all.
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub origins: Vec<String>,
    /// Methods. Absent: GET, HEAD and OPTIONS.
    #[serde(default = "reading")]
    #[schemars(
        length(min = 1, max = 7),
        inner(length(min = 1, max = 7), regex(pattern = "^(GET|HEAD|OPTIONS|PUT|POST|PATCH|DELETE)$"))
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub methods: Vec<String>,
    /// Headers that may be sent. Absent: all.
    #[serde(default = "all")]
    #[schemars(
        length(min = 1, max = 20),
        inner(length(min = 1, max = 128), regex(pattern = "^([A-Za-z0-9_-]+|[*])$"))
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub headers: Vec<String>,
    /// Headers that a page may read beside the usual ones.
    #[serde(default)]
    #[schemars(length(max = 20), inner(length(min = 1, max = 128), regex(pattern = "^([A-Za-z0-9_-]+|[*])$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub expose_headers: Vec<String>,
    /// Whether cookies and the like may be sent: Refused (default) or Allowed.
    #[serde(default)]
    pub credentials: Credentials,
    /// Seconds for which a browser remembers. 600 by default.
    #[serde(default = "ten_minutes")]
    #[schemars(range(min = 0, max = 86_400))]
    pub max_age_seconds: u32,
}

/// Whether cookies and the like may be sent.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum Credentials {
    /// They may not.
    #[default]
    Refused,
    /// They may.
    Allowed,
}

fn reading() -> Vec<String> {
    ["GET", "HEAD", "OPTIONS"].map(str::to_owned).into()
}

fn all() -> Vec<String> {
    vec!["*".into()]
}

fn ten_minutes() -> u32 {
    600
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_makes_browsers_careful_and_shares_nothing() {
        let headers = ResponseHeaders::default();
        assert_eq!(headers.security, SecurityHeaders::Standard);
        assert_eq!((headers.cors, headers.content_security_policy), (None, None));
        assert!(headers.custom.is_empty() && headers.remove.is_empty());
    }
}
