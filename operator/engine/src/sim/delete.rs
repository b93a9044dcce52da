//! What the simulated AWS makes of a delete.

use jiff::Timestamp;
use serde_json::Value;
use terrace_model::Id;

use super::live::{Live, Maker};
use super::violation::Breach;
use super::world::World;
use crate::error::{Error, Result, reason};
use crate::provider::{Disposal, State};

/// Reason of a delete that deletion protection refuses.
pub const PROTECTED: &str = "DeletionProtected";

impl World {
    /// Begins to delete. What is absent, or is being deleted, needs nothing more.
    ///
    /// # Errors
    /// As AWS has them: protected, busy, in use, no last snapshot to be had.
    pub fn delete(&mut self, now: Timestamp, id: &Id, disposal: &Disposal) -> Result<()> {
        let what = format!("{} {}", id.kind, id.node);
        let (spec, behaviour) = self.kind(&id.kind)?;
        if spec.read_only {
            return self.refuse(now, Breach::ReadOnly, format!("delete of {what}"));
        }
        let Some(live) = self.locate(now, id).cloned() else {
            return Ok(());
        };
        self.check_owner(now, id, &live);
        if live.deleting.is_some() {
            return Ok(());
        }
        deletable(now, &live)?;
        self.check_users(now, id, &live)?;
        if live.contents > 0 {
            return self.empty(now, &live, disposal);
        }
        let until = now + behaviour.delete;
        if let Disposal::Snapshot(name) = disposal {
            if !spec.snapshots {
                return self.refuse(now, Breach::NoSnapshots, format!("a last snapshot of {what}"));
            }
            if live.failed.is_some() {
                return Err(Error::blocked(
                    reason::FAILED,
                    format!("{what} has failed: no last snapshot can be taken"),
                ));
            }
            self.snapshot(now, &live, name, until)?;
        }
        if let Some(live) = self.live.get_mut(&live.key) {
            live.deleting = Some(until);
            live.note(now, "deleting");
        }
        self.pass(now);
        Ok(())
    }

    /// Deletes a page of what it holds, where it is told to.
    fn empty(&mut self, now: Timestamp, live: &Live, disposal: &Disposal) -> Result<()> {
        if *disposal != Disposal::Empty {
            return Err(Error::blocked(reason::NOT_EMPTY, format!("{} is not empty", live.handle.0)));
        }
        if let Some(live) = self.live.get_mut(&live.key) {
            live.contents -= 1;
            live.note(now, "emptied by a page");
        }
        Ok(())
    }

    /// Takes deletion protection off, as a provider does before it deletes.
    ///
    /// # Errors
    /// `Wait` while it is made, changed or deleted.
    pub fn unprotect(&mut self, now: Timestamp, id: &Id) -> Result<()> {
        if let Some(live) = self.locate(now, id).cloned() {
            self.check_owner(now, id, &live);
            settled(now, &live)?;
            if let Some(live) = self.live.get_mut(&live.key) {
                live.have[PROTECTION] = false.into();
                live.note(now, "deletion protection lifted");
            }
        }
        Ok(())
    }

    fn check_users(&mut self, now: Timestamp, id: &Id, live: &Live) -> Result<()> {
        if !live.behaviour.held {
            return Ok(());
        }
        let users: Vec<&Live> = self.holders(live).collect();
        let own = |user: &&&Live| user.maker.as_ref().map(|maker| &maker.uid) == Some(&Maker::of(id).uid);
        let early = users.iter().find(own).map(|user| user.handle.0.clone());
        // What lies in it goes with it, as the rules of a security group do: AWS lets it go, and a right engine does not.
        let lies_within = |user: &&Live| user.parent().is_some_and(|parent| live.identities.contains(parent));
        let holder = users.into_iter().find(|user| !lies_within(user)).map(|user| user.handle.0.clone());
        if let Some(user) = early {
            self.breach(now, Breach::EarlyDelete, format!("{} {} while {user} refers to it", id.kind, id.node));
        }
        match holder {
            Some(user) => {
                let message = format!("DependencyViolation: {user} refers to {}", live.handle.0);
                Err(Error::wait(reason::IN_USE, message))
            }
            None => Ok(()),
        }
    }
}

const PROTECTION: &str = "deletionProtection";

/// True where AWS refuses the deletion of what looks like this, whoever asks.
pub(super) fn is_protected(have: &Value) -> bool {
    have.get(PROTECTION) == Some(&true.into())
}

fn deletable(now: Timestamp, live: &Live) -> Result<()> {
    if is_protected(&live.have) {
        let message = format!("Cannot delete protected {}", live.handle.0);
        return Err(Error::blocked(PROTECTED, message));
    }
    settled(now, live)
}

fn settled(now: Timestamp, live: &Live) -> Result<()> {
    match live.state(now) {
        State::Settling(word) => Err(Error::wait(reason::NOT_READY, format!("{} is {word}", live.handle.0))),
        State::Ready | State::Failed(_) | State::Deleting => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::testkit::{Bench, database, id};
    use crate::sim::wire::Op;
    use serde_json::json;
    use std::time::Duration;

    fn later(bench: &Bench, seconds: u64) {
        bench.sim.clock().advance(Duration::from_secs(seconds));
    }

    #[test]
    fn what_is_being_made_or_changed_cannot_be_deleted() {
        let bench = Bench::default();
        let a = id("test/Thing", "a");
        bench.make(&a, json!({})).unwrap();
        assert_eq!(bench.delete(&a).unwrap_err().reason(), reason::NOT_READY);
        later(&bench, 2);
        bench.change(&a, "size", json!(2)).unwrap();
        assert_eq!(bench.delete(&a).unwrap_err().reason(), reason::NOT_READY);
        later(&bench, 1);
        bench.delete(&a).unwrap();
        bench.delete(&a).unwrap();
        assert_eq!(bench.sight(&a).state, State::Deleting);
        assert_eq!(bench.change(&a, "size", json!(3)).unwrap_err().reason(), reason::DELETING);
        later(&bench, 1);
        assert!(bench.is_absent(&a));
        bench.delete(&a).unwrap();
        bench.assert_lawful();
    }

    #[test]
    fn what_is_referred_to_cannot_be_deleted() {
        let bench = Bench::default();
        let (a, b) = (id("test/Thing", "a"), id("test/Thing", "b"));
        let arn = bench.settle(&a, json!({})).0;
        let mut user = b.clone();
        user.owner.uid = "another".into();
        bench.settle(&user, json!({"parent": arn}));
        assert_eq!(bench.delete(&a).unwrap_err().reason(), reason::IN_USE);
        bench.assert_lawful();
        bench.delete(&user).unwrap();
        assert_eq!(bench.delete(&a).unwrap_err().reason(), reason::IN_USE);
        later(&bench, 1);
        bench.delete(&a).unwrap();
    }

    #[test]
    fn a_delete_before_ones_own_users_is_a_violation() {
        let bench = Bench::default();
        let (a, b) = (id("test/Thing", "a"), id("test/Thing", "b"));
        bench.settle(&a, json!({}));
        bench.settle(&b, json!({"parent": a.default_name()}));
        assert_eq!(bench.delete(&a).unwrap_err().reason(), reason::IN_USE);
        assert_eq!(bench.breaches(), [Breach::EarlyDelete]);
    }

    #[test]
    fn a_security_group_is_held_by_what_refers_to_it_and_takes_its_own_rules_with_it() {
        let bench = Bench::default();
        let (group, node) = (bench.group(), id("ec2/SecurityGroup", "group"));
        let (rule, want) = bench.rule(&group, "rule");
        bench.create(&rule, &want).unwrap();
        let user = id("test/Thing", "user");
        bench.settle(&user, json!({"parent": group.0}));
        // EC2 shows what was made a little later.
        later(&bench, 20);
        assert_eq!(bench.delete(&node).unwrap_err().reason(), reason::IN_USE);
        bench.delete(&user).unwrap();
        later(&bench, 20);
        bench.delete(&node).unwrap();
        assert!(bench.is_absent(&node) && bench.is_absent(&rule));
        assert_eq!(bench.breaches(), [Breach::EarlyDelete; 2], "the rule was this object's, and still there");
    }

    #[test]
    fn protection_refuses_deletion_until_the_provider_lifts_it() {
        let bench = Bench::default();
        let db = id("rds/DbInstance", "db");
        let mut want = database();
        want["deletionProtection"] = json!(true);
        bench.create(&db, &want).unwrap();
        later(&bench, 300);
        let refused = bench.sim.world(|world, now| world.delete(now, &db, &Disposal::Delete)).unwrap_err();
        assert_eq!(refused.reason(), PROTECTED);
        bench.delete(&db).unwrap();
        assert_eq!(bench.sight(&db).state, State::Deleting);
        assert_eq!(bench.sim.calls().of("rds/DbInstance", Op::Update), 1);
        bench.assert_lawful();
    }

    #[test]
    fn only_what_can_have_a_last_snapshot_is_asked_for_one() {
        let bench = Bench::default();
        let group = bench.group();
        assert!(group.0.starts_with("sg-"));
        bench.sim.clock().advance(std::time::Duration::from_secs(20));
        let error = bench.dispose(&id("ec2/SecurityGroup", "group"), Disposal::Snapshot("last".into())).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }));
        assert_eq!(bench.breaches(), [Breach::NoSnapshots]);
    }

    #[test]
    fn what_holds_something_is_not_deleted_before_it_is_empty() {
        let bench = Bench::default();
        let a = id("test/Thing", "a");
        bench.sim.console().fill(&bench.settle(&a, json!({})), 2);
        assert_eq!(bench.delete(&a).unwrap_err().reason(), reason::NOT_EMPTY);
        for _ in 0..2 {
            bench.dispose(&a, Disposal::Empty).unwrap();
            assert_eq!(bench.sight(&a).state, State::Ready);
        }
        bench.delete(&a).unwrap();
        assert_eq!(bench.sight(&a).state, State::Deleting);
    }

    #[test]
    fn what_is_only_looked_at_or_anothers_is_not_deleted() {
        let bench = Bench::default();
        assert!(bench.delete(&id("kms/Key", "key")).is_err());
        let a = id("test/Thing", "a");
        let handle = bench.settle(&a, json!({}));
        let mut other = Id { handle: Some(handle), ..a };
        other.owner.uid = "another".into();
        bench.delete(&other).unwrap();
        assert_eq!(bench.breaches(), [Breach::ReadOnly, Breach::Foreign]);
    }
}
