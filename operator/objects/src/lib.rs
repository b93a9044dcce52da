//! Kubernetes objects as nodes of the graph, by server-side apply.
//!
//! *Architecture Invariant:* an object is ours only by its annotations and its UID; a field is ours only while our own
//! `managedFields` entry says so; and a conflict with another field manager is reported, never forced. No value of a
//! Secret is ever read from the API server: see [`binding`].
//!
//! [`apply`] speaks to the API server, [`fields`] says what is still as it was applied, [`owned`] whose an object is,
//! [`handover`] makes it another's or nobody's, [`errors`] sorts what goes wrong. Beside them stand the kinds: [`manifest`]
//! for most of them, with [`rollout`] and [`pods`] for Deployments, [`binding`] for Secrets, and [`workload`] for what is
//! set in a workload of somebody else's.

pub mod apply;
pub mod binding;
pub mod errors;
pub mod fields;
pub mod handover;
pub mod manifest;
pub mod owned;
pub mod permission;
pub mod pods;
pub mod rollout;
#[cfg(test)]
mod testing;
pub mod workload;

use std::sync::Arc;

use terrace_engine::{Registry, SecretReader};
use terrace_model::aws::kubernetes::kind;

pub use binding::BindingSecrets;
pub use manifest::Manifests;
pub use permission::Permission;
pub use workload::WorkloadPatches;

/// The providers of this crate, one line each.
pub fn registry(client: kube::Client, secrets: Arc<dyn SecretReader>) -> Registry {
    Registry::default()
        .with(BindingSecrets::new(client.clone(), secrets))
        .with(Manifests::<kind::ConfigMap>::new(client.clone()))
        .with(Manifests::<kind::Deployment>::new(client.clone()))
        .with(Manifests::<kind::HorizontalPodAutoscaler>::new(client.clone()))
        .with(Manifests::<kind::PodDisruptionBudget>::new(client.clone()))
        .with(Manifests::<kind::Service>::new(client.clone()))
        .with(Manifests::<kind::ServiceAccount>::new(client.clone()))
        .with(Manifests::<kind::TargetGroupBinding>::new(client.clone()))
        .with(WorkloadPatches::new(client))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Passwords, Server};

    #[tokio::test]
    async fn every_action_is_a_permission_in_kubernetes() {
        let registry = registry(Server::answering([]).client(), Arc::new(Passwords::default()));
        let actions: Vec<_> = registry.iter().flat_map(|provider| provider.actions()).collect();
        assert!(!actions.is_empty());
        for action in actions {
            assert!(Permission::parse(action).is_some(), "{action}");
        }
    }
}
