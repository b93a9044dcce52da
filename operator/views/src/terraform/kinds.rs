//! The table: for each kind of Terrace's, what Terraform calls it, and by which id it is imported.
//!
//! Types and forms of ids: documentation of Terraform's AWS provider, section "Import" of each resource. Handles: what the
//! kind's provider gives out ([`terrace_model::Handle`]), an ARN for all but the kinds of EC2, buckets' policies and records.

use serde_json::Value;
use terrace_crds::ResourceEntry;

use crate::arn::{Arn, last};

/// What becomes of a kind on the way out.
#[derive(Clone, Copy, Debug)]
pub enum Decision {
    /// Terraform takes it over.
    Import(Import),
    /// There is nothing to take over: what it is, and what to do.
    Leave(&'static str),
}

/// How something is imported.
#[derive(Clone, Copy, Debug)]
pub struct Import {
    /// Terraform's type.
    pub resource: &'static str,
    /// The id; `None` where the inventory does not tell it (yet).
    pub id: fn(&ResourceEntry) -> Option<String>,
    /// Further types that have the same id, and are always there: what is one resource to AWS may be several to Terraform.
    pub always: &'static [&'static str],
    /// Further types that have the same id, and are there where something is set.
    pub perhaps: &'static [&'static str],
    /// What to know of it; empty for nothing.
    pub note: &'static str,
}

const fn import(resource: &'static str, id: fn(&ResourceEntry) -> Option<String>) -> Decision {
    noted(resource, id, "")
}

const fn noted(resource: &'static str, id: fn(&ResourceEntry) -> Option<String>, note: &'static str) -> Decision {
    Decision::Import(Import { resource, id, always: &[], perhaps: &[], note })
}

const OBJECT: Decision = Decision::Leave(
    "is an object of the cluster, not of AWS: keep it with your other manifests (kubectl get -o yaml), or let it go",
);
const VALIDATION: &str = "asks AWS for nothing of its own, it waits for the certificate: aws_acm_certificate_validation \
     is its like in Terraform, and cannot be imported; write it where something is to wait";
const VALIDATION_RECORDS: &str = "are CNAME records of the zone by which ACM renews the certificate: keep them; write an \
     aws_route53_record for each of domain_validation_options and import it as ZONEID_NAME_CNAME";
const SECRET: &str = "its value is not imported, so that it does not come to stand in the state";
const ROLE: &str = "its policies are resources of their own: import an aws_iam_role_policy (ROLE:POLICY) for each that aws \
     iam list-role-policies shows, an aws_iam_role_policy_attachment (ROLE/ARN) for each of list-attached-role-policies";
const BUCKET: Import = Import {
    resource: "aws_s3_bucket",
    id: by_name,
    always: &[
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_ownership_controls",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket_versioning",
    ],
    perhaps: &[
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_cors_configuration",
        "aws_s3_bucket_logging",
        "aws_s3_bucket_accelerate_configuration",
        "aws_s3_bucket_object_lock_configuration",
    ],
    note: "",
};

/// Every kind with what becomes of it, in the order of their names.
pub const TABLE: &[(&str, Decision)] = &[
    ("acm/Certificate", import("aws_acm_certificate", whole)),
    ("acm/Validation", Decision::Leave(VALIDATION)),
    ("applicationautoscaling/ScalableTarget", import("aws_appautoscaling_target", scaled)),
    ("applicationautoscaling/ScalingPolicy", import("aws_appautoscaling_policy", scaling_policy)),
    ("cloudfront/CachePolicy", import("aws_cloudfront_cache_policy", by_name)),
    ("cloudfront/Distribution", import("aws_cloudfront_distribution", by_name)),
    ("cloudfront/Function", import("aws_cloudfront_function", by_name)),
    ("cloudfront/OriginAccessControl", import("aws_cloudfront_origin_access_control", by_name)),
    ("cloudfront/OriginRequestPolicy", import("aws_cloudfront_origin_request_policy", by_name)),
    ("cloudfront/ResponseHeadersPolicy", import("aws_cloudfront_response_headers_policy", by_name)),
    ("cloudfront/VpcOrigin", import("aws_cloudfront_vpc_origin", by_name)),
    ("ec2/SecurityGroup", import("aws_security_group", whole)),
    ("ec2/SecurityGroupRule", import(INGRESS, whole)),
    ("eks/FargateProfile", import("aws_eks_fargate_profile", fargate_profile)),
    ("eks/PodIdentityAssociation", import("aws_eks_pod_identity_association", pod_identity)),
    ("elasticache/CacheCluster", import("aws_elasticache_cluster", by_name)),
    ("elasticache/CacheParameterGroup", import("aws_elasticache_parameter_group", by_name)),
    ("elasticache/CacheSubnetGroup", import("aws_elasticache_subnet_group", by_name)),
    ("elasticache/ReplicationGroup", import("aws_elasticache_replication_group", by_name)),
    ("elasticache/ServerlessCache", import("aws_elasticache_serverless_cache", by_name)),
    ("elasticache/User", noted("aws_elasticache_user", by_name, "its password is not imported: AWS does not tell it")),
    ("elasticache/UserGroup", import("aws_elasticache_user_group", by_name)),
    ("elbv2/Listener", import("aws_lb_listener", whole)),
    ("elbv2/ListenerRule", import("aws_lb_listener_rule", whole)),
    ("elbv2/LoadBalancer", import("aws_lb", whole)),
    ("elbv2/TargetGroup", import("aws_lb_target_group", whole)),
    ("iam/OidcProvider", import("aws_iam_openid_connect_provider", whole)),
    ("iam/Role", noted("aws_iam_role", by_name, ROLE)),
    (
        "kms/Key",
        Decision::Leave("is a key that was there before and was only looked at: it is nobody's to import here"),
    ),
    ("kubernetes/BindingSecret", OBJECT),
    ("kubernetes/ConfigMap", OBJECT),
    ("kubernetes/Deployment", OBJECT),
    ("kubernetes/HorizontalPodAutoscaler", OBJECT),
    ("kubernetes/PodDisruptionBudget", OBJECT),
    ("kubernetes/Service", OBJECT),
    ("kubernetes/ServiceAccount", OBJECT),
    ("kubernetes/TargetGroupBinding", OBJECT),
    ("kubernetes/WorkloadPatch", OBJECT),
    ("rds/DbCluster", import("aws_rds_cluster", by_name)),
    ("rds/DbClusterInstance", import("aws_rds_cluster_instance", by_name)),
    ("rds/DbClusterParameterGroup", import("aws_rds_cluster_parameter_group", by_name)),
    ("rds/DbInstance", import("aws_db_instance", by_name)),
    ("rds/DbParameterGroup", import("aws_db_parameter_group", by_name)),
    ("rds/DbProxy", import("aws_db_proxy", recorded_name)),
    ("rds/DbProxyTargets", noted("aws_db_proxy_default_target_group", proxy, PROXY_TARGETS)),
    ("rds/DbReplica", import("aws_db_instance", by_name)),
    ("rds/DbSubnetGroup", import("aws_db_subnet_group", by_name)),
    ("route53/HealthCheck", import("aws_route53_health_check", by_name)),
    ("route53/HostedZone", import("aws_route53_zone", by_name)),
    ("route53/RecordSet", noted("aws_route53_record", record, RECORD)),
    ("route53/ValidationRecords", Decision::Leave(VALIDATION_RECORDS)),
    ("s3/Bucket", Decision::Import(BUCKET)),
    ("s3/BucketPolicy", import("aws_s3_bucket_policy", |entry| address(entry, "bucket").map(str::to_owned))),
    ("secretsmanager/Secret", noted("aws_secretsmanager_secret", whole, SECRET)),
    (
        "secretsmanager/SecretVersion",
        Decision::Leave("is the value of a secret that RDS makes and changes: it was only looked at, and is RDS's"),
    ),
    ("shield/Protection", import("aws_shield_protection", by_name)),
    (
        "sql/User",
        Decision::Leave(
            "is a user within the database, of which AWS knows nothing: it stays, with its password and rights",
        ),
    ),
    ("wafv2/IpSet", import("aws_wafv2_ip_set", firewall)),
    ("wafv2/LoggingConfiguration", import("aws_wafv2_web_acl_logging_configuration", whole)),
    ("wafv2/WebAcl", import("aws_wafv2_web_acl", firewall)),
];

const INGRESS: &str = "aws_vpc_security_group_ingress_rule";
const EGRESS: &str = "aws_vpc_security_group_egress_rule";
const PROXY_TARGETS: &str = "the database behind it is an aws_db_proxy_target: import it as \
     PROXY/default/RDS_INSTANCE/IDENTIFIER, of a cluster as PROXY/default/TRACKED_CLUSTER/IDENTIFIER";
const RECORD: &str = "the TXT record beside it says whose it is, and goes when Terrace lets go";

/// What becomes of a kind; `None` for one that this version does not know.
pub fn decision(kind: &str) -> Option<Decision> {
    TABLE.iter().find(|(known, _)| *known == kind).map(|(_, decision)| *decision)
}

/// Terraform's type of an entry: to AWS a rule of a security group is one kind, to Terraform it is two.
pub fn resource(import: &Import, entry: &ResourceEntry) -> &'static str {
    let out = address(entry, "direction") == Some("Egress");
    if import.resource == INGRESS && out { EGRESS } else { import.resource }
}

/// The kind of Terrace's that a type of Terraform's is.
pub fn kind_of(resource: &str) -> Option<&'static str> {
    let is = |decision: &Decision| matches!(decision, Decision::Import(import) if import.resource == resource);
    // A replica has the type of an instance, which comes before it.
    let found = TABLE.iter().find(|(_, decision)| is(decision)).map(|(kind, _)| *kind);
    found.or((resource == EGRESS).then_some("ec2/SecurityGroupRule"))
}

fn address<'a>(entry: &'a ResourceEntry, field: &str) -> Option<&'a str> {
    entry.address.as_ref()?.get(field)?.as_str().filter(|text| !text.is_empty())
}

/// The handle as it is: an ARN, or an id of EC2's.
fn whole(entry: &ResourceEntry) -> Option<String> {
    entry.handle.clone().filter(|handle| !handle.is_empty())
}

/// The last part of the ARN, which of all but a few is the name or the id.
fn by_name(entry: &ResourceEntry) -> Option<String> {
    whole(entry).map(|handle| last(&handle).to_owned()).filter(|name| !name.is_empty())
}

/// The name on record, where the ARN bears another id.
fn recorded_name(entry: &ResourceEntry) -> Option<String> {
    entry.handle.as_ref().and(entry.name.clone())
}

/// The parts of the ARN's resource between slashes.
fn parts(entry: &ResourceEntry) -> Option<Vec<String>> {
    let handle = whole(entry)?;
    Some(Arn::parse(&handle)?.resource.split('/').map(str::to_owned).collect())
}

/// `SERVICE/RESOURCE/DIMENSION`.
fn scaled(entry: &ResourceEntry) -> Option<String> {
    let fields = ["serviceNamespace", "resourceId", "scalableDimension"];
    let parts: Option<Vec<_>> = fields.iter().map(|field| address(entry, field)).collect();
    Some(parts?.join("/"))
}

/// `SERVICE/RESOURCE/DIMENSION/NAME`. The ARN ends with `policyName/NAME`.
fn scaling_policy(entry: &ResourceEntry) -> Option<String> {
    let handle = whole(entry)?;
    let (_, name) = handle.rsplit_once("policyName/")?;
    Some(format!("{}/{name}", scaled(entry)?))
}

/// `CLUSTER:PROFILE`, of `fargateprofile/CLUSTER/PROFILE/UUID`.
fn fargate_profile(entry: &ResourceEntry) -> Option<String> {
    let parts = parts(entry)?;
    Some(format!("{}:{}", parts.get(1)?, parts.get(2)?))
}

/// `CLUSTER,ID`, of `podidentityassociation/CLUSTER/ID`.
fn pod_identity(entry: &ResourceEntry) -> Option<String> {
    let parts = parts(entry)?;
    Some(format!("{},{}", parts.get(1)?, parts.get(2)?))
}

/// The name of the proxy.
fn proxy(entry: &ResourceEntry) -> Option<String> {
    address(entry, "dbProxyName").map(str::to_owned)
}

/// `ID/NAME/SCOPE`, of `regional/webacl/NAME/ID` or `global/…`.
fn firewall(entry: &ResourceEntry) -> Option<String> {
    let parts = parts(entry)?;
    let scope = if parts.first()? == "global" { "CLOUDFRONT" } else { "REGIONAL" };
    Some(format!("{}/{}/{scope}", parts.get(3)?, parts.get(2)?))
}

/// `ZONE_NAME_TYPE`, and `_SET` where there are several.
fn record(entry: &ResourceEntry) -> Option<String> {
    let fixed: Option<Vec<_>> = ["zoneId", "name", "type"].iter().map(|field| address(entry, field)).collect();
    let mut parts = fixed?;
    parts.extend(entry.address.as_ref().and_then(|all| all.get("setIdentifier")).and_then(Value::as_str));
    Some(parts.join("_"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(kind: &str, name: Option<&str>, handle: Option<&str>, address: Value) -> ResourceEntry {
        serde_json::from_value(json!({
            "id": "node", "kind": kind, "place": { "environment": "prod", "region": "eu-west-1" },
            "name": name, "handle": handle, "address": address, "onDelete": "Delete", "state": "Ready",
        }))
        .expect("an entry")
    }

    fn id(kind: &str, handle: &str, address: Value) -> Option<String> {
        let entry = entry(kind, Some("derived-name"), Some(handle), address);
        let Some(Decision::Import(import)) = decision(kind) else { panic!("{kind} is not imported") };
        (import.id)(&entry)
    }

    #[test]
    fn every_kind_has_its_decision_and_no_other_has() {
        let kinds: Vec<&str> = terrace_model::aws::kinds().iter().map(|spec| spec.kind).collect();
        let undecided: Vec<_> = kinds.iter().filter(|kind| decision(kind).is_none()).collect();
        assert!(undecided.is_empty(), "decide what `terrace export --terraform` does with {undecided:?}");
        let unknown: Vec<_> = TABLE.iter().filter(|(kind, _)| !kinds.contains(kind)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0), "in the order of their names");
    }

    #[test]
    fn what_is_only_looked_at_or_stands_outside_aws_is_never_imported() {
        for spec in terrace_model::aws::kinds() {
            let outside = spec.read_only || terrace_model::resource::system(spec.kind) != "AWS";
            let left = matches!(decision(spec.kind), Some(Decision::Leave(_)));
            assert!(left || !outside, "{}", spec.kind);
        }
    }

    /// Each as the documentation of Terraform's AWS provider shows it under "Import".
    #[test]
    fn an_id_has_the_form_that_terraform_takes() {
        let scaled =
            json!({ "serviceNamespace": "rds", "resourceId": "cluster:a", "scalableDimension": "rds:cluster:R" });
        let record = json!({ "zoneId": "Z1", "name": "www.example.com", "type": "A", "setIdentifier": "blue" });
        let acl = "arn:aws:wafv2:us-east-1:1:global/webacl/edge/a1b2";
        for (kind, handle, address, expected) in [
            ("rds/DbInstance", "arn:aws:rds:eu-west-1:1:db:orders", json!({}), "orders"),
            ("rds/DbReplica", "arn:aws:rds:eu-west-1:1:db:orders-2", json!({}), "orders-2"),
            ("rds/DbSubnetGroup", "arn:aws:rds:eu-west-1:1:subgrp:orders", json!({}), "orders"),
            ("rds/DbProxy", "arn:aws:rds:eu-west-1:1:db-proxy:prx-01", json!({}), "derived-name"),
            ("rds/DbProxyTargets", "arn:tg", json!({ "dbProxyName": "orders" }), "orders"),
            ("elasticache/User", "arn:aws:elasticache:eu-west-1:1:user:app", json!({}), "app"),
            ("ec2/SecurityGroup", "sg-1", json!({}), "sg-1"),
            ("ec2/SecurityGroupRule", "sgr-1", json!({}), "sgr-1"),
            ("iam/Role", "arn:aws:iam::1:role/app/web", json!({}), "web"),
            (
                "elbv2/LoadBalancer",
                "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/web/50dc",
                json!({}),
                "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/web/50dc",
            ),
            ("eks/FargateProfile", "arn:aws:eks:eu-west-1:1:fargateprofile/prod/web/3eb1", json!({}), "prod:web"),
            (
                "eks/PodIdentityAssociation",
                "arn:aws:eks:eu-west-1:1:podidentityassociation/prod/a-12",
                json!({}),
                "prod,a-12",
            ),
            ("applicationautoscaling/ScalableTarget", "arn:t", scaled.clone(), "rds/cluster:a/rds:cluster:R"),
            (
                "applicationautoscaling/ScalingPolicy",
                "arn:aws:autoscaling:eu-west-1:1:scalingPolicy:u:resource/rds/cluster:a:policyName/cpu",
                scaled,
                "rds/cluster:a/rds:cluster:R/cpu",
            ),
            ("cloudfront/Distribution", "arn:aws:cloudfront::1:distribution/E1", json!({}), "E1"),
            ("cloudfront/Function", "arn:aws:cloudfront::1:function/redirect", json!({}), "redirect"),
            ("route53/HostedZone", "arn:aws:route53:::hostedzone/Z1", json!({}), "Z1"),
            ("route53/RecordSet", "Z1/www.example.com/A", record, "Z1_www.example.com_A_blue"),
            (
                "route53/RecordSet",
                "Z1/www.example.com/A",
                json!({ "zoneId": "Z1", "name": "*.example.com", "type": "A", "setIdentifier": null }),
                "Z1_*.example.com_A",
            ),
            ("s3/Bucket", "arn:aws:s3:::assets", json!({}), "assets"),
            ("s3/BucketPolicy", "assets/policy", json!({ "bucket": "assets" }), "assets"),
            ("shield/Protection", "arn:aws:shield::1:protection/ff95", json!({}), "ff95"),
            ("wafv2/WebAcl", acl, json!({}), "a1b2/edge/CLOUDFRONT"),
            ("wafv2/IpSet", "arn:aws:wafv2:eu-west-1:1:regional/ipset/office/c3", json!({}), "c3/office/REGIONAL"),
            ("wafv2/LoggingConfiguration", acl, json!({}), acl),
        ] {
            assert_eq!(id(kind, handle, address).as_deref(), Some(expected), "{kind}");
        }
    }

    #[test]
    fn what_the_inventory_does_not_tell_is_not_guessed() {
        for (kind, decision) in TABLE {
            let Decision::Import(import) = decision else { continue };
            assert_eq!((import.id)(&entry(kind, Some("derived-name"), None, Value::Null)), None, "{kind}");
        }
        for kind in ["wafv2/WebAcl", "eks/FargateProfile", "applicationautoscaling/ScalingPolicy", "route53/RecordSet"]
        {
            assert_eq!(id(kind, "nonsense", Value::Null), None, "{kind}");
        }
    }

    #[test]
    fn a_rule_is_imported_by_its_direction_and_a_type_leads_back_to_its_kind() {
        let Some(Decision::Import(import)) = decision("ec2/SecurityGroupRule") else { panic!("it is imported") };
        for (direction, expected) in [("Ingress", INGRESS), ("Egress", EGRESS)] {
            let entry = entry("ec2/SecurityGroupRule", None, Some("sgr-1"), json!({ "direction": direction }));
            assert_eq!(resource(&import, &entry), expected);
            assert_eq!(kind_of(expected), Some("ec2/SecurityGroupRule"));
        }
        assert_eq!(kind_of("aws_db_instance"), Some("rds/DbInstance"));
        assert_eq!(kind_of("aws_lambda_function"), None);
    }
}
