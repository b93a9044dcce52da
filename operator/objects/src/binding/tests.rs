//! The life of a binding Secret against a scripted API server.

use std::sync::Mutex;

use serde_json::Value;
use terrace_engine::reason;
use terrace_model::diff::{OwnedKeys, diff};
use terrace_model::identity::tag;
use terrace_model::{Effect, KindSpec, Owner};

use super::*;
use crate::errors::FIELD_CONFLICT;
use crate::testing::{PASSWORD, Passwords, Sent, Server, failure, id, object};

const ARN: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:rds!db-1";

fn want() -> BindingSecret {
    BindingSecret {
        name: "orders-binding".into(),
        r#type: "postgresql".into(),
        provider: "aws-rds".into(),
        host: "db.example".into(),
        port: Some(5432.into()),
        reader_host: None,
        database: Some("orders".into()),
        entries: BTreeMap::new(),
        username: "admin".into(),
        password: SecretRef { arn: ARN.into(), version: "v1".into() },
        tls: None,
        tags: id().owner_tags(),
    }
}

fn provider(server: &Server) -> BindingSecrets {
    BindingSecrets::new(server.client(), Arc::new(Passwords::default()))
}

/// The request by which the Secret is made.
async fn made(want: &BindingSecret) -> Sent {
    let server = Server::answering([(201, object("1", &json!({})))]);
    let handle = provider(&server).create(&id(), want).await.expect("it is made");
    assert_eq!(handle, Handle("Secret/shop/orders-binding/1".into()));
    server.requests().remove(0)
}

async fn seen(answer: Value) -> Seen<BindingSecret> {
    let server = Server::answering([(200, answer)]);
    provider(&server).observe(&id()).await.expect("a look")
}

/// The fields in which a look differs from the wish.
fn differing(want: &BindingSecret, seen: &Seen<BindingSecret>) -> Vec<String> {
    let Seen::Present { have, .. } = seen else { panic!("it is there") };
    let json = |binding: &BindingSecret| serde_json::to_value(binding).expect("JSON");
    let spec = KindSpec::of::<BindingSecret>();
    let found = diff(&spec, &json(want), &json(have), &OwnedKeys::new(), &BTreeMap::new());
    found.0.into_iter().map(|change| change.path).collect()
}

fn decoded(sent: &Sent) -> BTreeMap<String, String> {
    let data: BTreeMap<String, ByteString> = serde_json::from_value(sent.body["data"].clone()).expect("base64");
    data.into_iter().map(|(key, value)| (key, String::from_utf8(value.0).expect("text"))).collect()
}

#[tokio::test]
async fn a_secret_has_the_well_known_entries_and_says_whose_it_is() {
    let sent = made(&want()).await;
    let expected = [
        ("type", "postgresql"),
        ("provider", "aws-rds"),
        ("host", "db.example"),
        ("port", "5432"),
        ("database", "orders"),
        ("username", "admin"),
        ("password", PASSWORD),
        ("secret-arn", ARN),
    ];
    assert_eq!(decoded(&sent), expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    assert_eq!(sent.body["type"], "servicebinding.io/postgresql");
    let meta = &sent.body["metadata"];
    assert_eq!(meta["annotations"]["terrace.dev/uid"], "uid-1");
    assert_eq!(meta["labels"]["app.kubernetes.io/managed-by"], "terrace");
    assert_eq!(
        meta["ownerReferences"],
        json!([{"apiVersion": "terrace.dev/v1alpha1", "kind": "DataTier", "name": "orders", "uid": "uid-1",
                "controller": true, "blockOwnerDeletion": true}])
    );
}

#[tokio::test]
async fn the_password_is_read_in_its_version_where_its_arn_says_it_is() {
    let server = Server::answering([(201, object("1", &json!({})))]);
    let passwords = Arc::new(Passwords::default());
    let provider = BindingSecrets::new(server.client(), passwords.clone());
    provider.create(&id(), &want()).await.expect("it is made");
    let asked = passwords.asked.lock().expect("nobody panicked");
    assert_eq!(*asked, [(Place { environment: "prod".into(), region: "eu-west-1".into() }, want().password)]);
}

#[tokio::test]
async fn what_was_made_is_as_wished() {
    for reader in [None, Some("ro.db.example"), Some("")] {
        let want = BindingSecret { reader_host: reader.map(Val::from), ..want() };
        let seen = seen(object("1", &made(&want).await.body)).await;
        assert_eq!(differing(&want, &seen), Vec::<String>::new(), "{reader:?}");
        let Seen::Present { owner, handle, state, out, .. } = seen else { panic!("it is there") };
        assert_eq!(owner, Owner::Tagged { owner: id().owner, node: "binding".into(), incarnation: 1 });
        assert_eq!((handle.0.as_str(), state), ("Secret/shop/orders-binding/1", State::Ready));
        assert_eq!(out.name.as_deref(), Some("orders-binding"));
    }
}

#[tokio::test]
async fn a_service_without_users_and_password_has_no_entries_for_them() {
    let server = Server::answering([(201, object("1", &json!({})))]);
    let passwords = Arc::new(Passwords::default());
    let provider = BindingSecrets::new(server.client(), passwords.clone());
    let open = BindingSecret {
        r#type: "memcached".into(),
        database: None,
        username: "".into(),
        password: BindingSecret::NO_PASSWORD,
        tls: Some(true.into()),
        ..want()
    };
    provider.create(&id(), &open).await.expect("it is made");
    assert!(passwords.asked.lock().expect("nobody panicked").is_empty());
    let sent = server.requests().remove(0);
    assert_eq!(decoded(&sent).into_keys().collect::<Vec<_>>(), ["host", "port", "provider", "tls", "type"]);
    assert_eq!(decoded(&sent)["tls"], "true");
    assert_eq!(differing(&open, &seen(object("1", &sent.body)).await), Vec::<String>::new());
    let found = differing(&want(), &seen(object("1", &sent.body)).await);
    assert!(["username", "password"].iter().all(|field| found.iter().any(|changed| changed == field)), "{found:?}");
}

#[tokio::test]
async fn a_bucket_has_entries_of_its_own_and_the_version_of_no_password() {
    let entries = [("bucket", "shop-assets"), ("region", "eu-west-1"), ("arn", ""), ("type", "forged")];
    let bucket = BindingSecret {
        entries: entries.map(|(entry, value)| (entry.to_owned(), value.into())).into(),
        tags: id().owner_tags(),
        ..BindingSecret::new("orders-binding", "s3", "aws-s3")
    };
    let sent = made(&bucket).await;
    let expected = [("type", "s3"), ("provider", "aws-s3"), ("bucket", "shop-assets"), ("region", "eu-west-1")];
    assert_eq!(decoded(&sent), expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    let look = seen(object("1", &sent.body)).await;
    assert_eq!(differing(&bucket, &look), Vec::<String>::new());
    let Seen::Present { out, .. } = look else { panic!("it is there") };
    assert_eq!(out.version.as_deref(), Some(""));
    let mut answer = object("1", &sent.body);
    let data = answer["metadata"]["managedFields"][0]["fieldsV1"]["f:data"].as_object_mut().expect("our fields");
    data.remove("f:bucket").expect("it was ours");
    assert_eq!(differing(&bucket, &seen(answer).await), ["entries"]);
}

#[tokio::test]
async fn the_version_of_the_password_is_an_output_once_it_was_applied() {
    let Seen::Present { out, .. } = seen(object("1", &made(&want()).await.body)).await else { panic!("it is there") };
    assert_eq!(out.version.as_deref(), Some("v1"));
}

#[tokio::test]
async fn a_wish_that_changes_is_a_difference() {
    let answer = object("1", &made(&want()).await.body);
    let rotated = SecretRef { arn: ARN.into(), version: "v2".into() };
    assert_eq!(differing(&BindingSecret { password: rotated, ..want() }, &seen(answer.clone()).await), ["password"]);
    let moved = BindingSecret { host: "new.example".into(), reader_host: Some("ro.example".into()), ..want() };
    assert_eq!(differing(&moved, &seen(answer).await), ["host", "readerHost"]);
}

#[tokio::test]
async fn every_entry_changed_behind_our_back_is_found() {
    let want = BindingSecret { reader_host: Some("ro.db.example".into()), tls: Some(true.into()), ..want() };
    let whole = object("1", &made(&want).await.body);
    for (entry, field) in [
        ("type", "provider"),
        ("provider", "provider"),
        ("host", "host"),
        ("port", "port"),
        ("reader-host", "readerHost"),
        ("database", "database"),
        ("username", "username"),
        ("password", "password"),
        ("secret-arn", "password"),
        ("tls", "tls"),
    ] {
        let mut answer = whole.clone();
        let data = answer["metadata"]["managedFields"][0]["fieldsV1"]["f:data"].as_object_mut().expect("our fields");
        data.remove(&format!("f:{entry}")).expect("it was ours");
        assert_eq!(differing(&want, &seen(answer).await), [field], "{entry}");
    }
}

#[tokio::test]
async fn metadata_taken_off_is_found() {
    let whole = object("1", &made(&want()).await.body);
    for lost in [
        "/f:labels",
        "/f:annotations/f:terrace.dev~1node",
        "/f:annotations/f:terrace.dev~1applied",
        "/f:ownerReferences",
    ] {
        let mut answer = whole.clone();
        let (parent, key) = lost.rsplit_once('/').expect("a path");
        let meta = answer.pointer_mut(&format!("/metadata/managedFields/0/fieldsV1/f:metadata{parent}"));
        meta.and_then(Value::as_object_mut).expect("our fields").remove(&key.replace("~1", "/")).expect("it was ours");
        assert!(differing(&want(), &seen(answer).await).contains(&"password".to_owned()), "{lost}");
    }
}

#[tokio::test]
async fn a_foreign_secret_of_that_name_is_seen_as_untagged() {
    let foreign = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {
        "name": "orders-binding", "namespace": "shop", "uid": "9",
        "managedFields": [{"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:data": {"f:host": {}}}}]}});
    for (shown, expected) in [("Opaque", "Opaque"), ("servicebinding.io/mysql", "mysql")] {
        let server = Server::answering([(200, foreign.clone()), (200, table(shown))]);
        let seen = provider(&server).observe(&id()).await.expect("a look");
        let Seen::Present { owner, handle, have, .. } = seen else { panic!("it is there") };
        assert_eq!((owner, handle.0.as_str()), (Owner::Untagged, "Secret/shop/orders-binding/9"));
        assert_eq!((have.name.as_str(), have.host, have.r#type), ("orders-binding", "".into(), expected.into()));
    }
}

/// A Secret as `kubectl get` shows it.
fn table(shown: &str) -> Value {
    json!({"kind": "Table", "columnDefinitions": [{"name": "Name"}, {"name": "Type"}],
           "rows": [{"cells": ["orders-binding", shown]}]})
}

#[tokio::test]
async fn another_type_is_another_secret_and_nothing_else_is() {
    let answer = object("1", &made(&want()).await.body);
    let effects = |want: &BindingSecret, have: &BindingSecret| -> Vec<_> {
        let json = |binding: &BindingSecret| serde_json::to_value(binding).expect("JSON");
        let found =
            diff(&KindSpec::of::<BindingSecret>(), &json(want), &json(have), &OwnedKeys::new(), &BTreeMap::new());
        found.0.into_iter().map(|change| (change.path, change.effect)).collect()
    };
    let Seen::Present { have, .. } = seen(answer.clone()).await else { panic!("it is there") };
    let mysql = BindingSecret { r#type: "mysql".into(), ..want() };
    assert_eq!(effects(&mysql, &have), [("type".to_owned(), Effect::Replace)]);
    let mut lost = answer;
    lost["metadata"]["annotations"].as_object_mut().expect("annotations").remove(APPLIED).expect("it was there");
    let server = Server::answering([(200, lost), (200, table("servicebinding.io/postgresql"))]);
    let Ok(Seen::Present { have, .. }) = provider(&server).observe(&id()).await else { panic!("it is there") };
    let found = effects(&want(), &have);
    assert!(found.len() > 5 && found.iter().all(|(_, effect)| *effect == Effect::InPlace), "{found:?}");
}

#[tokio::test]
async fn what_is_released_keeps_its_content_and_loses_its_owner() {
    let answer = object("1", &made(&want()).await.body);
    let Seen::Present { have, handle, .. } = seen(answer.clone()).await else { panic!("it is there") };
    let server = Server::answering([(200, answer.clone()), (200, answer)]);
    let (id, free) = (Id { handle: Some(handle), ..id() }, BindingSecret { tags: Tags::new(), ..have.clone() });
    provider(&server).update(&id, &have, &free, &Diff::default()).await.expect("it is released");
    let [_, sent] = &server.requests()[..] else { panic!("a look and a change") };
    assert_eq!(sent.content_type, "application/merge-patch+json");
    let meta = &sent.body["metadata"];
    assert_eq!((&meta["uid"], &meta["ownerReferences"]), (&json!("1"), &json!([])));
    assert_eq!((&meta["annotations"]["terrace.dev/uid"], &meta["annotations"][APPLIED]), (&Value::Null, &Value::Null));
    assert!(meta["annotations"].as_object().is_some_and(|all| all.contains_key(tag::UID) && all.contains_key(APPLIED)));
    assert!(sent.body.get("data").is_none());
}

#[tokio::test]
async fn what_an_earlier_object_left_is_taken_over_before_it_is_applied() {
    let mut answer = object("1", &made(&want()).await.body);
    answer["metadata"]["annotations"][tag::UID] = json!("uid-0");
    answer["metadata"]["managedFields"][0]["manager"] = json!("terrace/uid-0");
    let Seen::Present { have, owner, .. } = seen(answer.clone()).await else { panic!("it is there") };
    assert!(matches!(owner, Owner::Tagged { owner, .. } if owner.uid == "uid-0"));
    assert!(
        differing(
            &want(),
            &Seen::Present {
                have: have.clone(),
                out: BindingSecretOutputs::default(),
                handle: "h".into(),
                owner: Owner::Untagged,
                state: State::Ready,
            }
        )
        .contains(&"tags.terrace.dev/uid".to_owned())
    );
    let server = Server::answering([(200, answer.clone()), (200, answer.clone()), (200, answer)]);
    provider(&server).update(&id(), &have, &want(), &Diff::default()).await.expect("it is taken over");
    let [_, amended, applied] = &server.requests()[..] else { panic!("a look and two changes") };
    assert_eq!(amended.body["metadata"]["managedFields"][0]["manager"], "terrace/uid-1");
    assert_eq!(applied.body["metadata"]["annotations"][tag::UID], "uid-1");
}

#[tokio::test]
async fn what_is_absent_or_on_its_way_out_is_seen_so() {
    let server = Server::answering([(404, failure(404, "NotFound", json!([])))]);
    assert!(matches!(provider(&server).observe(&id()).await, Ok(Seen::Absent)));
    let mut answer = object("1", &made(&want()).await.body);
    answer["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert!(matches!(seen(answer).await, Seen::Present { state: State::Deleting, .. }));
}

#[tokio::test]
async fn a_look_reads_no_content() {
    let server = Server::answering([(200, object("1", &made(&want()).await.body))]);
    provider(&server).observe(&id()).await.expect("a look");
    let [sent] = &server.requests()[..] else { panic!("one request") };
    assert_eq!((sent.method.as_str(), sent.path()), ("GET", "/api/v1/namespaces/shop/secrets/orders-binding"));
    assert!(sent.accept.contains("as=PartialObjectMetadata"), "{}", sent.accept);
}

#[tokio::test]
async fn an_update_applies_the_whole_to_the_object_that_was_seen() {
    let server = Server::answering([(200, object("1", &json!({})))]);
    let id = Id { handle: Some("Secret/shop/orders-binding/1".into()), ..id() };
    provider(&server).update(&id, &want(), &want(), &Diff::default()).await.expect("it is updated");
    let [sent] = &server.requests()[..] else { panic!("one request") };
    assert_eq!(sent.body["metadata"]["uid"], "1");
    assert_eq!(decoded(sent)["password"], PASSWORD);
}

#[tokio::test]
async fn a_conflict_with_another_manager_is_blocked_and_never_forced() {
    let cause = json!({"reason": "FieldManagerConflict", "field": ".data.password",
                       "message": "conflict with \"kubectl-edit\" using v1"});
    let server = Server::answering([(409, failure(409, "Conflict", json!([cause])))]);
    let error = provider(&server).update(&id(), &want(), &want(), &Diff::default()).await.expect_err("a conflict");
    assert_eq!(error.reason(), FIELD_CONFLICT);
    assert!(error.to_string().contains("kubectl-edit has set .data.password"), "{error}");
    assert!(server.requests().iter().all(|sent| !sent.uri.contains("force")));
}

#[tokio::test]
async fn a_deletion_names_the_recorded_object_or_the_one_that_is_seen() {
    let gone = (200, json!({"kind": "Status", "apiVersion": "v1", "status": "Success"}));
    let recorded = Id { handle: Some("Secret/shop/orders-binding/1".into()), ..id() };
    let server = Server::answering([gone.clone()]);
    provider(&server).delete(&recorded, &want(), Disposal::Delete).await.expect("it is deleted");
    assert_eq!(server.requests()[0].body["preconditions"]["uid"], "1");

    let server = Server::answering([(200, object("2", &json!({}))), gone]);
    provider(&server).delete(&id(), &want(), Disposal::Delete).await.expect("it is deleted");
    assert_eq!(server.requests()[1].body["preconditions"]["uid"], "2");

    let server = Server::answering([(404, failure(404, "NotFound", json!([])))]);
    provider(&server).delete(&id(), &want(), Disposal::Delete).await.expect("there is none");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_reference_that_names_no_secret_is_refused_before_anything_is_sent() {
    let server = Server::answering([]);
    let want = BindingSecret { password: SecretRef { arn: "db-1".into(), version: "v1".into() }, ..want() };
    let error = provider(&server).create(&id(), &want).await.expect_err("no ARN");
    assert_eq!((error.reason(), server.requests().len()), (reason::INVALID, 0));
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panicked").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_password_is_in_no_log_no_annotation_and_no_look() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);

    let sent = made(&want()).await;
    let answer = object("1", &sent.body);
    let Seen::Present { have, .. } = seen(answer.clone()).await else { panic!("it is there") };
    let shown = format!("{answer} {have:?}");
    let broken = Server::answering([(200, json!("nonsense")), (500, failure(500, "InternalError", json!([])))]);
    for _ in 0..2 {
        let error = provider(&broken).create(&id(), &want()).await.expect_err("no answer");
        assert_eq!(error.reason(), reason::RETRYING);
    }

    let log = String::from_utf8(log.0.lock().expect("nobody panicked").clone()).expect("text");
    let encoded = sent.body["data"]["password"].as_str().expect("an entry").to_owned();
    assert!(log.contains("kube_client"), "the logs of the client are captured too: {log}");
    for text in [&log, &shown] {
        assert!(!text.contains(PASSWORD) && !text.contains(&encoded), "{text}");
    }
}
