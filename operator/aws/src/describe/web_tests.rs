//! Zones and certificates that specs name.

use super::*;
use crate::testing::{ACCOUNT, clients};
use aws_sdk_acm::operation::describe_certificate::DescribeCertificateOutput;
use aws_sdk_acm::operation::list_tags_for_certificate::ListTagsForCertificateOutput;
use aws_sdk_acm::types::{CertificateDetail, CertificateStatus};
use aws_sdk_route53::operation::get_hosted_zone::{GetHostedZoneError, GetHostedZoneOutput};
use aws_sdk_route53::operation::list_hosted_zones_by_name::ListHostedZonesByNameOutput;
use aws_sdk_route53::operation::list_tags_for_resource::ListTagsForResourceOutput;
use aws_sdk_route53::types::error::NoSuchHostedZone;
use aws_sdk_route53::types::{
    DelegationSet, HostedZone, HostedZoneConfig, ResourceTagSet, Tag as ZoneTag, TagResourceType,
};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;

const HOME: &str = "us-east-1";

fn zone(id: &str, name: &str, private: bool) -> HostedZone {
    let zone = HostedZone::builder().id(format!("/hostedzone/{id}")).name(name).caller_reference("x");
    zone.config(HostedZoneConfig::builder().private_zone(private).build()).build().expect("it is whole")
}

/// An account with two public zones and a private one of a name, each tagged with its id.
fn zones() -> Describe {
    let list = mock!(aws_sdk_route53::Client::list_hosted_zones_by_name).then_output(|| {
        let zones = [("Z1", "example.com.", false), ("Z2", "example.com.", false), ("Z3", "example.com.", true)];
        let zones = zones.into_iter().chain([("Z4", "example.net.", false)]);
        let zones = zones.map(|(id, name, private)| zone(id, name, private)).collect();
        let answer = ListHostedZonesByNameOutput::builder().set_hosted_zones(Some(zones));
        answer.is_truncated(false).max_items(100).build().expect("it is whole")
    });
    let get = mock!(aws_sdk_route53::Client::get_hosted_zone)
        .match_requests(|request| request.id() != Some("Z9"))
        .then_compute_output(|request| {
            let zone = zone(request.id().unwrap_or_default(), "example.com.", false);
            let servers = DelegationSet::builder().name_servers("ns-1.example.net").build().expect("it is whole");
            GetHostedZoneOutput::builder().hosted_zone(zone).delegation_set(servers).build()
        });
    let none = mock!(aws_sdk_route53::Client::get_hosted_zone).then_error(|| {
        let meta = ErrorMetadata::builder().code("NoSuchHostedZone").build();
        GetHostedZoneError::NoSuchHostedZone(NoSuchHostedZone::builder().meta(meta).build())
    });
    let tags = mock!(aws_sdk_route53::Client::list_tags_for_resource).then_compute_output(|request| {
        let tag = ZoneTag::builder().key("id").value(request.resource_id().unwrap_or_default()).build();
        let set = ResourceTagSet::builder().resource_id("Z").resource_type(TagResourceType::Hostedzone).tags(tag);
        ListTagsForResourceOutput::builder().resource_tag_set(set.build()).build()
    });
    let client = mock_client!(aws_sdk_route53, RuleMode::MatchAny, [&list, &get, &none, &tags]);
    Describe::new(clients().with_client(HOME, client))
}

async fn find(text: &str, admits: fn(&Existing) -> bool) -> Result<Option<Existing>> {
    zones().find(Kind::HostedZone, "eu-west-1", text, admits).await
}

#[tokio::test]
async fn a_zone_is_found_by_name_id_and_arn() {
    for text in ["Z1", "arn:aws:route53:::hostedzone/Z1"] {
        let found = find(text, |_| true).await.expect("it is read").expect("it is there");
        let expected = Zone { id: "Z1".into(), name: "example.com".into(), name_servers: "ns-1.example.net".into() };
        assert_eq!((found.arn.as_str(), found.zone), ("arn:aws:route53:::hostedzone/Z1", Some(expected)));
        assert_eq!(found.tags["id"], "Z1");
    }
    for text in ["Z9", "example.org", "arn:aws:s3:::a", "arn:aws:route53:::healthcheck/1"] {
        assert_eq!(find(text, |_| true).await, Ok(None), "{text}");
    }
}

#[tokio::test]
async fn of_several_zones_of_a_name_the_one_that_may_be_used_is_taken_and_of_two_none() {
    let found = find("Example.com.", |zone| zone.tags["id"] == "Z2").await.expect("it is read");
    assert_eq!(found.and_then(|found| found.zone).map(|zone| zone.id).as_deref(), Some("Z2"));
    let error = find("example.com", |_| true).await.expect_err("there are two");
    assert_eq!((error.reason(), error.is_stalled()), ("Ambiguous", true));
    assert!(error.to_string().ends_with("Z1, Z2"), "{error}");
    assert!(find("example.com", |_| false).await.expect("it is read").is_some(), "the tier says that it may not");
}

#[tokio::test]
async fn a_certificate_is_found_in_the_region_of_its_arn_with_all_its_names() {
    let describe = mock!(aws_sdk_acm::Client::describe_certificate).then_output(|| {
        let names = vec!["example.com".into(), "*.Example.com".into()];
        let found = CertificateDetail::builder().domain_name("example.com").set_subject_alternative_names(Some(names));
        DescribeCertificateOutput::builder().certificate(found.status(CertificateStatus::Issued).build()).build()
    });
    let tags = mock!(aws_sdk_acm::Client::list_tags_for_certificate)
        .then_output(|| ListTagsForCertificateOutput::builder().build());
    let client = mock_client!(aws_sdk_acm, RuleMode::MatchAny, [&describe, &tags]);
    let describe = Describe::new(clients().with_client(HOME, client));
    let arn = format!("arn:aws:acm:{HOME}:{ACCOUNT}:certificate/1");
    let found = describe.find(Kind::Certificate, "eu-west-1", &arn, |_| true).await.expect("it is read");
    let domains = ["*.example.com", "example.com"].map(str::to_owned).into();
    let expected = Certificate { domains, status: "ISSUED".into() };
    assert_eq!(found.and_then(|found| found.certificate), Some(expected));
    for text in ["arn:aws:acm:us-east-1:999999999999:certificate/1", "arn:aws:iam::1:server-certificate/a", "a"] {
        assert_eq!(describe.find(Kind::Certificate, "eu-west-1", text, |_| true).await, Ok(None), "{text}");
    }
}
