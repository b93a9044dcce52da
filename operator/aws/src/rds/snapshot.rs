//! Snapshots of instances: what is left when one is gone, and the copy that changes the key on the way.

use aws_sdk_rds::types as sdk;
use terrace_engine::{Backup, Error, Result, reason};
use terrace_model::Id;
use terrace_model::aws::Tags;
use terrace_model::aws::rds::DbInstance;

use super::{Rds, known_option, write_tags};
use crate::errors::{absent, already, classify};
use crate::shared::{backup, newest_first};

/// The tag that names the copy an instance was restored from, so that the copy goes when it is needed no more.
pub(super) const COPY: &str = "terrace.dev/snapshot-copy";
/// RDS takes 255 characters for a snapshot; the name need not be so long.
const COPY_NAME: usize = 100;
/// The account's own key for RDS.
const DEFAULT_KEY: &str = "alias/aws/rds";

/// The snapshot to restore from.
pub(super) struct Source {
    pub snapshot: String,
    copied: bool,
}

impl Source {
    pub fn copy_tag(&self) -> Tags {
        if self.copied { [(COPY.to_owned(), self.snapshot.clone())].into() } else { Tags::new() }
    }
}

/// What a snapshot needs so that the wished instance can come of it.
#[derive(Debug, PartialEq)]
enum Route {
    Straight,
    CopyUnder(String),
}

/// A restored instance is encrypted as its snapshot is, by the same key (API reference, RestoreDBInstanceFromDBSnapshot).
fn route(snapshot: &sdk::DbSnapshot, encrypted: bool, key: Option<String>) -> Result<Route> {
    let is = snapshot.encrypted().unwrap_or(false);
    match (is, encrypted, key) {
        (true, false, _) => {
            Err(Error::invalid("an encrypted snapshot cannot be restored without encryption: leave encryption on"))
        }
        (true, true, Some(key)) if snapshot.kms_key_id() != Some(key.as_str()) => Ok(Route::CopyUnder(key)),
        (false, true, key) => Ok(Route::CopyUnder(key.unwrap_or_else(|| DEFAULT_KEY.to_owned()))),
        _ => Ok(Route::Straight),
    }
}

impl Rds {
    /// One snapshot, if it is there.
    pub(super) async fn snapshot(&self, id: &Id, name: &str) -> Result<Option<sdk::DbSnapshot>> {
        let request = self.reader(id).describe_db_snapshots().db_snapshot_identifier(name);
        // A snapshot that another account shares goes by its ARN.
        let request = if name.starts_with("arn:") { request.include_shared(true) } else { request };
        let answer = absent(request.send().await, &["DBSnapshotNotFound"])?;
        Ok(answer.and_then(|answer| answer.db_snapshots.unwrap_or_default().into_iter().next()))
    }

    /// The snapshot that the wished instance can be restored from: the named one, or a copy of it under the wished key.
    pub(super) async fn restorable(&self, id: &Id, want: &DbInstance, name: &str) -> Result<Source> {
        let missing = || Error::invalid(format!("there is no snapshot {name} in {}", id.place.region));
        let snapshot = self.snapshot(id, name).await?.ok_or_else(missing)?;
        match route(&snapshot, want.storage_encrypted, known_option(want.kms_key_id.as_ref())?)? {
            Route::Straight => Ok(Source { snapshot: name.to_owned(), copied: false }),
            Route::CopyUnder(key) => self.copied(id, want, name, key).await,
        }
    }

    async fn copied(&self, id: &Id, want: &DbInstance, from: &str, key: String) -> Result<Source> {
        let name = format!("{}-copy", id.name(COPY_NAME));
        match self.snapshot(id, &name).await? {
            Some(copy) if copy.status() == Some("available") => return Ok(Source { snapshot: name, copied: true }),
            Some(copy) if copy.status() == Some("failed") => {
                return Err(Error::blocked(reason::FAILED, format!("AWS could not copy snapshot {from} to {name}")));
            }
            Some(_) => {}
            None => {
                let request = self.writer(id).copy_db_snapshot().source_db_snapshot_identifier(from);
                let request = request.target_db_snapshot_identifier(&name).kms_key_id(key);
                let answer = request.set_tags(Some(write_tags(&want.tags))).send().await;
                already(answer, &["DBSnapshotAlreadyExists"])?;
            }
        }
        Err(Error::wait(reason::NOT_READY, format!("snapshot {from} is being copied to {name} under the wished key")))
    }

    /// Deletes the copy that an instance was restored from, once it stands.
    pub(super) async fn drop_copy(&self, id: &Id, tags: &Tags) -> Result<()> {
        let Some(copy) = tags.get(COPY) else { return Ok(()) };
        let answer = self.writer(id).delete_db_snapshot().db_snapshot_identifier(copy).send().await;
        already(answer, &["DBSnapshotNotFound"])?;
        let name = super::name_of(id, super::NAME);
        let request = self.writer(id).remove_tags_from_resource().resource_name(self.arn(id, "db", &name));
        request.tag_keys(COPY).send().await.map_err(classify)?;
        Ok(())
    }

    /// Snapshots of an instance that stand, newest first.
    pub(super) async fn snapshots_of(&self, id: &Id, instance: &str) -> Result<Vec<Backup>> {
        let request = self.reader(id).describe_db_snapshots().db_instance_identifier(instance);
        let mut items = request.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(classify)?;
            found.extend(backup(item.db_snapshot_identifier(), item.snapshot_create_time(), item.status()));
        }
        Ok(newest_first(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::DateTime;

    fn snapshot(encrypted: bool, key: Option<&str>) -> sdk::DbSnapshot {
        sdk::DbSnapshot::builder().encrypted(encrypted).set_kms_key_id(key.map(str::to_owned)).build()
    }

    #[test]
    fn a_snapshot_is_copied_where_the_key_must_change() {
        let own = || Some("arn:key/a".to_owned());
        for (snapshot, key, expected) in [
            (snapshot(true, Some("arn:key/a")), own(), Route::Straight),
            (snapshot(true, Some("arn:key/b")), None, Route::Straight),
            (snapshot(true, Some("arn:key/b")), own(), Route::CopyUnder("arn:key/a".into())),
            (snapshot(false, None), own(), Route::CopyUnder("arn:key/a".into())),
            (snapshot(false, None), None, Route::CopyUnder(DEFAULT_KEY.into())),
        ] {
            assert_eq!(route(&snapshot, true, key), Ok(expected));
        }
        assert_eq!(route(&snapshot(false, None), false, None), Ok(Route::Straight));
        assert!(route(&snapshot(true, Some("k")), false, None).is_err_and(|error| error.is_stalled()));
    }

    #[test]
    fn only_whole_snapshots_count_and_the_newest_comes_first() {
        let at = DateTime::from_secs;
        let all = [
            backup(Some("old"), Some(&at(1_000)), Some("available")),
            backup(Some("half"), Some(&at(3_000)), Some("creating")),
            backup(Some("new"), Some(&at(2_000)), Some("available")),
        ];
        let names: Vec<_> = newest_first(all.into_iter().flatten().collect()).into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["new", "old"]);
    }
}
