//! Objects, a process that may die, and an AWS in which time passes: runs passes until nothing more happens.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use terrace_engine::ownership::Adopt;
use terrace_engine::sim::{Faults, SimAws};
use terrace_engine::{ChangePolicy, Engine, Ledger, Look, Memory, Outcome, Policy, Registry, Request};
use terrace_model::identity::Freshness;
use terrace_model::resolve::references;
use terrace_model::{DeletionPolicy, Graph, Id, Inventory, OwnerRef, Phase, Source, resolve};

/// Passes after which a run counts as stuck.
const PATIENCE: usize = 600;

/// One custom resource.
pub struct Object {
    pub owner: OwnerRef,
    pub graph: Graph,
    pub deletion: DeletionPolicy,
    pub deleting: bool,
    pub policy: Policy,
    pub freshness: Freshness,
    /// When it is due; `None` while nothing but an event would bring it up.
    due: Option<Timestamp>,
    gone: bool,
    pub last: Option<Outcome>,
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
            owner,
            graph,
            deletion: DeletionPolicy::Snapshot,
            deleting: false,
            policy: Policy { change: ChangePolicy::Automatic, ..Policy::default() },
            freshness: Freshness::Now,
            due: None,
            gone: false,
            last: None,
        }
    }

    fn path(&self) -> String {
        format!("DataTier/{}/{}", self.owner.namespace, self.owner.name)
    }
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
    processes: usize,
    mutant: Mutant,
    foreign: BTreeMap<String, Value>,
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
            sim,
            objects,
            passes: 0,
            memory: Memory::default(),
            processes: 1,
            mutant,
            foreign: BTreeMap::new(),
        };
        for object in &world.objects {
            prepare(&world.sim, object);
            world.foreign.extend(absent(object, &world.objects));
        }
        world
    }

    pub fn faults(self, faults: Faults) -> Self {
        self.sim.set_faults(faults);
        self
    }

    /// Runs passes until every object is at rest, or gone.
    pub async fn settle(&mut self) -> Result<(), Stuck> {
        let now = self.sim.clock().now();
        for object in &mut self.objects {
            object.due = Some(now);
        }
        let mut left = PATIENCE * self.objects.len();
        while let Some((due, index)) = self.next() {
            left = left.checked_sub(1).ok_or(Stuck)?;
            self.sim.clock().advance_to(due);
            self.pass(index).await;
        }
        Ok(())
    }

    fn next(&self) -> Option<(Timestamp, usize)> {
        let objects = self.objects.iter().enumerate().filter(|(_, object)| !object.gone);
        objects.filter_map(|(index, object)| Some((object.due?, index))).min()
    }

    /// One pass over one object.
    pub async fn pass(&mut self, index: usize) {
        self.passes += 1;
        let now = self.sim.clock().now();
        let object = &self.objects[index];
        let engine = Engine::new((self.mutant.registry)(self.sim.registry()));
        let kept = self.sim.ledger(&object.path());
        let inventory = (self.mutant.inventory)(kept.load().unwrap_or_default(), object.deleting);
        let ledger = (self.mutant.ledger)(Box::new(kept));
        let owner = OwnerRef { uid: (self.mutant.uid)(&object.owner.uid, self.processes), ..object.owner.clone() };
        let adopt = Adopt::default();
        let request = Request {
            owner: &owner,
            graph: (!object.deleting).then_some(&object.graph),
            deletion: object.deletion,
            inventory,
            foreign: &self.foreign,
            adopt: &adopt,
            policy: &object.policy,
            freshness: object.freshness,
            now,
        };
        let outcome = engine.pass(request, &self.memory, ledger.as_ref()).await;
        if self.mutant.forgetful {
            self.memory = Memory::default();
        }
        if self.sim.is_crashed() {
            return self.restart();
        }
        self.conclude(index, outcome, now);
    }

    fn restart(&mut self) {
        self.sim.restart();
        self.memory = Memory::default();
        self.processes += 1;
        let now = self.sim.clock().now();
        for object in &mut self.objects {
            object.due = Some(now);
        }
    }

    fn conclude(&mut self, index: usize, outcome: Outcome, now: Timestamp) {
        let object = &mut self.objects[index];
        object.gone = object.deleting && outcome.inventory.0.is_empty() && outcome.unsaved.is_none();
        object.due = outcome.requeue.and_then(|after| now.checked_add(after).ok());
        let path = object.path();
        let outputs = outputs(&outcome);
        object.last = Some(outcome);
        // A change of an object's outputs wakes those that use them.
        if self.foreign.insert(path, outputs.clone()) != Some(outputs) {
            for other in self.objects.iter_mut().filter(|other| !other.gone) {
                other.due = other.due.or(Some(now));
            }
        }
    }

    /// What stands and is owned by an object: kind, owner's name and node, of what is owned.
    pub fn standing(&self) -> Vec<String> {
        let live: Vec<_> = self.sim.console().live().into_iter().filter(|live| live.maker.is_some()).collect();
        let mut names: Vec<String> =
            live.iter().map(|live| format!("{} {}", live.key.kind, label(&live.tags()))).collect();
        names.sort();
        names
    }

    /// Every object is as wished: all its entries are Ready, and nothing is left to do.
    pub fn is_ready(&self, index: usize) -> bool {
        let Some(outcome) = &self.objects[index].last else { return false };
        let ready = outcome.inventory.0.values().all(|entry| entry.phase == Phase::Ready);
        ready && !outcome.plan.has_changes() && outcome.failures.is_empty() && outcome.pending.is_none()
    }

    /// Fails with the whole story, if anything is not as it must be.
    pub fn check(&self, when: &str) -> Result<(), String> {
        let alive: Vec<&str> =
            self.objects.iter().filter(|object| !object.gone).map(|object| object.owner.uid.as_str()).collect();
        let audit = self.sim.audit(&alive);
        if !audit.is_clean() || !self.sim.violations().is_empty() {
            return Err(format!("{when}: {audit:#?}\n{}", self.sim.trace()));
        }
        for (index, object) in self.objects.iter().enumerate() {
            if !object.deleting && !self.is_ready(index) {
                let outcome =
                    object.last.as_ref().map(|outcome| format!("{:#?}\n{:#?}", outcome.plan, outcome.failures));
                return Err(format!(
                    "{when}: {} is not ready: {}\n{}",
                    object.owner.name,
                    outcome.unwrap_or_default(),
                    self.sim.trace()
                ));
            }
            if object.deleting && !object.gone {
                return Err(format!("{when}: {} is not gone\n{}", object.owner.name, self.sim.trace()));
            }
        }
        Ok(())
    }
}

fn label(tags: &BTreeMap<String, String>) -> String {
    let tag = |key: &str| tags.get(&format!("terrace.dev/{key}")).cloned().unwrap_or_default();
    format!("{} {}~{}", tag("name"), tag("node"), tag("incarnation"))
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

/// Puts what the graph restores from into the account.
fn prepare(sim: &SimAws, object: &Object) {
    for (id, node) in object.graph.nodes() {
        if let Some(name) = node.want.pointer("/restoreFrom/snapshot").and_then(Value::as_str) {
            sim.console().put_snapshot(&node.kind, &node.place.region, name);
        }
        if let Some(source) = node.want.pointer("/restoreFrom/pointInTime/source").and_then(Value::as_str) {
            let mut have = resolve(&node.want, &|_| Some("of-the-source".into())).value;
            have["restoreFrom"] = Value::Null;
            let id = Id {
                owner: object.owner.clone(),
                place: node.place.clone(),
                kind: node.kind.clone(),
                node: id.clone(),
                incarnation: 1,
                remade: 0,
                handle: None,
                address: Map::new(),
                freshness: Freshness::Now,
            };
            sim.console().create_named(&id, source, &have);
        }
    }
}

/// Outputs of the objects that a graph refers to and that are not part of the test.
fn absent(object: &Object, objects: &[Object]) -> BTreeMap<String, Value> {
    let mut outputs: BTreeMap<String, Value> = BTreeMap::new();
    let all = object.graph.nodes().values().flat_map(|node| references(&node.want));
    for reference in all {
        if let Source::Object(path) = reference.source
            && objects.iter().all(|object| object.path() != path)
        {
            let text = format!("{}-of-{path}", reference.output);
            outputs.entry(path).or_insert_with(|| json!({}))[reference.output] = text.into();
        }
    }
    outputs
}

/// A copy of a graph, changed node by node; `None` leaves a node out.
pub fn changed(graph: &Graph, change: impl Fn(&str, &str, &mut Value) -> bool) -> Graph {
    let mut wire = serde_json::to_value(graph).expect("a graph is plain data");
    let nodes = wire["nodes"].as_object_mut().expect("nodes by id");
    nodes.retain(|id, node| {
        let kind = node["kind"].as_str().unwrap_or_default().to_owned();
        change(id, &kind, &mut node["want"])
    });
    let changed: Graph = serde_json::from_value(wire).expect("a graph");
    changed.check().expect("still a graph");
    changed
}

/// An edit of every node: another tag, and another class where there is one.
pub fn edited(graph: &Graph) -> Graph {
    changed(graph, |_, _, want| {
        if want["tags"].is_object() {
            want["tags"]["edited"] = json!("yes");
        }
        if want["dbInstanceClass"].as_str().is_some_and(|class| class != "db.serverless") {
            want["dbInstanceClass"] = json!("db.r8g.4xlarge");
        }
        true
    })
}

/// An edit that forces replacements: another key for what holds data, another text for security groups; and the rule that
/// lets the cluster in is left out.
pub fn replaced(graph: &Graph) -> Graph {
    changed(graph, |id, kind, want| {
        match kind {
            "rds/DbInstance" | "rds/DbCluster" => want["kmsKeyId"] = json!("arn:aws:kms:eu-west-1:1:key/other"),
            "ec2/SecurityGroup" => want["description"] = json!("another text"),
            _ => {}
        }
        id != "access-cluster"
    })
}
