//! For tests: an event of every service, in the form that AWS's documentation has it, and an inventory that they are about.

use serde_json::{Value, json};
use terrace_crds::ResourceEntry;

macro_rules! samples {
    ($($name:literal: $expected:expr),* $(,)?) => {
        /// Name, body of the message, and the resources of [`inventory`] that it is about.
        pub const SAMPLES: &[(&str, &str, &[&str])] =
            &[$(($name, include_str!(concat!("samples/", $name, ".json")), &$expected)),*];
    };
}

samples! {
    "acm_revoked": ["certificate", "validation"],
    "autoscaling_register": ["replicas"],
    "cloudfront_update": ["distribution"],
    "ec2_refused": ["access", "access-cluster"],
    "ec2_revoke": ["access", "access-cluster"],
    "eks_update_association": ["identity"],
    "elasticache_modify": ["cache"],
    "elbv2_modify_listener": ["listener", "rule"],
    "iam_put_role_policy": ["role"],
    "kms_deletion": ["key"],
    "rds_instance_event": ["db"],
    "rds_modify": ["db"],
    "route53_change": ["record"],
    "s3_delete_policy": ["bucket", "bucket-policy"],
    "secretsmanager_rotated": ["master-secret"],
    "shield_delete": ["protection"],
    "tagging_untag": ["db"],
    "wafv2_update": ["firewall"],
}

/// The body of a sample.
pub fn sample(name: &str) -> String {
    let found = SAMPLES.iter().find(|(sample, _, _)| *sample == name);
    found.map(|(_, body, _)| (*body).to_owned()).unwrap_or_else(|| panic!("no sample {name}"))
}

/// Resources of all services, as inventories have them.
pub fn inventory() -> Vec<ResourceEntry> {
    let entry = |(id, kind, handle, address)| {
        json!({
            "id": id, "kind": kind, "name": format!("shop-{id}-0a1b2c3d4e"), "handle": handle, "address": address,
            "place": { "environment": "prod", "region": "eu-west-1" }, "onDelete": "Delete", "state": "Ready",
        })
    };
    regional()
        .into_iter()
        .chain(worldwide())
        .map(entry)
        .map(|entry| serde_json::from_value(entry).expect("an entry"))
        .collect()
}

/// Id, kind, handle and address.
type Row = (&'static str, &'static str, String, Value);

/// Of the services of a region.
fn regional() -> Vec<Row> {
    let arn = |service: &str, resource: &str| format!("arn:aws:{service}:eu-west-1:111122223333:{resource}");
    let listener = "app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2";
    let listener_arn = arn("elasticloadbalancing", &format!("listener/{listener}"));
    let certificate = arn("acm", "certificate/12345678-1234-1234-1234-123456789012");
    let key = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let secret = arn("secretsmanager", "secret:rds!db-0a1b-WoDpmU");
    vec![
        ("access", "ec2/SecurityGroup", "sg-0a1b2c3d".to_owned(), json!({})),
        ("access-cluster", "ec2/SecurityGroupRule", "sgr-0f0f0f0f".into(), json!({ "groupId": "sg-0a1b2c3d" })),
        ("bucket", "s3/Bucket", "arn:aws:s3:::shop-assets".into(), json!({ "name": "shop-assets" })),
        ("bucket-policy", "s3/BucketPolicy", "shop-assets/policy".into(), json!({ "bucket": "shop-assets" })),
        ("cache", "elasticache/ReplicationGroup", arn("elasticache", "replicationgroup:sessions"), json!({})),
        ("certificate", "acm/Certificate", certificate.clone(), json!({})),
        ("db", "rds/DbInstance", arn("rds", "db:orders"), json!({})),
        (
            "firewall",
            "wafv2/WebAcl",
            arn("wafv2", "regional/webacl/shop/ebbcb976-8d59-4d20-8ca8-4ab2f6b7c07b"),
            json!({}),
        ),
        (
            "identity",
            "eks/PodIdentityAssociation",
            arn("eks", "podidentityassociation/prod/a-1a2b3c4d5e6f7g8h9"),
            json!({ "clusterName": "prod" }),
        ),
        ("key", "kms/Key", arn("kms", &format!("key/{key}")), json!({ "keyId": key })),
        ("listener", "elbv2/Listener", listener_arn.clone(), json!({ "port": 443 })),
        ("master-secret", "secretsmanager/SecretVersion", secret.clone(), json!({ "secretArn": secret })),
        (
            "replicas",
            "applicationautoscaling/ScalableTarget",
            arn("application-autoscaling", "scalable-target/1a2b"),
            json!({ "resourceId": "cluster:catalogue" }),
        ),
        (
            "rule",
            "elbv2/ListenerRule",
            arn("elasticloadbalancing", &format!("listener-rule/{listener}/9683b2d02a6cabee")),
            json!({ "listenerArn": listener_arn }),
        ),
        ("validation", "acm/Validation", certificate.clone(), json!({ "certificateArn": certificate })),
    ]
}

/// Of the services that have none.
fn worldwide() -> Vec<Row> {
    let global = |service: &str, resource: &str| format!("arn:aws:{service}::111122223333:{resource}");
    vec![
        ("distribution", "cloudfront/Distribution", global("cloudfront", "distribution/EDFDVBD6EXAMPLE"), json!({})),
        (
            "protection",
            "shield/Protection",
            global("shield", "protection/a1b2c3d4-5678-90ab-cdef-EXAMPLE11111"),
            json!({}),
        ),
        (
            "record",
            "route53/RecordSet",
            "Z1PA6795UKMFR9/shop.example.com/A".into(),
            json!({ "zoneId": "Z1PA6795UKMFR9", "name": "shop.example.com" }),
        ),
        ("role", "iam/Role", global("iam", "role/shop-web-role"), json!({})),
        (
            "validation-records",
            "route53/ValidationRecords",
            "Z1PA6795UKMFR9/x".into(),
            json!({ "zoneId": "Z1PA6795UKMFR9" }),
        ),
    ]
}
