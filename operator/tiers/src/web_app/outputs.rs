//! What others learn of a WebApp: `status.outputs`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use terrace_crds::WebApp;
use terrace_crds::web_app::{Expose, ExposeProtocol};
use terrace_model::Val;
use terrace_model::aws::elbv2::LoadBalancer;

use super::balancer::BALANCER;
use super::role;
use super::slot::out;
use crate::naming::of;

/// The output that is the ARN of the role.
pub(super) const ROLE_ARN: &str = "roleArn";

/// `status.outputs` by name.
pub(super) fn outputs(app: &WebApp) -> BTreeMap<&'static str, Val<Value>> {
    let mut outputs = BTreeMap::from([(ROLE_ARN, role::arn())]);
    match app.spec.exposed() {
        Some(expose) => outputs.extend(balanced(app, &expose)),
        None => outputs.extend(within_the_cluster(app)),
    }
    outputs
}

fn balanced(app: &WebApp, expose: &Expose) -> BTreeMap<&'static str, Val<Value>> {
    let port = app.spec.listener_port(expose);
    BTreeMap::from([
        ("host", of(BALANCER, LoadBalancer::DNS_NAME)),
        ("listenerPort", Val::Known(json!(port))),
        ("listenerProtocol", Val::Known(json!(expose.protocol.as_str()))),
        ("loadBalancerArn", of(BALANCER, LoadBalancer::ARN)),
        ("loadBalancerDnsName", of(BALANCER, LoadBalancer::DNS_NAME)),
        ("loadBalancerScheme", Val::Known(json!(expose.scheme.as_str()))),
        ("loadBalancerZoneId", of(BALANCER, LoadBalancer::CANONICAL_HOSTED_ZONE_ID)),
        ("url", url(expose, port)),
    ])
}

/// By the first host name that it answers to, or by the load balancer's own.
fn url(expose: &Expose, port: u16) -> Val<Value> {
    let (scheme, usual) = match expose.protocol {
        ExposeProtocol::Https => ("https", 443),
        ExposeProtocol::Tcp => ("tcp", 0),
        ExposeProtocol::Tls => ("tls", 0),
        ExposeProtocol::Http | ExposeProtocol::None => ("http", 80),
    };
    let end = if port == usual { String::new() } else { format!(":{port}") };
    let named = expose.hostnames.iter().find(|hostname| !hostname.starts_with("*."));
    match named {
        Some(hostname) => Val::Known(json!(format!("{scheme}://{hostname}{end}"))),
        None => Val::Join(vec![format!("{scheme}://").into(), out(BALANCER, LoadBalancer::DNS_NAME), end.into()]),
    }
}

/// Where there is no load balancer, pods of the cluster find it by its Service.
fn within_the_cluster(app: &WebApp) -> BTreeMap<&'static str, Val<Value>> {
    let service = match &app.spec.workload_ref {
        Some(workload) => workload.service_name.clone(),
        None => app.metadata.name.clone(),
    };
    let (Some(service), Some(namespace)) = (service, &app.metadata.namespace) else {
        return BTreeMap::new();
    };
    let host = format!("{service}.{namespace}.svc");
    BTreeMap::from([("url", Val::Known(json!(format!("http://{host}")))), ("host", Val::Known(json!(host)))])
}
