//! Follows objects by a watch of kubectl's: to the moment, and without asking again and again.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use tokio::time::{sleep, timeout};

use crate::kubectl::{Kubectl, holds};

/// How long a watch rests that has ended, before it begins again.
const REST: Duration = Duration::from_millis(200);

/// A watch on objects of one kind in a namespace.
pub struct Watch {
    kubectl: Kubectl,
    args: Vec<String>,
    running: Running,
}

struct Running {
    lines: Lines<BufReader<ChildStdout>>,
    child: Child,
}

/// How an object stood at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When the watch told.
    pub at: SystemTime,
    /// The object, or the last of it.
    pub object: Value,
    /// Whether it is there no more.
    pub gone: bool,
}

impl Watch {
    /// Starts to watch all objects of this kind: in the namespace, or in all without one.
    ///
    /// # Errors
    /// When kubectl cannot be started.
    pub fn all(kubectl: &Kubectl, kind: &str) -> Result<Watch> {
        Watch::of(kubectl, &[kind])
    }

    /// Starts to watch the object of this name, which need not be there yet.
    ///
    /// # Errors
    /// When kubectl cannot be started.
    pub fn named(kubectl: &Kubectl, kind: &str, name: &str) -> Result<Watch> {
        Watch::of(kubectl, &[kind, "--field-selector", &format!("metadata.name={name}")])
    }

    fn of(kubectl: &Kubectl, what: &[&str]) -> Result<Watch> {
        // Of several pages kubectl prints each as one event, which names no object.
        let get = ["get", "--watch", "--chunk-size=0", "--output-watch-events", "-o", "json"];
        let args = get.into_iter().chain(kubectl.everywhere()).chain(what.iter().copied());
        let args: Vec<String> = args.map(str::to_owned).collect();
        Ok(Watch { kubectl: kubectl.clone(), running: spawn(kubectl, &args)?, args })
    }

    /// The next event. The API server may end a watch at any time; then another one begins with what stands.
    ///
    /// # Errors
    /// What kubectl says when it fails, or no event within the deadline.
    pub async fn next(&mut self, deadline: Duration) -> Result<Event> {
        timeout(deadline, self.change()).await.context("no event")?
    }

    /// As [`next`](Self::next), whenever it comes.
    ///
    /// # Errors
    /// What kubectl says when it fails.
    pub async fn change(&mut self) -> Result<Event> {
        loop {
            if let Some(line) = self.running.lines.next_line().await? {
                let mut event: Value = serde_json::from_str(&line).with_context(|| format!("no event: {line}"))?;
                let gone = event["type"] == "DELETED";
                return Ok(Event { at: SystemTime::now(), object: event["object"].take(), gone });
            }
            self.again().await?;
        }
    }

    /// Begins again when kubectl has ended well.
    async fn again(&mut self) -> Result<()> {
        let child = &mut self.running.child;
        let mut said = String::new();
        child.stderr.take().context("stderr is piped")?.read_to_string(&mut said).await?;
        if !child.wait().await?.success() {
            bail!("kubectl {}: {}", self.args.join(" "), said.trim());
        }
        sleep(REST).await;
        self.running = spawn(&self.kubectl, &self.args)?;
        Ok(())
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
        let mut missing: BTreeSet<String> = names.into_iter().collect();
        loop {
            let event =
                self.next(deadline).await.with_context(|| format!("{} not Ready: {missing:?}", missing.len()))?;
            let ready = holds(&event.object, "Ready");
            let name = event.object["metadata"]["name"].as_str().unwrap_or_default();
            if ready && missing.remove(name) && missing.is_empty() {
                return Ok(event.at);
            }
        }
    }
}

fn spawn(kubectl: &Kubectl, args: &[String]) -> Result<Running> {
    let mut command = kubectl.command();
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("start kubectl")?;
    let lines = BufReader::new(child.stdout.take().context("stdout is piped")?).lines();
    Ok(Running { lines, child })
}
