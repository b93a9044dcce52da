//! What is read of ACM: certificates by list or by ARN.
//!
//! From the API reference: ListCertificates shows keys of RSA 2048 alone unless the others are asked for, at most 100 names of
//! a certificate, and neither its validation records nor why it failed.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_acm::Client;
use aws_sdk_acm::types::{
    CertificateDetail, CertificateStatus, CertificateSummary, DomainStatus, DomainValidation, FailureReason, Filters,
    KeyAlgorithm,
};
use aws_smithy_types::DateTime;
use futures::future::try_join_all;
use terrace_engine::Result;
use terrace_engine::coalesce::Fetch;
use terrace_model::aws::route53::plain;

use crate::errors::{absent, classify};

pub const GONE: &[&str] = &["ResourceNotFoundException"];
/// The most of a page (API reference, ListCertificates, `MaxItems`).
const PAGE: i32 = 1000;
const KEYS: &[KeyAlgorithm] = &[
    KeyAlgorithm::Rsa1024,
    KeyAlgorithm::Rsa2048,
    KeyAlgorithm::Rsa3072,
    KeyAlgorithm::Rsa4096,
    KeyAlgorithm::EcPrime256v1,
    KeyAlgorithm::EcSecp384r1,
    KeyAlgorithm::EcSecp521r1,
];

/// A certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub arn: String,
    pub domain: String,
    /// All but `domain`.
    pub others: BTreeSet<String>,
    pub key_algorithm: String,
    pub status: CertificateStatus,
    pub failure: Option<FailureReason>,
    pub created: Option<DateTime>,
    /// Known where it was described.
    pub domains: Option<Vec<Domain>>,
    /// A list does not show all that is asked for: it must be described.
    pub partial: bool,
}

/// How far the validation of one domain has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    pub name: String,
    pub status: Option<DomainStatus>,
    /// Name and value of its CNAME record; absent for some seconds after the request.
    pub record: Option<(String, String)>,
}

impl Found {
    /// The validation records of all domains, once all are known.
    pub fn records(&self) -> Option<BTreeMap<String, String>> {
        let domains = self.domains.as_ref().filter(|domains| !domains.is_empty())?;
        domains.iter().map(|domain| domain.record.clone()).collect()
    }
}

/// DescribeCertificate writes `RSA-2048` for what RequestCertificate takes as `RSA_2048`.
fn key_algorithm(key: Option<&KeyAlgorithm>) -> String {
    key.map(|key| key.as_str().replace('-', "_")).unwrap_or_default()
}

fn others(domain: &str, names: &[String]) -> BTreeSet<String> {
    names.iter().map(|name| plain(name)).filter(|name| name != domain).collect()
}

fn described(found: CertificateDetail) -> Found {
    let domain = plain(found.domain_name().unwrap_or_default());
    Found {
        others: others(&domain, found.subject_alternative_names()),
        key_algorithm: key_algorithm(found.key_algorithm()),
        domains: Some(found.domain_validation_options().iter().map(validation).collect()),
        arn: found.certificate_arn.unwrap_or_default(),
        status: found.status.unwrap_or(CertificateStatus::PendingValidation),
        failure: found.failure_reason,
        created: found.created_at,
        partial: false,
        domain,
    }
}

fn validation(domain: &DomainValidation) -> Domain {
    Domain {
        name: plain(domain.domain_name()),
        status: domain.validation_status().cloned(),
        record: domain.resource_record().map(|record| (plain(record.name()), plain(record.value()))),
    }
}

fn listed(found: CertificateSummary) -> Found {
    let domain = plain(found.domain_name().unwrap_or_default());
    let status = found.status.clone().unwrap_or(CertificateStatus::PendingValidation);
    let settled = !matches!(status, CertificateStatus::PendingValidation | CertificateStatus::Failed);
    Found {
        others: others(&domain, found.subject_alternative_name_summaries()),
        key_algorithm: key_algorithm(found.key_algorithm()),
        partial: !settled || found.has_additional_subject_alternative_names() != Some(false),
        status,
        failure: None,
        created: found.created_at,
        domains: None,
        arn: found.certificate_arn.unwrap_or_default(),
        domain,
    }
}

/// Reads the certificates of one region.
pub struct Reader(pub Client);

impl Reader {
    /// All of one; `None` where it is gone.
    pub async fn one(&self, arn: &str) -> Result<Option<Found>> {
        let answer = absent(self.0.describe_certificate().certificate_arn(arn).send().await, GONE)?;
        Ok(answer.and_then(|answer| answer.certificate).map(described))
    }

    /// All of them, as a list shows them.
    pub async fn list(&self) -> Result<Vec<Found>> {
        let keys = Filters::builder().set_key_types(Some(KEYS.to_vec())).build();
        let pages = self.0.list_certificates().includes(keys).max_items(PAGE).into_paginator().items();
        let found = pages.send().collect::<std::result::Result<Vec<_>, _>>().await.map_err(classify)?;
        Ok(found.into_iter().map(listed).collect())
    }
}

impl Fetch<String, Found> for Reader {
    async fn some(&self, arns: &BTreeSet<String>) -> Result<BTreeMap<String, Found>> {
        let found = try_join_all(arns.iter().map(|arn| self.one(arn))).await?;
        Ok(found.into_iter().flatten().map(|found| (found.arn.clone(), found)).collect())
    }

    async fn all(&self) -> Result<BTreeMap<String, Found>> {
        Ok(self.list().await?.into_iter().map(|found| (found.arn.clone(), found)).collect())
    }
}
