//! The kubelet of the operator's pods: kwok runs no containers, and leaves these pods alone.
//!
//! Every pod that has a node gets its [`Container`]; one that ends is started again, as `restartPolicy: Always` has it; the
//! probe decides whether the pod is Ready; and a pod that is deleted is gone once its container has ended.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, oneshot};
use tokio::time::{MissedTickBehavior, interval};

use crate::container::Container;
use crate::http;
use crate::kubectl::Kubectl;
use crate::operator::{PODS, program};

/// How often it looks at its pods and asks their probes.
const TICK: Duration = Duration::from_millis(500);

type Containers = Arc<Mutex<BTreeMap<String, Arc<Container>>>>;

/// Runs containers until it is dropped, which ends them.
pub struct Kubelet {
    containers: Containers,
    /// Dropped, it ends what runs.
    _running: oneshot::Sender<()>,
}

impl Kubelet {
    /// Starts on this runtime.
    ///
    /// # Errors
    /// When the operator is not built.
    pub fn start(runtime: &Handle, kubectl: &Kubectl, server: &str, folder: &Path) -> Result<Kubelet> {
        let containers = Containers::default();
        let node = Node {
            kubectl: kubectl.clone(),
            server: server.to_owned(),
            folder: folder.to_owned(),
            program: program()?,
            containers: containers.clone(),
        };
        let (running, ended) = oneshot::channel::<()>();
        let runtime = runtime.clone();
        // On a thread of its own, since waiting for a condition is nothing that moves between threads.
        std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = node.run() => {}
                    _ = ended => {}
                }
            });
        });
        Ok(Kubelet { containers, _running: running })
    }

    /// The container that leads, by its own metrics, and its pod.
    ///
    /// # Errors
    /// When none does.
    pub async fn leader(&self) -> Result<Arc<Container>> {
        for container in self.containers.lock().await.values() {
            let metrics = http::get(&container.url(), "/metrics").await.map(|reply| reply.body).unwrap_or_default();
            if metrics.lines().any(|line| line == "terrace_leader 1") {
                return Ok(container.clone());
            }
        }
        anyhow::bail!("nobody leads")
    }
}

struct Node {
    kubectl: Kubectl,
    server: String,
    folder: PathBuf,
    program: PathBuf,
    containers: Containers,
}

impl Node {
    async fn run(self) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            // What fails now is tried again at the next look; the end of the bed is one such failure.
            let _ = self.look().await;
        }
    }

    async fn look(&self) -> Result<()> {
        let pods = self.kubectl.list("pods", PODS).await?;
        // Of a pod that is gone, by force, nothing goes on.
        let is_there = |name: &String| pods.iter().any(|pod| pod["metadata"]["name"] == **name);
        self.containers.lock().await.retain(|name, _| is_there(name));
        for pod in &pods {
            let name = pod["metadata"]["name"].as_str().context("a pod has a name")?;
            let running = self.containers.lock().await.get(name).cloned();
            match (running, pod["metadata"]["deletionTimestamp"].is_null()) {
                (None, true) if pod["spec"]["nodeName"].is_string() => self.begin(name, pod).await?,
                (None, true) => {}
                (Some(container), true) => tend(&container).await?,
                (running, false) => self.end(pod, name, running).await?,
            }
        }
        Ok(())
    }

    async fn begin(&self, name: &str, pod: &Value) -> Result<()> {
        let kubectl = self.beside(pod);
        let container = Container::start(&kubectl, &self.server, pod, &self.program, &self.folder).await?;
        self.containers.lock().await.insert(name.to_owned(), Arc::new(container));
        Ok(())
    }

    /// kubectl in the pod's namespace.
    fn beside(&self, pod: &Value) -> Kubectl {
        self.kubectl.namespaced(pod["metadata"]["namespace"].as_str().unwrap_or_default())
    }

    async fn end(&self, pod: &Value, name: &str, running: Option<Arc<Container>>) -> Result<()> {
        if let Some(container) = running {
            container.stop().await?;
            self.containers.lock().await.remove(name);
        }
        self.beside(pod).run(&["delete", "pod", name, "--grace-period=0", "--force"]).await.map(drop)
    }
}

async fn tend(container: &Container) -> Result<()> {
    if container.alive().await.is_err() {
        container.report(false).await?;
        container.restart().await?;
    }
    container.report(container.is_ready().await).await
}
