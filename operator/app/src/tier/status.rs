//! The status of a tier after a pass. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use terrace_crds::{Binding, PlanEntry, PlanSummary, ResourceEntry, TierStatus, User};
use terrace_engine::report::Verdict;
use terrace_engine::{Outcome, Pending, Report};
use terrace_model::{NodeKey, Val};
use terrace_tiers::{BINDING, Course};

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
    let binding = outcome.output(BINDING, "name");
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

/// Says of an object whose resources are all as wished how far a procedure has come, or that it was given up.
pub fn tell(report: &mut Report, course: &Course) {
    if !report.ready.status {
        return;
    }
    let verdict = |status| Verdict { status, reason: course.reason, message: course.message.clone() };
    report.ready = verdict(false);
    match course.given_up {
        true => report.stalled = verdict(true),
        false => report.reconciling = verdict(true),
    }
}

fn all_shown(
    outcome: &Outcome,
    outputs: &BTreeMap<&'static str, Val<Value>>,
    before: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let shown = |(name, value): (&&'static str, &Val<Value>)| {
        Some(((*name).to_owned(), outcome.shown(value, before.get(*name))?))
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
    use crate::tier::testing::outcome;
    use serde_json::json;
    use terrace_engine::provider::{Sight, State};
    use terrace_engine::{Error, Look, report};
    use terrace_model::{Ref, Source};

    const ARN: &str = "arn:aws:rds:eu-west-1:111122223333:db:a";

    /// The outputs after a pass in which the database was found like this.
    fn outputs(found: Result<Look, Error>) -> BTreeMap<String, String> {
        let outcome = outcome([(NodeKey::new("db", 1), found)]);
        let known = [("arn", ARN), ("gone", "x"), ("url", "db://before")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let before = TierStatus { outputs: known.into(), ..TierStatus::default() };
        let of_db = |output: &str| Ref { source: Source::Node("db".into()), output: output.into() };
        let arn = Val::Ref(of_db("arn"));
        let url = Val::Join(vec!["db://".into(), Val::Ref(of_db("arn")), ":".into(), Val::Ref(of_db("port"))]);
        let seen = Seen {
            before: &before,
            generation: 1,
            outcome: &outcome,
            report: &report(&outcome, false),
            outputs: &[("arn", arn), ("port", Val::Known(json!(5432))), ("url", url)].into(),
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

    /// What is shown beside the port.
    fn shown(found: Result<Look, Error>) -> Vec<(String, String)> {
        outputs(found).into_iter().filter(|(name, _)| name != "port").collect()
    }

    fn both(arn: &str, url: &str) -> Vec<(String, String)> {
        [("arn", arn), ("url", url)].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn an_output_that_could_not_be_read_again_is_kept_and_one_that_is_gone_is_not() {
        assert_eq!(shown(Err(Error::retry("throttled"))), both(ARN, "db://before"));
        for gone in [Ok(Look::Absent), present(json!({ "arn": null, "port": 5432 }))] {
            assert_eq!(shown(gone), []);
        }
        assert_eq!(outputs(Ok(Look::Absent)), [("port".to_owned(), "5432".to_owned())].into());
    }

    #[test]
    fn a_joined_output_is_shown_as_soon_as_all_its_parts_are_known() {
        assert_eq!(shown(present(json!({ "arn": "arn:b", "port": 5432 }))), both("arn:b", "db://arn:b:5432"));
        assert_eq!(shown(present(json!({ "arn": "arn:b" }))), [("arn".to_owned(), "arn:b".to_owned())]);
    }

    /// Ready, Reconciling and Stalled with their reasons, where everything is as wished and a rollout stands so.
    fn told(reason: &'static str, given_up: bool) -> [(bool, &'static str); 3] {
        let mut report = report(&outcome([]), false);
        tell(&mut report, &Course { reason, message: "alarm errors: too many".into(), given_up });
        assert_eq!(report.ready.message, "alarm errors: too many");
        [&report.ready, &report.reconciling, &report.stalled].map(|verdict| (verdict.status, verdict.reason))
    }

    #[test]
    fn an_object_whose_new_version_was_taken_back_is_stalled_and_one_on_its_way_reconciles() {
        let back = told(Course::ROLLED_BACK, true);
        assert_eq!(back, [(false, "RolledBack"), (false, "Done"), (true, "RolledBack")]);
        let on_its_way = told(Course::ROLLING_OUT, false);
        assert_eq!(on_its_way, [(false, "RollingOut"), (true, "RollingOut"), (false, "Done")]);
    }
}
