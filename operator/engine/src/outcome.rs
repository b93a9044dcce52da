//! What one pass came to, and when to come again.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use terrace_model::resolve::references;
use terrace_model::{Inventory, NodeKey, Ref, Resolved, Source, Val, resolve};

use crate::error::{Error, Result};
use crate::memory::Memory;
use crate::plan::{Action, Gate, Plan, Step};
use crate::policy::Pending;
use crate::provider::{Look, Sight, State};
use crate::situation::Sights;
use crate::walk::Engine;

/// What one pass came to.
#[derive(Debug)]
pub struct Outcome {
    /// As the last looks leave it. What was about to be made is on record; the rest is for the caller to write.
    pub inventory: Inventory,
    /// What is left to do, and what it waits for.
    pub plan: Plan,
    pub sights: Sights,
    pub pending: Option<Pending>,
    /// Steps that failed in this pass.
    pub failures: BTreeMap<NodeKey, Error>,
    /// What somebody else changed since it was last as wished, and in which fields.
    pub drift: BTreeMap<NodeKey, Vec<String>>,
    /// When to come again; `None` when only an event or the resync need bring it up.
    pub requeue: Option<Duration>,
    /// When a secret is next due to change, or how soon to ask again whether it has.
    pub rotation: Option<Duration>,
    /// The pass ended early, because the inventory could not be written.
    pub unsaved: Option<Error>,
}

impl Outcome {
    /// The output of a node as the last look found it.
    pub fn output(&self, id: &str, name: &str) -> Option<Value> {
        match self.look(id) {
            Some(Ok(Look::Present(sight))) => sight.out.get(name).filter(|value| !value.is_null()).cloned(),
            _ => None,
        }
    }

    /// An output of the object as status shows it: what the last look found, or, where that failed, what was known before.
    /// Others use it, and should not be held up by a throttled read.
    pub fn shown(&self, value: &Val<Value>, before: Option<&String>) -> Option<String> {
        self.known(value).or_else(|| before.filter(|_| self.is_unread(value)).cloned())
    }

    fn look(&self, id: &str) -> Option<&Result<Look>> {
        self.sights.get(&NodeKey::new(id, self.inventory.incarnation(id)))
    }

    fn known(&self, value: &Val<Value>) -> Option<String> {
        let found = |reference: &Ref| match &reference.source {
            Source::Node(id) => self.output(id, &reference.output),
            Source::Object(_) => None,
        };
        let Resolved { value, open } = resolve(&json!({ "value": value }), &found);
        let value = open.is_empty().then(|| &value["value"])?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }

    fn is_unread(&self, value: &Val<Value>) -> bool {
        let of = references(&json!({ "value": value }));
        let failed =
            |reference: &Ref| matches!(&reference.source, Source::Node(id) if matches!(self.look(id), Some(Err(_))));
        of.iter().any(failed)
    }
}

/// How soon a step that went well and is not done is looked at again.
const SOON: Duration = Duration::from_secs(1);

/// How often it is asked whether a secret that is due has changed.
const OVERDUE: Duration = Duration::from_secs(60);

/// When what was seen is next due to change: its output `nextRotation`, RFC 3339.
pub fn next_rotation(sight: &Sight) -> Option<Timestamp> {
    sight.out.get("nextRotation")?.as_str()?.parse().ok()
}

/// When what was seen last changed by rotation, or was made: its output `changed`, RFC 3339.
pub fn changed(sight: &Sight) -> Option<Timestamp> {
    sight.out.get("changed")?.as_str()?.parse().ok()
}

/// When to come again for the sake of secrets that rotate.
pub(crate) fn rotation(sights: &Sights, now: Timestamp) -> Option<Duration> {
    let due = sights.values().filter_map(|look| match look {
        Ok(Look::Present(sight)) => next_rotation(sight),
        _ => None,
    });
    due.map(|due| due.duration_since(now).try_into().unwrap_or(OVERDUE).max(SOON)).min()
}

/// Decides when to come again.
pub(crate) struct Requeue<'a> {
    pub engine: &'a Engine,
    pub memory: &'a Memory,
    pub uid: &'a str,
    pub now: Timestamp,
}

impl Requeue<'_> {
    /// The earliest of what any node asks for.
    pub fn after(
        &self,
        plan: &Plan,
        sights: &Sights,
        failures: &BTreeMap<NodeKey, Error>,
        unsaved: Option<&Error>,
    ) -> Option<Duration> {
        let nodes = plan.0.iter().filter_map(|(key, step)| match (failures.get(key), &step.action) {
            (Some(error), _) | (None, Action::Stop(error)) => Some(error.next_try(self.memory.failed(self.uid, key))),
            (None, _) => {
                self.memory.succeeded(self.uid, key);
                self.node(key, step, sights)
            }
        });
        nodes.chain(unsaved.map(|error| error.next_try(0))).min()
    }

    fn node(&self, key: &NodeKey, step: &Step, sights: &Sights) -> Option<Duration> {
        let state = match sights.get(key) {
            Some(Ok(Look::Present(sight))) => Some(&sight.state),
            _ => None,
        };
        match (&step.gate, state) {
            // What was decided about it waits for a person; what AWS does with it goes on.
            (_, Some(State::Deleting)) => Some(self.pace(key, step, "deleting")),
            (Gate::Held { .. }, _) => None,
            (_, Some(State::Settling(state))) => Some(self.pace(key, step, state)),
            // What waits for other nodes is brought up by them, what waits for other objects by their watch.
            (Gate::Waits { on, .. }, _) if !on.is_empty() => None,
            (Gate::Waits { .. }, _) => Some(self.pace(key, step, "")),
            (Gate::Open, _) if step.action.is_change() => Some(SOON),
            (Gate::Open, _) => {
                self.memory.settled(self.uid, key, &step.kind, self.now);
                None
            }
        }
    }

    fn pace(&self, key: &NodeKey, step: &Step, state: &str) -> Duration {
        let (settling, from) = self.memory.settling(self.uid, key, state, self.now);
        match self.memory.took(&step.kind, &from) {
            Some(took) => pace(settling, took, took),
            None => {
                let usual = self.engine.registry.get(&step.kind).map(|provider| provider.pace().usual).unwrap_or(SOON);
                pace(settling, usual, settling * 4)
            }
        }
    }
}

/// The next look at something that has been settling for so long and usually takes `usual`: after `early` where that is sooner
/// than the time when it may be done, then close together about that time, then further and further apart.
fn pace(settling: Duration, usual: Duration, early: Duration) -> Duration {
    let close = usual.mul_f64(0.8);
    let next = if settling < close {
        early.max(SOON).min(close - settling)
    } else if settling < usual * 2 {
        usual / 30
    } else {
        settling / 10
    };
    next.clamp(SOON, Duration::from_secs(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_few_and_the_last_is_close_to_the_end() {
        let usual = Duration::from_secs(75);
        for takes in 60..90 {
            for learned in [true, false] {
                let (mut passed, mut looks) = (Duration::ZERO, 0);
                while passed.as_secs() < takes {
                    passed += pace(passed, usual, if learned { usual } else { passed * 4 });
                    looks += 1;
                }
                let most = if learned { 14 } else { 16 };
                assert!(looks <= most, "{looks} looks at something that took {takes} s");
                assert!(passed.as_secs_f64() - f64::from(takes as u32) <= 2.6, "{passed:?} for {takes} s");
            }
        }
    }

    #[test]
    fn a_secret_is_asked_about_when_it_is_due_and_then_every_minute() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        let sights = |due: &str| {
            let out = serde_json::json!({ "nextRotation": due });
            let sight = Sight::made(&crate::testing::id("a"), &serde_json::Value::Null, &"arn:a".into(), out);
            Sights::from([(NodeKey::new("a", 1), Ok(Look::Present(Box::new(sight))))])
        };
        assert_eq!(rotation(&sights("2026-01-02T00:00:00Z"), now), Some(Duration::from_secs(86_400)));
        assert_eq!(rotation(&sights("2025-12-31T00:00:00Z"), now), Some(OVERDUE));
        assert_eq!(rotation(&Sights::new(), now), None);
    }

    #[test]
    fn something_that_never_ends_is_looked_at_every_minute() {
        assert_eq!(pace(Duration::from_secs(86_400), Duration::from_secs(75), Duration::ZERO), Duration::from_secs(60));
    }
}
