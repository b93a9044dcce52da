//! What is wrong with a spec in the light of the facts: the checks that the schema and CEL cannot make.

mod existing;
mod nodes;
mod versions;

use terrace_crds::cache_tier::Availability;
use terrace_crds::{CacheTier, CacheTierSpec, TierObject};

pub(super) use existing::references;
pub(super) use versions::family;

use super::design::Form;
use crate::check::windows::{self, Daily, Windows};
use crate::check::{parameters, zones};
use crate::draft::check_common;
use crate::{Facts, Invalid};

/// The parameter group family, if all is well; empty of serverless, which has none.
pub(super) fn validate(spec: &CacheTierSpec, facts: &Facts) -> Result<String, Invalid> {
    let mut invalid = Invalid::default();
    check_common(CacheTier::KIND, &spec.common.tags, facts, &mut invalid);
    let family = versions::check(spec, &mut invalid);
    nodes::check(spec, &mut invalid);
    network(spec, facts, &mut invalid);
    plan(spec, &mut invalid);
    parameters::check(&spec.parameters, &family, facts, &mut invalid);
    existing::check(spec, facts, &mut invalid);
    invalid.or(family)
}

/// Serverless takes subnets in two zones at least (ElastiCache User Guide, "Create a serverless cache").
fn network(spec: &CacheTierSpec, facts: &Facts, invalid: &mut Invalid) {
    let (needed, why) = match (Form::of(spec), spec.availability) {
        (Form::Serverless, _) => (2, "serverless needs 2"),
        (Form::Nodes | Form::Memcached, Availability::MultiAZ) => (2, "availability MultiAZ needs 2"),
        (Form::Nodes | Form::Memcached, Availability::SingleAZ) => (1, "a cache needs 1"),
    };
    zones::check(needed, why, facts, invalid);
}

/// ElastiCache asks for an hour (`CreateReplicationGroup`, PreferredMaintenanceWindow). Memcached on nodes takes no
/// snapshots, serverless has no maintenance, and a snapshot of it begins at a time.
fn plan(spec: &CacheTierSpec, invalid: &mut Invalid) {
    let (snapshots, maintenance) =
        (spec.snapshots.clone().unwrap_or_default(), spec.maintenance.clone().unwrap_or_default());
    let daily = Daily { field: "spec.snapshots.window", noun: "snapshot window", window: &snapshots.window };
    let form = Form::of(spec);
    let windows = Windows {
        daily: (form != Form::Memcached && snapshots.retention_days > 0).then_some(daily),
        maintenance: (form != Form::Serverless).then_some(&*maintenance.window),
        shortest: 60,
    };
    windows::check(&windows, invalid);
}
