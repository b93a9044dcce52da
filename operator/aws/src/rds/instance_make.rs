//! How an instance is made: empty, from a snapshot, or from a point in time of another.

use aws_sdk_rds::types as sdk;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use secrecy::ExposeSecret;
use terrace_engine::{Error, Result};
use terrace_model::aws::Tags;
use terrace_model::aws::rds::{DbInstance, Restore};
use terrace_model::{Handle, Id};

use super::snapshot::Source;
use super::wish::{Wish, shape, watched};
use super::{NAME, Rds, known, known_option, name_of, refused};
use crate::{secretsmanager, tags};

impl Rds {
    pub(super) async fn make_instance(&self, id: &Id, want: &DbInstance) -> Result<Handle> {
        match &want.restore_from {
            None => self.make_empty(id, want).await,
            Some(Restore::Snapshot(snapshot)) => self.make_from_snapshot(id, want, snapshot).await,
            Some(Restore::PointInTime { source, time }) => {
                self.make_from_past(id, want, source, time.as_deref()).await
            }
        }
    }

    async fn make_empty(&self, id: &Id, want: &DbInstance) -> Result<Handle> {
        let wish = Wish::of_instance(want)?;
        let mut all = want.tags.clone();
        let mut request = self.writer(id).create_db_instance();
        if let Some(secret) = &want.master_secret {
            let value = secretsmanager::read(&self.clients, &id.place.region, secret).await?;
            request = request.master_user_password(value.expose_secret());
            all.extend(tags::of_secret(secret)?);
        }
        let request = watched!(shape!(request, wish, &all), wish)
            .db_instance_identifier(name_of(id, NAME))
            .engine(&want.engine)
            .set_engine_version(want.engine_version.clone())
            .set_max_allocated_storage(want.max_allocated_storage.filter(|most| *most > 0))
            .set_db_name(want.db_name.clone())
            .set_master_username(want.master_username.clone())
            .set_manage_master_user_password(want.manage_master_user_password.filter(|manage| *manage))
            .set_master_user_secret_kms_key_id(wish.password_key.clone())
            .db_subnet_group_name(known(&want.db_subnet_group_name)?)
            .storage_encrypted(want.storage_encrypted)
            .set_kms_key_id(known_option(want.kms_key_id.as_ref())?)
            .backup_retention_period(want.backup_retention_period)
            .set_preferred_backup_window(want.preferred_backup_window.clone())
            .set_preferred_maintenance_window(want.preferred_maintenance_window.clone());
        handle(request.send().await.map_err(refused)?.db_instance)
    }

    async fn make_from_snapshot(&self, id: &Id, want: &DbInstance, snapshot: &str) -> Result<Handle> {
        let wish = Wish::of_instance(want)?;
        let source = self.restorable(id, want, snapshot).await?;
        let all = with_copy(&want.tags, &source);
        let request = shape!(self.writer(id).restore_db_instance_from_db_snapshot(), wish, &all)
            .db_instance_identifier(name_of(id, NAME))
            .db_snapshot_identifier(source.snapshot)
            .db_subnet_group_name(known(&want.db_subnet_group_name)?)
            .set_manage_master_user_password(want.manage_master_user_password.filter(|manage| *manage))
            .set_master_user_secret_kms_key_id(wish.password_key.clone())
            .backup_retention_period(want.backup_retention_period)
            .set_preferred_backup_window(want.preferred_backup_window.clone());
        handle(request.send().await.map_err(refused)?.db_instance)
    }

    async fn make_from_past(&self, id: &Id, want: &DbInstance, source: &str, time: Option<&str>) -> Result<Handle> {
        let wish = Wish::of_instance(want)?;
        let request = shape!(self.writer(id).restore_db_instance_to_point_in_time(), wish, &want.tags)
            .target_db_instance_identifier(name_of(id, NAME))
            .db_subnet_group_name(known(&want.db_subnet_group_name)?)
            .set_manage_master_user_password(want.manage_master_user_password.filter(|manage| *manage))
            .set_master_user_secret_kms_key_id(wish.password_key.clone())
            .set_max_allocated_storage(want.max_allocated_storage.filter(|most| *most > 0))
            .backup_retention_period(want.backup_retention_period)
            .set_preferred_backup_window(want.preferred_backup_window.clone());
        let request = if source.contains(":auto-backup:") {
            request.source_db_instance_automated_backups_arn(source)
        } else {
            request.source_db_instance_identifier(last(source))
        };
        let request = match time {
            Some(time) => request.restore_time(instant(time)?),
            None => request.use_latest_restorable_time(true),
        };
        handle(request.send().await.map_err(refused)?.db_instance)
    }
}

/// The identifier in an ARN, or the identifier itself.
pub(super) fn last(source: &str) -> &str {
    source.rsplit(':').next().unwrap_or(source)
}

/// A point in time, as the user writes it.
pub(super) fn instant(time: &str) -> Result<DateTime> {
    DateTime::from_str(time, Format::DateTimeWithOffset)
        .map_err(|_| Error::invalid(format!("{time} is no point in time: write it as 2026-01-31T12:00:00Z")))
}

fn with_copy(tags: &Tags, source: &Source) -> Tags {
    let mut all = tags.clone();
    all.extend(source.copy_tag());
    all
}

pub(super) fn handle(made: Option<sdk::DbInstance>) -> Result<Handle> {
    let arn = made.and_then(|instance| instance.db_instance_arn);
    arn.map(Handle).ok_or_else(|| Error::retry("AWS did not say what it made"))
}
