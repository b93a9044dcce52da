//! Running a DataTier: backups, maintenance, monitoring.

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::choices::{ApplyChanges, MinorVersions};
use crate::{schema, windows};

/// Automated backups.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Backup {
    /// Days for which backups are kept, and to any second of which the database can be restored.
    #[serde(default = "seven")]
    #[schemars(range(min = 1, max = 35))]
    pub retention_days: u8,
    /// When backups are taken each day, in UTC, as hh:mm-hh:mm; at least 30 minutes, apart from the maintenance window.
    #[serde(default = "windows::nightly")]
    #[schemars(length(equal = 11), regex(pattern = schema::DAILY_WINDOW))]
    pub window: String,
}

impl Default for Backup {
    fn default() -> Self {
        schema::defaults()
    }
}

fn seven() -> u8 {
    7
}

/// When changes and upgrades happen.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Maintenance {
    /// When AWS may maintain the database each week, in UTC, as ddd:hh:mm-ddd:hh:mm; at least 30 minutes, apart
    /// from the backup window.
    #[serde(default = "windows::sunday")]
    #[schemars(length(equal = 19), regex(pattern = schema::WEEKLY_WINDOW))]
    pub window: String,
    /// When changes that interrupt the database are made: InWindow (default) or Immediately.
    #[serde(default)]
    pub apply: ApplyChanges,
    /// Whether AWS upgrades to new minor versions in the window: Automatic (default) or Manual.
    #[serde(default)]
    pub minor_versions: MinorVersions,
    /// Whether `engineVersion` may go to another major version: Refused (default) or Allowed.
    #[serde(default)]
    pub major_versions: MajorVersions,
}

impl Default for Maintenance {
    fn default() -> Self {
        schema::defaults()
    }
}

/// Whether an edit may go to another major version.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum MajorVersions {
    /// It may not.
    #[default]
    Refused,
    /// It may.
    Allowed,
}

/// What is measured and logged.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Monitoring {
    /// CloudWatch Database Insights: Standard (default, 7 days of history) or Advanced (15 months).
    #[serde(default)]
    pub database_insights: DatabaseInsights,
    /// Seconds between measurements of the operating system: 1, 5, 10, 15, 30, 60 (default), or 0 for none.
    #[serde(default = "minute")]
    #[schemars(schema_with = "intervals")]
    pub enhanced_interval_seconds: u8,
    /// The logs that go to CloudWatch Logs. postgres: postgresql, upgrade, iam-db-auth-error. mysql: audit, error,
    /// general, slowquery, iam-db-auth-error; mariadb the same. aurora-postgresql: postgresql, instance,
    /// iam-db-auth-error. aurora-mysql: audit, error, general, slowquery, instance, iam-db-auth-error.
    #[serde(default)]
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub export_logs: Vec<LogType>,
}

impl Default for Monitoring {
    fn default() -> Self {
        schema::defaults()
    }
}

fn minute() -> u8 {
    60
}

/// The intervals that `CreateDBInstance`, MonitoringInterval takes.
fn intervals(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "integer", "format": "int32", "enum": [0, 1, 5, 10, 15, 30, 60]})
}

/// The mode of CloudWatch Database Insights.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum DatabaseInsights {
    /// Seven days of history.
    #[default]
    Standard,
    /// Fifteen months of history, and analysis across databases.
    Advanced,
}

/// A log that RDS can send to CloudWatch Logs (`CreateDBInstance`, `CreateDBCluster`, EnableCloudwatchLogsExports).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum LogType {
    /// Audit events.
    Audit,
    /// Errors.
    Error,
    /// Every statement.
    General,
    /// IAM logins that failed.
    IamDbAuthError,
    /// What happens to the instance.
    Instance,
    /// PostgreSQL's own log.
    Postgresql,
    /// Slow statements.
    Slowquery,
    /// Major version upgrades.
    Upgrade,
}

impl LogType {
    /// As the RDS API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Error => "error",
            Self::General => "general",
            Self::IamDbAuthError => "iam-db-auth-error",
            Self::Instance => "instance",
            Self::Postgresql => "postgresql",
            Self::Slowquery => "slowquery",
            Self::Upgrade => "upgrade",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_named_as_rds_names_it() {
        for log in [
            LogType::Audit,
            LogType::Error,
            LogType::General,
            LogType::IamDbAuthError,
            LogType::Instance,
            LogType::Postgresql,
            LogType::Slowquery,
            LogType::Upgrade,
        ] {
            assert_eq!(serde_json::to_value(log).unwrap(), log.as_str());
        }
    }
}
