//! Where a database stands and who reaches it: subnet group, security groups and their rules.

use terrace_model::Node;
use terrace_model::aws::ec2::SecurityGroup;
use terrace_model::aws::rds::DbSubnetGroup;

use super::design::Design;
use crate::access::{group, ingress};
use crate::draft::Draft;
use crate::naming::shorten;

pub(super) fn subnet_group(draft: &mut Draft, design: &Design) -> Node<DbSubnetGroup> {
    let group = DbSubnetGroup {
        description: design.title(),
        subnet_ids: design.facts.environment.private_subnet_ids(),
        tags: draft.tags(),
    };
    draft.add("subnets", group)
}

/// The security group of the database, with a rule for each that may connect.
pub(super) fn database_access(draft: &mut Draft, design: &Design) -> Node<SecurityGroup> {
    group(draft, design.facts, "access", design.title(), design.port()..=design.port())
}

/// The security group of the proxy: clients come in on its port, and it goes on to the database. It goes out by the rule
/// that EC2 gives every new group, which admits everything outward.
pub(super) fn proxy_access(draft: &mut Draft, design: &Design, database: &Node<SecurityGroup>) -> Node<SecurityGroup> {
    let description = shorten(format!("Proxy of {}", design.title()), 255);
    let port = design.client_port();
    let proxy = group(draft, design.facts, "proxy-access", description, port..=port);
    let peer = proxy.out(SecurityGroup::GROUP_ID);
    let rule = ingress(draft, database, design.port()..=design.port(), peer, "Proxy to database".into());
    draft.add("access-proxy", rule);
    proxy
}
