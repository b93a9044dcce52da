//! What things are called: descriptions, Secrets, outputs; and numbers as AWS's APIs count.

use serde_json::Value;
use terrace_model::identity::short_hash;
use terrace_model::{Out, Ref, Source, Val};

use crate::facts::Object;

/// Whom a description names, as `DataTier shop/orders`: at most 255 characters, which is what EC2 takes.
pub(crate) fn title(kind: &str, object: &Object) -> String {
    shorten(format!("{kind} {}/{}", object.namespace, object.name), 255)
}

/// The first `most` characters.
pub(crate) fn shorten(text: String, most: usize) -> String {
    if text.chars().count() > most { text.chars().take(most).collect() } else { text }
}

/// As AWS's APIs count; the schema's bounds are far within it.
pub(crate) fn whole(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// An output of the node with this logical id, for `status.outputs`.
pub(crate) fn of<R, T>(node: &str, output: Out<R, T>) -> Val<Value> {
    Val::Ref(Ref { source: Source::Node(node.into()), output: output.name().into() })
}

/// What a password is made without: all punctuation that Secrets Manager would use, but the dash. Databases and caches take
/// more (`CreateReplicationGroup`, AuthToken), all of which must be escaped in a URL, as which clients like to have it.
pub(crate) const NOT_IN_PASSWORD: &str = "!\"#$%&'()*+,./:;<=>?@[\\]^_`{|}~ ";

/// The most characters that the name of a Kubernetes object has.
const LONGEST_NAME: usize = 253;

/// The Secret for workloads, `<object>-binding`; a long name is cut, and told apart by its hash.
pub(crate) fn secret_name(object: &str) -> String {
    let name = format!("{object}-binding");
    if name.len() <= LONGEST_NAME {
        return name;
    }
    let end = format!("-{}-binding", short_hash(&[object]));
    let head = object.get(..LONGEST_NAME - end.len()).unwrap_or_default();
    format!("{}{end}", head.trim_end_matches(['-', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_named_after_its_object_however_long_that_is() {
        assert_eq!(secret_name("orders"), "orders-binding");
        let long = secret_name(&"a".repeat(253));
        assert_eq!(long.len(), 253);
        assert!(long.ends_with("-binding"));
        assert_ne!(long, secret_name(&format!("{}b", "a".repeat(252))));
        assert!(!secret_name(&format!("{}.{}", "a".repeat(233), "b".repeat(19))).contains(".-"));
    }
}
