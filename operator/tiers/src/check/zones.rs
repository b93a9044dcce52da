//! The subnets: whether they lie in enough availability zones.

use crate::{Facts, Invalid};

/// Checks that there are as many zones as `why` says.
pub(crate) fn check(needed: usize, why: &str, facts: &Facts, invalid: &mut Invalid) {
    let environment = &facts.environment;
    let zones = environment.private_zones();
    if zones.len() >= needed {
        return;
    }
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
