//! What somebody does in the AWS console, behind Terrace's back, and what a test sees there. None of it is an I/O point.

use jiff::Timestamp;
use serde_json::Value;
use terrace_model::identity::tag;
use terrace_model::{Handle, Id};

use super::aws::SimAws;
use super::behaviour::Naming;
use super::change::set_key;
use super::live::{Key, Live};
use super::snapshots::Snapshot;
use super::world::{Birth, World, address};

/// The console. Its methods ask for handles of what is there; any other is passed over.
#[derive(Debug)]
pub struct Console<'a>(&'a SimAws);

impl SimAws {
    /// Opens the console.
    pub fn console(&self) -> Console<'_> {
        Console(self)
    }
}

impl Console<'_> {
    /// Everything that is there.
    pub fn live(&self) -> Vec<Live> {
        self.0.world(|world, _| world.live.values().cloned().collect())
    }

    /// Everything of one kind.
    pub fn all(&self, kind: &str) -> Vec<Live> {
        self.live().into_iter().filter(|live| live.key.kind == kind).collect()
    }

    /// The only one of its kind.
    ///
    /// # Panics
    /// Where there is none, or more than one.
    pub fn only(&self, kind: &str) -> Live {
        let mut all = self.all(kind);
        assert_eq!(
            all.len(),
            1,
            "one {kind} was expected: {:?}",
            all.iter().map(|live| &live.handle).collect::<Vec<_>>()
        );
        all.remove(0)
    }

    /// All that was there, and when it went.
    pub fn gone(&self) -> Vec<(Timestamp, Live)> {
        self.0.world(|world, _| world.gone.clone())
    }

    /// All snapshots.
    pub fn snapshots(&self) -> Vec<Snapshot> {
        self.0.world(|world, _| world.snapshots.values().cloned().collect())
    }

    /// Sets a field, or a key of a map (`tags.team`), whatever the kind says of it. Null takes a key away.
    pub fn change(&self, handle: &Handle, path: &str, to: Value) {
        self.edit(handle, |live| match path.split_once('.') {
            Some((field, key)) => set_key(&mut live.have[field], key, &to),
            None => live.have[path] = to,
        });
    }

    /// Takes Terrace's tags off.
    pub fn strip_tags(&self, handle: &Handle) {
        self.edit(handle, |live| {
            live.labels.clear();
            if let Some(tags) = live.have.get_mut("tags").and_then(Value::as_object_mut) {
                tags.retain(|key, _| !key.starts_with(tag::PREFIX));
            }
        });
    }

    /// Takes it away at once, with what lies in it. Its name is free.
    pub fn delete(&self, handle: &Handle) {
        self.with(handle, |world, now, live| world.bury(&live.key, now, false));
    }

    /// Begins to delete it: it is gone when its kind's time has passed, whatever refers to it.
    pub fn begin_delete(&self, handle: &Handle) {
        self.with(handle, |world, now, live| {
            if let Some(live) = world.live.get_mut(&live.key) {
                live.deleting = Some(now + live.behaviour.delete);
            }
        });
    }

    /// Lets it fail, with what AWS says of it.
    pub fn fail(&self, handle: &Handle, text: &str) {
        self.edit(handle, |live| live.failed = Some(text.into()));
    }

    /// Lets it be well again.
    pub fn heal(&self, handle: &Handle) {
        self.edit(handle, |live| live.failed = None);
    }

    /// The next one made of this kind fails.
    pub fn fail_next(&self, kind: &str, text: &str) {
        self.0.world(|world, _| world.failing.insert(kind.into(), text.into()));
    }

    /// Somebody writes into its data: from now on it holds other data than its copies.
    pub fn write(&self, handle: &Handle) {
        self.with(handle, |world, _, live| {
            let data = live.data.map(|_| world.fresh_data());
            if let Some(live) = world.live.get_mut(&live.key) {
                live.data = data;
            }
        });
    }

    /// Puts so many pages of things into it.
    pub fn fill(&self, handle: &Handle, pages: u32) {
        self.edit(handle, |live| live.contents = pages);
    }

    /// Changes the secret that it is or has.
    pub fn rotate(&self, handle: &Handle) {
        self.edit(handle, |live| live.rotations += 1);
    }

    /// Takes a snapshot that is there at once.
    ///
    /// # Panics
    /// Where the name is taken by a copy of something else.
    pub fn snapshot(&self, handle: &Handle, name: &str) {
        self.with(handle, |world, now, live| {
            world.snapshot(now, &live, name, now).expect("the name of a snapshot is free");
        });
    }

    /// Puts a snapshot there whose source was never here. Returns which data it holds.
    pub fn put_snapshot(&self, kind: &str, region: &str, name: &str) -> u64 {
        self.0.world(|world, now| {
            let source = Key { region: region.into(), kind: kind.into(), name: format!("source-of-{name}") };
            let (handle, data) = (Handle(source.name.clone()), world.fresh_data());
            let key = Key { name: name.into(), ..source.clone() };
            let snapshot = Snapshot {
                name: name.into(),
                source,
                handle,
                maker: None,
                data,
                tags: Default::default(),
                taken: now,
                available: now,
            };
            world.snapshots.insert(key, snapshot);
            data
        })
    }

    /// Makes something that is nobody's, where the id would be: in its region, under its name or at the wish's address.
    /// It is there, ready, and shows at once.
    ///
    /// # Panics
    /// Where the wish is none of its kind.
    pub fn create_foreign(&self, id: &Id, have: &Value) -> Handle {
        self.create_named(id, &id.default_name(), have)
    }

    /// The same under a name of its own.
    ///
    /// # Panics
    /// Where the wish is none of its kind.
    pub fn create_named(&self, id: &Id, name: &str, have: &Value) -> Handle {
        self.0.world(|world, now| {
            let (spec, mut behaviour) = world.kind(&id.kind).expect("a known kind");
            let have = (spec.normalise)(have).expect("a wish of its kind");
            let name = match behaviour.naming {
                Naming::Name => Some(name.to_owned()),
                Naming::Address => have.as_object().map(|fields| address(&spec, fields)),
                Naming::Assigned => None,
            };
            let zero = std::time::Duration::ZERO;
            (behaviour.create, behaviour.visible_after, behaviour.tags_after) = (zero, zero, zero);
            let data = spec.holds_data.then(|| world.fresh_data());
            let birth =
                Birth { region: id.place.region.clone(), have, name, maker: None, labels: Default::default(), data };
            world.bear(now, spec, behaviour, birth)
        })
    }

    /// At most so many of a kind in a region; `None` for no bound.
    pub fn quota(&self, kind: &str, most: Option<usize>) {
        self.0.world(|world, _| match most {
            Some(most) => world.quotas.insert(kind.into(), most),
            None => world.quotas.remove(kind),
        });
    }

    /// Hides a thing that is only looked at; the id holds its address.
    pub fn hide(&self, id: &Id) {
        self.0.world(|world, _| {
            let place = world.kinds.get(&id.kind).map(|(spec, _)| address(spec, &id.address)).unwrap_or_default();
            world.hidden.insert((id.kind.clone(), place));
        });
    }

    /// Shows all that was hidden.
    pub fn show_all(&self) {
        self.0.world(|world, _| world.hidden.clear());
    }

    /// Lets whoever wants it take it over: no violation.
    pub fn permit_adoption(&self, handle: &Handle) {
        self.0.world(|world, _| world.adoptable.insert(handle.clone()));
    }

    fn edit(&self, handle: &Handle, edit: impl FnOnce(&mut Live)) {
        self.with(handle, |world, now, live| {
            if let Some(live) = world.live.get_mut(&live.key) {
                edit(live);
                live.learn();
                live.note(now, "changed in the console");
            }
        });
    }

    fn with(&self, handle: &Handle, work: impl FnOnce(&mut World, Timestamp, Live)) {
        self.0.world(|world, now| {
            if let Some(live) = world.by_handle(handle).cloned() {
                work(world, now, live);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::State;
    use crate::sim::testkit::{Bench, database, id};
    use serde_json::json;
    use std::time::Duration;
    use terrace_model::Owner;

    #[test]
    fn a_change_behind_the_back_shows_at_once_and_costs_no_call() {
        let bench = Bench::default();
        let a = id("test/Thing", "a");
        let handle = bench.settle(&a, json!({}));
        let points = bench.sim.points();
        let console = bench.sim.console();
        console.change(&handle, "size", json!(9));
        console.change(&handle, "tags.team", json!("red"));
        assert_eq!(bench.sim.points(), points);
        let sight = bench.sight(&a);
        assert_eq!((&sight.have["size"], &sight.have["tags"]["team"]), (&json!(9), &json!("red")));
        console.strip_tags(&handle);
        let sight = bench.sight(&a);
        assert_eq!((sight.owner, &sight.have["tags"]), (Owner::Untagged, &json!({"team": "red"})));
    }

    #[test]
    fn a_resource_deleted_behind_the_back_is_absent_with_all_that_lies_in_it() {
        let bench = Bench::default();
        let group = bench.group();
        let (rule, want) = bench.rule(&group, "rule");
        bench.create(&rule, &want).unwrap();
        bench.sim.console().delete(&group);
        assert!(bench.is_absent(&rule) && bench.sim.console().live().is_empty());
        assert_eq!(bench.sim.console().gone().len(), 2);
    }

    #[test]
    fn a_deletion_that_somebody_began_takes_its_time() {
        let bench = Bench::default();
        let a = id("test/Thing", "a");
        let handle = bench.settle(&a, json!({}));
        bench.sim.console().begin_delete(&handle);
        assert_eq!(bench.sight(&a).state, State::Deleting);
        bench.sim.clock().advance(Duration::from_secs(1));
        assert!(bench.is_absent(&a));
    }

    #[test]
    fn a_foreign_resource_of_a_name_is_seen_as_nobodys_and_touching_it_is_a_violation() {
        let bench = Bench::default();
        let db = id("rds/DbInstance", "db");
        let handle = bench.sim.console().create_foreign(&db, &database());
        let sight = bench.sight(&db);
        assert_eq!((sight.owner, sight.state, sight.handle), (Owner::Untagged, State::Ready, handle));
        assert!(bench.create(&db, &database()).is_err());
        bench.assert_lawful();
        bench.change(&db, "multiAz", json!(true)).unwrap();
        assert_eq!(bench.breaches().len(), 1);
    }

    #[test]
    fn a_create_can_end_in_failure_and_be_healed() {
        let bench = Bench::default();
        bench.sim.console().fail_next("test/Thing", "no capacity");
        let a = id("test/Thing", "a");
        let handle = bench.make(&a, json!({})).unwrap();
        assert_eq!(bench.sight(&a).state, State::Failed("no capacity".into()));
        bench.sim.console().heal(&handle);
        assert_eq!(bench.sight(&a).state, State::Settling("creating".into()));
    }

    #[test]
    fn what_was_here_before_can_be_restored_from() {
        let bench = Bench::default();
        let (console, db) = (bench.sim.console(), id("rds/DbInstance", "db"));
        let data = console.put_snapshot("rds/DbInstance", &db.place.region, "old");
        assert_ne!(console.put_snapshot("rds/DbCluster", &db.place.region, "old"), data);
        let source = console.create_named(&db, "orders-old", &database());
        let sources = [json!({"snapshot": "old"}), json!({"pointInTime": {"source": "orders-old", "time": null}})];
        let expected = [Some(data), console.only("rds/DbInstance").data];
        for (node, from, data) in [("a", &sources[0], expected[0]), ("b", &sources[1], expected[1])] {
            let mut want = database();
            want["restoreFrom"] = from.clone();
            let handle = bench.create(&id("rds/DbInstance", node), &want).unwrap();
            let made = console.live().into_iter().find(|live| live.handle == handle).unwrap();
            assert_eq!(made.data, data);
        }
        assert!(console.live().iter().any(|live| live.handle == source && live.maker.is_none()));
    }

    #[test]
    fn snapshots_and_what_is_hidden_show_in_the_console() {
        let bench = Bench::default();
        let db = id("rds/DbInstance", "db");
        bench.create(&db, &database()).unwrap();
        let console = bench.sim.console();
        console.snapshot(&console.only("rds/DbInstance").handle, "mine");
        assert_eq!(console.snapshots()[0].name, "mine");
        let mut key = id("kms/Key", "key");
        key.address.insert("keyId".into(), "a".into());
        console.hide(&key);
        assert!(bench.is_absent(&key));
        console.show_all();
        assert!(!bench.is_absent(&key));
    }
}
