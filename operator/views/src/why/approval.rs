//! A plan that waits for approval: what it says, and how to approve it.

use std::collections::BTreeMap;

use terrace_crds::{PlanEntry, PlanSummary};

use super::cause::Cause;
use super::{Because, Command, Entry};

/// The plan's entries, where the cause is that nobody has approved it.
pub fn entries(cause: &Cause) -> Vec<Entry> {
    let Some(plan) = cause.plan().filter(|_| cause.because == Because::Approval) else { return Vec::new() };
    let entry = |entry: &PlanEntry| Entry {
        id: entry.id.clone(),
        kind: entry.kind.clone(),
        action: entry.action.clone(),
        changes: entry.changes.clone(),
        data: entry.data.clone(),
        hash: entry.hash.clone(),
    };
    plan.entries.iter().map(entry).collect()
}

/// The plan in a sentence: what is a choice is joined by "or".
pub fn words(cause: &Cause) -> String {
    let Some(plan) = cause.plan() else { return cause.words.to_owned() };
    let ways = by_resource(plan);
    let each = ways.values().map(|ways| ways.iter().map(|way| deed(way)).collect::<Vec<_>>().join(", or "));
    each.collect::<Vec<_>>().join("; ")
}

/// How to approve it. The plan's own hash lets all of it through; where a resource leaves a choice, each entry has its own.
pub fn commands(cause: &Cause) -> Vec<Command> {
    let Some(plan) = cause.plan() else { return Vec::new() };
    let name = cause.thing.name();
    let approve = |hash: &str, effect: String| Command { run: name.approve(hash), effect };
    match is_choice(plan) {
        true => plan.entries.iter().map(|entry| approve(&entry.hash, deed(entry))).collect(),
        false => vec![approve(&plan.hash, words(cause))],
    }
}

/// Whether a resource leaves a choice, so that each entry is approved by itself.
pub(crate) fn is_choice(plan: &PlanSummary) -> bool {
    by_resource(plan).values().any(|ways| ways.len() > 1)
}

/// The entries of each resource: several are a choice.
fn by_resource(plan: &PlanSummary) -> BTreeMap<&str, Vec<&PlanEntry>> {
    let mut all: BTreeMap<&str, Vec<&PlanEntry>> = BTreeMap::new();
    for entry in &plan.entries {
        all.entry(&entry.id).or_default().push(entry);
    }
    all
}

/// `replace db for storageEncrypted: false → true (data lost …)`.
fn deed(entry: &PlanEntry) -> String {
    let changes = match entry.changes.is_empty() {
        true => String::new(),
        false => format!(" for {}", entry.changes.join(", ")),
    };
    let data = entry.data.as_ref().map(|data| format!(" (data {data})")).unwrap_or_default();
    format!("{} {}{changes}{data}", entry.action.to_lowercase(), entry.id)
}
