//! DNS of an EdgeTier: the hosted zone, how its records stand beside others, further records, health checks.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// The hosted zone in which the hostnames lie.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "has(self.name) != has(self.id)",
    "set exactly one of zone.name and zone.id"
))]
#[x_kube(validation = (
    "self.policy == 'Use' || has(self.name)",
    "a zone that is to be made has no id yet: set zone.name instead of zone.id"
))]
pub struct Zone {
    /// Use (default): an existing public zone of the account, which must bear this namespace's owner tag or be admitted by
    /// the Environment's `limits.allow`. Create: it is made here, and other EdgeTiers use it; the parent zone, or the
    /// registrar, must then name the name servers of `status.outputs.nameServers`.
    #[serde(default)]
    pub policy: ZonePolicy,
    /// The zone's name, as example.com. Of two existing zones with one name, say which by `id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::HOSTNAME))]
    pub name: Option<String>,
    /// The zone's id, as Z0123456789ABCDEFGHIJ.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 32), regex(pattern = "^Z[A-Z0-9]+$"))]
    pub id: Option<String>,
}

/// Whether a zone is made.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum ZonePolicy {
    /// It exists.
    #[default]
    Use,
    /// It is made.
    Create,
}

/// How records stand beside others of the same name and type, which may be another EdgeTier's or nobody's in this cluster.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "(self.policy == 'Weighted') == has(self.weight)",
    "routing policy Weighted has a weight, and no other has: set policy to Weighted and weight, or neither"
))]
#[x_kube(validation = (
    "self.policy == 'Latency' || !has(self.region)",
    "a region is for routing policy Latency: set policy to Latency, or leave region out"
))]
#[x_kube(validation = (
    "(self.policy == 'Geolocation') == (size(self.countries) + size(self.continents) > 0)",
    "routing policy Geolocation names countries or continents, and no other does: set policy to Geolocation and countries, or neither"
))]
#[x_kube(validation = (
    "(self.policy == 'Failover') == has(self.role)",
    "routing policy Failover has a role, and no other has: set policy to Failover and role, or neither"
))]
#[x_kube(validation = (
    "self.policy != 'Simple' || !(has(self.setIdentifier) || has(self.healthCheck))",
    "a simple record stands alone: leave setIdentifier and healthCheck out, or choose another routing policy"
))]
pub struct Routing {
    /// Simple (default): there is one record. Weighted: in proportion to `weight`. Latency: the record of the region that
    /// is nearest. Geolocation: by where the question comes from. Failover: Secondary while Primary is unhealthy.
    /// MultiValue: up to eight healthy records at once; of `records` only.
    #[serde(default)]
    pub policy: RoutingPolicy,
    /// Tells this record from the others of its name. Absent: cluster, namespace and name of this object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9_./-]+$"))]
    pub set_identifier: Option<String>,
    /// The share of this record in the sum of all, from 0 to 255. With 0 it answers only where all have 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 255))]
    pub weight: Option<u16>,
    /// The region that latency is measured to. Absent: the Environment's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = schema::REGION))]
    pub region: Option<String>,
    /// Countries, as DE; of the United States and Ukraine states too, as US-CA; "*" is whatever no other record names.
    #[serde(default)]
    #[schemars(
        length(max = 50),
        inner(length(min = 1, max = 6), regex(pattern = r"^([A-Z]{2}|US-[A-Z]{2}|UA-[0-9]{2}|\*)$"))
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub countries: Vec<String>,
    /// Continents: AF, AN, AS, EU, NA, OC, SA.
    #[serde(default)]
    #[schemars(length(max = 7), inner(length(equal = 2), regex(pattern = "^(AF|AN|AS|EU|NA|OC|SA)$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub continents: Vec<String>,
    /// Primary or Secondary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<FailoverRole>,
    /// The one of `healthChecks` on which the answer depends. Absent: of the hostnames' records the first, if there is one;
    /// of `records` none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL))]
    pub health_check: Option<String>,
}

impl Default for Routing {
    fn default() -> Self {
        schema::defaults()
    }
}

/// Route 53's routing policies.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum RoutingPolicy {
    /// One record.
    #[default]
    Simple,
    /// In proportion.
    Weighted,
    /// By latency.
    Latency,
    /// By place.
    Geolocation,
    /// One in place of the other.
    Failover,
    /// Several at once.
    MultiValue,
}

/// Which of two records.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(inline)]
pub enum FailoverRole {
    /// The one that answers while it is healthy.
    Primary,
    /// The other.
    Secondary,
}

/// A record of the zone beside those of the hostnames.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "self.type != 'CNAME' || size(self.values) == 1",
    "a CNAME record leads to one name: leave one of records[].values"
))]
#[x_kube(validation = (
    "self.type != 'CNAME' || self.routing.policy != 'MultiValue'",
    "Route 53 has no CNAME of routing policy MultiValue: use another policy, or type A"
))]
pub struct Record {
    /// The whole name, as mail.shop.example.com. The Environment's `limits.hostnames` must admit it.
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::RECORD_NAME))]
    pub name: String,
    /// A, AAAA, CAA, CNAME, MX, SRV or TXT.
    #[serde(rename = "type")]
    pub type_: RecordType,
    /// Tells several records of one name and type apart. Absent: there is one.
    #[serde(default)]
    #[schemars(length(max = 64), regex(pattern = "^[A-Za-z0-9_./-]*$"))]
    pub set: String,
    /// Seconds for which an answer may be kept. 300 by default.
    #[serde(default = "five_minutes", rename = "ttlSeconds")]
    #[schemars(range(min = 0, max = 604_800))]
    pub ttl_seconds: u32,
    /// As they stand in a zone file; texts of TXT records without quotes.
    #[schemars(length(min = 1, max = 100), inner(length(min = 1, max = 4000)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub values: Vec<String>,
    /// How it stands beside others of its name and type.
    #[serde(default)]
    pub routing: Routing,
}

/// The types of records that can be said here. An alias is that of a hostname.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub enum RecordType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Who may issue certificates.
    Caa,
    /// Another name.
    Cname,
    /// Mail servers.
    Mx,
    /// Servers of a service.
    Srv,
    /// Texts.
    Txt,
}

impl RecordType {
    /// As the Route 53 API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Caa => "CAA",
            Self::Cname => "CNAME",
            Self::Mx => "MX",
            Self::Srv => "SRV",
            Self::Txt => "TXT",
        }
    }
}

/// Asks an endpoint from all over the world whether it is healthy.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "self.intervalSeconds == 10 || self.intervalSeconds == 30",
    "Route 53 asks every 10 or every 30 seconds: set healthChecks[].intervalSeconds to 10 or 30"
))]
#[x_kube(validation = (
    "self.protocol != 'TCP' || !has(self.path)",
    "a TCP connection has no path: leave healthChecks[].path out, or set protocol to HTTPS"
))]
pub struct HealthCheck {
    /// What `routing.healthCheck` names it by. main by default.
    #[serde(default = "main")]
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL))]
    pub name: String,
    /// The host that is asked. Absent: the distribution under its own name, which does not depend on what the check decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::HOSTNAME))]
    pub host: Option<String>,
    /// HTTPS (default), HTTP or TCP. An answer of status 200 to 399 counts as healthy.
    #[serde(default)]
    pub protocol: HealthProtocol,
    /// The port. Absent: 443, of HTTP and TCP 80.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u16>,
    /// The path, with its query string. Absent: /.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = "^/"))]
    pub path: Option<String>,
    /// 30 (default), or 10 at a higher price. Another interval means another health check.
    #[serde(default = "thirty")]
    #[schemars(range(min = 10, max = 30))]
    pub interval_seconds: u8,
    /// Answers in a row that change its mind. 3 by default.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 10))]
    pub failure_threshold: u8,
    /// Normal (default), or Inverted: what is healthy counts as unhealthy.
    #[serde(default)]
    pub result: HealthResult,
}

impl HealthCheck {
    /// The port that is asked.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.protocol == HealthProtocol::Https { 443 } else { 80 })
    }
}

/// How an endpoint is asked.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub enum HealthProtocol {
    /// A request over TLS.
    #[default]
    Https,
    /// A request.
    Http,
    /// A connection.
    Tcp,
}

impl HealthProtocol {
    /// As the Route 53 API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "HTTPS",
            Self::Http => "HTTP",
            Self::Tcp => "TCP",
        }
    }
}

/// What an answer counts as.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum HealthResult {
    /// What it says.
    #[default]
    Normal,
    /// The opposite.
    Inverted,
}

fn five_minutes() -> u32 {
    300
}

fn main() -> String {
    "main".into()
}

fn thirty() -> u8 {
    30
}

fn three() -> u8 {
    3
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_is_named_as_route_53_names_it() {
        for type_ in [RecordType::A, RecordType::Aaaa, RecordType::Caa, RecordType::Cname, RecordType::Txt] {
            assert_eq!(serde_json::to_value(type_).unwrap(), type_.as_str());
        }
    }

    #[test]
    fn a_health_check_asks_the_usual_port_of_its_protocol() {
        let port = |check: serde_json::Value| serde_json::from_value::<HealthCheck>(check).unwrap().port();
        assert_eq!(port(json!({})), 443);
        assert_eq!(port(json!({"protocol": "TCP"})), 80);
        assert_eq!(port(json!({"protocol": "HTTP", "port": 8080})), 8080);
    }
}
