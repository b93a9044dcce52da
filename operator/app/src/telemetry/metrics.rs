//! Metrics in the Prometheus form, all of them prefixed `terrace_`.
//!
//! | metric | labels | what |
//! |---|---|---|
//! | `terrace_leader` | | 1 where this process is the one that acts |
//! | `terrace_build_info` | version | 1, by the version that runs |
//! | `terrace_resync_period_seconds` | | how long an object that stands still is left alone |
//! | `terrace_objects` | kind, condition, status | objects by the status of each condition |
//! | `terrace_objects_not_ready` | kind, reason, stalled | objects that are not Ready, by the reason that the condition gives; stalled is `true` where only a person helps |
//! | `terrace_objects_not_ready_since_timestamp_seconds` | kind | since when the object is so that has not been Ready for the longest, of those that are neither stalled nor deleted nor rolling out |
//! | `terrace_objects_drifted_since_timestamp_seconds` | kind | the same of Drifted, of those that are neither paused nor only observed |
//! | `terrace_objects_deleting_since_timestamp_seconds` | kind | the same of objects that are to be deleted |
//! | `terrace_objects_last_success_timestamp_seconds` | kind | the last pass that came to its end over the object that has waited for one the longest |
//! | `terrace_credentials_changed_timestamp_seconds` | kind | when the oldest credential was made, of those that change from time to time |
//! | `terrace_credentials_rotation_due_timestamp_seconds` | kind | when the next change of a credential is due, or has been since |
//! | `terrace_drift_found_total` | kind | resources found changed from outside, by the kind of their owner |
//! | `terrace_drift_events_total` | result | messages of the queues that EventBridge feeds: `woke`, `nobody`, `own`, `refused`, `unreadable` |
//! | `terrace_queue_depth` | kind | objects that are due and wait for their turn |
//! | `terrace_reconciles_running` | kind | passes that are under way |
//! | `terrace_reconciles_total` | kind, result | passes over objects; result is `success` where one came to its end, whatever it found |
//! | `terrace_reconcile_duration_seconds` | kind | how long one took |
//! | `terrace_aws_calls_total` | service, operation, code | calls that were made; code is `OK` for success |
//! | `terrace_aws_call_duration_seconds` | service | from sending to the end, without the wait for the limiter |
//! | `terrace_aws_limiter_wait_seconds_total` | service | how long calls waited before they were sent, so that AWS's rates are kept |
//! | `terrace_aws_throttles_total` | service | calls that AWS refused for coming too fast |
//!
//! No label names an object, a namespace or an account; and where a value comes from outside (AWS's error codes), only
//! so many different ones are kept, and the rest is `other`. Where there is nothing that a time could be of, there is no
//! series; a process that does not lead shows nothing of objects. docs/metrics.md shows this table.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use terrace_aws::calls::{Call, CallObserver};

use super::objects::Objects;

/// The most different values that are kept of a label that comes from outside. RDS, which has the most, lists about 130
/// error codes; a cluster meets a few of them.
const MOST_WORDS: usize = 200;

/// Seconds; AWS's reads take some tens of milliseconds, a slow write some seconds.
const CALL_SECONDS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Seconds; a pass may wait for the limiter.
const RECONCILE_SECONDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

pub(super) type Labels<const N: usize> = [(&'static str, String); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
pub(super) type Gauges<const N: usize> = Family<Labels<N>, Gauge>;
type Histograms<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// All metrics of the process; clones count into the same.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    reconciles: Counters<2>,
    reconcile_duration: Histograms<1>,
    pub objects: Arc<Objects>,
    drift_found: Counters<1>,
    drift_events: Counters<1>,
    calls: Counters<3>,
    call_duration: Histograms<1>,
    limiter_wait: Family<Labels<1>, Counter<f64, AtomicU64>>,
    throttles: Counters<1>,
    leader: Gauge,
    resync: Gauge,
    operations: Arc<Words>,
    codes: Arc<Words>,
}

impl Default for Metrics {
    /// All at zero.
    fn default() -> Self {
        let mut metrics = Metrics {
            registry: Arc::default(),
            reconciles: Family::default(),
            reconcile_duration: Family::new_with_constructor(|| Histogram::new(RECONCILE_SECONDS)),
            objects: Arc::default(),
            drift_found: Family::default(),
            drift_events: Family::default(),
            calls: Family::default(),
            call_duration: Family::new_with_constructor(|| Histogram::new(CALL_SECONDS)),
            limiter_wait: Family::default(),
            throttles: Family::default(),
            leader: Gauge::default(),
            resync: Gauge::default(),
            operations: Arc::default(),
            codes: Arc::default(),
        };
        metrics.registry = Arc::new(metrics.registered());
        metrics
    }
}

impl Metrics {
    /// The counters' `_total` is added as they are written.
    fn registered(&self) -> Registry {
        let mut all = Registry::with_prefix("terrace");
        all.register("reconciles", "Passes over objects, by what came of them", self.reconciles.clone());
        all.register("reconcile_duration_seconds", "Duration of one pass", self.reconcile_duration.clone());
        self.objects.register(&mut all);
        all.register(
            "drift_found",
            "Resources found changed from outside, by the kind of their owner",
            self.drift_found.clone(),
        );
        all.register(
            "drift_events",
            "Messages of the queues that EventBridge feeds, by what came of them",
            self.drift_events.clone(),
        );
        all.register("aws_calls", "Calls to AWS by their end; code is OK for success", self.calls.clone());
        all.register("aws_call_duration_seconds", "Duration of a call to AWS once sent", self.call_duration.clone());
        all.register("aws_throttles", "Calls that AWS refused for coming too fast", self.throttles.clone());
        all.register(
            "aws_limiter_wait_seconds",
            "Time that calls waited before they were sent, so that AWS's rates are kept",
            self.limiter_wait.clone(),
        );
        all.register("leader", "1 where this process is the one that acts", self.leader.clone());
        all.register("resync_period_seconds", "How long what stands still is left alone", self.resync.clone());
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        all.register("build", "What runs here", version);
        all
    }

    /// One pass over an object of `kind`. It succeeds where it came to its end, whatever it found.
    pub fn reconciled(&self, kind: &str, succeeded: bool, took: Duration) {
        let result = if succeeded { "success" } else { "error" };
        self.reconciles.get_or_create(&[("kind", kind.into()), ("result", result.into())]).inc();
        self.reconcile_duration.get_or_create(&[("kind", kind.into())]).observe(took.as_secs_f64());
    }

    /// So many resources of one object of `kind` were found changed from outside.
    pub fn drift(&self, kind: &str, resources: usize) {
        self.drift_found.get_or_create(&[("kind", kind.into())]).inc_by(u64::try_from(resources).unwrap_or(u64::MAX));
    }

    /// A message of a queue that EventBridge feeds, by what came of it.
    pub fn heard(&self, result: &'static str) {
        self.drift_events.get_or_create(&[("result", result.into())]).inc();
    }

    /// Whether this process is the one that acts.
    pub fn leader(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// How long an object that stands still is left alone.
    pub fn resync(&self, period: Duration) {
        self.resync.set(i64::try_from(period.as_secs()).unwrap_or(i64::MAX));
    }

    /// All of them, in the OpenMetrics text form.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        self.objects.summed_up(Timestamp::now(), || {
            if encode(&mut text, &self.registry).is_err() {
                tracing::error!("the metrics cannot be written");
            }
        });
        text
    }
}

impl CallObserver for Metrics {
    fn observe(&self, call: &Call<'_>) {
        let operation = ("operation", self.operations.admit(call.operation));
        let code = ("code", self.codes.admit(call.code.unwrap_or("OK")));
        let service = [("service", call.service.to_owned())];
        self.call_duration.get_or_create(&service).observe(call.elapsed.as_secs_f64());
        if call.throttled {
            self.throttles.get_or_create(&service).inc();
        }
        let [service] = service;
        self.calls.get_or_create(&[service, operation, code]).inc();
    }

    fn waited(&self, service: &str, wait: Duration) {
        self.limiter_wait.get_or_create(&[("service", service.to_owned())]).inc_by(wait.as_secs_f64());
    }
}

/// The values of one label that have been seen, up to a number.
#[derive(Default)]
pub(super) struct Words(Mutex<BTreeSet<String>>);

impl Words {
    /// The word itself, or `other` where there are too many already.
    pub(super) fn admit(&self, word: &str) -> String {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.contains(word) {
            return word.into();
        }
        if seen.len() >= MOST_WORDS {
            return "other".into();
        }
        seen.insert(word.into());
        word.into()
    }
}

#[cfg(test)]
mod tests;
