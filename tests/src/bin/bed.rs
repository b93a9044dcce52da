//! The test bed from the command line: `bed build | up [ministack|moto] | emulator ministack|moto -- COMMAND… | base |
//! demo | down`.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use terrace_tests::helm::Helm;
use terrace_tests::progress::Progress;
use terrace_tests::tools::{self, GitOpsTools, Tools};
use terrace_tests::{Bed, Emulator, Options, alone, demo};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
usage: bed build                            builds what is missing in the cache
       bed up [ministack|moto]              brings up a bed, until Ctrl-C
       bed emulator ministack|moto -- COMMAND…
                                            runs a command beside an emulator alone, for the tests of the wire
       bed base                             prints what the chart renders with its default values
       bed demo                             brings up the demonstration, and leaves it running
       bed down                             ends the demonstration";

#[tokio::main]
async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args.iter().map(String::as_str).collect::<Vec<_>>()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &[&str]) -> Result<ExitCode> {
    match args {
        ["build"] => {
            Tools::get(&Progress::loud()).await?;
            tools::promtool(&Progress::loud()).await?;
            GitOpsTools::get(&Progress::loud()).await?;
        }
        ["up"] => up(Emulator::Ministack).await?,
        ["up", emulator] => up(named(emulator)?).await?,
        ["emulator", emulator, "--", command @ ..] if !command.is_empty() => {
            return alone::run(named(emulator)?, command, &Progress::loud()).await.map(ExitCode::from);
        }
        ["base"] => {
            let tools = Tools::get(&Progress::builds_only()).await?;
            print!("{}", Helm::new(tools.helm(), "/dev/null".into()).base().await?);
        }
        ["demo"] => demo::up().await?,
        ["serve"] => demo::serve().await?,
        ["down"] => demo::down().await?,
        _ => bail!("{USAGE}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn named(emulator: &str) -> Result<Emulator> {
    Emulator::named(emulator).with_context(|| format!("no emulator {emulator:?}\n{USAGE}"))
}

async fn up(emulator: Emulator) -> Result<()> {
    let bed = Bed::start(Options { emulator, progress: Progress::loud(), ..Options::default() }).await?;
    // Whoever reads the lines may end this at once.
    let mut ended = signal(SignalKind::terminate())?;
    println!("export AWS_ENDPOINT_URL={}", bed.checker.url);
    println!("export KUBECONFIG={}", bed.kubectl().kubeconfig().display());
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = ended.recv() => {}
    }
    Ok(())
}
