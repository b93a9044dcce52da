//! A distribution's configuration, as AWS has it and as we do. What we do not know of it is kept.

use aws_sdk_cloudfront::types as sdk;
use terrace_engine::Result;
use terrace_model::aws::Tags;
use terrace_model::aws::cloudfront::Distribution;

use super::{behaviour, filled, origin, parts, whole};
use crate::shared::known;

/// What there is, as a wish.
pub(super) fn read(seen: &sdk::DistributionConfig, tags: Tags) -> Distribution {
    Distribution {
        comment: seen.comment().to_owned(),
        enabled: seen.enabled(),
        aliases: parts::read_aliases(seen.aliases()),
        default_root_object: seen.default_root_object().unwrap_or_default().to_owned(),
        origins: origin::read_all(seen.origins()),
        origin_groups: origin::read_groups(seen.origin_groups()),
        default_cache_behavior: behaviour::read_default(seen.default_cache_behavior()),
        cache_behaviors: behaviour::read_paths(seen.cache_behaviors()),
        custom_error_responses: parts::read_errors(seen.custom_error_responses()),
        price_class: seen.price_class().map(|class| class.as_str()).unwrap_or("PriceClass_All").to_owned(),
        // Lists write it in capitals.
        http_version: seen.http_version().map(|version| version.as_str()).unwrap_or("http2").to_lowercase(),
        is_ipv6_enabled: seen.is_ipv6_enabled().unwrap_or_default(),
        geo_restriction: parts::read_restriction(seen.restrictions()),
        web_acl_id: seen.web_acl_id().unwrap_or_default().into(),
        viewer_certificate: parts::read_certificate(seen.viewer_certificate()),
        logging: parts::read_logging(seen.logging()),
        tags,
    }
}

/// Puts what is wished over what there is.
pub(super) fn put(seen: &mut sdk::DistributionConfig, want: &Distribution) -> Result<()> {
    seen.comment.clone_from(&want.comment);
    seen.enabled = want.enabled;
    seen.aliases = Some(parts::write_aliases(&want.aliases)?);
    seen.default_root_object = Some(want.default_root_object.clone());
    seen.origins = Some(origin::write_all(seen.origins.take(), &want.origins)?);
    seen.origin_groups = Some(origin::write_groups(seen.origin_groups.take(), &want.origin_groups)?);
    let default = behaviour::write_default(seen.default_cache_behavior.take(), &want.default_cache_behavior)?;
    seen.default_cache_behavior = Some(default);
    seen.cache_behaviors = Some(behaviour::write_paths(seen.cache_behaviors.take(), &want.cache_behaviors)?);
    seen.custom_error_responses = Some(parts::write_errors(&want.custom_error_responses)?);
    seen.price_class = Some(want.price_class.as_str().into());
    seen.http_version = Some(want.http_version.as_str().into());
    seen.is_ipv6_enabled = Some(want.is_ipv6_enabled);
    seen.restrictions = Some(parts::write_restriction(&want.geo_restriction)?);
    seen.web_acl_id = Some(known(&want.web_acl_id)?);
    seen.viewer_certificate = Some(parts::write_certificate(&want.viewer_certificate)?);
    seen.logging = Some(parts::write_logging(&want.logging)?);
    Ok(())
}

/// A new one, made by this reference.
pub(super) fn new(reference: &str, want: &Distribution) -> Result<sdk::DistributionConfig> {
    let built = sdk::DistributionConfig::builder().caller_reference(reference);
    let built = built.comment(&want.comment).enabled(want.enabled);
    let mut written = built.build().map_err(whole)?;
    put(&mut written, want)?;
    Ok(written)
}

/// What a list shows of one: all but its root object and its logging.
pub(super) fn of_summary(seen: sdk::DistributionSummary) -> Result<sdk::DistributionConfig> {
    let built = sdk::DistributionConfig::builder()
        .caller_reference("")
        .comment(seen.comment)
        .enabled(seen.enabled)
        .set_aliases(seen.aliases)
        .set_origins(seen.origins)
        .set_origin_groups(seen.origin_groups)
        .set_default_cache_behavior(seen.default_cache_behavior)
        .set_cache_behaviors(seen.cache_behaviors)
        .set_custom_error_responses(seen.custom_error_responses)
        .price_class(seen.price_class)
        .set_viewer_certificate(seen.viewer_certificate)
        .set_restrictions(seen.restrictions)
        .set_web_acl_id(filled(&seen.web_acl_id))
        .http_version(seen.http_version)
        .is_ipv6_enabled(seen.is_ipv6_enabled);
    built.build().map_err(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudfront::testing::{json, wish};

    #[test]
    fn a_wish_reads_back_as_it_was_written() {
        let written = new("reference", &wish()).expect("it is written");
        assert_eq!(json(&read(&written, wish().tags)), json(&wish()));
        assert_eq!(written.caller_reference(), "reference");
    }

    #[test]
    fn what_terrace_does_not_know_is_kept() {
        let mut seen = new("reference", &wish()).expect("it is written");
        seen.continuous_deployment_policy_id = Some("policy".into());
        seen.staging = Some(false);
        let signers = sdk::TrustedKeyGroups::builder().enabled(true).quantity(1).items("group").build();
        let default = seen.default_cache_behavior.as_mut().expect("there is one");
        default.trusted_key_groups = signers.ok();
        let mut written = seen.clone();
        put(&mut written, &Distribution { comment: "other".into(), ..wish() }).expect("it is written");
        assert_eq!(written.comment(), "other");
        written.comment.clone_from(&seen.comment);
        assert_eq!(written, seen);
    }
}
