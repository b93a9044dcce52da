//! Certificates: found by tags whatever the Tagging API shows, and said of why they are not issued.

use aws_sdk_acm::operation::delete_certificate::DeleteCertificateError;
use aws_sdk_acm::operation::describe_certificate::DescribeCertificateOutput;
use aws_sdk_acm::operation::list_certificates::ListCertificatesOutput;
use aws_sdk_acm::operation::list_tags_for_certificate::ListTagsForCertificateOutput;
use aws_sdk_acm::operation::request_certificate::RequestCertificateOutput;
use aws_sdk_acm::types::error::ResourceInUseException;
use aws_sdk_resourcegroupstagging::operation::get_resources::GetResourcesOutput;
use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, Tag as Mapped};
use aws_sdk_route53::operation::get_hosted_zone::GetHostedZoneOutput;
use aws_sdk_route53::operation::list_hosted_zones::ListHostedZonesOutput;
use aws_sdk_route53::types::{DelegationSet, HostedZone};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use serde_json::json;
use terrace_engine::reason;
use terrace_model::Place;
use terrace_model::aws::acm::Validation;

use super::testing::{ARN, detail, summary};
use super::*;
use crate::testing::{self, clients};

const HOME: &str = "us-east-1";

fn id() -> Id {
    let id = testing::id::<Certificate>("certificate");
    Id { place: Place { region: HOME.into(), ..id.place.clone() }, ..id }
}

fn wish() -> Certificate {
    Certificate {
        domain_name: "www.example.com".into(),
        subject_alternative_names: ["*.www.example.com".to_owned()].into(),
        key_algorithm: "RSA_2048".into(),
        tags: id().owner_tags(),
    }
}

/// A Tagging API that shows the certificate, or nothing yet.
fn tagging(shows: bool) -> Rule {
    mock!(aws_sdk_resourcegroupstagging::Client::get_resources).then_output(move || {
        let tags = id().owner_tags();
        let tags = tags.iter().map(|(key, value)| Mapped::builder().key(key).value(value).build().expect("whole"));
        let mapping = ResourceTagMapping::builder().resource_arn(ARN).set_tags(Some(tags.collect())).build();
        GetResourcesOutput::builder()
            .set_resource_tag_mapping_list(Some(if shows { vec![mapping] } else { vec![] }))
            .build()
    })
}

fn described(status: &'static str, known: bool) -> Rule {
    mock!(Client::describe_certificate)
        .then_output(move || DescribeCertificateOutput::builder().certificate(detail(status, known)).build())
}

fn listed(status: &'static str) -> Rule {
    mock!(Client::list_certificates)
        .match_requests(|request| request.includes().is_some())
        .then_output(move || ListCertificatesOutput::builder().certificate_summary_list(summary(status)).build())
}

fn tags() -> Rule {
    mock!(Client::list_tags_for_certificate).then_output(|| {
        let tags = to_sdk(&id().owner_tags()).expect("they are whole");
        ListTagsForCertificateOutput::builder().set_tags(Some(tags)).build()
    })
}

fn acm(rules: &[&Rule], tagging: &Rule) -> Acm {
    let clients = clients()
        .with_client(HOME, mock_client!(aws_sdk_acm, RuleMode::MatchAny, rules))
        .with_client(HOME, mock_client!(aws_sdk_resourcegroupstagging, RuleMode::MatchAny, [tagging]));
    Acm::new(clients.clone(), Route53::new(clients))
}

async fn look(acm: &Acm, id: &Id) -> Option<(Certificate, CertificateOutputs, Owner, State)> {
    match Certificates(acm.clone()).observe(id).await.expect("it can be looked at") {
        Seen::Absent => None,
        Seen::Present { have, out, owner, state, .. } | Seen::Partly { have, out, owner, state, .. } => {
            Some((have, out, owner, state))
        }
    }
}

#[tokio::test]
async fn a_certificate_is_found_by_its_tags_even_where_the_tagging_api_lags() {
    for shows in [true, false] {
        let (list, describe, own, shown) = (listed("ISSUED"), described("ISSUED", true), tags(), tagging(shows));
        let acm = acm(&[&list, &describe, &own], &shown);
        let (have, out, owner, state) = look(&acm, &id()).await.expect("it is found");
        assert_eq!(serde_json::to_value(have).expect("JSON"), serde_json::to_value(wish()).expect("JSON"));
        assert_eq!(owner, Owner::Tagged { owner: id().owner, node: "certificate".into(), incarnation: 1 });
        assert_eq!((out.arn.as_deref(), state), (Some(ARN), State::Ready));
        let another = Id { incarnation: 2, ..id() };
        if !shows {
            assert!(look(&acm, &another).await.is_none());
            assert_eq!(own.num_calls(), 2, "the young are asked once, and the found for its tags");
        }
    }
}

#[tokio::test]
async fn it_stands_once_its_records_are_known_which_domain_and_wildcard_share() {
    let (shown, own) = (tagging(true), tags());
    let known = Id { handle: Some(ARN.into()), ..id() };
    let (_, out, _, state) =
        look(&acm(&[&described("PENDING_VALIDATION", false), &own], &shown), &known).await.expect("it is there");
    assert_eq!((out.validation_records, state), (None, State::Settling("PENDING_VALIDATION".into())));
    let (_, out, _, state) =
        look(&acm(&[&described("PENDING_VALIDATION", true), &own], &shown), &known).await.expect("it is there");
    let records = [("_a.www.example.com".to_owned(), "_b.acm-validations.aws".to_owned())].into();
    assert_eq!((out.validation_records, state), (Some(records), State::Ready));
}

#[tokio::test]
async fn one_that_is_issued_is_described_once_and_then_listed() {
    let (list, describe, own, shown) = (listed("ISSUED"), described("ISSUED", true), tags(), tagging(true));
    let acm = acm(&[&list, &describe, &own], &shown);
    let known = Id { handle: Some(ARN.into()), freshness: Freshness::Recent, ..id() };
    for _ in 0..5 {
        let (_, out, ..) = look(&acm, &known).await.expect("it is there");
        assert!(out.validation_records.is_some());
    }
    assert_eq!([list.num_calls(), describe.num_calls(), own.num_calls()], [1, 1, 0]);
}

#[tokio::test]
async fn a_certificate_is_asked_for_with_its_token_and_tags() {
    let request = mock!(Client::request_certificate)
        .match_requests(|request| {
            let token = request.idempotency_token() == Some(&id().token());
            token && request.tags().len() == id().owner_tags().len() && request.subject_alternative_names().len() == 1
        })
        .then_output(|| RequestCertificateOutput::builder().certificate_arn(ARN).build());
    let acm = acm(&[&request], &tagging(true));
    assert_eq!(Certificates(acm).create(&id(), &wish()).await, Ok(ARN.into()));
}

#[tokio::test]
async fn one_that_is_in_use_is_waited_for() {
    let in_use = mock!(Client::delete_certificate).then_error(|| {
        let meta = ErrorMetadata::builder().code("ResourceInUseException").message("in use").build();
        DeleteCertificateError::ResourceInUseException(ResourceInUseException::builder().meta(meta).build())
    });
    let acm = acm(&[&in_use], &tagging(true));
    let known = Id { handle: Some(ARN.into()), ..id() };
    let waits = Certificates(acm).delete(&known, &wish(), Disposal::Delete).await.expect_err("it is in use");
    assert!(matches!(waits, Error::Wait { reason: reason::IN_USE, .. }), "{waits:?}");
}

/// Whether it is issued, of a certificate whose records lie in zone `Z1`, which has this CNAME record or none.
async fn validation(describe: &Rule, cname: Option<&'static str>) -> (Option<String>, State) {
    use crate::route53::testing::{Zone, record};
    let zone = || HostedZone::builder().id("Z1").name("example.com.").caller_reference("x").build().expect("whole");
    let zones = mock!(aws_sdk_route53::Client::list_hosted_zones).then_output(move || {
        let zones = ListHostedZonesOutput::builder().hosted_zones(zone()).is_truncated(false).marker("");
        zones.max_items(100).build().expect("it is whole")
    });
    let get = mock!(aws_sdk_route53::Client::get_hosted_zone).then_output(move || {
        let servers = DelegationSet::builder().name_servers("ns-1.example.net").build().expect("whole");
        GetHostedZoneOutput::builder().hosted_zone(zone()).delegation_set(servers).build()
    });
    let kind = aws_sdk_route53::types::RrType::Cname;
    let standing = Zone::of(cname.map(|value| record("_a.www.example.com", kind, value)));
    let (list, shown) = (standing.list(), tagging(true));
    let clients = clients()
        .with_client(HOME, mock_client!(aws_sdk_acm, RuleMode::MatchAny, [describe]))
        .with_client(HOME, mock_client!(aws_sdk_resourcegroupstagging, RuleMode::MatchAny, [&shown]))
        .with_client(HOME, mock_client!(aws_sdk_route53, RuleMode::MatchAny, [&zones, &get, &list]));
    let acm = Acm::new(clients.clone(), Route53::new(clients));
    let id = testing::at(testing::id::<Validation>("issued"), &json!({"certificateArn": ARN, "zoneId": "Z1"}));
    match Validations(acm).observe(&id).await.expect("it can be looked at") {
        Seen::Present { out, state, .. } | Seen::Partly { out, state, .. } => (out.certificate_arn, state),
        Seen::Absent => panic!("it is there"),
    }
}

#[tokio::test]
async fn the_validation_of_an_issued_certificate_names_it_and_of_no_other() {
    let (arn, state) = validation(&described("ISSUED", true), None).await;
    assert_eq!((arn.as_deref(), state), (Some(ARN), State::Ready));
    let (arn, state) = validation(&described("FAILED", true), None).await;
    assert!(arn.is_none() && matches!(&state, State::Failed(text) if text.contains("www.example.com")), "{state:?}");
}

#[tokio::test]
async fn a_certificate_that_never_validates_says_which_record_and_zone() {
    for (cname, words) in [
        (None, "does not stand in hosted zone example.com (Z1)"),
        (Some("_c.example.net"), "leads to _c.example.net"),
        (Some("_b.acm-validations.aws."), "these name servers: ns-1.example.net"),
    ] {
        let (arn, state) = validation(&described("PENDING_VALIDATION", true), cname).await;
        let State::Settling(text) = state else { panic!("{state:?}") };
        assert!(text.starts_with("PENDING_VALIDATION: ") && text.contains(words) && arn.is_none(), "{text}");
    }
}
