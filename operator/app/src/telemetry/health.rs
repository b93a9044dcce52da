//! The small HTTP server for /healthz, /readyz and /metrics.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use super::metrics::Metrics;

/// What `/metrics` is written in (https://prometheus.io/docs/specs/om/open_metrics_spec).
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether the process can do its work; not, until it is told.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From here on it can, or can not.
    pub fn set_ready(&self, ready: bool) {
        self.0.store(ready, Ordering::Relaxed);
    }

    fn answer(&self) -> (StatusCode, &'static str) {
        match self.0.load(Ordering::Relaxed) {
            true => (StatusCode::OK, "ready\n"),
            false => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
        }
    }
}

/// Listens. The server that it returns answers until `stop` comes; requests under way are answered first.
///
/// /healthz says that the process runs its tasks: it is for the liveness probe, and never speaks of AWS or the cluster,
/// since a restart would mend neither.
///
/// # Errors
/// A sentence for the person who started it, where nobody can listen on that address.
pub async fn serve(
    address: SocketAddr,
    readiness: Readiness,
    metrics: Metrics,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<impl Future<Output = ()> + Send + 'static, String> {
    let listener = TcpListener::bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    Ok(answer(listener, readiness, metrics, stop))
}

async fn answer(
    listener: TcpListener,
    readiness: Readiness,
    metrics: Metrics,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(move || std::future::ready(readiness.answer())))
        .route("/metrics", get(move || std::future::ready(exposition(&metrics))));
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop).await {
        tracing::error!(%error, "the health server failed");
    }
}

fn exposition(metrics: &Metrics) -> impl IntoResponse + use<> {
    ([(CONTENT_TYPE, OPEN_METRICS)], metrics.encode())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    struct Served {
        address: SocketAddr,
        readiness: Readiness,
        metrics: Metrics,
        stop: oneshot::Sender<()>,
        task: JoinHandle<()>,
    }

    async fn served() -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (readiness, metrics) = (Readiness::default(), Metrics::default());
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let task = tokio::spawn(answer(listener, readiness.clone(), metrics.clone(), stopped));
        Served { address, readiness, metrics, stop, task }
    }

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let request = format!("GET {path} HTTP/1.1\r\nHost: terrace\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        answer
    }

    #[tokio::test]
    async fn a_process_is_alive_before_it_is_ready() {
        let served = served().await;
        assert!(get(served.address, "/healthz").await.starts_with("HTTP/1.1 200 "));
        let waiting = get(served.address, "/readyz").await;
        assert!(waiting.starts_with("HTTP/1.1 503 ") && waiting.ends_with("not ready\n"), "{waiting}");
        served.readiness.set_ready(true);
        assert!(get(served.address, "/readyz").await.starts_with("HTTP/1.1 200 "));
        served.readiness.set_ready(false);
        assert!(get(served.address, "/readyz").await.starts_with("HTTP/1.1 503 "));
        assert!(get(served.address, "/other").await.starts_with("HTTP/1.1 404 "));
    }

    #[tokio::test]
    async fn metrics_are_served_in_their_format() {
        let served = served().await;
        served.metrics.leader(true);
        let answer = get(served.address, "/metrics").await;
        assert!(answer.contains(OPEN_METRICS) && answer.contains("terrace_leader 1\n"), "{answer}");
        assert!(answer.trim_end().ends_with("# EOF"), "{answer}");
    }

    #[tokio::test]
    async fn it_ends_when_it_is_told_to() {
        let served = served().await;
        served.stop.send(()).expect("it runs");
        served.task.await.expect("no panic");
        assert!(TcpStream::connect(served.address).await.is_err());
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_named() {
        let address = served().await.address;
        let again = serve(address, Readiness::default(), Metrics::default(), std::future::pending()).await;
        let error = again.err().expect("it is taken");
        assert!(error.starts_with(&format!("cannot listen on {address}: ")), "{error}");
    }
}
