//! Host names: whether they may be claimed, and lie in the zone.

use terrace_crds::EdgeTierSpec;
use terrace_crds::edge_tier::ZonePolicy;

use super::super::certificate::{LONGEST_FIRST_NAME, first_name, is_made};
use crate::facts::Zone;
use crate::{Facts, Invalid};

pub(super) fn check(spec: &EdgeTierSpec, zone: Option<&str>, facts: &Facts, invalid: &mut Invalid) {
    for hostname in &spec.hostnames {
        claim("spec.hostnames", hostname, facts, invalid);
        within("spec.hostnames", hostname, zone, invalid);
    }
    if let Some(first) = first_name(spec).filter(|first| is_made(spec) && first.len() > LONGEST_FIRST_NAME) {
        invalid.add(
            "spec.hostnames",
            format!(
                "ACM puts a name of at most {LONGEST_FIRST_NAME} characters into a certificate first, and {first} is the shortest: add a shorter one, or name a certificate under tls.certificate"
            ),
        );
    }
    if let Some(zone) = spec.zone.as_ref().filter(|zone| zone.policy == ZonePolicy::Create) {
        zone.name.iter().for_each(|name| claim("spec.zone.name", name, facts, invalid));
    }
}

/// Whether the Environment lets this name be claimed.
pub(super) fn claim(field: &str, name: &str, facts: &Facts, invalid: &mut Invalid) {
    let environment = &facts.environment;
    if !environment.limits.admits_hostname(name) {
        invalid.add(
            field,
            format!(
                "Environment {} does not admit {name}: ask its administrator to add it to limits.hostnames",
                environment.name
            ),
        );
    }
}

/// Whether it lies in the zone, where that is known.
pub(super) fn within(field: &str, name: &str, zone: Option<&str>, invalid: &mut Invalid) {
    let Some(zone) = zone else { return };
    let holds = Zone { name: zone.into(), ..Zone::default() }.holds(name);
    if !holds {
        invalid.add(
            field,
            format!("{name} does not lie in zone {zone}: correct it, or make an EdgeTier of its own for it"),
        );
    }
}
