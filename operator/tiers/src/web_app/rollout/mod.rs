//! Where a rollout stands: which slot has the version that serves, and how far the next one has come.
//!
//! `status.progress` holds both: the entry `stable` names the slot whose version serves and that version, and the entry
//! `rollout`, while there is one, says how far the version in the other slot has come. [`advance`](advance::advance) goes
//! from one step to the next; the graph of a step follows from [`State`] alone.

mod advance;
mod course;
mod health;
mod phase;

use std::collections::BTreeSet;

use jiff::Timestamp;
use terrace_crds::web_app::{RolloutAlarm, RolloutStrategy};
use terrace_crds::{Progress, Time, WebAppSpec};

pub(super) use advance::advance;
pub(super) use course::course;
pub(super) use health::watched;
use phase::Phase;

use super::design::strategy;
use super::slot::{Slot, WORKLOAD};
use crate::Facts;

/// The entry of `status.progress` that says how far the next version has come.
const ROLLOUT: &str = "rollout";
/// The entry that says which slot has the version that serves.
const STABLE: &str = "stable";

/// The alarm that takes a new version back.
pub(super) fn alarm(spec: &WebAppSpec) -> Option<&RolloutAlarm> {
    let steered = strategy(spec) != RolloutStrategy::Rolling;
    spec.rollout.as_ref().filter(|_| steered)?.alarm.as_ref()
}

/// The version that serves.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stable {
    pub slot: Slot,
    since: Timestamp,
    /// Of its pod template.
    hash: String,
}

/// The version that is to serve next, in the other slot.
#[derive(Clone, Debug, PartialEq)]
struct Rollout {
    phase: Phase,
    since: Timestamp,
    hash: String,
}

/// The entry of a procedure.
fn entry<'a>(progress: &'a [Progress], procedure: &str) -> Option<&'a Progress> {
    progress.iter().find(|entry| entry.procedure == procedure)
}

/// The version that serves, as status has it.
fn stable(progress: &[Progress]) -> Option<Stable> {
    let entry = entry(progress, STABLE)?;
    Some(Stable { slot: Slot::parse(&entry.step)?, since: entry.since.0, hash: entry.input_hash.clone() })
}

/// Where a rollout stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    pub stable: Stable,
    rollout: Option<Rollout>,
    /// The slots whose Deployment exists.
    made: BTreeSet<Slot>,
    /// Of the pod template that the spec describes.
    wished: String,
}

impl State {
    /// As the object's status has it. Nothing there: what is wished serves, or is about to.
    pub fn of(facts: &Facts, hash: &str) -> Self {
        // Where status was lost, what stands alone is what serves.
        let made: BTreeSet<Slot> =
            Slot::ALL.into_iter().filter(|slot| facts.made.contains(&slot.of(WORKLOAD))).collect();
        let slot = if made == [Slot::B].into() { Slot::B } else { Slot::A };
        let stable = stable(&facts.progress).unwrap_or_else(|| Stable { slot, since: facts.now, hash: hash.into() });
        let rollout = entry(&facts.progress, ROLLOUT).map(|entry| Rollout {
            phase: Phase::parse(&entry.step),
            since: entry.since.0,
            hash: entry.input_hash.clone(),
        });
        State { stable, rollout, made, wished: hash.into() }
    }

    /// As `status.progress` has it.
    fn entries(&self) -> Vec<Progress> {
        let entry = |procedure: &str, step: String, since: Timestamp, hash: &str| Progress {
            procedure: procedure.into(),
            step,
            since: Time(since),
            input_hash: hash.into(),
        };
        let Stable { slot, since, hash } = &self.stable;
        let stable = entry(STABLE, slot.as_str().into(), *since, hash);
        let rollout =
            self.rollout.as_ref().map(|rollout| entry(ROLLOUT, rollout.phase.text(), rollout.since, &rollout.hash));
        rollout.into_iter().chain([stable]).collect()
    }

    /// The slots in which there are pods.
    pub fn slots(&self) -> Vec<Slot> {
        let candidate = self.rollout.as_ref().is_some_and(|rollout| rollout.phase.has_pods());
        let mut slots = vec![self.stable.slot];
        slots.extend(candidate.then(|| self.stable.slot.other()));
        slots
    }

    /// The share of requests that a slot has, in percent.
    pub fn weight(&self, slot: Slot) -> u8 {
        let next = self.rollout.as_ref().map_or(0, |rollout| rollout.phase.weight());
        if slot == self.stable.slot { 100 - next } else { next }
    }

    /// Whether the next version has pods, or is about to.
    pub fn is_under_way(&self) -> bool {
        self.rollout.as_ref().is_some_and(|rollout| !matches!(rollout.phase, Phase::RolledBack(_)))
    }

    /// The slot of which this one is to have as many pods.
    pub fn follows(&self, slot: Slot) -> Option<Slot> {
        let to_go_back = |rollout: &Rollout| matches!(rollout.phase, Phase::Switched | Phase::Returning(_));
        let follows = slot != self.stable.slot || self.rollout.as_ref().is_some_and(to_go_back);
        follows.then_some(slot.other())
    }

    /// The slot that pods of the cluster find: the one that has most requests.
    pub fn serving(&self) -> Slot {
        if self.weight(self.stable.slot) > 0 { self.stable.slot } else { self.stable.slot.other() }
    }

    /// Whether the version that serves has a Deployment.
    fn stands(&self) -> bool {
        self.made.contains(&self.stable.slot)
    }

    /// Whether the pods in a slot are of a version that the spec does not describe any more. What does not exist is made
    /// as the spec has it.
    pub fn is_held(&self, slot: Slot) -> bool {
        let is_other = |rollout: &Rollout| rollout.hash != self.wished;
        let held = match slot == self.stable.slot {
            true => self.rollout.is_some() || self.stable.hash != self.wished,
            false => self.rollout.as_ref().is_some_and(is_other),
        };
        held && self.made.contains(&slot)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use terrace_crds::WebApp;

    /// A WebApp `shop`, for the tests of all parts.
    pub fn app(spec: Value) -> WebApp {
        let app =
            json!({"apiVersion": "terrace.dev/v1alpha1", "kind": "WebApp", "metadata": {"name": "shop"}, "spec": spec});
        serde_json::from_value(app).expect("a WebApp")
    }
}
