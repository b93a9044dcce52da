//! An object's resources before a plan and after it.

use serde_json::Value;
use terrace_engine::plan::{Action, Step};
use terrace_engine::{Disposal, Look, Outcome};
use terrace_model::aws::kinds;
use terrace_model::{KindSpec, NodeKey, Rule};

use super::bill::Part;

/// All that stands, and all that will.
#[derive(Clone, Debug, Default)]
pub(super) struct Sides {
    pub before: Vec<Part>,
    pub after: Vec<Part>,
    pub lines: Vec<Line>,
}

/// One step, by where its resource stands among those before and those after.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// As [`super::super::Step::id`].
    pub id: String,
    pub kind: String,
    pub before: Option<usize>,
    pub after: Option<usize>,
    /// Nobody looked whether it stands, and as what.
    pub unseen: bool,
    /// What is left in AWS and is not counted, or goes on being.
    pub remains: Option<&'static str>,
}

/// What an outcome was made from, and what it comes to.
pub(super) fn sides(outcome: &Outcome) -> Sides {
    let (kinds, mut sides) = (kinds(), Sides::default());
    for (key, step) in &outcome.plan.0 {
        let spec = kinds.iter().find(|spec| spec.kind == step.kind);
        if spec.is_some_and(|spec| spec.read_only) {
            continue;
        }
        let (have, want) = (have(outcome, key), step.wish.as_ref().map(|wish| &wish.value));
        let after = after(&step.action, have, want, spec);
        let line = Line {
            id: key.to_string(),
            kind: step.kind.clone(),
            before: have.map(|fields| push(&mut sides.before, step, fields.clone())),
            after: after.map(|fields| push(&mut sides.after, step, fields)),
            unseen: step.action == Action::Look,
            remains: remains(&step.action),
        };
        sides.lines.push(line);
    }
    sides
}

fn push(parts: &mut Vec<Part>, step: &Step, fields: Value) -> usize {
    parts.push(Part { kind: step.kind.clone(), fields });
    parts.len() - 1
}

fn have<'a>(outcome: &'a Outcome, key: &NodeKey) -> Option<&'a Value> {
    match outcome.sights.get(key) {
        Some(Ok(Look::Present(sight))) => Some(&sight.have),
        _ => None,
    }
}

fn remains(action: &Action) -> Option<&'static str> {
    match action {
        Action::Release(_) => Some("what is left in AWS goes on costing what it does"),
        Action::Delete(Disposal::Snapshot(_)) => Some("the last snapshot of what is deleted is not counted"),
        _ => None,
    }
}

fn after(action: &Action, have: Option<&Value>, want: Option<&Value>, spec: Option<&KindSpec>) -> Option<Value> {
    match action {
        Action::Create(_) | Action::Replace { .. } | Action::Look => want.cloned(),
        Action::Update { .. } => Some(changed(have?, want?, spec)),
        Action::Keep | Action::Release(_) | Action::Stop(_) => have.cloned(),
        Action::Delete(_) | Action::Forget => None,
    }
}

/// What stands, with what is wished of it. What the wish leaves to AWS stays, and what has grown by itself does not shrink.
fn changed(have: &Value, want: &Value, spec: Option<&KindSpec>) -> Value {
    let mut after = have.clone();
    for (field, wished) in want.as_object().into_iter().flatten().filter(|(_, wished)| !wished.is_null()) {
        let stays = match spec.and_then(|spec| spec.rule(field)) {
            Some(Rule::OnCreate) => true,
            Some(Rule::Grows) => have[field].as_f64() >= wished.as_f64(),
            _ => false,
        };
        if !stays {
            after[field] = wished.clone();
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use terrace_model::aws::rds::DbInstance;

    #[test]
    fn what_has_grown_stays_and_what_is_left_to_aws_too() {
        let have =
            json!({"allocatedStorage": 300, "iops": 3000, "dbInstanceClass": "db.r8g.large", "restoreFrom": null});
        let spec = KindSpec::of::<DbInstance>();
        let changed = |want: Value| changed(&have, &want, Some(&spec));
        let after = changed(json!({"allocatedStorage": 100, "iops": null, "dbInstanceClass": "db.r8g.xlarge",
            "restoreFrom": {"snapshot": "s"}}));
        assert_eq!(
            after,
            json!({"allocatedStorage": 300, "iops": 3000, "dbInstanceClass": "db.r8g.xlarge", "restoreFrom": null})
        );
        assert_eq!(changed(json!({"allocatedStorage": 400}))["allocatedStorage"], 400);
    }
}
