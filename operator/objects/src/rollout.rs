//! `kubernetes/Deployment`: how far its rollout is, by its status and, while it is not rolled out, by its pods.
//!
//! It is rolled out as `kubectl rollout status` has it: the controller has seen this generation, all pods are of the new
//! template and none of an older one is left, and they are available. A Deployment that was rolled out and is scaled is
//! so still while pods are added and some serve: its controller says so by the reason `NewReplicaSetAvailable`, which it
//! takes away only for another template (https://kubernetes.io/docs/concepts/workloads/controllers/deployment,
//! "Deployment status").

use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus};
use k8s_openapi::api::core::v1::Pod;
use terrace_engine::{Error, Result, State};
use terrace_model::aws::kubernetes::{DeploymentOutputs, kind};

use crate::apply::Object;
use crate::manifest::{Found, Served, actions};
use crate::{owned, pods};

/// The annotation that counts pod templates.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Enough to find out what is wrong.
const MOST_PODS: u32 = 200;

impl Served for kind::Deployment {
    const PLURAL: &'static str = "deployments";
    const ACTIONS: &'static [&'static str] = actions!("deployments", "apps", "kubernetes:core/pods:list");
    /// An autoscaler takes over from a fixed number; left out of an apply, it would fall back to 1.
    const LEAVES: &'static [&'static [&'static str]] = &[&["spec", "replicas"]];

    async fn look(object: &Object, name: &str) -> Result<Option<Found<DeploymentOutputs>>> {
        let Some(found) = object.read().await? else { return Ok(None) };
        let deployment = found.try_parse::<Deployment>();
        let deployment =
            deployment.map_err(|_| Error::retry(format!("{}: its status cannot be read", object.what())))?;
        let state = match owned::state(&deployment.metadata) {
            Some(state) => state,
            None => state(object, &deployment).await?,
        };
        let out = outputs(name, &deployment);
        Ok(Some(Found { meta: deployment.metadata, state, out }))
    }
}

fn outputs(name: &str, deployment: &Deployment) -> DeploymentOutputs {
    let status = deployment.status.as_ref();
    let count = |field: fn(&DeploymentStatus) -> Option<i32>| status.map(|status| field(status).unwrap_or(0));
    DeploymentOutputs {
        name: Some(name.into()),
        replicas: Some(desired(deployment)),
        ready_replicas: count(|status| status.ready_replicas),
        available_replicas: count(|status| status.available_replicas),
        revision: deployment.metadata.annotations.as_ref().and_then(|all| all.get(REVISION)).cloned(),
    }
}

/// The API server fills in 1.
fn desired(deployment: &Deployment) -> i32 {
    deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

/// What its status says.
#[derive(Debug, PartialEq)]
enum Rollout {
    Done,
    /// Rolled out, and some of its pods are on their way or in trouble.
    Scaling(String),
    Underway(String),
    GivenUp(String),
}

async fn state(object: &Object, deployment: &Deployment) -> Result<State> {
    let rollout = rollout(deployment);
    if rollout == Rollout::Done {
        return Ok(State::Ready);
    }
    let trouble = trouble(object, deployment).await?;
    let with = |text: String| match &trouble {
        Some(words) => format!("{text}: {words}"),
        None => text,
    };
    Ok(match rollout {
        Rollout::Done => State::Ready,
        Rollout::Scaling(_) if trouble.is_none() => State::Ready,
        Rollout::Scaling(text) | Rollout::Underway(text) => State::Settling(with(text)),
        Rollout::GivenUp(text) => State::Failed(with(text)),
    })
}

fn rollout(deployment: &Deployment) -> Rollout {
    let none = DeploymentStatus::default();
    let status = deployment.status.as_ref().unwrap_or(&none);
    if status.observed_generation < deployment.metadata.generation {
        return Rollout::Underway("rolling out".into());
    }
    let progressing = condition(status, "Progressing");
    if let Some(given_up) = progressing.filter(|condition| condition.status == "False") {
        return Rollout::GivenUp(said(given_up));
    }
    let count = |field: Option<i32>| field.unwrap_or(0);
    let (all, updated) = (count(status.replicas), count(status.updated_replicas));
    let (available, desired) = (count(status.available_replicas), desired(deployment));
    let counts = format!("{available} of {desired} replicas are available");
    let rolled_out = match progressing {
        Some(condition) => condition.reason.as_deref() == Some("NewReplicaSetAvailable"),
        // It has no deadline, and then no such condition.
        None => updated >= desired && available >= updated,
    };
    if !rolled_out || all != updated {
        Rollout::Underway(format!("rolling out, {counts}"))
    } else if condition(status, "Available").is_some_and(|condition| condition.status == "True") {
        Rollout::Done
    } else if available > 0 {
        Rollout::Scaling(counts)
    } else {
        Rollout::Underway(counts)
    }
}

fn condition<'a>(status: &'a DeploymentStatus, kind: &str) -> Option<&'a DeploymentCondition> {
    status.conditions.iter().flatten().find(|condition| condition.type_ == kind)
}

fn said(condition: &DeploymentCondition) -> String {
    let message = condition.message.as_deref().map(|message| message.trim_end_matches('.'));
    [condition.reason.as_deref(), message].into_iter().flatten().collect::<Vec<_>>().join(": ")
}

/// Of `pods "shop-69b9-clzcl" is forbidden: …` all but the name, which is another with each try.
fn refusal(condition: &DeploymentCondition) -> String {
    let message = condition.message.as_deref().unwrap_or_default();
    let said = message.split_once("\" is ").map_or(message, |(_, said)| said);
    format!("{}: {said}", condition.reason.as_deref().unwrap_or_default())
}

/// What is wrong, in the words of the ReplicaSet that cannot make pods or of the newest pods.
async fn trouble(object: &Object, deployment: &Deployment) -> Result<Option<String>> {
    let failure = deployment.status.as_ref().and_then(|status| condition(status, "ReplicaFailure"));
    if let Some(failure) = failure.filter(|condition| condition.status == "True") {
        return Ok(Some(refusal(failure)));
    }
    let selector = deployment.spec.as_ref().and_then(|spec| spec.selector.match_labels.as_ref());
    let labels = selector.into_iter().flatten().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>();
    if labels.is_empty() {
        return Ok(None);
    }
    let pods = object.beside::<Pod>(&labels.join(","), MOST_PODS).await?;
    Ok(pods::trouble(&pods))
}

#[cfg(test)]
mod tests;
