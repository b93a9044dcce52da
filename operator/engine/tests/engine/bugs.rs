//! Planted bugs: each is a way in which an operator goes wrong, and the matrix catches every one. A matrix that lets one
//! pass proves nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use futures::future::BoxFuture;
use serde_json::Value;
use terrace_engine::sim::SimAws;
use terrace_engine::{Backup, Disposal, Erased, Error, Ledger, Look, Pace, Registry, Result, Sight, report};
use terrace_model::{Diff, Handle, Id, Inventory, KindSpec, NodeKey, Owner, Phase};

use crate::crash::catches;
use crate::harness::{Mutant, Object, World, sample};

/// A provider with a bug.
struct Wrong {
    right: Arc<dyn Erased>,
    bug: Bug,
}

#[derive(Clone, Copy, PartialEq)]
enum Bug {
    RetriesAnAmbiguousCreate,
    CreatesWithoutTags,
    TakesAcceptedDeletesForDone,
    TakesWhateverItSeesForItsOwn,
    CallsItAnotherNameEachTime,
    IgnoresWhatItSees,
    TakesFailuresForSuccess,
    NamesSnapshotsByTheClock,
}

static COUNT: AtomicUsize = AtomicUsize::new(0);

impl Wrong {
    fn id(&self, id: &Id) -> Id {
        match self.bug {
            Bug::CallsItAnotherNameEachTime if id.handle.is_none() => {
                Id { node: format!("{}-{}", id.node, COUNT.fetch_add(1, Relaxed)), ..id.clone() }
            }
            _ => id.clone(),
        }
    }
}

impl Erased for Wrong {
    fn spec(&self) -> &KindSpec {
        self.right.spec()
    }

    fn actions(&self) -> &'static [&'static str] {
        self.right.actions()
    }

    fn pace(&self) -> Pace {
        self.right.pace()
    }

    fn observe<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Look>> {
        Box::pin(async move {
            let look = self.right.observe(&self.id(id)).await?;
            Ok(match (self.bug, look) {
                (Bug::TakesWhateverItSeesForItsOwn, Look::Present(mut sight)) => {
                    sight.owner = Owner::Inherent;
                    Look::Present(sight)
                }
                (Bug::TakesAcceptedDeletesForDone, Look::Present(sight))
                    if sight.state == terrace_engine::State::Deleting =>
                {
                    Look::Absent
                }
                (Bug::IgnoresWhatItSees, _) if id.handle.is_none() => Look::Absent,
                (_, look) => look,
            })
        })
    }

    fn create<'a>(&'a self, id: &'a Id, want: &'a Value) -> BoxFuture<'a, Result<Handle>> {
        Box::pin(async move {
            let mut want = want.clone();
            if self.bug == Bug::CreatesWithoutTags && want["tags"].is_object() {
                want["tags"] = serde_json::json!({});
            }
            let id = self.id(id);
            match (self.bug, self.right.create(&id, &want).await) {
                (Bug::RetriesAnAmbiguousCreate, Err(Error::Retry { .. })) => self.right.create(&id, &want).await,
                (Bug::TakesFailuresForSuccess, Err(_)) => Ok(Handle("arn:made-up".into())),
                (_, result) => result,
            }
        })
    }

    fn update<'a>(&'a self, id: &'a Id, have: &'a Value, want: &'a Value, diff: &'a Diff) -> BoxFuture<'a, Result<()>> {
        self.right.update(id, have, want, diff)
    }

    fn delete<'a>(&'a self, id: &'a Id, have: &'a Value, disposal: Disposal) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let disposal = match (self.bug, disposal) {
                (Bug::NamesSnapshotsByTheClock, Disposal::Snapshot(name)) => {
                    Disposal::Snapshot(format!("{name}-{}", COUNT.fetch_add(1, Relaxed)))
                }
                (_, disposal) => disposal,
            };
            self.right.delete(id, have, disposal).await
        })
    }

    fn made(&self, id: &Id, want: &Value, handle: &Handle) -> Option<Sight> {
        self.right.made(id, want, handle)
    }

    fn backups<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Vec<Backup>>> {
        self.right.backups(id)
    }
}

fn with(registry: Registry, bug: Bug) -> Registry {
    let wrap = |all: Registry, right: &Arc<dyn Erased>| all.with_erased(Arc::new(Wrong { right: right.clone(), bug }));
    registry.iter().fold(Registry::default(), wrap)
}

/// A ledger that says it wrote what it did not.
struct Lying(Box<dyn Ledger>, fn(&Inventory) -> bool);

impl Ledger for Lying {
    fn save<'a>(&'a self, inventory: &'a Inventory) -> BoxFuture<'a, Result<()>> {
        if (self.1)(inventory) { self.0.save(inventory) } else { Box::pin(async { Ok(()) }) }
    }
}

fn only_made(inventory: &Inventory) -> bool {
    inventory.0.values().all(|entry| entry.phase != Phase::Intended)
}

async fn caught(name: &str, mutant: Mutant, lag: bool) {
    assert!(catches(mutant, lag).await, "the matrix lets this pass: {name}");
}

macro_rules! provider_bugs {
    ($($name:ident: $bug:ident, $lag:literal;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                caught(stringify!($name), Mutant { registry: |all| with(all, Bug::$bug), ..Mutant::NONE }, $lag).await;
            }
        )*
    };
}

provider_bugs! {
    an_ambiguous_create_that_is_simply_retried: RetriesAnAmbiguousCreate, true;
    a_create_without_owner_tags: CreatesWithoutTags, false;
    an_accepted_delete_taken_for_done: TakesAcceptedDeletesForDone, false;
    a_name_that_changes_from_try_to_try: CallsItAnotherNameEachTime, false;
    a_create_that_looks_for_nothing_first: IgnoresWhatItSees, false;
    a_failure_taken_for_success: TakesFailuresForSuccess, false;
    a_last_snapshot_named_by_the_clock: NamesSnapshotsByTheClock, false;
}

#[tokio::test]
async fn a_create_before_its_intent() {
    let mutant = Mutant { ledger: |right| Box::new(Lying(right, only_made)), ..Mutant::NONE };
    caught("intent", mutant, false).await;
}

#[tokio::test]
async fn an_inventory_that_is_never_written() {
    let mutant = Mutant { ledger: |right| Box::new(Lying(right, |_| false)), ..Mutant::NONE };
    caught("no inventory", mutant, false).await;
}

#[tokio::test]
async fn a_deletion_that_follows_what_is_ready_and_not_the_inventory() {
    let ready = |inventory: Inventory, deleting: bool| {
        let keep = |entry: &terrace_model::Entry| !deleting || entry.phase == Phase::Ready;
        inventory.0.into_values().filter(keep).collect()
    };
    caught("live evaluation", Mutant { inventory: ready, ..Mutant::NONE }, false).await;
}

#[tokio::test]
async fn a_deletion_that_knows_no_order() {
    let flat = |mut inventory: Inventory, _| {
        inventory.0.values_mut().for_each(|entry| entry.depends_on.clear());
        inventory
    };
    caught("order", Mutant { inventory: flat, ..Mutant::NONE }, false).await;
}

#[tokio::test]
async fn an_identity_that_does_not_outlive_the_process() {
    let mutant = Mutant { uid: |uid, process| format!("{uid}-{process}"), ..Mutant::NONE };
    caught("identity", mutant, false).await;
}

/// What becomes of a life into which a stranger's resource of our name stands: the matrix has none.
async fn beside_a_stranger(mutant: Mutant) -> World {
    let graph = sample("smallest");
    let sim = SimAws::new();
    let node = graph.node("subnets").expect("a subnet group").clone();
    let object = Object::new("orders", graph);
    let id = Id::new(&object.owner, &node.place, &node.kind, &NodeKey::new("subnets", 1));
    sim.console().create_foreign(&id, &node.want);
    let mut world = World::with(sim, vec![object], mutant);
    for _ in 0..3 {
        world.pass(0).await;
    }
    world
}

#[tokio::test]
async fn a_stranger_taken_for_ones_own() {
    let right = beside_a_stranger(Mutant::NONE).await;
    assert!(right.sim.violations().is_empty(), "{}", right.sim.trace());
    let last = right.objects[0].last.as_ref().expect("a pass");
    assert_eq!(report(last, false).ready.reason, "NotOwned");
    let mutant = Mutant { registry: |all| with(all, Bug::TakesWhateverItSeesForItsOwn), ..Mutant::NONE };
    let wrong = beside_a_stranger(mutant).await;
    assert!(!wrong.sim.violations().is_empty(), "the simulation lets a stranger's resource be touched");
}
