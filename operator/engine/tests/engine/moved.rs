//! What lies in a server is reached where the server is, and stays what it is when that changes.

use serde_json::{Value, json};
use terrace_engine::sim::Op;
use terrace_model::{Handle, NodeKey};

use crate::harness::{Object, World, sample, with};

const KIND: &str = "sql/User";

/// The users on record, and the port of each.
fn users(world: &World) -> Vec<(NodeKey, Option<Handle>, Value)> {
    let entries = world.last().inventory.0.values().filter(|entry| entry.kind == KIND);
    entries.map(|entry| (entry.key(), entry.handle.clone(), entry.address["port"].clone())).collect()
}

#[tokio::test]
async fn users_of_a_server_whose_port_changes_are_looked_for_there_and_are_on_record_there() {
    let mut world = World::new(vec![Object::new("orders", sample("shared"))]);
    world.ready("create").await;
    let before = users(&world);
    assert!(before.len() == 4 && before.iter().all(|(.., port)| *port == 5432), "{before:?}");
    let calls = world.sim.calls();
    world.objects[0].graph = with(&sample("shared"), "db", "port", json!(6432));
    world.ready("moved").await;
    let moved = before.into_iter().map(|(key, handle, _)| (key, handle, json!(6432))).collect::<Vec<_>>();
    assert_eq!(users(&world), moved);
    let made = world.sim.calls().since(&calls);
    assert_eq!([made.of(KIND, Op::Create), made.of(KIND, Op::Update), made.of(KIND, Op::Delete)], [0, 0, 0]);
    // Without wishes the record says where they are.
    world.objects[0].deleting = true;
    world.ready("delete").await;
    assert!(world.standing().is_empty(), "{:?}", world.standing());
}

#[tokio::test]
async fn users_go_before_the_server_that_is_replaced_and_come_again_in_its_successor() {
    let mut world = World::new(vec![Object::new("orders", sample("proxy-shared"))]);
    world.ready("create").await;
    let before = users(&world).len();
    world.objects[0].graph = crate::harness::rekeyed(&sample("proxy-shared"), "other");
    world.ready("replaced").await;
    let after = users(&world);
    assert!(after.len() == before && after.iter().all(|(key, ..)| key.incarnation == 2), "{after:?}");
}
