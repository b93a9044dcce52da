//! The reconcile of an Environment: who we are there, what stands there, who uses it.

pub mod choose;
mod features;
mod resolve;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::core::DeserializeGuard;
use kube::{Resource, ResourceExt};
use terrace_crds::{Environment, EnvironmentStatus, FINALIZER, RECONCILE_AT};
use terrace_engine::Error;
use terrace_tiers::ObjectKey;

use crate::conditions;
use crate::context::Context;
use crate::next::Next;
use crate::object::{Handle, malformed};
use crate::problem::Problem;
use crate::tier::stand_back;

/// How soon it is asked again whether an object that is being worked on has come to use an Environment that is to go.
const CLAIMED: Duration = Duration::from_secs(1);

/// Brings the status of an Environment up to date, and holds it until its last user is gone.
///
/// # Errors
/// When the cluster's API does not answer; it is tried again.
pub async fn reconcile(
    object: Arc<DeserializeGuard<Environment>>,
    users: usize,
    context: &Context,
) -> Result<Next, Error> {
    let environment = match &object.0 {
        Ok(environment) => environment,
        Err(_) => return malformed(&object, context).await,
    };
    if !context.install.scope().has_environment(&environment.name_any()) {
        return Ok(Next::OnChange);
    }
    let operator = environment.status.as_ref().and_then(|status| status.operator.as_deref());
    if let Some(next) = stand_back(environment, operator, context).await {
        return Ok(next);
    }
    let handle = Handle::of(&context.client, environment);
    let mut version = environment.resource_version().unwrap_or_default();
    let finalizers = environment.finalizers();
    let deleting = environment.meta().deletion_timestamp.is_some();
    let uid = environment.uid().unwrap_or_default();
    if deleting && users == 0 {
        if context.process.is_claimed(&uid) {
            return Ok(Next::After(CLAIMED));
        }
        if finalizers.iter().any(|name| name == FINALIZER) {
            handle.hold(&version, finalizers, false).await?;
        }
        context.clouds.forget(&uid);
        context.process.forget(&uid);
        context.metrics.objects.passes.forget(&ObjectKey::new("Environment", "", &environment.name_any()));
        return Ok(Next::OnChange);
    }
    if !deleting && !finalizers.iter().any(|name| name == FINALIZER) {
        version = handle.hold(&version, finalizers, true).await?;
    }
    let now = Timestamp::now();
    let before = environment.status.clone().unwrap_or_default();
    let (status, next) = assess(environment, &before, users, now, context).await;
    if Some(&status) != environment.status.as_ref() {
        let value = serde_json::to_value(&status).map_err(Error::retry)?;
        handle.write_status(&version, &value).await?;
        context.events.transitions(environment, &before.conditions, &status.conditions).await;
        // Whoever waits for this Environment need not wait for its own next turn.
        if status.conditions != before.conditions || status.observed_generation != before.observed_generation {
            context.wake.all_tiers();
        }
    }
    Ok(next)
}

/// Whether a controller has found it in order as its spec is now.
pub fn is_ready(environment: &Environment) -> bool {
    let current = |status: &&EnvironmentStatus| Some(status.observed_generation) == environment.metadata.generation;
    let status = environment.status.as_ref().filter(current);
    status.is_some_and(|status| conditions::is(&status.conditions, conditions::READY))
}

/// An Environment as a plan needs it: one that no controller has found in order is looked at, and nothing is written.
pub async fn resolved(mut environment: Environment, context: &Context) -> Environment {
    if is_ready(&environment) {
        return environment;
    }
    let status = environment.status.clone().unwrap_or_default();
    let (now, generation) = (Timestamp::now(), environment.metadata.generation.unwrap_or_default());
    let cloud = context.clouds.of(&environment);
    let found = resolve::resolve(&environment, &cloud.clients, &context.client).await;
    let conditions = match &found {
        Ok(_) => conditions::ready(&status.conditions, "", generation, now),
        Err(problem) => conditions::problem(&status.conditions, problem, generation, now),
    };
    let status = EnvironmentStatus { observed_generation: generation, conditions, ..status };
    environment.status = Some(match found {
        Ok(facts) => facts.into_status(status),
        Err(_) => status,
    });
    environment
}

async fn assess(
    environment: &Environment,
    before: &EnvironmentStatus,
    users: usize,
    now: Timestamp,
    context: &Context,
) -> (EnvironmentStatus, Next) {
    let generation = environment.metadata.generation.unwrap_or_default();
    let uid = environment.uid().unwrap_or_default();
    let users = u32::try_from(users).unwrap_or(u32::MAX);
    let operator = Some(context.install.name.clone());
    let mut status =
        EnvironmentStatus { observed_generation: generation, operator, users: Some(users), ..before.clone() };
    if environment.meta().deletion_timestamp.is_some() {
        let message = format!("{users} objects still use this Environment: delete them first");
        let problem = Problem::waiting("InUse", message);
        status.conditions = conditions::problem(&before.conditions, &problem, generation, now);
        return (status, Next::After(context.resync));
    }
    let was_ready = before.observed_generation == generation && conditions::is(&before.conditions, conditions::READY);
    let asks = environment.annotations().get(RECONCILE_AT);
    let asked = context.process.is_asked(&uid, asks);
    if was_ready && !asked && context.process.is_resolved(&uid, generation, now, context.resync) {
        return (status, Next::After(context.resync));
    }
    let cloud = context.clouds.of(environment);
    match resolve::resolve(environment, &cloud.clients, &context.client).await {
        Ok(facts) => {
            context.process.resolved(&uid, generation, now);
            context.process.answered(&uid, asks);
            status = facts.into_status(status);
            status.conditions =
                conditions::ready(&before.conditions, "account, cluster and network are in order", generation, now);
            (status, Next::After(context.resync))
        }
        Err(problem) => {
            status.conditions = conditions::problem(&before.conditions, &problem, generation, now);
            (status, Next::After(problem.retry.min(context.resync)))
        }
    }
}
