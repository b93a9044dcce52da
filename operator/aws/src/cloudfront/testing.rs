//! Fixtures that the tests of CloudFront share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::operation::get_distribution_config::GetDistributionConfigOutput;
use aws_sdk_cloudfront::operation::list_distributions::ListDistributionsOutput;
use aws_sdk_cloudfront::operation::list_tags_for_resource::ListTagsForResourceOutput;
use aws_sdk_cloudfront::types as sdk;
use aws_sdk_resourcegroupstagging::operation::get_resources::GetResourcesOutput;
use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, Tag};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::ErrorMetadata;
use serde_json::Value;
use terrace_model::aws::Tags;
use terrace_model::aws::cloudfront::{
    CacheBehavior, ContentSecurityPolicy, Cors, CustomErrorResponse, CustomHeader, CustomOrigin, Distribution,
    FrameOptions, GeoRestriction, Logging, Origin, OriginGroup, OriginType, PathBehavior, Port, ProtocolPolicy,
    ReferrerPolicy, ResponseHeadersPolicy, Setting, StrictTransportSecurity, ViewerCertificate, XssProtection, managed,
};
use terrace_model::diff::{OwnedKeys, diff};
use terrace_model::{Diff, Id, KindSpec, Resource};

use super::{CloudFront, config, write_tags};
use crate::testing::{clients, id};

pub const ARN: &str = "arn:aws:cloudfront::123456789012:distribution/E1";

/// The providers' state over a mocked client, and over a Tagging API that lists these ARNs, each with these tags.
pub fn cloudfront(client: Client, tagged: Option<(&'static str, Tags)>) -> Arc<CloudFront> {
    let listed = mock!(aws_sdk_resourcegroupstagging::Client::get_resources).then_output(move || {
        let mapping = |(arn, tags): &(&str, Tags)| {
            let tag = |(key, value)| Tag::builder().key(key).value(value).build().expect("it is whole");
            ResourceTagMapping::builder().resource_arn(*arn).set_tags(Some(tags.iter().map(tag).collect())).build()
        };
        let list = tagged.iter().map(mapping).collect();
        GetResourcesOutput::builder().set_resource_tag_mapping_list(Some(list)).build()
    });
    let tagging = mock_client!(aws_sdk_resourcegroupstagging, RuleMode::MatchAny, [&listed]);
    let clients = clients();
    let (home, worldwide) = (clients.home().to_owned(), clients.worldwide());
    CloudFront::new(clients.with_client(&home, client).with_client(worldwide, tagging))
}

/// An error as a service answers it.
pub fn meta(code: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message("AWS says no").build()
}

pub fn json(wish: &impl Resource) -> Value {
    serde_json::to_value(wish).expect("a wish is JSON")
}

/// What differs between two wishes of a kind; the keys of `have` are ours.
pub fn between<R: Resource>(have: &R, want: &R) -> Diff {
    let (have, want) = (json(have), json(want));
    let keys: BTreeSet<String> = have["tags"].as_object().into_iter().flat_map(|map| map.keys().cloned()).collect();
    let owned: OwnedKeys = [("tags".to_owned(), keys)].into();
    diff(&KindSpec::of::<R>(), &want, &have, &owned, &BTreeMap::new())
}

pub fn distribution_id() -> Id {
    id::<Distribution>("distribution")
}

pub fn behaviour(origin: &str) -> CacheBehavior {
    CacheBehavior {
        target_origin_id: origin.into(),
        viewer_protocol_policy: "redirect-to-https".into(),
        allowed_methods: ["GET", "HEAD", "OPTIONS"].map(str::to_owned).into(),
        cached_methods: ["GET", "HEAD"].map(str::to_owned).into(),
        cache_policy_id: managed::CACHING_OPTIMIZED.into(),
        origin_request_policy_id: managed::ALL_VIEWER.into(),
        response_headers_policy_id: "".into(),
        compress: true,
        function_associations: [("viewer-request".to_owned(), "arn:aws:cloudfront::1:function/f".into())].into(),
    }
}

pub fn origin(kind: OriginType) -> Origin {
    Origin {
        domain_name: "web.example.com".into(),
        origin_path: "/v1".into(),
        custom_headers: [("x-edge".to_owned(), "shop".into())].into(),
        connection_attempts: 3,
        connection_timeout: 10,
        origin_shield_region: String::new(),
        origin: kind,
    }
}

pub fn custom() -> OriginType {
    OriginType::Custom(CustomOrigin {
        http_port: Port(80).into(),
        https_port: Port(443).into(),
        origin_protocol_policy: ProtocolPolicy::HttpsOnly.into(),
        origin_ssl_protocols: ["TLSv1.2".to_owned()].into(),
        origin_read_timeout: 30,
        origin_keepalive_timeout: 5,
    })
}

/// A wish as the EdgeTier makes it.
pub fn wish() -> Distribution {
    let page = CustomErrorResponse {
        response_page_path: "/index.html".into(),
        response_code: "200".into(),
        error_caching_min_ttl: 10,
    };
    let log = Logging { bucket: "logs.s3.amazonaws.com".into(), prefix: "shop/".into(), include_cookies: false };
    let s3 = OriginType::S3 { origin_access_control_id: "OAC".into() };
    Distribution {
        comment: "shop".into(),
        enabled: true,
        aliases: ["shop.example.com".to_owned()].into(),
        default_root_object: "index.html".into(),
        origins: [("web".to_owned(), origin(custom())), ("assets".to_owned(), origin(s3))].into(),
        origin_groups: [(
            "both".to_owned(),
            OriginGroup { status_codes: [500, 503].into(), members: ["web".into(), "assets".into()] },
        )]
        .into(),
        default_cache_behavior: behaviour("both"),
        cache_behaviors: vec![PathBehavior { path_pattern: "/api/*".into(), behavior: behaviour("web") }],
        custom_error_responses: [(403, page)].into(),
        price_class: "PriceClass_100".into(),
        http_version: "http2and3".into(),
        is_ipv6_enabled: true,
        geo_restriction: GeoRestriction::none(),
        web_acl_id: "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b".into(),
        viewer_certificate: ViewerCertificate::Acm {
            certificate_arn: "arn:aws:acm:us-east-1:123456789012:certificate/1".into(),
            minimum_protocol_version: "TLSv1.2_2021".into(),
            ssl_support_method: "sni-only".into(),
        },
        logging: Setting::On(log),
        tags: distribution_id().owner_tags(),
    }
}

/// The wished distribution, as AWS describes it.
pub fn whole() -> sdk::Distribution {
    described("Deployed", config::new("reference", &wish()).expect("it is written"))
}

pub fn described(status: &str, config: sdk::DistributionConfig) -> sdk::Distribution {
    let built = sdk::Distribution::builder().id("E1").arn(ARN).status(status).domain_name("d1.cloudfront.net");
    let built = built.last_modified_time(DateTime::from_secs(1)).in_progress_invalidation_batches(0);
    built.distribution_config(config).build().expect("it is whole")
}

/// ListDistributions, in two pages, of which the second has the wished one.
pub fn listed() -> Rule {
    mock!(Client::list_distributions).then_output(|| {
        let list = sdk::DistributionList::builder().marker("").max_items(100).is_truncated(false).quantity(1);
        let list = list.items(summary()).build().expect("it is whole");
        ListDistributionsOutput::builder().distribution_list(list).build()
    })
}

/// The wished distribution, as a list shows it.
pub fn summary() -> sdk::DistributionSummary {
    let config = config::new("reference", &wish()).expect("it is written");
    sdk::DistributionSummary::builder()
        .id("E1")
        .arn(ARN)
        .status("Deployed")
        .domain_name("d1.cloudfront.net")
        .last_modified_time(DateTime::from_secs(1))
        .set_aliases(config.aliases)
        .set_origins(config.origins)
        .set_origin_groups(config.origin_groups)
        .set_default_cache_behavior(config.default_cache_behavior)
        .set_cache_behaviors(config.cache_behaviors)
        .set_custom_error_responses(config.custom_error_responses)
        .comment(config.comment)
        .price_class("PriceClass_100".into())
        .enabled(config.enabled)
        .set_viewer_certificate(config.viewer_certificate)
        .set_restrictions(config.restrictions)
        .web_acl_id(config.web_acl_id.unwrap_or_default())
        .http_version("HTTP2and3".into())
        .is_ipv6_enabled(true)
        .staging(false)
        .build()
        .expect("it is whole")
}

/// ListTagsForResource with these tags.
pub fn tagged(tags: &Tags) -> Rule {
    let tags = tags.clone();
    mock!(Client::list_tags_for_resource).then_output(move || {
        ListTagsForResourceOutput::builder().tags(write_tags(&tags).expect("they are whole")).build()
    })
}

/// GetDistributionConfig of one that was made by this reference.
pub fn reference(reference: String) -> Rule {
    mock!(Client::get_distribution_config).then_output(move || {
        let config = config::new(&reference, &wish()).expect("it is written");
        GetDistributionConfigOutput::builder().distribution_config(config).e_tag("V1").build()
    })
}

/// A policy without anything.
pub fn no_headers() -> ResponseHeadersPolicy {
    ResponseHeadersPolicy {
        cors: Setting::Off,
        strict_transport_security: Setting::Off,
        content_type_options: Setting::Off,
        frame_options: Setting::Off,
        referrer_policy: Setting::Off,
        content_security_policy: Setting::Off,
        xss_protection: Setting::Off,
        custom_headers: BTreeMap::new(),
        remove_headers: BTreeSet::new(),
        server_timing_sampling_rate: Setting::Off,
        tags: Tags::new(),
    }
}

/// A policy with everything.
pub fn all_headers() -> ResponseHeadersPolicy {
    let all = || BTreeSet::from(["*".to_owned()]);
    ResponseHeadersPolicy {
        cors: Setting::On(Cors {
            allow_origins: ["https://shop.example.com".to_owned()].into(),
            allow_headers: all(),
            allow_methods: ["GET", "PUT"].map(str::to_owned).into(),
            allow_credentials: false,
            expose_headers: ["etag".to_owned()].into(),
            max_age_seconds: 600,
            origin_override: true,
        }),
        strict_transport_security: Setting::On(StrictTransportSecurity {
            max_age_seconds: 31_536_000,
            include_subdomains: true,
            preload: false,
            r#override: true,
        }),
        content_type_options: Setting::On(true),
        frame_options: Setting::On(FrameOptions { frame_option: "DENY".into(), r#override: false }),
        referrer_policy: Setting::On(ReferrerPolicy { referrer_policy: "same-origin".into(), r#override: true }),
        content_security_policy: Setting::On(ContentSecurityPolicy {
            content_security_policy: "default-src 'self'".into(),
            r#override: true,
        }),
        xss_protection: Setting::On(XssProtection { protection: true, mode_block: true, r#override: false }),
        custom_headers: [("x-shop".to_owned(), CustomHeader { value: "1".into(), r#override: true })].into(),
        remove_headers: ["server".to_owned()].into(),
        server_timing_sampling_rate: Setting::On(50.0),
        tags: Tags::new(),
    }
}
