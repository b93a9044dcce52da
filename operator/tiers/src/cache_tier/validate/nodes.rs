//! Nodes: which types there are, which engine takes which, and how many there may be.
//!
//! ElastiCache User Guide, "Supported node types", "Data tiering", "Quotas for ElastiCache". What a region or a version lacks of
//! these, AWS says.

use terrace_crds::CacheTierSpec;
use terrace_crds::cache_tier::Engine;

use super::super::design::older;
use super::super::nodes::DATA_TIERING;
use crate::Invalid;

const FAMILIES: &[&str] =
    &["c7gn", "c8gn", "m4", "m5", "m6g", "m7g", "m8g", "r4", "r5", "r6g", "r6gd", "r7g", "r8g", "t2", "t3", "t4g"];
const SIZES: &[&str] =
    &["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "10xlarge", "12xlarge", "16xlarge", "24xlarge"];
const BURSTABLE_SIZES: &[&str] = &["micro", "small", "medium"];
/// Nodes in a replication group, replicas counted, where the quota has been raised.
const MOST_NODES: u32 = 500;

pub(super) fn check(spec: &CacheTierSpec, invalid: &mut Invalid) {
    let Some(node_type) = spec.node_type.as_deref() else {
        return;
    };
    if !exists(node_type) {
        invalid.add(
            "spec.nodeType",
            format!("{node_type} is no node type: use one that ElastiCache has, such as cache.r7g.large"),
        );
    }
    if node_type.starts_with(DATA_TIERING) {
        data_tiering(spec, invalid);
    }
    let (shards, replicas) = (u32::from(spec.shards()), u32::from(spec.replicas_per_shard()));
    let nodes = shards * (1 + replicas);
    if nodes > MOST_NODES {
        invalid.add(
            "spec.shards",
            format!(
                "{shards} shards with {replicas} replicas each are {nodes} nodes, and AWS gives {MOST_NODES} at most: lower shards or replicasPerShard"
            ),
        );
    }
}

fn exists(node_type: &str) -> bool {
    let (family, size) = node_type.strip_prefix("cache.").and_then(|rest| rest.split_once('.')).unwrap_or_default();
    let sizes = if family.starts_with('t') { BURSTABLE_SIZES } else { SIZES };
    // What tiers data begins at xlarge.
    FAMILIES.contains(&family) && sizes.contains(&size) && !(family == "r6gd" && size == "large")
}

fn data_tiering(spec: &CacheTierSpec, invalid: &mut Invalid) {
    let message = match spec.engine {
        Engine::Memcached => "memcached has no data tiering: use another node type, such as cache.r7g.large",
        Engine::Redis if older(&spec.engine_version, (6, 2)) => {
            "redis tiers data (r6gd) from 6.2 on: take a newer engineVersion, or a node type such as cache.r7g.large"
        }
        Engine::Redis | Engine::Valkey => return,
    };
    invalid.add("spec.nodeType", message);
}
