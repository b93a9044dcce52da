//! Where what is served comes from: origins, failover groups, and the ways to private ones.

use std::collections::{BTreeMap, BTreeSet};

use terrace_crds::edge_tier::{self, OriginAccess, OriginProtocol};
use terrace_model::Val;
use terrace_model::aws::Tags;
use terrace_model::aws::cloudfront::{
    CustomOrigin, Origin, OriginAccessControl, OriginGroup, OriginType, Port, ProtocolPolicy, VpcOrigin,
};

use super::design::{Design, target};
use crate::draft::Draft;

/// What an origin group takes over on, where nothing is said.
const FAILING: [u16; 4] = [500, 502, 503, 504];

/// The origins of the distribution, and its groups, by name.
pub(super) struct Origins {
    pub origins: BTreeMap<String, Origin>,
    pub groups: BTreeMap<String, OriginGroup>,
}

/// Adds what the origins need.
pub(super) fn origins(draft: &mut Draft, design: &Design) -> Origins {
    let spec = design.spec;
    let access = spec.origins.iter().any(edge_tier::Origin::is_bucket).then(|| origin_access(draft));
    let mut all = Origins { origins: BTreeMap::new(), groups: BTreeMap::new() };
    for origin in &spec.origins {
        let name = origin.name.clone();
        match &origin.failover[..] {
            [first, second] => {
                all.groups.insert(name, group(origin, [first.clone(), second.clone()]));
            }
            _ => {
                let wished = one(draft, design, origin, access.as_ref());
                all.origins.insert(name, wished);
            }
        }
    }
    all
}

/// One serves all buckets: it says how requests are signed, not for whom.
fn origin_access(draft: &mut Draft) -> Val<String> {
    let want = OriginAccessControl {
        origin_type: "s3".into(),
        signing_behavior: "always".into(),
        signing_protocol: "sigv4".into(),
        tags: Tags::new(),
    };
    draft.add("origin-access", want).out(OriginAccessControl::ID)
}

fn group(origin: &edge_tier::Origin, members: [String; 2]) -> OriginGroup {
    let codes = if origin.failover_on.is_empty() { &FAILING[..] } else { &origin.failover_on };
    OriginGroup { status_codes: codes.iter().map(|code| i32::from(*code)).collect(), members }
}

fn one(draft: &mut Draft, design: &Design, origin: &edge_tier::Origin, access: Option<&Val<String>>) -> Origin {
    let source = target(origin, &design.facts.object.namespace).map(|(_, key)| key.to_string());
    let source = source.as_deref();
    let kind = match access.filter(|_| origin.is_bucket()) {
        Some(id) => OriginType::S3 { origin_access_control_id: id.clone() },
        None if is_private(origin) => OriginType::Vpc {
            vpc_origin_id: vpc_origin(draft, origin, source),
            origin_read_timeout: read_timeout(origin),
            origin_keepalive_timeout: keepalive_timeout(origin),
        },
        None => OriginType::Custom(custom(origin, source)),
    };
    Origin {
        domain_name: domain(design, origin, source),
        origin_path: origin.path.clone().unwrap_or_default(),
        custom_headers: headers(origin),
        connection_attempts: origin.connection_attempts.unwrap_or(3).into(),
        connection_timeout: origin.connection_timeout_seconds.unwrap_or(10).into(),
        origin_shield_region: origin.origin_shield.clone().unwrap_or_default(),
        origin: kind,
    }
}

/// Names of headers do not differ by case.
fn headers(origin: &edge_tier::Origin) -> BTreeMap<String, Val<String>> {
    origin.custom_headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone().into())).collect()
}

fn is_private(origin: &edge_tier::Origin) -> bool {
    origin.web_app_ref.is_some() && origin.access() == OriginAccess::Private
}

/// The name that it is asked by.
fn domain(design: &Design, origin: &edge_tier::Origin, source: Option<&str>) -> Val<String> {
    let environment = &design.facts.environment;
    match (source, &origin.bucket, &origin.host) {
        (Some(source), _, _) if origin.is_bucket() => Val::of_object(source, "regionalDomainName"),
        (Some(source), _, _) => Val::of_object(source, "host"),
        (None, Some(bucket), _) => {
            let region = origin.region.as_ref().unwrap_or(&environment.region);
            format!("{bucket}.s3.{region}.amazonaws.com").into()
        }
        (None, None, host) => host.clone().unwrap_or_default().into(),
    }
}

fn vpc_origin(draft: &mut Draft, origin: &edge_tier::Origin, source: Option<&str>) -> Val<String> {
    let CustomOrigin { http_port, https_port, origin_protocol_policy, origin_ssl_protocols, .. } =
        custom(origin, source);
    let want = VpcOrigin {
        arn: Val::of_object(source.unwrap_or_default(), "loadBalancerArn"),
        http_port,
        https_port,
        origin_protocol_policy,
        origin_ssl_protocols,
        tags: draft.tags(),
    };
    draft.add(&format!("vpc-origin-{}", origin.name), want).out(VpcOrigin::ID)
}

/// How it is spoken to: as the spec says, or as the listener of the WebApp speaks.
fn custom(origin: &edge_tier::Origin, source: Option<&str>) -> CustomOrigin {
    let listener = source.filter(|_| origin.follows_listener());
    let port = |said: Option<u16>, usual: u16| match listener {
        Some(source) => Val::of_object(source, "listenerPort"),
        None => Port(said.unwrap_or(usual).into()).into(),
    };
    CustomOrigin {
        http_port: port(origin.http_port, 80),
        https_port: port(origin.https_port, 443),
        origin_protocol_policy: match (listener, origin.protocol) {
            (Some(source), _) => Val::of_object(source, "listenerProtocol"),
            (None, Some(OriginProtocol::HttpOnly)) => ProtocolPolicy::HttpOnly.into(),
            (None, Some(OriginProtocol::MatchViewer)) => ProtocolPolicy::MatchViewer.into(),
            (None, Some(OriginProtocol::HttpsOnly) | None) => ProtocolPolicy::HttpsOnly.into(),
        },
        origin_ssl_protocols: BTreeSet::from(["TLSv1.2".to_owned()]),
        origin_read_timeout: read_timeout(origin),
        origin_keepalive_timeout: keepalive_timeout(origin),
    }
}

fn read_timeout(origin: &edge_tier::Origin) -> i32 {
    origin.response_timeout_seconds.unwrap_or(30).into()
}

fn keepalive_timeout(origin: &edge_tier::Origin) -> i32 {
    origin.keepalive_timeout_seconds.unwrap_or(5).into()
}
