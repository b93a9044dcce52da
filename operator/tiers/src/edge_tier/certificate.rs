//! The certificate: the one that is named, or one that is asked for and validated by records in the zone.

use terrace_crds::EdgeTierSpec;
use terrace_model::Val;
use terrace_model::aws::Tags;
use terrace_model::aws::acm::{Certificate, Validation};
use terrace_model::aws::route53::ValidationRecords;

use super::GLOBAL;
use super::design::Design;
use crate::draft::Draft;

/// The most characters of a certificate's first name (ACM API reference, RequestCertificate, `DomainName`).
pub(super) const LONGEST_FIRST_NAME: usize = 64;

/// Whether a certificate is made.
pub(super) fn is_made(spec: &EdgeTierSpec) -> bool {
    !spec.hostnames.is_empty() && spec.tls.certificate.is_none()
}

/// The ARN of a certificate that has been issued; `None` without hostnames, which need none.
pub(super) fn certificate(draft: &mut Draft, design: &Design, zone: Option<&Val<String>>) -> Option<Val<String>> {
    let spec = design.spec;
    if let Some(arn) = spec.tls.certificate.as_ref().filter(|_| !spec.hostnames.is_empty()) {
        return Some(arn.clone().into());
    }
    let (first, zone) = (first_name(spec)?, zone?);
    let others = spec.hostnames.iter().filter(|name| name.as_str() != first);
    let want = Certificate {
        domain_name: first.into(),
        subject_alternative_names: others.cloned().collect(),
        key_algorithm: spec.tls.key_algorithm.as_str().into(),
        tags: draft.tags(),
    };
    let certificate = draft.add_in(GLOBAL, "certificate", want);
    let records = ValidationRecords {
        zone_id: zone.clone(),
        certificate_arn: certificate.out(Certificate::ARN),
        records: certificate.out(Certificate::VALIDATION_RECORDS),
        tags: Tags::new(),
    };
    draft.add("validation-records", records);
    let validation = Validation { certificate_arn: certificate.out(Certificate::ARN), zone_id: zone.clone() };
    Some(draft.add_in(GLOBAL, "validation", validation).out(Validation::CERTIFICATE_ARN))
}

/// The shortest, for ACM takes no long one; so their order does not matter.
pub(super) fn first_name(spec: &EdgeTierSpec) -> Option<&str> {
    spec.hostnames.iter().map(String::as_str).min_by_key(|name| (name.len(), *name))
}
