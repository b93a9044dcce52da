//! The subnets: whether they lie in enough availability zones.

use terrace_crds::DataTierSpec;

use super::super::design::Shape;
use crate::{Facts, Invalid};

/// A DB subnet group covers two zones at least, a Multi-AZ DB cluster stands in three (RDS User Guide, "Working with DB
/// subnet groups", "Creating a Multi-AZ DB cluster").
pub(super) fn check(spec: &DataTierSpec, shape: Shape, facts: &Facts, invalid: &mut Invalid) {
    let environment = &facts.environment;
    let zones = environment.private_zones();
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
    if zones.len() < needed {
        let listed = if zones.is_empty() {
            String::new()
        } else {
            format!(" ({})", Vec::from_iter(zones.iter().copied()).join(", "))
        };
        invalid.add(
            "spec.availability",
            format!(
                "the private subnets of Environment {} are in {} availability zone{}{listed}, and {why}: ask its administrator to add subnets in other zones",
                environment.name,
                zones.len(),
                if zones.len() == 1 { "" } else { "s" },
            ),
        );
    }
}
