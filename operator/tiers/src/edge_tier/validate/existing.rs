//! What exists in AWS already and is named: the zone, the certificate, buckets, and where logs go.

use terrace_crds::EdgeTierSpec;
use terrace_crds::edge_tier::ZonePolicy;

use super::super::links::references;
use crate::check::existing::admitted;
use crate::facts::{Certificate, Environment};
use crate::{Facts, Invalid, ReferenceKind};

/// The name of the zone, as far as it is known.
pub(super) fn check(spec: &EdgeTierSpec, facts: &Facts, invalid: &mut Invalid) -> Option<String> {
    let made = spec.zone.as_ref().filter(|zone| zone.policy == ZonePolicy::Create);
    let mut name = made.and_then(|zone| zone.name.clone());
    for reference in references(spec) {
        let Some(named) = admitted(&reference, facts, invalid) else { continue };
        match reference.kind {
            ReferenceKind::HostedZone => name = named.zone.as_ref().map(|zone| zone.name.clone()),
            _ => named.certificate.iter().for_each(|found| certificate(spec, found, invalid)),
        }
    }
    for origin in &spec.origins {
        let field = format!("spec.origins[{}].bucket", origin.name);
        origin.bucket.iter().for_each(|name| bucket(&field, name, &facts.environment, invalid));
    }
    spec.logs.iter().for_each(|logs| bucket("spec.logs.bucket", &logs.bucket, &facts.environment, invalid));
    if let Some(logs) = spec.firewall.as_ref().and_then(|firewall| firewall.logs.as_ref()) {
        allowed(
            "spec.firewall.logs.destination",
            "destination of logs",
            &logs.destination,
            &logs.destination,
            &facts.environment,
            invalid,
        );
    }
    name
}

fn certificate(spec: &EdgeTierSpec, found: &Certificate, invalid: &mut Invalid) {
    const FIELD: &str = "spec.tls.certificate";
    if found.status != "ISSUED" {
        invalid.add(
            FIELD,
            format!("it is {}, and CloudFront takes issued ones only: validate it, or name another", found.status),
        );
    }
    for hostname in spec.hostnames.iter().filter(|hostname| !found.covers(hostname)) {
        invalid.add(
            FIELD,
            format!("it does not cover {hostname}: name one that does, or leave certificate out to have one made"),
        );
    }
}

fn bucket(field: &str, name: &str, environment: &Environment, invalid: &mut Invalid) {
    let arn = format!("arn:{}:s3:::{name}", environment.partition);
    allowed(field, "bucket", name, &arn, environment, invalid);
}

/// What is not looked at is never known to be the namespace's own: the administrator allows it.
fn allowed(field: &str, noun: &str, name: &str, arn: &str, environment: &Environment, invalid: &mut Invalid) {
    if !environment.limits.allows(arn) {
        invalid.add(
            field,
            format!(
                "{name} is no {noun} that may be named: ask the administrator of Environment {} to add {arn} to limits.allow",
                environment.name
            ),
        );
    }
}
