//! What a request must be like to meet a rule, to and from the SDK's types.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types as sdk;
use terrace_model::aws::elbv2::{HttpHeaderCondition, QueryStringPair, RuleCondition};

fn list(values: &BTreeSet<String>) -> Option<Vec<String>> {
    Some(values.iter().cloned().collect())
}

/// As the SDK has it.
pub(super) fn write(condition: &RuleCondition) -> sdk::RuleCondition {
    let builder = sdk::RuleCondition::builder();
    match condition {
        RuleCondition::HostHeader(values) => {
            let config = sdk::HostHeaderConditionConfig::builder().set_values(list(values));
            builder.field("host-header").host_header_config(config.build())
        }
        RuleCondition::HttpHeader(HttpHeaderCondition { http_header_name, values }) => {
            let config = sdk::HttpHeaderConditionConfig::builder().http_header_name(http_header_name);
            builder.field("http-header").http_header_config(config.set_values(list(values)).build())
        }
        RuleCondition::HttpRequestMethod(values) => {
            let config = sdk::HttpRequestMethodConditionConfig::builder().set_values(list(values));
            builder.field("http-request-method").http_request_method_config(config.build())
        }
        RuleCondition::PathPattern(values) => {
            let config = sdk::PathPatternConditionConfig::builder().set_values(list(values));
            builder.field("path-pattern").path_pattern_config(config.build())
        }
        RuleCondition::QueryString(pairs) => {
            let pair = |pair: &QueryStringPair| {
                sdk::QueryStringKeyValuePair::builder().set_key(pair.key.clone()).value(&pair.value).build()
            };
            let config = sdk::QueryStringConditionConfig::builder();
            builder
                .field("query-string")
                .query_string_config(config.set_values(Some(pairs.iter().map(pair).collect())).build())
        }
        RuleCondition::SourceIp(values) => {
            let config = sdk::SourceIpConditionConfig::builder().set_values(list(values));
            builder.field("source-ip").source_ip_config(config.build())
        }
    }
    .build()
}

/// From what AWS shows. A condition by regular expressions, which Terrace never sets, reads as one without values.
pub(super) fn read(condition: &sdk::RuleCondition) -> Option<RuleCondition> {
    let set = |values: Option<&[String]>| -> BTreeSet<String> {
        // The elder form of hosts and paths.
        values.unwrap_or_else(|| condition.values()).iter().cloned().collect()
    };
    Some(match condition.field()? {
        "host-header" => RuleCondition::HostHeader(set(condition.host_header_config().map(|config| config.values()))),
        "path-pattern" => {
            RuleCondition::PathPattern(set(condition.path_pattern_config().map(|config| config.values())))
        }
        "source-ip" => RuleCondition::SourceIp(set(condition.source_ip_config().map(|config| config.values()))),
        "http-request-method" => {
            let config = condition.http_request_method_config();
            RuleCondition::HttpRequestMethod(set(config.map(|config| config.values())))
        }
        "http-header" => {
            let config = condition.http_header_config();
            RuleCondition::HttpHeader(HttpHeaderCondition {
                http_header_name: config.and_then(|config| config.http_header_name()).unwrap_or_default().to_owned(),
                values: set(config.map(|config| config.values())),
            })
        }
        "query-string" => {
            let pairs = condition.query_string_config().map(|config| config.values()).unwrap_or_default();
            RuleCondition::QueryString(pairs.iter().map(read_pair).collect())
        }
        _ => return None,
    })
}

fn read_pair(pair: &sdk::QueryStringKeyValuePair) -> QueryStringPair {
    let key = pair.key().filter(|key| !key.is_empty()).map(str::to_owned);
    QueryStringPair { key, value: pair.value().unwrap_or_default().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(values: &[&str]) -> BTreeSet<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn every_condition_reads_back_as_it_was_written() {
        let header = HttpHeaderCondition { http_header_name: "x-bot".into(), values: values(&["1", "yes"]) };
        let pair =
            |key: Option<&str>, value: &str| QueryStringPair { key: key.map(str::to_owned), value: value.into() };
        for condition in [
            RuleCondition::HostHeader(values(&["shop.example.com", "*.example.org"])),
            RuleCondition::HttpHeader(header),
            RuleCondition::HttpRequestMethod(values(&["GET"])),
            RuleCondition::PathPattern(values(&["/api/*"])),
            RuleCondition::QueryString([pair(Some("version"), "2"), pair(None, "debug")].into()),
            RuleCondition::SourceIp(values(&["10.0.0.0/8"])),
        ] {
            assert_eq!(read(&write(&condition)), Some(condition));
        }
    }

    #[test]
    fn the_elder_form_is_read_and_regular_expressions_are_what_nobody_wishes() {
        let elder = sdk::RuleCondition::builder().field("path-pattern").values("/a").build();
        assert_eq!(read(&elder), Some(RuleCondition::PathPattern(values(&["/a"]))));
        let config = sdk::PathPatternConditionConfig::builder().regex_values("^/a$").build();
        let regex = sdk::RuleCondition::builder().field("path-pattern").path_pattern_config(config).build();
        assert_eq!(read(&regex), Some(RuleCondition::PathPattern(values(&[]))));
    }
}
