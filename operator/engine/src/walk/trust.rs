//! What is believed without a look: a list that others asked for, what stood a moment ago, and that nothing is there yet;
//! and when it is not.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};
use terrace_model::identity::{Freshness, canonical, short_hash};
use terrace_model::{NodeKey, Novelty};

use super::{Walk, is_looking};
use crate::outcome::next_rotation;
use crate::plan::{Action, Gate, Plan, Step};
use crate::provider::{Look, State};
use crate::step::{Doing, Done};

impl Walk<'_> {
    /// Nothing is changed on the word of an old list: where a change shows, or a wish is new to what was not read whole,
    /// everything is looked at afresh.
    pub(super) fn must_look_again(&mut self, plan: &Plan) -> bool {
        let again = self.freshness == Freshness::Recent
            && !is_looking(plan)
            && (plan.has_changes() || plan.0.iter().any(|(key, step)| self.is_unread(key, step)));
        if again {
            self.freshness = Freshness::Now;
            self.doubted.extend(std::mem::take(&mut self.recalled).into_keys());
            self.sights.clear();
            self.done.clear();
        }
        again
    }

    fn is_unread(&self, key: &NodeKey, step: &Step) -> bool {
        let partly = matches!(self.sights.get(key), Some(Ok(Look::Present(sight))) if !sight.unread.is_empty());
        let applied = self.inventory.0.get(key).and_then(|entry| entry.applied.as_ref());
        partly && applied != step.wish.as_ref().map(|wish| &wish.hash)
    }

    /// Nor on the word of memory: what it would change is looked at first, once all else has been seen. True where the plan
    /// changes with it.
    pub(super) fn doubt_memory(&mut self, plan: &Plan) -> bool {
        if is_looking(plan) {
            return false;
        }
        let doubted = plan.0.iter().filter(|(key, step)| step.action.is_change() && self.recalled.contains_key(*key));
        let doubted: Vec<NodeKey> = doubted.map(|(key, _)| key.clone()).collect();
        for key in &doubted {
            self.recalled.remove(key);
            self.sights.remove(key);
        }
        self.doubted.extend(doubted.iter().cloned());
        !doubted.is_empty()
    }

    /// What need not be looked at: it was never intended, and cannot be there, or shows itself when it is made
    /// ([`Novelty`]). Where something else of the object is there though it is not on record, everything is looked at: an
    /// earlier object of this name may have left it.
    pub(super) fn spared(&self, plan: &Plan) -> BTreeSet<NodeKey> {
        let (adopt, policy) = (self.request.adopt, self.request.policy);
        let lent = |step: &Step| self.engine.kinds.get(step.kind.as_str()).is_some_and(|spec| spec.read_only);
        let strange = |(key, step): (&NodeKey, &Step)| {
            self.inventory.current(&key.id).is_none() && self.is_there(key) && !lent(step)
        };
        if adopt.same_object || policy.paused || policy.observe || plan.0.iter().any(strange) {
            return BTreeSet::new();
        }
        let looks = plan.0.iter().filter(|(_, step)| step.action == Action::Look);
        looks.filter(|(key, step)| self.is_novel(key, step)).map(|(key, _)| key.clone()).collect()
    }

    fn is_novel(&self, key: &NodeKey, step: &Step) -> bool {
        if self.request.adopt.handles.contains_key(&key.id) || self.request.inventory.current(&key.id).is_some() {
            return false;
        }
        let made = |other: &NodeKey| self.done.contains(&(other.clone(), Doing::Create)) && self.is_there(other);
        match self.engine.kinds.get(step.kind.as_str()).map(|spec| spec.novelty) {
            Some(Novelty::Named) => step.wish.is_some(),
            Some(Novelty::Within) => step.wish.as_ref().is_some_and(|wish| wish.dependencies.iter().any(made)),
            Some(Novelty::Looked) | None => false,
        }
    }

    fn is_there(&self, key: &NodeKey) -> bool {
        matches!(self.sights.get(key), Some(Ok(Look::Present(_))))
    }

    /// What is only looked at has no incarnations: once what it is about was replaced, it is seen under another address, or
    /// not yet. True where the plan changes with it.
    pub(super) fn look_elsewhere(&mut self, plan: &Plan) -> bool {
        let address = |step: &Step| step.wish.as_ref().and_then(|wish| wish.address.clone());
        let moved = |(key, step): &(&NodeKey, &Step)| {
            self.looked_under.get(*key).is_some_and(|under| address(step).as_ref() != Some(under))
        };
        let moved: Vec<NodeKey> = plan.0.iter().filter(moved).map(|(key, _)| key.clone()).collect();
        for key in &moved {
            self.looked_under.remove(key);
            self.sights.remove(key);
            self.recalled.remove(key);
            self.done.remove(&(key.clone(), Doing::Look));
        }
        !moved.is_empty()
    }

    /// The address of what is only looked at: nothing else tells it from what was there before.
    pub(super) fn address_of_look(&self, step: &Step) -> Option<Map<String, Value>> {
        let spec = self.engine.kinds.get(step.kind.as_str()).filter(|spec| spec.read_only);
        spec.and_then(|_| step.wish.as_ref()?.address.clone())
    }

    /// Under what it is remembered: what is only looked at, under its address too.
    fn remembered_as(&self, key: &NodeKey, step: &Step) -> NodeKey {
        match self.address_of_look(step) {
            Some(address) => NodeKey::new(&format!("{}@{}", key.id, short_hash(&[&canonical(&address.into())])), 1),
            None => key.clone(),
        }
    }

    /// From when on what was seen of it is believed.
    fn believed_since(&self, key: &NodeKey) -> Option<Timestamp> {
        let since = self.request.now.checked_sub(self.engine.recent).ok()?;
        Some(self.memory.believed_since(&self.request.owner.uid, key, since))
    }

    /// How fresh a look at it must be: of what somebody said has changed since, a list may be too old.
    pub(super) fn freshness_of(&self, key: &NodeKey) -> Freshness {
        let recent = self.request.now.checked_sub(self.engine.recent).ok();
        if self.believed_since(key) == recent { self.freshness } else { Freshness::Now }
    }

    /// What stood as wished a moment ago.
    pub(super) fn recall(&mut self, key: &NodeKey, step: &Step) -> Option<Done> {
        let recorded = self.inventory.0.get(key).and_then(|entry| entry.handle.as_ref());
        if self.doubted.contains(key) || step.wish.is_none() {
            return None;
        }
        let since = self.believed_since(key)?;
        let (at, sight) = self.memory.recall(&self.request.owner.uid, &self.remembered_as(key, step), since)?;
        let due = next_rotation(&sight).is_some_and(|due| due <= self.request.now);
        if due || recorded.is_some_and(|handle| *handle != sight.handle) {
            return None;
        }
        self.recalled.insert(key.clone(), at);
        Some(Done::looked(key.clone(), Ok(Look::Present(Box::new(sight)))))
    }

    /// What stands as wished need not be looked at in every pass. What was taken from a list is not remembered, since it
    /// may be as old as the list.
    pub(super) fn remember(&self, plan: &Plan) {
        let kept = plan.0.iter().filter(|(_, step)| step.action == Action::Keep && step.gate == Gate::Open);
        let seen = kept.filter_map(|(key, step)| {
            match (self.sights.get(key), self.recalled.get(key), self.freshness_of(key)) {
                (Some(Ok(Look::Present(sight))), at, freshness) if sight.state == State::Ready => {
                    let now = (freshness == Freshness::Now).then_some(self.request.now);
                    Some((self.remembered_as(key, step), at.copied().or(now)?, sight.as_ref()))
                }
                _ => None,
            }
        });
        let seen: Vec<_> = seen.filter(|_| self.failures.is_empty()).collect();
        self.memory.remember(&self.request.owner.uid, seen.iter().map(|(key, at, sight)| (key, *at, *sight)));
    }
}
