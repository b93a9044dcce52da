//! `terrace drift`: everything in the cluster that somebody changed outside Terrace, by a fresh look at AWS.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use terrace_views::plan as view;
use terrace_views::style::Style;

use super::account::Account;
use super::cluster::Access;
use super::plan::{self, Flags as Plan, Output};
use super::stage::Stage;

/// Flags of `terrace drift`.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// The objects of all namespaces.
    #[arg(long, short = 'A')]
    pub all_namespaces: bool,
    /// How it is written.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    #[command(flatten)]
    pub access: Access,
}

/// What differs, and 2 to end with where anything does.
///
/// # Errors
/// A sentence for the person who asked.
pub async fn run(flags: &Flags, style: &Style) -> Result<(String, ExitCode), String> {
    let mut access = flags.access.clone();
    if !flags.all_namespaces && access.cluster.namespace.is_none() {
        access.cluster.namespace = Some(access.cluster.connect().await?.namespace);
    }
    let all = Plan { access, ..Plan::default() };
    let mut plan = plan::plan(&all).await?;
    if let view::Basis::Record { why } = &plan.basis {
        return Err(format!("drift is what AWS shows, and it cannot be read: {why}"));
    }
    for object in &mut plan.objects {
        object.steps.retain(|step| step.drift);
        object.problem = object.problem.take().filter(|problem| problem.stalled);
    }
    plan.objects.retain(|object| !object.steps.is_empty() || object.problem.is_some());
    let drifted = plan.objects.iter().any(|object| !object.steps.is_empty());
    if drifted {
        blame(&mut plan, &all.access).await;
    }
    let text = match flags.output {
        Output::Text if plan.objects.is_empty() => "Nothing was changed outside Terrace.\n".into(),
        output => plan::written(&plan, output, style)?,
    };
    Ok((text, if drifted { ExitCode::from(2) } else { ExitCode::SUCCESS }))
}

/// Says who changed what, where CloudTrail can tell: what it does not, or may not be asked, is left open.
async fn blame(plan: &mut view::Plan, access: &Access) {
    let Ok((cluster, clouds)) = access.connect().await else { return };
    let Ok(stage) = Stage::of(&cluster).await else { return };
    let mut accounts = BTreeMap::new();
    for object in plan.objects.iter_mut().filter(|object| !object.steps.is_empty()) {
        let Some(name) = &object.environment else { continue };
        if !accounts.contains_key(name) {
            accounts.insert(name.clone(), Account::of(name, &stage, &cluster, &clouds).await);
        }
        let Some(Ok(account)) = accounts.get(name) else { continue };
        for step in &mut object.steps {
            let Some(handle) = &step.handle else { continue };
            if let Some(said) = account.last_change(handle, &step.region).await {
                step.message =
                    Some(step.message.iter().map(String::as_str).chain([&*said]).collect::<Vec<_>>().join("; "));
            }
        }
    }
}
