//! The truth about an object, from its nodes: the conditions of its status. Pure.
//!
//! *Architecture Invariant:* Ready is computed, never set; a message names the root cause, and never a node that waits for
//! another.

use std::collections::BTreeMap;

use terrace_model::resource::system;
use terrace_model::{NodeKey, Phase};

use crate::error::{Error, reason};
use crate::outcome::Outcome;
use crate::plan::{Action, Gate, Step, Why};
use crate::provider::{Look, Sight, State};

/// A condition in the making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub status: bool,
    pub reason: &'static str,
    pub message: String,
}

impl Verdict {
    fn new(status: bool, reason: &'static str, message: impl Into<String>) -> Self {
        Verdict { status, reason, message: message.into() }
    }
}

/// How one node stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeReport {
    pub kind: String,
    pub region: String,
    /// `Ready`, `Settling`, `Waiting`, `Creating`, `Updating`, `Replacing`, `Deleting`, `Held`, `Stalled` or `Retrying`.
    pub state: &'static str,
    pub reason: &'static str,
    pub message: String,
}

/// What status says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub ready: Verdict,
    pub reconciling: Verdict,
    pub stalled: Verdict,
    pub drifted: Verdict,
    pub degraded: Verdict,
    pub nodes: BTreeMap<NodeKey, NodeReport>,
}

/// Ranks what is wrong: the lower, the nearer to the root.
fn rank(node: &NodeReport) -> Option<u8> {
    match node.state {
        "Stalled" => Some(0),
        "Held" if node.reason == reason::MISSING => Some(1),
        "Held" => Some(2),
        "Retrying" => Some(3),
        "Replacing" | "Deleting" => Some(4),
        "Settling" | "Creating" | "Updating" => Some(5),
        "Waiting" => Some(6),
        _ => None,
    }
}

/// Reads an outcome. `deleting`: the object is on its way out.
pub fn report(outcome: &Outcome, deleting: bool) -> Report {
    let mut nodes = BTreeMap::new();
    let mut unread = Vec::new();
    for (key, step) in &outcome.plan.0 {
        let node = node(outcome, key, step);
        if node.state == "Retrying" && still_stands(outcome, key, step) {
            unread.push(format!("{key}: {}", node.message));
            nodes.insert(key.clone(), NodeReport { state: "Ready", ..node });
        } else {
            nodes.insert(key.clone(), node);
        }
    }
    let worst = nodes.iter().filter_map(|(key, node)| Some((rank(node)?, key, node))).min_by_key(|(rank, ..)| *rank);
    let cause = worst.map(|(rank, key, node)| (rank, node.reason, format!("{key} ({}): {}", node.kind, node.message)));
    let drifted = drifted(outcome);
    let degraded = match unread.is_empty() {
        true => Verdict::new(false, "AsExpected", "nothing is wrong"),
        false => Verdict::new(true, "Unreadable", unread.join("; ")),
    };
    let (ready, reconciling, stalled) = conditions(cause, deleting, outcome.unsaved.as_ref());
    Report { ready, reconciling, stalled, drifted, degraded, nodes }
}

fn conditions(
    cause: Option<(u8, &'static str, String)>,
    deleting: bool,
    unsaved: Option<&Error>,
) -> (Verdict, Verdict, Verdict) {
    let quiet = |word: &'static str| Verdict::new(false, word, "");
    let lead = if deleting { "Deleting" } else { "Reconciling" };
    match (cause, unsaved) {
        (Some((0..=2, reason, message)), _) => {
            let stalled = Verdict::new(true, reason, message.clone());
            (Verdict::new(false, reason, message), quiet("Stalled"), stalled)
        }
        (Some((_, reason, message)), _) => {
            let reconciling = Verdict::new(true, lead, message.clone());
            (
                Verdict::new(false, if deleting { reason::DELETING } else { reason }, message),
                reconciling,
                quiet("Progressing"),
            )
        }
        (None, Some(error)) => {
            let message = format!("the status could not be written: {error}");
            (
                Verdict::new(false, error.reason(), message.clone()),
                Verdict::new(true, lead, message),
                quiet("Progressing"),
            )
        }
        (None, None) if deleting => {
            (Verdict::new(false, reason::DELETING, "all resources are gone"), quiet("Done"), quiet("Done"))
        }
        (None, None) => (Verdict::new(true, "Ready", "everything is as wished"), quiet("Done"), quiet("Done")),
    }
}

fn sight<'a>(outcome: &'a Outcome, key: &NodeKey) -> Option<&'a Sight> {
    match outcome.sights.get(key) {
        Some(Ok(Look::Present(sight))) => Some(sight),
        _ => None,
    }
}

/// It was as wished when it was last seen, and only the look failed.
fn still_stands(outcome: &Outcome, key: &NodeKey, step: &Step) -> bool {
    let entry = outcome.inventory.0.get(key);
    let same = |entry: &terrace_model::Entry| {
        entry.phase == Phase::Ready
            && entry.applied.is_some()
            && entry.applied == step.wish.as_ref().map(|wish| wish.hash.clone())
    };
    matches!(step.action, Action::Stop(Error::Retry { .. })) && entry.is_some_and(same)
}

fn node(outcome: &Outcome, key: &NodeKey, step: &Step) -> NodeReport {
    let (state, reason, message) = words(outcome, key, step);
    NodeReport { kind: step.kind.clone(), region: step.place.region.clone(), state, reason, message }
}

fn words(outcome: &Outcome, key: &NodeKey, step: &Step) -> (&'static str, &'static str, String) {
    let failure = outcome.failures.get(key).or(match &step.action {
        Action::Stop(error) => Some(error),
        _ => None,
    });
    match (failure, &step.gate) {
        (_, Gate::Held { reason, message }) => return ("Held", reason, message.clone()),
        (Some(error @ Error::Retry { .. }), _) => return ("Retrying", error.reason(), error.to_string()),
        (Some(error @ Error::Wait { reason, .. }), _) => return (doing(&step.action), reason, error.to_string()),
        (Some(error), _) => return ("Stalled", error.reason(), error.to_string()),
        (None, Gate::Waits { on, message }) if !on.is_empty() => return ("Waiting", reason::WAITING, message.clone()),
        (None, Gate::Waits { message, .. }) => return (doing(&step.action), reason::SETTLING, message.clone()),
        (None, Gate::Open) => {}
    }
    match (&step.action, sight(outcome, key).map(|sight| &sight.state)) {
        (Action::Keep, Some(State::Ready)) => ("Ready", "Ready", String::new()),
        (Action::Keep, Some(State::Settling(word))) => {
            ("Settling", reason::SETTLING, format!("{} says {word}", system(&step.kind)))
        }
        (Action::Update { diff, .. } | Action::Replace { diff, .. }, _) => {
            let fields: Vec<&str> = diff.0.iter().map(|change| change.path.as_str()).collect();
            (
                doing(&step.action),
                reason::SETTLING,
                format!("{} does not show these as wished yet: {}", system(&step.kind), fields.join(", ")),
            )
        }
        (action, _) => (doing(action), reason::SETTLING, "under way".into()),
    }
}

fn doing(action: &Action) -> &'static str {
    match action {
        Action::Create(Why::New | Why::Missing | Why::Replacement) => "Creating",
        Action::Update { .. } => "Updating",
        Action::Replace { .. } => "Replacing",
        Action::Delete(_) | Action::Release(_) | Action::Forget => "Deleting",
        Action::Look | Action::Keep | Action::Stop(_) => "Settling",
    }
}

/// What is, or was until this pass mended it, not as Terrace left it.
fn drifted(outcome: &Outcome) -> Verdict {
    let open = outcome.plan.0.iter().filter_map(|(key, step)| match &step.action {
        Action::Update { diff, drift: true } => {
            Some((key.clone(), diff.0.iter().map(|change| change.path.clone()).collect::<Vec<_>>()))
        }
        Action::Create(Why::Missing) => Some((key.clone(), vec!["deleted".into()])),
        _ => None,
    });
    let all: BTreeMap<_, _> = outcome.drift.clone().into_iter().chain(open).collect();
    if all.is_empty() {
        return Verdict::new(false, "AsWished", "nothing was changed outside Terrace");
    }
    let text = all.iter().map(|(key, fields)| format!("{key}: {}", fields.join(", "))).collect::<Vec<_>>().join("; ");
    Verdict::new(true, "ChangedOutside", format!("changed outside Terrace: {text}"))
}
