//! `terrace adopt`: the manifests that take over what exists, and the plan of them, which changes nothing.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use terrace_views::adopt::{self, Adoption};
use terrace_views::plan::{Plan, Prices};
use terrace_views::style::Style;
use terrace_views::{plan as view, terraform};

use super::cluster::{Access, Cluster};
use super::look::Output;
use super::stage::Stage;
use super::{account, manifests, plan};
use crate::cloud::Clouds;

/// Flags of `terrace adopt`.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// What is taken over, by ARN; what it stands on comes along.
    #[arg(required_unless_present_any = ["tag", "ack", "terraform_state"])]
    pub arns: Vec<String>,
    /// Everything that bears a tag, as KEY=VALUE; of several, all of them.
    #[arg(long, value_parser = tag)]
    pub tag: Vec<(String, String)>,
    /// Everything that the objects of AWS Controllers for Kubernetes in the namespace stand for.
    #[arg(long)]
    pub ack: bool,
    /// Everything in a state of Terraform, version 4, as `terraform state pull` writes it.
    #[arg(long, conflicts_with_all = ["arns", "tag", "ack"])]
    pub terraform_state: Option<PathBuf>,
    /// The Environment that is to serve the objects.
    #[arg(long)]
    pub environment: String,
    /// How it is written: text is the manifests, with all else on standard error.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    #[command(flatten)]
    pub access: Access,
}

fn tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("say KEY=VALUE")?;
    Ok((key.into(), value.into()))
}

/// What is taken over, and what is told beside it.
struct Taken {
    adoption: Adoption,
    /// The plan, or why there is none.
    plan: Result<Plan, String>,
}

/// The manifests. What none takes over is told on standard error, and so is the plan.
///
/// # Errors
/// A sentence: nothing can be read, nothing could be taken over, or applying the manifests would change something.
pub async fn run(flags: &Flags, style: &Style) -> Result<String, String> {
    let taken = match &flags.terraform_state {
        Some(file) => from_state(flags, &file.display().to_string()).await?,
        None => from_aws(flags).await?,
    };
    let text = match flags.output {
        Output::Json => document(&taken)?,
        Output::Text => {
            tell(&taken, style);
            taken.adoption.manifests.iter().map(|manifest| manifest.yaml.as_str()).collect::<Vec<_>>().join("---\n")
        }
    };
    let changes = taken.plan.iter().flat_map(|plan| &plan.objects).flat_map(|object| &object.steps);
    match changes.filter(|step| step.is_change()).count() {
        0 => Ok(text),
        count => Err(format!("applied, these manifests would change {count} resources, which is a defect: report it")),
    }
}

/// From a state; there need be no cluster.
async fn from_state(flags: &Flags, file: &str) -> Result<Taken, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let state = terraform::state::read(&text).map_err(|error| format!("{file}: {error}"))?;
    let namespace = flags.access.cluster.namespace.as_deref().unwrap_or("default");
    let mut adoption = adopt::manifests(&state.found, namespace, &flags.environment);
    adoption.left.extend(state.summary());
    if adoption.manifests.is_empty() {
        return Err(format!("{file} has nothing that a manifest could take over"));
    }
    let plan = async {
        let (cluster, clouds) = flags.access.connect().await?;
        planned(&adoption, &cluster, Stage::of(&cluster).await?, &clouds).await
    };
    let plan = plan.await;
    Ok(Taken { adoption, plan })
}

async fn from_aws(flags: &Flags) -> Result<Taken, String> {
    let (cluster, clouds) = flags.access.connect().await?;
    let stage = Stage::of(&cluster).await?;
    let account = account::Account::of(&flags.environment, &stage, &cluster, &clouds).await?;
    let mut wanted: Vec<account::Wanted> = flags.arns.iter().map(|arn| account::Wanted::named(arn)).collect();
    if !flags.tag.is_empty() {
        wanted.extend(account.tagged(&flags.tag).await?);
    }
    if flags.ack {
        wanted.extend(super::ack::resources(&cluster).await?);
    }
    let (found, unknown) = account.read(wanted).await?;
    let mut adoption = adopt::manifests(&found, &cluster.namespace, &flags.environment);
    adoption.left.extend(unknown);
    if adoption.manifests.is_empty() {
        return Err(match adoption.left.is_empty() {
            true => "nothing was found that could be taken over".into(),
            false => format!("nothing can be taken over: {}", adoption.left.join("; ")),
        });
    }
    let plan = planned(&adoption, &cluster, stage, &clouds).await;
    Ok(Taken { adoption, plan })
}

/// The plan of the manifests.
async fn planned(
    adoption: &Adoption,
    cluster: &Cluster,
    mut stage: Stage,
    clouds: &Arc<Clouds>,
) -> Result<Plan, String> {
    let text: Vec<&str> = adoption.manifests.iter().map(|manifest| manifest.yaml.as_str()).collect();
    let manifests = manifests::parse("adopt", &text.join("---\n"))?;
    stage.apply(&manifests, cluster, false).await?;
    Ok(plan::of_stage(cluster, &stage, clouds, &Prices::shipped()).await)
}

fn tell(taken: &Taken, style: &Style) {
    for left in &taken.adoption.left {
        eprintln!("not taken over: {left}");
    }
    match &taken.plan {
        Ok(plan) => eprintln!("{}", view::text(plan, style)),
        Err(why) => eprintln!("no plan was made: {why}"),
    }
}

fn document(taken: &Taken) -> Result<String, String> {
    let Adoption { manifests: all, left } = &taken.adoption;
    let text: Vec<&str> = all.iter().map(|manifest| manifest.yaml.as_str()).collect();
    let objects: Vec<Value> =
        manifests::parse("adopt", &text.join("---\n"))?.into_iter().map(|manifest| manifest.value).collect();
    let (plan, why) = match &taken.plan {
        Ok(plan) => (json!(plan), Value::Null),
        Err(why) => (Value::Null, json!(why)),
    };
    let document = json!({ "manifests": objects, "left": left, "plan": plan, "unplanned": why });
    serde_json::to_string_pretty(&document).map(|text| text + "\n").map_err(|error| error.to_string())
}
