//! The crash matrix: at every I/O point of a whole life the process dies before or after the call, the reply is lost, the
//! call is throttled or fails; afterwards, with nobody's help, the end is the same as undisturbed.
//!
//! `TERRACE_MATRIX=full` takes every point of every graph, `TERRACE_MATRIX=smallest,proxy` every point of these graphs and
//! none of the others, `TERRACE_MATRIX=100` a hundred points of each; otherwise the points of each graph are sampled, every
//! fault at different ones.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{available_parallelism, scope};

use futures::executor::block_on;
use terrace_engine::sim::{Fault, Faults, Rates, SimAws};
use terrace_model::Graph;
use terrace_tiers::samples::{samples, web_apps_that_share_targets, web_example};

use crate::harness::{Mutant, Object, Stuck, World, changed, edited, replaced, sample};

/// What stands after a stage of a life, and how many snapshots.
type Stage = (&'static str, Vec<String>, usize);
type Life = Vec<Stage>;
/// A stage of a life: its name, and what begins it.
type Act = (&'static str, fn(&mut World));

/// Made, edited, replaced, deleted.
const WHOLE: [Act; 4] = [
    ("create", |_| {}),
    ("edit", |world| world.objects.iter_mut().for_each(|object| object.edit(edited))),
    ("replace", |world| world.objects.iter_mut().for_each(|object| object.edit(replaced))),
    ("delete", |world| world.objects.iter_mut().for_each(|object| object.deleting = true)),
];

/// The first object goes before the others.
const PART: [Act; 3] =
    [("create", |_| {}), ("the first goes", |world| world.objects[0].deleting = true), ("delete", WHOLE[3].1)];

/// A life: made, edited, replaced, deleted.
pub async fn live(world: &mut World) -> Result<Life, String> {
    through(world, &WHOLE).await
}

async fn through(world: &mut World, acts: &[Act]) -> Result<Life, String> {
    let mut life = Vec::new();
    for act in acts {
        life.push(stage(world, act).await?);
    }
    Ok(life)
}

/// What stands once a world is at rest.
async fn stage(world: &mut World, (name, begin): &Act) -> Result<Stage, String> {
    begin(world);
    world.settle().await.map_err(|Stuck| format!("{name}: stuck\n{}", world.sim.trace()))?;
    world.check(name)?;
    Ok((name, world.standing(), world.sim.console().snapshots().len()))
}

/// A life with faults; an error tells what is not the same as in the right one.
async fn compare(objects: Vec<Object>, faults: Faults, acts: &[Act], right: &Life) -> Result<u64, String> {
    let mut world = World::with(SimAws::new(), objects, Mutant::NONE).faults(faults);
    let life = through(&mut world, acts).await?;
    if life == *right {
        Ok(world.sim.points())
    } else {
        Err(format!("{life:#?} instead of {right:#?}\n{}", world.sim.trace()))
    }
}

/// A life from which another can branch off at the beginning of each stage, where a new process takes over.
struct Trunk {
    /// As it stood at the beginning of each stage, and how that stage ended.
    stages: Vec<(World, Act, Ending)>,
    points: u64,
    passes: usize,
}

/// How a stage ended: what stands, and what the inventories say of it.
type Ending = (Stage, Vec<String>);

impl Trunk {
    async fn grow(objects: Vec<Object>, acts: &[Act]) -> Result<Trunk, String> {
        let (mut world, mut stages) = (World::new(objects), Vec::new());
        for act in acts {
            let begins = world.branch();
            world = begins.branch();
            let ending = (stage(&mut world, act).await?, world.inventories());
            stages.push((begins, *act, ending));
        }
        Ok(Trunk { stages, points: world.sim.points(), passes: world.passes })
    }

    /// Lives the stage in which the fault comes. Where it ends as the right one does, the rest of the life is the same.
    async fn branch(&self, (point, fault): Cell) -> Result<(), String> {
        let begun = |(begins, ..): &&(World, Act, Ending)| begins.sim.points() <= point;
        let (begins, act, right) = self.stages.iter().rfind(begun).expect("a stage");
        let mut world = begins.branch().faults(Faults::at(point, fault));
        let ending = (stage(&mut world, act).await?, world.inventories());
        if ending == *right { Ok(()) } else { Err(format!("{ending:#?} instead of {right:#?}\n{}", world.sim.trace())) }
    }
}

/// How much of the matrix is asked for.
enum Asked {
    Sample,
    Runs(usize),
    All,
    Of(String),
}

fn asked() -> Asked {
    match std::env::var("TERRACE_MATRIX") {
        Err(_) => Asked::Sample,
        Ok(word) if word == "full" => Asked::All,
        Ok(word) => word.parse().map_or(Asked::Of(word), Asked::Runs),
    }
}

fn full() -> bool {
    matches!(asked(), Asked::All)
}

/// True for a graph of which every point is asked for.
fn is_whole(graph: &str) -> bool {
    match asked() {
        Asked::All => true,
        Asked::Of(names) => names.split(',').any(|name| name == graph),
        Asked::Sample | Asked::Runs(_) => false,
    }
}

/// False for a graph that is not among those asked for.
fn is_wanted(graph: &str) -> bool {
    !matches!(asked(), Asked::Of(_)) || is_whole(graph)
}

/// One cell of the matrix.
type Cell = (u64, Fault);

/// Every fault at every point, or, when not all are taken, at most so many of these: in all of the life, by all faults.
fn cells(graph: &str, points: u64, most: usize) -> Vec<Cell> {
    let all: Vec<Cell> = (0..points).flat_map(|point| Fault::ALL.map(|fault| (point, fault))).collect();
    let most = match asked() {
        _ if is_whole(graph) => all.len(),
        Asked::Runs(runs) => runs,
        _ => most,
    };
    let stride = all.len().div_ceil(most.max(1)).max(1);
    let stride = if stride > 1 && stride.is_multiple_of(Fault::ALL.len()) { stride + 1 } else { stride };
    all.into_iter().skip(stride / 2).step_by(stride).collect()
}

/// Runs the matrix over the whole life of objects; returns runs done. `most`: runs, when not all are taken.
async fn matrix(name: &str, objects: impl Fn() -> Vec<Object> + Sync, most: usize) -> u64 {
    matrix_of(name, objects, &WHOLE, most).await
}

/// Runs the matrix over a life of objects: all of it by stages; samples of it in whole lives, which show as well that a
/// stage that ends right is followed by a right life.
async fn matrix_of(name: &str, objects: impl Fn() -> Vec<Object> + Sync, acts: &[Act], most: usize) -> u64 {
    let fails = |(point, fault): Cell, points: u64, story: String| -> ! {
        panic!("{name}, {fault:?} at point {point} of {points}: {story}")
    };
    let undisturbed = |story: String| -> ! { panic!("{name}, undisturbed: {story}") };
    let (cells, points, passes) = if is_whole(name) {
        let trunk = Trunk::grow(objects(), acts).await.unwrap_or_else(|story| undisturbed(story));
        let cells = cells(name, trunk.points, most);
        let run = async |cell: Cell| trunk.branch(cell).await.unwrap_or_else(|story| fails(cell, trunk.points, story));
        spread(&cells, run);
        (cells, trunk.points, trunk.passes)
    } else {
        let mut world = World::new(objects());
        let right = through(&mut world, acts).await.unwrap_or_else(|story| undisturbed(story));
        let (points, passes) = (world.sim.points(), world.passes);
        let cells = cells(name, points, most);
        for cell in &cells {
            let result = compare(objects(), Faults::at(cell.0, cell.1), acts, &right).await;
            result.unwrap_or_else(|story| fails(*cell, points, story));
        }
        (cells, points, passes)
    };
    println!(
        "{name}: {} runs over {points} I/O points in {passes} passes, 0 duplicates, 0 orphans, 0 stuck",
        cells.len()
    );
    cells.len() as u64
}

/// Runs the cells on all processors; the first that fails ends the test.
fn spread(cells: &[Cell], run: impl AsyncFn(Cell) + Sync) {
    let workers = available_parallelism().map_or(1, NonZero::get);
    let (next, run) = (AtomicUsize::new(0), &run);
    let work = || {
        while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
            block_on(run(*cell));
        }
    };
    scope(|threads| (0..workers).for_each(|_| drop(threads.spawn(work))));
}

#[tokio::test]
async fn the_smallest_graph_survives_every_fault_at_every_point() {
    let graph = sample("smallest");
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
    let graph = sample("smallest");
    let both = || vec![Object::new("orders", graph.clone()), Object::new("guest", guest(&graph))];
    matrix("two objects that share a group", both, 8).await;
}

#[tokio::test]
async fn the_web_example_survives_faults_as_a_whole() {
    let members = web_example();
    matrix("web example", || Object::linked(members.clone()), 2).await;
}

#[tokio::test]
async fn two_apps_that_share_targets_survive_faults_while_the_first_goes_and_the_second_stays() {
    let members = web_apps_that_share_targets();
    matrix_of("two WebApps on one DataTier and one ObjectTier", || Object::linked(members.clone()), &PART, 2).await;
}

#[tokio::test]
async fn faults_that_come_thick_and_fast_only_delay_the_end() {
    let graph = sample("smallest");
    let objects = || vec![Object::new("orders", graph.clone())];
    let right = live(&mut World::new(objects())).await.unwrap_or_else(|story| panic!("{story}"));
    for seed in 0..if full() { 500 } else { 3 } {
        let faults = Faults::random(seed, Rates::ROUGH).until(2_000);
        let result = compare(objects(), faults, &WHOLE, &right).await;
        result.unwrap_or_else(|story| panic!("seed {seed}: {story}"));
    }
}

#[tokio::test]
async fn look_ups_that_lag_make_nothing_twice() {
    let graph = sample("smallest");
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
    let graph = sample("smallest");
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
