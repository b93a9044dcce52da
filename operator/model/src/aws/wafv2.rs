//! AWS WAF: IP sets, web ACLs, and their logs.
//!
//! Fields and units follow the WAFV2 API reference. What serves CloudFront has the scope `CLOUDFRONT` and stands in
//! us-east-1; what serves a load balancer has the scope `REGIONAL` and stands beside it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Tags;
use super::cloudfront::Setting;
use crate::resource::{Out, Replace, Resource, Rule};
use crate::val::Val;

/// Addresses that rules refer to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IpSet {
    /// `CLOUDFRONT` or `REGIONAL`.
    pub scope: String,
    /// 3 to 256 characters: letters, digits, blanks and `+ = : # @ / - , . _`, no blank at either end; empty for none.
    pub description: String,
    /// `IPV4` or `IPV6`.
    pub ip_address_version: String,
    /// CIDR blocks, as `203.0.113.0/24`; any length but `/0`.
    pub addresses: BTreeSet<String>,
    pub tags: Tags,
}

/// Of IP sets.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IpSetOutputs {
    pub id: Option<String>,
    pub arn: Option<String>,
}

impl IpSet {
    pub const ARN: Out<Self, String> = Out::new("arn");
}

impl Resource for IpSet {
    const KIND: &'static str = "wafv2/IpSet";
    const FIELDS: &'static [(&'static str, Rule)] =
        &[("scope", Rule::Replace), ("ipAddressVersion", Rule::Replace), ("tags", Rule::Keyed)];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = IpSetOutputs;
}

/// What is let through.
///
/// Rules that Shield Advanced adds by itself are not seen here, and are left as they are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebAcl {
    /// `CLOUDFRONT` or `REGIONAL`.
    pub scope: String,
    /// As [`IpSet::description`].
    pub description: String,
    /// `Allow` or `Block`: what becomes of whatever no rule decides.
    pub default_action: String,
    /// By priority: the lowest is looked at first.
    pub rules: BTreeMap<i32, WebAclRule>,
    pub visibility_config: VisibilityConfig,
    pub tags: Tags,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebAclRule {
    /// Letters, digits, `-` and `_`; at most 128.
    pub name: String,
    pub statement: Statement,
    pub effect: RuleEffect,
    pub visibility_config: VisibilityConfig,
}

/// What a rule does with what it matches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum RuleEffect {
    /// Of a rule of one's own: `Allow`, `Block`, `Count`, `Captcha` or `Challenge`.
    Action(String),
    /// Of a rule group: `None` (its rules act as they say) or `Count` (they only count).
    OverrideAction(String),
}

/// What a rule matches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Statement {
    /// Rules that somebody else keeps, as AWS's `AWSManagedRulesCommonRuleSet`.
    #[serde(rename_all = "camelCase")]
    ManagedRuleGroup {
        /// `AWS`
        vendor_name: String,
        name: String,
        /// Empty for the vendor's default, which moves by itself.
        version: String,
        /// By name of a rule of the group what it does instead: `Count` and its like.
        rule_action_overrides: BTreeMap<String, String>,
    },
    /// More than so many requests within a window.
    #[serde(rename_all = "camelCase")]
    RateBased {
        /// Requests, from 10.
        limit: i64,
        /// Seconds: 60, 120, 300 or 600.
        evaluation_window_sec: i64,
        /// `IP`, or `CONSTANT` with a scope.
        aggregate_key_type: String,
        /// What is counted, where it is not all.
        scope_down: Setting<Box<Statement>>,
    },
    #[serde(rename_all = "camelCase")]
    IpSetReference {
        arn: Val<String>,
    },
    #[serde(rename_all = "camelCase")]
    ByteMatch {
        field_to_match: FieldToMatch,
        search_string: String,
        /// `EXACTLY`, `STARTS_WITH`, `ENDS_WITH`, `CONTAINS` or `CONTAINS_WORD`.
        positional_constraint: String,
        /// In their order; `NONE` where there are none, as AWS wants at least one.
        text_transformations: Vec<String>,
    },
    #[serde(rename_all = "camelCase")]
    GeoMatch {
        /// ISO 3166-1 alpha-2, in capitals.
        country_codes: BTreeSet<String>,
    },
    /// At least two.
    And(Vec<Statement>),
    /// At least two.
    Or(Vec<Statement>),
    Not(Box<Statement>),
    /// Something that Terrace does not make: seen, never wished.
    Other(String),
}

/// The part of a request that is looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum FieldToMatch {
    UriPath,
    QueryString,
    Method,
    AllQueryArguments,
    /// Its name, in lower case.
    SingleHeader(String),
    /// Its name, in lower case.
    SingleQueryArgument(String),
    /// Something that Terrace does not make: seen, never wished.
    Other(String),
}

/// What is counted and kept of the requests that match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VisibilityConfig {
    pub sampled_requests_enabled: bool,
    pub cloud_watch_metrics_enabled: bool,
    /// Letters, digits and `# : . - / _`; not `All` or `Default_Action`.
    pub metric_name: String,
}

/// Of web ACLs.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebAclOutputs {
    pub id: Option<String>,
    pub arn: Option<String>,
}

impl WebAcl {
    pub const ARN: Out<Self, String> = Out::new("arn");
}

impl Resource for WebAcl {
    const KIND: &'static str = "wafv2/WebAcl";
    const FIELDS: &'static [(&'static str, Rule)] = &[("scope", Rule::Replace), ("tags", Rule::Keyed)];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = WebAclOutputs;
}

/// Where a web ACL's log goes. One stands for each web ACL, and is part of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoggingConfiguration {
    /// ARN of the web ACL.
    pub resource_arn: Val<String>,
    /// ARN of a log group, a bucket or a delivery stream whose name begins with `aws-waf-logs-`.
    pub log_destination: Val<String>,
    /// Headers whose values are left out, in lower case.
    pub redacted_headers: BTreeSet<String>,
    /// The query string is left out as well.
    pub redacted_query_string: bool,
}

/// It has none of its own.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggingOutputs {}

impl Resource for LoggingConfiguration {
    const KIND: &'static str = "wafv2/LoggingConfiguration";
    const FIELDS: &'static [(&'static str, Rule)] = &[("resourceArn", Rule::Replace)];
    const ADDRESS: &'static [&'static str] = &["resourceArn"];
    type Outputs = LoggingOutputs;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_keep_their_order_and_statements_read_back() {
        let visible = VisibilityConfig {
            sampled_requests_enabled: true,
            cloud_watch_metrics_enabled: true,
            metric_name: "rate".into(),
        };
        let rate = Statement::RateBased {
            limit: 2000,
            evaluation_window_sec: 300,
            aggregate_key_type: "IP".into(),
            scope_down: Setting::On(Box::new(Statement::Not(Box::new(Statement::IpSetReference {
                arn: "arn:ipset".into(),
            })))),
        };
        let rule = |name: &str, statement: &Statement| WebAclRule {
            name: name.into(),
            statement: statement.clone(),
            effect: RuleEffect::Action("Block".into()),
            visibility_config: visible.clone(),
        };
        let geo = Statement::GeoMatch { country_codes: ["KP".to_owned()].into() };
        let acl = WebAcl {
            scope: "CLOUDFRONT".into(),
            description: String::new(),
            default_action: "Allow".into(),
            rules: [(10, rule("later", &geo)), (2, rule("first", &rate))].into(),
            visibility_config: visible.clone(),
            tags: Tags::new(),
        };
        let wire = serde_json::to_value(&acl).expect("it is JSON");
        let read: WebAcl = serde_json::from_value(wire.clone()).expect("it reads back");
        assert_eq!(read.rules, acl.rules);
        let names: Vec<_> = read.rules.values().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["first", "later"]);
        assert_eq!(wire["rules"]["2"]["effect"], json!({"action": "Block"}));
    }

    #[test]
    fn a_statement_may_refer_to_a_set_that_is_not_there_yet() {
        let late = json!({"ipSetReference": {"arn": {"$terrace": {"node": "office", "output": "arn"}}}});
        let read: Statement = serde_json::from_value(late.clone()).expect("it reads back");
        assert_eq!(serde_json::to_value(&read).expect("it is JSON"), late);
    }
}
