//! `terrace plan`: what would happen if these manifests were applied.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use futures::{FutureExt, StreamExt, stream};
use terrace_crds::Environment;
use terrace_views::plan::{self as view, Basis, ObjectPlan, Plan, Prices, Problem, Verb};
use terrace_views::style::Style;

use super::cluster::{Access, Cluster};
use super::named::Named;
use super::stage::{Asked, Stage};
use super::{assume, eyes, manifests, prices, stage};
use crate::cloud::Clouds;
use crate::context::Context;
use crate::environment::is_ready;
use crate::tier::Mode;

/// Plans that are made at once.
const AT_ONCE: usize = 16;

/// Flags of `terrace plan`.
#[derive(Clone, Debug, Default, Args)]
pub struct Flags {
    /// Objects that stand, as KIND/NAME; all of them unless any is named or manifests are given.
    pub objects: Vec<String>,
    /// A manifest, a folder of them, or - for standard input.
    #[arg(long, short)]
    pub filename: Vec<PathBuf>,
    /// A folder that kubectl builds with kustomize.
    #[arg(long, short)]
    pub kustomize: Vec<PathBuf>,
    /// Shows what deleting the objects would do.
    #[arg(long)]
    pub delete: bool,
    #[command(flatten)]
    pub prices: prices::Flags,
    /// Needs no cluster and no account: everything in the manifests, which include an Environment, is taken for new.
    #[arg(long)]
    pub offline: bool,
    /// How the plan is written.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// Ends with 2 where something would be changed, with 0 where nothing would, as terraform's does.
    #[arg(long)]
    pub detailed_exitcode: bool,
    #[command(flatten)]
    pub access: Access,
}

/// The form in which a plan is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    #[default]
    Text,
    Json,
    /// For a comment on a pull request.
    Markdown,
}

/// Plans, and says with which code to end: 1 where somebody must mend something first.
///
/// # Errors
/// A sentence for the person who asked.
pub async fn run(flags: &Flags, style: &Style) -> Result<(String, ExitCode), String> {
    let plan = plan(flags).await?;
    let text = written(&plan, flags.output, style)?;
    let code = match plan.has_changes() {
        _ if plan.is_refused() => ExitCode::FAILURE,
        true if flags.detailed_exitcode => ExitCode::from(2),
        _ => ExitCode::SUCCESS,
    };
    Ok((text, code))
}

/// A plan in a form.
///
/// # Errors
/// None but a defect: a plan is plain data.
pub fn written(plan: &Plan, output: Output, style: &Style) -> Result<String, String> {
    Ok(match output {
        Output::Text => view::text(plan, style),
        Output::Markdown => view::markdown(plan),
        Output::Json => {
            let document = serde_json::json!({ "plan": plan, "summary": plan.summary() });
            serde_json::to_string_pretty(&document).map_err(|error| error.to_string())? + "\n"
        }
    })
}

/// Plans what the flags ask for.
///
/// # Errors
/// A sentence for the person who asked.
pub async fn plan(flags: &Flags) -> Result<Plan, String> {
    let prices = flags.prices.read()?;
    let (cluster, mut stage) = match flags.offline {
        true => (Cluster::none(flags.access.cluster.namespace.as_ref())?, Stage::default()),
        false => {
            let cluster = flags.access.cluster.connect().await?;
            let stage = Stage::of(&cluster).await?;
            (cluster, stage)
        }
    };
    let manifests = manifests::read(&flags.filename, &flags.kustomize)?;
    if flags.filename.is_empty() && flags.kustomize.is_empty() {
        if flags.offline {
            return Err("--offline plans manifests: name some with -f or -k".into());
        }
        let names = flags.objects.iter().map(|name| Named::of(name)).collect::<Result<Vec<_>, _>>()?;
        stage.ask(&names, flags.access.cluster.namespace.as_deref())?;
    } else {
        stage.apply(&manifests, &cluster, flags.offline).await?;
    }
    if flags.delete {
        stage.delete();
    }
    match flags.offline {
        true => {
            let context = stage.context(&cluster, &cluster.clouds(&flags.access.reach).await?, assumed(&stage, true));
            Ok(Plan { basis: Basis::Manifests, objects: told(&stage, &context, &prices).await })
        }
        false => Ok(of_stage(&cluster, &stage, &cluster.clouds(&flags.access.reach).await?, &prices).await),
    }
}

/// Plans what a stage asks for, by AWS as far as it can be read.
pub async fn of_stage(cluster: &Cluster, stage: &Stage, clouds: &Arc<Clouds>, prices: &Prices) -> Plan {
    let context = stage.context(cluster, clouds, assumed(stage, false));
    let blind = told(stage, &context, prices).await;
    let needed = blind.iter().filter_map(|plan| plan.environment.clone()).collect();
    let (eyes, environments) = eyes::look(&needed, stage.environments(), &context).await;
    let context = Context { environments: stage::environments(environments), ..context };
    let objects = stream::iter(stage.asked.iter().zip(&blind)).map(|(asked, blind)| {
        let closed = blind.environment.as_ref().is_some_and(|name| eyes.closed.contains_key(name));
        one(asked, if closed { Mode::Foretell } else { Mode::Foresee }, &context, prices)
    });
    Plan { basis: eyes.basis(), objects: objects.buffered(AT_ONCE).collect().await }
}

/// Plans what a stage asks for by what is on record, without AWS.
pub async fn of_record(cluster: &Cluster, stage: &Stage, clouds: &Arc<Clouds>, prices: &Prices) -> Plan {
    let context = stage.context(cluster, clouds, assumed(stage, false));
    let basis = Basis::Record { why: "AWS was not asked".into() };
    Plan { basis, objects: told(stage, &context, prices).await }
}

/// The Environments, of those that are not in order, or of all, what would be if they were.
fn assumed(stage: &Stage, all: bool) -> Vec<Environment> {
    let in_order = |environment: Environment| match is_ready(&environment) && !all {
        true => environment,
        false => assume::in_order(environment),
    };
    stage.environments().into_iter().map(in_order).collect()
}

/// The plan as it is without AWS, which tells as well which Environment serves which object.
async fn told(stage: &Stage, context: &Context, prices: &Prices) -> Vec<ObjectPlan> {
    // Boxed, so that the compiler sees that it may be sent.
    let objects = stage.asked.iter().map(|asked| one(asked, Mode::Foretell, context, prices).boxed());
    stream::iter(objects.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await
}

async fn one(asked: &Asked, mode: Mode, context: &Context, prices: &Prices) -> ObjectPlan {
    let text = |field: &str| asked.object["metadata"][field].as_str().unwrap_or_default().to_owned();
    let mut plan = ObjectPlan {
        kind: asked.kind.name.into(),
        namespace: text("namespace"),
        name: text("name"),
        environment: None,
        object: asked.change,
        steps: Vec::new(),
        problem: None,
        approval: None,
    };
    let told = |problem: crate::problem::Problem| Problem {
        reason: problem.reason.into(),
        message: problem.message,
        stalled: problem.stalled,
    };
    match asked.kind.foresee(&asked.object, mode, context).await {
        // What cannot even be planned counts as refused, also where it may pass by itself.
        Err(problem) => plan.problem = Some(Problem { stalled: true, ..told(problem) }),
        Ok(foreseen) => {
            plan.environment = Some(foreseen.environment);
            plan.problem = foreseen.waits.map(told);
            if let Some(outcome) = &foreseen.outcome {
                plan.steps = view::steps(outcome);
                view::price(&mut plan.steps, outcome, prices);
                plan.approval = outcome.pending.as_ref().map(|pending| pending.hash.clone());
            }
        }
    }
    // Only the operator logs in to databases.
    for step in plan.steps.iter_mut().filter(|step| step.kind.starts_with("sql/") && step.verb == Verb::Stop) {
        (step.verb, step.message) =
            (Verb::Unknown, Some("not looked at: only the operator logs in to databases".into()));
    }
    plan
}
