//! Another object of the cluster that a spec refers to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use terrace_crds::{GrantAccess, User, UserAccess};
use terrace_model::Val;

use crate::facts;

/// The outputs of objects, as their status shows them, by [`Use::source`].
pub type Objects = BTreeMap<String, BTreeMap<String, String>>;

/// A custom resource in its namespace. As text it is `Kind/namespace/name`, as a reference in a graph names its source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    pub kind: String,
    pub namespace: String,
    pub name: String,
}

impl ObjectKey {
    /// A key.
    pub fn new(kind: &str, namespace: &str, name: &str) -> Self {
        ObjectKey { kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    /// What people call it, as `DataTier shop/orders`.
    pub fn title(&self) -> String {
        format!("{} {}/{}", self.kind, self.namespace, self.name)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
    }
}

/// One reference of a spec to another object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The path of the field, as `spec.bindings[db].dataTierRef`.
    pub field: String,
    /// What it refers to.
    pub target: ObjectKey,
    /// What is to be done with the target's data.
    pub access: GrantAccess,
    /// The name of the binding, for a kind that has several.
    pub binding: Option<String>,
    /// The outputs of the target without which nothing can be made of the reference.
    pub needs: &'static [&'static str],
    /// The logical id of the node that is made from the target: once that stands, the target is not looked at again, and
    /// may be gone.
    pub until: Option<&'static str>,
    /// The output of the user that is the security group of its network interfaces, where it has one of its own.
    pub security_group: Option<&'static str>,
    /// The output of the user that its requests to the target bear: the ARN of its role, or of what AWS lets in on its
    /// behalf, as a CloudFront distribution.
    pub principal: Option<&'static str>,
}

impl Use {
    /// What names the target's outputs in [`crate::Facts::objects`] and in a graph (`Val::of_object`): the target as text,
    /// and for a binding `#` and its name, since the target may have something for that binding alone, as a database user.
    pub fn source(&self) -> String {
        match &self.binding {
            Some(binding) => format!("{}#{binding}", self.target),
            None => self.target.to_string(),
        }
    }

    /// Whether it has served its purpose; `made` has the logical ids of the nodes that exist.
    pub fn is_over(&self, made: &BTreeSet<String>) -> bool {
        self.until.is_some_and(|node| made.contains(node))
    }

    /// How the target lists the object `who` that refers to it in this way.
    pub fn entry(&self, who: &ObjectKey) -> User {
        User {
            kind: who.kind.clone(),
            namespace: who.namespace.clone(),
            name: who.name.clone(),
            binding: self.binding.clone(),
            access: match self.access {
                GrantAccess::Read => UserAccess::ReadOnly,
                GrantAccess::ReadWrite => UserAccess::ReadWrite,
            },
            outputs: BTreeMap::new(),
        }
    }

    /// What the target composes for the object `who` that refers to it in this way.
    pub fn user(&self, who: &ObjectKey) -> facts::User {
        facts::User {
            who: self.entry(who),
            security_group: self.security_group.map(|output| Val::of_object(who.to_string(), output)),
            principal: self.principal.map(|output| Val::of_object(who.to_string(), output)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_says_what_it_is_in_the_targets_words() {
        let target = ObjectKey::new("DataTier", "shop", "orders");
        assert_eq!(
            (target.to_string().as_str(), target.title().as_str()),
            ("DataTier/shop/orders", "DataTier shop/orders")
        );
        let used = Use {
            field: "spec.bindings[db].dataTierRef".into(),
            target,
            access: GrantAccess::ReadWrite,
            binding: Some("db".into()),
            needs: &[],
            until: Some("db"),
            security_group: None,
            principal: None,
        };
        assert_eq!(used.source(), "DataTier/shop/orders#db");
        assert_eq!(Use { binding: None, ..used.clone() }.source(), "DataTier/shop/orders");
        let entry = used.entry(&ObjectKey::new("WebApp", "web", "portal"));
        assert_eq!((entry.kind.as_str(), entry.namespace.as_str(), entry.name.as_str()), ("WebApp", "web", "portal"));
        assert_eq!((entry.binding.as_deref(), entry.access), (Some("db"), UserAccess::ReadWrite));
        assert!(used.is_over(&["db".to_owned()].into()) && !used.is_over(&BTreeSet::new()));
    }
}
