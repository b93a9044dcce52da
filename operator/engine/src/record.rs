//! Keeps the inventory: intents before anything is made, and afterwards what became of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use terrace_model::identity::Freshness;
use terrace_model::{Entry, Inventory, KindSpec, NodeKey, Phase, Rule};

use crate::ownership::Title;
use crate::plan::{Action, Gate, Plan, Step, Why};
use crate::policy::{Consented, Filtered};
use crate::provider::{Sight, State};
use crate::situation::Situation;
use crate::wish::Wish;

/// The inventory as it must stand before the plan is carried out: every node that is about to be made is in it, every
/// consent that was given, every address. Also says which intents are new.
pub fn intend(filtered: &Filtered, situation: &Situation) -> (Inventory, Vec<NodeKey>) {
    let mut inventory = situation.inventory.clone();
    let mut new = Vec::new();
    for (key, step) in filtered.plan.0.iter().filter(|(_, step)| !matches!(step.gate, Gate::Held { .. })) {
        let consent = filtered.consented.get(key);
        match &step.action {
            Action::Create(why) => new.extend(to_make(&mut inventory, situation, key, step, *why, consent)),
            Action::Replace { carried, .. } if step.gate == Gate::Open => {
                new.extend(to_replace(&mut inventory, situation, key, step, *carried, consent));
            }
            Action::Update { .. } | Action::Keep if !read_only(situation, step) => {
                to_keep(&mut inventory, situation, key, step)
            }
            _ => {}
        }
        if let (Some(consent), Some(entry)) = (consent, inventory.0.get_mut(key)) {
            entry.approved = Some(consent.hash.clone());
        }
    }
    (inventory, new)
}

fn read_only(situation: &Situation, step: &Step) -> bool {
    situation.kinds.get(step.kind.as_str()).is_some_and(|spec| spec.read_only)
}

fn to_make(
    inventory: &mut Inventory,
    situation: &Situation,
    key: &NodeKey,
    step: &Step,
    why: Why,
    consent: Option<&Consented>,
) -> Option<NodeKey> {
    let present = situation.sight(key).is_some();
    let known = inventory.0.contains_key(key);
    // What AWS is still deleting under this name is no business of ours: nothing is intended until it is gone.
    if present && !known {
        return None;
    }
    let entry = inventory.0.entry(key.clone()).or_insert_with(|| intent(situation, key, step));
    update_intent(entry, situation, step);
    if why == Why::Missing && !present && step.gate == Gate::Open {
        entry.remade += 1;
        entry.handle = None;
        entry.created = None;
        entry.applied = None;
        entry.phase = Phase::Intended;
        entry.restore_from = consent.and_then(|consent| consent.restore_from.clone());
        return Some(key.clone());
    }
    (!known).then(|| key.clone())
}

fn to_replace(
    inventory: &mut Inventory,
    situation: &Situation,
    key: &NodeKey,
    step: &Step,
    carried: bool,
    consent: Option<&Consented>,
) -> Option<NodeKey> {
    let next = NodeKey::new(&key.id, key.incarnation + 1);
    let old = situation.id(key, &step.kind, &step.place, Freshness::Now);
    let mut entry = intent(situation, &next, step);
    entry.restore_from = carried.then(|| old.final_snapshot());
    entry.approved = consent.map(|consent| consent.hash.clone());
    entry.address.clear();
    inventory.0.insert(next.clone(), entry).is_none().then_some(next)
}

/// A resource found as ours, or about to be taken over, that the inventory does not have yet.
fn to_keep(inventory: &mut Inventory, situation: &Situation, key: &NodeKey, step: &Step) {
    if situation.sight(key).is_some() {
        let entry = inventory.0.entry(key.clone()).or_insert_with(|| intent(situation, key, step));
        update_intent(entry, situation, step);
    }
}

/// Every incarnation on record of what a wish refers to.
fn incarnations(situation: &Situation, wish: &Wish) -> BTreeSet<NodeKey> {
    let wanted = |key: &&NodeKey| wish.dependencies.iter().any(|dependency| dependency.id == key.id);
    situation.inventory.0.keys().filter(wanted).cloned().collect()
}

fn intent(situation: &Situation, key: &NodeKey, step: &Step) -> Entry {
    let id = situation.id(key, &step.kind, &step.place, Freshness::Now);
    let depends_on = step.wish.iter().flat_map(|wish| wish.dependencies.clone()).collect();
    Entry { depends_on, ..Entry::intent(&id) }
}

/// What the graph says of an entry, whether or not it exists yet. Old dependencies stay until the change is done.
fn update_intent(entry: &mut Entry, situation: &Situation, step: &Step) {
    if let Some(node) = situation.graph.and_then(|graph| graph.node(&entry.id)) {
        entry.on_delete = node.on_delete;
    }
    let Some(wish) = &step.wish else { return };
    entry.depends_on.extend(wish.dependencies.iter().cloned());
    // Where the record was lost, which of them it still uses is known only when nothing differs any more.
    if entry.applied.is_none() && situation.sight(&entry.key()).is_some() {
        entry.depends_on.extend(incarnations(situation, wish));
    }
    let Some(spec) = situation.kinds.get(step.kind.as_str()) else { return };
    if let Some(address) = &wish.address
        && (entry.handle.is_none() || spec.is_same_address(&entry.address, address))
    {
        entry.address = address.clone();
    }
    for (field, keys) in keyed(spec, wish) {
        entry.keys.entry(field).or_default().extend(keys);
    }
}

fn keyed(spec: &KindSpec, wish: &Wish) -> BTreeMap<String, BTreeSet<String>> {
    let fields = spec.fields.iter().filter(|(_, rule)| *rule == Rule::Keyed);
    let keys = |(field, _): &(&'static str, Rule)| {
        let keys = wish.value.get(*field)?.as_object()?.keys().cloned().collect();
        Some(((*field).to_owned(), keys))
    };
    fields.filter_map(keys).collect()
}

/// The inventory as the last looks leave it: handles, phases, and what is as wished. What is gone is struck off.
pub fn settle(plan: &Plan, situation: &Situation, now: Timestamp) -> Inventory {
    let mut inventory = situation.inventory.clone();
    for (key, step) in &plan.0 {
        if step.action == Action::Forget && step.gate == Gate::Open {
            inventory.0.remove(key);
            continue;
        }
        let Some(sight) = situation.sight(key) else { continue };
        let Some(entry) = inventory.0.get_mut(key) else { continue };
        if situation.title(key, sight) == Title::Ours {
            note(entry, sight, now);
            if step.action == Action::Keep {
                fulfilled(entry, situation, step);
            }
        }
    }
    inventory
}

fn note(entry: &mut Entry, sight: &Sight, now: Timestamp) {
    entry.handle = Some(sight.handle.clone());
    entry.created.get_or_insert(now.round(jiff::Unit::Second).unwrap_or(now));
    entry.phase = match sight.state {
        State::Ready => Phase::Ready,
        State::Settling(_) => Phase::Settling,
        State::Failed(_) => Phase::Failed,
        State::Deleting => Phase::Deleting,
    };
}

/// Nothing differs: what the wish refers to, and the keys it sets, are now all there is to it.
fn fulfilled(entry: &mut Entry, situation: &Situation, step: &Step) {
    let Some(wish) = &step.wish else { return };
    entry.depends_on = wish.dependencies.clone();
    entry.applied = Some(wish.hash.clone());
    entry.approved = None;
    if let Some(spec) = situation.kinds.get(step.kind.as_str()) {
        entry.keys = keyed(spec, wish);
    }
}
