//! Choices that several tiers offer in the same words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When changes that interrupt are made.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum ApplyChanges {
    /// In the next maintenance window.
    #[default]
    InWindow,
    /// At once.
    Immediately,
}

/// Whether AWS upgrades minor versions.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum MinorVersions {
    /// It does, in the maintenance window.
    #[default]
    Automatic,
    /// It does not.
    Manual,
}

/// Which IP versions a database or a cache speaks.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub enum NetworkType {
    /// IPv4.
    #[default]
    Ipv4,
    /// IPv4 and IPv6.
    Dual,
}
