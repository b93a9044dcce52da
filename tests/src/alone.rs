//! An emulator and its checker without a cluster, for as long as one command runs: what the providers' wire tests are
//! run against.

use std::process::{Command, ExitStatus};

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::bed::start_aws;
use crate::checker::Request;
use crate::emulator::{Emulator, Iam};
use crate::process::{Process, command};
use crate::progress::Progress;
use crate::python::Python;
use crate::scratch::Scratch;

/// Names the checker before the emulator to the command.
const ENDPOINT: &str = "TERRACE_WIRE_ENDPOINT";
/// Names the emulator itself.
const EMULATOR: &str = "TERRACE_WIRE_EMULATOR";

/// Starts an emulator, runs a command that finds it in its environment, and ends both, however the command or this
/// program ends. Answers the exit code: that of the command, 128 and the signal's number after SIGINT or SIGTERM, and 1
/// where the command was content but a request was one that AWS would refuse.
///
/// # Errors
/// When something cannot be started.
pub async fn run(emulator: Emulator, words: &[&str], progress: &Progress) -> Result<u8> {
    let (program, args) = words.split_first().context("no command")?;
    let python = Python::get(progress).await?;
    let scratch = Scratch::new()?;
    let (mut running, mut checker) = start_aws(emulator, Iam::Ignored, &python, scratch.path(), progress).await?;
    let mut told = command(program, args);
    told.env(ENDPOINT, &checker.url).env(EMULATOR, emulator.name());
    let code = follow(&told, &scratch).await?;
    // Whoever looks for the cause of a failure should know.
    if let Err(dead) = running.alive().and_then(|()| checker.alive()) {
        eprintln!("{dead:#}");
    }
    let refused = checker.violations(None)?;
    refused.iter().for_each(|request| eprintln!("AWS would refuse {}", describe(request)));
    checker.stop().await?;
    running.stop().await?;
    Ok(if code == 0 && !refused.is_empty() { 1 } else { code })
}

/// Waits for the end of the command, and ends it when this program is told to end.
async fn follow(told: &Command, scratch: &Scratch) -> Result<u8> {
    let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
    let (mut interrupted, mut terminated) = (signal(interrupt)?, signal(terminate)?);
    let mut process = Process::attached("command", told, scratch.path())?;
    let by = tokio::select! {
        status = process.wait() => return Ok(code(status?)),
        _ = interrupted.recv() => interrupt,
        _ = terminated.recv() => terminate,
    };
    process.stop().await?;
    Ok(u8::try_from(128 + by.as_raw_value()).unwrap_or(u8::MAX))
}

/// The guard of a process answers a code, even for one that a signal has ended.
fn code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

fn describe(request: &Request) -> String {
    let wrong = request.violations.iter().map(|wrong| format!("{} {}", wrong.path, wrong.message));
    format!("{}.{}: {}", request.service, request.op, wrong.collect::<Vec<_>>().join("; "))
}
