//! Zones, records and health checks against an emulator.

use serde_json::json;
use terrace_aws::Clients;
use terrace_aws::route53::{HealthChecks, HostedZones, RecordSets, Route53, ValidationRecordSets};
use terrace_engine::{Disposal, Erased, Look, Registry, Sight, State};
use terrace_model::aws::Tags;
use terrace_model::aws::route53::{
    Failover, Geolocation, HealthCheck, HostedZone, RecordSet, Routing, Target, ValidationRecords,
};
use terrace_model::{Handle, Id, Owner, Resource, Val};

use crate::bed::{clients, id, owned};
use crate::gaps;
use crate::life::{Life, other_tags};

fn registry(clients: &Clients) -> Registry {
    let route53 = Route53::new(clients.clone());
    Registry::default()
        .with(HealthChecks(route53.clone()))
        .with(HostedZones(route53.clone()))
        .with(RecordSets(route53.clone()))
        .with(ValidationRecordSets(route53))
}

fn tags() -> Tags {
    [("team".into(), "shop".into()), ("gone".into(), "soon".into())].into()
}

fn zone() -> HostedZone {
    HostedZone { name: "example.com".into(), comment: "of shop".into(), tags: tags() }
}

/// A zone that stands, and its id.
async fn zone_of(clients: &Clients) -> String {
    let (id, registry) = (id::<HostedZone>("zone"), registry(clients));
    let provider = registry.get(&id.kind).expect("it is registered");
    let Handle(arn) = provider.create(&id, &owned(&id, &zone())).await.expect("a zone is made");
    arn.rsplit('/').next().expect("an ARN has parts").to_owned()
}

/// A node at the address of its wish.
fn at<R: Resource>(node: &str, want: &R) -> Id {
    let wire = serde_json::to_value(want).expect("it is JSON");
    let fields = R::ADDRESS.iter().map(|field| ((*field).to_owned(), wire[*field].clone()));
    Id { address: fields.filter(|(_, value)| !value.is_null()).collect(), ..id::<R>(node) }
}

async fn look(provider: &dyn Erased, id: &Id) -> Option<Sight> {
    match provider.observe(id).await.expect("it can be looked at") {
        Look::Absent => None,
        Look::Present(sight) => Some(*sight),
    }
}

#[tokio::test]
async fn a_zone_lives_from_create_to_absent() {
    let Some(clients) = clients() else { return };
    let id = id::<HostedZone>("zone");
    let want = owned(&id, &zone());
    let edits = vec![("comment", json!("another")), ("tags", other_tags(&want))];
    Life { clients, registry, id, want, edits }.live().await;
}

#[tokio::test]
async fn two_zones_of_one_name_are_told_apart_by_their_references() {
    let Some(clients) = clients() else { return };
    let (first, second, registry) = (id::<HostedZone>("zone"), id::<HostedZone>("zone"), registry(&clients));
    let provider = registry.get(&first.kind).expect("it is registered");
    let handle = provider.create(&first, &owned(&first, &zone())).await.expect("it is made");
    let other = provider.create(&second, &owned(&second, &zone())).await.expect("it is another");
    assert_ne!(handle, other);
    for (id, handle) in [(&first, &handle), (&second, &other)] {
        assert_eq!(look(&**provider, id).await.expect("it is found").handle, *handle);
    }
}

#[tokio::test]
async fn a_record_lives_from_create_to_absent() {
    let Some(clients) = clients() else { return };
    let zone = zone_of(&clients).await;
    let values = Target::Records { ttl: 60, records: ["192.0.2.1".into(), "192.0.2.2".into()].into() };
    let want = RecordSet::simple(zone.as_str().into(), "www.example.com", "A", values);
    let alias = Target::Alias {
        hosted_zone_id: RecordSet::CLOUDFRONT_ZONE.into(),
        dns_name: "d1.cloudfront.net".into(),
        evaluate_target_health: false,
    };
    let alias = serde_json::to_value(alias).expect("it is JSON");
    let id = at("www", &want);
    let want = owned(&id, &RecordSet { tags: tags(), ..want });
    let edits = vec![
        ("target", json!({"records": {"ttl": 300, "records": ["198.51.100.1"]}})),
        ("target", alias),
        ("healthCheckId", json!("00000000-0000-0000-0000-000000000000")),
        ("tags", other_tags(&want)),
    ];
    Life { clients, registry, id, want, edits }.live().await;
}

#[tokio::test]
async fn records_of_every_routing_live_side_by_side() {
    let Some(clients) = clients() else { return };
    let (zone, registry) = (zone_of(&clients).await, registry(&clients));
    let provider = registry.get(RecordSet::KIND).expect("it is registered");
    let routings = [
        ("weight", Routing::Weight(10), Routing::Weight(20)),
        ("region", Routing::Region("eu-west-1".into()), Routing::Region("us-east-1".into())),
        (
            "geolocation",
            Routing::Geolocation(Geolocation::Country("DE".into())),
            Routing::Geolocation(Geolocation::Default),
        ),
        ("failover", Routing::Failover(Failover::Primary), Routing::Failover(Failover::Secondary)),
        ("multivalue", Routing::Multivalue, Routing::Multivalue),
    ];
    for (name, first, second) in routings {
        let values = Target::Records { ttl: 60, records: ["192.0.2.1".into()].into() };
        let of = |set: &str, routing: &Routing| RecordSet {
            set_identifier: Some(format!("{name}-{set}")),
            routing: routing.clone(),
            health_check_id: "00000000-0000-0000-0000-000000000000".into(),
            ..RecordSet::simple(zone.as_str().into(), &format!("{name}.example.com"), "A", values.clone())
        };
        let wishes = [("one", of("one", &first)), ("two", of("two", &second))];
        let nodes = wishes.map(|(node, want)| (at(node, &want), want));
        for (id, want) in &nodes {
            assert!(look(&**provider, id).await.is_none(), "{name}");
            provider.create(id, &owned(id, want)).await.expect("it is made");
        }
        for (id, want) in &nodes {
            let sight = look(&**provider, id).await.expect("it is there");
            assert_eq!(sight.have, owned(id, want), "{name}");
            let owner = Owner::Tagged { owner: id.owner.clone(), node: id.node.clone(), incarnation: 1 };
            assert_eq!(sight.owner, owner, "{name}");
            provider.delete(id, &sight.have, Disposal::Delete).await.expect("it is deleted");
            assert!(look(&**provider, id).await.is_none(), "{name}");
        }
    }
}

#[tokio::test]
async fn a_change_is_pending_before_it_is_in_sync() {
    let Some(clients) = clients() else { return };
    let (zone, registry) = (zone_of(&clients).await, registry(&clients));
    let provider = registry.get(RecordSet::KIND).expect("it is registered");
    let values = Target::Records { ttl: 60, records: ["192.0.2.1".into()].into() };
    let want = RecordSet::simple(zone.as_str().into(), "www.example.com", "A", values);
    let id = at("www", &want);
    provider.create(&id, &owned(&id, &want)).await.expect("it is made");
    let first = look(&**provider, &id).await.expect("it is there").state;
    // moto has every change in sync at once.
    let expected = if gaps::emulator() == "moto" { State::Ready } else { State::Settling("PENDING".into()) };
    assert_eq!(first, expected);
    assert_eq!(look(&**provider, &id).await.expect("it is there").state, State::Ready);
}

#[tokio::test]
async fn a_validation_record_is_shared_and_goes_with_the_last_that_needs_it() {
    let Some(clients) = clients() else { return };
    let (zone, registry) = (zone_of(&clients).await, registry(&clients));
    let provider = registry.get(ValidationRecords::KIND).expect("it is registered");
    let of = |names: &[&str]| ValidationRecords {
        zone_id: zone.as_str().into(),
        certificate_arn: "arn:aws:acm:us-east-1:1:certificate/1".into(),
        records: Val::Known(names.iter().map(|name| ((*name).into(), "_b.acm-validations.aws".into())).collect()),
        tags: Tags::new(),
    };
    let (small, large) = (of(&["_a.example.com"]), of(&["_a.example.com", "_c.example.com"]));
    let nodes = [at("records", &small), at("records", &small)];
    for id in &nodes {
        assert!(look(&**provider, id).await.is_none());
        provider.create(id, &owned(id, &small)).await.expect("it is made, or shared");
        assert_eq!(look(&**provider, id).await.expect("it is there").have, owned(id, &small));
    }
    let [first, second] = &nodes;
    let (have, want) = (owned(first, &small), owned(first, &large));
    provider.update(first, &have, &want, &terrace_model::Diff::default()).await.expect("one is added");
    assert_eq!(look(&**provider, first).await.expect("it is there").have, want);
    provider.delete(first, &want, Disposal::Delete).await.expect("it is given up");
    assert_eq!(look(&**provider, second).await.expect("it is there").have, owned(second, &small));
    provider.delete(second, &owned(second, &small), Disposal::Delete).await.expect("it is given up");
    let left = clients.route53().list_resource_record_sets().hosted_zone_id(&zone).send().await.expect("it is listed");
    let left: Vec<_> = left.resource_record_sets().iter().map(|record| record.r#type().as_str()).collect();
    assert!(left.iter().all(|kind| matches!(*kind, "NS" | "SOA")), "{left:?}");
}

#[tokio::test]
async fn a_zone_with_records_of_others_is_kept_and_with_its_own_goes() {
    let Some(clients) = clients() else { return };
    let (zone_id, registry) = (id::<HostedZone>("zone"), registry(&clients));
    let zones = registry.get(HostedZone::KIND).expect("it is registered");
    let want = owned(&zone_id, &zone());
    let handle = zones.create(&zone_id, &want).await.expect("it is made");
    let zone = handle.0.rsplit('/').next().expect("an ARN has parts").to_owned();
    let records = registry.get(RecordSet::KIND).expect("it is registered");
    let values = Target::Records { ttl: 60, records: ["192.0.2.1".into()].into() };
    let of = |name: &str| RecordSet::simple(zone.as_str().into(), name, "A", values.clone());
    let own = Id { owner: zone_id.owner.clone(), ..at("own", &of("own.example.com")) };
    let other = at("other", &of("other.example.com"));
    for (id, name) in [(&own, "own.example.com"), (&other, "other.example.com")] {
        records.create(id, &owned(id, &of(name))).await.expect("it is made");
    }
    let kept = zones.delete(&zone_id, &want, Disposal::Delete).await.expect_err("it is not empty");
    assert!(kept.to_string().contains("other.example.com A"), "{kept}");
    let sight = look(&**records, &other).await.expect("it is there");
    records.delete(&other, &sight.have, Disposal::Delete).await.expect("they take theirs away");
    zones.delete(&zone_id, &want, Disposal::Delete).await.expect("it is deleted");
    assert!(look(&**zones, &zone_id).await.is_none());
}

#[tokio::test]
async fn a_health_check_lives_from_create_to_absent() {
    let Some(clients) = clients() else { return };
    let id = id::<HealthCheck>("check");
    let want = HealthCheck {
        r#type: "HTTPS".into(),
        fully_qualified_domain_name: "www.example.com".into(),
        port: 443,
        resource_path: "/healthz".into(),
        request_interval: 30,
        failure_threshold: 3,
        regions: Default::default(),
        enable_sni: true,
        inverted: false,
        disabled: false,
        tags: tags(),
    };
    let want = owned(&id, &want);
    let edits = vec![
        ("fullyQualifiedDomainName", json!("api.example.com")),
        ("port", json!(8443)),
        ("resourcePath", json!("/ready")),
        ("failureThreshold", json!(5)),
        ("regions", json!(["eu-west-1", "us-east-1", "us-west-2"])),
        ("enableSni", json!(false)),
        ("inverted", json!(true)),
        ("disabled", json!(true)),
        ("tags", other_tags(&want)),
    ];
    Life { clients, registry, id, want, edits }.live().await;
}
