//! Metrics in the Prometheus form, all of them prefixed `terrace_`.
//!
//! | metric | labels | what |
//! |---|---|---|
//! | `terrace_reconciles_total` | kind, result | passes over objects |
//! | `terrace_reconcile_duration_seconds` | kind | how long one took |
//! | `terrace_objects` | kind, condition, status | objects by the status of each condition |
//! | `terrace_drift_found_total` | kind | resources found changed from outside, by the kind of their owner |
//! | `terrace_drift_events_total` | result | messages of the queues that EventBridge feeds: `woke`, `nobody`, `own`, `refused`, `unreadable` |
//! | `terrace_aws_calls_total` | service, operation, code | calls that were made; code is `OK` for success |
//! | `terrace_aws_call_duration_seconds` | service | from sending to the end, without the wait for the limiter |
//! | `terrace_aws_throttles_total` | service | calls that AWS refused for coming too fast |
//! | `terrace_leader` | | 1 where this process is the one that acts |
//!
//! No label names an object, a namespace or an account; and where a value comes from outside (AWS's error codes), only
//! so many different ones are kept, and the rest is `other`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use terrace_aws::calls::{Call, CallObserver};

/// The most different values that are kept of a label that comes from outside. RDS, which has the most, lists about 130
/// error codes; a cluster meets a few of them.
const MOST_WORDS: usize = 200;

/// Seconds; AWS's reads take some tens of milliseconds, a slow write some seconds.
const CALL_SECONDS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Seconds; a pass may wait for the limiter.
const RECONCILE_SECONDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

type Labels<const N: usize> = [(&'static str, String); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Gauges<const N: usize> = Family<Labels<N>, Gauge>;
type Histograms<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// All metrics of the process; clones count into the same.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    reconciles: Counters<2>,
    reconcile_duration: Histograms<1>,
    objects: Gauges<3>,
    drift_found: Counters<1>,
    drift_events: Counters<1>,
    calls: Counters<3>,
    call_duration: Histograms<1>,
    throttles: Counters<1>,
    leader: Gauge,
    /// The conditions that each object is counted under, by UID.
    counted: Arc<Mutex<BTreeMap<String, Vec<Labels<3>>>>>,
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
            objects: Family::default(),
            drift_found: Family::default(),
            drift_events: Family::default(),
            calls: Family::default(),
            call_duration: Family::new_with_constructor(|| Histogram::new(CALL_SECONDS)),
            throttles: Family::default(),
            leader: Gauge::default(),
            counted: Arc::default(),
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
        all.register("objects", "Objects by the status of each of their conditions", self.objects.clone());
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
        all.register("leader", "1 where this process is the one that acts", self.leader.clone());
        all
    }

    /// One pass over an object of `kind`. It succeeds where it came to its end, whatever it found.
    pub fn reconciled(&self, kind: &str, succeeded: bool, took: Duration) {
        let result = if succeeded { "success" } else { "error" };
        self.reconciles.get_or_create(&[("kind", kind.into()), ("result", result.into())]).inc();
        self.reconcile_duration.get_or_create(&[("kind", kind.into())]).observe(took.as_secs_f64());
    }

    /// Counts an object under its conditions, and no longer under those that it had.
    pub fn conditions(&self, kind: &str, uid: &str, conditions: &[Condition]) {
        let labels = |condition: &Condition| {
            [("kind", kind.into()), ("condition", condition.type_.clone()), ("status", condition.status.clone())]
        };
        self.count(uid, conditions.iter().map(labels).collect());
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, uid: &str) {
        self.count(uid, Vec::new());
    }

    fn count(&self, uid: &str, now: Vec<Labels<3>>) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        for labels in &now {
            self.objects.get_or_create(labels).inc();
        }
        let before = if now.is_empty() { counted.remove(uid) } else { counted.insert(uid.into(), now) };
        for labels in before.iter().flatten() {
            self.objects.get_or_create(labels).dec();
        }
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

    /// All of them, in the OpenMetrics text form.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            tracing::error!("the metrics cannot be written");
        }
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
}

/// The values of one label that have been seen, up to a number.
#[derive(Default)]
struct Words(Mutex<BTreeSet<String>>);

impl Words {
    /// The word itself, or `other` where there are too many already.
    fn admit(&self, word: &str) -> String {
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
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    fn call<'a>(code: Option<&'a str>, throttled: bool) -> Call<'a> {
        Call {
            account: "111122223333",
            region: "eu-west-1",
            service: "RDS",
            operation: "DescribeDBInstances",
            code,
            throttled,
            request_id: Some("r-1"),
            elapsed: Duration::from_millis(30),
        }
    }

    fn has(metrics: &Metrics, line: &str) {
        let text = metrics.encode();
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }

    #[test]
    fn passes_are_counted_by_kind_and_result() {
        let metrics = Metrics::default();
        metrics.clone().reconciled("DataTier", true, Duration::from_millis(20));
        metrics.reconciled("DataTier", true, Duration::from_secs(2));
        metrics.reconciled("DataTier", false, Duration::from_secs(2));
        has(&metrics, r#"terrace_reconciles_total{kind="DataTier",result="success"} 2"#);
        has(&metrics, r#"terrace_reconciles_total{kind="DataTier",result="error"} 1"#);
        has(&metrics, r#"terrace_reconcile_duration_seconds_bucket{le="0.025",kind="DataTier"} 1"#);
        has(&metrics, r#"terrace_reconcile_duration_seconds_count{kind="DataTier"} 3"#);
    }

    #[test]
    fn calls_are_counted_by_how_they_ended() {
        let metrics = Metrics::default();
        metrics.observe(&call(None, false));
        metrics.observe(&call(Some("Throttling"), true));
        let labels = |code| format!(r#"{{service="RDS",operation="DescribeDBInstances",code="{code}"}}"#);
        has(&metrics, &format!("terrace_aws_calls_total{} 1", labels("OK")));
        has(&metrics, &format!("terrace_aws_calls_total{} 1", labels("Throttling")));
        has(&metrics, r#"terrace_aws_throttles_total{service="RDS"} 1"#);
        has(&metrics, r#"terrace_aws_call_duration_seconds_count{service="RDS"} 2"#);
        assert!(!metrics.encode().contains("111122223333"));
    }

    #[test]
    fn codes_without_end_become_one() {
        let metrics = Metrics::default();
        for number in 0..MOST_WORDS + 50 {
            metrics.observe(&call(Some(&format!("Code{number}")), false));
        }
        let text = metrics.encode();
        let series = text.lines().filter(|line| line.starts_with("terrace_aws_calls_total{"));
        assert_eq!(series.count(), MOST_WORDS + 1);
        has(&metrics, r#"terrace_aws_calls_total{service="RDS",operation="DescribeDBInstances",code="other"} 50"#);
    }

    #[test]
    fn an_object_is_counted_where_it_stands_now() {
        let metrics = Metrics::default();
        let ready = |status: &str| Condition {
            type_: "Ready".into(),
            status: status.into(),
            reason: "Ready".into(),
            message: String::new(),
            observed_generation: None,
            last_transition_time: Time(jiff::Timestamp::UNIX_EPOCH),
        };
        let line = |status, count| {
            format!(r#"terrace_objects{{kind="DataTier",condition="Ready",status="{status}"}} {count}"#)
        };
        metrics.conditions("DataTier", "1", &[ready("False")]);
        metrics.conditions("DataTier", "2", &[ready("True")]);
        metrics.conditions("DataTier", "1", &[ready("True")]);
        metrics.conditions("DataTier", "1", &[ready("True")]);
        has(&metrics, &line("True", 2));
        has(&metrics, &line("False", 0));
        metrics.forget("1");
        metrics.forget("1");
        has(&metrics, &line("True", 1));
    }

    #[test]
    fn drift_and_leadership_show() {
        let metrics = Metrics::default();
        metrics.drift("DataTier", 2);
        metrics.drift("DataTier", 0);
        metrics.heard("woke");
        metrics.leader(true);
        has(&metrics, r#"terrace_drift_found_total{kind="DataTier"} 2"#);
        has(&metrics, r#"terrace_drift_events_total{result="woke"} 1"#);
        has(&metrics, "terrace_leader 1");
        metrics.leader(false);
        has(&metrics, "terrace_leader 0");
    }
}
