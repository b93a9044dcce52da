//! Objects, a process that may die, and an AWS in which time passes: runs passes until nothing more happens.

mod account;
mod edits;
mod foresee;
mod links;
mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Map, Value};
use terrace_engine::ownership::Adopt;
use terrace_engine::rebuild::{Lost, rebuild};
use terrace_engine::sim::{Faults, Op, STATUS, SimAws};
use terrace_engine::{ChangePolicy, Engine, Ledger, Look, Memory, Outcome, Policy, Registry, Request, Result};
use terrace_model::aws::kinds;
use terrace_model::identity::Freshness;
use terrace_model::{DeletionPolicy, Graph, Inventory, NodeKey, OwnerRef, Place};

use account::{absent, prepare};
pub use account::{plain, tagged};
pub use edits::{changed, edited, rekeyed, replaced, sample, with};
pub use foresee::Deeds;
use links::Linked;

/// The period of the resync.
pub const RESYNC: Duration = Duration::from_secs(600);
/// What was seen so long ago is not seen again.
const RECENT: Duration = Duration::from_secs(540);

/// Passes after which a run counts as stuck.
const PATIENCE: usize = 600;

/// One custom resource.
#[derive(Clone)]
pub struct Object {
    pub owner: OwnerRef,
    pub graph: Graph,
    /// What [`Object::edit`] changes, and how.
    base: Graph,
    edit: fn(&Graph) -> Graph,
    linked: Option<Linked>,
    pub deletion: DeletionPolicy,
    pub deleting: bool,
    pub policy: Policy,
    pub freshness: Freshness,
    pub adopt: Adopt,
    /// It bears the finalizer: a process has been here before.
    held: bool,
    /// This process has looked for a lost inventory.
    searched: bool,
    /// When it is due; `None` while nothing but an event would bring it up.
    due: Option<Timestamp>,
    gone: bool,
    pub last: Option<Arc<Outcome>>,
}

impl Object {
    /// An object of this name, with these wishes.
    pub fn new(name: &str, graph: Graph) -> Self {
        let owner = OwnerRef {
            cluster: "prod".into(),
            namespace: "shop".into(),
            kind: "DataTier".into(),
            name: name.into(),
            uid: format!("uid-{name}"),
        };
        Object {
            deletion: usual_end(&graph),
            owner,
            base: graph.clone(),
            graph,
            edit: Graph::clone,
            linked: None,
            deleting: false,
            policy: Policy { change: ChangePolicy::Automatic, ..Policy::default() },
            freshness: Freshness::Now,
            adopt: Adopt::default(),
            held: false,
            searched: false,
            due: None,
            gone: false,
            last: None,
        }
    }

    /// The name by which other objects refer to it, and its ledger goes.
    pub fn path(&self) -> String {
        format!("{}/{}/{}", self.owner.kind, self.owner.namespace, self.owner.name)
    }

    fn places(&self) -> Vec<Place> {
        let places: BTreeSet<Place> = self.graph.nodes().values().map(|node| node.place.clone()).collect();
        places.into_iter().collect()
    }
}

/// After a last snapshot; of what holds data and has none, by deletion.
fn usual_end(graph: &Graph) -> DeletionPolicy {
    let lasting: BTreeSet<&str> =
        kinds().iter().filter(|spec| spec.holds_data && !spec.snapshots).map(|spec| spec.kind).collect();
    let lasts = graph.nodes().values().any(|node| lasting.contains(node.kind.as_str()));
    if lasts { DeletionPolicy::Delete } else { DeletionPolicy::Snapshot }
}

/// How this process differs from a right one; see `bugs`.
#[derive(Clone, Copy)]
pub struct Mutant {
    pub registry: fn(Registry) -> Registry,
    pub ledger: fn(Box<dyn Ledger>) -> Box<dyn Ledger>,
    pub inventory: fn(Inventory, deleting: bool) -> Inventory,
    pub forgetful: bool,
    pub uid: fn(&str, process: usize) -> String,
}

impl Mutant {
    /// No difference.
    pub const NONE: Mutant = Mutant {
        registry: |registry| registry,
        ledger: |ledger| ledger,
        inventory: |inventory, _| inventory,
        forgetful: false,
        uid: |uid, _| uid.to_owned(),
    };
}

/// A process at work on objects.
pub struct World {
    pub sim: Arc<SimAws>,
    pub objects: Vec<Object>,
    pub passes: usize,
    memory: Memory,
    engine: Arc<Engine>,
    processes: usize,
    mutant: Mutant,
    foreign: BTreeMap<String, Value>,
    /// The inventory is lost right after so many saves, counted over the life of the simulation.
    pub lose_at: Option<u64>,
}

/// A ledger that is lost right after a save, as when an object is restored from a backup.
struct Losing {
    right: Box<dyn Ledger>,
    sim: Arc<SimAws>,
    object: String,
    at: u64,
}

impl Ledger for Losing {
    fn save<'a>(&'a self, inventory: &'a Inventory) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let result = self.right.save(inventory).await;
            if self.sim.calls().of(STATUS, Op::Save) == self.at {
                self.sim.lose_inventory(&self.object);
            }
            result
        })
    }
}

/// A run that did not come to rest.
#[derive(Debug)]
pub struct Stuck;

impl World {
    pub fn new(objects: Vec<Object>) -> Self {
        World::with(SimAws::new(), objects, Mutant::NONE)
    }

    pub fn with(sim: Arc<SimAws>, objects: Vec<Object>, mutant: Mutant) -> Self {
        let mut world = World {
            engine: engine(&sim, &mutant),
            sim,
            objects,
            passes: 0,
            memory: Memory::default(),
            processes: 1,
            mutant,
            foreign: BTreeMap::new(),
            lose_at: None,
        };
        for object in &world.objects {
            prepare(&world.sim, object);
            world.foreign.extend(absent(object, &world.objects));
        }
        world
    }

    /// Another world in which all is as it is here, with a new process.
    pub fn branch(&self) -> Self {
        let sim = self.sim.branch();
        let mut world = World {
            engine: engine(&sim, &self.mutant),
            sim,
            objects: self.objects.clone(),
            passes: self.passes,
            memory: Memory::default(),
            processes: self.processes,
            mutant: self.mutant,
            foreign: self.foreign.clone(),
            lose_at: self.lose_at,
        };
        world.restart();
        world
    }

    pub fn faults(self, faults: Faults) -> Self {
        self.sim.set_faults(faults);
        self
    }

    /// Runs passes until every object is at rest, or gone.
    pub async fn settle(&mut self) -> std::result::Result<(), Stuck> {
        self.run(|_| false).await.map(drop)
    }

    /// Runs passes until something is so.
    pub async fn until(&mut self, so: impl Fn(&World) -> bool) {
        let came = self.run(so).await.unwrap_or_else(|Stuck| panic!("stuck\n{}", self.sim.trace()));
        assert!(came, "at rest before it came to that\n{}", self.sim.trace());
    }

    /// Whether it came to be so before all was at rest.
    async fn run(&mut self, so: impl Fn(&World) -> bool) -> std::result::Result<bool, Stuck> {
        self.wake();
        for _ in 0..PATIENCE * self.objects.len() {
            if so(self) {
                return Ok(true);
            }
            let Some((due, index)) = self.next() else { return Ok(false) };
            self.sim.clock().advance_to(due);
            self.pass(index).await;
        }
        Err(Stuck)
    }

    /// So many passes over the first object, each when it is due, at the latest at the resync.
    pub async fn passes(&mut self, count: usize) {
        for _ in 0..count {
            let now = self.sim.clock().now();
            let resync = now + RESYNC;
            self.sim.clock().advance_to(self.objects[0].due.map_or(resync, |due| due.min(resync)));
            self.pass(0).await;
        }
    }

    /// The next resync of the first object.
    pub async fn resync(&mut self) {
        self.sim.clock().advance_to(self.sim.clock().now() + RESYNC);
        self.pass(0).await;
    }

    /// Somebody says that a node of the first object has just changed.
    pub fn say_changed(&self, node: &str) {
        let uid = (self.mutant.uid)(&self.objects[0].owner.uid, self.processes);
        self.memory.changed(&uid, &NodeKey::new(node, 1), self.sim.clock().now());
    }

    /// Every object is looked at now, as after an event.
    fn wake(&mut self) {
        let now = self.sim.clock().now();
        for object in &mut self.objects {
            object.due = Some(now);
        }
    }

    fn next(&self) -> Option<(Timestamp, usize)> {
        let objects = self.objects.iter().enumerate().filter(|(_, object)| !object.gone);
        objects.filter_map(|(index, object)| Some((object.due?, index))).min()
    }

    /// One pass over one object.
    pub async fn pass(&mut self, index: usize) {
        self.passes += 1;
        let now = self.sim.clock().now();
        if self.is_kept(index) {
            self.objects[index].due = None;
            return;
        }
        let foreign = self.told(index);
        let engine = self.engine.clone();
        let uid = (self.mutant.uid)(&self.objects[index].owner.uid, self.processes);
        let owner = OwnerRef { uid, ..self.objects[index].owner.clone() };
        let kept = self.sim.ledger(&self.objects[index].path());
        let known = kept.load();
        let inventory = match self.inventory(index, known, &engine, &owner).await {
            Ok(inventory) => inventory,
            Err(_) if self.sim.is_crashed() => return self.restart(),
            Err(error) => {
                self.objects[index].due = now.checked_add(error.next_try(0)).ok();
                return;
            }
        };
        let object = &self.objects[index];
        let ledger = self.ledger(object, Box::new(kept));
        let request = Request {
            owner: &owner,
            graph: (!object.deleting).then_some(&object.graph),
            deletion: object.deletion,
            inventory: (self.mutant.inventory)(inventory, object.deleting),
            foreign: &foreign,
            adopt: &object.adopt,
            policy: &object.policy,
            freshness: object.freshness,
            now,
        };
        let outcome = engine.pass(request, &self.memory, ledger.as_ref()).await;
        // The controller writes what became of it with the rest of the status, unless that stands there already.
        let on_record = self.sim.ledger(&object.path()).load();
        let written = match on_record.as_ref() == Some(&outcome.inventory) {
            true => Ok(()),
            false => ledger.save(&outcome.inventory).await,
        };
        if self.mutant.forgetful {
            self.memory = Memory::default();
        }
        if self.sim.is_crashed() {
            return self.restart();
        }
        if let Err(error) = written {
            self.objects[index].due = now.checked_add(error.next_try(0)).ok();
            return;
        }
        self.conclude(index, outcome, now);
    }

    fn ledger(&self, object: &Object, kept: Box<dyn Ledger>) -> Box<dyn Ledger> {
        let ledger = (self.mutant.ledger)(kept);
        match self.lose_at {
            Some(at) => Box::new(Losing { right: ledger, sim: self.sim.clone(), object: object.path(), at }),
            None => ledger,
        }
    }

    /// A finalizer without an inventory: it was lost, and is found again by tags and names before anything else. So is what
    /// an earlier object of the name left, where it is to be taken over.
    async fn inventory(
        &mut self,
        index: usize,
        known: Option<Inventory>,
        engine: &Engine,
        owner: &OwnerRef,
    ) -> Result<Inventory> {
        let object = &mut self.objects[index];
        let begun = std::mem::replace(&mut object.held, true) || object.adopt.same_object;
        let is_lost = begun && known.is_none() && !object.searched;
        if !is_lost {
            return Ok(known.unwrap_or_default());
        }
        let lost = Lost {
            owner,
            places: &object.places(),
            kinds: engine.kinds(),
            graph: Some(&object.graph),
            same_object: object.adopt.same_object,
            memory: &self.memory,
            now: self.sim.clock().now(),
        };
        let found = rebuild(self.sim.as_ref(), &lost).await?;
        object.searched = true;
        Ok(found)
    }

    /// How many processes there have been.
    pub fn processes(&self) -> usize {
        self.processes
    }

    /// A new process begins.
    pub fn restart(&mut self) {
        self.sim.restart();
        self.memory = Memory::default();
        self.engine = engine(&self.sim, &self.mutant);
        self.processes += 1;
        self.objects.iter_mut().for_each(|object| object.searched = false);
        self.wake();
    }

    fn conclude(&mut self, index: usize, outcome: Outcome, now: Timestamp) {
        let object = &mut self.objects[index];
        object.gone = object.deleting && outcome.inventory.0.is_empty() && outcome.unsaved.is_none();
        object.due = outcome.requeue.and_then(|after| now.checked_add(after).ok());
        let path = object.path();
        if object.linked.is_some() {
            self.link(index, &outcome, now);
            self.objects[index].last = Some(Arc::new(outcome));
            return;
        }
        let outputs = outputs(&outcome);
        object.last = Some(Arc::new(outcome));
        // A change of an object's outputs wakes those that use them.
        if self.foreign.insert(path, outputs.clone()) != Some(outputs) {
            for other in self.objects.iter_mut().filter(|other| !other.gone) {
                other.due = other.due.or(Some(now));
            }
        }
    }
}

/// The engine of a new process.
fn engine(sim: &Arc<SimAws>, mutant: &Mutant) -> Arc<Engine> {
    Arc::new(Engine::new((mutant.registry)(sim.registry()), RECENT))
}

/// All outputs of an object, by `node.output`.
fn outputs(outcome: &Outcome) -> Value {
    let mut all = Map::new();
    for (key, look) in &outcome.sights {
        if let Ok(Look::Present(sight)) = look {
            for (name, value) in sight.out.as_object().into_iter().flatten() {
                all.insert(format!("{}.{name}", key.id), value.clone());
            }
        }
    }
    all.into()
}
