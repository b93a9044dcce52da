//! Records and health checks: whether the records may be claimed, lie in the zone, and can stand beside each other.

use std::collections::{BTreeMap, BTreeSet};

use terrace_crds::EdgeTierSpec;
use terrace_crds::edge_tier::{Ipv6, RecordType, Routing, RoutingPolicy};

use super::super::records::set_identifier;
use super::hostnames::{claim, within};
use crate::{Facts, Invalid};

/// A record, as others of its name see it.
struct Standing<'a> {
    field: String,
    policy: RoutingPolicy,
    identifier: String,
    type_: RecordType,
    name: &'a str,
}

pub(super) fn check(spec: &EdgeTierSpec, zone: Option<&str>, facts: &Facts, invalid: &mut Invalid) {
    health(spec, "spec.routing", &spec.routing, invalid);
    for record in &spec.records {
        let field = format!("spec.records[{}/{}]", record.name, record.type_.as_str());
        claim(&field, &record.name, facts, invalid);
        within(&field, &record.name, zone, invalid);
        if record.type_ == RecordType::Cname && zone == Some(record.name.as_str()) {
            invalid.add(
                &field,
                format!(
                    "{} is the zone itself, whose NS and SOA records no CNAME can stand beside: name a host in it, or let hostnames lead there",
                    record.name
                ),
            );
        }
        health(spec, &format!("{field}.routing"), &record.routing, invalid);
    }
    beside(&standing(spec, facts), invalid);
}

fn health(spec: &EdgeTierSpec, field: &str, routing: &Routing, invalid: &mut Invalid) {
    let known = |name: &String| spec.health_checks.iter().any(|check| check.name == *name);
    if let Some(name) = routing.health_check.as_ref().filter(|name| !known(name)) {
        invalid.add(
            &format!("{field}.healthCheck"),
            format!("there is no {name} among healthChecks: add it, or name another"),
        );
    }
}

fn standing<'a>(spec: &'a EdgeTierSpec, facts: &Facts) -> Vec<Standing<'a>> {
    let types: &[RecordType] = match spec.ipv6 {
        Ipv6::Enabled => &[RecordType::A, RecordType::Aaaa],
        Ipv6::Disabled => &[RecordType::A],
    };
    let of = |field: String, name, type_, routing: &Routing, set: Option<&str>| Standing {
        field,
        policy: routing.policy,
        identifier: set_identifier(routing, set, facts),
        type_,
        name,
    };
    let hostnames = spec.hostnames.iter().filter(|_| spec.zone.is_some());
    let hostnames = hostnames.flat_map(|name| {
        types.iter().map(move |type_| of("spec.hostnames".into(), name.as_str(), *type_, &spec.routing, None))
    });
    let further = spec.records.iter().map(|record| {
        let field = format!("spec.records[{}/{}]", record.name, record.type_.as_str());
        of(field, &record.name, record.type_, &record.routing, Some(&record.set))
    });
    hostnames.chain(further).collect()
}

/// Records of one name and type have one kind of routing, each a set identifier of its own, and a CNAME stands beside no
/// other type (API reference, ResourceRecordSet).
fn beside(all: &[Standing], invalid: &mut Invalid) {
    let mut first = BTreeMap::<(&str, RecordType), &Standing>::new();
    let mut seen = BTreeSet::<(&str, RecordType, &str)>::new();
    for one in all {
        let (name, kind) = (one.name, one.type_.as_str());
        let other = *first.entry((one.name, one.type_)).or_insert(one);
        let simple = one.policy == RoutingPolicy::Simple;
        let again = !seen.insert((one.name, one.type_, &one.identifier));
        if other.policy != one.policy {
            invalid.add(
                &one.field,
                format!("{name} has a {kind} record of routing policy {:?} already: give both the same", other.policy),
            );
        } else if !std::ptr::eq(other, one) && (simple || again) {
            invalid.add(
                &one.field,
                format!("{name} has this {kind} record already: leave one out, or give each another set and a routing policy"),
            );
        }
        let alias = all.iter().any(|other| other.name == one.name && other.type_ != RecordType::Cname);
        if one.type_ == RecordType::Cname && alias {
            invalid.add(
                &one.field,
                format!("{name} has records of other types, beside which no CNAME can stand: leave it out"),
            );
        }
    }
}
