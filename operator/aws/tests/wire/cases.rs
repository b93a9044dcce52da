//! Instances and what they need.

use std::collections::BTreeMap;

use serde_json::json;
use terrace_model::SecretRef;
use terrace_model::aws::Tags;
use terrace_model::aws::rds::{DbInstance, DbParameterGroup, DbReplica, DbSubnetGroup};
use terrace_model::aws::secretsmanager::Secret;

use crate::stage::{Case, Edit, Stage, edit, one_way};

pub fn tags() -> Tags {
    [("team".into(), "shop".into()), ("gone".into(), "soon".into())].into()
}

/// One changed, one taken away, one new.
pub fn tag_edits() -> Vec<Edit> {
    vec![edit("tags", json!({"team": "other", "new": "one"}))]
}

pub fn subnet_group(stage: &Stage) -> Case {
    let want = DbSubnetGroup {
        description: "Subnets of orders".into(),
        subnet_ids: stage.subnets[..2].iter().cloned().collect(),
        tags: tags(),
    };
    let mut edits = tag_edits();
    edits.push(edit("subnetIds", json!(stage.subnets)));
    edits.push(edit("description", "Other subnets"));
    Case::new("subnets", &want, edits)
}

pub fn parameters(values: &[(&str, &str)]) -> BTreeMap<String, String> {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub fn parameter_edits() -> Vec<Edit> {
    let mut edits = tag_edits();
    edits.push(edit("parameters", json!({"log_min_duration_statement": "900", "log_connections": "1"})));
    edits.push(edit("parameters", json!({})));
    edits
}

pub fn parameter_group(_: &Stage) -> Case {
    let want = DbParameterGroup {
        family: "postgres17".into(),
        description: "Settings of orders".into(),
        parameters: parameters(&[("log_min_duration_statement", "500")]),
        tags: tags(),
    };
    Case::new("parameters", &want, parameter_edits())
}

pub fn secret(_: &Stage) -> Case {
    let want = Secret {
        description: "Master user of orders".into(),
        template: [("username".into(), "orders".into())].into(),
        password_length: 32,
        exclude_characters: "/'\"@ ".into(),
        kms_key_id: Secret::AWS_KEY.into(),
        tags: tags(),
    };
    Case::new("secret", &want, tag_edits())
}

fn wish(stage: &Stage) -> DbInstance {
    DbInstance {
        engine: "postgres".into(),
        engine_version: Some("17.2".into()),
        allow_major_version_upgrade: Some(false),
        db_instance_class: "db.r8g.large".into(),
        allocated_storage: Some(400),
        max_allocated_storage: Some(1000),
        storage_type: Some("gp3".into()),
        iops: Some(12_000),
        storage_throughput: Some(500),
        multi_az: true,
        db_name: Some("orders".into()),
        port: Some(5432),
        master_username: Some("orders".into()),
        manage_master_user_password: Some(true),
        master_user_secret_kms_key_id: None,
        master_secret: None,
        db_subnet_group_name: stage.out("subnets", "name").as_str().into(),
        vpc_security_group_ids: [stage.security_groups[0].as_str().into()].into(),
        db_parameter_group_name: Some(stage.out("parameters", "name").as_str().into()),
        storage_encrypted: true,
        kms_key_id: None,
        backup_retention_period: 7,
        preferred_backup_window: Some("02:00-03:00".into()),
        preferred_maintenance_window: Some("sun:05:00-sun:06:00".into()),
        auto_minor_version_upgrade: true,
        apply_immediately: true,
        deletion_protection: true,
        copy_tags_to_snapshot: true,
        publicly_accessible: false,
        enable_iam_database_authentication: Some(true),
        database_insights_mode: Some("standard".into()),
        monitoring_interval: 60,
        monitoring_role_arn: Some(role(stage, "monitoring").as_str().into()),
        enabled_cloudwatch_logs_exports: ["postgresql".into()].into(),
        ca_certificate_identifier: Some("rds-ca-rsa2048-g1".into()),
        network_type: Some("IPV4".into()),
        restore_from: None,
        keeps_snapshot_copy: false,
        tags: tags(),
    }
}

pub fn role(stage: &Stage, name: &str) -> String {
    format!("arn:aws:iam::{}:role/{name}", stage.clients.account())
}

fn instance_edits(stage: &Stage) -> Vec<Edit> {
    let mut edits = tag_edits();
    edits.extend([
        edit("dbInstanceClass", "db.r8g.xlarge"),
        edit("maxAllocatedStorage", 2000),
        edit("maxAllocatedStorage", 0),
        edit("iops", 14_000),
        edit("storageThroughput", 600),
        edit("multiAz", false),
        edit("port", 5433),
        edit("vpcSecurityGroupIds", json!(stage.security_groups)),
        edit("backupRetentionPeriod", 14),
        edit("preferredBackupWindow", "08:00-09:00"),
        edit("preferredMaintenanceWindow", "mon:10:00-mon:11:00"),
        edit("autoMinorVersionUpgrade", false),
        edit("deletionProtection", false),
        edit("copyTagsToSnapshot", false),
        edit("publiclyAccessible", true),
        edit("enableIamDatabaseAuthentication", false),
        edit("databaseInsightsMode", "advanced"),
        edit("monitoringInterval", 30),
        edit("monitoringRoleArn", role(stage, "other")),
        edit("enabledCloudwatchLogsExports", json!(["upgrade"])),
        edit("caCertificateIdentifier", "rds-ca-ecc384-g1"),
        edit("networkType", "DUAL"),
        one_way("allocatedStorage", 500),
        one_way("engineVersion", "17.4"),
    ]);
    edits
}

pub fn instance(stage: &Stage) -> Case {
    Case::new("db", &wish(stage), instance_edits(stage))
}

/// One with a password of our own, as replicas need it.
pub fn source(stage: &Stage) -> Case {
    let secret = SecretRef {
        arn: stage.out("secret", "arn").as_str().into(),
        version: stage.out("secret", "version").as_str().into(),
    };
    let want = DbInstance {
        manage_master_user_password: Some(false),
        master_secret: Some(secret),
        deletion_protection: false,
        ..wish(stage)
    };
    Case::new("source", &want, vec![edit("manageMasterUserPassword", true)])
}

pub fn replica(stage: &Stage) -> Case {
    let all = wish(stage);
    let want = DbReplica {
        source_db_instance_identifier: stage.out("source", "identifier").as_str().into(),
        db_instance_class: all.db_instance_class,
        allocated_storage: all.allocated_storage,
        storage_type: all.storage_type,
        iops: all.iops,
        storage_throughput: all.storage_throughput,
        max_allocated_storage: all.max_allocated_storage,
        multi_az: false,
        port: all.port,
        vpc_security_group_ids: all.vpc_security_group_ids,
        db_parameter_group_name: all.db_parameter_group_name,
        preferred_maintenance_window: None,
        auto_minor_version_upgrade: true,
        apply_immediately: true,
        copy_tags_to_snapshot: true,
        deletion_protection: true,
        publicly_accessible: false,
        enable_iam_database_authentication: all.enable_iam_database_authentication,
        database_insights_mode: all.database_insights_mode,
        monitoring_interval: all.monitoring_interval,
        monitoring_role_arn: all.monitoring_role_arn,
        enabled_cloudwatch_logs_exports: all.enabled_cloudwatch_logs_exports,
        ca_certificate_identifier: all.ca_certificate_identifier,
        network_type: all.network_type,
        tags: tags(),
    };
    let mut edits = tag_edits();
    edits.extend([edit("dbInstanceClass", "db.r8g.xlarge"), edit("multiAz", true), edit("deletionProtection", false)]);
    Case::new("replica", &want, edits)
}
