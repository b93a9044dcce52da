//! The lifecycle rules of a bucket, those of Terrace's own among them, and its archive tiers.

use std::collections::BTreeMap;

use terrace_crds::ObjectTierSpec;
use terrace_crds::object_tier::{self as spec, RuleStatus, StorageClass};
use terrace_model::aws::s3::{IntelligentTiering, LifecycleRule};

use crate::naming::whole;

/// The rule that ends uploads which were never completed.
const UPLOADS: &str = "terrace-uploads";
/// The rule that moves objects to S3 Intelligent-Tiering, and the configuration of its archive tiers.
const TIERING: &str = "terrace-intelligent-tiering";

/// All rules, by id.
pub(super) fn rules(spec: &ObjectTierSpec) -> BTreeMap<String, LifecycleRule> {
    let mut rules: BTreeMap<_, _> = spec.lifecycle.iter().map(|each| (each.name.clone(), rule(each))).collect();
    let ours = || LifecycleRule { status: RuleStatus::Enabled.as_str().into(), ..LifecycleRule::default() };
    if spec.abort_incomplete_uploads_after_days > 0 {
        let days = Some(spec.abort_incomplete_uploads_after_days.into());
        rules.insert(UPLOADS.into(), LifecycleRule { abort_incomplete_multipart_upload: days, ..ours() });
    }
    if let Some(tiering) = &spec.intelligent_tiering {
        let transition = (StorageClass::IntelligentTiering.as_str().to_owned(), whole(tiering.after_days));
        let rule = LifecycleRule { prefix: tiering.prefix.clone(), transitions: [transition].into(), ..ours() };
        rules.insert(TIERING.into(), rule);
    }
    rules
}

fn rule(rule: &spec::LifecycleRule) -> LifecycleRule {
    let noncurrent = rule.noncurrent.as_ref();
    let days = |days: Option<u32>| days.map(whole);
    let moves = noncurrent.into_iter().flat_map(|noncurrent| &noncurrent.transitions);
    LifecycleRule {
        status: rule.status.as_str().into(),
        prefix: rule.filter.prefix.clone(),
        tags: rule.filter.tags.clone(),
        object_size_greater_than: rule.filter.larger_than_bytes,
        object_size_less_than: rule.filter.smaller_than_bytes,
        transitions: rule.transitions.iter().map(|each| moved(each.storage_class, each.after_days)).collect(),
        noncurrent_version_transitions: moves.map(|each| moved(each.storage_class, each.after_days)).collect(),
        expiration: days(rule.expire_after_days),
        noncurrent_version_expiration: days(noncurrent.and_then(|noncurrent| noncurrent.expire_after_days)),
        newer_noncurrent_versions: noncurrent.and_then(|noncurrent| noncurrent.keep_newest).map(i32::from),
        abort_incomplete_multipart_upload: None,
    }
}

fn moved(class: StorageClass, days: u32) -> (String, i32) {
    (class.as_str().into(), whole(days))
}

/// The archive tiers, where there are any.
pub(super) fn archive(spec: &ObjectTierSpec) -> BTreeMap<String, IntelligentTiering> {
    let Some(tiering) = &spec.intelligent_tiering else { return BTreeMap::new() };
    let tiers =
        [("ARCHIVE_ACCESS", tiering.archive_after_days), ("DEEP_ARCHIVE_ACCESS", tiering.deep_archive_after_days)];
    let tierings: BTreeMap<String, i32> =
        tiers.into_iter().filter_map(|(tier, days)| Some((tier.to_owned(), days?.into()))).collect();
    if tierings.is_empty() {
        return BTreeMap::new();
    }
    let configuration = IntelligentTiering {
        status: RuleStatus::Enabled.as_str().into(),
        prefix: tiering.prefix.clone(),
        tags: BTreeMap::new(),
        tierings,
    };
    [(TIERING.to_owned(), configuration)].into()
}
