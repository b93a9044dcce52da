//! The answer in one sentence.

use super::Because;
use super::approval;
use super::cause::Cause;
use super::follow::Path;
use super::reasons::lead;
use crate::standing::{State, Waits, told};

/// Who waits for whom, and what the last one waits for: whole, as AWS or Terrace says it.
pub fn sentence(waits: &Waits, path: &Path, cause: &Cause) -> String {
    let names: Vec<String> = path.places.iter().map(|place| waits.thing(*place).name().title()).collect();
    let mut text = String::new();
    for (number, name) in names.iter().enumerate() {
        text += match number {
            0 => "",
            1 => " waits for ",
            _ => ", which waits for ",
        };
        text += name;
    }
    let which = if names.len() > 1 { ", which" } else { "" };
    match path.back {
        Some(back) => {
            format!("{text}{which} waits for {} again: none of them can go first", waits.thing(back).name().title())
        }
        None => format!("{text}{which} {}", clause(cause)),
    }
}

/// How the last one stands, and why: `is Stalled (AccessDenied), as AWS refuses its subnets (rds/DbSubnetGroup): …`.
fn clause(cause: &Cause) -> String {
    let Cause { standing, because, thing, .. } = cause;
    match because {
        Because::Ready => return at_rest(cause),
        Because::Unobserved => return "has not been looked at by any controller yet".into(),
        Because::Outdated => {
            return "was Ready before its spec was edited, and no controller has looked at it since".into();
        }
        _ => {}
    }
    let goes = standing.state == State::Reconciling && thing.object().is_some_and(|object| object.deleting);
    let (state, link) = if goes { ("being deleted", "and") } else { (standing.state.word(), "as") };
    let reason = if standing.reason == state { String::new() } else { format!(" ({})", standing.reason) };
    let what = cause.resource.as_ref().map(|resource| format!(", {link} {}", lead(standing.reason, resource)));
    let words = match because {
        Because::Approval => approval::words(cause),
        _ => cause.words.to_owned(),
    };
    format!("is {state}{reason}{}: {words}", what.unwrap_or_default())
}

/// Of something that is Ready, what is not quite right with it; its remarks stand apart.
fn at_rest(cause: &Cause) -> String {
    let told = |type_: &str| cause.thing.object().and_then(|object| told(object, type_));
    match (told("Drifted"), told("Degraded")) {
        (Some(drift), _) if drift.starts_with("changed outside") => format!("is Ready, but was {drift}"),
        (Some(drift), _) => format!("is Ready, but drifted: {drift}"),
        (None, Some(degraded)) => format!("is Ready, but degraded: {degraded}"),
        (None, None) => format!("is Ready: {}", cause.words.split("; ").next().unwrap_or_default()),
    }
}
