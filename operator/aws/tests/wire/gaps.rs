//! What each emulator cannot do, so that the rest can be asked of it. Each entry says why.

/// From when on an emulator cannot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// The field is not taken as the resource is made; it can be changed afterwards.
    AtCreate,
    /// The field is never kept, or cannot be changed.
    Always,
}
use Gap::{Always, AtCreate};

/// Kind, field, gap, reason.
type Entry = (&'static str, &'static str, Gap, &'static str);

const MINISTACK: &[Entry] = &[
    ("rds/DbInstance", "storageThroughput", Always, "it is neither taken nor kept"),
    ("rds/DbInstance", "manageMasterUserPassword", Always, "it yields no secret"),
    ("rds/DbInstance", "preferredBackupWindow", AtCreate, "it is not taken as the instance is made"),
    ("rds/DbInstance", "enabledCloudwatchLogsExports", Always, "they are neither taken nor kept"),
    ("rds/DbInstance", "port", Always, "ModifyDBInstance does not know it"),
    ("rds/DbInstance", "autoMinorVersionUpgrade", Always, "ModifyDBInstance does not know it"),
    ("rds/DbInstance", "databaseInsightsMode", Always, "it is not kept"),
    ("rds/DbInstance", "networkType", Always, "ModifyDBInstance does not know it"),
    ("rds/DbReplica", "storageThroughput", Always, "it is neither taken nor kept"),
    ("rds/DbReplica", "multiAz", AtCreate, "a replica takes it from its source"),
    ("rds/DbReplica", "port", Always, "a replica has one of the emulator's choosing"),
    ("rds/DbReplica", "deletionProtection", AtCreate, "it is not taken as the replica is made"),
    ("rds/DbReplica", "enabledCloudwatchLogsExports", Always, "they are neither taken nor kept"),
    ("rds/DbCluster", "enabledCloudwatchLogsExports", Always, "they are neither taken nor kept"),
    ("rds/DbCluster", "serverlessV2Scaling", Always, "the seconds until a pause are not kept"),
    ("rds/DbCluster", "databaseInsightsMode", Always, "it is not kept"),
    ("rds/DbCluster", "storageType", Always, "ModifyDBCluster does not know it"),
    ("rds/DbCluster", "networkType", Always, "ModifyDBCluster does not know it"),
    ("rds/DbClusterInstance", "promotionTier", Always, "ModifyDBInstance does not know it"),
    ("rds/DbClusterInstance", "autoMinorVersionUpgrade", Always, "ModifyDBInstance does not know it"),
];

const MOTO: &[Entry] = &[
    ("rds/DbSubnetGroup", "subnetIds", Always, "ModifyDBSubnetGroup loses the group"),
    ("rds/DbSubnetGroup", "description", Always, "ModifyDBSubnetGroup loses the group"),
    ("rds/DbParameterGroup", "parameters", Always, "there is no ResetDBParameterGroup"),
    ("rds/DbInstance", "port", Always, "the endpoint keeps its port"),
    ("rds/DbClusterParameterGroup", "parameters", Always, "there is no ResetDBClusterParameterGroup"),
    ("rds/DbCluster", "enableIamDatabaseAuthentication", Always, "it cannot be turned off"),
    ("rds/DbCluster", "enabledCloudwatchLogsExports", Always, "they cannot be turned off"),
    ("rds/DbProxy", "roleArn", Always, "there is no ModifyDBProxy"),
    ("rds/DbProxy", "iamAuth", Always, "there is no ModifyDBProxy"),
    ("rds/DbProxy", "requireTls", Always, "there is no ModifyDBProxy"),
    ("rds/DbProxy", "idleClientTimeout", Always, "there is no ModifyDBProxy"),
    ("rds/DbProxy", "vpcSecurityGroupIds", Always, "there is no ModifyDBProxy"),
];

/// Emulator, kind, reason: kinds that an emulator does not have at all.
const ABSENT: &[(&str, &str, &str)] = &[];

/// Emulator, kind: what answers 500 when it is deleted a second time.
const ONCE: &[(&str, &str)] = &[("moto", "rds/DbProxy")];

/// The emulator under test.
pub fn emulator() -> String {
    std::env::var("TERRACE_WIRE_EMULATOR").unwrap_or_else(|_| "ministack".into())
}

/// What this emulator cannot do with a field, and why.
pub fn field(kind: &str, field: &str) -> Option<(Gap, &'static str)> {
    let gaps = if emulator() == "moto" { MOTO } else { MINISTACK };
    gaps.iter().find(|(of, name, ..)| *of == kind && *name == field).map(|(_, _, gap, reason)| (*gap, *reason))
}

/// Why a kind is not tried on this emulator.
pub fn kind(kind: &str) -> Option<&'static str> {
    ABSENT.iter().find(|(with, of, _)| *with == emulator() && *of == kind).map(|(_, _, reason)| *reason)
}

/// True where this emulator breaks on a second deletion.
pub fn deletes_once(kind: &str) -> bool {
    ONCE.iter().any(|(with, of)| *with == emulator() && *of == kind)
}
