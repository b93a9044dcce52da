//! Elastic Load Balancing v2: Application and Network Load Balancers, their target groups, listeners and rules.
//!
//! Fields and units follow the API reference (2015-12-01; CreateLoadBalancer, CreateTargetGroup, CreateListener, CreateRule
//! and their Modify and Set counterparts). What none of those changes replaces.
//!
//! Names of load balancers and target groups have at most 32 characters (`Name` of the two creates).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::resource::{Out, Replace, Resource, Rule};
use crate::val::Val;

/// Attributes as the API names them, as `idle_timeout.timeout_seconds`. AWS shows all of them always, and nothing unsets
/// one: a wish that once set an attribute goes on saying its value, the default at least. Names and prefixes of buckets
/// may go once the logs that go there are off.
pub type Attributes = BTreeMap<String, String>;

fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// An Application or a Network Load Balancer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoadBalancer {
    /// `application` or `network`.
    pub r#type: String,
    /// `internal` or `internet-facing`.
    pub scheme: String,
    /// `ipv4` or `dualstack`.
    pub ip_address_type: String,
    /// One a zone; an Application Load Balancer needs two at least.
    pub subnets: BTreeSet<String>,
    /// A Network Load Balancer that was made without any never gets one, and one that has some keeps one at least
    /// (SetSecurityGroups).
    pub security_groups: BTreeSet<Val<String>>,
    pub attributes: Attributes,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadBalancerOutputs {
    pub name: Option<String>,
    pub arn: Option<String>,
    pub dns_name: Option<String>,
    /// The zone that an alias record names.
    pub canonical_hosted_zone_id: Option<String>,
    /// `app/<name>/<id>` or `net/<name>/<id>`: the dimension `LoadBalancer` of its metrics.
    pub full_name: Option<String>,
}

impl LoadBalancer {
    pub const APPLICATION: &str = "application";
    pub const NETWORK: &str = "network";
    pub const INTERNAL: &str = "internal";
    pub const INTERNET_FACING: &str = "internet-facing";

    pub const NAME: Out<Self, String> = Out::new("name");
    pub const ARN: Out<Self, String> = Out::new("arn");
    pub const DNS_NAME: Out<Self, String> = Out::new("dnsName");
    pub const CANONICAL_HOSTED_ZONE_ID: Out<Self, String> = Out::new("canonicalHostedZoneId");
    pub const FULL_NAME: Out<Self, String> = Out::new("fullName");

    /// AWS's defaults for an Application Load Balancer (API reference, LoadBalancerAttribute).
    pub fn application_attributes() -> Attributes {
        attributes(&[
            ("access_logs.s3.enabled", "false"),
            ("client_keep_alive.seconds", "3600"),
            ("connection_logs.s3.enabled", "false"),
            ("deletion_protection.enabled", "false"),
            ("idle_timeout.timeout_seconds", "60"),
            ("routing.http.desync_mitigation_mode", "defensive"),
            ("routing.http.drop_invalid_header_fields.enabled", "false"),
            ("routing.http.preserve_host_header.enabled", "false"),
            ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false"),
            ("routing.http.xff_client_port.enabled", "false"),
            ("routing.http.xff_header_processing.mode", "append"),
            ("routing.http2.enabled", "true"),
            ("waf.fail_open.enabled", "false"),
        ])
    }

    /// AWS's defaults for a Network Load Balancer (the same page).
    pub fn network_attributes() -> Attributes {
        attributes(&[
            ("access_logs.s3.enabled", "false"),
            ("deletion_protection.enabled", "false"),
            ("load_balancing.cross_zone.enabled", "false"),
        ])
    }
}

impl Resource for LoadBalancer {
    const KIND: &'static str = "elbv2/LoadBalancer";
    const FIELDS: &'static [(&'static str, Rule)] =
        &[("type", Rule::Replace), ("scheme", Rule::Replace), ("attributes", Rule::Keyed), ("tags", Rule::Keyed)];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = LoadBalancerOutputs;
}

/// Where requests go, and how it is told whether somebody is there.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TargetGroup {
    /// `HTTP` or `HTTPS` behind an Application Load Balancer; `TCP`, `TLS`, `UDP`, `TCP_UDP` behind a Network one.
    pub protocol: String,
    /// Of targets that are registered without one.
    pub port: i32,
    /// `HTTP1`, `HTTP2` or `GRPC`; absent but for `HTTP` and `HTTPS`.
    pub protocol_version: Option<String>,
    pub vpc_id: String,
    /// `ip`, `instance` or `alb`.
    pub target_type: String,
    /// `ipv4` or `ipv6`.
    pub ip_address_type: String,
    pub health_check: HealthCheck,
    pub attributes: Attributes,
    pub tags: Tags,
}

/// How a target group asks its targets whether they are well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HealthCheck {
    /// `HTTP`, `HTTPS` or `TCP`.
    pub protocol: String,
    /// A number, or `traffic-port`.
    pub port: String,
    /// Absent for `TCP`.
    pub path: Option<String>,
    /// 5 to 300.
    pub interval_seconds: i32,
    /// 2 to 120, less than the interval.
    pub timeout_seconds: i32,
    /// Answers in a row, 2 to 10.
    pub healthy_threshold_count: i32,
    /// Failures in a row, 2 to 10.
    pub unhealthy_threshold_count: i32,
    /// Codes that count as well, as `200` or `200-399`; those of gRPC (`0-99`) for `GRPC`. Absent for `TCP`.
    pub matcher: Option<String>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetGroupOutputs {
    pub name: Option<String>,
    pub arn: Option<String>,
    /// `targetgroup/<name>/<id>`: the dimension `TargetGroup` of its metrics.
    pub full_name: Option<String>,
}

impl TargetGroup {
    pub const NAME: Out<Self, String> = Out::new("name");
    pub const ARN: Out<Self, String> = Out::new("arn");
    pub const FULL_NAME: Out<Self, String> = Out::new("fullName");

    /// AWS's defaults behind an Application Load Balancer (API reference, TargetGroupAttribute).
    pub fn application_attributes() -> Attributes {
        attributes(&[
            ("deregistration_delay.timeout_seconds", "300"),
            ("load_balancing.algorithm.type", "round_robin"),
            ("slow_start.duration_seconds", "0"),
            ("stickiness.enabled", "false"),
            ("stickiness.lb_cookie.duration_seconds", "86400"),
            ("stickiness.type", "lb_cookie"),
        ])
    }

    /// AWS's defaults behind a Network Load Balancer, of IP targets by TCP or TLS (the same page). TLS knows no stickiness.
    pub fn network_attributes() -> Attributes {
        attributes(&[
            ("deregistration_delay.connection_termination.enabled", "false"),
            ("deregistration_delay.timeout_seconds", "300"),
            ("preserve_client_ip.enabled", "false"),
            ("proxy_protocol_v2.enabled", "false"),
        ])
    }
}

impl Resource for TargetGroup {
    const KIND: &'static str = "elbv2/TargetGroup";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("protocol", Rule::Replace),
        ("port", Rule::Replace),
        ("protocolVersion", Rule::Replace),
        ("vpcId", Rule::Replace),
        ("targetType", Rule::Replace),
        ("ipAddressType", Rule::Replace),
        ("attributes", Rule::Keyed),
        ("tags", Rule::Keyed),
    ];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = TargetGroupOutputs;
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    Forward(Forward),
    FixedResponse(FixedResponse),
    Redirect(Redirect),
}

/// Passed on to targets. A target group belongs to one load balancer at a time (`TargetGroupAssociationLimit`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Forward {
    /// One to five.
    pub target_groups: BTreeSet<TargetGroupTuple>,
    /// How long a client stays with its target group, 1 to 604800; 0 for not at all. Application Load Balancers only.
    pub stickiness_seconds: i32,
}

/// A target group and its share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TargetGroupTuple {
    pub target_group_arn: Val<String>,
    /// 0 to 999. Of a lone one it is [`Forward::ALL`].
    pub weight: i32,
}

/// Answered by the load balancer itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FixedResponse {
    /// `2XX`, `4XX` or `5XX`, in digits.
    pub status_code: String,
    /// As `text/plain`.
    pub content_type: Option<String>,
    pub message_body: Option<String>,
}

/// Sent elsewhere. What keeps a placeholder, as `#{host}`, stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Redirect {
    pub protocol: String,
    pub port: String,
    pub host: String,
    pub path: String,
    pub query: String,
    /// `HTTP_301` or `HTTP_302`.
    pub status_code: String,
}

impl Forward {
    /// The weight of a target group that gets all there is.
    pub const ALL: i32 = 1;

    /// To one target group, which gets all there is.
    pub fn to(target_group_arn: impl Into<Val<String>>) -> Self {
        Forward::split([(target_group_arn.into(), Forward::ALL)])
    }

    /// To several, each by its weight.
    ///
    /// A lone one gets all there is, whatever its weight.
    pub fn split(shares: impl IntoIterator<Item = (Val<String>, i32)>) -> Self {
        let share = |(target_group_arn, weight)| TargetGroupTuple { target_group_arn, weight };
        let shares: Vec<_> = shares.into_iter().map(share).collect();
        let lone = shares.len() == 1;
        let share = |tuple| if lone { TargetGroupTuple { weight: Forward::ALL, ..tuple } } else { tuple };
        Forward { target_groups: shares.into_iter().map(share).collect(), stickiness_seconds: 0 }
    }
}

impl Redirect {
    /// From HTTP to the same place by HTTPS, for good.
    pub fn to_https(port: i32) -> Self {
        Redirect {
            protocol: "HTTPS".into(),
            port: port.to_string(),
            host: "#{host}".into(),
            path: "/#{path}".into(),
            query: "#{query}".into(),
            status_code: "HTTP_301".into(),
        }
    }
}

/// A port on which a load balancer listens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Listener {
    pub load_balancer_arn: Val<String>,
    pub port: i32,
    /// `HTTP` or `HTTPS`; `TCP`, `TLS`, `UDP` or `TCP_UDP` of a Network Load Balancer.
    pub protocol: String,
    /// ARN of the default certificate; absent but for `HTTPS` and `TLS`.
    pub certificate_arn: Option<Val<String>>,
    /// ARNs of further certificates, chosen by the name that a client asks for (SNI).
    pub certificates: BTreeSet<Val<String>>,
    /// Absent but for `HTTPS` and `TLS`.
    pub ssl_policy: Option<String>,
    /// `HTTP1Only`, `HTTP2Only`, `HTTP2Optional`, `HTTP2Preferred` or `None`; absent but for `TLS`.
    pub alpn_policy: Option<String>,
    pub default_action: Action,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenerOutputs {
    pub arn: Option<String>,
}

impl Listener {
    /// TLS 1.3 and 1.2 (ELB user guide, "Security policies for your Application Load Balancer", and that for Network
    /// Load Balancers).
    pub const SSL_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";
    pub const ARN: Out<Self, String> = Out::new("arn");
}

impl Resource for Listener {
    const KIND: &'static str = "elbv2/Listener";
    const FIELDS: &'static [(&'static str, Rule)] = &[("loadBalancerArn", Rule::Replace), ("tags", Rule::Keyed)];
    const ADDRESS: &'static [&'static str] = &["loadBalancerArn", "port"];
    type Outputs = ListenerOutputs;
}

/// What requests of a certain kind meet instead of the listener's default action. The lowest priority that matches wins.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListenerRule {
    pub listener_arn: Val<String>,
    /// 1 to 50000, each once a listener.
    pub priority: i32,
    /// All must hold; of one that has several values, any.
    pub conditions: BTreeSet<RuleCondition>,
    pub action: Action,
    pub tags: Tags,
}

/// What a request must be like. Only headers and query strings may be named by several conditions of one rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RuleCondition {
    /// Host names, with `*` and `?`.
    HostHeader(BTreeSet<String>),
    HttpHeader(HttpHeaderCondition),
    /// As `GET`.
    HttpRequestMethod(BTreeSet<String>),
    /// Paths, with `*` and `?`.
    PathPattern(BTreeSet<String>),
    QueryString(BTreeSet<QueryStringPair>),
    /// CIDR blocks.
    SourceIp(BTreeSet<String>),
}

/// A header and the values that it may have, with `*` and `?`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpHeaderCondition {
    pub http_header_name: String,
    pub values: BTreeSet<String>,
}

/// A value of a query string, of one key or of any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueryStringPair {
    pub key: Option<String>,
    pub value: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenerRuleOutputs {
    pub arn: Option<String>,
}

impl ListenerRule {
    pub const ARN: Out<Self, String> = Out::new("arn");
}

impl Resource for ListenerRule {
    const KIND: &'static str = "elbv2/ListenerRule";
    const FIELDS: &'static [(&'static str, Rule)] = &[("listenerArn", Rule::Replace), ("tags", Rule::Keyed)];
    const ADDRESS: &'static [&'static str] = &["listenerArn", "priority"];
    type Outputs = ListenerRuleOutputs;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{Effect, OwnedKeys, diff};
    use crate::resource::KindSpec;
    use serde_json::{Value, json};

    fn effects<R: Resource>(have: &Value, edit: Value) -> Vec<(String, Effect)> {
        let mut want = have.clone();
        want.as_object_mut().expect("a wish").extend(edit.as_object().expect("fields").clone());
        let spec = KindSpec::of::<R>();
        let normal = |value: &Value| (spec.normalise)(value).expect("a wish of its kind");
        let found = diff(&spec, &normal(&want), &normal(have), &OwnedKeys::new(), &Default::default());
        found.0.into_iter().map(|change| (change.path, change.effect)).collect()
    }

    fn listener() -> Value {
        let action = Action::Forward(Forward::to("arn:tg/1"));
        json!({
            "loadBalancerArn": "arn:lb", "port": 443, "protocol": "HTTPS", "certificateArn": "arn:c", "certificates": [],
            "sslPolicy": Listener::SSL_POLICY, "alpnPolicy": null, "defaultAction": action, "tags": {},
        })
    }

    #[test]
    fn a_listener_moves_to_another_load_balancer_by_a_new_one_and_to_another_port_in_place() {
        let of = |edit| effects::<Listener>(&listener(), edit);
        assert_eq!(of(json!({"loadBalancerArn": "arn:other"})), [("loadBalancerArn".to_owned(), Effect::Replace)]);
        assert_eq!(of(json!({"port": 8443})), [("port".to_owned(), Effect::InPlace)]);
    }

    #[test]
    fn a_share_of_traffic_that_moves_is_a_change_of_the_action_in_place_and_order_is_none() {
        let split = |first: i32, second: i32| {
            let action = Action::Forward(Forward::split([("arn:a".into(), first), ("arn:b".into(), second)]));
            json!({"defaultAction": action})
        };
        let mut have = listener();
        have["defaultAction"] = split(90, 10)["defaultAction"].clone();
        let other_way = json!({"defaultAction": {"forward": {"stickinessSeconds": 0, "targetGroups": [
            {"targetGroupArn": "arn:b", "weight": 10}, {"targetGroupArn": "arn:a", "weight": 90}]}}});
        assert!(effects::<Listener>(&have, other_way).is_empty());
        let moved = effects::<Listener>(&have, split(50, 50));
        assert_eq!(moved, [("defaultAction".to_owned(), Effect::InPlace)]);
    }

    #[test]
    fn what_no_modify_takes_replaces() {
        let load_balancer = json!({
            "type": "application", "scheme": "internal", "ipAddressType": "ipv4", "subnets": ["a", "b"],
            "securityGroups": ["sg-1"], "attributes": LoadBalancer::application_attributes(), "tags": {},
        });
        for field in ["type", "scheme"] {
            let found = effects::<LoadBalancer>(&load_balancer, json!({field: "other"}));
            assert_eq!(found, [(field.to_owned(), Effect::Replace)]);
        }
        let changed = json!({"subnets": ["c"], "securityGroups": [], "ipAddressType": "dualstack"});
        assert!(effects::<LoadBalancer>(&load_balancer, changed).iter().all(|(_, effect)| *effect == Effect::InPlace));
        let group = json!({
            "protocol": "HTTP", "port": 80, "protocolVersion": "HTTP1", "vpcId": "vpc-1", "targetType": "ip",
            "ipAddressType": "ipv4", "attributes": {}, "tags": {}, "healthCheck": {
                "protocol": "HTTP", "port": "traffic-port", "path": "/", "intervalSeconds": 30, "timeoutSeconds": 5,
                "healthyThresholdCount": 5, "unhealthyThresholdCount": 2, "matcher": "200"},
        });
        for (field, value) in [("protocol", json!("HTTPS")), ("port", json!(81)), ("protocolVersion", json!("GRPC"))] {
            assert_eq!(effects::<TargetGroup>(&group, json!({field: value})), [(field.to_owned(), Effect::Replace)]);
        }
    }

    #[test]
    fn of_attributes_only_those_that_are_wished_count_and_each_by_itself() {
        let have = json!({
            "type": "network", "scheme": "internal", "ipAddressType": "ipv4", "subnets": [], "securityGroups": [],
            "attributes": {"deletion_protection.enabled": "false", "zonal_shift.config.enabled": "true"}, "tags": {},
        });
        let wish = json!({"attributes": {"deletion_protection.enabled": "true"}});
        let path = "attributes.deletion_protection.enabled".to_owned();
        assert_eq!(effects::<LoadBalancer>(&have, wish), [(path, Effect::InPlace)]);
    }

    #[test]
    fn conditions_are_a_set_and_each_reads_back() {
        let rule = json!({
            "listenerArn": "arn:l", "priority": 10, "tags": {},
            "action": {"fixedResponse": {"statusCode": "404", "contentType": null, "messageBody": null}},
            "conditions": [
                {"sourceIp": ["10.0.0.0/8"]}, {"pathPattern": ["/b/*", "/a/*"]}, {"hostHeader": ["shop.example.com"]},
                {"httpHeader": {"httpHeaderName": "x-bot", "values": ["1"]}}, {"httpRequestMethod": ["GET"]},
                {"queryString": [{"key": null, "value": "debug"}, {"key": "a", "value": "b"}]},
            ],
        });
        let conditions = (KindSpec::of::<ListenerRule>().normalise)(&rule).expect("a rule")["conditions"].take();
        assert_eq!(conditions.as_array().map(Vec::len), Some(6));
        let paths = conditions.as_array().and_then(|all| all.iter().find_map(|one| one.get("pathPattern").cloned()));
        assert_eq!(paths, Some(json!(["/a/*", "/b/*"])));
    }
}
