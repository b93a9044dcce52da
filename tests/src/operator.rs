//! The operator, as its chart's Deployment says: the real helm installs the chart, and the process runs with what the pod
//! has – its arguments, environment, files, and the rights of its service account.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::container::Container;
use crate::helm::Helm;
use crate::http;
use crate::kubectl::Kubectl;
use crate::wait::until;

/// The account of the operator's own identity: no tenant's, so that a role that was not assumed shows.
pub const ACCOUNT: &str = "999900001111";
/// What finds its pods.
pub const PODS: &str = "app.kubernetes.io/name=terrace";
/// How long a pod may take to be there.
const DEADLINE: Duration = Duration::from_secs(60);

/// How to start it.
#[derive(Debug, Clone)]
pub struct Start {
    /// kubectl as the cluster's administrator.
    pub kubectl: Kubectl,
    /// helm as the same.
    pub helm: Helm,
    /// The API server's address.
    pub server: String,
    /// The endpoint of all AWS services.
    pub aws_endpoint: String,
    /// The folder for its log and pid.
    pub folder: PathBuf,
    /// More arguments.
    pub args: Vec<String>,
    /// More values.
    pub more: Value,
    /// The namespace that it is installed in.
    pub namespace: String,
}

/// An operator of one replica; it ends when this is dropped.
pub struct Operator(Arc<Container>);

impl Start {
    /// The chart's values: what a user sets, and what stands for AWS here.
    pub fn values(&self, replicas: u32) -> Value {
        let env = [
            ("AWS_ACCESS_KEY_ID", ACCOUNT),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        let endpoint = format!("--aws-endpoint-url={}", self.aws_endpoint);
        let args: Vec<&str> = [endpoint.as_str()].into_iter().chain(self.args.iter().map(String::as_str)).collect();
        let env: Vec<_> = env.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let mut values = json!({
            "replicas": replicas, "aws": { "region": "eu-west-1" },
            "controller": { "extraArgs": args, "extraEnv": env },
        });
        if let (Some(values), Some(more)) = (values.as_object_mut(), self.more.as_object()) {
            values.extend(more.clone());
        }
        values
    }
}

impl Operator {
    /// Installs the chart with one replica, starts what its pod says, and waits until the pod is Ready.
    ///
    /// # Errors
    /// When the program is not built, helm refuses, the process ends, or it is not ready in time.
    pub async fn start(start: Start) -> Result<Operator> {
        start.helm.install(&start.namespace, &start.values(1), &[]).await?;
        let kubectl = start.kubectl.namespaced(&start.namespace);
        let pod = until("the operator's pod", DEADLINE, async || {
            let pods = kubectl.list("pods", PODS).await?;
            pods.into_iter().find(is_scheduled).context("no pod has a node")
        })
        .await?;
        let container = Container::start(&kubectl, &start.server, &pod, &program()?, &start.folder).await?;
        let operator = Operator(Arc::new(container));
        operator.0.wait_until_ready().await?;
        Ok(operator)
    }

    /// One whose container somebody else keeps.
    pub fn of(container: Arc<Container>) -> Operator {
        Operator(container)
    }

    /// The value of a metric: the sum over the lines whose name and labels contain all of `labels`.
    ///
    /// # Errors
    /// When the operator does not answer.
    pub async fn metric(&self, name: &str, labels: &[&str]) -> Result<f64> {
        let text = http::get(&self.url(), "/metrics").await?.body;
        let fits = |line: &&str| line.starts_with(name) && labels.iter().all(|label| line.contains(label));
        text.lines()
            .filter(fits)
            .map(|line| line.rsplit(' ').next().unwrap_or("").parse::<f64>().with_context(|| line.to_owned()))
            .sum()
    }

    /// Starts it again after it has ended, as the same container, and waits until it is ready.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn restart(&self) -> Result<()> {
        self.0.restart().await?;
        self.0.wait_until_ready().await
    }
}

/// What a container does, it does as one.
impl Deref for Operator {
    type Target = Container;

    fn deref(&self) -> &Container {
        &self.0
    }
}

fn is_scheduled(pod: &Value) -> bool {
    pod["spec"]["nodeName"].is_string() && pod["metadata"]["deletionTimestamp"].is_null()
}

/// The operator's program: `$TERRACE_BIN`, or `terrace` where Cargo put this program.
///
/// # Errors
/// When it is not built.
pub fn program() -> Result<PathBuf> {
    let set = std::env::var_os("TERRACE_BIN").map(PathBuf::from);
    let this = std::env::current_exe()?;
    let beside = this.ancestors().skip(1).take(2).map(|folder| folder.join("terrace"));
    match set.into_iter().chain(beside).find(|path| path.is_file()) {
        Some(found) => Ok(found),
        None => bail!("the operator is not built: cargo build -p terrace, or set TERRACE_BIN"),
    }
}
