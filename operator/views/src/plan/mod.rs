//! What would be done, in the words of the resources: what `terrace plan` shows, made from what the engine foresees.

mod cost;
#[cfg(test)]
mod hostile;
mod markdown;
mod steps;
#[cfg(test)]
mod tests;
mod text;
mod usual;

use serde::Serialize;

pub use cost::{Cost, DrawnPrices, MissingPrices, Prices, Total, from_offers, price};
pub use markdown::markdown;
pub use steps::{Field, Step, Verb, steps};
pub use text::text;
pub use usual::Usual;

use crate::ObjectName;

/// The plan of everything that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What it was compared with.
    pub basis: Basis,
    pub objects: Vec<ObjectPlan>,
}

/// What wishes were compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Basis {
    /// AWS as it stands, read by this identity.
    Aws { identity: String },
    /// What the objects' status has on record: nobody could read AWS, for this reason.
    Record { why: String },
    /// Nothing: everything is taken for new.
    Manifests,
}

/// The plan of one object.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectPlan {
    pub kind: String,
    pub namespace: String,
    pub name: String,
    /// The Environment that serves it, once that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What becomes of the object itself.
    pub object: ObjectChange,
    pub steps: Vec<Step>,
    /// Why nothing can be done, or not all of it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// What a person must consent to before it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
}

/// What becomes of an object in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ObjectChange {
    Create,
    Update,
    Keep,
    Delete,
}

/// Why nothing can be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    pub reason: String,
    pub message: String,
    /// It does not pass by itself.
    pub stalled: bool,
}

/// How many resources there are of each verb.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub create: usize,
    pub update: usize,
    pub replace: usize,
    pub delete: usize,
    /// Left in AWS, and no longer Terrace's.
    pub release: usize,
    pub keep: usize,
    /// Objects of which nothing can be done before somebody mends something.
    pub refused: usize,
    /// Steps that wait for consent.
    pub approve: usize,
    /// Steps of objects that are paused, or only observed.
    pub held: usize,
}

impl Plan {
    /// How much there is to do.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for object in &self.objects {
            summary.refused += usize::from(object.is_refused());
            for step in &object.steps {
                summary.approve += usize::from(step.approval.is_some());
                *match step.verb {
                    _ if step.held => &mut summary.held,
                    Verb::Create => &mut summary.create,
                    Verb::Update => &mut summary.update,
                    Verb::Replace => &mut summary.replace,
                    Verb::Delete => &mut summary.delete,
                    Verb::Release => &mut summary.release,
                    Verb::Keep => &mut summary.keep,
                    Verb::Unknown | Verb::Stop => continue,
                } += 1;
            }
        }
        summary
    }

    /// True where anything would be changed, in AWS or in the cluster.
    pub fn has_changes(&self) -> bool {
        let changes =
            |object: &ObjectPlan| object.object != ObjectChange::Keep || object.steps.iter().any(Step::is_change);
        self.objects.iter().any(changes)
    }

    /// True where somebody must mend something first.
    pub fn is_refused(&self) -> bool {
        self.objects.iter().any(ObjectPlan::is_refused)
    }
}

impl ObjectPlan {
    /// The object, as it is named.
    pub fn object_name(&self) -> ObjectName {
        let ObjectPlan { kind, namespace, name, .. } = self;
        ObjectName { kind: kind.clone(), namespace: namespace.clone(), name: name.clone() }
    }

    /// What people call the object.
    pub fn title(&self) -> String {
        self.object_name().title()
    }

    /// True where somebody must mend something before anything of it is done.
    pub fn is_refused(&self) -> bool {
        let stops = |step: &Step| step.verb == Verb::Stop;
        self.problem.as_ref().is_some_and(|problem| problem.stalled) || self.steps.iter().any(stops)
    }
}

impl Summary {
    /// In a sentence, as Terraform's users know it.
    pub fn sentence(&self) -> String {
        let Summary { create, update, replace, delete, release, keep, refused, approve, held } = *self;
        let mut parts =
            vec![format!("{create} to create, {update} to change, {replace} to replace, {delete} to delete")];
        let more = [
            (release, "to leave in AWS"),
            (keep, "as wished"),
            (held, "held, as the object is paused or only observed"),
            (approve, if approve == 1 { "needs consent" } else { "need consent" }),
            (refused, if refused == 1 { "object refused" } else { "objects refused" }),
        ];
        parts.extend(more.into_iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")));
        format!("Plan: {}.", parts.join(", "))
    }
}
