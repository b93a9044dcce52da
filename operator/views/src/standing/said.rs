//! What a condition's message names: a node of the object, or another object.

use std::collections::BTreeMap;

/// A node that a message begins with, as `subnets (rds/DbSubnetGroup): …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<'a> {
    /// The node's key: `db`, or `db~2` of a later incarnation.
    pub key: &'a str,
    pub kind: &'a str,
    /// What is said of it.
    pub words: &'a str,
}

/// The node that a message begins with, if it does: so the engine names the root cause (`engine/report.rs`).
pub fn node(message: &str) -> Option<Named<'_>> {
    let (key, rest) = message.split_once(" (")?;
    let (kind, words) = rest.split_once("): ")?;
    let plain = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    (plain(key) && plain(kind) && kind.contains('/')).then_some(Named { key, kind, words })
}

/// Whether a message names something by its title, whole: `DataTier shop/orders` is not in `DataTier shop/orders-2`.
pub fn mentions(message: &str, title: &str) -> bool {
    message.match_indices(title).any(|(start, _)| {
        let mut after = message[start + title.len()..].chars();
        match after.next() {
            // A name may have dots in it, and a sentence ends with one.
            Some('.') => !after.next().is_some_and(char::is_alphanumeric),
            Some(next) => !next.is_alphanumeric() && next != '-' && next != '/',
            None => true,
        }
    })
}

/// What was changed outside Terrace, by the key of the node: the fields, or `deleted` (`engine/report.rs`).
pub fn drift(message: &str) -> BTreeMap<&str, &str> {
    let all = message.strip_prefix("changed outside Terrace: ").unwrap_or(message);
    all.split("; ").filter_map(|one| one.split_once(": ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_node_it_is_about() {
        let named = node("db~2 (rds/DbInstance): AWS says creating: soon").expect("a node");
        assert_eq!((named.key, named.kind, named.words), ("db~2", "rds/DbInstance", "AWS says creating: soon"));
        for other in [
            "in use by WebApp shop/shop (spec.bindings[db].dataTierRef): it is deleted after them",
            "spec.storage: no such thing (really): x",
            "db (rds/DbInstance)",
            "",
        ] {
            assert_eq!(node(other), None, "{other}");
        }
    }

    #[test]
    fn a_title_is_found_only_whole() {
        let message = "spec.a: waiting for DataTier shop/orders-2, which has no endpoint yet; see DataTier shop/b.";
        assert!(!mentions(message, "DataTier shop/orders") && mentions(message, "DataTier shop/orders-2"));
        assert!(mentions(message, "DataTier shop/b") && !mentions("DataTier shop/b.c", "DataTier shop/b"));
        assert!(mentions("ends with DataTier shop/b", "DataTier shop/b"));
    }

    #[test]
    fn drift_is_told_node_by_node() {
        let drift = drift("changed outside Terrace: db: instanceClass, backup; subnets: deleted");
        assert_eq!(drift, [("db", "instanceClass, backup"), ("subnets", "deleted")].into());
    }
}
