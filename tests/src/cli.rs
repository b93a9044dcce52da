//! The program's own commands, as a person types them.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::operator::program;
use crate::process::fed;
use crate::tenant::Tenant;

/// The commands that call AWS, and take an endpoint.
pub const OF_AWS: &[&str] = &["plan", "drift", "adopt", "doctor"];

/// What a command came to.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Tenant<'_> {
    /// Runs `terrace` with these arguments and this input, by the tenant's kubeconfig and in its account.
    ///
    /// # Errors
    /// When it cannot be run.
    pub async fn terrace(&self, args: &[&str], input: &str) -> Result<Said> {
        self.terrace_with(args, input, &[("AWS_ACCESS_KEY_ID", &self.account.id), ("AWS_SECRET_ACCESS_KEY", "test")])
            .await
    }

    /// As [`terrace`](Self::terrace), with these variables and no others of AWS.
    ///
    /// # Errors
    /// As that.
    pub async fn terrace_with(&self, args: &[&str], input: &str, env: &[(&str, &str)]) -> Result<Said> {
        let mut command = Command::new(program()?);
        command.args(args).env_clear();
        if args.first().is_some_and(|command| OF_AWS.contains(command)) {
            command.arg("--aws-endpoint-url").arg(&self.bed.checker.url);
        }
        command.env("KUBECONFIG", self.kubectl.kubeconfig()).env("AWS_REGION", "eu-west-1");
        command.env("AWS_EC2_METADATA_DISABLED", "true").envs(env.iter().copied());
        let beside = self.kubectl.program().parent().context("kubectl is in a folder")?;
        command.env("PATH", format!("{}:{}", beside.display(), std::env::var("PATH").unwrap_or_default()));
        let output = fed(command.kill_on_drop(true), input).await.context("start terrace")?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) })
    }
}

impl Tenant<'_> {
    /// Serves the page of `terrace ui` by the tenant's kubeconfig; gives back the server, and where it serves.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn page(&self) -> Result<(Child, String)> {
        let mut command = Command::new(program()?);
        command.arg("ui").env("KUBECONFIG", self.kubectl.kubeconfig()).env("AWS_EC2_METADATA_DISABLED", "true");
        let mut server = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().context("start terrace ui")?;
        let out = server.stdout.take().context("stdout is piped")?;
        let line = BufReader::new(out).lines().next_line().await?.context("it says where it serves")?;
        let url = line.split(' ').next().unwrap_or_default().to_owned();
        ensure!(url.starts_with("http://127.0.0.1:"), "{line}");
        Ok((server, url))
    }
}

impl Said {
    /// The command ended with this code and said nothing else.
    ///
    /// # Errors
    /// What it said, where it did not.
    pub fn ends(self, code: i32) -> Result<Said> {
        ensure!(
            self.code == code && (self.err.is_empty() || code == 1),
            "ended with {}, not {code}: {self:?}",
            self.code
        );
        Ok(self)
    }
}
