//! Fixtures that the tests of ElastiCache share.

use std::sync::Arc;

use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::operation::list_tags_for_resource::ListTagsForResourceOutput;
use aws_sdk_elasticache::types as sdk;
use aws_sdk_resourcegroupstagging::operation::get_resources::GetResourcesOutput;
use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, Tag};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::DateTime;
use serde_json::{Value, json};
use terrace_model::aws::elasticache::ReplicationGroup;
use terrace_model::identity::tag;
use terrace_model::{Id, SecretRef};

use super::ElastiCache;
use crate::testing::{REGION, clients, id};
pub use crate::testing::{between, meta};

/// The providers' state over a mocked client, and over one of the Tagging API if need be.
pub fn cache(client: Client, tagging: Option<aws_sdk_resourcegroupstagging::Client>) -> Arc<ElastiCache> {
    let clients = clients().with_client(REGION, client);
    ElastiCache::new(match tagging {
        Some(tagging) => clients.with_client(REGION, tagging),
        None => clients,
    })
}

/// The same, beside a secret of which one version is there.
pub fn cache_with_secret(client: Client, version: &'static str, value: &'static str) -> Arc<ElastiCache> {
    let read = mock!(aws_sdk_secretsmanager::Client::get_secret_value)
        .match_requests(move |request| request.version_id() == Some(version))
        .then_output(move || GetSecretValueOutput::builder().secret_string(value).build());
    let shelf = mock_client!(aws_sdk_secretsmanager, RuleMode::MatchAny, [&read]);
    ElastiCache::new(clients().with_client(REGION, client).with_client(REGION, shelf))
}

/// A Tagging API that lists these ARNs, each with a tag of ours.
pub fn tagging(arns: fn() -> Vec<String>) -> aws_sdk_resourcegroupstagging::Client {
    let listed = mock!(aws_sdk_resourcegroupstagging::Client::get_resources).then_output(move || {
        let mapping = |arn: String| {
            let tag = Tag::builder().key(tag::UID).value("x").build().expect("it is whole");
            ResourceTagMapping::builder().resource_arn(arn).tags(tag).build()
        };
        let list = arns().into_iter().map(mapping).collect();
        GetResourcesOutput::builder().set_resource_tag_mapping_list(Some(list)).build()
    });
    mock_client!(aws_sdk_resourcegroupstagging, RuleMode::MatchAny, [&listed])
}

/// ListTagsForResource with these tags.
pub fn tagged(tags: &[(&'static str, &'static str)]) -> Rule {
    let tags = tags.to_vec();
    mock!(Client::list_tags_for_resource).then_output(move || {
        let all = tags.iter().map(|(key, value)| sdk::Tag::builder().key(*key).value(*value).build());
        ListTagsForResourceOutput::builder().set_tag_list(Some(all.collect())).build()
    })
}

/// A version of a secret.
pub fn token(version: &str) -> SecretRef {
    SecretRef { arn: "arn:secret".into(), version: version.into() }
}

pub fn group_id() -> Id {
    id::<ReplicationGroup>("cache")
}

/// A wish as the CacheTier makes it.
pub fn wish() -> ReplicationGroup {
    let value: Value = json!({
        "description": "sessions", "engine": "valkey", "engineVersion": "8.0", "cacheNodeType": "cache.r7g.large",
        "numNodeGroups": 1, "replicasPerNodeGroup": 1, "clusterMode": "disabled", "port": 6379,
        "automaticFailoverEnabled": true, "multiAzEnabled": true, "cacheSubnetGroupName": "subnets",
        "securityGroupIds": ["sg-1"], "cacheParameterGroupName": "default.valkey8",
        "atRestEncryptionEnabled": true, "kmsKeyId": "arn:key/own", "transitEncryptionEnabled": true,
        "transitEncryptionMode": "required", "authToken": null, "userGroupIds": [],
        "snapshotRetentionLimit": 7, "snapshotWindow": "02:00-03:00",
        "preferredMaintenanceWindow": "sun:03:00-sun:04:00", "autoMinorVersionUpgrade": true,
        "applyImmediately": true, "logDeliveryConfigurations": {}, "dataTieringEnabled": false,
        "networkType": "ipv4", "restoreFrom": null, "tags": {"team": "shop"},
    });
    serde_json::from_value(value).expect("a wish is whole")
}

/// A shard of so many nodes.
pub fn shard(id: &str, nodes: usize) -> sdk::NodeGroup {
    let endpoint = |host: &str| sdk::Endpoint::builder().address(host).port(6379).build();
    let member = sdk::NodeGroupMember::builder().build();
    sdk::NodeGroup::builder()
        .node_group_id(id)
        .primary_endpoint(endpoint("primary.cache"))
        .reader_endpoint(endpoint("reader.cache"))
        .set_node_group_members(Some(vec![member; nodes]))
        .build()
}

/// The wished group as AWS describes it.
pub fn described() -> sdk::builders::ReplicationGroupBuilder {
    sdk::ReplicationGroup::builder()
        .replication_group_id("Sessions")
        .arn("arn:aws:elasticache:eu-west-1:123456789012:replicationgroup:sessions")
        .status("available")
        .description("sessions")
        .engine("valkey")
        .cache_node_type("cache.r7g.large")
        .member_clusters("Sessions-001")
        .node_groups(shard("0001", 2))
        .automatic_failover(sdk::AutomaticFailoverStatus::Enabled)
        .multi_az(sdk::MultiAzStatus::Enabled)
        .cluster_enabled(false)
        .cluster_mode(sdk::ClusterMode::Disabled)
        .snapshot_retention_limit(7)
        .snapshot_window("02:00-03:00")
        .auth_token_enabled(false)
        .transit_encryption_enabled(true)
        .transit_encryption_mode(sdk::TransitEncryptionMode::Required)
        .at_rest_encryption_enabled(true)
        .kms_key_id("arn:key/own")
        .data_tiering(sdk::DataTieringStatus::Disabled)
        .auto_minor_version_upgrade(true)
        .network_type(sdk::NetworkType::Ipv4)
}

/// One of its nodes.
pub fn node() -> sdk::builders::CacheClusterBuilder {
    sdk::CacheCluster::builder()
        .cache_cluster_id("Sessions-001")
        .cache_cluster_status("available")
        .engine("valkey")
        .engine_version("8.0.1")
        .cache_subnet_group_name("subnets")
        .security_groups(sdk::SecurityGroupMembership::builder().security_group_id("sg-1").status("active").build())
        .security_groups(sdk::SecurityGroupMembership::builder().security_group_id("sg-2").status("removing").build())
        .cache_parameter_group(
            sdk::CacheParameterGroupStatus::builder().cache_parameter_group_name("default.valkey8").build(),
        )
        .preferred_maintenance_window("sun:03:00-sun:04:00")
}

/// A whole snapshot of a group, taken at so many seconds.
pub fn snapshot(name: &str, group: &str, taken: i64) -> sdk::builders::SnapshotBuilder {
    let node = sdk::NodeSnapshot::builder().snapshot_create_time(DateTime::from_secs(taken)).build();
    sdk::Snapshot::builder()
        .snapshot_name(name)
        .replication_group_id(group)
        .snapshot_status("available")
        .node_snapshots(node)
}
