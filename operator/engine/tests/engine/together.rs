//! Objects that refer to one another: what a target has for its users follows them, and nobody is cut off by another.

use std::collections::BTreeSet;

use terrace_engine::sim::{Call, Live, Op};
use terrace_tiers::samples::{web_apps_that_share_targets, web_example};

use crate::harness::World;

/// What was made for a node of an object.
fn made(world: &World, index: usize, node: &str) -> Option<Live> {
    let uid = &world.objects[index].owner.uid;
    let is_its = |live: &Live| live.maker.as_ref().is_some_and(|maker| maker.uid == *uid && maker.node == node);
    world.sim.console().live().into_iter().find(is_its)
}

fn role(world: &World, app: usize) -> String {
    made(world, app, "role").expect("a role").handle.0
}

/// Whom the bucket's policy lets in.
fn admitted(world: &World) -> String {
    let policy = made(world, world.index("ObjectTier", "assets"), "policy").expect("a policy");
    policy.have["policy"]["statement"].to_string() + &policy.have["policy"].to_string()
}

/// The users in the database.
fn users(world: &World) -> BTreeSet<String> {
    let live = world.sim.console().live().into_iter().filter(|live| live.key.kind == "sql/User");
    live.filter_map(|live| live.have["username"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn the_first_of_two_users_to_go_takes_its_own_with_it_and_leaves_the_other_what_both_needed() {
    let mut world = World::linked(web_apps_that_share_targets());
    world.ready("create").await;
    let (first, second) = (world.index("WebApp", "shop"), world.index("WebApp", "portal"));
    let (orders, roles) = (world.index("DataTier", "orders"), [role(&world, first), role(&world, second)]);
    assert!(roles.iter().all(|role| admitted(&world).contains(role.as_str())), "{}", admitted(&world));
    let (before, rule) = (users(&world), made(&world, orders, "access-cluster").expect("a rule").handle);
    world.objects[first].deleting = true;
    world.ready("the first goes").await;
    let after = users(&world);
    assert!(!admitted(&world).contains(&roles[0]) && admitted(&world).contains(&roles[1]), "{}", admitted(&world));
    assert_eq!((before.len(), after.len()), (2 * after.len(), before.len() / 2), "{after:?}");
    assert!(after.is_subset(&before) && !after.is_empty(), "the other's users are the same ones: {after:?}");
    assert_eq!(made(&world, orders, "access-cluster").map(|rule| rule.handle), Some(rule), "they shared the rule");
    assert_eq!(made(&world, second, "role").map(|role| role.handle.0), Some(roles[1].clone()));
}

#[tokio::test]
async fn what_is_deleted_all_at_once_goes_from_the_users_to_their_targets() {
    let mut world = World::linked(web_example());
    world.ready("create").await;
    let first = world.sim.points();
    world.objects.iter_mut().for_each(|object| object.deleting = true);
    world.ready("delete").await;
    let end = |kind: &str| {
        let is_its = |call: &Call| call.point >= first && call.op == Op::Delete && call.kind == kind;
        let call = world.sim.log().into_iter().find(is_its);
        call.unwrap_or_else(|| panic!("no {kind} was deleted")).point
    };
    let order = ["cloudfront/Distribution", "elbv2/LoadBalancer", "rds/DbInstance"].map(end);
    assert!(order.is_sorted(), "{order:?}");
    assert!(world.standing().is_empty(), "{:#?}", world.standing());
}

#[tokio::test]
async fn the_secret_of_an_app_names_a_database_user_of_its_own() {
    let mut world = World::linked(web_apps_that_share_targets());
    world.ready("create").await;
    let named = ["shop", "portal"].map(|app| {
        let secret = made(&world, world.index("WebApp", app), "binding-db").expect("a Secret");
        secret.have["username"].as_str().expect("a name").to_owned()
    });
    assert!(named.iter().all(|name| users(&world).contains(name)) && named[0] != named[1], "{named:?}");
}
