//! How each kind of resource is paid for.

use terrace_model::resource::system;

use super::bill::{Bill, Resource};
use super::{cache, network, rds, rest};

/// Adds what a resource costs.
pub(super) type Price = fn(&Resource, &mut Bill);

/// Kinds that cost something, or whose cost hangs on their use. A kind of AWS costs a line here or below.
const PRICED: &[(&str, Price)] = &[
    ("applicationautoscaling/ScalableTarget", rds::scaling),
    ("cloudfront/Distribution", network::distribution),
    ("cloudfront/Function", network::edge_function),
    ("eks/FargateProfile", rest::fargate),
    ("elasticache/CacheCluster", cache::cluster),
    ("elasticache/ReplicationGroup", cache::replication_group),
    ("elasticache/ServerlessCache", cache::serverless),
    ("elbv2/LoadBalancer", network::load_balancer),
    ("rds/DbCluster", rds::cluster),
    ("rds/DbClusterInstance", rds::cluster_instance),
    ("rds/DbInstance", rds::instance),
    ("rds/DbProxy", rds::proxy),
    ("rds/DbReplica", rds::instance),
    ("route53/HealthCheck", network::health_check),
    ("route53/HostedZone", network::hosted_zone),
    ("s3/Bucket", rest::bucket),
    ("secretsmanager/Secret", rest::secret),
    ("shield/Protection", network::protection),
    ("wafv2/LoggingConfiguration", network::firewall_log),
    ("wafv2/WebAcl", network::web_acl),
];

/// Kinds that AWS asks nothing for by themselves.
const FREE: &[&str] = &[
    "acm/Certificate",
    "applicationautoscaling/ScalingPolicy",
    "cloudfront/CachePolicy",
    "cloudfront/OriginAccessControl",
    "cloudfront/OriginRequestPolicy",
    "cloudfront/ResponseHeadersPolicy",
    "cloudfront/VpcOrigin",
    "ec2/SecurityGroup",
    "ec2/SecurityGroupRule",
    "eks/PodIdentityAssociation",
    "elasticache/CacheParameterGroup",
    "elasticache/CacheSubnetGroup",
    "elasticache/User",
    "elasticache/UserGroup",
    "elbv2/Listener",
    "elbv2/ListenerRule",
    "elbv2/TargetGroup",
    "iam/OidcProvider",
    "iam/Role",
    "rds/DbClusterParameterGroup",
    "rds/DbParameterGroup",
    "rds/DbProxyTargets",
    "rds/DbSubnetGroup",
    "route53/RecordSet",
    "route53/ValidationRecords",
    "s3/BucketPolicy",
    "wafv2/IpSet",
];

/// How a kind is priced; none for what costs nothing by itself, as objects in the cluster: its nodes are nobody's here.
pub(super) fn price(kind: &str) -> Option<Price> {
    let listed = PRICED.iter().find(|(priced, _)| *priced == kind).map(|(_, price)| *price);
    listed.or_else(|| (system(kind) == "AWS" && !FREE.contains(&kind)).then_some(unlisted as Price))
}

fn unlisted(resource: &Resource, bill: &mut Bill) {
    bill.lacks(format!("how {} is paid for is not known here", resource.kind));
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrace_model::aws::kinds;

    #[test]
    fn every_kind_of_aws_that_is_made_is_priced_or_free_and_never_both() {
        for spec in kinds().iter().filter(|spec| system(spec.kind) == "AWS" && !spec.read_only) {
            let priced = PRICED.iter().filter(|(kind, _)| *kind == spec.kind).count();
            let free = FREE.iter().filter(|kind| **kind == spec.kind).count();
            assert_eq!(priced + free, 1, "{} wants one line in the table of prices or of what is free", spec.kind);
        }
    }

    #[test]
    fn every_kind_of_the_tables_is_one_that_is_made() {
        let kinds = kinds();
        for kind in PRICED.iter().map(|(kind, _)| kind).chain(FREE) {
            assert!(kinds.iter().any(|spec| spec.kind == *kind && !spec.read_only), "{kind}");
        }
    }

    #[test]
    fn what_is_in_the_cluster_costs_nothing_and_what_nobody_has_listed_is_unknown() {
        assert!(price("kubernetes/Deployment").is_none() && price("sql/User").is_none() && price("iam/Role").is_none());
        let (prices, fields) = (super::super::Prices::shipped(), serde_json::Value::Null);
        let mut bill = Bill::new(&prices, "us-east-1");
        let resource = Resource { kind: "sqs/Queue", fields: &fields, all: &[] };
        price(resource.kind).expect("a price")(&resource, &mut bill);
        assert_eq!(bill.unknown.first().map(String::as_str), Some("how sqs/Queue is paid for is not known here"));
    }
}
