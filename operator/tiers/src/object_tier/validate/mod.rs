//! What is wrong with a spec in the light of the facts: the checks that the schema and CEL cannot make.

mod lifecycle;

use terrace_crds::{ObjectTier, ObjectTierSpec, TierObject};

use crate::check::existing::admitted;
use crate::draft::check_common;
use crate::{Facts, Invalid, Reference, ReferenceKind};

const LOGS: &str = "spec.accessLogs.bucket";

/// Whether all is well.
pub(super) fn validate(spec: &ObjectTierSpec, facts: &Facts) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    check_common(ObjectTier::KIND, &spec.common.tags, facts, &mut invalid);
    lifecycle::check(spec, &mut invalid);
    for reference in references(spec) {
        let region = admitted(&reference, facts, &mut invalid).and_then(|named| named.region.as_deref());
        if let (LOGS, Some(region)) = (reference.field, region) {
            same_region(&reference.text, region, facts, &mut invalid);
        }
    }
    invalid.or(())
}

/// Everything that the spec names and that is looked at.
pub(super) fn references(spec: &ObjectTierSpec) -> Vec<Reference> {
    let named = |field, text: Option<&String>, kind| {
        text.map(|text| Reference { field, text: text.clone(), kind, of: None, until: None })
    };
    let logs = spec.access_logs.as_ref().map(|logs| &logs.bucket);
    let all = [
        named("spec.encryption.kmsKeyId", spec.encryption.kms_key_id.as_ref(), ReferenceKind::KmsKey),
        named(LOGS, logs, ReferenceKind::Bucket),
    ];
    all.into_iter().flatten().collect()
}

/// Logs stay in their region (`PutBucketLogging`).
fn same_region(bucket: &str, region: &str, facts: &Facts, invalid: &mut Invalid) {
    let own = &facts.environment.region;
    if region != own {
        invalid
            .add(LOGS, format!("{bucket} is in {region}, and S3 writes logs within a region only: name one in {own}"));
    }
}
