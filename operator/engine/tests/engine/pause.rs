//! Pause and observe: nothing is changed, status stays fresh, and work goes on where it stopped.
//!
//! A deletion is held as well: what somebody stops in an emergency must not go on because somebody else deletes the object.
//! The finalizer waits, and status says why.

use serde_json::json;
use terrace_engine::plan::{Action, Why};
use terrace_engine::{ChangePolicy, Policy, reason};
use terrace_model::identity::Freshness;
use terrace_model::{DeletionPolicy, NodeKey, Phase};

use crate::harness::{Object, World, edited, rekeyed, sample, with};

/// The two ways in which changes are stopped, and what status calls them.
fn ways() -> [(Policy, &'static str); 2] {
    let free = Policy { change: ChangePolicy::Automatic, ..Policy::default() };
    [(Policy { paused: true, ..free.clone() }, "Paused"), (Policy { observe: true, ..free }, "ObserveOnly")]
}

fn stop(world: &mut World, policy: &Policy) {
    world.objects[0].policy = policy.clone();
}

fn resume(world: &mut World) {
    let policy = &mut world.objects[0].policy;
    (policy.paused, policy.observe) = (false, false);
}

async fn up() -> World {
    let mut world = World::new(vec![Object::new("orders", sample("smallest"))]);
    world.ready("create").await;
    world
}

/// Until it rests, and at every resync after it, nothing is changed.
async fn stands_still(world: &mut World) {
    let before = world.sim.calls();
    world.rests("stopped").await;
    world.passes(2).await;
    assert_eq!(world.mutations_since(&before), 0, "{}", world.sim.trace());
}

#[tokio::test]
async fn an_object_that_begins_stopped_is_only_looked_at_and_says_what_it_would_make() {
    for (policy, reason) in ways() {
        let mut world = World::new(vec![Object::new("orders", sample("smallest"))]);
        stop(&mut world, &policy);
        stands_still(&mut world).await;
        assert!(world.sim.console().live().is_empty() && world.last().inventory.0.is_empty());
        let (state, why, message) = world.node("db");
        assert_eq!((state, why, message.ends_with("; held: create")), ("Held", reason, true), "{message}");
        assert_eq!((world.says().0, world.last().requeue), (reason, None));
        resume(&mut world);
        world.ready("resumed").await;
    }
}

#[tokio::test]
async fn drift_and_edits_show_while_nothing_is_changed() {
    for ((policy, reason), freshness) in ways().into_iter().zip([Freshness::Now, Freshness::Recent]) {
        let mut world = up().await;
        stop(&mut world, &policy);
        world.objects[0].freshness = freshness;
        let sim = world.sim.clone();
        let console = sim.console();
        let (subnets, group) = (world.of("subnets").handle, world.of("parameters").handle);
        console.change(&subnets, "description", json!("somebody's"));
        console.delete(&group);
        world.objects[0].graph = with(&edited(&sample("smallest")), "subnets", "tags", json!({"cost-centre": "4711"}));
        stands_still(&mut world).await;
        let report = world.report();
        assert!(report.drifted.status, "{:?}", report.drifted);
        for part in ["subnets: description", "parameters: deleted"] {
            assert!(report.drifted.message.contains(part), "no {part:?} in {}", report.drifted.message);
        }
        let (_, why, message) = world.node("db");
        let edit = "dbInstanceClass: \"db.r8g.large\" → \"db.r8g.4xlarge\"";
        assert!(why == reason && message.contains("held: update for") && message.contains(edit), "{why}: {message}");
        assert_eq!((report.ready.status, report.ready.reason, report.stalled.status), (false, reason, true));
        resume(&mut world);
        world.ready("resumed").await;
        assert_eq!(world.of("subnets").have["description"], "DataTier shop/orders");
        world.passes(1).await;
        assert!(!world.report().drifted.status, "{:?}", world.report().drifted);
    }
}

#[tokio::test]
async fn what_fails_in_aws_meanwhile_shows_in_awss_words() {
    for (policy, _) in ways() {
        let mut world = up().await;
        stop(&mut world, &policy);
        world.sim.console().fail(&world.of("db").handle, "storage-full");
        let before = world.sim.calls();
        world.passes(3).await;
        assert_eq!(world.mutations_since(&before), 0);
        let (reason, message) = world.says();
        assert!(reason == reason::FAILED && message.contains("storage-full"), "{reason}: {message}");
        assert_eq!(world.last().inventory.0[&NodeKey::new("db", 1)].phase, Phase::Failed);
    }
}

#[tokio::test]
async fn what_is_held_is_said_in_a_message_that_status_can_hold() {
    let mut world = up().await;
    stop(&mut world, &ways()[0].0);
    let role = world.of("monitoring-role").handle;
    world.sim.console().change(&role, "description", json!("x".repeat(20_000)));
    stands_still(&mut world).await;
    let (_, _, message) = world.node("monitoring-role");
    assert!(message.contains("held: update for description") && message.len() < 4096, "{} bytes", message.len());
}

#[tokio::test]
async fn an_approval_given_during_a_pause_holds_when_it_ends_and_not_before() {
    let mut world = up().await;
    let db = world.of("db");
    world.objects[0].policy.change = ChangePolicy::ApproveDestructive;
    world.objects[0].graph = rekeyed(&sample("smallest"), "other");
    world.rests("asked").await;
    let hash = world.plan_hash();
    world.objects[0].policy.paused = true;
    world.approve(&hash);
    stands_still(&mut world).await;
    assert!(matches!(world.last().plan.0[&NodeKey::new("db", 1)].action, Action::Replace { carried: true, .. }));
    let (_, why, message) = world.node("db");
    let says = message.contains("held: replace for kmsKeyId") && message.contains("carried over");
    assert!(why == "Paused" && says && world.asks().is_empty(), "nothing to approve: {message}");
    resume(&mut world);
    world.ready("resumed").await;
    assert_eq!((world.of("db").data, world.of("db").handle == db.handle), (db.data, false));
}

#[tokio::test]
async fn what_is_missing_shows_as_drift_and_is_asked_about_when_the_pause_ends() {
    for (policy, reason) in ways() {
        let mut world = up().await;
        stop(&mut world, &policy);
        world.sim.console().delete(&world.of("db").handle);
        stands_still(&mut world).await;
        assert_eq!((world.says().0, world.report().drifted.message.contains("db: deleted")), (reason, true));
        assert_eq!(world.last().plan.0[&NodeKey::new("db", 1)].action, Action::Create(Why::Missing));
        resume(&mut world);
        world.rests("resumed").await;
        assert_eq!(world.says().0, reason::MISSING);
    }
}

#[tokio::test]
async fn the_deletion_of_a_stopped_object_waits_says_why_and_goes_on_afterwards() {
    for deletion in [DeletionPolicy::Snapshot, DeletionPolicy::Retain] {
        for (policy, reason) in ways() {
            let mut world = up().await;
            let standing = world.standing();
            stop(&mut world, &policy);
            (world.objects[0].deleting, world.objects[0].deletion) = (true, deletion);
            stands_still(&mut world).await;
            assert!(!world.is_gone() && world.standing() == standing);
            assert_eq!((world.says().0, world.report().stalled.status), (reason, true));
            let (_, _, message) = world.node("db");
            let deed = if deletion == DeletionPolicy::Retain { "held: release" } else { "held: delete (data kept" };
            assert!(message.contains(deed), "{message}");
            resume(&mut world);
            world.ready("resumed").await;
            let (kept, snapshots) = (!world.standing().is_empty(), world.sim.console().snapshots().len());
            let expected = if deletion == DeletionPolicy::Retain { (true, 0) } else { (false, 1) };
            assert_eq!((world.is_gone(), kept, snapshots), (true, expected.0, expected.1));
        }
    }
}

#[tokio::test]
async fn a_stopped_object_that_made_nothing_goes_at_once() {
    for (policy, _) in ways() {
        let mut world = World::new(vec![Object::new("orders", sample("smallest"))]);
        stop(&mut world, &policy);
        world.passes(1).await;
        world.objects[0].deleting = true;
        stands_still(&mut world).await;
        assert!(world.is_gone());
    }
}

#[tokio::test]
async fn work_that_is_stopped_half_done_is_followed_in_aws_and_finished_afterwards() {
    for (policy, _) in ways() {
        let mut world = World::new(vec![Object::new("orders", sample("smallest"))]);
        world.until(|world| world.made("db").is_some()).await;
        stop(&mut world, &policy);
        stands_still(&mut world).await;
        let phase = |world: &World, key| world.last().inventory.0[&NodeKey::new("db", key)].phase;
        assert_eq!((phase(&world, 1), world.made("binding").is_none()), (Phase::Ready, true));
        resume(&mut world);
        world.ready("made").await;
        let data = world.of("db").data;
        world.objects[0].graph = rekeyed(&sample("smallest"), "other");
        world.until(|world| world.of("db").deleting.is_some()).await;
        stop(&mut world, &policy);
        stands_still(&mut world).await;
        assert!(world.made("db").is_none() && world.node("db~2").2.ends_with("held: create"));
        resume(&mut world);
        world.ready("replaced").await;
        assert_eq!(world.of("db").data, data);
        world.objects[0].deleting = true;
        world.until(|world| world.of("db").deleting.is_some()).await;
        stop(&mut world, &policy);
        stands_still(&mut world).await;
        assert!(world.made("db").is_none() && world.made("access").is_some());
        resume(&mut world);
        world.ready("deleted").await;
        assert!(world.standing().is_empty());
    }
}
