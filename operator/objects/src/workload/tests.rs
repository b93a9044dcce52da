//! The life of what is set in a foreign workload, against a scripted API server.

use terrace_engine::reason;
use terrace_model::KindSpec;
use terrace_model::diff::{OwnedKeys, diff};

use super::*;
use crate::errors::FIELD_CONFLICT;
use crate::testing::{Sent, Server, failure, kept, lose_from, node};

fn at() -> Id {
    node("kubernetes/WorkloadPatch", &json!({"kind": "Deployment", "name": "shop", "container": "app"}))
}

fn want() -> WorkloadPatch {
    let of_secret = json!({"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "b", "key": "password"}}});
    WorkloadPatch {
        api_version: "apps/v1".into(),
        kind: "Deployment".into(),
        name: "shop".into(),
        container: "app".into(),
        service_account_name: Some("shop".into()),
        env: vec![json!({"name": "HOST", "value": "db.example"}), of_secret],
        volumes: vec![
            json!({"name": "binding", "secret": {"secretName": "b"}}),
            json!({"name": "tmp", "emptyDir": {}}),
        ],
        volume_mounts: vec![json!({"name": "binding", "mountPath": "/bindings/b"})],
        annotations: [("terrace.dev/binding".to_owned(), "v1".into())].into(),
    }
}

/// The workload as its owner made it, with what `sent` set in it.
fn workload(uid: &str, sent: Option<&Value>) -> Value {
    let mut meta = json!({"name": "shop", "namespace": "shop", "uid": uid, "resourceVersion": "7"});
    if let Some(sent) = sent {
        meta["annotations"] = sent["metadata"]["annotations"].clone();
        meta["managedFields"] = json!([{"manager": "terrace/uid-1", "operation": "Apply", "apiVersion": "apps/v1",
                                        "fieldsType": "FieldsV1", "fieldsV1": kept(sent)}]);
    }
    let spec = json!({"template": {"spec": {"containers": [{"name": "proxy"}, {"name": "app", "image": "shop:1"}]}}});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})
}

fn patches(server: &Server) -> WorkloadPatches {
    WorkloadPatches::new(server.client())
}

async fn made(want: &WorkloadPatch) -> Sent {
    let server = Server::answering([(200, workload("1", None)), (200, workload("1", None))]);
    let handle = patches(&server).create(&at(), want).await.expect("it is made");
    assert_eq!(handle, Handle("Deployment/shop/shop/1".into()));
    server.requests().remove(1)
}

async fn seen(answer: Value) -> Seen<WorkloadPatch> {
    patches(&Server::answering([(200, answer)])).observe(&at()).await.expect("a look")
}

fn differing(want: &WorkloadPatch, seen: &Seen<WorkloadPatch>) -> Vec<String> {
    let Seen::Present { have, .. } = seen else { panic!("it stands") };
    let json = |patch: &WorkloadPatch| serde_json::to_value(patch).expect("JSON");
    let spec = KindSpec::of::<WorkloadPatch>();
    let found = diff(&spec, &json(want), &json(have), &OwnedKeys::new(), &BTreeMap::new());
    found.0.into_iter().map(|change| change.path).collect()
}

#[tokio::test]
async fn only_the_needed_fields_of_that_one_workload_are_set() {
    let sent = made(&want()).await;
    assert_eq!(sent.path(), "/apis/apps/v1/namespaces/shop/deployments/shop");
    assert!(sent.content_type.contains("apply-patch") && !sent.uri.contains("force"), "{}", sent.uri);
    let meta = sent.body["metadata"].as_object().expect("metadata");
    assert_eq!(meta.keys().collect::<Vec<_>>(), ["annotations", "name", "uid"]);
    assert_eq!(meta["uid"], "1");
    assert_eq!(
        meta["annotations"].as_object().map(|all| all.keys().collect::<Vec<_>>()),
        Some(vec![&annotation(&at().owner)])
    );
    let want = want();
    assert_eq!(
        sent.body["spec"],
        json!({"template": {
            "metadata": {"annotations": {"terrace.dev/binding": "v1"}},
            "spec": {
                "serviceAccount": "shop",
                "serviceAccountName": "shop",
                "volumes": want.volumes,
                "containers": [{"name": "app", "env": want.env, "volumeMounts": want.volume_mounts}],
            },
        }})
    );
}

#[tokio::test]
async fn what_nobody_wished_is_not_mentioned() {
    let bare = WorkloadPatch {
        service_account_name: None,
        volumes: vec![],
        volume_mounts: vec![],
        annotations: BTreeMap::new(),
        ..want()
    };
    let sent = made(&bare).await;
    assert_eq!(sent.body["spec"], json!({"template": {"spec": {"containers": [{"name": "app", "env": bare.env}]}}}));
}

#[tokio::test]
async fn what_was_set_stands_as_wished_and_is_seen_by_metadata_alone() {
    let sent = made(&want()).await;
    let server = Server::answering([(200, workload("1", Some(&sent.body)))]);
    let seen = patches(&server).observe(&at()).await.expect("a look");
    assert_eq!(differing(&want(), &seen), Vec::<String>::new());
    let Seen::Present { owner, state, out, .. } = seen else { panic!("it stands") };
    assert_eq!((owner, state, out.name.as_deref()), (Owner::Inherent, State::Ready, Some("shop")));
    let [look] = &server.requests()[..] else { panic!("one request") };
    assert!(look.accept.contains("as=PartialObjectMetadata"), "{}", look.accept);
}

#[tokio::test]
async fn each_field_that_somebody_else_changed_is_found() {
    let whole = workload("1", Some(&made(&want()).await.body));
    let app = ["f:spec", "f:template", "f:spec", "f:containers", "k:{\"name\":\"app\"}"];
    let pod = ["f:spec", "f:template", "f:spec"];
    let annotation = ["f:spec", "f:template", "f:metadata", "f:annotations", "f:terrace.dev/binding"];
    for (lost, field) in [
        ([&app[..], &["f:env", "k:{\"name\":\"HOST\"}", "f:value"]].concat(), "env"),
        ([&app[..], &["f:volumeMounts"]].concat(), "volumeMounts"),
        ([&pod[..], &["f:volumes"]].concat(), "volumes"),
        ([&pod[..], &["f:serviceAccountName"]].concat(), "serviceAccountName"),
        (annotation.to_vec(), "annotations.terrace.dev/binding"),
    ] {
        let mut answer = whole.clone();
        lose_from(&mut answer, &lost);
        assert_eq!(differing(&want(), &seen(answer).await), [field], "{lost:?}");
    }
    let mut answer = whole;
    lose_from(&mut answer, &["f:metadata", "f:annotations"]);
    assert_eq!(differing(&want(), &seen(answer).await).len(), 5);
}

#[tokio::test]
async fn it_is_absent_where_nothing_in_the_workload_is_ours() {
    assert!(matches!(seen(workload("1", None)).await, Seen::Absent));
    let server = Server::answering([(404, failure(404, "NotFound", json!([])))]);
    assert!(matches!(patches(&server).observe(&at()).await, Ok(Seen::Absent)));
}

#[tokio::test]
async fn a_workload_or_container_that_is_not_there_is_named_and_nothing_is_written() {
    let other = WorkloadPatch { container: "web".into(), ..want() };
    let gone = (404, failure(404, "NotFound", json!([])));
    for (answer, want, text) in [
        (gone, want(), "Deployment shop/shop is not there"),
        ((200, workload("1", None)), other, "has no container web: name one of proxy, app"),
    ] {
        let server = Server::answering([answer]);
        let error = patches(&server).create(&at(), &want).await.expect_err("it is not there");
        assert_eq!((error.reason(), error.is_stalled()), (NOT_FOUND, true));
        assert!(error.to_string().contains(text), "{error}");
        assert!(server.requests().iter().all(|sent| sent.method == "GET"));
    }
}

#[tokio::test]
async fn a_kind_that_cannot_be_applied_by_parts_is_refused() {
    let server = Server::answering([]);
    let rollout = WorkloadPatch { api_version: "argoproj.io/v1alpha1".into(), kind: "Rollout".into(), ..want() };
    let error = patches(&server).create(&at(), &rollout).await.expect_err("refused");
    assert_eq!((error.reason(), server.requests().len()), (reason::INVALID, 0));
}

#[tokio::test]
async fn a_conflict_names_the_owner_of_the_field() {
    let cause = json!({"reason": "FieldManagerConflict", "field": ".spec.template.spec.serviceAccountName",
                       "message": "conflict with \"argocd-controller\" using apps/v1"});
    let server = Server::answering([(200, workload("1", None)), (409, failure(409, "Conflict", json!([cause])))]);
    let error = patches(&server).create(&at(), &want()).await.expect_err("a conflict");
    assert_eq!(error.reason(), FIELD_CONFLICT);
    assert!(error.to_string().contains("argocd-controller has set .spec.template.spec.serviceAccountName"), "{error}");
}

#[tokio::test]
async fn its_end_takes_our_fields_out_and_leaves_the_workload() {
    let sent = made(&want()).await.body;
    let id = Id { handle: Some("Deployment/shop/shop/1".into()), ..at() };
    let server = Server::answering([(200, workload("1", Some(&sent))), (200, workload("1", None))]);
    patches(&server).delete(&id, &want(), Disposal::Delete).await.expect("it is taken out");
    let [_, applied] = &server.requests()[..] else { panic!("a look and an apply") };
    assert_eq!((applied.method.as_str(), applied.content_type.as_str()), ("PATCH", "application/apply-patch+yaml"));
    let nothing = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", "uid": "1"}});
    assert_eq!(applied.body, nothing);
}

#[tokio::test]
async fn nothing_is_to_be_taken_out_of_a_workload_that_is_gone_or_another() {
    let sent = made(&want()).await.body;
    let id = Id { handle: Some("Deployment/shop/shop/1".into()), ..at() };
    let gone = (404, failure(404, "NotFound", json!([])));
    for answer in [gone, (200, workload("2", Some(&sent))), (200, workload("1", None))] {
        let server = Server::answering([answer]);
        patches(&server).delete(&id, &want(), Disposal::Delete).await.expect("nothing to do");
        assert_eq!(server.requests().len(), 1);
    }
}
