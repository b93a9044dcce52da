//! Whether an object may refer to another: the one place that decides it. Pure.
//!
//! Within a namespace always; into another one by a TierGrant there. A team that is not admitted learns nothing: the
//! words are the same whether or not there is such an object, such a namespace, or a grant for somebody else.

use std::collections::BTreeMap;

use terrace_crds::{GrantAccess, TierGrantSpec};
use terrace_tiers::{ObjectKey, Use};

/// The grants of all namespaces, by namespace and name.
#[derive(Clone, Debug, Default)]
pub struct Grants(BTreeMap<String, BTreeMap<String, TierGrantSpec>>);

impl Grants {
    /// Notes a grant as it is now; `None` when it is gone, or is of no account.
    pub fn set(&mut self, namespace: &str, name: &str, grant: Option<TierGrantSpec>) {
        let within = self.0.entry(namespace.into()).or_default();
        match grant {
            Some(grant) => drop(within.insert(name.into(), grant)),
            None => drop(within.remove(name)),
        }
    }

    /// The grants there are, by namespace and name.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|(namespace, within)| within.keys().map(move |name| (namespace.as_str(), name.as_str())))
    }

    /// Whether `who` may refer in this way.
    pub fn admit(&self, who: &ObjectKey, used: &Use) -> bool {
        let target = &used.target;
        let admits = |grant: &TierGrantSpec| {
            grant.admits((&who.kind, &who.namespace), (&target.kind, &target.name), used.access)
        };
        who.namespace == target.namespace
            || self.0.get(&target.namespace).is_some_and(|within| within.values().any(admits))
    }
}

/// What is said of a reference that is not admitted: who must do what.
pub fn refusal(who: &ObjectKey, used: &Use) -> String {
    let access = match used.access {
        GrantAccess::Read => "Read",
        GrantAccess::ReadWrite => "ReadWrite",
    };
    let Use { field, target, .. } = used;
    format!(
        "{field} names {}, and no TierGrant lets this object refer to it: whoever owns namespace {} must apply one there with from: [{{kind: {}, namespace: {}}}], to: [{{kind: {}, name: {}}}], access: [{access}]",
        target.title(),
        target.namespace,
        who.kind,
        who.namespace,
        target.kind,
        target.name,
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{copy, grant, orders, used};
    use super::*;

    fn decide(within: &str, spec: &str, used: &Use) -> bool {
        let mut grants = Grants::default();
        grants.set(within, "some", Some(grant(spec)));
        grants.admit(&copy(), used)
    }

    #[test]
    fn another_namespace_is_referred_to_by_a_grant_there_and_in_no_other_way() {
        const RIGHT: &str = "{from: [{kind: DataTier, namespace: analytics}], to: [{kind: DataTier}]}";
        let (read, write) = (used(orders()), Use { access: GrantAccess::ReadWrite, ..used(orders()) });
        for (within, spec, used, admitted) in [
            ("shop", RIGHT, &read, true),
            (
                "shop",
                "{from: [{kind: DataTier, namespace: analytics}], to: [{kind: DataTier, name: orders}]}",
                &read,
                true,
            ),
            (
                "shop",
                "{from: [{kind: DataTier, namespace: analytics}], to: [{kind: DataTier, name: other}]}",
                &read,
                false,
            ),
            ("shop", "{from: [{kind: DataTier, namespace: analytics}], to: [{kind: CacheTier}]}", &read, false),
            ("shop", "{from: [{kind: WebApp, namespace: analytics}], to: [{kind: DataTier}]}", &read, false),
            ("shop", "{from: [{kind: DataTier, namespace: other}], to: [{kind: DataTier}]}", &read, false),
            ("shop", RIGHT, &write, false),
            (
                "shop",
                "{from: [{kind: DataTier, namespace: analytics}], to: [{kind: DataTier}], access: [ReadWrite]}",
                &read,
                true,
            ),
            // A team cannot admit itself.
            ("analytics", RIGHT, &read, false),
        ] {
            assert_eq!(decide(within, spec, used), admitted, "{within}: {spec}");
        }
    }

    #[test]
    fn the_own_namespace_needs_no_grant_and_a_grant_that_is_gone_admits_nobody() {
        let mut grants = Grants::default();
        assert!(grants.admit(&ObjectKey::new("WebApp", "shop", "shop"), &used(orders())));
        grants.set(
            "shop",
            "analytics",
            Some(grant("{from: [{kind: DataTier, namespace: analytics}], to: [{kind: DataTier}]}")),
        );
        assert!(grants.admit(&copy(), &used(orders())));
        assert_eq!(grants.names().collect::<Vec<_>>(), [("shop", "analytics")]);
        grants.set("shop", "analytics", None);
        assert!(!grants.admit(&copy(), &used(orders())) && grants.names().next().is_none());
    }

    #[test]
    fn a_refusal_shows_the_grant_that_would_admit() {
        let said = refusal(&copy(), &used(orders()));
        assert!(said.starts_with("spec.restoreFrom names DataTier shop/orders, and no TierGrant"), "{said}");
        let (_, shown) = said.split_once("there with ").expect("a grant");
        let mut grants = Grants::default();
        // `{{…}}` in flow style, as it would be pasted.
        grants.set("shop", "pasted", Some(grant(&format!("{{{shown}}}"))));
        assert!(grants.admit(&copy(), &used(orders())));
    }
}
