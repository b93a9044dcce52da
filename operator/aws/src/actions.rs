//! The IAM actions that the operator needs: its policy is generated from them.

use std::collections::BTreeSet;

use terrace_engine::Registry;

use crate::{describe, eks, finder, iam, secretsmanager, sts};

/// What is read beside the resources of a graph, to know the Environment and what specs name.
const BESIDE: &[&[&str]] =
    &[describe::ACTIONS, eks::ACTIONS, finder::ACTIONS, iam::READ_ACTIONS, secretsmanager::READ_ACTIONS, sts::ACTIONS];

/// How actions in the cluster begin: they are rights of its own, and no matter of IAM's.
const KUBERNETES: &str = "kubernetes:";

/// The actions of every provider in the registry and of this crate's own reads. What `terrace_aws_ec2` reads beside it
/// is added by that crate's own `actions`.
pub fn all(registry: &Registry) -> BTreeSet<String> {
    let provided = registry.iter().flat_map(|provider| provider.actions());
    let beside = BESIDE.iter().copied().flatten();
    of_aws(provided.chain(beside).copied())
}

fn of_aws<'a>(actions: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    actions.filter(|action| !action.starts_with(KUBERNETES)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::clients;

    #[test]
    fn every_provider_and_every_read_beside_them_is_in_it() {
        let clients = clients();
        let registry = crate::registry::registry(&clients, &crate::secretsmanager::Values::new(&clients));
        let all = all(&registry);
        let provided = registry.iter().flat_map(|provider| provider.actions());
        for action in provided.chain(BESIDE.iter().copied().flatten()) {
            assert!(all.contains(*action), "{action}");
        }
    }

    #[test]
    fn who_passes_roles_says_to_which_services() {
        let clients = clients();
        let registry = crate::registry::registry(&clients, &crate::secretsmanager::Values::new(&clients));
        for provider in registry.iter() {
            let passes = provider.actions().contains(&"iam:PassRole");
            assert_eq!(passes, !provider.passes_roles_to().is_empty(), "{}", provider.spec().kind);
        }
    }

    #[test]
    fn rights_in_the_cluster_are_no_matter_of_iams() {
        let actions = of_aws(["kubernetes:core/secrets:get", "iam:GetRole"].into_iter());
        assert_eq!(actions, ["iam:GetRole".to_owned()].into());
    }
}
