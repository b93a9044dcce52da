//! What DescribeDBInstances says of an instance, brought into the form in which wishes are written.

use aws_sdk_rds::types as sdk;
use aws_sdk_rds::types::builders::PendingModifiedValuesBuilder;
use terrace_engine::{Seen, State};
use terrace_model::aws::rds::{DbClusterInstance, DbInstance, DbInstanceOutputs, DbReplica};
use terrace_model::{Handle, Owner, Resource, Val};

use super::status::state;
use super::{exports, read_tags, security_groups};
use crate::tags;

/// The text of a value that AWS stores in lower case.
fn lower(text: Option<&str>) -> Option<String> {
    text.map(str::to_lowercase)
}

fn value(text: Option<&str>) -> Option<Val<String>> {
    text.map(Val::from)
}

/// What it is, with what it is about to be: a value that waits for the maintenance window counts as there.
pub(super) fn instance(seen: &sdk::DbInstance) -> DbInstance {
    let none = PendingModifiedValuesBuilder::default().build();
    let pending = seen.pending_modified_values().unwrap_or(&none);
    let text = |pending: Option<&str>, now: Option<&str>| pending.or(now).map(str::to_owned);
    let allocated_storage = pending.allocated_storage().or(seen.allocated_storage());
    let tags = read_tags(seen.tag_list());
    let secret = seen.master_user_secret();
    let group = seen.db_parameter_groups().first().and_then(|group| group.db_parameter_group_name());
    let subnets = seen.db_subnet_group().and_then(|group| group.db_subnet_group_name());
    let iam = pending.iam_database_authentication_enabled().or(seen.iam_database_authentication_enabled());
    let monitoring_interval = seen.monitoring_interval().unwrap_or(0);
    DbInstance {
        engine: seen.engine().unwrap_or_default().to_owned(),
        engine_version: text(pending.engine_version(), seen.engine_version()),
        allow_major_version_upgrade: None,
        db_instance_class: text(pending.db_instance_class(), seen.db_instance_class()).unwrap_or_default(),
        allocated_storage,
        max_allocated_storage: Some(ceiling(seen.max_allocated_storage(), allocated_storage)),
        storage_type: text(pending.storage_type(), seen.storage_type()),
        iops: pending.iops().or(seen.iops()),
        storage_throughput: pending.storage_throughput().or(seen.storage_throughput()),
        multi_az: pending.multi_az().or(seen.multi_az()).unwrap_or(false),
        db_name: seen.db_name().map(str::to_owned),
        port: pending.port().or(port(seen)),
        master_username: seen.master_username().map(str::to_owned),
        manage_master_user_password: Some(secret.is_some()),
        master_user_secret_kms_key_id: value(secret.and_then(|secret| secret.kms_key_id())),
        master_secret: tags::secret(&tags),
        db_subnet_group_name: lower(subnets).unwrap_or_default().into(),
        vpc_security_group_ids: security_groups(seen.vpc_security_groups()),
        db_parameter_group_name: lower(group).map(Val::Known),
        storage_encrypted: seen.storage_encrypted().unwrap_or(false),
        kms_key_id: value(seen.kms_key_id()),
        backup_retention_period: pending.backup_retention_period().or(seen.backup_retention_period()).unwrap_or(0),
        preferred_backup_window: lower(seen.preferred_backup_window()),
        preferred_maintenance_window: lower(seen.preferred_maintenance_window()),
        auto_minor_version_upgrade: seen.auto_minor_version_upgrade().unwrap_or(false),
        apply_immediately: false,
        deletion_protection: seen.deletion_protection().unwrap_or(false),
        copy_tags_to_snapshot: seen.copy_tags_to_snapshot().unwrap_or(false),
        publicly_accessible: seen.publicly_accessible().unwrap_or(false),
        enable_iam_database_authentication: Some(iam.unwrap_or(false)),
        database_insights_mode: Some(insights(seen.database_insights_mode())),
        monitoring_interval,
        monitoring_role_arn: value(seen.monitoring_role_arn()).filter(|_| monitoring_interval > 0),
        enabled_cloudwatch_logs_exports: exports(
            seen.enabled_cloudwatch_logs_exports(),
            pending.pending_cloudwatch_logs_exports(),
        ),
        ca_certificate_identifier: text(pending.ca_certificate_identifier(), seen.ca_certificate_identifier()),
        network_type: Some(network_type(seen.network_type())),
        restore_from: None,
        keeps_snapshot_copy: tags.contains_key(super::snapshot::COPY),
        tags,
    }
}

/// Standard is what AWS gives to whoever does not ask.
pub(super) fn insights(mode: Option<&sdk::DatabaseInsightsMode>) -> String {
    mode.unwrap_or(&sdk::DatabaseInsightsMode::Standard).as_str().to_lowercase()
}

/// IPv4 is what AWS gives to whoever does not ask (API reference, CreateDBInstance, `NetworkType`).
pub(super) fn network_type(seen: Option<&str>) -> String {
    seen.unwrap_or("IPV4").to_owned()
}

/// A ceiling that is no higher than the disk is none.
fn ceiling(most: Option<i32>, disk: Option<i32>) -> i32 {
    most.filter(|most| Some(*most) > disk).unwrap_or(0)
}

/// The endpoint is there only once the instance is; `DbInstancePort` is 0 outside clusters.
fn port(seen: &sdk::DbInstance) -> Option<i32> {
    let endpoint = seen.endpoint().and_then(|endpoint| endpoint.port());
    endpoint.or(seen.db_instance_port()).filter(|port| *port > 0)
}

/// The same, of a replica.
pub(super) fn replica(seen: &sdk::DbInstance) -> DbReplica {
    let all = instance(seen);
    // Within a region AWS names the source by its identifier, across regions by its ARN.
    let source = seen.read_replica_source_db_instance_identifier();
    DbReplica {
        source_db_instance_identifier: lower(source).unwrap_or_default().into(),
        db_instance_class: all.db_instance_class,
        allocated_storage: all.allocated_storage,
        storage_type: all.storage_type,
        iops: all.iops,
        storage_throughput: all.storage_throughput,
        max_allocated_storage: all.max_allocated_storage,
        multi_az: all.multi_az,
        port: all.port,
        vpc_security_group_ids: all.vpc_security_group_ids,
        db_parameter_group_name: all.db_parameter_group_name,
        preferred_maintenance_window: all.preferred_maintenance_window,
        auto_minor_version_upgrade: all.auto_minor_version_upgrade,
        apply_immediately: false,
        copy_tags_to_snapshot: all.copy_tags_to_snapshot,
        deletion_protection: all.deletion_protection,
        publicly_accessible: all.publicly_accessible,
        enable_iam_database_authentication: all.enable_iam_database_authentication,
        database_insights_mode: all.database_insights_mode,
        monitoring_interval: all.monitoring_interval,
        monitoring_role_arn: all.monitoring_role_arn,
        enabled_cloudwatch_logs_exports: all.enabled_cloudwatch_logs_exports,
        ca_certificate_identifier: all.ca_certificate_identifier,
        network_type: all.network_type,
        tags: all.tags,
    }
}

/// The same, of an instance of a cluster.
pub(super) fn cluster_instance(seen: &sdk::DbInstance) -> DbClusterInstance {
    let all = instance(seen);
    DbClusterInstance {
        db_cluster_identifier: lower(seen.db_cluster_identifier()).unwrap_or_default().into(),
        engine: all.engine,
        db_instance_class: all.db_instance_class,
        // AWS's default where the caller says nothing (API reference, CreateDBInstance).
        promotion_tier: seen.promotion_tier().unwrap_or(1),
        db_parameter_group_name: all.db_parameter_group_name,
        preferred_maintenance_window: all.preferred_maintenance_window,
        auto_minor_version_upgrade: all.auto_minor_version_upgrade,
        apply_immediately: false,
        publicly_accessible: all.publicly_accessible,
        monitoring_interval: all.monitoring_interval,
        monitoring_role_arn: all.monitoring_role_arn,
        ca_certificate_identifier: all.ca_certificate_identifier,
        tags: all.tags,
    }
}

/// What is known of it: each output as soon as AWS shows it.
pub(super) fn outputs(seen: &sdk::DbInstance) -> DbInstanceOutputs {
    let endpoint = seen.endpoint().and_then(|endpoint| endpoint.address());
    DbInstanceOutputs {
        identifier: lower(seen.db_instance_identifier()),
        arn: seen.db_instance_arn().map(str::to_owned),
        endpoint: endpoint.map(str::to_owned),
        port: port(seen).filter(|_| endpoint.is_some()),
        resource_id: seen.dbi_resource_id().map(str::to_owned),
        engine_version: seen.engine_version().map(str::to_owned),
        master_username: seen.master_username().map(str::to_owned),
        master_secret_arn: seen.master_user_secret().and_then(|secret| secret.secret_arn()).map(str::to_owned),
    }
}

/// An instance as one of the three kinds that are made of instances.
pub(super) fn present<R>(seen: &sdk::DbInstance, have: R) -> Seen<R>
where
    R: Resource<Outputs = DbInstanceOutputs>,
{
    let state: State = state(seen.db_instance_status());
    Seen::Present {
        have,
        out: outputs(seen),
        handle: Handle(seen.db_instance_arn().unwrap_or_default().to_owned()),
        owner: Owner::from_tags(&read_tags(seen.tag_list())),
        state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rds::testing::{between, described, wish};
    use terrace_model::Diff;
    use terrace_model::aws::Tags;
    use terrace_model::identity::tag;

    fn tags() -> Tags {
        [("team".to_owned(), "shop".to_owned())].into()
    }

    #[test]
    fn an_instance_as_wished_differs_in_nothing() {
        assert_eq!(between(&instance(&described(&tags()).build()), &wish()), Diff::default());
        let out = outputs(&described(&tags()).build());
        assert_eq!(out.identifier.as_deref(), Some("orders-db"));
        assert_eq!((out.endpoint.as_deref(), out.port), (Some("orders.rds.amazonaws.com"), Some(5432)));
        assert_eq!(out.master_secret_arn.as_deref(), Some("arn:secret/rds"));
    }

    #[test]
    fn what_waits_for_the_maintenance_window_counts_as_there() {
        let logs = sdk::PendingCloudwatchLogsExports::builder();
        let logs = logs.log_types_to_enable("upgrade").log_types_to_disable("postgresql").build();
        let pending = PendingModifiedValuesBuilder::default()
            .db_instance_class("db.r8g.xlarge")
            .allocated_storage(500)
            .engine_version("17.4")
            .multi_az(false)
            .backup_retention_period(0)
            .port(5433)
            .pending_cloudwatch_logs_exports(logs)
            .build();
        let have = instance(&described(&tags()).pending_modified_values(pending).build());
        let want = DbInstance {
            db_instance_class: "db.r8g.xlarge".into(),
            allocated_storage: Some(500),
            engine_version: Some("17.4".into()),
            multi_az: false,
            backup_retention_period: 0,
            port: Some(5433),
            enabled_cloudwatch_logs_exports: ["upgrade".into()].into(),
            ..wish()
        };
        assert_eq!(between(&have, &want), Diff::default());
        assert!(between(&have, &wish()).touches("dbInstanceClass"));
    }

    #[test]
    fn a_security_group_that_is_leaving_is_gone_and_one_that_comes_is_there() {
        let group = |id: &str, status: &str| {
            sdk::VpcSecurityGroupMembership::builder().vpc_security_group_id(id).status(status).build()
        };
        let groups = vec![group("sg-1", "removing"), group("sg-2", "adding")];
        let have = instance(&described(&tags()).set_vpc_security_groups(Some(groups)).build());
        assert_eq!(have.vpc_security_group_ids, ["sg-2".into()].into());
    }

    #[test]
    fn a_ceiling_at_the_size_of_the_disk_is_no_ceiling() {
        for (most, expected) in [(None, 0), (Some(400), 0), (Some(401), 401)] {
            let seen = described(&tags()).set_max_allocated_storage(most).build();
            assert_eq!(instance(&seen).max_allocated_storage, Some(expected));
        }
    }

    #[test]
    fn the_applied_secret_is_read_from_the_tags_and_the_managed_one_from_aws() {
        let secret = [(tag::SECRET, "arn:secret"), (tag::SECRET_VERSION, "v1")];
        let all = secret.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let have = instance(&described(&all).set_master_user_secret(None).build());
        assert_eq!(have.manage_master_user_password, Some(false));
        assert_eq!(have.master_secret.and_then(|secret| secret.version.known().cloned()).as_deref(), Some("v1"));
    }

    #[test]
    fn before_it_has_an_endpoint_it_has_no_port_to_give() {
        let out = outputs(&described(&tags()).set_endpoint(None).build());
        assert_eq!((out.endpoint, out.port), (None, None));
    }
}
