//! `EdgeTier`: host names, a certificate, a firewall and a distribution on Route 53, ACM, AWS WAF and CloudFront.

mod choices;
mod dns;
mod firewall;
mod headers;
mod origin;
mod route;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{
    common::{CommonSpec, DeletionPolicy, tier_object},
    schema,
    status::TierStatus,
};

pub use choices::{
    ErrorPage, GeoRestriction, HttpVersion, Ipv6, KeyAlgorithm, LoggedCookies, Logs, MinimumVersion, PriceClass,
    Shield, Tls,
};
pub use dns::{
    FailoverRole, HealthCheck, HealthProtocol, HealthResult, Record, RecordType, Routing, RoutingPolicy, Zone,
    ZonePolicy,
};
pub use firewall::{
    DefaultAction, Firewall, FirewallLogs, FirewallMode, FirewallRule, HeaderMatch, LoggedQueryString, ManagedRules,
    ParameterMatch, RateLimit, RuleAction, RuleMatch, TextMatch,
};
pub use headers::{Cors, Credentials, ResponseHeaders, SecurityHeaders};
pub use origin::{Origin, OriginAccess, OriginProtocol};
pub use route::{
    AllOrNone, CacheKeys, CachePolicy, CacheWord, Compression, Function, FunctionEvent, FunctionRuntime, Methods,
    Names, OriginRequest, OriginRequestWord, Route, ViewerProtocol,
};

/// The edge of an application. What is not said is fit for production: HTTPS only, TLS 1.2, HTTP/3, IPv6, all locations,
/// headers that make browsers careful, private origins.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "terrace.dev",
    version = "v1alpha1",
    kind = "EdgeTier",
    plural = "edgetiers",
    shortname = "et",
    category = "terrace",
    category = "aws",
    namespaced,
    status = "TierStatus",
    derive = "PartialEq",
    doc = "Host names, certificate, firewall and distribution on Route 53, ACM, AWS WAF and CloudFront.",
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name": "Hostnames", "type": "string", "jsonPath": ".spec.hostnames"}"#,
    printcolumn = r#"{"name": "Distribution", "type": "string", "jsonPath": ".status.outputs.distributionDomain"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name": "Id", "type": "string", "jsonPath": ".status.outputs.distributionId", "priority": 1}"#,
    printcolumn = r#"{"name": "Zone", "type": "string", "jsonPath": ".status.outputs.zoneId", "priority": 1}"#,
    printcolumn = r#"{"name": "Shield", "type": "string", "jsonPath": ".spec.shield", "priority": 1}"#,
    printcolumn = r#"{"name": "Environment", "type": "string", "jsonPath": ".status.environment.name", "priority": 1}"#,
    printcolumn = r#"{"name": "ARN", "type": "string", "jsonPath": ".status.outputs.distributionArn", "priority": 1}"#,
    printcolumn = r#"{"name": "Message", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].message", "priority": 1}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "size(self.hostnames) == 0 || has(self.zone) || has(self.tls.certificate)",
    "hostnames need a certificate, which records in their zone validate: set zone, or name a certificate under tls.certificate"
))]
#[x_kube(validation = (
    "has(self.zone) || (self.routing.policy == 'Simple' && size(self.records) == 0)",
    "records lie in a zone: set zone, or leave routing and records out"
))]
#[x_kube(validation = (
    "size(self.hostnames) > 0 || self.routing.policy == 'Simple'",
    "routing is that of the hostnames' records: set hostnames, or leave routing out"
))]
#[x_kube(validation = (
    "self.routing.policy != 'MultiValue'",
    "Route 53 has no alias of routing policy MultiValue: choose another routing.policy, or say it of records"
))]
#[x_kube(validation = (
    "self.routing.policy != 'Failover' || !has(self.routing.role) || self.routing.role == 'Secondary' || size(self.healthChecks) > 0",
    "nothing fails over from a Primary that is never asked: set healthChecks"
))]
#[x_kube(validation = (
    "self.routes[size(self.routes) - 1].path == '/*'",
    "whatever matches no other path must go somewhere: let the last of routes have path /*"
))]
#[x_kube(validation = (
    "self.routes.all(route, self.routes.exists_one(other, other.path == route.path))",
    "a path is answered by one route: give each of routes another path"
))]
#[x_kube(validation = (
    "self.routes.all(route, self.origins.exists(origin, origin.name == route.origin))",
    "a route leads to one of origins: correct routes[].origin, or add the origin"
))]
#[x_kube(validation = (
    "self.origins.all(origin, origin.failover.all(member, self.origins.exists(other, other.name == member && size(other.failover) == 0)))",
    "a failover group names two other origins that are no groups: correct origins[].failover"
))]
#[x_kube(validation = (
    "self.functions.all(code, code.routes.all(path, self.routes.exists(route, route.path == path)))",
    "a function is for paths of routes: correct functions[].routes"
))]
#[x_kube(validation = (
    "self.deletionPolicy != 'Snapshot'",
    "nothing at the edge has a snapshot: set deletionPolicy to Delete or Retain"
))]
pub struct EdgeTierSpec {
    /// The host names that are served, as shop.example.com or *.shop.example.com. The Environment's `limits.hostnames` must
    /// admit each. CloudFront serves a name by one distribution only, of whatever account. Absent: the distribution is
    /// reached under its own name.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 253), regex(pattern = schema::WILDCARD_HOSTNAME)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub hostnames: Vec<String>,
    /// The hosted zone in which the hostnames lie, and where their records are made. Absent: DNS is kept elsewhere, and
    /// must lead the hostnames to `status.outputs.distributionDomain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// Where what is served comes from.
    #[schemars(length(min = 1, max = 25))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub origins: Vec<Origin>,
    /// How requests are answered, by path: the first that matches wins, the last is "/*".
    #[schemars(length(min = 1, max = 25))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub routes: Vec<Route>,
    /// What is served for /, as index.html. Absent: what the origin has there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = "^[^/].*$"))]
    pub default_root_object: Option<String>,
    /// Headers of all answers, unless a route says otherwise.
    #[serde(default)]
    pub response_headers: ResponseHeaders,
    /// What viewers get instead of an error.
    #[serde(default)]
    #[schemars(length(max = 11))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["code".into()]))]
    pub error_pages: Vec<ErrorPage>,
    /// JavaScript that runs at the edge.
    #[serde(default)]
    #[schemars(length(max = 10))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["event".into(), "name".into()]))]
    pub functions: Vec<Function>,
    /// What is let through, by AWS WAF. Absent: everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firewall: Option<Firewall>,
    /// Standard (default): the protection that AWS gives to all, at no charge. Advanced: Shield Advanced for the
    /// distribution, and for the zone where it is made here; the account must be subscribed, which Terrace never does.
    #[serde(default)]
    pub shield: Shield,
    /// Which countries are served. Absent: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geo_restriction: Option<GeoRestriction>,
    /// How the hostnames' records stand beside others of the same names.
    #[serde(default)]
    pub routing: Routing,
    /// Further records of the zone.
    #[serde(default)]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into(), "type".into(), "set".into()]))]
    pub records: Vec<Record>,
    /// Route 53 asks these from all over the world; records depend on them by `routing.healthCheck`.
    #[serde(default)]
    #[schemars(length(max = 10))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub health_checks: Vec<HealthCheck>,
    /// How viewers are met by TLS.
    #[serde(default)]
    pub tls: Tls,
    /// The versions of HTTP beside HTTP/1.1: HTTP2And3 (default), HTTP2, HTTP3, or HTTP1.1 for no other.
    #[serde(default)]
    pub http_version: HttpVersion,
    /// Whether viewers may come by IPv6: Enabled (default) or Disabled.
    #[serde(default)]
    pub ipv6: Ipv6,
    /// Standard logs of all requests. Absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<Logs>,
    /// From where viewers are served: All (default), Class200 or Class100 of CloudFront's locations.
    #[serde(default)]
    pub price_class: PriceClass,
    /// What becomes of all this when the object is deleted. Delete (default): it goes, and with it a zone that was made here,
    /// once nobody else has records in it. Retain: it stays, no longer Terrace's.
    #[serde(default = "delete")]
    pub deletion_policy: DeletionPolicy,
    /// The fields that every tier has.
    #[serde(flatten)]
    pub common: CommonSpec,
}

fn delete() -> DeletionPolicy {
    DeletionPolicy::Delete
}

tier_object!(EdgeTier {});
