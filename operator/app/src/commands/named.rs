//! Objects as they are named on the command line.

use terrace_crds::Kind;
use terrace_tiers::ObjectKey;
use terrace_views::explain;

/// A kind of ours and a name, as `DataTier/orders`.
#[derive(Clone, Debug)]
pub struct Named {
    pub kind: &'static Kind,
    pub name: String,
}

impl Named {
    /// Reads KIND/NAME, the kind as kubectl takes it.
    ///
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn of(text: &str) -> Result<Named, String> {
        let (kind, name) = text.split_once('/').ok_or(format!("{text}: say KIND/NAME, as DataTier/orders"))?;
        let kind = explain::kind_named(kind).map_err(|unknown| format!("{text}: {unknown}"))?;
        Ok(Named { kind, name: name.into() })
    }

    /// The object in a namespace; an Environment is in none.
    pub fn key(&self, namespace: &str) -> ObjectKey {
        ObjectKey::new(self.kind.kind, self.within(namespace).unwrap_or_default(), &self.name)
    }

    /// The namespace that it is in; an Environment is in none.
    pub fn within<'a>(&self, namespace: &'a str) -> Option<&'a str> {
        self.kind.namespaced().then_some(namespace)
    }

    /// What is said where there is none, of a namespace or of all.
    pub fn absent(&self, namespace: Option<&str>) -> String {
        let within = namespace.map(|namespace| format!(" in namespace {namespace}")).unwrap_or_default();
        format!("there is no {} {}{within}: kubectl get terrace -A lists what there is", self.kind.kind, self.name)
    }

    /// As `DataTier/orders`.
    pub fn title(&self) -> String {
        format!("{}/{}", self.kind.kind, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_named_as_kubectl_takes_it() {
        for text in ["DataTier/orders", "datatiers/orders", "dt/orders"] {
            assert_eq!(Named::of(text).unwrap().key("shop"), ObjectKey::new("DataTier", "shop", "orders"));
        }
        assert_eq!(Named::of("tenv/prod").unwrap().key("shop").namespace, "");
        assert!(Named::of("orders").unwrap_err().contains("say KIND/NAME"));
        assert!(Named::of("database/orders").unwrap_err().contains("there is no kind database"));
    }
}
