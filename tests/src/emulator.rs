//! The AWS emulator.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use crate::http;
use crate::ports::Port;
use crate::process::{Process, until_up};
use crate::python::Python;
use crate::wait::ensure;

const DEADLINE: Duration = Duration::from_secs(120);

/// Which emulator stands for AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emulator {
    /// ministack: the default. The 12-digit access key is the account.
    Ministack,
    /// moto: what ministack lacks. The account comes in a header, which the checker adds.
    Moto,
}

impl Emulator {
    /// Both, for scenarios that run on each.
    pub const ALL: [Emulator; 2] = [Emulator::Ministack, Emulator::Moto];

    /// The emulator called `name`.
    pub fn named(name: &str) -> Option<Emulator> {
        Emulator::ALL.into_iter().find(|emulator| emulator.name() == name)
    }

    /// Its name: `ministack` or `moto`.
    pub fn name(self) -> &'static str {
        match self {
            Emulator::Ministack => "ministack",
            Emulator::Moto => "moto",
        }
    }

    /// The header in which it takes the account, if it does not take it from the access key.
    pub fn account_header(self) -> Option<&'static str> {
        (self == Emulator::Moto).then_some("x-moto-account-id")
    }

    fn probe(self) -> &'static str {
        match self {
            Emulator::Ministack => "/_ministack/health",
            Emulator::Moto => "/moto-api/",
        }
    }

    fn reset(self) -> &'static str {
        match self {
            Emulator::Ministack => "/_ministack/reset",
            Emulator::Moto => "/moto-api/reset",
        }
    }

    fn command(self, python: &Python, port: &Port) -> Command {
        let number = port.number().to_string();
        let mut emulator = match self {
            Emulator::Ministack => python.module("ministack", &[]),
            Emulator::Moto => python.module("moto.server", &["-H", "127.0.0.1", "-p", &number]),
        };
        emulator.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", number);
        // No container, whatever the machine has: the emulators start some where they find Docker.
        emulator.env("DOCKER_HOST", "tcp://127.0.0.1:1");
        // moto has AWS's managed policies only when it is told to.
        emulator.env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true");
        // Nor a listener at a fixed port: beds run side by side.
        emulator.env("IOT_MTLS_ENABLED", "0");
        emulator
    }
}

/// Whether an emulator asks IAM whether a call is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Iam {
    /// Everything is allowed.
    #[default]
    Ignored,
    /// What no policy allows is refused, and so is a request whose signature does not fit: one that the checker has
    /// rewritten. Known to ministack alone.
    Enforced,
}

/// A running emulator.
pub struct Running {
    /// Which it is.
    pub emulator: Emulator,
    /// `http://127.0.0.1:PORT`; the operator is to use the checker's before it.
    pub url: String,
    process: Process,
    _port: Port,
}

impl Running {
    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// When it ends or does not answer in time.
    pub async fn start(emulator: Emulator, iam: Iam, python: &Python, scratch: &Path) -> Result<Running> {
        let port = Port::take()?;
        let mut command = emulator.command(python, &port);
        command.env("AUTH", (iam == Iam::Enforced).to_string());
        let mut process = Process::start(emulator.name(), &command, scratch)?;
        let url = port.http();
        until_up(std::slice::from_mut(&mut process), emulator.name(), DEADLINE, async || {
            ensure(http::get(&url, emulator.probe()).await?.status == 200, "not ready")
        })
        .await?;
        Ok(Running { emulator, url, process, _port: port })
    }

    /// Forgets everything, in all accounts.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn reset(&self) -> Result<()> {
        let reply = http::post(&self.url, self.emulator.reset(), &Value::Null).await?;
        ensure(reply.status == 200, reply.body)
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
