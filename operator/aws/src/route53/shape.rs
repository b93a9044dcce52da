//! One record, to and from the SDK's type.

use std::collections::BTreeSet;

use aws_sdk_route53::types::{
    AliasTarget, GeoLocation, ResourceRecord, ResourceRecordSet, ResourceRecordSetFailover, ResourceRecordSetRegion,
    RrType,
};
use terrace_engine::{Error, Result};
use terrace_model::Val;
use terrace_model::aws::Tags;
use terrace_model::aws::route53::{Failover, Geolocation, RecordSet, Routing, Target, plain};

use crate::shared::{known, known_list};

/// The country code that stands for everywhere else (API reference, GeoLocation).
const EVERYWHERE: &str = "*";

/// A wish as Route 53 takes it.
pub fn to_sdk(want: &RecordSet) -> Result<ResourceRecordSet> {
    let record = ResourceRecordSet::builder()
        .name(&want.name)
        .r#type(RrType::from(want.r#type.as_str()))
        .set_set_identifier(want.set_identifier.clone())
        .set_health_check_id(Some(known(&want.health_check_id)?).filter(|id| !id.is_empty()));
    let record = match &want.target {
        Target::Alias { hosted_zone_id, dns_name, evaluate_target_health } => {
            let alias = AliasTarget::builder()
                .hosted_zone_id(known(hosted_zone_id)?)
                .dns_name(known(dns_name)?)
                .evaluate_target_health(*evaluate_target_health);
            record.alias_target(alias.build().map_err(Error::invalid)?)
        }
        Target::Records { ttl, records } => {
            let values = known_list(records)?.into_iter().map(value).collect::<Result<_>>()?;
            record.ttl(*ttl).set_resource_records(Some(values))
        }
    };
    let record = match &want.routing {
        Routing::Simple => record,
        Routing::Weight(weight) => record.weight(*weight),
        Routing::Region(region) => record.region(ResourceRecordSetRegion::from(region.as_str())),
        Routing::Geolocation(place) => record.geo_location(geo_location(place)),
        Routing::Failover(Failover::Primary) => record.failover(ResourceRecordSetFailover::Primary),
        Routing::Failover(Failover::Secondary) => record.failover(ResourceRecordSetFailover::Secondary),
        Routing::Multivalue => record.multi_value_answer(true),
    };
    record.build().map_err(Error::invalid)
}

/// A record of plain values.
pub fn plain_record(name: &str, kind: RrType, ttl: i64, text: String) -> Result<ResourceRecordSet> {
    let record = ResourceRecordSet::builder().name(name).r#type(kind).ttl(ttl).resource_records(value(text)?);
    record.build().map_err(Error::invalid)
}

fn value(text: String) -> Result<ResourceRecord> {
    ResourceRecord::builder().value(text).build().map_err(Error::invalid)
}

fn geo_location(place: &Geolocation) -> GeoLocation {
    let location = GeoLocation::builder();
    match place {
        Geolocation::Continent(code) => location.continent_code(code),
        Geolocation::Country(code) => location.country_code(code),
        Geolocation::Subdivision { country, subdivision } => {
            location.country_code(country).subdivision_code(subdivision)
        }
        Geolocation::Default => location.country_code(EVERYWHERE),
    }
    .build()
}

/// What stands in a zone, as it is compared.
pub fn from_sdk(zone: &str, record: &ResourceRecordSet, tags: Tags) -> RecordSet {
    RecordSet {
        zone_id: zone.into(),
        name: plain(record.name()),
        r#type: record.r#type().as_str().to_owned(),
        set_identifier: record.set_identifier().map(str::to_owned),
        routing: routing(record),
        target: target(record),
        health_check_id: record.health_check_id().unwrap_or_default().into(),
        tags,
    }
}

fn target(record: &ResourceRecordSet) -> Target {
    match record.alias_target() {
        Some(alias) => Target::Alias {
            hosted_zone_id: alias.hosted_zone_id().into(),
            dns_name: plain(alias.dns_name()).into(),
            evaluate_target_health: alias.evaluate_target_health(),
        },
        None => Target::Records {
            ttl: record.ttl().unwrap_or_default(),
            records: values(record).map(|value| Val::from(value.to_owned())).collect::<BTreeSet<_>>(),
        },
    }
}

/// The values of a record that is no alias.
pub fn values(record: &ResourceRecordSet) -> impl Iterator<Item = &str> {
    record.resource_records().iter().map(ResourceRecord::value)
}

/// How a record is chosen among others of its name. What Terrace does not write, as proximity, shows as simple.
pub fn routing(record: &ResourceRecordSet) -> Routing {
    if let Some(weight) = record.weight() {
        return Routing::Weight(weight);
    }
    if let Some(region) = record.region() {
        return Routing::Region(region.as_str().to_owned());
    }
    if let Some(place) = record.geo_location() {
        return Routing::Geolocation(geolocation(place));
    }
    match record.failover() {
        Some(ResourceRecordSetFailover::Secondary) => Routing::Failover(Failover::Secondary),
        Some(_) => Routing::Failover(Failover::Primary),
        None if record.multi_value_answer() == Some(true) => Routing::Multivalue,
        None => Routing::Simple,
    }
}

fn geolocation(place: &GeoLocation) -> Geolocation {
    match (place.continent_code(), place.country_code(), place.subdivision_code()) {
        (Some(continent), ..) => Geolocation::Continent(continent.to_owned()),
        (None, None | Some(EVERYWHERE), _) => Geolocation::Default,
        (None, Some(country), None) => Geolocation::Country(country.to_owned()),
        (None, Some(country), Some(subdivision)) => {
            Geolocation::Subdivision { country: country.to_owned(), subdivision: subdivision.to_owned() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias() -> Target {
        Target::Alias {
            hosted_zone_id: RecordSet::CLOUDFRONT_ZONE.into(),
            dns_name: "d1.cloudfront.net".into(),
            evaluate_target_health: false,
        }
    }

    fn same(want: &RecordSet, seen: &RecordSet) {
        assert_eq!(serde_json::to_value(want).unwrap(), serde_json::to_value(seen).unwrap());
    }

    #[test]
    fn what_is_wished_is_what_is_seen() {
        let values = Target::Records { ttl: 60, records: ["192.0.2.2".into(), "192.0.2.1".into()].into() };
        let state = Geolocation::Subdivision { country: "US".into(), subdivision: "CA".into() };
        let routings = [
            Routing::Simple,
            Routing::Weight(0),
            Routing::Region("eu-west-1".into()),
            Routing::Geolocation(Geolocation::Continent("EU".into())),
            Routing::Geolocation(Geolocation::Country("DE".into())),
            Routing::Geolocation(state),
            Routing::Geolocation(Geolocation::Default),
            Routing::Failover(Failover::Primary),
            Routing::Failover(Failover::Secondary),
            Routing::Multivalue,
        ];
        for routing in routings {
            for target in [alias(), values.clone()] {
                let simple = RecordSet::simple("Z1".into(), "www.example.com", "A", target);
                let set_identifier = (routing != Routing::Simple).then(|| "blue".to_owned());
                let want =
                    RecordSet { set_identifier, routing: routing.clone(), health_check_id: "check".into(), ..simple };
                let sent = to_sdk(&want).expect("it is whole");
                same(&want, &from_sdk("Z1", &sent, Tags::new()));
            }
        }
    }

    #[test]
    fn route_53s_spelling_is_ours() {
        let sent = to_sdk(&RecordSet::simple("Z1".into(), "*.example.com", "A", alias())).expect("it is whole");
        let mut seen = sent.clone();
        seen.name = "\\052.example.com.".into();
        seen.alias_target.as_mut().expect("it is an alias").dns_name = "D1.cloudfront.net.".into();
        same(&from_sdk("Z1", &sent, Tags::new()), &from_sdk("Z1", &seen, Tags::new()));
        assert_eq!(sent.health_check_id(), None);
    }
}
