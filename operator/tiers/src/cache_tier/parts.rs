//! What stands around a cache: subnet group, parameter group, security group, key.

use std::collections::BTreeSet;

use terrace_model::aws::ec2::SecurityGroup;
use terrace_model::aws::elasticache::{CacheParameterGroup, CacheRestore, CacheSubnetGroup};
use terrace_model::aws::kms::Key;
use terrace_model::{Node, Val};

use super::design::Design;
use super::login::Login;
use crate::access::group;
use crate::draft::Draft;

/// The nodes that every form of cache refers to.
pub(super) struct Parts {
    pub access: Node<SecurityGroup>,
    /// ARN of the key of what is at rest, where the spec names one.
    pub key: Option<Val<String>>,
    pub login: Login,
}

impl Parts {
    pub fn security_groups(&self) -> BTreeSet<Val<String>> {
        [self.access.out(SecurityGroup::GROUP_ID)].into()
    }
}

/// The security group, with a rule for each that may connect.
pub(super) fn access(draft: &mut Draft, design: &Design) -> Node<SecurityGroup> {
    group(draft, design.facts, "access", design.title(), design.ports())
}

/// ARN of the key, where the spec names one.
pub(super) fn key(draft: &mut Draft, design: &Design) -> Option<Val<String>> {
    let key_id = design.spec.encryption.kms_key_id.clone()?;
    Some(draft.add("key", Key { key_id }).out(Key::ARN))
}

/// The group of the subnets that nodes stand in.
pub(super) fn subnet_group(draft: &mut Draft, design: &Design) -> Val<String> {
    let group = CacheSubnetGroup {
        description: design.title(),
        subnet_ids: design.facts.environment.private_subnet_ids(),
        tags: draft.tags(),
    };
    draft.add("subnets", group).out(CacheSubnetGroup::NAME)
}

/// The name of the parameter group of nodes: one of the account's default groups, or where the spec sets parameters one of
/// its own. Only a group that says so turns cluster mode on (ElastiCache User Guide, "Engine specific parameters").
pub(super) fn parameter_group(draft: &mut Draft, design: &Design) -> Val<String> {
    let (spec, family) = (design.spec, &design.family);
    if spec.parameters.is_empty() {
        return format!("default.{family}{}", if spec.cluster_mode() { ".cluster.on" } else { "" }).into();
    }
    let mut parameters = spec.parameters.clone();
    if spec.cluster_mode() {
        parameters.insert("cluster-enabled".into(), "yes".into());
    }
    let group =
        CacheParameterGroup { family: family.clone(), description: design.title(), parameters, tags: draft.tags() };
    draft.add("parameters", group).out(CacheParameterGroup::NAME)
}

/// What a new cache begins with.
pub(super) fn restore(design: &Design) -> Option<CacheRestore> {
    design.spec.restore_from.as_ref().map(|from| CacheRestore { snapshot: from.snapshot.clone() })
}
