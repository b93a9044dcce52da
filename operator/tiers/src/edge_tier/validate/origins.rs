//! Origins: whether CloudFront reaches them in the way that is said.

use terrace_crds::EdgeTierSpec;
use terrace_crds::edge_tier::{Origin, OriginAccess};

use super::super::design::target;
use crate::{Facts, Invalid};

pub(super) fn check(spec: &EdgeTierSpec, facts: &Facts, invalid: &mut Invalid) {
    for origin in &spec.origins {
        let field = |field: &str| format!("spec.origins[{}].{field}", origin.name);
        if let Some(host) = origin.host.as_ref().filter(|host| spec.hostnames.contains(host)) {
            invalid.add(
                &field("host"),
                format!("{host} is served by this EdgeTier itself, so it would ask itself for ever: name the server behind it"),
            );
        }
        if let [first, second] = &origin.failover[..]
            && first == second
        {
            invalid.add(&field("failover"), format!("{first} cannot take over from itself: name two origins"));
        }
        if let Some(code) = origin.failover_on.iter().find(|code| !FAILING.contains(code)) {
            invalid.add(
                &field("failoverOn"),
                format!("CloudFront fails over on 403, 404, 416, 429, 500, 502, 503 and 504 only: leave {code} out"),
            );
        }
        scheme(origin, &field("access"), facts, invalid);
    }
}

/// API reference, OriginGroupFailoverCriteria, `StatusCodes`.
const FAILING: [u16; 8] = [403, 404, 416, 429, 500, 502, 503, 504];

/// A VPC origin takes an internal load balancer, the internet an internet-facing one. What the WebApp comes to says no more
/// than whether the spec fits it.
fn scheme(origin: &Origin, field: &str, facts: &Facts, invalid: &mut Invalid) {
    let Some((_, app)) = target(origin, &facts.object.namespace).filter(|_| origin.web_app_ref.is_some()) else {
        return;
    };
    let outputs = facts.objects.get(&app.to_string());
    let scheme = outputs.and_then(|outputs| outputs.get("loadBalancerScheme")).map(String::as_str);
    let message = match (scheme, origin.access()) {
        (Some("InternetFacing"), OriginAccess::Private) => {
            "has an internet-facing load balancer, which takes no VPC origin: set access to Public, or its expose.scheme to Internal"
        }
        (Some("Internal"), OriginAccess::Public) => {
            "has an internal load balancer, which the internet does not reach: leave access out, or set its expose.scheme to InternetFacing"
        }
        _ => return,
    };
    invalid.add(field, format!("{} {message}", app.title()));
}
