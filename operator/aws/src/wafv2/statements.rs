//! Statements, as AWS has them and as we do. What AWS has beside our fields is kept as long as the statement stays of its
//! kind.

use std::collections::BTreeMap;

use aws_sdk_wafv2::primitives::Blob;
use aws_sdk_wafv2::types as sdk;
use terrace_engine::{Error, Result};
use terrace_model::aws::cloudfront::Setting;
use terrace_model::aws::wafv2::Statement;

use super::{actions, fields, whole};
use crate::shared::{known, some};

/// Seconds that AWS takes where nothing is said (API reference, RateBasedStatement).
const WINDOW: i64 = 300;

/// What is matched; of what Terrace does not make, the SDK's own words.
pub(super) fn read(seen: &sdk::Statement) -> Statement {
    let found = read_group(seen).or_else(|| read_rate(seen)).or_else(|| read_match(seen)).or_else(|| read_logic(seen));
    found.unwrap_or_else(|| Statement::Other(format!("{seen:?}")))
}

fn read_group(seen: &sdk::Statement) -> Option<Statement> {
    let group = seen.managed_rule_group_statement()?;
    let one = |found: &sdk::RuleActionOverride| {
        let action = found.action_to_use().map(actions::word).unwrap_or_default();
        (found.name().to_owned(), action.to_owned())
    };
    Some(Statement::ManagedRuleGroup {
        vendor_name: group.vendor_name().to_owned(),
        name: group.name().to_owned(),
        version: group.version().unwrap_or_default().to_owned(),
        rule_action_overrides: group.rule_action_overrides().iter().map(one).collect(),
    })
}

fn read_rate(seen: &sdk::Statement) -> Option<Statement> {
    let rate = seen.rate_based_statement()?;
    let window = rate.evaluation_window_sec();
    Some(Statement::RateBased {
        limit: rate.limit(),
        evaluation_window_sec: if window == 0 { WINDOW } else { window },
        aggregate_key_type: rate.aggregate_key_type().as_str().to_owned(),
        scope_down: rate.scope_down_statement().map(|scope| Box::new(read(scope))).into(),
    })
}

fn read_match(seen: &sdk::Statement) -> Option<Statement> {
    if let Some(set) = seen.ip_set_reference_statement() {
        return Some(Statement::IpSetReference { arn: set.arn().into() });
    }
    if let Some(geo) = seen.geo_match_statement() {
        let codes = geo.country_codes().iter().map(|code| code.as_str().to_owned()).collect();
        return Some(Statement::GeoMatch { country_codes: codes });
    }
    let bytes = seen.byte_match_statement()?;
    let mut transformations: Vec<_> = bytes.text_transformations().iter().collect();
    transformations.sort_by_key(|one| one.priority());
    Some(Statement::ByteMatch {
        field_to_match: fields::read(bytes.field_to_match()?),
        search_string: String::from_utf8_lossy(bytes.search_string().as_ref()).into_owned(),
        positional_constraint: bytes.positional_constraint().as_str().to_owned(),
        text_transformations: transformations.iter().map(|one| one.r#type().as_str().to_owned()).collect(),
    })
}

fn read_logic(seen: &sdk::Statement) -> Option<Statement> {
    if let Some(all) = seen.and_statement() {
        return Some(Statement::And(all.statements().iter().map(read).collect()));
    }
    if let Some(any) = seen.or_statement() {
        return Some(Statement::Or(any.statements().iter().map(read).collect()));
    }
    Some(Statement::Not(Box::new(read(seen.not_statement()?.statement()?))))
}

/// A statement as wished, over what there is.
pub(super) fn write(former: Option<&sdk::Statement>, want: &Statement) -> Result<sdk::Statement> {
    if let Some(same) = former.filter(|former| read(former) == *want) {
        return Ok(same.clone());
    }
    let built = sdk::Statement::builder();
    Ok(match want {
        Statement::ManagedRuleGroup { .. } => built.managed_rule_group_statement(group(former, want)?),
        Statement::RateBased { .. } => built.rate_based_statement(rate(former, want)?),
        Statement::IpSetReference { arn } => {
            let former = former.and_then(|former| former.ip_set_reference_statement());
            let forwarded = former.and_then(|former| former.ip_set_forwarded_ip_config.clone());
            let set = sdk::IpSetReferenceStatement::builder().arn(known(arn)?);
            built.ip_set_reference_statement(set.set_ip_set_forwarded_ip_config(forwarded).build().map_err(whole)?)
        }
        Statement::GeoMatch { country_codes } => {
            let former = former.and_then(|former| former.geo_match_statement());
            let codes = country_codes.iter().map(|code| code.as_str().into()).collect();
            let geo = sdk::GeoMatchStatement::builder().set_country_codes(Some(codes));
            let forwarded = former.and_then(|former| former.forwarded_ip_config.clone());
            built.geo_match_statement(geo.set_forwarded_ip_config(forwarded).build())
        }
        Statement::ByteMatch { .. } => built.byte_match_statement(bytes(want)?),
        Statement::And(all) => {
            let all = sdk::AndStatement::builder().set_statements(Some(several(all)?));
            built.and_statement(all.build().map_err(whole)?)
        }
        Statement::Or(any) => {
            let any = sdk::OrStatement::builder().set_statements(Some(several(any)?));
            built.or_statement(any.build().map_err(whole)?)
        }
        Statement::Not(one) => built.not_statement(sdk::NotStatement::builder().statement(write(None, one)?).build()),
        Statement::Other(other) => return Err(Error::invalid(format!("{other} cannot be wished"))),
    }
    .build())
}

fn several(want: &[Statement]) -> Result<Vec<sdk::Statement>> {
    want.iter().map(|one| write(None, one)).collect()
}

fn group(former: Option<&sdk::Statement>, want: &Statement) -> Result<sdk::ManagedRuleGroupStatement> {
    let Statement::ManagedRuleGroup { vendor_name, name, version, rule_action_overrides } = want else {
        return Err(Error::invalid("it is no rule group"));
    };
    let former = former.and_then(|former| former.managed_rule_group_statement());
    let former = former.filter(|former| former.name() == name && former.vendor_name() == vendor_name);
    let built = sdk::ManagedRuleGroupStatement::builder().vendor_name(vendor_name).name(name);
    built
        .set_version((!version.is_empty()).then(|| version.clone()))
        .set_rule_action_overrides(some(overrides(former, rule_action_overrides)?))
        .set_excluded_rules(former.and_then(|former| former.excluded_rules.clone()))
        .set_managed_rule_group_configs(former.and_then(|former| former.managed_rule_group_configs.clone()))
        .set_scope_down_statement(former.and_then(|former| former.scope_down_statement.clone()))
        .build()
        .map_err(whole)
}

fn overrides(
    former: Option<&sdk::ManagedRuleGroupStatement>,
    want: &BTreeMap<String, String>,
) -> Result<Vec<sdk::RuleActionOverride>> {
    let former = former.map(|former| former.rule_action_overrides()).unwrap_or_default();
    let one = |(rule, word): (&String, &String)| {
        let before = former.iter().find(|former| former.name() == rule);
        let action = actions::action(before.and_then(|before| before.action_to_use.clone()), word)?;
        sdk::RuleActionOverride::builder().name(rule).action_to_use(action).build().map_err(whole)
    };
    want.iter().map(one).collect()
}

fn rate(former: Option<&sdk::Statement>, want: &Statement) -> Result<sdk::RateBasedStatement> {
    let Statement::RateBased { limit, evaluation_window_sec, aggregate_key_type, scope_down } = want else {
        return Err(Error::invalid("it is no rate"));
    };
    let former = former.and_then(|former| former.rate_based_statement());
    let same = former.filter(|former| former.aggregate_key_type().as_str() == aggregate_key_type);
    let before = former.and_then(|former| former.scope_down_statement());
    let scope = match scope_down {
        Setting::Off => None,
        Setting::On(scope) => Some(Box::new(write(before, scope)?)),
    };
    sdk::RateBasedStatement::builder()
        .limit(*limit)
        .evaluation_window_sec(*evaluation_window_sec)
        .aggregate_key_type(aggregate_key_type.as_str().into())
        .set_scope_down_statement(scope)
        .set_custom_keys(same.and_then(|former| former.custom_keys.clone()))
        .set_forwarded_ip_config(same.and_then(|former| former.forwarded_ip_config.clone()))
        .build()
        .map_err(whole)
}

fn bytes(want: &Statement) -> Result<sdk::ByteMatchStatement> {
    let Statement::ByteMatch { field_to_match, search_string, positional_constraint, text_transformations } = want
    else {
        return Err(Error::invalid("it is no match"));
    };
    let one = |(priority, word): (i32, &String)| {
        sdk::TextTransformation::builder().priority(priority).r#type(word.as_str().into()).build().map_err(whole)
    };
    let transformations = (0..).zip(text_transformations).map(one).collect::<Result<Vec<_>>>()?;
    sdk::ByteMatchStatement::builder()
        .field_to_match(fields::write(field_to_match)?)
        .search_string(Blob::new(search_string.as_bytes()))
        .positional_constraint(positional_constraint.as_str().into())
        .set_text_transformations(Some(transformations))
        .build()
        .map_err(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wafv2::testing::{byte_match, managed, rate_limit};

    #[test]
    fn every_statement_reads_back_whatever_was_there_before() {
        let set = Statement::IpSetReference { arn: "arn:aws:wafv2:eu-west-1:1:regional/ipset/a/b".into() };
        let geo = Statement::GeoMatch { country_codes: ["DE".to_owned(), "FR".to_owned()].into() };
        let all = [
            managed("AWSManagedRulesCommonRuleSet"),
            rate_limit(2000, Setting::Off),
            rate_limit(100, Setting::On(Box::new(geo.clone()))),
            byte_match(),
            Statement::And(vec![geo.clone(), byte_match()]),
            Statement::Or(vec![set.clone(), byte_match()]),
            Statement::Not(Box::new(set.clone())),
            set,
            geo,
        ];
        for before in &all {
            let before = write(None, before).expect("it is written");
            for after in &all {
                assert_eq!(read(&write(Some(&before), after).expect("it is written")), *after);
            }
        }
    }

    #[test]
    fn what_terrace_does_not_know_stays_while_the_statement_is_of_its_kind() {
        let mut seen = write(None, &rate_limit(2000, Setting::Off)).expect("it is written");
        let forwarded =
            sdk::ForwardedIpConfig::builder().header_name("X-Forwarded-For").fallback_behavior("MATCH".into());
        let rate = seen.rate_based_statement.as_mut().expect("it is one");
        rate.forwarded_ip_config = forwarded.build().ok();
        let written = write(Some(&seen), &rate_limit(100, Setting::Off)).expect("it is written");
        let rate = written.rate_based_statement().expect("it is one");
        assert_eq!(rate.limit(), 100);
        assert!(rate.forwarded_ip_config().is_some());
    }

    #[test]
    fn a_strange_statement_is_seen_and_never_made() {
        let xss = sdk::XssMatchStatement::builder().field_to_match(
            fields::write(&terrace_model::aws::wafv2::FieldToMatch::QueryString).expect("it is written"),
        );
        let none = sdk::TextTransformation::builder().priority(0).r#type("NONE".into()).build().expect("it is whole");
        let xss = xss.text_transformations(none).build().expect("it is whole");
        let seen = read(&sdk::Statement::builder().xss_match_statement(xss).build());
        assert!(matches!(seen, Statement::Other(_)));
        assert!(write(None, &seen).is_err());
    }
}
