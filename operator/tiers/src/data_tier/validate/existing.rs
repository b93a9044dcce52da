//! The existing AWS resources that a spec names: they must be of this namespace, or admitted by the Environment.

use terrace_crds::DataTierSpec;

use super::super::design::Shape;
use super::super::restore::{DATA_TIER, DATABASE, SNAPSHOT, SOURCE, point_in_time, source_of_tier};
use crate::check::existing::admitted;
use crate::facts::Named;
use crate::{Facts, Invalid, Objects, Reference, ReferenceKind};

/// Everything that the spec names, or that a DataTier which it refers to is known by.
pub fn references(spec: &DataTierSpec, namespace: &str, objects: &Objects) -> Vec<Reference> {
    let cluster = Shape::of(spec).is_cluster();
    let (snapshot, database) = if cluster {
        (ReferenceKind::DbClusterSnapshot, ReferenceKind::DbCluster)
    } else {
        (ReferenceKind::DbSnapshot, ReferenceKind::DbInstance)
    };
    let restore = spec.restore_from.as_ref();
    let source = point_in_time(spec).and_then(|point| point.source.as_ref());
    let tier = source_of_tier(spec, namespace, objects).map(|(tier, arn)| Reference {
        field: DATA_TIER,
        text: arn,
        kind: database,
        of: Some(tier),
        until: Some(DATABASE),
    });
    let named = [
        ("spec.encryption.kmsKeyId", spec.encryption.kms_key_id.as_ref(), ReferenceKind::KmsKey, None),
        ("spec.credentials.kmsKeyId", spec.credentials.kms_key_id.as_ref(), ReferenceKind::KmsKey, None),
        (SNAPSHOT, restore.and_then(|restore| restore.snapshot.as_ref()), snapshot, Some(DATABASE)),
        (SOURCE, source, database, Some(DATABASE)),
    ];
    let named = named
        .into_iter()
        .filter_map(|(field, text, kind, until)| Some(Reference { field, text: text?.clone(), kind, of: None, until }));
    named.chain(tier).collect()
}

pub(super) fn check(spec: &DataTierSpec, shape: Shape, facts: &Facts, invalid: &mut Invalid) {
    let references = references(spec, &facts.object.namespace, &facts.objects);
    for reference in references.into_iter().filter(|reference| !reference.is_over(&facts.made)) {
        let Some(named) = admitted(&reference, facts, invalid) else {
            continue;
        };
        if [SNAPSHOT, SOURCE, DATA_TIER].contains(&reference.field) {
            source(spec, shape, &reference, named, invalid);
        }
    }
}

/// Whether this spec can begin with that data, as far as it is known.
fn source(spec: &DataTierSpec, shape: Shape, reference: &Reference, named: &Named, invalid: &mut Invalid) {
    let text = reference.title();
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
