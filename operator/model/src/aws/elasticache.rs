//! Amazon ElastiCache: replication groups (Valkey, Redis OSS), Memcached clusters, serverless caches, and the groups and
//! users that they need.
//!
//! Fields and units follow the ElastiCache API reference (CreateReplicationGroup, CreateCacheCluster,
//! CreateServerlessCache, CreateUser and their Modify counterparts). What a Modify does not take replaces. No version goes
//! down (API reference, ModifyReplicationGroup, `EngineVersion`): the diff refuses that for every `Prefix`. An engine goes
//! from redis to valkey in place (`Engine` of the same call), and no other way.
//!
//! Longest names: replication group and serverless cache 40 characters, Memcached cluster 50 (`ReplicationGroupId`,
//! `CacheClusterId`). All ids are kept in lower case.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::resource::{Novelty, Out, Replace, Resource, Rule};
use crate::val::{SecretRef, Val};

/// The subnets that a cache may stand in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CacheSubnetGroup {
    pub description: String,
    pub subnet_ids: BTreeSet<String>,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CacheGroupOutputs {
    pub name: Option<String>,
    pub arn: Option<String>,
}

impl CacheSubnetGroup {
    pub const NAME: Out<Self, String> = Out::new("name");
}

impl Resource for CacheSubnetGroup {
    const KIND: &'static str = "elasticache/CacheSubnetGroup";
    const NOVELTY: Novelty = Novelty::Named;
    const FIELDS: &'static [(&'static str, Rule)] = &[("tags", Rule::Keyed)];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = CacheGroupOutputs;
}

/// Engine settings. Some take effect at once, some at the next reboot (`ChangeType` of a parameter).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CacheParameterGroup {
    /// As `valkey8`, `redis6.x` or `memcached1.6`.
    pub family: String,
    pub description: String,
    pub parameters: BTreeMap<String, String>,
    pub tags: Tags,
}

impl CacheParameterGroup {
    pub const NAME: Out<Self, String> = Out::new("name");
}

impl Resource for CacheParameterGroup {
    const KIND: &'static str = "elasticache/CacheParameterGroup";
    const NOVELTY: Novelty = Novelty::Named;
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("family", Rule::Replace),
        ("description", Rule::OnCreate),
        ("parameters", Rule::Keyed),
        ("tags", Rule::Keyed),
    ];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = CacheGroupOutputs;
}

/// What a cache is made from, instead of empty.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CacheRestore {
    /// Name of a snapshot of the same form (of a replication group, or of a serverless cache), or ARN of one of either.
    pub snapshot: String,
}

/// Where one log goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogDelivery {
    /// `cloudwatch-logs` or `kinesis-firehose`.
    pub destination_type: String,
    /// Name of the log group or the stream.
    pub destination: String,
    /// `json` or `text`.
    pub log_format: String,
}

/// Valkey or Redis OSS on nodes: one shard with cluster mode off, one or more with it on.
///
/// Shards and replicas are changed by calls of their own, at once (ModifyReplicationGroupShardConfiguration,
/// IncreaseReplicaCount, DecreaseReplicaCount).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplicationGroup {
    pub description: String,
    /// `valkey` or `redis`.
    pub engine: String,
    pub engine_version: Option<String>,
    pub cache_node_type: String,
    /// Shards.
    pub num_node_groups: i32,
    /// 0 to 5.
    pub replicas_per_node_group: i32,
    /// `enabled` or `disabled`.
    pub cluster_mode: String,
    pub port: i32,
    pub automatic_failover_enabled: bool,
    /// The API writes it `MultiAZEnabled`.
    pub multi_az_enabled: bool,
    pub cache_subnet_group_name: Val<String>,
    pub security_group_ids: BTreeSet<Val<String>>,
    pub cache_parameter_group_name: Val<String>,
    pub at_rest_encryption_enabled: bool,
    /// ARN of the key; absent for the service's own.
    pub kms_key_id: Option<Val<String>>,
    /// On and off by way of the mode `preferred`, a call each.
    pub transit_encryption_enabled: bool,
    /// `required` or `preferred`; absent where there is no TLS, and on Redis OSS before 7, which has no modes.
    pub transit_encryption_mode: Option<String>,
    /// The AUTH token. Taken away by `user_group_ids` only (`AuthTokenUpdateStrategy` DELETE).
    pub auth_token: Option<SecretRef>,
    pub user_group_ids: BTreeSet<Val<String>>,
    /// Days; 0 for no automatic snapshots.
    pub snapshot_retention_limit: i32,
    /// UTC, `hh24:mi-hh24:mi`.
    pub snapshot_window: Option<String>,
    /// UTC, `ddd:hh24:mi-ddd:hh24:mi`.
    pub preferred_maintenance_window: Option<String>,
    pub auto_minor_version_upgrade: bool,
    /// Changes are made at once, not in the maintenance window.
    pub apply_immediately: bool,
    /// By type: `slow-log`, `engine-log`.
    pub log_delivery_configurations: BTreeMap<String, LogDelivery>,
    /// Only on r6gd nodes, and always there.
    pub data_tiering_enabled: bool,
    /// `ipv4` or `dual_stack`.
    pub network_type: Option<String>,
    pub restore_from: Option<CacheRestore>,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicationGroupOutputs {
    pub identifier: Option<String>,
    pub arn: Option<String>,
    /// Host name of the primary; none with cluster mode.
    pub endpoint: Option<String>,
    /// Host name that spreads reads over the replicas; none with cluster mode.
    pub reader_endpoint: Option<String>,
    /// Host name with cluster mode.
    pub configuration_endpoint: Option<String>,
    pub port: Option<i32>,
    /// Of its nodes (`CacheCluster`).
    pub engine_version: Option<String>,
}

impl ReplicationGroup {
    pub const IDENTIFIER: Out<Self, String> = Out::new("identifier");
    pub const ARN: Out<Self, String> = Out::new("arn");
    pub const ENDPOINT: Out<Self, String> = Out::new("endpoint");
    pub const READER_ENDPOINT: Out<Self, String> = Out::new("readerEndpoint");
    pub const CONFIGURATION_ENDPOINT: Out<Self, String> = Out::new("configurationEndpoint");
    pub const PORT: Out<Self, i32> = Out::new("port");
    pub const ENGINE_VERSION: Out<Self, String> = Out::new("engineVersion");
}

impl Resource for ReplicationGroup {
    const KIND: &'static str = "elasticache/ReplicationGroup";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("engineVersion", Rule::Prefix),
        ("clusterMode", Rule::Replace),
        ("port", Rule::Replace),
        ("cacheSubnetGroupName", Rule::Replace),
        ("atRestEncryptionEnabled", Rule::Replace),
        ("kmsKeyId", Rule::Replace),
        ("dataTieringEnabled", Rule::Replace),
        ("networkType", Rule::Replace),
        ("applyImmediately", Rule::OnCreate),
        ("restoreFrom", Rule::OnCreate),
        ("tags", Rule::Keyed),
    ];
    const HOLDS_DATA: bool = true;
    const SNAPSHOTS: bool = true;
    const RESTORES: Option<&'static str> = Some("restoreFrom");
    const CARRIES: &'static [&'static str] =
        &["port", "cacheSubnetGroupName", "atRestEncryptionEnabled", "kmsKeyId", "networkType"];
    type Outputs = ReplicationGroupOutputs;
}

/// Memcached on nodes. Its data is that of a cache that every restart of a node empties, and no snapshot can be taken of
/// it: it counts as holding none.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CacheCluster {
    /// `memcached`.
    pub engine: String,
    pub engine_version: Option<String>,
    pub cache_node_type: String,
    pub num_cache_nodes: i32,
    /// `single-az` or `cross-az`. Nodes that stand are not moved (API reference, ModifyCacheCluster, `AZMode`).
    pub az_mode: String,
    pub port: i32,
    pub cache_subnet_group_name: Val<String>,
    pub security_group_ids: BTreeSet<Val<String>>,
    pub cache_parameter_group_name: Val<String>,
    pub transit_encryption_enabled: bool,
    pub preferred_maintenance_window: Option<String>,
    pub auto_minor_version_upgrade: bool,
    pub apply_immediately: bool,
    pub network_type: Option<String>,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CacheClusterOutputs {
    pub identifier: Option<String>,
    pub arn: Option<String>,
    /// Host name by which clients find the nodes (auto discovery).
    pub configuration_endpoint: Option<String>,
    pub port: Option<i32>,
    pub engine_version: Option<String>,
}

impl CacheCluster {
    pub const ARN: Out<Self, String> = Out::new("arn");
    pub const CONFIGURATION_ENDPOINT: Out<Self, String> = Out::new("configurationEndpoint");
    pub const PORT: Out<Self, i32> = Out::new("port");
    pub const ENGINE_VERSION: Out<Self, String> = Out::new("engineVersion");
}

impl Resource for CacheCluster {
    const KIND: &'static str = "elasticache/CacheCluster";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("engine", Rule::Replace),
        ("engineVersion", Rule::Prefix),
        ("azMode", Rule::Replace),
        ("port", Rule::Replace),
        ("cacheSubnetGroupName", Rule::Replace),
        ("transitEncryptionEnabled", Rule::Replace),
        ("networkType", Rule::Replace),
        ("applyImmediately", Rule::OnCreate),
        ("tags", Rule::Keyed),
    ];
    type Outputs = CacheClusterOutputs;
}

/// A cache that AWS sizes. It always has TLS, and is always encrypted at rest.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServerlessCache {
    pub description: String,
    /// `valkey`, `redis` or `memcached`.
    pub engine: String,
    /// As `8`, or `1.6` of Memcached.
    pub major_engine_version: String,
    pub cache_usage_limits: CacheUsageLimits,
    /// ARN of the key; absent for the service's own.
    pub kms_key_id: Option<Val<String>>,
    pub security_group_ids: BTreeSet<Val<String>>,
    /// Where its endpoints are: two or three, each in a zone of its own.
    pub subnet_ids: BTreeSet<String>,
    /// Empty for none, as the API shows it.
    pub user_group_id: Val<String>,
    /// Days; 0 for no automatic snapshots.
    pub snapshot_retention_limit: i32,
    /// UTC, `hh24:mi`.
    pub daily_snapshot_time: Option<String>,
    pub network_type: Option<String>,
    pub restore_from: Option<CacheRestore>,
    pub tags: Tags,
}

/// The most that a serverless cache may use.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CacheUsageLimits {
    /// GB (`DataStorage`, Maximum).
    pub data_storage: i32,
    /// ElastiCache processing units (`ECPUPerSecond`, Maximum).
    pub ecpu_per_second: i32,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerlessCacheOutputs {
    pub name: Option<String>,
    pub arn: Option<String>,
    pub endpoint: Option<String>,
    pub port: Option<i32>,
    /// `FullEngineVersion`.
    pub engine_version: Option<String>,
}

impl ServerlessCache {
    pub const ARN: Out<Self, String> = Out::new("arn");
    pub const ENDPOINT: Out<Self, String> = Out::new("endpoint");
    pub const PORT: Out<Self, i32> = Out::new("port");
    pub const ENGINE_VERSION: Out<Self, String> = Out::new("engineVersion");
}

impl Resource for ServerlessCache {
    const KIND: &'static str = "elasticache/ServerlessCache";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("majorEngineVersion", Rule::Prefix),
        ("kmsKeyId", Rule::Replace),
        // It stays where it was made: that the network has got other subnets is no reason to make it anew.
        ("subnetIds", Rule::OnCreate),
        ("networkType", Rule::Replace),
        ("restoreFrom", Rule::OnCreate),
        ("tags", Rule::Keyed),
    ];
    const HOLDS_DATA: bool = true;
    const SNAPSHOTS: bool = true;
    const RESTORES: Option<&'static str> = Some("restoreFrom");
    const CARRIES: &'static [&'static str] = &["kmsKeyId", "networkType"];
    type Outputs = ServerlessCacheOutputs;
}

/// Somebody who may log in to the caches of a user group.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    /// `valkey` or `redis`, as the caches.
    pub engine: String,
    pub user_name: String,
    /// In the language of ACLs (ElastiCache User Guide, "Specifying permissions using an access string").
    pub access_string: String,
    /// The one password; a user of Valkey must have one (the same guide, "Role-Based Access Control").
    pub password: SecretRef,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserOutputs {
    /// `UserId`.
    pub identifier: Option<String>,
    pub arn: Option<String>,
}

impl User {
    pub const IDENTIFIER: Out<Self, String> = Out::new("identifier");
}

impl Resource for User {
    const KIND: &'static str = "elasticache/User";
    const FIELDS: &'static [(&'static str, Rule)] = &[("userName", Rule::Replace), ("tags", Rule::Keyed)];
    type Outputs = UserOutputs;
}

/// The users of a cache. One of them is named `default`: clients that name nobody are taken for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserGroup {
    pub engine: String,
    pub user_ids: BTreeSet<Val<String>>,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserGroupOutputs {
    /// `UserGroupId`.
    pub identifier: Option<String>,
    pub arn: Option<String>,
}

impl UserGroup {
    pub const IDENTIFIER: Out<Self, String> = Out::new("identifier");
}

impl Resource for UserGroup {
    const KIND: &'static str = "elasticache/UserGroup";
    const FIELDS: &'static [(&'static str, Rule)] = &[("tags", Rule::Keyed)];
    type Outputs = UserGroupOutputs;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{Diff, Effect, OwnedKeys, diff};
    use crate::resource::KindSpec;
    use serde_json::{Value, json};

    fn group() -> Value {
        json!({
            "description": "sessions", "engine": "redis", "engineVersion": "7.1", "cacheNodeType": "cache.r7g.large",
            "numNodeGroups": 2, "replicasPerNodeGroup": 1, "clusterMode": "enabled", "port": 6379,
            "automaticFailoverEnabled": true, "multiAzEnabled": true, "cacheSubnetGroupName": "subnets",
            "securityGroupIds": ["sg-1"], "cacheParameterGroupName": "default.redis7.cluster.on",
            "atRestEncryptionEnabled": true, "kmsKeyId": null, "transitEncryptionEnabled": true,
            "transitEncryptionMode": "required", "authToken": null, "userGroupIds": ["users"],
            "snapshotRetentionLimit": 7, "snapshotWindow": "02:00-03:00",
            "preferredMaintenanceWindow": "sun:03:00-sun:04:00", "autoMinorVersionUpgrade": true,
            "applyImmediately": false, "logDeliveryConfigurations": {}, "dataTieringEnabled": false,
            "networkType": "ipv4", "restoreFrom": null, "tags": {},
        })
    }

    fn change<R: Resource>(have: &Value, edit: Value) -> Diff {
        let mut want = have.clone();
        for (field, value) in edit.as_object().expect("an edit") {
            want[field] = value.clone();
        }
        let spec = KindSpec::of::<R>();
        let want = (spec.normalise)(&want).expect("a wish");
        diff(&spec, &want, have, &OwnedKeys::new(), &BTreeMap::new())
    }

    fn effects<R: Resource>(have: &Value, edit: Value) -> Vec<Effect> {
        change::<R>(have, edit).0.into_iter().map(|change| change.effect).collect()
    }

    #[test]
    fn what_a_modify_takes_is_changed_in_place() {
        for edit in [
            json!({"numNodeGroups": 4}),
            json!({"numNodeGroups": 1}),
            json!({"replicasPerNodeGroup": 0}),
            json!({"cacheNodeType": "cache.m7g.large"}),
            json!({"cacheParameterGroupName": "own"}),
            json!({"securityGroupIds": ["sg-2"]}),
            json!({"userGroupIds": []}),
            json!({"authToken": {"arn": "arn:a", "version": "1"}}),
            json!({"transitEncryptionMode": "preferred"}),
            json!({"snapshotRetentionLimit": 0}),
            json!({"logDeliveryConfigurations": {"slow-log": {"destinationType": "cloudwatch-logs", "destination": "a", "logFormat": "json"}}}),
        ] {
            assert_eq!(effects::<ReplicationGroup>(&group(), edit.clone()), [Effect::InPlace], "{edit}");
        }
        let to_valkey = json!({"engine": "valkey", "engineVersion": "8.2", "cacheParameterGroupName": "other"});
        assert_eq!(effects::<ReplicationGroup>(&group(), to_valkey), [Effect::InPlace; 3]);
    }

    #[test]
    fn what_no_modify_takes_replaces() {
        for edit in [
            json!({"clusterMode": "disabled"}),
            json!({"port": 6380}),
            json!({"cacheSubnetGroupName": "others"}),
            json!({"atRestEncryptionEnabled": false}),
            json!({"kmsKeyId": "arn:k"}),
            json!({"dataTieringEnabled": true}),
            json!({"networkType": "dual_stack"}),
        ] {
            assert_eq!(effects::<ReplicationGroup>(&group(), edit.clone()), [Effect::Replace], "{edit}");
        }
    }

    #[test]
    fn a_version_is_satisfied_by_what_it_begins_and_never_goes_down() {
        let mut have = group();
        have["engineVersion"] = json!("7.1.0");
        assert!(change::<ReplicationGroup>(&have, json!({"engineVersion": "7.1"})).is_empty());
        assert_eq!(effects::<ReplicationGroup>(&have, json!({"engineVersion": "7.2"})), [Effect::InPlace]);
        assert!(change::<ReplicationGroup>(&have, json!({"engineVersion": "7.0"})).refused().is_some());
        assert!(change::<ReplicationGroup>(&have, json!({"engineVersion": "6.2"})).refused().is_some());
    }

    #[test]
    fn what_holds_data_carries_it_over_through_a_snapshot() {
        for spec in [KindSpec::of::<ReplicationGroup>(), KindSpec::of::<ServerlessCache>()] {
            assert!(spec.holds_data && spec.snapshots && spec.restores == Some("restoreFrom"), "{}", spec.kind);
            let replaces = |field: &&str| spec.rule(field) == Some(Rule::Replace);
            assert!(spec.carries.iter().all(replaces), "{}", spec.kind);
        }
        let memcached = KindSpec::of::<CacheCluster>();
        assert!(!memcached.holds_data && !memcached.snapshots);
    }

    #[test]
    fn a_user_group_can_be_taken_from_a_serverless_cache() {
        let have = json!({
            "description": "", "engine": "valkey", "majorEngineVersion": "8", "kmsKeyId": null,
            "cacheUsageLimits": {"dataStorage": 10, "ecpuPerSecond": 5000}, "securityGroupIds": [], "subnetIds": ["a"],
            "userGroupId": "users", "snapshotRetentionLimit": 0, "dailySnapshotTime": null, "networkType": "ipv4",
            "restoreFrom": null, "tags": {},
        });
        assert_eq!(effects::<ServerlessCache>(&have, json!({"userGroupId": ""})), [Effect::InPlace]);
        assert!(effects::<ServerlessCache>(&have, json!({"subnetIds": ["b"]})).is_empty());
        assert_eq!(effects::<ServerlessCache>(&have, json!({"kmsKeyId": "arn:k"})), [Effect::Replace]);
    }
}
