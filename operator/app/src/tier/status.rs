//! The status of a tier after a pass. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use terrace_crds::{Binding, PlanEntry, PlanSummary, ResourceEntry, TierStatus};
use terrace_engine::{Look, Outcome, Pending, Report};
use terrace_model::{NodeKey, Source, Val};
use terrace_tiers::BINDING;

use super::ledger::entries;
use crate::conditions;

/// What the status is made from.
pub struct Seen<'a> {
    pub before: &'a TierStatus,
    pub generation: i64,
    pub outcome: &'a Outcome,
    pub report: &'a Report,
    pub outputs: &'a BTreeMap<&'static str, Val<Value>>,
    pub now: Timestamp,
}

/// The new status.
pub fn status(seen: &Seen) -> TierStatus {
    let Seen { before, generation, outcome, report, outputs, now } = seen;
    let resources = entries(&outcome.inventory, &[]).unwrap_or_else(|_| before.resources.clone());
    let binding = output(outcome, BINDING, "name");
    TierStatus {
        observed_generation: *generation,
        conditions: conditions::after(&before.conditions, report, *generation, *now),
        resources: resources.into_iter().map(|entry| explained(entry, report)).collect(),
        outputs: outputs
            .iter()
            .filter_map(|(name, value)| Some(((*name).to_owned(), known(outcome, value)?)))
            .collect(),
        binding: binding.as_ref().and_then(Value::as_str).map(|name| Binding { name: name.into() }),
        plan: outcome.pending.as_ref().map(summary),
        ..(*before).clone()
    }
}

/// The output of a node as the last look found it.
fn output(outcome: &Outcome, id: &str, name: &str) -> Option<Value> {
    let key = outcome.inventory.current(id).map_or_else(|| NodeKey::new(id, 1), terrace_model::Entry::key);
    match outcome.sights.get(&key) {
        Some(Ok(Look::Present(sight))) => sight.out.get(name).filter(|value| !value.is_null()).cloned(),
        _ => None,
    }
}

fn known(outcome: &Outcome, value: &Val<Value>) -> Option<String> {
    let value = match value {
        Val::Known(value) => value.clone(),
        Val::Ref(reference) => match &reference.source {
            Source::Node(id) => output(outcome, id, &reference.output)?,
            Source::Object(_) => return None,
        },
        Val::Join(_) => return None,
    };
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn explained(entry: ResourceEntry, report: &Report) -> ResourceEntry {
    let node = report.nodes.get(&NodeKey::new(&entry.id, entry.incarnation)).filter(|node| node.state != "Ready");
    ResourceEntry {
        reason: node.map(|node| node.reason.to_owned()),
        message: node.map(|node| node.message.clone()).filter(|message| !message.is_empty()),
        ..entry
    }
}

fn summary(pending: &Pending) -> PlanSummary {
    let sentence = |entry: &terrace_engine::policy::Consent| {
        let data = entry.data.as_ref().map(|data| format!(", data {data}")).unwrap_or_default();
        format!("{} {}{data}", entry.action.to_lowercase(), entry.id)
    };
    PlanSummary {
        hash: pending.hash.clone(),
        summary: pending.entries.iter().map(sentence).collect::<Vec<_>>().join("; "),
        entries: pending
            .entries
            .iter()
            .cloned()
            .map(|entry| PlanEntry {
                id: entry.id,
                kind: entry.kind,
                action: entry.action,
                handle: entry.handle,
                changes: entry.changes,
                data: entry.data,
                hash: entry.hash,
            })
            .collect(),
    }
}
