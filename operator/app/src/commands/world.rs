//! The cluster's objects as views take them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1;
use kube::api::{Api, ListParams};
use serde::Deserialize;
use serde_json::Value;
use terrace_crds::{Environment, Kind};
use terrace_tiers::ObjectKey;
use terrace_views::{Event, World};

use super::cluster::Cluster;
use super::stage::Stage;
use crate::kinds::KINDS;
use crate::telemetry::events::REQUEST;

/// Reads all of them, without their events.
///
/// # Errors
/// What the API server refuses.
pub async fn world(cluster: &Cluster) -> Result<World, String> {
    let mut world = World::default();
    for kind in terrace_crds::KINDS.iter().filter(|kind| has_state(kind)) {
        add(&mut world, kind.kind, cluster.all(kind).await?.iter());
    }
    Ok(world)
}

/// Whether objects of a kind stand in any way: a grant holds once it is applied.
pub fn has_state(kind: &Kind) -> bool {
    kind.kind != "TierGrant"
}

/// What has been read already, without its events.
pub fn of_stage(stage: &Stage) -> World {
    let mut world = World::default();
    terrace_crds::KINDS.iter().for_each(|kind| add(&mut world, kind.kind, stage.of_kind(kind.kind)));
    world
}

/// Adds what views show: tiers and Environments.
pub fn add<'a>(world: &mut World, kind: &str, all: impl Iterator<Item = &'a Value>) {
    match KINDS.iter().find(|known| known.name == kind) {
        Some(tier) => world.objects.extend(all.filter_map(|object| tier.view(object))),
        None if kind == terrace_views::Environment::KIND => world.environments.extend(all.filter_map(environment)),
        None => {}
    }
}

fn environment(value: &Value) -> Option<terrace_views::Environment> {
    let environment: Environment = Environment::deserialize(value).ok()?;
    let status = environment.status.unwrap_or_default();
    Some(terrace_views::Environment {
        name: environment.metadata.name.unwrap_or_default(),
        uid: environment.metadata.uid.unwrap_or_default(),
        account: environment.spec.account,
        region: environment.spec.region,
        cluster: environment.spec.cluster.name,
        vpc: status.network.map(|network| network.vpc_id),
        generation: environment.metadata.generation.unwrap_or_default(),
        observed_generation: status.observed_generation,
        deleting: environment.metadata.deletion_timestamp.is_some(),
        conditions: status.conditions,
    })
}

/// Adds what was told of the objects. Events are kept for an hour, mostly; whoever may not read them sees none.
pub async fn add_events(world: &mut World, cluster: &Cluster) {
    let Ok(events) = Api::<v1::Event>::all(cluster.client.clone()).list(&ListParams::default()).await else { return };
    let mut told: BTreeMap<ObjectKey, Vec<Event>> = BTreeMap::new();
    for event in events.items {
        let of = &event.involved_object;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let key = ObjectKey::new(&text(&of.kind), &text(&of.namespace), &text(&of.name));
        told.entry(key).or_default().push(self::event(&event));
    }
    for object in &mut world.objects {
        object.events = told.remove(&object.key).unwrap_or_default();
        object.events.sort_by_key(|event| event.last);
    }
}

fn event(event: &v1::Event) -> Event {
    let series = event.series.as_ref();
    let seen = event.event_time.as_ref().map(|time| time.0);
    let time = |time: Option<Timestamp>| time.or(seen);
    let count = series.and_then(|series| series.count).or(event.count).unwrap_or(1);
    Event {
        type_: event.type_.clone().unwrap_or_default(),
        reason: event.reason.clone().unwrap_or_default(),
        message: event.message.clone().unwrap_or_default(),
        count: u32::try_from(count).unwrap_or(1),
        request: event.metadata.annotations.as_ref().and_then(|all| all.get(REQUEST)).cloned(),
        first: time(event.first_timestamp.as_ref().map(|time| time.0)),
        last: time(
            series
                .and_then(|series| series.last_observed_time.as_ref().map(|time| time.0))
                .or(event.last_timestamp.as_ref().map(|time| time.0)),
        ),
    }
}
