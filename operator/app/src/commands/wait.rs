//! `terrace wait`: until an object is Ready, or gone, showing meanwhile what it waits for.

use std::pin::pin;
use std::time::Duration;

use clap::{Args, ValueEnum};
use futures::TryStreamExt;
use kube::api::DynamicObject;
use kube::runtime::watcher::{Config, Event};
use kube::runtime::{WatchStreamExt, watcher};
use serde::Serialize;
use terrace_views::progress::Progress;
use terrace_views::style::Style;
use terrace_views::{State, World};
use tokio::time::{Instant, sleep_until, timeout};

use super::cluster::{self, Cluster};
use super::display::Display;
use super::look::{Output, written};
use super::named::Named;
use super::world;

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

/// What was waited for, as `-o json` prints it. Fields may be added to it; none is renamed or taken away.
#[derive(Serialize)]
struct Ended {
    /// What was told of it last.
    #[serde(flatten)]
    last: Option<Progress>,
    /// Ready or gone.
    reached: &'static str,
}

impl Goal {
    /// As it stands after the object's name.
    pub fn words(self) -> &'static str {
        match self {
            Goal::Ready => "to be Ready",
            Goal::Deleted => "to be gone",
        }
    }
}

/// Waits, and says in the end how it stands. What happens meanwhile is told on standard error: the tree, drawn again and
/// again, at a terminal, and elsewhere a line a change.
///
/// # Errors
/// Where a person must do something, or the time is up.
pub async fn run(flags: &Flags, style: &Style) -> Result<String, String> {
    let named = Named::of(&flags.object)?;
    if named.kind.kind == "TierGrant" && flags.goal == Goal::Ready {
        return Err("a TierGrant has no state: it holds once it is applied".into());
    }
    let cluster = flags.cluster.connect().await?;
    let mut display = Display::of(&named, &cluster, flags.goal, flags.timeout_minutes, style);
    let limit = Duration::from_secs(flags.timeout_minutes * 60);
    let ended = timeout(limit, follow(&cluster, &named, flags.goal, &mut display)).await;
    let last = display.end();
    match ended {
        Ok(ended) => {
            let reached = ended?;
            let words = format!("{} is {reached}\n", named.title());
            written(flags.output, &Ended { last, reached }, || words)
        }
        Err(_) => {
            let words = last.map(|last| last.words()).unwrap_or_default();
            Err(format!("{} was waited for {} minutes: {words}", named.title(), flags.timeout_minutes))
        }
    }
}

/// Follows the object to the goal; gives back what it is then.
async fn follow(
    cluster: &Cluster,
    named: &Named,
    goal: Goal,
    display: &mut Display<'_>,
) -> Result<&'static str, String> {
    let only = Config::default().fields(&format!("metadata.name={}", named.name));
    let mut events = pin!(watcher(cluster.api(named.kind, &cluster.namespace), only).default_backoff());
    let (mut listed, mut stalled) = (false, None);
    loop {
        let believed = stalled.map(|since: Instant| since + GRACE);
        let next = tokio::select! {
            next = events.try_next() => next,
            () = sleep_until(believed.unwrap_or_else(Instant::now)), if believed.is_some() => {
                return Err(format!("{} needs a person: {}", named.title(), display.words()));
            }
            () = display.next() => {
                display.draw().await;
                continue;
            }
        };
        let next = next.map_err(|error| format!("the cluster does not answer: {}", cluster::innermost(&error)))?;
        let Some(event) = next else { return Err("the cluster ended the watch".into()) };
        let object = match event {
            Event::Init => continue,
            Event::InitDone if listed => continue,
            Event::InitDone | Event::Delete(_) if goal == Goal::Deleted => return Ok("gone"),
            Event::InitDone => return Err(named.absent(named.within(&cluster.namespace))),
            Event::Delete(_) => return Err(format!("{} was deleted", named.title())),
            Event::Apply(object) | Event::InitApply(object) => object,
        };
        listed = true;
        let Some(now) = progress(named, cluster, &object)? else { continue };
        let state = now.state;
        display.told(now).await;
        if goal == Goal::Ready && state == State::Ready {
            return Ok("Ready");
        }
        stalled = needs_somebody(state).then(|| stalled.unwrap_or_else(Instant::now));
    }
}

/// Whether nothing goes on before a person does something.
fn needs_somebody(state: State) -> bool {
    matches!(state, State::Stalled | State::Paused)
}

/// How far the object is; none of a kind that has no state.
fn progress(named: &Named, cluster: &Cluster, object: &DynamicObject) -> Result<Option<Progress>, String> {
    let value = serde_json::to_value(object).map_err(|error| error.to_string())?;
    let mut only = World::default();
    world::add(&mut only, named.kind.kind, std::iter::once(&value));
    Ok(terrace_views::progress::progress(&only, &named.key(&cluster.namespace)))
}
