//! The disk: bounds and ratios beyond what CEL checks, and what a Multi-AZ DB cluster does not have.
//!
//! RDS User Guide, "Amazon RDS DB instance storage"; `CreateDBCluster`.

use terrace_crds::DataTierSpec;
use terrace_crds::data_tier::{Storage, StorageType};

use super::super::design::Shape;
use crate::Invalid;

const GP3_IOPS: u32 = 64_000;
/// MiB per second.
const GP3_THROUGHPUT: u32 = 4_000;
/// IOPS for each GiB.
const IO2_RATIO: u32 = 1_000;

pub(super) fn check(spec: &DataTierSpec, shape: Shape, invalid: &mut Invalid) {
    let Some(storage) = &spec.storage else {
        return;
    };
    performance(storage, invalid);
    if shape == Shape::MultiAzCluster {
        multi_az_cluster(storage, invalid);
    }
}

fn performance(storage: &Storage, invalid: &mut Invalid) {
    let (size, iops, throughput) = (storage.size.gib(), storage.iops.unwrap_or(0), storage.throughput.unwrap_or(0));
    match storage.type_ {
        StorageType::Gp3 => {
            if iops > GP3_IOPS {
                invalid
                    .add("spec.storage.iops", format!("gp3 gives at most {GP3_IOPS} IOPS: lower it, or use type io2"));
            }
            if throughput > GP3_THROUGHPUT {
                invalid.add(
                    "spec.storage.throughput",
                    format!("gp3 gives at most {GP3_THROUGHPUT} MiB/s: lower it, or use type io2"),
                );
            }
        }
        StorageType::Io2 if iops > size.saturating_mul(IO2_RATIO) => {
            invalid.add(
                "spec.storage.iops",
                format!("io2 gives at most {IO2_RATIO} IOPS for each GiB: lower it, or raise storage.size"),
            );
        }
        StorageType::Io1 | StorageType::Io2 if iops.saturating_mul(2) < size => {
            invalid.add(
                "spec.storage.iops",
                format!(
                    "{} wants at least one IOPS for two GiB: ask for {} or more",
                    storage.type_.as_str(),
                    size.div_ceil(2)
                ),
            );
        }
        StorageType::Io1 | StorageType::Io2 | StorageType::Gp2 => {}
    }
}

fn multi_az_cluster(storage: &Storage, invalid: &mut Invalid) {
    if storage.max_size.is_some() {
        invalid.add(
            "spec.storage.maxSize",
            "the storage of availability Cluster does not grow by itself: leave maxSize out, and raise storage.size in time",
        );
    }
    if storage.throughput.is_some() {
        invalid.add(
            "spec.storage.throughput",
            "availability Cluster takes no throughput, it follows from iops: leave it out",
        );
    }
}
