//! `terrace plan`: what would happen if these manifests were applied.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use futures::{StreamExt, stream};
use terrace_aws::sts;
use terrace_crds::Environment;
use terrace_crds::environment::IdentityType;
use terrace_views::plan::{self as view, Basis, ObjectPlan, Plan, Prices, Problem, Verb};
use terrace_views::style::Style;

use super::cluster::{self, Cluster};
use super::stage::{Asked, Stage};
use super::{assume, manifests, named};
use crate::context::Context;
use crate::environment::{is_ready, resolved};
use crate::reach;
use crate::tier::Mode;

/// Plans that are made at once.
const AT_ONCE: usize = 16;

/// Flags of `terrace plan`.
#[derive(Clone, Debug, Args)]
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
    /// Prices that go before those that travel with Terrace, in the same form.
    #[arg(long)]
    pub prices: Option<PathBuf>,
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
    pub cluster: cluster::Flags,
    #[command(flatten)]
    pub reach: reach::Flags,
}

/// The form in which a plan is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
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

impl Flags {
    fn prices(&self) -> Result<Prices, String> {
        let Some(file) = &self.prices else { return Ok(Prices::shipped()) };
        let said = |error: &dyn std::fmt::Display| format!("--prices {}: {error}", file.display());
        let text = std::fs::read_to_string(file).map_err(|error| said(&error))?;
        Prices::shipped().with(&text).map_err(|error| said(&error))
    }

    /// A plan of all that stands.
    pub fn of_all() -> Self {
        Flags {
            objects: Vec::new(),
            filename: Vec::new(),
            kustomize: Vec::new(),
            prices: None,
            delete: false,
            offline: false,
            output: Output::Text,
            detailed_exitcode: false,
            cluster: cluster::Flags::default(),
            reach: reach::Flags::default(),
        }
    }
}

/// Plans what the flags ask for.
///
/// # Errors
/// A sentence for the person who asked.
pub async fn plan(flags: &Flags) -> Result<Plan, String> {
    let prices = flags.prices()?;
    let (cluster, mut stage) = match flags.offline {
        true => (Cluster::none(flags.cluster.namespace.as_ref())?, Stage::default()),
        false => {
            let cluster = flags.cluster.connect().await?;
            let stage = Stage::of(&cluster).await?;
            (cluster, stage)
        }
    };
    let manifests = manifests::read(&flags.filename, &flags.kustomize)?;
    if flags.filename.is_empty() && flags.kustomize.is_empty() {
        if flags.offline {
            return Err("--offline plans manifests: name some with -f or -k".into());
        }
        let names = flags.objects.iter().map(|name| named(name)).collect::<Result<Vec<_>, _>>()?;
        stage.ask(&names, flags.cluster.namespace.as_deref())?;
    } else {
        stage.apply(&manifests, &cluster, flags.offline).await?;
    }
    if flags.delete {
        stage.delete();
    }
    let blind = told(&cluster, &stage, flags, &prices).await?;
    if flags.offline {
        return Ok(Plan { basis: Basis::Manifests, objects: blind });
    }
    let (eyes, environments) = look(&blind, &cluster, &stage, flags).await?;
    let context = stage.context(&cluster, &flags.reach, environments).await?;
    let objects = stream::iter(stage.asked.iter().zip(&blind)).map(|(asked, blind)| {
        let closed = blind.environment.as_ref().is_some_and(|name| eyes.closed.contains_key(name));
        one(asked, if closed { Mode::Foretell } else { Mode::Foresee }, &context, &prices)
    });
    Ok(Plan { basis: eyes.basis(), objects: objects.buffered(AT_ONCE).collect().await })
}

/// The plan as it is without AWS, which tells as well which Environment serves which object.
async fn told(cluster: &Cluster, stage: &Stage, flags: &Flags, prices: &Prices) -> Result<Vec<ObjectPlan>, String> {
    let in_order = |environment: Environment| match is_ready(&environment) && !flags.offline {
        true => environment,
        false => assume::in_order(environment),
    };
    let environments = stage.environments().into_iter().map(in_order).collect();
    let context = stage.context(cluster, &flags.reach, environments).await?;
    let objects = stream::iter(&stage.asked).map(|asked| one(asked, Mode::Foretell, &context, prices));
    Ok(objects.buffered(AT_ONCE).collect().await)
}

/// With whose eyes the accounts are read.
#[derive(Default)]
struct Eyes {
    identities: BTreeSet<String>,
    /// The Environments whose account cannot be read, and why.
    closed: BTreeMap<String, String>,
}

impl Eyes {
    fn basis(&self) -> Basis {
        match self.closed.values().next() {
            Some(why) => Basis::Record { why: why.clone() },
            None => Basis::Aws { identity: self.identities.iter().cloned().collect::<Vec<_>>().join(", ") },
        }
    }
}

/// Finds out who may read the Environments that are needed; gives back all of them, those as that one sees them.
async fn look(
    plans: &[ObjectPlan],
    cluster: &Cluster,
    stage: &Stage,
    flags: &Flags,
) -> Result<(Eyes, Vec<Environment>), String> {
    let context = stage.context(cluster, &flags.reach, Vec::new()).await?;
    let needed: BTreeSet<&String> = plans.iter().filter_map(|plan| plan.environment.as_ref()).collect();
    let (mut eyes, mut seen) = (Eyes::default(), Vec::new());
    for environment in stage.environments() {
        let name = environment.metadata.name.clone().unwrap_or_default();
        if !needed.contains(&name) {
            seen.push(environment);
            continue;
        }
        match identified(&environment, &context).await {
            Ok((identity, environment)) => {
                eyes.identities.insert(identity);
                seen.push(resolved(environment, &context).await);
            }
            Err(why) => {
                eyes.closed.insert(name, why);
                seen.push(if is_ready(&environment) { environment } else { assume::in_order(environment) });
            }
        }
    }
    Ok((eyes, seen))
}

/// Who reads the account of an Environment: the person's own identity where that is of the account, else the role that the
/// Environment names.
async fn identified(environment: &Environment, context: &Context) -> Result<(String, Environment), String> {
    let name = environment.metadata.name.clone().unwrap_or_default();
    let mut own = environment.clone();
    (own.spec.identity.type_, own.spec.identity.assume_role) = (IdentityType::Operator, None);
    let mut said = String::new();
    for environment in [own, environment.clone()] {
        let cloud = context.clouds.of(&environment);
        match sts::caller(&cloud.clients, &environment.spec.region).await {
            Ok(caller) if caller.account == environment.spec.account => return Ok((caller.arn, environment)),
            Ok(caller) => said = format!("{} is not in account {}", caller.arn, environment.spec.account),
            Err(error) => said = error.to_string(),
        }
    }
    Err(format!("the account of Environment {name} cannot be read ({said})"))
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
