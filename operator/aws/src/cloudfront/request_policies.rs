//! `cloudfront/OriginRequestPolicy`.

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types as sdk;
use terrace_engine::{Error, Result};
use terrace_model::aws::Tags;
use terrace_model::aws::cloudfront::{OriginRequestPolicy, Selection};

use super::policies::{cookies, headers, of_headers, query_strings, selection};
use super::untagged::{Untagged, Untaggeds, policy_calls};
use super::{etag, refused, whole};
use crate::errors::{absent, classify, code};

/// Its provider.
pub type OriginRequestPolicies = Untaggeds<OriginRequestPolicy>;

impl Untagged for OriginRequestPolicy {
    type Config = sdk::OriginRequestPolicyConfig;
    const WORD: &'static str = "origin-request-policy";
    const ACTIONS: &'static [&'static str] = &[
        "cloudfront:CreateOriginRequestPolicy",
        "cloudfront:DeleteOriginRequestPolicy",
        "cloudfront:GetOriginRequestPolicyConfig",
        "cloudfront:ListOriginRequestPolicies",
        "cloudfront:UpdateOriginRequestPolicy",
    ];

    policy_calls! {
        list_origin_request_policies, origin_request_policy_list, OriginRequestPolicyType,
        get_origin_request_policy_config, create_origin_request_policy, update_origin_request_policy,
        delete_origin_request_policy, origin_request_policy, origin_request_policy_config, "NoSuchOriginRequestPolicy"
    }

    fn read(config: &Self::Config, tags: Tags) -> Self {
        OriginRequestPolicy {
            headers: config.headers_config().map_or_else(Selection::none, |seen| {
                of_headers(seen.header_behavior().as_str(), seen.headers().map(|h| h.items()).unwrap_or_default())
            }),
            cookies: config.cookies_config().map_or_else(Selection::none, |seen| {
                selection(seen.cookie_behavior().as_str(), seen.cookies().map(|c| c.items()).unwrap_or_default())
            }),
            query_strings: config.query_strings_config().map_or_else(Selection::none, |seen| {
                let items = seen.query_strings().map(|query| query.items()).unwrap_or_default();
                selection(seen.query_string_behavior().as_str(), items)
            }),
            tags,
        }
    }

    fn new(name: &str, comment: String, want: &Self) -> Result<Self::Config> {
        let mut config = sdk::OriginRequestPolicyConfig::builder().name(name).build().map_err(whole)?;
        Self::put(&mut config, comment, want)?;
        Ok(config)
    }

    fn put(config: &mut Self::Config, comment: String, want: &Self) -> Result<()> {
        let of_headers = sdk::OriginRequestPolicyHeadersConfig::builder()
            .header_behavior(want.headers.behavior.as_str().into())
            .set_headers(headers(&want.headers)?);
        let of_cookies = sdk::OriginRequestPolicyCookiesConfig::builder()
            .cookie_behavior(want.cookies.behavior.as_str().into())
            .set_cookies(cookies(&want.cookies)?);
        let of_query = sdk::OriginRequestPolicyQueryStringsConfig::builder()
            .query_string_behavior(want.query_strings.behavior.as_str().into())
            .set_query_strings(query_strings(&want.query_strings)?);
        config.comment = Some(comment);
        config.headers_config = Some(of_headers.build().map_err(whole)?);
        config.cookies_config = Some(of_cookies.build().map_err(whole)?);
        config.query_strings_config = Some(of_query.build().map_err(whole)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudfront::testing::json;

    #[test]
    fn a_policy_reads_back_as_written() {
        let headers = Selection {
            behavior: "allViewerAndWhitelistCloudFront".into(),
            items: ["cloudfront-viewer-country".to_owned()].into(),
        };
        for headers in [headers, Selection::of("allViewer"), Selection::none()] {
            let want = OriginRequestPolicy {
                headers,
                cookies: Selection::only(["session".to_owned()]),
                query_strings: Selection { behavior: "allExcept".into(), items: ["debug".to_owned()].into() },
                tags: Tags::new(),
            };
            let config = OriginRequestPolicy::new("name", String::new(), &want).expect("it is written");
            assert_eq!(json(&OriginRequestPolicy::read(&config, Tags::new())), json(&want));
        }
    }
}
