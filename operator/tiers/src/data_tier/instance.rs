//! A single database instance with its parameter group, and its read replicas.

use terrace_crds::data_tier::{Availability, DeletionProtection};
use terrace_model::aws::rds::{DbInstance, DbParameterGroup, DbReplica};
use terrace_model::{Node, Val};

use super::design::Design;
use super::parts::{Database, Parts};
use super::restore::{database_name, restore};
use crate::draft::Draft;

pub(super) fn instance(draft: &mut Draft, design: &Design, parts: &Parts) -> Database {
    let parameters = parameters(draft, design);
    let want = wish(draft, design, parts, parameters.clone());
    let db = draft.add("db", want);
    let mut first = None;
    for number in 1..=design.replicas() {
        let want = replica(draft, design, parts, &db, parameters.clone());
        let replica = draft.add(&format!("replica-{number}"), want);
        first.get_or_insert(replica);
    }
    Database::Instance(db, first)
}

/// A parameter group of its own even where no parameter is set: changing the group needs a reboot, changing most of
/// what is in it does not.
fn parameters(draft: &mut Draft, design: &Design) -> Val<String> {
    let group = DbParameterGroup {
        family: design.family.clone(),
        description: design.title(),
        parameters: design.spec.parameters.clone(),
        tags: draft.tags(),
    };
    draft.add("parameters", group).out(DbParameterGroup::NAME)
}

fn wish(draft: &Draft, design: &Design, parts: &Parts, parameters: Val<String>) -> DbInstance {
    let (spec, disk) = (design.spec, design.disk());
    DbInstance {
        engine: spec.engine.as_str().into(),
        engine_version: Some(spec.engine_version.clone()),
        allow_major_version_upgrade: design.major_upgrades(),
        db_instance_class: design.class(),
        allocated_storage: disk.size,
        max_allocated_storage: disk.max,
        storage_type: disk.kind,
        iops: disk.iops,
        storage_throughput: disk.throughput,
        multi_az: spec.availability == Availability::MultiAZ,
        db_name: database_name(design),
        port: Some(design.port()),
        master_username: Some(spec.credentials.username.clone()),
        manage_master_user_password: Some(parts.master.managed),
        master_user_secret_kms_key_id: parts.master.managed_key(),
        master_secret: parts.master.secret.clone(),
        db_subnet_group_name: parts.subnet_group(),
        vpc_security_group_ids: parts.security_groups(),
        db_parameter_group_name: Some(parameters),
        storage_encrypted: true,
        kms_key_id: parts.key.clone(),
        backup_retention_period: spec.backup.retention_days.into(),
        preferred_backup_window: Some(spec.backup.window.clone()),
        preferred_maintenance_window: Some(spec.maintenance.window.clone()),
        auto_minor_version_upgrade: design.minor_upgrades(),
        apply_immediately: design.apply_immediately(),
        deletion_protection: spec.deletion_protection == DeletionProtection::Enabled,
        copy_tags_to_snapshot: true,
        publicly_accessible: false,
        enable_iam_database_authentication: design.iam_authentication(),
        database_insights_mode: design.insights(),
        monitoring_interval: design.monitoring_interval(),
        monitoring_role_arn: parts.monitoring_role.clone(),
        enabled_cloudwatch_logs_exports: design.logs(),
        ca_certificate_identifier: Some(spec.ca_certificate_identifier.clone()),
        network_type: design.network_type(),
        restore_from: restore(design),
        keeps_snapshot_copy: false,
        tags: draft.tags(),
    }
}

/// A replica is as large as its source and set up like it. It stands in one zone, and nothing protects it from
/// deletion: it holds no data of its own.
fn replica(
    draft: &Draft,
    design: &Design,
    parts: &Parts,
    source: &Node<DbInstance>,
    parameters: Val<String>,
) -> DbReplica {
    let (spec, disk) = (design.spec, design.disk());
    DbReplica {
        source_db_instance_identifier: source.out(DbInstance::IDENTIFIER),
        db_instance_class: design.reader_class(),
        allocated_storage: disk.size,
        max_allocated_storage: disk.max,
        storage_type: disk.kind,
        iops: disk.iops,
        storage_throughput: disk.throughput,
        multi_az: false,
        port: Some(design.port()),
        vpc_security_group_ids: parts.security_groups(),
        db_parameter_group_name: Some(parameters),
        preferred_maintenance_window: Some(spec.maintenance.window.clone()),
        auto_minor_version_upgrade: design.minor_upgrades(),
        apply_immediately: design.apply_immediately(),
        copy_tags_to_snapshot: true,
        deletion_protection: false,
        publicly_accessible: false,
        enable_iam_database_authentication: design.iam_authentication(),
        database_insights_mode: design.insights(),
        monitoring_interval: design.monitoring_interval(),
        monitoring_role_arn: parts.monitoring_role.clone(),
        enabled_cloudwatch_logs_exports: design.logs(),
        ca_certificate_identifier: Some(spec.ca_certificate_identifier.clone()),
        network_type: design.network_type(),
        tags: draft.tags(),
    }
}
