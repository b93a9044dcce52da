//! What the code of these kinds says that it does, in AWS and in the cluster.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::BoxFuture;
use kube::{Client, Config};
use secrecy::SecretString;
use terrace_aws::{Clients, secretsmanager};
use terrace_engine::{Error, Registry, Result, SecretReader};
use terrace_model::{Place, SecretRef};
use terrace_objects::Permission;
use terrace_sql::Reach;

use crate::cloud::of_aws;
use crate::kinds::KINDS;

/// What is needed.
pub struct Needs {
    /// IAM actions.
    pub actions: BTreeSet<String>,
    /// AWS services that roles are handed to.
    pub passes: BTreeSet<&'static str>,
    /// Rights that its providers need in the cluster.
    pub cluster: BTreeSet<Permission>,
}

impl Needs {
    /// For objects of these kinds, and for the Environment, whatever the kinds are. Within a runtime: the client that the
    /// providers are made with belongs to one, though nobody is called.
    pub fn of(kinds: &BTreeSet<&str>) -> Self {
        let tiers = KINDS.iter().filter(|kind| kinds.contains(kind.name));
        let resources = tiers.flat_map(|kind| kind.resources).copied().collect();
        let registry = registry().only(&resources);
        let permissions = registry.iter().flat_map(|provider| provider.actions());
        Needs {
            cluster: permissions.filter_map(|action| Permission::parse(action)).collect(),
            passes: registry.iter().flat_map(|provider| provider.passes_roles_to()).copied().collect(),
            actions: terrace_aws_ec2::actions(&registry),
        }
    }
}

/// Every provider, to be asked and never called.
fn registry() -> Registry {
    let clients = Clients::unconnected();
    let nowhere = Config::new(http::Uri::from_static("http://127.0.0.1"));
    let client = Client::try_from(nowhere).expect("a client that is never used takes any address");
    of_aws(&clients, &secretsmanager::Values::new(&clients))
        .and(terrace_objects::registry(client, Arc::new(Nobody)))
        .and(terrace_sql::registry(Arc::new(Nobody), Reach::None))
}

/// Reads no secret.
struct Nobody;

impl SecretReader for Nobody {
    fn read<'a>(&'a self, _: &'a Place, _: &'a SecretRef) -> BoxFuture<'a, Result<SecretString>> {
        Box::pin(async { Err(Error::retry("nobody reads secrets here")) })
    }

    fn current<'a>(&'a self, _: &'a Place, _: &'a str) -> BoxFuture<'a, Result<SecretString>> {
        Box::pin(async { Err(Error::retry("nobody reads secrets here")) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_kinds_together_need_all_that_is_provided_but_what_no_kind_has_yet() {
        let used: BTreeSet<&str> = KINDS.iter().flat_map(|kind| kind.resources).copied().collect();
        let provided: BTreeSet<&str> = registry().iter().map(|provider| provider.spec().kind).collect();
        assert_eq!(used.difference(&provided).count(), 0);
        let unused: Vec<_> = provided.difference(&used).copied().collect();
        assert_eq!(unused, ["iam/OidcProvider", "kubernetes/ConfigMap"]);
        let all = KINDS.iter().map(|kind| kind.name).collect();
        let needed = Needs::of(&all).actions;
        assert_eq!(needed, terrace_aws_ec2::actions(&registry().only(&used)));
        assert!(needed.len() > 300);
    }

    #[tokio::test]
    async fn a_kind_needs_what_its_own_resources_do_and_what_the_environment_reads() {
        let needs = Needs::of(&["CacheTier"].into());
        for needed in
            ["elasticache:CreateReplicationGroup", "ec2:DescribeVpcs", "sts:GetCallerIdentity", "tag:GetResources"]
        {
            assert!(needs.actions.contains(needed), "{needed}");
        }
        for other in ["rds:CreateDBInstance", "s3:CreateBucket", "iam:PassRole"] {
            assert!(!needs.actions.contains(other), "{other}");
        }
        assert!(needs.passes.is_empty());
        assert!(Needs::of(&["WebApp"].into()).passes.contains("pods.eks.amazonaws.com"));
    }
}
