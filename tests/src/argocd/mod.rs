//! The real Argo CD on a bed: its repository server and controllers, the redis between them, and a git repository that
//! they sync from.

#[cfg(test)]
mod cases;
pub mod config;
#[cfg(test)]
mod lua;
pub mod repository;
#[cfg(test)]
mod upstream;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::bed::Bed;
use crate::http;
use crate::kubectl::{Kubectl, holds};
use crate::ports::Port;
use crate::process::{Process, command, until_up};
use crate::progress::Progress;
use crate::tools::GitOpsTools;
use crate::wait::ensure;
use repository::Repository;

const DEADLINE: Duration = Duration::from_secs(120);

/// The namespace that it is installed in.
pub const NAMESPACE: &str = "argocd";

/// A running Argo CD. Dropping it ends it.
pub struct ArgoCd {
    /// kubectl in its namespace.
    pub kubectl: Kubectl,
    /// What it syncs from.
    pub repository: Repository,
    tools: GitOpsTools,
    folder: PathBuf,
    ports: Ports,
    processes: Vec<Process>,
}

/// A port for each that listens.
struct Ports {
    redis: Port,
    repo_server: Port,
    repo_server_metrics: Port,
    controller_metrics: Port,
    sets: [Port; 3],
}

impl Ports {
    fn take() -> Result<Ports> {
        Ok(Ports {
            redis: Port::take()?,
            repo_server: Port::take()?,
            repo_server_metrics: Port::take()?,
            controller_metrics: Port::take()?,
            sets: [Port::take()?, Port::take()?, Port::take()?],
        })
    }
}

/// What of the machine Argo CD needs and is not there.
pub fn lacks() -> Option<&'static str> {
    let answers =
        |program: &str, arg: &str| Command::new(program).arg(arg).output().ok().filter(|ran| ran.status.success());
    if answers("redis-server", "--version").is_none() {
        return Some("no redis is installed (redis-server)");
    }
    let folder = answers("git", "--exec-path").map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned());
    match folder.is_some_and(|folder| Path::new(&folder).join("git-daemon").exists()) {
        true => None,
        false => Some("no git with its daemon is installed (git)"),
    }
}

impl ArgoCd {
    /// Installs it in the bed's cluster and starts it; builds it first where it is not in the cache.
    ///
    /// # Errors
    /// When a part cannot be built or started, or is not ready in time.
    pub async fn start(bed: &Bed) -> Result<ArgoCd> {
        let tools = GitOpsTools::get(&Progress::builds_only()).await?;
        let folder = bed.folder().join("argocd");
        for data in ["tls", "ssh", "tmp"] {
            std::fs::create_dir_all(folder.join(data))?;
        }
        let kubectl = bed.kubectl().namespaced(NAMESPACE);
        install(&kubectl, &tools).await?;
        let repository = Repository::serve(&folder).await?;
        let mut started = ArgoCd { kubectl, repository, tools, folder, ports: Ports::take()?, processes: Vec::new() };
        started.serve().await?;
        Ok(started)
    }

    async fn serve(&mut self) -> Result<()> {
        let Ports { redis, repo_server, repo_server_metrics, controller_metrics, .. } = &self.ports;
        let store = command("redis-server", ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        let mut store = with(store, &[("--port", redis)]);
        store.current_dir(&self.folder);
        let mut reader = self.part("argocd-repo-server");
        reader.args(["--disable-tls", "--address", "127.0.0.1", "--metrics-address", "127.0.0.1"]);
        // A commit is seen by whoever asks after it, not minutes later.
        reader.arg("--revision-cache-expiration=1s").arg("--redis").arg(address(redis));
        let reader = with(reader, &[("--port", repo_server), ("--metrics-port", repo_server_metrics)]);
        let mut controller = self.part("argocd-application-controller");
        // The sentence of each object's health in the Application itself, where a test can read it.
        controller.args(["--repo-server-plaintext", "--persist-resource-health", "--redis"]).arg(address(redis));
        controller.arg("--repo-server").arg(address(repo_server));
        let controller = with(controller, &[("--metrics-port", controller_metrics)]);
        let probes = [repo_server_metrics.http(), controller_metrics.http()];
        for (name, program) in [("redis", store), ("argocd-repo-server", reader), ("argocd-controller", controller)] {
            self.processes.push(Process::start(name, &program, &self.folder)?);
        }
        for probe in probes {
            self.until_well(&probe).await?;
        }
        Ok(())
    }

    async fn until_well(&mut self, probe: &str) -> Result<()> {
        until_up(&mut self.processes, "Argo CD", DEADLINE, async || {
            let reply = http::get(probe, "/healthz").await?;
            ensure(reply.status == 200, reply.body)
        })
        .await
    }

    /// Starts the controller of ApplicationSets as well. It tells nobody when it is ready: its Applications show it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_sets(&mut self) -> Result<()> {
        let [metrics, probe, webhook] = &self.ports.sets;
        let mut sets = self.part("argocd-applicationset-controller");
        sets.args(["--repo-server-plaintext", "--enable-leader-election=false", "--argocd-repo-server"]);
        sets.arg(address(&self.ports.repo_server)).arg("--metrics-addr").arg(address(metrics));
        sets.arg("--probe-addr").arg(address(probe)).arg("--webhook-addr").arg(address(webhook));
        self.processes.push(Process::start("argocd-sets", &sets, &self.folder)?);
        Ok(())
    }

    /// A part of Argo CD, in its namespace, with what all parts are told.
    fn part(&self, name: &str) -> Command {
        let mut part = Command::new(self.tools.argo_cd());
        if name != "argocd-repo-server" {
            part.arg("--kubeconfig").arg(self.kubectl.kubeconfig()).args(["--namespace", NAMESPACE]);
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.tools.kustomize().to_owned()).chain(std::env::split_paths(&path));
        part.env("PATH", std::env::join_paths(folders).unwrap_or(path));
        part.env("ARGOCD_BINARY_NAME", name).env("KUBECONFIG", self.kubectl.kubeconfig());
        // This cluster is the one that it manages, though it does not run in it.
        part.env("ARGOCD_FAKE_IN_CLUSTER", "true").env("ARGOCD_GPG_ENABLED", "false");
        part.env("ARGOCD_TLS_DATA_PATH", self.folder.join("tls")).env("ARGOCD_SSH_DATA_PATH", self.folder.join("ssh"));
        part.env("HOME", &self.folder).env("TMPDIR", self.folder.join("tmp"));
        part
    }

    /// What its own command line says of an object with these settings: `health`, `list-actions`, `run-action`.
    ///
    /// # Errors
    /// What it prints to stderr, when it fails.
    pub async fn judge(tools: &GitOpsTools, settings: &Path, object: &Path, what: &[&str]) -> Result<String> {
        let (verb, rest) = what.split_first().context("a verb")?;
        let mut program = tokio::process::Command::new(tools.argo_cd());
        program.args(["admin", "settings", "resource-overrides", verb]).arg(object).args(rest);
        program.arg("--argocd-cm-path").arg(settings).env("ARGOCD_BINARY_NAME", "argocd");
        let ran = program.output().await.context("start argocd")?;
        if !ran.status.success() {
            bail!("argocd {verb}: {}", String::from_utf8_lossy(&ran.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
    }

    /// Has an Application compared anew with git and with the cluster, and waits until it was. Gives it back.
    ///
    /// # Errors
    /// When the deadline passes first.
    pub async fn refresh(&self, application: &str) -> Result<Value> {
        const REFRESH: &str = "argocd.argoproj.io/refresh";
        self.kubectl.annotate("application", application, REFRESH, "hard").await?;
        self.kubectl
            .wait_for("application", application, DEADLINE, |found| {
                ensure(found["metadata"]["annotations"][REFRESH].is_null(), "it has not been refreshed")
            })
            .await
    }

    /// The last lines of all its parts.
    pub fn tail(&self) -> String {
        self.processes.iter().map(|part| format!("{}:\n{}", part.name(), part.tail())).collect::<Vec<_>>().join("\n")
    }

    /// Fails if a part has ended.
    ///
    /// # Errors
    /// The part's last lines.
    pub fn alive(&mut self) -> Result<()> {
        self.processes.iter_mut().try_for_each(Process::alive)
    }
}

/// Its kinds, its namespace, and the settings that it does not start without, all of them empty.
async fn install(kubectl: &Kubectl, tools: &GitOpsTools) -> Result<()> {
    for definition in tools.definitions() {
        kubectl.apply_file(&definition).await?;
    }
    for kind in ["applications", "applicationsets", "appprojects"] {
        let served = |definition: &Value| ensure(holds(definition, "Established"), &definition["status"]);
        kubectl.wait_for("crd", &format!("{kind}.argoproj.io"), DEADLINE, served).await?;
    }
    let named = |kind: &str, name: &str| {
        json!({ "apiVersion": "v1", "kind": kind, "metadata": {
            "name": name, "namespace": NAMESPACE, "labels": { "app.kubernetes.io/part-of": "argocd" },
        } })
    };
    let maps = ["cm", "rbac-cm", "tls-certs-cm", "ssh-known-hosts-cm", "gpg-keys-cm"];
    let mut items = vec![json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } })];
    items.extend(maps.map(|name| named("ConfigMap", &format!("argocd-{name}"))));
    let mut secret = named("Secret", "argocd-secret");
    secret["stringData"] = json!({ "server.secretkey": "of-the-test-bed" });
    items.push(secret);
    items.push(json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": { "name": "default", "namespace": NAMESPACE },
        "spec": { "sourceRepos": ["*"], "destinations": [{ "server": "*", "namespace": "*" }],
                  "clusterResourceWhitelist": [{ "group": "*", "kind": "*" }] },
    }));
    kubectl.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": items })).await.map(drop)
}

fn address(port: &Port) -> OsString {
    format!("127.0.0.1:{}", port.number()).into()
}

fn with(mut program: Command, ports: &[(&str, &Port)]) -> Command {
    for (flag, port) in ports {
        program.arg(flag).arg(port.number().to_string());
    }
    program
}
