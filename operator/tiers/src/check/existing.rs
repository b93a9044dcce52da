//! The existing AWS resources that a spec names: they must be of its namespace, or admitted by the Environment.

use crate::facts::Named;
use crate::{Facts, Invalid, Reference};

/// What the reference leads to, if this object may name it.
pub(crate) fn admitted<'a>(reference: &Reference, facts: &'a Facts, invalid: &mut Invalid) -> Option<&'a Named> {
    let (environment, namespace) = (&facts.environment, &facts.object.namespace);
    let (text, noun, arn) = (&reference.text, reference.kind.noun(), reference.arn(environment));
    let named = facts.named.get(text);
    if !reference.is_admitted(environment, namespace, named) {
        // The same words whether it exists or not: they must not tell a team what others have.
        invalid.add(
            reference.field,
            format!(
                "{text} is no {noun} of namespace {namespace}: name one of its own, or ask the administrator of Environment {} to add {arn} to limits.allow",
                environment.name
            ),
        );
        return None;
    }
    if named.is_none() {
        let (account, region) = (&environment.account, &environment.region);
        let message = match &reference.of {
            None => format!("there is no {noun} {text} in account {account}, {region}: check the name"),
            Some(tier) => format!(
                "{} is no {noun} of account {account}, {region} ({text}): name a DataTier of the same form and Environment",
                tier.title()
            ),
        };
        invalid.add(reference.field, message);
    }
    named
}
