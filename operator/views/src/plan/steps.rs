//! From what the engine foresees to what a person reads of each resource.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use terrace_engine::plan::{Action, Gate, Why};
use terrace_engine::policy::Consent;
use terrace_engine::{Disposal, Outcome};
use terrace_model::aws::kinds;
use terrace_model::{Certainty, Change, Diff, Effect, NodeKey};

use super::cost::Cost;
use super::usual::{Usual, usual};

/// What would become of one resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The logical id within the object, such as "db".
    pub id: String,
    /// The kind of resource, such as "rds/DbInstance".
    pub kind: String,
    pub region: String,
    /// The ARN or AWS identifier of what stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    #[serde(rename = "action")]
    pub verb: Verb,
    /// The fields that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Field>,
    /// Somebody else changed it since it was last as wished, or deleted it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drift: bool,
    /// What becomes of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// What it waits for, or why it cannot be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Nothing of it is done while the object is paused, or only observed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// The choices of which a person must consent to one, each with its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Vec<Choice>>,
    /// What it costs; none where it costs nothing by itself, or nobody gave it a price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// How long AWS usually takes, where it is minutes or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual: Option<Usual>,
}

/// What would be done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Verb {
    Create,
    Update,
    Replace,
    Delete,
    /// Left in AWS, and no longer Terrace's.
    Release,
    Keep,
    /// It was not looked at.
    Unknown,
    /// Somebody must mend something first.
    Stop,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    pub path: String,
    pub from: Value,
    pub to: Value,
    /// The output after which the new value is known, where it is not known yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_after: Option<String>,
    /// AWS cannot change it: the resource is replaced for it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub forces_replacement: bool,
}

/// One way to consent.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    pub action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Goes into the annotation terrace.dev/approve.
    pub hash: String,
}

impl Step {
    /// True for what changes something.
    pub fn is_change(&self) -> bool {
        !self.held && !matches!(self.verb, Verb::Keep | Verb::Unknown | Verb::Stop)
    }
}

/// The steps of a plan, those first that others stand on. What they cost is [`price`](super::price)'s to say.
pub fn steps(outcome: &Outcome) -> Vec<Step> {
    let mut choices: BTreeMap<&str, Vec<&Consent>> = BTreeMap::new();
    for consent in outcome.pending.iter().flat_map(|pending| &pending.entries) {
        choices.entry(&consent.id).or_default().push(consent);
    }
    let mut steps = Vec::new();
    for key in ordered(outcome) {
        let step = &outcome.plan.0[key];
        let Some((verb, data)) = verb(&step.action).filter(|_| !is_only_looked_at(&step.kind)) else { continue };
        let entry = outcome.inventory.0.get(key);
        let (held, is_change) = (matches!(step.gate, Gate::Held { .. }), step.action.is_change());
        let approval =
            choices.get(key.id.as_str()).filter(|_| held).map(|choices| choices.iter().map(choice).collect());
        let changes = fields(&step.action);
        steps.push(Step {
            id: key.to_string(),
            kind: step.kind.clone(),
            region: step.place.region.clone(),
            handle: entry.and_then(|entry| entry.handle.as_ref()).map(|handle| handle.0.clone()),
            verb,
            usual: usual(&step.kind, verb, &changes),
            changes,
            drift: matches!(step.action, Action::Update { drift: true, .. } | Action::Create(Why::Missing)),
            data,
            message: message(&step.action, &step.gate, approval.is_some()),
            held: held && approval.is_none() && is_change,
            approval,
            cost: None,
        });
    }
    steps
}

/// What is somebody else's, as a key that is named.
fn is_only_looked_at(kind: &str) -> bool {
    kinds().iter().any(|spec| spec.kind == kind && spec.read_only)
}

fn choice(consent: &&Consent) -> Choice {
    Choice { action: consent.action.clone(), data: consent.data.clone(), hash: consent.hash.clone() }
}

/// What a step comes to, and what becomes of the data; none for what is only struck off the record.
fn verb(action: &Action) -> Option<(Verb, Option<String>)> {
    let said = |text: &str| Some(text.to_owned());
    Some(match action {
        Action::Look => (Verb::Unknown, None),
        Action::Keep => (Verb::Keep, None),
        Action::Create(_) => (Verb::Create, None),
        Action::Update { .. } => (Verb::Update, None),
        Action::Replace { carried: true, .. } => {
            (Verb::Replace, said("carried over: restored from the final snapshot"))
        }
        Action::Replace { .. } => (Verb::Replace, None),
        Action::Delete(Disposal::Snapshot(name)) => (Verb::Delete, Some(format!("kept in the snapshot {name}"))),
        Action::Delete(Disposal::Empty) => (Verb::Delete, said("lost: it is emptied first")),
        Action::Delete(Disposal::Delete) => (Verb::Delete, None),
        Action::Release(_) => (Verb::Release, said("stays in AWS; Terrace's tags are taken off")),
        Action::Stop(_) => (Verb::Stop, None),
        Action::Forget => return None,
    })
}

fn fields(action: &Action) -> Vec<Field> {
    match action {
        Action::Update { diff, .. } | Action::Replace { diff, .. } => diff_fields(diff),
        _ => Vec::new(),
    }
}

fn diff_fields(Diff(changes): &Diff) -> Vec<Field> {
    let field = |change: &Change| Field {
        path: change.path.clone(),
        from: change.from.clone(),
        to: change.to.clone(),
        known_after: match &change.certainty {
            Certainty::Changed => None,
            Certainty::Unknown(by) => Some(by.clone()),
        },
        forces_replacement: change.effect == Effect::Replace,
    };
    let mut fields: Vec<Field> = changes.iter().map(field).collect();
    fields.sort_by(|a, b| a.path.cmp(&b.path));
    fields
}

/// What stands in the way. What waits for other steps of the plan needs no word: it is done after them.
fn message(action: &Action, gate: &Gate, asks: bool) -> Option<String> {
    match (action, gate) {
        (Action::Stop(error), _) => Some(error.to_string()),
        (Action::Keep, _) => None,
        (Action::Replace { diff, .. }, _) if !is_certain(diff) => {
            Some("replaced only if what is not known yet turns out to be another than now".into())
        }
        (_, Gate::Held { .. }) if asks => None,
        // What is held is said by the step itself.
        (_, Gate::Held { message, .. }) => message.split("; held: ").next().map(str::to_owned),
        (_, Gate::Waits { on, message }) if on.is_empty() || on.iter().any(|id| id.contains('/')) => {
            Some(message.clone())
        }
        (_, Gate::Waits { .. } | Gate::Open) => None,
    }
}

/// Whether something forces a replacement that is known already.
fn is_certain(diff: &Diff) -> bool {
    diff.forcing().any(|change| change.certainty == Certainty::Changed)
}

/// What others stand on comes before them; what is taken away, after those.
fn ordered(outcome: &Outcome) -> Vec<&NodeKey> {
    let plan = &outcome.plan.0;
    let stands_on = |key: &NodeKey| -> Vec<&NodeKey> {
        let wished = plan[key].wish.iter().flat_map(|wish| &wish.dependencies);
        let recorded = outcome.inventory.0.get(key).into_iter().flat_map(|entry| &entry.depends_on);
        wished.chain(recorded).filter_map(|other| plan.get_key_value(other)).map(|(key, _)| key).collect()
    };
    let mut order: Vec<&NodeKey> = Vec::new();
    let mut begun = std::collections::BTreeSet::new();
    for key in plan.keys() {
        let mut stack = vec![(key, false)];
        while let Some((key, done)) = stack.pop() {
            if done {
                order.push(key);
            } else if begun.insert(key) {
                stack.push((key, true));
                stack.extend(stands_on(key).into_iter().map(|other| (other, false)));
            }
        }
    }
    let (gone, stay): (Vec<_>, Vec<_>) = order.into_iter().partition(|key| plan[*key].wish.is_none());
    stay.into_iter().chain(gone.into_iter().rev()).collect()
}
