//! What is deleted behind Terrace's back: data is asked about and never made anew by itself; all else is made again.

use std::time::Duration;

use terrace_engine::sim::{Live, Op};
use terrace_engine::{ChangePolicy, reason};
use terrace_model::{Graph, KindSpec, NodeKey};

use crate::harness::{Object, RESYNC, World, sample};

const DATABASE: &str = "rds/DbInstance";

fn spec(kind: &str) -> KindSpec {
    let spec = terrace_model::aws::kinds().into_iter().find(|spec| spec.kind == kind);
    spec.unwrap_or_else(|| panic!("{kind} is a kind of the model"))
}

/// The nodes of a graph that hold data.
fn holders(graph: &Graph) -> Vec<&str> {
    graph.nodes().iter().filter(|(_, node)| spec(&node.kind).holds_data).map(|(id, _)| id.as_str()).collect()
}

async fn made(name: &str) -> World {
    let mut world = World::new(vec![Object::new("orders", sample(name))]);
    world.ready("create").await;
    world
}

/// A database that ran, with two snapshots, was deleted in the console, and was looked at again under a policy.
async fn deleted(change: ChangePolicy) -> (World, Live) {
    let mut world = made("smallest").await;
    let (console, db) = (world.sim.console(), world.of("db"));
    for name in ["monday", "tuesday"] {
        world.sim.clock().advance(Duration::from_secs(24 * 3600));
        console.snapshot(&db.handle, name);
    }
    console.put_snapshot(DATABASE, &db.key.region, "of-somebody");
    console.delete(&db.handle);
    world.objects[0].policy.change = change;
    world.rests("missing").await;
    (world, db)
}

#[tokio::test]
async fn a_database_that_is_gone_is_asked_about_under_every_policy_and_nothing_is_made_by_itself() {
    for change in [ChangePolicy::Automatic, ChangePolicy::ApproveDestructive, ChangePolicy::ApproveAll] {
        let (mut world, _) = deleted(change).await;
        let before = world.sim.calls();
        world.passes(5).await;
        assert_eq!(world.mutations_since(&before), 0, "{change:?}\n{}", world.sim.trace());
        assert!(world.made("db").is_none());
        let report = world.report();
        assert_eq!((report.ready.status, report.ready.reason), (false, reason::MISSING));
        assert_eq!((report.stalled.status, report.stalled.reason), (true, reason::MISSING));
        assert_eq!(world.last().requeue, None, "nothing but an approval or an event brings it up");
        let (restore, empty) = (world.choice("Restore"), world.choice("Recreate"));
        for part in ["db (rds/DbInstance)", "was deleted outside Terrace", "tuesday", "empty", &restore, &empty] {
            assert!(report.ready.message.contains(part), "no {part:?} in: {}", report.ready.message);
        }
        assert!(report.drifted.status && report.drifted.message.contains("db: deleted"), "{:?}", report.drifted);
        assert_eq!(world.node("binding").0, "Waiting", "the innocent wait");
    }
}

#[tokio::test]
async fn only_the_databases_own_snapshots_are_offered_and_the_newest_of_them() {
    let (world, _) = deleted(ChangePolicy::Automatic).await;
    let (asks, snapshots) = (world.asks(), world.sim.console().snapshots());
    let newest = snapshots.iter().find(|snapshot| snapshot.name == "tuesday").expect("a snapshot");
    let offered: Vec<_> = asks.iter().map(|consent| (consent.id.as_str(), consent.action.as_str())).collect();
    assert_eq!(offered, [("db", "Restore"), ("db", "Recreate")]);
    assert_eq!(asks[0].data, Some(format!("restored from tuesday, taken at {}", newest.taken)));
}

#[tokio::test]
async fn approving_the_restore_makes_it_from_that_snapshot_with_its_data() {
    let (mut world, db) = deleted(ChangePolicy::ApproveDestructive).await;
    world.approve(world.choice("Restore"));
    world.ready("restored").await;
    let restored = world.of("db");
    assert_eq!(restored.have["restoreFrom"]["snapshot"], "tuesday");
    assert_eq!((restored.data, restored.handle == db.handle), (db.data, false));
    assert_eq!(world.says(), ("Ready", "everything is as wished".into()));
    assert_eq!(
        world.of("binding").have["password"]["arn"],
        restored.outputs(world.sim.clock().now())["masterSecretArn"]
    );
}

#[tokio::test]
async fn approving_the_empty_one_makes_an_empty_one() {
    let (mut world, db) = deleted(ChangePolicy::ApproveDestructive).await;
    world.approve(world.choice("Recreate"));
    world.ready("made anew").await;
    let empty = world.of("db");
    assert!(empty.data.is_some() && empty.data != db.data);
    assert!(empty.have["restoreFrom"].is_null());
}

#[tokio::test]
async fn neither_a_wrong_hash_nor_that_of_the_whole_plan_chooses() {
    let (mut world, _) = deleted(ChangePolicy::ApproveDestructive).await;
    let before = world.sim.calls();
    for hash in ["0123456789".to_owned(), world.plan_hash(), String::new()] {
        world.approve(hash);
        world.rests("not approved").await;
        assert_eq!(world.says().0, reason::MISSING);
    }
    assert_eq!(world.mutations_since(&before), 0, "{}", world.sim.trace());
}

#[tokio::test]
async fn a_choice_holds_for_that_loss_and_that_snapshot_alone() {
    let (mut world, _) = deleted(ChangePolicy::ApproveDestructive).await;
    world.approve(world.choice("Restore"));
    world.ready("restored").await;
    let db = world.of("db");
    world.sim.console().delete(&db.handle);
    world.rests("lost again").await;
    assert_eq!(world.says().0, reason::MISSING, "the annotation of the first loss is still there");
    assert!(world.made("db").is_none());
    world.approve(world.choice("Recreate"));
    world.ready("made anew").await;
}

#[tokio::test]
async fn without_a_snapshot_an_empty_one_is_the_only_choice_and_still_asked_for() {
    let mut world = made("smallest").await;
    world.sim.console().delete(&world.of("db").handle);
    world.rests("missing").await;
    let asks = world.asks();
    assert_eq!((asks.len(), asks[0].action.as_str(), world.says().0), (1, "Recreate", reason::MISSING));
    world.approve(world.plan_hash());
    world.ready("made anew").await;
}

#[tokio::test]
async fn what_would_restore_from_the_wishs_own_source_is_not_called_empty() {
    let mut world = made("restore-snapshot").await;
    let (db, source) = (world.of("db"), sample("restore-snapshot"));
    world.sim.console().delete(&db.handle);
    world.rests("missing").await;
    let data = world.asks()[0].data.clone().expect("what becomes of the data");
    let name = source.node("db").and_then(|node| node.want["restoreFrom"]["snapshot"].as_str()).expect("a snapshot");
    assert!(data.contains(name) && !data.contains("empty"), "{data}");
    world.approve(world.choice("Recreate"));
    world.ready("made anew").await;
    assert_eq!(world.of("db").data, db.data, "the snapshot that it was first made from");
}

#[tokio::test]
async fn a_graph_of_every_shape_asks_about_its_data_and_gets_it_back() {
    for name in ["replicas", "proxy", "retain", "point-in-time", "multi-az-cluster", "aurora-autoscaling"] {
        let graph = sample(name);
        let mut world = World::new(vec![Object::new(name, graph.clone())]);
        world.ready(name).await;
        let standing = world.standing();
        let console = world.sim.console();
        let lost: Vec<Live> = holders(&graph).into_iter().map(|id| world.of(id)).collect();
        assert!(!lost.is_empty(), "{name} holds data");
        for live in &lost {
            console.snapshot(&live.handle, &format!("last-of-{}", live.key.name));
        }
        // An Aurora cluster goes after its instances.
        let instances = console.all("rds/DbClusterInstance");
        instances.iter().chain(&lost).for_each(|live| console.delete(&live.handle));
        world.rests(name).await;
        let before = world.sim.calls();
        world.passes(2).await;
        assert_eq!(world.mutations_since(&before), 0, "{name}\n{}", world.sim.trace());
        assert_eq!(world.says().0, reason::MISSING, "{name}");
        world.approve(world.choice("Restore"));
        world.ready(name).await;
        assert_eq!(world.standing(), standing, "{name}");
        for (id, live) in holders(&graph).into_iter().zip(&lost) {
            assert_eq!(world.of(id).data, live.data, "{name}: {id}");
        }
    }
}

#[tokio::test]
async fn what_holds_no_data_is_made_again_and_reported_as_drift() {
    let mut kinds = std::collections::BTreeSet::new();
    for name in ["every-option", "aurora-autoscaling"] {
        let mut world = made(name).await;
        let (graph, standing) = (world.objects[0].graph.clone(), world.standing());
        let data: Vec<_> = holders(&graph).into_iter().map(|id| world.of(id).handle).collect();
        for (id, node) in graph.nodes() {
            let spec = spec(&node.kind);
            if spec.read_only || spec.holds_data || !kinds.insert(spec.kind) {
                continue;
            }
            let before = world.of(id);
            world.sim.console().delete(&before.handle);
            world.passes(1).await;
            let drifted = world.report().drifted;
            let says = drifted.status && drifted.message.contains(&format!("{id}: deleted"));
            assert!(says, "{name}, {id}: {drifted:?}\n{}", world.sim.trace());
            world.ready(&format!("{name}, {id}")).await;
            assert_ne!(world.of(id).serial, before.serial, "{name}, {id}");
            assert_eq!(world.standing(), standing, "{name}, {id}");
            world.passes(1).await;
            assert!(!world.report().drifted.status, "{name}, {id}: it was mended");
        }
        let after: Vec<_> = holders(&graph).into_iter().map(|id| world.of(id).handle).collect();
        assert_eq!(after, data, "{name}: no data is touched for it");
    }
    println!("{} kinds are made again", kinds.len());
    assert!(kinds.len() >= 12, "{kinds:?}");
}

#[tokio::test]
async fn an_object_whose_database_is_missing_goes_away_cleanly() {
    for change in [ChangePolicy::Automatic, ChangePolicy::ApproveDestructive, ChangePolicy::ApproveAll] {
        let (mut world, _) = deleted(change).await;
        let snapshots = world.sim.console().snapshots();
        world.objects[0].deleting = true;
        world.ready("delete").await;
        assert!(world.standing().is_empty(), "{:?}", world.standing());
        assert_eq!(world.sim.console().snapshots(), snapshots, "there was nothing to take a last one of");
        assert_eq!(world.sim.calls().of(DATABASE, Op::Delete), 0);
        assert_eq!(world.says(), ("Deleting", "all resources are gone".into()));
    }
}

#[tokio::test]
async fn a_database_that_somebody_is_deleting_is_missing_only_when_it_is_gone() {
    let mut world = World::new(vec![Object::new("orders", sample("smallest"))]);
    world.sim.tune(DATABASE, |behaviour| behaviour.delete = RESYNC * 2);
    world.ready("create").await;
    let db = world.of("db");
    world.sim.console().begin_delete(&db.handle);
    let before = world.sim.calls();
    world.resync().await;
    let (state, _, message) = world.node("db");
    assert_eq!((state, message.contains("still deleting")), ("Creating", true), "{message}");
    world.until(|world| world.made("db").is_none()).await;
    world.rests("gone").await;
    assert_eq!((world.says().0, world.mutations_since(&before)), (reason::MISSING, 0));
    assert!(world.last().inventory.0.contains_key(&NodeKey::new("db", 1)), "it is still on record");
}
