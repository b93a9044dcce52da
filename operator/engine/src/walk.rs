//! Carries a plan out: every open step at once, planning again as outputs come in, until nothing is left to do now.
//!
//! The order survives a crash: look, write the intent, create, look again, write what became of it.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use jiff::Timestamp;
use serde_json::Value;
use terrace_model::identity::Freshness;
use terrace_model::{DeletionPolicy, Graph, Inventory, NodeKey, OwnerRef};

use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::memory::Memory;
use crate::outcome::{Outcome, Requeue};
use crate::ownership::Adopt;
use crate::plan::{Action, Gate, Plan, Step, plan};
use crate::policy::{Filtered, Policy, filter};
use crate::provider::{Backup, Registry};
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
}

impl Engine {
    /// An engine over these providers.
    pub fn new(registry: Registry) -> Self {
        let kinds = registry.iter().map(|provider| (provider.spec().kind, *provider.spec())).collect();
        Engine { registry, kinds }
    }

    /// The specifications of all kinds that it knows.
    pub fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// Brings AWS as near to the wishes as it can get without waiting.
    pub async fn pass(&self, request: Request<'_>, memory: &Memory, ledger: &dyn Ledger) -> Outcome {
        let inventory = request.inventory.clone();
        let mut walk = Walk {
            engine: self,
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
            request,
        };
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
}

fn is_looking(plan: &Plan) -> bool {
    plan.0.values().any(|step| step.action == Action::Look)
}

impl Walk<'_> {
    async fn run(&mut self, ledger: &dyn Ledger) -> Result<()> {
        let mut running: FuturesUnordered<BoxFuture<'static, Done>> = FuturesUnordered::new();
        loop {
            let filtered = self.plan();
            if self.must_look_again(&filtered.plan) {
                continue;
            }
            if self.intend(&filtered, ledger).await? {
                continue;
            }
            if self.forget(&filtered.plan) {
                continue;
            }
            // Nothing is changed before all has been seen: what is seen last may have to go first.
            let looking = is_looking(&filtered.plan);
            for (key, step) in filtered.plan.0.iter().filter(|(_, step)| !looking || step.action == Action::Look) {
                running.extend(self.start(key, step));
            }
            match running.next().await {
                Some(done) => self.take(done),
                None => return self.settle(&filtered.plan, ledger).await,
            }
            // Whatever else has come back by now goes into the same plan.
            while let Some(Some(done)) = running.next().now_or_never() {
                self.take(done);
            }
        }
    }

    async fn settle(&mut self, plan: &Plan, ledger: &dyn Ledger) -> Result<()> {
        self.inventory = settle(plan, &self.situation(&self.doubtful()), self.request.now);
        self.save(ledger).await
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
        }
    }

    fn plan(&mut self) -> Filtered {
        let (doubtful, mut wishes) = (self.doubtful(), std::mem::take(&mut self.wishes));
        let situation = self.situation(&doubtful);
        let filtered = filter(self.request.policy, plan(&situation, &mut wishes), &situation);
        self.wishes = wishes;
        filtered
    }

    /// Nothing is changed on the word of an old list: where a change shows, everything is looked at afresh.
    fn must_look_again(&mut self, plan: &Plan) -> bool {
        let looked = plan.0.values().all(|step| step.action != Action::Look);
        let again = self.freshness == Freshness::Recent && looked && plan.has_changes();
        if again {
            self.freshness = Freshness::Now;
            self.sights.clear();
            self.done.clear();
        }
        again
    }

    /// Writes what is about to be made, before it is made. True where something changed, and the plan with it.
    async fn intend(&mut self, filtered: &Filtered, ledger: &dyn Ledger) -> Result<bool> {
        if is_looking(&filtered.plan) {
            return Ok(false);
        }
        let doubtful = self.doubtful();
        let (inventory, new) = intend(filtered, &self.situation(&doubtful));
        let changed = inventory != self.inventory;
        self.inventory = inventory;
        self.save(ledger).await?;
        for key in &new {
            self.memory.intended(&self.request.owner.uid, key);
        }
        Ok(changed)
    }

    /// Strikes off what is gone at once, so that what it kept alive can go in this same pass.
    fn forget(&mut self, plan: &Plan) -> bool {
        let gone = plan.0.iter().filter(|(_, step)| step.action == Action::Forget && step.gate == Gate::Open);
        gone.filter(|(key, _)| self.inventory.0.remove(key).is_some()).count() > 0
    }

    /// Starts a step, if it is open, on record, and was not taken in this pass.
    fn start(&mut self, key: &NodeKey, step: &Step) -> Option<BoxFuture<'static, Done>> {
        let doing = Doing::of(&step.action)?;
        let on_record = self.inventory.0.get(key).is_some_and(|entry| self.saved.0.get(key) == Some(entry));
        if step.gate != Gate::Open || (doing != Doing::Look && !on_record) || !self.done.insert((key.clone(), doing)) {
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
        let freshness = if step.action == Action::Look { self.freshness } else { Freshness::Now };
        let mut id = situation.id(key, &step.kind, &step.place, freshness);
        if let (None, Some(address)) = (&id.handle, step.wish.as_ref().and_then(|wish| wish.address.clone())) {
            id.address = address;
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

    async fn save(&mut self, ledger: &dyn Ledger) -> Result<()> {
        if self.inventory != self.saved {
            ledger.save(&self.inventory).await?;
            self.saved = self.inventory.clone();
        }
        Ok(())
    }

    fn outcome(mut self, unsaved: Option<Error>) -> Outcome {
        let Filtered { plan, pending, .. } = self.plan();
        let requeue =
            Requeue { engine: self.engine, memory: self.memory, uid: &self.request.owner.uid, now: self.request.now };
        let requeue = requeue.after(&plan, &self.sights, &self.failures, unsaved.as_ref());
        let Walk { inventory, sights, failures, drift, .. } = self;
        Outcome { inventory, plan, sights, pending, failures, drift, requeue, unsaved }
    }
}
