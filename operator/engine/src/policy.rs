//! Policies: filters over a plan. They hold steps back; they never add one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use terrace_model::identity::{canonical, short_hash};
use terrace_model::{Certainty, Diff, NodeKey};

use crate::error::reason;
use crate::plan::{Action, Gate, Plan, Step, Why};
use crate::provider::Disposal;
use crate::situation::Situation;

/// Which changes need a person's consent (`spec.changePolicy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChangePolicy {
    Automatic,
    /// Whatever replaces, deletes or makes anew, empty, what holds data.
    #[default]
    ApproveDestructive,
    /// Every change.
    ApproveAll,
}

/// What may be done now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    pub change: ChangePolicy,
    /// `terrace.dev/pause`: nothing is changed, status stays fresh.
    pub paused: bool,
    /// `spec.management: Observe`: nothing is ever changed.
    pub observe: bool,
    /// `terrace.dev/approve`: the hash of a pending plan, or of one choice in it.
    pub approved: Option<String>,
}

/// What waits for consent (`status.plan`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    /// Goes into the annotation `terrace.dev/approve`.
    pub hash: String,
    pub entries: Vec<Consent>,
}

/// One step that waits for consent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// Logical id.
    pub id: String,
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// `Create`, `Update`, `Replace`, `Delete`, `Recreate` or `Restore`.
    pub action: String,
    /// What becomes of the data, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The fields that differ: those that force a replacement, or all of a change in place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// Approves this entry alone; where one node has several, it is the choice between them.
    pub hash: String,
}

/// A filtered plan: what is held back, and which nodes were let through by which consent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filtered {
    pub plan: Plan,
    pub pending: Option<Pending>,
    /// Consent by node; it is written into the inventory, so that it holds until the step is done.
    pub consented: BTreeMap<NodeKey, Consented>,
}

/// A consent that was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Consented {
    pub hash: String,
    /// The snapshot that was chosen to restore from.
    pub restore_from: Option<String>,
}

/// Holds back what the policy does not admit.
pub fn filter(policy: &Policy, mut plan: Plan, situation: &Situation) -> Filtered {
    if policy.paused || policy.observe {
        hold_all(policy, &mut plan, situation);
        return Filtered { plan, ..Filtered::default() };
    }
    let mut choices: BTreeMap<NodeKey, Vec<(Consent, Option<String>)>> = BTreeMap::new();
    for (key, step) in plan.0.iter().filter(|(key, step)| needs_consent(policy, key, step, situation)) {
        let offered = offer(key, step, situation);
        let given = situation.inventory.0.get(key).and_then(|entry| entry.approved.as_ref());
        if !offered.iter().any(|(consent, _)| Some(&consent.hash) == given) {
            choices.insert(key.clone(), offered);
        }
    }
    let pending = pending(&choices);
    let mut consented = BTreeMap::new();
    for (key, offered) in choices {
        let whole = offered.len() == 1 && policy.approved == pending.as_ref().map(|pending| pending.hash.clone());
        let chosen = offered.iter().find(|(consent, _)| whole || policy.approved.as_ref() == Some(&consent.hash));
        match (chosen, plan.0.get_mut(&key)) {
            (Some((consent, restore_from)), _) => {
                consented.insert(key, Consented { hash: consent.hash.clone(), restore_from: restore_from.clone() });
            }
            (None, Some(step)) => step.gate = held(step, &offered),
            (None, None) => {}
        }
    }
    let pending = pending.filter(|_| plan.0.values().any(|step| matches!(step.gate, Gate::Held { .. })));
    Filtered { plan, pending, consented }
}

fn hold_all(policy: &Policy, plan: &mut Plan, situation: &Situation) {
    let (reason, lead) = if policy.observe {
        ("ObserveOnly", "spec.management is Observe: nothing is changed")
    } else {
        ("Paused", "the annotation terrace.dev/pause holds every change")
    };
    // What is only struck off the record touches nothing.
    let held = |step: &Step| step.action.is_change() && step.action != Action::Forget;
    for (key, step) in plan.0.iter_mut().filter(|(_, step)| held(step)) {
        let deeds: Vec<String> = offer(key, step, situation).iter().map(|(consent, _)| deed(consent)).collect();
        step.gate = Gate::Held { reason, message: format!("{lead}; held: {}", deeds.join(", or ")) };
    }
}

fn needs_consent(policy: &Policy, key: &NodeKey, step: &Step, situation: &Situation) -> bool {
    let holds_data = situation.kinds.get(step.kind.as_str()).is_some_and(|spec| spec.holds_data);
    // An older incarnation goes by the consent that its successor was made with.
    let superseded = situation.inventory.is_superseded(key);
    let destructive = holds_data
        && !superseded
        && match &step.action {
            Action::Replace { .. } | Action::Create(Why::Missing) => true,
            Action::Delete(_) => situation.graph.is_some(),
            _ => false,
        };
    match policy.change {
        // Consent to delete the object is consent to delete what is its.
        _ if situation.graph.is_none() || !step.action.is_change() || step.action == Action::Forget => false,
        // Nothing is asked that cannot be said yet: it is asked when it is known, and cannot be done before.
        _ if is_unsaid(key, step, situation) => false,
        // Data that is gone is never made anew, empty, without somebody's choice.
        ChangePolicy::Automatic => destructive && step.action == Action::Create(Why::Missing),
        ChangePolicy::ApproveDestructive => destructive,
        ChangePolicy::ApproveAll => !superseded && step.action != Action::Create(Why::Replacement),
    }
}

/// What waits for an output, for AWS to be done with what stood there, or to show what was made already.
fn is_unsaid(key: &NodeKey, step: &Step, situation: &Situation) -> bool {
    let waits = matches!(step.gate, Gate::Waits { .. });
    match &step.action {
        Action::Update { diff, .. } | Action::Replace { diff, .. } => waits && diff.is_open(),
        Action::Create(_) => waits && (situation.sight(key).is_some() || situation.doubtful.contains(key)),
        _ => false,
    }
}

fn offer(key: &NodeKey, step: &Step, situation: &Situation) -> Vec<(Consent, Option<String>)> {
    let consent = |action: &str, data: Option<String>, changes: Vec<String>| {
        let entry = situation.inventory.0.get(key);
        // What is about to be taken over is not on record yet.
        let seen = || situation.sight(key).map(|sight| sight.handle.clone());
        let handle = entry.and_then(|entry| entry.handle.clone()).or_else(seen).map(|handle| handle.0);
        let remade = entry.map_or(0, |entry| entry.remade).to_string();
        let fixed = [key.to_string(), handle.clone().unwrap_or_default(), remade, action.to_owned()];
        let parts: Vec<&String> = fixed.iter().chain(data.iter()).chain(&changes).collect();
        let hash = short_hash(&parts);
        let changes = changes.iter().map(|change| brief(change)).collect();
        Consent { id: key.id.clone(), kind: step.kind.clone(), handle, action: action.into(), data, changes, hash }
    };
    // The wish as it is written: what it refers to becomes known while it is carried out, and a handle when it was sent.
    let create = || {
        let wish = situation.graph.and_then(|graph| graph.node(&key.id)).map(|node| canonical(&node.want));
        let hash = short_hash(&[key.to_string().as_str(), "Create", wish.unwrap_or_default().as_str()]);
        Consent { hash, handle: None, ..consent("Create", None, vec![]) }
    };
    match &step.action {
        Action::Replace { diff, carried } => {
            let data = if *carried {
                "carried over: restored from the final snapshot"
            } else {
                "lost to the new resource; a final snapshot is kept"
            };
            vec![(consent("Replace", Some(data.into()), lines(diff, true)), None)]
        }
        Action::Create(Why::Missing) => {
            let newest = situation.backups.get(key).and_then(|backups| backups.first());
            let restore = newest.map(|backup| {
                let data = format!("restored from {}, taken at {}", backup.name, backup.taken_at);
                (consent("Restore", Some(data), vec![]), Some(backup.name.clone()))
            });
            let empty = (consent("Recreate", Some(anew(step, situation)), vec![]), None);
            restore.into_iter().chain([empty]).collect()
        }
        Action::Delete(Disposal::Snapshot(name)) => {
            vec![(consent("Delete", Some(format!("kept in the snapshot {name}")), vec![]), None)]
        }
        Action::Delete(Disposal::Delete | Disposal::Empty) => {
            vec![(consent("Delete", Some("lost".into()), vec![]), None)]
        }
        Action::Update { diff, .. } => vec![(consent("Update", None, lines(diff, false)), None)],
        Action::Release(_) => vec![(consent("Release", None, vec![]), None)],
        _ => vec![(create(), None)],
    }
}

/// What becomes of the data where no copy of it is restored: the object itself may name something to be made from.
fn anew(step: &Step, situation: &Situation) -> String {
    let restores = situation.kinds.get(step.kind.as_str()).and_then(|spec| spec.restores);
    let source = restores.zip(step.wish.as_ref()).and_then(|(field, wish)| wish.value.get(field));
    match source.filter(|source| !source.is_null()) {
        Some(source) => format!("made anew, from what the object itself restores from: {}", canonical(source)),
        None => "made anew, empty".into(),
    }
}

/// The differences in words: `kmsKeyId: "a" → "b"`.
pub fn lines(diff: &Diff, forcing_only: bool) -> Vec<String> {
    let shown = |change: &&terrace_model::Change| !forcing_only || change.effect == terrace_model::Effect::Replace;
    let text = |value: &Value| if value.is_null() { "unset".to_owned() } else { canonical(value) };
    let line = |change: &terrace_model::Change| match &change.certainty {
        Certainty::Changed => format!("{}: {} → {}", change.path, text(&change.from), text(&change.to)),
        Certainty::Unknown(by) => format!("{}: {} → known after {by}", change.path, text(&change.from)),
    };
    diff.0.iter().filter(shown).map(line).collect()
}

fn pending(choices: &BTreeMap<NodeKey, Vec<(Consent, Option<String>)>>) -> Option<Pending> {
    let entries: Vec<Consent> = choices.values().flatten().map(|(consent, _)| consent.clone()).collect();
    let hashes: Vec<&String> = entries.iter().map(|entry| &entry.hash).collect();
    (!entries.is_empty()).then(|| Pending { hash: short_hash(&hashes), entries: entries.clone() })
}

fn held(step: &Step, offered: &[(Consent, Option<String>)]) -> Gate {
    let missing = matches!(step.action, Action::Create(Why::Missing));
    let ways: Vec<String> = offered.iter().map(|(consent, _)| way(consent)).collect();
    let lead = if missing {
        format!("{} was deleted outside Terrace", step.kind)
    } else {
        format!("{} needs approval", step.kind)
    };
    let message = format!("{lead}; annotate {}", ways.join(", or "));
    Gate::Held { reason: if missing { reason::MISSING } else { reason::APPROVAL_REQUIRED }, message }
}

fn way(consent: &Consent) -> String {
    format!("terrace.dev/approve={} to {}", consent.hash, deed(consent))
}

fn deed(consent: &Consent) -> String {
    let data = consent.data.as_ref().map(|data| format!(" (data {data})")).unwrap_or_default();
    let changes =
        if consent.changes.is_empty() { String::new() } else { format!(" for {}", brief(&consent.changes.join("; "))) };
    format!("{}{changes}{data}", consent.action.to_lowercase())
}

/// Status has bounds, and a policy document may have any length. A hash covers it whole.
fn brief(text: &str) -> String {
    const MOST: usize = 1000;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
