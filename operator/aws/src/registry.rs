//! The providers of this crate, one line each.

use terrace_engine::Registry;

use crate::acm::{self, Acm};
use crate::cloudfront::{self, CloudFront};
use crate::eks::{self, Eks};
use crate::elasticache::{self, ElastiCache};
use crate::elbv2::{self, Elb};
use crate::rds::{self, Rds};
use crate::route53::{self, Route53};
use crate::s3::{self, S3};
use crate::wafv2::{self, Waf};
use crate::{Clients, autoscaling, iam, kms, secretsmanager, shield};

/// All kinds that this crate provides, for one Environment. `values` is where whoever holds a password reads it too.
pub fn registry(clients: &Clients, values: &secretsmanager::Values) -> Registry {
    let shelf = secretsmanager::Shelf::new(clients);
    let kinds = databases(clients).and(caches(clients)).and(workloads(clients)).and(edge(clients));
    kinds
        .with(iam::OidcProviders::new(clients))
        .with(iam::Roles::new(clients))
        .with(kms::Keys::new(clients))
        .with(secretsmanager::Secrets::new(&shelf))
        .with(secretsmanager::Versions::new(&shelf, values))
}

fn databases(clients: &Clients) -> Registry {
    let rds = Rds::new(clients.clone());
    Registry::default()
        .with(autoscaling::Policies::new(clients))
        .with(autoscaling::Targets::new(clients))
        .with(rds::ClusterInstances(rds.clone()))
        .with(rds::ClusterParameterGroups(rds.clone()))
        .with(rds::Clusters(rds.clone()))
        .with(rds::Instances(rds.clone()))
        .with(rds::ParameterGroups(rds.clone()))
        .with(rds::Proxies(rds.clone()))
        .with(rds::ProxyTargets(rds.clone()))
        .with(rds::Replicas(rds.clone()))
        .with(rds::SubnetGroups(rds))
}

fn caches(clients: &Clients) -> Registry {
    let caches = ElastiCache::new(clients.clone());
    Registry::default()
        .with(elasticache::Clusters(caches.clone()))
        .with(elasticache::Groups(caches.clone()))
        .with(elasticache::ParameterGroups(caches.clone()))
        .with(elasticache::ServerlessCaches(caches.clone()))
        .with(elasticache::SubnetGroups(caches.clone()))
        .with(elasticache::UserGroups(caches.clone()))
        .with(elasticache::Users(caches))
}

/// What programs run on, and what brings requests to them.
fn workloads(clients: &Clients) -> Registry {
    let (balancers, clusters) = (Elb::new(clients.clone()), Eks::new(clients.clone()));
    Registry::default()
        .with(eks::FargateProfiles(clusters.clone()))
        .with(eks::PodIdentityAssociations(clusters))
        .with(elbv2::ListenerRules(balancers.clone()))
        .with(elbv2::Listeners(balancers.clone()))
        .with(elbv2::LoadBalancers(balancers.clone()))
        .with(elbv2::TargetGroups(balancers))
}

/// What stands between browsers and everything else.
fn edge(clients: &Clients) -> Registry {
    let (cloudfront, s3, waf) = (CloudFront::new(clients.clone()), S3::new(clients.clone()), Waf::new(clients.clone()));
    let route53 = Route53::new(clients.clone());
    let certificates = Acm::new(clients.clone(), route53.clone());
    Registry::default()
        .with(acm::Certificates(certificates.clone()))
        .with(acm::Validations(certificates))
        .with(cloudfront::CachePolicies::new(&cloudfront))
        .with(cloudfront::OriginAccessControls::new(&cloudfront))
        .with(cloudfront::OriginRequestPolicies::new(&cloudfront))
        .with(cloudfront::ResponseHeadersPolicies::new(&cloudfront))
        .with(cloudfront::Functions(cloudfront.clone()))
        .with(cloudfront::VpcOrigins(cloudfront.clone()))
        .with(cloudfront::Distributions(cloudfront))
        .with(route53::HealthChecks(route53.clone()))
        .with(route53::HostedZones(route53.clone()))
        .with(route53::RecordSets(route53.clone()))
        .with(route53::ValidationRecordSets(route53))
        .with(s3::Buckets(s3.clone()))
        .with(s3::Policies(s3))
        .with(shield::Protections::new(clients))
        .with(wafv2::IpSets(waf.clone()))
        .with(wafv2::LoggingConfigurations(waf.clone()))
        .with(wafv2::WebAcls(waf))
}
