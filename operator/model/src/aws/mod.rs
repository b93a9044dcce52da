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

/// Specifications of kinds, given service by service.
macro_rules! specs {
    ($($service:ident::{ $($resource:ident),* $(,)? }),* $(,)?) => {
        vec![$($(KindSpec::of::<$service::$resource>()),*),*]
    };
}

/// The specification of every kind, which the conformance tests, the documentation and the simulation walk.
pub fn kinds() -> Vec<KindSpec> {
    specs![
        acm::{Certificate, Validation},
        autoscaling::{ScalableTarget, ScalingPolicy},
        cloudfront::{
            CachePolicy, Distribution, Function, OriginAccessControl, OriginRequestPolicy, ResponseHeadersPolicy,
            VpcOrigin,
        },
        ec2::{SecurityGroup, SecurityGroupRule},
        eks::{FargateProfile, PodIdentityAssociation},
        elasticache::{
            CacheCluster, CacheParameterGroup, CacheSubnetGroup, ReplicationGroup, ServerlessCache, User, UserGroup,
        },
        elbv2::{Listener, ListenerRule, LoadBalancer, TargetGroup},
        iam::{OidcProvider, Role},
        kms::{Key},
        kubernetes::{
            BindingSecret, ConfigMap, Deployment, HorizontalPodAutoscaler, PodDisruptionBudget, Service,
            ServiceAccount, TargetGroupBinding, WorkloadPatch,
        },
        rds::{
            DbCluster, DbClusterInstance, DbClusterParameterGroup, DbInstance, DbParameterGroup, DbProxy,
            DbProxyTargets, DbReplica, DbSubnetGroup,
        },
        route53::{HealthCheck, HostedZone, RecordSet, ValidationRecords},
        s3::{Bucket, BucketPolicy},
        secretsmanager::{Secret, SecretVersion},
        sql::{User},
        shield::{Protection},
        wafv2::{IpSet, LoggingConfiguration, WebAcl},
    ]
}
