//! `aws_elasticache_replication_group` in the words of [`terrace_model::aws::elasticache::ReplicationGroup`].

use serde_json::{Map, Value, json};

use super::attributes::{Attributes, put};

/// Terraform's names and ours, of what both have.
const NAMES: &[(&str, &str)] = &[
    ("description", "description"),
    ("engine", "engine"),
    ("node_type", "cacheNodeType"),
    ("port", "port"),
    ("automatic_failover_enabled", "automaticFailoverEnabled"),
    ("multi_az_enabled", "multiAzEnabled"),
    ("subnet_group_name", "cacheSubnetGroupName"),
    ("security_group_ids", "securityGroupIds"),
    ("parameter_group_name", "cacheParameterGroupName"),
    ("kms_key_id", "kmsKeyId"),
    ("transit_encryption_enabled", "transitEncryptionEnabled"),
    ("transit_encryption_mode", "transitEncryptionMode"),
    ("user_group_ids", "userGroupIds"),
    ("snapshot_retention_limit", "snapshotRetentionLimit"),
    ("snapshot_window", "snapshotWindow"),
    ("data_tiering_enabled", "dataTieringEnabled"),
    ("network_type", "networkType"),
];

/// A replication group. Whether it has a token is told; the token is not.
pub fn group(attributes: &Attributes) -> Map<String, Value> {
    let mut known = attributes.renamed(NAMES);
    let version = attributes.text("engine_version_actual").or(attributes.text("engine_version"));
    put(&mut known, "engineVersion", version);
    let clustered =
        attributes.flag("cluster_enabled").or(attributes.text("cluster_mode").map(|mode| mode == "enabled"));
    put(&mut known, "clusterMode", clustered.map(|on| if on { "enabled" } else { "disabled" }));
    put(&mut known, "numNodeGroups", attributes.number("num_node_groups"));
    let nodes = attributes.number("num_cache_clusters").map(|nodes| nodes - 1).filter(|_| clustered != Some(true));
    put(&mut known, "replicasPerNodeGroup", attributes.number("replicas_per_node_group").or(nodes));
    put(&mut known, "preferredMaintenanceWindow", attributes.text("maintenance_window").map(str::to_lowercase));
    // Both may stand as texts.
    put(&mut known, "atRestEncryptionEnabled", attributes.flag("at_rest_encryption_enabled"));
    put(&mut known, "autoMinorVersionUpgrade", attributes.flag("auto_minor_version_upgrade"));
    known.insert("logDeliveryConfigurations".into(), logs(attributes));
    if attributes.text("auth_token").is_some() {
        known.insert("authToken".into(), json!(true));
    }
    known.insert("tags".into(), attributes.tags());
    known
}

fn logs(attributes: &Attributes) -> Value {
    let one = |log: &Attributes| {
        let delivery = json!({
            "destinationType": log.text("destination_type")?,
            "destination": log.text("destination")?,
            "logFormat": log.text("log_format")?,
        });
        Some((log.text("log_type")?.to_owned(), delivery))
    };
    attributes.blocks("log_delivery_configuration").iter().filter_map(one).collect::<Map<_, _>>().into()
}

/// What a replication group has that a CacheTier has no field for.
pub fn beyond(attributes: &Attributes) -> Vec<String> {
    let mut beyond = Vec::new();
    let topic = attributes.text("notification_topic_arn");
    beyond.extend(topic.map(|topic| format!("that its notifications go to {topic} is left as it is")));
    let global = attributes.text("global_replication_group_id");
    beyond.extend(global.map(|id| format!("it is a member of the global datastore {id}, which Terrace does not know")));
    beyond
}
