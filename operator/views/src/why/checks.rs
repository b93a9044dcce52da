//! What to run to see or end a cause, and what is to be known besides.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::approval;
use super::cause::Cause;
use super::{Because, Command, Remark, events};
use crate::standing::{Resource, Standing, State, Thing, Waits, resources, told};
use crate::style::Mark;
use crate::{Object, ObjectName};

/// The Deployment of the chart, and the namespace that the runbooks use.
const OPERATOR: &str = "terrace-system/terrace";

/// What to run.
pub fn commands(waits: &Waits, cause: &Cause) -> Vec<Command> {
    let name = cause.thing.name();
    match cause.because {
        Because::Approval => approval::commands(cause),
        Because::Held if cause.standing.reason == "Paused" => {
            let run = format!(
                "kubectl -n {} annotate {}/{} terrace.dev/pause-",
                name.namespace,
                name.kind.to_lowercase(),
                name.name
            );
            vec![Command { run, effect: "lets changes go on".into() }]
        }
        Because::Unobserved | Because::Outdated => of_the_operator(waits, cause),
        _ => Vec::new(),
    }
}

/// Whether it runs, leads, and what it says.
fn of_the_operator(waits: &Waits, cause: &Cause) -> Vec<Command> {
    let own = cause.thing.object().and_then(|object| object.status.operator.as_deref());
    let operator = own.or(waits.operator).unwrap_or(OPERATOR);
    let (namespace, deployment) = operator.split_once('/').unwrap_or(("terrace-system", operator));
    let name = cause.thing.name();
    let run = |run: String, effect: &str| Command { run, effect: effect.into() };
    vec![
        run(format!("kubectl -n {namespace} get deployment,pod -l app.kubernetes.io/name=terrace"), "whether it runs"),
        run(format!("kubectl -n {namespace} get lease {deployment}"), "whether one leads"),
        run(
            format!(
                "kubectl -n {namespace} logs deployment/{deployment} --all-pods --since=1h | grep -w {}",
                name.name
            ),
            "what it says of this object",
        ),
    ]
}

/// What is to be known of the object that was asked about, beside the cause.
pub fn remarks(waits: &Waits, asked: &Thing, cause: &Cause) -> Vec<Remark> {
    let Some(object) = asked.object() else { return Vec::new() };
    let standing = asked.standing();
    let mut remarks = Vec::new();
    let mut add = |about, message: Option<String>, since| {
        remarks.extend(message.map(|message| Remark { about, message, since }));
    };
    add("Outdated", outdated(object, &standing), None);
    add("Deleting", deleting(object, &standing), None);
    add("Paused", paused(object, &standing), None);
    for about in ["Drifted", "Degraded"] {
        let since = object.condition(about).map(|condition| condition.last_transition_time.0);
        let times = if about == "Drifted" { times(object) } else { String::new() };
        add(about, told(object, about).map(|message| format!("{message}{times}")), since);
    }
    add("Plan", plan(object, cause), None);
    others(cause).into_iter().for_each(|message| add("Also", Some(message), None));
    for (message, since) in unsound(waits, object, &standing) {
        add("Uses", Some(message), since);
    }
    add("Operator", other_operator(object), None);
    add("Note", standing.remarks().map(str::to_owned), None);
    remarks
}

fn outdated(object: &Object, standing: &Standing) -> Option<String> {
    let said = standing.behind && standing.state != State::Ready;
    said.then(|| {
        let (spec, status) = (object.generation, object.status.observed_generation);
        format!("the spec is at generation {spec}, and the status speaks of generation {status}")
    })
}

/// What is on its way out is said to be in the sentence.
fn deleting(object: &Object, standing: &Standing) -> Option<String> {
    let said = object.deleting && standing.state != State::Reconciling;
    said.then(|| "it is to be deleted".to_owned())
}

fn paused(object: &Object, standing: &Standing) -> Option<String> {
    let said = object.paused && standing.reason != "Paused";
    said.then(|| "the annotation terrace.dev/pause holds every change".to_owned())
}

/// How often drift was found, where that was more than once: something sets it back.
fn times(object: &Object) -> String {
    match events::of(&object.events, "DriftFound") {
        Some(found) if found.count > 1 => format!(" (found {} times: something sets it back)", found.count),
        _ => String::new(),
    }
}

/// A plan that waits as well, where something else is the cause.
fn plan(object: &Object, cause: &Cause) -> Option<String> {
    let own = cause.because == Because::Approval && cause.thing == Thing::Object(object);
    let plan = object.status.plan.as_ref().filter(|_| !own)?;
    Some(format!("a plan waits for approval as well: {} ({})", plan.summary, plan.hash))
}

/// What else of the last object is for a person: it comes to light when the first is mended.
fn others(cause: &Cause) -> Vec<String> {
    let Some(object) = cause.thing.object() else { return Vec::new() };
    let first = cause.resource.as_ref().map(|resource| resource.key.as_str());
    let all = resources(object, &cause.standing).into_iter();
    let others = all.filter(|resource| resource.mark == Mark::Stalled && Some(resource.key.as_str()) != first);
    let told = |resource: Resource| {
        let (reason, message) = (resource.reason.unwrap_or_default(), resource.message.unwrap_or_default());
        format!("{} ({}) is stalled as well, {reason}: {message}", resource.key, resource.kind)
    };
    others.map(told).collect()
}

/// What an object uses that is not Ready, though the object is.
fn unsound(waits: &Waits, object: &Object, standing: &Standing) -> Vec<(String, Option<Timestamp>)> {
    let targets: BTreeSet<usize> = object.uses.iter().filter_map(|used| waits.place(&used.target)).collect();
    let targets = targets.into_iter().map(|place| waits.thing(place)).filter(|_| standing.state == State::Ready);
    let open =
        targets.map(|target| (target.name(), target.standing())).filter(|(_, other)| other.state != State::Ready);
    let told = |(name, other): (ObjectName, Standing)| {
        (format!("{}, which it uses, is {} ({})", name.title(), other.state.word(), other.reason), other.since)
    };
    open.map(told).collect()
}

fn other_operator(object: &Object) -> Option<String> {
    let last = object.events.iter().rev().find(|event| event.reason == "ServedByAnother");
    last.map(|event| event.message.clone())
}
