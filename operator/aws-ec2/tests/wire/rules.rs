//! Security group rules against an emulator.

use aws_sdk_ec2::types::{IpPermission, IpRange};
use serde_json::{Value, json};
use terrace_aws::Clients;
use terrace_aws_ec2::registry;
use terrace_engine::{Look, reason};
use terrace_model::aws::ec2::{Direction, SecurityGroupRule};
use terrace_model::{Id, Owner, Resource};

use crate::bed::{clients, id, owned};
use crate::gaps;
use crate::life::{Life, other_tags};
use crate::prepare::{ec2, vpc};

async fn group(clients: &Clients) -> String {
    let ec2 = ec2(clients);
    let request = ec2.create_security_group().vpc_id(vpc(&ec2).await).description("rules").group_name("rules");
    request.send().await.expect("a group is made").group_id.expect("it has an id")
}

fn wish(group: &str, direction: Direction) -> SecurityGroupRule {
    SecurityGroupRule {
        group_id: group.into(),
        direction,
        ip_protocol: "tcp".into(),
        from_port: 5432.into(),
        to_port: 5432.into(),
        referenced_group_id: None,
        cidr_ipv4: Some("10.0.0.0/16".into()),
        cidr_ipv6: None,
        prefix_list_id: None,
        description: Some("shop/web".into()),
        tags: [("team".into(), "shop".into()), ("gone".into(), "soon".into())].into(),
    }
}

/// The id of a rule at the address of its wish.
fn at(want: &SecurityGroupRule) -> Id {
    let fields = serde_json::to_value(want).expect("a wish is JSON");
    let field = |name: &&str| Some(((*name).to_owned(), fields.get(*name)?.clone()));
    let address = SecurityGroupRule::ADDRESS.iter().filter_map(field).filter(|(_, value)| !value.is_null()).collect();
    Id { address, ..id::<SecurityGroupRule>("db-web") }
}

#[tokio::test]
async fn a_rule_lives_from_create_to_absent_in_both_directions() {
    let Some(clients) = clients() else { return };
    let group = group(&clients).await;
    for direction in [Direction::Ingress, Direction::Egress] {
        let want = wish(&group, direction);
        let id = at(&want);
        let want = owned(&id, &want);
        let edits = vec![
            ("description", json!("shop/other")),
            ("fromPort", json!(5000)),
            ("toPort", json!(6000)),
            ("cidrIpv4", json!("10.1.0.0/16")),
            ("tags", other_tags(&want)),
        ];
        Life { clients: clients.clone(), registry, id, want, edits }.live().await;
    }
}

#[tokio::test]
async fn a_rule_that_admits_a_group_is_found_as_wished() {
    let Some(clients) = clients() else { return };
    let group = group(&clients).await;
    let peer = Some(group.as_str().into());
    let want = SecurityGroupRule { referenced_group_id: peer, cidr_ipv4: None, ..wish(&group, Direction::Ingress) };
    // AWS keeps the description of such a rule; moto loses it.
    let keeps = gaps::emulator() != "moto";
    let want = SecurityGroupRule { description: want.description.clone().filter(|_| keeps), ..want };
    let id = at(&want);
    let want = owned(&id, &want);
    let edits = if keeps { vec![("description", json!("shop/other"))] } else { vec![("tags", other_tags(&want))] };
    Life { clients, registry, id, want, edits }.live().await;
}

#[tokio::test]
async fn a_rule_that_admits_addresses_of_ipv6_lives_from_create_to_absent() {
    let Some(clients) = clients() else { return };
    let cidr_ipv6 = Some("2001:db8::/32".into());
    let want = SecurityGroupRule { cidr_ipv4: None, cidr_ipv6, ..wish(&group(&clients).await, Direction::Ingress) };
    let id = at(&want);
    let want = owned(&id, &want);
    let edits = vec![("cidrIpv6", json!("2001:db8:1::/48")), ("toPort", json!(6000))];
    Life { clients, registry, id, want, edits }.live().await;
}

#[tokio::test]
async fn a_rule_of_somebody_else_that_says_the_same_is_reported_and_not_taken() {
    let Some(clients) = clients() else { return };
    let group = group(&clients).await;
    let range = IpRange::builder().cidr_ip("10.0.0.0/16").build();
    let theirs = IpPermission::builder().ip_protocol("tcp").from_port(5432).to_port(5432).ip_ranges(range).build();
    let request = ec2(&clients).authorize_security_group_ingress().group_id(&group).ip_permissions(theirs);
    request.send().await.expect("they make a rule");
    let want = wish(&group, Direction::Ingress);
    let id = at(&want);
    let registry = registry(&clients);
    let provider = registry.get(&id.kind).expect("it is registered");
    let refused = provider.create(&id, &owned(&id, &want)).await.expect_err("the same rule stands already");
    assert_eq!(refused.reason(), reason::ALREADY_EXISTS);
    let Look::Present(found) = provider.observe(&id).await.expect("it can be looked at") else {
        panic!("the rule is not found by what it says");
    };
    assert_eq!((found.owner, &found.have["tags"]), (Owner::Untagged, &Value::Object(serde_json::Map::new())));
}
