//! All secrets of a region, by name and by ARN, as they are listed or described: never a value.
//!
//! From the Secrets Manager API reference: ListSecrets gives up to 100 a page and may lag behind by five minutes;
//! DescribeSecret does not lag. A secret that is scheduled for deletion is described and, when asked for, listed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{SecretListEntry, Tag};
use aws_smithy_types::date_time::{DateTime, Format};
use futures::future::try_join_all;
use terrace_engine::Result;
use terrace_engine::coalesce::{Fetch, Few, Regional};
use terrace_model::Id;
use terrace_model::aws::Tags;
use terrace_model::aws::secretsmanager::Secret;
use terrace_model::identity::Freshness;

use crate::Clients;
use crate::errors::{absent, classify};
use crate::tags;

/// The most that ListSecrets gives at once.
const PAGE: i32 = 100;
/// The staging label of the version that is in use.
const CURRENT: &str = "AWSCURRENT";

/// A secret as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    pub arn: String,
    pub name: String,
    pub description: String,
    /// ARN or alias of its key; [`Secret::AWS_KEY`] where it names none.
    pub kms_key_id: String,
    pub tags: Tags,
    /// Scheduled for deletion.
    pub deleted: bool,
    /// The version staged as `AWSCURRENT`.
    pub version: Option<String>,
    /// When it was last rotated, else made: RFC 3339.
    pub changed: Option<String>,
    /// RFC 3339.
    pub next_rotation: Option<String>,
}

impl Found {
    /// Its next rotation has come.
    pub fn is_due(&self, now: SystemTime) -> bool {
        let next = self.next_rotation.as_deref().and_then(|next| DateTime::from_str(next, Format::DateTime).ok());
        next.is_some_and(|next| next <= DateTime::from(now))
    }
}

struct Reader(Client);

impl Fetch<String, Arc<Found>> for Reader {
    async fn some(&self, keys: &BTreeSet<String>) -> Result<BTreeMap<String, Arc<Found>>> {
        let reads = keys.iter().map(|key| async move {
            let answer = self.0.describe_secret().secret_id(key).send().await;
            let described = absent(answer, &["ResourceNotFoundException"])?;
            Ok(described.map(|described| (key.clone(), Arc::new(found(entry(described))))))
        });
        Ok(try_join_all(reads).await?.into_iter().flatten().collect())
    }

    async fn all(&self) -> Result<BTreeMap<String, Arc<Found>>> {
        let request = self.0.list_secrets().include_planned_deletion(true).max_results(PAGE);
        let mut pages = request.into_paginator().send();
        let mut secrets = BTreeMap::new();
        while let Some(page) = pages.next().await {
            for entry in page.map_err(classify)?.secret_list.unwrap_or_default() {
                let found = Arc::new(found(entry));
                secrets.extend([(found.name.clone(), found.clone()), (found.arn.clone(), found)]);
            }
        }
        Ok(secrets)
    }
}

/// Secrets by name or ARN, for whoever looks at one. Cheap to clone: clones share what was read.
#[derive(Clone)]
pub struct Shelf(Arc<Inner>);

struct Inner {
    clients: Clients,
    /// From lists, which may lag.
    recent: Regional<String, Arc<Found>>,
    /// From descriptions.
    now: Regional<String, Arc<Found>>,
}

impl Shelf {
    /// The secrets of an account.
    pub fn new(clients: &Clients) -> Self {
        Shelf(Arc::new(Inner {
            clients: clients.clone(),
            recent: Regional::new(clients.recent(), Few::UpTo(usize::MAX)),
            now: Regional::new(clients.recent(), Few::UpTo(usize::MAX)),
        }))
    }

    /// For changing something on behalf of the owner's namespace.
    pub fn writer(&self, id: &Id) -> Client {
        self.0.clients.for_namespace(&id.owner.namespace).secretsmanager(&id.place.region)
    }

    /// Looks a secret up by name or ARN. What a list does not hold is asked for by itself, since lists lag.
    ///
    /// # Errors
    /// Those of the reads.
    pub async fn get(&self, region: &str, key: &str, freshness: Freshness) -> Result<Option<Arc<Found>>> {
        if freshness == Freshness::Recent
            && let Some(found) = self.listed(region, key).await?
        {
            return Ok(Some(found));
        }
        let reader = Reader(self.0.clients.secretsmanager(region));
        self.0.now.of(region).get(key.to_owned(), Freshness::Now, &reader).await
    }

    /// As a recent list has it; `None` for what that does not hold, or holds as deleted.
    ///
    /// # Errors
    /// Those of the reads.
    pub async fn listed(&self, region: &str, key: &str) -> Result<Option<Arc<Found>>> {
        let reader = Reader(self.0.clients.secretsmanager(region));
        let listed = self.0.recent.of(region).get(key.to_owned(), Freshness::Recent, &reader).await?;
        Ok(listed.filter(|found| !found.deleted))
    }
}

/// A description as an entry of a list, which says the same under one other name.
fn entry(described: DescribeSecretOutput) -> SecretListEntry {
    SecretListEntry::builder()
        .set_arn(described.arn)
        .set_name(described.name)
        .set_description(described.description)
        .set_kms_key_id(described.kms_key_id)
        .set_tags(described.tags)
        .set_deleted_date(described.deleted_date)
        .set_secret_versions_to_stages(described.version_ids_to_stages)
        .set_created_date(described.created_date)
        .set_last_rotated_date(described.last_rotated_date)
        .set_next_rotation_date(described.next_rotation_date)
        .build()
}

fn found(secret: SecretListEntry) -> Found {
    let arn = secret.arn.unwrap_or_default();
    Found {
        name: secret.name.unwrap_or_default(),
        description: secret.description.unwrap_or_default(),
        kms_key_id: key_arn(secret.kms_key_id, &arn),
        tags: from_sdk(&secret.tags.unwrap_or_default()),
        deleted: secret.deleted_date.is_some(),
        version: current(secret.secret_versions_to_stages),
        changed: rfc3339(secret.last_rotated_date.or(secret.created_date)),
        next_rotation: rfc3339(secret.next_rotation_date),
        arn,
    }
}

fn current(stages: Option<HashMap<String, Vec<String>>>) -> Option<String> {
    let is_current = |stages: &Vec<String>| stages.iter().any(|stage| stage == CURRENT);
    stages?.into_iter().find(|(_, stages)| is_current(stages)).map(|(version, _)| version)
}

fn rfc3339(date: Option<DateTime>) -> Option<String> {
    date?.fmt(Format::DateTime).ok()
}

/// Secrets Manager reports the key as it was given, and wishes name keys by ARN. A bare id is a key of the secret's own
/// account; AWS's own key is left out (API reference, DescribeSecret and ListSecrets, `KmsKeyId`).
fn key_arn(key: Option<String>, secret: &str) -> String {
    let Some(key) = key.filter(|key| !key.is_empty() && !key.ends_with(Secret::AWS_KEY)) else {
        return Secret::AWS_KEY.to_owned();
    };
    let parts: Vec<&str> = secret.splitn(6, ':').collect();
    match parts[..] {
        [arn, partition, _, region, account, _] if !key.contains([':', '/']) => {
            [arn, partition, "kms", region, account, &["key", &key].join("/")].join(":")
        }
        _ => key,
    }
}

fn from_sdk(tags: &[Tag]) -> Tags {
    tags::read(tags.iter().map(|tag| (tag.key(), tag.value())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:terrace/db-AbCdEf";

    #[test]
    fn a_key_reads_as_its_arn_whichever_way_it_was_given() {
        let arn = "arn:aws-cn:kms:cn-north-1:123456789012:key/1234abcd";
        for (given, expected) in [("1234abcd", arn), (arn, arn), ("alias/own", "alias/own"), ("", Secret::AWS_KEY)] {
            assert_eq!(key_arn(Some(given.to_owned()), ARN), expected);
        }
        assert_eq!(key_arn(None, ARN), Secret::AWS_KEY);
        assert_eq!(key_arn(Some(["arn:aws:kms:eu-west-1:1", Secret::AWS_KEY].join(":")), ARN), Secret::AWS_KEY);
    }

    #[test]
    fn a_secret_is_due_from_its_next_rotation_on() {
        let found = Found { next_rotation: rfc3339(Some(DateTime::from_secs(100))), ..Found::default() };
        let at = |second| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(second);
        assert_eq!([found.is_due(at(99)), found.is_due(at(100))], [false, true]);
        assert!(!Found::default().is_due(at(100)));
    }

    #[test]
    fn a_secret_that_was_never_rotated_is_as_old_as_it_is() {
        let made = SecretListEntry::builder().created_date(DateTime::from_secs(86_400)).build();
        assert_eq!(found(made).changed.as_deref(), Some("1970-01-02T00:00:00Z"));
    }

    #[test]
    fn listed_and_described_a_secret_is_the_same() {
        let stages = HashMap::from([
            ("v1".to_owned(), vec!["AWSPREVIOUS".to_owned()]),
            ("v2".to_owned(), vec!["AWSPENDING".to_owned(), CURRENT.to_owned()]),
        ]);
        let tag = Tag::builder().key("team").value("shop").build();
        let date = DateTime::from_secs(1_900_000_000);
        let described = DescribeSecretOutput::builder()
            .arn(ARN)
            .name("terrace/db")
            .description("of orders")
            .kms_key_id("1234abcd")
            .tags(tag.clone())
            .set_version_ids_to_stages(Some(stages.clone()))
            .created_date(DateTime::from_secs(0))
            .last_rotated_date(DateTime::from_secs(86_400))
            .next_rotation_date(date)
            .deleted_date(date)
            .build();
        let listed = SecretListEntry::builder()
            .arn(ARN)
            .name("terrace/db")
            .description("of orders")
            .kms_key_id("1234abcd")
            .tags(tag)
            .set_secret_versions_to_stages(Some(stages))
            .created_date(DateTime::from_secs(0))
            .last_rotated_date(DateTime::from_secs(86_400))
            .next_rotation_date(date)
            .deleted_date(date)
            .build();
        let (described, listed) = (found(entry(described)), found(listed));
        assert_eq!(described, listed);
        assert_eq!(listed.version.as_deref(), Some("v2"));
        assert_eq!(listed.next_rotation.as_deref(), Some("2030-03-17T17:46:40Z"));
        assert_eq!(listed.changed.as_deref(), Some("1970-01-02T00:00:00Z"));
        assert_eq!((listed.description.as_str(), listed.deleted), ("of orders", true));
        assert!(listed.kms_key_id.ends_with(":key/1234abcd"), "{}", listed.kms_key_id);
    }
}
