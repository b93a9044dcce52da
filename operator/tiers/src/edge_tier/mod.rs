//! `EdgeTier` to graph: host names, certificate, firewall and distribution.
//!
//! The logical ids are part of the object's inventory and must never change: `zone`, `certificate`, `validation-records`,
//! `validation`, `origin-access`, `vpc-origin-<origin>`, `cache-…`, `origin-request-…` and `headers-…` (policies, by what
//! is in them), `function-<name>-request` and `-response`, `firewall`, `firewall-logs`, `addresses-<rule>-v4` and `-v6`,
//! `distribution`, `record-<type>-…`, `health-<check>`, `shield`, `shield-zone`.
//!
//! CloudFront, Route 53 and their like have no region: their nodes stand in the home region. What CloudFront uses of ACM, AWS
//! WAF and Shield is in us-east-1.
//!
//! Nothing here depends on what a WebApp or an ObjectTier comes to but by a late value: the bucket policy that lets the
//! distribution in is the ObjectTier's, so the two do not wait for each other.

mod behaviors;
mod certificate;
mod design;
mod distribution;
mod dns;
mod firewall;
mod headers;
mod links;
mod matching;
mod origins;
mod outputs;
mod policies;
mod records;
mod validate;

use std::collections::BTreeMap;

use serde_json::Value;
use terrace_crds::edge_tier::{Shield, ZonePolicy};
use terrace_crds::{EdgeTier, TierObject};
use terrace_model::aws::cloudfront::Distribution;
use terrace_model::aws::shield::Protection;
use terrace_model::aws::{acm, cloudfront, route53, shield, wafv2};
use terrace_model::{Graph, Resource, Val};

use crate::draft::Draft;
use crate::{Facts, Invalid, Objects, Reference, Tier, Use};
use design::Design;

/// Where AWS keeps what CloudFront uses of other services (CloudFront Developer Guide, "Requirements for using SSL/TLS
/// certificates"; AWS WAF Developer Guide, "How AWS WAF works with CloudFront").
const GLOBAL: &str = "us-east-1";

impl Tier for EdgeTier {
    const RESOURCES: &'static [&'static str] = &[
        acm::Certificate::KIND,
        acm::Validation::KIND,
        cloudfront::CachePolicy::KIND,
        cloudfront::Distribution::KIND,
        cloudfront::Function::KIND,
        cloudfront::OriginAccessControl::KIND,
        cloudfront::OriginRequestPolicy::KIND,
        cloudfront::ResponseHeadersPolicy::KIND,
        cloudfront::VpcOrigin::KIND,
        route53::HealthCheck::KIND,
        route53::HostedZone::KIND,
        route53::RecordSet::KIND,
        route53::ValidationRecords::KIND,
        shield::Protection::KIND,
        wafv2::IpSet::KIND,
        wafv2::LoggingConfiguration::KIND,
        wafv2::WebAcl::KIND,
    ];

    fn uses(&self) -> Vec<Use> {
        let namespace = self.metadata.namespace.as_deref().unwrap_or_default();
        links::uses(&self.spec, namespace)
    }

    fn references(&self, _objects: &Objects) -> Vec<Reference> {
        links::references(&self.spec)
    }

    fn parameter_family(&self) -> Option<String> {
        None
    }

    fn expand(&self, facts: &Facts) -> Result<Graph, Invalid> {
        let default_route = validate::validate(&self.spec, facts)?;
        let mut draft = Draft::new(facts, self.deletion_policy(), &self.spec.common.tags);
        build(&mut draft, &Design { spec: &self.spec, facts, default_route });
        Ok(draft.finish())
    }

    fn outputs(&self) -> BTreeMap<&'static str, Val<Value>> {
        outputs::outputs(&self.spec)
    }
}

fn build(draft: &mut Draft, design: &Design) {
    let zone = dns::zone(draft, design);
    let parts = distribution::Parts {
        certificate: certificate::certificate(draft, design, zone.as_ref()),
        firewall: firewall::firewall(draft, design),
        origins: origins::origins(draft, design),
        behaviors: behaviors::behaviors(draft, design),
    };
    let distribution = distribution::distribution(draft, design, parts);
    let checks = dns::health_checks(draft, design, &distribution);
    if let Some(zone) = &zone {
        records::records(draft, design, zone, &distribution, &checks);
    }
    if design.spec.shield == Shield::Advanced {
        shield(draft, design, distribution.out(Distribution::ARN), zone);
    }
}

/// Shield Advanced for the distribution, and for a zone that is made here: another's is its maker's to protect.
fn shield(draft: &mut Draft, design: &Design, distribution: Val<String>, zone: Option<Val<String>>) {
    let protection = |resource_arn, tags| Protection { resource_arn, tags };
    let want = protection(distribution, draft.tags());
    draft.add_in(GLOBAL, "shield", want);
    let made = design.spec.zone.as_ref().is_some_and(|zone| zone.policy == ZonePolicy::Create);
    if let Some(zone) = zone.filter(|_| made) {
        let arn = format!("arn:{}:route53:::hostedzone/", design.facts.environment.partition);
        let want = protection(Val::join([arn.into(), zone]), draft.tags());
        draft.add_in(GLOBAL, "shield-zone", want);
    }
}
