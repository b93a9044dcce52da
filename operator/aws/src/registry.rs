//! The providers of this crate, one line each.

use terrace_engine::Registry;

use crate::rds::{self, Rds};
use crate::{Clients, autoscaling, iam, kms, secretsmanager};

/// All kinds that this crate provides, for one Environment.
pub fn registry(clients: &Clients) -> Registry {
    let rds = Rds::new(clients.clone());
    let shelf = secretsmanager::Shelf::new(clients);
    Registry::default()
        .with(autoscaling::Policies::new(clients))
        .with(autoscaling::Targets::new(clients))
        .with(iam::Roles::new(clients))
        .with(kms::Keys::new(clients))
        .with(rds::ClusterInstances(rds.clone()))
        .with(rds::ClusterParameterGroups(rds.clone()))
        .with(rds::Clusters(rds.clone()))
        .with(rds::Instances(rds.clone()))
        .with(rds::ParameterGroups(rds.clone()))
        .with(rds::Proxies(rds.clone()))
        .with(rds::ProxyTargets(rds.clone()))
        .with(rds::Replicas(rds.clone()))
        .with(rds::SubnetGroups(rds))
        .with(secretsmanager::Secrets::new(&shelf))
        .with(secretsmanager::Versions::new(&shelf, clients))
}
