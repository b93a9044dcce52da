//! AWS Certificate Manager: public certificates that are validated by DNS, and whether they are issued.
//!
//! Fields follow the ACM API reference (RequestCertificate, DescribeCertificate). A certificate is used in its own region;
//! CloudFront takes them from us-east-1 alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::resource::{Out, Replace, Resource, Rule};
use crate::val::Val;

/// A certificate that was asked for. It stands as soon as ACM says by which records it will validate the domains;
/// whether it is issued is [`Validation`]'s to say.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Certificate {
    /// In lower case; may begin with `*.`. ACM takes at most 64 characters.
    pub domain_name: String,
    /// Further names, without `domain_name`: ten with it, unless the account's quota was raised.
    pub subject_alternative_names: BTreeSet<String>,
    /// `RSA_2048`, `EC_prime256v1` or `EC_secp384r1`: of others ACM issues none, or CloudFront takes none.
    pub key_algorithm: String,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateOutputs {
    pub arn: Option<String>,
    /// Values of the CNAME records by their names: one of a domain, which it shares with its wildcard. Known when all are.
    pub validation_records: Option<BTreeMap<String, String>>,
}

impl Certificate {
    pub const ARN: Out<Self, String> = Out::new("arn");
    /// What [`ValidationRecords`](super::route53::ValidationRecords) are made of.
    pub const VALIDATION_RECORDS: Out<Self, BTreeMap<String, String>> = Out::new("validationRecords");
}

impl Resource for Certificate {
    const KIND: &'static str = "acm/Certificate";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("domainName", Rule::Replace),
        ("subjectAlternativeNames", Rule::Replace),
        ("keyAlgorithm", Rule::Replace),
        ("tags", Rule::Keyed),
    ];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = CertificateOutputs;
}

/// Waits until a certificate is issued: what uses the certificate refers to this. Of a certificate that is not, it says
/// which record ACM misses, and what that may be due to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Validation {
    pub certificate_arn: Val<String>,
    /// Where its validation records stand, if Terrace is to look after them; empty otherwise.
    pub zone_id: Val<String>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValidationOutputs {
    /// Known once it is issued.
    pub certificate_arn: Option<String>,
}

impl Validation {
    pub const CERTIFICATE_ARN: Out<Self, String> = Out::new("certificateArn");
}

impl Resource for Validation {
    const KIND: &'static str = "acm/Validation";
    const READ_ONLY: bool = true;
    const ADDRESS: &'static [&'static str] = &["certificateArn", "zoneId"];
    type Outputs = ValidationOutputs;
}
