//! `terrace why`: the root cause of how an object stands, the way from it to the object, and what to do.
//!
//! The structures are what `-o json` prints. Fields may be added to them; none is renamed or taken away.

mod advice;
mod approval;
mod cause;
mod checks;
mod events;
mod follow;
mod reasons;
mod sentence;
mod text;
mod usual;

use jiff::Timestamp;
use serde::Serialize;
use terrace_tiers::ObjectKey;

pub(crate) use approval::is_choice;
pub use events::Events;
pub use usual::Usual;

use crate::standing::{Absent, Waits, mark};
use crate::style::Mark;
use crate::{Environment, ObjectName, State, World};

/// Why an object stands as it does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Why {
    /// The object that was asked about.
    #[serde(flatten)]
    pub object: ObjectName,
    #[serde(skip)]
    pub mark: Mark,
    pub state: State,
    pub because: Because,
    /// The root cause in one sentence, with AWS's words whole.
    pub answer: String,
    /// Since when the last of the chain stands so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// What events tell of the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Events>,
    /// From the object to the cause: each waits for the next.
    pub chain: Vec<Link>,
    /// What else the objects of the chain wait for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<ObjectName>,
    /// All objects that wait for the last object of the chain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holds_up: Vec<ObjectName>,
    /// How many more there are that are not of the chain, where not all are named.
    #[serde(skip)]
    pub more_held: usize,
    /// How long that usually takes, where AWS is at work and its documentation says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual: Option<Usual>,
    /// The plan that waits for approval, an entry each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<Entry>,
    /// What to do, in words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub todo: String,
    /// What to run: one of them where they are a choice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Command>,
    /// The page to read, in Terrace's repository: a runbook, mostly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// What is to be known of the object besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
}

/// What sort of cause it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Because {
    /// There is none: the object is Ready.
    Ready,
    /// A person must do something.
    Person,
    /// A plan waits for approval.
    Approval,
    /// Changes are held back on purpose.
    Held,
    /// AWS, Kubernetes or a database is at work, and it goes on by itself.
    Settling,
    /// AWS does not answer, or throttles: it is tried again.
    Retrying,
    /// A new version is on its way, or on its way back.
    RollingOut,
    /// It waits for something that is not there, or that is to go first.
    Waiting,
    /// Objects wait for each other in a circle.
    Circle,
    /// No controller has looked at it.
    Unobserved,
    /// No controller has looked at it since its spec was edited.
    Outdated,
}

/// One object, or one resource of it, on the way to the cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    #[serde(flatten)]
    pub object: ObjectName,
    /// The resource of that object, at the end of the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceName>,
    /// The word for how it stands.
    pub state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The reference by which the one before it leads here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Reference>,
}

/// Names a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceName {
    /// Its logical id, and `~2` or later after a replacement.
    pub id: String,
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
}

/// A reference between two objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    pub field: String,
    /// ReadOnly or ReadWrite.
    pub access: &'static str,
}

/// One entry of a plan that waits for approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub id: String,
    pub kind: String,
    /// What would be done: Create, Update, Replace, Delete, Restore, Recreate.
    pub action: String,
    /// `field: old → new`, each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// What becomes of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Approves this entry alone.
    pub hash: String,
}

/// A command, and what it comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    pub run: String,
    pub effect: String,
}

/// Something to be known besides.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remark {
    /// Outdated, Deleting, Paused, Drifted, Degraded, Plan, Also, Uses, Operator or Note.
    pub about: &'static str,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// Why an object stands as it does. An Environment is asked about by its kind and name, without a namespace.
///
/// # Errors
/// Where there is no such object.
pub fn why(world: &World, key: &ObjectKey, now: Timestamp) -> Result<Why, Absent> {
    let waits = Waits::of(world);
    let place = match key.kind == Environment::KIND {
        true => waits.place_of_environment(&key.name),
        false => waits.place(key),
    };
    Ok(of(&waits, place.ok_or_else(|| Absent::of(world, key))?, now, usize::MAX))
}

/// As [`why`], of what is at a place, where it is known already what waits for what: of many, each may be asked about. Of
/// those that the cause holds up, it names only as many as [`Why::text`] does.
pub(crate) fn for_text(waits: &Waits, at: usize, now: Timestamp) -> Why {
    of(waits, at, now, text::MOST)
}

/// `most`: of how many that the cause holds up, and that are not of the chain, there is to be the name.
fn of(waits: &Waits, at: usize, now: Timestamp, most: usize) -> Why {
    let path = follow::follow(waits, at);
    let cause = cause::cause(waits, &path);
    let held = waits.held(cause.place);
    let named = &held[..held.len().min(most.saturating_add(path.places.len()))];
    // All of the chain but its last wait for that.
    let chained = named.iter().filter(|place| path.places.contains(place)).count();
    let asked = waits.thing(at);
    let standing = asked.standing();
    let advice = advice::advice(waits, &cause);
    let usual = usual::usual(&cause, now);
    let todo = match &usual {
        Some(Usual { overdue: true, .. }) => advice::OVERDUE.to_owned(),
        _ => advice.todo,
    };
    Why {
        object: asked.name(),
        mark: asked.object().map_or(standing.state.mark(), |object| mark(object, &standing)),
        state: standing.state,
        because: cause.because,
        answer: sentence::sentence(waits, &path, &cause),
        since: cause.standing.since,
        events: events::of_cause(&cause),
        chain: follow::chain(waits, &path, &cause),
        also: path.aside.iter().map(|place| waits.thing(*place).name()).collect(),
        holds_up: named.iter().map(|place| waits.thing(*place).name()).collect(),
        more_held: (held.len() + 1 + chained).saturating_sub(path.places.len() + named.len()),
        plan: approval::entries(&cause),
        commands: checks::commands(waits, &cause),
        runbook: advice.page.map(|page| format!("docs/{page}.md")),
        remarks: checks::remarks(waits, &asked, &cause),
        usual,
        todo,
    }
}

#[cfg(test)]
mod tests;
