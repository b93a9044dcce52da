//! The existing AWS resources that a spec names: they must be of this namespace, or admitted by the Environment.

use terrace_crds::DataTierSpec;

use super::super::design::Shape;
use crate::facts::{Environment, Named};
use crate::{Facts, Invalid, Reference, ReferenceKind};

const SNAPSHOT: &str = "spec.restoreFrom.snapshot";
const SOURCE: &str = "spec.restoreFrom.pointInTime.source";

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
        ("spec.encryption.kmsKeyId", spec.encryption.kms_key_id.as_ref(), ReferenceKind::KmsKey),
        ("spec.credentials.kmsKeyId", spec.credentials.kms_key_id.as_ref(), ReferenceKind::KmsKey),
        (SNAPSHOT, restore.and_then(|restore| restore.snapshot.as_ref()), snapshot),
        (SOURCE, point.map(|point| &point.source), database),
    ]
    .into_iter()
    .filter_map(|(field, text, kind)| Some(Reference { field, text: text?.clone(), kind }))
    .collect()
}

pub(super) fn check(spec: &DataTierSpec, shape: Shape, facts: &Facts, invalid: &mut Invalid) {
    // What a database began with may be gone by now.
    let restored = facts.made.contains("db");
    let restores = |reference: &Reference| [SNAPSHOT, SOURCE].contains(&reference.field);
    for reference in references(spec).into_iter().filter(|reference| !(restored && restores(reference))) {
        let Some(named) = admitted(&reference, facts, invalid) else {
            continue;
        };
        if restores(&reference) {
            source(spec, shape, &reference, named, invalid);
        }
    }
}

/// What the reference leads to, if this object may name it.
fn admitted<'a>(reference: &Reference, facts: &'a Facts, invalid: &mut Invalid) -> Option<&'a Named> {
    let (environment, namespace) = (&facts.environment, &facts.object.namespace);
    let (text, noun) = (&reference.text, noun(reference.kind));
    let arn = arn(reference, environment);
    let named = facts.named.get(text);
    let ours = named.is_some_and(|named| named.namespace.as_ref() == Some(namespace));
    let allows = |arn: &str| environment.limits.allows(arn) || is_aws_key(arn, environment);
    if !ours && !allows(&arn) && !named.is_some_and(|named| allows(&named.arn)) {
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

/// The ARN that the text stands for. RDS keeps identifiers in lower case.
fn arn(reference: &Reference, environment: &Environment) -> String {
    let text = &reference.text;
    let rds = |kind: &str| environment.arn("rds", &format!("{kind}:{}", text.to_lowercase()));
    match reference.kind {
        _ if text.starts_with("arn:") => text.clone(),
        ReferenceKind::KmsKey if text.starts_with("alias/") => environment.arn("kms", text),
        ReferenceKind::KmsKey => environment.arn("kms", &format!("key/{text}")),
        ReferenceKind::DbSnapshot => rds("snapshot"),
        ReferenceKind::DbClusterSnapshot => rds("cluster-snapshot"),
        ReferenceKind::DbInstance => rds("db"),
        ReferenceKind::DbCluster => rds("cluster"),
    }
}

/// Whether it is one of the keys that AWS itself keeps in the account, which everybody there may use.
fn is_aws_key(arn: &str, environment: &Environment) -> bool {
    arn.starts_with(&environment.arn("kms", "alias/aws/"))
}

fn noun(kind: ReferenceKind) -> &'static str {
    match kind {
        ReferenceKind::KmsKey => "KMS key",
        ReferenceKind::DbSnapshot => "DB snapshot",
        ReferenceKind::DbClusterSnapshot => "DB cluster snapshot",
        ReferenceKind::DbInstance => "DB instance",
        ReferenceKind::DbCluster => "DB cluster",
    }
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
