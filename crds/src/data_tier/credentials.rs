//! The master user of a DataTier: its name, who keeps its password, and whether IAM may log in.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// The master user and its password, which lives in Secrets Manager and nowhere in this object.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// RDS (default): RDS makes and rotates the password. Terrace: Terrace does; needed for replicas, which
    /// AWS refuses to make from a source whose password RDS manages (Aurora readers aside).
    #[serde(default)]
    pub management: CredentialManagement,
    /// The name of the master user. Immutable.
    #[serde(default = "terrace")]
    #[schemars(length(min = 1, max = 16), regex(pattern = "^[A-Za-z][A-Za-z0-9]*$"))]
    #[x_kube(validation = ("self == oldSelf", "credentials.username is immutable, AWS cannot rename the master user: make another user in the database"))]
    pub username: String,
    /// Days after which the password is changed.
    #[serde(default = "thirty")]
    #[schemars(range(min = 1, max = 1000))]
    pub rotate_every_days: u16,
    /// Whether database users may log in with an IAM token: Allowed (default) or None. Required: those of bindings have
    /// no password and log in in no other way.
    #[serde(default)]
    pub iam_authentication: IamAuthentication,
    /// The KMS key of the secret: key ARN, key id, alias ARN or alias name. Absent: the account's key for Secrets Manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = schema::KMS_KEY))]
    pub kms_key_id: Option<String>,
}

impl Default for Credentials {
    fn default() -> Self {
        schema::defaults()
    }
}

fn terrace() -> String {
    "terrace".into()
}

fn thirty() -> u16 {
    30
}

/// Who makes and rotates the master password.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum CredentialManagement {
    /// RDS (`ManageMasterUserPassword`).
    #[default]
    #[serde(rename = "RDS")]
    Rds,
    /// Terrace, in a secret of its own.
    Terrace,
}

/// Whether IAM tokens log in.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum IamAuthentication {
    /// They do, for database users that are set up for it.
    #[default]
    Allowed,
    /// They do not.
    None,
    /// They do, and for the users of bindings nothing else does.
    Required,
}
