//! The `terrace` binary: the controller, and the command line beside it.

mod cli;
mod cloud;
mod conditions;
mod context;
mod controller;
mod drift;
mod environment;
mod kinds;
mod leader;
mod listed;
mod log_routing;
mod object;
mod problem;
mod telemetry;
mod tier;
mod wake;
mod workloads;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let flags = match cli::Cli::parse().command {
        cli::Command::Controller(flags) => flags,
        cli::Command::DriftRule(flags) => {
            print!("{}", drift::rule::print(&flags));
            return ExitCode::SUCCESS;
        }
    };
    telemetry::logs::init(flags.log_format);
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
    match runtime.block_on(controller::run(*flags)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("terrace: {error}");
            ExitCode::FAILURE
        }
    }
}
