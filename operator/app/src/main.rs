//! The `terrace` binary: the controller, and the command line beside it.

mod cli;
mod cloud;
mod conditions;
mod context;
mod controller;
mod environment;
mod kinds;
mod leader;
mod listed;
mod log_routing;
mod next;
mod object;
mod problem;
mod telemetry;
mod tier;
mod wake;
mod workloads;

use std::process::ExitCode;

use clap::Parser;
use telemetry::traces::Traces;
use tokio::runtime::Handle;

fn main() -> ExitCode {
    let cli::Cli { command: cli::Command::Controller(flags) } = cli::Cli::parse();
    // Both clients, the cluster's and AWS's, encrypt by the same library.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("terrace: the TLS library is set up already");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("terrace: cannot start its threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(*flags)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("terrace: {error}");
            ExitCode::FAILURE
        }
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
