//! The existing AWS resources that a spec names: they must be of this namespace, or admitted by the Environment.

use terrace_crds::DataTierSpec;

use super::super::design::Shape;
use crate::facts::Named;
use crate::{Facts, Invalid, Reference, ReferenceKind};

const SNAPSHOT: &str = "spec.restoreFrom.snapshot";
const SOURCE: &str = "spec.restoreFrom.pointInTime.source";
/// The node that is made from either.
const DATABASE: &str = "db";

/// Everything that the spec names.
pub fn references(spec: &DataTierSpec) -> Vec<Reference> {
    let cluster = Shape::of(spec).is_cluster();
    let (snapshot, database) = if cluster {
        (ReferenceKind::DbClusterSnapshot, ReferenceKind::DbCluster)
    } else {
        (ReferenceKind::DbSnapshot, ReferenceKind::DbInstance)
    };
    let restore = spec.restore_from.as_ref();
    let point = restore.and_then(|restore| restore.point_in_time.as_ref());
    [
        ("spec.encryption.kmsKeyId", spec.encryption.kms_key_id.as_ref(), ReferenceKind::KmsKey, None),
        ("spec.credentials.kmsKeyId", spec.credentials.kms_key_id.as_ref(), ReferenceKind::KmsKey, None),
        (SNAPSHOT, restore.and_then(|restore| restore.snapshot.as_ref()), snapshot, Some(DATABASE)),
        (SOURCE, point.map(|point| &point.source), database, Some(DATABASE)),
    ]
    .into_iter()
    .filter_map(|(field, text, kind, until)| Some(Reference { field, text: text?.clone(), kind, until }))
    .collect()
}

pub(super) fn check(spec: &DataTierSpec, shape: Shape, facts: &Facts, invalid: &mut Invalid) {
    for reference in references(spec).into_iter().filter(|reference| !reference.is_over(&facts.made)) {
        let Some(named) = admitted(&reference, facts, invalid) else {
            continue;
        };
        if [SNAPSHOT, SOURCE].contains(&reference.field) {
            source(spec, shape, &reference, named, invalid);
        }
    }
}

/// What the reference leads to, if this object may name it.
fn admitted<'a>(reference: &Reference, facts: &'a Facts, invalid: &mut Invalid) -> Option<&'a Named> {
    let (environment, namespace) = (&facts.environment, &facts.object.namespace);
    let (text, noun, arn) = (&reference.text, reference.kind.noun(), reference.arn(environment));
    let named = facts.named.get(text);
    if !reference.is_admitted(environment, namespace, named) {
        // The same words whether it exists or not: they must not tell a team what others have.
        invalid.add(
            reference.field,
            format!(
                "{text} is no {noun} of namespace {namespace}: name one of its own, or ask the administrator of Environment {} to add {arn} to limits.allow",
                environment.name
            ),
        );
        return None;
    }
    if named.is_none() {
        invalid.add(
            reference.field,
            format!(
                "there is no {noun} {text} in account {}, {}: check the name",
                environment.account, environment.region
            ),
        );
    }
    named
}

/// Whether this spec can begin with that data, as far as it is known.
fn source(spec: &DataTierSpec, shape: Shape, reference: &Reference, named: &Named, invalid: &mut Invalid) {
    let text = &reference.text;
    let engine = spec.engine.as_str();
    if let Some(other) = named.engine.as_deref().filter(|other| *other != engine) {
        invalid.add(
            reference.field,
            format!("{text} is of engine {other}: set engine to {other}, or name another source"),
        );
    }
    let name = &spec.credentials.username;
    if let Some(other) = named.master_username.as_deref().filter(|other| other != name) {
        invalid.add(
            "spec.credentials.username",
            format!("the master user of {text} is {other}, and a restored database keeps it: set username to {other}"),
        );
    }
    let encrypts = shape == Shape::Aurora && spec.encryption.kms_key_id.is_some();
    if named.encrypted == Some(false) && !encrypts {
        invalid.add(
            reference.field,
            format!("{text} is not encrypted: copy it with a KMS key (aws rds copy-db-snapshot --kms-key-id), and name the copy"),
        );
    }
    let size = spec.storage.as_ref().map(|storage| storage.size.gib());
    if let (Some(needed), Some(size)) = (named.allocated_storage, size)
        && size < needed
    {
        invalid.add("spec.storage.size", format!("{text} holds {needed}Gi: set storage.size to {needed}Gi or more"));
    }
}
