//! What is wrong with a spec in the light of the facts: the checks that the schema and CEL cannot make.

mod existing;
mod hostnames;
mod origins;
mod records;
mod routes;

use terrace_crds::edge_tier::Route;
use terrace_crds::environment::Exposure;
use terrace_crds::{EdgeTier, EdgeTierSpec, TierObject};

use crate::draft::check_common;
use crate::{Facts, Invalid};

/// The route of what matches no other, if all is well.
pub(super) fn validate<'a>(spec: &'a EdgeTierSpec, facts: &Facts) -> Result<&'a Route, Invalid> {
    let mut invalid = Invalid::default();
    check_common(EdgeTier::KIND, &spec.common.tags, facts, &mut invalid);
    place(facts, &mut invalid);
    let zone = existing::check(spec, facts, &mut invalid);
    hostnames::check(spec, zone.as_deref(), facts, &mut invalid);
    origins::check(spec, facts, &mut invalid);
    routes::check(spec, &mut invalid);
    records::check(spec, zone.as_deref(), facts, &mut invalid);
    match spec.routes.last() {
        Some(last) => invalid.or(last),
        None => {
            invalid.add("spec.routes", "there is none: add one whose path is /*");
            Err(invalid)
        }
    }
}

/// Whether there can be a distribution at all.
fn place(facts: &Facts, invalid: &mut Invalid) {
    let environment = &facts.environment;
    match environment.partition.as_str() {
        "aws-cn" => invalid.add(
            "kind",
            "CloudFront in China is a service of its own, which has no ACM certificates, web ACLs, functions or VPC origins: expose the WebApp itself instead",
        ),
        "aws-us-gov" => invalid.add(
            "kind",
            "there is no CloudFront in AWS GovCloud (US): expose the WebApp itself instead, or put an EdgeTier of another Environment before it",
        ),
        _ => {}
    }
    if environment.limits.exposure == Exposure::Private {
        invalid.add(
            "kind",
            format!(
                "Environment {} lets nothing be reached from the internet, and whatever is at the edge is: ask its administrator to set limits.exposure to Public",
                environment.name
            ),
        );
    }
}
