//! `status.outputs` of an EdgeTier.

use std::collections::BTreeMap;

use serde_json::Value;
use terrace_crds::EdgeTierSpec;
use terrace_crds::edge_tier::{Shield, ZonePolicy};
use terrace_model::Val;
use terrace_model::aws::acm::Certificate;
use terrace_model::aws::cloudfront::Distribution;
use terrace_model::aws::route53::{HostedZone, RecordSet};
use terrace_model::aws::wafv2::WebAcl;

use super::certificate::is_made;
use super::records::id_of_hostname;
use crate::naming::of;

/// By name: known, or the output of a node.
pub(super) fn outputs(spec: &EdgeTierSpec) -> BTreeMap<&'static str, Val<Value>> {
    let shield = match spec.shield {
        Shield::Standard => "Standard: on for every distribution and zone, at no charge",
        Shield::Advanced => "Advanced",
    };
    let mut outputs = BTreeMap::from([
        ("distributionArn", of("distribution", Distribution::ARN)),
        ("distributionDomain", of("distribution", Distribution::DOMAIN_NAME)),
        ("distributionId", of("distribution", Distribution::ID)),
        ("shield", Val::Known(shield.into())),
    ]);
    outputs.extend(zone(spec));
    if is_made(spec) {
        outputs.insert("certificateArn", of("certificate", Certificate::ARN));
    } else if let Some(arn) = &spec.tls.certificate {
        outputs.insert("certificateArn", Val::Known(arn.clone().into()));
    }
    if spec.firewall.is_some() {
        outputs.insert("webAclArn", of("firewall", WebAcl::ARN));
    }
    outputs
}

/// Of a zone that is used: its id, as it was said, or as a record in it says.
fn zone(spec: &EdgeTierSpec) -> Vec<(&'static str, Val<Value>)> {
    let Some(zone) = &spec.zone else { return Vec::new() };
    if zone.policy == ZonePolicy::Create {
        return vec![("zoneId", of("zone", HostedZone::ID)), ("nameServers", of("zone", HostedZone::NAME_SERVERS))];
    }
    let record = || spec.hostnames.first().map(|hostname| id_of_hostname(hostname, "A", &spec.routing));
    let said = zone.id.as_ref().map(|id| Val::Known(Value::from(id.clone())));
    let id = said.or_else(|| record().map(|record| of(&record, RecordSet::ZONE_ID)));
    id.map(|id| ("zoneId", id)).into_iter().collect()
}
