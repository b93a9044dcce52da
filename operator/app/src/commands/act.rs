//! `terrace approve`, `pause`, `resume`, `reconcile` and `observe`: what a person tells the operator about an object, as
//! the annotation or the field that says so.

use clap::Args;
use jiff::Timestamp;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde::Serialize;
use serde_json::{Value, json};
use terrace_crds::{APPROVE, PAUSE, PlanSummary, RECONCILE_AT};
use terrace_views::ObjectName;

use super::cluster::{self, said};
use super::look::{Output, written};
use super::named::Named;

/// Which object is meant.
#[derive(Clone, Debug, Args)]
pub struct Target {
    /// The object, as KIND/NAME.
    pub object: String,
    /// How it is written what was done.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    #[command(flatten)]
    pub cluster: cluster::Flags,
}

/// Flags of `terrace approve`.
#[derive(Clone, Debug, Args)]
pub struct Approve {
    #[command(flatten)]
    pub target: Target,
    /// The hash of the plan, or of one choice in it; needed where there is a choice.
    #[arg(long)]
    pub plan: Option<String>,
}

/// What to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Pause,
    Resume,
    Reconcile,
    Observe,
    Manage,
}

/// What was done, as `-o json` prints it. Fields may be added to it; none is renamed or taken away.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Done<'a> {
    #[serde(flatten)]
    object: ObjectName,
    /// Approved, Paused, Resumed, Reconciled, Observed or Managed.
    done: &'static str,
    /// The changes that may go on now, each with its action, id and kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<&'a terrace_crds::PlanEntry>,
}

/// An object that was found.
struct Found {
    api: Api<DynamicObject>,
    named: Named,
    key: ObjectName,
    object: Value,
}

impl Found {
    async fn of(target: &Target) -> Result<Found, String> {
        let named = Named::of(&target.object)?;
        let cluster = target.cluster.connect().await?;
        let api = cluster.api(named.kind, &cluster.namespace);
        let found = api.get_opt(&named.name).await.map_err(said)?;
        let found = found.ok_or_else(|| named.absent(named.within(&cluster.namespace)))?;
        let object = serde_json::to_value(found).map_err(|error| error.to_string())?;
        Ok(Found { api, key: ObjectName::from(&named.key(&cluster.namespace)), named, object })
    }

    async fn patch(&self, patch: &Value) -> Result<(), String> {
        self.api.patch(&self.named.name, &PatchParams::default(), &Patch::Merge(patch)).await.map(drop).map_err(said)
    }

    fn title(&self) -> String {
        self.named.title()
    }
}

/// Lets a change through that waits for consent.
///
/// # Errors
/// Where nothing waits, or it is not said which of several choices is meant.
pub async fn approve(flags: &Approve) -> Result<String, String> {
    let found = Found::of(&flags.target).await?;
    let plan: Option<PlanSummary> = serde_json::from_value(found.object["status"]["plan"].clone()).ok();
    let plan = plan.ok_or(format!("nothing of {} waits for consent: status.plan is empty", found.title()))?;
    let hash = chosen(&plan, flags.plan.as_deref())?;
    found.patch(&json!({ "metadata": { "annotations": { APPROVE: hash } } })).await?;
    let changes: Vec<_> = plan.entries.iter().filter(|entry| hash == plan.hash || entry.hash == hash).collect();
    let deeds = changes.iter().map(|entry| format!("{} {} ({})", entry.action, entry.id, entry.kind));
    let text = format!("{} approved: {}\n", found.title(), deeds.collect::<Vec<_>>().join(", "));
    written(flags.target.output, &Done { object: found.key, done: "Approved", changes }, || text)
}

/// The hash that is meant: the one that is named, or that of the plan where it leaves no choice.
fn chosen(plan: &PlanSummary, named: Option<&str>) -> Result<String, String> {
    let choices = || {
        let line = |entry: &terrace_crds::PlanEntry| {
            let data = entry.data.as_ref().map(|data| format!(", data: {data}")).unwrap_or_default();
            format!("--plan {} ({} {}{data})", entry.hash, entry.action, entry.id)
        };
        plan.entries.iter().map(line).collect::<Vec<_>>().join("; ")
    };
    let known = |hash: &str| hash == plan.hash || plan.entries.iter().any(|entry| entry.hash == hash);
    let mut ids: Vec<&String> = plan.entries.iter().map(|entry| &entry.id).collect();
    ids.sort_unstable();
    ids.dedup();
    match named {
        Some(hash) if known(hash) => Ok(hash.to_owned()),
        Some(hash) => Err(format!("{hash} is not what waits, which is {}", choices())),
        None if ids.len() == plan.entries.len() => Ok(plan.hash.clone()),
        None => Err(format!("there is a choice; say which: {}", choices())),
    }
}

/// Tells the operator something about an object.
///
/// # Errors
/// A sentence for the person who asked.
pub async fn tell(target: &Target, word: Word) -> Result<String, String> {
    let found = Found::of(target).await?;
    let annotated = |key: &str, value: Value| json!({ "metadata": { "annotations": { key: value } } });
    let management = |how: &str| json!({ "spec": { "management": how } });
    let (patch, done, deed) = match word {
        Word::Pause => (annotated(PAUSE, json!("true")), "Paused", "paused: nothing is changed until it is resumed"),
        Word::Resume => (annotated(PAUSE, Value::Null), "Resumed", "resumed"),
        Word::Reconcile => {
            (annotated(RECONCILE_AT, json!(Timestamp::now())), "Reconciled", "is read afresh from AWS now")
        }
        Word::Observe => (management("Observe"), "Observed", "only observed: nothing is ever changed"),
        Word::Manage => (management("Manage"), "Managed", "managed"),
    };
    if !found.named.kind.namespaced() && word != Word::Reconcile {
        return Err(format!("{} can only be reconciled: pause its objects, one by one", found.title()));
    }
    found.patch(&patch).await?;
    let text = format!("{} {deed}\n", found.title());
    written(target.output, &Done { object: found.key, done, changes: Vec::new() }, || text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(entries: &[(&str, &str)]) -> PlanSummary {
        let entry = |(id, hash): &(&str, &str)| json!({ "id": id, "kind": "rds/DbInstance", "action": "Replace", "hash": hash, "data": "lost" });
        let entries: Vec<Value> = entries.iter().map(entry).collect();
        serde_json::from_value(json!({ "hash": "whole", "summary": "", "entries": entries })).expect("a plan")
    }

    #[test]
    fn a_plan_without_a_choice_is_approved_whole_and_a_choice_must_be_made() {
        let two = plan(&[("a", "1"), ("b", "2")]);
        assert_eq!((chosen(&two, None), chosen(&two, Some("1"))), (Ok("whole".into()), Ok("1".into())));
        assert!(chosen(&two, Some("3")).unwrap_err().starts_with("3 is not what waits, which is --plan 1"));
        let choice = plan(&[("a", "1"), ("a", "2")]);
        let refusal = chosen(&choice, None).unwrap_err();
        assert_eq!(
            refusal,
            "there is a choice; say which: --plan 1 (Replace a, data: lost); --plan 2 (Replace a, data: lost)"
        );
    }
}
