//! A plan as Markdown, for a comment on a pull request.

use super::steps::{Field, Step, Verb};
use super::text::{basis, sign, value, words};
use super::{ObjectChange, ObjectPlan, Plan, cost};
use crate::style::bare;

/// The plan: what it comes to, then a table for each object that changes.
pub fn markdown(plan: &Plan) -> String {
    let total = plan.cost().map(|total| format!("**{}**\n\n", total.sentence())).unwrap_or_default();
    let (summary, basis) = (plan.summary().sentence(), escaped(&basis(&plan.basis)));
    let mut text = format!("### Terrace\n\n**{summary}**\n\n{total}{basis}\n");
    let (still, changing): (Vec<_>, Vec<_>) = plan.objects.iter().partition(|object| is_still(object));
    for object in changing {
        text += &self::object(object);
        // Of one alone it is the plan's.
        if let Some(total) = object.cost().filter(|_| plan.objects.len() > 1) {
            text += &format!("\n{}\n", total.sentence());
        }
    }
    if !still.is_empty() {
        let names: Vec<String> = still.iter().map(|object| escaped(&object.title())).collect();
        text += &format!("\nAs wished: {}\n", names.join(", "));
    }
    text + &costs(plan)
}

/// Where the prices are from, and what was assumed, folded away.
fn costs(plan: &Plan) -> String {
    let Some((prices, assumed)) = cost::notes(plan) else { return String::new() };
    let assumed: String = assumed.iter().map(|words| format!("- {}\n", escaped(words))).collect();
    let assumed = if assumed.is_empty() { assumed } else { format!("It is assumed that\n\n{assumed}\n") };
    format!("\n<details><summary>What costs are made of</summary>\n\n{}\n\n{assumed}</details>\n", escaped(&prices))
}

fn is_still(object: &ObjectPlan) -> bool {
    object.problem.is_none()
        && object.object == ObjectChange::Keep
        && object.steps.iter().all(|step| step.verb == Verb::Keep)
}

fn object(object: &ObjectPlan) -> String {
    let mut text = format!("\n#### {}{}\n", escaped(&object.title()), words(object));
    if let Some(problem) = &object.problem {
        text += &format!("\n**{}**: {}\n", escaped(&problem.reason), escaped(&problem.message));
    }
    let steps: Vec<&Step> = object.steps.iter().filter(|step| step.verb != Verb::Keep).collect();
    if !steps.is_empty() {
        text += "\n| | Resource | | What changes |\n|---|---|---|---|\n";
    }
    for step in steps {
        let (sign, _) = sign(step.verb);
        let (kind, id) = (escaped(&step.kind), escaped(&step.id));
        text += &format!("| `{sign}` | {kind} | {id} | {} |\n", notes(step).join("<br>"));
    }
    text
}

fn notes(step: &Step) -> Vec<String> {
    let drift = step.drift.then(|| "changed outside Terrace".to_owned());
    let data = step.data.iter().map(|data| format!("data: {}", escaped(data)));
    let choices = step.approval.iter().flatten().map(|choice| {
        let data = choice.data.as_ref().map(|data| format!(" (data: {})", escaped(data))).unwrap_or_default();
        format!("**waits for consent** to {}{data}: `{}`", escaped(&choice.action), bare(&choice.hash))
    });
    let message = step.message.iter().map(|message| escaped(message));
    let cost = cost::line(step, "→").map(|cost| escaped(&cost));
    let usual = step.usual.map(|usual| format!("usually takes: {}", escaped(usual.takes)));
    let changes = drift.into_iter().chain(step.changes.iter().map(field));
    changes.chain(data).chain(message).chain(cost).chain(usual).chain(choices).collect()
}

fn field(field: &Field) -> String {
    let to = match &field.known_after {
        Some(output) => format!("known after {}", escaped(output)),
        None => escaped(&value(&field.to)),
    };
    let forces = if field.forces_replacement { " **forces the replacement**" } else { "" };
    format!("{}: {} → {to}{forces}", escaped(&field.path), escaped(&value(&field.from)))
}

/// Text that means nothing to Markdown, in a cell of a table, and of which nothing turns its direction.
fn escaped(text: &str) -> String {
    text.split('\n').map(escaped_line).collect::<Vec<_>>().join("<br>")
}

fn escaped_line(text: &str) -> String {
    let mut escaped = String::new();
    for character in bare(text).chars() {
        match character {
            '<' => escaped += "&lt;",
            '&' => escaped += "&amp;",
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' => escaped.extend(['\\', character]),
            other => escaped.push(other),
        }
    }
    escaped
}
