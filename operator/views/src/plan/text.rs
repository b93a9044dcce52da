//! A plan as text, for a terminal or a log.

use serde_json::Value;

use super::steps::{Choice, Field, Step, Verb};
use super::{Basis, ObjectChange, ObjectPlan, Plan, Problem, cost};
use crate::style::{Line, Paint, Style};

/// The plan, one object after the other, and what it comes to. All of it is lines of pieces: what a user or AWS wrote
/// can be in it only as such a piece, of which a terminal obeys nothing.
pub fn text(plan: &Plan, style: &Style) -> String {
    let whole = |paint: Paint, text: &str| Line::new().joined(paint, text);
    let mut lines = Vec::new();
    for object in &plan.objects {
        lines.extend(self::object(object, style));
        // Of one alone it is the plan's.
        if let Some(total) = object.cost().filter(|_| plan.objects.len() > 1) {
            lines.push(whole(Paint::Plain, &format!("    {}", total.sentence())));
        }
        lines.push(Line::new());
    }
    lines.push(whole(Paint::Bold, &plan.summary().sentence()));
    lines.extend(plan.cost().map(|total| whole(Paint::Bold, &total.sentence())));
    lines.push(whole(Paint::Dim, &basis(&plan.basis)));
    if let Some((prices, assumed)) = cost::notes(plan) {
        let assumed = assumed.iter().map(|words| format!("- {words}"));
        let said =
            [prices].into_iter().chain((assumed.len() > 0).then(|| "It is assumed that".to_owned())).chain(assumed);
        lines.extend(said.map(|line| whole(Paint::Dim, &line)));
    }
    lines.iter().map(|line| line.text(style) + "\n").collect()
}

/// What the plan goes by, in a sentence.
pub(super) fn basis(basis: &Basis) -> String {
    match basis {
        Basis::Aws { identity } if identity.is_empty() => {
            "Not compared with AWS: there is nothing to compare, or no Environment serves it.".into()
        }
        Basis::Aws { identity } => format!("Compared with AWS as it stands now, read as {identity}."),
        Basis::Record { why } => {
            format!("Compared with what the objects' status has on record, not with AWS: {why}.")
        }
        Basis::Manifests => "Compared with nothing: everything is taken for new (--offline).".into(),
    }
}

fn object(object: &ObjectPlan, style: &Style) -> Vec<Line> {
    let place = object.environment.as_ref().map(|name| format!("  Environment {name}")).unwrap_or_default();
    let (sign, paint) = sign_of(object.object);
    let title = Line::new().joined(paint, sign).joined(Paint::Bold, &object.title());
    let mut lines = vec![title.joined(Paint::Plain, words(object)).joined(Paint::Dim, &place)];
    if let Some(Problem { reason, message, stalled }) = &object.problem {
        let paint = if *stalled { Paint::Red } else { Paint::Yellow };
        let line = Line::new().joined(Paint::Plain, "    ").joined(paint, reason);
        lines.push(line.joined(Paint::Plain, &format!(": {message}")));
    }
    let width = object.steps.iter().map(|step| step.kind.len()).max().unwrap_or_default();
    for step in object.steps.iter().filter(|step| step.verb != Verb::Keep) {
        lines.extend(self::step(step, object, width, style));
    }
    let kept = object.steps.iter().filter(|step| step.verb == Verb::Keep).count();
    if kept > 0 {
        lines.push(Line::new().joined(Paint::Dim, &format!("    {kept} as wished")));
    }
    lines
}

/// What becomes of an object, beside its name.
pub(super) fn words(object: &ObjectPlan) -> &'static str {
    match object.object {
        ObjectChange::Create => " (new)",
        ObjectChange::Update => " (changed)",
        ObjectChange::Delete => " (deleted)",
        ObjectChange::Keep => "",
    }
}

fn sign_of(change: ObjectChange) -> (&'static str, Paint) {
    match change {
        ObjectChange::Create => ("+ ", Paint::Green),
        ObjectChange::Update => ("~ ", Paint::Yellow),
        ObjectChange::Delete => ("- ", Paint::Red),
        ObjectChange::Keep => ("  ", Paint::Plain),
    }
}

/// The sign of a verb, as Terraform's users know it, and its colour.
pub(super) fn sign(verb: Verb) -> (&'static str, Paint) {
    match verb {
        Verb::Create => ("+", Paint::Green),
        Verb::Update => ("~", Paint::Yellow),
        Verb::Replace => ("-/+", Paint::Red),
        Verb::Delete => ("-", Paint::Red),
        Verb::Release => ("<", Paint::Blue),
        Verb::Unknown => ("?", Paint::Dim),
        Verb::Stop => ("!", Paint::Red),
        Verb::Keep => ("", Paint::Plain),
    }
}

fn step(step: &Step, object: &ObjectPlan, width: usize, style: &Style) -> Vec<Line> {
    let (sign, paint) = sign(step.verb);
    let handle = step.handle.as_ref().map(|handle| format!("  {handle}")).unwrap_or_default();
    let head = Line::new().joined(paint, &format!("{sign:>5}"));
    let head = head.joined(Paint::Plain, &format!(" {:width$}  {}", step.kind, step.id)).joined(Paint::Dim, &handle);
    let mut lines = vec![head.joined(Paint::Yellow, if step.drift { "  changed outside Terrace" } else { "" })];
    lines.extend(step.changes.iter().map(|field| self::field(field, style)));
    let data = step.data.iter().map(|data| format!("data: {data}"));
    let usual = step.usual.iter().map(|usual| format!("usually takes: {}", usual.takes));
    let said = data.chain(step.message.clone()).chain(cost::line(step, style.to())).chain(usual);
    lines.extend(said.map(|text| note().joined(Paint::Plain, &text)));
    for Choice { action, data, hash } in step.approval.iter().flatten() {
        let data = data.as_ref().map(|data| format!(" (data: {data})")).unwrap_or_default();
        let consent = object.object_name().approve(hash);
        lines.push(note().joined(Paint::Yellow, &format!("waits for consent to {action}{data}: {consent}")));
    }
    lines
}

/// A line below a step, about to say something of it.
fn note() -> Line {
    Line::new().joined(Paint::Plain, "          ")
}

fn field(field: &Field, style: &Style) -> Line {
    let to = match &field.known_after {
        Some(output) => format!("known after {output}"),
        None => value(&field.to),
    };
    let forces = if field.forces_replacement { "  forces the replacement" } else { "" };
    let change = format!("{}: {} {} {to}", field.path, value(&field.from), style.to());
    note().joined(Paint::Plain, &change).joined(Paint::Red, forces)
}

/// A value as JSON has it; what is not there is not set.
pub(super) fn value(value: &Value) -> String {
    if value.is_null() { "unset".into() } else { value.to_string() }
}
