//! The resources of an object: how each stands, what is wrong first, and else in the order in which they are made.

use std::collections::{BTreeMap, BTreeSet};

use terrace_crds::ResourceEntry;
use terrace_engine::reason;
use terrace_model::NodeKey;

use super::said::{drift, node};
use super::{HELD, Standing, State, told};
use crate::Object;
use crate::style::Mark;

/// Reasons that pass by themselves; any other, of an object that is stalled, is for a person.
const PASSING: [&str; 8] = [
    reason::SETTLING,
    reason::WAITING,
    reason::RETRYING,
    reason::NOT_READY,
    reason::NAME_HELD,
    reason::ALREADY_EXISTS,
    reason::IN_USE,
    reason::DELETING,
];
/// The state of what a condition names and the record does not have: it was refused before anything was made.
pub const ABSENT: &str = "Absent";

/// One resource of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource<'a> {
    /// Its key: `db`, or `db~2` of a later incarnation.
    pub key: String,
    pub kind: &'a str,
    pub mark: Mark,
    /// As the record has it: Intended, Settling, Ready, Failed or Deleting; or [`ABSENT`].
    pub state: &'a str,
    /// Why it is not Ready.
    pub reason: Option<&'a str>,
    pub message: Option<&'a str>,
    /// What was changed outside Terrace.
    pub drifted: Option<&'a str>,
    /// The later incarnation that takes its place.
    pub replaced_by: Option<String>,
    /// What is on record of it; nothing of what is [`ABSENT`].
    pub entry: Option<&'a ResourceEntry>,
}

/// The resources of an object. What is wrong comes first, the worst of it before all. The rest comes in the order in which
/// it is made: what others stand on before them, so that whoever reads downwards goes from the network to the database.
pub fn resources<'a>(object: &'a Object, standing: &Standing<'a>) -> Vec<Resource<'a>> {
    let entries = &object.status.resources;
    let named = node(standing.message);
    let drift = told(object, "Drifted").map(drift).unwrap_or_default();
    let latest = latest(entries);
    let all = in_order(entries).into_iter().map(|entry| {
        let key = key(entry).to_string();
        let named = named.filter(|named| named.key == key);
        Resource {
            kind: &entry.kind,
            state: &entry.state,
            reason: entry.reason.as_deref(),
            message: entry.message.as_deref(),
            drifted: drift.get(key.as_str()).copied(),
            replaced_by: latest
                .get(entry.id.as_str())
                .filter(|last| **last > entry.incarnation)
                .map(|last| NodeKey::new(&entry.id, *last).to_string()),
            mark: mark(entry, standing, named.is_some(), drift.contains_key(key.as_str())),
            entry: Some(entry),
            key,
        }
    });
    let mut all: Vec<_> = all.collect();
    // A look that shows what only a person can mend stops an object before anything of it is on record.
    if let Some(named) = named.filter(|named| all.iter().all(|resource| resource.key != named.key)) {
        all.push(Resource {
            key: named.key.into(),
            kind: named.kind,
            mark: standing.state.mark(),
            state: ABSENT,
            reason: Some(standing.reason),
            message: Some(named.words),
            drifted: None,
            replaced_by: None,
            entry: None,
        });
    }
    all.sort_by_key(|resource| resource.mark);
    all
}

fn key(entry: &ResourceEntry) -> NodeKey {
    NodeKey::new(&entry.id, entry.incarnation)
}

fn mark(entry: &ResourceEntry, standing: &Standing, named: bool, drifted: bool) -> Mark {
    let stalled = standing.state == State::Stalled;
    match (entry.state.as_str(), entry.reason.as_deref()) {
        (_, Some(reason)) if HELD.contains(&reason) => Mark::Paused,
        ("Failed", _) => Mark::Stalled,
        (_, Some(_)) if stalled && named => Mark::Stalled,
        (_, Some(reason)) if stalled && !PASSING.contains(&reason) => Mark::Stalled,
        ("Ready", None) if drifted => Mark::Concern,
        ("Ready", None) => Mark::Ready,
        ("Ready" | "Intended" | "Settling" | "Deleting", _) => Mark::Reconciling,
        _ => Mark::Unknown,
    }
}

/// The latest incarnation of each id.
fn latest(entries: &[ResourceEntry]) -> BTreeMap<&str, u32> {
    let mut latest = BTreeMap::new();
    for entry in entries {
        let last = latest.entry(entry.id.as_str()).or_insert(entry.incarnation);
        *last = (*last).max(entry.incarnation);
    }
    latest
}

/// What others stand on comes before them; what hangs on nothing, and what closes a circle, by its id.
fn in_order(entries: &[ResourceEntry]) -> Vec<&ResourceEntry> {
    let known: BTreeMap<NodeKey, &ResourceEntry> = entries.iter().map(|entry| (key(entry), entry)).collect();
    let needs = |entry: &ResourceEntry| -> Vec<NodeKey> {
        let all = entry.depends_on.iter().map(|on| NodeKey::from(on.clone()));
        all.filter(|on| known.contains_key(on)).collect()
    };
    let mut open: BTreeMap<&NodeKey, Vec<NodeKey>> = known.iter().map(|(key, entry)| (key, needs(entry))).collect();
    let (mut placed, mut order) = (BTreeSet::new(), Vec::new());
    while !open.is_empty() {
        let stands = |needs: &[NodeKey]| needs.iter().all(|on| placed.contains(on));
        let mut next: Vec<&NodeKey> = open.iter().filter(|(_, needs)| stands(needs)).map(|(key, _)| *key).collect();
        if next.is_empty() {
            next = open.keys().copied().collect();
        }
        for key in next {
            open.remove(key);
            placed.insert(key.clone());
            order.extend(known.get(key).copied());
        }
    }
    order
}
