//! `cloudfront/CachePolicy`, and what it shares with the origin request policy.

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types as sdk;
use terrace_engine::{Error, Result};
use terrace_model::aws::Tags;
use terrace_model::aws::cloudfront::{CachePolicy, Selection};

use super::untagged::{Untagged, Untaggeds, policy_calls};
use super::{etag, quantity, refused, texts, whole};
use crate::errors::{absent, classify, code};

/// Its provider.
pub type CachePolicies = Untaggeds<CachePolicy>;

/// A selection as it was read.
pub(super) fn selection(behavior: &str, items: &[String]) -> Selection {
    Selection { behavior: behavior.to_owned(), items: texts(items) }
}

/// The same of headers, whose names do not differ by case.
pub(super) fn of_headers(behavior: &str, items: &[String]) -> Selection {
    selection(behavior, &items.iter().map(|name| name.to_lowercase()).collect::<Vec<_>>())
}

fn listed(want: &Selection) -> Option<Vec<String>> {
    crate::shared::some(want.items.iter().cloned().collect())
}

/// Names of headers; none where the behaviour is about none.
pub(super) fn headers(want: &Selection) -> Result<Option<sdk::Headers>> {
    let build = |items: Vec<String>| sdk::Headers::builder().quantity(quantity(&items)).set_items(Some(items)).build();
    listed(want).map(build).transpose().map_err(whole)
}

/// Names of cookies.
pub(super) fn cookies(want: &Selection) -> Result<Option<sdk::CookieNames>> {
    let build =
        |items: Vec<String>| sdk::CookieNames::builder().quantity(quantity(&items)).set_items(Some(items)).build();
    listed(want).map(build).transpose().map_err(whole)
}

/// Names of query strings.
pub(super) fn query_strings(want: &Selection) -> Result<Option<sdk::QueryStringNames>> {
    let build =
        |items: Vec<String>| sdk::QueryStringNames::builder().quantity(quantity(&items)).set_items(Some(items)).build();
    listed(want).map(build).transpose().map_err(whole)
}

fn key(want: &CachePolicy) -> Result<sdk::ParametersInCacheKeyAndForwardedToOrigin> {
    let of_headers = sdk::CachePolicyHeadersConfig::builder()
        .header_behavior(want.headers.behavior.as_str().into())
        .set_headers(headers(&want.headers)?);
    let of_cookies = sdk::CachePolicyCookiesConfig::builder()
        .cookie_behavior(want.cookies.behavior.as_str().into())
        .set_cookies(cookies(&want.cookies)?);
    let of_query = sdk::CachePolicyQueryStringsConfig::builder()
        .query_string_behavior(want.query_strings.behavior.as_str().into())
        .set_query_strings(query_strings(&want.query_strings)?);
    sdk::ParametersInCacheKeyAndForwardedToOrigin::builder()
        .enable_accept_encoding_gzip(want.enable_accept_encoding_gzip)
        .enable_accept_encoding_brotli(want.enable_accept_encoding_brotli)
        .headers_config(of_headers.build().map_err(whole)?)
        .cookies_config(of_cookies.build().map_err(whole)?)
        .query_strings_config(of_query.build().map_err(whole)?)
        .build()
        .map_err(whole)
}

impl Untagged for CachePolicy {
    type Config = sdk::CachePolicyConfig;
    const WORD: &'static str = "cache-policy";
    const ACTIONS: &'static [&'static str] = &[
        "cloudfront:CreateCachePolicy",
        "cloudfront:DeleteCachePolicy",
        "cloudfront:GetCachePolicyConfig",
        "cloudfront:ListCachePolicies",
        "cloudfront:UpdateCachePolicy",
    ];

    policy_calls! {
        list_cache_policies, cache_policy_list, CachePolicyType, get_cache_policy_config, create_cache_policy,
        update_cache_policy, delete_cache_policy, cache_policy, cache_policy_config, "NoSuchCachePolicy"
    }

    fn read(config: &Self::Config, tags: Tags) -> Self {
        let key = config.parameters_in_cache_key_and_forwarded_to_origin();
        let headers = key.and_then(|key| key.headers_config());
        let cookies = key.and_then(|key| key.cookies_config());
        let query = key.and_then(|key| key.query_strings_config());
        CachePolicy {
            min_ttl: config.min_ttl(),
            default_ttl: config.default_ttl().unwrap_or(DAY),
            max_ttl: config.max_ttl().unwrap_or(YEAR),
            enable_accept_encoding_gzip: key.is_some_and(|key| key.enable_accept_encoding_gzip()),
            enable_accept_encoding_brotli: key.and_then(|key| key.enable_accept_encoding_brotli()).unwrap_or_default(),
            headers: headers.map_or_else(Selection::none, |seen| {
                of_headers(seen.header_behavior().as_str(), seen.headers().map(|h| h.items()).unwrap_or_default())
            }),
            cookies: cookies.map_or_else(Selection::none, |seen| {
                selection(seen.cookie_behavior().as_str(), seen.cookies().map(|c| c.items()).unwrap_or_default())
            }),
            query_strings: query.map_or_else(Selection::none, |seen| {
                let items = seen.query_strings().map(|query| query.items()).unwrap_or_default();
                selection(seen.query_string_behavior().as_str(), items)
            }),
            tags,
        }
    }

    fn new(name: &str, comment: String, want: &Self) -> Result<Self::Config> {
        let mut config = sdk::CachePolicyConfig::builder().name(name).min_ttl(want.min_ttl).build().map_err(whole)?;
        Self::put(&mut config, comment, want)?;
        Ok(config)
    }

    fn put(config: &mut Self::Config, comment: String, want: &Self) -> Result<()> {
        config.comment = Some(comment);
        config.min_ttl = want.min_ttl;
        (config.default_ttl, config.max_ttl) = (Some(want.default_ttl), Some(want.max_ttl));
        config.parameters_in_cache_key_and_forwarded_to_origin = Some(key(want)?);
        Ok(())
    }
}

/// Seconds that AWS takes where nothing is said (API reference, CachePolicyConfig).
const DAY: i64 = 86_400;
const YEAR: i64 = 31_536_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudfront::testing::json;

    #[test]
    fn a_policy_reads_back_as_written_and_without_regard_to_the_case_of_headers() {
        let want = CachePolicy {
            min_ttl: 0,
            default_ttl: 0,
            max_ttl: 31_536_000,
            enable_accept_encoding_gzip: true,
            enable_accept_encoding_brotli: false,
            headers: Selection::only(["authorization".to_owned(), "accept".to_owned()]),
            cookies: Selection { behavior: "allExcept".into(), items: ["session".to_owned()].into() },
            query_strings: Selection::all(),
            tags: Tags::new(),
        };
        let mut config = CachePolicy::new("name", "mark".into(), &want).expect("it is written");
        assert_eq!(json(&CachePolicy::read(&config, Tags::new())), json(&want));
        let key = config.parameters_in_cache_key_and_forwarded_to_origin.as_mut().expect("there is one");
        let names = key.headers_config.as_mut().and_then(|config| config.headers.as_mut()).expect("there are some");
        names.items = Some(vec!["Authorization".into(), "Accept".into()]);
        assert_eq!(json(&CachePolicy::read(&config, Tags::new())), json(&want));
        assert_eq!((config.name(), CachePolicy::comment(&config)), ("name", "mark"));
    }
}
