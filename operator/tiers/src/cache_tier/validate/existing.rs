//! The existing AWS resources that a spec names: they must be of this namespace, or admitted by the Environment.

use terrace_crds::CacheTierSpec;
use terrace_crds::cache_tier::{Engine, LogDelivery};

use super::super::design::Form;
use crate::check::existing::admitted;
use crate::facts::{Environment, Named};
use crate::{Facts, Invalid, Reference, ReferenceKind};

/// The node that is made from a snapshot.
const CACHE: &str = "cache";
const SNAPSHOT: &str = "spec.restoreFrom.snapshot";

/// Everything that the spec names and that is looked at.
pub fn references(spec: &CacheTierSpec) -> Vec<Reference> {
    let named = |field, text: Option<&String>, kind, until| {
        text.map(|text| Reference { field, text: text.clone(), kind, of: None, until })
    };
    let snapshot = spec.restore_from.as_ref().map(|from| &from.snapshot);
    let kind = snapshot.map_or(ReferenceKind::CacheSnapshot, |text| snapshot_kind(spec, text));
    let all = [
        named("spec.encryption.kmsKeyId", spec.encryption.kms_key_id.as_ref(), ReferenceKind::KmsKey, None),
        named(SNAPSHOT, snapshot, kind, Some(CACHE)),
    ];
    all.into_iter().flatten().collect()
}

/// An ARN says what it is of; a name is of the form that the cache is to have.
fn snapshot_kind(spec: &CacheTierSpec, text: &str) -> ReferenceKind {
    let of_serverless = if text.starts_with("arn:") {
        text.contains(":serverlesscachesnapshot:")
    } else {
        Form::of(spec) == Form::Serverless
    };
    if of_serverless { ReferenceKind::ServerlessCacheSnapshot } else { ReferenceKind::CacheSnapshot }
}

pub(super) fn check(spec: &CacheTierSpec, facts: &Facts, invalid: &mut Invalid) {
    for reference in references(spec).iter().filter(|reference| !reference.is_over(&facts.made)) {
        let named = admitted(reference, facts, invalid);
        if let Some(named) = named.filter(|_| reference.field == SNAPSHOT) {
            source(spec, reference, named, invalid);
        }
    }
    for log in &spec.logs {
        destination(log, &facts.environment, invalid);
    }
}

/// Whether this engine can begin with that data: Valkey reads what Redis OSS wrote (ElastiCache User Guide, "Restoring from
/// a backup into a new cache").
fn source(spec: &CacheTierSpec, reference: &Reference, named: &Named, invalid: &mut Invalid) {
    let engine = spec.engine.as_str();
    let reads = |other: &str| other == engine || (spec.engine == Engine::Valkey && other == Engine::Redis.as_str());
    if let Some(other) = named.engine.as_deref().filter(|other| !reads(other)) {
        let text = &reference.text;
        invalid.add(SNAPSHOT, format!("{text} is of engine {other}: set engine to {other}, or name another source"));
    }
}

/// Where a log goes is not looked at, and so is never known to be the namespace's own: the administrator allows it.
fn destination(log: &LogDelivery, environment: &Environment, invalid: &mut Invalid) {
    let (noun, name, arn) = match (&log.log_group, &log.delivery_stream) {
        (Some(group), _) => ("log group", group, environment.arn("logs", &format!("log-group:{group}"))),
        (None, Some(stream)) => {
            ("delivery stream", stream, environment.arn("firehose", &format!("deliverystream/{stream}")))
        }
        (None, None) => return,
    };
    if !environment.limits.allows(&arn) {
        invalid.add(
            &format!("spec.logs[{}]", log.type_.as_str()),
            format!(
                "{name} is no {noun} that may be named: ask the administrator of Environment {} to add {arn} to limits.allow",
                environment.name
            ),
        );
    }
}
