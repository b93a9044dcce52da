//! The reconcile of any tier, which reads as a sentence:
//! dereference (client) → validate and expand (pure) → observe, plan, apply (client) → report (client).

mod credentials;
mod facts;
mod foresee;
mod job;
mod ledger;
pub mod links;
mod named;
mod policy;
mod status;
#[cfg(test)]
mod testing;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use kube::core::{DeserializeGuard, NamespaceResourceScope};
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use terrace_crds::{FINALIZER, RECONCILE_AT, TierStatus};
use terrace_engine::{Error, Ledger};
use terrace_model::Inventory;
use terrace_tiers::{ObjectKey, Tier};

use crate::context::Context;
use crate::environment::choose::{Asking, choose};
use crate::install;
use crate::next::Next;
use crate::object::{Handle, malformed};
pub use foresee::{Foreseen, foresee};
pub use job::Mode;
use job::{Job, Pass};
use ledger::StatusLedger;

/// What the controller asks of a kind of tier.
pub trait Managed:
    Tier
    + Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Serialize
    + Send
    + Sync
    + 'static
{
}

impl<T> Managed for T where
    T: Tier
        + Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize
        + Send
        + Sync
        + 'static
{
}

/// Whether its owner wants nothing changed for now: it is paused, or only observed.
pub fn is_held_still<T: Managed>(object: &T) -> bool {
    let policy = policy::policy(object);
    policy.paused || policy.observe
}

/// Brings AWS, and the object's status, to what the object asks for.
///
/// # Errors
/// When the cluster's API does not answer; it is tried again.
pub async fn reconcile<T: Managed>(object: Arc<DeserializeGuard<T>>, context: &Context) -> Result<Next, Error> {
    let Ok(cached) = &object.0 else { return malformed(&object, context).await };
    let Some(object) = current(cached, context).await? else { return Ok(Next::OnChange) };
    if let Some(next) = elsewhere(&object, context).await {
        return Ok(next);
    }
    let handle = Handle::of(&context.client, &object);
    let uid = object.uid().unwrap_or_default();
    let mut version = object.resource_version().unwrap_or_default();
    let deleting = object.meta().deletion_timestamp.is_some();
    let held = object.finalizers().iter().any(|name| name == FINALIZER);
    if deleting && !held {
        return Ok(Next::OnChange);
    }
    if !held {
        version = handle.hold(&version, object.finalizers(), true).await?;
        context.process.wrote(&uid, &version);
    }
    let before = object.tier_status().cloned().unwrap_or_default();
    let ledger = StatusLedger::new(&handle, &uid, &context.process, version, before.clone());
    let key = ObjectKey::new(T::KIND, &object.namespace().unwrap_or_default(), &object.name_any());
    let users = context.neighbours.look(|all| links::users(all, &key));
    let asks = object.annotations().get(RECONCILE_AT);
    let asked = context.process.is_asked(&uid, asks);
    if asked {
        context.memory.unsee(&uid);
    }
    let job = Job {
        mode: Mode::Carry,
        object: &object,
        key: key.clone(),
        before: &before,
        uid: &uid,
        deleting,
        held,
        asked,
        users,
        context,
        ledger: &ledger,
    };
    let (status, next, whole) = match job.run().await {
        Ok(Pass::Gone) => return let_go(&job, &handle).await,
        Ok(Pass::Stands { status, next, whole, credential }) => {
            context.metrics.objects.passes.credential(&key, credential);
            (*status, next, whole)
        }
        Err(problem) => (job.troubled(&problem), Next::After(problem.retry), false),
    };
    let written = ledger.write(status.clone()).await;
    context.process.rests(&uid);
    written?;
    if whole {
        context.process.looked(&uid, &status.progress);
        context.process.answered(&uid, asks);
    }
    tell(&object, &before, &status, context).await;
    Ok(next)
}

/// Takes the finalizer off an object that has nothing any more, and forgets it.
async fn let_go<T: Managed>(job: &Job<'_, T>, handle: &Handle) -> Result<Next, Error> {
    let Job { object, key, uid, context, ledger, .. } = job;
    // Where somebody else still holds the object, its status is not to name what is gone.
    if object.finalizers().len() > 1 {
        ledger.save(&Inventory::default()).await?;
    }
    handle.hold(&ledger.version(), object.finalizers(), false).await?;
    context.process.forget(uid);
    context.memory.forget(uid);
    context.metrics.objects.passes.forget(key);
    Ok(Next::OnChange)
}

/// What is done with an object that another operator looks after, or that this one was told to leave alone: nothing.
async fn elsewhere<T: Managed>(object: &T, context: &Context) -> Option<Next> {
    if !serves(object, context) {
        return Some(Next::OnChange);
    }
    let operator = object.tier_status().and_then(|status| status.operator.as_deref());
    stand_back(object, operator, context).await
}

/// Whether an object is within the scope of this installation. What no Environment serves is: somebody must say so.
fn serves<T: Managed>(object: &T, context: &Context) -> bool {
    let (scope, namespace) = (context.install.scope(), object.namespace().unwrap_or_default());
    if !scope.has_namespace(&namespace) {
        return false;
    }
    // Most installations are confined to no Environment, and need not choose one twice.
    if scope.environments.is_empty() {
        return true;
    }
    let labels = context.labels(&namespace).unwrap_or_default();
    let environments = context.environments();
    let chosen = choose(&environments, &asking(object, &labels));
    chosen.map_or(true, |environment| scope.has_environment(&environment.name_any()))
}

/// Says once of an object that another operator has it, and asks again later whether that one lives.
pub async fn stand_back<K>(object: &K, operator: Option<&str>, context: &Context) -> Option<Next>
where
    K: Resource<DynamicType = ()>,
{
    let other = context.install.other(operator).await?;
    let (this, uid) = (&context.install.name, object.meta().uid.as_deref().unwrap_or_default());
    if context.install.first_told(uid) {
        tracing::warn!(operator = other, "another operator looks after this object: standing back");
        context.events.stood_back(object, other, this).await;
    }
    Some(Next::After(install::AGAIN))
}

/// What decides which Environment serves an object.
fn asking<'a, T: Managed>(object: &'a T, labels: &'a BTreeMap<String, String>) -> Asking<'a> {
    Asking {
        kind: T::KIND,
        namespace: object.meta().namespace.as_deref().unwrap_or_default(),
        labels,
        named: object.common().environment_ref.as_ref().map(|reference| reference.name.as_str()),
        pin: object.tier_status().and_then(|status| status.environment.as_ref()),
        deleting: object.meta().deletion_timestamp.is_some(),
    }
}

/// Events of what this pass changed, once it is on record.
async fn tell<T: Managed>(object: &T, before: &TierStatus, after: &TierStatus, context: &Context) {
    if let (Ok(before), Ok(after)) = (ledger::inventory(before), ledger::inventory(after)) {
        context.events.changes(object, &before, &after).await;
    }
    context.events.transitions(object, &before.conditions, &after.conditions).await;
}

/// The object as it is now: the cached one, unless our own last write is not in it yet.
async fn current<T: Managed>(cached: &T, context: &Context) -> Result<Option<T>, Error> {
    let uid = cached.uid().unwrap_or_default();
    if !context.process.is_behind(&uid, &cached.resource_version().unwrap_or_default()) {
        return Ok(Some(cached.clone()));
    }
    let read = Handle::of(&context.client, cached).read().await?;
    let same = read.filter(|read| read.metadata.uid.as_ref() == Some(&uid));
    let typed = |read| serde_json::to_value(read).and_then(serde_json::from_value).map_err(Error::retry);
    same.map(typed).transpose()
}
