//! A container of a pod, as a process on this machine: what its kubelet would do.
//!
//! Its arguments, environment, files and service account are those of the pod; its probe decides whether the pod is Ready.
//! Three things are put in the place of what only a kubelet has: the program for the image, a port of this machine for the
//! one that the probe asks, and a kubeconfig with the pod's token for the files that a pod finds under `/var/run`.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, ensure as check};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::http;
use crate::kubectl::Kubectl;
use crate::pod::Sight;
use crate::ports::Port;
use crate::process::{Process, until_up};
use crate::wait::{ensure, until};

/// How long a start may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long the token of a pod lasts: no test is longer.
const TOKEN: &str = "--duration=8h";

/// A running container; it ends when this is dropped.
pub struct Container {
    /// The pod's name.
    pub pod: String,
    kubectl: Kubectl,
    made: Made,
    folder: PathBuf,
    pid_file: PathBuf,
    log: PathBuf,
    process: Mutex<Process>,
    reported: Mutex<Option<bool>>,
}

/// What is started, and how it is probed.
struct Made {
    program: PathBuf,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    port: Port,
    probe: String,
    image: String,
    name: String,
}

impl Container {
    /// Starts `program` as the only container of `pod`. `kubectl` is the administrator's, in the pod's namespace.
    ///
    /// # Errors
    /// What keeps the container from starting.
    pub async fn start(
        kubectl: &Kubectl,
        server: &str,
        pod: &Value,
        program: &Path,
        folder: &Path,
    ) -> Result<Container> {
        let name = text(&pod["metadata"]["name"])?.to_owned();
        let folder = folder.join(&name);
        std::fs::create_dir_all(&folder)?;
        let made = Made::of(kubectl, server, pod, program, &folder).await?;
        let process = Process::start(&name, &made.command(), &folder)?;
        let (pid_file, log) = (process.pid_file().to_owned(), process.log().to_owned());
        let (process, reported) = (Mutex::new(process), Mutex::default());
        Ok(Container { pod: name, kubectl: kubectl.clone(), made, folder, pid_file, log, process, reported })
    }

    /// Waits until its probe succeeds, and says so in the pod's status.
    ///
    /// # Errors
    /// When it ends, or is not ready in time.
    pub async fn wait_until_ready(&self) -> Result<()> {
        {
            let mut process = self.process.lock().await;
            until_up(std::slice::from_mut(&mut *process), &self.pod, DEADLINE, async || {
                ensure(self.is_ready().await, "its probe fails")
            })
            .await?;
        }
        self.report(true).await
    }

    /// Whether its probe succeeds now.
    pub async fn is_ready(&self) -> bool {
        http::get(&self.url(), &self.made.probe).await.is_ok_and(|reply| reply.status == 200)
    }

    /// Says in the pod's status whether it is ready, where that is news.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn report(&self, ready: bool) -> Result<()> {
        let mut reported = self.reported.lock().await;
        if *reported == Some(ready) {
            return Ok(());
        }
        let status = if ready { "True" } else { "False" };
        let condition = |of_type: &str, status: &str| json!({ "type": of_type, "status": status });
        let container = json!({
            "name": self.made.name, "image": self.made.image, "imageID": "", "restartCount": 0, "ready": ready,
            "started": true, "state": { "running": { "startedAt": jiff::Timestamp::now().to_string() } },
        });
        let status = json!({ "status": {
            "phase": "Running", "podIP": "127.0.0.1", "podIPs": [{ "ip": "127.0.0.1" }],
            "conditions": [
                condition("PodScheduled", "True"), condition("Initialized", "True"),
                condition("ContainersReady", status), condition("Ready", status),
            ],
            "containerStatuses": [container],
        } });
        self.kubectl.patch_status("pod", &self.pod, &status).await?;
        *reported = Some(ready);
        Ok(())
    }

    /// Where its port is.
    pub fn url(&self) -> String {
        self.made.port.http()
    }

    /// The file with its process id.
    pub fn pid_file(&self) -> &Path {
        &self.pid_file
    }

    /// What it wrote, in all its lives.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn log(&self) -> Result<String> {
        std::fs::read_to_string(&self.log).context("read a container's log")
    }

    /// Ends it gracefully.
    ///
    /// # Errors
    /// When it had to be killed.
    pub async fn stop(&self) -> Result<ExitStatus> {
        self.process.lock().await.stop().await
    }

    /// Kills it.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub async fn kill(&self) -> Result<ExitStatus> {
        self.process.lock().await.kill().await
    }

    /// Waits until something else has killed it.
    ///
    /// # Errors
    /// When the deadline passes first.
    pub async fn wait_until_dead(&self, deadline: Duration) -> Result<ExitStatus> {
        let mut process = self.process.lock().await;
        tokio::time::timeout(deadline, process.wait()).await.context("the container lives")?
    }

    /// Starts it again after it has ended, as it was.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn restart(&self) -> Result<()> {
        // A killed process may hold its port a little longer than its guard lives.
        until("the container's port", Duration::from_secs(20), async || {
            TcpListener::bind((Ipv4Addr::LOCALHOST, self.made.port.number()))?;
            Ok(())
        })
        .await?;
        *self.process.lock().await = Process::start(&self.pod, &self.made.command(), &self.folder)?;
        Ok(())
    }

    /// Fails if it has ended.
    ///
    /// # Errors
    /// Its last lines.
    pub async fn alive(&self) -> Result<()> {
        self.process.lock().await.alive()
    }
}

impl Made {
    async fn of(kubectl: &Kubectl, server: &str, pod: &Value, program: &Path, folder: &Path) -> Result<Made> {
        let spec = &pod["spec"];
        let containers = spec["containers"].as_array().context("a pod has containers")?;
        check!(containers.len() == 1, "a pod of one container is known here");
        let container = &containers[0];
        check!(container["command"].is_null(), "the program is what the image starts");
        let name = text(&container["name"])?.to_owned();
        let sight = Sight::of(kubectl, pod, &name).await?;
        let mut env = sight.lay_out(folder)?;
        env.insert("HOSTNAME".into(), text(&pod["metadata"]["name"])?.into());
        env.insert("KUBECONFIG".into(), kubeconfig(kubectl, server, text(&spec["serviceAccountName"])?, folder).await?);
        let port = Port::take()?;
        let (probe, inner) = probed(container)?;
        let args = container["args"].as_array().map_or(&[][..], Vec::as_slice);
        let args = args.iter().map(|arg| Ok(reaching(&sight.within(folder, text(arg)?), inner, port.number())));
        let args = args.collect::<Result<Vec<_>>>()?;
        let image = text(&container["image"])?.to_owned();
        Ok(Made { program: program.to_owned(), args, env, port, probe, image, name })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear().envs(&self.env);
        command
    }
}

/// Path and port of the probe that says whether it is ready.
fn probed(container: &Value) -> Result<(String, u64)> {
    let get = &container["readinessProbe"]["httpGet"];
    let ports = container["ports"].as_array().map_or(&[][..], Vec::as_slice);
    let named = ports.iter().find(|port| port["name"] == get["port"]).map(|port| &port["containerPort"]);
    let port = named.unwrap_or(&get["port"]).as_u64().context("the probe asks a port of the container")?;
    Ok((text(&get["path"])?.to_owned(), port))
}

/// An argument that listens on the container's port listens on this machine's.
fn reaching(arg: &str, inner: u64, outer: u16) -> String {
    arg.replace(&format!("0.0.0.0:{inner}"), &format!("127.0.0.1:{outer}"))
}

/// A kubeconfig with the token of the pod's service account.
async fn kubeconfig(kubectl: &Kubectl, server: &str, account: &str, folder: &Path) -> Result<String> {
    let token = folder.join("token");
    std::fs::write(&token, kubectl.run(&["create", "token", account, TOKEN]).await?.trim())?;
    let cluster =
        kubectl.run(&["config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.certificate-authority}"]);
    let file = folder.join("kubeconfig");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "pod",
        "clusters": [{ "name": "bed", "cluster": { "server": server, "certificate-authority": cluster.await?.trim() } }],
        "users": [{ "name": "pod", "user": { "tokenFile": token } }],
        "contexts": [{ "name": "pod", "context": { "cluster": "bed", "user": "pod" } }],
    });
    std::fs::write(&file, serde_json::to_vec_pretty(&config)?)?;
    Ok(file.display().to_string())
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("no text: {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_that_the_probe_asks_is_the_one_that_is_moved() {
        let container = json!({
            "ports": [{ "name": "http", "containerPort": 8080 }],
            "readinessProbe": { "httpGet": { "path": "/readyz", "port": "http" } },
        });
        let (path, inner) = probed(&container).expect("a probe");
        assert_eq!((path.as_str(), inner), ("/readyz", 8080));
        assert_eq!(reaching("--health-addr=0.0.0.0:8080", inner, 4711), "--health-addr=127.0.0.1:4711");
        assert_eq!(reaching("--resync-seconds=8080", inner, 4711), "--resync-seconds=8080");
        let by_number = json!({ "readinessProbe": { "httpGet": { "path": "/", "port": 9 } } });
        assert_eq!(probed(&by_number).expect("a probe").1, 9);
        assert!(probed(&json!({})).is_err(), "what has no probe is never ready");
    }
}
