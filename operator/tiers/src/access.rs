//! Who reaches a tier over the network: its security group and the rules in it.
//!
//! What lies inside a target is the target's: the rules are composed from the objects that use it. The pods of the EKS
//! cluster share one security group, that of the cluster, and the Secret of a tier is for pods of its namespace: hence one
//! rule that always stands, from that group, on the tier's ports. A user with a group of its own adds a rule for that
//! group; users that share a group share the rule.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use terrace_model::aws::ec2::{Direction, SecurityGroup, SecurityGroupRule};
use terrace_model::identity::short_hash;
use terrace_model::{Node, Source, Val};

use crate::Facts;
use crate::draft::Draft;
use crate::naming::shorten;

/// Adds a security group under a logical id, with a rule `<id>-…` for each that may connect.
pub(crate) fn group(
    draft: &mut Draft,
    facts: &Facts,
    id: &str,
    description: String,
    ports: RangeInclusive<i32>,
) -> Node<SecurityGroup> {
    let group = SecurityGroup { vpc_id: facts.environment.vpc_id.clone(), description, tags: draft.tags() };
    let group = draft.add(id, group);
    for (suffix, (peer, who)) in peers(facts) {
        let rule = ingress(draft, &group, ports.clone(), peer, shorten(who, 255));
        draft.add(&format!("{id}-{suffix}"), rule);
    }
    group
}

/// The groups that may connect, by the part of the rule's id that stands for them, each with who is in it.
fn peers(facts: &Facts) -> BTreeMap<String, (Val<String>, String)> {
    let environment = &facts.environment;
    let cluster = Val::from(environment.cluster_security_group.clone());
    let mut peers = BTreeMap::new();
    peers.insert("cluster".to_owned(), (cluster.clone(), format!("Pods of EKS cluster {}", environment.cluster)));
    let mut users: Vec<_> = facts.users.iter().collect();
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

/// A rule that lets a group in.
pub(crate) fn ingress(
    draft: &Draft,
    group: &Node<SecurityGroup>,
    ports: RangeInclusive<i32>,
    peer: Val<String>,
    description: String,
) -> SecurityGroupRule {
    SecurityGroupRule {
        group_id: group.out(SecurityGroup::GROUP_ID),
        direction: Direction::Ingress,
        ip_protocol: "tcp".into(),
        from_port: (*ports.start()).into(),
        to_port: (*ports.end()).into(),
        referenced_group_id: Some(peer),
        cidr_ipv4: None,
        cidr_ipv6: None,
        prefix_list_id: None,
        description: Some(description),
        tags: draft.tags(),
    }
}
