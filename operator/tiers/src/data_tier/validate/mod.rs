//! What is wrong with a spec in the light of the facts: the checks that the schema and CEL cannot make.

mod classes;
mod existing;
mod network;
mod parameters;
mod storage;
mod versions;
mod windows;

use terrace_crds::{DataTier, DataTierSpec, TierObject};

pub(super) use existing::references;
pub(super) use versions::family;

use super::design::Shape;
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
    windows::check(spec, &mut invalid);
    parameters::check(spec, &family, facts, &mut invalid);
    existing::check(spec, shape, facts, &mut invalid);
    invalid.or(family)
}
