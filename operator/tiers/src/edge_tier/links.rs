//! What an EdgeTier refers to: the tiers behind its origins, and what exists in AWS already.

use std::collections::BTreeSet;

use terrace_crds::edge_tier::{Origin, OriginAccess, ZonePolicy};
use terrace_crds::{EdgeTierSpec, GrantAccess};

use super::design::target;
use crate::{Reference, ReferenceKind, Use};

/// The bucket's policy lets in the distribution.
const PRINCIPAL: Option<&str> = Some("distributionArn");

/// The tiers behind the origins. Two origins of one tier are one use of it.
pub(super) fn uses(spec: &EdgeTierSpec, namespace: &str) -> Vec<Use> {
    let mut seen = BTreeSet::new();
    let used = |origin: &Origin| {
        let (field, target) = target(origin, namespace)?;
        Some(Use {
            field,
            target,
            access: GrantAccess::Read,
            binding: None,
            needs: needs(origin),
            until: None,
            security_group: None,
            principal: PRINCIPAL.filter(|_| origin.is_bucket()),
        })
    };
    let all = spec.origins.iter().filter_map(used);
    all.filter(|used| seen.insert(used.target.clone())).collect()
}

/// The outputs that an origin is made of.
fn needs(origin: &Origin) -> &'static [&'static str] {
    match (origin.access(), origin.follows_listener()) {
        _ if origin.is_bucket() => &["regionalDomainName"],
        (OriginAccess::Private, true) => &["host", "listenerPort", "listenerProtocol", "loadBalancerArn"],
        (OriginAccess::Private, false) => &["host", "loadBalancerArn"],
        (OriginAccess::Public, true) => &["host", "listenerPort", "listenerProtocol"],
        (OriginAccess::Public, false) => &["host"],
    }
}

/// The zone, where it is used, and the certificate, where one is named.
pub(super) fn references(spec: &EdgeTierSpec) -> Vec<Reference> {
    let reference = |field, text: &String, kind| Reference { field, text: text.clone(), kind, of: None, until: None };
    let zone = spec.zone.as_ref().filter(|zone| zone.policy == ZonePolicy::Use).and_then(|zone| {
        let by_id = zone.id.as_ref().map(|id| ("spec.zone.id", id));
        by_id.or_else(|| zone.name.as_ref().map(|name| ("spec.zone.name", name)))
    });
    let certificate = spec.tls.certificate.as_ref();
    let zone = zone.map(|(field, text)| reference(field, text, ReferenceKind::HostedZone));
    let certificate = certificate.map(|arn| reference("spec.tls.certificate", arn, ReferenceKind::Certificate));
    zone.into_iter().chain(certificate).collect()
}
