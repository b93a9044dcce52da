//! A plan as text, for a terminal or a log.

use serde_json::Value;

use super::steps::{Field, Step, Verb};
use super::{Basis, ObjectChange, ObjectPlan, Plan, cost};
use crate::style::{Paint, Style};

/// The plan, one object after the other, and what it comes to.
pub fn text(plan: &Plan, style: &Style) -> String {
    let mut lines = Vec::new();
    for object in &plan.objects {
        lines.extend(self::object(object, style));
        // Of one alone it is the plan's.
        if let Some(total) = object.cost().filter(|_| plan.objects.len() > 1) {
            lines.push(format!("    {}", total.sentence()));
        }
        lines.push(String::new());
    }
    lines.push(style.paint(Paint::Bold, &plan.summary().sentence()));
    lines.extend(plan.cost().map(|total| style.paint(Paint::Bold, &total.sentence())));
    lines.push(style.paint(Paint::Dim, &basis(&plan.basis)));
    if let Some((prices, assumed)) = cost::notes(plan) {
        let assumed = assumed.iter().map(|words| format!("- {words}"));
        let said =
            [prices].into_iter().chain((assumed.len() > 0).then(|| "It is assumed that".to_owned())).chain(assumed);
        lines.extend(said.map(|line| style.paint(Paint::Dim, &line)));
    }
    lines.join("\n") + "\n"
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

fn object(object: &ObjectPlan, style: &Style) -> Vec<String> {
    let place = object.environment.as_ref().map(|name| format!("  Environment {name}")).unwrap_or_default();
    let title = style.paint(Paint::Bold, &object.title());
    let mut lines =
        vec![format!("{}{title}{}{}", sign_of(object.object, style), words(object), style.paint(Paint::Dim, &place))];
    if let Some(problem) = &object.problem {
        let paint = if problem.stalled { Paint::Red } else { Paint::Yellow };
        lines.push(format!("    {}: {}", style.paint(paint, &problem.reason), problem.message));
    }
    let width = object.steps.iter().map(|step| step.kind.len()).max().unwrap_or_default();
    for step in object.steps.iter().filter(|step| step.verb != Verb::Keep) {
        lines.extend(self::step(step, object, width, style));
    }
    let kept = object.steps.iter().filter(|step| step.verb == Verb::Keep).count();
    if kept > 0 {
        lines.push(style.paint(Paint::Dim, &format!("    {kept} as wished")));
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

fn sign_of(change: ObjectChange, style: &Style) -> String {
    let (sign, paint) = match change {
        ObjectChange::Create => ("+ ", Paint::Green),
        ObjectChange::Update => ("~ ", Paint::Yellow),
        ObjectChange::Delete => ("- ", Paint::Red),
        ObjectChange::Keep => ("  ", Paint::Plain),
    };
    style.paint(paint, sign)
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

fn step(step: &Step, object: &ObjectPlan, width: usize, style: &Style) -> Vec<String> {
    let (sign, paint) = sign(step.verb);
    let sign = style.paint(paint, &format!("{sign:>5}"));
    let handle = step.handle.as_ref().map(|handle| format!("  {handle}")).unwrap_or_default();
    let drift = if step.drift { style.paint(Paint::Yellow, "  changed outside Terrace") } else { String::new() };
    let mut lines =
        vec![format!("{sign} {:width$}  {}{}{drift}", step.kind, step.id, style.paint(Paint::Dim, &handle))];
    let mut note = |text: String| lines.push(format!("          {text}"));
    step.changes.iter().for_each(|field| note(self::field(field, style)));
    if let Some(data) = &step.data {
        note(format!("data: {data}"));
    }
    if let Some(message) = &step.message {
        note(message.clone());
    }
    cost::line(step, style.to()).into_iter().for_each(&mut note);
    if let Some(usual) = &step.usual {
        note(format!("usually takes: {}", usual.takes));
    }
    for choice in step.approval.iter().flatten() {
        let data = choice.data.as_ref().map(|data| format!(" (data: {data})")).unwrap_or_default();
        let consent =
            format!("terrace approve {}/{} -n {} --plan {}", object.kind, object.name, object.namespace, choice.hash);
        note(style.paint(Paint::Yellow, &format!("waits for consent to {}{data}: {consent}", choice.action)));
    }
    lines
}

fn field(field: &Field, style: &Style) -> String {
    let to = match &field.known_after {
        Some(output) => format!("known after {output}"),
        None => value(&field.to),
    };
    let forces =
        if field.forces_replacement { style.paint(Paint::Red, "  forces the replacement") } else { String::new() };
    format!("{}: {} {} {to}{forces}", field.path, value(&field.from), style.to())
}

/// A value as JSON has it; what is not there is not set.
pub(super) fn value(value: &Value) -> String {
    if value.is_null() { "unset".into() } else { value.to_string() }
}
