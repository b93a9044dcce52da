//! RDS Proxy before a database: proxy, its targets, its security group, and the role by which it reads one secret.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use terrace_crds::data_tier::ProxyTls;
use terrace_model::aws::ec2::SecurityGroup;
use terrace_model::aws::iam::{Policy, Role, Statement};
use terrace_model::aws::rds::{DbCluster, DbInstance, DbProxy, DbProxyTargets};
use terrace_model::{Node, SecretRef, Val};

use super::design::{Design, proxied};
use super::network;
use super::parts::{Database, Parts};
use crate::draft::Draft;
use crate::naming::whole;

/// Where clients connect, if there is a proxy: its host and port. It lets those in whose secrets it knows: the master user,
/// and the users of bindings.
pub(super) fn proxy(
    draft: &mut Draft,
    design: &Design,
    parts: &Parts,
    database: &Database,
    master: &SecretRef,
    users: &[SecretRef],
) -> Option<(Val<String>, Val<i32>)> {
    if !proxied(design.spec) {
        return None;
    }
    let secrets: BTreeSet<Val<String>> = users.iter().chain([master]).map(|secret| secret.arn.clone()).collect();
    let role = role(draft, design, &secrets, parts.master.key.clone());
    let access = network::proxy_access(draft, design, &parts.access);
    let settings = &design.spec.proxy;
    let want = DbProxy {
        engine_family: if design.spec.engine.is_postgres() { "POSTGRESQL" } else { "MYSQL" }.into(),
        role_arn: role,
        secret_arns: secrets,
        iam_auth: "DISABLED".into(),
        require_tls: settings.tls == ProxyTls::Required,
        idle_client_timeout: whole(settings.idle_client_timeout_seconds),
        vpc_subnet_ids: design.facts.environment.private_subnet_ids(),
        vpc_security_group_ids: [access.out(SecurityGroup::GROUP_ID)].into(),
        tags: draft.tags(),
    };
    let proxy = draft.add("proxy", want);
    let targets = targets(design, database, &proxy);
    draft.add("proxy-targets", targets);
    Some((proxy.out(DbProxy::ENDPOINT), design.client_port().into()))
}

fn targets(design: &Design, database: &Database, proxy: &Node<DbProxy>) -> DbProxyTargets {
    let settings = &design.spec.proxy;
    let (instance, cluster) = match database {
        Database::Instance(db, _) => (Some(db.out(DbInstance::IDENTIFIER)), None),
        Database::Cluster(db) => (None, Some(db.out(DbCluster::IDENTIFIER))),
    };
    DbProxyTargets {
        db_proxy_name: proxy.out(DbProxy::NAME),
        db_instance_identifier: instance,
        db_cluster_identifier: cluster,
        max_connections_percent: settings.max_connections_percent.into(),
        max_idle_connections_percent: settings.max_idle_connections_percent.into(),
        connection_borrow_timeout: whole(settings.connection_borrow_timeout_seconds),
    }
}

/// RDS User Guide, "Configuring IAM policies for RDS Proxy". The account's own key for Secrets Manager needs no grant.
fn role(draft: &mut Draft, design: &Design, secrets: &BTreeSet<Val<String>>, key: Option<Val<String>>) -> Val<String> {
    let environment = &design.facts.environment;
    let mut statements = vec![Statement::allow(&["secretsmanager:GetSecretValue"], secrets.iter().cloned())];
    if let Some(key) = key {
        let mut decrypt = Statement::allow(&["kms:Decrypt"], [key]);
        let via = json!(environment.service_host("secretsmanager"));
        decrypt.condition.insert("StringEquals".into(), BTreeMap::from([("kms:ViaService".to_owned(), via)]));
        statements.push(decrypt);
    }
    let role = Role {
        assume_role_policy: Policy::trusts_service("rds.amazonaws.com"),
        description: format!("RDS Proxy of {}", design.title()),
        managed_policy_arns: BTreeSet::new(),
        inline_policies: [("master-secret".to_owned(), Policy::of(statements))].into(),
        permissions_boundary: environment.permissions_boundary.clone().unwrap_or_default(),
        max_session_duration: None,
        tags: draft.tags(),
    };
    draft.add("proxy-role", role).out(Role::ARN)
}
