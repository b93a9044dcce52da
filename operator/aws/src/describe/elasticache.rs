//! Snapshots of caches.
//!
//! From the ElastiCache API reference, DescribeSnapshots and DescribeServerlessCacheSnapshots: neither shows tags, nor what
//! another account has.

use aws_sdk_elasticache::Client;
use terrace_engine::Result;

use super::Existing;
use crate::errors::{absent, classify};
use crate::tags;

/// A snapshot of a replication group or cluster, by name.
pub async fn snapshot(client: &Client, name: &str) -> Result<Option<Existing>> {
    let answer = absent(client.describe_snapshots().snapshot_name(name).send().await, &["SnapshotNotFoundFault"])?;
    let found = answer.and_then(|answer| answer.snapshots).and_then(|list| list.into_iter().next());
    let Some(found) = found else { return Ok(None) };
    existing(client, found.arn, found.engine).await
}

/// A snapshot of a serverless cache, by name.
pub async fn serverless_snapshot(client: &Client, name: &str) -> Result<Option<Existing>> {
    let request = client.describe_serverless_cache_snapshots().serverless_cache_snapshot_name(name);
    let answer = absent(request.send().await, &["ServerlessCacheSnapshotNotFoundFault"])?;
    let found = answer.and_then(|answer| answer.serverless_cache_snapshots).and_then(|list| list.into_iter().next());
    let Some(found) = found else { return Ok(None) };
    existing(client, found.arn, found.serverless_cache_configuration.and_then(|cache| cache.engine)).await
}

async fn existing(client: &Client, arn: Option<String>, engine: Option<String>) -> Result<Option<Existing>> {
    let arn = arn.unwrap_or_default();
    let listed = client.list_tags_for_resource().resource_name(&arn).send().await.map_err(classify)?;
    let tags = tags::read(listed.tag_list().iter().map(|tag| (tag.key(), tag.value())));
    Ok(Some(Existing { arn, engine, tags, ..Existing::default() }))
}
