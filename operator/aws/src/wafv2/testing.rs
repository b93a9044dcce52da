//! Fixtures that the tests of WAF share.

use std::collections::BTreeMap;

use aws_smithy_types::error::ErrorMetadata;
use serde_json::Value;
use terrace_model::aws::Tags;
use terrace_model::aws::cloudfront::Setting;
use terrace_model::aws::wafv2::{FieldToMatch, RuleEffect, Statement, VisibilityConfig, WebAcl, WebAclRule};
use terrace_model::diff::{OwnedKeys, diff};
use terrace_model::{Diff, KindSpec, Resource};

/// An error as a service answers it.
pub fn meta(code: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message("AWS says no").build()
}

pub fn managed(name: &str) -> Statement {
    Statement::ManagedRuleGroup {
        vendor_name: "AWS".into(),
        name: name.into(),
        version: String::new(),
        rule_action_overrides: [("SizeRestrictions_BODY".to_owned(), "Count".to_owned())].into(),
    }
}

pub fn rate_limit(limit: i64, scope_down: Setting<Box<Statement>>) -> Statement {
    Statement::RateBased { limit, evaluation_window_sec: 300, aggregate_key_type: "IP".into(), scope_down }
}

pub fn byte_match() -> Statement {
    Statement::ByteMatch {
        field_to_match: FieldToMatch::QueryString,
        search_string: "debug=1".into(),
        positional_constraint: "CONTAINS".into(),
        text_transformations: vec!["URL_DECODE".into(), "LOWERCASE".into()],
    }
}

pub fn visibility(metric: &str) -> VisibilityConfig {
    VisibilityConfig { sampled_requests_enabled: true, cloud_watch_metrics_enabled: true, metric_name: metric.into() }
}

fn rule(name: &str, statement: Statement, effect: RuleEffect) -> WebAclRule {
    WebAclRule { name: name.into(), statement, effect, visibility_config: visibility(name) }
}

/// A wish as the EdgeTier makes it.
pub fn wish() -> WebAcl {
    let block = || RuleEffect::Action("Block".into());
    WebAcl {
        scope: "CLOUDFRONT".into(),
        description: "Firewall of shop".into(),
        default_action: "Allow".into(),
        rules: [
            (0, rule("no-debug", byte_match(), block())),
            (1, rule("rate", rate_limit(2000, Setting::Off), block())),
            (2, rule("common", managed("AWSManagedRulesCommonRuleSet"), RuleEffect::OverrideAction("None".into()))),
        ]
        .into(),
        visibility_config: visibility("shop"),
        tags: Tags::new(),
    }
}

pub fn json(wish: &impl Resource) -> Value {
    serde_json::to_value(wish).expect("a wish is JSON")
}

/// What differs between two wishes of a kind; the keys of `have` are ours.
pub fn between<R: Resource>(have: &R, want: &R) -> Diff {
    let (have, want) = (json(have), json(want));
    diff(&KindSpec::of::<R>(), &want, &have, &OwnedKeys::new(), &BTreeMap::new())
}
