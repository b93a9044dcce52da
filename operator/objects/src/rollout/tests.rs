//! How far a rollout is, by statuses as the Deployment controller writes them.

use serde_json::{Value, json};
use terrace_engine::{Provider, Seen};

use super::*;
use crate::Manifests;
use crate::testing::{Server, node, whole};

fn condition(kind: &str, status: &str, reason: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": format!("about {reason}")})
}

/// A Deployment of three replicas, of which so many are there, of the new template, available.
fn status([all, updated, available]: [i32; 3], conditions: Value) -> Value {
    json!({"observedGeneration": 2, "replicas": all, "updatedReplicas": updated, "availableReplicas": available,
           "readyReplicas": available, "conditions": conditions})
}

fn available(status: &str) -> Value {
    condition("Available", status, "MinimumReplicas")
}

fn answer(status: &Value) -> Value {
    let meta = json!({"generation": 2, "annotations": {REVISION: "4"}});
    let spec = json!({"replicas": 3, "selector": {"matchLabels": {"app": "shop", "tier": "web"}},
                      "template": {"metadata": {}, "spec": {"containers": []}}});
    let mut whole =
        whole("1", &json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}), status);
    whole["metadata"]["generation"] = json!(2);
    whole
}

fn pods(waiting: Option<&str>) -> Value {
    let state = waiting.map_or(json!({"running": {}}), |reason| json!({"waiting": {"reason": reason, "message": "m"}}));
    let container =
        json!({"name": "app", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": state});
    let pod = json!({"metadata": {"name": "shop-1", "creationTimestamp": "2026-01-01T00:00:00Z"},
                     "status": {"phase": "Pending", "containerStatuses": [container]}});
    json!({"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": [pod]})
}

async fn look(answers: Vec<Value>) -> (State, DeploymentOutputs, Vec<crate::testing::Sent>) {
    let server = Server::answering(answers.into_iter().map(|answer| (200, answer)));
    let id = node("kubernetes/Deployment", &json!({"apiVersion": "apps/v1", "name": "shop"}));
    let seen = Manifests::<kind::Deployment>::new(server.client()).observe(&id).await.expect("a look");
    let Seen::Present { state, out, .. } = seen else { panic!("it is there") };
    (state, out, server.requests())
}

fn rolled_out() -> Value {
    condition("Progressing", "True", "NewReplicaSetAvailable")
}

fn rolling() -> Value {
    condition("Progressing", "True", "ReplicaSetUpdated")
}

#[tokio::test]
async fn what_is_rolled_out_is_ready_and_costs_one_read() {
    let status = status([3, 3, 3], json!([rolled_out(), available("True")]));
    let (state, out, sent) = look(vec![answer(&status)]).await;
    assert_eq!((state, sent.len()), (State::Ready, 1));
    assert_eq!(sent[0].path(), "/apis/apps/v1/namespaces/shop/deployments/shop");
    let expected = DeploymentOutputs {
        name: Some("shop".into()),
        replicas: Some(3),
        ready_replicas: Some(3),
        available_replicas: Some(3),
        revision: Some("4".into()),
    };
    assert_eq!(out, expected);
}

#[tokio::test]
async fn what_is_not_rolled_out_settles() {
    let unseen = json!({"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3,
                        "conditions": [rolled_out(), available("True")]});
    for (status, expected) in [
        (json!({}), "rolling out"),
        (unseen, "rolling out"),
        (status([4, 1, 3], json!([rolling(), available("True")])), "rolling out, 3 of 3 replicas are available"),
        (status([4, 3, 3], json!([rolled_out(), available("True")])), "rolling out, 3 of 3 replicas are available"),
        (status([3, 3, 2], json!([rolling(), available("False")])), "rolling out, 2 of 3 replicas are available"),
        (status([3, 2, 2], json!([available("True")])), "rolling out, 2 of 3 replicas are available"),
        (status([3, 3, 0], json!([rolled_out(), available("False")])), "0 of 3 replicas are available"),
    ] {
        let (state, _, sent) = look(vec![answer(&status), pods(None)]).await;
        assert_eq!((state, sent.len()), (State::Settling(expected.into()), 2), "{status}");
    }
}

#[tokio::test]
async fn a_rollout_without_a_deadline_is_done_by_its_counts() {
    let (state, ..) = look(vec![answer(&status([3, 3, 3], json!([available("True")])))]).await;
    assert_eq!(state, State::Ready);
}

#[tokio::test]
async fn pods_that_an_autoscaler_added_do_not_make_it_unready_unless_they_are_in_trouble() {
    let scaled = || answer(&status([3, 3, 1], json!([rolled_out(), available("False")])));
    assert_eq!(look(vec![scaled(), pods(None)]).await.0, State::Ready);
    let (state, ..) = look(vec![scaled(), pods(Some("CreateContainerConfigError"))]).await;
    let expected = "1 of 3 replicas are available: pod shop-1: container app: CreateContainerConfigError: m";
    assert_eq!(state, State::Settling(expected.into()));
}

#[tokio::test]
async fn while_it_rolls_out_and_once_it_is_given_up_its_pods_say_why() {
    let words = "pod shop-1: container app: ErrImagePull: m";
    let status = |progressing: Value| answer(&status([4, 1, 3], json!([progressing, available("True")])));
    let (state, _, sent) = look(vec![status(rolling()), pods(Some("ErrImagePull"))]).await;
    assert_eq!(state, State::Settling(format!("rolling out, 3 of 3 replicas are available: {words}")));
    assert_eq!(sent[1].path(), "/api/v1/namespaces/shop/pods");
    assert!(sent[1].uri.contains("labelSelector=app%3Dshop%2Ctier%3Dweb"), "{}", sent[1].uri);
    let given_up = condition("Progressing", "False", "ProgressDeadlineExceeded");
    let (state, ..) = look(vec![status(given_up), pods(Some("ErrImagePull"))]).await;
    assert_eq!(state, State::Failed(format!("ProgressDeadlineExceeded: about ProgressDeadlineExceeded: {words}")));
}

#[tokio::test]
async fn pods_that_cannot_even_be_made_are_reported_by_the_replica_set() {
    let mut failure = condition("ReplicaFailure", "True", "FailedCreate");
    failure["message"] = json!("pods \"shop-69b9456cf4-clzcl\" is forbidden: exceeded quota: few");
    let status = status([0, 0, 0], json!([rolling(), available("False"), failure]));
    let (state, _, sent) = look(vec![answer(&status)]).await;
    let expected = "rolling out, 0 of 3 replicas are available: FailedCreate: forbidden: exceeded quota: few";
    assert_eq!((state, sent.len()), (State::Settling(expected.into()), 1));
}

#[tokio::test]
async fn what_is_on_its_way_out_is_deleting() {
    let mut answer = answer(&json!({}));
    answer["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert_eq!(look(vec![answer]).await.0, State::Deleting);
}
