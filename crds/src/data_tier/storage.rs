//! Storage of a DataTier on RDS (Aurora has none to size): its size, how far it may grow, its type and performance.

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The disk of each instance. Bounds: `CreateDBInstance`, AllocatedStorage, Iops, StorageThroughput, and the RDS
/// User Guide, "Amazon RDS DB instance storage".
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "!quantity(self.size).isLessThan(quantity(oldSelf.size))",
    "storage.size cannot shrink, AWS has no such operation: restore into a new DataTier to get a smaller disk"
))]
#[x_kube(validation = (
    "!quantity(self.size).isLessThan(quantity('20Gi')) && !quantity(self.size).isGreaterThan(quantity('64Ti'))",
    "storage.size must be between 20Gi and 64Ti"
))]
#[x_kube(validation = (
    "!has(self.maxSize) || self.maxSize == self.size || quantity(self.maxSize).asInteger() >= quantity(self.size).asInteger() / 10 * 11",
    "storage.maxSize must be at least a tenth above storage.size, or equal to it to turn growing off"
))]
#[x_kube(validation = (
    "!has(self.maxSize) || !quantity(self.maxSize).isGreaterThan(quantity('64Ti'))",
    "storage.maxSize must be at most 64Ti"
))]
#[x_kube(validation = (
    "self.type != 'gp3' || (!has(self.iops) && !has(self.throughput)) || !quantity(self.size).isLessThan(quantity('400Gi'))",
    "gp3 takes iops and throughput only from 400Gi up: leave them out (3000 IOPS and 125 MiB/s come with it), raise storage.size, or use io2"
))]
#[x_kube(validation = (
    "self.type != 'gp3' || !has(self.iops) || self.iops >= 12000",
    "gp3 of 400Gi and more comes with 12000 IOPS: ask for at least that, or leave iops out"
))]
#[x_kube(validation = (
    "self.type != 'gp3' || !has(self.throughput) || (self.throughput >= 500 && self.throughput * 4 <= (has(self.iops) ? self.iops : 12000))",
    "gp3 throughput must be at least 500 (MiB/s) and at most a quarter of iops: lower it or raise iops"
))]
#[x_kube(validation = (
    "self.type == 'gp3' || !has(self.throughput)",
    "throughput can be set for gp3 only: leave it out or use type gp3"
))]
#[x_kube(validation = (
    "!(self.type in ['io1', 'io2']) || has(self.iops)",
    "io1 and io2 need iops: say how many"
))]
#[x_kube(validation = (
    "!(self.type in ['io1', 'io2']) || !quantity(self.size).isLessThan(quantity('100Gi'))",
    "io1 and io2 start at 100Gi: raise storage.size or use type gp3"
))]
#[x_kube(validation = (
    "self.type != 'io1' || !has(self.iops) || self.iops <= quantity(self.size).asInteger() / 1073741824 * 50",
    "io1 gives at most 50 IOPS per GiB: lower iops, raise storage.size, or use type io2"
))]
#[x_kube(validation = (
    "self.type != 'gp2' || !has(self.iops)",
    "gp2 takes no iops: leave it out or use type gp3"
))]
pub struct Storage {
    /// The size, such as 400Gi or 1Ti. It can grow, never shrink.
    pub size: StorageSize,
    /// How far AWS may let it grow by itself. Absent: it does not grow by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size: Option<StorageSize>,
    /// The type of disk: gp3 (default), io1, io2, or gp2 for what exists already.
    #[serde(default, rename = "type")]
    pub type_: StorageType,
    /// I/O operations per second. gp3 takes it from 400Gi up, io1 and io2 need it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1000, max = 256_000))]
    pub iops: Option<u32>,
    /// Throughput in MiB per second. For gp3 from 400Gi up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 125, max = 16_000))]
    pub throughput: Option<u32>,
}

/// The type of disk, in AWS's words.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum StorageType {
    /// General purpose, performance apart from size.
    #[default]
    Gp3,
    /// General purpose, performance by size.
    Gp2,
    /// Provisioned IOPS.
    Io1,
    /// Provisioned IOPS, Block Express.
    Io2,
}

impl StorageType {
    /// As the RDS API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gp3 => "gp3",
            Self::Gp2 => "gp2",
            Self::Io1 => "io1",
            Self::Io2 => "io2",
        }
    }
}

/// A size in Gi or Ti, such as `400Gi`. Kept as it was written; known to be well formed.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(try_from = "String", into = "String")]
pub struct StorageSize(String);

impl StorageSize {
    /// At most five digits and the unit.
    const MAX_LENGTH: usize = 7;

    /// The size in GiB, the unit of the RDS API.
    pub fn gib(&self) -> u32 {
        Self::parse(&self.0).unwrap_or_default()
    }

    fn parse(text: &str) -> Option<u32> {
        let (digits, unit) = match text.strip_suffix("Gi") {
            Some(digits) => (digits, 1),
            None => (text.strip_suffix("Ti")?, 1024),
        };
        let plain = text.len() <= Self::MAX_LENGTH && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse::<u32>().ok()?.checked_mul(unit)).flatten()
    }
}

impl TryFrom<String> for StorageSize {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match Self::parse(&text) {
            Some(_) => Ok(Self(text)),
            None => Err(format!("{text:?} is no size: write it like 400Gi or 1Ti")),
        }
    }
}

impl From<StorageSize> for String {
    fn from(size: StorageSize) -> Self {
        size.0
    }
}

impl JsonSchema for StorageSize {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "StorageSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 3,
            "maxLength": Self::MAX_LENGTH,
            "pattern": "^[0-9]+(Gi|Ti)$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_counts_gib() {
        let gib = |text: &str| StorageSize::try_from(text.to_string()).map(|size| size.gib());
        assert_eq!(gib("20Gi"), Ok(20));
        assert_eq!(gib("1Ti"), Ok(1024));
        assert_eq!(gib("65536Gi"), Ok(65536));
        assert_eq!(gib("99999Ti"), Ok(102_398_976));
    }

    #[test]
    fn what_is_no_size_is_refused_and_told_how_to_write_it() {
        for text in ["", "Gi", "20", "20G", "20GiB", "-20Gi", "+20Gi", "1.5Ti", "100000Ti", " 20Gi"] {
            let error = StorageSize::try_from(text.to_string()).unwrap_err();
            assert!(error.contains("400Gi or 1Ti"), "{text}: {error}");
        }
    }

    #[test]
    fn a_size_is_written_back_as_it_was_read() {
        let size: StorageSize = serde_json::from_str("\"1024Gi\"").unwrap();
        assert_eq!(serde_json::to_string(&size).unwrap(), "\"1024Gi\"");
    }
}
