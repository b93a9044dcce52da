//! How objects and their resources stand, and which waits for which: what every view of state begins with.

mod absent;
mod index;
mod resources;
mod said;
mod waits;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde::Serialize;
use terrace_crds::GrantAccess;
use terrace_engine::reason;
use terrace_tiers::ObjectKey;

pub use absent::Absent;
pub use index::Index;
pub use resources::{ABSENT, Resource, resources};
pub use said::node;
pub use waits::{Thing, Waits};

use crate::style::Mark;
use crate::{Environment, Object};

/// The reason of what no controller has looked at; the metrics have it too.
pub const UNOBSERVED: &str = "Unobserved";
/// The reason of what was edited since it was last looked at (kstatus).
pub const OUTDATED: &str = "LatestGenerationNotObserved";
/// The reason of what is in its first pass.
const RECONCILING: &str = "Reconciling";
/// What is held on purpose: by the annotation terrace.dev/pause, or by spec.management.
const HELD: [&str; 2] = ["Paused", "ObserveOnly"];
/// What is said of these, as no condition does.
const NOT_LOOKED_AT: &str = "no controller has looked at it yet";
const FIRST_PASS: &str = "a controller is at work on it, and has not come to the end of its first pass";
pub const NOT_LOOKED_AT_SINCE: &str = "the spec was edited, and no controller has looked at it since";
/// What Ready says where there is nothing to add.
const AS_WISHED: &str = "everything is as wished";

/// How an object, or an Environment, stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum State {
    /// Nothing goes on before a person does something.
    Stalled,
    /// No controller has looked at it.
    Unknown,
    /// It is on its way, and gets there by itself.
    Reconciling,
    /// A change is held back on purpose: the object is paused, or only observed.
    Paused,
    /// Everything is as wished.
    Ready,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            State::Stalled => "Stalled",
            State::Unknown => "Unknown",
            State::Reconciling => "Reconciling",
            State::Paused => "Paused",
            State::Ready => "Ready",
        }
    }

    /// The mark of what stands so, and has nothing else to be said of it.
    pub fn mark(self) -> Mark {
        match self {
            State::Stalled => Mark::Stalled,
            State::Unknown => Mark::Unknown,
            State::Reconciling => Mark::Reconciling,
            State::Paused => Mark::Paused,
            State::Ready => Mark::Ready,
        }
    }
}

/// Names an object of the cluster. An Environment has no namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectName {
    pub kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    pub name: String,
}

impl ObjectName {
    /// The name of an Environment.
    pub fn environment(name: &str) -> Self {
        ObjectName { kind: Environment::KIND.into(), namespace: String::new(), name: name.into() }
    }

    /// What people call it, as `DataTier shop/orders` or `Environment prod`.
    pub fn title(&self) -> String {
        match self.namespace.is_empty() {
            true => format!("{} {}", self.kind, self.name),
            false => format!("{} {}/{}", self.kind, self.namespace, self.name),
        }
    }

    /// As the command line takes it: `DataTier/orders -n shop`.
    pub fn argument(&self) -> String {
        match self.namespace.is_empty() {
            true => format!("{}/{}", self.kind, self.name),
            false => format!("{}/{} -n {}", self.kind, self.name, self.namespace),
        }
    }

    /// What approves a plan of it, or an entry of one, by its hash.
    pub(crate) fn approve(&self, hash: &str) -> String {
        format!("terrace approve {} --plan {hash}", self.argument())
    }
}

impl From<&ObjectKey> for ObjectName {
    fn from(key: &ObjectKey) -> Self {
        let ObjectKey { kind, namespace, name } = key;
        ObjectName { kind: kind.clone(), namespace: namespace.clone(), name: name.clone() }
    }
}

impl Environment {
    /// The kind, as references name it.
    pub const KIND: &str = "Environment";
}

/// How one object stands, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing<'a> {
    pub state: State,
    /// The reason of the condition that says so, or [`UNOBSERVED`], or [`OUTDATED`].
    pub reason: &'a str,
    /// What that condition says.
    pub message: &'a str,
    /// Since when its status says so; of what nobody has looked at, since it was made.
    pub since: Option<Timestamp>,
    /// The status speaks of the spec before it was last edited.
    pub behind: bool,
}

impl<'a> Standing<'a> {
    /// How an object stands.
    pub fn of(object: &'a Object) -> Self {
        let standing = Self::said(&object.status.conditions);
        if standing.state == State::Unknown {
            let begun = object.status.environment.is_some() || !object.status.resources.is_empty();
            let first = Standing { state: State::Reconciling, reason: RECONCILING, message: FIRST_PASS, ..standing };
            return Standing { since: object.created, ..if begun { first } else { standing } };
        }
        // A status whose inventory was lost speaks of no generation, and its conditions do.
        let ready = object.condition("Ready").and_then(|ready| ready.observed_generation);
        standing.seen_at(ready.unwrap_or(object.status.observed_generation), object.generation)
    }

    /// How an Environment stands.
    pub fn of_environment(environment: &'a Environment) -> Self {
        let Environment { conditions, observed_generation, generation, .. } = environment;
        Self::said(conditions).seen_at(*observed_generation, *generation)
    }

    /// What was said at a generation, once the object is at another.
    fn seen_at(self, observed: i64, generation: i64) -> Self {
        let behind = observed < generation && self.state != State::Unknown;
        if behind && self.state == State::Ready {
            // When it was edited, nobody says.
            return Standing {
                state: State::Reconciling,
                reason: OUTDATED,
                message: NOT_LOOKED_AT_SINCE,
                since: None,
                behind,
            };
        }
        Standing { behind, ..self }
    }

    fn said(conditions: &'a [Condition]) -> Self {
        #[cfg(test)]
        crate::count::add("conditions read", 1);
        let find = |type_: &str| conditions.iter().find(|condition| condition.type_ == type_);
        let stalled = find("Stalled").filter(|stalled| stalled.status == "True");
        let Some(told) = stalled.or_else(|| find("Ready")) else {
            let (state, reason, message) = (State::Unknown, UNOBSERVED, NOT_LOOKED_AT);
            return Standing { state, reason, message, since: None, behind: false };
        };
        let state = match told {
            told if stalled.is_some() && HELD.contains(&told.reason.as_str()) => State::Paused,
            _ if stalled.is_some() => State::Stalled,
            ready if ready.status == "True" => State::Ready,
            _ => State::Reconciling,
        };
        let since = Some(told.last_transition_time.0);
        Standing { state, reason: &told.reason, message: &told.message, since, behind: false }
    }

    /// Whether it waits for something that its message names, and not for AWS or a person.
    pub fn waits(&self) -> bool {
        let waiting = [reason::WAITING, reason::IN_USE, "ReferenceNotFound", "EnvironmentNotReady"];
        self.state == State::Reconciling && waiting.contains(&self.reason)
    }

    /// What is said of an object that is Ready, beside that it is: remarks, as that a binding hands out the master user.
    pub fn remarks(&self) -> Option<&'a str> {
        let all = (self.state == State::Ready).then_some(self.message)?;
        let further = all.strip_prefix(AS_WISHED).unwrap_or(all).trim_start_matches("; ");
        (!further.is_empty()).then_some(further)
    }
}

/// The word for what a reference may do with its target, as `status.users` has it.
pub fn access(access: GrantAccess) -> &'static str {
    match access {
        GrantAccess::Read => "ReadOnly",
        GrantAccess::ReadWrite => "ReadWrite",
    }
}

/// What a condition that stands says, such as Drifted or Degraded.
pub fn told<'a>(object: &'a Object, type_: &str) -> Option<&'a str> {
    object.condition(type_).filter(|condition| condition.status == "True").map(|condition| condition.message.as_str())
}

/// The mark of an object: of its state, unless that is Ready and there is something else to be seen.
pub fn mark(object: &Object, standing: &Standing) -> Mark {
    match standing.state {
        State::Ready if object.is("Drifted") || object.is("Degraded") => Mark::Concern,
        State::Ready if object.paused => Mark::Paused,
        state => state.mark(),
    }
}

#[cfg(test)]
mod tests;
