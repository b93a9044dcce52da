//! Buckets against an emulator: how they end, and whose they are.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use serde_json::{Value, json};
use terrace_aws::Clients;
use terrace_aws::s3::{Buckets, S3};
use terrace_engine::{Disposal, Erased, Look, Registry, Sight, reason};
use terrace_model::aws::s3::{Bucket, Encryption, PublicAccessBlock};
use terrace_model::identity::Freshness;
use terrace_model::{Handle, Id};

use crate::bed::{REGION, clients, id, owned};

fn registry(clients: &Clients) -> Registry {
    Registry::default().with(Buckets(S3::new(clients.clone())))
}

/// A bucket that no other test has, and its wish.
fn assets() -> (Id, Value) {
    let node = id::<Bucket>("bucket");
    let want = Bucket {
        name: format!("assets-{}", node.owner.namespace),
        public_access_block: PublicAccessBlock::ALL,
        object_ownership: Bucket::OWNER_ENFORCED.into(),
        encryption: Encryption { sse_algorithm: "AES256".into(), ..Encryption::default() },
        versioning: "Enabled".into(),
        acceleration: "Suspended".into(),
        ..Bucket::default()
    };
    let want = owned(&node, &want);
    (Id { address: [("name".to_owned(), want["name"].clone())].into_iter().collect(), ..node }, want)
}

async fn sight(provider: &dyn Erased, id: &Id) -> Option<Sight> {
    match provider.observe(id).await.expect("it can be looked at") {
        Look::Present(sight) => Some(*sight),
        Look::Absent => None,
    }
}

/// Two versions of some objects and a delete marker of each.
async fn fill(s3: &aws_sdk_s3::Client, bucket: &str, count: usize) {
    for number in 0..count {
        let key = format!("a b/{number}+ä&<>");
        for text in ["first", "second"] {
            let put = s3.put_object().bucket(bucket).key(&key).body(ByteStream::from_static(text.as_bytes()));
            put.send().await.expect("it is put");
        }
        s3.delete_object().bucket(bucket).key(&key).send().await.expect("it is marked as deleted");
    }
}

#[tokio::test]
async fn a_bucket_that_holds_objects_is_kept_until_it_is_emptied() {
    let Some(clients) = clients() else { return };
    let ((id, want), registry) = (assets(), registry(&clients));
    let provider = registry.get(&id.kind).expect("it is registered").as_ref();
    provider.create(&id, &want).await.expect("it is made");
    let (bucket, s3) = (want["name"].as_str().expect("it has a name"), clients.s3(REGION));
    fill(&s3, bucket, 4).await;
    let have = sight(provider, &id).await.expect("it is there").have;
    let held = provider.delete(&id, &have, Disposal::Delete).await.expect_err("it holds objects");
    assert_eq!((held.reason(), held.is_stalled()), (reason::NOT_EMPTY, true));
    let versions = s3.list_object_versions().bucket(bucket).send().await.expect("they are listed");
    assert_eq!((versions.versions().len(), versions.delete_markers().len()), (8, 4));

    for _ in 0..2 {
        provider.delete(&id, &have, Disposal::Empty).await.expect("it is emptied and deleted, or gone already");
    }
    assert!(sight(provider, &id).await.is_none());
}

#[tokio::test]
async fn a_bucket_without_versions_is_emptied_as_well() {
    let Some(clients) = clients() else { return };
    let ((id, mut want), registry) = (assets(), registry(&clients));
    want["versioning"] = json!("Suspended");
    let provider = registry.get(&id.kind).expect("it is registered").as_ref();
    provider.create(&id, &want).await.expect("it is made");
    let bucket = want["name"].as_str().expect("it has a name");
    let put = clients.s3(REGION).put_object().bucket(bucket).key("a").body(ByteStream::from_static(b"a"));
    put.send().await.expect("it is put");
    let have = sight(provider, &id).await.expect("it is there").have;
    provider.delete(&id, &have, Disposal::Empty).await.expect("it is emptied and deleted");
    assert!(sight(provider, &id).await.is_none());
}

#[tokio::test]
async fn a_bucket_is_never_made_a_second_time() {
    let Some(clients) = clients() else { return };
    let ((id, want), registry) = (assets(), registry(&clients));
    let provider = registry.get(&id.kind).expect("it is registered").as_ref();
    let handle = provider.create(&id, &want).await.expect("it is made");
    let again = provider.create(&id, &want).await.expect_err("it is there");
    assert_eq!((again.reason(), again.is_stalled()), (reason::ALREADY_EXISTS, false));
    for freshness in [Freshness::Now, Freshness::Recent] {
        let found = sight(provider, &Id { freshness, ..id.clone() }).await.expect("it is there");
        assert_eq!(found.handle, handle);
    }
}

#[tokio::test]
async fn what_somebody_changes_is_found_and_a_bucket_of_another_name_by_its_arn() {
    let Some(clients) = clients() else { return };
    let ((id, want), registry) = (assets(), registry(&clients));
    let provider = registry.get(&id.kind).expect("it is registered").as_ref();
    provider.create(&id, &want).await.expect("it is made");
    let (bucket, s3) = (want["name"].as_str().expect("it has a name"), clients.s3(REGION));
    let suspended = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    let request = s3.put_bucket_versioning().bucket(bucket).versioning_configuration(suspended);
    request.send().await.expect("somebody suspends it");
    let by_arn = Id {
        handle: Some(Handle(format!("arn:aws:s3:::{bucket}"))),
        address: [("name".to_owned(), json!("another"))].into_iter().collect(),
        ..id
    };
    let found = sight(provider, &by_arn).await.expect("it is there");
    assert_eq!((&found.have["versioning"], &found.have["name"]), (&json!("Suspended"), &json!(bucket)));
}
