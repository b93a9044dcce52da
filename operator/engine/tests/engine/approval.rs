//! Approval: what each policy holds back, what an approval covers, and that it outlives a crash.

use serde_json::json;
use terrace_engine::sim::{Call, Calls, Fault, Faults, Op};
use terrace_engine::{ChangePolicy, Policy, reason};
use terrace_model::{Graph, NodeKey};

use crate::harness::{Object, World, changed, edited, rekeyed, sample, with};

const DATABASE: &str = "rds/DbInstance";

fn object(change: ChangePolicy) -> Object {
    let mut object = Object::new("orders", sample("smallest"));
    object.policy = Policy { change, ..Policy::default() };
    object
}

/// An object that came up under a policy that asks for nothing, and is under this one now.
async fn up(change: ChangePolicy) -> World {
    let mut world = World::new(vec![object(ChangePolicy::Automatic)]);
    world.ready("create").await;
    world.objects[0].policy.change = change;
    world
}

async fn wish(world: &mut World, graph: Graph) {
    world.objects[0].graph = graph;
    world.rests("another wish").await;
}

/// What is asked, as node and verb.
fn asked(world: &World) -> Vec<(String, String)> {
    world.asks().into_iter().map(|consent| (consent.id, consent.action)).collect()
}

fn one(id: &str, action: &str) -> Vec<(String, String)> {
    vec![(id.into(), action.into())]
}

fn touched(world: &World, before: &Calls) -> u64 {
    let calls = world.sim.calls().since(before);
    [Op::Create, Op::Update, Op::Delete].map(|op| calls.of(DATABASE, op)).iter().sum()
}

#[tokio::test]
async fn only_what_is_destructive_is_held_while_edits_in_place_go_on() {
    let mut world = up(ChangePolicy::ApproveDestructive).await;
    let (before, db) = (world.sim.calls(), world.of("db"));
    wish(&mut world, rekeyed(&edited(&sample("smallest")), "other")).await;
    for node in ["access", "access-cluster", "parameters", "subnets", "monitoring-role"] {
        assert_eq!(world.of(node).tags().get("edited").map(String::as_str), Some("yes"), "{node}");
    }
    assert_eq!((touched(&world, &before), world.of("db").have), (0, db.have.clone()));
    let report = world.report();
    assert_eq!((report.stalled.status, report.stalled.reason), (true, reason::APPROVAL_REQUIRED));
    let asks = world.asks();
    let forced = "kmsKeyId: unset → \"arn:aws:kms:eu-west-1:111122223333:key/other\"";
    assert_eq!((asked(&world), &asks[0].changes), (one("db", "Replace"), &vec![forced.to_owned()]));
    assert_eq!(asks[0].handle.as_ref(), Some(&db.handle.0));
    for part in ["db (rds/DbInstance)", &format!("terrace.dev/approve={}", asks[0].hash), forced, "carried over"] {
        assert!(report.ready.message.contains(part), "no {part:?} in: {}", report.ready.message);
    }
    world.approve(world.plan_hash());
    world.ready("approved").await;
    let successor = world.of("db");
    assert_eq!((successor.data, successor.handle == db.handle), (db.data, false));
    assert_eq!(successor.tags().get("edited").map(String::as_str), Some("yes"), "with all that was wished");
    assert_eq!(world.last().inventory.0[&NodeKey::new("db", 2)].approved, None, "the approval is used up");
}

#[tokio::test]
async fn what_a_replacement_loses_is_said_before_it_is_approved() {
    let mut world = up(ChangePolicy::ApproveDestructive).await;
    let db = world.of("db");
    wish(&mut world, with(&sample("smallest"), "db", "masterUsername", json!("root"))).await;
    let data = world.asks()[0].data.clone().expect("what becomes of the data");
    assert!(data.contains("lost") && data.contains("final snapshot"), "{data}");
    world.approve(world.plan_hash());
    world.ready("approved").await;
    assert_ne!(world.of("db").data, db.data);
    let kept = world.sim.console().snapshots();
    assert_eq!(kept.iter().map(|snapshot| Some(snapshot.data)).collect::<Vec<_>>(), [db.data]);
}

#[tokio::test]
async fn an_unrelated_edit_does_not_void_an_approval_and_another_value_of_the_forcing_field_does() {
    let (graph, mut world) = (sample("smallest"), up(ChangePolicy::ApproveDestructive).await);
    wish(&mut world, rekeyed(&graph, "first")).await;
    let first = world.plan_hash();
    wish(&mut world, rekeyed(&edited(&graph), "first")).await;
    assert_eq!(world.plan_hash(), first, "tags and class are no part of it");
    let before = world.sim.calls();
    world.approve(&first);
    wish(&mut world, rekeyed(&edited(&graph), "second")).await;
    assert_ne!(world.plan_hash(), first);
    assert_eq!((touched(&world, &before), world.says().0), (0, reason::APPROVAL_REQUIRED));
    world.objects[0].graph = rekeyed(&edited(&graph), "first");
    world.ready("what was approved").await;
    let key = world.of("db").have["kmsKeyId"].clone();
    assert_eq!(key, "arn:aws:kms:eu-west-1:111122223333:key/first");
}

#[tokio::test]
async fn an_approval_of_one_replacement_is_none_of_the_next() {
    let (graph, mut world) = (sample("smallest"), up(ChangePolicy::ApproveDestructive).await);
    for key in ["first", "second"] {
        wish(&mut world, rekeyed(&graph, key)).await;
        assert_eq!(world.says().0, reason::APPROVAL_REQUIRED, "{key}");
        world.approve(world.plan_hash());
        world.ready(key).await;
    }
    // The same change as at first, to what is now another database.
    wish(&mut world, rekeyed(&graph, "first")).await;
    assert_eq!(world.says().0, reason::APPROVAL_REQUIRED);
}

#[tokio::test]
async fn data_that_leaves_the_graph_of_a_living_object_is_asked_about() {
    let mut world = up(ChangePolicy::ApproveDestructive).await;
    let graph = changed(&sample("smallest"), |id, _, _| !["db", "binding", "master-version"].contains(&id));
    wish(&mut world, graph).await;
    assert_eq!(asked(&world), one("db", "Delete"));
    assert!(world.asks()[0].data.as_ref().is_some_and(|data| data.starts_with("kept in the snapshot ")));
    assert!(world.made("db").is_some() && world.made("binding").is_none());
    world.approve(world.plan_hash());
    world.ready("approved").await;
    assert!(world.made("db").is_none());
    assert_eq!(world.sim.console().snapshots().len(), 1);
}

#[tokio::test]
async fn approve_all_holds_every_create_update_and_delete_until_that_plan_is_approved() {
    let graph = sample("smallest");
    let mut world = World::new(vec![object(ChangePolicy::ApproveAll)]);
    let edited = edited(&graph);
    let less = changed(&edited, |id, _, _| id != "access-cluster");
    for (wishes, verb, count) in [(graph, "Create", 7), (edited, "Update", 7), (less, "Delete", 1)] {
        let before = world.sim.calls();
        wish(&mut world, wishes).await;
        assert_eq!(world.mutations_since(&before), 0, "{verb}\n{}", world.sim.trace());
        assert_eq!(world.says().0, reason::APPROVAL_REQUIRED, "{verb}: the approval before does not do");
        let asked = asked(&world);
        assert!(asked.len() == count && asked.iter().all(|(_, action)| action == verb), "{verb}: {asked:?}");
        world.approve(world.plan_hash());
        world.ready(verb).await;
    }
    assert!(world.made("access-cluster").is_none());
}

#[tokio::test]
async fn a_plan_that_changed_before_it_was_approved_is_not_the_one_that_was_shown() {
    let graph = sample("smallest");
    let mut world = World::new(vec![object(ChangePolicy::ApproveAll)]);
    wish(&mut world, graph.clone()).await;
    world.approve(world.plan_hash());
    let before = world.sim.calls();
    wish(&mut world, with(&graph, "db", "multiAz", json!(false))).await;
    assert!(world.made("db").is_none() && world.says().0 == reason::APPROVAL_REQUIRED);
    assert_eq!(world.mutations_since(&before), 0);
    world.approve(world.plan_hash());
    world.ready("create").await;
    wish(&mut world, edited(&graph)).await;
    world.approve(world.plan_hash());
    let before = world.sim.calls();
    wish(&mut world, with(&edited(&graph), "db", "dbInstanceClass", json!("db.r8g.8xlarge"))).await;
    assert_eq!((touched(&world, &before), world.says().0), (0, reason::APPROVAL_REQUIRED));
}

#[tokio::test]
async fn a_long_value_is_shown_in_part_and_approved_whole() {
    let (graph, mut world) = (sample("smallest"), up(ChangePolicy::ApproveAll).await);
    let mut hashes = Vec::new();
    for end in ["a", "b"] {
        let text = format!("{}{end}", "x".repeat(20_000));
        wish(&mut world, with(&graph, "monitoring-role", "description", json!(text))).await;
        let asks = world.asks();
        assert!(asks.len() == 1 && asks[0].changes[0].chars().count() < 2048, "{:?}", asks[0].changes);
        hashes.push(asks[0].hash.clone());
    }
    assert_ne!(hashes[0], hashes[1]);
}

#[tokio::test]
async fn one_entry_can_be_approved_without_the_others() {
    let mut world = up(ChangePolicy::ApproveAll).await;
    let before = world.sim.calls();
    wish(&mut world, edited(&sample("smallest"))).await;
    let entry = world.asks().into_iter().find(|consent| consent.id == "subnets").expect("an entry");
    world.approve(entry.hash);
    world.rests("one approved").await;
    assert_eq!(world.of("subnets").tags().get("edited").map(String::as_str), Some("yes"));
    assert_eq!(world.mutations_since(&before), 1, "{}", world.sim.trace());
    assert_eq!(asked(&world).len(), 6, "the rest still waits");
}

#[tokio::test]
async fn what_waits_for_an_output_is_asked_about_when_it_can_be_said() {
    let mut world = up(ChangePolicy::ApproveAll).await;
    wish(&mut world, with(&sample("smallest"), "access", "description", json!("another text"))).await;
    assert_eq!(asked(&world), one("access", "Replace"));
    world.approve(world.plan_hash());
    world.rests("the group is approved").await;
    let moved = [("access-cluster".to_owned(), "Replace".to_owned()), ("db".to_owned(), "Update".to_owned())];
    assert_eq!(asked(&world), moved, "what follows from it is another plan");
    let group = world.last().inventory.0[&NodeKey::new("access", 2)].handle.clone().expect("it stands");
    assert!(world.asks()[1].changes[0].contains(&group.0), "{:?}", world.asks()[1].changes);
    world.approve(world.plan_hash());
    world.ready("moved").await;
}

#[tokio::test]
async fn automatic_lets_a_replacement_through_and_still_asks_about_what_is_missing() {
    let mut world = up(ChangePolicy::Automatic).await;
    let db = world.of("db");
    world.objects[0].graph = rekeyed(&sample("smallest"), "other");
    world.ready("replaced").await;
    assert_eq!((world.of("db").data, world.of("db").handle == db.handle), (db.data, false));
    world.sim.console().delete(&world.of("db").handle);
    world.rests("missing").await;
    assert_eq!((world.says().0, world.made("db").is_none()), (reason::MISSING, true));
    assert_eq!(asked(&world).iter().map(|(_, action)| action.as_str()).collect::<Vec<_>>(), ["Restore", "Recreate"]);
}

#[tokio::test]
async fn deleting_the_object_is_consent_under_every_policy() {
    for change in [ChangePolicy::ApproveDestructive, ChangePolicy::ApproveAll] {
        let mut world = up(change).await;
        world.objects[0].deleting = true;
        world.ready("delete").await;
        assert!(world.standing().is_empty(), "{change:?}: {:?}", world.standing());
        assert_eq!(world.sim.console().snapshots().len(), 1);
    }
}

/// A database whose replacement was approved just now, and its data.
async fn approved() -> (World, Option<u64>) {
    let mut world = up(ChangePolicy::ApproveDestructive).await;
    wish(&mut world, rekeyed(&sample("smallest"), "other")).await;
    let data = world.of("db").data;
    world.approve(world.plan_hash());
    (world, data)
}

/// True once the record has the successor, and the approval with it.
fn is_recorded(world: &World) -> bool {
    let kept = world.sim.ledger(&world.objects[0].path()).load().unwrap_or_default();
    kept.0.contains_key(&NodeKey::new("db", 2))
}

#[tokio::test]
async fn an_approval_outlives_its_annotation_and_the_process_between_the_old_ones_end_and_the_new_ones_beginning() {
    let (mut world, _) = approved().await;
    world.ready("undisturbed").await;
    let is_birth = |call: &Call| call.op == Op::Create && call.subject.ends_with(" db~2");
    let birth = world.sim.log().into_iter().find(is_birth).expect("a successor is made");
    let (mut world, data) = approved().await;
    world.sim.set_faults(Faults::at(birth.point, Fault::CrashBefore));
    let born = world.processes();
    world.until(|world| world.processes() > born).await;
    assert!(world.made("db").is_none() && is_recorded(&world) && world.sim.console().snapshots().len() == 1);
    world.objects[0].policy.approved = None;
    world.pass(0).await;
    assert!(world.asks().is_empty() && world.made("db").is_some(), "{:?}", world.asks());
    world.ready("replaced").await;
    assert_eq!(world.of("db").data, data);
}

#[tokio::test]
async fn a_crash_at_any_point_of_an_approved_replacement_asks_for_nothing_twice() {
    let (mut world, _) = approved().await;
    let first = world.sim.points();
    world.ready("undisturbed").await;
    let last = world.sim.points();
    for point in (first..last).step_by(29) {
        let (mut world, data) = approved().await;
        world.sim.set_faults(Faults::at(point, Fault::CrashAfter));
        world.until(is_recorded).await;
        world.objects[0].policy.approved = None;
        world.ready("after the crash").await;
        assert_eq!(world.of("db").data, data, "at {point}\n{}", world.sim.trace());
        assert_eq!(world.sim.console().snapshots().len(), 1, "at {point}");
    }
    println!("{} crashes over {} I/O points, none asked again", (last - first).div_ceil(29), last - first);
}
