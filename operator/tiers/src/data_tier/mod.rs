//! `DataTier` to graph: a database on RDS or Aurora with all that it needs.
//!
//! The logical ids are part of the object's inventory and must never change: `subnets`, `access` (security group) with
//! its rules `access-…`, `parameters`, `db`, `instance-N`, `replica-N`, `scaling`, `scaling-policy`, `monitoring-role`,
//! `key`, `secret-key`, `master-secret` or `master-version`, `proxy` with `proxy-…`, `binding`; of each user with a login of
//! its own `login-<hash>-a`, `login-<hash>-b` and `login-<hash>-secret-N`, or `login-<hash>-iam`.

mod binding;
mod cluster;
mod credentials;
mod design;
mod instance;
mod logins;
mod network;
mod parts;
mod proxy;
mod restore;
mod rotation;
mod scaling;
mod validate;

use std::collections::BTreeMap;

use serde_json::Value;
use terrace_crds::{DataTier, TierObject, User};
use terrace_model::aws::{autoscaling, ec2, iam, kms, kubernetes, rds, secretsmanager, sql};
use terrace_model::{Graph, Resource, Val};

use crate::draft::Draft;
use crate::{Advance, Credential, Facts, Invalid, Objects, Reference, Tier, Use};
use design::{Design, Shape};

impl Tier for DataTier {
    const RESOURCES: &'static [&'static str] = &[
        autoscaling::ScalableTarget::KIND,
        autoscaling::ScalingPolicy::KIND,
        ec2::SecurityGroup::KIND,
        ec2::SecurityGroupRule::KIND,
        iam::Role::KIND,
        kms::Key::KIND,
        kubernetes::BindingSecret::KIND,
        rds::DbCluster::KIND,
        rds::DbClusterInstance::KIND,
        rds::DbClusterParameterGroup::KIND,
        rds::DbInstance::KIND,
        rds::DbParameterGroup::KIND,
        rds::DbProxy::KIND,
        rds::DbProxyTargets::KIND,
        rds::DbReplica::KIND,
        rds::DbSubnetGroup::KIND,
        secretsmanager::Secret::KIND,
        secretsmanager::SecretVersion::KIND,
        sql::User::KIND,
    ];

    fn uses(&self) -> Vec<Use> {
        let namespace = self.metadata.namespace.as_deref().unwrap_or_default();
        restore::uses(&self.spec, namespace)
    }

    fn references(&self, objects: &Objects) -> Vec<Reference> {
        let namespace = self.metadata.namespace.as_deref().unwrap_or_default();
        validate::references(&self.spec, namespace, objects)
    }

    fn parameter_family(&self) -> Option<String> {
        let family = || validate::family(self.spec.engine, &self.spec.engine_version).ok();
        if self.spec.parameters.is_empty() { None } else { family() }
    }

    fn expand(&self, facts: &Facts) -> Result<Graph, Invalid> {
        let family = validate::validate(&self.spec, facts)?;
        let design = Design { spec: &self.spec, facts, shape: Shape::of(&self.spec), family };
        let mut draft = Draft::new(facts, self.deletion_policy(), &self.spec.common.tags);
        build(&mut draft, &design);
        Ok(draft.finish())
    }

    fn advance(&self, facts: &Facts) -> Advance {
        logins::advance(&self.spec, facts)
    }

    fn credential(&self, facts: &Facts) -> Option<Credential> {
        logins::credential(&self.spec, facts)
    }

    fn outputs(&self) -> BTreeMap<&'static str, Val<Value>> {
        binding::outputs(&self.spec)
    }

    fn user_outputs(&self, facts: &Facts) -> BTreeMap<User, BTreeMap<&'static str, Val<Value>>> {
        logins::outputs(&self.spec, facts)
    }

    fn remarks(&self, facts: &Facts) -> Vec<String> {
        logins::remarks(&self.spec, facts)
    }
}

fn build(draft: &mut Draft, design: &Design) {
    let parts = parts::Parts {
        subnets: network::subnet_group(draft, design),
        access: network::database_access(draft, design),
        master: credentials::master(draft, design),
        key: credentials::storage_key(draft, design),
        monitoring_role: parts::monitoring_role(draft, design),
    };
    let database = match design.shape {
        Shape::Instance => instance::instance(draft, design, &parts),
        Shape::Aurora => cluster::aurora(draft, design, &parts),
        Shape::MultiAzCluster => cluster::multi_az(draft, design, &parts),
    };
    let login = credentials::login(draft, &parts.master, &database);
    let users = logins::users(draft, design, &parts, &database, &login);
    let endpoint = proxy::proxy(draft, design, &parts, &database, &login, &users);
    binding::binding(draft, design, &database, endpoint, login);
}
