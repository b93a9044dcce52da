//! Load balancers and what hangs on them.

use serde_json::{Value, json};
use terrace_model::aws::elbv2::{
    Action, FixedResponse, Forward, HealthCheck, Listener, ListenerRule, LoadBalancer, Redirect, RuleCondition,
    TargetGroup,
};

use crate::bed::{self, REGION};
use crate::cases::{tag_edits, tags};
use crate::stage::{Case, Make, Stage, edit};

/// In the order in which they rise.
pub const CASES: &[(&str, Make)] = &[
    ("elbv2/LoadBalancer", application),
    ("elbv2/LoadBalancer", network),
    ("elbv2/TargetGroup", web),
    ("elbv2/TargetGroup", canary),
    ("elbv2/TargetGroup", stream),
    ("elbv2/Listener", http),
    ("elbv2/Listener", https),
    ("elbv2/Listener", tcp),
    ("elbv2/ListenerRule", api),
];

#[tokio::test]
async fn every_kind_of_load_balancing_is_made_changed_found_and_deleted() {
    let Some(clients) = bed::clients() else { return };
    let mut stage = Stage::new(clients).await;
    let acm = stage.clients.service(REGION, |config, _| aws_sdk_acm::Client::new(config));
    for name in ["shop", "other", "further"] {
        let request = acm.request_certificate().domain_name(format!("{name}.example.com"));
        let made = request.send().await.expect("a certificate is made");
        stage.certificates.extend(made.certificate_arn);
    }
    for (_, case) in CASES {
        stage.rise(*case).await;
    }
    stage.fall().await;
}

fn balancer(stage: &Stage, kind: &str) -> LoadBalancer {
    let application = kind == LoadBalancer::APPLICATION;
    LoadBalancer {
        r#type: kind.into(),
        scheme: LoadBalancer::INTERNET_FACING.into(),
        ip_address_type: "ipv4".into(),
        subnets: stage.subnets[..2].iter().cloned().collect(),
        security_groups: [stage.security_groups[0].as_str().into()].into(),
        attributes: if application {
            LoadBalancer::application_attributes()
        } else {
            LoadBalancer::network_attributes()
        },
        tags: tags(),
    }
}

/// The attributes of a wish, one of them changed.
fn with(attributes: terrace_model::aws::elbv2::Attributes, key: &str, value: &str) -> Value {
    let mut attributes = json!(attributes);
    attributes[key] = json!(value);
    attributes
}

fn application(stage: &Stage) -> Case {
    let attributes = LoadBalancer::application_attributes;
    let mut edits = tag_edits();
    edits.extend([
        edit("attributes", with(attributes(), "idle_timeout.timeout_seconds", "120")),
        edit("attributes", with(attributes(), "deletion_protection.enabled", "true")),
        edit("subnets", json!(stage.subnets)),
        edit("securityGroups", json!(stage.security_groups)),
        edit("ipAddressType", "dualstack"),
    ]);
    Case::new("application", &balancer(stage, LoadBalancer::APPLICATION), edits)
}

fn network(stage: &Stage) -> Case {
    let attributes = with(LoadBalancer::network_attributes(), "load_balancing.cross_zone.enabled", "true");
    let edits = vec![edit("attributes", attributes), edit("securityGroups", json!([stage.security_groups[1]]))];
    Case::new("network", &balancer(stage, LoadBalancer::NETWORK), edits)
}

fn group(stage: &Stage, protocol: &str) -> TargetGroup {
    let http = protocol == "HTTP";
    TargetGroup {
        protocol: protocol.into(),
        port: 8080,
        protocol_version: http.then(|| "HTTP1".into()),
        vpc_id: stage.vpc.clone(),
        target_type: "ip".into(),
        ip_address_type: "ipv4".into(),
        health_check: HealthCheck {
            protocol: protocol.into(),
            port: "traffic-port".into(),
            path: http.then(|| "/healthz".into()),
            interval_seconds: 15,
            timeout_seconds: 5,
            healthy_threshold_count: 3,
            unhealthy_threshold_count: 3,
            matcher: http.then(|| "200-399".into()),
        },
        attributes: if http { TargetGroup::application_attributes() } else { TargetGroup::network_attributes() },
        tags: tags(),
    }
}

fn web(stage: &Stage) -> Case {
    let want = group(stage, "HTTP");
    let other = HealthCheck {
        protocol: "HTTPS".into(),
        port: "9000".into(),
        path: Some("/ready".into()),
        interval_seconds: 30,
        timeout_seconds: 10,
        healthy_threshold_count: 5,
        unhealthy_threshold_count: 2,
        matcher: Some("204".into()),
    };
    let mut edits = tag_edits();
    edits.extend([
        edit("healthCheck", json!(other)),
        edit("attributes", with(want.attributes.clone(), "deregistration_delay.timeout_seconds", "30")),
        edit("attributes", with(want.attributes.clone(), "stickiness.enabled", "true")),
    ]);
    Case::new("web", &want, edits)
}

fn canary(stage: &Stage) -> Case {
    Case::new("canary", &group(stage, "HTTP"), Vec::new())
}

fn stream(stage: &Stage) -> Case {
    let want = group(stage, "TCP");
    let attributes = with(want.attributes.clone(), "proxy_protocol_v2.enabled", "true");
    Case::new("stream", &want, vec![edit("attributes", attributes)])
}

fn to(stage: &Stage, group: &str) -> Action {
    Action::Forward(Forward::to(stage.out(group, "arn").as_str()))
}

/// Between the two groups, with a cookie.
fn split(stage: &Stage) -> Action {
    let share = |group: &str, weight| (stage.out(group, "arn").as_str().into(), weight);
    Action::Forward(Forward { stickiness_seconds: 600, ..Forward::split([share("web", 90), share("canary", 10)]) })
}

fn nobody() -> Action {
    let message_body = Some("nobody is here".into());
    Action::FixedResponse(FixedResponse {
        status_code: "404".into(),
        content_type: Some("text/plain".into()),
        message_body,
    })
}

fn listener(stage: &Stage, balancer: &str, port: i32, protocol: &str, default_action: Action) -> Listener {
    Listener {
        load_balancer_arn: stage.out(balancer, "arn").as_str().into(),
        port,
        protocol: protocol.into(),
        certificate_arn: None,
        certificates: Default::default(),
        ssl_policy: None,
        alpn_policy: None,
        default_action,
        tags: tags(),
    }
}

fn http(stage: &Stage) -> Case {
    let want = listener(stage, "application", 80, "HTTP", to(stage, "web"));
    let mut edits = tag_edits();
    edits.extend([
        edit("defaultAction", json!(split(stage))),
        edit("defaultAction", json!(nobody())),
        edit("defaultAction", json!(Action::Redirect(Redirect::to_https(443)))),
        edit("port", 8080),
    ]);
    Case::new("http", &want, edits)
}

fn https(stage: &Stage) -> Case {
    let [certificate, other, further] = &stage.certificates[..] else { panic!("there are three certificates") };
    let want = Listener {
        certificate_arn: Some(certificate.as_str().into()),
        ssl_policy: Some(Listener::SSL_POLICY.into()),
        ..listener(stage, "application", 443, "HTTPS", split(stage))
    };
    let edits = vec![
        edit("certificateArn", other.as_str()),
        edit("certificates", json!([further])),
        edit("sslPolicy", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"),
    ];
    Case::new("https", &want, edits)
}

fn tcp(stage: &Stage) -> Case {
    let want = listener(stage, "network", 5432, "TCP", to(stage, "stream"));
    Case::new("tcp", &want, vec![edit("port", 5433)])
}

fn api(stage: &Stage) -> Case {
    let path = |path: &str| RuleCondition::PathPattern([path.to_owned()].into());
    let want = ListenerRule {
        listener_arn: stage.out("http", "arn").as_str().into(),
        priority: 10,
        conditions: [path("/api/*"), RuleCondition::HostHeader(["shop.example.com".to_owned()].into())].into(),
        action: to(stage, "canary"),
        tags: tags(),
    };
    let all = json!([
        {"httpHeader": {"httpHeaderName": "x-canary", "values": ["1", "yes"]}},
        {"httpRequestMethod": ["GET", "HEAD"]},
        {"queryString": [{"key": "version", "value": "2"}, {"key": null, "value": "preview"}]},
        {"sourceIp": ["10.0.0.0/8"]},
    ]);
    let mut edits = tag_edits();
    edits.extend([
        edit("priority", 20),
        edit("conditions", json!([path("/v2/*")])),
        edit("conditions", all),
        edit("action", json!(split(stage))),
        edit("action", json!(nobody())),
    ]);
    Case::new("api", &want, edits)
}
