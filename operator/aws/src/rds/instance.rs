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
    Manage { key: Option<String> },
    /// This one, from Secrets Manager.
    Set { secret: terrace_model::SecretRef, unmanage: bool },
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
