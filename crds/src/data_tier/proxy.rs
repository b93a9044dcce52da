//! RDS Proxy before a DataTier.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// A pool of connections that outlives failovers. Bounds: `CreateDBProxy`, `ConnectionPoolConfiguration`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "self.maxIdleConnectionsPercent <= self.maxConnectionsPercent",
    "proxy.maxIdleConnectionsPercent must not be above proxy.maxConnectionsPercent"
))]
pub struct Proxy {
    /// None (default): no proxy. Pooled: clients connect through RDS Proxy.
    #[serde(default)]
    pub mode: ProxyMode,
    /// Whether clients must use TLS: Required (default) or Optional.
    #[serde(default)]
    pub tls: ProxyTls,
    /// Seconds after which an idle client is disconnected.
    #[serde(default = "half_an_hour")]
    #[schemars(range(min = 1, max = 28_800))]
    pub idle_client_timeout_seconds: u32,
    /// The part of the database's max_connections that the pool may take, in percent.
    #[serde(default = "hundred")]
    #[schemars(range(min = 1, max = 100))]
    pub max_connections_percent: u8,
    /// The part of max_connections that may stay open idle, in percent.
    #[serde(default = "fifty")]
    #[schemars(range(min = 0, max = 100))]
    pub max_idle_connections_percent: u8,
    /// Seconds a client waits for a connection from a full pool.
    #[serde(default = "two_minutes")]
    #[schemars(range(min = 0, max = 300))]
    pub connection_borrow_timeout_seconds: u32,
}

impl Default for Proxy {
    fn default() -> Self {
        schema::defaults()
    }
}

fn half_an_hour() -> u32 {
    1800
}

fn hundred() -> u8 {
    100
}

fn fifty() -> u8 {
    50
}

fn two_minutes() -> u32 {
    120
}

/// Whether there is a proxy.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum ProxyMode {
    /// There is none.
    #[default]
    None,
    /// RDS Proxy.
    Pooled,
}

/// Whether clients of the proxy must use TLS.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum ProxyTls {
    /// They must.
    #[default]
    Required,
    /// They may.
    Optional,
}
