//! That twice as many objects are twice as much work, and not four times: by counts, as no test is timed.

use terrace_tiers::ObjectKey;

use crate::count::{Counts, during};
use crate::graph::{self, Format};
use crate::standing::Waits;
use crate::style::Style;
use crate::web_world::{now, web_world, with_a_refused_database};
use crate::{World, page, tree, why};

/// So many web shops in one Environment, of which every other one has trouble. None has a bucket: the ways to buckets pass
/// all networks and so lie beside one another, and of lines that do, each pair is looked at.
fn shops(many: usize) -> World {
    let mut all = World { environments: web_world().environments, objects: Vec::new() };
    for number in 0..many {
        let place = format!("shop{number}");
        let shop = if number % 2 == 0 { web_world() } else { with_a_refused_database() };
        for mut object in shop.objects.into_iter().filter(|object| object.key.kind != "ObjectTier") {
            object.uses.retain(|used| used.target.kind != "ObjectTier");
            let moved = |key: &mut ObjectKey| key.namespace.clone_from(&place);
            moved(&mut object.key);
            object.uses.iter_mut().for_each(|used| moved(&mut used.target));
            object.status.users.iter_mut().for_each(|user| user.namespace.clone_from(&place));
            for condition in &mut object.status.conditions {
                condition.message = condition.message.replace(" shop/", &format!(" {place}/"));
            }
            all.objects.push(object);
        }
    }
    all
}

/// So many objects that all wait for one Environment.
fn stuck(many: usize) -> World {
    let mut world = shops(many);
    world.environments[0].fails("RoleUnusable", "the role cannot be assumed", "3h");
    let message = "Environment prod is not Ready: the role cannot be assumed";
    world.objects.iter_mut().for_each(|object| object.reconciles("EnvironmentNotReady", message, "3h"));
    world
}

/// So many apps that all use one database.
fn crowd(many: usize) -> World {
    let mut world = with_a_refused_database();
    let app = world.object_mut("WebApp shop/shop").clone();
    world.objects.retain(|object| object.key.kind != "EdgeTier" && object.key.kind != "WebApp");
    for number in 0..many {
        let mut one = app.clone();
        one.key.name = format!("app{number}");
        world.objects.push(one);
    }
    world.admit_all();
    world
}

/// Twice as much of it at most, but for a little that hangs on where things come to lie.
fn grows_evenly(what: &str, once: &Counts, twice: &Counts) {
    for (counted, often) in twice {
        let before = once.get(counted).copied().unwrap_or_default();
        assert!(*often <= before * 5 / 2 + 20, "{what}, {counted}: {before}, and of twice as many {often}");
    }
}

#[test]
fn twice_as_many_objects_on_the_page_are_twice_the_work() {
    for (what, world) in [("shops", shops as fn(usize) -> World), ("one Environment", stuck)] {
        let work = |many: usize| during(|| page::view(&world(many), None, now()));
        let (once, twice) = (work(20), work(40));
        grows_evenly(what, &once, &twice);
        // For what waits for what, and for the picture.
        assert_eq!((once["worlds gone through"], twice["worlds gone through"]), (2, 2));
    }
}

#[test]
fn what_is_not_named_for_the_sake_of_speed_is_not_said_either() {
    for world in [shops(2), stuck(4), crowd(9)] {
        let waits = Waits::of(&world);
        for (at, object) in world.objects.iter().enumerate() {
            let whole = why::why(&world, &object.key, now()).expect("an object");
            let brief = why::for_text(&waits, at, now());
            let style = Style::plain(now());
            assert_eq!((brief.text(&style), whole.more_held), (whole.text(&style), 0));
            assert_eq!(whole.holds_up[..brief.holds_up.len()], brief.holds_up);
        }
    }
}

#[test]
fn twice_as_many_users_of_one_database_are_twice_the_work() {
    let work = |many: usize| during(|| tree::tree(&crowd(many), &tree::Scope::All));
    grows_evenly("tree", &work(50), &work(100));
    let database = ObjectKey::new("DataTier", "shop", "orders");
    let work = |many: usize| during(|| why::why(&crowd(many), &database, now()));
    grows_evenly("why", &work(50), &work(100));
}

#[test]
fn twice_as_many_shops_in_a_picture_are_twice_the_work() {
    let work = |many: usize| during(|| graph::draw(&shops(many), Format::Svg));
    let twice = work(40);
    assert!(twice["lines beside ports"] > 0, "{twice:?}");
    grows_evenly("graph", &work(20), &twice);
}
