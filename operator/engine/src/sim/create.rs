//! What the simulated AWS makes of a create.

use jiff::Timestamp;
use serde_json::{Map, Value};
use terrace_model::resolve::references;
use terrace_model::{Handle, Id, KindSpec, Rule};

use super::behaviour::{Behaviour, Naming};
use super::live::{Key, Live, Maker, bears_tags, texts};
use super::violation::Breach;
use super::world::{Birth, World, address};
use crate::error::{Error, Result, reason};
use crate::provider::State;

impl World {
    /// Creates.
    ///
    /// # Errors
    /// As AWS has them: a name that is taken or still held, a quota, a token used for something else, a reference to what
    /// is not ready.
    pub fn create(&mut self, now: Timestamp, id: &Id, want: &Value) -> Result<Handle> {
        let (spec, behaviour) = self.kind(&id.kind)?;
        if spec.read_only {
            return self.refuse(now, Breach::ReadOnly, format!("create of {} {}", id.kind, id.node));
        }
        let have = self.admit(now, id, &spec, want)?;
        let token = (id.kind.clone(), id.token());
        if behaviour.token
            && let Some((earlier, handle)) = self.tokens.get(&token)
        {
            return if *earlier == have {
                Ok(handle.clone())
            } else {
                Err(Error::invalid("IdempotentParameterMismatch: the token was used for another request"))
            };
        }
        let name = match behaviour.naming {
            Naming::Name => Some(id.default_name()),
            Naming::Address => Some(self.own_address(now, id, &spec, &have)),
            Naming::Assigned => None,
        };
        let region = id.place.region.clone();
        let key = name.as_ref().map(|name| Key { region: region.clone(), kind: id.kind.clone(), name: name.clone() });
        self.check_name(now, key.as_ref())?;
        self.check_quota(id)?;
        self.check_mentions(now, &behaviour, key.as_ref(), &have)?;
        let data = self.data_of(now, &spec, &id.place.region, &have)?;
        let labels = if behaviour.labelled && !bears_tags(&have) { id.owner_tags() } else { Default::default() };
        let birth = Birth { region, have: have.clone(), name, maker: Some(Maker::of(id)), labels, data };
        let handle = self.bear(now, spec, behaviour, birth);
        if behaviour.token {
            self.tokens.insert(token, (have, handle.clone()));
        }
        Ok(handle)
    }

    /// Records a breach and refuses what was asked.
    pub fn refuse<T>(&mut self, now: Timestamp, breach: Breach, message: String) -> Result<T> {
        let error = Error::invalid(&message);
        self.breach(now, breach, message);
        Err(error)
    }

    /// Brings a wish into the form that is stored.
    pub fn admit(&mut self, now: Timestamp, id: &Id, spec: &KindSpec, want: &Value) -> Result<Value> {
        let open = references(want);
        if let Some(reference) = open.first() {
            return self.refuse(now, Breach::OpenReference, format!("{} {}: {reference} is open", id.kind, id.node));
        }
        let have = match (spec.normalise)(want) {
            Ok(have) => filled(spec, have),
            Err(message) => return self.refuse(now, Breach::NotAWish, format!("{}: {message}", id.node)),
        };
        if let Some(tags) = have.get("tags").and_then(Value::as_object) {
            let missing = id.owner_tags().into_iter().find(|(key, value)| tags.get(key) != Some(&value.clone().into()));
            if let Some((key, _)) = missing {
                self.breach(now, Breach::NoOwnerTags, format!("{} {} without its {key}", id.kind, id.node));
            }
        }
        Ok(have)
    }

    fn own_address(&mut self, now: Timestamp, id: &Id, spec: &KindSpec, have: &Value) -> String {
        let own = address(spec, have.as_object().unwrap_or(&Map::new()));
        let told = address(spec, &id.address);
        if own != told {
            self.breach(now, Breach::WrongAddress, format!("{} {} is at {own}, not at {told}", id.kind, id.node));
        }
        own
    }

    fn check_name(&self, now: Timestamp, key: Option<&Key>) -> Result<()> {
        let Some(key) = key else {
            return Ok(());
        };
        let name = &key.name;
        match self.live.get(key) {
            Some(live) if live.deleting.is_some() => {
                Err(Error::wait(reason::NAME_HELD, format!("AWS is still deleting {name}")))
            }
            Some(_) => Err(Error::wait(reason::ALREADY_EXISTS, format!("{name} exists already"))),
            None if self.held.get(key).is_some_and(|until| *until > now) => {
                Err(Error::wait(reason::NAME_HELD, format!("{name} was deleted and cannot be used again yet")))
            }
            None => Ok(()),
        }
    }

    fn check_quota(&self, id: &Id) -> Result<()> {
        let same = self.live.keys().filter(|key| key.kind == id.kind && key.region == id.place.region).count();
        match self.quotas.get(&id.kind) {
            Some(quota) if same >= *quota => {
                Err(Error::blocked(reason::QUOTA, format!("the account has its {quota} of {}", id.kind)))
            }
            _ => Ok(()),
        }
    }

    /// What is referred to must be there, seen everywhere and, for some kinds, ready. `own`: what refers to it, where that
    /// is told by its name: what stood there before is no reference, though it had the fields that this one has.
    pub fn check_mentions(&self, now: Timestamp, behaviour: &Behaviour, own: Option<&Key>, want: &Value) -> Result<()> {
        if !behaviour.holds {
            return Ok(());
        }
        let not_ready = |what: &str, why: &str| Err(Error::wait(reason::NOT_READY, format!("{what} {why}")));
        let texts = texts(want);
        for live in self.live.values().filter(|live| live.is_among(&texts)) {
            let (handle, state) = (&live.handle.0, live.state(now));
            if state == State::Deleting {
                return not_ready(handle, "is being deleted");
            }
            if live.created + live.behaviour.usable_after > now {
                return not_ready(handle, "is not known everywhere yet");
            }
            if behaviour.needs_ready && state != State::Ready {
                return not_ready(handle, "is not available");
            }
        }
        let anew = |text: &String| self.by_identity(text).is_some();
        let named = |live: &Live| live.identities.iter().any(|text| texts.contains(text.as_str()) && !anew(text));
        match self.gone.iter().find(|(_, gone)| Some(&gone.key) != own && named(gone)) {
            Some((_, gone)) => not_ready(&gone.handle.0, "does not exist any more"),
            None => Ok(()),
        }
    }
}

/// Fills in what AWS fills in: the minor version of a version.
pub(super) fn filled(spec: &KindSpec, mut have: Value) -> Value {
    for (field, _) in spec.fields.iter().filter(|(_, rule)| *rule == Rule::Prefix) {
        if let Some(version) = have.get(*field).and_then(Value::as_str).filter(|version| !version.contains('.')) {
            have[*field] = format!("{version}.5").into();
        }
    }
    have
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::testkit::{Bench, database, id, thing};
    use serde_json::json;
    use std::time::Duration;

    fn later(bench: &Bench, seconds: u64) {
        bench.sim.clock().advance(Duration::from_secs(seconds));
    }

    #[test]
    fn a_name_that_is_taken_is_refused_until_it_is_looked_up() {
        let bench = Bench::default();
        let a = id("test/Thing", "a");
        bench.make(&a, json!({})).unwrap();
        assert_eq!(bench.make(&a, json!({})).unwrap_err().reason(), reason::ALREADY_EXISTS);
        bench.assert_lawful();
    }

    #[test]
    fn a_name_is_held_while_aws_deletes_and_for_a_time_after() {
        let bench = Bench::default();
        let a = id("test/Thing", "a");
        bench.settle(&a, json!({}));
        bench.delete(&a).unwrap();
        assert_eq!(bench.make(&a, json!({})).unwrap_err().reason(), reason::NAME_HELD);
        later(&bench, 1);
        assert!(bench.is_absent(&a));
        assert_eq!(bench.make(&a, json!({})).unwrap_err().reason(), reason::NAME_HELD);
        later(&bench, 3);
        bench.make(&a, json!({})).unwrap();
    }

    #[test]
    fn what_has_neither_name_nor_token_is_made_twice() {
        let bench = Bench::default();
        bench.sim.tune("test/Thing", |behaviour| behaviour.naming = Naming::Assigned);
        let a = id("test/Thing", "a");
        assert_ne!(bench.make(&a, json!({})).unwrap(), bench.make(&a, json!({})).unwrap());
        assert_eq!(bench.sim.console().all("test/Thing").len(), 2);
    }

    #[test]
    fn a_token_makes_one_thing_and_remembers_what_it_was_for() {
        let bench = Bench::default();
        bench.sim.tune("test/Thing", |behaviour| {
            behaviour.naming = Naming::Assigned;
            behaviour.token = true;
        });
        let a = id("test/Thing", "a");
        let first = bench.make(&a, json!({"size": 1})).unwrap();
        assert_eq!(bench.make(&a, json!({"size": 1})).unwrap(), first);
        assert!(matches!(bench.make(&a, json!({"size": 2})), Err(Error::Invalid { .. })));
        bench.sim.console().delete(&first);
        assert_eq!(bench.make(&a, json!({"size": 1})).unwrap(), first);
        assert!(bench.is_absent(&a));
        assert_ne!(bench.make(&Id { remade: 1, ..a }, json!({"size": 1})).unwrap(), first);
    }

    #[test]
    fn a_rule_that_exists_already_is_refused_whoever_made_it() {
        let bench = Bench::default();
        let group = bench.group();
        let rule = bench.rule(&group, "rule");
        bench.create(&rule.0, &rule.1).unwrap();
        let (other, want) = bench.rule(&group, "other");
        assert_eq!(bench.create(&other, &want).unwrap_err().reason(), reason::ALREADY_EXISTS);
        bench.assert_lawful();
    }

    #[test]
    fn a_quota_blocks() {
        let bench = Bench::default();
        bench.sim.console().quota("test/Thing", Some(1));
        bench.make(&id("test/Thing", "a"), json!({})).unwrap();
        let error = bench.make(&id("test/Thing", "b"), json!({})).unwrap_err();
        assert!(matches!(error, Error::Blocked { reason: reason::QUOTA, .. }));
        bench.sim.console().quota("test/Thing", None);
        bench.make(&id("test/Thing", "b"), json!({})).unwrap();
    }

    #[test]
    fn a_wish_that_is_none_or_still_open_is_a_violation() {
        let bench = Bench::default();
        let a = id("test/Thing", "a");
        assert!(bench.make(&a, json!({"size": "many"})).is_err());
        assert!(bench.make(&a, json!({"parent": {"$terrace": {"node": "b", "output": "arn"}}})).is_err());
        let mut bare = thing_wish();
        bare["tags"] = json!({});
        bench.sim.world(|world, now| world.create(now, &a, &bare)).unwrap();
        assert_eq!(bench.breaches(), [Breach::NotAWish, Breach::OpenReference, Breach::NoOwnerTags]);
    }

    fn thing_wish() -> Value {
        json!({"size": 1, "parent": null, "tags": {}})
    }

    #[test]
    fn what_is_only_looked_at_cannot_be_made() {
        let bench = Bench::default();
        let key = id("kms/Key", "key");
        assert!(bench.create(&key, &json!({"keyId": "alias/a"})).is_err());
        assert_eq!(bench.breaches(), [Breach::ReadOnly]);
    }

    #[test]
    fn an_address_that_is_not_the_wishes_is_a_violation() {
        let bench = Bench::default();
        let group = bench.group();
        let (rule, want) = bench.rule(&group, "rule");
        bench.create(&Id { address: Map::new(), ..rule }, &want).unwrap();
        assert_eq!(bench.breaches(), [Breach::WrongAddress]);
    }

    #[test]
    fn a_young_role_cannot_be_used_yet() {
        let bench = Bench::default();
        bench.sim.tune("test/Thing", |behaviour| behaviour.usable_after = Duration::from_secs(30));
        let (a, b) = (id("test/Thing", "a"), id("test/Thing", "b"));
        let arn = bench.make(&a, json!({})).unwrap().0;
        assert_eq!(bench.make(&b, json!({"parent": arn})).unwrap_err().reason(), reason::NOT_READY);
        later(&bench, 30);
        bench.make(&b, json!({"parent": arn})).unwrap();
    }

    #[test]
    fn a_replica_waits_until_its_source_is_available() {
        let bench = Bench::default();
        bench.sim.tune("test/Thing", |behaviour| behaviour.needs_ready = true);
        let db = id("rds/DbInstance", "db");
        bench.create(&db, &database()).unwrap();
        let (a, parent) = (id("test/Thing", "a"), db.default_name());
        assert_eq!(bench.make(&a, json!({"parent": parent})).unwrap_err().reason(), reason::NOT_READY);
        later(&bench, 300);
        bench.make(&a, json!({"parent": parent})).unwrap();
    }

    #[test]
    fn nothing_can_refer_to_what_is_gone() {
        let bench = Bench::default();
        let (a, b) = (id("test/Thing", "a"), id("test/Thing", "b"));
        let arn = bench.settle(&a, json!({})).0;
        bench.delete(&a).unwrap();
        assert_eq!(bench.make(&b, json!({"parent": arn})).unwrap_err().reason(), reason::NOT_READY);
        later(&bench, 60);
        assert_eq!(bench.make(&b, json!({"parent": arn})).unwrap_err().reason(), reason::NOT_READY);
    }

    #[test]
    fn a_version_is_filled_in() {
        let spec = KindSpec { fields: &[("version", Rule::Prefix)], ..thing() };
        assert_eq!(filled(&spec, json!({"version": "17"})), json!({"version": "17.5"}));
        assert_eq!(filled(&spec, json!({"version": "17.2"})), json!({"version": "17.2"}));
    }
}
