//! Traces by OTLP: one a reconcile, with a span for each call to AWS. There are none unless they are to go somewhere.
//!
//! A read that many objects share stands in the trace of the one who sent it.

use std::time::Duration;

use async_trait::async_trait;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry::KeyValue;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use terrace_tiers::ObjectKey;
use tokio::runtime::Handle;
use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// How long a collector may take for what it is sent at once.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Where calls to AWS are reported from; their spans are below the level of logs.
const CALLS: &str = "terrace_aws::calls";

/// Where traces go.
#[derive(Clone)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Traces to a collector that takes OTLP by HTTP: `endpoint` is its base, as `http://collector:4318`. `instance` tells
    /// this process from others. What else the environment says (`OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_TRACES_SAMPLER`,
    /// `OTEL_RESOURCE_ATTRIBUTES`) holds as well.
    ///
    /// # Errors
    /// A sentence for the person who started it, where nothing could ever be sent there.
    pub fn to(endpoint: &str, instance: &str, runtime: Handle) -> Result<Self, String> {
        let said = |error: &dyn std::fmt::Display| format!("no traces can be sent to {endpoint}: {error}");
        let tls = HttpsConnectorBuilder::new().with_native_roots().map_err(|error| said(&error))?;
        let client = HyperClient::new(tls.https_or_http().enable_http1().build(), TIMEOUT, None);
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(OnRuntime { client, runtime })
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(TIMEOUT)
            .build()
            .map_err(|error| said(&error))?;
        let who = [
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", instance.to_owned()),
        ];
        let resource = Resource::builder().with_service_name("terrace").with_attributes(who).build();
        Ok(Traces(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()))
    }

    /// Hands on our own spans, and what is logged in them.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let ours = filter_fn(is_ours as fn(&Metadata<'_>) -> bool).with_max_level_hint(LevelFilter::DEBUG);
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("terrace"))
            .with_context_activation(false)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_filter(ours)
    }

    /// Sends what is not sent yet.
    pub async fn end(self) {
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown()).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last traces could not be sent");
        }
    }
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    let level = if metadata.is_span() && metadata.target() == CALLS { Level::DEBUG } else { Level::INFO };
    metadata.target().starts_with("terrace") && *metadata.level() <= level
}

/// The span of one reconcile, which logs show as well; with the id of its trace, where there is one.
pub fn reconcile(key: &ObjectKey) -> Span {
    let namespace = Some(key.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let span = tracing::info_span!("reconcile", kind = key.kind, namespace, object = key.name, trace_id = Empty);
    if let Some(id) = id(&span) {
        span.record("trace_id", id);
    }
    span
}

/// The id of the trace that what happens now belongs to.
pub fn current_id() -> Option<String> {
    id(&Span::current())
}

fn id(span: &Span) -> Option<String> {
    let context = span.context();
    let context = context.span().span_context().clone();
    (context.is_valid() && context.is_sampled()).then(|| context.trace_id().to_string())
}

/// Sends on the process's own threads: the exporter has one where nothing of it would run.
#[derive(Clone, Debug)]
struct OnRuntime {
    client: HyperClient<HttpsConnector<HttpConnector>>,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        self.runtime.spawn(async move { client.send_bytes(request).await }).await?
    }
}

#[cfg(test)]
mod tests;
