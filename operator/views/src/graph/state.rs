//! How an object stands, as a picture shows it: one word out of eight, and why.

use serde::Serialize;

use crate::standing;
use crate::{Environment, Object};

/// The one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum State {
    Ready,
    Reconciling,
    Stalled,
    /// It works, with something wrong.
    Degraded,
    /// It was changed behind Terrace's back.
    Drifted,
    Deleting,
    /// An annotation holds every change.
    Paused,
    Unknown,
}

/// The word, and where it is not Ready, why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    pub state: State,
    /// Why, in one word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl State {
    /// All of them, as the legend lists them.
    pub const ALL: [State; 8] = [
        State::Ready,
        State::Reconciling,
        State::Stalled,
        State::Degraded,
        State::Drifted,
        State::Deleting,
        State::Paused,
        State::Unknown,
    ];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            State::Ready => "Ready",
            State::Reconciling => "Reconciling",
            State::Stalled => "Stalled",
            State::Degraded => "Degraded",
            State::Drifted => "Drifted",
            State::Deleting => "Deleting",
            State::Paused => "Paused",
            State::Unknown => "Unknown",
        }
    }

    /// A sign for text, where no shape can be drawn.
    pub fn sign(self) -> char {
        match self {
            State::Ready => '✓',
            State::Reconciling => '↻',
            State::Stalled => '✕',
            State::Degraded => '!',
            State::Drifted => '≠',
            State::Deleting => '−',
            State::Paused => '‖',
            State::Unknown => '?',
        }
    }

    /// How one resource of an inventory stands (`status.resources[].state`).
    fn of_resource(state: &str) -> State {
        match state {
            "Ready" => State::Ready,
            "Intended" | "Settling" => State::Reconciling,
            "Failed" => State::Stalled,
            "Deleting" => State::Deleting,
            _ => State::Unknown,
        }
    }
}

impl Standing {
    fn new(state: State, reason: Option<&str>, message: Option<&str>) -> Self {
        let said = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Standing { state, reason: said(reason), message: said(message) }
    }

    /// What an object is that another refers to, and that is not there.
    pub fn missing() -> Self {
        Standing::new(State::Unknown, Some("not found"), Some("another object refers to it, and it was not read"))
    }

    /// How an object stands. What needs a person goes before all else, and what is wrong before what is on purpose.
    pub fn of(object: &Object) -> Self {
        let said = standing::Standing::of(object);
        let (reason, message) = (Some(said.reason), Some(said.message));
        match said.state {
            standing::State::Stalled => Standing::new(State::Stalled, reason, message),
            _ if object.deleting => Standing::new(State::Deleting, reason, message),
            standing::State::Ready => Standing::of_ready(object),
            other => Standing::new(of_state(other), reason, message),
        }
    }

    /// Of what is Ready there may be more to be said.
    fn of_ready(object: &Object) -> Self {
        let holds = |(_, type_): &(State, &str)| object.is(type_);
        match [(State::Degraded, "Degraded"), (State::Drifted, "Drifted")].into_iter().find(holds) {
            Some((state, type_)) => {
                let condition = object.condition(type_);
                let (reason, message) = condition.map(|it| (it.reason.as_str(), it.message.as_str())).unzip();
                Standing::new(state, reason, message)
            }
            None => Standing::new(if object.paused { State::Paused } else { State::Ready }, None, None),
        }
    }

    /// How an Environment stands.
    pub fn of_environment(environment: &Environment) -> Self {
        let said = standing::Standing::of_environment(environment);
        match of_state(said.state) {
            State::Ready => Standing::new(State::Ready, None, None),
            other => Standing::new(other, Some(said.reason), Some(said.message)),
        }
    }

    /// How one resource of an object stands, of which `state`, `reason` and `message` are what its inventory says.
    pub fn of_resource(state: &str, reason: Option<&str>, message: Option<&str>) -> Self {
        match State::of_resource(state) {
            State::Ready => Standing::new(State::Ready, None, None),
            other => Standing::new(other, reason, message),
        }
    }

    /// The word, and why, as `Stalled: AccessDenied`.
    pub fn text(&self) -> String {
        match &self.reason {
            Some(reason) if reason != self.state.word() => format!("{}: {reason}", self.state.word()),
            _ => self.state.word().into(),
        }
    }
}

fn of_state(state: standing::State) -> State {
    match state {
        standing::State::Stalled => State::Stalled,
        standing::State::Unknown => State::Unknown,
        standing::State::Reconciling => State::Reconciling,
        standing::State::Paused => State::Paused,
        standing::State::Ready => State::Ready,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::samples;

    /// An object in which these conditions hold.
    fn object(holds: &[&str]) -> Object {
        samples::object("DataTier", "shop", "orders", holds)
    }

    fn text(object: &Object) -> String {
        Standing::of(object).text()
    }

    #[test]
    fn every_state_follows_from_what_the_status_says() {
        assert_eq!(text(&object(&["Ready"])), "Ready");
        assert_eq!(text(&object(&["Ready", "Drifted"])), "Drifted: DriftedReason");
        assert_eq!(text(&object(&["Ready", "Drifted", "Degraded"])), "Degraded: DegradedReason");
        assert_eq!(text(&object(&["Reconciling"])), "Reconciling: ReadyReason");
        assert_eq!(text(&object(&["Stalled", "Drifted"])), "Stalled: StalledReason");
        let mut untouched = object(&[]);
        untouched.status = Default::default();
        assert_eq!(text(&untouched), "Unknown: Unobserved");
        assert_eq!(text(&Object { paused: true, ..object(&["Ready"]) }), "Paused");
        assert_eq!(text(&Object { deleting: true, ..object(&[]) }), "Deleting: ReadyReason");
        assert_eq!(text(&Object { deleting: true, ..object(&["Stalled"]) }), "Stalled: StalledReason");
    }

    #[test]
    fn an_environment_stands_as_its_conditions_say() {
        let mut environment = samples::environment("prod", "111122223333", "eu-west-1");
        assert_eq!(Standing::of_environment(&environment).text(), "Ready");
        environment.conditions = samples::conditions(&["Stalled"]);
        assert_eq!(Standing::of_environment(&environment).text(), "Stalled: StalledReason");
        environment.conditions.clear();
        assert_eq!(Standing::of_environment(&environment).text(), "Unknown: Unobserved");
    }

    #[test]
    fn a_resource_stands_as_its_inventory_says() {
        let of = |state| Standing::of_resource(state, Some("Throttled"), None).text();
        assert_eq!(of("Ready"), "Ready");
        assert_eq!((of("Intended"), of("Failed")), ("Reconciling: Throttled".into(), "Stalled: Throttled".into()));
        assert_eq!((of("Deleting"), of("?")), ("Deleting: Throttled".into(), "Unknown: Throttled".into()));
    }

    #[test]
    fn every_state_has_a_sign_of_its_own() {
        let signs: std::collections::BTreeSet<_> = State::ALL.iter().map(|state| state.sign()).collect();
        assert_eq!(signs.len(), State::ALL.len());
    }
}
