//! What stands around a database: the nodes it refers to, and the enhanced-monitoring role.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use terrace_model::aws::ec2::SecurityGroup;
use terrace_model::aws::iam::{Policy, Role};
use terrace_model::aws::rds::{DbCluster, DbInstance, DbReplica, DbSubnetGroup};
use terrace_model::{Node, Out, Val};

use super::credentials::Master;
use super::design::Design;
use crate::draft::Draft;

/// The nodes that a database refers to.
pub(super) struct Parts {
    pub subnets: Node<DbSubnetGroup>,
    pub access: Node<SecurityGroup>,
    pub master: Master,
    /// ARN of the key of the storage.
    pub key: Option<Val<String>>,
    /// ARN.
    pub monitoring_role: Option<Val<String>>,
}

impl Parts {
    pub fn subnet_group(&self) -> Val<String> {
        self.subnets.out(DbSubnetGroup::NAME)
    }

    pub fn security_groups(&self) -> BTreeSet<Val<String>> {
        [self.access.out(SecurityGroup::GROUP_ID)].into()
    }
}

/// The database that was drawn, for what refers to it.
pub(super) enum Database {
    Instance(Node<DbInstance>, Option<Node<DbReplica>>),
    Cluster(Node<DbCluster>),
}

impl Database {
    fn out<T>(&self, instance: Out<DbInstance, T>, cluster: Out<DbCluster, T>) -> Val<T> {
        match self {
            Database::Instance(db, _) => db.out(instance),
            Database::Cluster(db) => db.out(cluster),
        }
    }

    pub fn identifier(&self) -> Val<String> {
        self.out(DbInstance::IDENTIFIER, DbCluster::IDENTIFIER)
    }

    pub fn endpoint(&self) -> Val<String> {
        self.out(DbInstance::ENDPOINT, DbCluster::ENDPOINT)
    }

    /// Where reads go that may lag behind: the cluster's readers, or the first replica.
    pub fn reader_endpoint(&self) -> Option<Val<String>> {
        match self {
            Database::Instance(_, replica) => replica.as_ref().map(|replica| replica.out(DbReplica::ENDPOINT)),
            Database::Cluster(db) => Some(db.out(DbCluster::READER_ENDPOINT)),
        }
    }

    pub fn port(&self) -> Val<i32> {
        self.out(DbInstance::PORT, DbCluster::PORT)
    }

    pub fn master_username(&self) -> Val<String> {
        self.out(DbInstance::MASTER_USERNAME, DbCluster::MASTER_USERNAME)
    }

    pub fn master_secret_arn(&self) -> Val<String> {
        self.out(DbInstance::MASTER_SECRET_ARN, DbCluster::MASTER_SECRET_ARN)
    }
}

/// The role by which RDS sends the operating system's figures to CloudWatch Logs, where it is to.
///
/// RDS User Guide, "Setting up for Enhanced Monitoring", with its advice against the confused deputy.
pub(super) fn monitoring_role(draft: &mut Draft, design: &Design) -> Option<Val<String>> {
    if design.monitoring_interval() == 0 {
        return None;
    }
    let environment = &design.facts.environment;
    let mut trust = Policy::trusts_service("monitoring.rds.amazonaws.com");
    for statement in &mut trust.statement {
        let account = [("aws:SourceAccount".to_owned(), json!(environment.account))].into();
        statement.condition.insert("StringEquals".into(), account);
    }
    let role = Role {
        assume_role_policy: trust,
        description: format!("Enhanced monitoring of {}", design.title()),
        managed_policy_arns: [environment.aws_policy("service-role/AmazonRDSEnhancedMonitoringRole")].into(),
        inline_policies: BTreeMap::new(),
        permissions_boundary: environment.permissions_boundary.clone().unwrap_or_default(),
        max_session_duration: None,
        tags: draft.tags(),
    };
    Some(draft.add("monitoring-role", role).out(Role::ARN))
}
