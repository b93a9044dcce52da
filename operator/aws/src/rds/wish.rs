//! What can be asked of an instance of any kind, resolved, and how a request says it.

use std::collections::BTreeSet;

use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDBInstanceFluentBuilder;
use aws_sdk_rds::types as sdk;
use terrace_engine::Result;
use terrace_model::aws::rds::{DbClusterInstance, DbInstance, DbReplica};
use terrace_model::{Diff, SecretRef};

use super::{export_change, known, known_list, known_option};
pub(super) use crate::shared::{only, some};

/// `None` is "not this kind's to say".
#[derive(Default)]
pub(super) struct Wish {
    pub class: Option<String>,
    pub engine_version: Option<String>,
    pub allow_major_version_upgrade: Option<bool>,
    pub allocated_storage: Option<i32>,
    pub max_allocated_storage: Option<i32>,
    pub storage_type: Option<String>,
    pub iops: Option<i32>,
    pub storage_throughput: Option<i32>,
    pub multi_az: Option<bool>,
    pub port: Option<i32>,
    pub manage_password: Option<bool>,
    pub password_key: Option<String>,
    pub secret: Option<SecretRef>,
    pub security_groups: Option<Vec<String>>,
    pub parameter_group: Option<String>,
    pub backup_retention_period: Option<i32>,
    pub backup_window: Option<String>,
    pub maintenance_window: Option<String>,
    pub auto_minor_version_upgrade: Option<bool>,
    pub apply_immediately: bool,
    pub deletion_protection: Option<bool>,
    pub copy_tags_to_snapshot: Option<bool>,
    pub publicly_accessible: Option<bool>,
    pub iam_authentication: Option<bool>,
    pub insights: Option<sdk::DatabaseInsightsMode>,
    pub monitoring_interval: Option<i32>,
    pub monitoring_role: Option<String>,
    pub logs: BTreeSet<String>,
    pub certificate: Option<String>,
    pub network_type: Option<String>,
    pub promotion_tier: Option<i32>,
}

pub(super) fn insights(mode: Option<&String>) -> Option<sdk::DatabaseInsightsMode> {
    mode.map(|mode| sdk::DatabaseInsightsMode::from(mode.as_str()))
}

impl Wish {
    pub fn of_instance(want: &DbInstance) -> Result<Self> {
        Ok(Wish {
            class: Some(want.db_instance_class.clone()),
            engine_version: want.engine_version.clone(),
            allow_major_version_upgrade: want.allow_major_version_upgrade,
            allocated_storage: want.allocated_storage,
            max_allocated_storage: want.max_allocated_storage,
            storage_type: want.storage_type.clone(),
            iops: want.iops,
            storage_throughput: want.storage_throughput,
            multi_az: Some(want.multi_az),
            port: want.port,
            manage_password: want.manage_master_user_password,
            password_key: known_option(want.master_user_secret_kms_key_id.as_ref())?,
            secret: want.master_secret.clone(),
            security_groups: Some(known_list(&want.vpc_security_group_ids)?),
            parameter_group: known_option(want.db_parameter_group_name.as_ref())?,
            backup_retention_period: Some(want.backup_retention_period),
            backup_window: want.preferred_backup_window.clone(),
            maintenance_window: want.preferred_maintenance_window.clone(),
            auto_minor_version_upgrade: Some(want.auto_minor_version_upgrade),
            apply_immediately: want.apply_immediately,
            deletion_protection: Some(want.deletion_protection),
            copy_tags_to_snapshot: Some(want.copy_tags_to_snapshot),
            publicly_accessible: Some(want.publicly_accessible),
            iam_authentication: want.enable_iam_database_authentication,
            insights: insights(want.database_insights_mode.as_ref()),
            monitoring_interval: Some(want.monitoring_interval),
            monitoring_role: known_option(want.monitoring_role_arn.as_ref())?,
            logs: want.enabled_cloudwatch_logs_exports.clone(),
            certificate: want.ca_certificate_identifier.clone(),
            network_type: want.network_type.clone(),
            promotion_tier: None,
        })
    }

    pub fn of_replica(want: &DbReplica) -> Result<Self> {
        Ok(Wish {
            class: Some(want.db_instance_class.clone()),
            allocated_storage: want.allocated_storage,
            max_allocated_storage: want.max_allocated_storage,
            storage_type: want.storage_type.clone(),
            iops: want.iops,
            storage_throughput: want.storage_throughput,
            multi_az: Some(want.multi_az),
            port: want.port,
            security_groups: Some(known_list(&want.vpc_security_group_ids)?),
            parameter_group: known_option(want.db_parameter_group_name.as_ref())?,
            maintenance_window: want.preferred_maintenance_window.clone(),
            auto_minor_version_upgrade: Some(want.auto_minor_version_upgrade),
            apply_immediately: want.apply_immediately,
            deletion_protection: Some(want.deletion_protection),
            copy_tags_to_snapshot: Some(want.copy_tags_to_snapshot),
            publicly_accessible: Some(want.publicly_accessible),
            iam_authentication: want.enable_iam_database_authentication,
            insights: insights(want.database_insights_mode.as_ref()),
            monitoring_interval: Some(want.monitoring_interval),
            monitoring_role: known_option(want.monitoring_role_arn.as_ref())?,
            logs: want.enabled_cloudwatch_logs_exports.clone(),
            certificate: want.ca_certificate_identifier.clone(),
            network_type: want.network_type.clone(),
            ..Wish::default()
        })
    }

    pub fn of_cluster_instance(want: &DbClusterInstance) -> Result<Self> {
        Ok(Wish {
            class: Some(want.db_instance_class.clone()),
            parameter_group: want.db_parameter_group_name.as_ref().map(known).transpose()?,
            maintenance_window: want.preferred_maintenance_window.clone(),
            auto_minor_version_upgrade: Some(want.auto_minor_version_upgrade),
            apply_immediately: want.apply_immediately,
            publicly_accessible: Some(want.publicly_accessible),
            monitoring_interval: Some(want.monitoring_interval),
            monitoring_role: known_option(want.monitoring_role_arn.as_ref())?,
            certificate: want.ca_certificate_identifier.clone(),
            promotion_tier: Some(want.promotion_tier),
            ..Wish::default()
        })
    }
}

/// Advanced Database Insights wants Performance Insights on, kept for 465 days (API reference, CreateDBCluster).
pub(super) const ADVANCED_DAYS: i32 = 465;

/// What a mode of Database Insights asks of Performance Insights: whether it is on, and the days that it keeps.
pub(super) fn performance_insights(mode: &sdk::DatabaseInsightsMode) -> (bool, Option<i32>) {
    let advanced = *mode == sdk::DatabaseInsightsMode::Advanced;
    (advanced, advanced.then_some(ADVANCED_DAYS))
}

/// Says to a request that makes an instance what all such requests take.
macro_rules! shape {
    ($request:expr, $wish:expr, $tags:expr) => {
        $request
            .set_db_instance_class($wish.class.clone())
            .set_allocated_storage($wish.allocated_storage)
            .set_storage_type($wish.storage_type.clone())
            .set_iops($wish.iops)
            .set_storage_throughput($wish.storage_throughput)
            .set_multi_az($wish.multi_az)
            .set_port($wish.port)
            .set_vpc_security_group_ids($wish.security_groups.clone())
            .set_db_parameter_group_name($wish.parameter_group.clone())
            .set_auto_minor_version_upgrade($wish.auto_minor_version_upgrade)
            .set_deletion_protection($wish.deletion_protection)
            .set_copy_tags_to_snapshot($wish.copy_tags_to_snapshot)
            .set_publicly_accessible($wish.publicly_accessible)
            .set_enable_iam_database_authentication($wish.iam_authentication)
            .set_enable_cloudwatch_logs_exports(crate::rds::wish::some($wish.logs.iter().cloned().collect()))
            .set_ca_certificate_identifier($wish.certificate.clone())
            .set_network_type($wish.network_type.clone())
            .set_tags(Some(crate::rds::write_tags($tags)))
    };
}
pub(super) use shape;

/// Says to a request that makes an instance how it is watched, where the request takes that.
macro_rules! watched {
    ($request:expr, $wish:expr) => {{
        let mut request = $request
            .set_monitoring_interval($wish.monitoring_interval)
            .set_monitoring_role_arn($wish.monitoring_role.clone())
            .set_database_insights_mode($wish.insights.clone());
        if $wish.insights == Some(aws_sdk_rds::types::DatabaseInsightsMode::Advanced) {
            let days = crate::rds::wish::ADVANCED_DAYS;
            request = request.enable_performance_insights(true).performance_insights_retention_period(days);
        }
        request
    }};
}
pub(super) use watched;

/// Changes of the disk are locked for hours after one another, so they go by themselves and hold up nothing else.
pub(super) const STORAGE: &[&str] = &["allocatedStorage", "storageType", "iops", "storageThroughput"];

/// Fields that no ModifyDBInstance carries.
const ELSEWHERE: &[&str] = &["tags"];

/// True where something beside disk and tags differs.
pub(super) fn beside_storage(diff: &Diff) -> bool {
    let field = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
    diff.0.iter().map(|change| field(&change.path)).any(|field| {
        let field = field.as_str();
        !STORAGE.contains(&field) && !ELSEWHERE.contains(&field)
    })
}

/// The disk, all of it: AWS wants to hear size, operations and throughput together.
pub(super) fn storage(request: ModifyDBInstanceFluentBuilder, wish: &Wish) -> ModifyDBInstanceFluentBuilder {
    request
        .set_allocated_storage(wish.allocated_storage)
        .set_storage_type(wish.storage_type.clone())
        .set_iops(wish.iops)
        .set_storage_throughput(wish.storage_throughput)
}

/// Everything but the disk and the password: only what differs.
pub(super) fn settings(
    request: ModifyDBInstanceFluentBuilder,
    wish: &Wish,
    have: &Wish,
    diff: &Diff,
) -> ModifyDBInstanceFluentBuilder {
    let mut request = only!(request, diff, {
        "dbInstanceClass" => set_db_instance_class(wish.class.clone()),
        "engineVersion" => set_engine_version(wish.engine_version.clone()),
        "maxAllocatedStorage" => set_max_allocated_storage(ceiling(wish, have)),
        "multiAz" => set_multi_az(wish.multi_az),
        "port" => set_db_port_number(wish.port),
        "vpcSecurityGroupIds" => set_vpc_security_group_ids(wish.security_groups.clone()),
        "dbParameterGroupName" => set_db_parameter_group_name(wish.parameter_group.clone()),
        "backupRetentionPeriod" => set_backup_retention_period(wish.backup_retention_period),
        "preferredBackupWindow" => set_preferred_backup_window(wish.backup_window.clone()),
        "preferredMaintenanceWindow" => set_preferred_maintenance_window(wish.maintenance_window.clone()),
        "autoMinorVersionUpgrade" => set_auto_minor_version_upgrade(wish.auto_minor_version_upgrade),
        "deletionProtection" => set_deletion_protection(wish.deletion_protection),
        "copyTagsToSnapshot" => set_copy_tags_to_snapshot(wish.copy_tags_to_snapshot),
        "publiclyAccessible" => set_publicly_accessible(wish.publicly_accessible),
        "enableIamDatabaseAuthentication" => set_enable_iam_database_authentication(wish.iam_authentication),
        "databaseInsightsMode" => set_database_insights_mode(wish.insights.clone()),
        "caCertificateIdentifier" => set_ca_certificate_identifier(wish.certificate.clone()),
        "networkType" => set_network_type(wish.network_type.clone()),
        "promotionTier" => set_promotion_tier(wish.promotion_tier),
        "enabledCloudwatchLogsExports" =>
            set_cloudwatch_logs_export_configuration(Some(export_change(&have.logs, &wish.logs))),
    });
    if diff.touches("engineVersion") {
        request = request.set_allow_major_version_upgrade(wish.allow_major_version_upgrade);
    }
    if let (true, Some(mode)) = (diff.touches("databaseInsightsMode"), &wish.insights) {
        let (on, days) = performance_insights(mode);
        request = request.enable_performance_insights(on).set_performance_insights_retention_period(days);
    }
    if diff.touches_any(&["monitoringInterval", "monitoringRoleArn"]) {
        // The one is refused without the other.
        request = request
            .set_monitoring_interval(wish.monitoring_interval)
            .set_monitoring_role_arn(wish.monitoring_role.clone());
    }
    request
}

/// Storage autoscaling is turned off by a ceiling that is no higher than the disk (user guide, "Managing capacity
/// automatically").
fn ceiling(wish: &Wish, have: &Wish) -> Option<i32> {
    match wish.max_allocated_storage {
        Some(0) => have.allocated_storage.max(wish.allocated_storage),
        most => most,
    }
}
