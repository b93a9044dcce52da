//! AWS IAM: roles with their policies, and the providers of tokens that roles may trust.

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
    /// Seconds that a session may last, 3600 to 43200; absent where that is nobody's wish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_session_duration: Option<i32>,
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
        Policy::of([Statement::trust("Service", service.into(), &["sts:AssumeRole"])])
    }

    /// The trust policy of a role that the pods of one service account assume by their token (IRSA; EKS user guide,
    /// "Assign IAM roles to Kubernetes service accounts"). `provider` is the ARN of the issuer's OIDC provider in IAM;
    /// `issuer` is the URL of the issuer, or the same without `https://`.
    pub fn trusts_web_identity(
        provider: impl Into<Val<String>>,
        issuer: &str,
        namespace: &str,
        service_account: &str,
    ) -> Self {
        let issuer = issuer.trim_start_matches("https://");
        let subject = format!("system:serviceaccount:{namespace}:{service_account}");
        Policy::of([Statement::trust("Federated", provider.into(), &["sts:AssumeRoleWithWebIdentity"])
            .when("StringEquals", &format!("{issuer}:aud"), "sts.amazonaws.com")
            .when("StringEquals", &format!("{issuer}:sub"), subject)])
    }

    /// The trust policy of a role that EKS hands out to pods (EKS user guide, "Assign an IAM role to a Kubernetes service
    /// account", Pod Identity). Which pods, the associations say.
    pub fn trusts_pod_identity() -> Self {
        Policy::of([Statement::trust(
            "Service",
            "pods.eks.amazonaws.com".into(),
            &["sts:AssumeRole", "sts:TagSession"],
        )])
    }

    /// The trust policy of a role that another role assumes, tagging its sessions, where it gives this external id (IAM
    /// User Guide, "Access to AWS accounts owned by third parties").
    pub fn trusts_role(role: &str, external_id: Option<&str>) -> Self {
        let statement = Statement::trust("AWS", role.into(), &["sts:AssumeRole", "sts:TagSession"]);
        Policy::of([match external_id {
            Some(id) => statement.when("StringEquals", "sts:ExternalId", id),
            None => statement,
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
        Statement::on(Effect::Allow, actions, resources)
    }

    /// Withholds actions on resources, whatever else grants them.
    pub fn deny(actions: &[&str], resources: impl IntoIterator<Item = Val<String>>) -> Self {
        Statement::on(Effect::Deny, actions, resources)
    }

    /// Lets a principal assume the role whose trust policy this stands in; `kind` is `Service`, `Federated` or `AWS`.
    pub fn trust(kind: &str, principal: Val<String>, actions: &[&str]) -> Self {
        Statement::allow(actions, []).to(kind, principal)
    }

    fn on(effect: Effect, actions: &[&str], resources: impl IntoIterator<Item = Val<String>>) -> Self {
        Statement {
            effect,
            principal: None,
            action: actions.iter().map(|action| (*action).to_owned()).collect(),
            resource: resources.into_iter().collect(),
            condition: BTreeMap::new(),
        }
    }

    /// The same, for one principal; a policy of a resource names one, and a role's own policy none.
    #[must_use]
    pub fn to(mut self, kind: &str, principal: Val<String>) -> Self {
        self.principal.get_or_insert_default().insert(kind.to_owned(), principal);
        self
    }

    /// The same, where a key of the request is as `operator` says, as `StringEquals`. All conditions must hold.
    #[must_use]
    pub fn when(mut self, operator: &str, key: &str, value: impl Into<Val<String>>) -> Self {
        let value = serde_json::to_value(value.into()).unwrap_or_default();
        self.condition.entry(operator.to_owned()).or_default().insert(key.to_owned(), value);
        self
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleOutputs {
    pub name: Option<String>,
    pub arn: Option<String>,
}

impl Role {
    pub const NAME: Out<Self, String> = Out::new("name");
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

/// An issuer whose tokens roles of this account may trust, as that of an EKS cluster. There is one a URL in an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OidcProvider {
    /// With `https://`, without a slash at its end.
    pub url: Val<String>,
    /// Audiences, as `sts.amazonaws.com`.
    pub client_ids: BTreeSet<String>,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OidcProviderOutputs {
    pub arn: Option<String>,
}

impl OidcProvider {
    pub const ARN: Out<Self, String> = Out::new("arn");
}

impl Resource for OidcProvider {
    const KIND: &'static str = "iam/OidcProvider";
    const FIELDS: &'static [(&'static str, Rule)] = &[("url", Rule::Replace), ("tags", Rule::Keyed)];
    const ADDRESS: &'static [&'static str] = &["url"];
    const VISIBLE_AFTER: Duration = Role::VISIBLE_AFTER;
    type Outputs = OidcProviderOutputs;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_service_account_is_trusted_by_its_token_and_no_other_is() {
        let policy =
            Policy::trusts_web_identity("arn:p", "https://oidc.eks.eu-west-1.amazonaws.com/id/1", "shop", "web");
        let expected = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Federated": "arn:p"},
                "Action": ["sts:AssumeRoleWithWebIdentity"],
                "Condition": {"StringEquals": {
                    "oidc.eks.eu-west-1.amazonaws.com/id/1:aud": "sts.amazonaws.com",
                    "oidc.eks.eu-west-1.amazonaws.com/id/1:sub": "system:serviceaccount:shop:web",
                }},
            }],
        });
        assert_eq!(serde_json::to_value(policy).expect("it is JSON"), expected);
    }

    #[test]
    fn pod_identity_assumes_and_tags() {
        let policy = serde_json::to_value(Policy::trusts_pod_identity()).expect("it is JSON");
        let statement = &policy["Statement"][0];
        assert_eq!(statement["Principal"], json!({"Service": "pods.eks.amazonaws.com"}));
        assert_eq!(statement["Action"], json!(["sts:AssumeRole", "sts:TagSession"]));
    }

    #[test]
    fn a_condition_may_wait_for_an_output() {
        let late = Val::of_object("EdgeTier/web/shop", "distributionArn");
        let statement = Statement::allow(&["s3:GetObject"], ["arn:aws:s3:::assets/*".into()])
            .to("Service", "cloudfront.amazonaws.com".into())
            .when("StringEquals", "AWS:SourceArn", late);
        let references = crate::resolve::references(&json!({"policy": Policy::of([statement])}));
        assert_eq!(references.len(), 1);
        assert_eq!(references[0].to_string(), "EdgeTier/web/shop.distributionArn");
    }
}
