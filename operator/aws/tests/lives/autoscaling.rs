//! Scalable targets and scaling policies against an emulator.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use terrace_aws::Clients;
use terrace_aws::autoscaling::{Policies, Targets};
use terrace_engine::{Disposal, Provider, Registry};
use terrace_model::aws::autoscaling::{ScalableTarget, ScalingPolicy};
use terrace_model::diff::diff;
use terrace_model::{Id, KindSpec, Resource};

use crate::bed::{REGION, clients, id, skip};
use crate::gaps;
use crate::life::Life;

const DIMENSION: &str = "rds:cluster:ReadReplicaCount";

fn registry(clients: &Clients) -> Registry {
    Registry::default().with(Policies::new(clients))
}

/// A node at the address of its wish.
fn at<R: Resource>(node: &str, want: &Value) -> Id {
    let field = |name: &&str| ((*name).to_owned(), want[*name].clone());
    Id { address: R::ADDRESS.iter().map(field).collect(), ..id::<R>(node) }
}

fn target() -> ScalableTarget {
    ScalableTarget {
        service_namespace: "rds".into(),
        resource_id: "cluster:orders".into(),
        scalable_dimension: DIMENSION.into(),
        min_capacity: 1,
        max_capacity: 4,
        tags: [("team".into(), "shop".into()), ("gone".into(), "soon".into())].into(),
    }
}

/// False, with the reason said, on an emulator without this service.
async fn is_offered(clients: &Clients) -> bool {
    let offered = clients.autoscaling(REGION).describe_scalable_targets().service_namespace("rds".into()).send().await;
    if offered.is_err() {
        skip("the emulator has no Application Auto Scaling");
    }
    offered.is_ok()
}

/// The bounds of a target; `None` where it is not registered.
async fn bounds(clients: &Clients, resource: &str) -> Option<(i32, i32)> {
    let request = clients.autoscaling(REGION).describe_scalable_targets().service_namespace("rds".into());
    let found = request.resource_ids(resource).send().await.expect("they are described").scalable_targets;
    found?.first().map(|target| (target.min_capacity, target.max_capacity))
}

/// No emulator knows the tags of a target, without which it cannot be observed: the provider's own tests see to that.
#[tokio::test]
async fn a_target_is_registered_changed_and_deregistered() {
    let Some(clients) = clients() else { return };
    if !is_offered(&clients).await {
        return;
    }
    let resource = format!("cluster:{}", clients.account());
    let have = ScalableTarget { resource_id: resource.as_str().into(), ..target() };
    let want = ScalableTarget { min_capacity: 2, max_capacity: 8, ..have.clone() };
    let json = |target: &ScalableTarget| serde_json::to_value(target).expect("a wish is JSON");
    let id = at::<ScalableTarget>("readers", &json(&have));
    let targets = Targets::new(&clients);
    let handle = targets.create(&id, &have).await.expect("it is registered");
    assert!(handle.0.starts_with("arn:aws:application-autoscaling:eu-west-1:"));
    assert_eq!(bounds(&clients, &resource).await, Some((1, 4)));
    let spec = KindSpec::of::<ScalableTarget>();
    let diff = diff(&spec, &json(&want), &json(&have), &BTreeMap::new(), &BTreeMap::new());
    targets.update(&id, &have, &want, &diff).await.expect("it is changed");
    assert_eq!(bounds(&clients, &resource).await, Some((2, 8)));
    for _ in 0..gaps::deletions(&id.kind) {
        targets.delete(&id, &want, Disposal::Delete).await.expect("it is deregistered, or gone already");
    }
    assert_eq!(bounds(&clients, &resource).await, None);
}

#[tokio::test]
async fn a_policy_lives_from_create_to_absent() {
    let Some(clients) = clients() else { return };
    if !is_offered(&clients).await {
        return;
    }
    let resource = format!("cluster:{}", clients.account());
    let request = clients.autoscaling(REGION).register_scalable_target();
    let request = request.service_namespace("rds".into()).scalable_dimension(DIMENSION.into());
    let request = request.resource_id(&resource).min_capacity(1).max_capacity(4);
    request.send().await.expect("a target is registered");
    let want = ScalingPolicy {
        service_namespace: "rds".into(),
        resource_id: resource.as_str().into(),
        scalable_dimension: DIMENSION.into(),
        predefined_metric: "RDSReaderAverageCPUUtilization".into(),
        target_value: 60.0,
        scale_in_cooldown: 300,
        scale_out_cooldown: 120,
    };
    let want = serde_json::to_value(want).expect("a wish is JSON");
    let id = at::<ScalingPolicy>("readers-cpu", &want);
    let edits = vec![
        ("predefinedMetric", json!("RDSReaderAverageDatabaseConnections")),
        ("targetValue", json!(75.0)),
        ("scaleInCooldown", json!(600)),
        ("scaleOutCooldown", json!(60)),
    ];
    Life { clients, registry, id, want, edits }.live().await;
}
