//! What an object costs a month, as far as it can be had.

use serde::Serialize;

use std::collections::BTreeMap;

use super::card::said;
use crate::ObjectName;
use crate::plan::{ObjectPlan, Plan, Step, Total};

/// What an object costs a month, as it is wished.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// USD a month of all lines that are known; none where none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    /// The sum and what it leaves out, or why it is not known.
    pub sentence: String,
    /// What costs something, or may.
    pub lines: Vec<Line>,
    /// What was assumed.
    pub assumptions: Vec<String>,
    /// The days of the prices.
    pub as_of: Vec<String>,
}

/// What one resource costs a month.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    pub id: String,
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    /// Why it is not known, or what hangs on use and counts as nothing.
    pub notes: Vec<String>,
}

/// The plans of objects by their names.
pub type Plans<'a> = BTreeMap<ObjectName, &'a ObjectPlan>;

/// Finds the plan of each object.
pub fn by_object(plan: Option<&Plan>) -> Plans<'_> {
    plan.iter().flat_map(|plan| &plan.objects).map(|object| (object.object_name(), object)).collect()
}

/// What an object costs, by a plan of it that has prices.
pub fn of(plans: &Plans, name: &ObjectName) -> Cost {
    let priced = plans.get(name).and_then(|plan| Some((plan, Total::as_wished(&plan.steps)?)));
    priced.map_or_else(|| unknown(name), |(plan, total)| known(&plan.steps, total))
}

fn unknown(name: &ObjectName) -> Cost {
    let sentence = format!(
        "What it costs is not known here, as a status has no sizes: `terrace plan {}` says it.",
        name.argument()
    );
    Cost { usd: None, sentence: said(&sentence), lines: Vec::new(), assumptions: Vec::new(), as_of: Vec::new() }
}

fn known(steps: &[Step], total: Total) -> Cost {
    let line = |step: &Step| {
        let cost = step.cost.as_ref()?;
        let notes = if cost.after.is_none() { &cost.unknown } else { &cost.by_use };
        let notes = notes.iter().map(|note| said(note)).collect();
        Some(Line { id: said(&step.id), kind: said(&step.kind), usd: cost.after, notes })
    };
    Cost {
        usd: (total.unknown < total.lines).then_some(total.after),
        sentence: total.sentence_as_wished(),
        lines: steps.iter().filter_map(line).collect(),
        assumptions: total.assumptions.into_iter().collect(),
        as_of: total.as_of.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Basis, ObjectChange, Verb};
    use std::collections::BTreeSet;

    fn step(id: &str, after: Option<f64>, notes: &str) -> Step {
        let notes: BTreeSet<String> = [notes.to_owned()].into();
        let (unknown, by_use) = if after.is_none() { (notes, BTreeSet::new()) } else { (BTreeSet::new(), notes) };
        let as_of = ["2026-10-02".to_owned()].into();
        Step {
            id: id.into(),
            kind: "rds/DbInstance".into(),
            region: "eu-west-1".into(),
            handle: None,
            verb: Verb::Keep,
            changes: Vec::new(),
            drift: false,
            data: None,
            message: None,
            approval: None,
            held: false,
            cost: Some(crate::plan::Cost { after, unknown, by_use, as_of, ..crate::plan::Cost::default() }),
            usual: None,
        }
    }

    fn plan(steps: Vec<Step>) -> Plan {
        let object = ObjectPlan {
            kind: "DataTier".into(),
            namespace: "shop".into(),
            name: "orders".into(),
            environment: None,
            object: ObjectChange::Keep,
            steps,
            problem: None,
            approval: None,
        };
        Plan { basis: Basis::Manifests, objects: vec![object] }
    }

    fn cost(plan: Option<&Plan>) -> Cost {
        let name = ObjectName { kind: "DataTier".into(), namespace: "shop".into(), name: "orders".into() };
        of(&by_object(plan), &name)
    }

    #[test]
    fn without_a_plan_it_is_not_known_and_says_how_to_know_it() {
        let said = "What it costs is not known here, as a status has no sizes: `terrace plan DataTier/orders -n shop` says it.";
        for plan in [None, Some(&plan(Vec::new()))] {
            assert_eq!((cost(plan).sentence.as_str(), cost(plan).usd), (said, None));
        }
    }

    #[test]
    fn what_is_known_is_added_up_and_the_rest_is_told() {
        let plan = plan(vec![step("db", Some(12.345), "storage"), step("proxy", None, "no price")]);
        let cost = cost(Some(&plan));
        assert_eq!(
            cost.sentence,
            "About 12.35 USD a month as it is wished; 1 line unknown and left out; 1 line by use, of which use is left out."
        );
        let lines: Vec<_> = cost.lines.iter().map(|line| (line.id.as_str(), line.usd, line.notes.concat())).collect();
        assert_eq!(lines, [("db", Some(12.345), "storage".to_owned()), ("proxy", None, "no price".to_owned())]);
        assert_eq!(cost.as_of, ["2026-10-02"]);
    }

    #[test]
    fn where_no_line_is_known_there_is_no_sum() {
        let cost_of = |step| cost(Some(&plan(vec![step])));
        let none = cost_of(step("db", None, "no price"));
        assert_eq!((none.sentence.as_str(), none.usd), ("What it costs is not known.", None));
        let free = cost(Some(&plan(vec![step("bucket", Some(0.0), "what S3 stores")])));
        assert_eq!(free.sentence, "Nothing a month that is fixed; 1 line by use, of which use is left out.");
    }
}
