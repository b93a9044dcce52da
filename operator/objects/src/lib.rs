//! Kubernetes objects as nodes of the graph, by server-side apply.
//!
//! *Architecture Invariant:* an object is ours only by its annotations and its UID; a field is ours only while our own
//! `managedFields` entry says so; and a conflict with another field manager is reported, never forced. No value of a
//! Secret is ever read from the API server: see [`binding`].
//!
//! [`apply`] speaks to the API server, [`owned`] says whose an object is, [`handover`] makes it another's or nobody's,
//! [`errors`] sorts what goes wrong. Each kind is
//! a file of its own beside them, as [`binding`].

pub mod apply;
pub mod binding;
pub mod errors;
pub mod handover;
pub mod owned;
pub mod permission;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use terrace_engine::{Registry, SecretReader};

pub use binding::BindingSecrets;
pub use permission::Permission;

/// The providers of this crate, one line each.
pub fn registry(client: kube::Client, secrets: Arc<dyn SecretReader>) -> Registry {
    Registry::default().with(BindingSecrets::new(client, secrets))
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
