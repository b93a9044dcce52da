//! What is shown of one resource of an object.

use jiff::Timestamp;
use serde::Serialize;

use super::card::said;
use crate::graph::State;
use crate::style::{Mark, age};
use crate::tree::ResourceLine;

/// One resource of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Its logical id, and `~2` or later after a replacement.
    pub id: String,
    pub kind: String,
    /// The state whose colour and sign it is shown in.
    pub looks: State,
    pub sign: char,
    /// As the record has it: Intended, Settling, Ready, Failed, Deleting; or Absent.
    pub state: String,
    /// Why it is not Ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What was changed outside Terrace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drifted: Option<String>,
    /// The later incarnation that takes its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
    /// Its physical name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its ARN or AWS identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// Its region, where that is not the one that its Environment is at home in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<String>,
}

/// What is shown of a resource.
pub fn of(line: &ResourceLine, now: Timestamp) -> Resource {
    let text = |text: &Option<String>| text.as_deref().map(said);
    let looks = looks(line);
    // What stands in an ARN already need not be said besides.
    let known = |name: &&String| !line.handle.as_ref().is_some_and(|handle| handle.ends_with(name.as_str()));
    Resource {
        id: said(&line.id),
        kind: said(&line.kind),
        looks,
        sign: looks.sign(),
        state: said(&line.state),
        reason: text(&line.reason).filter(|reason| *reason != line.state),
        message: text(&line.message),
        drifted: text(&line.drifted),
        replaced_by: text(&line.replaced_by),
        name: line.name.as_ref().filter(known).map(|name| said(name)),
        handle: text(&line.handle),
        elsewhere: text(&line.region).filter(|_| line.elsewhere),
        age: line.created.map(|created| age(created, now)),
    }
}

/// A resource has no sign of its own in the picture: it is shown as an object that stands so.
fn looks(line: &ResourceLine) -> State {
    match line.mark {
        Mark::Stalled => State::Stalled,
        Mark::Reconciling if line.state == "Deleting" => State::Deleting,
        Mark::Reconciling => State::Reconciling,
        Mark::Paused => State::Paused,
        Mark::Concern => State::Drifted,
        Mark::Ready => State::Ready,
        Mark::Unknown => State::Unknown,
    }
}
