//! The life of objects by their manifests against a scripted API server.

use std::collections::BTreeMap;

use serde_json::json;
use terrace_engine::reason;
use terrace_model::aws::kubernetes::{ConfigMap, Deployment, Service, TargetGroupBinding};
use terrace_model::diff::{OwnedKeys, diff};
use terrace_model::identity::tag;
use terrace_model::{KindSpec, Owner};

use super::*;
use crate::errors::{FIELD_CONFLICT, NOT_SERVED};
use crate::testing::{Sent, Server, failure, lose_from, node, object, whole};

fn at(name: &str) -> Id {
    node("kubernetes/Service", &json!({"apiVersion": "v1", "name": name}))
}

fn service() -> Service {
    let theirs = Opaque(json!({"note": {"$terrace": {"node": "a", "output": "b"}}}));
    let fields = json!({"spec": {"selector": {"app": "shop"}, "ports": [{"name": "http", "port": 80}]}, "x": theirs});
    let service = Service::new("shop", fields).label("team", "shop").annotation("who", "we");
    Service { tags: at("shop").owner_tags(), ..service }
}

fn services(server: &Server) -> Manifests<kind::Service> {
    Manifests::new(server.client())
}

async fn made(want: &Service) -> Sent {
    let server = Server::answering([(201, object("1", &json!({})))]);
    services(&server).create(&at("shop"), want).await.expect("it is made");
    server.requests().remove(0)
}

async fn seen(answer: Value) -> Seen<Service> {
    services(&Server::answering([(200, answer)])).observe(&at("shop")).await.expect("a look")
}

fn paths<K: Served>(want: &Manifest<K>, have: &Manifest<K>) -> Vec<String> {
    let json = |manifest: &Manifest<K>| serde_json::to_value(manifest).expect("JSON");
    let spec = KindSpec::of::<Manifest<K>>();
    let found = diff(&spec, &json(want), &json(have), &OwnedKeys::new(), &BTreeMap::new());
    found.0.into_iter().map(|change| change.path).collect()
}

fn differing(want: &Service, seen: &Seen<Service>) -> Vec<String> {
    let Seen::Present { have, .. } = seen else { panic!("it is there") };
    paths(want, have)
}

#[tokio::test]
async fn what_is_made_is_what_was_wished_and_says_whose_it_is() {
    let sent = made(&service()).await;
    assert_eq!((sent.method.as_str(), sent.path()), ("PATCH", "/api/v1/namespaces/shop/services/shop"));
    assert_eq!((&sent.body["apiVersion"], &sent.body["kind"]), (&json!("v1"), &json!("Service")));
    assert_eq!(sent.body["spec"]["selector"]["app"], "shop");
    assert_eq!(sent.body["x"]["note"]["$terrace"]["node"], "a");
    let meta = &sent.body["metadata"];
    assert_eq!(meta["labels"], json!({"app.kubernetes.io/managed-by": "terrace", "team": "shop"}));
    assert_eq!((&meta["annotations"]["who"], &meta["annotations"][tag::UID]), (&json!("we"), &json!("uid-1")));
    assert_eq!(meta["ownerReferences"][0]["uid"], "uid-1");
}

#[tokio::test]
async fn what_was_made_is_as_wished_and_ready_at_once() {
    let want = service();
    let seen = seen(object("1", &made(&want).await.body)).await;
    assert_eq!(differing(&want, &seen), Vec::<String>::new());
    let Seen::Present { owner, handle, state, out, .. } = seen else { panic!("it is there") };
    assert!(matches!(owner, Owner::Tagged { owner, .. } if owner == at("shop").owner));
    assert_eq!((handle.0.as_str(), state), ("Service/shop/shop/1", State::Ready));
    assert_eq!(out.name.as_deref(), Some("shop"));
}

#[tokio::test]
async fn a_look_reads_metadata_once_and_writes_nothing() {
    let server = Server::answering([(200, object("1", &made(&service()).await.body))]);
    services(&server).observe(&at("shop")).await.expect("a look");
    let [sent] = &server.requests()[..] else { panic!("one request") };
    assert_eq!(sent.method, "GET");
    assert!(sent.accept.contains("as=PartialObjectMetadata"), "{}", sent.accept);
}

#[tokio::test]
async fn a_field_that_somebody_else_changed_is_named() {
    let want = service();
    let whole = object("1", &made(&want).await.body);
    for (lost, field) in [
        (&["f:spec", "f:selector", "f:app"][..], "fields.spec.selector.app"),
        (&["f:spec", "f:ports", "k:{\"name\":\"http\"}", "f:port"], "fields.spec.ports"),
        (&["f:metadata", "f:labels", "f:team"], "labels.team"),
        (&["f:metadata", "f:annotations", "f:who"], "annotations.who"),
    ] {
        let mut answer = whole.clone();
        lose_from(&mut answer, lost);
        assert_eq!(differing(&want, &seen(answer).await), [field], "{lost:?}");
    }
}

#[tokio::test]
async fn where_our_marks_were_taken_off_nothing_is_taken_on_trust() {
    let mut answer = object("1", &made(&service()).await.body);
    lose_from(&mut answer, &["f:metadata", "f:labels", "f:app.kubernetes.io/managed-by"]);
    let found = differing(&service(), &seen(answer).await);
    assert!(found.contains(&"fields.spec.ports".into()) && found.contains(&"annotations.who".into()), "{found:?}");
}

#[tokio::test]
async fn a_foreign_object_is_seen_as_nobodys_of_ours() {
    let foreign = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                         "metadata": {"name": "shop", "namespace": "shop", "uid": "9"}});
    let Seen::Present { owner, have, .. } = seen(foreign).await else { panic!("it is there") };
    assert_eq!(owner, Owner::Untagged);
    assert!(have.fields.is_empty() && have.name == "shop" && have.api_version == "v1");
}

#[tokio::test]
async fn the_group_of_a_wish_is_where_it_is_looked_for_and_made() {
    let want = TargetGroupBinding::new("shop", json!({"spec": {"targetType": "ip"}})).version("eks.amazonaws.com/v1");
    let id = node("kubernetes/TargetGroupBinding", &json!({"apiVersion": "eks.amazonaws.com/v1", "name": "shop"}));
    let server = Server::answering([(404, failure(404, "NotFound", json!([]))), (201, object("1", &json!({})))]);
    let provider = Manifests::<kind::TargetGroupBinding>::new(server.client());
    assert!(matches!(provider.observe(&id).await, Ok(Seen::Absent)));
    provider.create(&id, &want).await.expect("it is made");
    let path = "/apis/eks.amazonaws.com/v1/namespaces/shop/targetgroupbindings/shop";
    assert!(server.requests().iter().all(|sent| sent.path() == path));
}

#[tokio::test]
async fn what_cannot_change_is_seen_as_it_was_made_even_where_our_marks_are_gone() {
    let id = node("kubernetes/TargetGroupBinding", &json!({"name": "shop"}));
    let spec = json!({"targetGroupARN": "arn:1", "serviceRef": {"name": "shop", "port": 80}});
    let binding = TargetGroupBinding::new("shop", json!({ "spec": spec }));
    let want = TargetGroupBinding { tags: id.owner_tags(), ..binding };
    let server = Server::answering([(201, object("1", &json!({})))]);
    let made = Manifests::<kind::TargetGroupBinding>::new(server.client());
    made.create(&id, &want).await.expect("it is made");
    let sent = server.requests().remove(0).body;
    assert_eq!(sent["spec"], spec);
    // A webhook has filled in what we did not set.
    let mut whole = whole("1", &sent, &json!({}));
    whole["spec"]["vpcID"] = json!("vpc-1");
    let mut bare = whole.clone();
    bare["metadata"]["annotations"].as_object_mut().expect("annotations").remove(APPLIED).expect("it was there");
    lose_from(&mut bare, &["f:metadata", "f:annotations", "f:terrace.dev/applied"]);
    for (answer, reads, others) in [(whole, 1, false), (bare, 2, true)] {
        let server = Server::answering(vec![(200, answer.clone()); reads]);
        let provider = Manifests::<kind::TargetGroupBinding>::new(server.client());
        let Ok(Seen::Present { have, .. }) = provider.observe(&id).await else { panic!("it is there") };
        let found = paths(&want, &have);
        assert_eq!((found.contains(&"fixed".to_owned()), !found.is_empty()), (false, others), "{found:?}");
        assert_eq!(server.requests().len(), reads);
    }
}

#[tokio::test]
async fn a_kind_that_the_cluster_does_not_serve_is_named() {
    let want = TargetGroupBinding::new("shop", json!({}));
    let id = node("kubernetes/TargetGroupBinding", &json!({"name": "shop"}));
    let unknown = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404,
                         "message": "404 page not found"});
    let server = Server::answering([(404, unknown.clone()), (404, unknown)]);
    let provider = Manifests::<kind::TargetGroupBinding>::new(server.client());
    assert!(matches!(provider.observe(&id).await, Ok(Seen::Absent)));
    let error = provider.create(&id, &want).await.expect_err("no");
    assert_eq!(error.reason(), NOT_SERVED);
    assert!(error.to_string().contains("TargetGroupBinding shop/shop"), "{error}");
}

#[tokio::test]
async fn a_conflict_is_blocked_and_never_forced() {
    let before = object("1", &made(&service()).await.body);
    let cause = json!({"reason": "FieldManagerConflict", "field": ".spec.ports",
                       "message": "conflict with \"kubectl-edit\" using v1"});
    let server = Server::answering([(200, before), (409, failure(409, "Conflict", json!([cause])))]);
    let update = services(&server).update(&at("shop"), &service(), &service(), &Diff::default()).await;
    let error = update.expect_err("a conflict");
    assert_eq!(error.reason(), FIELD_CONFLICT);
    assert!(error.to_string().contains("kubectl-edit has set .spec.ports"), "{error}");
    assert!(server.requests().iter().all(|sent| !sent.uri.contains("force")));
}

#[tokio::test]
async fn what_is_released_or_deleted_is_that_one_object() {
    let seen = object("1", &made(&service()).await.body);
    let id = Id { handle: Some("Service/shop/shop/1".into()), ..at("shop") };
    let free = Service { tags: Tags::new(), ..service() };
    let server = Server::answering([(200, seen.clone()), (200, seen), (200, json!({"kind": "Status"}))]);
    let provider = services(&server);
    provider.update(&id, &service(), &free, &Diff::default()).await.expect("it is released");
    provider.delete(&id, &service(), Disposal::Delete).await.expect("it is deleted");
    let [_, released, deleted] = &server.requests()[..] else { panic!("three requests") };
    assert_eq!(released.body["metadata"]["ownerReferences"], json!([]));
    assert_eq!(deleted.body["preconditions"]["uid"], "1");
}

fn deployment(fields: Value) -> Deployment {
    Deployment { tags: owner().owner_tags(), ..Deployment::new("shop", fields) }
}

fn owner() -> Id {
    node("kubernetes/Deployment", &json!({"apiVersion": "apps/v1", "name": "shop"}))
}

fn template(image: &str) -> Value {
    json!({"spec": {"containers": [{"name": "app", "image": image}]}})
}

/// What the API server has after `want` was applied over nothing.
async fn deployed(want: &Deployment) -> Value {
    let server = Server::answering([(201, object("1", &json!({})))]);
    Manifests::<kind::Deployment>::new(server.client()).create(&owner(), want).await.expect("it is made");
    whole("1", &server.requests()[0].body, &json!({}))
}

/// The requests of an update from what `before` was applied as.
async fn updated(before: &Value, want: &Deployment) -> Vec<Sent> {
    let server = Server::answering(vec![(200, before.clone()); 4]);
    let provider = Manifests::<kind::Deployment>::new(server.client());
    let have = have(&owner(), &serde_json::from_value(before["metadata"].clone()).expect("metadata")).expect("have");
    provider.update(&owner(), &have, want, &Diff::default()).await.expect("it is updated");
    server.requests()
}

fn had(answer: &Value) -> Deployment {
    have(&owner(), &serde_json::from_value(answer["metadata"].clone()).expect("metadata")).expect("have")
}

#[tokio::test]
async fn what_is_to_be_kept_is_applied_again_as_it_was_and_is_no_difference() {
    let before = deployed(&deployment(json!({"spec": {"replicas": 2, "template": template("shop:1")}}))).await;
    let want = deployment(json!({"spec": {"replicas": 3}})).keeping("spec.template");
    assert_eq!(paths(&want, &had(&before)), ["fields.spec.replicas", "keeps"]);
    let [_, sent] = &updated(&before, &want).await[..] else { panic!("a look and an apply") };
    assert_eq!((&sent.body["spec"]["replicas"], &sent.body["spec"]["template"]), (&json!(3), &template("shop:1")));
    let after = whole("1", &sent.body, &json!({}));
    assert_eq!(paths(&want, &had(&after)), Vec::<String>::new());
    let again = updated(&after, &deployment(json!({"spec": {"replicas": 4}})).keeping("spec.template")).await;
    assert_eq!(again[1].body["spec"]["template"], template("shop:1"));
    let mut edited = after;
    let container = ["f:spec", "f:template", "f:spec", "f:containers", "k:{\"name\":\"app\"}", "f:image"];
    lose_from(&mut edited, &container);
    assert_eq!(paths(&want, &had(&edited)), ["keeps"]);
}

#[tokio::test]
async fn what_was_never_made_has_nothing_to_keep() {
    let server = Server::answering([]);
    let want = deployment(json!({})).keeping("spec.template");
    let error = Manifests::<kind::Deployment>::new(server.client()).create(&owner(), &want).await.expect_err("nothing");
    assert_eq!((error.reason(), server.requests().len()), (NOT_FOUND, 0));
}

#[tokio::test]
async fn replicas_that_are_no_longer_wished_stay_as_they_are_for_an_autoscaler() {
    let before = deployed(&deployment(json!({"spec": {"replicas": 5, "template": template("shop:1")}}))).await;
    let sent = updated(&before, &deployment(json!({"spec": {"template": template("shop:1")}}))).await;
    let [_, _, left, applied] = &sent[..] else { panic!("two looks, a change of metadata and an apply") };
    assert_eq!(left.content_type, "application/merge-patch+json");
    let entry = &left.body["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"];
    assert!(entry.get("f:replicas").is_none() && entry.get("f:template").is_some(), "{entry}");
    assert!(applied.body["spec"].get("replicas").is_none());
    let twice = updated(&whole("1", &applied.body, &json!({})), &deployment(json!({"spec": {}}))).await;
    assert_eq!(twice.len(), 2);
}

#[tokio::test]
async fn replicas_that_were_left_to_an_autoscaler_are_taken_back_when_they_are_wished_again() {
    let mut before = deployed(&deployment(json!({"spec": {"paused": false}}))).await;
    let scale = json!({"manager": "kube-controller-manager", "operation": "Update", "subresource": "scale",
                       "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:replicas": {}}}});
    before["metadata"]["managedFields"].as_array_mut().expect("entries").push(scale);
    let fixed = deployment(json!({"spec": {"paused": false, "replicas": 3}}));
    let sent = updated(&before, &fixed).await;
    let [_, _, taken, applied] = &sent[..] else { panic!("two looks, a change of metadata and an apply") };
    assert_eq!(taken.body["metadata"]["managedFields"][1]["fieldsV1"], json!({}));
    assert_eq!((&applied.body["spec"]["replicas"], applied.uri.contains("force")), (&json!(3), false));
    // What others set while the wish had it set is a conflict for the API server to report.
    assert_eq!(updated(&deployed(&fixed).await, &fixed).await.len(), 2);
}

#[tokio::test]
async fn what_is_gone_is_not_made_by_an_update() {
    let server = Server::answering([(404, failure(404, "NotFound", json!([])))]);
    let update = services(&server).update(&at("shop"), &service(), &service(), &Diff::default()).await;
    assert_eq!(update.expect_err("gone").reason(), reason::RETRYING);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn text_that_looks_like_a_reference_is_a_text_in_a_config_map_too() {
    let data = Opaque(json!({"$terrace": "x", "app.yaml": "a: 1"}));
    let want = ConfigMap::new("shop", json!({ "data": data }));
    let id = node("kubernetes/ConfigMap", &json!({"name": "shop"}));
    let server = Server::answering([(201, object("1", &json!({})))]);
    Manifests::<kind::ConfigMap>::new(server.client()).create(&id, &want).await.expect("it is made");
    let sent = &server.requests()[0].body;
    assert_eq!(sent["data"], json!({"$terrace": "x", "app.yaml": "a: 1"}));
    let meta: ObjectMeta = serde_json::from_value(object("1", sent)["metadata"].clone()).expect("metadata");
    let want = ConfigMap { tags: id.owner_tags(), ..want };
    assert_eq!(paths(&want, &have(&id, &meta).expect("have")), Vec::<String>::new());
}
