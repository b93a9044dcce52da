//! What a process says of itself, and that tables, alerts and dashboard speak of nothing else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde_json::{Value, json};
use terrace_tiers::{Credential, ObjectKey};

use super::*;
use crate::next::Next;
use crate::telemetry::objects::Standing;

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
    metrics.waited("RDS", Duration::from_millis(250));
    metrics.waited("RDS", Duration::from_secs(1));
    let labels = |code| format!(r#"{{service="RDS",operation="DescribeDBInstances",code="{code}"}}"#);
    has(&metrics, &format!("terrace_aws_calls_total{} 1", labels("OK")));
    has(&metrics, &format!("terrace_aws_calls_total{} 1", labels("Throttling")));
    has(&metrics, r#"terrace_aws_throttles_total{service="RDS"} 1"#);
    has(&metrics, r#"terrace_aws_limiter_wait_seconds_total{service="RDS"} 1.25"#);
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
fn drift_leadership_and_what_runs_show() {
    let metrics = Metrics::default();
    metrics.resync(Duration::from_secs(600));
    metrics.drift("DataTier", 2);
    metrics.drift("DataTier", 0);
    metrics.heard("woke");
    metrics.leader(true);
    has(&metrics, r#"terrace_drift_found_total{kind="DataTier"} 2"#);
    has(&metrics, "terrace_leader 1");
    metrics.leader(false);
    has(&metrics, "terrace_leader 0");
    has(&metrics, "terrace_resync_period_seconds 600");
    has(&metrics, &format!(r#"terrace_build_info{{version="{}"}} 1"#, env!("CARGO_PKG_VERSION")));
}

/// A process in which everything has happened once.
fn busy() -> Metrics {
    let metrics = Metrics::default();
    metrics.observe(&call(Some("Throttling"), true));
    metrics.waited("RDS", Duration::from_secs(1));
    metrics.reconciled("DataTier", true, Duration::from_secs(1));
    metrics.heard("woke");
    metrics.drift("DataTier", 1);
    let key = ObjectKey::new("DataTier", "shop", "orders");
    let passes = &metrics.objects.passes;
    passes.credential(&key, Some(Credential { made: Some(Timestamp::UNIX_EPOCH), due: Timestamp::UNIX_EPOCH }));
    passes.ended(&key, Ok(Next::After(Duration::from_secs(600))), Timestamp::UNIX_EPOCH);
    let conditions = json!([{ "type": "Drifted", "status": "True", "reason": "ChangedOutside", "message": "",
                             "lastTransitionTime": "1970-01-01T00:00:00Z" }]);
    let conditions: Vec<Condition> = serde_json::from_value(conditions).expect("conditions");
    metrics.objects.follow("DataTier", Timestamp::UNIX_EPOCH, move |see| {
        let standing = |deleting| Standing {
            key: key.clone(),
            created: Some(Timestamp::UNIX_EPOCH),
            deleting,
            conditions: Some(&conditions),
            held_still: false,
        };
        see(&standing(None));
        see(&standing(Some(Timestamp::UNIX_EPOCH)));
    });
    metrics
}

/// The labels of each metric that a process shows, by the metric's name.
fn shown() -> BTreeMap<String, BTreeSet<String>> {
    let text = busy().encode();
    let series = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (name, labels) = line.split_once(['{', ' ']).expect("a value");
        let labels = labels.rsplit_once('}').map_or("", |(labels, _)| labels);
        let labels = labels.split("\",").filter_map(|label| label.split_once('=')).map(|(label, _)| label.to_owned());
        // A histogram is three of them, of which one has its bounds beside the labels.
        let name = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name);
        (name.to_owned(), labels.filter(|label| label != "le").collect())
    });
    series.collect()
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(checkout().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The rows of the table at the top of the module.
fn rows() -> Vec<&'static str> {
    include_str!("../metrics.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! "))
        .filter(|line| line.starts_with('|'))
        .collect()
}

#[test]
fn the_table_names_every_metric_with_its_labels_and_no_other() {
    let named = rows().into_iter().skip(2).map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let labels = cells[2].split(',').map(str::trim).filter(|label| !label.is_empty()).map(str::to_owned);
        (cells[1].trim_matches('`').to_owned(), labels.collect())
    });
    assert_eq!(named.collect::<BTreeMap<String, BTreeSet<String>>>(), shown());
}

#[test]
fn the_docs_show_the_same_table() {
    assert!(read("docs/metrics.md").contains(&rows().join("\n")), "copy the table of metrics.rs");
}

/// What is asked of Prometheus in a dashboard or a rule file, wherever it stands in it.
fn expressions(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(all) => all.iter().flat_map(expressions).collect(),
        Value::Object(all) => {
            let own = ["expr", "query", "definition"].iter().filter_map(|key| all.get(*key)?.as_str());
            own.chain(all.values().flat_map(expressions)).collect()
        }
        _ => Vec::new(),
    }
}

/// The names of metrics in an expression.
fn names(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("terrace_")).map(|name| name.strip_suffix("_bucket").unwrap_or(name))
}

fn alerts() -> Value {
    serde_saphyr::from_str(&read("charts/terrace/files/monitoring/alerts.yaml")).expect("YAML")
}

fn dashboard() -> Value {
    serde_json::from_str(&read("charts/terrace/files/monitoring/dashboard.json")).expect("JSON")
}

#[test]
fn alerts_and_dashboard_ask_for_nothing_that_there_is_not() {
    let shown = shown();
    for (file, least) in [(alerts(), 12), (dashboard(), 25)] {
        let expressions = expressions(&file);
        assert!(expressions.len() >= least, "{expressions:?}");
        let unknown: Vec<&str> = expressions
            .iter()
            .flat_map(|expression| names(expression))
            .filter(|name| !shown.contains_key(*name))
            .collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}

#[test]
fn the_dashboard_shows_every_metric() {
    let (shown, dashboard) = (shown(), dashboard());
    let asked: BTreeSet<&str> = expressions(&dashboard).into_iter().flat_map(names).collect();
    let missing: Vec<&String> = shown.keys().filter(|name| !asked.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_alert_has_its_page_and_every_page_its_alert() {
    let rules = alerts();
    let rules = rules["groups"].as_array().into_iter().flatten().flat_map(|group| group["rules"].as_array());
    let mut named = BTreeSet::new();
    for rule in rules.flatten() {
        let (name, said) = (rule["alert"].as_str().expect("a name"), &rule["annotations"]);
        let url = format!("https://github.com/terrace-dev/terrace/blob/main/docs/runbooks/{name}.md");
        assert_eq!(said["runbook_url"], json!(url));
        let summary = said["summary"].as_str().unwrap_or_default();
        assert!(summary.ends_with('.') && summary.split(' ').count() > 7, "{name} says no sentence: {summary}");
        assert!(read(&format!("docs/runbooks/{name}.md")).starts_with(&format!("# {name}\n")));
        assert!(read("docs/metrics.md").contains(&format!("[{name}](runbooks/{name}.md)")), "{name}");
        named.insert(format!("{name}.md"));
    }
    let pages = std::fs::read_dir(checkout().join("docs/runbooks")).expect("a folder");
    let pages = pages.map(|page| page.expect("a page").file_name().into_string().expect("a name"));
    assert_eq!(pages.collect::<BTreeSet<_>>(), named);
}
