//! What DescribeDBClusters says of a cluster, brought into the form in which wishes are written.

use aws_sdk_rds::types as sdk;
use aws_sdk_rds::types::builders::ClusterPendingModifiedValuesBuilder;
use terrace_engine::Seen;
use terrace_model::aws::rds::{DbCluster, DbClusterOutputs, ServerlessV2Scaling};
use terrace_model::{Handle, Owner, Val};

use super::status::state;
use super::{exports, read_tags, security_groups, see};
use crate::tags;

/// True for Aurora, whose instances are made one by one; a Multi-AZ DB cluster brings its own.
pub(super) fn is_aurora(engine: &str) -> bool {
    engine.starts_with("aurora")
}

/// What it is, with what it is about to be.
pub(super) fn cluster(seen: &sdk::DbCluster) -> DbCluster {
    let none = ClusterPendingModifiedValuesBuilder::default().build();
    let pending = seen.pending_modified_values().unwrap_or(&none);
    let text = |text: Option<&str>| text.map(str::to_owned);
    let lower = |text: Option<&str>| text.map(str::to_lowercase);
    let tags = read_tags(seen.tag_list());
    let secret = seen.master_user_secret();
    let monitoring_interval = seen.monitoring_interval().unwrap_or(0);
    let certificate = pending.certificate_details().or(seen.certificate_details());
    DbCluster {
        engine: seen.engine().unwrap_or_default().to_owned(),
        engine_version: text(pending.engine_version().or(seen.engine_version())),
        allow_major_version_upgrade: None,
        database_name: text(seen.database_name()),
        port: seen.port().filter(|port| *port > 0),
        master_username: text(seen.master_username()),
        manage_master_user_password: Some(secret.is_some()),
        master_user_secret_kms_key_id: secret.and_then(|secret| secret.kms_key_id()).map(Val::from),
        master_secret: tags::secret(&tags),
        db_subnet_group_name: lower(seen.db_subnet_group()).unwrap_or_default().into(),
        vpc_security_group_ids: security_groups(seen.vpc_security_groups()),
        db_cluster_parameter_group_name: lower(seen.db_cluster_parameter_group()).map(Val::Known),
        db_cluster_instance_class: text(seen.db_cluster_instance_class()),
        allocated_storage: pending.allocated_storage().or(seen.allocated_storage()),
        storage_type: Some(storage_type(seen, pending)),
        iops: pending.iops().or(seen.iops()),
        serverless_v2_scaling: seen.serverless_v2_scaling_configuration().map(scaling),
        storage_encrypted: seen.storage_encrypted().unwrap_or(false),
        kms_key_id: seen.kms_key_id().map(Val::from),
        backup_retention_period: pending.backup_retention_period().or(seen.backup_retention_period()).unwrap_or(0),
        preferred_backup_window: lower(seen.preferred_backup_window()),
        preferred_maintenance_window: lower(seen.preferred_maintenance_window()),
        auto_minor_version_upgrade: Some(seen.auto_minor_version_upgrade().unwrap_or(false)),
        apply_immediately: false,
        deletion_protection: seen.deletion_protection().unwrap_or(false),
        copy_tags_to_snapshot: seen.copy_tags_to_snapshot().unwrap_or(false),
        enable_iam_database_authentication: Some(
            pending
                .iam_database_authentication_enabled()
                .or(seen.iam_database_authentication_enabled())
                .unwrap_or(false),
        ),
        database_insights_mode: Some(see::insights(seen.database_insights_mode())),
        monitoring_interval: Some(monitoring_interval),
        monitoring_role_arn: seen.monitoring_role_arn().filter(|_| monitoring_interval > 0).map(Val::from),
        enabled_cloudwatch_logs_exports: exports(
            seen.enabled_cloudwatch_logs_exports(),
            pending.pending_cloudwatch_logs_exports(),
        ),
        ca_certificate_identifier: text(certificate.and_then(|certificate| certificate.ca_identifier())),
        network_type: Some(see::network_type(seen.network_type())),
        restore_from: None,
        tags,
    }
}

/// AWS says nothing where it is Aurora's standard storage (API reference, CreateDBCluster, `StorageType`).
fn storage_type(seen: &sdk::DbCluster, pending: &sdk::ClusterPendingModifiedValues) -> String {
    pending.storage_type().or(seen.storage_type()).unwrap_or("aurora").to_owned()
}

fn scaling(seen: &sdk::ServerlessV2ScalingConfigurationInfo) -> ServerlessV2Scaling {
    let min_capacity = seen.min_capacity().unwrap_or_default();
    ServerlessV2Scaling {
        min_capacity,
        max_capacity: seen.max_capacity().unwrap_or_default(),
        // Of no meaning where it never pauses.
        seconds_until_auto_pause: seen.seconds_until_auto_pause().filter(|_| min_capacity == 0.0),
    }
}

/// A cluster as the engine sees it.
pub(super) fn present(seen: &sdk::DbCluster) -> Seen<DbCluster> {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let have = cluster(seen);
    Seen::Present {
        owner: Owner::from_tags(&have.tags),
        out: DbClusterOutputs {
            identifier: seen.db_cluster_identifier().map(str::to_lowercase),
            arn: text(seen.db_cluster_arn()),
            endpoint: text(seen.endpoint()),
            reader_endpoint: text(seen.reader_endpoint()),
            port: have.port,
            resource_id: text(seen.db_cluster_resource_id()),
            engine_version: text(seen.engine_version()),
            master_username: text(seen.master_username()),
            master_secret_arn: text(seen.master_user_secret().and_then(|secret| secret.secret_arn())),
        },
        handle: Handle(seen.db_cluster_arn().unwrap_or_default().to_owned()),
        state: state(seen.status()),
        have,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_leaves_out_is_its_default_and_what_waits_counts_as_there() {
        let pending = ClusterPendingModifiedValuesBuilder::default().engine_version("16.6").build();
        let scaling = sdk::ServerlessV2ScalingConfigurationInfo::builder();
        let scaling = scaling.min_capacity(0.5).max_capacity(8.0).seconds_until_auto_pause(300).build();
        let seen = sdk::DbCluster::builder()
            .db_cluster_identifier("Orders")
            .engine("aurora-postgresql")
            .engine_version("16.4")
            .pending_modified_values(pending)
            .serverless_v2_scaling_configuration(scaling)
            .db_subnet_group("Subnets")
            .monitoring_role_arn("arn:role")
            .status("available")
            .build();
        let have = cluster(&seen);
        assert_eq!(have.storage_type.as_deref(), Some("aurora"));
        assert_eq!(have.engine_version.as_deref(), Some("16.6"));
        assert_eq!(have.db_subnet_group_name, "subnets".into());
        assert_eq!((have.monitoring_interval, have.monitoring_role_arn), (Some(0), None));
        assert_eq!(have.serverless_v2_scaling.and_then(|scaling| scaling.seconds_until_auto_pause), None);
        assert_eq!(have.database_insights_mode.as_deref(), Some("standard"));
    }
}
