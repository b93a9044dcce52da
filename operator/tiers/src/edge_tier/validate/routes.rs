//! Routes and functions: what CloudFront takes of them, and what would not work.

use std::collections::BTreeSet;

use terrace_crds::EdgeTierSpec;
use terrace_crds::edge_tier::{
    AllOrNone, CachePolicy, Methods, Names, OriginRequestWord, ResponseHeaders, Route, SecurityHeaders,
};
use terrace_crds::word_or::WordOr;

use super::super::behaviors::serves;
use super::super::design::{Manner, manner};
use super::super::policies::{caching, ttl};
use crate::Invalid;

pub(super) fn check(spec: &EdgeTierSpec, invalid: &mut Invalid) {
    for route in &spec.routes {
        let field = |field: &str| format!("spec.routes[{}].{field}", route.path);
        methods(spec, route, &field("methods"), invalid);
        if let WordOr::More(policy) = caching(spec, route) {
            times(&policy, &field("cache"), invalid);
        }
        if manner(spec, &route.origin) == Manner::Bucket && sends_host(route) {
            invalid.add(
                &field("originRequest"),
                "a bucket answers under its own host name only: leave Host out, or set originRequest to None",
            );
        }
        functions(spec, route, invalid);
        route.response_headers.iter().for_each(|headers| custom(headers, &field("responseHeaders"), invalid));
    }
    custom(&spec.response_headers, "spec.responseHeaders", invalid);
}

/// CloudFront Developer Guide, "Optimize high availability with CloudFront origin failover".
fn methods(spec: &EdgeTierSpec, route: &Route, field: &str, invalid: &mut Invalid) {
    let group = spec.origins.iter().any(|origin| origin.name == route.origin && !origin.failover.is_empty());
    if group && route.methods == Methods::All {
        invalid.add(
            field,
            format!(
                "CloudFront fails over for GET, HEAD and OPTIONS only, and {} is a failover group: set methods to ReadOptions, or lead the route to one origin",
                route.origin
            ),
        );
    }
}

/// API reference, CachePolicyConfig.
fn times(policy: &CachePolicy, field: &str, invalid: &mut Invalid) {
    let (least, usual, longest) = ttl(policy);
    if least > usual || usual > longest {
        invalid.add(
            field,
            format!("minTTLSeconds {least}, defaultTTLSeconds {usual} and maxTTLSeconds {longest} must not fall: correct them"),
        );
    }
    if longest == 0 && policy.keys.is_some() {
        invalid.add(field, "with maxTTLSeconds 0 nothing is cached, so there is no key: leave keys out, and say under originRequest what the origin sees");
    }
}

fn sends_host(route: &Route) -> bool {
    let host = |names: &Names| names.0.iter().any(|name| name.eq_ignore_ascii_case("host"));
    match &route.origin_request {
        Some(WordOr::Word(word)) => *word == OriginRequestWord::All,
        Some(WordOr::More(request)) => match &request.headers {
            Some(WordOr::Word(word)) => *word == AllOrNone::All,
            Some(WordOr::More(names)) => host(names),
            None => false,
        },
        None => false,
    }
}

/// A path has one function for each event (CloudFront Developer Guide, "Restrictions on all edge functions").
fn functions(spec: &EdgeTierSpec, route: &Route, invalid: &mut Invalid) {
    let mut seen = BTreeSet::new();
    for function in spec.functions.iter().filter(|function| serves(function, route)) {
        if !seen.insert(function.event) {
            invalid.add(
                &format!("spec.functions[{}]", function.name),
                format!(
                    "route {} has another function for {:?} already, and CloudFront takes one: name its routes",
                    route.path, function.event
                ),
            );
        }
    }
}

/// Headers that a policy has fields of their own for, which it refuses among the others (API reference,
/// ResponseHeadersPolicyCustomHeader).
fn custom(headers: &ResponseHeaders, field: &str, invalid: &mut Invalid) {
    const SECURITY: [&str; 5] = [
        "referrer-policy",
        "strict-transport-security",
        "x-content-type-options",
        "x-frame-options",
        "x-xss-protection",
    ];
    for name in headers.custom.keys() {
        let instead = match name.to_lowercase().as_str() {
            "content-security-policy" => "contentSecurityPolicy",
            lower if lower.starts_with("access-control-") => "cors",
            lower if SECURITY.contains(&lower) && headers.security != SecurityHeaders::None => "security",
            lower if SECURITY.contains(&lower) => "security Standard or Strict",
            _ => continue,
        };
        invalid.add(
            &format!("{field}.custom"),
            format!("CloudFront takes {name} in a field of its own: say it by {instead}"),
        );
    }
}
