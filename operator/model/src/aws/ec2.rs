//! Amazon EC2: security groups and their rules.
//!
//! Lengths and forms follow the EC2 API reference (CreateSecurityGroup, AuthorizeSecurityGroupIngress).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::resource::{Novelty, Out, Replace, Resource, Rule};
use crate::val::Val;

/// What was made is not described everywhere at once (EC2 Developer Guide, "Eventual consistency in the Amazon EC2 API").
/// AWS names no bound; descriptions follow within seconds.
const CONSISTENT_AFTER: Duration = Duration::from_secs(10);

/// A security group without rules: rules are nodes of their own, and the target's.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecurityGroup {
    pub vpc_id: String,
    pub description: String,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecurityGroupOutputs {
    pub group_id: Option<String>,
}

impl SecurityGroup {
    pub const GROUP_ID: Out<Self, String> = Out::new("groupId");
}

impl Resource for SecurityGroup {
    const KIND: &'static str = "ec2/SecurityGroup";
    const NOVELTY: Novelty = Novelty::Named;
    const FIELDS: &'static [(&'static str, Rule)] =
        &[("vpcId", Rule::Replace), ("description", Rule::Replace), ("tags", Rule::Keyed)];
    const REPLACE: Replace = Replace::CreateFirst;
    const VISIBLE_AFTER: Duration = CONSISTENT_AFTER;
    type Outputs = SecurityGroupOutputs;
}

/// One inbound or outbound rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecurityGroupRule {
    pub group_id: Val<String>,
    pub direction: Direction,
    /// `tcp`, `udp`, `icmp` or `-1` for all.
    pub ip_protocol: String,
    pub from_port: Val<i32>,
    pub to_port: Val<i32>,
    /// The peer, exactly one of the four.
    pub referenced_group_id: Option<Val<String>>,
    pub cidr_ipv4: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cidr_ipv6: Option<String>,
    /// As `pl-3b927c52`, the addresses of CloudFront.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix_list_id: Option<String>,
    pub description: Option<String>,
    pub tags: Tags,
}

/// Which way a rule admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    Ingress,
    Egress,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecurityGroupRuleOutputs {
    pub rule_id: Option<String>,
}

impl Resource for SecurityGroupRule {
    const KIND: &'static str = "ec2/SecurityGroupRule";
    const NOVELTY: Novelty = Novelty::Within;
    const FIELDS: &'static [(&'static str, Rule)] =
        &[("groupId", Rule::Replace), ("direction", Rule::Replace), ("tags", Rule::Keyed)];
    const ADDRESS: &'static [&'static str] = &[
        "groupId",
        "direction",
        "ipProtocol",
        "fromPort",
        "toPort",
        "referencedGroupId",
        "cidrIpv4",
        "cidrIpv6",
        "prefixListId",
    ];
    const VISIBLE_AFTER: Duration = CONSISTENT_AFTER;
    type Outputs = SecurityGroupRuleOutputs;
}
