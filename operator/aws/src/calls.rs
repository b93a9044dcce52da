//! What every call to AWS passes: a place in the queue before it is signed, and a report after it came back.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_async::rt::sleep::AsyncSleep;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::identity::{
    IdentityFuture, ResolveCachedIdentity, SharedIdentityCache, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_types::region::SigningRegion;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::errors::is_throttle;
use crate::limits::Limits;
use crate::refusals;

/// One call that was made, however it ended.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    pub account: &'a str,
    pub region: &'a str,
    /// The service's id in the SDK, as `RDS` or `Secrets Manager`.
    pub service: &'a str,
    /// As `DescribeDBInstances`.
    pub operation: &'a str,
    /// AWS's error code; `Timeout` or `Unreachable` where there was no answer; `None` for success.
    pub code: Option<&'a str>,
    pub throttled: bool,
    pub request_id: Option<&'a str>,
    /// From sending to the end, without the wait for its turn.
    pub elapsed: Duration,
}

/// Learns of every call: metrics, benchmarks.
pub trait CallObserver: Send + Sync {
    /// Called once a call, from the task that made it; it must not block.
    fn observe(&self, call: &Call<'_>);

    /// Called where a call has to wait for its turn, before it does.
    fn waited(&self, _service: &str, _wait: Duration) {}
}

/// Nobody wants to know.
#[derive(Debug, Default)]
pub struct Unobserved;

impl CallObserver for Unobserved {
    fn observe(&self, _call: &Call<'_>) {}
}

/// What the hooks of one account share.
#[derive(Clone)]
pub(crate) struct Hooks {
    pub account: String,
    pub limits: Arc<Limits>,
    pub observer: Arc<dyn CallObserver>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").field("account", &self.account).finish_non_exhaustive()
    }
}

fn target(cfg: &ConfigBag) -> (&str, &str, &str) {
    let region = cfg.load::<SigningRegion>().map_or("", AsRef::as_ref);
    cfg.load::<Metadata>().map_or((region, "", ""), |call| (region, call.service(), call.name()))
}

/// Waits for the limiter's leave before credentials are handed out.
///
/// It stands here, in the place of the identity cache, because this is the one step of the SDK that may wait, comes
/// before the signature (which is good for five minutes only), and lies outside the timeouts of connection and reading.
#[derive(Debug)]
pub(crate) struct Paced {
    pub cache: SharedIdentityCache,
    pub hooks: Hooks,
}

impl ResolveCachedIdentity for Paced {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        cfg: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        IdentityFuture::new(async move {
            let (region, service, _) = target(cfg);
            let wait = self.hooks.limits.reserve(&self.hooks.account, region, service);
            if !wait.is_zero() {
                let clock = components.sleep_impl().ok_or("the SDK has no clock to wait by")?;
                self.hooks.observer.waited(service, wait);
                clock.sleep(wait).instrument(tracing::debug_span!("wait for the limiter", rpc.service = service)).await;
            }
            self.cache.resolve_cached_identity(resolver, components, cfg).await
        })
    }
}

/// When a call was sent, and what traces show of it.
#[derive(Debug)]
struct Sent(Instant, Span);

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Hooks {
    fn name(&self) -> &'static str {
        "terrace"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let span = span(target(cfg));
        cfg.interceptor_state().store_put(Sent(Instant::now(), span));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Sent(sent, span)) = cfg.load::<Sent>() else { return Ok(()) };
        let (region, service, operation) = target(cfg);
        let code = match (context.output_or_error(), context.response()) {
            (Some(Ok(_)), _) => None,
            (_, Some(response)) => Some(code_of(response)),
            (Some(Err(error)), None) if error.is_timeout_error() => Some("Timeout".to_owned()),
            (_, None) => Some("Unreachable".to_owned()),
        };
        let status = context.response().map_or(0, |response| response.status().as_u16());
        let throttled = code.as_deref().is_some_and(|code| is_throttle(code, status));
        if throttled {
            self.limits.throttled(&self.account, region, service);
        }
        let named = context.response().and_then(|response| request_id(response.headers()).map(str::to_owned));
        let named = named.or_else(|| request_id_of_body(context.response()?));
        let call = Call {
            account: &self.account,
            region,
            service,
            operation,
            code: code.as_deref(),
            throttled,
            request_id: named.as_deref(),
            elapsed: sent.elapsed(),
        };
        end(span, &call);
        refusals::note(&call);
        self.report(&call);
        Ok(())
    }
}

/// A span of one call, by the names that OpenTelemetry has for those of AWS's SDKs
/// (<https://opentelemetry.io/docs/specs/semconv/cloud-providers/aws-sdk/>).
fn span((region, service, operation): (&str, &str, &str)) -> Span {
    tracing::debug_span!(
        "aws call",
        otel.name = format!("{service}/{operation}"),
        otel.kind = "client",
        otel.status_code = Empty,
        rpc.system = "aws-api",
        rpc.service = service,
        rpc.method = operation,
        cloud.region = region,
        aws.request_id = Empty,
        "error.type" = Empty,
    )
}

fn end(span: &Span, call: &Call<'_>) {
    if let Some(id) = call.request_id {
        span.record("aws.request_id", id);
    }
    if let Some(code) = call.code {
        span.record("error.type", code);
        span.record("otel.status_code", "ERROR");
    }
}

impl Hooks {
    fn report(&self, call: &Call<'_>) {
        tracing::debug!(
            account = call.account,
            region = call.region,
            service = call.service,
            operation = call.operation,
            code = call.code,
            throttled = call.throttled,
            request_id = call.request_id,
            elapsed_ms = u64::try_from(call.elapsed.as_millis()).unwrap_or(u64::MAX),
            "aws call"
        );
        self.observer.observe(call);
    }
}

fn request_id(headers: &Headers) -> Option<&str> {
    headers.get("x-amzn-requestid").or_else(|| headers.get("x-amz-request-id"))
}

/// The request id of a refusal in XML that has none among its headers.
fn request_id_of_body(response: &HttpResponse) -> Option<String> {
    let body = response.body().bytes().filter(|_| !response.status().is_success())?;
    between(std::str::from_utf8(body).ok()?, "<RequestId>", "</RequestId>")
}

/// The error code of an answer, in whichever of AWS's protocols it is written; else its HTTP status.
///
/// The SDK's typed error is out of reach here, since one hook serves every operation.
fn code_of(response: &HttpResponse) -> String {
    let header = response.headers().get("x-amzn-errortype").map(str::to_owned);
    let body = response.body().bytes().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
    let code = header.or_else(|| between(body, "<Code>", "</Code>")).or_else(|| json_type(body));
    let bare = |code: String| {
        let code = code.rsplit('#').next().unwrap_or_default();
        code.split(':').next().unwrap_or_default().to_owned()
    };
    code.map(bare).filter(|code| !code.is_empty()).unwrap_or_else(|| response.status().as_u16().to_string())
}

fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(found, _)| found.to_owned())
}

fn json_type(body: &str) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    let code = body.get("__type").or_else(|| body.get("code"))?;
    code.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    fn answer(status: u16, header: Option<&'static str>, body: &str) -> HttpResponse {
        let mut response = HttpResponse::new(StatusCode::try_from(status).expect("a status"), SdkBody::from(body));
        if let Some(header) = header {
            response.headers_mut().insert("x-amzn-errortype", header);
        }
        response
    }

    #[test]
    fn the_code_is_read_from_every_protocol_of_aws() {
        for (header, body, expected) in [
            (None, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>", "Throttling"),
            (None, r#"{"__type":"com.amazonaws.kms#NotFoundException","message":"x"}"#, "NotFoundException"),
            (Some("AccessDeniedException:http://internal.amazon.com/"), "{}", "AccessDeniedException"),
            (None, "<html>", "500"),
        ] {
            assert_eq!(code_of(&answer(500, header, body)), expected);
        }
    }
}
