//! How an EdgeTier answers what matches a path: caching, what the origin sees, functions.

use std::collections::BTreeSet;

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::headers::ResponseHeaders;
use crate::schema;
use crate::word_or::WordOr;

/// One route: the first whose path matches answers.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// The path, as /assets/*; * stands for any run of characters, ? for one. The last route is "/*".
    #[schemars(length(min = 1, max = 255), regex(pattern = r#"^/[A-Za-z0-9_.*$/~"'@:+&?-]*$"#))]
    pub path: String,
    /// The name of an origin.
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL))]
    pub origin: String,
    /// Read (default): GET and HEAD. ReadOptions: OPTIONS too. All: PUT, POST, PATCH and DELETE as well.
    #[serde(default)]
    pub methods: Methods,
    /// What becomes of viewers that come by HTTP: RedirectToHTTPS (default), HTTPSOnly refuses them, AllowAll serves them.
    #[serde(default)]
    pub viewer_protocol: ViewerProtocol,
    /// Disabled: nothing is cached. Optimized: by path, for a day unless the origin says otherwise. OriginControlled: only
    /// what the origin says, by host, cookies and query string too. Or the parts of a policy of its own. Absent: Optimized
    /// of a bucket, Disabled of all else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<WordOr<CacheWord, CachePolicy>>,
    /// What the origin sees of a request beside its path and the cache key: All, AllExceptHost or None, or the parts of a
    /// policy of its own. Absent: None of a bucket and where something is cached; otherwise All of a WebApp, AllExceptHost
    /// of a host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin_request: Option<WordOr<OriginRequestWord, OriginRequest>>,
    /// Automatic (default): by gzip and Brotli, where the viewer can and something is cached. Disabled: as the origin sends.
    #[serde(default)]
    pub compression: Compression,
    /// Headers of the answers. Absent: those of `spec.responseHeaders`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_headers: Option<ResponseHeaders>,
}

/// Which methods are passed on.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum Methods {
    /// GET and HEAD.
    #[default]
    Read,
    /// GET, HEAD and OPTIONS.
    ReadOptions,
    /// These, PUT, POST, PATCH and DELETE.
    All,
}

/// What becomes of viewers that come by HTTP.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum ViewerProtocol {
    /// They are sent to HTTPS.
    #[default]
    #[serde(rename = "RedirectToHTTPS")]
    RedirectToHttps,
    /// They are refused.
    #[serde(rename = "HTTPSOnly")]
    HttpsOnly,
    /// They are served.
    AllowAll,
}

impl ViewerProtocol {
    /// As the CloudFront API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RedirectToHttps => "redirect-to-https",
            Self::HttpsOnly => "https-only",
            Self::AllowAll => "allow-all",
        }
    }
}

/// Whether answers are compressed.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum Compression {
    /// They are.
    #[default]
    Automatic,
    /// They are not.
    Disabled,
}

/// Ways to cache that have a name.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(inline)]
pub enum CacheWord {
    /// Nothing.
    Disabled,
    /// By path.
    Optimized,
    /// What the origin says.
    OriginControlled,
}

/// How long answers are kept, and what makes two requests the same.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CachePolicy {
    /// Seconds for which an answer is kept, whatever the origin says. Absent: 0.
    #[serde(default, rename = "minTTLSeconds", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 31_536_000))]
    pub min_ttl_seconds: Option<u32>,
    /// Seconds for which an answer is kept where the origin says nothing. Absent: 86400, within the two others.
    #[serde(default, rename = "defaultTTLSeconds", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 31_536_000))]
    pub default_ttl_seconds: Option<u32>,
    /// Seconds after which the origin is asked again, whatever it said. Absent: 31536000.
    #[serde(default, rename = "maxTTLSeconds", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 31_536_000))]
    pub max_ttl_seconds: Option<u32>,
    /// What is part of the cache key, beside the path, and so is passed on to the origin. Absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<CacheKeys>,
}

/// What is part of the cache key.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CacheKeys {
    /// Headers, by name. Absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<Names>,
    /// Cookies: All, None, or some by name. Absent: None.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookies: Option<WordOr<AllOrNone, Names>>,
    /// Parameters of the query string: All, None, or some by name. Absent: None.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_strings: Option<WordOr<AllOrNone, Names>>,
}

/// Ways to pass on a request that have a name.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(inline)]
pub enum OriginRequestWord {
    /// All that the viewer sent.
    All,
    /// All but the host's name.
    AllExceptHost,
    /// Only what is part of the cache key.
    None,
}

/// What the origin sees of a request, beside the cache key.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OriginRequest {
    /// Headers: All, None, or some by name; CloudFront's own too, as cloudfront-viewer-country. Absent: None.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<WordOr<AllOrNone, Names>>,
    /// Cookies: All, None, or some by name. Absent: None.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookies: Option<WordOr<AllOrNone, Names>>,
    /// Parameters of the query string: All, None, or some by name. Absent: None.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_strings: Option<WordOr<AllOrNone, Names>>,
}

/// All, or none at all.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(inline)]
pub enum AllOrNone {
    /// All.
    All,
    /// None.
    None,
}

/// Some, by name: one to ten (CloudFront Developer Guide, "Quotas on policies").
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(pub BTreeSet<String>);

impl JsonSchema for Names {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "minItems": 1,
            "maxItems": 10,
            "x-kubernetes-list-type": "set",
            "items": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~\\[\\]-]+$"},
        })
    }
}

/// JavaScript that runs at the edge (CloudFront Functions).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Function {
    /// Tells it from the others. main by default.
    #[serde(default = "main")]
    #[schemars(length(min = 1, max = 40), regex(pattern = schema::DNS_LABEL))]
    pub name: String,
    /// ViewerRequest: before anything is looked for. ViewerResponse: before the viewer is answered.
    pub event: FunctionEvent,
    /// The code: at most 10,240 bytes, with a function named handler.
    #[schemars(length(min = 1, max = 10_240))]
    pub code: String,
    /// cloudfront-js-2.0 (default) or cloudfront-js-1.0.
    #[serde(default)]
    pub runtime: FunctionRuntime,
    /// The paths of the routes that it is for. Absent: all routes.
    #[serde(default)]
    #[schemars(length(max = 25), inner(length(min = 1, max = 255)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub routes: Vec<String>,
}

/// When a function runs.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[schemars(inline)]
pub enum FunctionEvent {
    /// When a request comes in.
    ViewerRequest,
    /// When an answer goes out.
    ViewerResponse,
}

impl FunctionEvent {
    /// As the CloudFront API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ViewerRequest => "viewer-request",
            Self::ViewerResponse => "viewer-response",
        }
    }
}

/// The runtimes of CloudFront Functions.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum FunctionRuntime {
    /// The newer one.
    #[default]
    #[serde(rename = "cloudfront-js-2.0")]
    JavaScript2,
    /// The older one.
    #[serde(rename = "cloudfront-js-1.0")]
    JavaScript1,
}

impl FunctionRuntime {
    /// As the CloudFront API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JavaScript2 => "cloudfront-js-2.0",
            Self::JavaScript1 => "cloudfront-js-1.0",
        }
    }
}

fn main() -> String {
    "main".into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_route_says_in_a_word_or_in_full_how_it_caches() {
        let cache = |cache: serde_json::Value| {
            let route = json!({"path": "/*", "origin": "web", "cache": cache});
            serde_json::from_value::<Route>(route).map(|route| route.cache).map_err(|error| error.to_string())
        };
        assert_eq!(cache(json!("Disabled")), Ok(Some(WordOr::Word(CacheWord::Disabled))));
        let keys = CacheKeys { query_strings: Some(WordOr::Word(AllOrNone::All)), ..CacheKeys::default() };
        let policy = CachePolicy { keys: Some(keys), ..CachePolicy::default() };
        assert_eq!(cache(json!({"keys": {"queryStrings": "All"}})), Ok(Some(WordOr::More(policy))));
        assert!(cache(json!({"ttl": 5})).unwrap_err().contains("unknown field `ttl`"));
    }

    #[test]
    fn a_function_is_named_as_cloudfront_names_it() {
        for runtime in [FunctionRuntime::JavaScript1, FunctionRuntime::JavaScript2] {
            assert_eq!(serde_json::to_value(runtime).unwrap(), runtime.as_str());
        }
        assert_eq!(FunctionEvent::ViewerResponse.as_str(), "viewer-response");
    }
}
