//! How objects stand, and which waits for which.

use super::*;
use crate::web_world::{DENIED, ago, environment, key, object, web_world, with_a_refused_database};

fn stands(object: &Object) -> (State, &str) {
    let standing = Standing::of(object);
    (standing.state, standing.reason)
}

#[test]
fn an_object_stands_as_its_conditions_say() {
    let mut world = web_world();
    let data = world.object_mut("DataTier shop/orders");
    assert_eq!((stands(data), Standing::of(data).since), ((State::Ready, "Ready"), Some(ago("4d"))));
    data.reconciles("Settling", "db (rds/DbInstance): AWS says modifying", "3m");
    assert_eq!((stands(data), Standing::of(data).since), ((State::Reconciling, "Settling"), Some(ago("3m"))));
    data.stalls("QuotaExceeded", "no", "1m");
    assert_eq!(stands(data), (State::Stalled, "QuotaExceeded"));
    data.stalls("Paused", "the annotation holds every change", "1m");
    assert_eq!(stands(data), (State::Paused, "Paused"));
}

#[test]
fn what_nobody_looked_at_is_unknown_since_it_was_made() {
    let new = object("DataTier shop/new");
    assert_eq!((stands(&new), Standing::of(&new).since), ((State::Unknown, UNOBSERVED), Some(ago("5d"))));
}

#[test]
fn what_a_controller_has_begun_with_is_on_its_way() {
    let begun = object("DataTier shop/new").made(&[("access", "ec2/SecurityGroup", "", &[])]);
    assert_eq!(stands(&begun), (State::Reconciling, "Reconciling"));
    assert!(Standing::of(&begun).message.starts_with("a controller is at work on it"));
}

#[test]
fn what_was_edited_since_is_not_called_ready() {
    let mut world = web_world();
    let data = world.object_mut("DataTier shop/orders");
    data.generation = 2;
    assert_eq!(stands(data), (State::Reconciling, OUTDATED));
    data.stalls("AccessDenied", "no", "1m");
    assert_eq!((stands(data), Standing::of(data).behind), ((State::Stalled, "AccessDenied"), true));
}

#[test]
fn what_ready_says_beside_that_everything_is_as_wished_is_a_remark() {
    let mut world = web_world();
    let data = world.object_mut("DataTier shop/orders");
    assert_eq!(Standing::of(data).remarks(), None);
    data.becomes("Ready", "True", "Ready", "everything is as wished; bindings hand out the master user", "1d");
    assert_eq!(Standing::of(data).remarks(), Some("bindings hand out the master user"));
}

#[test]
fn what_is_wrong_comes_first_and_the_rest_in_the_order_in_which_it_is_made() {
    let world = web_world();
    let ids = |world: &crate::World| {
        let data = world.object(&key("DataTier shop/orders")).expect("an object");
        resources(data, &Standing::of(data))
            .into_iter()
            .map(|one| format!("{:?} {}", one.mark, one.key))
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&world), ["Ready access", "Ready parameters", "Ready subnets", "Ready db", "Ready binding"]);
    let broken = with_a_refused_database();
    let order = ["Stalled subnets", "Reconciling db", "Reconciling binding", "Ready access", "Ready parameters"];
    assert_eq!(ids(&broken), order);
}

#[test]
fn resources_that_stand_on_one_another_in_a_circle_are_all_there() {
    let mut world = web_world();
    let data = world.object_mut("DataTier shop/orders");
    data.resource("access").depends_on = vec!["db".into(), "gone".into()];
    assert_eq!(resources(data, &Standing::of(data)).len(), 5);
}

#[test]
fn what_was_refused_before_anything_was_on_record_is_shown_as_absent() {
    let mut data = object("DataTier shop/orders");
    data.stalls("AccessDenied", &format!("subnets (rds/DbSubnetGroup): {DENIED}"), "1m");
    let all = resources(&data, &Standing::of(&data));
    assert_eq!((all[0].key.as_str(), all[0].state, all[0].message), ("subnets", ABSENT, Some(DENIED)));
}

#[test]
fn an_older_incarnation_names_the_one_that_takes_its_place() {
    let mut world = web_world();
    let data = world.object_mut("DataTier shop/orders");
    let mut next = data.resource("db").clone();
    next.incarnation = 2;
    data.status.resources.push(next);
    let all = resources(data, &Standing::of(data));
    let old = all.iter().find(|one| one.key == "db").expect("the older one");
    assert_eq!(old.replaced_by.as_deref(), Some("db~2"));
}

fn titles(waits: &Waits, places: &[usize]) -> Vec<String> {
    places.iter().map(|at| waits.thing(*at).name().title()).collect()
}

#[test]
fn an_object_waits_for_what_its_message_names_and_holds_up_what_waits_for_it() {
    let world = with_a_refused_database();
    let waits = Waits::of(&world);
    let place = |title| waits.place(&key(title)).expect("a place");
    assert_eq!(titles(&waits, waits.on(place("EdgeTier shop/shop"))), ["WebApp shop/shop"]);
    assert_eq!(titles(&waits, waits.on(place("WebApp shop/shop"))), ["DataTier shop/orders"]);
    assert_eq!(titles(&waits, waits.on(place("DataTier shop/orders"))), Vec::<String>::new());
    let held = waits.held(place("DataTier shop/orders"));
    assert_eq!(titles(&waits, held), ["WebApp shop/shop", "EdgeTier shop/shop"]);
}

#[test]
fn an_object_waits_for_its_environment_where_that_is_not_ready() {
    let mut world = web_world();
    world.environments.push(environment("prod-2"));
    world.environments[0].fails("AccessDenied", "the role cannot be assumed", "20m");
    let message = "Environment prod is not ready: the role cannot be assumed";
    world.object_mut("DataTier shop/orders").reconciles("EnvironmentNotReady", message, "20m");
    let waits = Waits::of(&world);
    let at = waits.place(&key("DataTier shop/orders")).expect("a place");
    assert_eq!(titles(&waits, waits.on(at)), ["Environment prod"]);
}

#[test]
fn two_that_wait_for_each_other_are_no_endless_matter() {
    let mut world = web_world();
    let waiting = |title: &str| format!("waiting for {title} to admit this object");
    world.object_mut("WebApp shop/shop").reconciles("Waiting", &waiting("DataTier shop/orders"), "1m");
    world.object_mut("DataTier shop/orders").reconciles("Waiting", &waiting("WebApp shop/shop"), "1m");
    let waits = Waits::of(&world);
    let at = waits.place(&key("WebApp shop/shop")).expect("a place");
    assert_eq!(titles(&waits, waits.held(at)), ["DataTier shop/orders"]);
}

#[test]
fn who_waits_by_an_output_names_its_target_as_the_graph_does() {
    let mut world = web_world();
    world.object_mut("EdgeTier shop/shop").reconciles("Settling", "distribution (cloudfront/Distribution): x", "1m");
    let message = "policy (s3/BucketPolicy): waiting for EdgeTier/shop/shop";
    world.object_mut("ObjectTier shop/assets").reconciles("Waiting", message, "1m");
    let waits = Waits::of(&world);
    let at = waits.place(&key("ObjectTier shop/assets")).expect("a place");
    assert_eq!(titles(&waits, waits.on(at)), ["EdgeTier shop/shop"]);
}

#[test]
fn where_a_message_names_nobody_what_is_used_and_not_ready_is_waited_for() {
    let mut world = web_world();
    world.object_mut("CacheTier shop/sessions").stalls("QuotaExceeded", "full", "1m");
    world.object_mut("WebApp shop/shop").reconciles("Waiting", "workload (kubernetes/WorkloadPatch): waiting", "1m");
    let waits = Waits::of(&world);
    let at = waits.place(&key("WebApp shop/shop")).expect("a place");
    assert_eq!(titles(&waits, waits.on(at)), ["CacheTier shop/sessions"]);
}

#[test]
fn what_is_ready_is_not_waited_for_unless_it_is_to_go_itself() {
    let mut world = web_world();
    let used = "in use by WebApp shop/shop (spec.bindings[db].dataTierRef): it is deleted after them";
    let data = world.object_mut("DataTier shop/orders");
    data.deleting = true;
    data.reconciles("InUse", used, "1m");
    let at = Waits::of(&world).place(&key("DataTier shop/orders")).expect("a place");
    assert_eq!(Waits::of(&world).on(at), Vec::<usize>::new());
    world.object_mut("WebApp shop/shop").deleting = true;
    let waits = Waits::of(&world);
    assert_eq!(titles(&waits, waits.on(at)), ["WebApp shop/shop"]);
}

#[test]
fn a_state_that_is_not_known_here_is_marked_and_not_guessed() {
    let mut world = web_world();
    let data = world.object_mut("DataTier shop/orders");
    data.resource("db").state = "Hibernating".into();
    let all = resources(data, &Standing::of(data));
    assert_eq!((all[0].key.as_str(), all[0].mark), ("db", Mark::Unknown));
    data.has("db", "Failed", "Failed", "no capacity");
    assert_eq!(resources(data, &Standing::of(data))[0].mark, Mark::Stalled);
}
