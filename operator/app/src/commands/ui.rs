//! `terrace ui`: serves the page that shows the cluster, from this machine to this machine, and changes nothing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use clap::Args;
use jiff::Timestamp;
use terrace_views::World;
use terrace_views::page::{self, Answer, Asset, CSP, STATE};
use terrace_views::plan::{Plan, Prices};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::cluster::{self, Cluster};
use super::stage::Stage;
use super::{plan, prices, world};
use crate::cloud::Clouds;
use crate::reach;

/// How long what was read is shown to whoever asks again.
const FRESH: Duration = Duration::from_secs(2);
const PLAIN: &str = "text/plain; charset=utf-8";

/// Flags of `terrace ui`.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// The port on this machine; a free one unless given.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    #[command(flatten)]
    pub prices: prices::Flags,
    #[command(flatten)]
    pub cluster: cluster::Flags,
}

/// What is served.
struct Served {
    cluster: Cluster,
    clouds: Arc<Clouds>,
    prices: Prices,
    assets: Vec<Asset>,
    /// What was read last, and when.
    last: Mutex<Option<(Instant, Arc<Read>)>>,
}

/// What was read of the cluster.
struct Read {
    world: World,
    plan: Option<Plan>,
    now: Timestamp,
}

/// What is answered; with a tag, where it may be known already.
#[derive(Debug)]
struct Said {
    content_type: &'static str,
    etag: Option<String>,
    body: String,
}

/// Serves until Ctrl-C. The address is told on standard output.
///
/// # Errors
/// A sentence: the cluster cannot be reached, or the port is taken.
pub async fn run(flags: &Flags) -> Result<String, String> {
    let prices = flags.prices.read()?;
    let served = Served::of(flags.cluster.connect().await?, prices).await?;
    // What cannot be read is said now, and not in a browser.
    served.read().await?;
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), flags.port);
    let listener = TcpListener::bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    println!("http://{address}/ shows the cluster as your kubeconfig reads it, until Ctrl-C");
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    let router = Router::new().fallback(answer).with_state(Arc::new(served));
    let ended = axum::serve(listener, router).with_graceful_shutdown(stop).await;
    ended.map(|()| String::new()).map_err(|error| format!("the server ended: {error}"))
}

impl Served {
    async fn of(cluster: Cluster, prices: Prices) -> Result<Served, String> {
        let clouds = cluster.clouds(&reach::Flags::default()).await?;
        Ok(Served { cluster, clouds, prices, assets: page::assets(), last: Mutex::default() })
    }

    /// What the page shows of what a query asks.
    async fn state(&self, query: Option<&str>) -> Result<Answer, String> {
        let Read { world, plan, now } = &*self.lately().await?;
        page::answer(world, plan.as_ref(), *now, query).map_err(|error| error.to_string())
    }

    /// What was read a moment ago serves all who look.
    async fn lately(&self) -> Result<Arc<Read>, String> {
        let mut last = self.last.lock().await;
        if let Some((_, read)) = last.as_ref().filter(|(when, _)| when.elapsed() < FRESH) {
            return Ok(read.clone());
        }
        let read = Arc::new(self.read().await?);
        *last = Some((Instant::now(), read.clone()));
        Ok(read)
    }

    async fn read(&self) -> Result<Read, String> {
        // Whoever may not read what a plan needs sees no cost.
        let (mut world, plan) = match Stage::of(&self.cluster).await {
            Ok(mut stage) => {
                stage.ask(&[], None)?;
                let plan = plan::of_record(&self.cluster, &stage, &self.clouds, &self.prices).await;
                (world::of_stage(&stage), Some(plan))
            }
            Err(_) => (world::world(&self.cluster).await?, None),
        };
        world::add_events(&mut world, &self.cluster).await;
        Ok(Read { world, plan, now: Timestamp::now() })
    }
}

async fn answer(State(served): State<Arc<Served>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let has = |etag: &str| headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let (code, said) = match said(&served, &method, &uri, &headers).await {
        // Whoever has it already is told so, and no more.
        Ok(said) if said.etag.as_deref().is_some_and(has) => {
            (StatusCode::NOT_MODIFIED, Said { body: String::new(), ..said })
        }
        Ok(said) => (StatusCode::OK, said),
        Err((code, body)) => (code, Said { content_type: PLAIN, etag: None, body }),
    };
    let always = [
        (CONTENT_TYPE, said.content_type),
        (CONTENT_SECURITY_POLICY, CSP),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
    ];
    (code, always, said.etag.map(|etag| [(ETAG, etag)]), said.body).into_response()
}

async fn said(served: &Served, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Said, (StatusCode, String)> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !is_here(host) {
        return Err((StatusCode::MISDIRECTED_REQUEST, format!("{host} is not served here")));
    }
    if method != Method::GET {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "it is only read".into()));
    }
    let path = uri.path().trim_start_matches('/');
    if path == STATE {
        let Answer { etag, body } = served.state(uri.query()).await.map_err(|why| (StatusCode::BAD_GATEWAY, why))?;
        return Ok(Said { content_type: "application/json", etag: Some(etag), body });
    }
    let asset = served.assets.iter().find(|asset| asset.path == path);
    let asset = asset.ok_or((StatusCode::NOT_FOUND, format!("there is no {path}")))?;
    Ok(Said { content_type: asset.content_type, etag: None, body: asset.body.clone() })
}

/// Whether a browser means this machine: another name that leads here is somebody's attempt to read the page from theirs
/// (DNS rebinding).
fn is_here(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    ["127.0.0.1", "localhost"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_meant() {
        assert!(["127.0.0.1:8001", "localhost:8001", "localhost"].into_iter().all(is_here));
        assert!(!["terrace.example.com", "127.0.0.1.example.com:80", "", "10.0.0.1:8001"].into_iter().any(is_here));
    }

    #[tokio::test]
    async fn the_page_and_its_parts_are_served_and_nothing_else() {
        let served = Served::of(Cluster::none(None).unwrap(), Prices::shipped()).await.unwrap();
        let ask = async |path: &str, host: &str, method: Method| {
            let headers = HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
            said(&served, &method, &path.parse().unwrap(), &headers).await
        };
        let Said { content_type, body, .. } = ask("/", "localhost:1", Method::GET).await.unwrap();
        assert!(content_type.starts_with("text/html") && body.contains("page.js"));
        for (path, host, method, code) in [
            ("/other", "localhost:1", Method::GET, StatusCode::NOT_FOUND),
            ("/", "elsewhere", Method::GET, StatusCode::MISDIRECTED_REQUEST),
            ("/", "localhost:1", Method::POST, StatusCode::METHOD_NOT_ALLOWED),
            ("/state", "localhost:1", Method::GET, StatusCode::BAD_GATEWAY),
        ] {
            assert_eq!(ask(path, host, method).await.unwrap_err().0, code, "{path}");
        }
    }
}
