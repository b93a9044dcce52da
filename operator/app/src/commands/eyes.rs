//! Who reads which account: the person who asks, or the role that the Environment names.

use std::collections::{BTreeMap, BTreeSet};

use terrace_aws::sts;
use terrace_crds::Environment;
use terrace_crds::environment::IdentityType;
use terrace_views::plan::Basis;

use super::assume;
use crate::context::Context;
use crate::environment::{is_ready, resolved};

/// With whose eyes the accounts are read.
#[derive(Default)]
pub struct Eyes {
    identities: BTreeSet<String>,
    /// The Environments whose account cannot be read, and why.
    pub closed: BTreeMap<String, String>,
}

impl Eyes {
    /// What a plan that they see was compared with.
    pub fn basis(&self) -> Basis {
        match self.closed.values().next() {
            Some(why) => Basis::Record { why: why.clone() },
            None => Basis::Aws { identity: self.identities.iter().cloned().collect::<Vec<_>>().join(", ") },
        }
    }
}

/// Finds out who may read the Environments that are needed; gives back all of them, those as that one sees them.
pub async fn look(
    needed: &BTreeSet<String>,
    environments: Vec<Environment>,
    context: &Context,
) -> (Eyes, Vec<Environment>) {
    let (mut eyes, mut seen) = (Eyes::default(), Vec::new());
    for environment in environments {
        let name = environment.metadata.name.clone().unwrap_or_default();
        if !needed.contains(&name) {
            seen.push(environment);
            continue;
        }
        match identified(&environment, context).await {
            Ok((identity, environment)) => {
                eyes.identities.insert(identity);
                seen.push(resolved(environment, context).await);
            }
            Err(why) => {
                eyes.closed.insert(name, why);
                seen.push(if is_ready(&environment) { environment } else { assume::in_order(environment) });
            }
        }
    }
    (eyes, seen)
}

/// Who reads the account of an Environment: the person's own identity where that is of the account, else the role that the
/// Environment names.
///
/// # Errors
/// A sentence: neither can.
pub async fn identified(environment: &Environment, context: &Context) -> Result<(String, Environment), String> {
    let name = environment.metadata.name.clone().unwrap_or_default();
    let mut own = environment.clone();
    (own.spec.identity.type_, own.spec.identity.assume_role) = (IdentityType::Operator, None);
    let mut said = String::new();
    for environment in [own, environment.clone()] {
        let cloud = context.clouds.of(&environment);
        match sts::caller(&cloud.clients, &environment.spec.region).await {
            Ok(caller) if caller.account == environment.spec.account => return Ok((caller.arn, environment)),
            Ok(caller) => said = format!("{} is not in account {}", caller.arn, environment.spec.account),
            Err(error) => said = error.to_string(),
        }
    }
    Err(format!("the account of Environment {name} cannot be read ({said})"))
}
