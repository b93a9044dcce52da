//! What metrics say of objects: how many stand how, since when the worst of them does, and who waits for a turn.
//!
//! Nothing is kept for it: the watches' stores are summed up when somebody asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::Store;
use kube::{Resource, ResourceExt};
use prometheus_client::registry::Registry;
use terrace_crds::{Environment, FINALIZER};
use terrace_tiers::{Course, ObjectKey};

use super::metrics::{Gauges, Words};
use super::passes::{Passed, Passes};
use crate::install::Install;
use crate::tier::{Managed, is_held_still};

/// The types of conditions that objects have.
const CONDITIONS: [&str; 5] = ["Ready", "Reconciling", "Stalled", "Drifted", "Degraded"];
/// Why an object is not Ready that cannot be read.
const MALFORMED: &str = "Malformed";
const NONE: &[Condition] = &[];

/// One object as metrics see it.
pub struct Standing<'a> {
    pub key: ObjectKey,
    pub created: Option<Timestamp>,
    /// Since when it is to be deleted, if we are the ones who hold it.
    pub deleting: Option<Timestamp>,
    /// `None` of one that cannot be read.
    pub conditions: Option<&'a [Condition]>,
    /// Its owner wants nothing changed for now.
    pub held_still: bool,
}

impl<'a> Standing<'a> {
    fn of<K: Resource>(kind: &str, object: &K, conditions: Option<&'a [Condition]>, held_still: bool) -> Self {
        let meta = object.meta();
        let held = object.finalizers().iter().any(|name| name == FINALIZER);
        Standing {
            key: ObjectKey::new(kind, &object.namespace().unwrap_or_default(), &object.name_any()),
            created: meta.creation_timestamp.as_ref().map(|time| time.0),
            deleting: meta.deletion_timestamp.as_ref().filter(|_| held).map(|time| time.0),
            conditions,
            held_still,
        }
    }

    fn find(&self, type_: &str) -> Option<&Condition> {
        self.conditions?.iter().find(|condition| condition.type_ == type_)
    }

    fn is(&self, type_: &str) -> bool {
        self.find(type_).is_some_and(|condition| condition.status == "True")
    }
}

/// Shows every object of a kind to whoever sums them up.
type Source = Box<dyn Fn(&mut dyn FnMut(&Standing)) + Send>;

/// The objects of a kind of tier.
pub fn tiers<T: Managed>(
    store: Store<DeserializeGuard<T>>,
    install: Arc<Install>,
) -> impl Fn(&mut dyn FnMut(&Standing)) + Send {
    move |see| {
        for object in store.state() {
            let read = object.0.as_ref().ok();
            let operator = read.and_then(|read| read.tier_status()?.operator.as_deref());
            if !install.has(object.meta().namespace.as_deref(), operator) {
                continue;
            }
            let conditions = read.map(|read| read.tier_status().map_or(NONE, |status| &status.conditions));
            see(&Standing::of(T::KIND, object.as_ref(), conditions, read.is_some_and(is_held_still)));
        }
    }
}

/// All Environments.
pub fn environments(
    store: Store<DeserializeGuard<Environment>>,
    install: Arc<Install>,
) -> impl Fn(&mut dyn FnMut(&Standing)) + Send {
    move |see| {
        for object in store.state() {
            let read = object.0.as_ref().ok();
            let operator = read.and_then(|read| read.status.as_ref()?.operator.as_deref());
            if !install.has(None, operator) || !install.scope().has_environment(&object.name_any()) {
                continue;
            }
            let conditions = read.map(|read| read.status.as_ref().map_or(NONE, |status| &status.conditions));
            see(&Standing::of("Environment", object.as_ref(), conditions, false));
        }
    }
}

/// What the objects of a kind come to.
#[derive(Debug, Default, PartialEq)]
struct Sum {
    /// By type and status.
    conditions: BTreeMap<(String, bool), i64>,
    /// By reason, and whether only a person helps.
    not_ready: BTreeMap<(String, bool), i64>,
    not_ready_since: Option<Timestamp>,
    drifted_since: Option<Timestamp>,
    deleting_since: Option<Timestamp>,
    last_success: Option<Timestamp>,
    credential_changed: Option<Timestamp>,
    rotation_due: Option<Timestamp>,
    queued: i64,
    running: i64,
}

impl Sum {
    /// Adds an object of which this process could have known since `since`.
    fn add(&mut self, object: &Standing, passed: &Passed, since: Timestamp, now: Timestamp) {
        for condition in object.conditions.into_iter().flatten() {
            *self.conditions.entry((condition.type_.clone(), condition.status == "True")).or_default() += 1;
        }
        self.add_ready(object);
        if !object.held_still {
            let drifted = object.find("Drifted").filter(|condition| condition.status == "True");
            earliest(&mut self.drifted_since, drifted.map(|condition| condition.last_transition_time.0));
        }
        earliest(&mut self.deleting_since, object.deleting);
        if !passed.rests {
            let known = object.created.map_or(since, |created| created.max(since));
            earliest(&mut self.last_success, Some(passed.succeeded.map_or(known, |succeeded| succeeded.max(known))));
        }
        earliest(&mut self.credential_changed, passed.credential.and_then(|credential| credential.made));
        earliest(&mut self.rotation_due, passed.credential.map(|credential| credential.due));
        self.queued += i64::from(passed.is_queued(now));
        self.running += i64::from(passed.is_running());
    }

    fn add_ready(&mut self, object: &Standing) {
        if object.is("Ready") {
            return;
        }
        let ready = object.find("Ready");
        let unread = if object.conditions.is_none() { MALFORMED } else { "Unobserved" };
        let reason = ready.map_or(unread, |condition| condition.reason.as_str()).to_owned();
        let stalled = object.is("Stalled") || object.conditions.is_none();
        // A rollout takes the time that its steps say.
        let takes_its_time = stalled || object.deleting.is_some() || Course::REASONS.contains(&reason.as_str());
        *self.not_ready.entry((reason, stalled)).or_default() += 1;
        if !takes_its_time {
            let since = ready.map(|condition| condition.last_transition_time.0).or(object.created);
            earliest(&mut self.not_ready_since, since);
        }
    }
}

fn earliest(known: &mut Option<Timestamp>, other: Option<Timestamp>) {
    *known = [*known, other].into_iter().flatten().min();
}

/// The gauges that show the sums, by kind.
#[derive(Clone, Default)]
struct Shown {
    conditions: Gauges<3>,
    not_ready: Gauges<3>,
    not_ready_since: Gauges<1>,
    drifted_since: Gauges<1>,
    deleting_since: Gauges<1>,
    last_success: Gauges<1>,
    credential_changed: Gauges<1>,
    rotation_due: Gauges<1>,
    queued: Gauges<1>,
    running: Gauges<1>,
}

impl Shown {
    fn clear(&self) {
        let Shown { conditions, not_ready, not_ready_since, drifted_since, deleting_since, .. } = self;
        let Shown { last_success, credential_changed, rotation_due, queued, running, .. } = self;
        for by_more in [conditions, not_ready] {
            by_more.clear();
        }
        let times = [not_ready_since, drifted_since, deleting_since, last_success, credential_changed, rotation_due];
        for by_kind in times.into_iter().chain([queued, running]) {
            by_kind.clear();
        }
    }

    fn show(&self, kind: &str, sum: &Sum, reasons: &Words) {
        let kind = || ("kind", kind.to_owned());
        let bit = |bit: bool| if bit { "True" } else { "False" }.to_owned();
        let known = CONDITIONS.iter().flat_map(|type_| [true, false].map(|status| ((*type_).to_owned(), status)));
        let mut counts: BTreeMap<_, i64> = known.map(|known| (known, 0)).collect();
        counts.extend(sum.conditions.clone());
        for ((type_, status), count) in counts {
            let labels = [kind(), ("condition", reasons.admit(&type_)), ("status", bit(status))];
            self.conditions.get_or_create(&labels).inc_by(count);
        }
        for ((reason, stalled), count) in &sum.not_ready {
            let labels = [kind(), ("reason", reasons.admit(reason)), ("stalled", bit(*stalled).to_lowercase())];
            self.not_ready.get_or_create(&labels).inc_by(*count);
        }
        for (gauge, time) in [
            (&self.not_ready_since, sum.not_ready_since),
            (&self.drifted_since, sum.drifted_since),
            (&self.deleting_since, sum.deleting_since),
            (&self.last_success, sum.last_success),
            (&self.credential_changed, sum.credential_changed),
            (&self.rotation_due, sum.rotation_due),
        ] {
            if let Some(time) = time {
                gauge.get_or_create(&[kind()]).set(time.as_second());
            }
        }
        self.queued.get_or_create(&[kind()]).set(sum.queued);
        self.running.get_or_create(&[kind()]).set(sum.running);
    }
}

/// All objects that this process works on, as metrics see them.
#[derive(Default)]
pub struct Objects {
    pub passes: Passes,
    /// By kind, and since when it is followed.
    sources: Mutex<BTreeMap<&'static str, (Timestamp, Source)>>,
    shown: Shown,
    reasons: Words,
}

impl Objects {
    /// From here on the objects of a kind are counted.
    pub fn follow(
        &self,
        kind: &'static str,
        since: Timestamp,
        source: impl Fn(&mut dyn FnMut(&Standing)) + Send + 'static,
    ) {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).insert(kind, (since, Box::new(source)));
    }

    /// Sums everything up for the gauges, and holds it so while `written` reads them.
    pub fn summed_up(&self, now: Timestamp, written: impl FnOnce()) {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        self.shown.clear();
        for (kind, (since, source)) in sources.iter() {
            let mut sum = Sum::default();
            source(&mut |object| sum.add(object, &self.passes.of(&object.key), *since, now));
            self.shown.show(kind, &sum, &self.reasons);
        }
        written();
    }

    /// Adds the gauges to a registry.
    pub fn register(&self, all: &mut Registry) {
        let shown = self.shown.clone();
        all.register("objects", "Objects by the status of each of their conditions", shown.conditions);
        all.register("objects_not_ready", "Objects that are not Ready, by reason", shown.not_ready);
        let mut since = |name: &str, what: &str, gauge: Gauges<1>| {
            all.register(format!("{name}_timestamp_seconds"), what, gauge);
        };
        since(
            "objects_not_ready_since",
            "Since when the object is so that has not been Ready for the longest, of those that are on their way there",
            shown.not_ready_since,
        );
        since(
            "objects_drifted_since",
            "Since when the object is so that has drifted for the longest, of those that are to be repaired",
            shown.drifted_since,
        );
        since(
            "objects_deleting_since",
            "Since when the object is to be deleted that has been so for the longest",
            shown.deleting_since,
        );
        since(
            "objects_last_success",
            "When the object was last passed over that has waited for it the longest",
            shown.last_success,
        );
        since(
            "credentials_changed",
            "When the oldest credential in use that changes from time to time was made",
            shown.credential_changed,
        );
        since(
            "credentials_rotation_due",
            "When the next change of a credential is due, or has been since",
            shown.rotation_due,
        );
        all.register("queue_depth", "Objects that are due and wait for their turn", shown.queued);
        all.register("reconciles_running", "Passes that are under way", shown.running);
    }
}

#[cfg(test)]
mod tests;
