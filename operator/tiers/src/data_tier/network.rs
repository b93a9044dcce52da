//! Where a database stands and who reaches it: subnet group, security groups and their rules.
//!
//! What lies inside a target is the target's: the rules are composed from the objects that use it. The pods of the EKS
//! cluster share one security group, that of the cluster, and the Secret of a DataTier is for pods of its namespace:
//! hence one rule that always stands, from that group, on the one port. A user with a group of its own adds a rule for
//! that group; users that share a group share the rule.

use std::collections::BTreeMap;

use terrace_model::aws::ec2::{Direction, SecurityGroup, SecurityGroupRule};
use terrace_model::aws::rds::DbSubnetGroup;
use terrace_model::identity::short_hash;
use terrace_model::{Node, Source, Val};

use super::design::{Design, shorten};
use crate::draft::Draft;

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
    access(draft, design, "access", design.title(), design.port())
}

/// The security group of the proxy: clients come in on its port, and it goes on to the database. It goes out by the rule
/// that EC2 gives every new group, which admits everything outward.
pub(super) fn proxy_access(draft: &mut Draft, design: &Design, database: &Node<SecurityGroup>) -> Node<SecurityGroup> {
    let description = shorten(format!("Proxy of {}", design.title()), 255);
    let proxy = access(draft, design, "proxy-access", description, design.client_port());
    let peer = proxy.out(SecurityGroup::GROUP_ID);
    let rule = ingress(draft, database, design.port(), peer, "Proxy to database".into());
    draft.add("access-proxy", rule);
    proxy
}

fn access(draft: &mut Draft, design: &Design, id: &str, description: String, port: i32) -> Node<SecurityGroup> {
    let environment = &design.facts.environment;
    let group = SecurityGroup { vpc_id: environment.vpc_id.clone(), description, tags: draft.tags() };
    let group = draft.add(id, group);
    for (suffix, (peer, who)) in peers(design) {
        let rule = ingress(draft, &group, port, peer, shorten(who, 255));
        draft.add(&format!("{id}-{suffix}"), rule);
    }
    group
}

/// The groups that may connect, by the part of the rule's id that stands for them, each with who is in it.
fn peers(design: &Design) -> BTreeMap<String, (Val<String>, String)> {
    let environment = &design.facts.environment;
    let cluster = Val::from(environment.cluster_security_group.clone());
    let mut peers = BTreeMap::new();
    peers.insert("cluster".to_owned(), (cluster.clone(), format!("Pods of EKS cluster {}", environment.cluster)));
    let mut users: Vec<_> = design.facts.users.iter().collect();
    users.sort_by(|a, b| a.who.cmp(&b.who));
    for user in users {
        let Some(group) = user.security_group.as_ref().filter(|group| **group != cluster) else {
            continue;
        };
        let name = format!("{} {}/{}", user.who.kind, user.who.namespace, user.who.name);
        let (_, who) = peers.entry(peer_id(group)).or_insert_with(|| (group.clone(), String::new()));
        // One user may have several bindings to this tier.
        if !who.split(", ").any(|listed| listed == name) {
            who.push_str(if who.is_empty() { "" } else { ", " });
            who.push_str(&name);
        }
    }
    peers
}

/// A short name for a group that stays the same as long as the group does.
fn peer_id(group: &Val<String>) -> String {
    match group {
        Val::Known(id) => id.clone(),
        Val::Ref(reference) => {
            let (Source::Node(name) | Source::Object(name)) = &reference.source;
            let kind = name.split('/').next().unwrap_or_default().to_lowercase();
            format!("{kind}-{}", short_hash(&[name, &reference.output]))
        }
        Val::Join(_) => format!("joined-{}", short_hash(&[&format!("{group:?}")])),
    }
}

fn ingress(
    draft: &Draft,
    group: &Node<SecurityGroup>,
    port: i32,
    peer: Val<String>,
    description: String,
) -> SecurityGroupRule {
    SecurityGroupRule {
        group_id: group.out(SecurityGroup::GROUP_ID),
        direction: Direction::Ingress,
        ip_protocol: "tcp".into(),
        from_port: port.into(),
        to_port: port.into(),
        referenced_group_id: Some(peer),
        cidr_ipv4: None,
        description: Some(description),
        tags: draft.tags(),
    }
}
