//! A test's own hands in an AWS account: boto3, behind the operator's back.

use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use crate::python::Python;

/// Calls to AWS as an account, in a region. The checker mends what the emulator lacks for them too, and neither counts
/// nor judges them.
#[derive(Clone)]
pub struct Aws {
    hands: Arc<Mutex<Hands>>,
    account: String,
    region: String,
}

struct Hands {
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    asked: u64,
    _process: Child,
}

impl Hands {
    async fn next(&mut self) -> Result<Value> {
        let line = self.stdout.next_line().await?.context("aws.py has ended")?;
        serde_json::from_str(&line).with_context(|| format!("aws.py answered {line}"))
    }
}

/// What AWS answered instead of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsError {
    /// The error's code, such as `DBInstanceNotFound`.
    pub code: String,
    /// What boto3 says about it.
    pub message: String,
}

impl std::fmt::Display for AwsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for AwsError {}

impl Aws {
    /// Hands in `account` and `eu-west-1`, at the checker at `endpoint`.
    ///
    /// # Errors
    /// When Python cannot be started.
    pub fn start(python: &Python, endpoint: &str, account: &str) -> Result<Aws> {
        let mut command = Command::from(python.script("aws.py"));
        command.env("TERRACE_AWS_ENDPOINT", endpoint);
        // It reads its input to the end, which comes with the end of this process.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).process_group(0);
        let mut child = command.spawn().context("start aws.py")?;
        let stdin = child.stdin.take().context("stdin is piped")?;
        let stdout = BufReader::new(child.stdout.take().context("stdout is piped")?).lines();
        let hands = Arc::new(Mutex::new(Hands { stdin, stdout, asked: 0, _process: child }));
        Ok(Aws { hands, account: account.to_owned(), region: "eu-west-1".to_owned() })
    }

    /// The account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The same hands in another account.
    #[must_use]
    pub fn as_account(&self, account: &str) -> Aws {
        Aws { account: account.to_owned(), ..self.clone() }
    }

    /// The same hands in another region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Aws {
        Aws { region: region.to_owned(), ..self.clone() }
    }

    /// Calls an operation by boto3's names: `aws.call("rds", "describe_db_instances", json!({}))`.
    ///
    /// # Errors
    /// [`AwsError`] when AWS refuses; others when boto3 is gone.
    pub async fn call(&self, service: &str, op: &str, args: Value) -> Result<Value> {
        self.ask(json!({ "service": service, "op": op, "args": args })).await
    }

    /// All of a list: every page of it, the items of the member `items`.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn list(&self, service: &str, op: &str, args: Value, items: &str) -> Result<Vec<Value>> {
        match self.ask(json!({ "service": service, "op": op, "args": args, "all": items })).await? {
            Value::Array(items) => Ok(items),
            other => bail!("{service}.{op} has no list {items}: {other}"),
        }
    }

    async fn ask(&self, mut asked: Value) -> Result<Value> {
        asked["account"] = json!(self.account);
        asked["region"] = json!(self.region);
        let mut hands = self.hands.lock().await;
        hands.asked += 1;
        asked["id"] = json!(hands.asked);
        hands.stdin.write_all(format!("{asked}\n").as_bytes()).await.context("aws.py has ended")?;
        let mut answer = hands.next().await?;
        while answer["id"] != asked["id"] {
            // The answer to a question that was given up, by a deadline.
            answer = hands.next().await?;
        }
        match answer.get_mut("error") {
            None => Ok(answer["ok"].take()),
            Some(error) => {
                let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
                Err(AwsError { code: text("code"), message: text("message") }.into())
            }
        }
    }
}

/// The code of the error that AWS answered, if that is what `error` is.
pub fn code(error: &anyhow::Error) -> Option<&str> {
    error.downcast_ref::<AwsError>().map(|error| error.code.as_str())
}
