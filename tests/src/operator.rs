//! The operator, as the real process that it is.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::sync::Mutex;

use crate::http;
use crate::ports::Port;
use crate::process::{Process, until_up};
use crate::wait::{ensure, until};

/// The account of the operator's own identity: no tenant's, so that a role that was not assumed shows.
pub const ACCOUNT: &str = "999900001111";

/// How to start it.
#[derive(Debug, Clone)]
pub struct Start {
    /// The kubeconfig that it uses.
    pub kubeconfig: PathBuf,
    /// The endpoint of all AWS services.
    pub aws_endpoint: String,
    /// The account of its own identity.
    pub account: String,
    /// The folder for its log and pid.
    pub folder: PathBuf,
    /// More arguments.
    pub args: Vec<String>,
}

/// An operator; it ends when this is dropped.
pub struct Operator {
    start: Start,
    name: String,
    port: Port,
    pid_file: PathBuf,
    log: PathBuf,
    process: Mutex<Process>,
}

impl Operator {
    /// Starts `terrace controller` and waits until `/readyz` answers 200.
    ///
    /// # Errors
    /// When the program is not built, ends, or is not ready within a minute.
    pub async fn start(start: Start) -> Result<Operator> {
        let port = Port::take()?;
        let name = format!("operator-{}", port.number());
        let process = Process::start(&name, &command(&start, &port)?, &start.folder)?;
        let (pid_file, log) = (process.pid_file().to_owned(), process.log().to_owned());
        let operator = Operator { start, name, port, pid_file, log, process: Mutex::new(process) };
        operator.wait_until_ready().await?;
        Ok(operator)
    }

    async fn wait_until_ready(&self) -> Result<()> {
        let url = self.url();
        let mut process = self.process.lock().await;
        until_up(std::slice::from_mut(&mut *process), "the operator", Duration::from_secs(60), async || {
            let reply = http::get(&url, "/readyz").await?;
            ensure(reply.status == 200, reply.body)
        })
        .await
    }

    /// Where it serves `/healthz`, `/readyz` and `/metrics`.
    pub fn url(&self) -> String {
        self.port.http()
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

    /// The file with its process id, for the checker to kill it by.
    pub fn pid_file(&self) -> &Path {
        &self.pid_file
    }

    /// What it logged, in all its lives.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn log(&self) -> Result<String> {
        std::fs::read_to_string(&self.log).context("read the operator's log")
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
        tokio::time::timeout(deadline, process.wait()).await.context("the operator lives")?
    }

    /// Starts it again after it has ended, with the same arguments, and waits until it is ready.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn restart(&self) -> Result<()> {
        // A killed process may hold its port a little longer than its guard lives.
        until("the operator's port", Duration::from_secs(20), async || {
            TcpListener::bind((Ipv4Addr::LOCALHOST, self.port.number()))?;
            Ok(())
        })
        .await?;
        *self.process.lock().await =
            Process::start(&self.name, &command(&self.start, &self.port)?, &self.start.folder)?;
        self.wait_until_ready().await
    }

    /// Fails if it has ended.
    ///
    /// # Errors
    /// Its last lines.
    pub async fn alive(&self) -> Result<()> {
        self.process.lock().await.alive()
    }
}

fn command(start: &Start, port: &Port) -> Result<Command> {
    let mut command = Command::new(program()?);
    command.args(["controller", "--log-format", "json", "--aws-endpoint-url", &start.aws_endpoint]);
    command.args(["--health-addr", &format!("127.0.0.1:{}", port.number())]).args(&start.args);
    command.env("KUBECONFIG", &start.kubeconfig);
    command
        .env("AWS_ACCESS_KEY_ID", &start.account)
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "eu-west-1");
    // Nothing of the machine's own: neither its credentials nor its settings.
    for name in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"]
    {
        command.env_remove(name);
    }
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    Ok(command)
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
