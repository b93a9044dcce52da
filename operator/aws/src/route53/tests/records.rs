//! Whose a record is, and what becomes of it.

use aws_sdk_route53::types::RrType;
use serde_json::{Value, json};
use terrace_engine::{Error, reason};
use terrace_model::aws::route53::{RecordSet, Routing, Target};
use terrace_model::{Id, Owner, OwnerRef};

use super::{Node, owned};
use crate::route53::testing::{ZONE, Zone, record, text};
use crate::route53::{claim, shape};
use crate::testing;

const NAME: &str = "www.example.com";
const OTHERS: &str = "\"heritage=external-dns,external-dns/owner=blue,external-dns/resource=ingress/shop/web\"";

fn wish(values: &[&str]) -> RecordSet {
    let records = values.iter().map(|value| (*value).into()).collect();
    RecordSet::simple(ZONE.into(), NAME, "A", Target::Records { ttl: 60, records })
}

fn weighted(set: &str) -> RecordSet {
    RecordSet { set_identifier: Some(set.into()), routing: Routing::Weight(1), ..wish(&["192.0.2.1"]) }
}

fn id() -> Id {
    testing::id::<RecordSet>("www")
}

fn node(zone: &Zone, want: &RecordSet) -> (Node, Value) {
    (Node::new(zone, &[], id(), want), owned(&id(), want))
}

fn ours() -> Owner {
    Owner::Tagged { owner: id().owner, node: "www".into(), incarnation: 1 }
}

fn other() -> Id {
    let own = id();
    Id { owner: OwnerRef { name: "billing".into(), uid: "uid-2".into(), ..own.owner.clone() }, ..own }
}

#[tokio::test]
async fn a_record_is_made_with_the_text_that_says_whose_it_is_and_goes_with_it() {
    let zone = Zone::default();
    let (node, want) = node(&zone, &wish(&["192.0.2.1", "192.0.2.2"]));
    assert!(node.look().await.is_none());
    let handle = node.create(&want).await.expect("it is made");
    let sight = node.look().await.expect("it is there");
    assert_eq!((sight.handle, sight.owner), (handle, ours()));
    assert!(node.differs(&want).await.is_empty());
    assert!(zone.records().text("_terrace-a.www.example.com").is_some());
    for _ in 0..2 {
        node.delete(&sight.have).await.expect("it is deleted, or gone already");
    }
    assert_eq!(zone.records().iter().count(), 0);
}

#[tokio::test]
async fn a_record_without_our_text_is_not_ours_however_alike_it_is() {
    let zone = Zone::of([shape::to_sdk(&wish(&["192.0.2.1"])).expect("it is whole")]);
    let (node, want) = node(&zone, &wish(&["192.0.2.1"]));
    assert_eq!(node.look().await.expect("it is there").owner, Owner::Untagged);
    let refused = node.create(&want).await.expect_err("it is there already");
    assert_eq!(refused.reason(), reason::ALREADY_EXISTS);
    let dns = Zone::of([record(NAME, RrType::A, "192.0.2.1"), text("a-www.example.com", OTHERS)]);
    let seen = Node::new(&dns, &[], id(), &wish(&["192.0.2.1"])).look().await.expect("it is there");
    let Owner::Tagged { owner, .. } = seen.owner else { panic!("{:?}", seen.owner) };
    assert!(owner.to_string().starts_with("external-dns, for ingress shop/web"), "{owner}");
}

#[tokio::test]
async fn a_change_of_what_is_ours_never_leaves_its_name_without_an_answer() {
    let zone = Zone::default();
    let (node, want) = node(&zone, &wish(&["192.0.2.1"]));
    node.create(&want).await.expect("it is made");
    let changed = [
        wish(&["198.51.100.1"]),
        weighted("blue"),
        RecordSet { routing: Routing::Region("eu-west-1".into()), ..weighted("blue") },
        weighted("green"),
        wish(&["192.0.2.1"]),
    ];
    for want in changed {
        let want = owned(&id(), &want);
        node.update(&want).await.expect("it is changed");
        assert!(node.differs(&want).await.is_empty(), "{want}");
        let records = zone.records();
        let (names, texts): (Vec<_>, Vec<_>) = records.iter().partition(|(key, _)| key.kind == "A");
        assert_eq!((names.len(), texts.len()), (1, 1), "{want}");
    }
}

#[tokio::test]
async fn a_record_that_was_changed_or_deleted_behind_our_back_is_put_right() {
    let zone = Zone::default();
    let (node, want) = node(&zone, &wish(&["192.0.2.1"]));
    node.create(&want).await.expect("it is made");
    zone.put(record(NAME, RrType::A, "203.0.113.9"));
    assert!(node.differs(&want).await.touches("target"));
    node.update(&want).await.expect("it is put right");
    zone.take(NAME);
    let left = node.look().await.expect("its text is left");
    assert_eq!(left.owner, ours());
    node.update(&want).await.expect("it is made again");
    assert!(node.differs(&want).await.is_empty());
    zone.take("_terrace-a.www.example.com");
    assert_eq!(node.look().await.expect("it is there").owner, Owner::Untagged);
    node.update(&want).await.expect("its text is written again");
    assert_eq!(node.look().await.expect("it is there").owner, ours());
    zone.take(NAME);
    node.delete(&node.look().await.expect("its text is left").have).await.expect("it is deleted");
    assert_eq!(zone.records().iter().count(), 0);
}

#[tokio::test]
async fn records_of_one_name_that_differ_by_set_do_not_disturb_each_other() {
    let zone = Zone::default();
    let (blue, want) = node(&zone, &weighted("blue"));
    blue.create(&want).await.expect("it is made");
    let mut green = other();
    green.node = "other".into();
    let theirs = Node::new(&zone, &[], green.clone(), &weighted("green"));
    assert!(theirs.look().await.is_none());
    theirs.create(&owned(&green, &weighted("green"))).await.expect("it is made");
    assert!(blue.differs(&want).await.is_empty());
    let simple = Node::new(&zone, &[], other(), &wish(&["192.0.2.1"]));
    assert_eq!(simple.look().await.expect("another is in the way").owner, ours());
    let mine = Id { node: "apex".into(), ..id() };
    let waits = Node::new(&zone, &[], mine, &wish(&["192.0.2.1"])).try_look().await.expect_err("ours is in the way");
    assert!(matches!(waits, Error::Wait { reason: reason::NAME_HELD, .. }), "{waits:?}");
    blue.delete(&blue.look().await.expect("it is there").have).await.expect("it is deleted");
    assert_eq!(zone.records().iter().count(), 2);
}

#[tokio::test]
async fn a_text_of_somebody_else_without_a_record_is_not_overwritten() {
    let theirs = claim::write("_terrace-a.www.example.com", &other().owner_tags()).expect("it is whole");
    let zone = Zone::of([theirs]);
    let (node, want) = node(&zone, &wish(&["192.0.2.1"]));
    assert!(node.look().await.is_none());
    let refused = node.create(&want).await.expect_err("the name is theirs");
    assert_eq!(refused.reason(), reason::NOT_OWNED);
    assert!(refused.to_string().contains("_terrace-a.www.example.com"), "{refused}");
}

#[tokio::test]
async fn a_cname_of_the_name_is_in_the_way_of_any_other_record_and_any_other_record_of_it() {
    let zone = Zone::of([record(NAME, RrType::Cname, "shop.example.net")]);
    let (node, _) = node(&zone, &wish(&["192.0.2.1"]));
    let seen = node.look().await.expect("it is in the way");
    assert_eq!((seen.owner, seen.handle.0.as_str()), (Owner::Untagged, "Z1/www.example.com/CNAME"));
    let alias = RecordSet { r#type: "CNAME".into(), ..wish(&["shop.example.net"]) };
    let zone = Zone::of([record(NAME, RrType::Mx, "10 mx.example.net")]);
    let seen = Node::new(&zone, &[], id(), &alias).look().await.expect("it is in the way");
    assert_eq!(seen.handle.0, "Z1/www.example.com/MX");
    // Its own former type goes first.
    let zone = Zone::default();
    let before = Node::new(&zone, &[], id(), &alias);
    before.create(&owned(&id(), &alias)).await.expect("it is made");
    let after = Node::new(&zone, &[], Id { node: "new".into(), ..id() }, &wish(&["192.0.2.1"]));
    let waits = after.try_look().await.expect_err("ours is in the way");
    assert!(matches!(waits, Error::Wait { reason: reason::NAME_HELD, .. }), "{waits:?}");
}

#[tokio::test]
async fn of_a_name_whose_address_somebody_else_keeps_the_other_address_is_not_taken() {
    let ipv6 = || RecordSet { r#type: "AAAA".into(), ..wish(&["2001:db8::1"]) };
    let zone = Zone::of([record(NAME, RrType::A, "192.0.2.1"), text("a-www.example.com", OTHERS)]);
    let (six, _) = node(&zone, &ipv6());
    let seen = six.look().await.expect("it is in the way");
    assert_eq!(seen.handle.0, "Z1/www.example.com/A");
    assert!(matches!(&seen.owner, Owner::Tagged { owner, .. } if owner.kind.starts_with("external-dns")));
    // Beside its own, and beside what an earlier object of its name left, it is made.
    for uid in [id().owner.uid, "gone".into()] {
        let zone = Zone::default();
        let four = Id { owner: OwnerRef { uid, ..id().owner }, node: "four".into(), ..id() };
        let made = Node::new(&zone, &[], four.clone(), &wish(&["192.0.2.1"]));
        made.create(&owned(&four, &wish(&["192.0.2.1"]))).await.expect("it is made");
        let (six, want) = node(&zone, &ipv6());
        assert!(six.look().await.is_none());
        six.create(&want).await.expect("it is made");
        assert!(six.differs(&want).await.is_empty());
    }
    // A record of a set leaves room for others.
    let zone = Zone::of([shape::to_sdk(&weighted("blue")).expect("it is whole")]);
    let green = RecordSet { r#type: "AAAA".into(), ..weighted("green") };
    assert!(Node::new(&zone, &[], id(), &green).look().await.is_none());
}

#[tokio::test]
async fn what_took_the_place_of_ours_is_not_deleted() {
    let zone = Zone::default();
    let (node, want) = node(&zone, &wish(&["192.0.2.1"]));
    node.create(&want).await.expect("it is made");
    let seen = node.look().await.expect("it is there");
    zone.take("_terrace-a.www.example.com");
    node.delete(&seen.have).await.expect("nothing of ours is left");
    assert_eq!(zone.records().iter().count(), 1);
}

#[tokio::test]
async fn a_released_record_stays_and_says_of_nobody_that_it_is_theirs() {
    let zone = Zone::default();
    let (node, want) = node(&zone, &wish(&["192.0.2.1"]));
    node.create(&want).await.expect("it is made");
    let mut released = want.clone();
    released["tags"] = json!({});
    node.update(&released).await.expect("it is released");
    assert_eq!(zone.records().iter().count(), 1);
    assert_eq!(node.look().await.expect("it stays").owner, Owner::Untagged);
}
