//! The checker between the operator and the emulator: is every request one that AWS would take, how many were there, and
//! faults on demand. `tools/python/reqcheck.py` is the program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::emulator::Emulator;
use crate::http;
use crate::ports::Port;
use crate::process::{Process, until_up};
use crate::python::Python;
use crate::wait::ensure;

/// A running checker. What is set and counted is an account's: that of the access key, or of the role whose credentials
/// the key is of.
pub struct Checker {
    /// The endpoint for the operator: `http://127.0.0.1:PORT`.
    pub url: String,
    log: PathBuf,
    process: Process,
    _port: Port,
}

/// What an account's requests came to since the last [`Checker::mark`].
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Counters {
    /// All requests.
    pub calls: u64,
    /// Those that change something.
    pub mutating: u64,
    /// Violations that AWS would refuse.
    pub violations: u64,
    /// Requests by `service.Operation`.
    pub operations: BTreeMap<String, u64>,
    /// Errors by `service.Operation Code`.
    pub errors: BTreeMap<String, u64>,
    /// For how many seconds no call has come; nothing before the first.
    #[serde(rename = "idleSeconds")]
    pub idle_seconds: Option<f64>,
}

/// One request, as the checker saw it.
#[derive(Debug, Clone, Deserialize)]
pub struct Request {
    /// When it arrived, in seconds since 1970.
    pub t: f64,
    /// The service, by botocore's name.
    pub service: String,
    /// The operation.
    pub op: String,
    /// Whether it changes something.
    pub mutating: bool,
    /// The account, where the checker knows it.
    pub account: String,
    /// The HTTP status of the answer, if there was one.
    pub status: Option<u16>,
    /// The code of the error.
    pub error: Option<String>,
    /// The idempotency token it carried.
    #[serde(default)]
    pub token: Option<String>,
    /// What is wrong with it.
    pub violations: Vec<Violation>,
}

/// Why AWS would not take a request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Violation {
    /// `operation`, `unknown`, `missing`, `type`, `range`, `length`, `pattern`, `enum`, `union`, `quantity`
    /// or `checker`.
    pub kind: String,
    /// The member.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// `error`, or `warning` where the model leaves it open.
    pub level: String,
}

/// What a [`Rule`] does to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// The emulator never sees it; an error is answered.
    Fail,
    /// It is carried out, and an error is answered.
    FailAfter,
    /// It is carried out, and the connection breaks.
    Lose,
    /// The process is killed, and the emulator never sees the call.
    KillBefore,
    /// The call is carried out, and the process is killed before the reply.
    KillLost,
    /// The process is killed after the reply.
    KillAfter,
}

/// A fault, and the calls it meets.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    action: Fault,
    at: u64,
    times: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    op: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mutating: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid_file: Option<PathBuf>,
}

impl Rule {
    /// This fault at the first call, whatever it is.
    pub fn new(action: Fault) -> Rule {
        let (service, op, mutating, status, code, pid_file) = (None, None, None, None, None, None);
        Rule { action, at: 1, times: 1, service, op, mutating, status, code, pid_file }
    }

    /// Only at the `at`-th call that fits, counted from 1, and at `times` calls from there on.
    #[must_use]
    pub fn at(self, at: u64, times: u64) -> Rule {
        Rule { at, times, ..self }
    }

    /// Only calls of this operation.
    #[must_use]
    pub fn operation(self, service: &str, op: &str) -> Rule {
        Rule { service: Some(service.to_owned()), op: Some(op.to_owned()), ..self }
    }

    /// Only calls that change something.
    #[must_use]
    pub fn mutating(self) -> Rule {
        Rule { mutating: Some(true), ..self }
    }

    /// What a failed call is answered, instead of 400 `Throttling`.
    #[must_use]
    pub fn answering(self, status: u16, code: &str) -> Rule {
        Rule { status: Some(status), code: Some(code.to_owned()), ..self }
    }

    /// The process to kill.
    #[must_use]
    pub fn killing(self, pid_file: &Path) -> Rule {
        Rule { pid_file: Some(pid_file.to_owned()), ..self }
    }
}

impl Checker {
    /// Starts it before the emulator at `upstream`.
    ///
    /// # Errors
    /// When it ends or does not answer in time.
    pub async fn start(emulator: Emulator, upstream: &str, python: &Python, scratch: &Path) -> Result<Checker> {
        let (port, log) = (Port::take()?, scratch.join("requests.jsonl"));
        let mut program = python.script("reqcheck.py");
        program.args(["--port", &port.number().to_string(), "--upstream", upstream]).arg("--log").arg(&log);
        program.args(["--mend", emulator.name()]);
        program.args(emulator.account_header().iter().flat_map(|header| ["--account-header", header]));
        program.env("PYTHONDONTWRITEBYTECODE", "1");
        let mut process = Process::start("checker", &program, scratch)?;
        let url = port.http();
        until_up(std::slice::from_mut(&mut process), "the checker", Duration::from_secs(120), async || {
            ensure(http::get(&url, "/_check/stats?account=").await?.status == 200, "not ready")
        })
        .await?;
        Ok(Checker { url, log, process, _port: port })
    }

    async fn post(&self, what: &str, body: &Value) -> Result<()> {
        let reply = http::post(&self.url, &format!("/_check/{what}"), body).await?;
        ensure(reply.status == 200, &reply.body)
    }

    /// Sets the counters of an account to zero.
    ///
    /// # Errors
    /// When the checker does not answer.
    pub async fn mark(&self, account: &str) -> Result<()> {
        self.post("mark", &json!({ "account": account })).await
    }

    /// From now on every call of an account takes that much longer.
    ///
    /// # Errors
    /// When the checker does not answer.
    pub async fn add_latency(&self, account: &str, latency: Duration) -> Result<()> {
        self.post("latency", &json!({ "account": account, "ms": latency.as_secs_f64() * 1000.0 })).await
    }

    /// A database that an account makes from now on is `creating` for that long, without an endpoint, and one that it
    /// deletes is `deleting` for that long, its name held.
    ///
    /// # Errors
    /// When the checker does not answer.
    pub async fn slow_databases(&self, account: &str, takes: Duration) -> Result<()> {
        self.post("slow", &json!({ "account": account, "seconds": takes.as_secs_f64() })).await
    }

    /// From now on every certificate of an account is in this status of ACM's, which stands for what DNS says of its
    /// domains; with `None`, in the emulator's own.
    ///
    /// # Errors
    /// When the checker does not answer.
    pub async fn hold_certificates(&self, account: &str, status: Option<&str>) -> Result<()> {
        self.post("certificates", &json!({ "account": account, "status": status })).await
    }

    /// Replaces the rules of an account; none of its old ones acts any more.
    ///
    /// # Errors
    /// When the checker does not answer, or refuses a rule.
    pub async fn set_rules(&self, account: &str, rules: &[Rule]) -> Result<()> {
        self.post("rules", &json!({ "account": account, "rules": rules })).await
    }

    /// What the rules of an account have met: for each, the calls it counted and those it acted on.
    ///
    /// # Errors
    /// When the checker does not answer.
    pub async fn fired(&self, account: &str) -> Result<Vec<(u64, Vec<String>)>> {
        let rules = http::get(&self.url, &format!("/_check/rules?account={account}")).await?.json()?;
        let view =
            |rule: &Value| Ok((rule["seen"].as_u64().context("seen")?, serde_json::from_value(rule["fired"].clone())?));
        rules.as_array().context("rules")?.iter().map(view).collect()
    }

    /// The counters of an account.
    ///
    /// # Errors
    /// When the checker does not answer.
    pub async fn counters(&self, account: &str) -> Result<Counters> {
        let stats = http::get(&self.url, &format!("/_check/stats?account={account}")).await?.json()?;
        Ok(serde_json::from_value(stats)?)
    }

    /// Every request since the checker started, in the order of their ends.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn requests(&self) -> Result<Vec<Request>> {
        let text = std::fs::read_to_string(&self.log).with_context(|| format!("read {}", self.log.display()))?;
        // The last line may be being written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
    }

    /// The requests of an account, or of all, that AWS would refuse: for a test to find none.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn violations(&self, account: Option<&str>) -> Result<Vec<Request>> {
        let mut requests = self.requests()?;
        requests.retain(|request| {
            account.is_none_or(|account| request.account == account)
                && request.violations.iter().any(|violation| violation.level == "error")
        });
        Ok(requests)
    }

    /// Ends it, and waits until it has ended.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub async fn stop(&mut self) -> Result<()> {
        self.process.kill().await.map(drop)
    }

    /// Fails if it has ended.
    ///
    /// # Errors
    /// Its last lines.
    pub fn alive(&mut self) -> Result<()> {
        self.process.alive()
    }
}
