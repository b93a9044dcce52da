//! Clusters: Aurora with its instances, and the Multi-AZ DB cluster, whose instances are RDS's own.

use terrace_crds::data_tier::{AuroraStorageType, DeletionProtection};
use terrace_model::aws::rds::{DbCluster, DbClusterInstance, DbClusterParameterGroup, ServerlessV2Scaling};
use terrace_model::{Node, Val};

use super::design::Design;
use super::parts::{Database, Parts};
use super::restore::{database_name, restore};
use super::scaling;
use crate::draft::Draft;
use crate::naming::whole;

pub(super) fn aurora(draft: &mut Draft, design: &Design, parts: &Parts) -> Database {
    let storage = design.spec.aurora.as_ref().map(|aurora| aurora.storage_type).unwrap_or_default();
    let want = DbCluster {
        storage_type: Some(
            match storage {
                AuroraStorageType::Standard => "aurora",
                AuroraStorageType::IoOptimized => "aurora-iopt1",
            }
            .into(),
        ),
        serverless_v2_scaling: serverless(design),
        network_type: design.network_type(),
        ..wish(draft, design, parts)
    };
    let db = draft.add("db", want);
    for number in 1..=1 + design.readers() {
        let want = cluster_instance(draft, design, parts, &db, number);
        draft.add(&format!("instance-{number}"), want);
    }
    scaling::readers(draft, design, &db);
    Database::Cluster(db)
}

pub(super) fn multi_az(draft: &mut Draft, design: &Design, parts: &Parts) -> Database {
    let disk = design.disk();
    let want = DbCluster {
        db_cluster_instance_class: Some(design.class()),
        allocated_storage: disk.size,
        storage_type: disk.kind,
        iops: disk.iops,
        auto_minor_version_upgrade: Some(design.minor_upgrades()),
        monitoring_interval: Some(design.monitoring_interval()),
        monitoring_role_arn: parts.monitoring_role.clone(),
        ca_certificate_identifier: Some(design.spec.ca_certificate_identifier.clone()),
        ..wish(draft, design, parts)
    };
    Database::Cluster(draft.add("db", want))
}

/// One group for the cluster: it holds the settings of its instances too, which follow it where they have no group of
/// their own (Aurora User Guide, "Parameter groups for Amazon Aurora").
fn parameters(draft: &mut Draft, design: &Design) -> Val<String> {
    let group = DbClusterParameterGroup {
        family: design.family.clone(),
        description: design.title(),
        parameters: design.spec.parameters.clone(),
        tags: draft.tags(),
    };
    draft.add("parameters", group).out(DbClusterParameterGroup::NAME)
}

/// What both sorts of cluster have.
fn wish(draft: &mut Draft, design: &Design, parts: &Parts) -> DbCluster {
    let spec = design.spec;
    DbCluster {
        engine: spec.engine.as_str().into(),
        engine_version: Some(spec.engine_version.clone()),
        allow_major_version_upgrade: design.major_upgrades(),
        database_name: database_name(design),
        port: Some(design.port()),
        master_username: Some(spec.credentials.username.clone()),
        manage_master_user_password: Some(parts.master.managed),
        master_user_secret_kms_key_id: parts.master.managed_key(),
        master_secret: parts.master.secret.clone(),
        db_subnet_group_name: parts.subnet_group(),
        vpc_security_group_ids: parts.security_groups(),
        db_cluster_parameter_group_name: Some(parameters(draft, design)),
        db_cluster_instance_class: None,
        allocated_storage: None,
        storage_type: None,
        iops: None,
        serverless_v2_scaling: None,
        storage_encrypted: true,
        kms_key_id: parts.key.clone(),
        backup_retention_period: spec.backup.retention_days.into(),
        preferred_backup_window: Some(spec.backup.window.clone()),
        preferred_maintenance_window: Some(spec.maintenance.window.clone()),
        auto_minor_version_upgrade: None,
        apply_immediately: design.apply_immediately(),
        deletion_protection: spec.deletion_protection == DeletionProtection::Enabled,
        copy_tags_to_snapshot: true,
        enable_iam_database_authentication: design.iam_authentication(),
        database_insights_mode: design.insights(),
        monitoring_interval: None,
        monitoring_role_arn: None,
        enabled_cloudwatch_logs_exports: design.logs(),
        ca_certificate_identifier: None,
        network_type: None,
        restore_from: restore(design),
        tags: draft.tags(),
    }
}

/// Seconds after which Aurora pauses where nothing else is said (`ServerlessV2ScalingConfiguration`).
const AUTO_PAUSE: u32 = 300;

fn serverless(design: &Design) -> Option<ServerlessV2Scaling> {
    let serverless = design.spec.serverless.as_ref()?;
    let pauses = serverless.min_capacity == 0.0;
    let seconds = serverless.seconds_until_auto_pause.unwrap_or(AUTO_PAUSE);
    Some(ServerlessV2Scaling {
        min_capacity: serverless.min_capacity,
        max_capacity: serverless.max_capacity,
        seconds_until_auto_pause: pauses.then(|| whole(seconds)),
    })
}

/// The first instance begins as the writer. The second is to take over: a Serverless reader of tier 0 or 1 is kept as
/// large as the writer, one of a higher tier is not (Aurora User Guide, "Aurora Serverless v2 scaling").
fn cluster_instance(
    draft: &Draft,
    design: &Design,
    parts: &Parts,
    cluster: &Node<DbCluster>,
    number: u8,
) -> DbClusterInstance {
    let spec = design.spec;
    DbClusterInstance {
        db_cluster_identifier: cluster.out(DbCluster::IDENTIFIER),
        engine: spec.engine.as_str().into(),
        db_instance_class: if number == 1 { design.class() } else { design.reader_class() },
        promotion_tier: i32::from(number.min(3)) - 1,
        db_parameter_group_name: None,
        preferred_maintenance_window: Some(spec.maintenance.window.clone()),
        auto_minor_version_upgrade: design.minor_upgrades(),
        apply_immediately: design.apply_immediately(),
        publicly_accessible: false,
        monitoring_interval: design.monitoring_interval(),
        monitoring_role_arn: parts.monitoring_role.clone(),
        ca_certificate_identifier: Some(spec.ca_certificate_identifier.clone()),
        tags: draft.tags(),
    }
}
