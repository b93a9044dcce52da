//! Follows objects by a watch, to the moment: for benchmarks, where asking again and again would be too coarse.

use std::process::Stdio;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::kubectl::Kubectl;

/// A watch on all objects of one kind in a namespace.
pub struct Watch {
    kubectl: Kubectl,
    kind: String,
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

/// How an object stood at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When the watch told.
    pub at: SystemTime,
    /// The object's name.
    pub name: String,
    /// The status of its Ready condition: `True`, `False`, `Unknown`, or `<none>`.
    pub ready: String,
}

impl Watch {
    /// Starts to watch objects of this kind.
    ///
    /// # Errors
    /// When kubectl cannot be started.
    pub fn start(kubectl: &Kubectl, kind: &str) -> Result<Watch> {
        let (lines, child) = spawn(kubectl, kind)?;
        Ok(Watch { kubectl: kubectl.clone(), kind: kind.to_owned(), lines, _child: child })
    }

    /// The next event. The API server may end a watch at any time; then another one begins with what stands.
    ///
    /// # Errors
    /// When kubectl cannot be started again, or no event comes within the deadline.
    pub async fn next(&mut self, deadline: Duration) -> Result<Event> {
        timeout(deadline, self.line()).await.context("no event")?
    }

    async fn line(&mut self) -> Result<Event> {
        loop {
            if let Some(line) = self.lines.next_line().await? {
                let mut words = line.split_whitespace().map(str::to_owned);
                let (name, ready) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                return Ok(Event { at: SystemTime::now(), name, ready });
            }
            (self.lines, self._child) = spawn(&self.kubectl, &self.kind)?;
        }
    }

    /// Waits until all these objects have been told to be Ready, and answers when that was of the last.
    ///
    /// # Errors
    /// When that does not come to pass within `deadline` of the event before.
    pub async fn until_ready(
        &mut self,
        names: impl IntoIterator<Item = String>,
        deadline: Duration,
    ) -> Result<SystemTime> {
        let mut missing: std::collections::BTreeSet<String> = names.into_iter().collect();
        loop {
            let event =
                self.next(deadline).await.with_context(|| format!("{} not Ready: {missing:?}", missing.len()))?;
            if event.ready == "True" && missing.remove(&event.name) && missing.is_empty() {
                return Ok(event.at);
            }
        }
    }
}

fn spawn(kubectl: &Kubectl, kind: &str) -> Result<(Lines<BufReader<ChildStdout>>, Child)> {
    let columns = r#"custom-columns=NAME:.metadata.name,READY:.status.conditions[?(@.type=="Ready")].status"#;
    let mut command = Command::new(kubectl.program());
    command.arg("--kubeconfig").arg(kubectl.kubeconfig()).args(kubectl.in_namespace());
    command.args(["get", kind, "--watch", "--no-headers", "-o", columns]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let lines = BufReader::new(child.stdout.take().context("stdout is piped")?).lines();
    Ok((lines, child))
}
