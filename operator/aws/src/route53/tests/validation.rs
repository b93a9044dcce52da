//! Validation records that several certificates need.

use aws_sdk_route53::types::RrType;
use serde_json::{Value, json};
use terrace_engine::reason;
use terrace_model::aws::Tags;
use terrace_model::aws::route53::ValidationRecords;
use terrace_model::{Id, Owner, OwnerRef};

use super::{Node, owned};
use crate::route53::testing::{ZONE, Zone, record};
use crate::testing;

const RECORD: &str = "_a.www.example.com";
const VALUE: &str = "_b.acm-validations.aws";

fn id(name: &str) -> Id {
    let id = testing::id::<ValidationRecords>("records");
    Id { owner: OwnerRef { name: name.into(), uid: format!("uid of {name}"), ..id.owner.clone() }, ..id }
}

fn wish(records: &[(&str, &str)]) -> ValidationRecords {
    let records = records.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let records = terrace_model::Val::Known(records);
    ValidationRecords { zone_id: ZONE.into(), certificate_arn: "arn:c".into(), records, tags: Tags::new() }
}

fn node(zone: &Zone, name: &str, records: &[(&str, &str)]) -> (Node, Value) {
    (Node::new(zone, &[], id(name), &wish(records)), owned(&id(name), &wish(records)))
}

fn stands(zone: &Zone) -> bool {
    zone.records().simple(RECORD, "CNAME").is_some()
}

async fn end(node: &Node) {
    node.delete(&node.look().await.expect("it is there").have).await.expect("it is given up");
    assert!(node.look().await.is_none());
}

#[tokio::test]
async fn a_record_that_two_certificates_need_goes_with_the_last() {
    let zone = Zone::default();
    let (first, want) = node(&zone, "first", &[(RECORD, VALUE)]);
    let (second, other) = node(&zone, "second", &[(RECORD, VALUE)]);
    assert!(first.look().await.is_none());
    first.create(&want).await.expect("it is made");
    assert!(second.look().await.is_none());
    second.create(&other).await.expect("it is shared");
    for (node, want) in [(&first, &want), (&second, &other)] {
        assert!(node.differs(want).await.is_empty());
    }
    end(&first).await;
    assert!(stands(&zone) && second.differs(&other).await.is_empty());
    end(&second).await;
    assert_eq!(zone.records().iter().count(), 0);
}

#[tokio::test]
async fn what_somebody_else_made_is_shared_and_stays() {
    let zone = Zone::of([record(RECORD, RrType::Cname, "_B.acm-validations.aws.")]);
    let (node, want) = node(&zone, "first", &[(RECORD, VALUE)]);
    node.create(&want).await.expect("it is shared");
    assert!(node.differs(&want).await.is_empty());
    end(&node).await;
    assert_eq!(zone.records().iter().count(), 1);
}

#[tokio::test]
async fn another_value_of_somebody_else_is_not_overwritten() {
    let zone = Zone::of([record(RECORD, RrType::Cname, "elsewhere.example.net")]);
    let (node, want) = node(&zone, "first", &[(RECORD, VALUE)]);
    let refused = node.create(&want).await.expect_err("it is in the way");
    assert_eq!(refused.reason(), reason::NOT_OWNED);
    assert!(refused.to_string().contains("elsewhere.example.net"), "{refused}");
    assert_eq!(zone.records().iter().count(), 1);
}

#[tokio::test]
async fn other_records_take_the_place_of_those_that_a_former_certificate_needed() {
    let zone = Zone::default();
    let (first, want) = node(&zone, "first", &[(RECORD, VALUE), ("_c.example.com", VALUE)]);
    first.create(&want).await.expect("they are made");
    let (second, other) = node(&zone, "second", &[(RECORD, VALUE)]);
    second.create(&other).await.expect("it is shared");
    let mut next = owned(&id("first"), &wish(&[("_c.example.com", VALUE), ("_d.example.com", VALUE)]));
    next["certificateArn"] = json!("arn:next");
    first.update(&next).await.expect("they are changed");
    assert!(first.differs(&next).await.is_empty());
    assert!(stands(&zone), "the second needs it");
    end(&second).await;
    assert!(!stands(&zone));
    end(&first).await;
    assert_eq!(zone.records().iter().count(), 0);
}

#[tokio::test]
async fn what_is_taken_away_or_changed_behind_our_back_is_put_right() {
    let zone = Zone::default();
    let (node, want) = node(&zone, "first", &[(RECORD, VALUE)]);
    node.create(&want).await.expect("it is made");
    zone.take(RECORD);
    assert!(node.differs(&want).await.touches("records"));
    node.update(&want).await.expect("it is made again");
    zone.put(record(RECORD, RrType::Cname, "_x.acm-validations.aws"));
    node.update(&want).await.expect("it is put right");
    assert!(node.differs(&want).await.is_empty());
}

#[tokio::test]
async fn a_released_record_stays_whoever_shared_it() {
    let zone = Zone::default();
    let (first, want) = node(&zone, "first", &[(RECORD, VALUE)]);
    first.create(&want).await.expect("it is made");
    let (second, other) = node(&zone, "second", &[(RECORD, VALUE)]);
    second.create(&other).await.expect("it is shared");
    let mut released = want.clone();
    released["tags"] = json!({});
    first.update(&released).await.expect("it is released");
    assert!(first.look().await.is_none());
    end(&second).await;
    assert!(stands(&zone));
}

#[tokio::test]
async fn two_that_begin_at_once_share_after_all() {
    let zone = Zone::default();
    let (first, want) = node(&zone, "first", &[(RECORD, VALUE)]);
    let second =
        Node { registry: first.registry.clone(), id: Id { address: first.id.address.clone(), ..id("second") } };
    let other = owned(&second.id, &wish(&[(RECORD, VALUE)]));
    assert!(first.look().await.is_none() && second.look().await.is_none());
    let made = futures::future::join(first.create(&want), second.create(&other)).await;
    let refused = [made.0, made.1].into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert_eq!(refused.iter().map(terrace_engine::Error::reason).collect::<Vec<_>>(), [reason::ALREADY_EXISTS]);
    for (node, want) in [(&first, &want), (&second, &other)] {
        if node.look().await.is_none() {
            node.create(want).await.expect("it is shared");
        }
    }
    let owner = |node: &Node| Owner::Tagged { owner: node.id.owner.clone(), node: "records".into(), incarnation: 1 };
    assert_eq!(second.look().await.map(|sight| sight.owner), Some(owner(&second)));
    end(&first).await;
    end(&second).await;
    assert_eq!(zone.records().iter().count(), 0);
}
