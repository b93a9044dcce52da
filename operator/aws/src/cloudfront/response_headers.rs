//! `cloudfront/ResponseHeadersPolicy`.

use std::collections::BTreeMap;

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types as sdk;
use terrace_engine::{Error, Result};
use terrace_model::aws::Tags;
use terrace_model::aws::cloudfront::{Cors, CustomHeader, ResponseHeadersPolicy, Setting};

use super::untagged::{Untagged, Untaggeds, policy_calls};
use super::{etag, quantity, refused, security_headers, texts, whole};
use crate::errors::{absent, classify, code};
use crate::shared::some;

/// Its provider.
pub type ResponseHeadersPolicies = Untaggeds<ResponseHeadersPolicy>;

fn read_cors(seen: &sdk::ResponseHeadersPolicyCorsConfig) -> Cors {
    let methods = seen.access_control_allow_methods().map(|found| found.items()).unwrap_or_default();
    Cors {
        allow_origins: texts(seen.access_control_allow_origins().map(|found| found.items()).unwrap_or_default()),
        allow_headers: texts(seen.access_control_allow_headers().map(|found| found.items()).unwrap_or_default()),
        allow_methods: methods.iter().map(|method| method.as_str().to_owned()).collect(),
        allow_credentials: seen.access_control_allow_credentials(),
        expose_headers: texts(seen.access_control_expose_headers().map(|found| found.items()).unwrap_or_default()),
        max_age_seconds: seen.access_control_max_age_sec().unwrap_or_default(),
        origin_override: seen.origin_override(),
    }
}

fn write_cors(want: &Cors) -> Result<sdk::ResponseHeadersPolicyCorsConfig> {
    let list = |texts: &std::collections::BTreeSet<String>| texts.iter().cloned().collect::<Vec<_>>();
    let (origins, headers, expose) = (list(&want.allow_origins), list(&want.allow_headers), list(&want.expose_headers));
    let methods: Vec<sdk::ResponseHeadersPolicyAccessControlAllowMethodsValues> =
        want.allow_methods.iter().map(|method| method.as_str().into()).collect();
    let origins = sdk::ResponseHeadersPolicyAccessControlAllowOrigins::builder()
        .quantity(quantity(&origins))
        .set_items(Some(origins));
    let headers = sdk::ResponseHeadersPolicyAccessControlAllowHeaders::builder()
        .quantity(quantity(&headers))
        .set_items(Some(headers));
    let methods = sdk::ResponseHeadersPolicyAccessControlAllowMethods::builder()
        .quantity(quantity(&methods))
        .set_items(Some(methods));
    let expose = sdk::ResponseHeadersPolicyAccessControlExposeHeaders::builder()
        .quantity(quantity(&expose))
        .set_items(some(expose));
    sdk::ResponseHeadersPolicyCorsConfig::builder()
        .access_control_allow_origins(origins.build().map_err(whole)?)
        .access_control_allow_headers(headers.build().map_err(whole)?)
        .access_control_allow_methods(methods.build().map_err(whole)?)
        .access_control_expose_headers(expose.build().map_err(whole)?)
        .access_control_allow_credentials(want.allow_credentials)
        .access_control_max_age_sec(want.max_age_seconds)
        .origin_override(want.origin_override)
        .build()
        .map_err(whole)
}

fn write_custom(
    want: &BTreeMap<String, CustomHeader>,
) -> Result<Option<sdk::ResponseHeadersPolicyCustomHeadersConfig>> {
    let one = |(name, want): (&String, &CustomHeader)| {
        let built = sdk::ResponseHeadersPolicyCustomHeader::builder().header(name).value(&want.value);
        built.r#override(want.r#override).build().map_err(whole)
    };
    let build = |items: Vec<_>| {
        let built = sdk::ResponseHeadersPolicyCustomHeadersConfig::builder().quantity(quantity(&items));
        built.set_items(Some(items)).build().map_err(whole)
    };
    some(want.iter().map(one).collect::<Result<Vec<_>>>()?).map(build).transpose()
}

fn write_removed(want: &ResponseHeadersPolicy) -> Result<Option<sdk::ResponseHeadersPolicyRemoveHeadersConfig>> {
    let one = |name: &String| sdk::ResponseHeadersPolicyRemoveHeader::builder().header(name).build().map_err(whole);
    let build = |items: Vec<_>| {
        let built = sdk::ResponseHeadersPolicyRemoveHeadersConfig::builder().quantity(quantity(&items));
        built.set_items(Some(items)).build().map_err(whole)
    };
    some(want.remove_headers.iter().map(one).collect::<Result<Vec<_>>>()?).map(build).transpose()
}

fn read_timing(config: &sdk::ResponseHeadersPolicyConfig) -> Setting<f64> {
    let timing = config.server_timing_headers_config().filter(|timing| timing.enabled());
    timing.map(|timing| timing.sampling_rate().unwrap_or_default()).into()
}

fn write_timing(want: &Setting<f64>) -> Result<Option<sdk::ResponseHeadersPolicyServerTimingHeadersConfig>> {
    let build = |rate: &f64| {
        let built = sdk::ResponseHeadersPolicyServerTimingHeadersConfig::builder().enabled(true);
        built.sampling_rate(*rate).build().map_err(whole)
    };
    want.on().map(build).transpose()
}

impl Untagged for ResponseHeadersPolicy {
    type Config = sdk::ResponseHeadersPolicyConfig;
    const WORD: &'static str = "response-headers-policy";
    const ACTIONS: &'static [&'static str] = &[
        "cloudfront:CreateResponseHeadersPolicy",
        "cloudfront:DeleteResponseHeadersPolicy",
        "cloudfront:GetResponseHeadersPolicyConfig",
        "cloudfront:ListResponseHeadersPolicies",
        "cloudfront:UpdateResponseHeadersPolicy",
    ];

    policy_calls! {
        list_response_headers_policies, response_headers_policy_list, ResponseHeadersPolicyType,
        get_response_headers_policy_config, create_response_headers_policy, update_response_headers_policy,
        delete_response_headers_policy, response_headers_policy, response_headers_policy_config,
        "NoSuchResponseHeadersPolicy"
    }

    fn read(config: &Self::Config, tags: Tags) -> Self {
        let custom = config.custom_headers_config().map(|found| found.items()).unwrap_or_default();
        let removed = config.remove_headers_config().map(|found| found.items()).unwrap_or_default();
        let one = |found: &sdk::ResponseHeadersPolicyCustomHeader| {
            let header = CustomHeader { value: found.value().to_owned(), r#override: found.r#override() };
            (found.header().to_owned(), header)
        };
        let security = config.security_headers_config();
        ResponseHeadersPolicy {
            cors: config.cors_config().map(read_cors).into(),
            strict_transport_security: security_headers::read_transport(security),
            content_type_options: security_headers::read_type_options(security),
            frame_options: security_headers::read_frames(security),
            referrer_policy: security_headers::read_referrer(security),
            content_security_policy: security_headers::read_content(security),
            xss_protection: security_headers::read_xss(security),
            custom_headers: custom.iter().map(one).collect(),
            remove_headers: removed.iter().map(|found| found.header().to_owned()).collect(),
            server_timing_sampling_rate: read_timing(config),
            tags,
        }
    }

    fn new(name: &str, comment: String, want: &Self) -> Result<Self::Config> {
        let mut config = sdk::ResponseHeadersPolicyConfig::builder().name(name).build().map_err(whole)?;
        Self::put(&mut config, comment, want)?;
        Ok(config)
    }

    fn put(config: &mut Self::Config, comment: String, want: &Self) -> Result<()> {
        config.comment = Some(comment);
        config.cors_config = want.cors.on().map(write_cors).transpose()?;
        config.security_headers_config = security_headers::write(config.security_headers_config.take(), want)?;
        config.custom_headers_config = write_custom(&want.custom_headers)?;
        config.remove_headers_config = write_removed(want)?;
        config.server_timing_headers_config = write_timing(&want.server_timing_sampling_rate)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudfront::testing::{all_headers, json, no_headers};

    #[test]
    fn a_policy_of_everything_and_one_of_nothing_read_back_whatever_was_there_before() {
        for before in [all_headers(), no_headers()] {
            for after in [all_headers(), no_headers()] {
                let mut config = ResponseHeadersPolicy::new("name", "mark".into(), &before).expect("it is written");
                ResponseHeadersPolicy::put(&mut config, "other".into(), &after).expect("it is written");
                assert_eq!(json(&ResponseHeadersPolicy::read(&config, Tags::new())), json(&after));
                assert_eq!((config.name(), config.comment()), ("name", Some("other")));
            }
        }
    }
}
