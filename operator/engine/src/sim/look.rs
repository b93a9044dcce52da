//! What looks find: of what was made, as far as it shows yet, and of what other resources bring along.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use terrace_model::{Handle, Id, KindSpec, Owner};

use super::live::Live;
use super::outputs::arn;
use super::world::{World, address};
use crate::error::Result;
use crate::provider::{Found, Look, Sight, State};

/// The day on which a managed secret is changed next: RDS changes it each week ("Password management with RDS").
const ROTATES_EVERY: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 3600);

impl World {
    /// Looks.
    ///
    /// # Errors
    /// For a kind that the simulation does not know.
    pub fn observe(&self, now: Timestamp, id: &Id) -> Result<Look> {
        let (spec, _) = self.kind(&id.kind)?;
        if spec.read_only {
            return Ok(self.brought_along(now, id, &spec));
        }
        Ok(self.visible(now, id).map_or(Look::Absent, |live| {
            Look::Present(Box::new(Sight {
                have: live.have.clone(),
                out: live.outputs(now),
                handle: live.handle.clone(),
                owner: live.owner(now),
                state: live.state(now),
                unread: &[],
            }))
        }))
    }

    /// What a create's answer says of what it made: its outputs, where it stands at once.
    pub fn made(&self, now: Timestamp, handle: &Handle) -> Option<Value> {
        let live = self.by_handle(handle)?;
        (live.state(now) == State::Ready && live.spec.address.is_empty()).then(|| live.outputs(now))
    }

    /// Everything that bears these tags, as far as they show, and the copies of data that bear them.
    pub fn tagged(&self, now: Timestamp, tags: &BTreeMap<String, String>, region: &str) -> Vec<Found> {
        let bears = |own: &BTreeMap<String, String>| tags.iter().all(|(key, value)| own.get(key) == Some(value));
        let shows = |live: &&Live| {
            live.key.region == region && live.behaviour.listed && live.is_visible(now) && live.shows_tags(now)
        };
        let standing = self.live.values().filter(shows).map(|live| (live.handle.clone(), live.tags(), false));
        let copies = self.snapshots.iter().filter(|(key, _)| key.region == region);
        let copies = copies.map(|(key, copy)| (Handle(format!("snapshot:{}", key.name)), copy.tags.clone(), true));
        let found = standing.chain(copies).filter(|(_, own, _)| bears(own));
        found.map(|(handle, tags, copy)| Found { handle, tags, copy }).collect()
    }

    /// A read-only thing: the version of a secret that is there, or something outside that is there unless hidden.
    fn brought_along(&self, now: Timestamp, id: &Id, spec: &KindSpec) -> Look {
        let place = address(spec, &id.address);
        if place.is_empty() || self.hidden.contains(&(id.kind.clone(), place.clone())) {
            return Look::Absent;
        }
        let out = match id.address("secretArn") {
            Some(secret) => self.version(now, secret),
            None => Some(self.outside(id, spec)),
        };
        out.map_or(Look::Absent, |out| {
            let handle = Handle(format!("{} {place}", id.kind));
            let have = Value::Object(id.address.clone());
            Look::Present(Box::new(Sight {
                have,
                out,
                handle,
                owner: Owner::Inherent,
                state: State::Ready,
                unread: &[],
            }))
        })
    }

    /// The present version of a secret, whether it stands alone or belongs to a database.
    fn version(&self, now: Timestamp, secret: &str) -> Option<Value> {
        let has = |live: &&Live| {
            let out = live.outputs(now);
            let own = live.key.kind == "secretsmanager/Secret" && out["arn"] == secret;
            (own || out["masterSecretArn"] == secret) && live.is_visible(now)
        };
        let live = self.live.values().find(has)?;
        let next = live.created + ROTATES_EVERY * (live.rotations + 1);
        Some(json!({ "version": live.secret_version(), "nextRotation": next.to_string() }))
    }

    /// What somebody else has in the account, such as a key: an ARN is echoed, any other name gets one, and what it is
    /// asked by is said again.
    fn outside(&self, id: &Id, spec: &KindSpec) -> Value {
        let first = spec.address.first().and_then(|field| id.address(field)).unwrap_or_default();
        let own = if first.starts_with("arn:") { first.to_owned() } else { arn(&id.kind, &id.place.region, first, 0) };
        let output = |name: &String| match id.address(name) {
            Some(text) => text.to_owned(),
            None if name == "arn" => own.clone(),
            None => format!("{first}-{name}"),
        };
        let names = (spec.outputs)();
        let names = names.as_object().into_iter().flat_map(Map::keys);
        names.map(|name| (name.clone(), Value::from(output(name)))).collect::<Map<_, _>>().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::behaviour::Naming;
    use crate::sim::testkit::{Bench, database, id};
    use std::time::Duration;

    fn later(bench: &Bench, seconds: u64) {
        bench.sim.clock().advance(Duration::from_secs(seconds));
    }

    #[test]
    fn a_new_thing_does_not_show_at_once_and_cannot_be_made_again_meanwhile() {
        let bench = Bench::default();
        bench.sim.lag("test/Thing", Duration::from_secs(5));
        let a = id("test/Thing", "a");
        let handle = bench.make(&a, json!({})).unwrap();
        let known = Id { handle: Some(handle), ..a.clone() };
        assert!(bench.is_absent(&a) && bench.is_absent(&known));
        assert!(bench.make(&a, json!({})).is_err());
        later(&bench, 5);
        assert!(!bench.is_absent(&a));
    }

    #[test]
    fn tags_may_show_later_than_the_thing() {
        let bench = Bench::default();
        bench.sim.tune("test/Thing", |behaviour| behaviour.tags_after = Duration::from_secs(5));
        let a = id("test/Thing", "a");
        let handle = bench.make(&a, json!({})).unwrap();
        assert_eq!(bench.sight(&a).owner, Owner::Untagged);
        let find = || bench.sim.world(|world, now| world.tagged(now, &a.owner_tags(), &a.place.region));
        assert_eq!(find(), []);
        later(&bench, 5);
        let owner = Owner::Tagged { owner: a.owner.clone(), node: "a".into(), incarnation: 1 };
        assert_eq!(bench.sight(&a).owner, owner);
        assert_eq!(find(), [Found { handle, tags: a.owner_tags(), copy: false }]);
    }

    #[test]
    fn what_has_no_name_is_found_by_handle_at_once_and_by_tags_when_they_show() {
        let bench = Bench::default();
        bench.sim.tune("test/Thing", |behaviour| {
            behaviour.naming = Naming::Assigned;
            behaviour.tags_after = Duration::from_secs(5);
        });
        let a = id("test/Thing", "a");
        let handle = bench.make(&a, json!({})).unwrap();
        assert!(bench.is_absent(&a));
        assert!(!bench.is_absent(&Id { handle: Some(handle.clone()), ..a.clone() }));
        later(&bench, 5);
        assert_eq!(bench.sight(&a).handle, handle);
        assert!(bench.is_absent(&Id { node: "b".into(), ..a.clone() }));
        assert!(bench.is_absent(&Id { incarnation: 2, ..a }));
    }

    #[test]
    fn a_region_does_not_show_what_another_has() {
        let bench = Bench::default();
        let a = id("test/Thing", "a");
        let handle = bench.make(&a, json!({})).unwrap();
        let mut elsewhere = Id { handle: Some(handle), ..a.clone() };
        elsewhere.place.region = "us-east-1".into();
        assert!(bench.is_absent(&elsewhere));
        assert_eq!(bench.sim.world(|world, now| world.tagged(now, &elsewhere.owner_tags(), "us-east-1")), []);
    }

    #[test]
    fn the_version_of_a_secret_shows_while_its_owner_is_there_and_changes_when_it_rotates() {
        let bench = Bench::default();
        let db = id("rds/DbInstance", "db");
        bench.create(&db, &database()).unwrap();
        later(&bench, 300);
        let secret = bench.sight(&db).out["masterSecretArn"].clone();
        let mut version = id("secretsmanager/SecretVersion", "version");
        assert!(bench.is_absent(&version));
        version.address.insert("secretArn".into(), secret.clone());
        let first = bench.sight(&version);
        assert!(first.out["nextRotation"].is_string());
        let console = bench.sim.console();
        console.rotate(&console.only("rds/DbInstance").handle);
        assert_ne!(bench.sight(&version).out["version"], first.out["version"]);
        console.delete(&console.only("rds/DbInstance").handle);
        assert!(bench.is_absent(&version));
    }

    #[test]
    fn a_key_is_there_unless_hidden() {
        let bench = Bench::default();
        let mut key = id("kms/Key", "key");
        key.address.insert("keyId".into(), "alias/a".into());
        let arn = bench.sight(&key).out["arn"].clone();
        assert!(arn.as_str().unwrap().starts_with("arn:aws:kms:eu-west-1:"));
        key.address.insert("keyId".into(), arn.clone());
        assert_eq!(bench.sight(&key).out["arn"], arn);
        bench.sim.console().hide(&key);
        assert!(bench.is_absent(&key));
    }
}
