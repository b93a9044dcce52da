//! The hosted zone, and the health checks.

use std::collections::BTreeMap;

use terrace_crds::edge_tier::{HealthCheck, HealthProtocol, HealthResult, ZonePolicy};
use terrace_model::aws::cloudfront::Distribution;
use terrace_model::aws::route53;
use terrace_model::{Node, Val};

use super::design::Design;
use super::links::references;
use crate::ReferenceKind;
use crate::draft::Draft;
use crate::naming::shorten;

/// The zone's id: of the zone that is made, or of the one that was found. `None` where DNS is kept elsewhere.
pub(super) fn zone(draft: &mut Draft, design: &Design) -> Option<Val<String>> {
    let zone = design.spec.zone.as_ref()?;
    match (zone.policy, &zone.name) {
        (ZonePolicy::Create, Some(name)) => {
            let want =
                route53::HostedZone { name: name.clone(), comment: shorten(design.title(), 256), tags: draft.tags() };
            Some(draft.add("zone", want).out(route53::HostedZone::ID))
        }
        _ => found(design).map(|zone| zone.id.clone().into()),
    }
}

/// The zone that is used, as it was found.
fn found<'a>(design: &'a Design) -> Option<&'a crate::facts::Zone> {
    let all = references(design.spec);
    let reference = all.iter().find(|reference| reference.kind == ReferenceKind::HostedZone)?;
    design.facts.named.get(&reference.text)?.zone.as_ref()
}

/// The ids of the health checks, by name.
pub(super) fn health_checks(
    draft: &mut Draft,
    design: &Design,
    distribution: &Node<Distribution>,
) -> BTreeMap<String, Val<String>> {
    let mut ids = BTreeMap::new();
    for check in &design.spec.health_checks {
        let want = health_check(draft, check, distribution);
        let node = draft.add(&format!("health-{}", check.name), want);
        ids.insert(check.name.clone(), node.out(route53::HealthCheck::ID));
    }
    ids
}

fn health_check(draft: &Draft, check: &HealthCheck, distribution: &Node<Distribution>) -> route53::HealthCheck {
    let path = || check.path.clone().unwrap_or_else(|| "/".into());
    route53::HealthCheck {
        r#type: check.protocol.as_str().into(),
        fully_qualified_domain_name: match &check.host {
            Some(host) => host.clone().into(),
            None => distribution.out(Distribution::DOMAIN_NAME),
        },
        port: check.port().into(),
        resource_path: if check.protocol == HealthProtocol::Tcp { String::new() } else { path() },
        request_interval: check.interval_seconds.into(),
        failure_threshold: check.failure_threshold.into(),
        regions: Default::default(),
        enable_sni: check.protocol == HealthProtocol::Https,
        inverted: check.result == HealthResult::Inverted,
        disabled: false,
        tags: draft.tags(),
    }
}
