//! Database users: made by SQL inside a database server that RDS runs, in the name of its administrator.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::resource::{Out, Resource, Rule};
use crate::val::{SecretRef, Val};

/// Which SQL a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    Postgres,
    Mysql,
    Mariadb,
}

/// What a user may do with the data of its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    /// Read what is there, and what will be.
    ReadOnly,
    /// Read and write it, make and change what holds it.
    ReadWrite,
}

/// How a user logs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Authentication {
    Password(SecretRef),
    /// By a token of IAM's (RDS User Guide, "IAM database authentication").
    Iam,
}

/// Somebody who may log in to one database.
///
/// It bears its owner's tags, and the secret whose password it has, beside it: as the comment on a PostgreSQL role, or in
/// a table of the operator's own where users bear no comments.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    pub engine: Engine,
    /// The identifier of the instance or cluster that it is a user of.
    pub server: Val<String>,
    pub host: Val<String>,
    pub port: Val<i32>,
    /// The database that it has rights on.
    pub database: String,
    /// The user that it is made by.
    pub administrator: Val<String>,
    /// ARN of the secret with the administrator's password, of which always the current version is used.
    pub administrator_secret_arn: Val<String>,
    /// Outputs without which the server takes no connections yet, as the endpoint of the first instance of a cluster.
    pub after: BTreeSet<Val<String>>,
    /// The name by which it logs in: at most 32 characters, which is what MySQL takes.
    pub username: String,
    pub authentication: Authentication,
    /// Absent in what was seen where its rights are neither of the two.
    pub access: Option<Access>,
    pub tags: Tags,
}

/// Its name, and the secret whose password it has: what logs in at this moment.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserOutputs {
    pub username: Option<String>,
    /// ARN; absent where it has no password.
    pub secret_arn: Option<String>,
    pub secret_version: Option<String>,
}

impl User {
    pub const USERNAME: Out<Self, String> = Out::new("username");
    pub const SECRET_ARN: Out<Self, String> = Out::new("secretArn");
    pub const SECRET_VERSION: Out<Self, String> = Out::new("secretVersion");
}

impl Resource for User {
    const KIND: &'static str = "sql/User";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("engine", Rule::Replace),
        ("server", Rule::Replace),
        ("host", Rule::Moves),
        ("port", Rule::Moves),
        ("database", Rule::Replace),
        ("administrator", Rule::Moves),
        ("administratorSecretArn", Rule::Moves),
        ("after", Rule::OnCreate),
        ("username", Rule::Replace),
        ("tags", Rule::Keyed),
    ];
    const ADDRESS: &'static [&'static str] =
        &["engine", "server", "host", "port", "database", "administrator", "administratorSecretArn", "username"];
    type Outputs = UserOutputs;
}
