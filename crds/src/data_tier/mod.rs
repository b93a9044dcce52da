//! `DataTier`: a relational database on Amazon RDS or Aurora.

mod credentials;
mod engine;
mod operations;
mod proxy;
mod restore;
mod scaling;
mod settings;
mod storage;

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{
    choices::NetworkType,
    common::{CommonSpec, DeletionPolicy, snapshot, tier_object},
    schema,
    status::TierStatus,
};

pub use credentials::{CredentialManagement, Credentials, IamAuthentication};
pub use engine::Engine;
pub use operations::{Backup, DatabaseInsights, LogType, Maintenance, MajorVersions, Monitoring};
pub use proxy::{Proxy, ProxyMode, ProxyTls};
pub use restore::{PointInTime, RestoreFrom};
pub use scaling::{ReplicaAutoscaling, Replicas, Serverless};
pub use settings::{Aurora, AuroraStorageType, Availability, DeletionProtection, Encryption};
pub use storage::{Storage, StorageType};

/// An instance class such as `db.r8g.large`.
const INSTANCE_CLASS: &str = r"^db\.[a-z0-9]+\.[a-z0-9]+$";

/// A relational database. What is not said is fit for production: a standby in another zone, encrypted,
/// private, backed up, protected from deletion.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "terrace.dev",
    version = "v1alpha1",
    kind = "DataTier",
    plural = "datatiers",
    shortname = "dt",
    category = "terrace",
    category = "aws",
    namespaced,
    status = "TierStatus",
    derive = "PartialEq",
    doc = "A relational database on Amazon RDS or Aurora.",
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name": "Endpoint", "type": "string", "jsonPath": ".status.outputs.endpoint"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name": "Engine", "type": "string", "jsonPath": ".spec.engine", "priority": 1}"#,
    printcolumn = r#"{"name": "Version", "type": "string", "jsonPath": ".status.outputs.engineVersion", "priority": 1}"#,
    printcolumn = r#"{"name": "Class", "type": "string", "jsonPath": ".spec.instanceClass", "priority": 1}"#,
    printcolumn = r#"{"name": "Environment", "type": "string", "jsonPath": ".status.environment.name", "priority": 1}"#,
    printcolumn = r#"{"name": "ARN", "type": "string", "jsonPath": ".status.outputs.arn", "priority": 1}"#,
    printcolumn = r#"{"name": "Message", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].message", "priority": 1}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "self.engine.startsWith('aurora') != has(self.storage)",
    "postgres, mysql and mariadb need storage.size; Aurora's storage grows by itself: leave storage out there"
))]
#[x_kube(validation = (
    "!has(self.aurora) || self.engine.startsWith('aurora')",
    "aurora is for aurora-postgresql and aurora-mysql only: leave it out"
))]
#[x_kube(validation = (
    "has(self.instanceClass) != has(self.serverless)",
    "set exactly one of instanceClass and serverless"
))]
#[x_kube(validation = (
    "!has(self.serverless) || self.engine.startsWith('aurora')",
    "serverless is for aurora-postgresql and aurora-mysql only: set instanceClass instead"
))]
#[x_kube(validation = (
    "!has(self.serverless) || !has(self.replicas) || !has(self.replicas.instanceClass)",
    "readers of a serverless cluster are serverless too: leave replicas.instanceClass out"
))]
#[x_kube(validation = (
    "self.availability != 'Cluster' || self.engine in ['postgres', 'mysql']",
    "availability Cluster (a Multi-AZ DB cluster) is for postgres and mysql only: use MultiAZ"
))]
#[x_kube(validation = (
    "self.availability != 'Cluster' || !has(self.replicas)",
    "availability Cluster has two readable standbys already: leave replicas out, or use MultiAZ with replicas"
))]
#[x_kube(validation = (
    "self.availability != 'Cluster' || !has(self.storage) || self.storage.type != 'gp2'",
    "availability Cluster takes storage of type gp3, io1 or io2"
))]
#[x_kube(validation = (
    "self.availability != 'Cluster' || self.networkType == 'IPV4'",
    "availability Cluster has networkType IPV4 only"
))]
#[x_kube(validation = (
    "self.availability != 'Cluster' || !('audit' in self.monitoring.exportLogs)",
    "availability Cluster exports no audit log: leave it out of monitoring.exportLogs"
))]
#[x_kube(validation = (
    "self.engine.startsWith('aurora') || self.credentials.management != 'RDS' || !has(self.replicas) || (has(self.replicas.count) && self.replicas.count == 0)",
    "AWS makes no read replica of a database whose password RDS manages: set credentials.management to Terrace"
))]
#[x_kube(validation = (
    "!has(self.replicas) || !has(self.replicas.autoscaling) || self.engine.startsWith('aurora')",
    "replicas.autoscaling is for aurora-postgresql and aurora-mysql only: set replicas.count instead"
))]
#[x_kube(validation = (
    "!has(self.databaseName) || !self.engine.contains('postgres') || size(self.databaseName) <= 63",
    "databaseName has at most 63 characters on PostgreSQL: shorten it"
))]
#[x_kube(validation = (
    "self.monitoring.exportLogs.all(log, log in {'postgres': ['postgresql', 'upgrade', 'iam-db-auth-error'], 'mysql': ['audit', 'error', 'general', 'slowquery', 'iam-db-auth-error'], 'mariadb': ['audit', 'error', 'general', 'slowquery', 'iam-db-auth-error'], 'aurora-postgresql': ['postgresql', 'instance', 'iam-db-auth-error'], 'aurora-mysql': ['audit', 'error', 'general', 'slowquery', 'instance', 'iam-db-auth-error']}[self.engine])",
    "this engine has no such log: kubectl explain datatier.spec.monitoring.exportLogs lists them by engine"
))]
#[x_kube(validation = (
    "has(self.databaseName) == has(oldSelf.databaseName) && (!has(self.databaseName) || self.databaseName == oldSelf.databaseName)",
    "databaseName is immutable: make another database with SQL, or another DataTier"
))]
#[x_kube(validation = (
    "self.credentials.iamAuthentication != 'Required' || self.proxy.mode == 'None'",
    "RDS Proxy logs in with passwords: set credentials.iamAuthentication to Allowed, or proxy.mode to None"
))]
#[x_kube(validation = (
    "!has(self.restoreFrom) || (has(oldSelf.restoreFrom) && self.restoreFrom == oldSelf.restoreFrom)",
    "restoreFrom cannot be added or changed, it is for a new database: make another DataTier (it may be removed)"
))]
#[x_kube(validation = (
    "self.maintenance.majorVersions == 'Allowed' || (self.engineVersion.split('.')[0] == oldSelf.engineVersion.split('.')[0] && (self.engine.contains('postgres') || !self.engineVersion.contains('.') || !oldSelf.engineVersion.contains('.') || self.engineVersion.split('.')[1] == oldSelf.engineVersion.split('.')[1]))",
    "this is another major version: set maintenance.majorVersions to Allowed with it"
))]
pub struct DataTierSpec {
    /// The engine: postgres, mysql, mariadb, aurora-postgresql or aurora-mysql. Immutable.
    #[x_kube(validation = ("self == oldSelf", "engine is immutable: make another DataTier and move the data"))]
    pub engine: Engine,
    /// The version, such as 17, 17.5, 8.4 or 8.0.mysql_aurora.3.08.0. A shorter one is satisfied by what it begins:
    /// 17 by 17.5. It can go up, never down; to another major version only with maintenance.majorVersions: Allowed.
    #[schemars(length(min = 1, max = 48), regex(pattern = r"^[0-9]{1,3}(\.[0-9]{1,3}([.-][0-9A-Za-z._-]+)?)?$"))]
    #[x_kube(validation = (
        "int(self.split('.')[0]) > int(oldSelf.split('.')[0]) || (int(self.split('.')[0]) == int(oldSelf.split('.')[0]) && (!self.contains('.') || !oldSelf.contains('.') || int(self.split('.')[1].split('-')[0]) >= int(oldSelf.split('.')[1].split('-')[0])))",
        "engineVersion cannot go down, AWS has no such operation: restore an older snapshot into a new DataTier"
    ))]
    pub engine_version: String,
    /// The instance class, such as db.r8g.large. Either this or `serverless`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), regex(pattern = INSTANCE_CLASS))]
    pub instance_class: Option<String>,
    /// The disk. Needed for postgres, mysql and mariadb; Aurora has none to size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// What only Aurora has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aurora: Option<Aurora>,
    /// SingleAZ: one instance. MultiAZ (default): a standby in another zone takes over; on Aurora a reader does,
    /// which counts among `replicas` where there are some. Cluster: one writer and two readable standbys in three
    /// zones, for postgres and mysql; never to be left or entered later.
    #[serde(default)]
    #[x_kube(validation = (
        "self == oldSelf || (self != 'Cluster' && oldSelf != 'Cluster')",
        "AWS cannot turn an instance into a Multi-AZ DB cluster or back: make another DataTier that restores from a snapshot"
    ))]
    pub availability: Availability,
    /// Read replicas; on Aurora, readers. Absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<Replicas>,
    /// Aurora Serverless v2 capacity. Either this or `instanceClass`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serverless: Option<Serverless>,
    /// The database that is made with the server. Absent: none but the engine's own. Immutable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z][A-Za-z0-9_]*$"))]
    pub database_name: Option<String>,
    /// The port. Absent: 5432 for PostgreSQL, 3306 for MySQL and MariaDB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1150, max = 65535))]
    pub port: Option<u16>,
    /// IPV4 (default), or DUAL for IPv4 and IPv6, where the subnets have both.
    #[serde(default)]
    pub network_type: NetworkType,
    /// The master user and its password.
    #[serde(default)]
    pub credentials: Credentials,
    /// Automated backups.
    #[serde(default)]
    pub backup: Backup,
    /// When changes and upgrades happen.
    #[serde(default)]
    pub maintenance: Maintenance,
    /// The key that storage and backups are encrypted with; they always are.
    #[serde(default)]
    pub encryption: Encryption,
    /// Database parameters by name; what is not named keeps the engine's default.
    #[serde(default)]
    #[schemars(schema_with = "schema::parameters")]
    pub parameters: BTreeMap<String, String>,
    /// What is measured and logged.
    #[serde(default)]
    pub monitoring: Monitoring,
    /// RDS Proxy before the database.
    #[serde(default)]
    pub proxy: Proxy,
    /// The certificate authority of the server's certificate.
    #[serde(default = "current_ca")]
    #[schemars(length(max = 64), regex(pattern = "^rds-ca-[a-z0-9-]+$"))]
    pub ca_certificate_identifier: String,
    /// Enabled (default): AWS refuses to delete the database, whoever asks. When this object is deleted, Terrace
    /// lifts the protection itself and does as `deletionPolicy` says.
    #[serde(default)]
    pub deletion_protection: DeletionProtection,
    /// What becomes of the database when this object is deleted. Snapshot (default): a final snapshot stays.
    /// Delete: nothing stays. Retain: all stays, no longer Terrace's.
    #[serde(default = "snapshot")]
    pub deletion_policy: DeletionPolicy,
    /// What the database begins with. Absent: empty. Cannot be added or changed later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore_from: Option<RestoreFrom>,
    /// The fields that every tier has.
    #[serde(flatten)]
    pub common: CommonSpec,
}

fn current_ca() -> String {
    "rds-ca-rsa2048-g1".into()
}

impl DataTierSpec {
    /// The port that clients connect to.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or_else(|| self.engine.default_port())
    }
}

tier_object!(DataTier {});
