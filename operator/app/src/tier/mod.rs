//! The reconcile of any tier, which reads as a sentence:
//! dereference (client) → validate and expand (pure) → observe, plan, apply (client) → report (client).

mod facts;
mod ledger;
mod named;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use jiff::Timestamp;
use kube::core::{DeserializeGuard, NamespaceResourceScope};
use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use terrace_crds::{APPROVE, AdoptPolicy, Environment, EnvironmentPin, FINALIZER, Management, PAUSE, TierStatus};
use terrace_engine::ownership::Adopt;
use terrace_engine::rebuild::rebuild;
use terrace_engine::{ChangePolicy, Error, Outcome, Policy, Request, report};
use terrace_model::identity::Freshness;
use terrace_model::{DeletionPolicy, Graph, Handle as AwsHandle, Inventory, OwnerRef, Place, Val};
use terrace_tiers::Tier;

use crate::cloud::Cloud;
use crate::conditions;
use crate::context::Context;
use crate::environment::choose::{Asking, choose};
use crate::object::{Handle, malformed};
use crate::problem::Problem;
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

/// Brings AWS, and the object's status, to what the object asks for.
///
/// # Errors
/// When the cluster's API does not answer; it is tried again.
pub async fn reconcile<T: Managed>(object: Arc<DeserializeGuard<T>>, context: &Context) -> Result<Action, Error> {
    let Ok(cached) = &object.0 else { return malformed(&object, context).await };
    let Some(object) = current(cached, context).await? else { return Ok(Action::await_change()) };
    let handle = Handle::of(&context.client, &object);
    let uid = object.uid().unwrap_or_default();
    let mut version = object.resource_version().unwrap_or_default();
    let deleting = object.meta().deletion_timestamp.is_some();
    let held = object.finalizers().iter().any(|name| name == FINALIZER);
    if deleting && !held {
        return Ok(Action::await_change());
    }
    if !held {
        version = handle.hold(&version, object.finalizers(), true).await?;
        context.process.wrote(&uid, &version);
    }
    let before = object.tier_status().cloned().unwrap_or_default();
    let ledger = StatusLedger::new(&handle, &uid, &context.process, version, before.clone());
    let job = Job { object: &object, before: &before, uid: &uid, deleting, held, context, ledger: &ledger };
    let (status, action) = match job.run().await {
        Ok(Pass::Gone) => {
            handle.hold(&job.ledger.version(), object.finalizers(), false).await?;
            context.process.forget(&uid);
            context.memory.forget(&uid);
            context.metrics.forget(&uid);
            if let Some(pin) = &before.environment {
                context.wake.environment(&pin.name);
            }
            return Ok(Action::await_change());
        }
        Ok(Pass::Stands(status, action)) => (*status, action),
        Err(problem) => (job.troubled(&problem), Action::requeue(problem.retry)),
    };
    ledger.write(status.clone()).await?;
    tell(&object, &uid, &before, &status, context).await;
    Ok(action)
}

/// Events and metrics of what this pass changed, once it is on record.
async fn tell<T: Managed>(object: &T, uid: &str, before: &TierStatus, after: &TierStatus, context: &Context) {
    context.metrics.conditions(T::KIND, uid, &after.conditions);
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

enum Pass {
    Gone,
    Stands(Box<TierStatus>, Action),
}

/// One reconcile of one object.
struct Job<'a, T> {
    object: &'a T,
    before: &'a TierStatus,
    uid: &'a str,
    deleting: bool,
    /// It had our finalizer before this pass.
    held: bool,
    context: &'a Context,
    ledger: &'a StatusLedger<'a>,
}

impl<T: Managed> Job<'_, T> {
    async fn run(&self) -> Result<Pass, Problem> {
        let never_made = self.before.environment.is_none() && self.before.resources.is_empty();
        if self.deleting && never_made && !self.lost() {
            return Ok(Pass::Gone);
        }
        let labels = self.labels()?;
        let environments = self.context.environments();
        let environment = choose(&environments, &self.asking(&labels))?;
        let cloud = self.context.clouds.of(environment);
        let owner = self.owner(environment);
        let wishes = match self.deleting {
            true => None,
            false => Some(self.expand(environment, &cloud, &labels).await?),
        };
        let inventory = self.inventory(environment, &cloud, &owner).await?;
        let adopt = self.adopt(environment, &labels)?;
        self.pin(environment).await?;
        let graph = wishes.as_ref().map(|(graph, _)| graph);
        let outcome = self.pass(&cloud, &owner, inventory, graph, &adopt).await;
        Ok(self.conclude(&outcome, wishes.map(|(_, outputs)| outputs).unwrap_or_default()))
    }

    fn labels(&self) -> Result<BTreeMap<String, String>, Problem> {
        let namespace = self.object.namespace().unwrap_or_default();
        match self.context.labels(&namespace) {
            Some(labels) => Ok(labels),
            // A namespace that is being deleted may be out of sight already; its objects must go all the same.
            None if self.deleting => Ok(BTreeMap::new()),
            None => Err(Problem::waiting("NamespaceUnknown", format!("namespace {namespace} has not been seen yet"))),
        }
    }

    fn asking<'s>(&'s self, labels: &'s BTreeMap<String, String>) -> Asking<'s> {
        Asking {
            kind: T::KIND,
            namespace: self.object.meta().namespace.as_deref().unwrap_or_default(),
            labels,
            named: self.object.common().environment_ref.as_ref().map(|reference| reference.name.as_str()),
            pin: self.before.environment.as_ref(),
            deleting: self.deleting,
        }
    }

    fn owner(&self, environment: &Environment) -> OwnerRef {
        OwnerRef {
            cluster: environment.spec.cluster.name.clone(),
            namespace: self.object.namespace().unwrap_or_default(),
            kind: T::KIND.into(),
            name: self.object.name_any(),
            uid: self.uid.into(),
        }
    }

    /// A finalizer without an inventory, where there was one: the status was lost, or its inventory was cleared.
    fn lost(&self) -> bool {
        let blank = self.before.observed_generation < 0;
        self.held && self.before.resources.is_empty() && (blank || self.before.environment.is_some())
    }

    async fn inventory(
        &self,
        environment: &Environment,
        cloud: &Cloud,
        owner: &OwnerRef,
    ) -> Result<Inventory, Problem> {
        if !self.lost() || !self.context.process.first_search(self.uid) {
            return Ok(ledger::inventory(self.before)?);
        }
        let regions = [&environment.spec.region]
            .into_iter()
            .chain(environment.spec.regions.iter().map(|further| &further.region));
        let name = environment.name_any();
        let places: Vec<Place> =
            regions.map(|region| Place { environment: name.clone(), region: region.clone() }).collect();
        Ok(rebuild(&cloud.finder(), owner, &places, cloud.engine.kinds()).await?)
    }

    async fn expand(
        &self,
        environment: &Environment,
        cloud: &Cloud,
        labels: &BTreeMap<String, String>,
    ) -> Result<(Graph, BTreeMap<&'static str, Val<Value>>), Problem> {
        let (environment, made) = (facts::environment(environment, labels)?, facts::made(self.before));
        let asking = named::Asking {
            environment: &environment,
            namespace: self.object.meta().namespace.as_deref().unwrap_or_default(),
            made: &made,
            describe: &cloud.describe,
        };
        let facts = terrace_tiers::Facts {
            object: terrace_tiers::facts::Object {
                namespace: self.object.namespace().unwrap_or_default(),
                name: self.object.name_any(),
                uid: self.uid.into(),
            },
            now: Timestamp::now(),
            users: Vec::new(),
            progress: self.before.progress.clone(),
            named: named::find(self.object.references(), &asking).await?,
            parameters: named::parameters(self.object.parameter_family(), &asking).await?,
            environment: environment.clone(),
            made: made.clone(),
        };
        let graph =
            self.object.expand(&facts).map_err(|invalid| Problem::stalled("InvalidSpec", invalid.to_string()))?;
        Ok((graph, self.object.outputs()))
    }

    /// From its first intent on, an object keeps its Environment.
    async fn pin(&self, environment: &Environment) -> Result<(), Problem> {
        let pin = EnvironmentPin { name: environment.name_any(), uid: environment.uid().unwrap_or_default() };
        if self.before.environment.as_ref() == Some(&pin) {
            return Ok(());
        }
        let status = TierStatus { environment: Some(pin), ..self.ledger.status() };
        self.ledger.write(status).await?;
        self.context.wake.environment(&environment.name_any());
        Ok(())
    }

    async fn pass(
        &self,
        cloud: &Cloud,
        owner: &OwnerRef,
        inventory: Inventory,
        graph: Option<&Graph>,
        adopt: &Adopt,
    ) -> Outcome {
        let (policy, foreign) = (self.policy(), BTreeMap::new());
        let request = Request {
            owner,
            graph,
            deletion: deletion(self.object.deletion_policy()),
            inventory,
            foreign: &foreign,
            adopt,
            policy: &policy,
            freshness: self.freshness(),
            now: Timestamp::now(),
        };
        cloud.engine.pass(request, &self.context.memory, self.ledger).await
    }

    /// What may be taken over: what the object names and the Environment admits for its namespace.
    fn adopt(&self, environment: &Environment, labels: &BTreeMap<String, String>) -> Result<Adopt, Problem> {
        let Some(adopt) = self.object.common().adopt.as_ref().filter(|_| !self.deleting) else {
            return Ok(Adopt::default());
        };
        let limits = facts::limits(environment, labels);
        if let Some(refused) = adopt.resources.iter().find(|resource| !limits.allows(&resource.handle)) {
            return Err(Problem::stalled(
                "AdoptionNotAllowed",
                format!(
                    "spec.adopt.resources names {}, which Environment {} does not let this namespace take over: an administrator must add its ARN to spec.limits.allow",
                    refused.handle,
                    environment.name_any()
                ),
            ));
        }
        let named = adopt.resources.iter().map(|resource| (resource.id.clone(), AwsHandle(resource.handle.clone())));
        Ok(Adopt { same_object: adopt.policy == AdoptPolicy::SameObject, handles: named.collect() })
    }

    fn policy(&self) -> Policy {
        let common = self.object.common();
        let annotation = |key: &str| self.object.annotations().get(key).cloned();
        Policy {
            change: match common.change_policy {
                terrace_crds::ChangePolicy::Automatic => ChangePolicy::Automatic,
                terrace_crds::ChangePolicy::ApproveDestructive => ChangePolicy::ApproveDestructive,
                terrace_crds::ChangePolicy::ApproveAll => ChangePolicy::ApproveAll,
            },
            paused: annotation(PAUSE).as_deref() == Some("true"),
            observe: common.management == Management::Observe,
            approved: annotation(APPROVE),
        }
    }

    /// What stood still when it was last looked at is compared with lists that all objects share.
    fn freshness(&self) -> Freshness {
        let same = Some(self.before.observed_generation) == self.object.meta().generation;
        let ready = conditions::is(&self.before.conditions, conditions::READY);
        if same && ready && !self.deleting { Freshness::Recent } else { Freshness::Now }
    }

    fn conclude(&self, outcome: &Outcome, outputs: BTreeMap<&'static str, Val<Value>>) -> Pass {
        if self.deleting && outcome.inventory.0.is_empty() && outcome.unsaved.is_none() {
            return Pass::Gone;
        }
        let report = report(outcome, self.deleting);
        let drifted: BTreeSet<_> = outcome.drift.keys().map(ToString::to_string).collect();
        self.context.metrics.drift(T::KIND, drifted.len());
        for (key, error) in &outcome.failures {
            tracing::warn!(node = %key, reason = error.reason(), error = %error, "a step failed");
        }
        let seen = status::Seen {
            before: &self.ledger.status(),
            generation: self.object.meta().generation.unwrap_or_default(),
            outcome,
            report: &report,
            outputs: &outputs,
            now: Timestamp::now(),
        };
        let next = outcome.requeue.map_or(self.context.resync, |next| next.min(self.context.resync));
        Pass::Stands(Box::new(status::status(&seen)), Action::requeue(next))
    }

    fn troubled(&self, problem: &Problem) -> TierStatus {
        let status = self.ledger.status();
        let generation = self.object.meta().generation.unwrap_or_default();
        let conditions = conditions::problem(&status.conditions, problem, generation, Timestamp::now());
        TierStatus { observed_generation: generation, conditions, ..status }
    }
}

fn deletion(policy: terrace_crds::DeletionPolicy) -> DeletionPolicy {
    match policy {
        terrace_crds::DeletionPolicy::Delete => DeletionPolicy::Delete,
        terrace_crds::DeletionPolicy::Snapshot => DeletionPolicy::Snapshot,
        terrace_crds::DeletionPolicy::Retain => DeletionPolicy::Retain,
    }
}
