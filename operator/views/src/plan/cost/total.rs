//! What many resources cost together.

use std::collections::BTreeSet;

use serde::Serialize;

use super::super::{ObjectPlan, Plan, Step};
use super::{Cost, cents};

/// What an object or a plan costs, in USD a month.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Total {
    /// Of the lines that are known before and after.
    pub before: f64,
    pub after: f64,
    /// Lines of which nothing is counted.
    pub unknown: usize,
    /// Lines that hang on use, wholly or in part.
    pub by_use: usize,
    pub assumptions: BTreeSet<String>,
    /// The days of the prices.
    pub as_of: BTreeSet<String>,
    /// How many lines there are.
    pub lines: usize,
}

impl Plan {
    /// What it costs; none where nothing was priced.
    pub fn cost(&self) -> Option<Total> {
        Total::of(self.objects.iter().flat_map(|object| &object.steps))
    }
}

impl ObjectPlan {
    /// What the object costs; none where nothing was priced.
    pub fn cost(&self) -> Option<Total> {
        Total::of(&self.steps)
    }
}

impl Total {
    fn of<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Option<Self> {
        let costs = steps.into_iter().filter_map(|step| step.cost.as_ref());
        Some(costs.fold(Total::default(), Total::and)).filter(|total| total.lines > 0)
    }

    /// What steps cost as they are wished, whatever stands; none where nothing was priced.
    pub(crate) fn as_wished(steps: &[Step]) -> Option<Self> {
        let wished = |step: &Step| {
            let cost = step.cost.as_ref()?;
            Some(Cost { before: cost.after, ..cost.clone() })
        };
        let costs: Vec<Cost> = steps.iter().filter_map(wished).collect();
        Some(costs.iter().fold(Total::default(), Total::and)).filter(|total| total.lines > 0)
    }

    fn and(mut self, cost: &Cost) -> Self {
        match cost.known() {
            Some((before, after)) => {
                (self.before, self.after) = (cents(self.before + before), cents(self.after + after));
            }
            None => self.unknown += 1,
        }
        self.lines += 1;
        self.by_use += usize::from(!cost.by_use.is_empty());
        self.assumptions.extend(cost.assumptions.iter().cloned());
        self.as_of.extend(cost.as_of.iter().cloned());
        self
    }

    /// In a sentence.
    pub fn sentence(&self) -> String {
        let Total { before, after, .. } = *self;
        let more = cents(after - before);
        self.sum(match more {
            _ if more > 0.0 => Some(format!("About {more:.2} USD a month more (from {before:.2} to {after:.2})")),
            _ if more < 0.0 => Some(format!("About {:.2} USD a month less (from {before:.2} to {after:.2})", -more)),
            _ if after > 0.0 => Some(format!("About {after:.2} USD a month, as before")),
            _ => None,
        })
    }

    /// In a sentence, where nothing is said of what it costs as it stands.
    pub(crate) fn sentence_as_wished(&self) -> String {
        self.sum((self.after > 0.0).then(|| format!("About {:.2} USD a month as it is wished", self.after)))
    }

    /// A sum, if there is any, with what it leaves out.
    fn sum(&self, sum: Option<String>) -> String {
        let Total { unknown, by_use, .. } = *self;
        let sum = sum.unwrap_or_else(|| "Nothing a month that is fixed".to_owned());
        let mut parts = vec![if unknown == self.lines { "What it costs is not known".to_owned() } else { sum }];
        let lines = |count: usize| if count == 1 { "line" } else { "lines" };
        if unknown > 0 && unknown < self.lines {
            parts.push(format!("{unknown} {} unknown and left out", lines(unknown)));
        }
        if by_use > 0 {
            parts.push(format!("{by_use} {} by use, of which use is left out", lines(by_use)));
        }
        parts.join("; ") + "."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(before: Option<f64>, after: Option<f64>, by_use: bool) -> Cost {
        let by_use = by_use.then(|| "requests".to_owned()).into_iter().collect();
        Cost { before, after, by_use, ..Cost::default() }
    }

    fn sentence(costs: &[Cost]) -> String {
        costs.iter().fold(Total::default(), Total::and).sentence()
    }

    #[test]
    fn a_total_says_how_much_more_or_less_and_what_it_leaves_out() {
        let (new, gone) = (cost(Some(0.0), Some(12.345), false), cost(Some(20.0), Some(0.0), false));
        let (unknown, used) = (cost(Some(3.0), None, false), cost(Some(0.0), Some(0.0), true));
        assert_eq!(sentence(std::slice::from_ref(&new)), "About 12.35 USD a month more (from 0.00 to 12.35).");
        assert_eq!(sentence(&[new.clone(), gone]), "About 7.65 USD a month less (from 20.00 to 12.35).");
        assert_eq!(
            sentence(&[new, unknown.clone(), unknown.clone()]),
            "About 12.35 USD a month more (from 0.00 to 12.35); 2 lines unknown and left out."
        );
        assert_eq!(sentence(&[unknown]), "What it costs is not known.");
        assert_eq!(sentence(&[used]), "Nothing a month that is fixed; 1 line by use, of which use is left out.");
        assert_eq!(sentence(&[cost(Some(5.0), Some(5.0), false)]), "About 5.00 USD a month, as before.");
    }

    #[test]
    fn cents_that_are_shown_add_up() {
        let third = cost(Some(0.0), Some(cents(10.0 / 3.0)), false);
        let total = [third.clone(), third.clone(), third].iter().fold(Total::default(), Total::and);
        assert_eq!((total.after, total.lines), (9.99, 3));
        assert_eq!(Total::of([]), None);
    }
}
