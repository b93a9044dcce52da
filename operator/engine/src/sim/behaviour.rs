//! How each kind behaves in the simulation: how long it takes, what it refuses, what shows late. A new kind needs no line.

use std::time::Duration;

use terrace_model::KindSpec;

/// What makes two resources of a kind the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// The derived name.
    Name,
    /// Where it is found within its parent (`ADDRESS`).
    Address,
    /// Nothing: AWS assigns an id, and a second create makes a second one.
    Assigned,
}

/// The behaviour of one kind. Durations are of virtual time.
#[derive(Clone, Copy, Debug)]
pub struct Behaviour {
    pub naming: Naming,
    /// Prefix of the ids that AWS assigns: `sg-`. The handle is such an id, and no ARN.
    pub prefix: Option<&'static str>,
    pub create: Duration,
    pub modify: Duration,
    pub delete: Duration,
    /// Outputs that are known only when it has left `creating`.
    pub late: &'static [&'static str],
    /// How long its name cannot be used again once it is gone.
    pub name_held: Duration,
    /// How long every look says that it is absent, from its create on.
    pub visible_after: Duration,
    /// How long its tags do not show, from its create on.
    pub tags_after: Duration,
    /// Create takes an idempotency token.
    pub token: bool,
    /// It cannot be deleted while something refers to it.
    pub held: bool,
    /// It holds what it refers to, and refers only to what is there.
    pub holds: bool,
    /// What it refers to must be ready, or create and update are refused.
    pub needs_ready: bool,
    /// How long what refers to it is refused, from its create on.
    pub usable_after: Duration,
    /// The field that names what it lies in, and goes with.
    pub within: Option<&'static str>,
    /// Its owner is kept beside it, as labels are, though it has no field `tags`.
    pub labelled: bool,
    /// An update takes one field, and leaves the rest to the next.
    pub one_field_a_call: bool,
    /// The Tagging API shows it.
    pub listed: bool,
}

const LATE: &[&str] = &["endpoint", "readerEndpoint", "configurationEndpoint", "port", "masterSecretArn"];

fn seconds(create: u64, modify: u64, delete: u64) -> impl FnOnce(Behaviour) -> Behaviour {
    let of = Duration::from_secs;
    move |behaviour| Behaviour { create: of(create), modify: of(modify), delete: of(delete), ..behaviour }
}

/// What a kind does that nothing is said of below: a named one takes a moment for everything, any other none.
fn usual(spec: &KindSpec) -> Behaviour {
    let named = spec.address.is_empty();
    let behaviour = Behaviour {
        naming: if named { Naming::Name } else { Naming::Address },
        prefix: None,
        create: Duration::ZERO,
        modify: Duration::ZERO,
        delete: Duration::ZERO,
        late: LATE,
        name_held: Duration::from_secs(if named { 3 } else { 0 }),
        // Not longer than what the kind says: nobody could tell a late look from an absent resource.
        visible_after: spec.visible_after,
        tags_after: spec.visible_after,
        token: false,
        held: true,
        holds: true,
        needs_ready: false,
        usable_after: Duration::ZERO,
        within: None,
        labelled: false,
        one_field_a_call: false,
        listed: true,
    };
    if named { seconds(2, 1, 1)(behaviour) } else { behaviour }
}

/// The table. Times are what the services' guides and experience give, rounded.
pub fn behaviour(spec: &KindSpec) -> Behaviour {
    let usual = usual(spec);
    match spec.kind {
        "applicationautoscaling/ScalingPolicy" => Behaviour { within: Some("resourceId"), ..usual },
        "ec2/SecurityGroup" => seconds(0, 0, 0)(Behaviour {
            naming: Naming::Assigned,
            prefix: Some("sg-"),
            name_held: Duration::ZERO,
            ..usual
        }),
        "ec2/SecurityGroupRule" => Behaviour { prefix: Some("sgr-"), within: Some("groupId"), ..usual },
        // A profile is found by its name in its cluster. EKS makes and deletes one at a time.
        "eks/FargateProfile" => seconds(120, 1, 120)(Behaviour { naming: Naming::Name, ..usual }),
        "elasticache/CacheCluster" => seconds(240, 60, 60)(usual),
        // ElastiCache API reference: CreateReplicationGroup and CreateServerlessCache raise InvalidUserGroupState.
        "elasticache/ReplicationGroup" => seconds(300, 60, 120)(Behaviour { needs_ready: true, ..usual }),
        "elasticache/ServerlessCache" => seconds(120, 30, 60)(Behaviour { needs_ready: true, ..usual }),
        "elbv2/Listener" => Behaviour { within: Some("loadBalancerArn"), ..usual },
        "elbv2/ListenerRule" => Behaviour { within: Some("listenerArn"), ..usual },
        "elbv2/LoadBalancer" => seconds(150, 1, 1)(Behaviour { name_held: Duration::ZERO, ..usual }),
        "elbv2/TargetGroup" => seconds(0, 0, 0)(Behaviour { name_held: Duration::ZERO, ..usual }),
        "iam/OidcProvider" => Behaviour { holds: false, listed: false, ..usual },
        // IAM user guide, "Troubleshoot IAM": a new role is not seen everywhere at once. A policy that names a resource
        // does not hold it.
        // IAM is global, and no region's GetResources is relied on to list its roles: they are found by name.
        "iam/Role" => {
            seconds(0, 0, 0)(Behaviour { holds: false, usable_after: Duration::from_secs(10), listed: false, ..usual })
        }
        "rds/DbCluster" => seconds(120, 30, 60)(usual),
        "rds/DbClusterInstance" => seconds(240, 60, 90)(usual),
        "rds/DbInstance" => seconds(300, 60, 120)(usual),
        "rds/DbProxy" => seconds(120, 30, 60)(usual),
        // RDS API reference: RegisterDBProxyTargets and CreateDBInstanceReadReplica raise InvalidDBInstanceState.
        "rds/DbProxyTargets" => {
            seconds(30, 5, 5)(Behaviour { needs_ready: true, within: Some("dbProxyName"), ..usual })
        }
        "rds/DbReplica" => seconds(300, 60, 90)(Behaviour { needs_ready: true, ..usual }),
        "secretsmanager/Secret" => seconds(0, 0, 0)(Behaviour { name_held: Duration::from_secs(60), ..usual }),
        // It lies in a database server, of which AWS knows nothing.
        "sql/User" => Behaviour { within: Some("server"), listed: false, ..usual },
        kind if kind.starts_with("kubernetes/") => {
            Behaviour { held: false, holds: false, labelled: true, listed: false, ..usual }
        }
        _ => edge(spec, usual),
    }
}

/// The part of the table with what stands between browsers and everything else.
fn edge(spec: &KindSpec, usual: Behaviour) -> Behaviour {
    match spec.kind {
        // ACM API reference, RequestCertificate: a token that lasts an hour; nothing else keeps one from being asked for twice.
        "acm/Certificate" => seconds(0, 0, 2)(Behaviour { naming: Naming::Assigned, token: true, ..usual }),
        // CloudFront API reference: CreateDistribution and UpdateDistribution take functions that are live and VPC origins that
        // are deployed. DeleteDistribution takes one that is disabled, which must be deployed everywhere first.
        "cloudfront/Distribution" => seconds(300, 180, 360)(Behaviour { needs_ready: true, ..usual }),
        "cloudfront/Function" => seconds(2, 2, 0)(Behaviour { late: &["arn"], ..usual }),
        "cloudfront/VpcOrigin" => seconds(600, 300, 300)(Behaviour { late: &["id"], ..usual }),
        // They bear no tags: the Tagging API does not know them.
        "cloudfront/CachePolicy"
        | "cloudfront/OriginAccessControl"
        | "cloudfront/OriginRequestPolicy"
        | "cloudfront/ResponseHeadersPolicy" => seconds(0, 0, 0)(Behaviour { listed: false, ..usual }),
        // Route 53 API reference, DeleteHealthCheck: it goes even while records refer to it.
        "route53/HealthCheck" => Behaviour { held: false, ..usual },
        // A provider empties a zone of what is this object's before it deletes it.
        "route53/RecordSet" | "route53/ValidationRecords" => {
            Behaviour { listed: false, within: Some("zoneId"), ..usual }
        }
        // S3 User Guide, "Deleting a general purpose bucket": the name may not be free at once.
        "s3/Bucket" => seconds(1, 0, 1)(Behaviour { name_held: Duration::from_secs(60), ..usual }),
        // A policy that names a role does not hold it, and goes with its bucket.
        "s3/BucketPolicy" => Behaviour { within: Some("bucket"), holds: false, ..usual },
        _ => usual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::testkit::thing;

    #[test]
    fn a_kind_without_a_line_is_named_takes_time_and_is_held() {
        let usual = behaviour(&thing());
        assert_eq!(usual.naming, Naming::Name);
        assert!(usual.held && usual.holds && !usual.create.is_zero() && !usual.name_held.is_zero());
    }

    #[test]
    fn a_kind_with_an_address_is_known_by_it() {
        let placed = KindSpec { address: &["groupId"], ..thing() };
        assert_eq!(behaviour(&placed).naming, Naming::Address);
    }

    #[test]
    fn nothing_shows_later_than_its_kind_says() {
        for spec in terrace_model::aws::kinds() {
            let behaviour = behaviour(&spec);
            assert!(behaviour.visible_after <= spec.visible_after, "{}", spec.kind);
            assert!(behaviour.tags_after <= spec.visible_after, "{}", spec.kind);
        }
    }
}
