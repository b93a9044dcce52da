//! Caches on nodes: the replication group of Valkey and Redis OSS, and the cluster of Memcached.

use terrace_crds::cache_tier::{AtRest, Availability, Engine, InTransit, LogDelivery};
use terrace_model::aws::elasticache::{self, CacheCluster, ReplicationGroup};
use terrace_model::{Node, Val};

use super::binding::Endpoint;
use super::design::{Design, older};
use super::parts::{Parts, parameter_group, restore, subnet_group};
use crate::draft::Draft;

/// Nodes that keep part of the data on disk.
pub(super) const DATA_TIERING: &str = "cache.r6gd.";

pub(super) fn replication_group(draft: &mut Draft, design: &Design, parts: &Parts) -> Endpoint {
    let (subnets, parameters) = (subnet_group(draft, design), parameter_group(draft, design));
    let want = wish(draft, design, parts, subnets, parameters);
    let cache: Node<ReplicationGroup> = draft.add("cache", want);
    let host = if design.spec.cluster_mode() {
        cache.out(ReplicationGroup::CONFIGURATION_ENDPOINT)
    } else {
        cache.out(ReplicationGroup::ENDPOINT)
    };
    let reads = !design.spec.cluster_mode() && design.spec.replicas_per_shard() > 0;
    Endpoint {
        host,
        port: cache.out(ReplicationGroup::PORT),
        reader: reads.then(|| cache.out(ReplicationGroup::READER_ENDPOINT)),
    }
}

fn wish(
    draft: &Draft,
    design: &Design,
    parts: &Parts,
    subnets: Val<String>,
    parameters: Val<String>,
) -> ReplicationGroup {
    let (spec, cluster_mode) = (design.spec, design.spec.cluster_mode());
    let node_type = design.node_type();
    ReplicationGroup {
        description: design.title(),
        engine: design.engine(),
        engine_version: Some(spec.engine_version.clone()),
        data_tiering_enabled: node_type.starts_with(DATA_TIERING),
        cache_node_type: node_type,
        num_node_groups: spec.shards().into(),
        replicas_per_node_group: spec.replicas_per_shard().into(),
        cluster_mode: if cluster_mode { "enabled" } else { "disabled" }.into(),
        port: design.port(),
        // With cluster mode AWS asks for it, replicas or not (`CreateReplicationGroup`, AutomaticFailoverEnabled).
        automatic_failover_enabled: cluster_mode || spec.replicas_per_shard() > 0,
        multi_az_enabled: spec.availability == Availability::MultiAZ,
        cache_subnet_group_name: subnets,
        security_group_ids: parts.security_groups(),
        cache_parameter_group_name: parameters,
        at_rest_encryption_enabled: spec.encryption.at_rest == AtRest::Enabled,
        kms_key_id: parts.key.clone(),
        transit_encryption_enabled: design.tls(),
        transit_encryption_mode: tls_mode(design),
        auth_token: parts.login.token(),
        user_group_ids: parts.login.group().into_iter().collect(),
        snapshot_retention_limit: design.snapshot_retention(),
        // Where there are none, it must not be held against the maintenance window.
        snapshot_window: (design.snapshot_retention() > 0).then(|| design.snapshots.window.clone()),
        preferred_maintenance_window: Some(design.maintenance.window.clone()),
        auto_minor_version_upgrade: design.minor_upgrades(),
        apply_immediately: design.apply_immediately(),
        log_delivery_configurations: spec.logs.iter().map(log).collect(),
        network_type: design.network_type(),
        restore_from: restore(design),
        tags: draft.tags(),
    }
}

/// Redis OSS has modes from 7.0 on (`CreateReplicationGroup`, TransitEncryptionMode).
fn tls_mode(design: &Design) -> Option<String> {
    let old = design.spec.engine == Engine::Redis && older(&design.spec.engine_version, (7, 0));
    let mode = match design.spec.encryption.in_transit {
        InTransit::Required => "required",
        InTransit::Preferred => "preferred",
        InTransit::Disabled => return None,
    };
    (!old).then(|| mode.into())
}

fn log(log: &LogDelivery) -> (String, elasticache::LogDelivery) {
    let (kind, destination) = match (&log.log_group, &log.delivery_stream) {
        (Some(group), _) => ("cloudwatch-logs", group.clone()),
        (None, stream) => ("kinesis-firehose", stream.clone().unwrap_or_default()),
    };
    let delivery =
        elasticache::LogDelivery { destination_type: kind.into(), destination, log_format: log.format.as_str().into() };
    (log.type_.as_str().into(), delivery)
}

pub(super) fn memcached(draft: &mut Draft, design: &Design, parts: &Parts) -> Endpoint {
    let spec = design.spec;
    let want = CacheCluster {
        engine: design.engine(),
        engine_version: Some(spec.engine_version.clone()),
        cache_node_type: design.node_type(),
        num_cache_nodes: spec.shards().into(),
        az_mode: if spec.availability == Availability::MultiAZ { "cross-az" } else { "single-az" }.into(),
        port: design.port(),
        cache_subnet_group_name: subnet_group(draft, design),
        security_group_ids: parts.security_groups(),
        cache_parameter_group_name: parameter_group(draft, design),
        transit_encryption_enabled: design.tls(),
        preferred_maintenance_window: Some(design.maintenance.window.clone()),
        auto_minor_version_upgrade: design.minor_upgrades(),
        apply_immediately: design.apply_immediately(),
        network_type: design.network_type(),
        tags: draft.tags(),
    };
    let cache = draft.add("cache", want);
    Endpoint {
        host: cache.out(CacheCluster::CONFIGURATION_ENDPOINT),
        port: cache.out(CacheCluster::PORT),
        reader: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_log_goes_where_it_is_sent() {
        let sent = |destination: serde_json::Value| {
            let mut delivery = json!({"type": "slow-log"});
            delivery.as_object_mut().unwrap().extend(destination.as_object().unwrap().clone());
            let (_, delivery) = log(&serde_json::from_value(delivery).unwrap());
            (delivery.destination_type, delivery.destination, delivery.log_format)
        };
        let expected = |kind: &str, name: &str, format: &str| (kind.into(), name.into(), format.into());
        assert_eq!(sent(json!({"logGroup": "/shop"})), expected("cloudwatch-logs", "/shop", "json"));
        let stream = json!({"deliveryStream": "logs", "format": "Text"});
        assert_eq!(sent(stream), expected("kinesis-firehose", "logs", "text"));
    }
}
