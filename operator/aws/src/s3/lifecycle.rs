//! Lifecycle rules, archive tiers and rules for browsers: to and from the types of the SDK.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::types as sdk;
use terrace_engine::{Error, Result};
use terrace_model::aws::s3::{CorsRule, IntelligentTiering, LifecycleRule};

/// Stands for what Terrace never wishes: a date, or a number of versions that are spared a move.
const FOREIGN: i32 = -1;

/// Reads a rule, by its id.
pub(super) fn read(rule: sdk::LifecycleRule) -> (String, LifecycleRule) {
    let filter = rule.filter.map(read_filter).unwrap_or_default();
    let transition = |each: sdk::Transition| {
        let class = each.storage_class.as_ref().map_or("", sdk::TransitionStorageClass::as_str).to_owned();
        (class, each.days.filter(|_| each.date.is_none()).unwrap_or(FOREIGN))
    };
    let noncurrent = |each: sdk::NoncurrentVersionTransition| {
        let class = each.storage_class.as_ref().map_or("", sdk::TransitionStorageClass::as_str).to_owned();
        (class, each.noncurrent_days.filter(|_| each.newer_noncurrent_versions.is_none()).unwrap_or(FOREIGN))
    };
    let old = rule.noncurrent_version_expiration;
    let read = LifecycleRule {
        status: rule.status.as_str().to_owned(),
        transitions: rule.transitions.unwrap_or_default().into_iter().map(transition).collect(),
        noncurrent_version_transitions: rule
            .noncurrent_version_transitions
            .unwrap_or_default()
            .into_iter()
            .map(noncurrent)
            .collect(),
        expiration: rule.expiration.and_then(read_expiration),
        noncurrent_version_expiration: old.as_ref().map(|old| old.noncurrent_days.unwrap_or(FOREIGN)),
        newer_noncurrent_versions: old.and_then(|old| old.newer_noncurrent_versions),
        abort_incomplete_multipart_upload: rule
            .abort_incomplete_multipart_upload
            .map(|abort| abort.days_after_initiation.unwrap_or(FOREIGN)),
        ..filter
    };
    (rule.id.unwrap_or_default(), read)
}

fn read_expiration(expiration: sdk::LifecycleExpiration) -> Option<i32> {
    let foreign = expiration.date.is_some() || expiration.expired_object_delete_marker == Some(true);
    if foreign { Some(FOREIGN) } else { expiration.days }
}

/// A rule with nothing but its filter.
fn read_filter(filter: sdk::LifecycleRuleFilter) -> LifecycleRule {
    let and = filter.and.unwrap_or_else(|| {
        sdk::LifecycleRuleAndOperator::builder()
            .set_prefix(filter.prefix)
            .set_tags(filter.tag.map(|tag| vec![tag]))
            .set_object_size_greater_than(filter.object_size_greater_than)
            .set_object_size_less_than(filter.object_size_less_than)
            .build()
    });
    LifecycleRule {
        prefix: and.prefix.unwrap_or_default(),
        tags: read_tags(and.tags),
        // Under `And`, S3 shows 0 where nothing was said.
        object_size_greater_than: and.object_size_greater_than.filter(|bytes| *bytes > 0),
        object_size_less_than: and.object_size_less_than.filter(|bytes| *bytes > 0),
        ..LifecycleRule::default()
    }
}

fn read_tags(tags: Option<Vec<sdk::Tag>>) -> BTreeMap<String, String> {
    tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// Writes a rule.
pub(super) fn write(id: &str, rule: &LifecycleRule) -> Result<sdk::LifecycleRule> {
    let transition = |(class, days): (&String, &i32)| {
        sdk::Transition::builder().storage_class(class.as_str().into()).days(*days).build()
    };
    let noncurrent = |(class, days): (&String, &i32)| {
        sdk::NoncurrentVersionTransition::builder().storage_class(class.as_str().into()).noncurrent_days(*days).build()
    };
    let old = rule.noncurrent_version_expiration.map(|days| {
        sdk::NoncurrentVersionExpiration::builder()
            .noncurrent_days(days)
            .set_newer_noncurrent_versions(rule.newer_noncurrent_versions)
            .build()
    });
    let abort = rule
        .abort_incomplete_multipart_upload
        .map(|days| sdk::AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build());
    sdk::LifecycleRule::builder()
        .id(id)
        .status(rule.status.as_str().into())
        .filter(write_filter(rule)?)
        .set_transitions(crate::shared::some(rule.transitions.iter().map(transition).collect()))
        .set_noncurrent_version_transitions(crate::shared::some(
            rule.noncurrent_version_transitions.iter().map(noncurrent).collect(),
        ))
        .set_expiration(rule.expiration.map(|days| sdk::LifecycleExpiration::builder().days(days).build()))
        .set_noncurrent_version_expiration(old)
        .set_abort_incomplete_multipart_upload(abort)
        .build()
        .map_err(Error::invalid)
}

/// A filter has one part, or several under `And` (API reference, LifecycleRuleFilter).
fn write_filter(rule: &LifecycleRule) -> Result<sdk::LifecycleRuleFilter> {
    let (over, under) = (rule.object_size_greater_than, rule.object_size_less_than);
    let tags = super::sdk_tags(&rule.tags)?;
    let parts =
        usize::from(!rule.prefix.is_empty()) + tags.len() + usize::from(over.is_some()) + usize::from(under.is_some());
    let filter = sdk::LifecycleRuleFilter::builder();
    let filter = match parts {
        0 => filter.prefix(""),
        1 => filter
            .set_prefix(Some(rule.prefix.clone()).filter(|prefix| !prefix.is_empty()))
            .set_tag(tags.into_iter().next())
            .set_object_size_greater_than(over)
            .set_object_size_less_than(under),
        _ => {
            let all = sdk::LifecycleRuleAndOperator::builder().prefix(&rule.prefix);
            let all = all.set_tags(crate::shared::some(tags)).set_object_size_greater_than(over);
            filter.and(all.set_object_size_less_than(under).build())
        }
    };
    Ok(filter.build())
}

/// Reads archive tiers, by their id.
pub(super) fn read_tiering(tiering: sdk::IntelligentTieringConfiguration) -> (String, IntelligentTiering) {
    let tier = |each: sdk::Tiering| (each.access_tier.as_str().to_owned(), each.days);
    let (prefix, tags) = match tiering.filter {
        Some(sdk::IntelligentTieringFilter { and: Some(and), .. }) => (and.prefix, read_tags(and.tags)),
        Some(filter) => (filter.prefix, read_tags(filter.tag.map(|tag| vec![tag]))),
        None => (None, BTreeMap::new()),
    };
    let read = IntelligentTiering {
        status: tiering.status.as_str().to_owned(),
        prefix: prefix.unwrap_or_default(),
        tags,
        tierings: tiering.tierings.into_iter().map(tier).collect(),
    };
    (tiering.id, read)
}

/// Writes archive tiers.
pub(super) fn write_tiering(id: &str, tiering: &IntelligentTiering) -> Result<sdk::IntelligentTieringConfiguration> {
    let tier = |(tier, days): (&String, &i32)| {
        sdk::Tiering::builder().access_tier(tier.as_str().into()).days(*days).build().map_err(Error::invalid)
    };
    let tierings: Vec<_> = tiering.tierings.iter().map(tier).collect::<Result<_>>()?;
    let (prefix, tags) = (&tiering.prefix, super::sdk_tags(&tiering.tags)?);
    let filter = sdk::IntelligentTieringFilter::builder();
    let filter = match (prefix.is_empty(), tags.len()) {
        (true, 0) => None,
        (false, 0) => Some(filter.prefix(prefix).build()),
        (true, 1) => Some(filter.set_tag(tags.into_iter().next()).build()),
        _ => {
            let all = sdk::IntelligentTieringAndOperator::builder().prefix(prefix).set_tags(Some(tags));
            Some(filter.and(all.build()).build())
        }
    };
    let configuration = sdk::IntelligentTieringConfiguration::builder().id(id).status(tiering.status.as_str().into());
    configuration.set_filter(filter).set_tierings(Some(tierings)).build().map_err(Error::invalid)
}

/// Reads a rule for browsers.
pub(super) fn read_cors(rule: sdk::CorsRule) -> CorsRule {
    let set = |list: Option<Vec<String>>| list.unwrap_or_default().into_iter().collect::<BTreeSet<_>>();
    CorsRule {
        allowed_headers: set(rule.allowed_headers),
        allowed_methods: rule.allowed_methods.into_iter().collect(),
        allowed_origins: rule.allowed_origins.into_iter().collect(),
        expose_headers: set(rule.expose_headers),
        max_age: rule.max_age_seconds,
    }
}

/// Writes a rule for browsers.
pub(super) fn write_cors(rule: &CorsRule) -> Result<sdk::CorsRule> {
    let list = |set: &BTreeSet<String>| crate::shared::some(set.iter().cloned().collect());
    sdk::CorsRule::builder()
        .set_allowed_headers(list(&rule.allowed_headers))
        .set_allowed_methods(list(&rule.allowed_methods))
        .set_allowed_origins(list(&rule.allowed_origins))
        .set_expose_headers(list(&rule.expose_headers))
        .set_max_age_seconds(rule.max_age)
        .build()
        .map_err(Error::invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(pairs: &[(&str, i32)]) -> BTreeMap<String, i32> {
        pairs.iter().map(|(class, days)| ((*class).to_owned(), *days)).collect()
    }

    #[test]
    fn what_was_written_reads_back_whatever_its_filter() {
        let whole = LifecycleRule {
            status: "Enabled".into(),
            transitions: days(&[("STANDARD_IA", 30), ("GLACIER", 90)]),
            noncurrent_version_transitions: days(&[("GLACIER", 30)]),
            expiration: Some(365),
            noncurrent_version_expiration: Some(90),
            newer_noncurrent_versions: Some(3),
            abort_incomplete_multipart_upload: Some(7),
            ..LifecycleRule::default()
        };
        let tags: BTreeMap<_, _> = [("class".to_owned(), "log".to_owned())].into();
        for rule in [
            whole.clone(),
            LifecycleRule { prefix: "logs/".into(), ..whole.clone() },
            LifecycleRule { tags: tags.clone(), ..whole.clone() },
            LifecycleRule { object_size_greater_than: Some(1), ..whole.clone() },
            LifecycleRule { object_size_less_than: Some(9), prefix: "logs/".into(), tags: tags.clone(), ..whole },
            LifecycleRule { status: "Disabled".into(), expiration: Some(1), ..LifecycleRule::default() },
        ] {
            let (id, read) = read(write("old", &rule).expect("it can be written"));
            assert_eq!((id.as_str(), read), ("old", rule));
        }
        let archive = IntelligentTiering {
            status: "Enabled".into(),
            tierings: days(&[("ARCHIVE_ACCESS", 90), ("DEEP_ARCHIVE_ACCESS", 180)]),
            ..IntelligentTiering::default()
        };
        for tiering in [
            archive.clone(),
            IntelligentTiering { prefix: "images/".into(), ..archive.clone() },
            IntelligentTiering { tags: tags.clone(), ..archive.clone() },
            IntelligentTiering { prefix: "images/".into(), tags, ..archive },
        ] {
            let (id, read) = read_tiering(write_tiering("cold", &tiering).expect("it can be written"));
            assert_eq!((id.as_str(), read), ("cold", tiering));
        }
    }

    #[test]
    fn a_size_that_was_never_said_is_none() {
        let and = sdk::LifecycleRuleAndOperator::builder().prefix("logs/").object_size_greater_than(0).build();
        let read = read_filter(sdk::LifecycleRuleFilter::builder().and(and).build());
        assert_eq!(read, LifecycleRule { prefix: "logs/".into(), ..LifecycleRule::default() });
    }

    #[test]
    fn what_terrace_never_wishes_equals_no_wish() {
        let date = aws_smithy_types::DateTime::from_secs(0);
        let rule = || sdk::LifecycleRule::builder().id("theirs").status(sdk::ExpirationStatus::Enabled);
        let read = |rule: sdk::builders::LifecycleRuleBuilder| read(rule.build().expect("it is whole")).1;
        let by_date = sdk::Transition::builder().date(date).storage_class("GLACIER".into()).build();
        assert_eq!(read(rule().transitions(by_date)).transitions, days(&[("GLACIER", FOREIGN)]));
        let spared = sdk::NoncurrentVersionTransition::builder().storage_class("GLACIER".into()).noncurrent_days(30);
        let spared = rule().noncurrent_version_transitions(spared.newer_noncurrent_versions(2).build());
        assert_eq!(read(spared).noncurrent_version_transitions, days(&[("GLACIER", FOREIGN)]));
        for expiration in [
            sdk::LifecycleExpiration::builder().date(date).build(),
            sdk::LifecycleExpiration::builder().expired_object_delete_marker(true).build(),
        ] {
            assert_eq!(read(rule().expiration(expiration)).expiration, Some(FOREIGN));
        }
    }
}
