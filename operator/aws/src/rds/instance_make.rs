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
                self.make_from_past(id, want, &known(source)?, time.as_deref()).await
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rds::testing::{db, described, rds, wish};
    use aws_sdk_rds::Client;
    use aws_sdk_rds::operation::copy_db_snapshot::CopyDbSnapshotOutput;
    use aws_sdk_rds::operation::create_db_instance::CreateDbInstanceOutput;
    use aws_sdk_rds::operation::describe_db_snapshots::DescribeDbSnapshotsOutput;
    use aws_sdk_rds::operation::restore_db_instance_from_db_snapshot::RestoreDbInstanceFromDbSnapshotOutput;
    use aws_sdk_rds::operation::restore_db_instance_to_point_in_time::RestoreDbInstanceToPointInTimeOutput;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

    async fn make(rules: &[&Rule], restore_from: Option<Restore>) -> Result<Handle> {
        let rds = rds(mock_client!(aws_sdk_rds, RuleMode::MatchAny, rules));
        rds.make_instance(&db(), &DbInstance { restore_from, ..wish() }).await
    }

    fn snapshot(name: &'static str, key: &'static str, status: Option<&'static str>) -> Rule {
        mock!(Client::describe_db_snapshots)
            .match_requests(move |request| request.db_snapshot_identifier().is_some_and(|asked| asked.ends_with(name)))
            .then_output(move || {
                let found = status
                    .map(|status| sdk::DbSnapshot::builder().encrypted(true).kms_key_id(key).status(status).build());
                DescribeDbSnapshotsOutput::builder().set_db_snapshots(Some(found.into_iter().collect())).build()
            })
    }

    #[tokio::test]
    async fn a_new_one_is_made_whole_in_one_call_with_its_tags() {
        let made = mock!(Client::create_db_instance)
            .match_requests(|request| {
                request.tags().len() == 1
                    && request.manage_master_user_password() == Some(true)
                    && request.master_user_password().is_none()
                    && request.max_allocated_storage() == Some(1000)
                    && request.enable_performance_insights().is_none()
            })
            .then_output(|| CreateDbInstanceOutput::builder().db_instance(described(&Tags::new()).build()).build());
        let handle = make(&[&made], None).await.expect("it is made");
        assert_eq!(handle.0, "arn:aws:rds:eu-west-1:123456789012:db:orders-db");
    }

    #[tokio::test]
    async fn a_snapshot_under_the_same_key_is_restored_straight() {
        let found = snapshot("last", "arn:key/own", Some("available"));
        let restored = mock!(Client::restore_db_instance_from_db_snapshot)
            .match_requests(|request| request.db_snapshot_identifier() == Some("last") && request.tags().len() == 1)
            .then_output(|| {
                let made = described(&Tags::new()).build();
                RestoreDbInstanceFromDbSnapshotOutput::builder().db_instance(made).build()
            });
        make(&[&found, &restored], Some(Restore::Snapshot("last".into()))).await.expect("it is restored");
        assert_eq!(restored.num_calls(), 1);
    }

    #[tokio::test]
    async fn a_snapshot_under_another_key_is_copied_first_and_the_copy_is_named_in_the_tags() {
        let (found, none) = (snapshot("last", "arn:key/other", Some("available")), snapshot("-copy", "", None));
        let copied = mock!(Client::copy_db_snapshot)
            .match_requests(|request| request.kms_key_id() == Some("arn:key/own"))
            .then_output(|| CopyDbSnapshotOutput::builder().build());
        let from = || Some(Restore::Snapshot("last".into()));
        let error = make(&[&found, &none, &copied], from()).await.expect_err("it is being copied");
        assert!(matches!(error, Error::Wait { .. }), "{error:?}");
        assert_eq!(copied.num_calls(), 1);

        let (found, copy) =
            (snapshot("last", "arn:key/other", Some("available")), snapshot("-copy", "arn:key/own", Some("available")));
        let restored = mock!(Client::restore_db_instance_from_db_snapshot)
            .match_requests(|request| {
                let copy = request.db_snapshot_identifier().unwrap_or_default();
                copy.ends_with("-copy") && request.tags().iter().any(|tag| tag.value() == Some(copy))
            })
            .then_output(|| {
                let made = described(&Tags::new()).build();
                RestoreDbInstanceFromDbSnapshotOutput::builder().db_instance(made).build()
            });
        make(&[&found, &copy, &restored], from()).await.expect("it is restored from the copy");
    }

    #[tokio::test]
    async fn a_point_in_time_is_one_moment_or_the_latest() {
        let restored = || {
            let made = described(&Tags::new()).build();
            RestoreDbInstanceToPointInTimeOutput::builder().db_instance(made).build()
        };
        let moment = mock!(Client::restore_db_instance_to_point_in_time)
            .match_requests(|request| {
                request.restore_time().is_some_and(|time| time.secs() == 1_767_225_600)
                    && request.source_db_instance_identifier() == Some("orders")
                    && request.use_latest_restorable_time().is_none()
            })
            .then_output(restored);
        let latest = mock!(Client::restore_db_instance_to_point_in_time)
            .match_requests(|request| request.use_latest_restorable_time() == Some(true))
            .then_output(restored);
        let past = |source: &str, time: Option<&str>| {
            Some(Restore::PointInTime { source: source.into(), time: time.map(str::to_owned) })
        };
        let arn = "arn:aws:rds:eu-west-1:123456789012:db:orders";
        make(&[&moment, &latest], past(arn, Some("2026-01-01T00:00:00Z"))).await.expect("it is restored");
        make(&[&moment, &latest], past("orders", None)).await.expect("it is restored");
        assert_eq!((moment.num_calls(), latest.num_calls()), (1, 1));
        let error = make(&[], past("orders", Some("yesterday"))).await.expect_err("it is no time");
        assert!(error.is_stalled());
    }
}
