//! AWS IAM: roles with their policies.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Tags;
use crate::resource::{Novelty, Out, Resource, Rule};
use crate::val::Val;

/// A role, its trust, the managed policies attached to it and its inline policies.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Role {
    /// Trust policy.
    pub assume_role_policy: Policy,
    pub description: String,
    /// ARNs of all that are attached: one that somebody else attached is drift.
    pub managed_policy_arns: BTreeSet<String>,
    /// Inline policies by name; those of others are left alone.
    pub inline_policies: BTreeMap<String, Policy>,
    /// ARN of the policy that the Environment bounds its roles by; empty where it has none.
    pub permissions_boundary: String,
    pub tags: Tags,
}

/// A policy document, built from statements and never from text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Policy {
    pub version: PolicyVersion,
    pub statement: Vec<Statement>,
}

/// The language of policies; there is one that matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PolicyVersion {
    #[default]
    #[serde(rename = "2012-10-17")]
    V2012,
}

/// One statement of a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Statement {
    pub effect: Effect,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<BTreeMap<String, Val<String>>>,
    pub action: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub resource: BTreeSet<Val<String>>,
    /// Operator → key → value, as IAM writes it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub condition: BTreeMap<String, BTreeMap<String, Value>>,
}

/// Whether a statement grants or withholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    Allow,
    Deny,
}

impl Policy {
    /// The trust policy of a role that an AWS service assumes, as `monitoring.rds.amazonaws.com`.
    pub fn trusts_service(service: &str) -> Self {
        Policy::of([Statement {
            effect: Effect::Allow,
            principal: Some([("Service".to_owned(), service.into())].into()),
            action: ["sts:AssumeRole".to_owned()].into(),
            resource: BTreeSet::new(),
            condition: BTreeMap::new(),
        }])
    }

    /// A policy of these statements.
    pub fn of(statements: impl IntoIterator<Item = Statement>) -> Self {
        Policy { version: PolicyVersion::V2012, statement: statements.into_iter().collect() }
    }
}

impl Statement {
    /// Grants actions on resources.
    pub fn allow(actions: &[&str], resources: impl IntoIterator<Item = Val<String>>) -> Self {
        Statement {
            effect: Effect::Allow,
            principal: None,
            action: actions.iter().map(|action| (*action).to_owned()).collect(),
            resource: resources.into_iter().collect(),
            condition: BTreeMap::new(),
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleOutputs {
    pub name: Option<String>,
    pub arn: Option<String>,
}

impl Role {
    pub const ARN: Out<Self, String> = Out::new("arn");
}

impl Resource for Role {
    const KIND: &'static str = "iam/Role";
    const NOVELTY: Novelty = Novelty::Named;
    const FIELDS: &'static [(&'static str, Rule)] = &[("inlinePolicies", Rule::Keyed), ("tags", Rule::Keyed)];
    /// IAM is eventually consistent (IAM User Guide, "Changes that I make are not always immediately visible"). AWS names
    /// no bound; a new role is seen within seconds.
    const VISIBLE_AFTER: Duration = Duration::from_secs(10);
    type Outputs = RoleOutputs;
}
