//! Rules of security groups.
//!
//! From the EC2 API reference: a rule is one protocol, one range of ports and one peer; the same rule twice in a group
//! is `InvalidPermission.Duplicate`, whatever its description and tags; ModifySecurityGroupRules changes a rule that
//! keeps its id; tags go in as it is made. Of all protocols (`-1`), both ports are -1.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    self, Filter, IpPermission, IpRange, Ipv6Range, PrefixListId, ResourceType, SecurityGroupRuleRequest,
    SecurityGroupRuleUpdate, UserIdGroupPair,
};
use serde_json::{Map, Value};
use terrace_aws::Clients;
use terrace_aws::errors::{absent, classify};
use terrace_engine::coalesce::{Fetch, Few, Regional};
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State, reason};
use terrace_model::aws::ec2::{Direction, SecurityGroupRule, SecurityGroupRuleOutputs};
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, Owner, Resource, Val};

use crate::{FILTER_VALUES, PAGE, client, filter, from_sdk, retag, specification, writer};

const GONE: &[&str] = &["InvalidGroup.NotFound", "InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound"];
/// What stands for a port where there is none.
const ALL_PORTS: i32 = -1;
/// What ModifySecurityGroupRules changes.
const REQUEST: &[&str] =
    &["ipProtocol", "fromPort", "toPort", "referencedGroupId", "cidrIpv4", "cidrIpv6", "prefixListId", "description"];

/// A rule as it was read.
#[derive(Clone, Debug)]
struct Found {
    rule_id: String,
    rule: SecurityGroupRule,
}

/// The rules of one group.
type Rules = Arc<Vec<Found>>;

struct Reader(Client);

impl Fetch<String, Rules> for Reader {
    async fn some(&self, groups: &BTreeSet<String>) -> Result<BTreeMap<String, Rules>> {
        self.read(Some(filter("group-id", groups))).await
    }

    async fn all(&self) -> Result<BTreeMap<String, Rules>> {
        self.read(None).await
    }
}

impl Reader {
    async fn read(&self, filter: Option<Filter>) -> Result<BTreeMap<String, Rules>> {
        let request = self.0.describe_security_group_rules().set_filters(filter.map(|filter| vec![filter]));
        let pages = request.max_results(PAGE).into_paginator().items();
        let rules = pages.send().collect::<std::result::Result<Vec<_>, _>>().await.map_err(classify)?;
        let mut groups = BTreeMap::<String, Vec<Found>>::new();
        for rule in rules {
            groups.entry(rule.group_id.clone().unwrap_or_default()).or_default().push(found(rule));
        }
        Ok(groups.into_iter().map(|(group, rules)| (group, Arc::new(rules))).collect())
    }
}

fn found(rule: types::SecurityGroupRule) -> Found {
    let direction = if rule.is_egress.unwrap_or_default() { Direction::Egress } else { Direction::Ingress };
    let peer = rule.referenced_group_info.and_then(|group| group.group_id);
    Found {
        rule_id: rule.security_group_rule_id.unwrap_or_default(),
        rule: SecurityGroupRule {
            group_id: rule.group_id.unwrap_or_default().into(),
            direction,
            ip_protocol: rule.ip_protocol.unwrap_or_default(),
            from_port: rule.from_port.unwrap_or(ALL_PORTS).into(),
            to_port: rule.to_port.unwrap_or(ALL_PORTS).into(),
            referenced_group_id: peer.map(Val::Known),
            cidr_ipv4: rule.cidr_ipv4,
            cidr_ipv6: rule.cidr_ipv6,
            prefix_list_id: rule.prefix_list_id,
            description: rule.description,
            tags: from_sdk(&rule.tags.unwrap_or_default()),
        },
    }
}

/// Rules of security groups, each found in its group by its id, else by our tags, else by what it says.
pub struct SecurityGroupRules {
    clients: Clients,
    listings: Regional<String, Rules>,
}

impl SecurityGroupRules {
    /// The rules of an account's groups.
    pub fn new(clients: &Clients) -> Self {
        SecurityGroupRules {
            clients: clients.clone(),
            listings: Regional::new(clients.recent(), Few::UpTo(FILTER_VALUES)),
        }
    }

    async fn look(&self, id: &Id, freshness: Freshness) -> Result<Option<Found>> {
        let (region, client) = (&id.place.region, client(&self.clients, &id.place.region));
        let group = id.address("groupId").unwrap_or_default().to_owned();
        let rules = self.listings.of(region).get(group, freshness, &Reader(client)).await?;
        Ok(rules.and_then(|rules| choose(id, &rules).cloned()))
    }

    /// The rule's id; `None` where it is gone.
    async fn rule_id(&self, id: &Id) -> Result<Option<String>> {
        match &id.handle {
            Some(Handle(rule)) => Ok(Some(rule.clone())),
            None => Ok(self.look(id, Freshness::Now).await?.map(|found| found.rule_id)),
        }
    }
}

impl Provider<SecurityGroupRule> for SecurityGroupRules {
    const ACTIONS: &'static [&'static str] = &[
        "ec2:AuthorizeSecurityGroupEgress",
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateTags",
        "ec2:DeleteTags",
        "ec2:DescribeSecurityGroupRules",
        "ec2:ModifySecurityGroupRules",
        "ec2:RevokeSecurityGroupEgress",
        "ec2:RevokeSecurityGroupIngress",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<SecurityGroupRule>> {
        let Some(found) = self.look(id, id.freshness).await? else {
            return Ok(Seen::Absent);
        };
        Ok(Seen::Present {
            owner: Owner::from_tags(&found.rule.tags),
            have: found.rule,
            out: SecurityGroupRuleOutputs { rule_id: Some(found.rule_id.clone()) },
            handle: Handle(found.rule_id),
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &SecurityGroupRule) -> Result<Handle> {
        let (client, group) = (writer(&self.clients, id), get(&want.group_id)?);
        let tags = specification(ResourceType::SecurityGroupRule, &want.tags);
        let rules = match want.direction {
            Direction::Ingress => {
                let request = client.authorize_security_group_ingress().group_id(group).tag_specifications(tags);
                request.ip_permissions(permission(want)?).send().await.map_err(classify)?.security_group_rules
            }
            Direction::Egress => {
                let request = client.authorize_security_group_egress().group_id(group).tag_specifications(tags);
                request.ip_permissions(permission(want)?).send().await.map_err(classify)?.security_group_rules
            }
        };
        made(id, rules.unwrap_or_default())
    }

    fn made(&self, _id: &Id, handle: &Handle) -> Option<SecurityGroupRuleOutputs> {
        Some(SecurityGroupRuleOutputs { rule_id: Some(handle.0.clone()) })
    }

    async fn update(&self, id: &Id, have: &SecurityGroupRule, want: &SecurityGroupRule, diff: &Diff) -> Result<()> {
        let Some(rule) = self.rule_id(id).await? else { return Ok(()) };
        let client = writer(&self.clients, id);
        if diff.touches_any(REQUEST) {
            let change = SecurityGroupRuleUpdate::builder().security_group_rule_id(&rule);
            let change = change.security_group_rule(request(have, want)?).build();
            let group = get(&have.group_id)?;
            let modify = client.modify_security_group_rules().group_id(group).security_group_rules(change);
            modify.send().await.map_err(classify)?;
        }
        retag(&client, &rule, &want.tags, diff).await
    }

    async fn delete(&self, id: &Id, have: &SecurityGroupRule, _disposal: Disposal) -> Result<()> {
        let Some(rule) = self.rule_id(id).await? else { return Ok(()) };
        let (client, group) = (writer(&self.clients, id), get(&have.group_id)?);
        match have.direction {
            Direction::Ingress => {
                let request = client.revoke_security_group_ingress().group_id(group).security_group_rule_ids(rule);
                absent(request.send().await, GONE).map(drop)
            }
            Direction::Egress => {
                let request = client.revoke_security_group_egress().group_id(group).security_group_rule_ids(rule);
                absent(request.send().await, GONE).map(drop)
            }
        }
    }
}

fn get<T: Clone>(value: &Val<T>) -> Result<T> {
    value.get().cloned().map_err(Error::invalid)
}

/// Picks the rule that an id means among those of its group.
fn choose<'a>(id: &Id, rules: &'a [Found]) -> Option<&'a Found> {
    let by_handle = |found: &&Found| id.handle.as_ref().is_some_and(|Handle(rule)| *rule == found.rule_id);
    let ours = Owner::Tagged { owner: id.owner.clone(), node: id.node.clone(), incarnation: id.incarnation };
    let by_tags = |found: &&Found| Owner::from_tags(&found.rule.tags) == ours;
    let by_content = |found: &&Found| stands_at(&found.rule, &id.address);
    let find = |predicate: &dyn Fn(&&Found) -> bool| rules.iter().find(|found| predicate(found));
    find(&by_handle).or_else(|| find(&by_tags)).or_else(|| find(&by_content))
}

/// True where the rule's address is this one, field by field.
fn stands_at(rule: &SecurityGroupRule, address: &Map<String, Value>) -> bool {
    let rule = serde_json::to_value(rule).unwrap_or_default();
    let same = |field: &&str| rule.get(*field).unwrap_or(&Value::Null) == address.get(*field).unwrap_or(&Value::Null);
    SecurityGroupRule::ADDRESS.iter().all(same)
}

/// The rule that was made. One that does not bear our tags was there before, which AWS itself refuses; the next look
/// says whose it is.
fn made(id: &Id, rules: Vec<types::SecurityGroupRule>) -> Result<Handle> {
    let ours = Owner::Tagged { owner: id.owner.clone(), node: id.node.clone(), incarnation: id.incarnation };
    let rule = rules.into_iter().find(|rule| Owner::from_tags(&from_sdk(rule.tags())) == ours);
    let rule = rule.and_then(|rule| rule.security_group_rule_id).map(Handle);
    rule.ok_or_else(|| Error::wait(reason::ALREADY_EXISTS, "the same rule is in the security group already"))
}

fn permission(want: &SecurityGroupRule) -> Result<IpPermission> {
    let permission = IpPermission::builder()
        .ip_protocol(&want.ip_protocol)
        .from_port(get(&want.from_port)?)
        .to_port(get(&want.to_port)?);
    let description = want.description.clone();
    let permission = match (&want.referenced_group_id, &want.cidr_ipv4, &want.cidr_ipv6, &want.prefix_list_id) {
        (Some(group), None, None, None) => {
            let pair = UserIdGroupPair::builder().group_id(get(group)?).set_description(description);
            permission.user_id_group_pairs(pair.build())
        }
        (None, Some(cidr), None, None) => {
            permission.ip_ranges(IpRange::builder().cidr_ip(cidr).set_description(description).build())
        }
        (None, None, Some(cidr), None) => {
            permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(cidr).set_description(description).build())
        }
        (None, None, None, Some(list)) => permission
            .prefix_list_ids(PrefixListId::builder().prefix_list_id(list).set_description(description).build()),
        _ => return Err(Error::invalid("a rule needs one peer: a security group, a CIDR block or a prefix list")),
    };
    Ok(permission.build())
}

/// All of the rule as it is to be: what is left out, EC2 takes away.
fn request(have: &SecurityGroupRule, want: &SecurityGroupRule) -> Result<SecurityGroupRuleRequest> {
    Ok(SecurityGroupRuleRequest::builder()
        .ip_protocol(&want.ip_protocol)
        .from_port(get(&want.from_port)?)
        .to_port(get(&want.to_port)?)
        .set_referenced_group_id(want.referenced_group_id.as_ref().map(get).transpose()?)
        .set_cidr_ipv4(want.cidr_ipv4.clone())
        .set_cidr_ipv6(want.cidr_ipv6.clone())
        .set_prefix_list_id(want.prefix_list_id.clone())
        .set_description(want.description.clone().or_else(|| have.description.clone()))
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::{ReferencedSecurityGroup, Tag};
    use serde_json::json;
    use terrace_model::{OwnerRef, Place};

    fn id(address: Value) -> Id {
        Id {
            owner: OwnerRef {
                cluster: "prod".into(),
                namespace: "shop".into(),
                kind: "DataTier".into(),
                name: "orders".into(),
                uid: "uid-1".into(),
            },
            place: Place { environment: "prod".into(), region: "eu-west-1".into() },
            kind: SecurityGroupRule::KIND.into(),
            node: "db-web".into(),
            incarnation: 1,
            remade: 0,
            handle: None,
            address: address.as_object().cloned().unwrap_or_default(),
            freshness: Freshness::Now,
        }
    }

    fn admits_group(rule: &str, port: i32) -> types::SecurityGroupRule {
        types::SecurityGroupRule::builder()
            .security_group_rule_id(rule)
            .group_id("sg-db")
            .is_egress(false)
            .ip_protocol("tcp")
            .from_port(port)
            .to_port(port)
            .referenced_group_info(ReferencedSecurityGroup::builder().group_id("sg-web").build())
            .build()
    }

    fn with_tags_of(id: &Id, mut rule: types::SecurityGroupRule) -> types::SecurityGroupRule {
        let tags = id.owner_tags().into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        rule.tags = Some(tags.collect());
        rule
    }

    fn address() -> Value {
        json!({"groupId": "sg-db", "direction": "Ingress", "ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432,
               "referencedGroupId": "sg-web"})
    }

    #[test]
    fn what_a_rule_says_tells_it_from_all_others_of_its_group() {
        let rule = found(admits_group("sgr-1", 5432)).rule;
        assert!(stands_at(&rule, &id(address()).address));
        for (field, other) in [
            ("groupId", json!("sg-other")),
            ("direction", json!("Egress")),
            ("ipProtocol", json!("udp")),
            ("fromPort", json!(1)),
            ("toPort", json!(6000)),
            ("referencedGroupId", json!("sg-api")),
            ("cidrIpv4", json!("10.0.0.0/8")),
            ("cidrIpv6", json!("2001:db8::/32")),
            ("prefixListId", json!("pl-1")),
        ] {
            let mut elsewhere = id(address()).address;
            elsewhere.insert(field.into(), other);
            assert!(!stands_at(&rule, &elsewhere), "{field}");
        }
    }

    #[test]
    fn a_rule_is_chosen_by_id_before_tags_and_by_tags_before_content() {
        let here = id(address());
        let content = found(admits_group("sgr-content", 5432));
        let tagged = found(with_tags_of(&here, admits_group("sgr-tags", 1)));
        let named = found(admits_group("sgr-id", 2));
        let rules = [content, tagged, named];
        let chosen = |id: &Id, rules: &[Found]| choose(id, rules).map(|found| found.rule_id.clone());
        let known = Id { handle: Some("sgr-id".into()), ..here.clone() };
        assert_eq!(chosen(&known, &rules).as_deref(), Some("sgr-id"));
        assert_eq!(chosen(&here, &rules).as_deref(), Some("sgr-tags"));
        assert_eq!(chosen(&here, &rules[..1]).as_deref(), Some("sgr-content"));
        assert_eq!(chosen(&here, &rules[2..]), None);
        assert_eq!(chosen(&Id { incarnation: 2, ..here }, &rules[1..]), None);
    }

    #[test]
    fn what_was_made_bears_our_tags_and_anything_else_was_there_before() {
        let id = id(address());
        let ours = with_tags_of(&id, admits_group("sgr-1", 5432));
        assert_eq!(made(&id, vec![ours.clone()]), Ok(Handle("sgr-1".into())));
        let other = Id { owner: OwnerRef { uid: "uid-2".into(), ..id.owner.clone() }, ..id.clone() };
        for rules in [vec![], vec![admits_group("sgr-1", 5432)], vec![with_tags_of(&other, ours)]] {
            assert_eq!(made(&id, rules).expect_err("it is not ours").reason(), reason::ALREADY_EXISTS);
        }
    }

    #[test]
    fn a_rule_of_all_protocols_has_no_ports() {
        let all = types::SecurityGroupRule::builder().ip_protocol("-1").is_egress(true).cidr_ipv4("0.0.0.0/0").build();
        let rule = found(all).rule;
        assert_eq!((rule.from_port, rule.to_port), (ALL_PORTS.into(), ALL_PORTS.into()));
        assert_eq!(rule.direction, Direction::Egress);
    }

    #[test]
    fn a_rule_has_exactly_one_peer() {
        let group = found(admits_group("sgr-1", 5432)).rule;
        let pair = permission(&group).expect("it has one peer");
        assert_eq!(pair.user_id_group_pairs()[0].group_id(), Some("sg-web"));
        let range =
            SecurityGroupRule { referenced_group_id: None, cidr_ipv4: Some("10.0.0.0/8".into()), ..group.clone() };
        assert_eq!(permission(&range).expect("it has one peer").ip_ranges()[0].cidr_ip(), Some("10.0.0.0/8"));
        let none = SecurityGroupRule { referenced_group_id: None, ..group.clone() };
        let range = SecurityGroupRule { cidr_ipv6: Some("2001:db8::/32".into()), ..none.clone() };
        assert_eq!(permission(&range).expect("it has one peer").ipv6_ranges()[0].cidr_ipv6(), Some("2001:db8::/32"));
        let list = SecurityGroupRule { prefix_list_id: Some("pl-1".into()), ..none };
        assert_eq!(permission(&list).expect("it has one peer").prefix_list_ids()[0].prefix_list_id(), Some("pl-1"));
        for (referenced_group_id, cidr_ipv4) in [(None, None), (Some("sg-web".into()), Some("10.0.0.0/8".into()))] {
            let rule = SecurityGroupRule { referenced_group_id, cidr_ipv4, ..group.clone() };
            assert_eq!(permission(&rule).expect_err("it has none, or two").reason(), reason::INVALID);
        }
    }

    #[test]
    fn a_change_of_one_field_sends_the_rule_whole() {
        let have = SecurityGroupRule { description: Some("kept".into()), ..found(admits_group("sgr-1", 5432)).rule };
        let want = SecurityGroupRule { from_port: 5000.into(), description: None, ..have.clone() };
        let request = request(&have, &want).expect("it is resolved");
        assert_eq!((request.from_port(), request.to_port()), (Some(5000), Some(5432)));
        assert_eq!((request.ip_protocol(), request.referenced_group_id()), (Some("tcp"), Some("sg-web")));
        assert_eq!((request.cidr_ipv4(), request.description()), (None, Some("kept")));
    }
}
