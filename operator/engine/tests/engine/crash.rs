//! The crash matrix: at every I/O point of a whole life the process dies before or after the call, the reply is lost, the
//! call is throttled or fails; afterwards, with nobody's help, the end is the same as undisturbed.
//!
//! `TERRACE_MATRIX=full` takes every point of every graph, and a list of graphs (`TERRACE_MATRIX=smallest,proxy`) every
//! point of these and leaves the others out; otherwise the points of each graph are sampled, every fault at different ones.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{available_parallelism, scope};

use futures::executor::block_on;
use terrace_engine::sim::{Fault, Faults, Rates, SimAws};
use terrace_model::Graph;
use terrace_tiers::samples::samples;

use crate::harness::{Mutant, Object, Stuck, World, changed, edited, replaced};

/// What stands after each stage of a life.
type Life = Vec<(&'static str, Vec<String>, usize)>;

/// A life: made, edited, replaced, deleted.
pub async fn live(world: &mut World) -> Result<Life, String> {
    let first: Vec<Graph> = world.objects.iter().map(|object| object.graph.clone()).collect();
    let mut life = Vec::new();
    for stage in ["create", "edit", "replace", "delete"] {
        for (object, graph) in world.objects.iter_mut().zip(&first) {
            match stage {
                "edit" => object.graph = edited(graph),
                "replace" => object.graph = replaced(graph),
                "delete" => object.deleting = true,
                _ => {}
            }
        }
        world.settle().await.map_err(|Stuck| format!("{stage}: stuck\n{}", world.sim.trace()))?;
        world.check(stage)?;
        life.push((stage, world.standing(), world.sim.console().snapshots().len()));
    }
    Ok(life)
}

/// The same life with faults; an error tells what is not the same.
async fn compare(objects: Vec<Object>, faults: Faults, mutant: Mutant, right: &Life) -> Result<u64, String> {
    let mut world = World::with(SimAws::new(), objects, mutant).faults(faults);
    let life = live(&mut world).await?;
    if life == *right {
        Ok(world.sim.points())
    } else {
        Err(format!("{life:#?} instead of {right:#?}\n{}", world.sim.trace()))
    }
}

/// What is asked for, where it is more than a sample.
fn asked() -> Option<String> {
    std::env::var("TERRACE_MATRIX").ok()
}

fn full() -> bool {
    asked().is_some()
}

/// False for a graph that is not among those asked for.
fn is_wanted(graph: &str) -> bool {
    asked().is_none_or(|asked| asked == "full" || asked.split(',').any(|name| name == graph))
}

/// One cell of the matrix.
type Cell = (u64, Fault);

/// Every fault at every point, or, when not all are taken, at most so many of these.
fn cells(points: u64, most: u64) -> Vec<Cell> {
    let all: Vec<Cell> = (0..points).flat_map(|point| Fault::ALL.map(|fault| (point, fault))).collect();
    let stride = if full() { 1 } else { all.len().div_ceil(usize::try_from(most).expect("fits")).max(1) };
    all.into_iter().step_by(stride).collect()
}

/// Runs the matrix over objects; returns runs done. `most`: runs, when not all are taken.
async fn matrix(name: &str, objects: impl Fn() -> Vec<Object> + Sync, most: u64) -> u64 {
    let mut world = World::new(objects());
    let right = live(&mut world).await.unwrap_or_else(|story| panic!("{name}, undisturbed: {story}"));
    let points = world.sim.points();
    let cells = cells(points, most);
    let run = async |(point, fault): Cell| {
        let result = compare(objects(), Faults::at(point, fault), Mutant::NONE, &right).await;
        result.unwrap_or_else(|story| panic!("{name}, {fault:?} at point {point} of {points}: {story}"));
    };
    spread(&cells, run);
    println!(
        "{name}: {} runs over {points} I/O points in {} passes, 0 duplicates, 0 orphans, 0 stuck",
        cells.len(),
        world.passes
    );
    cells.len() as u64
}

/// Runs the cells on all processors; the first that fails ends the test.
fn spread(cells: &[Cell], run: impl AsyncFn(Cell) + Sync) {
    let workers = if full() { available_parallelism().map_or(1, NonZero::get) } else { 1 };
    let (next, run) = (AtomicUsize::new(0), &run);
    let work = || {
        while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
            block_on(run(*cell));
        }
    };
    scope(|threads| (0..workers).for_each(|_| drop(threads.spawn(work))));
}

fn graph(name: &str) -> Graph {
    samples().into_iter().find(|(sample, _)| *sample == name).expect("a sample").1
}

#[tokio::test]
async fn the_smallest_graph_survives_every_fault_at_every_point() {
    let graph = graph("smallest");
    matrix("smallest", || vec![Object::new("orders", graph.clone())], 60).await;
}

#[tokio::test]
async fn every_graph_survives_faults_all_over_its_life() {
    let mut runs = 0;
    for (name, graph) in samples().into_iter().filter(|(name, _)| is_wanted(name)) {
        runs += matrix(name, || vec![Object::new(name, graph.clone())], 2).await;
    }
    println!("{runs} runs");
}

/// A second object whose rule lies in the first one's security group, by an output of the first.
fn guest(graph: &Graph) -> Graph {
    let late = serde_json::json!({ "$terrace": { "object": "DataTier/shop/orders", "output": "access.groupId" } });
    changed(graph, |id, kind, want| {
        if kind == "kubernetes/BindingSecret" {
            want["name"] = "guest-binding".into();
        }
        if id == "access-cluster" {
            want["groupId"] = late.clone();
            // The same rule would be the first object's.
            (want["fromPort"], want["toPort"]) = (6432.into(), 6432.into());
        }
        true
    })
}

#[tokio::test]
async fn objects_that_share_a_target_survive_faults_together() {
    let graph = graph("smallest");
    let both = || vec![Object::new("orders", graph.clone()), Object::new("guest", guest(&graph))];
    matrix("two objects that share a group", both, 8).await;
}

#[tokio::test]
async fn faults_that_come_thick_and_fast_only_delay_the_end() {
    let graph = graph("smallest");
    let objects = || vec![Object::new("orders", graph.clone())];
    let right = live(&mut World::new(objects())).await.unwrap_or_else(|story| panic!("{story}"));
    for seed in 0..if full() { 500 } else { 3 } {
        let faults = Faults::random(seed, Rates::ROUGH).until(2_000);
        let result = compare(objects(), faults, Mutant::NONE, &right).await;
        result.unwrap_or_else(|story| panic!("seed {seed}: {story}"));
    }
}

#[tokio::test]
async fn look_ups_that_lag_make_nothing_twice() {
    let graph = graph("smallest");
    let lagging = || {
        let sim = SimAws::new();
        for kind in ["ec2/SecurityGroup", "ec2/SecurityGroupRule", "iam/Role", "rds/DbInstance"] {
            sim.lag(kind, std::time::Duration::from_secs(20));
        }
        sim
    };
    let objects = || vec![Object::new("orders", graph.clone())];
    let mut world = World::with(lagging(), objects(), Mutant::NONE);
    let right = live(&mut world).await.unwrap_or_else(|story| panic!("{story}"));
    for point in (0..world.sim.points()).step_by(if full() { 1 } else { 90 }) {
        for fault in [Fault::CrashAfter, Fault::LoseReply] {
            let mut world = World::with(lagging(), objects(), Mutant::NONE).faults(Faults::at(point, fault));
            let life = live(&mut world).await.unwrap_or_else(|story| panic!("{fault:?} at {point}: {story}"));
            assert_eq!(life, right, "{fault:?} at {point}");
        }
    }
}

/// True where the matrix finds fault with a mutant.
pub async fn catches(mutant: Mutant, lag: bool) -> bool {
    let graph = graph("smallest");
    let objects = || vec![Object::new("orders", graph.clone())];
    let sim = || {
        let sim = SimAws::new();
        if lag {
            sim.lag("ec2/SecurityGroup", std::time::Duration::from_secs(20));
        }
        sim
    };
    let mut world = World::with(sim(), objects(), Mutant::NONE);
    let right = live(&mut world).await.unwrap_or_else(|story| panic!("{story}"));
    for point in 0..world.sim.points() {
        for fault in [Fault::CrashAfter, Fault::LoseReply, Fault::CrashBefore] {
            let mut world = World::with(sim(), objects(), mutant).faults(Faults::at(point, fault));
            match live(&mut world).await {
                Ok(life) if life == right => {}
                _ => return true,
            }
        }
    }
    false
}
