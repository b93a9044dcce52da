//! `cloudfront/CachePolicy` and `cloudfront/OriginRequestPolicy`: what is part of the cache key, and what the origin sees.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::IdOutputs;
use crate::aws::Tags;
use crate::resource::{Out, Replace, Resource, Rule};

/// Which of the headers, cookies or query strings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Selection {
    /// `none`, `whitelist`, `allExcept` or `all`; of headers that the origin sees also `allViewer` and
    /// `allViewerAndWhitelistCloudFront`; headers of a cache key know `none` and `whitelist` only.
    pub behavior: String,
    /// Names, where the behaviour is about some. Names of headers do not differ by case: in lower case.
    pub items: BTreeSet<String>,
}

impl Selection {
    /// None at all.
    pub fn none() -> Self {
        Selection::of("none")
    }

    /// All of them (of cookies and query strings).
    pub fn all() -> Self {
        Selection::of("all")
    }

    /// A behaviour that names nothing.
    pub fn of(behavior: &str) -> Self {
        Selection { behavior: behavior.into(), items: BTreeSet::new() }
    }

    /// These, or none where there are none.
    pub fn only(items: impl IntoIterator<Item = String>) -> Self {
        let items: BTreeSet<String> = items.into_iter().collect();
        let behavior = if items.is_empty() { "none" } else { "whitelist" };
        Selection { behavior: behavior.into(), items }
    }
}

/// What makes two requests the same, and how long answers are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CachePolicy {
    /// Seconds. With 0 and a maximum of 0 nothing is cached, and the key is empty.
    #[serde(rename = "minTTL")]
    pub min_ttl: i64,
    #[serde(rename = "defaultTTL")]
    pub default_ttl: i64,
    #[serde(rename = "maxTTL")]
    pub max_ttl: i64,
    pub enable_accept_encoding_gzip: bool,
    pub enable_accept_encoding_brotli: bool,
    pub headers: Selection,
    pub cookies: Selection,
    pub query_strings: Selection,
    /// The owner's alone, for it bears none: a tier leaves this empty.
    pub tags: Tags,
}

impl CachePolicy {
    pub const ID: Out<Self, String> = Out::new("id");
}

impl Resource for CachePolicy {
    const KIND: &'static str = "cloudfront/CachePolicy";
    const FIELDS: &'static [(&'static str, Rule)] = &[("tags", Rule::Keyed)];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = IdOutputs;
}

/// What the origin is told of a request beyond the cache key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OriginRequestPolicy {
    pub headers: Selection,
    pub cookies: Selection,
    pub query_strings: Selection,
    /// The owner's alone, for it bears none: a tier leaves this empty.
    pub tags: Tags,
}

impl OriginRequestPolicy {
    pub const ID: Out<Self, String> = Out::new("id");
}

impl Resource for OriginRequestPolicy {
    const KIND: &'static str = "cloudfront/OriginRequestPolicy";
    const FIELDS: &'static [(&'static str, Rule)] = &[("tags", Rule::Keyed)];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = IdOutputs;
}
