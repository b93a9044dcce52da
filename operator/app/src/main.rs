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

fn main() -> ExitCode {
    match cli::Cli::parse().command {
        cli::Command::Controller(flags) => {
            telemetry::logs::init(flags.log_format);
            told(in_runtime(controller::run(*flags)).map(|()| String::new()))
        }
        cli::Command::DriftRule(flags) => told(Ok(drift::rule::print(&flags))),
        cli::Command::Policy(flags) => told(in_runtime(async move { policy::print(&flags) })),
    }
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
