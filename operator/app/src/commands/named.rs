//! Objects as they are named on the command line.

use terrace_crds::{KINDS, Kind};
use terrace_tiers::ObjectKey;

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
        let lower = kind.to_lowercase();
        let is = |known: &&Kind| [&*known.kind.to_lowercase(), known.plural, known.short_name].contains(&&*lower);
        let known = KINDS.iter().find(is).ok_or_else(|| {
            let kinds: Vec<&str> = KINDS.iter().map(|known| known.kind).collect();
            format!("{text}: there is no kind {kind}: there are {}", kinds.join(", "))
        })?;
        Ok(Named { kind: known, name: name.into() })
    }

    /// The object in a namespace; an Environment is in none.
    pub fn key(&self, namespace: &str) -> ObjectKey {
        ObjectKey::new(self.kind.kind, if self.kind.namespaced() { namespace } else { "" }, &self.name)
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
