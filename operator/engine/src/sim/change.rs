//! What the simulated AWS makes of an update.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};
use terrace_model::resolve::references;
use terrace_model::{Change, Diff, Effect, Id, KindSpec, Rule};

use super::create::filled;
use super::live::{Key, Live, Maker, bears_tags};
use super::violation::Breach;
use super::world::World;
use crate::error::{Error, Result, reason};
use crate::provider::State;

impl World {
    /// Changes in place.
    ///
    /// # Errors
    /// As AWS has them: not found, not available, a change that it does not make.
    pub fn update(&mut self, now: Timestamp, id: &Id, want: &Value, diff: &Diff) -> Result<()> {
        let what = format!("{} {}", id.kind, id.node);
        let (spec, behaviour) = self.kind(&id.kind)?;
        if spec.read_only {
            return self.refuse(now, Breach::ReadOnly, format!("update of {what}"));
        }
        if diff.is_empty() {
            self.breach(now, Breach::EmptyDiff, format!("update of {what} without a difference"));
            return Ok(());
        }
        let live = self.locate(now, id).ok_or_else(|| Error::retry(format!("{what} was not found")))?.clone();
        self.check_owner(now, id, &live);
        let part = touched(want, diff);
        if diff.is_open() || !references(&part).is_empty() {
            return self.refuse(now, Breach::OpenReference, format!("{what}: {diff:?}"));
        }
        self.check_possible(now, &what, &spec, &live, diff)?;
        available(now, &live)?;
        self.check_mentions(now, &behaviour, Some(&live.key), &part)?;
        let have = match (spec.normalise)(&applied(&live, want, diff)) {
            Ok(have) => filled(&spec, have),
            Err(message) => return self.refuse(now, Breach::NotAWish, message),
        };
        self.store(now, id, &live.key, have, diff);
        Ok(())
    }

    fn store(&mut self, now: Timestamp, id: &Id, key: &Key, have: Value, diff: &Diff) {
        let Some(live) = self.live.get_mut(key) else {
            return;
        };
        if live.behaviour.labelled && !bears_tags(&have) {
            live.labels = id.owner_tags();
        }
        let takes_over = live.maker.as_ref().is_none_or(|maker| maker.uid != id.owner.uid);
        let until = now + live.behaviour.modify;
        live.have = have;
        live.learn();
        live.note(now, format!("changed {}", paths(diff)));
        if takes_over && live.tagged_uid().is_none_or(|uid| uid == id.owner.uid) {
            live.maker = Some(Maker::of(id));
        }
        if until > now && diff.0.iter().any(|change| top(change) != "tags") {
            live.busy = Some(("modifying", until));
        }
    }

    /// Whether the caller may: only what is its own, or what a test has given it leave to take over.
    pub fn check_owner(&mut self, now: Timestamp, id: &Id, live: &Live) {
        if !self.belongs(live, &id.owner.uid) && !self.adoptable.contains(&live.handle) {
            self.breach(now, Breach::Foreign, format!("{} changed what is not its own: {}", id.owner, live.handle.0));
        }
    }

    fn check_possible(&mut self, now: Timestamp, what: &str, spec: &KindSpec, live: &Live, diff: &Diff) -> Result<()> {
        let lowers = |change: &Change| {
            let have = live.have.get(top(change)).and_then(Value::as_f64);
            matches!((change.to.as_f64(), have), (Some(to), Some(have)) if to < have)
        };
        for change in &diff.0 {
            let rule = spec.rule(top(change));
            let impossible = change.effect != Effect::InPlace
                || rule == Some(Rule::Replace)
                || (matches!(rule, Some(Rule::Refuse(_) | Rule::Grows)) && lowers(change));
            if impossible {
                return self.refuse(now, Breach::Impossible, format!("{what}: {change:?}"));
            }
        }
        Ok(())
    }
}

fn top(change: &Change) -> &str {
    change.path.split('.').next().unwrap_or_default()
}

fn paths(diff: &Diff) -> String {
    diff.0.iter().map(|change| change.path.as_str()).collect::<Vec<_>>().join(", ")
}

/// The fields of the wish that are to be changed.
fn touched(want: &Value, diff: &Diff) -> Value {
    let fields: BTreeSet<&str> = diff.0.iter().map(top).collect();
    let want = want.as_object().into_iter().flatten();
    want.filter(|(name, _)| fields.contains(name.as_str())).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Whether AWS takes a change now (`InvalidDBInstanceState` and its like).
fn available(now: Timestamp, live: &Live) -> Result<()> {
    match live.state(now) {
        State::Ready => Ok(()),
        State::Deleting => Err(Error::wait(reason::DELETING, format!("{} is being deleted", live.handle.0))),
        State::Settling(word) => Err(Error::wait(reason::NOT_READY, format!("{} is {word}", live.handle.0))),
        State::Failed(text) => Err(Error::blocked(reason::FAILED, format!("{} has failed: {text}", live.handle.0))),
    }
}

/// What it is after the change: keys of keyed maps one by one, other fields whole.
fn applied(live: &Live, want: &Value, diff: &Diff) -> Value {
    let first = diff.0.first().map(top);
    let mut have = live.have.clone();
    for change in diff.0.iter().filter(|change| !live.behaviour.one_field_a_call || Some(top(change)) == first) {
        match change.path.split_once('.') {
            Some((field, key)) => set_key(&mut have[field], key, &change.to),
            None => have[&change.path] = want.get(&change.path).unwrap_or(&change.to).clone(),
        }
    }
    have
}

/// Sets a key of a map, or takes it away.
pub(super) fn set_key(map: &mut Value, key: &str, to: &Value) {
    if !map.is_object() {
        *map = Map::new().into();
    }
    if let Some(map) = map.as_object_mut() {
        if to.is_null() {
            map.remove(key);
        } else {
            map.insert(key.into(), to.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::testkit::{Bench, database, id};
    use serde_json::json;
    use std::time::Duration;
    use terrace_model::Certainty;
    use terrace_model::identity::tag;

    fn change(path: &str, to: Value) -> Change {
        Change { path: path.into(), from: Value::Null, to, effect: Effect::InPlace, certainty: Certainty::Changed }
    }

    fn later(bench: &Bench, seconds: u64) {
        bench.sim.clock().advance(Duration::from_secs(seconds));
    }

    #[test]
    fn a_change_is_taken_only_when_available_and_takes_time() {
        let bench = Bench::default();
        let a = id("test/Thing", "a");
        bench.make(&a, json!({})).unwrap();
        assert_eq!(bench.change(&a, "size", json!(2)).unwrap_err().reason(), reason::NOT_READY);
        later(&bench, 2);
        bench.change(&a, "size", json!(2)).unwrap();
        assert_eq!(bench.sight(&a).state, State::Settling("modifying".into()));
        assert_eq!(bench.sight(&a).have["size"], json!(2));
        assert_eq!(bench.change(&a, "size", json!(3)).unwrap_err().reason(), reason::NOT_READY);
        later(&bench, 1);
        assert_eq!(bench.sight(&a).state, State::Ready);
        bench.assert_lawful();
    }

    #[test]
    fn tags_change_at_once_and_one_by_one() {
        let bench = Bench::default();
        let a = id("test/Thing", "a");
        bench.settle(&a, json!({}));
        bench.change(&a, "tags.team", json!("red")).unwrap();
        assert_eq!(bench.sight(&a).state, State::Ready);
        bench.change(&a, "tags.team", Value::Null).unwrap();
        assert_eq!(bench.sight(&a).have["tags"], json!(a.owner_tags()));
    }

    #[test]
    fn an_empty_difference_is_a_violation() {
        let bench = Bench::default();
        let a = id("test/Thing", "a");
        bench.settle(&a, json!({}));
        bench.update(&a, &json!({}), &Diff::default()).unwrap();
        assert_eq!(bench.breaches(), [Breach::EmptyDiff]);
    }

    #[test]
    fn a_change_of_what_is_anothers_is_a_violation_unless_given_leave() {
        let bench = Bench::default();
        let mine = id("test/Thing", "a");
        let handle = bench.settle(&mine, json!({}));
        let mut other = Id { handle: Some(handle.clone()), ..mine };
        other.owner.uid = "another".into();
        bench.change(&other, "size", json!(2)).unwrap();
        assert_eq!(bench.breaches(), [Breach::Foreign]);
        bench.sim.console().permit_adoption(&handle);
        later(&bench, 1);
        bench.change(&other, &format!("tags.{}", tag::UID), json!("another")).unwrap();
        bench.change(&other, "size", json!(3)).unwrap();
        assert_eq!(bench.breaches(), [Breach::Foreign]);
        assert_eq!(bench.sim.console().only("test/Thing").maker.unwrap().uid, "another");
    }

    #[test]
    fn what_cannot_be_tagged_goes_with_what_it_lies_in_when_that_is_taken_over() {
        let bench = Bench::default();
        let whole = id("test/Thing", "whole");
        let handle = bench.settle(&whole, json!({}));
        let (mut part, want) = bench.part(&whole);
        bench.create(&part, &want).unwrap();
        part.owner.uid = "another".into();
        bench.sim.console().change(&handle, &format!("tags.{}", tag::UID), json!("another"));
        bench.delete(&part).unwrap();
        bench.assert_lawful();
    }

    #[test]
    fn what_aws_cannot_change_is_refused() {
        let bench = Bench::default();
        let db = id("rds/DbInstance", "db");
        bench.create(&db, &database()).unwrap();
        later(&bench, 300);
        for (path, to) in [("engine", json!("mysql")), ("allocatedStorage", json!(1))] {
            assert!(matches!(bench.change(&db, path, to), Err(Error::Invalid { .. })), "{path}");
        }
        let forced = Change { effect: Effect::Replace, ..change("multiAz", json!(true)) };
        assert!(bench.update(&db, &database(), &Diff(vec![forced])).is_err());
        assert_eq!(bench.breaches(), [Breach::Impossible; 3]);
    }

    #[test]
    fn an_open_reference_in_a_change_is_a_violation() {
        let bench = Bench::default();
        let a = id("test/Thing", "a");
        bench.settle(&a, json!({}));
        let open = json!({"$terrace": {"node": "b", "output": "arn"}});
        assert!(bench.change(&a, "parent", open).is_err());
        let unknown = Change { certainty: Certainty::Unknown("b.arn".into()), ..change("size", json!(2)) };
        assert!(bench.update(&a, &json!({"size": 2}), &Diff(vec![unknown])).is_err());
        assert_eq!(bench.breaches(), [Breach::OpenReference; 2]);
    }

    #[test]
    fn one_step_a_call_leaves_the_rest_to_the_next() {
        let bench = Bench::default();
        bench.sim.tune("test/Thing", |behaviour| behaviour.one_field_a_call = true);
        let a = id("test/Thing", "a");
        bench.settle(&a, json!({"size": 1, "parent": null}));
        let both = Diff(vec![change("size", json!(2)), change("parent", json!("vpc"))]);
        bench.update(&a, &json!({"size": 2, "parent": "vpc"}), &both).unwrap();
        assert_eq!((&bench.sight(&a).have["size"], &bench.sight(&a).have["parent"]), (&json!(2), &Value::Null));
    }

    #[test]
    fn what_failed_takes_no_change() {
        let bench = Bench::default();
        let a = id("test/Thing", "a");
        let handle = bench.settle(&a, json!({}));
        bench.sim.console().fail(&handle, "incompatible-network");
        assert_eq!(bench.sight(&a).state, State::Failed("incompatible-network".into()));
        assert_eq!(bench.change(&a, "size", json!(2)).unwrap_err().reason(), reason::FAILED);
    }

    #[test]
    fn what_is_not_found_is_to_be_looked_up_again() {
        let bench = Bench::default();
        let error = bench.change(&id("test/Thing", "a"), "size", json!(2)).unwrap_err();
        assert!(matches!(error, Error::Retry { .. }));
    }
}
