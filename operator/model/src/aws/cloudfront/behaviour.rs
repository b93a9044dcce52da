//! How a distribution serves what matches a path.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::val::Val;

/// How requests are answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CacheBehavior {
    /// Id of an origin or an origin group of the same distribution.
    pub target_origin_id: String,
    /// `allow-all`, `https-only` or `redirect-to-https`.
    pub viewer_protocol_policy: String,
    /// GET and HEAD; or these and OPTIONS; or all seven. With an origin group no others than GET, HEAD, OPTIONS.
    pub allowed_methods: BTreeSet<String>,
    /// GET and HEAD; or these and OPTIONS.
    pub cached_methods: BTreeSet<String>,
    /// Id of a cache policy.
    pub cache_policy_id: Val<String>,
    /// Id of an origin request policy; empty for none.
    pub origin_request_policy_id: Val<String>,
    /// Id of a response headers policy; empty for none.
    pub response_headers_policy_id: Val<String>,
    pub compress: bool,
    /// By event (`viewer-request`, `viewer-response`) the ARN of a function that is live.
    pub function_associations: BTreeMap<String, Val<String>>,
}

/// The behaviour of what matches a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PathBehavior {
    /// As `/assets/*`; `*` and `?` stand for any and for one character.
    pub path_pattern: String,
    pub behavior: CacheBehavior,
}
