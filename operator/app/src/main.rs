//! The `terrace` binary: the controller, and the command line beside it.

mod cli;
mod cloud;
mod commands;
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
mod reach;
mod telemetry;
mod tier;
mod wake;
mod workloads;

use std::future::Future;
use std::process::ExitCode;

use clap::Parser;
use commands::act::{self, Word};
use commands::{look, write};
use console::Term;
use jiff::Timestamp;
use telemetry::traces::Traces;
use terrace_views::style::Style;
use tokio::runtime::Handle;

fn main() -> ExitCode {
    match cli::Cli::parse().command {
        cli::Command::Controller(flags) => told(in_runtime(run(*flags)).map(|()| String::new())),
        cli::Command::Tree(flags) => told(in_runtime(async move { look::tree(&flags, &style(&Term::stdout())).await })),
        cli::Command::Why(flags) => told(in_runtime(async move { look::why(&flags, &style(&Term::stdout())).await })),
        cli::Command::Graph(flags) => told(in_runtime(async move { look::graph(&flags).await })),
        cli::Command::Wait(flags) => {
            told(in_runtime(async move { commands::wait::run(&flags, &style(&Term::stderr())).await }))
        }
        cli::Command::Approve(flags) => told(in_runtime(async move { act::approve(&flags).await })),
        cli::Command::Pause(target) => tell(target, Word::Pause),
        cli::Command::Resume(target) => tell(target, Word::Resume),
        cli::Command::Reconcile(target) => tell(target, Word::Reconcile),
        cli::Command::Observe(target) => tell(target, Word::Observe),
        cli::Command::Manage(target) => tell(target, Word::Manage),
        cli::Command::Plan(flags) => {
            shown(in_runtime(async move { commands::plan::run(&flags, &style(&Term::stdout())).await }))
        }
        cli::Command::Explain(flags) => told(write::explain(&flags, &style(&Term::stdout()))),
        cli::Command::New(flags) => told(write::new(&flags)),
        cli::Command::Prices(flags) => told(commands::offers::prices(&flags)),
        cli::Command::Export(flags) => told(in_runtime(async move { write::export(&flags).await })),
        cli::Command::Adopt(flags) => {
            told(in_runtime(async move { commands::adopt::run(&flags, &style(&Term::stderr())).await }))
        }
        cli::Command::Drift(flags) => {
            shown(in_runtime(async move { commands::drift::run(&flags, &style(&Term::stdout())).await }))
        }
        cli::Command::Ui(flags) => told(in_runtime(async move { commands::ui::run(&flags).await })),
        cli::Command::Doctor(flags) => {
            shown(in_runtime(async move { commands::doctor::run(&flags, &style(&Term::stdout())).await }))
        }
        cli::Command::Completions(flags) => told(commands::shell::completions(&flags)),
        cli::Command::Man(flags) => told(commands::shell::manual(&flags)),
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

fn tell(target: Box<act::Target>, word: Word) -> ExitCode {
    told(in_runtime(async move { act::tell(&target, word).await }))
}

/// How text is laid out on a terminal, or on what is none. NO_COLOR (no-color.org) is honoured, and a locale without UTF-8.
fn style(term: &Term) -> Style {
    let plain = Style::plain(Timestamp::now());
    if !term.is_term() {
        return plain;
    }
    let color = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let width = term.size_checked().map(|(_, columns)| columns.into());
    // The first of these that is set is the one that holds (POSIX, "Environment Variables").
    let set = |name: &&str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find(|name| set(name)).and_then(|name| std::env::var(name).ok());
    let utf8 = |locale: &String| ["UTF-8", "UTF8"].iter().any(|known| locale.to_uppercase().contains(known));
    let ascii = locale.is_some_and(|locale| !utf8(&locale));
    Style { color, width, ascii, ..plain }
}

/// Prints what there is to see, and ends with its code.
fn shown(said: Result<(String, ExitCode), String>) -> ExitCode {
    match said {
        Ok((text, code)) => {
            print!("{text}");
            code
        }
        Err(error) => told(Err(error)),
    }
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
