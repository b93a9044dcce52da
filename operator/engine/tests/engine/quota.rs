//! An account that has no room: said in AWS's words, the rest goes on, nothing is made twice, and room is enough to go on.

use std::time::Duration;

use serde_json::json;
use terrace_engine::reason;
use terrace_engine::sim::Op;
use terrace_model::NodeKey;

use crate::harness::{Object, World, sample, with};

const DATABASE: &str = "rds/DbInstance";

/// The first object of a sample in an account that takes so many of a kind, after some passes.
async fn cramped(name: &str, kind: &str, most: usize) -> World {
    let mut world = World::new(vec![Object::new("orders", sample(name))]);
    world.sim.console().quota(kind, Some(most));
    let end = world.sim.clock().now() + Duration::from_secs(1200);
    while world.sim.clock().now() < end {
        world.passes(1).await;
    }
    world
}

fn assert_blocked(world: &World, kind: &str, most: usize) {
    let (reason, message) = world.says();
    assert_eq!(reason, reason::QUOTA, "{message}");
    assert!(message.contains(&format!("the account has its {most} of {kind}")), "{message}");
    let report = world.report();
    assert!(report.stalled.status && !report.ready.status);
    assert!(world.sim.audit(&[&world.objects[0].owner.uid]).is_clean() && world.sim.violations().is_empty());
}

#[tokio::test]
async fn a_quota_of_any_kind_blocks_that_node_alone_until_it_is_raised() {
    let graph = sample("smallest");
    let writable = |kind: &str| !matches!(kind, "secretsmanager/SecretVersion" | "kubernetes/BindingSecret");
    for (id, node) in graph.nodes().iter().filter(|(_, node)| writable(&node.kind)) {
        let mut world = cramped("smallest", &node.kind, 0).await;
        assert_blocked(&world, &node.kind, 0);
        assert!(world.says().1.starts_with(&format!("{id} ({})", node.kind)), "{:?}", world.says());
        let needs = |other: &str| other == id || depends(&world, other, id);
        for (other, spec) in graph.nodes().iter().filter(|(_, node)| writable(&node.kind)) {
            assert_eq!(world.made(other).is_none(), needs(other), "{id} is not to be had: {other} ({})", spec.kind);
        }
        world.sim.console().quota(&node.kind, None);
        world.ready("raised").await;
        assert_eq!(world.standing().len(), 7);
    }
}

/// Whether a node stands on another, itself or through what lies between.
fn depends(world: &World, node: &str, on: &str) -> bool {
    let graph = &world.objects[0].graph;
    graph.dependencies(node).iter().any(|next| next == on || depends(world, next, on))
}

#[tokio::test]
async fn of_several_of_a_kind_as_many_are_made_as_there_is_room_for() {
    let mut world = cramped("aurora-autoscaling", "rds/DbClusterInstance", 1).await;
    assert_blocked(&world, "rds/DbClusterInstance", 1);
    assert_eq!(world.sim.console().all("rds/DbClusterInstance").len(), 1);
    world.sim.console().quota("rds/DbClusterInstance", Some(2));
    world.ready("raised").await;
    assert_eq!(world.sim.console().all("rds/DbClusterInstance").len(), 2);
}

#[tokio::test]
async fn a_full_account_is_tried_less_and_less_often_and_without_any_event() {
    let mut world = cramped("smallest", DATABASE, 0).await;
    let begin = world.sim.clock().now();
    world.passes(20).await;
    let tries = world.sim.log().into_iter().filter(|call| call.kind == DATABASE && call.op == Op::Create);
    let tries: Vec<_> = tries.filter(|call| call.at > begin).map(|call| call.at).collect();
    let gaps: Vec<_> = tries.windows(2).map(|pair| pair[1].duration_since(pair[0]).unsigned_abs()).collect();
    assert!(gaps.len() >= 10 && gaps.iter().all(|gap| *gap <= Duration::from_secs(300)), "{gaps:?}");
    assert_eq!(gaps.last(), Some(&Duration::from_secs(300)), "at most every five minutes in the end");
    let said = world.says();
    world.passes(1).await;
    assert_eq!(world.says(), said, "the message is the same at every try");
}

#[tokio::test]
async fn what_cannot_get_its_successor_keeps_the_one_that_it_has() {
    let mut world = World::new(vec![Object::new("orders", sample("smallest"))]);
    world.ready("create").await;
    let (group, db) = (world.of("access").handle, world.of("db").handle);
    world.sim.console().quota("ec2/SecurityGroup", Some(1));
    world.objects[0].graph = with(&sample("smallest"), "access", "description", json!("another text"));
    world.passes(5).await;
    assert_blocked(&world, "ec2/SecurityGroup", 1);
    assert_eq!((world.of("access").handle, world.of("db").handle), (group.clone(), db.clone()));
    assert_eq!(world.of("db").have["vpcSecurityGroupIds"], json!([group.0]), "it is still in use");
    assert!(world.made("access-cluster").is_some(), "and still admits whom it admitted");
    world.sim.console().quota("ec2/SecurityGroup", None);
    world.ready("raised").await;
    assert_ne!(world.of("access").handle, group);
    assert_eq!(world.of("db").handle, db);
}

#[tokio::test]
async fn a_replacement_in_a_full_account_takes_the_room_of_the_one_that_goes() {
    let mut world = World::new(vec![Object::new("orders", sample("smallest"))]);
    world.ready("create").await;
    let db = world.of("db");
    world.sim.console().quota(DATABASE, Some(1));
    world.objects[0].graph = crate::harness::rekeyed(&sample("smallest"), "other");
    world.ready("replaced").await;
    assert_eq!((world.of("db").data, world.of("db").handle == db.handle), (db.data, false));
}

#[tokio::test]
async fn an_object_that_is_blocked_by_a_quota_can_be_deleted() {
    let mut world = cramped("smallest", DATABASE, 0).await;
    assert!(world.last().inventory.0.contains_key(&NodeKey::new("db", 1)), "the intent stands");
    world.objects[0].deleting = true;
    world.ready("delete").await;
    assert!(world.standing().is_empty() && world.sim.console().live().is_empty());
}
