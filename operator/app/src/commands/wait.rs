//! `terrace wait`: until an object, or all of a namespace, is Ready, or gone, showing meanwhile what it waits for.

use std::time::Duration;

use clap::{Args, ValueEnum};
use futures::stream::{StreamExt, TryStreamExt, select_all};
use kube::ResourceExt;
use kube::api::DynamicObject;
use kube::runtime::watcher::{Config, Event};
use kube::runtime::{WatchStreamExt, watcher};
use serde::Serialize;
use terrace_crds::{KINDS, Kind};
use terrace_tiers::ObjectKey;
use terrace_views::World;
use terrace_views::progress::Progress;
use terrace_views::style::Style;
use tokio::time::{sleep_until, timeout};

use super::awaited::Awaited;
use super::cluster::{self, Cluster};
use super::display::Display;
use super::look::{Output, written};
use super::named::Named;
use super::world;

/// Flags of `terrace wait`.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// The object, as KIND/NAME; all objects of the namespace unless given.
    pub object: Option<String>,
    /// What is waited for.
    #[arg(long = "for", value_enum, default_value_t = Goal::Ready)]
    pub goal: Goal,
    /// Minutes after which it is given up.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=1440))]
    pub timeout_minutes: u64,
    /// How the end is written; what happens meanwhile is told on standard error.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub output: Output,
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

impl Goal {
    /// As it stands after the name of what is waited for.
    pub fn words(self) -> &'static str {
        match self {
            Goal::Ready => "to be Ready",
            Goal::Deleted => "to be gone",
        }
    }
}

/// What was waited for, as `-o json` prints it. Fields may be added to it; none is renamed or taken away.
#[derive(Serialize)]
struct Ended {
    /// Of one object, what was told of it last.
    #[serde(flatten)]
    last: Option<Progress>,
    /// Of all objects of a namespace, the same of each that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<Vec<Progress>>,
    /// Ready or gone.
    reached: &'static str,
}

/// Waits, and says in the end how it stands. What happens meanwhile is told on standard error: the tree, drawn again and
/// again, at a terminal, and elsewhere a line a change.
///
/// # Errors
/// Where a person must do something, or the time is up.
pub async fn run(flags: &Flags, style: &Style) -> Result<String, String> {
    let named = flags.object.as_deref().map(Named::of).transpose()?;
    if named.as_ref().is_some_and(|named| !world::has_state(named.kind)) && flags.goal == Goal::Ready {
        return Err("a TierGrant has no state: it holds once it is applied".into());
    }
    let cluster = flags.cluster.connect().await?;
    let mut awaited = Awaited::new(named, &cluster.namespace, flags.goal);
    let mut display = Display::of(&cluster, flags.timeout_minutes, style);
    let limit = Duration::from_secs(flags.timeout_minutes * 60);
    let ended = timeout(limit, follow(&cluster, &mut awaited, &mut display)).await;
    display.end();
    let Ok(ended) = ended else {
        return Err(format!(
            "{} was waited for {} minutes: {}",
            awaited.title(),
            flags.timeout_minutes,
            awaited.open()
        ));
    };
    let reached = ended?;
    let words = awaited.ended(reached);
    let ended = match awaited.is_one() {
        true => Ended { last: awaited.last(), objects: None, reached },
        false => Ended { last: None, objects: Some(awaited.all()), reached },
    };
    written(flags.output, &ended, || words)
}

/// Follows the objects to the goal; gives back what they are then.
async fn follow(cluster: &Cluster, awaited: &mut Awaited, display: &mut Display<'_>) -> Result<&'static str, String> {
    let kinds: Vec<&Kind> = match awaited.named() {
        Some(named) => vec![named.kind],
        None => KINDS.iter().filter(|kind| kind.namespaced() && world::has_state(kind)).collect(),
    };
    let config = awaited
        .named()
        .map_or_else(Config::default, |named| Config::default().fields(&format!("metadata.name={}", named.name)));
    let watches = kinds.iter().map(|kind| {
        let events = watcher(cluster.api(kind, &cluster.namespace), config.clone()).default_backoff();
        events.map_ok(|event| (kind.kind, event)).boxed()
    });
    let mut events = select_all(watches);
    awaited.expect(kinds.iter().map(|kind| kind.kind));
    loop {
        let next = tokio::select! {
            next = events.try_next() => next,
            // What is stalled may have been mended a moment ago: then that is told before.
            () = sleep_until(awaited.believed()), if awaited.is_stalled() => return Err(awaited.needs_somebody()),
            () = display.next() => {
                display.draw(awaited).await;
                continue;
            }
        };
        let next = next.map_err(|error| format!("the cluster does not answer: {}", cluster::innermost(&error)))?;
        let Some((kind, event)) = next else { return Err("the cluster ended the watch".into()) };
        match event {
            Event::Init => awaited.begins(kind),
            Event::InitDone => awaited.listed(kind),
            Event::Delete(object) => awaited.gone(kind, &object.metadata.name.unwrap_or_default()),
            Event::Apply(object) | Event::InitApply(object) => {
                let news = awaited.stands(kind, progress(kind, &object)?);
                news.iter().for_each(|now| display.told(now));
            }
        }
        if let Some(reached) = awaited.reached()? {
            return Ok(reached);
        }
    }
}

/// How far the object is; of a kind that has no state, only that it is there.
fn progress(kind: &str, object: &DynamicObject) -> Result<Progress, String> {
    let value = serde_json::to_value(object).map_err(|error| error.to_string())?;
    let mut only = World::default();
    world::add(&mut only, kind, std::iter::once(&value));
    let key = ObjectKey::new(kind, &object.namespace().unwrap_or_default(), &object.name_any());
    Ok(terrace_views::progress::progress(&only, &key).unwrap_or_else(|| Progress::unknown(&key)))
}
