//! The security headers of a response headers policy, as AWS has them and as we do.

use aws_sdk_cloudfront::types as sdk;
use terrace_engine::Result;
use terrace_model::aws::cloudfront::{
    ContentSecurityPolicy, FrameOptions, ReferrerPolicy, ResponseHeadersPolicy, Setting, StrictTransportSecurity,
    XssProtection,
};

use super::whole;

type Seen<'a> = Option<&'a sdk::ResponseHeadersPolicySecurityHeadersConfig>;

pub(super) fn read_transport(seen: Seen<'_>) -> Setting<StrictTransportSecurity> {
    let read = |found: &sdk::ResponseHeadersPolicyStrictTransportSecurity| StrictTransportSecurity {
        max_age_seconds: found.access_control_max_age_sec(),
        include_subdomains: found.include_subdomains().unwrap_or_default(),
        preload: found.preload().unwrap_or_default(),
        r#override: found.r#override(),
    };
    seen.and_then(|seen| seen.strict_transport_security()).map(read).into()
}

pub(super) fn read_type_options(seen: Seen<'_>) -> Setting<bool> {
    seen.and_then(|seen| seen.content_type_options()).map(|found| found.r#override()).into()
}

pub(super) fn read_frames(seen: Seen<'_>) -> Setting<FrameOptions> {
    let read = |found: &sdk::ResponseHeadersPolicyFrameOptions| FrameOptions {
        frame_option: found.frame_option().as_str().to_owned(),
        r#override: found.r#override(),
    };
    seen.and_then(|seen| seen.frame_options()).map(read).into()
}

pub(super) fn read_referrer(seen: Seen<'_>) -> Setting<ReferrerPolicy> {
    let read = |found: &sdk::ResponseHeadersPolicyReferrerPolicy| ReferrerPolicy {
        referrer_policy: found.referrer_policy().as_str().to_owned(),
        r#override: found.r#override(),
    };
    seen.and_then(|seen| seen.referrer_policy()).map(read).into()
}

pub(super) fn read_content(seen: Seen<'_>) -> Setting<ContentSecurityPolicy> {
    let read = |found: &sdk::ResponseHeadersPolicyContentSecurityPolicy| ContentSecurityPolicy {
        content_security_policy: found.content_security_policy().to_owned(),
        r#override: found.r#override(),
    };
    seen.and_then(|seen| seen.content_security_policy()).map(read).into()
}

pub(super) fn read_xss(seen: Seen<'_>) -> Setting<XssProtection> {
    let read = |found: &sdk::ResponseHeadersPolicyXssProtection| XssProtection {
        protection: found.protection(),
        mode_block: found.mode_block().unwrap_or_default(),
        r#override: found.r#override(),
    };
    seen.and_then(|seen| seen.xss_protection()).map(read).into()
}

/// All of them as wished, over what there is; none where there are none.
pub(super) fn write(
    seen: Option<sdk::ResponseHeadersPolicySecurityHeadersConfig>,
    want: &ResponseHeadersPolicy,
) -> Result<Option<sdk::ResponseHeadersPolicySecurityHeadersConfig>> {
    let former = seen.and_then(|seen| seen.xss_protection);
    let written = sdk::ResponseHeadersPolicySecurityHeadersConfig::builder()
        .set_strict_transport_security(want.strict_transport_security.on().map(transport).transpose()?)
        .set_content_type_options(want.content_type_options.on().map(type_options).transpose()?)
        .set_frame_options(want.frame_options.on().map(frames).transpose()?)
        .set_referrer_policy(want.referrer_policy.on().map(referrer).transpose()?)
        .set_content_security_policy(want.content_security_policy.on().map(content).transpose()?)
        .set_xss_protection(want.xss_protection.on().map(|want| xss(former, want)).transpose()?)
        .build();
    let none = sdk::ResponseHeadersPolicySecurityHeadersConfig::builder().build();
    Ok((written != none).then_some(written))
}

fn transport(want: &StrictTransportSecurity) -> Result<sdk::ResponseHeadersPolicyStrictTransportSecurity> {
    sdk::ResponseHeadersPolicyStrictTransportSecurity::builder()
        .access_control_max_age_sec(want.max_age_seconds)
        .include_subdomains(want.include_subdomains)
        .preload(want.preload)
        .r#override(want.r#override)
        .build()
        .map_err(whole)
}

fn type_options(overrides: &bool) -> Result<sdk::ResponseHeadersPolicyContentTypeOptions> {
    sdk::ResponseHeadersPolicyContentTypeOptions::builder().r#override(*overrides).build().map_err(whole)
}

fn frames(want: &FrameOptions) -> Result<sdk::ResponseHeadersPolicyFrameOptions> {
    let built = sdk::ResponseHeadersPolicyFrameOptions::builder().frame_option(want.frame_option.as_str().into());
    built.r#override(want.r#override).build().map_err(whole)
}

fn referrer(want: &ReferrerPolicy) -> Result<sdk::ResponseHeadersPolicyReferrerPolicy> {
    let built = sdk::ResponseHeadersPolicyReferrerPolicy::builder();
    let built = built.referrer_policy(want.referrer_policy.as_str().into());
    built.r#override(want.r#override).build().map_err(whole)
}

fn content(want: &ContentSecurityPolicy) -> Result<sdk::ResponseHeadersPolicyContentSecurityPolicy> {
    let built = sdk::ResponseHeadersPolicyContentSecurityPolicy::builder();
    let built = built.content_security_policy(&want.content_security_policy);
    built.r#override(want.r#override).build().map_err(whole)
}

/// Where reports go is not ours to say; AWS takes no such place beside `mode=block`.
fn xss(
    former: Option<sdk::ResponseHeadersPolicyXssProtection>,
    want: &XssProtection,
) -> Result<sdk::ResponseHeadersPolicyXssProtection> {
    let report = former.and_then(|former| former.report_uri).filter(|_| !want.mode_block);
    let built = sdk::ResponseHeadersPolicyXssProtection::builder().protection(want.protection);
    let built = built.mode_block(want.mode_block).set_report_uri(report);
    built.r#override(want.r#override).build().map_err(whole)
}
