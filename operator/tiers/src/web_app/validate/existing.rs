//! The existing AWS resources that a spec names: they must be of its namespace, or admitted by the Environment.

use terrace_crds::WebAppSpec;

use super::super::rollout::alarm;
use crate::check::existing::admitted;
use crate::{Facts, Invalid, Reference, ReferenceKind};

/// Everything that the spec names.
pub fn references(spec: &WebAppSpec) -> Vec<Reference> {
    let named = |field, text: &String, kind| Reference { field, text: text.clone(), kind, of: None, until: None };
    let certificate = spec.expose.as_ref().and_then(|expose| expose.certificate.as_ref());
    let certificate = certificate.map(|arn| named("spec.expose.certificate", arn, ReferenceKind::Certificate));
    let alarm = alarm(spec).map(|alarm| named("spec.rollout.alarm.name", &alarm.name, ReferenceKind::Alarm));
    certificate.into_iter().chain(alarm).collect()
}

pub(super) fn check(spec: &WebAppSpec, facts: &Facts, invalid: &mut Invalid) {
    for reference in references(spec) {
        admitted(&reference, facts, invalid);
    }
}
