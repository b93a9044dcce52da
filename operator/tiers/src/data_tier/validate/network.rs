//! The subnets: whether they lie in enough availability zones.

use terrace_crds::DataTierSpec;

use super::super::design::Shape;
use crate::check::zones;
use crate::{Facts, Invalid};

/// A DB subnet group covers two zones at least, a Multi-AZ DB cluster stands in three (RDS User Guide, "Working with DB
/// subnet groups", "Creating a Multi-AZ DB cluster").
pub(super) fn check(spec: &DataTierSpec, shape: Shape, facts: &Facts, invalid: &mut Invalid) {
    let (needed, why) = match shape {
        Shape::MultiAzCluster => (3, "availability Cluster needs 3".to_owned()),
        Shape::Instance | Shape::Aurora => (
            2,
            format!(
                "RDS needs 2, also to move a database out of a zone that fails (availability {:?})",
                spec.availability
            ),
        ),
    };
    zones::check(needed, &why, facts, invalid);
}
