//! The status of a tier after a pass. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use terrace_crds::{Binding, PlanEntry, PlanSummary, ResourceEntry, TierStatus, User};
use terrace_engine::{Look, Outcome, Pending, Report};
use terrace_model::{NodeKey, Ref, Source, Val};
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
    /// Whom the object admits.
    pub users: Vec<User>,
    /// What some of them get for themselves.
    pub user_outputs: &'a BTreeMap<User, BTreeMap<&'static str, Val<Value>>>,
    pub now: Timestamp,
}

/// The new status.
pub fn status(seen: &Seen) -> TierStatus {
    let Seen { before, generation, outcome, report, outputs, users, user_outputs, now } = seen;
    let resources = entries(&outcome.inventory, &[]).unwrap_or_else(|_| before.resources.clone());
    let binding = output(outcome, BINDING, "name");
    TierStatus {
        observed_generation: *generation,
        conditions: conditions::after(&before.conditions, report, *generation, *now),
        resources: resources.into_iter().map(|entry| explained(entry, report)).collect(),
        outputs: all_shown(outcome, outputs, &before.outputs),
        users: users.iter().map(|user| given(user, seen, user_outputs)).collect(),
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

fn all_shown(
    outcome: &Outcome,
    outputs: &BTreeMap<&'static str, Val<Value>>,
    before: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let shown = |(name, value): (&&'static str, &Val<Value>)| {
        Some(((*name).to_owned(), shown(outcome, value, before.get(*name))?))
    };
    outputs.iter().filter_map(shown).collect()
}

/// A user with what it gets for itself. Of one whose outputs nobody could work out this time, what it had stays.
fn given(user: &User, seen: &Seen, outputs: &BTreeMap<User, BTreeMap<&'static str, Val<Value>>>) -> User {
    let none = BTreeMap::new();
    let before = seen.before.users.iter().find(|listed| listed.is(user)).map_or(&none, |listed| &listed.outputs);
    match outputs.iter().find(|(listed, _)| listed.is(user)) {
        Some((_, own)) => User { outputs: all_shown(seen.outcome, own, before), ..user.clone() },
        None => user.clone(),
    }
}

/// An output as status shows it: what the last look found, or, where that failed, what was known before. Others use it,
/// and should not be held up by a throttled read.
fn shown(outcome: &Outcome, value: &Val<Value>, before: Option<&String>) -> Option<String> {
    known(outcome, value).or_else(|| before.filter(|_| is_unread(outcome, value)).cloned())
}

fn is_unread(outcome: &Outcome, value: &Val<Value>) -> bool {
    let Val::Ref(Ref { source: Source::Node(id), .. }) = value else { return false };
    let key = outcome.inventory.current(id).map_or_else(|| NodeKey::new(id, 1), terrace_model::Entry::key);
    matches!(outcome.sights.get(&key), Some(Err(_)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use terrace_engine::provider::{Sight, State};
    use terrace_engine::{Error, report};

    const ARN: &str = "arn:aws:rds:eu-west-1:111122223333:db:a";

    /// The outputs after a pass in which the database was found like this.
    fn outputs(found: Result<Look, Error>) -> BTreeMap<String, String> {
        let outcome = Outcome {
            inventory: Default::default(),
            plan: Default::default(),
            sights: [(NodeKey::new("db", 1), found)].into(),
            pending: None,
            failures: BTreeMap::new(),
            drift: BTreeMap::new(),
            requeue: None,
            rotation: None,
            unsaved: None,
        };
        let known = [("arn".to_owned(), ARN.to_owned()), ("gone".to_owned(), "x".to_owned())];
        let before = TierStatus { outputs: known.into(), ..TierStatus::default() };
        let arn = Val::Ref(Ref { source: Source::Node("db".into()), output: "arn".into() });
        let seen = Seen {
            before: &before,
            generation: 1,
            outcome: &outcome,
            report: &report(&outcome, false),
            outputs: &[("arn", arn), ("port", Val::Known(json!(5432)))].into(),
            users: Vec::new(),
            user_outputs: &BTreeMap::new(),
            now: Timestamp::UNIX_EPOCH,
        };
        status(&seen).outputs
    }

    fn present(out: Value) -> Result<Look, Error> {
        let handle = terrace_model::Handle(ARN.into());
        let owner = terrace_model::Owner::Untagged;
        Ok(Look::Present(Box::new(Sight { have: json!({}), out, handle, owner, state: State::Ready, unread: &[] })))
    }

    #[test]
    fn an_output_that_could_not_be_read_again_is_kept_and_one_that_is_gone_is_not() {
        let port = ("port".to_owned(), "5432".to_owned());
        let with = |arn: &str| [("arn".to_owned(), arn.to_owned()), port.clone()].into();
        assert_eq!(outputs(present(json!({ "arn": "arn:b" }))), with("arn:b"));
        assert_eq!(outputs(Err(Error::retry("throttled"))), with(ARN));
        assert_eq!(outputs(Ok(Look::Absent)), [port.clone()].into());
        assert_eq!(outputs(present(json!({ "arn": null }))), [port].into());
    }
}
