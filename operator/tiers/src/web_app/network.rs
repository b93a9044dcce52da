//! Who reaches what: the load balancer's security group, and its way to the pods through the cluster's.

use std::collections::{BTreeMap, BTreeSet};

use terrace_crds::web_app::{Expose, Scheme};
use terrace_model::aws::ec2::{Direction, SecurityGroup, SecurityGroupRule};
use terrace_model::{Node, Val};

use super::containers::health;
use super::design::Design;
use crate::draft::Draft;
use crate::naming::shorten;

/// Whom a rule admits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Peer {
    Ipv4(String),
    Ipv6(String),
    Group(Val<String>),
}

/// Adds the load balancer's security group, with a rule for each who may connect to one of its ports.
pub(super) fn balancer_group(
    draft: &mut Draft,
    design: &Design,
    expose: &Expose,
    ports: &BTreeSet<u16>,
) -> Node<SecurityGroup> {
    let description = shorten(format!("Load balancer of {}", design.title()), 255);
    let group = SecurityGroup { vpc_id: design.facts.environment.vpc_id.clone(), description, tags: draft.tags() };
    let group = draft.add("balancer-access", group);
    for port in ports {
        for (who, peer) in clients(design, expose) {
            let rule = ingress(
                draft,
                group.out(SecurityGroup::GROUP_ID),
                *port,
                &peer,
                format!("Clients of {}", design.title()),
            );
            draft.add(&format!("balancer-access-{port}-{who}"), rule);
        }
    }
    group
}

/// Who may connect, by the part of the rule's id that stands for them.
fn clients(design: &Design, expose: &Expose) -> BTreeMap<String, Peer> {
    let named = |cidr: &String| (cidr.replace(['.', '/'], "-"), Peer::Ipv4(cidr.clone()));
    match expose.scheme {
        _ if !expose.allowed_cidrs.is_empty() => expose.allowed_cidrs.iter().map(named).collect(),
        Scheme::Internal => [("vpc".to_owned(), Peer::Ipv4(design.facts.environment.vpc_cidr.clone()))].into(),
        Scheme::InternetFacing => {
            [("ipv4".to_owned(), Peer::Ipv4("0.0.0.0/0".into())), ("ipv6".to_owned(), Peer::Ipv6("::/0".into()))].into()
        }
    }
}

/// Lets the load balancer reach the pods, which are in the cluster's group: on the app's port, and where that is another
/// on the one that tells whether it is well.
pub(super) fn pods(draft: &mut Draft, design: &Design, balancer: &Node<SecurityGroup>) {
    let cluster = &design.facts.environment.cluster_security_group;
    let app = design.spec.port;
    let asked = health(design.spec).port.filter(|port| *port != app).map(|port| ("pods-access-health", port));
    for (id, port) in [("pods-access", app)].into_iter().chain(asked) {
        let peer = Peer::Group(balancer.out(SecurityGroup::GROUP_ID));
        let rule = ingress(draft, cluster.clone().into(), port, &peer, format!("Load balancer of {}", design.title()));
        draft.add(id, rule);
    }
}

fn ingress(draft: &Draft, group_id: Val<String>, port: u16, peer: &Peer, description: String) -> SecurityGroupRule {
    let (ipv4, ipv6, group) = match peer.clone() {
        Peer::Ipv4(cidr) => (Some(cidr), None, None),
        Peer::Ipv6(cidr) => (None, Some(cidr), None),
        Peer::Group(id) => (None, None, Some(id)),
    };
    SecurityGroupRule {
        group_id,
        direction: Direction::Ingress,
        ip_protocol: "tcp".into(),
        from_port: i32::from(port).into(),
        to_port: i32::from(port).into(),
        referenced_group_id: group,
        cidr_ipv4: ipv4,
        cidr_ipv6: ipv6,
        prefix_list_id: None,
        description: Some(shorten(description, 255)),
        tags: draft.tags(),
    }
}
