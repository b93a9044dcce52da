//! The one brain: from wishes, inventory and sights to what is to be done. Pure; the controller, `terrace plan` and the
//! tests all call it. docs/plan.md has a table of every case.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use terrace_model::diff::{OwnedKeys, diff};
use terrace_model::identity::tag;
use terrace_model::resource::system;
use terrace_model::{
    Certainty, Change, DeletionPolicy, Diff, Entry, KindSpec, NodeKey, NodeSpec, OnDelete, Place, Replace, Rule,
};

use crate::error::{Error, reason};
use crate::ownership::Title;
use crate::provider::{Disposal, Look, Sight, State};
use crate::situation::Situation;
use crate::wish::{Wish, Wishes};

/// What is to be done, node by node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan(pub BTreeMap<NodeKey, Step>);

/// What is to be done with one node, and what it waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub kind: String,
    pub place: Place,
    pub action: Action,
    pub gate: Gate,
    /// Absent for what is not wanted any more.
    pub wish: Option<Arc<Wish>>,
}

/// The verb of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// It must be looked at first.
    Look,
    /// As wished.
    Keep,
    Create(Why),
    /// Changed in place. `drift`: somebody else changed it since it was last as wished.
    Update {
        diff: Diff,
        drift: bool,
    },
    /// A new incarnation takes its place. `carried`: with the data of this one.
    Replace {
        diff: Diff,
        carried: bool,
    },
    Delete(Disposal),
    /// Left in AWS; our tags are taken off.
    Release(Diff),
    /// Taken out of the inventory: it is gone, or was never ours.
    Forget,
    /// Nothing can be done before somebody does something else.
    Stop(Error),
}

/// Why something is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    New,
    /// It takes the place of an older incarnation.
    Replacement,
    /// It stood, and was deleted behind our back.
    Missing,
}

/// What stands between a step and its being done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    Open,
    /// It waits for other nodes, or for AWS.
    Waits {
        on: BTreeSet<String>,
        message: String,
    },
    /// A policy holds it back.
    Held {
        reason: &'static str,
        message: String,
    },
}

impl Gate {
    fn waits(message: impl Into<String>) -> Self {
        Gate::Waits { on: BTreeSet::new(), message: message.into() }
    }

    fn on(nodes: BTreeSet<String>) -> Self {
        let names = nodes.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        Gate::Waits { on: nodes, message: format!("waiting for {names}") }
    }
}

impl Plan {
    /// True where something in AWS is to be made, changed or deleted.
    pub fn has_changes(&self) -> bool {
        self.0.values().any(|step| step.action.is_change())
    }
}

impl Action {
    /// True for what changes AWS or the inventory.
    pub fn is_change(&self) -> bool {
        !matches!(self, Action::Look | Action::Keep | Action::Stop(_))
    }
}

/// Plans. `wishes` are those of this pass so far; a plan by itself begins with none.
pub fn plan(situation: &Situation, wishes: &mut Wishes) -> Plan {
    let mut steps = BTreeMap::new();
    for (id, node) in situation.graph.into_iter().flat_map(terrace_model::Graph::nodes) {
        let key = situation.current(id);
        steps.insert(key.clone(), wanted(situation, wishes, &key, node));
    }
    for (key, entry) in &situation.inventory.0 {
        if !steps.contains_key(key) {
            steps.insert(key.clone(), unwanted(situation, key, entry));
        }
    }
    hold_back(situation, &mut steps);
    Plan(steps)
}

/// What can never be whole is not begun: an object that has nothing yet makes none of its parts while somebody must first
/// do something about another.
fn hold_back(situation: &Situation, steps: &mut BTreeMap<NodeKey, Step>) {
    let mut entries = situation.inventory.0.values();
    if entries.any(|entry| entry.handle.is_some() || entry.created.is_some()) {
        return;
    }
    let stopped = |step: &Step| matches!(&step.action, Action::Stop(error) if error.is_stalled());
    let stopped: BTreeSet<String> =
        steps.iter().filter(|(_, step)| stopped(step)).map(|(key, _)| key.to_string()).collect();
    if stopped.is_empty() {
        return;
    }
    let made = |step: &&mut Step| matches!(step.action, Action::Create(_)) && step.gate == Gate::Open;
    steps.values_mut().filter(made).for_each(|step| step.gate = Gate::on(stopped.clone()));
}

fn wanted(situation: &Situation, wishes: &mut Wishes, key: &NodeKey, node: &NodeSpec) -> Step {
    let step = |action, gate, wish| Step { kind: node.kind.clone(), place: node.place.clone(), action, gate, wish };
    let Some(spec) = situation.kinds.get(node.kind.as_str()) else {
        return step(Action::Stop(unknown(&node.kind)), Gate::Open, None);
    };
    let wish = match wishes.of(situation, key, node, spec) {
        Ok(wish) => wish,
        Err(error) => return step(Action::Stop(error), Gate::Open, None),
    };
    let (action, gate) = match situation.sights.get(key) {
        None if wish.address.is_none() && !can_be_found(situation, key) => {
            (creation(situation, key, spec), Gate::on(wish.waits.clone()))
        }
        None => (Action::Look, Gate::Open),
        Some(Err(error)) => (Action::Stop(error.clone()), Gate::Open),
        Some(Ok(Look::Absent)) => absent(situation, key, spec, &wish),
        Some(Ok(Look::Present(sight))) => present(situation, key, spec, &wish, sight),
    };
    step(action, gate, Some(wish))
}

/// What is on record is found there, even while its new place in its parent is not known.
fn can_be_found(situation: &Situation, key: &NodeKey) -> bool {
    situation.inventory.0.get(key).is_some_and(|entry| entry.handle.is_some() || !entry.address.is_empty())
}

fn unknown(kind: &str) -> Error {
    Error::blocked(
        "UnknownKind",
        format!("this version of Terrace does not know {kind}: run the version that made it, or a later one"),
    )
}

fn creation(situation: &Situation, key: &NodeKey, spec: &KindSpec) -> Action {
    let stood = situation.inventory.0.get(key).is_some_and(|entry| entry.created.is_some());
    match (spec.read_only, stood, key.incarnation) {
        (true, ..) => Action::Keep,
        (false, true, _) => Action::Create(Why::Missing),
        (false, false, 1) => Action::Create(Why::New),
        (false, false, _) => Action::Create(Why::Replacement),
    }
}

fn absent(situation: &Situation, key: &NodeKey, spec: &KindSpec, wish: &Wish) -> (Action, Gate) {
    let entry = situation.inventory.0.get(key);
    let never_made = entry.is_none_or(|entry| entry.created.is_none() && entry.handle.is_none() && entry.remade == 0);
    let named = situation.adopt.handles.get(&key.id).filter(|_| never_made && key.incarnation == 1);
    if let Some(handle) = named {
        let message = format!(
            "spec.adopt names {} as {key}, and it is not there: correct it, or take it off the list for a new one to be made",
            handle.0
        );
        return (Action::Stop(Error::blocked("NotFound", message)), Gate::Open);
    }
    let action = creation(situation, key, spec);
    let older = situation.inventory.0.keys().any(|other| other.id == key.id && other.incarnation < key.incarnation);
    let gate = if spec.read_only {
        Gate::waits(format!("{} is not there yet", spec.kind))
    } else if situation.doubtful.contains(key) {
        Gate::waits("it may have been made already and not be visible yet")
    } else if older && spec.replace == Replace::DeleteFirst {
        Gate::waits("the resource that it replaces is still there")
    } else if !wish.waits.is_empty() {
        Gate::on(wish.waits.clone())
    } else {
        Gate::Open
    };
    (action, gate)
}

fn present(situation: &Situation, key: &NodeKey, spec: &KindSpec, wish: &Wish, sight: &Sight) -> (Action, Gate) {
    if spec.read_only {
        return (settled(sight, spec), Gate::Open);
    }
    if sight.state == State::Deleting {
        return (creation(situation, key, spec), Gate::waits("AWS is still deleting what stood under this name"));
    }
    let mut older =
        situation.inventory.0.values().filter(|entry| entry.id == key.id && entry.incarnation < key.incarnation);
    if older.any(|entry| entry.handle.as_ref() == Some(&sight.handle)) {
        return (creation(situation, key, spec), Gate::waits("the resource that it replaces is still there"));
    }
    let title = situation.title(key, sight);
    match &title {
        Title::Ours | Title::Adoptable => {}
        Title::Unproven => return (Action::Keep, Gate::waits("its tags may not be visible yet")),
        Title::Theirs(message) => return (Action::Stop(Error::blocked(reason::NOT_OWNED, message)), Gate::Open),
    }
    let entry = situation.inventory.0.get(key);
    let none = OwnedKeys::new();
    let mut found = diff(spec, &wish.value, &sight.have, entry.map_or(&none, |entry| &entry.keys), &wish.open);
    found.0.retain(|change| !sight.unread.contains(&field_of(change)));
    if found.is_empty() {
        return (settled(sight, spec), Gate::Open);
    }
    if let Some((change, instead)) = found.refused() {
        let message = format!("{} of {key} is {} and cannot become {}: {instead}", change.path, change.from, change.to);
        return (Action::Stop(Error::Invalid { reason: reason::REFUSED, message }), Gate::Open);
    }
    let forced = found.forcing().next().is_some();
    let displaced = forced && found.forcing().all(|change| is_displaced(situation, change));
    let gate = match &sight.state {
        _ if displaced => Gate::Open,
        _ if is_open(spec, wish) => Gate::on(wish.waits.clone()),
        State::Settling(_) if spec.is_patient() => Gate::Open,
        State::Settling(word) => Gate::waits(format!("{} says {word}", system(spec.kind))),
        State::Ready | State::Failed(_) | State::Deleting => Gate::Open,
    };
    if forced && title == Title::Adoptable {
        // Its tags first of all: it is on record, and its successor made, as of what is the object's own.
        let tags = found.0.into_iter().filter(|change| change.path.starts_with("tags.")).collect();
        return (Action::Update { diff: Diff(tags), drift: false }, gate);
    }
    if forced {
        let carried =
            spec.restores.is_some() && found.forcing().all(|change| spec.carries.contains(&change.path.as_str()));
        return (Action::Replace { diff: found, carried }, gate);
    }
    let drift = entry.is_some_and(|entry| entry.applied.as_ref() == Some(&wish.hash));
    (Action::Update { diff: found, drift }, gate)
}

/// Whether a field waits for an output that is of use to something that stands already.
fn is_open(spec: &KindSpec, wish: &Wish) -> bool {
    let field = |path: &String| path.split('.').next().unwrap_or_default().to_owned();
    wish.open.keys().any(|path| !matches!(spec.rule(&field(path)), Some(Rule::OnCreate | Rule::Moves)))
}

/// The field of the resource that a change lies in.
fn field_of(change: &Change) -> &str {
    change.path.split('.').next().unwrap_or_default()
}

/// What stands on something that goes before its successor comes must go before it.
fn is_displaced(situation: &Situation, change: &Change) -> bool {
    match &change.certainty {
        Certainty::Changed => false,
        Certainty::Unknown(by) => by.split_once('.').is_some_and(|(id, _)| situation.is_displaced(id)),
    }
}

fn settled(sight: &Sight, spec: &KindSpec) -> Action {
    match &sight.state {
        State::Failed(text) => Action::Stop(Error::blocked(
            reason::FAILED,
            format!("AWS says of {} {}: {text}", spec.kind, sight.handle.0),
        )),
        State::Ready | State::Settling(_) | State::Deleting => Action::Keep,
    }
}

/// What left the graph, an older incarnation, or all there is when the object is deleted.
fn unwanted(situation: &Situation, key: &NodeKey, entry: &Entry) -> Step {
    let step = |action, gate| Step { kind: entry.kind.clone(), place: entry.place.clone(), action, gate, wish: None };
    let Some(spec) = situation.kinds.get(entry.kind.as_str()) else {
        return step(Action::Stop(unknown(&entry.kind)), Gate::Open);
    };
    match situation.sights.get(key) {
        _ if spec.read_only || was_never_placed(entry, spec) => step(Action::Forget, Gate::Open),
        None => step(Action::Look, Gate::Open),
        Some(Err(error)) => step(Action::Stop(error.clone()), Gate::Open),
        Some(Ok(Look::Absent)) if situation.doubtful.contains(key) => {
            step(Action::Forget, Gate::waits("it may have been made already and not be visible yet"))
        }
        Some(Ok(Look::Absent)) => step(Action::Forget, Gate::Open),
        Some(Ok(Look::Present(sight))) => {
            let (action, gate) = ending(situation, key, entry, spec, sight);
            step(action, gate)
        }
    }
}

/// It was intended, and never made: where it was to lie in its parent was not known yet.
fn was_never_placed(entry: &Entry, spec: &KindSpec) -> bool {
    entry.handle.is_none() && !spec.address.is_empty() && entry.address.is_empty()
}

fn ending(situation: &Situation, key: &NodeKey, entry: &Entry, spec: &KindSpec, sight: &Sight) -> (Action, Gate) {
    match situation.title(key, sight) {
        Title::Ours => {}
        Title::Unproven => return (Action::Forget, Gate::waits("its tags may not be visible yet")),
        // Whatever it is, this object neither made it nor took it over.
        Title::Adoptable | Title::Theirs(_) => return (Action::Forget, Gate::Open),
    }
    let superseded = situation.inventory.is_superseded(key);
    let action = match disposal(situation, entry, spec, superseded) {
        OnDelete::Retain => return (release(sight), Gate::Open),
        OnDelete::Snapshot => {
            let id = situation.id(key, &entry.kind, &entry.place, terrace_model::identity::Freshness::Now);
            Action::Delete(Disposal::Snapshot(id.final_snapshot()))
        }
        OnDelete::Delete if empties(situation, spec) => Action::Delete(Disposal::Empty),
        OnDelete::Delete => Action::Delete(Disposal::Delete),
    };
    if sight.state == State::Deleting {
        return (action, Gate::waits("AWS is deleting it"));
    }
    let users = standing_users(situation, key, superseded.then_some(spec.replace));
    let gate = if users.is_empty() { Gate::Open } else { Gate::on(users) };
    (action, gate)
}

/// Consent to empty what holds data is part of the object's own end, and of nothing else.
fn empties(situation: &Situation, spec: &KindSpec) -> bool {
    situation.graph.is_none() && spec.holds_data && situation.deletion == DeletionPolicy::Empty
}

/// What must go, move or come before `key` may go.
fn standing_users(situation: &Situation, key: &NodeKey, superseded: Option<Replace>) -> BTreeSet<String> {
    let inventory = situation.inventory;
    let others = inventory.dependents(key).filter(|other| other.id != key.id);
    let goes = |other: &&Entry| {
        let spec = situation.kinds.get(other.kind.as_str());
        let seen = matches!(situation.sights.get(&other.key()), Some(Ok(_)));
        let unseen = !seen && !spec.is_some_and(|spec| was_never_placed(other, spec));
        unseen || inventory.is_superseded(&other.key()) && spec.is_some_and(|spec| spec.replace == Replace::DeleteFirst)
    };
    match superseded {
        // It yields its place: those that stay move afterwards, to the successor. Whether one stays, only its look says.
        Some(Replace::DeleteFirst) => others.filter(goes).map(|other| other.key().to_string()).collect(),
        Some(Replace::CreateFirst) => {
            let successor = situation.current(&key.id);
            let missing = situation.sight(&successor).is_none().then(|| successor.to_string());
            others.map(|other| other.key().to_string()).chain(missing).collect()
        }
        None => others.map(|other| other.key().to_string()).collect(),
    }
}

fn disposal(situation: &Situation, entry: &Entry, spec: &KindSpec, superseded: bool) -> OnDelete {
    match (situation.graph, superseded) {
        // The successor is made from this one's last snapshot.
        (_, true) if spec.snapshots => OnDelete::Snapshot,
        (_, true) => OnDelete::Delete,
        (None, false) => situation.deletion.of(spec),
        (Some(_), false) if spec.holds_data => entry.on_delete,
        // A rule that is no longer wished for must not go on admitting somebody, whatever becomes of the object's end.
        (Some(_), false) => OnDelete::Delete,
    }
}

/// Takes our tags off, or forgets what bears none.
fn release(sight: &Sight) -> Action {
    let tags = sight.have.get("tags").and_then(Value::as_object);
    let ours = tags.into_iter().flatten().filter(|(key, _)| key.starts_with(tag::PREFIX));
    let changes: Vec<_> = ours
        .map(|(key, value)| Change {
            path: format!("tags.{key}"),
            from: value.clone(),
            to: Value::Null,
            effect: terrace_model::Effect::InPlace,
            certainty: Certainty::Changed,
        })
        .collect();
    if changes.is_empty() { Action::Forget } else { Action::Release(Diff(changes)) }
}

#[cfg(test)]
mod tests;
