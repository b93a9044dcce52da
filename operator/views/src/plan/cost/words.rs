//! How costs are told, in text and in Markdown alike.

use super::super::{Plan, Step, Verb};
use super::{Cost, Total};

/// What a step costs, where there is something to say: what is changed and costs the same is not told.
pub(crate) fn line(step: &Step, to: &str) -> Option<String> {
    let cost = step.cost.as_ref()?;
    let sum = match cost.known() {
        None => Some(unknown(cost)),
        Some((before, after)) if before != after => Some(format!("{before:.2} {to} {after:.2} USD a month")),
        Some(_) => None,
    };
    let used = !cost.by_use.is_empty() && step.verb != Verb::Update;
    let used = used.then(|| format!("by use: {}", listed(cost.by_use.iter())));
    let parts: Vec<String> = sum.into_iter().chain(used).collect();
    (!parts.is_empty()).then(|| format!("cost: {}", parts.join("; ")))
}

fn unknown(cost: &Cost) -> String {
    format!("unknown ({})", listed(cost.unknown.iter()))
}

fn listed<'a>(parts: impl Iterator<Item = &'a String>) -> String {
    parts.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// What is to be known of all costs: where the prices are from, then what was assumed, a line each.
pub(crate) fn notes(plan: &Plan) -> Option<(String, Vec<String>)> {
    let Total { assumptions, as_of, unknown, .. } = plan.cost()?;
    let of = if as_of.is_empty() { String::new() } else { format!(" as of {}", listed(as_of.iter())) };
    let prices = format!(
        "Costs are by list prices of AWS{of}, on demand, for 730 hours a month, without data transfer: check them before you rely on them."
    );
    let more = if unknown > 0 {
        " Prices that are not known can be given with --prices FILE, which terrace prices makes of AWS's own price list."
    } else {
        ""
    };
    Some((prices + more, assumptions.into_iter().collect()))
}
