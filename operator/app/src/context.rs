//! What every reconcile shares.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::reflector::Store;
use terrace_crds::{Environment, Progress};
use terrace_engine::Memory;

use crate::cloud::Clouds;
use crate::drift::{Inventories, Receivers};
use crate::install::Install;
use crate::kinds::KINDS;
use crate::listed::Listed;
use crate::log_routing::LogRouting;
use crate::telemetry::events::Events;
use crate::telemetry::metrics::Metrics;
use crate::tier::links::Neighbours;
use crate::wake::Wake;

/// What every reconcile shares.
pub struct Context {
    pub client: Client,
    pub install: Arc<Install>,
    pub environments: Store<DeserializeGuard<Environment>>,
    pub namespaces: Store<PartialObjectMeta<Namespace>>,
    pub environments_listed: Listed,
    pub namespaces_listed: Listed,
    /// All objects of all kinds, and the grants between them.
    pub neighbours: Neighbours,
    pub clouds: Arc<Clouds>,
    pub memory: Memory,
    pub metrics: Metrics,
    pub events: Events,
    pub resync: Duration,
    pub log_routing: LogRouting,
    pub process: Process,
    pub wake: Wake,
    /// What all objects have, for events to be matched with.
    pub inventories: Inventories,
    /// The queues in which events come.
    pub receivers: Receivers,
}

/// What a context is made from; the rest of it begins empty.
pub struct Parts {
    pub client: Client,
    pub install: Install,
    pub environments: Store<DeserializeGuard<Environment>>,
    pub namespaces: Store<PartialObjectMeta<Namespace>>,
    pub clouds: Arc<Clouds>,
    pub metrics: Metrics,
    pub events: Events,
    pub resync: Duration,
    pub wake: Wake,
}

/// What this process did with objects, so that it neither trusts a cache that is behind its own writes nor repeats what
/// needs doing once.
#[derive(Default)]
pub struct Process(Mutex<Done>);

#[derive(Default)]
struct Done {
    /// The version of each object after our last write to it.
    written: BTreeMap<String, String>,
    /// Objects whose lost inventory was looked for, to the end, and that have none.
    searched: BTreeSet<String>,
    /// The generation of each object that was last found unreadable.
    complained: BTreeMap<String, i64>,
    /// How far the procedures of each object were in the last pass over it that came to its end.
    looked: BTreeMap<String, Vec<Progress>>,
    /// When each Environment was last found in order.
    resolved: BTreeMap<String, (i64, Timestamp)>,
    /// The Environment that each object is being worked on with.
    claimed: BTreeMap<String, String>,
    /// What asked for a fresh look at each object when a pass over it last came to its end.
    answered: BTreeMap<String, Option<String>>,
}

impl Process {
    fn done(&self) -> MutexGuard<'_, Done> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a write.
    pub fn wrote(&self, uid: &str, version: &str) {
        self.done().written.insert(uid.into(), version.into());
    }

    /// True where a cached object may be older than our last write to it.
    pub fn is_behind(&self, uid: &str, version: &str) -> bool {
        self.done().written.get(uid).is_some_and(|written| written != version)
    }

    /// Notes that an object's lost inventory was looked for, and that there is nothing.
    pub fn searched(&self, uid: &str) {
        self.done().searched.insert(uid.into());
    }

    /// Notes that what an object has is on record: were that lost, it would be looked for anew.
    pub fn recorded(&self, uid: &str) {
        self.done().searched.remove(uid);
    }

    /// True where an object's lost inventory need not be looked for again. A search that failed is none: without it, what
    /// the object has in AWS would be left behind.
    pub fn is_searched(&self, uid: &str) -> bool {
        self.done().searched.contains(uid)
    }

    /// True the first time that it is asked of a generation of an object.
    pub fn first_complaint(&self, uid: &str, generation: i64) -> bool {
        self.done().complained.insert(uid.into(), generation) != Some(generation)
    }

    /// Notes that a pass over an object came to its end, and is on record, with its procedures as far as this.
    pub fn looked(&self, uid: &str, progress: &[Progress]) {
        self.done().looked.insert(uid.into(), progress.to_vec());
    }

    /// True where this process has looked at an object since its procedures are as far as this.
    pub fn has_looked(&self, uid: &str, progress: &[Progress]) -> bool {
        self.done().looked.get(uid).is_some_and(|looked| looked == progress)
    }

    /// True where a fresh look was asked for since the last pass over an object. The first pass of a process answers
    /// nobody: what asks may have been answered by an earlier one.
    pub fn is_asked(&self, uid: &str, asks: Option<&String>) -> bool {
        self.done().answered.get(uid).is_some_and(|answered| answered.as_ref() != asks)
    }

    /// Notes that a pass over an object came to its end when this asked for it.
    pub fn answered(&self, uid: &str, asks: Option<&String>) {
        self.done().answered.insert(uid.into(), asks.cloned());
    }

    /// Notes that an Environment, at this generation, was found in order.
    pub fn resolved(&self, uid: &str, generation: i64, now: Timestamp) {
        self.done().resolved.insert(uid.into(), (generation, now));
    }

    /// True where an Environment was found in order at this generation within `period`.
    pub fn is_resolved(&self, uid: &str, generation: i64, now: Timestamp, period: Duration) -> bool {
        let fresh =
            |(at, when): &(i64, Timestamp)| *at == generation && now.duration_since(*when).unsigned_abs() < period;
        self.done().resolved.get(uid).is_some_and(fresh)
    }

    /// Notes that an object is being worked on with an Environment, which its status may not say yet.
    pub fn claims(&self, uid: &str, environment: &str) {
        self.done().claimed.insert(uid.into(), environment.into());
    }

    /// The work on an object is over, and on record.
    pub fn rests(&self, uid: &str) {
        self.done().claimed.remove(uid);
    }

    /// True where an object is being worked on with this Environment.
    pub fn is_claimed(&self, environment: &str) -> bool {
        self.done().claimed.values().any(|claimed| claimed == environment)
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, uid: &str) {
        let mut done = self.done();
        done.written.remove(uid);
        done.searched.remove(uid);
        done.complained.remove(uid);
        done.resolved.remove(uid);
        done.looked.remove(uid);
        done.claimed.remove(uid);
        done.answered.remove(uid);
    }
}

impl Context {
    /// A context in which nothing has been seen yet.
    pub fn new(parts: Parts) -> Self {
        let Parts { client, install, environments, namespaces, clouds, metrics, events, resync, wake } = parts;
        Context {
            client,
            install: Arc::new(install),
            environments,
            namespaces,
            environments_listed: Listed::default(),
            namespaces_listed: Listed::default(),
            neighbours: Neighbours::of_kinds(KINDS.iter().map(|kind| kind.name)),
            clouds,
            memory: Memory::default(),
            metrics,
            events,
            resync,
            log_routing: LogRouting::default(),
            process: Process::default(),
            wake,
            inventories: Inventories::default(),
            receivers: Receivers::default(),
        }
    }

    /// Waits until everything that a tier is decided by has been listed.
    pub async fn listed(&self) {
        self.environments_listed.wait().await;
        self.namespaces_listed.wait().await;
        self.neighbours.listed().await;
    }

    /// The labels of a namespace, once it is known.
    pub fn labels(&self, namespace: &str) -> Option<BTreeMap<String, String>> {
        let namespace = self.namespaces.find(|seen| seen.metadata.name.as_deref() == Some(namespace))?;
        Some(namespace.metadata.labels.clone().unwrap_or_default())
    }

    /// The Environments that can be read.
    pub fn environments(&self) -> Vec<Environment> {
        self.environments.state().iter().filter_map(|guard| guard.0.as_ref().ok().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_is_behind_until_it_shows_our_last_write() {
        let process = Process::default();
        assert!(!process.is_behind("u", "1"));
        process.wrote("u", "2");
        assert!(process.is_behind("u", "1") && !process.is_behind("u", "2"));
        process.forget("u");
        assert!(!process.is_behind("u", "1"));
    }

    #[test]
    fn a_lost_inventory_is_looked_for_until_a_search_has_come_to_its_end() {
        let process = Process::default();
        assert!(!process.is_searched("u"));
        // That somebody asked, and then failed, makes no difference.
        assert!(!process.is_searched("u"));
        process.searched("u");
        assert!(process.is_searched("u") && !process.is_searched("v"));
        // What was made since then could be lost again.
        process.recorded("u");
        assert!(!process.is_searched("u"));
        process.searched("u");
        process.forget("u");
        assert!(!process.is_searched("u"));
    }

    #[test]
    fn what_was_looked_at_in_a_step_says_nothing_of_the_next() {
        let (process, step) = (Process::default(), |step| vec![terrace_tiers::samples::progress("rollout", step, "h")]);
        assert!(!process.has_looked("u", &[]), "an earlier process may have");
        process.looked("u", &step("Preparing"));
        assert!(process.has_looked("u", &step("Preparing")));
        assert!(!process.has_looked("u", &step("Switched")) && !process.has_looked("v", &step("Preparing")));
        process.forget("u");
        assert!(!process.has_looked("u", &step("Preparing")));
    }

    #[test]
    fn a_fresh_look_is_owed_until_a_pass_that_was_asked_for_it_has_come_to_its_end() {
        let (process, at) = (Process::default(), |time: &str| Some(time.to_owned()));
        assert!(!process.is_asked("u", at("10:00").as_ref()), "an earlier process may have answered");
        process.answered("u", at("10:00").as_ref());
        assert!(!process.is_asked("u", at("10:00").as_ref()));
        assert!(process.is_asked("u", at("10:05").as_ref()) && process.is_asked("u", at("10:05").as_ref()));
        process.answered("u", at("10:05").as_ref());
        assert!(!process.is_asked("u", at("10:05").as_ref()) && !process.is_asked("v", at("10:05").as_ref()));
        process.forget("u");
        assert!(!process.is_asked("u", at("10:10").as_ref()));
    }

    #[test]
    fn an_environment_is_claimed_while_any_object_is_worked_on_with_it() {
        let process = Process::default();
        process.claims("a", "e");
        process.claims("b", "e");
        process.rests("a");
        assert!(process.is_claimed("e") && !process.is_claimed("f"));
        process.forget("b");
        assert!(!process.is_claimed("e"));
    }

    #[test]
    fn an_environment_stays_resolved_for_its_generation_and_a_while() {
        let (process, at) = (Process::default(), |second| Timestamp::from_second(second).expect("in range"));
        process.resolved("e", 1, at(0));
        let resolved = |generation, second| process.is_resolved("e", generation, at(second), Duration::from_secs(60));
        assert_eq!([resolved(1, 59), resolved(1, 60), resolved(2, 1)], [true, false, false]);
    }
}
