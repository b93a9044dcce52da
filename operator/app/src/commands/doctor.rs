//! `terrace doctor`: whether an installation is in order, and the commands that mend what is not.

use std::process::ExitCode;

use clap::Args;
use futures::future::join_all;
use terrace_views::doctor::Report;
use terrace_views::style::Style;

use super::checkup;
use super::cluster::Access;
use super::look::{Output, written};
use super::stage::Stage;

/// Flags of `terrace doctor`.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// How it is written.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    #[command(flatten)]
    pub access: Access,
}

/// What was found, and 2 to end with where anything must be mended.
///
/// # Errors
/// A sentence: the cluster cannot be reached.
pub async fn run(flags: &Flags, style: &Style) -> Result<(String, ExitCode), String> {
    let cluster = flags.access.cluster.connect().await?;
    let mut findings = checkup::cluster::findings(&cluster).await?;
    match Stage::of(&cluster).await {
        // Said by the findings on the definitions.
        Err(_) if findings.iter().any(|finding| finding.what == checkup::cluster::DEFINITIONS) => {}
        Err(why) => return Err(why),
        Ok(stage) => {
            let context = stage.context(&cluster, &cluster.clouds(&flags.access.reach).await?, Vec::new());
            let environments = stage.environments();
            let of_each = environments.iter().map(|one| checkup::environment::findings(one, &context));
            findings.extend(join_all(of_each).await.concat());
            if environments.is_empty() {
                findings.push(checkup::environment::none());
            }
        }
    }
    let report = Report { findings };
    let text = written(flags.output, &report, || report.text(style))?;
    Ok((text, if report.is_missing() { ExitCode::from(2) } else { ExitCode::SUCCESS }))
}
