//! Caches and what they need. Caches share their port with the emulator's: it knows no other.

use serde_json::json;
use terrace_model::aws::elasticache::{
    CacheCluster, CacheParameterGroup, CacheSubnetGroup, CacheUsageLimits, ReplicationGroup, ServerlessCache, User,
    UserGroup,
};
use terrace_model::{Resource, SecretRef};

use crate::cases::{parameters, secret, tag_edits, tags};
use crate::stage::{Case, Make, Stage, edit, one_way};

/// By kind, each before whatever uses it.
pub const CASES: &[(&str, Make)] = &[
    (CacheSubnetGroup::KIND, subnet_group),
    (CacheParameterGroup::KIND, parameter_group),
    (User::KIND, default_user),
    (User::KIND, guest),
    (User::KIND, user),
    (UserGroup::KIND, user_group),
    (ReplicationGroup::KIND, replication_group),
    (ReplicationGroup::KIND, sharded),
    (CacheCluster::KIND, memcached),
    (ServerlessCache::KIND, serverless),
];

/// The password before and after.
pub const SECRETS: &[Make] = &[secret, other_secret];

fn other_secret(stage: &Stage) -> Case {
    Case { node: "other-secret", ..named(secret(stage), "other-secret") }
}

/// The same case under another node.
fn named(mut case: Case, node: &'static str) -> Case {
    case.id.node = node.into();
    case.want["tags"]["terrace.dev/node"] = json!(node);
    Case { node, edits: Vec::new(), ..case }
}

fn password(stage: &Stage, node: &str) -> SecretRef {
    SecretRef { arn: stage.out(node, "arn").as_str().into(), version: stage.out(node, "version").as_str().into() }
}

fn subnet_group(stage: &Stage) -> Case {
    let want = CacheSubnetGroup {
        description: "Subnets of sessions".into(),
        subnet_ids: stage.subnets[..2].iter().cloned().collect(),
        tags: tags(),
    };
    let mut edits = tag_edits();
    edits.extend([edit("subnetIds", json!(stage.subnets)), edit("description", "Other subnets")]);
    Case::new("cache-subnets", &want, edits)
}

fn parameter_group(_: &Stage) -> Case {
    let want = CacheParameterGroup {
        family: "valkey8".into(),
        description: "Settings of sessions".into(),
        parameters: parameters(&[("maxmemory-policy", "noeviction")]),
        tags: tags(),
    };
    let mut edits = tag_edits();
    edits.push(edit("parameters", json!({"maxmemory-policy": "allkeys-lru", "timeout": "10"})));
    edits.push(edit("parameters", json!({})));
    Case::new("cache-parameters", &want, edits)
}

fn of_name(stage: &Stage, name: &str) -> User {
    User {
        engine: "valkey".into(),
        user_name: name.into(),
        access_string: "on ~* &* +@all".into(),
        password: password(stage, "secret"),
        tags: tags(),
    }
}

fn default_user(stage: &Stage) -> Case {
    Case::new("default-user", &User { access_string: "off -@all".into(), ..of_name(stage, "default") }, Vec::new())
}

fn guest(stage: &Stage) -> Case {
    Case::new("guest", &of_name(stage, "guest"), Vec::new())
}

fn user(stage: &Stage) -> Case {
    let mut edits = tag_edits();
    edits.extend([
        edit("accessString", "on ~app:* -@all +@read"),
        edit("password", json!(password(stage, "other-secret"))),
        edit("engine", "redis"),
    ]);
    Case::new("user", &of_name(stage, "terrace"), edits)
}

fn user_group(stage: &Stage) -> Case {
    let ids = |nodes: &[&str]| nodes.iter().map(|node| stage.out(node, "identifier")).collect::<Vec<_>>();
    let users = ids(&["default-user", "user"]);
    let want = UserGroup {
        engine: "valkey".into(),
        user_ids: users.iter().map(|id| id.as_str().into()).collect(),
        tags: tags(),
    };
    let mut edits = tag_edits();
    edits.extend([
        edit("userIds", json!(ids(&["default-user", "guest"]))),
        edit("userIds", json!(ids(&["default-user", "guest", "user"]))),
        edit("engine", "redis"),
    ]);
    Case::new("users", &want, edits)
}

fn wish(stage: &Stage) -> ReplicationGroup {
    ReplicationGroup {
        description: "Sessions".into(),
        engine: "valkey".into(),
        engine_version: Some("8.0".into()),
        cache_node_type: "cache.r7g.large".into(),
        num_node_groups: 1,
        replicas_per_node_group: 1,
        cluster_mode: "disabled".into(),
        port: 6379,
        automatic_failover_enabled: true,
        multi_az_enabled: true,
        cache_subnet_group_name: stage.out("cache-subnets", "name").as_str().into(),
        security_group_ids: [stage.security_groups[0].as_str().into()].into(),
        cache_parameter_group_name: stage.out("cache-parameters", "name").as_str().into(),
        at_rest_encryption_enabled: true,
        kms_key_id: None,
        transit_encryption_enabled: true,
        transit_encryption_mode: Some("required".into()),
        auth_token: None,
        user_group_ids: Default::default(),
        snapshot_retention_limit: 7,
        snapshot_window: Some("02:00-03:00".into()),
        preferred_maintenance_window: Some("sun:05:00-sun:06:00".into()),
        auto_minor_version_upgrade: true,
        apply_immediately: true,
        log_delivery_configurations: Default::default(),
        data_tiering_enabled: false,
        network_type: Some("ipv4".into()),
        restore_from: None,
        tags: tags(),
    }
}

/// One shard, with a token.
fn replication_group(stage: &Stage) -> Case {
    let want = ReplicationGroup { auth_token: Some(password(stage, "secret")), ..wish(stage) };
    let log = json!({"destinationType": "cloudwatch-logs", "destination": "/shop", "logFormat": "json"});
    let stream = json!({"destinationType": "kinesis-firehose", "destination": "logs", "logFormat": "text"});
    let mut edits = tag_edits();
    edits.extend([
        edit("description", "Other sessions"),
        edit("cacheNodeType", "cache.r7g.xlarge"),
        edit("replicasPerNodeGroup", 2),
        edit("automaticFailoverEnabled", false),
        edit("multiAzEnabled", false),
        edit("securityGroupIds", json!(stage.security_groups)),
        edit("cacheParameterGroupName", "default.valkey8"),
        edit("authToken", json!(password(stage, "other-secret"))),
        edit("snapshotRetentionLimit", 3),
        edit("snapshotWindow", "08:00-09:00"),
        edit("preferredMaintenanceWindow", "mon:10:00-mon:11:00"),
        edit("autoMinorVersionUpgrade", false),
        edit("logDeliveryConfigurations", json!({"slow-log": log, "engine-log": stream})),
        one_way("engineVersion", "8.1"),
    ]);
    Case::new("cache", &want, edits)
}

/// Cluster mode with three shards, and users.
fn sharded(stage: &Stage) -> Case {
    let want = ReplicationGroup {
        num_node_groups: 3,
        cluster_mode: "enabled".into(),
        user_group_ids: [stage.out("users", "identifier").as_str().into()].into(),
        ..wish(stage)
    };
    let edits = vec![
        edit("userGroupIds", json!([])),
        edit("transitEncryptionMode", "preferred"),
        edit("replicasPerNodeGroup", 2),
        edit("numNodeGroups", 4),
    ];
    Case::new("sharded", &want, edits)
}

fn memcached(stage: &Stage) -> Case {
    let want = CacheCluster {
        engine: "memcached".into(),
        engine_version: Some("1.6.17".into()),
        cache_node_type: "cache.r7g.large".into(),
        num_cache_nodes: 3,
        az_mode: "cross-az".into(),
        port: 11211,
        cache_subnet_group_name: stage.out("cache-subnets", "name").as_str().into(),
        security_group_ids: [stage.security_groups[0].as_str().into()].into(),
        cache_parameter_group_name: "default.memcached1.6".into(),
        transit_encryption_enabled: true,
        preferred_maintenance_window: Some("sun:05:00-sun:06:00".into()),
        auto_minor_version_upgrade: true,
        apply_immediately: true,
        network_type: Some("ipv4".into()),
        tags: tags(),
    };
    let mut edits = tag_edits();
    edits.extend([
        edit("numCacheNodes", 5),
        edit("cacheNodeType", "cache.r7g.xlarge"),
        edit("securityGroupIds", json!(stage.security_groups)),
        edit("cacheParameterGroupName", "other"),
        edit("preferredMaintenanceWindow", "mon:10:00-mon:11:00"),
        edit("autoMinorVersionUpgrade", false),
        one_way("engineVersion", "1.6.22"),
    ]);
    Case::new("memcached", &want, edits)
}

fn serverless(stage: &Stage) -> Case {
    let want = ServerlessCache {
        description: "Sessions".into(),
        engine: "valkey".into(),
        major_engine_version: "8".into(),
        cache_usage_limits: CacheUsageLimits { data_storage: 10, ecpu_per_second: 5000 },
        kms_key_id: None,
        security_group_ids: [stage.security_groups[0].as_str().into()].into(),
        subnet_ids: stage.subnets.iter().cloned().collect(),
        user_group_id: stage.out("users", "identifier").as_str().into(),
        snapshot_retention_limit: 7,
        daily_snapshot_time: Some("03:00".into()),
        network_type: Some("ipv4".into()),
        restore_from: None,
        tags: tags(),
    };
    let mut edits = tag_edits();
    edits.extend([
        edit("description", "Other sessions"),
        edit("cacheUsageLimits", json!({"dataStorage": 20, "ecpuPerSecond": 8000})),
        edit("securityGroupIds", json!(stage.security_groups)),
        edit("userGroupId", ""),
        edit("snapshotRetentionLimit", 3),
        edit("dailySnapshotTime", "08:00"),
        one_way("majorEngineVersion", "9"),
    ]);
    Case::new("serverless", &want, edits)
}
