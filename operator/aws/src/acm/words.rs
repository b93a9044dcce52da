//! What ACM says of a certificate, in plain words.
//!
//! ACM API reference (CertificateDetail, `Status` and `FailureReason`) and user guide ("Troubleshoot certificate requests").

use aws_sdk_acm::types::{CertificateStatus, DomainStatus, FailureReason};
use terrace_engine::State;

use super::read::{Domain, Found};

/// Where a certificate stands that is as far as it gets; `None` while ACM validates its domains.
pub fn state(found: &Found) -> Option<State> {
    let failed = |text: &str| Some(State::Failed(format!("{text}. {}", again(&found.arn))));
    match &found.status {
        CertificateStatus::PendingValidation => None,
        CertificateStatus::Issued => Some(State::Ready),
        CertificateStatus::Failed => failed(&failure(found)),
        CertificateStatus::ValidationTimedOut => failed(&format!(
            "VALIDATION_TIMED_OUT: within 72 hours ACM did not find the validation records of {}",
            unproven(found)
        )),
        CertificateStatus::Expired => failed("EXPIRED: it was not renewed, for want of its validation records"),
        CertificateStatus::Revoked => failed("REVOKED: it is not trusted any more"),
        other => failed(&format!("{other}: it cannot be used")),
    }
}

/// What helps where nothing else does.
fn again(arn: &str) -> String {
    format!("When that is mended, delete {arn} in ACM: a new one is asked for")
}

fn failure(found: &Found) -> String {
    let domains = unproven(found);
    match found.failure.as_ref() {
        Some(FailureReason::CaaError) => format!(
            "CAA_ERROR: a CAA record of {domains}, or of a domain above, does not let Amazon issue certificates. Add \
             `0 issue \"amazon.com\"` (and issuewild for wildcards) beside it, or remove it"
        ),
        Some(FailureReason::DomainNotAllowed) => {
            format!("DOMAIN_NOT_ALLOWED: {domains} is on a list of unsafe domains: ask its maintainers to take it off")
        }
        Some(FailureReason::InvalidPublicDomain) => {
            format!("INVALID_PUBLIC_DOMAIN: {domains} is no public domain: name one that is registered")
        }
        Some(FailureReason::AdditionalVerificationRequired) => format!(
            "ADDITIONAL_VERIFICATION_REQUIRED: ACM must know more before it issues a certificate for {domains}: ask AWS \
             Support"
        ),
        Some(FailureReason::DomainValidationDenied) => {
            format!("DOMAIN_VALIDATION_DENIED: the owner of {domains} did not approve")
        }
        Some(other) => format!("{other}: ACM cannot issue a certificate for {domains}"),
        None => format!("FAILED: ACM cannot issue a certificate for {domains}"),
    }
}

/// The domains that are not validated, or all where ACM does not say.
fn unproven(found: &Found) -> String {
    let open = found.domains.iter().flatten().filter(|domain| is_open(domain)).map(|domain| domain.name.as_str());
    let open: Vec<_> = open.collect();
    if open.is_empty() { found.domain.clone() } else { open.join(", ") }
}

/// Whether ACM has not validated a domain.
pub fn is_open(domain: &Domain) -> bool {
    domain.status != Some(DomainStatus::Success)
}

/// Where the record of a domain stands.
pub enum Standing {
    /// Nobody said where it is to stand.
    Elsewhere,
    Missing,
    Other(String),
    There,
}

/// What ACM waits for, of one domain. `zone`: name, id and name servers of the zone, where there is one.
pub fn waits(domain: &Domain, zone: Option<(&str, &str, &str)>, standing: &Standing) -> String {
    let Some((name, value)) = &domain.record else {
        return format!("ACM has not said yet by which record it validates {}", domain.name);
    };
    let record = format!("for {}, ACM has not found {name} CNAME {value}", domain.name);
    let Some((zone, id, servers)) = zone else {
        return format!("{record}: it must stand in the public zone of the domain");
    };
    match standing {
        Standing::Elsewhere => format!("{record}: it must stand in the public zone of the domain"),
        Standing::Missing => format!("{record}, which does not stand in hosted zone {zone} ({id}) yet"),
        Standing::Other(other) => {
            format!("{record}: in hosted zone {zone} ({id}) that name leads to {other}, which must be removed")
        }
        Standing::There => format!(
            "{record}, which stands in hosted zone {zone} ({id}): unless it was made within the last half hour, {zone} \
             is not delegated to that zone. Whoever has the domain above it, or its registrar, must name these name \
             servers: {}",
            servers.replace(',', ", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acm::testing::found;

    fn said(found: &Found) -> String {
        match state(found) {
            Some(State::Failed(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_failed_says_why_in_plain_words_and_what_to_do() {
        for (reason, words) in [
            (Some(FailureReason::CaaError), "0 issue \"amazon.com\""),
            (Some(FailureReason::InvalidPublicDomain), "no public domain"),
            (Some(FailureReason::DomainNotAllowed), "unsafe"),
            (Some(FailureReason::AdditionalVerificationRequired), "AWS Support"),
            (Some(FailureReason::Other), "OTHER"),
            (None, "FAILED"),
        ] {
            let text = said(&Found { failure: reason, ..found("FAILED", false) });
            assert!(text.contains(words) && text.contains("www.example.com") && text.contains("delete arn:"), "{text}");
        }
        assert!(said(&found("VALIDATION_TIMED_OUT", false)).contains("72 hours"));
        assert!(said(&found("EXPIRED", true)).contains("renewed"));
        assert!(said(&found("INACTIVE", true)).contains("INACTIVE"));
        assert_eq!(state(&found("ISSUED", true)), Some(State::Ready));
        assert_eq!(state(&found("PENDING_VALIDATION", false)), None);
    }

    #[test]
    fn what_acm_waits_for_names_record_zone_and_name_servers() {
        let domain = &found("PENDING_VALIDATION", false).domains.expect("it is described")[0];
        let zone = Some(("example.com", "Z1", "ns-1.example.net,ns-2.example.org"));
        for (standing, words) in [
            (Standing::Missing, "does not stand in hosted zone example.com (Z1)"),
            (Standing::Other("_c.example.net".into()), "leads to _c.example.net"),
            (Standing::There, "ns-1.example.net, ns-2.example.org"),
        ] {
            let text = waits(domain, zone, &standing);
            assert!(text.contains("_a.www.example.com CNAME _b.acm-validations.aws"), "{text}");
            assert!(text.contains(words), "{text}");
        }
        assert!(waits(domain, None, &Standing::Elsewhere).contains("public zone of the domain"));
        let young = Domain { record: None, ..domain.clone() };
        assert!(waits(&young, zone, &Standing::Missing).contains("has not said yet"));
    }
}
