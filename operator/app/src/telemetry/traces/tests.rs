//! What a collector is sent, and where the id of a trace shows.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes as Body;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{any, post};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Attribute;
use opentelemetry_proto::tonic::trace::v1::Span as Sent;
use prost::Message;
use serde_json::{Value, json};
use terrace_aws::limits::Limits;
use terrace_aws::{Clients, Settings, sts};
use tracing::Instrument;
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::telemetry::events::{Events, TRACE};
use crate::telemetry::logs::tests::Lines;
use crate::telemetry::logs::{LogFormat, subscriber};
use crate::telemetry::metrics::Metrics;

/// A collector, AWS's STS and a cluster that takes Events, all in one.
#[derive(Clone, Default)]
struct World {
    sent: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    events: Arc<Mutex<Vec<Value>>>,
}

const CALLER: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account><Arn>arn</Arn>\
    </GetCallerIdentityResult></GetCallerIdentityResponse>";
const DENIED: &str = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";

impl World {
    /// Its address.
    async fn serve(&self) -> String {
        let (sent, events) = (self.sent.clone(), self.events.clone());
        let collect = move |headers: HeaderMap, body: Body| {
            assert_eq!(headers["content-type"], "application/x-protobuf");
            sent.lock().expect("nobody panicked").push(ExportTraceServiceRequest::decode(body).expect("a request"));
            std::future::ready(StatusCode::OK)
        };
        let take = move |body: String| {
            events.lock().expect("nobody panicked").push(serde_json::from_str(&body).expect("JSON"));
            std::future::ready((StatusCode::CREATED, body))
        };
        let denied = move || std::future::ready((StatusCode::FORBIDDEN, [("x-amzn-requestid", "r-2")], DENIED));
        let sts = || std::future::ready(([("x-amzn-requestid", "r-1")], CALLER));
        let router = Router::new()
            .route("/v1/traces", post(collect))
            .route("/apis/events.k8s.io/v1/namespaces/shop/events", post(take))
            .route("/denied/", any(denied))
            .fallback(any(sts));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(axum::serve(listener, router).into_future());
        url
    }

    /// All spans, by name.
    fn spans(&self) -> BTreeMap<String, Sent> {
        let sent = self.sent.lock().expect("nobody panicked");
        let scopes = sent.iter().flat_map(|request| &request.resource_spans).flat_map(|all| &all.scope_spans);
        scopes.flat_map(|scope| &scope.spans).map(|span| (span.name.clone(), span.clone())).collect()
    }
}

fn aws(url: &str) -> Clients {
    let keys = aws_credential_types::Credentials::for_tests();
    let base = aws_config::SdkConfig::builder()
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(keys))
        .behavior_version(aws_config::BehaviorVersion::latest())
        .build();
    let settings = Settings {
        account: "111122223333".into(),
        endpoint_url: Some(url.into()),
        assume_role: None,
        limits: Limits::new(),
        observer: Arc::new(Metrics::default()),
        recent: Duration::from_secs(1),
    };
    Clients::new(&base, settings)
}

/// One reconcile: it calls AWS, logs and tells an Event.
async fn work(url: &str) {
    let config = kube::Config::new(url.parse().expect("a URL"));
    let events = Events::new(kube::Client::try_from(config).expect("a client"), "terrace-0");
    let object = json!({ "metadata": { "name": "orders", "namespace": "shop", "uid": "1" } });
    let object: ConfigMap = serde_json::from_value(object).expect("an object");
    let ready = Condition {
        type_: "Ready".into(),
        status: "True".into(),
        reason: "Ready".into(),
        message: "fine".into(),
        observed_generation: None,
        last_transition_time: Time(jiff::Timestamp::UNIX_EPOCH),
    };
    let reconcile = async {
        assert_eq!(sts::caller(&aws(url), "eu-west-1").await.expect("an answer").account, "111122223333");
        assert!(sts::caller(&aws(&format!("{url}/denied")), "eu-west-1").await.is_err());
        tracing::info!("worked");
        events.transitions(&object, &[], &[ready]).await;
    };
    reconcile.instrument(super::reconcile(&ObjectKey::new("DataTier", "shop", "orders"))).await;
}

/// The spans of one reconcile, what it logged, and the Event it told.
async fn traced(to_collector: bool) -> (World, String, Value) {
    // Both clients, the cluster's and AWS's, encrypt by the same library.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (world, lines) = (World::default(), Lines::default());
    let url = world.serve().await;
    let traces = to_collector.then(|| Traces::to(&url, "terrace-0", Handle::current()).expect("an address"));
    let writer = lines.clone();
    let all = subscriber(LogFormat::Json, "info", false, move || writer.clone(), traces.as_ref());
    let guard = tracing::subscriber::set_default(all);
    work(&url).await;
    drop(guard);
    if let Some(traces) = traces {
        traces.end().await;
    }
    let event = world.events.lock().expect("nobody panicked").first().cloned().expect("an Event");
    (world, lines.text(), event)
}

fn attribute<'a>(span: &'a Sent, key: &str) -> Option<&'a str> {
    let value = span.attributes.iter().find(|attribute| attribute.key == key)?.value.as_ref()?.value.as_ref()?;
    match value {
        Attribute::StringValue(text) => Some(text),
        _ => None,
    }
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_reconcile_is_one_trace_with_a_span_for_each_call_to_aws() {
    let (world, ..) = traced(true).await;
    let sent = world.spans();
    let reconcile = &sent["reconcile"];
    assert!(reconcile.parent_span_id.is_empty());
    let named = ["kind", "namespace", "object"].map(|key| attribute(reconcile, key).unwrap_or_default());
    assert_eq!(named, ["DataTier", "shop", "orders"]);
    // The second call has the same name: what is seen is the last one.
    let call = &sent["STS/GetCallerIdentity"];
    assert_eq!((&call.trace_id, &call.parent_span_id), (&reconcile.trace_id, &reconcile.span_id));
    let told = ["rpc.service", "rpc.method", "cloud.region", "aws.request_id", "error.type"];
    let told = told.map(|key| attribute(call, key).unwrap_or_default());
    assert_eq!(told, ["STS", "GetCallerIdentity", "eu-west-1", "r-2", "AccessDenied"]);
    assert!(reconcile.events.iter().any(|event| event.name == "worked"), "{:?}", reconcile.events);
    let requests = world.sent.lock().expect("nobody panicked");
    let resource = requests[0].resource_spans[0].resource.clone().expect("a resource");
    let who = |key: &str| resource.attributes.iter().find(|attribute| attribute.key == key).cloned();
    assert!(format!("{:?}", who("service.name")).contains("terrace"), "{resource:?}");
    assert!(format!("{:?}", who("service.instance.id")).contains("terrace-0"), "{resource:?}");
}

#[tokio::test]
async fn the_trace_is_named_in_log_lines_and_beside_the_words_of_an_event() {
    let (world, lines, event) = traced(true).await;
    let id = hex(&world.spans()["reconcile"].trace_id);
    let line = lines.lines().find(|line| line.contains("worked")).expect("a line");
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!((&line["span"]["trace_id"], &line["span"]["object"]), (&json!(id), &json!("orders")));
    assert_eq!((&event["metadata"]["annotations"][TRACE], &event["note"]), (&json!(id), &json!("fine")));
}

#[tokio::test]
async fn without_a_collector_nothing_is_traced() {
    let (world, lines, event) = traced(false).await;
    assert!(world.spans().is_empty());
    assert!(lines.contains("worked") && !lines.contains("trace_id"), "{lines}");
    assert_eq!(event["metadata"]["annotations"], Value::Null);
}

/// Target, level and whether it is a span.
type Place = (String, Level, bool);

#[test]
fn other_peoples_spans_and_our_small_talk_are_left_out() {
    let judged: Arc<Mutex<BTreeMap<Place, bool>>> = Arc::default();
    let all = judged.clone();
    let probe = filter_fn(move |metadata: &Metadata<'_>| {
        let place = (metadata.target().to_owned(), *metadata.level(), metadata.is_span());
        all.lock().expect("nobody panicked").insert(place, is_ours(metadata));
        true
    });
    let nowhere = tracing_subscriber::fmt::layer().with_writer(std::io::sink).with_filter(probe);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(nowhere), || {
        tracing::info_span!(target: "kube_runtime::controller", "reconciling object");
        tracing::debug_span!(target: "terrace_aws::calls", "aws call");
        tracing::debug!(target: "terrace_aws::calls", "aws call");
        tracing::info!(target: "terrace_engine::walk", "a step");
    });
    let judged = judged.lock().expect("nobody panicked");
    let ours = |target: &str, level, span| judged[&(target.to_owned(), level, span)];
    assert!(!ours("kube_runtime::controller", Level::INFO, true));
    assert!(ours("terrace_aws::calls", Level::DEBUG, true) && !ours("terrace_aws::calls", Level::DEBUG, false));
    assert!(ours("terrace_engine::walk", Level::INFO, false));
}
