//! What ElastiCache costs: nodes by the hour, serverless caches by what they hold ("Amazon ElastiCache pricing").

use super::bill::{Bill, Resource};

const BACKUPS: &str = "snapshots of caches take no more than their free share";

/// Valkey or Redis OSS on nodes.
pub(super) fn replication_group(cache: &Resource, bill: &mut Bill) {
    bill.assume(BACKUPS);
    match (cache.number("numNodeGroups"), cache.number("replicasPerNodeGroup")) {
        (Some(shards), Some(replicas)) => nodes(cache, shards * (1.0 + replicas), bill),
        _ => bill.lacks("the number of its nodes is not known"),
    }
}

/// Memcached on nodes.
pub(super) fn cluster(cache: &Resource, bill: &mut Bill) {
    match cache.number("numCacheNodes") {
        Some(count) => nodes(cache, count, bill),
        None => bill.lacks("the number of its nodes is not known"),
    }
}

fn nodes(cache: &Resource, count: f64, bill: &mut Bill) {
    bill.add(&format!("elasticache/{}/{}", cache.text("engine"), cache.text("cacheNodeType")), count);
}

/// A serverless cache pays for 100 MB of data at least with Valkey, for 1 GB with the others.
pub(super) fn serverless(cache: &Resource, bill: &mut Bill) {
    let engine = cache.text("engine");
    let least = if engine == "valkey" { 0.1 } else { 1.0 };
    let data = format!("elasticache-serverless/{engine}/data");
    bill.add(&data, least);
    bill.assume(format!("a serverless cache of {engine} holds no more than the {least} GB that are paid for at least"));
    bill.assume(BACKUPS);
    bill.by_use("data beyond the least", &data);
    bill.by_use("requests", &format!("elasticache-serverless/{engine}/requests"));
}
