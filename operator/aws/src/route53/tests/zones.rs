//! Zones, each found by the reference that it was made with, and ended only where nobody else has records in it.

use aws_sdk_route53::Client;
use aws_sdk_route53::operation::change_tags_for_resource::ChangeTagsForResourceOutput;
use aws_sdk_route53::operation::create_hosted_zone::CreateHostedZoneOutput;
use aws_sdk_route53::operation::delete_hosted_zone::DeleteHostedZoneOutput;
use aws_sdk_route53::operation::get_hosted_zone::GetHostedZoneOutput;
use aws_sdk_route53::operation::list_hosted_zones::ListHostedZonesOutput;
use aws_sdk_route53::operation::list_tags_for_resource::ListTagsForResourceOutput;
use aws_sdk_route53::types::{
    ChangeInfo, ChangeStatus, DelegationSet, HostedZone as Found, ResourceTagSet, RrType, TagResourceType,
};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use serde_json::json;
use terrace_engine::reason;
use terrace_model::aws::Tags;
use terrace_model::aws::route53::HostedZone;
use terrace_model::{Id, Owner, OwnerRef};

use super::{Node, owned};
use crate::route53::testing::{ZONE, Zone, record};
use crate::route53::{claim, read};
use crate::testing;

fn id() -> Id {
    testing::id::<HostedZone>("zone")
}

fn wish() -> HostedZone {
    HostedZone { name: "example.com".into(), comment: "of shop".into(), tags: Tags::new() }
}

fn found(reference: String) -> Found {
    let zone = Found::builder().id(format!("/hostedzone/{ZONE}")).name("example.com.").caller_reference(reference);
    zone.build().expect("it is whole")
}

fn servers() -> DelegationSet {
    DelegationSet::builder().name_servers("ns-1.example.net").name_servers("ns-2.example.org").build().expect("whole")
}

fn listed(reference: String) -> Rule {
    mock!(Client::list_hosted_zones).then_output(move || {
        let zones = ListHostedZonesOutput::builder().hosted_zones(found(reference.clone())).is_truncated(false);
        zones.marker("").max_items(100).build().expect("it is whole")
    })
}

fn untagged() -> Rule {
    mock!(Client::list_tags_for_resource).then_output(|| {
        let set = ResourceTagSet::builder().resource_id(ZONE).resource_type(TagResourceType::Hostedzone).build();
        ListTagsForResourceOutput::builder().resource_tag_set(set).build()
    })
}

fn described() -> Rule {
    mock!(Client::get_hosted_zone).then_output(|| {
        GetHostedZoneOutput::builder().hosted_zone(found(String::new())).delegation_set(servers()).build()
    })
}

fn deleted() -> Rule {
    mock!(Client::delete_hosted_zone).then_output(|| {
        let info = ChangeInfo::builder().id("C2").status(ChangeStatus::Pending).submitted_at(DateTime::from_secs(0));
        DeleteHostedZoneOutput::builder().change_info(info.build().expect("it is whole")).build()
    })
}

#[tokio::test]
async fn a_zone_that_bears_our_reference_is_ours_before_it_bears_its_tags() {
    let remade = Id { remade: 3, ..id() };
    for (reference, owner) in [
        (read::reference(&id()), Some(id().owner)),
        (read::reference(&remade), Some(id().owner)),
        (read::reference(&Id { incarnation: 2, ..id() }), None),
        ("theirs".to_owned(), None),
    ] {
        let (list, tags, get) = (listed(reference.clone()), untagged(), described());
        let node = Node::new(&Zone::default(), &[&list, &tags, &get], id(), &wish());
        let seen = node.look().await;
        assert_eq!(seen.is_some(), owner.is_some(), "{reference}");
        let Some(seen) = seen else { continue };
        let ours = Owner::Tagged { owner: id().owner, node: "zone".into(), incarnation: 1 };
        assert_eq!((seen.owner, seen.handle.0.as_str()), (ours, "arn:aws:route53:::hostedzone/Z1"));
        assert_eq!(seen.out["nameServers"], "ns-1.example.net,ns-2.example.org");
        assert_eq!(seen.out["hostedZoneId"], ZONE);
        assert!(node.differs(&owned(&id(), &wish())).await.touches("tags"));
    }
}

#[tokio::test]
async fn a_zone_is_made_with_its_reference_and_tagged_after() {
    let make = mock!(Client::create_hosted_zone)
        .match_requests(|request| {
            request.caller_reference() == Some(&read::reference(&id())) && request.vpc().is_none()
        })
        .then_output(|| {
            let info = ChangeInfo::builder().id("C1").status(ChangeStatus::Pending);
            let info = info.submitted_at(DateTime::from_secs(0)).build().expect("it is whole");
            let made = CreateHostedZoneOutput::builder().hosted_zone(found(read::reference(&id()))).change_info(info);
            made.delegation_set(servers()).location("https://route53").build().expect("it is whole")
        });
    let tag = mock!(Client::change_tags_for_resource)
        .match_requests(|request| request.resource_id() == Some(ZONE) && !request.add_tags().is_empty())
        .then_output(|| ChangeTagsForResourceOutput::builder().build());
    let node = Node::new(&Zone::default(), &[&make, &tag], id(), &wish());
    let handle = node.create(&owned(&id(), &wish())).await.expect("it is made");
    assert_eq!((handle.0.as_str(), tag.num_calls()), ("arn:aws:route53:::hostedzone/Z1", 1));
}

fn standing(owner: &OwnerRef, name: &str) -> [aws_sdk_route53::types::ResourceRecordSet; 2] {
    let tags = Id { owner: owner.clone(), ..id() }.owner_tags();
    let text = claim::write(&claim::name(name, "A", None), &tags).expect("it is whole");
    [record(name, RrType::A, "192.0.2.1"), text]
}

#[tokio::test]
async fn a_zone_goes_with_what_its_owner_has_in_it() {
    let zone = Zone::of(standing(&id().owner, "www.example.com"));
    zone.put(record("example.com", RrType::Ns, "ns-1.example.net"));
    zone.put(record("example.com", RrType::Soa, "ns-1.example.net. admin. 1 1 1 1 1"));
    let end = deleted();
    let known = Id { handle: Some("arn:aws:route53:::hostedzone/Z1".into()), ..id() };
    let node = Node::new(&zone, &[&end], known, &wish());
    node.delete(&json!(owned(&id(), &wish()))).await.expect("it is deleted");
    assert_eq!((zone.records().iter().count(), end.num_calls()), (2, 1));
}

#[tokio::test]
async fn what_others_have_in_a_zone_keeps_it_and_is_named() {
    let theirs = OwnerRef { name: "blog".into(), uid: "uid-2".into(), ..id().owner };
    let own = standing(&id().owner, "www.example.com");
    let zone = Zone::of(own.into_iter().chain(standing(&theirs, "blog.example.com")));
    zone.put(record("mail.example.com", RrType::Mx, "10 mx.example.net"));
    let end = deleted();
    let known = Id { handle: Some("arn:aws:route53:::hostedzone/Z1".into()), ..id() };
    let node = Node::new(&zone, &[&end], known, &wish());
    let kept = node.delete(&json!(owned(&id(), &wish()))).await.expect_err("it is not empty");
    let text = kept.to_string();
    assert_eq!((kept.reason(), kept.is_stalled()), (reason::IN_USE, true));
    for words in ["mail.example.com MX", "blog.example.com A (of DataTier shop/blog of cluster prod)"] {
        assert!(text.contains(words), "{text}");
    }
    assert!(!text.contains("www.example.com") && !text.contains("_terrace"), "{text}");
    assert_eq!((zone.records().iter().count(), end.num_calls()), (5, 0));
}
