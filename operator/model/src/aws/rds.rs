//! Amazon RDS and Aurora: instances, replicas, clusters, the groups they need, and proxies.
//!
//! Fields and units follow the RDS API reference (CreateDBInstance, CreateDBCluster, CreateDBProxy).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::identity::Handle;
use crate::resource::{Novelty, Out, Replace, Resource, Rule};
use crate::val::{SecretRef, Val};

/// The subnets that a database may stand in. RDS wants at least two Availability Zones.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DbSubnetGroup {
    pub description: String,
    pub subnet_ids: BTreeSet<String>,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedOutputs {
    pub name: Option<String>,
    pub arn: Option<String>,
}

impl NamedOutputs {
    /// Of something that goes by a name and whose handle is its ARN.
    pub fn of(name: String, handle: &Handle) -> Self {
        NamedOutputs { name: Some(name), arn: Some(handle.0.clone()) }
    }
}

impl DbSubnetGroup {
    pub const NAME: Out<Self, String> = Out::new("name");
}

impl Resource for DbSubnetGroup {
    const KIND: &'static str = "rds/DbSubnetGroup";
    const NOVELTY: Novelty = Novelty::Named;
    const FIELDS: &'static [(&'static str, Rule)] = &[("tags", Rule::Keyed)];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = NamedOutputs;
}

/// Engine settings of an instance. Static parameters take effect at the next reboot.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DbParameterGroup {
    /// As `postgres17` or `aurora-mysql8.0`.
    pub family: String,
    pub description: String,
    pub parameters: BTreeMap<String, String>,
    pub tags: Tags,
}

impl DbParameterGroup {
    pub const NAME: Out<Self, String> = Out::new("name");
}

impl Resource for DbParameterGroup {
    const KIND: &'static str = "rds/DbParameterGroup";
    const NOVELTY: Novelty = Novelty::Named;
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("family", Rule::Replace),
        ("description", Rule::OnCreate),
        ("parameters", Rule::Keyed),
        ("tags", Rule::Keyed),
    ];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = NamedOutputs;
}

/// Engine settings of a cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DbClusterParameterGroup {
    pub family: String,
    pub description: String,
    pub parameters: BTreeMap<String, String>,
    pub tags: Tags,
}

impl DbClusterParameterGroup {
    pub const NAME: Out<Self, String> = Out::new("name");
}

impl Resource for DbClusterParameterGroup {
    const KIND: &'static str = "rds/DbClusterParameterGroup";
    const NOVELTY: Novelty = Novelty::Named;
    const FIELDS: &'static [(&'static str, Rule)] = DbParameterGroup::FIELDS;
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = NamedOutputs;
}

/// What a database is made from, instead of empty.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Restore {
    /// Identifier or ARN of a snapshot.
    Snapshot(String),
    #[serde(rename_all = "camelCase")]
    PointInTime {
        /// Identifier or ARN of the source instance or cluster.
        source: Val<String>,
        /// RFC 3339, or absent for the latest restorable time.
        time: Option<String>,
    },
}

/// A single database instance, with or without a standby in another zone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DbInstance {
    pub engine: String,
    pub engine_version: Option<String>,
    pub allow_major_version_upgrade: Option<bool>,
    pub db_instance_class: String,
    /// GiB.
    pub allocated_storage: Option<i32>,
    /// GiB; storage autoscaling stops here. 0 turns it off.
    pub max_allocated_storage: Option<i32>,
    pub storage_type: Option<String>,
    pub iops: Option<i32>,
    /// MiB per second.
    pub storage_throughput: Option<i32>,
    pub multi_az: bool,
    pub db_name: Option<String>,
    pub port: Option<i32>,
    pub master_username: Option<String>,
    /// RDS keeps the master password in a secret of its own.
    pub manage_master_user_password: Option<bool>,
    /// ARN of the key of that secret; absent for the account's key for Secrets Manager.
    pub master_user_secret_kms_key_id: Option<Val<String>>,
    /// The master password, where RDS does not manage it.
    pub master_secret: Option<SecretRef>,
    pub db_subnet_group_name: Val<String>,
    pub vpc_security_group_ids: BTreeSet<Val<String>>,
    pub db_parameter_group_name: Option<Val<String>>,
    pub storage_encrypted: bool,
    /// ARN of the key; absent for the account's key for RDS.
    pub kms_key_id: Option<Val<String>>,
    /// Days.
    pub backup_retention_period: i32,
    /// UTC, `hh24:mi-hh24:mi`.
    pub preferred_backup_window: Option<String>,
    /// UTC, `ddd:hh24:mi-ddd:hh24:mi`.
    pub preferred_maintenance_window: Option<String>,
    pub auto_minor_version_upgrade: bool,
    /// Changes are made at once, not in the maintenance window.
    pub apply_immediately: bool,
    pub deletion_protection: bool,
    pub copy_tags_to_snapshot: bool,
    pub publicly_accessible: bool,
    pub enable_iam_database_authentication: Option<bool>,
    /// `standard` or `advanced`.
    pub database_insights_mode: Option<String>,
    /// Seconds; 0 is off.
    pub monitoring_interval: i32,
    pub monitoring_role_arn: Option<Val<String>>,
    pub enabled_cloudwatch_logs_exports: BTreeSet<String>,
    pub ca_certificate_identifier: Option<String>,
    /// `IPV4` or `DUAL`.
    pub network_type: Option<String>,
    pub restore_from: Option<Restore>,
    /// The copy of a snapshot, under another key, that it was restored from still stands. Wished away.
    #[serde(default)]
    pub keeps_snapshot_copy: bool,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DbInstanceOutputs {
    pub identifier: Option<String>,
    pub arn: Option<String>,
    /// Host name.
    pub endpoint: Option<String>,
    pub port: Option<i32>,
    /// The immutable id that IAM authentication and CloudTrail use (`DbiResourceId`).
    pub resource_id: Option<String>,
    pub engine_version: Option<String>,
    pub master_username: Option<String>,
    /// ARN of the secret that RDS manages.
    pub master_secret_arn: Option<String>,
}

impl DbInstance {
    pub const IDENTIFIER: Out<Self, String> = Out::new("identifier");
    pub const ARN: Out<Self, String> = Out::new("arn");
    pub const ENDPOINT: Out<Self, String> = Out::new("endpoint");
    pub const PORT: Out<Self, i32> = Out::new("port");
    pub const RESOURCE_ID: Out<Self, String> = Out::new("resourceId");
    pub const ENGINE_VERSION: Out<Self, String> = Out::new("engineVersion");
    pub const MASTER_USERNAME: Out<Self, String> = Out::new("masterUsername");
    pub const MASTER_SECRET_ARN: Out<Self, String> = Out::new("masterSecretArn");
}

impl Resource for DbInstance {
    const KIND: &'static str = "rds/DbInstance";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("engine", Rule::Replace),
        ("engineVersion", Rule::Prefix),
        ("allowMajorVersionUpgrade", Rule::OnCreate),
        ("allocatedStorage", Rule::Grows),
        ("dbName", Rule::Replace),
        ("masterUsername", Rule::Replace),
        ("dbSubnetGroupName", Rule::Replace),
        ("storageEncrypted", Rule::Replace),
        ("kmsKeyId", Rule::Replace),
        ("applyImmediately", Rule::OnCreate),
        ("restoreFrom", Rule::OnCreate),
        ("tags", Rule::Keyed),
    ];
    const HOLDS_DATA: bool = true;
    const SNAPSHOTS: bool = true;
    const RESTORES: Option<&'static str> = Some("restoreFrom");
    const CARRIES: &'static [&'static str] = &["kmsKeyId", "storageEncrypted", "dbSubnetGroupName"];
    type Outputs = DbInstanceOutputs;
}

/// A read replica of an instance. It holds no data of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DbReplica {
    pub source_db_instance_identifier: Val<String>,
    pub db_instance_class: String,
    /// GiB; a replica is grown by itself.
    pub allocated_storage: Option<i32>,
    pub storage_type: Option<String>,
    pub iops: Option<i32>,
    pub storage_throughput: Option<i32>,
    pub max_allocated_storage: Option<i32>,
    pub multi_az: bool,
    pub port: Option<i32>,
    pub vpc_security_group_ids: BTreeSet<Val<String>>,
    pub db_parameter_group_name: Option<Val<String>>,
    pub preferred_maintenance_window: Option<String>,
    pub auto_minor_version_upgrade: bool,
    pub apply_immediately: bool,
    pub copy_tags_to_snapshot: bool,
    pub deletion_protection: bool,
    pub publicly_accessible: bool,
    pub enable_iam_database_authentication: Option<bool>,
    pub database_insights_mode: Option<String>,
    pub monitoring_interval: i32,
    pub monitoring_role_arn: Option<Val<String>>,
    pub enabled_cloudwatch_logs_exports: BTreeSet<String>,
    pub ca_certificate_identifier: Option<String>,
    /// `IPV4` or `DUAL`.
    pub network_type: Option<String>,
    pub tags: Tags,
}

impl DbReplica {
    pub const IDENTIFIER: Out<Self, String> = Out::new("identifier");
    pub const ENDPOINT: Out<Self, String> = Out::new("endpoint");
}

impl Resource for DbReplica {
    const KIND: &'static str = "rds/DbReplica";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("sourceDbInstanceIdentifier", Rule::Replace),
        ("allocatedStorage", Rule::Grows),
        ("applyImmediately", Rule::OnCreate),
        ("tags", Rule::Keyed),
    ];
    type Outputs = DbInstanceOutputs;
}

/// An Aurora cluster, or a Multi-AZ DB cluster (one writer, two readable standbys).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DbCluster {
    pub engine: String,
    pub engine_version: Option<String>,
    pub allow_major_version_upgrade: Option<bool>,
    pub database_name: Option<String>,
    pub port: Option<i32>,
    pub master_username: Option<String>,
    pub manage_master_user_password: Option<bool>,
    /// ARN of the key of the secret that RDS manages; absent for the account's key for Secrets Manager.
    pub master_user_secret_kms_key_id: Option<Val<String>>,
    pub master_secret: Option<SecretRef>,
    pub db_subnet_group_name: Val<String>,
    pub vpc_security_group_ids: BTreeSet<Val<String>>,
    pub db_cluster_parameter_group_name: Option<Val<String>>,
    /// Multi-AZ DB clusters only.
    pub db_cluster_instance_class: Option<String>,
    /// GiB; Multi-AZ DB clusters only.
    pub allocated_storage: Option<i32>,
    pub storage_type: Option<String>,
    pub iops: Option<i32>,
    pub serverless_v2_scaling: Option<ServerlessV2Scaling>,
    pub storage_encrypted: bool,
    pub kms_key_id: Option<Val<String>>,
    pub backup_retention_period: i32,
    pub preferred_backup_window: Option<String>,
    pub preferred_maintenance_window: Option<String>,
    /// Multi-AZ DB clusters only; Aurora has it on its instances.
    pub auto_minor_version_upgrade: Option<bool>,
    pub apply_immediately: bool,
    pub deletion_protection: bool,
    pub copy_tags_to_snapshot: bool,
    pub enable_iam_database_authentication: Option<bool>,
    pub database_insights_mode: Option<String>,
    /// Multi-AZ DB clusters only.
    pub monitoring_interval: Option<i32>,
    pub monitoring_role_arn: Option<Val<String>>,
    pub enabled_cloudwatch_logs_exports: BTreeSet<String>,
    /// Multi-AZ DB clusters only; Aurora has it on its instances.
    pub ca_certificate_identifier: Option<String>,
    /// Aurora only.
    pub network_type: Option<String>,
    pub restore_from: Option<Restore>,
    pub tags: Tags,
}

/// Capacity of Aurora Serverless v2, in Aurora capacity units (2 GiB of memory each, in steps of 0.5).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServerlessV2Scaling {
    pub min_capacity: f64,
    pub max_capacity: f64,
    /// Seconds without a connection before it pauses, 300 to 86,400; only with a minimum of 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_until_auto_pause: Option<i32>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DbClusterOutputs {
    pub identifier: Option<String>,
    pub arn: Option<String>,
    pub endpoint: Option<String>,
    pub reader_endpoint: Option<String>,
    pub port: Option<i32>,
    /// `DbClusterResourceId`.
    pub resource_id: Option<String>,
    pub engine_version: Option<String>,
    pub master_username: Option<String>,
    pub master_secret_arn: Option<String>,
}

impl DbCluster {
    pub const IDENTIFIER: Out<Self, String> = Out::new("identifier");
    pub const ARN: Out<Self, String> = Out::new("arn");
    pub const ENDPOINT: Out<Self, String> = Out::new("endpoint");
    pub const READER_ENDPOINT: Out<Self, String> = Out::new("readerEndpoint");
    pub const PORT: Out<Self, i32> = Out::new("port");
    pub const RESOURCE_ID: Out<Self, String> = Out::new("resourceId");
    pub const ENGINE_VERSION: Out<Self, String> = Out::new("engineVersion");
    pub const MASTER_USERNAME: Out<Self, String> = Out::new("masterUsername");
    pub const MASTER_SECRET_ARN: Out<Self, String> = Out::new("masterSecretArn");
}

impl Resource for DbCluster {
    const KIND: &'static str = "rds/DbCluster";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("engine", Rule::Replace),
        ("engineVersion", Rule::Prefix),
        ("allowMajorVersionUpgrade", Rule::OnCreate),
        ("databaseName", Rule::Replace),
        ("masterUsername", Rule::Replace),
        ("dbSubnetGroupName", Rule::Replace),
        ("allocatedStorage", Rule::Grows),
        ("storageEncrypted", Rule::Replace),
        ("kmsKeyId", Rule::Replace),
        ("applyImmediately", Rule::OnCreate),
        ("restoreFrom", Rule::OnCreate),
        ("tags", Rule::Keyed),
    ];
    const HOLDS_DATA: bool = true;
    const SNAPSHOTS: bool = true;
    const RESTORES: Option<&'static str> = Some("restoreFrom");
    const CARRIES: &'static [&'static str] = &["kmsKeyId", "storageEncrypted", "dbSubnetGroupName"];
    type Outputs = DbClusterOutputs;
}

/// One instance of an Aurora cluster. The data is the cluster's.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DbClusterInstance {
    pub db_cluster_identifier: Val<String>,
    pub engine: String,
    /// `db.serverless` for Serverless v2.
    pub db_instance_class: String,
    /// 0 is promoted first, 15 last.
    pub promotion_tier: i32,
    pub db_parameter_group_name: Option<Val<String>>,
    pub preferred_maintenance_window: Option<String>,
    pub auto_minor_version_upgrade: bool,
    pub apply_immediately: bool,
    pub publicly_accessible: bool,
    pub monitoring_interval: i32,
    pub monitoring_role_arn: Option<Val<String>>,
    pub ca_certificate_identifier: Option<String>,
    pub tags: Tags,
}

impl DbClusterInstance {
    pub const IDENTIFIER: Out<Self, String> = Out::new("identifier");
    /// Known once it takes connections.
    pub const ENDPOINT: Out<Self, String> = Out::new("endpoint");
}

impl Resource for DbClusterInstance {
    const KIND: &'static str = "rds/DbClusterInstance";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("dbClusterIdentifier", Rule::Replace),
        ("engine", Rule::Replace),
        ("applyImmediately", Rule::OnCreate),
        ("tags", Rule::Keyed),
    ];
    type Outputs = DbInstanceOutputs;
}

/// A proxy that pools connections to an instance or a cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DbProxy {
    /// `POSTGRESQL` or `MYSQL`.
    pub engine_family: String,
    pub role_arn: Val<String>,
    /// Secrets with the credentials that the proxy may use.
    pub secret_arns: BTreeSet<Val<String>>,
    /// `DISABLED` or `REQUIRED`.
    pub iam_auth: String,
    pub require_tls: bool,
    /// Seconds, 1 to 28,800.
    pub idle_client_timeout: i32,
    pub vpc_subnet_ids: BTreeSet<String>,
    pub vpc_security_group_ids: BTreeSet<Val<String>>,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DbProxyOutputs {
    pub name: Option<String>,
    pub arn: Option<String>,
    pub endpoint: Option<String>,
}

impl DbProxy {
    pub const NAME: Out<Self, String> = Out::new("name");
    pub const ENDPOINT: Out<Self, String> = Out::new("endpoint");
}

impl Resource for DbProxy {
    const KIND: &'static str = "rds/DbProxy";
    const FIELDS: &'static [(&'static str, Rule)] =
        &[("engineFamily", Rule::Replace), ("vpcSubnetIds", Rule::Replace), ("tags", Rule::Keyed)];
    type Outputs = DbProxyOutputs;
}

/// What a proxy passes to: its one default target group. Cannot bear tags.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DbProxyTargets {
    pub db_proxy_name: Val<String>,
    pub db_instance_identifier: Option<Val<String>>,
    pub db_cluster_identifier: Option<Val<String>>,
    /// Percent of the database's connections, 1 to 100.
    pub max_connections_percent: i32,
    /// Percent of the database's connections that may stay open idle, 0 to `max_connections_percent`.
    pub max_idle_connections_percent: i32,
    /// Seconds that a client waits for a connection, 0 to 300.
    pub connection_borrow_timeout: i32,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DbProxyTargetsOutputs {
    pub name: Option<String>,
}

impl Resource for DbProxyTargets {
    const KIND: &'static str = "rds/DbProxyTargets";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("dbProxyName", Rule::Replace),
        ("dbInstanceIdentifier", Rule::Replace),
        ("dbClusterIdentifier", Rule::Replace),
    ];
    const ADDRESS: &'static [&'static str] = &["dbProxyName"];
    type Outputs = DbProxyTargetsOutputs;
}
