//! The firewall of an EdgeTier: a web ACL of AWS WAF.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// What is let through, in this order: `rules`, then `rateLimit`, then `managedRules`; what none decides is `defaultAction`'s.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Firewall {
    /// Groups of rules that AWS keeps (AWS WAF Developer Guide, "AWS Managed Rules rule groups list"). BotControl is charged
    /// by request.
    #[serde(default)]
    #[schemars(length(max = 12))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub managed_rules: Vec<ManagedRules>,
    /// The most requests of one address within a period; more are blocked. Absent: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// Rules of one's own. The first that matches decides.
    #[serde(default)]
    #[schemars(length(max = 50))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub rules: Vec<FirewallRule>,
    /// Allow (default) or Block: what becomes of a request that no rule decides.
    #[serde(default)]
    pub default_action: DefaultAction,
    /// Enforce (default): rules do what they say. Count: they only count what they would do, and everything is let through.
    #[serde(default)]
    pub mode: FirewallMode,
    /// Where what was looked at is logged. Absent: nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<FirewallLogs>,
}

/// Whether rules act.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum FirewallMode {
    /// They do.
    #[default]
    Enforce,
    /// They count.
    Count,
}

/// What becomes of a request that no rule decides.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum DefaultAction {
    /// It is let through.
    #[default]
    Allow,
    /// It is refused.
    Block,
}

/// A group of rules that AWS keeps.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[schemars(inline)]
pub enum ManagedRules {
    /// What harms most applications.
    Common,
    /// Requests that are known to exploit something.
    KnownBadInputs,
    /// SQL injection.
    #[serde(rename = "SQLInjection")]
    SqlInjection,
    /// Addresses that Amazon knows as bad.
    #[serde(rename = "IPReputation")]
    IpReputation,
    /// Proxies, VPNs, Tor.
    #[serde(rename = "AnonymousIP")]
    AnonymousIp,
    /// Pages for administrators.
    AdminProtection,
    /// Linux.
    Linux,
    /// POSIX systems.
    #[serde(rename = "POSIX")]
    Posix,
    /// Windows.
    Windows,
    /// PHP.
    #[serde(rename = "PHP")]
    Php,
    /// WordPress.
    WordPress,
    /// Bots.
    BotControl,
}

impl ManagedRules {
    /// All groups.
    pub const ALL: [ManagedRules; 12] = [
        Self::Common,
        Self::KnownBadInputs,
        Self::SqlInjection,
        Self::IpReputation,
        Self::AnonymousIp,
        Self::AdminProtection,
        Self::Linux,
        Self::Posix,
        Self::Windows,
        Self::Php,
        Self::WordPress,
        Self::BotControl,
    ];

    /// As the WAFV2 API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Common => "AWSManagedRulesCommonRuleSet",
            Self::KnownBadInputs => "AWSManagedRulesKnownBadInputsRuleSet",
            Self::SqlInjection => "AWSManagedRulesSQLiRuleSet",
            Self::IpReputation => "AWSManagedRulesAmazonIpReputationList",
            Self::AnonymousIp => "AWSManagedRulesAnonymousIpList",
            Self::AdminProtection => "AWSManagedRulesAdminProtectionRuleSet",
            Self::Linux => "AWSManagedRulesLinuxRuleSet",
            Self::Posix => "AWSManagedRulesUnixRuleSet",
            Self::Windows => "AWSManagedRulesWindowsRuleSet",
            Self::Php => "AWSManagedRulesPHPRuleSet",
            Self::WordPress => "AWSManagedRulesWordPressRuleSet",
            Self::BotControl => "AWSManagedRulesBotControlRuleSet",
        }
    }
}

/// The most requests of one address within a period.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "self.periodSeconds in [60, 120, 300, 600]",
    "AWS WAF counts over 60, 120, 300 or 600 seconds: set rateLimit.periodSeconds to one of them"
))]
pub struct RateLimit {
    /// Requests, from 10.
    #[schemars(range(min = 10, max = 2_000_000_000))]
    pub requests: u32,
    /// 60, 120, 300 (default) or 600.
    #[serde(default = "five_minutes")]
    #[schemars(range(min = 60, max = 600))]
    pub period_seconds: u16,
}

/// A rule of one's own.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct FirewallRule {
    /// Its name, in metrics and logs too.
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL))]
    pub name: String,
    /// Allow, Block, Count, Captcha or Challenge. Count goes on to the next rule.
    pub action: RuleAction,
    /// What it is about: all that is said must be so.
    #[serde(rename = "match")]
    pub match_: RuleMatch,
}

/// What a rule does with what it matches.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(inline)]
pub enum RuleAction {
    /// Lets it through.
    Allow,
    /// Refuses it.
    Block,
    /// Counts it.
    Count,
    /// Puts a puzzle to the viewer.
    Captcha,
    /// Tests the browser in silence.
    Challenge,
}

impl RuleAction {
    /// As the WAFV2 API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Block => "Block",
            Self::Count => "Count",
            Self::Captcha => "Captcha",
            Self::Challenge => "Challenge",
        }
    }
}

/// What a rule is about: at least one of these, and all that are said.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "size(self.ip) > 0 || size(self.countries) > 0 || has(self.path) || has(self.method) || has(self.queryString) || has(self.header)",
    "a rule is about something: set match.ip, countries, path, method, queryString or header"
))]
pub struct RuleMatch {
    /// The viewer's address is in one of these blocks, as 203.0.113.0/24 or 2001:db8::/32.
    #[serde(default)]
    #[schemars(
        length(max = 1000),
        inner(
            length(min = 4, max = 43),
            regex(
                pattern = r"^(([0-9]{1,3}\.){3}[0-9]{1,3}/([1-9]|[12][0-9]|3[0-2])|[0-9a-f:]+/([1-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))$"
            )
        )
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub ip: Vec<String>,
    /// The viewer is in one of these countries, as DE (ISO 3166-1 alpha-2).
    #[serde(default)]
    #[schemars(length(max = 50), inner(length(equal = 2), regex(pattern = "^[A-Z]{2}$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub countries: Vec<String>,
    /// The path is like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<TextMatch>,
    /// The method is this, as POST.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16), regex(pattern = "^[A-Z]+$"))]
    pub method: Option<String>,
    /// The query string, or the parameter of it that `name` says, is like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_string: Option<ParameterMatch>,
    /// The header is like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<HeaderMatch>,
}

/// A text, in lower or upper case.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "[has(self.exact), has(self.startsWith), has(self.endsWith), has(self.contains)].filter(said, said).size() == 1",
    "a text is matched in one way: set exactly one of exact, startsWith, endsWith and contains"
))]
pub struct TextMatch {
    /// It is this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub exact: Option<String>,
    /// It begins with this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub starts_with: Option<String>,
    /// It ends with this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub ends_with: Option<String>,
    /// This is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub contains: Option<String>,
}

/// The query string, or one parameter of it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "[has(self.exact), has(self.startsWith), has(self.endsWith), has(self.contains)].filter(said, said).size() == 1",
    "a query string is matched in one way: set exactly one of exact, startsWith, endsWith and contains"
))]
pub struct ParameterMatch {
    /// The parameter's name. Absent: the whole query string.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 30))]
    pub name: Option<String>,
    /// What its value is like.
    #[serde(flatten)]
    pub text: TextMatch,
}

/// One header.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "[has(self.exact), has(self.startsWith), has(self.endsWith), has(self.contains)].filter(said, said).size() == 1",
    "a header is matched in one way: set exactly one of exact, startsWith, endsWith and contains"
))]
pub struct HeaderMatch {
    /// The header's name, as user-agent.
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9_-]+$"))]
    pub name: String,
    /// What its value is like.
    #[serde(flatten)]
    pub text: TextMatch,
}

/// Where a web ACL's log goes.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct FirewallLogs {
    /// ARN of a log group, a Data Firehose stream (both in us-east-1) or a bucket, whose name begins with aws-waf-logs-. The
    /// Environment's `limits.allow` must admit it.
    #[schemars(
        length(min = 1, max = 1011),
        regex(
            pattern = "^arn:aws[a-z-]*:(logs:us-east-1:[0-9]{12}:log-group:|firehose:us-east-1:[0-9]{12}:deliverystream/|s3:::)aws-waf-logs-[A-Za-z0-9_./#-]+$"
        )
    )]
    pub destination: String,
    /// Headers whose values are left out. Absent: authorization and cookie.
    #[serde(default = "secret_headers")]
    #[schemars(length(max = 10), inner(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9_-]+$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub redact_headers: Vec<String>,
    /// Whether the query string is logged: Include (default) or Omit.
    #[serde(default)]
    pub query_string: LoggedQueryString,
}

/// Whether the query string is logged.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum LoggedQueryString {
    /// It is.
    #[default]
    Include,
    /// It is left out.
    Omit,
}

fn five_minutes() -> u16 {
    300
}

fn secret_headers() -> Vec<String> {
    ["authorization", "cookie"].map(str::to_owned).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_group_of_managed_rules_has_a_name_of_its_own() {
        let names: BTreeSet<_> = ManagedRules::ALL.map(ManagedRules::as_str).into();
        assert_eq!(names.len(), ManagedRules::ALL.len());
        assert!(names.iter().all(|name| name.starts_with("AWSManagedRules")));
    }

    #[test]
    fn a_text_is_matched_where_it_stands() {
        let read: ParameterMatch = serde_json::from_str(r#"{"contains": "debug=1"}"#).unwrap();
        assert_eq!((read.name, read.text.contains.as_deref()), (None, Some("debug=1")));
        let action = RuleAction::Challenge;
        assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
    }
}
