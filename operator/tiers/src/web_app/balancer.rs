//! The load balancer: target groups, listener, rules, and what keeps pods registered.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use terrace_crds::web_app::{Expose, ExposeProtocol, RedirectHttp, Scheme};
use terrace_model::aws::ec2::SecurityGroup;
use terrace_model::aws::elbv2::{
    Action, Attributes, FixedResponse, Forward, HealthCheck, Listener, ListenerRule, LoadBalancer, Redirect,
    RuleCondition, TargetGroup,
};
use terrace_model::aws::kubernetes::TargetGroupBinding;
use terrace_model::{Node, Val};

use super::containers::{health, path};
use super::design::Design;
use super::network;
use super::slot::{Slot, TARGET_BINDING, TARGETS};
use super::workload::target_service;
use crate::draft::Draft;
use crate::facts::first_of_each_zone;

/// The logical id of the load balancer.
pub(super) const BALANCER: &str = "balancer";
/// The logical id of the listener.
pub(super) const LISTENER: &str = "listener";
/// The logical id of the rule by which requests come to the pods, where not all do.
pub(super) const RULE: &str = "rule";
/// Where HTTP is sent to HTTPS.
const HTTP_PORT: u16 = 80;
/// What a target group says of targets without a port. Pods are registered with theirs, so that it need never change.
const TARGET_PORT: i32 = 80;
/// The tag by which EKS Auto Mode may register targets in a group (its policy AmazonEKSLoadBalancingPolicy).
const AUTO_MODE_TAG: &str = "eks:eks-cluster-name";

/// Adds the load balancer, if there is one.
pub(super) fn balancer(draft: &mut Draft, design: &Design) {
    let Some(expose) = &design.expose else { return };
    let port = design.spec.listener_port(expose);
    let ports = [port].into_iter().chain(redirects(expose).then_some(HTTP_PORT)).collect();
    let access = network::balancer_group(draft, design, expose, &ports);
    network::pods(draft, design, &access);
    let balancer = load_balancer(design, expose, &access, draft);
    let balancer = draft.add(BALANCER, balancer);
    let mut targets = BTreeMap::new();
    for slot in slots(design) {
        targets.insert(slot, target_group(draft, design, expose, slot));
    }
    let forward = Action::Forward(shares(design, &targets));
    let listener = listener(draft, &balancer, expose, port);
    let conditions = conditions(expose);
    if conditions.is_empty() {
        draft.add(LISTENER, Listener { default_action: forward, ..listener });
    } else {
        let listener = draft.add(LISTENER, listener);
        let rule = ListenerRule {
            listener_arn: listener.out(Listener::ARN),
            priority: 1,
            conditions,
            action: forward,
            tags: draft.tags(),
        };
        draft.add(RULE, rule);
    }
    if redirects(expose) {
        let redirect = redirect(draft, &balancer, port);
        draft.add("redirect", redirect);
    }
}

/// The node whose weights steer the requests.
pub(super) fn steering(expose: &Expose) -> &'static str {
    if conditions(expose).is_empty() { LISTENER } else { RULE }
}

/// Whether HTTP is sent to HTTPS.
fn redirects(expose: &Expose) -> bool {
    expose.protocol == ExposeProtocol::Https && expose.redirect_http != Some(RedirectHttp::Disabled)
}

/// The slots that have a target group.
fn slots(design: &Design) -> Vec<Slot> {
    if design.has_slots() { Slot::ALL.into() } else { vec![design.state.stable.slot] }
}

fn load_balancer(design: &Design, expose: &Expose, access: &Node<SecurityGroup>, draft: &Draft) -> LoadBalancer {
    let environment = &design.facts.environment;
    let (scheme, subnets) = match expose.scheme {
        Scheme::Internal => (LoadBalancer::INTERNAL, &environment.private_subnets),
        Scheme::InternetFacing => (LoadBalancer::INTERNET_FACING, &environment.public_subnets),
    };
    let http = expose.protocol.is_http();
    LoadBalancer {
        r#type: if http { LoadBalancer::APPLICATION } else { LoadBalancer::NETWORK }.into(),
        scheme: scheme.into(),
        ip_address_type: "ipv4".into(),
        subnets: first_of_each_zone(subnets),
        security_groups: [access.out(SecurityGroup::GROUP_ID)].into(),
        attributes: if http { application(expose) } else { LoadBalancer::network_attributes() },
        tags: draft.tags(),
    }
}

/// Headers that no app need see are dropped (AWS Security Hub, ELB.4).
fn application(expose: &Expose) -> Attributes {
    let idle = expose.idle_timeout_seconds.unwrap_or(60).to_string();
    let ours = [("idle_timeout.timeout_seconds", &*idle), ("routing.http.drop_invalid_header_fields.enabled", "true")];
    with(LoadBalancer::application_attributes(), &ours)
}

fn with(mut attributes: Attributes, ours: &[(&str, &str)]) -> Attributes {
    attributes.extend(ours.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    attributes
}

/// Adds a slot's target group, and what keeps its pods registered there.
fn target_group(draft: &mut Draft, design: &Design, expose: &Expose, slot: Slot) -> Node<TargetGroup> {
    let environment = &design.facts.environment;
    let http = expose.protocol.is_http();
    let usual = if http { TargetGroup::application_attributes() } else { TargetGroup::network_attributes() };
    let draining = expose.draining_seconds.to_string();
    let api = environment.features.target_group_binding.clone().unwrap_or_default();
    let mut tags = draft.tags();
    if api.starts_with("eks.amazonaws.com/") {
        tags.insert(AUTO_MODE_TAG.into(), environment.cluster.clone());
    }
    let group = TargetGroup {
        protocol: if http { "HTTP" } else { "TCP" }.into(),
        port: TARGET_PORT,
        protocol_version: http.then(|| "HTTP1".into()),
        vpc_id: environment.vpc_id.clone(),
        target_type: "ip".into(),
        ip_address_type: "ipv4".into(),
        health_check: health_check(design),
        attributes: with(usual, &[("deregistration_delay.timeout_seconds", &draining)]),
        tags,
    };
    let group = draft.add(&slot.of(TARGETS), group);
    let (service, port) = target_service(design, slot);
    let binding = json!({"spec": {
        "serviceRef": {"name": service, "port": port},
        "targetGroupARN": group.out::<String>(TargetGroup::ARN),
        "targetType": "ip",
    }});
    draft.add(&slot.of(TARGET_BINDING), TargetGroupBinding::new(slot.of(design.app()), binding).version(api));
    group
}

/// The load balancer asks what Kubernetes asks, so that both think the same of a pod.
fn health_check(design: &Design) -> HealthCheck {
    let health = health(design.spec);
    let path = path(design.spec);
    HealthCheck {
        protocol: if path.is_some() { "HTTP" } else { "TCP" }.into(),
        port: health.port.map_or_else(|| "traffic-port".into(), |port| port.to_string()),
        matcher: path.is_some().then(|| "200-399".into()),
        path,
        interval_seconds: health.interval_seconds.into(),
        timeout_seconds: health.timeout_seconds.into(),
        healthy_threshold_count: health.success_threshold.into(),
        unhealthy_threshold_count: health.failure_threshold.into(),
    }
}

/// The share of each target group.
fn shares(design: &Design, targets: &BTreeMap<Slot, Node<TargetGroup>>) -> Forward {
    let arn = |group: &Node<TargetGroup>| -> Val<String> { group.out(TargetGroup::ARN) };
    match targets.values().next() {
        Some(only) if targets.len() == 1 => Forward::to(arn(only)),
        _ => {
            let weight = |slot: Slot| i32::from(design.state.weight(slot));
            Forward::split(targets.iter().map(|(slot, group)| (arn(group), weight(*slot))))
        }
    }
}

/// The listener, which answers that there is nothing here.
fn listener(draft: &Draft, balancer: &Node<LoadBalancer>, expose: &Expose, port: u16) -> Listener {
    let tls = expose.certificate.is_some();
    Listener {
        load_balancer_arn: balancer.out(LoadBalancer::ARN),
        port: port.into(),
        protocol: expose.protocol.as_str().into(),
        certificate_arn: expose.certificate.clone().map(Val::from),
        certificates: BTreeSet::new(),
        ssl_policy: tls.then(|| expose.ssl_policy.clone().unwrap_or_else(|| Listener::SSL_POLICY.into())),
        alpn_policy: (expose.protocol == ExposeProtocol::Tls).then(|| "None".into()),
        default_action: Action::FixedResponse(FixedResponse {
            status_code: "404".into(),
            content_type: Some("text/plain".into()),
            message_body: Some("not found".into()),
        }),
        tags: draft.tags(),
    }
}

fn redirect(draft: &Draft, balancer: &Node<LoadBalancer>, port: u16) -> Listener {
    Listener {
        load_balancer_arn: balancer.out(LoadBalancer::ARN),
        port: HTTP_PORT.into(),
        protocol: ExposeProtocol::Http.as_str().into(),
        certificate_arn: None,
        certificates: BTreeSet::new(),
        ssl_policy: None,
        alpn_policy: None,
        default_action: Action::Redirect(Redirect::to_https(port.into())),
        tags: draft.tags(),
    }
}

/// What a request must be like to come to the pods; empty where all do.
fn conditions(expose: &Expose) -> BTreeSet<RuleCondition> {
    let mut conditions = BTreeSet::new();
    if !expose.hostnames.is_empty() {
        conditions.insert(RuleCondition::HostHeader(expose.hostnames.iter().cloned().collect()));
    }
    let patterns = patterns(&expose.path);
    if !patterns.is_empty() {
        conditions.insert(RuleCondition::PathPattern(patterns));
    }
    conditions
}

/// A path and all below it; one with wildcards is what it says.
fn patterns(path: &str) -> BTreeSet<String> {
    match path.trim_end_matches('/') {
        "" => BTreeSet::new(),
        _ if path.contains(['*', '?']) => [path.to_owned()].into(),
        base => [base.to_owned(), format!("{base}/*")].into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stands_for_itself_and_all_below_it() {
        let of = |path: &str| patterns(path).into_iter().collect::<Vec<_>>();
        assert_eq!(of("/"), Vec::<String>::new());
        assert_eq!(of("/shop"), ["/shop", "/shop/*"]);
        assert_eq!(of("/shop/"), ["/shop", "/shop/*"]);
        assert_eq!(of("/img/*.png"), ["/img/*.png"]);
        assert_eq!(of("/*"), ["/*"]);
    }
}
