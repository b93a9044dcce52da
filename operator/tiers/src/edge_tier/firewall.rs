//! The firewall: a web ACL with the rules that are said, the rate limit and AWS's own rules, in this order; and its log.

use std::collections::{BTreeMap, BTreeSet};

use terrace_crds::edge_tier::{
    self, DefaultAction, FirewallLogs, FirewallMode, FirewallRule, LoggedQueryString, ManagedRules, RateLimit,
    RuleAction,
};
use terrace_model::aws::cloudfront::Setting;
use terrace_model::aws::wafv2::{LoggingConfiguration, RuleEffect, Statement, VisibilityConfig, WebAcl, WebAclRule};
use terrace_model::identity::short_hash;
use terrace_model::{Node, Val};

use super::GLOBAL;
use super::design::Design;
use super::matching::statement;
use crate::draft::Draft;

/// What serves CloudFront (WAFV2 API reference, `Scope`).
pub(super) const SCOPE: &str = "CLOUDFRONT";
/// The name of the rule that limits the rate. The rules of a spec have names in lower case.
const RATE_LIMIT: &str = "RateLimit";

/// The ARN of the web ACL, where there is a firewall.
pub(super) fn firewall(draft: &mut Draft, design: &Design) -> Option<Val<String>> {
    let wished = design.spec.firewall.as_ref()?;
    let counting = wished.mode == FirewallMode::Count;
    let mut rules = Vec::new();
    for rule in &wished.rules {
        rules.push(own(draft, design, rule, counting));
    }
    rules.extend(wished.rate_limit.as_ref().map(|limit| rate(limit, counting)));
    rules.extend(managed(&wished.managed_rules).into_iter().map(|group| of_aws(group, counting)));
    let blocks = wished.default_action == DefaultAction::Block && !counting;
    let want = WebAcl {
        scope: SCOPE.into(),
        description: design.title(),
        default_action: if blocks { "Block" } else { "Allow" }.into(),
        rules: (0..).zip(rules).collect::<BTreeMap<i32, WebAclRule>>(),
        visibility_config: visible(metric(design)),
        tags: draft.tags(),
    };
    let acl = draft.add_in(GLOBAL, "firewall", want);
    if let Some(logs) = &wished.logs {
        log(draft, logs, &acl);
    }
    Some(acl.out(WebAcl::ARN))
}

/// In the order in which the schema lists them, whatever that of the spec: a set has none.
fn managed(groups: &[ManagedRules]) -> BTreeSet<ManagedRules> {
    groups.iter().copied().collect()
}

fn own(draft: &mut Draft, design: &Design, rule: &FirewallRule, counting: bool) -> WebAclRule {
    let action = if counting { RuleAction::Count } else { rule.action };
    WebAclRule {
        name: rule.name.clone(),
        statement: statement(draft, design, rule),
        effect: RuleEffect::Action(action.as_str().into()),
        visibility_config: visible(rule.name.clone()),
    }
}

fn rate(limit: &RateLimit, counting: bool) -> WebAclRule {
    let action = if counting { RuleAction::Count } else { RuleAction::Block };
    WebAclRule {
        name: RATE_LIMIT.into(),
        statement: Statement::RateBased {
            limit: limit.requests.into(),
            evaluation_window_sec: limit.period_seconds.into(),
            aggregate_key_type: "IP".into(),
            scope_down: Setting::Off,
        },
        effect: RuleEffect::Action(action.as_str().into()),
        visibility_config: visible(RATE_LIMIT.into()),
    }
}

fn of_aws(group: edge_tier::ManagedRules, counting: bool) -> WebAclRule {
    WebAclRule {
        name: group.as_str().into(),
        statement: Statement::ManagedRuleGroup {
            vendor_name: "AWS".into(),
            name: group.as_str().into(),
            version: String::new(),
            rule_action_overrides: BTreeMap::new(),
        },
        effect: RuleEffect::OverrideAction(if counting { "Count" } else { "None" }.into()),
        visibility_config: visible(group.as_str().into()),
    }
}

fn visible(metric_name: String) -> VisibilityConfig {
    VisibilityConfig { sampled_requests_enabled: true, cloud_watch_metrics_enabled: true, metric_name }
}

/// The metric of the whole: at most 128 characters (WAFV2 API reference, VisibilityConfig, `MetricName`).
fn metric(design: &Design) -> String {
    let object = &design.facts.object;
    let name = format!("{}-{}", object.namespace, object.name);
    match name.get(..117) {
        Some(head) if name.len() > 128 => format!("{head}-{}", short_hash(&[&name])),
        _ => name,
    }
}

fn log(draft: &mut Draft, logs: &FirewallLogs, acl: &Node<WebAcl>) {
    let want = LoggingConfiguration {
        resource_arn: acl.out(WebAcl::ARN),
        log_destination: logs.destination.clone().into(),
        redacted_headers: logs.redact_headers.iter().map(|name| name.to_lowercase()).collect(),
        redacted_query_string: logs.query_string == LoggedQueryString::Omit,
    };
    draft.add_in(GLOBAL, "firewall-logs", want);
}
