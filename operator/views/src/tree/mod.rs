//! `terrace tree`: what exists, how it stands, and what hangs on what; what holds everything else up comes first.
//!
//! The structures are what `-o json` prints. Fields may be added to them; none is renamed or taken away.

mod build;
mod draw;
mod lines;
mod node;
mod order;

use jiff::Timestamp;
use serde::Serialize;
use terrace_tiers::ObjectKey;

pub(crate) use build::of;
pub use build::tree;
pub(crate) use lines::used_in_words;

use crate::style::Mark;
use crate::{ObjectName, State};

/// What is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All objects.
    All,
    /// Those of a namespace.
    Namespace(String),
    /// One object, and under it whatever it uses; of an Environment, all objects that are of it.
    Object(ObjectKey),
}

/// Objects with their resources.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tree {
    /// The object that was asked for, where it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<ObjectName>,
    /// The Environments that these objects have or wait for; those that are not Ready first.
    pub environments: Vec<EnvironmentLine>,
    /// The object that was asked for; then what holds others up, what waits for them, and what is Ready.
    pub objects: Vec<ObjectLine>,
    pub summary: Summary,
}

/// One Environment.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentLine {
    pub name: String,
    pub account: String,
    pub region: String,
    pub cluster: String,
    pub state: State,
    pub reason: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// All objects that wait for it, themselves or by way of others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holds_up: Vec<ObjectName>,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectLine {
    #[serde(flatten)]
    pub object: ObjectName,
    #[serde(skip)]
    pub mark: Mark,
    pub state: State,
    /// The reason of the condition that says so; `Unobserved` of what no controller has looked at.
    pub reason: String,
    /// What that condition says.
    pub message: String,
    /// Since when it is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// The Environment that it keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The spec was edited since, and no controller has looked at it.
    pub outdated: bool,
    pub deleting: bool,
    /// The annotation terrace.dev/pause holds every change.
    pub paused: bool,
    /// What was changed outside Terrace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drifted: Option<String>,
    /// What is wrong, though it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degraded: Option<String>,
    /// What is to be known of it, though it is Ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remarks: Option<String>,
    /// The hash of the plan that waits for approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// What it waits for itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<ObjectName>,
    /// All objects that wait for it, themselves or by way of others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holds_up: Vec<ObjectName>,
    /// What is wrong first; else in the order in which it is made.
    pub resources: Vec<ResourceLine>,
    /// What it refers to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<UseLine>,
    /// What refers to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<UserLine>,
}

/// One resource of an object.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceLine {
    /// Its logical id, and `~2` or later after a replacement.
    pub id: String,
    pub kind: String,
    #[serde(skip)]
    pub mark: Mark,
    /// Intended, Settling, Ready, Failed or Deleting; Absent where a condition names it and nothing of it is on record.
    pub state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Its physical name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its ARN or AWS identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Its region is not the one that its Environment is at home in.
    pub elsewhere: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// The fields that were changed outside Terrace, or `deleted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drifted: Option<String>,
    /// The later incarnation that takes its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
    /// The ids that must outlive it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
}

/// One reference of an object to another.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UseLine {
    #[serde(flatten)]
    pub object: ObjectName,
    /// The field of the spec that refers to it.
    pub field: String,
    /// ReadOnly or ReadWrite.
    pub access: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binding: Option<String>,
    #[serde(skip)]
    pub mark: Mark,
    /// How it stands; none where there is no such object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub drifted: bool,
    pub degraded: bool,
    /// It lists the user among its users.
    pub admitted: bool,
    /// What was to be made from it stands, and it may be gone.
    pub fulfilled: bool,
}

/// One reference of another object to this one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserLine {
    #[serde(flatten)]
    pub object: ObjectName,
    /// ReadOnly or ReadWrite.
    pub access: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binding: Option<String>,
}

/// How many objects and resources stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub objects: usize,
    pub ready: usize,
    pub reconciling: usize,
    pub stalled: usize,
    pub paused: usize,
    pub unknown: usize,
    pub drifted: usize,
    pub degraded: usize,
    pub resources: usize,
    pub resources_ready: usize,
}

#[cfg(test)]
mod tests;
