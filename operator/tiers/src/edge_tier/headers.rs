//! Headers that viewers get: AWS's own policy where it says what is wished, else one of the object's.

use terrace_crds::edge_tier::{Cors, Credentials, ResponseHeaders, SecurityHeaders};
use terrace_model::Val;
use terrace_model::aws::Tags;
use terrace_model::aws::cloudfront::{
    self, ContentSecurityPolicy, CustomHeader, FrameOptions, ReferrerPolicy, ResponseHeadersPolicy, Setting,
    StrictTransportSecurity, XssProtection, managed,
};

use super::policies::Policies;
use crate::draft::Draft;
use crate::naming::whole;

const YEAR: i32 = 31_536_000;

/// The id of the response headers policy; empty for none.
pub(super) fn id(draft: &mut Draft, policies: &mut Policies, wished: &ResponseHeaders) -> Val<String> {
    let ResponseHeaders { security, content_security_policy, cors, custom, remove } = wished;
    let alone = content_security_policy.is_none() && cors.is_none() && custom.is_empty() && remove.is_empty();
    match security {
        SecurityHeaders::Standard if alone => managed::SECURITY_HEADERS.into(),
        SecurityHeaders::None if alone => "".into(),
        _ => policies.id(draft, "headers", policy(wished), ResponseHeadersPolicy::ID),
    }
}

fn policy(wished: &ResponseHeaders) -> ResponseHeadersPolicy {
    let custom = |(name, value): (&String, &String)| {
        (name.to_lowercase(), CustomHeader { value: value.clone(), r#override: true })
    };
    let content = |policy: &String| ContentSecurityPolicy { content_security_policy: policy.clone(), r#override: true };
    ResponseHeadersPolicy {
        cors: wished.cors.as_ref().map(share).into(),
        content_security_policy: wished.content_security_policy.as_ref().map(content).into(),
        custom_headers: wished.custom.iter().map(custom).collect(),
        remove_headers: wished.remove.iter().map(|name| name.to_lowercase()).collect(),
        ..security(wished.security)
    }
}

/// The preset alone. Standard is what AWS's own policy says (CloudFront Developer Guide, "Use managed response headers
/// policies").
fn security(preset: SecurityHeaders) -> ResponseHeadersPolicy {
    let on = preset != SecurityHeaders::None;
    let strict = preset == SecurityHeaders::Strict;
    let (frame, age) = if strict { ("DENY", 2 * YEAR) } else { ("SAMEORIGIN", YEAR) };
    let transport = StrictTransportSecurity {
        max_age_seconds: age,
        include_subdomains: strict,
        preload: false,
        r#override: strict,
    };
    let referrer = ReferrerPolicy { referrer_policy: "strict-origin-when-cross-origin".into(), r#override: strict };
    let xss = XssProtection { protection: true, mode_block: true, r#override: strict };
    ResponseHeadersPolicy {
        cors: Setting::Off,
        strict_transport_security: on.then_some(transport).into(),
        content_type_options: on.then_some(true).into(),
        frame_options: on.then(|| FrameOptions { frame_option: frame.into(), r#override: strict }).into(),
        referrer_policy: on.then_some(referrer).into(),
        content_security_policy: Setting::Off,
        xss_protection: on.then_some(xss).into(),
        custom_headers: Default::default(),
        remove_headers: Default::default(),
        server_timing_sampling_rate: Setting::Off,
        tags: Tags::new(),
    }
}

fn share(cors: &Cors) -> cloudfront::Cors {
    let lower = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect();
    cloudfront::Cors {
        allow_origins: cors.origins.iter().cloned().collect(),
        allow_headers: lower(&cors.headers),
        allow_methods: cors.methods.iter().cloned().collect(),
        allow_credentials: cors.credentials == Credentials::Allowed,
        expose_headers: lower(&cors.expose_headers),
        max_age_seconds: whole(cors.max_age_seconds),
        origin_override: true,
    }
}
