//! Amazon Route 53: public hosted zones, records, health checks, and the records by which ACM validates domains.
//!
//! Fields and units follow the Route 53 API reference (CreateHostedZone, ChangeResourceRecordSets, CreateHealthCheck). The
//! service is global: its nodes are placed in the home region. A record bears no tags of AWS's; its tags are a TXT record
//! beside it, written in the same batch of changes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize};

use super::Tags;
use crate::resource::{Out, Replace, Resource, Rule};
use crate::val::Val;

/// A public hosted zone. Several of one name may stand in an account; each has name servers of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostedZone {
    /// Without the dot at its end, in lower case.
    #[serde(deserialize_with = "host_name")]
    pub name: String,
    /// At most 256 characters.
    pub comment: String,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostedZoneOutputs {
    /// As `Z0123456789ABCDEFGHIJ`, without `/hostedzone/`.
    pub hosted_zone_id: Option<String>,
    pub name: Option<String>,
    /// Those that the parent zone must name, with a comma between them.
    pub name_servers: Option<String>,
}

impl HostedZone {
    pub const ID: Out<Self, String> = Out::new("hostedZoneId");
    pub const NAME: Out<Self, String> = Out::new("name");
    pub const NAME_SERVERS: Out<Self, String> = Out::new("nameServers");
}

impl Resource for HostedZone {
    const KIND: &'static str = "route53/HostedZone";
    const FIELDS: &'static [(&'static str, Rule)] = &[("name", Rule::Replace), ("tags", Rule::Keyed)];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = HostedZoneOutputs;
}

/// One record of a zone (a resource record set): what a name answers for one type, and for one set identifier where several
/// share the name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordSet {
    pub zone_id: Val<String>,
    /// The whole name, without the dot at its end, in lower case; may begin with `*.`.
    #[serde(deserialize_with = "host_name")]
    pub name: String,
    /// As `A`, `AAAA`, `CNAME` or `TXT`.
    pub r#type: String,
    /// Tells records of one name and type apart: exactly where the routing is not simple. At most 128 characters.
    pub set_identifier: Option<String>,
    pub routing: Routing,
    pub target: Target,
    /// Empty for none.
    pub health_check_id: Val<String>,
    /// What the TXT record beside it says, in public. A wish leaves it empty: the owner's are added, and suffice.
    pub tags: Tags,
}

/// What a record answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Target {
    /// The addresses of another AWS resource, or of another record of the zone.
    Alias {
        /// The zone of what it leads to: of a load balancer, its `CanonicalHostedZoneId`; of any distribution,
        /// [`RecordSet::CLOUDFRONT_ZONE`].
        hosted_zone_id: Val<String>,
        #[serde(deserialize_with = "late_host_name")]
        dns_name: Val<String>,
        /// Always false for distributions (API reference, AliasTarget, `EvaluateTargetHealth`).
        evaluate_target_health: bool,
    },
    /// Values as they stand in a zone file: texts of TXT records in double quotes.
    Records {
        /// Seconds.
        ttl: i64,
        records: BTreeSet<Val<String>>,
    },
}

/// Which of several records of one name and type answers. All of them have the same kind of routing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Routing {
    /// There is one.
    #[default]
    Simple,
    /// In proportion, 0 to 255.
    Weight(i64),
    /// The one of the region that is nearest by latency: an AWS region.
    Region(String),
    /// The one of where the question comes from.
    Geolocation(Geolocation),
    Failover(Failover),
    /// Up to eight healthy ones at once.
    Multivalue,
}

/// Where a question comes from: a continent, a country, or a state of a country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Geolocation {
    /// `AF`, `AN`, `AS`, `EU`, `NA`, `OC` or `SA`.
    Continent(String),
    /// ISO 3166-1 alpha-2.
    Country(String),
    /// Of the United States or Ukraine.
    Subdivision { country: String, subdivision: String },
    /// From everywhere that no other record names.
    Default,
}

/// Which of two answers while it is healthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Failover {
    Primary,
    Secondary,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordSetOutputs {
    pub name: Option<String>,
    /// The id of the zone that it stands in. Not named `zoneId`, which would be an id of its own.
    pub zone: Option<String>,
}

impl RecordSet {
    /// The zone of all distributions (API reference, AliasTarget, `HostedZoneId`).
    pub const CLOUDFRONT_ZONE: &str = "Z2FDTNDATAQYW2";
    pub const NAME: Out<Self, String> = Out::new("name");
    pub const ZONE_ID: Out<Self, String> = Out::new("zone");

    /// The one record of a name and type, which is not checked.
    pub fn simple(zone_id: Val<String>, name: &str, r#type: &str, target: Target) -> Self {
        RecordSet {
            zone_id,
            name: plain(name),
            r#type: r#type.into(),
            set_identifier: None,
            routing: Routing::Simple,
            target,
            health_check_id: String::new().into(),
            tags: Tags::new(),
        }
    }
}

impl Resource for RecordSet {
    const KIND: &'static str = "route53/RecordSet";
    // Everything else changes in one batch, the set identifier and the routing too, so that the name never goes unanswered.
    const FIELDS: &'static [(&'static str, Rule)] =
        &[("zoneId", Rule::Replace), ("name", Rule::Replace), ("type", Rule::Replace), ("tags", Rule::Keyed)];
    const ADDRESS: &'static [&'static str] = &["zoneId", "name", "type", "setIdentifier"];
    type Outputs = RecordSetOutputs;
}

/// The CNAME records by which ACM validates the domains of a certificate, and renews it for as long as they stand.
///
/// The record of a domain is the same for all certificates of an account (ACM user guide, "DNS validation"), so several may
/// need one. Each of these nodes leaves a TXT record of its own beside each of them; one that Terrace made goes with the
/// last of those.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValidationRecords {
    pub zone_id: Val<String>,
    /// The certificate that needs them.
    pub certificate_arn: Val<String>,
    /// Values by names: [`Certificate::VALIDATION_RECORDS`](super::acm::Certificate::VALIDATION_RECORDS).
    pub records: Val<BTreeMap<String, String>>,
    /// As of a [`RecordSet`].
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValidationRecordsOutputs {}

impl Resource for ValidationRecords {
    const KIND: &'static str = "route53/ValidationRecords";
    const FIELDS: &'static [(&'static str, Rule)] = &[("zoneId", Rule::Replace), ("tags", Rule::Keyed)];
    const ADDRESS: &'static [&'static str] = &["zoneId", "certificateArn"];
    type Outputs = ValidationRecordsOutputs;
}

/// Asks an endpoint again and again, from several regions, whether it is healthy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HealthCheck {
    /// `HTTP`, `HTTPS` or `TCP`.
    pub r#type: String,
    #[serde(deserialize_with = "late_host_name")]
    pub fully_qualified_domain_name: Val<String>,
    pub port: i32,
    /// As `/healthz`; empty for TCP.
    pub resource_path: String,
    /// Seconds: 10 or 30.
    pub request_interval: i32,
    /// How many answers in a row change its mind: 1 to 10.
    pub failure_threshold: i32,
    /// At least three of [`HealthCheck::REGIONS`]; empty for all of them.
    pub regions: BTreeSet<String>,
    /// HTTPS only: sends the host name as it begins TLS.
    pub enable_sni: bool,
    /// Healthy counts as unhealthy.
    pub inverted: bool,
    /// It asks nobody, and counts as healthy.
    pub disabled: bool,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheckOutputs {
    pub health_check_id: Option<String>,
}

impl HealthCheck {
    /// Where health checkers are (API reference, HealthCheckConfig, `Regions`).
    pub const REGIONS: &[&str] = &[
        "us-east-1",
        "us-west-1",
        "us-west-2",
        "eu-west-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-northeast-1",
        "sa-east-1",
    ];
    pub const ID: Out<Self, String> = Out::new("healthCheckId");
}

impl Resource for HealthCheck {
    const KIND: &'static str = "route53/HealthCheck";
    const FIELDS: &'static [(&'static str, Rule)] =
        &[("type", Rule::Replace), ("requestInterval", Rule::Replace), ("tags", Rule::Keyed)];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = HealthCheckOutputs;
}

/// A host name as it is compared: in lower case, without the dot at its end. Route 53 writes `*` as `\052`.
pub fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase().replace("\\052", "*")
}

fn host_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(|name| plain(&name))
}

fn late_host_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Val<String>, D::Error> {
    Val::deserialize(deserializer).map(|name: Val<String>| match name {
        Val::Known(name) => Val::Known(plain(&name)),
        late => late,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::KindSpec;
    use serde_json::{Value, json};

    fn normalised(record: &RecordSet) -> Value {
        (KindSpec::of::<RecordSet>().normalise)(&serde_json::to_value(record).unwrap()).unwrap()
    }

    #[test]
    fn host_names_are_compared_in_lower_case_and_without_the_dot_at_their_end() {
        let target = Target::Alias {
            hosted_zone_id: "Z2".into(),
            dns_name: "Shop-1.eu-west-1.ELB.amazonaws.com.".into(),
            evaluate_target_health: true,
        };
        let record = RecordSet { name: "\\052.Example.com.".into(), ..RecordSet::simple("Z1".into(), "", "A", target) };
        let wire = normalised(&record);
        assert_eq!(wire["name"], "*.example.com");
        assert_eq!(wire["target"]["alias"]["dnsName"], "shop-1.eu-west-1.elb.amazonaws.com");
    }

    #[test]
    fn every_routing_and_target_survives_the_wire() {
        let records = Target::Records { ttl: 60, records: ["192.0.2.1".into()].into() };
        let of =
            |routing| RecordSet { routing, ..RecordSet::simple("Z1".into(), "a.example.com", "A", records.clone()) };
        let state = Geolocation::Subdivision { country: "US".into(), subdivision: "CA".into() };
        for (routing, wire) in [
            (Routing::Simple, json!("simple")),
            (Routing::Weight(10), json!({"weight": 10})),
            (Routing::Region("eu-west-1".into()), json!({"region": "eu-west-1"})),
            (Routing::Geolocation(Geolocation::Continent("EU".into())), json!({"geolocation": {"continent": "EU"}})),
            (
                Routing::Geolocation(state),
                json!({"geolocation": {"subdivision": {"country": "US", "subdivision": "CA"}}}),
            ),
            (Routing::Geolocation(Geolocation::Default), json!({"geolocation": "default"})),
            (Routing::Failover(Failover::Primary), json!({"failover": "PRIMARY"})),
            (Routing::Multivalue, json!("multivalue")),
        ] {
            let value = normalised(&of(routing.clone()));
            assert_eq!(value["routing"], wire);
            assert_eq!(serde_json::from_value::<RecordSet>(value).unwrap().routing, routing);
        }
        assert_eq!(
            normalised(&of(Routing::Simple))["target"],
            json!({"records": {"ttl": 60, "records": ["192.0.2.1"]}})
        );
    }

    #[test]
    fn records_that_are_not_known_yet_are_late_as_a_whole() {
        let late = Val::of_object("EdgeTier/shop/shop", "validationRecords");
        let records = ValidationRecords {
            zone_id: "Z1".into(),
            certificate_arn: "arn:a".into(),
            records: late.clone(),
            tags: Tags::new(),
        };
        let mut wire = serde_json::to_value(records).unwrap();
        assert_eq!(serde_json::from_value::<ValidationRecords>(wire.clone()).unwrap().records, late);
        wire["records"] = json!({"_a.example.com": "_b.acm-validations.aws"});
        assert!(serde_json::from_value::<ValidationRecords>(wire).unwrap().records.known().is_some());
    }
}
