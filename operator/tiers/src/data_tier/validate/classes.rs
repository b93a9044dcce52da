//! Instance classes: which there are, and which of RDS's forms takes which.
//!
//! RDS User Guide and Aurora User Guide, "Supported DB engines for DB instance classes"; RDS User Guide, "Instance class
//! availability for Multi-AZ DB clusters". What a region or a version lacks of these, AWS says.

use terrace_crds::DataTierSpec;

use super::super::design::Shape;
use crate::Invalid;

const INSTANCE: &[&str] = &[
    "c6gd", "m4", "m5", "m5d", "m6g", "m6gd", "m6i", "m6id", "m6idn", "m6in", "m7g", "m7i", "m8g", "m8gd", "r4", "r5",
    "r5b", "r5d", "r6g", "r6gd", "r6i", "r6id", "r6idn", "r6in", "r7g", "r7i", "r8g", "r8gd", "t2", "t3", "t4g", "x1",
    "x1e", "x2g", "x2idn", "x2iedn", "x2iezn", "z1d",
];
const AURORA: &[&str] =
    &["r4", "r5", "r6g", "r6gd", "r6i", "r6id", "r7g", "r7i", "r8g", "r8gd", "t2", "t3", "t4g", "x2g"];
/// Those with a disk of their own.
const MULTI_AZ_CLUSTER: &[&str] =
    &["c6gd", "m5d", "m6gd", "m6id", "m6idn", "m8gd", "r5d", "r6gd", "r6id", "r6idn", "r8gd", "x2iedn"];
const SIZES: &[&str] = &[
    "micro", "small", "medium", "large", "xlarge", "2xlarge", "3xlarge", "4xlarge", "6xlarge", "8xlarge", "9xlarge",
    "10xlarge", "12xlarge", "16xlarge", "18xlarge", "24xlarge", "32xlarge", "48xlarge",
];

pub(super) fn check(spec: &DataTierSpec, shape: Shape, invalid: &mut Invalid) {
    let readers = spec.replicas.as_ref().and_then(|replicas| replicas.instance_class.as_deref());
    let classes = [("spec.instanceClass", spec.instance_class.as_deref()), ("spec.replicas.instanceClass", readers)];
    for (field, class) in classes {
        if let Some(message) = class.and_then(|class| refusal(class, shape)) {
            invalid.add(field, message);
        }
    }
}

fn refusal(class: &str, shape: Shape) -> Option<String> {
    let (families, form, advice) = match shape {
        Shape::Instance => (INSTANCE, "RDS", "db.r8g.large"),
        Shape::Aurora => (AURORA, "Aurora", "db.r8g.large"),
        Shape::MultiAzCluster => (MULTI_AZ_CLUSTER, "a Multi-AZ DB cluster", "db.r6gd.large"),
    };
    let (family, size) = class.strip_prefix("db.").and_then(|rest| rest.split_once('.')).unwrap_or((class, ""));
    let burstable = family.starts_with('t');
    let size_exists = SIZES.contains(&size) && (burstable || !["micro", "small"].contains(&size));
    if !INSTANCE.contains(&family) || !size_exists {
        return Some(format!("{class} is no instance class: use one that {form} has, such as {advice}"));
    }
    let too_small = shape == Shape::Aurora && ["micro", "small"].contains(&size);
    if !families.contains(&family) || too_small {
        return Some(format!("{form} has no {class}: use one of {} such as {advice}", families.join(", ")));
    }
    None
}
