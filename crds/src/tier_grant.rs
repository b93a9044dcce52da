//! `TierGrant`: in the namespace of the target, says which objects of other namespaces may refer to it.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// Lets objects of other namespaces refer to tiers of this one. Without a grant there is no reference;
/// deleting the grant withdraws the use.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[kube(
    group = "terrace.dev",
    version = "v1alpha1",
    kind = "TierGrant",
    plural = "tiergrants",
    shortname = "tg",
    category = "terrace",
    category = "aws",
    namespaced,
    derive = "PartialEq",
    doc = "Lets objects of other namespaces refer to tiers of this namespace.",
    printcolumn = r#"{"name": "From", "type": "string", "jsonPath": ".spec.from[*].namespace"}"#,
    printcolumn = r#"{"name": "To", "type": "string", "jsonPath": ".spec.to[*].kind"}"#,
    printcolumn = r#"{"name": "Access", "type": "string", "jsonPath": ".spec.access[*]"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct TierGrantSpec {
    /// Who may refer: objects of these kinds in these namespaces.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub from: Vec<GrantFrom>,
    /// To what, in the namespace of this grant.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub to: Vec<GrantTo>,
    /// What they may do: Read, or ReadWrite, which includes Read.
    #[serde(default = "read")]
    #[schemars(length(min = 1, max = 2))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub access: Vec<GrantAccess>,
}

fn read() -> Vec<GrantAccess> {
    vec![GrantAccess::Read]
}

/// One kind of object in one namespace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct GrantFrom {
    /// The kind of the objects that refer, such as WebApp.
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::KIND))]
    pub kind: String,
    /// The namespace they are in.
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL))]
    pub namespace: String,
}

/// One target, or all of a kind.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct GrantTo {
    /// The kind of the target, such as DataTier.
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::KIND))]
    pub kind: String,
    /// The name of the target. Absent: all of this kind in the namespace of the grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::DNS_SUBDOMAIN))]
    pub name: Option<String>,
}

/// What a grant allows.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(inline)]
pub enum GrantAccess {
    /// Read the target's data.
    Read,
    /// Read and change the target's data.
    ReadWrite,
}

impl TierGrantSpec {
    /// Whether an object of kind and namespace `from` may use, with `access`, the target of kind and name `to`
    /// in the namespace of the grant.
    pub fn admits(&self, from: (&str, &str), to: (&str, &str), access: GrantAccess) -> bool {
        let who = self.from.iter().any(|entry| (entry.kind.as_str(), entry.namespace.as_str()) == from);
        let what =
            self.to.iter().any(|entry| entry.kind == to.0 && entry.name.as_deref().is_none_or(|name| name == to.1));
        let how = self.access.iter().any(|granted| *granted == access || *granted == GrantAccess::ReadWrite);
        who && what && how
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use GrantAccess::{Read, ReadWrite};

    fn grant(yaml: &str) -> TierGrantSpec {
        serde_saphyr::from_str(yaml).unwrap()
    }

    #[test]
    fn a_grant_admits_the_named_and_nobody_else() {
        let grant = grant("{from: [{kind: WebApp, namespace: web}], to: [{kind: DataTier, name: orders}]}");
        assert!(grant.admits(("WebApp", "web"), ("DataTier", "orders"), Read));
        assert!(!grant.admits(("WebApp", "web"), ("DataTier", "orders"), ReadWrite));
        assert!(!grant.admits(("WebApp", "web"), ("DataTier", "payroll"), Read));
        assert!(!grant.admits(("WebApp", "web"), ("CacheTier", "orders"), Read));
        assert!(!grant.admits(("WebApp", "other"), ("DataTier", "orders"), Read));
        assert!(!grant.admits(("Function", "web"), ("DataTier", "orders"), Read));
    }

    #[test]
    fn a_grant_without_a_name_admits_all_of_the_kind_and_read_write_includes_read() {
        let grant = grant("{from: [{kind: WebApp, namespace: web}], to: [{kind: DataTier}], access: [ReadWrite]}");
        assert!(grant.admits(("WebApp", "web"), ("DataTier", "payroll"), Read));
        assert!(grant.admits(("WebApp", "web"), ("DataTier", "orders"), ReadWrite));
    }
}
