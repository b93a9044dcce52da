//! The rules of a web ACL, as AWS has them and as we do.

use std::collections::BTreeMap;

use aws_sdk_wafv2::error::BuildError;
use aws_sdk_wafv2::types as sdk;
use terrace_engine::Result;
use terrace_model::aws::wafv2::{Statement, VisibilityConfig, WebAclRule};

use super::{actions, statements, whole};

/// How the names of rule groups begin that Shield Advanced adds by itself where it answers attacks on the application
/// layer (Shield developer guide, "Automatic application layer DDoS mitigation").
const OF_SHIELD: &str = "ShieldMitigationRuleGroup";

fn is_ours(rule: &sdk::Rule) -> bool {
    !rule.name().starts_with(OF_SHIELD)
}

/// All but those of Shield, by priority.
pub(super) fn read(seen: &[sdk::Rule]) -> BTreeMap<i32, WebAclRule> {
    seen.iter().filter(|rule| is_ours(rule)).map(|rule| (rule.priority(), one(rule))).collect()
}

fn one(seen: &sdk::Rule) -> WebAclRule {
    let none = || Statement::Other("none".into());
    WebAclRule {
        name: seen.name().to_owned(),
        statement: seen.statement().map_or_else(none, statements::read),
        effect: actions::read(seen),
        visibility_config: seen.visibility_config().map_or_else(
            || VisibilityConfig {
                sampled_requests_enabled: false,
                cloud_watch_metrics_enabled: false,
                metric_name: String::new(),
            },
            read_visibility,
        ),
    }
}

/// All as wished, each over what there is of its name; and those of Shield.
pub(super) fn write(former: Vec<sdk::Rule>, want: &BTreeMap<i32, WebAclRule>) -> Result<Vec<sdk::Rule>> {
    let (former, of_shield): (Vec<_>, Vec<_>) = former.into_iter().partition(is_ours);
    let mut former: BTreeMap<String, sdk::Rule> = former.into_iter().map(|rule| (rule.name.clone(), rule)).collect();
    let one = |(priority, want): (&i32, &WebAclRule)| {
        let new = || sdk::Rule::builder().name(&want.name).priority(*priority).build().map_err(whole);
        let mut rule = former.remove(&want.name).map_or_else(new, Ok)?;
        rule.priority = *priority;
        rule.statement = Some(statements::write(rule.statement.as_ref(), &want.statement)?);
        actions::put(&mut rule, &want.effect)?;
        rule.visibility_config = Some(write_visibility(&want.visibility_config).map_err(whole)?);
        Ok(rule)
    };
    let mut rules = want.iter().map(one).collect::<Result<Vec<_>>>()?;
    rules.extend(of_shield);
    Ok(rules)
}

/// What is counted and kept.
pub(super) fn read_visibility(seen: &sdk::VisibilityConfig) -> VisibilityConfig {
    VisibilityConfig {
        sampled_requests_enabled: seen.sampled_requests_enabled(),
        cloud_watch_metrics_enabled: seen.cloud_watch_metrics_enabled(),
        metric_name: seen.metric_name().to_owned(),
    }
}

/// The same, as AWS takes it.
pub(super) fn write_visibility(want: &VisibilityConfig) -> std::result::Result<sdk::VisibilityConfig, BuildError> {
    let built = sdk::VisibilityConfig::builder().sampled_requests_enabled(want.sampled_requests_enabled);
    built.cloud_watch_metrics_enabled(want.cloud_watch_metrics_enabled).metric_name(&want.metric_name).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wafv2::testing::wish;

    #[test]
    fn rules_read_back_and_those_of_shield_are_neither_seen_nor_lost() {
        let mut seen = write(Vec::new(), &wish().rules).expect("they are written");
        assert_eq!(read(&seen), wish().rules);
        let shield = sdk::Rule::builder().name(format!("{OF_SHIELD}_1")).priority(10_000_000).build();
        let shield = shield.expect("it is whole");
        seen.push(shield.clone());
        assert_eq!(read(&seen), wish().rules);
        let written = write(seen, &BTreeMap::new()).expect("they are written");
        assert_eq!(written, [shield]);
    }

    #[test]
    fn a_rule_that_moves_keeps_what_terrace_does_not_know() {
        let mut seen = write(Vec::new(), &wish().rules).expect("they are written");
        let label = sdk::Label::builder().name("seen").build().expect("it is whole");
        seen[0].rule_labels = Some(vec![label]);
        let moved: BTreeMap<_, _> = wish().rules.into_iter().map(|(priority, rule)| (priority + 10, rule)).collect();
        let written = write(seen.clone(), &moved).expect("they are written");
        assert_eq!(read(&written), moved);
        assert_eq!(written[0].rule_labels, seen[0].rule_labels);
    }
}
