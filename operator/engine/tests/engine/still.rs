//! Standing still costs nothing, and whatever is changed behind our back is found all the same.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Value, json};
use terrace_engine::sim::{Calls, SimAws};
use terrace_engine::{Backup, Disposal, Erased, Look, Pace, Registry, Result, Sight};
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, KindSpec, NodeKey, Rule};
use terrace_tiers::samples::{samples, web_example};

use crate::harness::{Mutant, Object, RESYNC, World};

fn changes(calls: &Calls) -> (u64, u64) {
    (calls.aws_writes(), calls.kubernetes_writes())
}

#[tokio::test]
async fn ten_resyncs_of_every_graph_change_nothing_and_write_nothing() {
    for (name, graph) in samples() {
        let mut world = World::new(vec![Object::new(name, graph)]);
        world.settle().await.unwrap_or_else(|_| panic!("{name} is stuck\n{}", world.sim.trace()));
        world.objects[0].freshness = Freshness::Recent;
        let before = world.sim.calls();
        for _ in 0..10 {
            world.resync().await;
            assert!(world.is_ready(0), "{name}\n{}", world.sim.trace());
        }
        let calls = world.sim.calls().since(&before);
        assert_eq!(changes(&calls), (0, 0), "{name}\n{}", world.sim.trace());
    }
}

#[tokio::test]
async fn ten_resyncs_of_the_web_example_as_a_whole_change_nothing_and_write_nothing() {
    let mut world = World::linked(web_example());
    world.ready("create").await;
    world.objects.iter_mut().for_each(|object| object.freshness = Freshness::Recent);
    let before = world.sim.calls();
    for _ in 0..10 {
        world.sim.clock().advance(RESYNC);
        for index in 0..world.objects.len() {
            world.pass(index).await;
            assert!(world.is_ready(index), "{}\n{}", world.objects[index].path(), world.sim.trace());
        }
    }
    let calls = world.sim.calls().since(&before);
    assert_eq!(changes(&calls), (0, 0), "{}", world.sim.trace());
    println!("{} objects, {} resources: 0 changes, 0 writes", world.objects.len(), world.standing().len());
}

/// Another value of the same type.
fn other(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Bool(value) => json!(!value),
        Value::Number(value) => json!(value.as_i64().map_or(value.as_f64()? as i64, |value| value) - 1),
        Value::String(value) if value.starts_with("arn:") => return None,
        Value::String(value) => json!(format!("{value}x")),
        _ => return None,
    })
}

#[tokio::test]
async fn every_field_of_every_kind_that_changes_behind_the_back_is_found() {
    let (mut found, mut kinds) = (0, std::collections::BTreeSet::new());
    let wide = ["aurora-autoscaling", "cache-every-option", "cache-memcached", "cache-serverless", "every-option"];
    for (name, graph) in samples().into_iter().filter(|(name, _)| wide.contains(name)) {
        let mut world = World::new(vec![Object::new(name, graph.clone())]);
        world.settle().await.unwrap_or_else(|_| panic!("{name} is stuck\n{}", world.sim.trace()));
        world.objects[0].policy.paused = true;
        world.objects[0].freshness = Freshness::Recent;
        for (id, node) in graph.nodes() {
            let specs = terrace_model::aws::kinds();
            let spec = specs.iter().find(|spec| spec.kind == node.kind).expect("a kind of the model");
            if spec.read_only {
                continue;
            }
            let handle = world.objects[0].last.as_ref().and_then(|last| last.inventory.current(id)?.handle.clone());
            let handle = handle.unwrap_or_else(|| panic!("{name}: {id} has a handle"));
            for (field, wished) in node.want.as_object().into_iter().flatten() {
                let compared =
                    !matches!(spec.rule(field), Some(Rule::OnCreate | Rule::Keyed | Rule::Grows | Rule::Prefix));
                let Some(value) = other(wished).filter(|_| compared && !spec.address.contains(&field.as_str())) else {
                    continue;
                };
                world.sim.console().change(&handle, field, value);
                world.resync().await;
                let last = world.objects[0].last.as_ref().expect("a pass");
                let step = &last.plan.0[&NodeKey::new(id, 1)];
                assert!(step.action.is_change(), "{name}: {id}.{field} was changed, and {:?} is planned", step.action);
                world.sim.console().change(&handle, field, wished.clone());
                found += 1;
                kinds.insert(node.kind.clone());
            }
        }
    }
    println!("{found} changes found, of {} kinds", kinds.len());
    assert!(found > 100, "{found}");
}

thread_local! {
    /// Of each node that was looked at, how fresh the look was to be.
    static ASKED: RefCell<BTreeMap<String, Freshness>> = RefCell::default();
}

/// A provider that notes how it is asked.
struct Noting(Arc<dyn Erased>);

impl Erased for Noting {
    fn spec(&self) -> &KindSpec {
        self.0.spec()
    }

    fn actions(&self) -> &'static [&'static str] {
        self.0.actions()
    }

    fn pace(&self) -> Pace {
        self.0.pace()
    }

    fn observe<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Look>> {
        ASKED.with_borrow_mut(|asked| asked.insert(id.node.clone(), id.freshness));
        self.0.observe(id)
    }

    fn create<'a>(&'a self, id: &'a Id, want: &'a Value) -> BoxFuture<'a, Result<Handle>> {
        self.0.create(id, want)
    }

    fn update<'a>(&'a self, id: &'a Id, have: &'a Value, want: &'a Value, diff: &'a Diff) -> BoxFuture<'a, Result<()>> {
        self.0.update(id, have, want, diff)
    }

    fn delete<'a>(&'a self, id: &'a Id, have: &'a Value, disposal: Disposal) -> BoxFuture<'a, Result<()>> {
        self.0.delete(id, have, disposal)
    }

    fn made(&self, id: &Id, want: &Value, handle: &Handle) -> Option<Sight> {
        self.0.made(id, want, handle)
    }

    fn backups<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Vec<Backup>>> {
        self.0.backups(id)
    }
}

/// One pass over a world at rest, so long after the last: how each node was asked.
async fn asked(world: &mut World, after: Duration) -> BTreeMap<String, Freshness> {
    ASKED.take();
    world.sim.clock().advance(after);
    world.pass(0).await;
    ASKED.take()
}

#[tokio::test]
async fn what_somebody_says_has_changed_is_looked_at_afresh_and_nothing_else_is() {
    let noting =
        |all: Registry| all.iter().fold(Registry::default(), |all, one| all.with_erased(Arc::new(Noting(one.clone()))));
    let (_, graph) = samples().into_iter().find(|(name, _)| *name == "every-option").expect("a sample");
    let nodes = graph.nodes().len();
    let mutant = Mutant { registry: noting, ..Mutant::NONE };
    let mut world = World::with(SimAws::new(), vec![Object::new("orders", graph)], mutant);
    world.ready("create").await;
    world.objects[0].freshness = Freshness::Recent;
    world.resync().await;
    let all = asked(&mut world, Duration::from_secs(1)).await;
    assert_eq!(all.len(), nodes, "what was taken from a list is asked for again: {all:?}");
    assert!(all.values().all(|freshness| *freshness == Freshness::Recent), "{all:?}");

    world.say_changed("db");
    let told = asked(&mut world, Duration::from_secs(1)).await;
    let afresh: Vec<_> = told.iter().filter(|(_, freshness)| **freshness == Freshness::Now).collect();
    assert_eq!(afresh, [(&"db".to_owned(), &Freshness::Now)]);
    let after = asked(&mut world, Duration::from_secs(1)).await;
    assert!(!after.contains_key("db"), "it was seen since: {after:?}");
    let later = asked(&mut world, RESYNC).await;
    assert_eq!(later["db"], Freshness::Recent, "every list is younger than the change by now");
}
