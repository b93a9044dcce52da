//! The `terrace` binary: the controller, and the command line beside it.

mod cli;
mod cloud;
mod conditions;
mod context;
mod controller;
mod drift;
mod environment;
mod install;
mod kinds;
mod leader;
mod listed;
mod log_routing;
mod next;
mod object;
mod policy;
mod problem;
mod telemetry;
mod tier;
mod wake;
mod workloads;

use std::future::Future;
use std::process::ExitCode;

use clap::Parser;
use telemetry::traces::Traces;
use tokio::runtime::Handle;

fn main() -> ExitCode {
    match cli::Cli::parse().command {
        cli::Command::Controller(flags) => told(in_runtime(run(*flags)).map(|()| String::new())),
        cli::Command::DriftRule(flags) => told(Ok(drift::rule::print(&flags))),
        cli::Command::Policy(flags) => told(in_runtime(async move { policy::print(&flags) })),
    }
}

/// Runs the controller, and tells of it.
async fn run(flags: cli::Flags) -> Result<(), String> {
    let to = |endpoint: &String| Traces::to(endpoint, &flags.instance(), Handle::current());
    let traces = flags.otlp_endpoint.as_ref().filter(|endpoint| !endpoint.is_empty()).map(to).transpose()?;
    telemetry::logs::init(flags.log_format, traces.as_ref());
    let ended = controller::run(flags).await;
    if let Some(traces) = traces {
        traces.end().await;
    }
    ended
}

fn in_runtime<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    // Both clients, the cluster's and AWS's, encrypt by the same library.
    let provider = rustls::crypto::aws_lc_rs::default_provider().install_default();
    provider.map_err(|_| "the TLS library is set up already")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| format!("cannot start its threads: {error}"))?.block_on(work)
}

/// Says what there is to say, on the stream that it belongs on.
fn told(said: Result<String, String>) -> ExitCode {
    match said {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("terrace: {error}");
            ExitCode::FAILURE
        }
    }
}
