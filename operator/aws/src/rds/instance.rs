//! `rds/DbInstance`: a single instance, with or without a standby in another zone.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use terrace_engine::{Backup, Disposal, Error, Pace, Provider, Result, Seen};
use terrace_model::aws::Tags;
use terrace_model::aws::rds::DbInstance;
use terrace_model::{Diff, Handle, Id};

use super::instance_delete::Ending;
use super::wish::{STORAGE, Wish, beside_storage, settings, storage};
use super::{NAME, Rds, name_of, refused, see};
use crate::{secretsmanager, tags};

/// See the module.
pub struct Instances(pub Arc<Rds>);

impl Provider<DbInstance> for Instances {
    const ACTIONS: &'static [&'static str] = &[
        "iam:CreateServiceLinkedRole",
        "iam:PassRole",
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKey",
        "rds:AddTagsToResource",
        "rds:CopyDBSnapshot",
        "rds:CreateDBInstance",
        "rds:CreateDBSnapshot",
        "rds:DeleteDBInstance",
        "rds:DeleteDBSnapshot",
        "rds:DescribeDBInstances",
        "rds:DescribeDBSnapshots",
        "rds:ListTagsForResource",
        "rds:ModifyDBInstance",
        "rds:RemoveTagsFromResource",
        "rds:RestoreDBInstanceFromDBSnapshot",
        "rds:RestoreDBInstanceToPointInTime",
        "secretsmanager:CreateSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:TagResource",
    ];
    const PASSES_ROLES_TO: &'static [&'static str] = &["monitoring.rds.amazonaws.com"];
    /// A Multi-AZ instance of 20 GiB takes five to ten minutes.
    const PACE: Pace = Pace { usual: Duration::from_secs(420) };

    async fn observe(&self, id: &Id) -> Result<Seen<DbInstance>> {
        let seen = self.0.instance(id, &name_of(id, NAME)).await?;
        Ok(seen.map_or(Seen::Absent, |seen| see::present(&seen, see::instance(&seen))))
    }

    async fn create(&self, id: &Id, want: &DbInstance) -> Result<Handle> {
        self.0.make_instance(id, want).await
    }

    async fn update(&self, id: &Id, have: &DbInstance, want: &DbInstance, diff: &Diff) -> Result<()> {
        let (rds, name) = (&self.0, name_of(id, NAME));
        rds.retag(id, &rds.arn(id, "db", &name), &want.tags, diff).await?;
        rds.drop_copy(id, &have.tags).await?;
        let secret = rds.password_change(have, want, diff)?;
        rds.modify_instance(id, &Wish::of_instance(want)?, &Wish::of_instance(have)?, diff, secret).await
    }

    async fn delete(&self, id: &Id, have: &DbInstance, disposal: Disposal) -> Result<()> {
        let name = name_of(id, NAME);
        self.0.drop_copy(id, &have.tags).await?;
        self.0.delete_instance(id, Ending { name, protected: have.deletion_protection, disposal }).await
    }

    async fn backups(&self, id: &Id) -> Result<Vec<Backup>> {
        self.0.snapshots_of(id, &name_of(id, NAME)).await
    }
}

/// What is to become of the master password.
pub(super) enum PasswordChange {
    Keep,
    /// RDS takes it over; in a secret under this key, if any.
    Manage {
        key: Option<String>,
    },
    /// This one, from Secrets Manager.
    Set {
        secret: terrace_model::SecretRef,
        unmanage: bool,
    },
}

impl Rds {
    fn password_change(&self, have: &DbInstance, want: &DbInstance, diff: &Diff) -> Result<PasswordChange> {
        let managed = have.manage_master_user_password == Some(true);
        let wish = Wish::of_instance(want)?;
        password_change(managed, wish.manage_password, wish.password_key, wish.secret, diff)
    }

    /// One step: the settings first, the disk when nothing else differs.
    pub(super) async fn modify_instance(
        &self,
        id: &Id,
        wish: &Wish,
        have: &Wish,
        diff: &Diff,
        password: PasswordChange,
    ) -> Result<()> {
        let name = name_of(id, NAME);
        let request = self.writer(id).modify_db_instance().db_instance_identifier(&name);
        let mut request = request.apply_immediately(wish.apply_immediately);
        let mut record = Tags::new();
        if beside_storage(diff) {
            request = settings(request, wish, have, diff);
        } else if diff.touches_any(STORAGE) {
            request = storage(request, wish);
        } else {
            return Ok(());
        }
        match password {
            PasswordChange::Keep => {}
            PasswordChange::Manage { key } => {
                request = request.manage_master_user_password(true).set_master_user_secret_kms_key_id(key);
            }
            PasswordChange::Set { secret, unmanage } => {
                let value = secretsmanager::read(&self.clients, &id.place.region, &secret).await?;
                request = request.master_user_password(value.expose_secret());
                request = request.set_manage_master_user_password(unmanage.then_some(false));
                record = tags::of_secret(&secret)?;
            }
        }
        request.send().await.map_err(refused)?;
        self.tag(id, &self.arn(id, "db", &name), &record).await
    }
}

/// Decides from what differs; clusters and instances alike.
pub(super) fn password_change(
    managed: bool,
    manage: Option<bool>,
    key: Option<String>,
    secret: Option<terrace_model::SecretRef>,
    diff: &Diff,
) -> Result<PasswordChange> {
    if diff.touches("masterUserSecretKmsKeyId") && managed && manage == Some(true) {
        return Err(Error::invalid(
            "RDS never changes the key of a master secret that it manages: set credentials.management to Terrace and back",
        ));
    }
    Ok(match (diff.touches("manageMasterUserPassword"), manage, secret) {
        (true, Some(true), _) => PasswordChange::Manage { key },
        (true, _, Some(secret)) => PasswordChange::Set { secret, unmanage: managed },
        (false, _, Some(secret)) if diff.touches("masterSecret") => PasswordChange::Set { secret, unmanage: false },
        _ => PasswordChange::Keep,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rds::testing::{between, db, described, meta, rds, wish};
    use aws_sdk_rds::Client;
    use aws_sdk_rds::operation::add_tags_to_resource::AddTagsToResourceOutput;
    use aws_sdk_rds::operation::create_db_instance::CreateDBInstanceError;
    use aws_sdk_rds::operation::delete_db_instance::{DeleteDBInstanceError, DeleteDbInstanceOutput};
    use aws_sdk_rds::operation::describe_db_instances::DescribeDbInstancesOutput;
    use aws_sdk_rds::operation::describe_db_snapshots::DescribeDbSnapshotsOutput;
    use aws_sdk_rds::operation::modify_db_instance::ModifyDbInstanceOutput;
    use aws_sdk_rds::types::DbSnapshot;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use terrace_engine::reason;
    use terrace_model::SecretRef;

    fn instances(rules: &[&Rule]) -> Instances {
        Instances(rds(mock_client!(aws_sdk_rds, RuleMode::MatchAny, rules)))
    }

    fn standing(status: &'static str) -> Rule {
        mock!(Client::describe_db_instances).then_output(move || {
            let name = name_of(&db(), NAME);
            let seen = described(&Tags::new()).db_instance_identifier(name).db_instance_status(status).build();
            DescribeDbInstancesOutput::builder().db_instances(seen).build()
        })
    }

    fn refuses_deletion(code: &'static str) -> Rule {
        mock!(Client::delete_db_instance)
            .match_requests(|request| request.final_db_snapshot_identifier() == Some("final"))
            .then_error(move || DeleteDBInstanceError::generic(meta(code)))
    }

    fn unprotected() -> DbInstance {
        DbInstance { deletion_protection: false, ..wish() }
    }

    #[tokio::test]
    async fn a_name_that_is_taken_sends_us_back_to_look() {
        let taken = mock!(Client::create_db_instance)
            .then_error(|| CreateDBInstanceError::generic(meta("DBInstanceAlreadyExists")));
        let error = instances(&[&taken]).create(&db(), &wish()).await.expect_err("the name is taken");
        assert!(matches!(error, Error::Wait { reason: reason::ALREADY_EXISTS, .. }), "{error:?}");
    }

    #[tokio::test]
    async fn only_what_differs_is_sent_and_the_disk_goes_by_itself() {
        let have = wish();
        let want = DbInstance { db_instance_class: "db.r8g.xlarge".into(), iops: Some(14_000), ..wish() };
        let settings = mock!(Client::modify_db_instance)
            .match_requests(|request| {
                request.db_instance_class() == Some("db.r8g.xlarge")
                    && request.apply_immediately() == Some(true)
                    && (request.iops(), request.multi_az(), request.engine_version()) == (None, None, None)
                    && (request.backup_retention_period(), request.manage_master_user_password()) == (None, None)
                    && request.vpc_security_group_ids().is_empty()
            })
            .then_output(|| ModifyDbInstanceOutput::builder().build());
        let disk = mock!(Client::modify_db_instance)
            .match_requests(|request| {
                request.db_instance_class().is_none()
                    && (request.allocated_storage(), request.iops()) == (Some(400), Some(14_000))
            })
            .then_output(|| ModifyDbInstanceOutput::builder().build());
        let instances = instances(&[&settings, &disk]);
        instances.update(&db(), &have, &want, &between(&have, &want)).await.expect("the settings go first");
        assert_eq!((settings.num_calls(), disk.num_calls()), (1, 0));
        let have = DbInstance { db_instance_class: "db.r8g.xlarge".into(), ..wish() };
        instances.update(&db(), &have, &want, &between(&have, &want)).await.expect("then the disk");
        assert_eq!((settings.num_calls(), disk.num_calls()), (1, 1));
    }

    #[tokio::test]
    async fn tags_alone_modify_nothing() {
        let tagged = mock!(Client::add_tags_to_resource)
            .match_requests(|request| {
                request.resource_name().is_some_and(|arn| arn.starts_with("arn:aws:rds:eu-west-1:123456789012:db:"))
                    && request.tags().len() == 1
            })
            .then_output(|| AddTagsToResourceOutput::builder().build());
        let want = DbInstance { tags: [("team".into(), "other".into())].into(), ..wish() };
        let done = instances(&[&tagged]).update(&db(), &wish(), &want, &between(&wish(), &want)).await;
        assert_eq!((done, tagged.num_calls()), (Ok(()), 1));
    }

    #[tokio::test]
    async fn protection_is_lifted_and_then_it_is_deleted_with_its_last_snapshot() {
        let lifted = mock!(Client::modify_db_instance)
            .match_requests(|request| request.deletion_protection() == Some(false))
            .then_output(|| ModifyDbInstanceOutput::builder().build());
        let deleted = mock!(Client::delete_db_instance)
            .match_requests(|request| {
                request.skip_final_snapshot() == Some(false) && request.final_db_snapshot_identifier() == Some("final")
            })
            .then_output(|| DeleteDbInstanceOutput::builder().build());
        let done = instances(&[&lifted, &deleted]).delete(&db(), &wish(), Disposal::Snapshot("final".into())).await;
        assert_eq!((done, lifted.num_calls(), deleted.num_calls()), (Ok(()), 1, 1));
    }

    #[tokio::test]
    async fn its_own_last_snapshot_of_an_earlier_try_is_enough() {
        let taken = refuses_deletion("DBSnapshotAlreadyExists");
        let snapshot = mock!(Client::describe_db_snapshots).then_output(|| {
            let own = DbSnapshot::builder().db_snapshot_identifier("final").dbi_resource_id("db-1").build();
            DescribeDbSnapshotsOutput::builder().db_snapshots(own).build()
        });
        let skipped = mock!(Client::delete_db_instance)
            .match_requests(|request| request.skip_final_snapshot() == Some(true))
            .then_output(|| DeleteDbInstanceOutput::builder().build());
        let instances = instances(&[&taken, &standing("available"), &snapshot, &skipped]);
        let done = instances.delete(&db(), &unprotected(), Disposal::Snapshot("final".into())).await;
        assert_eq!((done, skipped.num_calls()), (Ok(()), 1));
    }

    #[tokio::test]
    async fn a_failed_database_is_a_decision_and_never_a_deadlock() {
        let delete = async |status: &'static str| {
            let refused = refuses_deletion("InvalidDBInstanceState");
            let instances = instances(&[&refused, &standing(status)]);
            instances.delete(&db(), &unprotected(), Disposal::Snapshot("final".into())).await
        };
        assert_eq!(delete("deleting").await, Ok(()));
        assert!(delete("failed").await.is_err_and(|error| error.is_stalled()));
        assert!(matches!(delete("backing-up").await, Err(Error::Wait { .. })));
    }

    fn secret(version: &str) -> SecretRef {
        SecretRef { arn: "arn:secret".into(), version: version.into() }
    }

    fn own(version: &str) -> DbInstance {
        DbInstance { manage_master_user_password: Some(false), master_secret: Some(secret(version)), ..wish() }
    }

    #[tokio::test]
    async fn a_new_password_is_read_sent_and_then_recorded_in_the_tags() {
        let shelf = mock!(aws_sdk_secretsmanager::Client::get_secret_value)
            .match_requests(|request| request.version_id() == Some("v2"))
            .then_output(|| {
                let value = r#"{"username":"orders","password":"hush"}"#;
                aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput::builder()
                    .secret_string(value)
                    .build()
            });
        let set = mock!(Client::modify_db_instance)
            .match_requests(|request| request.master_user_password() == Some("hush"))
            .then_output(|| ModifyDbInstanceOutput::builder().build());
        let recorded = mock!(Client::add_tags_to_resource)
            .match_requests(|request| request.tags().iter().any(|tag| tag.value() == Some("v2")))
            .then_output(|| AddTagsToResourceOutput::builder().build());
        let rules = [&set, &recorded];
        let client = mock_client!(aws_sdk_rds, RuleMode::Sequential, rules);
        let shelf = mock_client!(aws_sdk_secretsmanager, RuleMode::MatchAny, [&shelf]);
        let clients = crate::testing::clients().with_client(crate::testing::REGION, client);
        let instances = Instances(Rds::new(clients.with_client(crate::testing::REGION, shelf)));
        let (have, want) = (own("v1"), own("v2"));
        let done = instances.update(&db(), &have, &want, &between(&have, &want)).await;
        assert_eq!((done, set.num_calls(), recorded.num_calls()), (Ok(()), 1, 1));
    }

    #[test]
    fn the_password_passes_from_one_keeper_to_the_other() {
        let change = |have: &DbInstance, want: &DbInstance| {
            let wish = Wish::of_instance(want).expect("it is resolved");
            let managed = have.manage_master_user_password == Some(true);
            password_change(managed, wish.manage_password, wish.password_key, wish.secret, &between(have, want))
        };
        let set = change(&wish(), &own("v1")).expect("it can be taken over");
        assert!(matches!(set, PasswordChange::Set { unmanage: true, .. }));
        assert!(matches!(change(&own("v1"), &wish()), Ok(PasswordChange::Manage { key: None })));
        assert!(matches!(change(&own("v1"), &own("v1")), Ok(PasswordChange::Keep)));
        let keyed = DbInstance { master_user_secret_kms_key_id: Some("arn:key/2".into()), ..wish() };
        assert!(change(&wish(), &keyed).is_err_and(|error| error.is_stalled()));
    }
}
