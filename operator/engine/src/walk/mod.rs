//! Carries a plan out: every open step at once, planning again as outputs come in, until nothing is left to do now.
//!
//! The order survives a crash: look, write the intent, create, look again; what became of it is written last.

mod foresee;
mod trust;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use jiff::Timestamp;
use serde_json::{Map, Value};
use terrace_model::identity::Freshness;
use terrace_model::{DeletionPolicy, Entry, Graph, Inventory, NodeKey, OwnerRef};

use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::memory::Memory;
use crate::outcome::{Outcome, Requeue, rotation};
use crate::ownership::Adopt;
use crate::plan::{Action, Gate, Plan, Step, Why, plan};
use crate::policy::{Filtered, Policy, filter};
use crate::provider::{Backup, Look, Registry};
use crate::record::{intend, settle};
use crate::situation::{Kinds, Sights, Situation};
use crate::step::{Doing, Done, Task, perform};
use crate::wish::Wishes;

/// What one pass is about.
pub struct Request<'a> {
    pub owner: &'a OwnerRef,
    /// The wishes; `None` when the object is being deleted.
    pub graph: Option<&'a Graph>,
    /// The object's policy, for when it is being deleted.
    pub deletion: DeletionPolicy,
    pub inventory: Inventory,
    pub foreign: &'a BTreeMap<String, Value>,
    pub adopt: &'a Adopt,
    pub policy: &'a Policy,
    /// How fresh the first look must be: `Recent` for a resync, `Now` after an edit or a restart.
    pub freshness: Freshness,
    pub now: Timestamp,
}

/// The providers of an Environment and what this process remembers.
pub struct Engine {
    pub(crate) registry: Registry,
    kinds: Kinds,
    recent: Duration,
}

impl Engine {
    /// An engine over these providers. For `recent` after it was seen to stand as wished, a node is believed to do so
    /// still, unless something is to be changed: less than the period of the resync, which finds drift.
    pub fn new(registry: Registry, recent: Duration) -> Self {
        let kinds = registry.iter().map(|provider| (provider.spec().kind, *provider.spec())).collect();
        Engine { registry, kinds, recent }
    }

    /// The specifications of all kinds that it knows.
    pub fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// Brings AWS as near to the wishes as it can get without waiting. What became of it is for the caller to write, in one
    /// with what it says of it.
    pub async fn pass(&self, request: Request<'_>, memory: &Memory, ledger: &dyn Ledger) -> Outcome {
        let mut walk = Walk::new(self, request, memory);
        let unsaved = walk.run(ledger).await.err();
        walk.outcome(unsaved)
    }
}

struct Walk<'a> {
    engine: &'a Engine,
    memory: &'a Memory,
    request: Request<'a>,
    inventory: Inventory,
    wishes: Wishes,
    saved: Inventory,
    sights: Sights,
    backups: BTreeMap<NodeKey, Vec<Backup>>,
    /// Steps taken in this pass: none is taken twice.
    done: BTreeSet<(NodeKey, Doing)>,
    failures: BTreeMap<NodeKey, Error>,
    drift: BTreeMap<NodeKey, Vec<String>>,
    freshness: Freshness,
    /// What was not looked at in this pass but remembered, and when it was seen.
    recalled: BTreeMap<NodeKey, Timestamp>,
    /// What memory said of these is not believed in this pass.
    doubted: BTreeSet<NodeKey>,
    /// Of what is only looked at, the address that it was looked at under.
    looked_under: BTreeMap<NodeKey, Map<String, Value>>,
    /// What is foreseen to be replaced or made anew: what it gives out now, it will not give out then.
    moves: BTreeSet<String>,
}

impl<'a> Walk<'a> {
    fn new(engine: &'a Engine, request: Request<'a>, memory: &'a Memory) -> Self {
        let inventory = request.inventory.clone();
        Walk {
            engine,
            memory,
            saved: inventory.clone(),
            inventory,
            wishes: Wishes::default(),
            sights: Sights::new(),
            backups: BTreeMap::new(),
            done: BTreeSet::new(),
            failures: BTreeMap::new(),
            drift: BTreeMap::new(),
            freshness: request.freshness,
            recalled: BTreeMap::new(),
            doubted: BTreeSet::new(),
            looked_under: BTreeMap::new(),
            moves: BTreeSet::new(),
            request,
        }
    }
}

fn is_looking(plan: &Plan) -> bool {
    plan.0.values().any(|step| step.action == Action::Look)
}

impl Walk<'_> {
    async fn run(&mut self, ledger: &dyn Ledger) -> Result<()> {
        let mut running: FuturesUnordered<BoxFuture<'static, Done>> = FuturesUnordered::new();
        loop {
            let filtered = self.plan();
            if self.must_look_again(&filtered.plan)
                || self.doubt_memory(&filtered.plan)
                || self.look_elsewhere(&filtered.plan)
            {
                continue;
            }
            if self.intend(&filtered) || self.forget(&filtered.plan) {
                continue;
            }
            // Nothing is changed before all has been seen: what is seen last may have to go first.
            let looking = is_looking(&filtered.plan);
            let spared = self.spared(&filtered.plan);
            let due = |key: &NodeKey, step: &Step| match looking {
                true => step.action == Action::Look && !spared.contains(key),
                false => step.gate == Gate::Open,
            };
            let due: Vec<_> = filtered.plan.0.iter().filter(|(key, step)| due(key, step)).collect();
            self.put_on_record(&due, ledger).await?;
            for (key, step) in due {
                running.extend(self.start(key, step));
            }
            if running.is_empty() && !spared.is_empty() {
                self.sights.extend(spared.into_iter().map(|key| (key, Ok(Look::Absent))));
                continue;
            }
            match running.next().await {
                Some(done) => self.take(done),
                None => {
                    self.inventory = settle(&filtered.plan, &self.situation(&self.doubtful()), self.request.now);
                    return Ok(());
                }
            }
            // Whatever else has come back by now goes into the same plan.
            while let Some(Some(done)) = running.next().now_or_never() {
                self.take(done);
            }
        }
    }

    fn doubtful(&self) -> BTreeSet<NodeKey> {
        self.memory.doubtful(&self.request.owner.uid, &self.inventory, &self.engine.kinds, self.request.now)
    }

    fn situation<'s>(&'s self, doubtful: &'s BTreeSet<NodeKey>) -> Situation<'s> {
        Situation {
            owner: self.request.owner,
            graph: self.request.graph,
            deletion: self.request.deletion,
            inventory: &self.inventory,
            sights: &self.sights,
            kinds: &self.engine.kinds,
            foreign: self.request.foreign,
            adopt: self.request.adopt,
            doubtful,
            backups: &self.backups,
            moves: &self.moves,
        }
    }

    fn plan(&mut self) -> Filtered {
        let (doubtful, mut wishes) = (self.doubtful(), std::mem::take(&mut self.wishes));
        let situation = self.situation(&doubtful);
        let filtered = filter(self.request.policy, plan(&situation, &mut wishes), &situation);
        self.wishes = wishes;
        filtered
    }

    /// Enters what is to be made, which is on record before anything is done about it. True where something changed, and the
    /// plan with it.
    fn intend(&mut self, filtered: &Filtered) -> bool {
        if is_looking(&filtered.plan) {
            return false;
        }
        let doubtful = self.doubtful();
        let (inventory, new) = intend(filtered, &self.situation(&doubtful));
        let changed = inventory != self.inventory;
        self.inventory = inventory;
        let gone = |step: &Step| step.action == Action::Create(Why::Missing) && step.gate == Gate::Open;
        for (key, _) in filtered.plan.0.iter().filter(|(_, step)| gone(step)) {
            self.drift.insert(key.clone(), vec!["deleted".into()]);
        }
        for key in &new {
            self.memory.intended(&self.request.owner.uid, key);
        }
        changed
    }

    /// Writes the whole inventory, once, where something is about to be changed and the record lacks what is to be, or still
    /// has what went to make room: what one change begins must not be forgotten over it, and who went must not be taken for
    /// its successor.
    async fn put_on_record(&mut self, due: &[(&NodeKey, &Step)], ledger: &dyn Ledger) -> Result<()> {
        let changes = |(key, step): &(&NodeKey, &Step)| {
            let doing = Doing::of(&step.action).filter(|doing| *doing != Doing::Look);
            doing.is_some_and(|doing| !self.done.contains(&((*key).clone(), doing)))
        };
        if due.iter().any(changes) && self.is_record_behind() {
            ledger.save(&self.inventory).await?;
            self.saved = self.inventory.clone();
        }
        Ok(())
    }

    fn is_record_behind(&self) -> bool {
        let made_room =
            |key: &NodeKey| !self.inventory.0.contains_key(key) && self.inventory.current(&key.id).is_some();
        !self.inventory.0.keys().all(|key| self.is_on_record(key)) || self.saved.0.keys().any(made_room)
    }

    /// Whether all that was intended of it is on record. A handle need not be: the look that follows a crash finds it.
    fn is_on_record(&self, key: &NodeKey) -> bool {
        let (Some(entry), Some(saved)) = (self.inventory.0.get(key), self.saved.0.get(key)) else { return false };
        saved == entry || Entry { handle: entry.handle.clone(), ..saved.clone() } == *entry
    }

    /// Strikes off what is gone at once, so that what it kept alive can go in this same pass.
    fn forget(&mut self, plan: &Plan) -> bool {
        let gone = plan.0.iter().filter(|(_, step)| step.action == Action::Forget && step.gate == Gate::Open);
        gone.filter(|(key, _)| self.inventory.0.remove(key).is_some()).count() > 0
    }

    /// Starts a step, if it is open, on record, and was not taken in this pass.
    fn start(&mut self, key: &NodeKey, step: &Step) -> Option<BoxFuture<'static, Done>> {
        let doing = Doing::of(&step.action)?;
        if let (Doing::Look, Some(address)) = (doing, self.address_of_look(step)) {
            self.looked_under.insert(key.clone(), address);
        }
        if let (Doing::Look, Some(done)) = (doing, self.recall(key, step)) {
            return Some(Box::pin(std::future::ready(done)));
        }
        let recorded = doing == Doing::Look || self.is_on_record(key);
        if step.gate != Gate::Open || !recorded || !self.done.insert((key.clone(), doing)) {
            return None;
        }
        let provider = match self.engine.registry.get(&step.kind) {
            Ok(provider) => provider.clone(),
            Err(error) => {
                self.failures.insert(key.clone(), error);
                return None;
            }
        };
        if doing == Doing::Create {
            self.memory.sending(&self.request.owner.uid, key, self.request.now);
        }
        if let Action::Update { diff, drift: true } = &step.action {
            self.drift.insert(key.clone(), diff.0.iter().map(|change| change.path.clone()).collect());
        }
        Some(perform(provider, self.task(key, step)))
    }

    fn task(&self, key: &NodeKey, step: &Step) -> Task {
        let doubtful = BTreeSet::new();
        let situation = self.situation(&doubtful);
        let freshness = if step.action == Action::Look { self.freshness_of(key) } else { Freshness::Now };
        let mut id = situation.id(key, &step.kind, &step.place, freshness);
        // What was found again by its tags, or named for adoption, has a handle and no address on record.
        let unplaced = id.handle.is_none() || id.address.is_empty();
        if let Some(address) = step.wish.as_ref().and_then(|wish| wish.address.as_ref())
            && (unplaced || self.has_moved(&step.kind, &id.address, address))
        {
            id.address = address.clone();
        }
        Task {
            key: key.clone(),
            id,
            action: step.action.clone(),
            want: step.wish.as_ref().map(|wish| wish.value.clone()).unwrap_or_default(),
            have: situation.sight(key).map(|sight| sight.have.clone()).unwrap_or_default(),
            stood: self.inventory.0.get(key).is_some_and(|entry| entry.created.is_some()),
        }
    }

    fn has_moved(&self, kind: &str, from: &Map<String, Value>, to: &Map<String, Value>) -> bool {
        self.engine.kinds.get(kind).is_some_and(|spec| spec.is_same_address(from, to))
    }

    fn take(&mut self, done: Done) {
        if let (Some(handle), Some(entry)) = (done.handle, self.inventory.0.get_mut(&done.key)) {
            entry.handle = Some(handle);
        }
        if let Some(backups) = done.backups {
            self.backups.insert(done.key.clone(), backups);
        }
        if let Some(look) = done.look {
            self.sights.insert(done.key.clone(), look);
        }
        if let Some(error) = done.failure {
            self.failures.insert(done.key, error);
        }
    }

    fn outcome(mut self, unsaved: Option<Error>) -> Outcome {
        let Filtered { plan, pending, .. } = self.plan();
        let requeue =
            Requeue { engine: self.engine, memory: self.memory, uid: &self.request.owner.uid, now: self.request.now };
        let requeue = requeue.after(&plan, &self.sights, &self.failures, unsaved.as_ref());
        self.remember(&plan);
        let rotation = rotation(&self.sights, self.request.now);
        let Walk { inventory, sights, failures, drift, .. } = self;
        Outcome { inventory, plan, sights, pending, failures, drift, requeue, rotation, unsaved }
    }
}
