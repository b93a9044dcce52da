//! What the tiers of an `Environment` may be, claim, name and cost.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{schema, selector::NamespaceSelector};

/// What tiers of an Environment may be and name.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// The kinds that may be used. Absent: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), inner(length(min = 1, max = 63), regex(pattern = schema::KIND)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub kinds: Option<Vec<String>>,
    /// Private (default): nothing may be reachable from the internet. Public: it may.
    #[serde(default)]
    pub exposure: Exposure,
    /// The host names that objects may claim, exact or with a leading "*." label. Empty: none.
    #[serde(default)]
    #[schemars(
        length(max = 100),
        inner(
            length(min = 1, max = 253),
            regex(pattern = r"^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
        )
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub hostnames: Vec<String>,
    /// Existing AWS resources that objects of certain namespaces may name or adopt.
    #[serde(default)]
    #[schemars(length(max = 50))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub allow: Vec<Allowance>,
    /// The estimated cost of all tiers together, in US dollars a month, above which nothing more is made.
    #[serde(rename = "monthlyCostUSD", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000_000))]
    pub monthly_cost_usd: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        schema::defaults()
    }
}

/// Whether something may be reachable from the internet.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum Exposure {
    /// From within the network only.
    #[default]
    Private,
    /// From the internet too.
    Public,
}

/// Existing AWS resources that objects of the selected namespaces may name or adopt.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Allowance {
    /// The namespaces, among those that the Environment admits.
    pub namespaces: NamespaceSelector,
    /// The ARNs; "*" stands for any run of characters.
    #[schemars(length(min = 1, max = 100), inner(length(min = 1, max = 2048), regex(pattern = schema::ARN_PATTERN)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub arns: Vec<String>,
}
