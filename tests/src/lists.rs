//! The lists of AWS that tell what is in an account.

use serde_json::{Value, json};

/// One list of AWS: how to ask for it, and what tells its items apart.
pub struct List {
    pub kind: &'static str,
    pub service: &'static str,
    pub op: &'static str,
    pub items: &'static str,
    pub key: &'static str,
    pub args: fn() -> Value,
    /// What serves CloudFront is in us-east-1.
    pub region: Option<&'static str>,
}

const fn list(
    kind: &'static str,
    service: &'static str,
    op: &'static str,
    items: &'static str,
    key: &'static str,
) -> List {
    List { kind, service, op, items, key, args: || json!({}), region: None }
}

/// What is listed. What a tier may make belongs in here.
pub const LISTS: &[List] = &[
    list("acm/Certificate", "acm", "list_certificates", "CertificateSummaryList", "CertificateArn"),
    list("acm/Certificate (us-east-1)", "acm", "list_certificates", "CertificateSummaryList", "CertificateArn")
        .in_edge(),
    list(
        "application-autoscaling/ScalableTarget",
        "application-autoscaling",
        "describe_scalable_targets",
        "ScalableTargets",
        "ResourceId",
    )
    .with(|| json!({ "ServiceNamespace": "rds" })),
    list(
        "application-autoscaling/ScalingPolicy",
        "application-autoscaling",
        "describe_scaling_policies",
        "ScalingPolicies",
        "PolicyARN",
    )
    .with(|| json!({ "ServiceNamespace": "rds" })),
    list("cloudfront/CachePolicy", "cloudfront", "list_cache_policies", "CachePolicyList.Items", "CachePolicy.Id")
        .with(|| json!({ "Type": "custom" })),
    list("cloudfront/Distribution", "cloudfront", "list_distributions", "DistributionList.Items", "Id"),
    list("cloudfront/Function", "cloudfront", "list_functions", "FunctionList.Items", "Name"),
    list(
        "cloudfront/OriginAccessControl",
        "cloudfront",
        "list_origin_access_controls",
        "OriginAccessControlList.Items",
        "Id",
    ),
    list(
        "cloudfront/OriginRequestPolicy",
        "cloudfront",
        "list_origin_request_policies",
        "OriginRequestPolicyList.Items",
        "OriginRequestPolicy.Id",
    )
    .with(|| json!({ "Type": "custom" })),
    list(
        "cloudfront/ResponseHeadersPolicy",
        "cloudfront",
        "list_response_headers_policies",
        "ResponseHeadersPolicyList.Items",
        "ResponseHeadersPolicy.Id",
    )
    .with(|| json!({ "Type": "custom" })),
    list("cloudfront/VpcOrigin", "cloudfront", "list_vpc_origins", "VpcOriginList.Items", "Id"),
    list("ec2/SecurityGroup", "ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    list("ec2/Subnet", "ec2", "describe_subnets", "Subnets", "SubnetId"),
    list("ec2/Vpc", "ec2", "describe_vpcs", "Vpcs", "VpcId"),
    list("eks/Cluster", "eks", "list_clusters", "clusters", ""),
    list("eks/FargateProfile", "eks", "list_fargate_profiles", "fargateProfileNames", "")
        .with(|| json!({ "clusterName": "prod" })),
    list("eks/PodIdentityAssociation", "eks", "list_pod_identity_associations", "associations", "associationId")
        .with(|| json!({ "clusterName": "prod" })),
    list(
        "elasticache/CacheParameterGroup",
        "elasticache",
        "describe_cache_parameter_groups",
        "CacheParameterGroups",
        "CacheParameterGroupName",
    ),
    list(
        "elasticache/CacheSubnetGroup",
        "elasticache",
        "describe_cache_subnet_groups",
        "CacheSubnetGroups",
        "CacheSubnetGroupName",
    ),
    list(
        "elasticache/ReplicationGroup",
        "elasticache",
        "describe_replication_groups",
        "ReplicationGroups",
        "ReplicationGroupId",
    ),
    list("elasticache/CacheCluster", "elasticache", "describe_cache_clusters", "CacheClusters", "CacheClusterId"),
    list("elasticache/Snapshot", "elasticache", "describe_snapshots", "Snapshots", "SnapshotName"),
    list("elasticache/User", "elasticache", "describe_users", "Users", "UserId"),
    list("elasticache/UserGroup", "elasticache", "describe_user_groups", "UserGroups", "UserGroupId"),
    list("elbv2/LoadBalancer", "elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    list("elbv2/TargetGroup", "elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn"),
    list("iam/OpenIDConnectProvider", "iam", "list_open_id_connect_providers", "OpenIDConnectProviderList", "Arn"),
    list("iam/Policy", "iam", "list_policies", "Policies", "Arn").with(|| json!({ "Scope": "Local" })),
    list("iam/Role", "iam", "list_roles", "Roles", "RoleName"),
    list("logs/LogGroup", "logs", "describe_log_groups", "logGroups", "logGroupName"),
    list("rds/DBCluster", "rds", "describe_db_clusters", "DBClusters", "DBClusterIdentifier"),
    list(
        "rds/DBClusterParameterGroup",
        "rds",
        "describe_db_cluster_parameter_groups",
        "DBClusterParameterGroups",
        "DBClusterParameterGroupName",
    ),
    list(
        "rds/DBClusterSnapshot",
        "rds",
        "describe_db_cluster_snapshots",
        "DBClusterSnapshots",
        "DBClusterSnapshotIdentifier",
    ),
    list("rds/DBInstance", "rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    list(
        "rds/DBInstanceAutomatedBackup",
        "rds",
        "describe_db_instance_automated_backups",
        "DBInstanceAutomatedBackups",
        "DBInstanceIdentifier",
    ),
    list("rds/DBParameterGroup", "rds", "describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName"),
    list("rds/DBProxy", "rds", "describe_db_proxies", "DBProxies", "DBProxyName"),
    list("rds/DBSnapshot", "rds", "describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier"),
    list("rds/DBSubnetGroup", "rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
    list("route53/HealthCheck", "route53", "list_health_checks", "HealthChecks", "Id"),
    list("route53/HostedZone", "route53", "list_hosted_zones", "HostedZones", "Id"),
    list("s3/Bucket", "s3", "list_buckets", "Buckets", "Name"),
    list("secretsmanager/Secret", "secretsmanager", "list_secrets", "SecretList", "Name")
        .with(|| json!({ "IncludePlannedDeletion": true })),
    list("shield/Protection", "shield", "list_protections", "Protections", "ProtectionArn").in_edge(),
    list("wafv2/IPSet", "wafv2", "list_ip_sets", "IPSets", "ARN").with(|| json!({ "Scope": "CLOUDFRONT" })).in_edge(),
    list("wafv2/WebACL", "wafv2", "list_web_acls", "WebACLs", "ARN")
        .with(|| json!({ "Scope": "CLOUDFRONT" }))
        .in_edge(),
];

impl List {
    const fn with(self, args: fn() -> Value) -> List {
        List { args, ..self }
    }

    const fn in_edge(self) -> List {
        List { region: Some("us-east-1"), ..self }
    }
}
