//! How a cluster is made: empty, from a snapshot, or from a point in time of another.

use aws_sdk_rds::types as sdk;
use secrecy::ExposeSecret;
use terrace_engine::{Error, Result};
use terrace_model::aws::rds::{DbCluster, Restore, ServerlessV2Scaling};
use terrace_model::{Handle, Id};

use super::cluster::name;
use super::instance_make::{instant, last};
use super::wish::{ADVANCED_DAYS, insights, some};
use super::{Rds, known, known_list, known_option, refused, write_tags};
use crate::{secretsmanager, tags};

pub(super) fn scaling(want: &ServerlessV2Scaling) -> sdk::ServerlessV2ScalingConfiguration {
    sdk::ServerlessV2ScalingConfiguration::builder()
        .min_capacity(want.min_capacity)
        .max_capacity(want.max_capacity)
        .set_seconds_until_auto_pause(want.seconds_until_auto_pause)
        .build()
}

/// Says to a request that makes a cluster what all such requests take.
macro_rules! shape {
    ($request:expr, $id:expr, $want:expr, $tags:expr) => {
        $request
            .db_cluster_identifier(name($id))
            .set_port($want.port)
            .db_subnet_group_name(known(&$want.db_subnet_group_name)?)
            .set_vpc_security_group_ids(Some(known_list(&$want.vpc_security_group_ids)?))
            .set_db_cluster_parameter_group_name(known_option($want.db_cluster_parameter_group_name.as_ref())?)
            .set_db_cluster_instance_class($want.db_cluster_instance_class.clone())
            .set_storage_type($want.storage_type.clone())
            .set_iops($want.iops)
            .set_serverless_v2_scaling_configuration($want.serverless_v2_scaling.as_ref().map(scaling))
            .set_kms_key_id(known_option($want.kms_key_id.as_ref())?)
            .backup_retention_period($want.backup_retention_period)
            .set_preferred_backup_window($want.preferred_backup_window.clone())
            .deletion_protection($want.deletion_protection)
            .copy_tags_to_snapshot($want.copy_tags_to_snapshot)
            .set_enable_iam_database_authentication($want.enable_iam_database_authentication)
            .set_enable_cloudwatch_logs_exports(some($want.enabled_cloudwatch_logs_exports.iter().cloned().collect()))
            .set_network_type($want.network_type.clone())
            .set_monitoring_interval($want.monitoring_interval)
            .set_monitoring_role_arn(known_option($want.monitoring_role_arn.as_ref())?)
            .set_tags(Some(write_tags($tags)))
    };
}

impl Rds {
    pub(super) async fn make_cluster(&self, id: &Id, want: &DbCluster) -> Result<Handle> {
        match &want.restore_from {
            None => self.make_empty_cluster(id, want).await,
            Some(Restore::Snapshot(snapshot)) => {
                let request = shape!(self.writer(id).restore_db_cluster_from_snapshot(), id, want, &want.tags);
                let request = request
                    .snapshot_identifier(snapshot)
                    .engine(&want.engine)
                    .set_engine_version(want.engine_version.clone());
                handle(request.send().await.map_err(refused)?.db_cluster)
            }
            Some(Restore::PointInTime { source, time }) => {
                let request = shape!(self.writer(id).restore_db_cluster_to_point_in_time(), id, want, &want.tags);
                let request = request.source_db_cluster_identifier(last(&known(source)?));
                let request = match time {
                    Some(time) => request.restore_to_time(instant(time)?),
                    None => request.use_latest_restorable_time(true),
                };
                handle(request.send().await.map_err(refused)?.db_cluster)
            }
        }
    }

    async fn make_empty_cluster(&self, id: &Id, want: &DbCluster) -> Result<Handle> {
        let mut all = want.tags.clone();
        let mut request = self.writer(id).create_db_cluster();
        if let Some(secret) = &want.master_secret {
            let value = secretsmanager::read(&self.clients, &id.place.region, secret).await?;
            request = request.master_user_password(value.expose_secret());
            all.extend(tags::of_secret(secret)?);
        }
        let mode = insights(want.database_insights_mode.as_ref());
        if mode == Some(sdk::DatabaseInsightsMode::Advanced) {
            request = request.enable_performance_insights(true).performance_insights_retention_period(ADVANCED_DAYS);
        }
        let request = shape!(request, id, want, &all)
            .engine(&want.engine)
            .set_engine_version(want.engine_version.clone())
            .set_database_name(want.database_name.clone())
            .set_master_username(want.master_username.clone())
            .set_manage_master_user_password(want.manage_master_user_password.filter(|manage| *manage))
            .set_master_user_secret_kms_key_id(known_option(want.master_user_secret_kms_key_id.as_ref())?)
            .set_allocated_storage(want.allocated_storage)
            .storage_encrypted(want.storage_encrypted)
            .set_preferred_maintenance_window(want.preferred_maintenance_window.clone())
            .set_auto_minor_version_upgrade(want.auto_minor_version_upgrade)
            .set_database_insights_mode(mode)
            .set_ca_certificate_identifier(want.ca_certificate_identifier.clone());
        handle(request.send().await.map_err(refused)?.db_cluster)
    }
}

fn handle(made: Option<sdk::DbCluster>) -> Result<Handle> {
    let arn = made.and_then(|cluster| cluster.db_cluster_arn);
    arn.map(Handle).ok_or_else(|| Error::retry("AWS did not say what it made"))
}
