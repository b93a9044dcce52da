//! Storage of a DataTier on RDS (Aurora has none to size): its size, how far it may grow, its type and performance.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::size::StorageSize;

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
