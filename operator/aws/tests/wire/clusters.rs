//! Clusters and proxies.

use serde_json::json;
use terrace_model::aws::rds::{
    DbCluster, DbClusterInstance, DbClusterParameterGroup, DbProxy, DbProxyTargets, ServerlessV2Scaling,
};

use crate::cases::{parameter_edits, parameters, role, tag_edits, tags};
use crate::stage::{Case, Edit, Stage, edit, one_way};

pub fn cluster_parameter_group(_: &Stage) -> Case {
    let want = DbClusterParameterGroup {
        family: "aurora-postgresql16".into(),
        description: "Settings of orders".into(),
        parameters: parameters(&[("log_min_duration_statement", "500")]),
        tags: tags(),
    };
    Case::new("cluster-parameters", &want, parameter_edits())
}

pub fn cluster(stage: &Stage) -> Case {
    let want = DbCluster {
        engine: "aurora-postgresql".into(),
        engine_version: Some("16.8".into()),
        allow_major_version_upgrade: Some(false),
        database_name: Some("orders".into()),
        port: Some(5432),
        master_username: Some("orders".into()),
        manage_master_user_password: Some(true),
        master_user_secret_kms_key_id: None,
        master_secret: None,
        db_subnet_group_name: stage.out("subnets", "name").as_str().into(),
        vpc_security_group_ids: [stage.security_groups[0].as_str().into()].into(),
        db_cluster_parameter_group_name: Some(stage.out("cluster-parameters", "name").as_str().into()),
        db_cluster_instance_class: None,
        allocated_storage: None,
        storage_type: None,
        iops: None,
        serverless_v2_scaling: Some(ServerlessV2Scaling {
            min_capacity: 0.5,
            max_capacity: 16.0,
            seconds_until_auto_pause: None,
        }),
        storage_encrypted: true,
        kms_key_id: None,
        backup_retention_period: 7,
        preferred_backup_window: Some("02:00-03:00".into()),
        preferred_maintenance_window: Some("sun:05:00-sun:06:00".into()),
        auto_minor_version_upgrade: None,
        apply_immediately: true,
        deletion_protection: true,
        copy_tags_to_snapshot: true,
        enable_iam_database_authentication: Some(true),
        database_insights_mode: Some("standard".into()),
        monitoring_interval: None,
        monitoring_role_arn: None,
        enabled_cloudwatch_logs_exports: ["postgresql".into()].into(),
        ca_certificate_identifier: None,
        network_type: Some("IPV4".into()),
        restore_from: None,
        tags: tags(),
    };
    Case::new("cluster", &want, cluster_edits(stage))
}

fn cluster_edits(stage: &Stage) -> Vec<Edit> {
    let mut edits = tag_edits();
    edits.extend([
        edit("port", 5433),
        edit("vpcSecurityGroupIds", json!(stage.security_groups)),
        edit("serverlessV2Scaling", json!({"minCapacity": 0, "maxCapacity": 8, "secondsUntilAutoPause": 600})),
        edit("backupRetentionPeriod", 14),
        edit("preferredBackupWindow", "08:00-09:00"),
        edit("preferredMaintenanceWindow", "mon:10:00-mon:11:00"),
        edit("deletionProtection", false),
        edit("copyTagsToSnapshot", false),
        edit("enableIamDatabaseAuthentication", false),
        edit("databaseInsightsMode", "advanced"),
        edit("enabledCloudwatchLogsExports", json!([])),
        // What no wish sets has no first value to go back to.
        one_way("storageType", "aurora-iopt1"),
        edit("networkType", "DUAL"),
        one_way("engineVersion", "16.9"),
    ]);
    edits
}

pub fn cluster_instance(stage: &Stage) -> Case {
    let want = DbClusterInstance {
        db_cluster_identifier: stage.out("cluster", "identifier").as_str().into(),
        engine: "aurora-postgresql".into(),
        db_instance_class: "db.r8g.large".into(),
        promotion_tier: 0,
        db_parameter_group_name: None,
        preferred_maintenance_window: Some("sun:05:00-sun:06:00".into()),
        auto_minor_version_upgrade: true,
        apply_immediately: true,
        publicly_accessible: false,
        monitoring_interval: 60,
        monitoring_role_arn: Some(role(stage, "monitoring").as_str().into()),
        ca_certificate_identifier: Some("rds-ca-rsa2048-g1".into()),
        tags: tags(),
    };
    let mut edits = tag_edits();
    edits.extend([
        edit("dbInstanceClass", "db.r8g.xlarge"),
        edit("promotionTier", 3),
        edit("preferredMaintenanceWindow", "mon:10:00-mon:11:00"),
        edit("autoMinorVersionUpgrade", false),
        edit("publiclyAccessible", true),
        edit("monitoringInterval", 30),
        edit("caCertificateIdentifier", "rds-ca-ecc384-g1"),
    ]);
    Case::new("member", &want, edits)
}

pub fn proxy(stage: &Stage) -> Case {
    let want = DbProxy {
        engine_family: "POSTGRESQL".into(),
        role_arn: role(stage, "proxy").as_str().into(),
        secret_arns: [stage.out("secret", "arn").as_str().into()].into(),
        iam_auth: "DISABLED".into(),
        require_tls: true,
        idle_client_timeout: 1800,
        vpc_subnet_ids: stage.subnets.iter().cloned().collect(),
        vpc_security_group_ids: [stage.security_groups[0].as_str().into()].into(),
        tags: tags(),
    };
    let mut edits = tag_edits();
    edits.extend([
        edit("roleArn", role(stage, "other")),
        edit("iamAuth", "REQUIRED"),
        edit("requireTls", false),
        edit("idleClientTimeout", 600),
        edit("vpcSecurityGroupIds", json!(stage.security_groups)),
    ]);
    Case::new("proxy", &want, edits)
}

pub fn proxy_targets(stage: &Stage) -> Case {
    let want = DbProxyTargets {
        db_proxy_name: stage.out("proxy", "name").as_str().into(),
        db_instance_identifier: Some(stage.out("db", "identifier").as_str().into()),
        db_cluster_identifier: None,
        max_connections_percent: 90,
        max_idle_connections_percent: 40,
        connection_borrow_timeout: 60,
    };
    let edits = vec![
        edit("maxConnectionsPercent", 80),
        edit("maxIdleConnectionsPercent", 10),
        edit("connectionBorrowTimeout", 30),
    ];
    Case::new("targets", &want, edits)
}
