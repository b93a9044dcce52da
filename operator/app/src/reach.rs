//! How AWS and databases are reached, as the command line says it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use kube::Client;
use terrace_aws::limits::Limits;
use terrace_crds::environment::DatabaseAccess;
use terrace_engine::SecretReader;
use terrace_sql::{Reach, Tls};

use crate::cloud::Clouds;
use crate::telemetry::metrics::Metrics;

/// Flags of every command that calls AWS.
#[derive(Clone, Debug, Default, Args)]
#[group(id = "reach")]
pub struct Flags {
    /// One endpoint for all AWS services, such as an emulator. There is no other way to set it.
    #[arg(long)]
    pub aws_endpoint_url: Option<String>,
    /// A file with the authorities that sign RDS's certificates, in PEM: global-bundle.pem of RDS's trust store. Without it
    /// nobody logs in to databases, and Environments with databaseAccess Managed say so.
    #[arg(long)]
    pub rds_ca_bundle: Option<PathBuf>,
    /// Whether AWS's published rates are kept to. Lifted is for benchmarks against an emulator.
    #[arg(long, value_enum, default_value_t = RateLimits::Published)]
    pub aws_rate_limits: RateLimits,
}

/// How fast AWS is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RateLimits {
    /// No faster than AWS's published rates.
    #[default]
    Published,
    /// As fast as it answers.
    Lifted,
}

impl Flags {
    /// The way into AWS of each Environment.
    ///
    /// # Errors
    /// When the authorities cannot be read.
    pub async fn clouds(&self, client: Client, metrics: Metrics, resync: Duration) -> Result<Clouds, String> {
        let base = aws_config::defaults(aws_config::BehaviorVersion::latest()).load().await;
        let limits = match self.aws_rate_limits {
            RateLimits::Lifted => Limits::lifted(),
            RateLimits::Published => Limits::new(),
        };
        let tls = self.authorities()?;
        let others = move |access, secrets: Arc<dyn SecretReader>| {
            let reach = match (access, &tls) {
                (DatabaseAccess::None, _) => Reach::None,
                (DatabaseAccess::Managed, Some(tls)) => Reach::Managed(tls.clone()),
                (DatabaseAccess::Managed, None) => Reach::Unproven,
            };
            terrace_objects::registry(client.clone(), secrets.clone()).and(terrace_sql::registry(secrets, reach))
        };
        Ok(Clouds::new(base, self.aws_endpoint_url.clone(), limits, metrics, others).with_resync(resync))
    }

    /// The authorities by which databases prove who they are.
    fn authorities(&self) -> Result<Option<Tls>, String> {
        let Some(path) = &self.rds_ca_bundle else { return Ok(None) };
        let said = |error: &dyn std::fmt::Display| format!("--rds-ca-bundle {}: {error}", path.display());
        let pem = std::fs::read(path).map_err(|error| said(&error))?;
        Tls::trusting(&pem).map(Some).map_err(|error| said(&error))
    }
}
