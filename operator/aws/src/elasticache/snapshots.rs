//! Snapshots: what is left when a cache is gone, and what one can be made from.

use aws_sdk_elasticache::operation::describe_serverless_cache_snapshots::builders::DescribeServerlessCacheSnapshotsFluentBuilder;
use aws_sdk_elasticache::operation::describe_snapshots::builders::DescribeSnapshotsFluentBuilder;
use aws_sdk_elasticache::types as sdk;
use aws_smithy_types::DateTime;
use terrace_engine::{Backup, Error, Result};
use terrace_model::Id;

use super::{ElastiCache, last};
use crate::errors::absent;
use crate::shared::{backup, newest_first};

/// What a replication group is made from.
#[derive(Debug, PartialEq)]
pub(super) enum Source<'a> {
    /// A snapshot of a replication group, by its name.
    Name(&'a str),
    /// One of a serverless cache.
    Serverless(&'a str),
}

/// Reads a name or an ARN; a name alone is one of a snapshot of a replication group.
pub(super) fn source(snapshot: &str) -> Source<'_> {
    match snapshot.split(':').nth(5) {
        Some(kind) if kind.starts_with("serverless") => Source::Serverless(last(snapshot)),
        _ => Source::Name(last(snapshot)),
    }
}

/// When it was taken: a snapshot of several shards when the last of them was.
pub(super) fn taken(snapshot: &sdk::Snapshot) -> Option<&DateTime> {
    let times = snapshot.node_snapshots().iter().filter_map(|node| node.snapshot_create_time());
    times.max_by_key(|time| time.secs())
}

/// All pages; `None` where what they are asked of is not there.
async fn of_groups(request: DescribeSnapshotsFluentBuilder) -> Result<Option<Vec<sdk::Snapshot>>> {
    const GONE: &[&str] = &["CacheClusterNotFound", "ReplicationGroupNotFoundFault", "SnapshotNotFoundFault"];
    let (mut items, mut found) = (request.into_paginator().items().send(), Vec::new());
    while let Some(item) = items.next().await {
        let Some(item) = absent(item, GONE)? else { return Ok(None) };
        found.push(item);
    }
    Ok(Some(found))
}

/// The same, of serverless caches.
async fn of_serverless(
    request: DescribeServerlessCacheSnapshotsFluentBuilder,
) -> Result<Option<Vec<sdk::ServerlessCacheSnapshot>>> {
    const GONE: &[&str] = &["ServerlessCacheNotFoundFault", "ServerlessCacheSnapshotNotFoundFault"];
    let (mut items, mut found) = (request.into_paginator().items().send(), Vec::new());
    while let Some(item) = items.next().await {
        let Some(item) = absent(item, GONE)? else { return Ok(None) };
        found.push(item);
    }
    Ok(Some(found))
}

impl ElastiCache {
    /// One snapshot of a replication group, if it is there.
    pub(super) async fn snapshot(&self, id: &Id, name: &str) -> Result<Option<sdk::Snapshot>> {
        let found = of_groups(self.reader(id).describe_snapshots().snapshot_name(name)).await?;
        Ok(found.unwrap_or_default().into_iter().next())
    }

    /// One snapshot of a serverless cache, if it is there.
    pub(super) async fn serverless_snapshot(
        &self,
        id: &Id,
        name: &str,
    ) -> Result<Option<sdk::ServerlessCacheSnapshot>> {
        let request = self.reader(id).describe_serverless_cache_snapshots().serverless_cache_snapshot_name(name);
        Ok(of_serverless(request).await?.unwrap_or_default().into_iter().next())
    }

    /// The ARN of the snapshot that a serverless cache is made from; a name alone is one of a serverless cache's.
    pub(super) async fn restorable(&self, id: &Id, snapshot: &str) -> Result<String> {
        if snapshot.starts_with("arn:") {
            return Ok(snapshot.to_owned());
        }
        let missing = || Error::invalid(format!("there is no serverless snapshot {snapshot} in {}", id.place.region));
        self.serverless_snapshot(id, snapshot).await?.and_then(|found| found.arn).ok_or_else(missing)
    }

    /// Snapshots of a replication group that stand, newest first. Of a group that is gone all are read.
    pub(super) async fn snapshots_of_group(&self, id: &Id, group: &str) -> Result<Vec<Backup>> {
        let request = || self.reader(id).describe_snapshots();
        let found = match of_groups(request().replication_group_id(group)).await? {
            Some(found) => found,
            None => of_groups(request()).await?.unwrap_or_default(),
        };
        let of_it =
            found.iter().filter(|one| one.replication_group_id().is_some_and(|of| of.eq_ignore_ascii_case(group)));
        Ok(newest_first(
            of_it.filter_map(|one| backup(one.snapshot_name(), taken(one), one.snapshot_status())).collect(),
        ))
    }

    /// The same, of a serverless cache.
    pub(super) async fn snapshots_of_serverless(&self, id: &Id, cache: &str) -> Result<Vec<Backup>> {
        let request = || self.reader(id).describe_serverless_cache_snapshots();
        let found = match of_serverless(request().serverless_cache_name(cache)).await? {
            Some(found) => found,
            None => of_serverless(request()).await?.unwrap_or_default(),
        };
        let is_of_it = |one: &&sdk::ServerlessCacheSnapshot| {
            let of = one.serverless_cache_configuration().and_then(|of| of.serverless_cache_name());
            of.is_some_and(|of| of.eq_ignore_ascii_case(cache))
        };
        let backup = |one: &sdk::ServerlessCacheSnapshot| {
            backup(one.serverless_cache_snapshot_name(), one.create_time(), one.status())
        };
        Ok(newest_first(found.iter().filter(is_of_it).filter_map(backup).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::testing::{cache, group_id, meta, snapshot};
    use aws_sdk_elasticache::Client;
    use aws_sdk_elasticache::operation::describe_serverless_cache_snapshots::DescribeServerlessCacheSnapshotsOutput;
    use aws_sdk_elasticache::operation::describe_snapshots::{DescribeSnapshotsError, DescribeSnapshotsOutput};
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    #[test]
    fn a_snapshot_is_named_or_known_by_its_arn() {
        assert_eq!(source("last"), Source::Name("last"));
        assert_eq!(source("arn:aws:elasticache:eu-west-1:1:snapshot:last"), Source::Name("last"));
        assert_eq!(source("arn:aws:elasticache:eu-west-1:1:serverlesscachesnapshot:last"), Source::Serverless("last"));
    }

    #[tokio::test]
    async fn of_a_group_that_is_gone_its_own_whole_snapshots_are_found_the_newest_first() {
        let gone = mock!(Client::describe_snapshots)
            .match_requests(|request| request.replication_group_id() == Some("sessions"))
            .then_error(|| DescribeSnapshotsError::generic(meta("CacheClusterNotFound")));
        let page = |marker: Option<&'static str>, next: Option<&'static str>, of: fn() -> Vec<sdk::Snapshot>| {
            mock!(Client::describe_snapshots)
                .match_requests(move |request| request.replication_group_id().is_none() && request.marker() == marker)
                .then_output(move || {
                    let answer = DescribeSnapshotsOutput::builder().set_snapshots(Some(of()));
                    answer.set_marker(next.map(str::to_owned)).build()
                })
        };
        let first = page(None, Some("more"), || {
            vec![snapshot("old", "sessions", 1_000).build(), snapshot("theirs", "others", 9_000).build()]
        });
        let second = page(Some("more"), None, || {
            vec![
                snapshot("half", "sessions", 3_000).snapshot_status("creating").build(),
                snapshot("new", "Sessions", 2_000).build(),
            ]
        });
        let cache = cache(mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, [&gone, &first, &second]), None);
        let found = cache.snapshots_of_group(&group_id(), "sessions").await.expect("they are read");
        assert_eq!(found.into_iter().map(|one| one.name).collect::<Vec<_>>(), ["new", "old"]);
    }

    #[tokio::test]
    async fn a_serverless_snapshot_goes_by_its_arn_and_a_missing_one_is_told() {
        let found = mock!(Client::describe_serverless_cache_snapshots)
            .match_requests(|request| request.serverless_cache_snapshot_name() == Some("last"))
            .then_output(|| {
                let of = sdk::ServerlessCacheSnapshot::builder().arn("arn:last").build();
                DescribeServerlessCacheSnapshotsOutput::builder().serverless_cache_snapshots(of).build()
            });
        let none = mock!(Client::describe_serverless_cache_snapshots)
            .then_output(|| DescribeServerlessCacheSnapshotsOutput::builder().build());
        let cache = cache(mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, [&found, &none]), None);
        assert_eq!(cache.restorable(&group_id(), "last").await, Ok("arn:last".into()));
        assert_eq!(cache.restorable(&group_id(), "arn:other").await, Ok("arn:other".into()));
        assert!(cache.restorable(&group_id(), "gone").await.is_err_and(|error| error.is_stalled()));
    }
}
