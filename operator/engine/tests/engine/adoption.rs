//! What stands already: a stranger's is never touched, what is named is taken over, and so is what an earlier object of
//! the same name left.

use std::sync::Arc;

use serde_json::{Value, json};
use terrace_engine::sim::{Live, Op, SimAws};
use terrace_engine::{ChangePolicy, reason};
use terrace_model::{DeletionPolicy, Handle, NodeKey, OwnerRef};

use crate::harness::{Mutant, Object, World, edited, plain, rekeyed, sample, tagged};

const DATABASE: &str = "rds/DbInstance";

/// An object, and a stranger's resource where one of its nodes would be, or under a name of the stranger's own.
fn beside(node: &str, name: Option<&str>, change: impl FnOnce(&mut Value)) -> (World, Handle) {
    let (sim, object) = (SimAws::new(), Object::new("orders", sample("smallest")));
    let mut have = plain(&object.graph.node(node).expect("a node").want);
    change(&mut have);
    let id = object.id(node);
    let handle = sim.console().create_named(&id, name.unwrap_or(&id.default_name()), &have);
    (World::with(sim, vec![object], Mutant::NONE), handle)
}

fn standing(sim: &SimAws, handle: &Handle) -> Option<Live> {
    sim.console().live().into_iter().find(|live| live.handle == *handle)
}

fn adopt(world: &mut World, node: &str, handle: &Handle) {
    world.sim.console().permit_adoption(handle);
    world.objects[0].adopt.handles.insert(node.into(), handle.clone());
}

fn created(world: &World, kind: &str) -> u64 {
    world.sim.calls().of(kind, Op::Create)
}

#[tokio::test]
async fn a_strangers_resource_of_our_name_is_never_touched_and_the_rest_is_not_begun() {
    // What is not looked for before it is made shows itself then, when the rest has been begun.
    let spared = ["subnets", "parameters", "monitoring-role"];
    for node in ["subnets", "parameters", "monitoring-role", "db", "binding"] {
        let (mut world, handle) = beside(node, None, |_| {});
        let before = standing(&world.sim, &handle).expect("it stands");
        world.passes(25).await;
        let (reason, message) = world.says();
        assert_eq!(reason, reason::NOT_OWNED, "{node}: {message}");
        for part in [node, &handle.0, "was not made by Terrace", "spec.adopt"] {
            assert!(message.contains(part), "{node}: no {part:?} in {message}");
        }
        assert!(world.report().stalled.status, "{node}");
        assert_eq!(world.made("access").is_some(), spared.contains(&node), "{node}");
        let entry = world.last().inventory.0.get(&NodeKey::new(node, 1));
        assert!(
            entry.is_none_or(|entry| entry.handle.is_none() && entry.created.is_none()),
            "{node}: what is theirs is not on record, but for the intent to make one's own"
        );
        world.objects[0].deleting = true;
        world.ready("delete").await;
        let after = standing(&world.sim, &handle).expect("it still stands");
        assert_eq!((after.have, after.timeline, after.maker), (before.have, before.timeline, None), "{node}");
        assert_eq!(world.sim.console().live().len(), 1, "{node}: of ours nothing is left");
    }
}

#[tokio::test]
async fn when_the_stranger_has_gone_the_object_comes_up_by_itself() {
    let (mut world, handle) = beside("db", None, |_| {});
    world.passes(25).await;
    assert_eq!(world.says().0, reason::NOT_OWNED);
    world.sim.console().delete(&handle);
    world.ready("the stranger is gone").await;
}

#[tokio::test]
async fn what_is_named_is_taken_over_in_place_and_keeps_what_is_not_ours_to_say() {
    let (mut world, handle) = beside("subnets", Some("legacy-subnets"), |have| {
        have["description"] = json!("made by hand");
        have["tags"] = json!({"team": "legacy"});
    });
    adopt(&mut world, "subnets", &handle);
    world.ready("adopted").await;
    let subnets = standing(&world.sim, &handle).expect("it stands");
    assert_eq!(subnets.have["description"], "DataTier shop/orders");
    assert_eq!(subnets.tags().get("team").map(String::as_str), Some("legacy"));
    assert_eq!(subnets.tagged_uid(), Some(world.objects[0].owner.uid.clone()));
    assert_eq!((created(&world, "rds/DbSubnetGroup"), world.sim.calls().of("rds/DbSubnetGroup", Op::Update)), (0, 1));
    assert_eq!(world.of("db").have["dbSubnetGroupName"], "legacy-subnets", "and is what the others refer to");
    assert_eq!(world.last().inventory.0[&NodeKey::new("subnets", 1)].handle, Some(handle));
    let before = world.sim.calls();
    world.passes(3).await;
    assert_eq!(world.mutations_since(&before), 0);
    world.objects[0].deleting = true;
    world.ready("delete").await;
    assert!(world.sim.console().live().is_empty(), "it is the object's, and goes with it");
}

/// A stranger's database in a stranger's subnet group, both named for adoption.
fn legacy(group: &str) -> (World, Handle) {
    let (mut world, subnets) = beside("subnets", Some("legacy-subnets"), |_| {});
    let id = world.objects[0].id("db");
    let mut have = plain(&world.objects[0].graph.node("db").expect("a node").want);
    have["dbSubnetGroupName"] = json!(group);
    have["dbInstanceClass"] = json!("db.m5.large");
    let db = world.sim.console().create_named(&id, "legacy", &have);
    adopt(&mut world, "subnets", &subnets);
    adopt(&mut world, "db", &db);
    world.objects[0].policy.change = ChangePolicy::ApproveDestructive;
    (world, db)
}

#[tokio::test]
async fn a_database_is_taken_over_with_its_data_and_without_asking_where_nothing_is_lost() {
    let (mut world, handle) = legacy("legacy-subnets");
    let before = standing(&world.sim, &handle).expect("it stands");
    world.ready("adopted").await;
    let db = standing(&world.sim, &handle).expect("it stands");
    assert_eq!((db.data, db.have["dbInstanceClass"].as_str()), (before.data, Some("db.r8g.large")));
    assert_eq!((created(&world, DATABASE), world.sim.calls().of(DATABASE, Op::Delete)), (0, 0));
    assert_eq!(world.of("binding").have["host"], db.outputs(world.sim.clock().now())["endpoint"]);
}

#[tokio::test]
async fn what_could_be_adopted_only_by_replacing_it_is_asked_about_and_carries_its_data() {
    let (mut world, handle) = legacy("of-somebody");
    let before = standing(&world.sim, &handle).expect("it stands");
    world.rests("asked").await;
    let asks = world.asks();
    assert_eq!((world.says().0, asks.len(), asks[0].action.as_str()), (reason::APPROVAL_REQUIRED, 1, "Replace"));
    assert_eq!(asks[0].handle.as_ref(), Some(&handle.0), "which one it is that would go");
    let asked = standing(&world.sim, &handle).expect("it stands");
    assert_eq!(asked.tagged_uid(), Some(world.objects[0].owner.uid.clone()), "it is the object's by now");
    assert_eq!((&asked.have["dbInstanceClass"], created(&world, DATABASE)), (&before.have["dbInstanceClass"], 0));
    world.approve(world.plan_hash());
    world.ready("replaced").await;
    assert_eq!((world.of("db").data, standing(&world.sim, &handle).is_none()), (before.data, true));
}

#[tokio::test]
async fn what_another_owner_holds_is_not_taken_over_though_it_is_named() {
    let named = Object::new("orders", sample("smallest"));
    let billing = OwnerRef { name: "billing".into(), uid: "uid-billing".into(), ..named.owner.clone() };
    let elsewhere = OwnerRef { cluster: "staging".into(), ..named.owner.clone() };
    for (owner, same_object) in [(&billing, false), (&billing, true), (&elsewhere, true)] {
        let (mut world, handle) = beside("db", Some("theirs"), |have| have["tags"] = tagged(&named, "db", owner));
        world.objects[0].adopt.handles.insert("db".into(), handle.clone());
        world.objects[0].adopt.same_object = same_object;
        let before = standing(&world.sim, &handle).expect("it stands");
        world.passes(25).await;
        let (reason, message) = world.says();
        assert!(reason == reason::NOT_OWNED && message.contains(&owner.to_string()), "{reason}: {message}");
        let after = standing(&world.sim, &handle).expect("it stands");
        assert_eq!((after.have, after.timeline, created(&world, DATABASE)), (before.have, before.timeline, 0));
    }
}

#[tokio::test]
async fn nothing_is_made_in_place_of_what_was_named_and_is_not_there() {
    let mut world = World::new(vec![Object::new("orders", sample("smallest"))]);
    world.objects[0].adopt.handles.insert("db".into(), "arn:aws:rds:eu-west-1:000000000000:db:legcay".into());
    world.passes(25).await;
    let (reason, message) = world.says();
    assert!(
        reason == "NotFound" && message.contains("legcay") && message.contains("spec.adopt"),
        "{reason}: {message}"
    );
    assert_eq!((created(&world, DATABASE), world.made("access").is_some()), (0, false));
    world.objects[0].adopt.handles.clear();
    world.ready("no longer named").await;
}

/// A new object of the same name in the same account, of which nobody has a record any more.
fn again(sim: &Arc<SimAws>, former: &Object) -> World {
    sim.lose_inventory(&former.path());
    let mut object = Object::new("orders", former.graph.clone());
    object.owner.uid = "uid-of-the-second".into();
    sim.console().live().iter().for_each(|live| sim.console().permit_adoption(&live.handle));
    World::with(sim.clone(), vec![object], Mutant::NONE)
}

#[tokio::test]
async fn what_an_earlier_object_of_that_name_left_is_taken_over_only_when_asked_and_nothing_is_made() {
    for name in ["smallest", "replicas", "proxy", "every-option", "aurora-autoscaling"] {
        let mut first = World::new(vec![Object::new("orders", sample(name))]);
        first.ready(name).await;
        let (sim, left) = (first.sim.clone(), first.standing());
        let data: Vec<_> = sim.console().live().into_iter().filter_map(|live| live.data).collect();
        let mut second = again(&sim, &first.objects[0]);
        let before = sim.calls();
        second.passes(3).await;
        let (reason, message) = second.says();
        assert!(reason == reason::NOT_OWNED && message.contains("SameObject"), "{name}: {reason}: {message}");
        assert_eq!(second.mutations_since(&before), 0, "{name}\n{}", sim.trace());
        second.objects[0].adopt.same_object = true;
        second.ready(name).await;
        let calls = sim.calls().since(&before);
        let others = calls.0.iter().filter(|((_, op), _)| matches!(op, Op::Create | Op::Delete)).count();
        assert_eq!((others, second.standing()), (0, left), "{name}\n{}", sim.trace());
        assert_eq!(sim.console().live().into_iter().filter_map(|live| live.data).collect::<Vec<_>>(), data, "{name}");
        second.objects[0].deleting = true;
        second.ready(name).await;
        assert!(second.standing().is_empty(), "{name}: it is the second object's to delete");
    }
}

#[tokio::test]
async fn what_an_earlier_object_left_is_edited_and_replaced_like_ones_own() {
    let mut first = World::new(vec![Object::new("orders", sample("smallest"))]);
    first.ready("first").await;
    let (sim, db) = (first.sim.clone(), first.of("db"));
    let mut second = again(&sim, &first.objects[0]);
    second.objects[0].graph = rekeyed(&edited(&sample("smallest")), "other");
    second.objects[0].adopt.same_object = true;
    second.objects[0].policy.change = ChangePolicy::ApproveDestructive;
    second.rests("asked").await;
    assert_eq!(second.asks().iter().map(|ask| ask.handle.clone()).collect::<Vec<_>>(), [Some(db.handle.0.clone())]);
    let asked = standing(&sim, &db.handle).expect("it stands");
    assert_eq!(
        asked.have["dbInstanceClass"], db.have["dbInstanceClass"],
        "no more than its tags is changed until then"
    );
    second.approve(second.plan_hash());
    second.ready("replaced").await;
    assert_eq!((second.of("db").data, standing(&sim, &db.handle).is_none()), (db.data, true));
}

#[tokio::test]
async fn what_an_earlier_object_had_replaced_is_taken_over_as_it_is_now() {
    let mut first = World::new(vec![Object::new("orders", sample("smallest"))]);
    first.ready("first").await;
    first.objects[0].graph = rekeyed(&sample("smallest"), "other");
    first.ready("replaced").await;
    let (sim, left, db) = (first.sim.clone(), first.standing(), first.of("db"));
    let before = sim.calls();
    let mut second = again(&sim, &first.objects[0]);
    second.objects[0].adopt.same_object = true;
    second.ready("taken over").await;
    assert_eq!((second.of("db").handle, second.standing()), (db.handle, left), "{}", sim.trace());
    assert_eq!(sim.calls().since(&before).of(DATABASE, Op::Create), 0);
}

/// An object whose end retains everything, and a new one of the same name.
async fn retained() -> (World, Vec<Live>) {
    let mut first = World::new(vec![Object::new("orders", sample("retain"))]);
    first.ready("first").await;
    (first.objects[0].deleting, first.objects[0].deletion) = (true, DeletionPolicy::Retain);
    first.ready("retained").await;
    let kept = first.sim.console().live();
    assert!(kept.len() == 7 && kept.iter().all(|live| live.tagged_uid().is_none()), "all of it stands, nobody's");
    let second = again(&first.sim, &first.objects[0]);
    (second, kept)
}

#[tokio::test]
async fn what_was_retained_is_nobodys_and_not_taken_over_without_being_named() {
    let (mut second, kept) = retained().await;
    second.objects[0].adopt.same_object = true;
    let before = created(&second, DATABASE);
    second.passes(25).await;
    assert_eq!((second.says().0, created(&second, DATABASE)), (reason::NOT_OWNED, before));
    let db = kept.iter().find(|live| live.key.kind == DATABASE).expect("it is kept");
    let (_, why, message) = second.node("db");
    assert!(why == reason::NOT_OWNED && message.contains(&db.handle.0) && message.contains("spec.adopt"), "{message}");
    for live in &kept {
        let now = standing(&second.sim, &live.handle).expect("it still stands");
        assert_eq!((&now.have, &now.timeline), (&live.have, &live.timeline));
    }
}

#[tokio::test]
async fn what_was_retained_and_is_named_comes_up_again_and_nothing_is_made() {
    let (mut second, kept) = retained().await;
    for live in &kept {
        let node = live.maker.as_ref().expect("the first object made it").node.clone();
        second.objects[0].adopt.handles.insert(node, live.handle.clone());
    }
    second.objects[0].adopt.same_object = true;
    let before = second.sim.calls();
    second.ready("named").await;
    let calls = second.sim.calls().since(&before);
    assert!(calls.0.keys().all(|(_, op)| !matches!(op, Op::Create | Op::Delete)), "{}", second.sim.trace());
    let handles = |lives: Vec<Live>| lives.into_iter().map(|live| (live.handle, live.data)).collect::<Vec<_>>();
    assert_eq!(handles(second.sim.console().live()), handles(kept));
}
