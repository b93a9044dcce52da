//! A real Kubernetes control plane: etcd, API server, controller manager, scheduler, and kwok for nodes and pods.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::certs::Certs;
use crate::kubectl::{Kubectl, holds};
use crate::operator;
use crate::ports::Port;
use crate::process::{Process, command, until_up};
use crate::progress::Progress;
use crate::tools::Tools;
use crate::wait::{ensure, until};

/// How long a part may take to be ready: a few seconds on an idle machine, more on a busy one.
const DEADLINE: Duration = Duration::from_secs(120);

/// The zones of the nodes, one each; the account's subnets are in the same.
pub const ZONES: [&str; 3] = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];

/// A running control plane with three nodes.
pub struct Kubernetes {
    /// kubectl as its administrator.
    pub kubectl: Kubectl,
    /// `https://127.0.0.1:PORT`
    pub server: String,
    processes: Vec<Process>,
    _ports: Vec<Port>,
}

impl Kubernetes {
    /// Starts all of it under `scratch` and waits until its nodes are Ready.
    ///
    /// # Errors
    /// When a part ends or is not ready in time.
    pub async fn start(tools: &Tools, scratch: &Path, progress: &Progress) -> Result<Kubernetes> {
        let step = progress.start("Kubernetes");
        let folder = scratch.join("kubernetes");
        let certs = Certs::make(&folder)?;
        let ports = [Port::take()?, Port::take()?, Port::take()?];
        let [etcd, peers, api] = &ports;
        let server = format!("https://127.0.0.1:{}", api.number());
        let kubeconfig = write_kubeconfig(&folder, &server, &certs)?;
        let kubectl = Kubectl::new(tools.kubernetes("kubectl"), kubeconfig.clone());

        step.say("etcd and the API server");
        let mut processes = vec![
            Process::start("etcd", &etcd_command(tools, &folder, etcd, peers), scratch)?,
            Process::start("kube-apiserver", &api_server_command(tools, &folder, etcd, api, &certs), scratch)?,
        ];
        until_up(&mut processes, "the API server", DEADLINE, async || kubectl.run(&["get", "--raw", "/readyz"]).await)
            .await?;

        step.say("controllers and nodes");
        processes.push(Process::start(
            "kube-controller-manager",
            &controllers_command(tools, &kubeconfig, &certs),
            scratch,
        )?);
        processes.push(Process::start("kube-scheduler", &scheduler_command(tools, &kubeconfig), scratch)?);
        processes.push(Process::start("kwok", &kwok_command(tools, &kubeconfig), scratch)?);
        let started = Kubernetes { kubectl, server, processes, _ports: ports.into() };
        started.add_nodes().await?;
        step.done(&started.server);
        Ok(started)
    }

    async fn add_nodes(&self) -> Result<()> {
        let nodes: Vec<Value> = ZONES.iter().map(|zone| node(zone)).collect();
        self.kubectl.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": nodes })).await?;
        until("the nodes", DEADLINE, async || {
            let nodes = self.kubectl.list("nodes", "").await?;
            let ready = nodes.iter().filter(|node| holds(node, "Ready"));
            ensure(ready.clone().count() == ZONES.len(), format_args!("{} nodes Ready", ready.count()))?;
            // Pods are refused until their namespace has its ServiceAccount.
            self.kubectl.namespaced("default").get("serviceaccount", "default").await.map(drop)
        })
        .await
    }

    /// Ends all of it, and waits until it has ended.
    ///
    /// # Errors
    /// When a part cannot be signalled.
    pub async fn stop(&mut self) -> Result<()> {
        for process in self.processes.iter_mut().rev() {
            process.kill().await?;
        }
        Ok(())
    }

    /// Fails if a part of it has ended.
    ///
    /// # Errors
    /// The part's last lines.
    pub fn alive(&mut self) -> Result<()> {
        self.processes.iter_mut().try_for_each(Process::alive)
    }
}

fn write_kubeconfig(folder: &Path, server: &str, certs: &Certs) -> Result<PathBuf> {
    let file = folder.join("kubeconfig");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "bed",
        "clusters": [{ "name": "bed", "cluster": { "server": server, "certificate-authority": certs.ca } }],
        "users": [{ "name": "administrator",
                    "user": { "client-certificate": certs.admin, "client-key": certs.admin_key } }],
        "contexts": [{ "name": "bed", "context": { "cluster": "bed", "user": "administrator" } }],
    });
    std::fs::write(&file, serde_json::to_vec_pretty(&config)?)?;
    Ok(file)
}

fn etcd_command(tools: &Tools, folder: &Path, port: &Port, peers: &Port) -> Command {
    let (client, peer) = (port.http(), peers.http());
    command(
        tools.etcd(),
        [
            "--name=bed".to_owned(),
            format!("--data-dir={}", folder.join("etcd").display()),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=bed={peer}"),
            // What a crash of the machine would lose, nobody misses.
            "--unsafe-no-fsync".to_owned(),
            "--log-level=warn".to_owned(),
        ],
    )
}

fn api_server_command(tools: &Tools, folder: &Path, etcd: &Port, port: &Port, certs: &Certs) -> Command {
    command(
        tools.kubernetes("kube-apiserver"),
        [
            format!("--etcd-servers={}", etcd.http()),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", port.number()),
            format!("--cert-dir={}", folder.display()),
            format!("--tls-cert-file={}", certs.serving.display()),
            format!("--tls-private-key-file={}", certs.serving_key.display()),
            format!("--client-ca-file={}", certs.ca.display()),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--service-account-key-file={}", certs.service_account_public.display()),
            format!("--service-account-signing-key-file={}", certs.service_account_key.display()),
            "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
            "--authorization-mode=Node,RBAC".to_owned(),
            "--allow-privileged=true".to_owned(),
        ],
    )
}

fn controllers_command(tools: &Tools, kubeconfig: &Path, certs: &Certs) -> Command {
    command(
        tools.kubernetes("kube-controller-manager"),
        [
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--service-account-private-key-file={}", certs.service_account_key.display()),
            format!("--root-ca-file={}", certs.ca.display()),
            format!("--cluster-signing-cert-file={}", certs.ca.display()),
            format!("--cluster-signing-key-file={}", certs.ca_key.display()),
            "--use-service-account-credentials=true".to_owned(),
            "--leader-elect=false".to_owned(),
            // No port: nobody asks it anything, and beds run side by side.
            "--secure-port=0".to_owned(),
        ],
    )
}

fn scheduler_command(tools: &Tools, kubeconfig: &Path) -> Command {
    let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
    command(tools.kubernetes("kube-scheduler"), [kubeconfig.as_str(), "--leader-elect=false", "--secure-port=0"])
}

fn kwok_command(tools: &Tools, kubeconfig: &Path) -> Command {
    let (program, stages) = tools.kwok();
    let mut kwok = command(program, ["--manage-all-nodes=true", "--node-lease-duration-seconds=40"]);
    // The pods of the operator are real processes: see `container`.
    kwok.arg(format!("--disregard-status-with-label-selector={}", operator::PODS));
    kwok.arg(format!("--kubeconfig={}", kubeconfig.display()));
    kwok.args(stages.iter().map(|stage| format!("--config={}", stage.display())));
    kwok
}

/// A node as EKS makes one in this zone.
fn node(zone: &str) -> Value {
    let capacity = json!({ "cpu": "16", "memory": "64Gi", "pods": "110" });
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": { "name": format!("node-{zone}"), "labels": {
            "kubernetes.io/hostname": format!("node-{zone}"),
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "node.kubernetes.io/instance-type": "m7i.4xlarge",
            "topology.kubernetes.io/region": "eu-west-1",
            "topology.kubernetes.io/zone": zone,
        } },
        "spec": { "providerID": format!("aws:///{zone}/i-0{:016x}", zone.bytes().map(u64::from).sum::<u64>()) },
        "status": { "capacity": capacity, "allocatable": capacity },
    })
}
