//! `CacheTier` to graph: a cache on ElastiCache with all that it needs.
//!
//! The logical ids are part of the object's inventory and must never change: `subnets`, `access` (security group) with
//! its rules `access-…`, `parameters`, `key`, `token`, `user-secret`, `user`, `default-user`, `users` (user group),
//! `cache`, `binding`.

mod binding;
mod design;
mod login;
mod nodes;
mod parts;
mod serverless;
mod validate;

use std::collections::BTreeMap;

use serde_json::Value;
use terrace_crds::{CacheTier, TierObject};
use terrace_model::aws::{ec2, elasticache, kms, kubernetes, secretsmanager};
use terrace_model::{Graph, Resource, Val};

use crate::draft::Draft;
use crate::{Facts, Invalid, Objects, Reference, Tier, Use};
use design::{Design, Form};

impl Tier for CacheTier {
    const RESOURCES: &'static [&'static str] = &[
        ec2::SecurityGroup::KIND,
        ec2::SecurityGroupRule::KIND,
        elasticache::CacheCluster::KIND,
        elasticache::CacheParameterGroup::KIND,
        elasticache::CacheSubnetGroup::KIND,
        elasticache::ReplicationGroup::KIND,
        elasticache::ServerlessCache::KIND,
        elasticache::User::KIND,
        elasticache::UserGroup::KIND,
        kms::Key::KIND,
        kubernetes::BindingSecret::KIND,
        secretsmanager::Secret::KIND,
    ];

    fn uses(&self) -> Vec<Use> {
        Vec::new()
    }

    fn references(&self, _objects: &Objects) -> Vec<Reference> {
        validate::references(&self.spec)
    }

    fn parameter_family(&self) -> Option<String> {
        let family = validate::family(&self.spec).ok().filter(|family| !family.is_empty());
        if self.spec.parameters.is_empty() { None } else { family }
    }

    fn expand(&self, facts: &Facts) -> Result<Graph, Invalid> {
        let family = validate::validate(&self.spec, facts)?;
        let design = Design::new(&self.spec, facts, family);
        let mut draft = Draft::new(facts, self.deletion_policy(), &self.spec.common.tags);
        build(&mut draft, &design);
        Ok(draft.finish())
    }

    fn outputs(&self) -> BTreeMap<&'static str, Val<Value>> {
        binding::outputs(&self.spec)
    }
}

fn build(draft: &mut Draft, design: &Design) {
    let parts = parts::Parts {
        access: parts::access(draft, design),
        key: parts::key(draft, design),
        login: login::login(draft, design),
    };
    let endpoint = match design.form {
        Form::Nodes => nodes::replication_group(draft, design, &parts),
        Form::Memcached => nodes::memcached(draft, design, &parts),
        Form::Serverless => serverless::serverless(draft, design, &parts),
    };
    binding::binding(draft, design, endpoint, &parts.login);
}
