//! A selector of namespaces by their labels, as Kubernetes writes them, with bounds.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// Selects namespaces by label: all of `matchLabels` and all of `matchExpressions` must hold.
///
/// An empty selector is refused, since in Kubernetes it would select everything.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "size(self.matchLabels) > 0 || size(self.matchExpressions) > 0",
    "an empty selector would admit every namespace: name at least one label in matchLabels or matchExpressions"
))]
pub struct NamespaceSelector {
    /// Labels that the namespace must bear, with these values.
    #[serde(default)]
    #[schemars(schema_with = "schema::strings::<32, 63>")]
    pub match_labels: BTreeMap<String, String>,
    /// Further conditions on its labels.
    #[serde(default)]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub match_expressions: Vec<LabelExpression>,
}

/// One condition on a label.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "(self.operator == 'In' || self.operator == 'NotIn') == (size(self.values) > 0)",
    "In and NotIn need values; Exists and DoesNotExist take none"
))]
pub struct LabelExpression {
    /// The label.
    #[schemars(length(min = 1, max = 317))]
    pub key: String,
    /// How the label is compared: In, NotIn, Exists or DoesNotExist.
    pub operator: LabelOperator,
    /// The values to compare with; for In and NotIn only.
    #[serde(default)]
    #[schemars(length(max = 64), inner(length(max = 63)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub values: Vec<String>,
}

/// How a label is compared.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(inline)]
pub enum LabelOperator {
    /// The label has one of the values.
    In,
    /// The label has none of the values, or is absent.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

impl NamespaceSelector {
    /// Whether a namespace with these labels is selected. An empty selector, which the schema refuses, selects nothing.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let empty = self.match_labels.is_empty() && self.match_expressions.is_empty();
        !empty
            && self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|expression| expression.matches(labels))
    }
}

impl LabelExpression {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        let listed = value.is_some_and(|value| self.values.contains(value));
        match self.operator {
            LabelOperator::In => listed,
            LabelOperator::NotIn => !listed,
            LabelOperator::Exists => value.is_some(),
            LabelOperator::DoesNotExist => value.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(selector: &str, labels: &[(&str, &str)]) -> bool {
        let selector: NamespaceSelector = serde_saphyr::from_str(selector).unwrap();
        let labels = labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        selector.matches(&labels)
    }

    #[test]
    fn a_selector_holds_when_all_its_parts_hold() {
        let prod = "matchLabels: {stage: prod}";
        assert!(selects(prod, &[("stage", "prod"), ("team", "shop")]));
        assert!(!selects(prod, &[("stage", "test")]));
        assert!(!selects(prod, &[]));

        let both = "{matchLabels: {stage: prod}, matchExpressions: [{key: team, operator: In, values: [shop, web]}]}";
        assert!(selects(both, &[("stage", "prod"), ("team", "web")]));
        assert!(!selects(both, &[("stage", "prod"), ("team", "hr")]));
        assert!(!selects(both, &[("team", "web")]));
    }

    #[test]
    fn each_operator_compares_as_kubernetes_does() {
        let team = |operator: &str| format!("matchExpressions: [{{key: team, operator: {operator}}}]");
        assert!(selects(&team("Exists"), &[("team", "shop")]));
        assert!(!selects(&team("Exists"), &[]));
        assert!(selects(&team("DoesNotExist"), &[]));
        assert!(!selects(&team("DoesNotExist"), &[("team", "shop")]));
        assert!(selects(&team("NotIn, values: [hr]"), &[]));
        assert!(selects(&team("NotIn, values: [hr]"), &[("team", "shop")]));
        assert!(!selects(&team("NotIn, values: [hr]"), &[("team", "hr")]));
    }

    #[test]
    fn an_empty_selector_selects_nothing() {
        assert!(!selects("{}", &[("stage", "prod")]));
    }
}
