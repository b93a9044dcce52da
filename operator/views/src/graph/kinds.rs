//! What is to be known of kinds to draw them: of a new kind of tier one line, of a new AWS resource another.

use serde::Serialize;

use super::picture::{Column, FrameKind};

/// The picture in a tile's corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Icon {
    Internet,
    Globe,
    Balancer,
    Pods,
    Cache,
    Database,
    Bucket,
    Other,
}

/// What a tier speaks with those who use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// What `status.outputs` says of its listener.
    Listener,
    /// A protocol on a port: its name, where the outputs do not say which.
    Port(&'static str),
    /// The AWS API: what readers call, and what writers call beside.
    Api(&'static str, &'static str),
    /// It is not known.
    Anything,
}

/// How a kind of tier is drawn.
#[derive(Clone, Copy, Debug)]
pub struct TierKind {
    pub kind: &'static str,
    pub column: Column,
    /// The frame that it is in.
    pub frame: FrameKind,
    pub icon: Icon,
    pub speaks: Speaks,
}

const fn tier(kind: &'static str, column: Column, frame: FrameKind, icon: Icon, speaks: Speaks) -> TierKind {
    TierKind { kind, column, frame, icon, speaks }
}

/// The kinds of tiers.
pub const TIERS: &[TierKind] = &[
    tier("EdgeTier", Column::Edge, FrameKind::Edge, Icon::Globe, Speaks::Listener),
    tier("WebApp", Column::Compute, FrameKind::Cluster, Icon::Pods, Speaks::Listener),
    tier("CacheTier", Column::Store, FrameKind::Vpc, Icon::Cache, Speaks::Port("Redis")),
    tier("DataTier", Column::Store, FrameKind::Vpc, Icon::Database, Speaks::Port("SQL")),
    tier("ObjectTier", Column::Store, FrameKind::Region, Icon::Bucket, Speaks::Api("s3:GetObject", "s3:PutObject")),
];

/// How a kind is drawn that is not in [`TIERS`].
const OTHER: TierKind = tier("", Column::Store, FrameKind::Region, Icon::Other, Speaks::Anything);

/// How a kind of tier is drawn.
pub fn of(kind: &str) -> &'static TierKind {
    TIERS.iter().find(|tier| tier.kind == kind).unwrap_or(&OTHER)
}

/// A part of a tier that requests pass before the rest of it, and that is a tile of its own.
pub struct FrontKind {
    /// The resource that makes it one.
    pub resource: &'static str,
    pub column: Column,
    pub frame: FrameKind,
    pub icon: Icon,
    /// The resource through which it reaches the rest.
    pub by: &'static str,
}

/// A load balancer.
pub const FRONT: FrontKind = FrontKind {
    resource: "elbv2/LoadBalancer",
    column: Column::Front,
    frame: FrameKind::Vpc,
    icon: Icon::Balancer,
    by: "elbv2/TargetGroup",
};

/// The AWS resources that matter in a tile, in the order in which they are named, and what people call them.
pub const RESOURCES: &[(&str, &str)] = &[
    ("route53/HostedZone", "hosted zone"),
    ("route53/RecordSet", "Route 53"),
    ("route53/HealthCheck", "health check"),
    ("acm/Certificate", "ACM"),
    ("wafv2/WebAcl", "WAF"),
    ("shield/Protection", "Shield Advanced"),
    ("cloudfront/Distribution", "CloudFront"),
    ("cloudfront/Function", "CloudFront function"),
    ("elbv2/LoadBalancer", "load balancer"),
    ("eks/FargateProfile", "Fargate"),
    ("kubernetes/Deployment", "Deployment"),
    ("kubernetes/WorkloadPatch", "workload of another"),
    ("kubernetes/HorizontalPodAutoscaler", "HPA"),
    ("rds/DbProxy", "RDS Proxy"),
    ("rds/DbCluster", "RDS cluster"),
    ("rds/DbClusterInstance", "cluster instance"),
    ("rds/DbInstance", "RDS"),
    ("rds/DbReplica", "read replica"),
    ("elasticache/ReplicationGroup", "ElastiCache"),
    ("elasticache/CacheCluster", "ElastiCache"),
    ("elasticache/ServerlessCache", "ElastiCache Serverless"),
    ("s3/Bucket", "S3"),
];

/// Of these one tile has several without a need to say how many.
pub const UNCOUNTED: &[&str] = &["route53/RecordSet", "shield/Protection"];

/// What people call what clients speak (`status.outputs.bindingType`).
pub const PROTOCOLS: &[(&str, &str)] = &[
    ("postgresql", "PostgreSQL"),
    ("mysql", "MySQL"),
    ("redis", "Redis"),
    ("valkey", "Valkey"),
    ("memcached", "Memcached"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use terrace_crds::{KINDS, Scope};

    use super::*;

    #[test]
    fn every_kind_of_tier_has_its_line() {
        let with_status = KINDS.iter().filter(|kind| kind.scope == Scope::Namespaced && kind.status);
        let tiers: BTreeSet<_> = with_status.map(|kind| kind.kind).collect();
        assert_eq!(TIERS.iter().map(|tier| tier.kind).collect::<BTreeSet<_>>(), tiers);
    }

    #[test]
    fn every_resource_that_is_named_exists() {
        let kinds = terrace_model::aws::kinds();
        let named = RESOURCES.iter().map(|(kind, _)| *kind).chain(UNCOUNTED.iter().copied());
        for kind in named.chain([FRONT.resource, FRONT.by]) {
            assert!(kinds.iter().any(|spec| spec.kind == kind), "{kind}");
        }
    }

    #[test]
    fn a_kind_that_is_not_known_is_drawn_all_the_same() {
        assert_eq!((of("EdgeTier").icon, of("GameTier").icon), (Icon::Globe, Icon::Other));
    }
}
