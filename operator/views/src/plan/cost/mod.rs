//! What a plan costs a month, before and after: list prices of what stands and of what is wished.

mod bill;
mod cache;
mod kinds;
mod network;
mod offers;
mod prices;
mod rds;
mod rest;
mod sides;
#[cfg(test)]
mod tests;
mod total;
mod words;

use std::collections::BTreeSet;

use serde::Serialize;
use terrace_engine::Outcome;

use super::Step;
use bill::{Bill, Part};
pub use offers::{DrawnPrices, MissingPrices, from_offers};
pub use prices::Prices;
pub use total::Total;
pub(super) use words::{line, notes};

/// What one resource costs, in USD a month.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// As it stands; none where that is not known, or not to be priced.
    pub before: Option<f64>,
    /// As it will be; none as in `before`.
    pub after: Option<f64>,
    /// Why one of them is not known.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub unknown: BTreeSet<String>,
    /// What hangs on use: it is counted as nothing.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub by_use: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub assumptions: BTreeSet<String>,
    /// The days of the prices.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub as_of: BTreeSet<String>,
}

/// Gives each of an outcome's steps its cost. What costs nothing by itself gets none.
pub fn price(steps: &mut [Step], outcome: &Outcome, prices: &Prices) {
    let sides = sides::sides(outcome);
    for line in &sides.lines {
        let (Some(step), Some(price)) = (steps.iter_mut().find(|step| step.id == line.id), kinds::price(&line.kind))
        else {
            continue;
        };
        let bill = |parts: &[Part], at: Option<usize>| {
            let mut bill = Bill::new(prices, &step.region);
            if let Some(part) = at.and_then(|at| parts.get(at)) {
                price(&part.among(parts), &mut bill);
            }
            bill
        };
        let (mut before, mut after) = (bill(&sides.before, line.before), bill(&sides.after, line.after));
        if line.unseen {
            before.lacks("what stands was not looked at");
        }
        line.remains.into_iter().for_each(|words| after.assume(words));
        step.cost = Some(Cost::of(&before, &after));
    }
}

impl Cost {
    fn of(before: &Bill, after: &Bill) -> Self {
        let both = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.union(other).cloned().collect();
        let sum = |bill: &Bill| bill.unknown.is_empty().then(|| cents(bill.usd));
        Cost {
            before: sum(before),
            after: sum(after),
            unknown: both(&before.unknown, &after.unknown),
            by_use: both(&before.by_use, &after.by_use),
            assumptions: both(&before.assumed, &after.assumed),
            as_of: both(&before.as_of, &after.as_of),
        }
    }

    /// Both sums, where both are known.
    pub fn known(&self) -> Option<(f64, f64)> {
        Some((self.before?, self.after?))
    }
}

/// A sum as it is shown, so that lines add up to their totals.
fn cents(usd: f64) -> f64 {
    (usd * 100.0).round() / 100.0
}
