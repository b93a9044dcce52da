//! All that exists in the simulated AWS, and how it is found.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value};
use terrace_model::identity::tag;
use terrace_model::{Handle, Id, KindSpec};

use super::behaviour::{Behaviour, Naming};
use super::ledger::Record;
use super::live::{Key, Live, Maker, texts};
use super::outputs::arn;
use super::snapshots::Snapshot;
use super::violation::{Breach, Violation};
use crate::error::{Error, Result};

/// The state of AWS. Its clock is handed in with each call.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub kinds: BTreeMap<String, (KindSpec, Behaviour)>,
    pub live: BTreeMap<Key, Live>,
    /// All that is gone, with the moment.
    pub gone: Vec<(Timestamp, Live)>,
    /// Names that cannot be used before a moment.
    pub held: BTreeMap<Key, Timestamp>,
    /// What a token made: its wish and handle.
    pub tokens: BTreeMap<(String, String), (Value, Handle)>,
    /// By region, kind of the source, and name.
    pub snapshots: BTreeMap<Key, Snapshot>,
    pub quotas: BTreeMap<String, usize>,
    /// Read-only things that are not there, by kind and address.
    pub hidden: BTreeSet<(String, String)>,
    /// What an object may take over.
    pub adoptable: BTreeSet<Handle>,
    /// The next create of a kind ends in this failure.
    pub failing: BTreeMap<String, String>,
    /// Inventories in Kubernetes, by object.
    pub records: BTreeMap<String, Record>,
    pub violations: Vec<Violation>,
    serial: u64,
    lineage: u64,
}

/// What a new resource is made of.
pub(super) struct Birth {
    pub region: String,
    pub have: Value,
    /// The physical name; `None` where AWS assigns it.
    pub name: Option<String>,
    pub maker: Option<Maker>,
    pub labels: BTreeMap<String, String>,
    pub data: Option<u64>,
}

impl World {
    /// Specification and behaviour of a kind.
    pub fn kind(&self, kind: &str) -> Result<(KindSpec, Behaviour)> {
        self.kinds.get(kind).copied().ok_or_else(|| Error::invalid(format!("the simulation does not know {kind}")))
    }

    /// Records a breach.
    pub fn breach(&mut self, at: Timestamp, breach: Breach, message: String) {
        self.violations.push(Violation { breach, at, message });
    }

    /// Lets time do its work: what was being deleted is gone, and what lay in it with it.
    pub fn pass(&mut self, now: Timestamp) {
        let due = |live: &&Live| live.deleting.is_some_and(|until| until <= now);
        let done: Vec<(Key, Timestamp)> =
            self.live.values().filter(due).filter_map(|live| Some((live.key.clone(), live.deleting?))).collect();
        for (key, moment) in done {
            self.bury(&key, moment, true);
        }
    }

    /// Takes a resource away. `hold`: its name cannot be used again at once.
    pub fn bury(&mut self, key: &Key, moment: Timestamp, hold: bool) {
        let Some(mut live) = self.live.remove(key) else {
            return;
        };
        live.note(moment, "gone");
        if hold {
            self.held.insert(key.clone(), moment + live.behaviour.name_held);
        }
        let lies_within = |other: &&Live| other.parent().is_some_and(|parent| live.identities.contains(parent));
        let within: Vec<Key> = self.live.values().filter(lies_within).map(|other| other.key.clone()).collect();
        self.gone.push((moment, live));
        for key in within {
            self.bury(&key, moment, false);
        }
    }

    /// Puts a new resource there.
    pub fn bear(&mut self, now: Timestamp, spec: KindSpec, behaviour: Behaviour, birth: Birth) -> Handle {
        self.serial += 1;
        let serial = self.serial;
        let assigned = behaviour.prefix.map(|prefix| format!("{prefix}{serial:04}"));
        let own = |name: Option<&String>| name.cloned().unwrap_or_default();
        let label = match behaviour.naming {
            Naming::Name => own(birth.name.as_ref()),
            Naming::Address | Naming::Assigned => assigned.clone().unwrap_or_else(|| "id".into()),
        };
        let arn = arn(spec.kind, &birth.region, &label, serial);
        let handle = Handle(assigned.unwrap_or_else(|| arn.clone()));
        let name = birth.name.unwrap_or_else(|| handle.0.clone());
        let key = Key { region: birth.region, kind: spec.kind.into(), name };
        let until = now + behaviour.create;
        let mut live = Live {
            key: key.clone(),
            spec,
            behaviour,
            have: birth.have,
            handle: handle.clone(),
            arn,
            serial,
            maker: birth.maker,
            labels: birth.labels,
            created: now,
            busy: (until > now).then_some(("creating", until)),
            deleting: None,
            failed: self.failing.remove(spec.kind),
            data: birth.data,
            rotations: 0,
            contents: 0,
            identities: BTreeSet::new(),
            timeline: vec![(now, "created".into())],
        };
        live.learn();
        self.live.insert(key, live);
        handle
    }

    /// Fresh data, unlike any other.
    pub fn fresh_data(&mut self) -> u64 {
        self.lineage += 1;
        self.lineage
    }

    /// Finds what an id means, whether looks find it yet or not: by handle, then by name or address.
    pub fn locate(&self, now: Timestamp, id: &Id) -> Option<&Live> {
        let here = |live: &&Live| live.key.kind == id.kind && live.key.region == id.place.region;
        let by_handle = id.handle.as_ref().and_then(|handle| self.by_handle(handle)).filter(here);
        by_handle.or_else(|| {
            let (spec, behaviour) = self.kinds.get(&id.kind)?;
            let name = match behaviour.naming {
                Naming::Name => id.default_name(),
                Naming::Address if id.address.is_empty() => return None,
                Naming::Address => address(spec, &id.address),
                Naming::Assigned => return self.by_tags(now, id),
            };
            self.live.get(&Key { region: id.place.region.clone(), kind: id.kind.clone(), name })
        })
    }

    /// What looks find.
    pub fn visible(&self, now: Timestamp, id: &Id) -> Option<&Live> {
        self.locate(now, id).filter(|live| live.is_visible(now))
    }

    /// By ARN or AWS id.
    pub fn by_handle(&self, handle: &Handle) -> Option<&Live> {
        self.live.values().find(|live| live.handle == *handle)
    }

    /// What a text refers to.
    pub fn by_identity(&self, text: &str) -> Option<&Live> {
        self.live.values().find(|live| live.identities.contains(text))
    }

    /// By the owner's tags, of this UID before any other, and the oldest first.
    fn by_tags(&self, now: Timestamp, id: &Id) -> Option<&Live> {
        let mut wanted = id.owner_tags();
        wanted.remove(tag::UID);
        let bears = |live: &&Live| {
            let tags = live.tags();
            live.key.kind == id.kind
                && live.key.region == id.place.region
                && live.shows_tags(now)
                && wanted.iter().all(|(key, value)| tags.get(key) == Some(value))
        };
        let other = |live: &&Live| live.tagged_uid().as_ref() != Some(&id.owner.uid);
        self.live.values().filter(bears).min_by_key(|live| (other(live), live.serial))
    }

    /// True where it is this owner's: by its tags, by who made it, or, where it can bear no tags, by what it lies in.
    pub fn belongs(&self, live: &Live, uid: &str) -> bool {
        let made = || live.maker.as_ref().is_some_and(|maker| maker.uid == uid);
        let parent = || live.parent().and_then(|parent| self.by_identity(parent)).and_then(Live::tagged_uid);
        match live.tagged_uid() {
            Some(tagged) => tagged == uid,
            None => made() || (!live.is_taggable() && parent().as_deref() == Some(uid)),
        }
    }

    /// Everything that holds `target` by referring to it.
    pub fn holders<'a>(&'a self, target: &'a Live) -> impl Iterator<Item = &'a Live> {
        let others = self.live.values().filter(|other| other.behaviour.holds && other.key != target.key);
        others.filter(|other| target.is_among(&texts(&other.have)))
    }
}

/// The address as a name: its fields that are not null, in order.
pub(super) fn address(spec: &KindSpec, fields: &Map<String, Value>) -> String {
    let part = |name: &&str| Some(format!("{name}={}", fields.get(*name).filter(|value| !value.is_null())?));
    spec.address.iter().filter_map(part).collect::<Vec<_>>().join(" ")
}
