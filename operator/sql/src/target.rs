//! The server that a user is of, and the way to it, from the address of the user.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use terrace_engine::{Error, Result};
use terrace_model::Id;
use terrace_model::aws::sql::Engine;
use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::errors::{is_unknown_host, unreachable};

/// How long a server may take to answer before it counts as out of reach.
pub const CONNECT: Duration = Duration::from_secs(10);
/// How long it may take over a piece of work.
pub const WORK: Duration = Duration::from_secs(60);

/// A database in a server, and who administers it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    pub engine: Engine,
    /// The identifier that RDS knows it by.
    pub server: String,
    pub host: String,
    pub port: u16,
    pub database: String,
    pub administrator: String,
    /// ARN.
    pub administrator_secret_arn: String,
    /// The Environment, which stands for the account, and whose setting says whether databases are reached at all.
    #[serde(skip)]
    pub environment: String,
}

impl Target {
    /// What the address of a user says.
    ///
    /// # Errors
    /// `Invalid` where it is not whole, as in a record that somebody edited.
    pub fn of(id: &Id) -> Result<Target> {
        let target: Target = serde_json::from_value(Value::Object(id.address.clone()))
            .map_err(|error| Error::invalid(format!("{}: its address cannot be read: {error}", id.node)))?;
        Ok(Target { environment: id.place.environment.clone(), ..target })
    }

    /// Whether the host has an address: that of a server that was deleted has none any more.
    ///
    /// # Errors
    /// `Retry` where nobody can tell.
    pub async fn exists(&self) -> Result<bool> {
        match timeout(CONNECT, lookup_host((self.host.as_str(), self.port))).await {
            Ok(Ok(_)) => Ok(true),
            Ok(Err(error)) if is_unknown_host(&error.to_string()) => Ok(false),
            Ok(Err(error)) => Err(unreachable(self, &error.to_string())),
            Err(_) => Err(unreachable(self, "its name is not resolved in time")),
        }
    }
}
