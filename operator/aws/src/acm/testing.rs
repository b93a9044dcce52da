//! Certificates that the tests of this service share.

use aws_sdk_acm::types::{
    CertificateDetail, CertificateStatus, CertificateSummary, DomainStatus, DomainValidation, KeyAlgorithm, RecordType,
    ResourceRecord,
};

use super::read::{Domain, Found};

pub const ARN: &str = "arn:aws:acm:us-east-1:123456789012:certificate/1";

/// A certificate of `www.example.com`; `known`: with its validation record, and validated.
pub fn found(status: &str, validated: bool) -> Found {
    let record = ("_a.www.example.com".to_owned(), "_b.acm-validations.aws".to_owned());
    Found {
        arn: ARN.into(),
        domain: "www.example.com".into(),
        others: ["*.www.example.com".to_owned()].into(),
        key_algorithm: "RSA_2048".into(),
        status: CertificateStatus::from(status),
        failure: None,
        created: None,
        domains: Some(vec![Domain {
            name: "www.example.com".into(),
            status: Some(if validated { DomainStatus::Success } else { DomainStatus::PendingValidation }),
            record: Some(record),
        }]),
        partial: false,
    }
}

/// The same as ACM describes it; `known`: with its validation records.
pub fn detail(status: &str, known: bool) -> CertificateDetail {
    let record = || {
        let record = ResourceRecord::builder().name("_A.www.example.com.").r#type(RecordType::Cname);
        record.value("_b.acm-validations.aws.").build().expect("it is whole")
    };
    let domain = |name: &str| {
        let domain = DomainValidation::builder().domain_name(name).validation_status(DomainStatus::PendingValidation);
        domain.set_resource_record(known.then(record)).build().expect("it is whole")
    };
    CertificateDetail::builder()
        .certificate_arn(ARN)
        .domain_name("www.example.com")
        .set_subject_alternative_names(Some(vec!["www.example.com".into(), "*.www.example.com".into()]))
        .status(CertificateStatus::from(status))
        .key_algorithm(KeyAlgorithm::from("RSA-2048"))
        .domain_validation_options(domain("www.example.com"))
        .domain_validation_options(domain("*.www.example.com"))
        .build()
}

/// The same as a list shows it.
pub fn summary(status: &str) -> CertificateSummary {
    CertificateSummary::builder()
        .certificate_arn(ARN)
        .domain_name("www.example.com")
        .set_subject_alternative_name_summaries(Some(vec!["www.example.com".into(), "*.www.example.com".into()]))
        .has_additional_subject_alternative_names(false)
        .status(CertificateStatus::from(status))
        .key_algorithm(KeyAlgorithm::Rsa2048)
        .build()
}
