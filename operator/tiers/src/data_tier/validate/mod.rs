//! What is wrong with a spec in the light of the facts: the checks that the schema and CEL cannot make.

mod classes;
mod existing;
mod network;
mod storage;
mod versions;

use terrace_crds::{DataTier, DataTierSpec, TierObject};

pub(super) use existing::references;
pub(super) use versions::family;

use super::design::Shape;
use crate::check::parameters;
use crate::check::windows::{self, Daily, Windows};
use crate::draft::check_common;
use crate::{Facts, Invalid};

/// The parameter group family, if all is well.
pub(super) fn validate(spec: &DataTierSpec, facts: &Facts) -> Result<String, Invalid> {
    let shape = Shape::of(spec);
    let mut invalid = Invalid::default();
    check_common(DataTier::KIND, &spec.common.tags, facts, &mut invalid);
    let family = versions::check(spec, shape, &mut invalid);
    classes::check(spec, shape, &mut invalid);
    storage::check(spec, shape, &mut invalid);
    network::check(spec, shape, facts, &mut invalid);
    plan(spec, &mut invalid);
    parameters::check(&spec.parameters, &family, facts, &mut invalid);
    existing::check(spec, shape, facts, &mut invalid);
    invalid.or(family)
}

/// RDS asks for half an hour (`CreateDBInstance`, PreferredBackupWindow).
fn plan(spec: &DataTierSpec, invalid: &mut Invalid) {
    let backup = Daily { field: "spec.backup.window", noun: "backup window", window: &spec.backup.window };
    let maintenance = Some(&*spec.maintenance.window);
    windows::check(&Windows { daily: Some(backup), maintenance, shortest: 30 }, invalid);
}
