//! Running a CacheTier: snapshots, maintenance, logs.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::choices::{ApplyChanges, MinorVersions};
use crate::{schema, windows};

/// Automatic snapshots.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Snapshots {
    /// Days for which snapshots are kept; 0 for none.
    #[serde(default = "seven")]
    #[schemars(range(min = 0, max = 35))]
    pub retention_days: u8,
    /// When snapshots are taken each day, in UTC, as hh:mm-hh:mm; at least 60 minutes, apart from the maintenance window.
    /// Of serverless, they are taken at its beginning.
    #[serde(default = "windows::nightly")]
    #[schemars(length(equal = 11), regex(pattern = schema::DAILY_WINDOW))]
    pub window: String,
}

impl Default for Snapshots {
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
    /// When AWS may maintain the cache each week, in UTC, as ddd:hh:mm-ddd:hh:mm; at least 60 minutes, apart from the
    /// snapshot window.
    #[serde(default = "windows::sunday")]
    #[schemars(length(equal = 19), regex(pattern = schema::WEEKLY_WINDOW))]
    pub window: String,
    /// When changes of node type, engine and version are made: InWindow (default) or Immediately. Shards and replicas
    /// are always added and removed at once.
    #[serde(default)]
    pub apply: ApplyChanges,
    /// Whether AWS upgrades to new minor versions in the window: Automatic (default) or Manual.
    #[serde(default)]
    pub minor_versions: MinorVersions,
}

impl Default for Maintenance {
    fn default() -> Self {
        schema::defaults()
    }
}

/// Where one log goes. The Environment's `limits.allow` must admit the log group or the stream.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "has(self.logGroup) != has(self.deliveryStream)",
    "set exactly one of logs[].logGroup and logs[].deliveryStream"
))]
pub struct LogDelivery {
    /// The log: slow-log, or engine-log (from redis 6.2 on).
    #[serde(rename = "type")]
    pub type_: LogType,
    /// JSON (default) or Text.
    #[serde(default)]
    pub format: LogFormat,
    /// The CloudWatch Logs log group that it goes to, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), regex(pattern = "^[A-Za-z0-9_/.#-]+$"))]
    pub log_group: Option<String>,
    /// The Data Firehose stream that it goes to, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9_.-]+$"))]
    pub delivery_stream: Option<String>,
}

/// A log that ElastiCache delivers (`LogDeliveryConfigurationRequest`, LogType).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum LogType {
    /// Slow commands.
    SlowLog,
    /// The engine's own log.
    EngineLog,
}

impl LogType {
    /// As the ElastiCache API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SlowLog => "slow-log",
            Self::EngineLog => "engine-log",
        }
    }
}

/// How a log is written (`LogDeliveryConfigurationRequest`, LogFormat).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum LogFormat {
    /// JSON.
    #[default]
    #[serde(rename = "JSON")]
    Json,
    /// Plain text.
    Text,
}

impl LogFormat {
    /// As the ElastiCache API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_named_as_elasticache_names_it() {
        for log in [LogType::SlowLog, LogType::EngineLog] {
            assert_eq!(serde_json::to_value(log).unwrap(), log.as_str());
        }
        assert_eq!([LogFormat::Json, LogFormat::Text].map(LogFormat::as_str), ["json", "text"]);
    }

    #[test]
    fn the_default_windows_are_apart() {
        let (daily, weekly) = (Snapshots::default().window, Maintenance::default().window);
        assert!(!windows::overlap(&windows::daily(&daily).unwrap(), &windows::weekly(&weekly).unwrap()));
    }
}
