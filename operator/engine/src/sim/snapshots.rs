//! Copies of data: taken as something is deleted, and what new resources are made from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use terrace_model::{Handle, Id, KindSpec};

use super::live::{Key, Live, Maker};
use super::world::World;
use crate::error::{Error, Result, reason};
use crate::provider::Backup;

/// A copy of the data of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub name: String,
    /// What it is a copy of.
    pub source: Key,
    pub handle: Handle,
    pub maker: Option<Maker>,
    pub data: u64,
    /// Copied from the source (RDS user guide, "Copying tags to DB snapshots").
    pub tags: BTreeMap<String, String>,
    pub taken: Timestamp,
    /// When something can be made from it.
    pub available: Timestamp,
}

impl World {
    /// Takes a snapshot. One of this name and this very resource is the one of an earlier try.
    ///
    /// # Errors
    /// `Blocked` where the name is taken by another copy (`DBSnapshotAlreadyExists`).
    pub fn snapshot(&mut self, now: Timestamp, live: &Live, name: &str, available: Timestamp) -> Result<()> {
        let at = Key { name: name.into(), ..live.key.clone() };
        match self.snapshots.get(&at) {
            Some(earlier) if earlier.handle == live.handle => return Ok(()),
            Some(other) => {
                let message = format!("DBSnapshotAlreadyExists: {name} is a copy of {}", other.handle.0);
                return Err(Error::blocked(reason::ALREADY_EXISTS, message));
            }
            None => {}
        }
        let snapshot = Snapshot {
            name: name.into(),
            source: live.key.clone(),
            handle: live.handle.clone(),
            maker: live.maker.clone(),
            data: live.data.unwrap_or_default(),
            tags: live.tags(),
            taken: now,
            available,
        };
        self.snapshots.insert(at, snapshot);
        Ok(())
    }

    /// The data that a new resource of this wish holds; `None` for what holds none.
    ///
    /// # Errors
    /// `Invalid` where its source does not exist, `Wait` where the source is not there yet.
    pub fn data_of(&mut self, now: Timestamp, spec: &KindSpec, region: &str, want: &Value) -> Result<Option<u64>> {
        if !spec.holds_data {
            return Ok(None);
        }
        let source = spec.restores.and_then(|field| want.get(field)).filter(|source| !source.is_null());
        match source {
            None => Ok(Some(self.fresh_data())),
            Some(source) => self.restored(now, spec, region, source).map(Some),
        }
    }

    fn restored(&self, now: Timestamp, spec: &KindSpec, region: &str, source: &Value) -> Result<u64> {
        if let Some(name) = source.get("snapshot").and_then(Value::as_str) {
            let name = name.rsplit(':').next().unwrap_or(name);
            let at = Key { region: region.into(), kind: spec.kind.into(), name: name.into() };
            let found = self.snapshots.get(&at);
            let found = found.ok_or_else(|| Error::invalid(format!("DBSnapshotNotFound: {name}")))?;
            if found.available > now {
                return Err(Error::wait(reason::NOT_READY, format!("InvalidDBSnapshotState: {name} is being taken")));
            }
            return Ok(found.data);
        }
        let name = source.pointer("/pointInTime/source").and_then(Value::as_str).unwrap_or_default();
        let from = self.by_identity(name).filter(|live| live.key.kind == spec.kind);
        from.and_then(|live| live.data).ok_or_else(|| Error::invalid(format!("DBInstanceNotFound: {name}")))
    }

    /// Copies of what a node has made, newest first.
    pub fn backups(&self, now: Timestamp, id: &Id) -> Vec<Backup> {
        let (maker, name) = (Maker::of(id), id.default_name());
        let of_node = |snapshot: &&Snapshot| {
            let made = snapshot.maker.as_ref().is_some_and(|by| by.uid == maker.uid && by.node == maker.node);
            snapshot.source.region == id.place.region
                && snapshot.source.kind == id.kind
                && snapshot.available <= now
                && (made || snapshot.source.name == name)
        };
        let mut found: Vec<&Snapshot> = self.snapshots.values().filter(of_node).collect();
        found.sort_by(|a, b| b.taken.cmp(&a.taken).then_with(|| a.name.cmp(&b.name)));
        found
            .into_iter()
            .map(|snapshot| Backup { name: snapshot.name.clone(), taken_at: snapshot.taken.to_string() })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Disposal;
    use crate::sim::testkit::{Bench, database, id};
    use serde_json::json;
    use std::time::Duration;
    use terrace_model::Id;

    fn minutes(bench: &Bench, count: u64) {
        bench.sim.clock().advance(Duration::from_secs(60 * count));
    }

    fn restored(name: &str) -> Value {
        let mut want = database();
        want["restoreFrom"] = json!({ "snapshot": name });
        want
    }

    /// A database that ran, with its data.
    fn ran(bench: &Bench) -> (Id, u64) {
        let db = id("rds/DbInstance", "db");
        bench.create(&db, &database()).unwrap();
        minutes(bench, 10);
        let data = bench.sim.console().only("rds/DbInstance").data.unwrap();
        (db, data)
    }

    #[test]
    fn a_last_snapshot_carries_the_data_into_what_is_made_from_it() {
        let bench = Bench::default();
        let (db, data) = ran(&bench);
        bench.dispose(&db, Disposal::Snapshot("last".into())).unwrap();
        let second = Id { incarnation: 2, ..db.clone() };
        let early = bench.create(&second, &restored("last")).unwrap_err();
        assert_eq!(early.reason(), reason::NOT_READY);
        assert_eq!(bench.backups(&db), []);
        minutes(&bench, 10);
        assert_eq!(bench.backups(&db)[0].name, "last");
        bench.create(&second, &restored("last")).unwrap();
        assert_eq!(bench.sim.console().only("rds/DbInstance").data, Some(data));
        bench.create(&Id { node: "other".into(), ..db }, &database()).unwrap();
        let fresh = bench.sim.console().all("rds/DbInstance").into_iter().filter(|live| live.data == Some(data));
        assert_eq!(fresh.count(), 1);
    }

    #[test]
    fn nothing_is_made_from_a_snapshot_that_is_not_there() {
        let bench = Bench::default();
        let error = bench.create(&id("rds/DbInstance", "db"), &restored("none")).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
    }

    #[test]
    fn a_restore_to_a_point_in_time_copies_a_source_that_runs() {
        let bench = Bench::default();
        let (db, data) = ran(&bench);
        let copy = Id { node: "copy".into(), ..db.clone() };
        let mut want = database();
        want["restoreFrom"] = json!({ "pointInTime": { "source": db.default_name(), "time": null } });
        bench.create(&copy, &want).unwrap();
        let data = bench.sim.console().all("rds/DbInstance").into_iter().filter(|live| live.data == Some(data));
        assert_eq!(data.count(), 2);
    }

    #[test]
    fn a_snapshot_name_collides_unless_it_is_of_the_same_resource() {
        let bench = Bench::default();
        let (db, _) = ran(&bench);
        let console = bench.sim.console();
        console.snapshot(&console.only("rds/DbInstance").handle, "last");
        bench.dispose(&db, Disposal::Snapshot("last".into())).unwrap();
        minutes(&bench, 10);
        bench.create(&db, &database()).unwrap();
        minutes(&bench, 10);
        let last = Disposal::Snapshot("last".into());
        let error = bench.sim.world(|world, now| world.delete(now, &db, &last)).unwrap_err();
        assert_eq!(error.reason(), reason::ALREADY_EXISTS);
    }

    #[test]
    fn what_failed_can_have_no_last_snapshot() {
        let bench = Bench::default();
        let (db, _) = ran(&bench);
        let console = bench.sim.console();
        console.fail(&console.only("rds/DbInstance").handle, "storage-full");
        let error = bench.dispose(&db, Disposal::Snapshot("last".into())).unwrap_err();
        assert_eq!(error.reason(), reason::FAILED);
        bench.dispose(&db, Disposal::Delete).unwrap();
    }
}
