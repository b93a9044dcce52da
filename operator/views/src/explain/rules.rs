//! The rules (CEL) that concern a field: its own, and those of what it is in that speak of it.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, ValidationRule};
use serde::Serialize;

use super::find::{Route, item};

/// A rule beyond types and bounds, that the API server checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// What it asks for, and what to do.
    pub message: String,
    /// The rule in CEL.
    pub rule: String,
    /// Where it stands: what `self` is in it.
    pub on: String,
}

/// The rules that concern what a route ends in, its own first.
pub(super) fn concerning(kind: &str, route: &Route<'_>) -> Vec<Rule> {
    let mut found: Vec<Rule> = Vec::new();
    for (depth, schema) in route.schemas.iter().enumerate().rev() {
        let rest = &route.names[depth..];
        let through_list = route.schemas[depth + 1..].iter().rev().skip(1).any(|schema| schema.items.is_some());
        let on = [&[kind.to_owned()], &route.names[..depth]].concat().join(".");
        for rule in of(schema).filter(|rule| speaks_of(&rule.rule, rest, through_list)) {
            // A type's rule may be said once more by whoever uses it, in better words.
            found.retain(|earlier| earlier.on != on || earlier.rule != rule.rule);
            found.push(Rule { message: message(rule), rule: rule.rule.clone(), on: on.clone() });
        }
    }
    found
}

/// The rules of a schema, and of the items where it is a list.
fn of(schema: &JSONSchemaProps) -> impl Iterator<Item = &ValidationRule> {
    let each = Some(item(schema)).filter(|_| schema.items.is_some());
    [Some(schema), each].into_iter().flatten().flat_map(|schema| schema.x_kubernetes_validations.iter().flatten())
}

fn message(rule: &ValidationRule) -> String {
    rule.message.clone().unwrap_or_else(|| format!("must hold: {}", rule.rule))
}

/// Whether a rule speaks of the field `self.a.b`; through a list, where `self` gives way to the name of an item, of
/// `self.a` and of some `.b`.
fn speaks_of(rule: &str, names: &[String], through_list: bool) -> bool {
    let whole = format!("self.{}", names.join("."));
    match names {
        [] => true,
        _ if names_it(rule, &whole) => true,
        [first, rest @ ..] if through_list => {
            names_it(rule, &format!("self.{first}")) && rest.iter().all(|name| names_it(rule, &format!(".{name}")))
        }
        _ => false,
    }
}

/// Whether the text stands in the rule and no letter goes on from it.
fn names_it(rule: &str, text: &str) -> bool {
    let ends = |at: usize| !rule[at + text.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_');
    rule.match_indices(text).any(|(at, _)| ends(at))
}

#[cfg(test)]
mod tests {
    use super::super::explain;

    fn rules(path: &str) -> Vec<(String, String)> {
        let explained = explain(path).expect("known");
        explained.rules.into_iter().map(|rule| (rule.on, rule.message)).collect()
    }

    fn says(path: &str, on: &str, words: &str) -> bool {
        rules(path).iter().any(|(place, message)| place == on && message.contains(words))
    }

    #[test]
    fn a_field_has_its_own_rules_and_those_above_that_speak_of_it() {
        assert!(says("dt.engine", "DataTier.spec.engine", "immutable"));
        assert!(says("dt.storage", "DataTier.spec.storage", "storage.size must be between"));
        assert!(says("dt.storage", "DataTier.spec", "need storage.size"));
        assert!(says("dt.storage.iops", "DataTier.spec.storage", "gp3 of 400Gi and more"));
        assert!(!says("dt.storage.iops", "DataTier.spec", "need storage.size"));
        assert!(!says("dt.storage.iops", "DataTier.spec.storage", "storage.maxSize must be at most"));
    }

    #[test]
    fn a_field_of_a_listed_object_has_the_rules_on_the_list() {
        assert!(says("et.routes.path", "EdgeTier.spec", "path /*"));
        assert!(says("et.origins.failover", "EdgeTier.spec", "failover group names two"));
        assert!(says("et.origins.failover", "EdgeTier.spec.origins", "an origin is one thing"));
        assert!(says("ct.logs", "CacheTier.spec.logs", "exactly one of"));
    }

    #[test]
    fn a_name_that_goes_on_is_another_name() {
        assert!(!says("dt.engineVersion", "DataTier.spec", "aurora is for"));
        assert!(super::names_it("has(self.iops)", "self.iops") && !super::names_it("self.iopsMax", "self.iops"));
    }

    #[test]
    fn a_rule_that_is_said_twice_is_shown_in_the_words_that_came_last() {
        let messages: Vec<String> = rules("et.firewall.rules.match.header").into_iter().map(|rule| rule.1).collect();
        assert_eq!(messages.iter().filter(|message| message.contains("matched in one way")).count(), 1);
        assert!(messages.iter().any(|message| message.starts_with("a header is matched")));
    }
}
