//! What is wrong with a spec in the light of the facts: the checks that the schema and CEL cannot make.

mod existing;
mod exposure;
mod fargate;
mod identity;
mod names;
mod permissions;
mod quantity;
mod template;

use terrace_crds::{TierObject, WebApp, WebAppSpec};

pub(super) use existing::references;

use super::design::Identity;
use crate::draft::check_common;
use crate::{Facts, Invalid};

/// How pods come by their role, if all is well.
pub(super) fn validate(spec: &WebAppSpec, facts: &Facts) -> Result<Identity, Invalid> {
    let mut invalid = Invalid::default();
    check_common(WebApp::KIND, &spec.common.tags, facts, &mut invalid);
    names::check(spec, facts, &mut invalid);
    template::check(spec, &mut invalid);
    fargate::check(spec, &mut invalid);
    let identity = identity::check(spec, facts, &mut invalid);
    exposure::check(spec, facts, &mut invalid);
    permissions::check(spec, facts, &mut invalid);
    existing::check(spec, facts, &mut invalid);
    match identity {
        Some(identity) => invalid.or(identity),
        None => Err(invalid),
    }
}
