//! The records of the zone: those that lead the hostnames to the distribution, and further ones.

use std::collections::BTreeMap;

use terrace_crds::edge_tier::{self, FailoverRole, Ipv6, Record, RecordType, RoutingPolicy};
use terrace_model::aws::cloudfront::Distribution;
use terrace_model::aws::route53::{Failover, Geolocation, RecordSet, Routing, Target};
use terrace_model::identity::short_hash;
use terrace_model::{Node, Val};

use super::design::Design;
use crate::draft::Draft;
use crate::facts::Facts;

/// The ids of the health checks, by name.
type Checks = BTreeMap<String, Val<String>>;

/// Adds them all.
pub(super) fn records(
    draft: &mut Draft,
    design: &Design,
    zone: &Val<String>,
    distribution: &Node<Distribution>,
    checks: &Checks,
) {
    let spec = design.spec;
    let types: &[&str] = if spec.ipv6 == Ipv6::Enabled { &["A", "AAAA"] } else { &["A"] };
    for hostname in &spec.hostnames {
        for r#type in types {
            let record = RecordSet::simple(zone.clone(), hostname, r#type, alias(distribution));
            add(draft, design, checks, record, &spec.routing, None);
        }
    }
    for further in &spec.records {
        let target = Target::Records { ttl: further.ttl_seconds.into(), records: values(further) };
        let record = RecordSet::simple(zone.clone(), &further.name, further.type_.as_str(), target);
        add(draft, design, checks, record, &further.routing, Some(&further.set));
    }
}

/// The logical id of a hostname's record; of several by place, of the first.
pub(super) fn id_of_hostname(hostname: &str, r#type: &str, routing: &edge_tier::Routing) -> String {
    let first = routings(routing, "").into_iter().next().map(|(place, _)| place).unwrap_or_default();
    id(hostname, r#type, None, &first)
}

fn id(name: &str, r#type: &str, set: Option<&str>, place: &str) -> String {
    let of = if set.is_some() { "record" } else { "hostname" };
    format!("record-{}-{}", r#type.to_lowercase(), short_hash(&[of, name, set.unwrap_or_default(), place]))
}

/// One record, or one for each place of its routing.
fn add(
    draft: &mut Draft,
    design: &Design,
    checks: &Checks,
    record: RecordSet,
    routing: &edge_tier::Routing,
    set: Option<&str>,
) {
    let simple = routing.policy == RoutingPolicy::Simple;
    // A check says how the distribution fares; another record leads elsewhere, and says so where it hangs on one.
    let usual = design.spec.health_checks.first().map(|check| &check.name).filter(|_| set.is_none());
    let identifier = set_identifier(routing, set, design.facts);
    for (place, wished) in routings(routing, &design.facts.environment.region) {
        let identifier = if place.is_empty() {
            identifier.clone()
        } else {
            format!("{identifier}/{}", place.replace('*', "default"))
        };
        let want = RecordSet {
            set_identifier: (!simple).then_some(identifier),
            routing: wished,
            health_check_id: health(routing, usual, checks).filter(|_| !simple).unwrap_or_else(|| "".into()),
            ..record.clone()
        };
        draft.add(&id(&want.name, &want.r#type, set, &place), want);
    }
}

/// An alias to a distribution says nothing of its health (API reference, AliasTarget, `EvaluateTargetHealth`).
fn alias(distribution: &Node<Distribution>) -> Target {
    Target::Alias {
        hosted_zone_id: Distribution::HOSTED_ZONE.into(),
        dns_name: distribution.out(Distribution::DOMAIN_NAME),
        evaluate_target_health: false,
    }
}

fn health(routing: &edge_tier::Routing, usual: Option<&String>, checks: &Checks) -> Option<Val<String>> {
    checks.get(routing.health_check.as_ref().or(usual)?).cloned()
}

/// What tells the records of this object from others: at most 128 characters with a place behind it (API reference,
/// ResourceRecordSet, `SetIdentifier`).
pub(super) fn set_identifier(routing: &edge_tier::Routing, set: Option<&str>, facts: &Facts) -> String {
    const MOST: usize = 110;
    let (object, cluster) = (&facts.object, &facts.environment.cluster);
    let own = || {
        let set = set.filter(|set| !set.is_empty()).map(|set| format!("/{set}")).unwrap_or_default();
        format!("{cluster}/{}/{}{set}", object.namespace, object.name)
    };
    let identifier = routing.set_identifier.clone().unwrap_or_else(own);
    match identifier.get(..MOST - 11) {
        Some(head) if identifier.len() > MOST => format!("{head}-{}", short_hash(&[&identifier])),
        _ => identifier,
    }
}

/// The routing of each record, by the place that it is for, which only Geolocation has.
fn routings(routing: &edge_tier::Routing, region: &str) -> Vec<(String, Routing)> {
    let one = |wished| vec![(String::new(), wished)];
    match routing.policy {
        RoutingPolicy::Simple => one(Routing::Simple),
        RoutingPolicy::Weighted => one(Routing::Weight(routing.weight.unwrap_or_default().into())),
        RoutingPolicy::Latency => one(Routing::Region(routing.region.clone().unwrap_or_else(|| region.into()))),
        RoutingPolicy::MultiValue => one(Routing::Multivalue),
        RoutingPolicy::Failover => one(Routing::Failover(match routing.role {
            Some(FailoverRole::Secondary) => Failover::Secondary,
            Some(FailoverRole::Primary) | None => Failover::Primary,
        })),
        RoutingPolicy::Geolocation => {
            let continents = routing.continents.iter().map(|code| (code, Geolocation::Continent(code.clone())));
            let countries = routing.countries.iter().map(|code| (code, country(code)));
            // A continent and a country may have the same two letters, as SA.
            let named = |word: &'static str| {
                move |(code, at): (&String, Geolocation)| (format!("{word}{code}"), Routing::Geolocation(at))
            };
            continents.map(named("continent-")).chain(countries.map(named(""))).collect()
        }
    }
}

fn country(code: &str) -> Geolocation {
    match code.split_once('-') {
        _ if code == "*" => Geolocation::Default,
        Some((country, subdivision)) => {
            Geolocation::Subdivision { country: country.into(), subdivision: subdivision.into() }
        }
        None => Geolocation::Country(code.into()),
    }
}

fn values(record: &Record) -> std::collections::BTreeSet<Val<String>> {
    let text = record.type_ == RecordType::Txt;
    record.values.iter().map(|value| if text { quoted(value).into() } else { value.clone().into() }).collect()
}

/// A text as a zone file has it: strings of at most 255 characters, in quotes (Route 53 Developer Guide, "TXT record type").
fn quoted(text: &str) -> String {
    let bytes = text.bytes().map(|byte| match byte {
        b'"' => "\\\"".to_owned(),
        b'\\' => "\\\\".to_owned(),
        b' '..=b'~' => char::from(byte).to_string(),
        other => format!("\\{other:03o}"),
    });
    let bytes: Vec<String> = bytes.collect();
    let strings = bytes.chunks(255).map(|string| format!("\"{}\"", string.concat()));
    strings.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_and_cut_as_a_zone_file_wants_it() {
        assert_eq!(quoted("v=spf1 -all"), "\"v=spf1 -all\"");
        assert_eq!(quoted("say \"hi\" \\"), r#""say \"hi\" \\""#);
        assert_eq!(quoted("ü"), r#""\303\274""#);
        let long = quoted(&"a".repeat(300));
        assert_eq!(long, format!("\"{}\" \"{}\"", "a".repeat(255), "a".repeat(45)));
    }

    #[test]
    fn a_place_is_a_continent_a_country_a_state_or_the_rest() {
        let routing =
            serde_json::json!({"policy": "Geolocation", "continents": ["SA"], "countries": ["SA", "US-CA", "*"]});
        let places = routings(&serde_json::from_value(routing).unwrap(), "eu-west-1");
        let state = Geolocation::Subdivision { country: "US".into(), subdivision: "CA".into() };
        let expected = [
            ("continent-SA", Geolocation::Continent("SA".into())),
            ("SA", Geolocation::Country("SA".into())),
            ("US-CA", state),
            ("*", Geolocation::Default),
        ];
        assert_eq!(places, expected.map(|(place, at)| (place.to_owned(), Routing::Geolocation(at))));
    }

    #[test]
    fn a_set_identifier_is_never_too_long() {
        let mut facts = crate::samples::facts(&crate::samples::data_tier(crate::samples::MANIFESTS[0].1));
        let routing = edge_tier::Routing::default();
        assert_eq!(set_identifier(&routing, Some("b"), &facts), "prod/shop/orders/b");
        facts.object.name = "a".repeat(253);
        let long = set_identifier(&routing, None, &facts);
        facts.object.name.push('b');
        assert!(long.len() <= 110 && long != set_identifier(&routing, None, &facts));
    }
}
