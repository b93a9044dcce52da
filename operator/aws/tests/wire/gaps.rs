//! What each emulator cannot do, so that the rest can be asked of it. Each entry says why; one that proves to be none
//! fails the test.

/// Kind, field, reason: a field that is not taken as the resource is made, or cannot be changed, or not back.
type Entry = (&'static str, &'static str, &'static str);

const MINISTACK: &[Entry] = &[
    ("rds/DbReplica", "storageThroughput", "it is not taken as the replica is made"),
    ("rds/DbReplica", "multiAz", "a replica takes it from its source"),
    ("rds/DbReplica", "port", "a replica has one of the emulator's choosing"),
    ("rds/DbReplica", "deletionProtection", "it is not taken as the replica is made"),
    ("rds/DbReplica", "enabledCloudwatchLogsExports", "they are not taken as the replica is made"),
    ("rds/DbCluster", "enabledCloudwatchLogsExports", "they are neither taken nor kept"),
    ("rds/DbCluster", "serverlessV2Scaling", "the seconds until a pause are not kept"),
    ("rds/DbCluster", "databaseInsightsMode", "it is not kept"),
    ("rds/DbCluster", "storageType", "ModifyDBCluster does not know it"),
    ("rds/DbCluster", "networkType", "ModifyDBCluster does not know it"),
    ("rds/DbClusterInstance", "promotionTier", "ModifyDBInstance does not know it"),
    ("elasticache/User", "engine", "ModifyUser does not know it"),
    ("elasticache/UserGroup", "engine", "ModifyUserGroup does not know it"),
    ("elasticache/ReplicationGroup", "numNodeGroups", "there is no ModifyReplicationGroupShardConfiguration"),
    ("wafv2/IpSet", "description", "UpdateIPSet does not know it"),
    ("wafv2/WebAcl", "description", "UpdateWebACL does not know it"),
];

const MOTO: &[Entry] = &[
    ("rds/DbParameterGroup", "parameters", "there is no ResetDBParameterGroup"),
    ("rds/DbInstance", "port", "the endpoint keeps its port"),
    ("rds/DbClusterParameterGroup", "parameters", "there is no ResetDBClusterParameterGroup"),
    ("rds/DbCluster", "enableIamDatabaseAuthentication", "it cannot be turned off"),
    ("rds/DbCluster", "enabledCloudwatchLogsExports", "they cannot be turned off"),
    ("rds/DbProxy", "roleArn", "there is no ModifyDBProxy"),
    ("rds/DbProxy", "iamAuth", "there is no ModifyDBProxy"),
    ("rds/DbProxy", "requireTls", "there is no ModifyDBProxy"),
    ("rds/DbProxy", "idleClientTimeout", "there is no ModifyDBProxy"),
    ("rds/DbProxy", "vpcSecurityGroupIds", "there is no ModifyDBProxy"),
    ("s3/Bucket", "lifecycleRules", "sizes of objects and numbers of newer versions are not kept"),
    ("s3/Bucket", "logging", "in the policy of the target it understands a resource only that is not in a list"),
    ("wafv2/WebAcl", "rules", "UpdateWebACL does not take the last of them away"),
    ("elasticache/User", "accessString", "there is no ModifyUser"),
    ("elasticache/User", "password", "there is no ModifyUser"),
    ("elasticache/User", "engine", "there is no ModifyUser"),
];

/// Emulator, kind, reason: what cannot live there.
const LACKING: &[(&str, &str, &str)] = &[
    ("moto", "elasticache/CacheSubnetGroup", "there is no DeleteCacheSubnetGroup"),
    ("moto", "elasticache/CacheParameterGroup", "there are none"),
    ("moto", "elasticache/UserGroup", "there are none"),
    ("moto", "elasticache/ReplicationGroup", "its nodes are not shown, and a deleted one never goes"),
    ("moto", "elasticache/CacheCluster", "there is no ModifyCacheCluster"),
    ("moto", "elasticache/ServerlessCache", "there are none"),
    ("moto", "cloudfront/CachePolicy", "there are none"),
    ("moto", "cloudfront/OriginRequestPolicy", "there are none"),
    ("moto", "cloudfront/ResponseHeadersPolicy", "there are none"),
    ("moto", "wafv2/IpSet", "its lock tokens are none that AWS takes"),
    ("moto", "cloudfront/Function", "there is no PublishFunction"),
    ("moto", "cloudfront/Distribution", "GetResources, by which one without a handle is found, does not know it"),
    ("ministack", "wafv2/LoggingConfiguration", "there is none"),
    ("ministack", "shield/Protection", "there is no Shield"),
];

/// Emulator, kind: what answers 500 when it is deleted a second time.
const ONCE: &[(&str, &str)] = &[("moto", "rds/DbProxy")];

/// The emulator under test.
pub fn emulator() -> String {
    std::env::var("TERRACE_WIRE_EMULATOR").unwrap_or_else(|_| "ministack".into())
}

/// What this emulator cannot do.
pub fn fields() -> &'static [Entry] {
    if emulator() == "moto" { MOTO } else { MINISTACK }
}

/// True where this emulator breaks on a second deletion.
pub fn deletes_once(kind: &str) -> bool {
    ONCE.iter().any(|(with, of)| *with == emulator() && *of == kind)
}

/// Why a kind cannot live in this emulator, where it cannot.
pub fn lacking(kind: &str) -> Option<&'static str> {
    LACKING.iter().find(|(with, of, _)| *with == emulator() && *of == kind).map(|(_, _, reason)| *reason)
}
