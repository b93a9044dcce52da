//! Secrets against an emulator.

use secrecy::ExposeSecret;
use serde_json::json;
use terrace_aws::Clients;
use terrace_aws::secretsmanager::{Secrets, Shelf, Values, Versions, read};
use terrace_engine::{Disposal, Erased, Look, Registry, Sight, reason};
use terrace_model::aws::secretsmanager::{Secret, SecretVersion};
use terrace_model::identity::Freshness;
use terrace_model::{Id, OwnerRef, SecretRef};

use crate::bed::{REGION, clients, id, owned};
use crate::life::{Life, other_tags};

fn registry(clients: &Clients) -> Registry {
    let shelf = Shelf::new(clients);
    Registry::default().with(Secrets::new(&shelf)).with(Versions::new(&shelf, &Values::new(clients)))
}

fn wish() -> Secret {
    Secret {
        description: "Master user of orders".into(),
        template: [("username".into(), "orders".into())].into(),
        password_length: 41,
        exclude_characters: "/'\"@ ".into(),
        kms_key_id: Secret::AWS_KEY.into(),
        tags: [("team".into(), "shop".into()), ("gone".into(), "soon".into())].into(),
    }
}

async fn sight(provider: &dyn Erased, id: &Id) -> Sight {
    match provider.observe(id).await.expect("it can be looked at") {
        Look::Present(sight) => *sight,
        Look::Absent => panic!("it is not there"),
    }
}

fn reference(sight: &Sight) -> SecretRef {
    let text = |field: &str| sight.out[field].as_str().expect("it is known").into();
    SecretRef { arn: text("arn"), version: text("version") }
}

#[tokio::test]
async fn a_secret_lives_from_create_to_absent() {
    let Some(clients) = clients() else { return };
    let id = id::<Secret>("master");
    let key = clients.kms(REGION).create_key().send().await.expect("a key is made");
    let key = key.key_metadata.and_then(|key| key.arn).expect("it has an ARN");
    let mut want = owned(&id, &wish());
    want["kmsKeyId"] = json!(key);
    let other = clients.kms(REGION).create_key().send().await.expect("a key is made");
    let other = other.key_metadata.and_then(|key| key.arn).expect("it has an ARN");
    let edits = vec![
        ("description", json!("Something else")),
        ("kmsKeyId", json!(other)),
        ("kmsKeyId", json!(Secret::AWS_KEY)),
        ("tags", other_tags(&want)),
    ];
    Life { clients, registry, id, want, edits }.live().await;
}

#[tokio::test]
async fn the_password_is_generated_as_the_engine_takes_it_and_read_by_reference() {
    let Some(clients) = clients() else { return };
    let id = id::<Secret>("master");
    let registry = registry(&clients);
    let provider = registry.get(&id.kind).expect("it is registered");
    provider.create(&id, &owned(&id, &wish())).await.expect("it is made");
    let secret = reference(&sight(provider.as_ref(), &id).await);
    let password = read(&clients, REGION, &secret).await.expect("it is read");
    let password = password.expose_secret();
    assert_eq!(password.chars().count(), 41);
    assert!(!password.contains(['/', '\'', '"', '@', ' ']));
    let again = provider.create(&id, &owned(&id, &wish())).await.expect_err("the name is taken");
    assert_eq!(again.reason(), reason::ALREADY_EXISTS);

    let rotated = clients.secretsmanager(REGION).put_secret_value().secret_id(secret.arn.known().expect("known"));
    let rotated = rotated.secret_string(r#"{"username": "orders", "password": "second"}"#).send().await;
    let version = rotated.expect("it is rotated").version_id;
    let now = reference(&sight(provider.as_ref(), &id).await);
    assert_eq!(now.version.known(), version.as_ref());
    assert_eq!(read(&clients, REGION, &now).await.expect("it is read").expose_secret(), "second");
    let never = SecretRef { version: "00000000000000000000000000000000".into(), ..now };
    assert_eq!(read(&clients, REGION, &never).await.expect_err("it never was").reason(), reason::NOT_READY);
}

#[tokio::test]
async fn a_secret_scheduled_for_deletion_is_restored_for_the_object_that_made_it() {
    let Some(clients) = clients() else { return };
    let id = id::<Secret>("master");
    let (registry, want) = (registry(&clients), owned(&id, &wish()));
    let provider = registry.get(&id.kind).expect("it is registered");
    provider.create(&id, &want).await.expect("it is made");
    let before = sight(provider.as_ref(), &id).await;
    provider.delete(&id, &before.have, Disposal::Delete).await.expect("it is deleted");
    assert!(matches!(provider.observe(&id).await, Ok(Look::Absent)));
    let handle = provider.create(&id, &want).await.expect("it is restored");
    let after = sight(provider.as_ref(), &id).await;
    assert_eq!((handle, &after.out, after.owner), (before.handle, &before.out, before.owner));
}

#[tokio::test]
async fn a_name_held_by_the_secret_of_another_is_free_once_somebody_deletes_that_for_good() {
    let Some(clients) = clients() else { return };
    let earlier = id::<Secret>("master");
    let registry = registry(&clients);
    let provider = registry.get(&earlier.kind).expect("it is registered");
    provider.create(&earlier, &owned(&earlier, &wish())).await.expect("it is made");
    let before = sight(provider.as_ref(), &earlier).await;
    provider.delete(&earlier, &before.have, Disposal::Delete).await.expect("it is deleted");

    let later = Id { owner: OwnerRef { uid: "uid-later".into(), ..earlier.owner.clone() }, ..earlier.clone() };
    let held = provider.create(&later, &owned(&later, &wish())).await.expect_err("the name is held");
    assert_eq!((held.reason(), held.is_stalled()), (reason::NAME_HELD, true));
    let theirs = clients.secretsmanager(REGION);
    let purge = theirs.delete_secret().secret_id(&before.handle.0).force_delete_without_recovery(true);
    purge.send().await.expect("it is deleted for good");
    provider.create(&later, &owned(&later, &wish())).await.expect("the name is free");
    let after = sight(provider.as_ref(), &later).await;
    assert_ne!(after.handle, before.handle);

    let name = after.handle.0.clone();
    let untag = theirs.untag_resource().secret_id(&name).tag_keys(terrace_model::identity::tag::UID);
    untag.send().await.expect("the tag is taken off");
    theirs.delete_secret().secret_id(&name).recovery_window_in_days(7).send().await.expect("it is deleted");
    let foreign = provider.create(&later, &owned(&later, &wish())).await.expect_err("the name is held");
    assert_eq!((foreign.reason(), foreign.is_stalled()), (reason::NAME_HELD, true));
}

#[tokio::test]
async fn the_version_of_a_managed_secret_is_read_by_its_arn() {
    let Some(clients) = clients() else { return };
    let node = id::<SecretVersion>("db-password");
    let request = clients.secretsmanager(REGION).create_secret().name(format!("rds!{}", node.owner.namespace));
    let made = request.secret_string("{}").send().await.expect("RDS makes a secret");
    let (arn, version) = (made.arn.expect("it has an ARN"), made.version_id);
    let at = |arn: &str| Id { address: [("secretArn".to_owned(), json!(arn))].into_iter().collect(), ..node.clone() };
    let registry = registry(&clients);
    let provider = registry.get(&node.kind).expect("it is registered");
    for freshness in [Freshness::Now, Freshness::Recent] {
        let found = sight(provider.as_ref(), &Id { freshness, ..at(&arn) }).await;
        assert_eq!(found.out["version"].as_str(), version.as_deref());
    }
    let nowhere = arn.replace("rds!", "rds!nowhere-");
    assert!(matches!(provider.observe(&at(&nowhere)).await, Ok(Look::Absent)));
}
