//! An inventory that is lost, at any moment: it is rebuilt from tags and names, and the object comes to the same end,
//! with nothing made twice and nothing left behind. Data that was on its way into its successor is asked about.

use std::collections::BTreeMap;

use terrace_engine::reason;
use terrace_engine::sim::{Op, STATUS};
use terrace_model::Graph;
use terrace_tiers::samples::samples;

use crate::harness::{Object, World, changed, edited, rekeyed, replaced, sample};

/// The status is lost, and a process that knows nothing looks at the object.
fn lose(world: &mut World) {
    world.sim.lose_inventory(&world.objects[0].path());
    world.restart();
}

/// Of what stands, kind and node: a successor may have another number than it would have had.
fn nodes(world: &World) -> Vec<String> {
    world.standing().into_iter().map(|line| line.split('~').next().unwrap_or_default().to_owned()).collect()
}

/// All data that stands, node by node.
fn data(world: &World) -> BTreeMap<String, Option<u64>> {
    let live = world.sim.console().live();
    let holds = |live: &terrace_engine::sim::Live| Some((live.maker.clone()?.node, live.data?));
    live.iter().filter_map(holds).map(|(node, data)| (node, Some(data))).collect()
}

/// Runs to the end; data that is on its way into its successor is asked about, and restored. Returns whether it was.
async fn comes_up(world: &mut World, when: &str) -> bool {
    world.rests(when).await;
    let asked = world.says().0 == reason::MISSING;
    if asked {
        world.approve(world.choice("Restore"));
        world.rests(when).await;
    }
    world.check(when).unwrap_or_else(|story| panic!("{story}"));
    asked
}

/// Runs to the end of the object.
async fn goes(world: &mut World, when: &str) {
    world.rests(when).await;
    // What bears no tags and lies in something goes with it: without a record it is not found.
    let kinds = [":bucketpolicy:", ":dbproxytargets:", ":scalingpolicy:", ":sql:"];
    let zone = world.objects[0].graph.node("zone").is_some();
    let within = |text: &str| {
        let records = text.contains(":recordset:") || text.contains(":validationrecords:");
        zone && records || kinds.iter().any(|kind| text.contains(kind))
    };
    let mut breaches = world.sim.violations().into_iter().filter(|breach| !within(&breach.message));
    assert!(world.sim.audit(&[]).is_clean() && breaches.next().is_none(), "{when}\n{}", world.sim.trace());
    assert!(world.is_gone() && world.standing().is_empty(), "{when}: {:#?}\n{}", world.standing(), world.sim.trace());
}

/// What a graph is for and takes its time: the database, the cache, the bucket or the distribution, whether it holds data or
/// not, or the load balancer.
const PRINCIPALS: &[&str] = &["balancer", "bucket", "cache", "db", "distribution"];

fn is_principal(live: &terrace_engine::sim::Live) -> bool {
    live.maker.as_ref().is_some_and(|maker| PRINCIPALS.contains(&maker.node.as_str()))
}

/// It, or what of a distribution is replaced.
fn is_going(world: &World) -> bool {
    let of_edge = |node: &str| ["certificate", "health-", "vpc-origin-"].iter().any(|begins| node.starts_with(begins));
    let replaced = |live: &terrace_engine::sim::Live| live.maker.as_ref().is_some_and(|maker| of_edge(&maker.node));
    let live = world.sim.console().live();
    live.iter().any(|live| live.deleting.is_some() && (is_principal(live) || replaced(live)))
}

/// An edit that forces replacements of what can be found again. The records that validate a certificate bear no tags, and are
/// found by the certificate: of one that is on its way out nobody knows any more.
fn found_again(graph: &Graph) -> Graph {
    changed(&replaced(graph), |id, kind, want| {
        if let ("acm/Certificate", Some(before)) = (kind, graph.node(id)) {
            *want = before.want.clone();
        }
        true
    })
}

/// A life in which the inventory is lost at every stage.
async fn forgetful(name: &str, graph: &Graph) {
    let mut world = World::new(vec![Object::new(name, graph.clone())]);
    world.until(|world| world.sim.console().live().iter().any(is_principal)).await;
    lose(&mut world);
    assert!(!comes_up(&mut world, &format!("{name}, mid-create")).await);
    let creates = world.sim.log().into_iter().filter(|call| call.op == Op::Create && call.outcome == "ok").count();
    assert_eq!(creates, world.standing().len(), "{name}: nothing is made twice\n{}", world.sim.trace());
    let (standing, held) = (world.standing(), data(&world));

    let before = world.sim.calls();
    lose(&mut world);
    assert!(!comes_up(&mut world, &format!("{name}, at rest")).await);
    assert_eq!((world.mutations_since(&before), world.standing()), (0, standing), "{name}");

    let successor = found_again(graph);
    // No bucket is ever replaced; where all that could be replaced is somebody else's, nothing is.
    if graph.node("bucket").is_none() && successor.nodes() != graph.nodes() {
        world.objects[0].graph = successor;
        world.until(is_going).await;
        lose(&mut world);
        let asked = comes_up(&mut world, &format!("{name}, mid-replacement")).await;
        assert_eq!(asked, !held.is_empty(), "{name}: what became of its data cannot be told from AWS");
        assert_eq!(data(&world), held, "{name}");
    }

    world.objects[0].deleting = true;
    lose(&mut world);
    world.until(is_going).await;
    lose(&mut world);
    goes(&mut world, &format!("{name}, mid-delete")).await;
}

#[tokio::test]
async fn a_life_in_which_the_inventory_is_lost_at_every_stage_is_like_any_other() {
    // What is made and gone at once has no middle in which anything could be lost.
    let slow = |graph: &Graph| PRINCIPALS.iter().any(|node| graph.node(node).is_some());
    for (name, graph) in samples().into_iter().filter(|(_, graph)| slow(graph)) {
        forgetful(name, &graph).await;
    }
}

#[tokio::test]
async fn what_was_replaced_once_is_found_again_in_its_present_incarnation() {
    let mut world = World::new(vec![Object::new("orders", sample("smallest"))]);
    for wishes in [sample("smallest"), replaced(&sample("smallest"))] {
        world.objects[0].graph = wishes;
        world.ready("before").await;
    }
    let (standing, before) = (world.standing(), world.sim.calls());
    lose(&mut world);
    world.ready("after").await;
    assert_eq!((world.standing(), world.mutations_since(&before)), (standing, 0), "{}", world.sim.trace());
    world.objects[0].graph = rekeyed(&sample("smallest"), "third");
    world.ready("replaced again").await;
    assert_eq!(world.of("db").maker.map(|maker| maker.incarnation), Some(3));
}

#[tokio::test]
async fn data_that_is_neither_here_nor_there_is_asked_about_and_not_made_anew_empty() {
    let mut world = World::new(vec![Object::new("orders", sample("smallest"))]);
    world.ready("create").await;
    let held = data(&world);
    world.objects[0].graph = rekeyed(&sample("smallest"), "other");
    world.until(is_going).await;
    world.objects[0].policy.paused = true;
    world.rests("paused").await;
    world.passes(1).await;
    assert_eq!((data(&world).len(), world.sim.console().snapshots().len()), (0, 1), "{}", world.sim.trace());
    world.objects[0].policy.paused = false;
    lose(&mut world);
    let before = world.sim.calls().of("rds/DbInstance", Op::Create);
    assert!(comes_up(&mut world, "neither here nor there").await);
    assert_eq!((data(&world), world.sim.calls().of("rds/DbInstance", Op::Create)), (held, before + 1));
}

#[tokio::test]
async fn after_a_loss_a_replacement_carries_what_was_written_last_and_not_what_an_earlier_life_left() {
    let mut world = World::new(vec![Object::new("orders", sample("smallest"))]);
    world.ready("create").await;
    for key in ["first", "second", "third"] {
        world.objects[0].graph = rekeyed(&sample("smallest"), key);
        world.until(is_going).await;
        lose(&mut world);
        assert!(comes_up(&mut world, key).await);
        world.sim.console().write(&world.of("db").handle);
        let held = data(&world);
        world.objects[0].graph = rekeyed(&sample("smallest"), &format!("{key}-again"));
        world.ready(key).await;
        assert_eq!(data(&world), held, "{key}\n{}", world.sim.trace());
    }
}

#[tokio::test]
async fn an_inventory_that_is_lost_right_after_any_save_leads_to_the_same_end() {
    let stages = async |world: &mut World, when: &str| {
        let first = sample("smallest");
        for wishes in [first.clone(), edited(&first), replaced(&first)] {
            world.objects[0].graph = wishes;
            comes_up(world, when).await;
        }
        let end = (nodes(world), data(world));
        world.objects[0].deleting = true;
        goes(world, when).await;
        end
    };
    let fresh = || World::new(vec![Object::new("orders", sample("smallest"))]);
    let mut world = fresh();
    let right = stages(&mut world, "undisturbed").await;
    let saves = world.sim.calls().of(STATUS, Op::Save);
    for save in
        (1..=saves).step_by(if std::env::var("TERRACE_MATRIX").is_ok_and(|word| word == "full") { 1 } else { 3 })
    {
        let mut world = fresh();
        world.lose_at = Some(save);
        let end = stages(&mut world, &format!("lost after save {save} of {saves}")).await;
        assert_eq!(end, right, "lost after save {save} of {saves}\n{}", world.sim.trace());
    }
    println!("lost after every third of {saves} saves: 0 duplicates, 0 orphans, all data there");
}
