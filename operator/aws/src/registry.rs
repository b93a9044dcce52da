//! The providers of this crate, one line each.

use terrace_engine::Registry;

use crate::eks::{self, Eks};
use crate::elasticache::{self, ElastiCache};
use crate::elbv2::{self, Elb};
use crate::rds::{self, Rds};
use crate::s3::{self, S3};
use crate::{Clients, autoscaling, iam, kms, secretsmanager};

/// All kinds that this crate provides, for one Environment. `values` is where whoever holds a password reads it too.
pub fn registry(clients: &Clients, values: &secretsmanager::Values) -> Registry {
    let balancers = Elb::new(clients.clone());
    let caches = ElastiCache::new(clients.clone());
    let clusters = Eks::new(clients.clone());
    let rds = Rds::new(clients.clone());
    let s3 = S3::new(clients.clone());
    let shelf = secretsmanager::Shelf::new(clients);
    Registry::default()
        .with(autoscaling::Policies::new(clients))
        .with(autoscaling::Targets::new(clients))
        .with(eks::FargateProfiles(clusters.clone()))
        .with(eks::PodIdentityAssociations(clusters))
        .with(elasticache::Clusters(caches.clone()))
        .with(elasticache::Groups(caches.clone()))
        .with(elasticache::ParameterGroups(caches.clone()))
        .with(elasticache::ServerlessCaches(caches.clone()))
        .with(elasticache::SubnetGroups(caches.clone()))
        .with(elasticache::UserGroups(caches.clone()))
        .with(elasticache::Users(caches))
        .with(elbv2::ListenerRules(balancers.clone()))
        .with(elbv2::Listeners(balancers.clone()))
        .with(elbv2::LoadBalancers(balancers.clone()))
        .with(elbv2::TargetGroups(balancers))
        .with(iam::OidcProviders::new(clients))
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
        .with(s3::Buckets(s3.clone()))
        .with(s3::Policies(s3))
        .with(secretsmanager::Secrets::new(&shelf))
        .with(secretsmanager::Versions::new(&shelf, values))
}
