//! What is foreseen is what is done: for random wishes over random states of AWS and of the record.

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use terrace_engine::plan::{Action, Gate, Plan};
use terrace_engine::sim::Op;
use terrace_model::aws::kinds;
use terrace_model::{Certainty, Diff, Graph, KindSpec, NodeKey};
use terrace_tiers::samples::samples;

use crate::harness::{Deeds, Object, World, changed, edited, replaced};

const CASES: u64 = 1000;

fn spec(kind: &str) -> KindSpec {
    *kinds().iter().find(|spec| spec.kind == kind).expect("a kind of the model")
}

/// Something of what an object may have been through: nothing, a part of its creation, or all of it.
async fn past(world: &mut World, dice: &mut StdRng) {
    match dice.random_range(0..4) {
        0 => {}
        1 => world.passes(dice.random_range(1..6)).await,
        _ => world.ready("create").await,
    }
}

/// Other wishes, or none.
fn wish(world: &mut World, dice: &mut StdRng) {
    let object = &mut world.objects[0];
    let graph = object.graph.clone();
    match dice.random_range(0..6) {
        0 => {}
        1 => object.edit(edited),
        2 => object.edit(replaced),
        3 => object.deleting = true,
        _ => object.graph = reworded(&graph, dice),
    }
}

/// A few texts and numbers of a graph, otherwise.
fn reworded(graph: &Graph, dice: &mut StdRng) -> Graph {
    let seed = dice.random_range(0..u64::MAX);
    let dice = std::cell::RefCell::new(StdRng::seed_from_u64(seed));
    changed(graph, |_, kind, want| {
        let spec = spec(kind);
        for (field, value) in want.as_object_mut().into_iter().flatten() {
            // Without a managed password there is nothing for others to wait for.
            let compared = field != "manageMasterUserPassword"
                && spec.rule(field).is_none()
                && !spec.address.contains(&field.as_str());
            if compared && dice.borrow_mut().random_bool(0.1) {
                match value {
                    Value::Bool(value) => *value = !*value,
                    Value::Number(number) => *value = json!(number.as_i64().unwrap_or_default() + 1),
                    _ => {}
                }
            }
        }
        if want["tags"].is_object() && dice.borrow_mut().random_bool(0.3) {
            want["tags"]["team"] = json!("other");
        }
        true
    })
}

/// What somebody else may have done meanwhile.
fn meddle(world: &World, dice: &mut StdRng) {
    let live = world.sim.console().live();
    for live in live.into_iter().filter(|live| live.maker.is_some()) {
        let spec = spec(&live.key.kind);
        if dice.random_bool(0.03) && live.have["tags"].is_object() {
            world.sim.console().change(&live.handle, "tags.somebody", json!("here"));
        }
        if dice.random_bool(0.03) && !spec.holds_data && !spec.read_only {
            world.sim.console().delete(&live.handle);
        }
    }
}

/// What a plan says that will be done: for certain, and at most.
#[derive(Default)]
struct Foretold {
    certain: BTreeSet<(String, Op)>,
    possible: BTreeSet<(String, Op)>,
    /// Nodes that AWS has not shown yet, or is not rid of: whatever is there decides.
    doubtful: BTreeSet<String>,
}

impl Foretold {
    fn of(path: &str, plan: &Plan) -> Self {
        let mut told = Foretold::default();
        for (key, step) in &plan.0 {
            let held = matches!(step.gate, Gate::Held { .. });
            if matches!(&step.gate, Gate::Waits { on, .. } if on.is_empty()) {
                told.doubtful.insert(format!("{path} {}", key.id));
                continue;
            }
            let next = NodeKey::new(&key.id, key.incarnation + 1);
            let deeds = match &step.action {
                Action::Create(_) => vec![(key, Op::Create, true)],
                Action::Update { diff, .. } => vec![(key, Op::Update, is_certain(diff))],
                Action::Replace { diff, .. } => {
                    let certain = diff.forcing().any(|change| change.certainty == Certainty::Changed);
                    vec![(key, Op::Delete, certain), (&next, Op::Create, certain), (key, Op::Update, false)]
                }
                Action::Release(_) => vec![(key, Op::Update, true)],
                // Its protection is taken off first.
                Action::Delete(_) => vec![(key, Op::Delete, true), (key, Op::Update, false)],
                Action::Look | Action::Keep | Action::Forget | Action::Stop(_) => vec![],
            };
            for (key, op, certain) in deeds.into_iter().filter(|_| !held) {
                let deed = (format!("{path} {key}"), op);
                told.possible.insert(deed.clone());
                told.certain.extend(certain.then_some(deed));
            }
        }
        // While AWS does not show all that was made, more of the old may come before it goes.
        if !told.doubtful.is_empty() {
            let made = plan.0.iter().filter(|(_, step)| matches!(step.action, Action::Create(_)));
            told.doubtful.extend(made.map(|(key, _)| format!("{path} {}", key.id)));
        }
        told
    }

    /// What was done and not foretold, or foretold for certain and not done.
    fn belied(&self, deeds: &Deeds) -> Vec<String> {
        let done: BTreeSet<(String, Op)> =
            deeds.iter().flat_map(|(subject, ops)| ops.iter().map(|op| (subject.clone(), *op))).collect();
        let doubtful =
            |(subject, _): &&(String, Op)| self.doubtful.contains(subject.split('~').next().unwrap_or_default());
        let unforeseen = done
            .difference(&self.possible)
            .filter(|deed| !doubtful(deed))
            .map(|deed| format!("not foreseen: {deed:?}"));
        let undone = self.certain.difference(&done).map(|deed| format!("not done: {deed:?}"));
        unforeseen.chain(undone).collect()
    }
}

fn shown(plan: &Plan) -> String {
    plan.0.iter().map(|(key, step)| format!("{key} {:?} {:?}\n", step.action, step.gate)).collect()
}

fn is_certain(diff: &Diff) -> bool {
    diff.0.iter().any(|change| change.certainty == Certainty::Changed)
}

#[tokio::test]
async fn what_is_foreseen_is_done_and_nothing_else() {
    let (samples, mut steps) = (samples(), 0);
    for case in 0..CASES {
        let mut dice = StdRng::seed_from_u64(case);
        let (name, graph) = &samples[dice.random_range(0..samples.len())];
        let mut world = World::new(vec![Object::new(name, graph.clone())]);
        past(&mut world, &mut dice).await;
        wish(&mut world, &mut dice);
        meddle(&world, &mut dice);
        let begun = world.sim.points();
        let foreseen = world.foresee(0).await;
        assert_eq!(world.deeds(begun), Deeds::new(), "{name}, case {case}: a plan changed something");
        let told = Foretold::of(&world.objects[0].path(), &foreseen.plan);
        let (begun, story) = (world.sim.points(), format!("{name}, case {case}"));
        // It looks as the plan did, and does not go by what it saw before.
        world.restart();
        world.settle().await.unwrap_or_else(|_| panic!("{story}: stuck\n{}", world.sim.trace()));
        let belied = told.belied(&world.deeds(begun));
        assert!(belied.is_empty(), "{story}: {belied:#?}\n{}\n{}", shown(&foreseen.plan), world.sim.trace());
        steps += told.possible.len();
    }
    println!("{CASES} cases, {steps} steps foreseen, 0 of them otherwise");
}
