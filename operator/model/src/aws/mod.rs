//! The AWS resources that Terrace knows, one service a file. Each type is the wish and what was seen.
//!
//! Field names are those of the service's API; sets are `BTreeSet`, maps `BTreeMap`, so that order never differs.

pub mod acm;
pub mod autoscaling;
pub mod cloudfront;
pub mod ec2;
pub mod eks;
pub mod elasticache;
pub mod elbv2;
pub mod iam;
pub mod kms;
pub mod kubernetes;
pub mod rds;
pub mod route53;
pub mod s3;
pub mod secretsmanager;
pub mod shield;
pub mod sql;
pub mod wafv2;

use std::collections::BTreeMap;

use crate::resource::KindSpec;

/// Tags of a resource; owner tags are added by the engine, and only our keys are compared.
pub type Tags = BTreeMap<String, String>;

/// The specification of every kind, which the conformance tests, the documentation and the simulation walk.
pub fn kinds() -> Vec<KindSpec> {
    vec![
        KindSpec::of::<acm::Certificate>(),
        KindSpec::of::<acm::Validation>(),
        KindSpec::of::<autoscaling::ScalableTarget>(),
        KindSpec::of::<autoscaling::ScalingPolicy>(),
        KindSpec::of::<cloudfront::CachePolicy>(),
        KindSpec::of::<cloudfront::Distribution>(),
        KindSpec::of::<cloudfront::Function>(),
        KindSpec::of::<cloudfront::OriginAccessControl>(),
        KindSpec::of::<cloudfront::OriginRequestPolicy>(),
        KindSpec::of::<cloudfront::ResponseHeadersPolicy>(),
        KindSpec::of::<cloudfront::VpcOrigin>(),
        KindSpec::of::<ec2::SecurityGroup>(),
        KindSpec::of::<ec2::SecurityGroupRule>(),
        KindSpec::of::<eks::FargateProfile>(),
        KindSpec::of::<eks::PodIdentityAssociation>(),
        KindSpec::of::<elasticache::CacheCluster>(),
        KindSpec::of::<elasticache::CacheParameterGroup>(),
        KindSpec::of::<elasticache::CacheSubnetGroup>(),
        KindSpec::of::<elasticache::ReplicationGroup>(),
        KindSpec::of::<elasticache::ServerlessCache>(),
        KindSpec::of::<elasticache::User>(),
        KindSpec::of::<elasticache::UserGroup>(),
        KindSpec::of::<elbv2::Listener>(),
        KindSpec::of::<elbv2::ListenerRule>(),
        KindSpec::of::<elbv2::LoadBalancer>(),
        KindSpec::of::<elbv2::TargetGroup>(),
        KindSpec::of::<iam::OidcProvider>(),
        KindSpec::of::<iam::Role>(),
        KindSpec::of::<kms::Key>(),
        KindSpec::of::<kubernetes::BindingSecret>(),
        KindSpec::of::<kubernetes::ConfigMap>(),
        KindSpec::of::<kubernetes::Deployment>(),
        KindSpec::of::<kubernetes::HorizontalPodAutoscaler>(),
        KindSpec::of::<kubernetes::PodDisruptionBudget>(),
        KindSpec::of::<kubernetes::Service>(),
        KindSpec::of::<kubernetes::ServiceAccount>(),
        KindSpec::of::<kubernetes::TargetGroupBinding>(),
        KindSpec::of::<kubernetes::WorkloadPatch>(),
        KindSpec::of::<rds::DbCluster>(),
        KindSpec::of::<rds::DbClusterInstance>(),
        KindSpec::of::<rds::DbClusterParameterGroup>(),
        KindSpec::of::<rds::DbInstance>(),
        KindSpec::of::<rds::DbParameterGroup>(),
        KindSpec::of::<rds::DbProxy>(),
        KindSpec::of::<rds::DbProxyTargets>(),
        KindSpec::of::<rds::DbReplica>(),
        KindSpec::of::<rds::DbSubnetGroup>(),
        KindSpec::of::<route53::HealthCheck>(),
        KindSpec::of::<route53::HostedZone>(),
        KindSpec::of::<route53::RecordSet>(),
        KindSpec::of::<route53::ValidationRecords>(),
        KindSpec::of::<s3::Bucket>(),
        KindSpec::of::<s3::BucketPolicy>(),
        KindSpec::of::<secretsmanager::Secret>(),
        KindSpec::of::<secretsmanager::SecretVersion>(),
        KindSpec::of::<sql::User>(),
        KindSpec::of::<shield::Protection>(),
        KindSpec::of::<wafv2::IpSet>(),
        KindSpec::of::<wafv2::LoggingConfiguration>(),
        KindSpec::of::<wafv2::WebAcl>(),
    ]
}
