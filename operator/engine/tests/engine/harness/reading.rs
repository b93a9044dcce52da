//! What a test reads of a world: what stands in AWS, what was called, what the last pass and its report say.

use std::collections::{BTreeMap, BTreeSet};

use terrace_engine::policy::Consent;
use terrace_engine::sim::{Calls, Live, Op, STATUS};
use terrace_engine::{Outcome, Report, report};
use terrace_model::{Entry, NodeKey, Phase};

use super::{RESYNC, Stuck, World};

impl World {
    /// What stands and is owned by an object: kind, owner's name and node, of what is owned.
    pub fn standing(&self) -> Vec<String> {
        let live: Vec<_> = self.sim.console().live().into_iter().filter(|live| live.maker.is_some()).collect();
        let label = |live: &Live| label(&live.tags(), !self.is_together());
        let mut names: Vec<String> = live.iter().map(|live| format!("{} {}", live.key.kind, label(live))).collect();
        names.sort();
        names
    }

    /// What every object's inventory says of what stands: all but what AWS assigns, and when.
    pub fn inventories(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for object in &self.objects {
            let path = object.path();
            let inventory = self.sim.ledger(&path).load().unwrap_or_default();
            lines.extend(inventory.0.iter().map(|(key, entry)| {
                let Entry { kind, place, name, phase, on_delete, depends_on, keys, .. } = entry;
                let rest = format!("{kind} {place:?} {phase:?} {on_delete:?} {keys:?}");
                match self.is_together() {
                    true => format!("{path} {}: {rest} {:?}", key.id, ids(depends_on)),
                    false => format!("{path} {key}: {name} {rest} {depends_on:?}"),
                }
            }));
        }
        lines
    }

    /// Of several objects that are changed at once, one may be replaced for the sake of another before its own change is
    /// due, or for both together: how often is nobody's concern.
    fn is_together(&self) -> bool {
        self.objects.len() > 1
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

fn label(tags: &BTreeMap<String, String>, numbered: bool) -> String {
    let tag = |key: &str| tags.get(&format!("terrace.dev/{key}")).cloned().unwrap_or_default();
    let number = if numbered { format!("~{}", tag("incarnation")) } else { String::new() };
    format!("{} {}{number}", tag("name"), tag("node"))
}

fn ids(keys: &BTreeSet<NodeKey>) -> BTreeSet<&str> {
    keys.iter().map(|key| key.id.as_str()).collect()
}

impl World {
    /// Runs until it rests, and fails with the whole story unless every object is as wished, or gone.
    pub async fn ready(&mut self, when: &str) {
        self.settle().await.unwrap_or_else(|Stuck| panic!("{when}: stuck\n{}", self.sim.trace()));
        self.check(when).unwrap_or_else(|story| panic!("{story}"));
    }

    /// Runs until it rests. What was at rest is looked at again at the resync.
    pub async fn rests(&mut self, when: &str) {
        if self.objects[0].due.is_none() {
            self.sim.clock().advance(RESYNC);
        }
        self.settle().await.unwrap_or_else(|Stuck| panic!("{when}: stuck\n{}", self.sim.trace()));
    }

    /// The first object is no more.
    pub fn is_gone(&self) -> bool {
        self.objects[0].gone
    }

    /// What the last pass over the first object came to.
    pub fn last(&self) -> &Outcome {
        self.objects[0].last.as_ref().expect("a pass")
    }

    /// What its status says.
    pub fn report(&self) -> Report {
        report(self.last(), self.objects[0].deleting)
    }

    /// Reason and message of Ready.
    pub fn says(&self) -> (&'static str, String) {
        let ready = self.report().ready;
        (ready.reason, ready.message)
    }

    /// How one of its nodes stands: state, reason and message.
    pub fn node(&self, key: &str) -> (&'static str, &'static str, String) {
        let node = self.report().nodes.remove(&NodeKey::from(key.to_owned())).expect("a node of the plan");
        (node.state, node.reason, node.message)
    }

    /// What waits for consent.
    pub fn asks(&self) -> Vec<Consent> {
        self.last().pending.iter().flat_map(|pending| pending.entries.clone()).collect()
    }

    /// The hash of all that waits for consent.
    pub fn plan_hash(&self) -> String {
        self.last().pending.as_ref().expect("a plan that waits for consent").hash.clone()
    }

    /// The hash of the one choice with this verb.
    pub fn choice(&self, action: &str) -> String {
        let asks = self.asks();
        let chosen = asks.iter().find(|consent| consent.action == action);
        chosen.unwrap_or_else(|| panic!("no {action} among {asks:#?}")).hash.clone()
    }

    /// Annotates the first object with `terrace.dev/approve`.
    pub fn approve(&mut self, hash: impl Into<String>) {
        self.objects[0].policy.approved = Some(hash.into());
    }

    /// Calls since an earlier count that change something: in AWS, or of the nodes that are Kubernetes objects.
    pub fn mutations_since(&self, before: &Calls) -> u64 {
        let calls = self.sim.calls().since(before);
        calls.aws_writes() + calls.kubernetes_writes() - calls.of(STATUS, Op::Save)
    }

    /// What stands for a node of the first object.
    pub fn made(&self, node: &str) -> Option<Live> {
        let uid = &self.objects[0].owner.uid;
        let is_its = |live: &Live| live.maker.as_ref().is_some_and(|maker| maker.uid == *uid && maker.node == node);
        self.sim.console().live().into_iter().find(is_its)
    }

    /// The same, where it must stand.
    pub fn of(&self, node: &str) -> Live {
        self.made(node).unwrap_or_else(|| panic!("nothing stands for {node}\n{}", self.sim.trace()))
    }
}
