//! An inventory that is lost, at any moment: it is rebuilt from tags and names, and the object comes to the same end,
//! with nothing made twice and nothing left behind. Data that was on its way into its successor is asked about.

use std::collections::BTreeMap;
use std::time::Duration;

use terrace_engine::reason;
use terrace_engine::sim::{Breach, Op};
use terrace_model::Graph;
use terrace_tiers::samples::samples;

use crate::harness::{Object, World, rekeyed, replaced, sample};

/// The status is lost, and a process that knows nothing looks at the object: so late that all that was made shows.
fn lose(world: &mut World) {
    world.sim.clock().advance(Duration::from_secs(30));
    world.sim.lose_inventory(&world.objects[0].path());
    world.restart();
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

/// Runs to the end of the object. In which order its resources go was on record, and is AWS's to keep by now.
async fn goes(world: &mut World, when: &str) {
    world.rests(when).await;
    // What Kubernetes does by itself once the owner is gone.
    for secret in world.sim.console().all("kubernetes/BindingSecret") {
        world.sim.console().delete(&secret.handle);
    }
    assert!(world.is_gone() && world.standing().is_empty(), "{when}: {:#?}\n{}", world.standing(), world.sim.trace());
    let breaches = world.sim.violations().into_iter().filter(|violation| violation.breach != Breach::EarlyDelete);
    assert!(world.sim.audit(&[]).is_clean() && breaches.count() == 0, "{when}\n{}", world.sim.trace());
}

fn is_going(world: &World) -> bool {
    world.sim.console().live().iter().any(|live| live.data.is_some() && live.deleting.is_some())
}

/// A life in which the inventory is lost at every stage.
async fn forgetful(name: &str, graph: &Graph) {
    let mut world = World::new(vec![Object::new(name, graph.clone())]);
    world.until(|world| !data(world).is_empty()).await;
    lose(&mut world);
    assert!(!comes_up(&mut world, &format!("{name}, mid-create")).await);
    let creates = world.sim.log().into_iter().filter(|call| call.op == Op::Create && call.outcome == "ok").count();
    assert_eq!(creates, world.standing().len(), "{name}: nothing is made twice\n{}", world.sim.trace());
    let (standing, held) = (world.standing(), data(&world));

    let before = world.sim.calls();
    lose(&mut world);
    assert!(!comes_up(&mut world, &format!("{name}, at rest")).await);
    assert_eq!((world.mutations_since(&before), world.standing()), (0, standing), "{name}");

    world.objects[0].graph = replaced(graph);
    world.until(is_going).await;
    lose(&mut world);
    let asked = comes_up(&mut world, &format!("{name}, mid-replacement")).await;
    assert!(asked, "{name}: what became of its data cannot be told from AWS");
    assert_eq!(data(&world), held, "{name}");

    world.objects[0].deleting = true;
    lose(&mut world);
    world.until(is_going).await;
    lose(&mut world);
    goes(&mut world, &format!("{name}, mid-delete")).await;
}

#[tokio::test]
async fn a_life_in_which_the_inventory_is_lost_at_every_stage_is_like_any_other() {
    for (name, graph) in samples() {
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
