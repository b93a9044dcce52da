//! `aws_db_instance` in the words of [`terrace_model::aws::rds::DbInstance`].

use serde_json::{Map, Value, json};

use super::attributes::{Attributes, put};

/// Terraform's names and ours, of what both have.
const NAMES: &[(&str, &str)] = &[
    ("engine", "engine"),
    ("instance_class", "dbInstanceClass"),
    ("allocated_storage", "allocatedStorage"),
    ("storage_type", "storageType"),
    ("multi_az", "multiAz"),
    ("db_name", "dbName"),
    ("port", "port"),
    ("username", "masterUsername"),
    ("db_subnet_group_name", "dbSubnetGroupName"),
    ("vpc_security_group_ids", "vpcSecurityGroupIds"),
    ("parameter_group_name", "dbParameterGroupName"),
    ("storage_encrypted", "storageEncrypted"),
    ("kms_key_id", "kmsKeyId"),
    ("backup_retention_period", "backupRetentionPeriod"),
    ("auto_minor_version_upgrade", "autoMinorVersionUpgrade"),
    ("deletion_protection", "deletionProtection"),
    ("copy_tags_to_snapshot", "copyTagsToSnapshot"),
    ("publicly_accessible", "publiclyAccessible"),
    ("iam_database_authentication_enabled", "enableIamDatabaseAuthentication"),
    ("database_insights_mode", "databaseInsightsMode"),
    ("monitoring_interval", "monitoringInterval"),
    ("monitoring_role_arn", "monitoringRoleArn"),
    ("enabled_cloudwatch_logs_exports", "enabledCloudwatchLogsExports"),
    ("ca_cert_identifier", "caCertificateIdentifier"),
    ("network_type", "networkType"),
];

/// An instance, as `DescribeDBInstances` would show it.
pub fn instance(attributes: &Attributes) -> Map<String, Value> {
    let mut known = attributes.renamed(NAMES);
    let version = attributes.text("engine_version_actual").or(attributes.text("engine_version"));
    put(&mut known, "engineVersion", version);
    let growth = attributes.number("max_allocated_storage");
    // A ceiling that is no higher than the disk is none.
    let growth = growth.map(|most| if Some(most) > attributes.number("allocated_storage") { most } else { 0 });
    put(&mut known, "maxAllocatedStorage", growth);
    // Nothing where the type of disk has none.
    put(&mut known, "iops", attributes.number("iops").filter(|iops| *iops > 0));
    put(&mut known, "storageThroughput", attributes.number("storage_throughput").filter(|rate| *rate > 0));
    let secret = attributes.block("master_user_secret");
    put(&mut known, "manageMasterUserPassword", Some(secret.is_some()));
    put(&mut known, "masterUserSecretKmsKeyId", secret.as_ref().and_then(|secret| secret.text("kms_key_id")));
    let window = |name: &str| attributes.text(name).map(str::to_lowercase);
    put(&mut known, "preferredBackupWindow", window("backup_window"));
    put(&mut known, "preferredMaintenanceWindow", window("maintenance_window"));
    known.entry("networkType").or_insert_with(|| json!("IPV4"));
    // The copy of a snapshot that only Terrace makes.
    known.insert("keepsSnapshotCopy".into(), json!(false));
    known.insert("tags".into(), attributes.tags());
    known
}

/// A replica. Its source is an identifier within the region, an ARN across regions.
pub fn replica(attributes: &Attributes) -> Map<String, Value> {
    let mut known = instance(attributes);
    ["masterUsername", "keepsSnapshotCopy"].into_iter().for_each(|field| drop(known.remove(field)));
    put(&mut known, "sourceDbInstanceIdentifier", attributes.text("replicate_source_db").map(str::to_lowercase));
    known
}

/// What an instance has that a DataTier has no field for.
pub fn beyond(attributes: &Attributes) -> Vec<String> {
    let mut beyond = Vec::new();
    let group = attributes.text("option_group_name").filter(|name| !name.starts_with("default:"));
    beyond.extend(group.map(|name| format!("the option group {name} is left as it is")));
    beyond.extend(attributes.text("domain").map(|_| "its directory (domain) is left as it is".to_owned()));
    for (name, what) in [
        ("performance_insights_retention_period", "days of Performance Insights"),
        ("dedicated_log_volume", "a dedicated log volume"),
    ] {
        let told =
            attributes.get(name).filter(|value| !matches!(value, Value::Bool(false)) && value.as_i64() != Some(0));
        beyond.extend(told.map(|value| format!("{name} = {value} ({what}) is left as it is")));
    }
    beyond
}
