//! The master user: its password, which is in Secrets Manager and nowhere else, and the keys of secret and storage.

use terrace_crds::data_tier::CredentialManagement;
use terrace_model::aws::kms::Key;
use terrace_model::aws::secretsmanager::{Secret, SecretVersion};
use terrace_model::{SecretRef, Val};

use super::design::Design;
use super::parts::Database;
use crate::draft::Draft;

/// Characters of a generated password: the most that MySQL, MariaDB and every cluster take (`CreateDBInstance` and
/// `CreateDBCluster`, MasterUserPassword); PostgreSQL takes more.
pub(super) const PASSWORD_LENGTH: i32 = 41;
/// What RDS refuses in a password (`CreateDBInstance`, MasterUserPassword), and the space, which its console refuses.
const NOT_IN_PASSWORD: &str = "/@\" ";

/// How the database comes by its master password.
pub(super) struct Master {
    /// RDS makes it and changes it.
    pub managed: bool,
    /// ARN of the key of the secret, where the spec names one.
    pub key: Option<Val<String>>,
    /// The secret, where it is Terrace's.
    pub secret: Option<SecretRef>,
}

impl Master {
    /// ARN of the key of the secret that RDS makes.
    pub fn managed_key(&self) -> Option<Val<String>> {
        self.key.clone().filter(|_| self.managed)
    }
}

/// Adds the secret of the master password, where it is Terrace's.
pub(super) fn master(draft: &mut Draft, design: &Design) -> Master {
    let key = secret_key(draft, design);
    match design.spec.credentials.management {
        CredentialManagement::Rds => Master { managed: true, key, secret: None },
        CredentialManagement::Terrace => {
            let secret = Secret {
                description: format!("Master user of {}", design.title()),
                template: [("username".to_owned(), design.spec.credentials.username.clone())].into(),
                password_length: PASSWORD_LENGTH,
                exclude_characters: NOT_IN_PASSWORD.into(),
                kms_key_id: key.clone().unwrap_or_else(|| Secret::AWS_KEY.into()),
                tags: draft.tags(),
            };
            let secret = draft.add("master-secret", secret);
            let password = SecretRef { arn: secret.out(Secret::ARN), version: secret.out(Secret::VERSION) };
            Master { managed: false, key, secret: Some(password) }
        }
    }
}

/// The password to log in with. The version of a secret that RDS keeps is looked up, so that a rotation is seen.
pub(super) fn login(draft: &mut Draft, master: &Master, database: &Database) -> SecretRef {
    master.secret.clone().unwrap_or_else(|| {
        let arn = database.master_secret_arn();
        let version = draft.add("master-version", SecretVersion { secret_arn: arn.clone() });
        SecretRef { arn, version: version.out(SecretVersion::VERSION) }
    })
}

/// ARN of the key of the storage, where the spec names one.
pub(super) fn storage_key(draft: &mut Draft, design: &Design) -> Option<Val<String>> {
    let key_id = design.spec.encryption.kms_key_id.clone()?;
    Some(draft.add("key", Key { key_id }).out(Key::ARN))
}

fn secret_key(draft: &mut Draft, design: &Design) -> Option<Val<String>> {
    let key_id = design.spec.credentials.kms_key_id.clone()?;
    Some(draft.add("secret-key", Key { key_id }).out(Key::ARN))
}
