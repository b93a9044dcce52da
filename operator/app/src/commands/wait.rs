//! `terrace wait`: until an object is Ready, or gone, showing meanwhile what it waits for.

use std::pin::pin;
use std::time::Duration;

use clap::{Args, ValueEnum};
use futures::TryStreamExt;
use kube::api::{Api, DynamicObject};
use kube::runtime::watcher::{Config, Event};
use kube::runtime::{WatchStreamExt, watcher};
use serde_json::Value;
use terrace_views::style::{Mark, Style};
use tokio::time::Instant;

use super::cluster;
use super::named::Named;

/// How long an object may be stalled before that is believed: somebody may have mended it a moment ago.
const GRACE: Duration = Duration::from_secs(10);

/// Flags of `terrace wait`.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// The object, as KIND/NAME.
    pub object: String,
    /// What is waited for.
    #[arg(long = "for", value_enum, default_value_t = Goal::Ready)]
    pub goal: Goal,
    /// Minutes after which it is given up.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=1440))]
    pub timeout_minutes: u64,
    #[command(flatten)]
    pub cluster: cluster::Flags,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Goal {
    /// It is Ready as its spec is now.
    Ready,
    /// It is gone.
    Deleted,
}

/// How an object stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Standing {
    mark: Mark,
    words: String,
}

/// Waits, and says in the end how it stands. Each change is told on standard error.
///
/// # Errors
/// Where a person must do something, or the time is up.
pub async fn run(flags: &Flags, style: &Style) -> Result<String, String> {
    let named = Named::of(&flags.object)?;
    let cluster = flags.cluster.connect().await?;
    let (api, title) = (cluster.api(named.kind, &cluster.namespace), named.title());
    let limit = Duration::from_secs(flags.timeout_minutes * 60);
    let mut last = None;
    match tokio::time::timeout(limit, follow(api, &named.name, flags.goal, &title, style, &mut last)).await {
        Ok(came) => came,
        Err(_) => {
            let words = last.map(|standing: Standing| standing.words).unwrap_or_default();
            Err(format!("{title} was waited for {} minutes: {words}", flags.timeout_minutes))
        }
    }
}

async fn follow(
    api: Api<DynamicObject>,
    name: &str,
    goal: Goal,
    title: &str,
    style: &Style,
    last: &mut Option<Standing>,
) -> Result<String, String> {
    let only = Config::default().fields(&format!("metadata.name={name}"));
    let mut events = pin!(watcher(api, only).default_backoff());
    let (mut listed, mut stalled) = (false, None);
    loop {
        let next = match stalled {
            None => events.try_next().await,
            Some(since) => match tokio::time::timeout_at(since + GRACE, events.try_next()).await {
                Ok(next) => next,
                Err(_) => {
                    let words = last.as_ref().map(|standing| standing.words.as_str()).unwrap_or_default();
                    return Err(format!("{title} needs a person: {words}"));
                }
            },
        };
        let next = next.map_err(|error| format!("the cluster does not answer: {}", cluster::innermost(&error)))?;
        let Some(event) = next else { return Err("the cluster ended the watch".into()) };
        let object = match event {
            Event::Init => continue,
            Event::InitDone if listed => continue,
            Event::InitDone | Event::Delete(_) if goal == Goal::Deleted => return Ok(format!("{title} is gone\n")),
            Event::InitDone => return Err(format!("there is no {title}")),
            Event::Delete(_) => return Err(format!("{title} was deleted")),
            Event::Apply(object) | Event::InitApply(object) => object,
        };
        listed = true;
        let value = serde_json::to_value(&object).map_err(|error| error.to_string())?;
        let now = standing(&value);
        if last.as_ref() != Some(&now) {
            eprintln!("{} {title} {}", style.mark(now.mark), now.words);
            *last = Some(now.clone());
        }
        if goal == Goal::Ready && matches!(now.mark, Mark::Ready | Mark::Concern) {
            return Ok(format!("{title} is Ready\n"));
        }
        stalled = (now.mark == Mark::Stalled).then(|| stalled.unwrap_or_else(Instant::now));
    }
}

/// How an object stands at its present generation, by its conditions.
fn standing(object: &Value) -> Standing {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let condition = |type_: &str| conditions.iter().find(|condition| condition["type"] == type_);
    let is = |type_: &str| condition(type_).is_some_and(|condition| condition["status"] == "True");
    let text = |type_: &str, field: &str| {
        condition(type_).and_then(|condition| condition[field].as_str()).unwrap_or_default().to_owned()
    };
    let words = format!("{}: {}", text("Ready", "reason"), text("Ready", "message"));
    let current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
    let deleting = !object["metadata"]["deletionTimestamp"].is_null();
    let mark = match () {
        () if !current && !deleting => {
            return Standing { mark: Mark::Unknown, words: "not looked at yet".into() };
        }
        () if is("Stalled") => Mark::Stalled,
        () if deleting || !is("Ready") => Mark::Reconciling,
        () if is("Degraded") || is("Drifted") => Mark::Concern,
        () => Mark::Ready,
    };
    Standing { mark, words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(observed: i64, conditions: &[(&str, &str)], deleting: bool) -> Mark {
        let condition = |(type_, status): &(&str, &str)| json!({ "type": type_, "status": status, "reason": "R" });
        let conditions: Vec<Value> = conditions.iter().map(condition).collect();
        let time = deleting.then_some("2026-07-01T10:00:00Z");
        standing(&json!({ "metadata": { "generation": 2, "deletionTimestamp": time },
                          "status": { "observedGeneration": observed, "conditions": conditions } }))
        .mark
    }

    #[test]
    fn only_what_is_ready_at_its_present_generation_is() {
        assert_eq!(of(2, &[("Ready", "True")], false), Mark::Ready);
        assert_eq!(of(1, &[("Ready", "True")], false), Mark::Unknown);
        assert_eq!(of(2, &[("Ready", "False")], false), Mark::Reconciling);
        assert_eq!(of(2, &[("Ready", "False"), ("Stalled", "True")], false), Mark::Stalled);
        assert_eq!(of(2, &[("Ready", "True"), ("Drifted", "True")], false), Mark::Concern);
        assert_eq!(of(1, &[("Ready", "True")], true), Mark::Reconciling);
    }
}
