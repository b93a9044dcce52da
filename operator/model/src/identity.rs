//! Who owns a resource and what it is called: owner tags, derived names, idempotency tokens.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::graph::Place;
use crate::inventory::NodeKey;

/// ARN or AWS id of a resource that exists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Handle(pub String);

impl From<&str> for Handle {
    fn from(text: &str) -> Self {
        Handle(text.into())
    }
}

/// The custom resource that owns what is made for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OwnerRef {
    /// Name of the cluster, as the Environment has it.
    pub cluster: String,
    pub namespace: String,
    pub kind: String,
    pub name: String,
    pub uid: String,
}

impl std::fmt::Display for OwnerRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}/{} of cluster {}", self.kind, self.namespace, self.name, self.cluster)
    }
}

/// Keys of the owner tags, which are ours alone.
pub mod tag {
    pub const CLUSTER: &str = "terrace.dev/cluster";
    pub const NAMESPACE: &str = "terrace.dev/namespace";
    pub const KIND: &str = "terrace.dev/kind";
    pub const NAME: &str = "terrace.dev/name";
    pub const UID: &str = "terrace.dev/uid";
    pub const NODE: &str = "terrace.dev/node";
    pub const INCARNATION: &str = "terrace.dev/incarnation";
    pub const RESOURCE: &str = "terrace.dev/resource";
    /// ARN of the secret whose value was applied last; beside [`SECRET_VERSION`].
    pub const SECRET: &str = "terrace.dev/secret";
    pub const SECRET_VERSION: &str = "terrace.dev/secret-version";
    /// Prefix of all tags that Terrace sets on its own account.
    pub const PREFIX: &str = "terrace.dev/";
}

/// What a resource says of its owner. A tag is evidence, not authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Owner tags of ours, whole.
    Tagged { owner: OwnerRef, node: String, incarnation: u32 },
    /// It could bear tags and bears none of ours.
    Untagged,
    /// It cannot bear tags; it lies within something that can.
    Inherent,
}

impl Owner {
    /// Reads the owner from tags.
    pub fn from_tags(tags: &BTreeMap<String, String>) -> Self {
        let get = |key: &str| tags.get(key).cloned();
        let read = || {
            Some(Owner::Tagged {
                owner: OwnerRef {
                    cluster: get(tag::CLUSTER)?,
                    namespace: get(tag::NAMESPACE)?,
                    kind: get(tag::KIND)?,
                    name: get(tag::NAME)?,
                    uid: get(tag::UID)?,
                },
                node: get(tag::NODE)?,
                incarnation: get(tag::INCARNATION)?.parse().ok()?,
            })
        };
        read().unwrap_or(Owner::Untagged)
    }
}

/// How fresh a look must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Freshness {
    /// Read now: before a change, and after one.
    #[default]
    Now,
    /// A list read within this resync's period will do.
    Recent,
}

/// All that identifies one resource to its provider.
#[derive(Clone, Debug)]
pub struct Id {
    pub owner: OwnerRef,
    pub place: Place,
    pub kind: String,
    /// Logical id within the owner.
    pub node: String,
    pub incarnation: u32,
    pub remade: u32,
    /// ARN or AWS id, once known: a hint that makes the look-up certain.
    pub handle: Option<Handle>,
    /// Fields that locate it within its parent, for kinds with an address.
    pub address: Map<String, Value>,
    pub freshness: Freshness,
}

impl Id {
    /// A node of which nothing is known but what the wishes say, to be looked at afresh.
    pub fn new(owner: &OwnerRef, place: &Place, kind: &str, key: &NodeKey) -> Self {
        Id {
            owner: owner.clone(),
            place: place.clone(),
            kind: kind.into(),
            node: key.id.clone(),
            incarnation: key.incarnation,
            remade: 0,
            handle: None,
            address: Map::new(),
            freshness: Freshness::Now,
        }
    }

    /// The physical name: legible parts first, then a hash that makes it unique and the same after every restart.
    ///
    /// Lower-case letters, digits and single hyphens, starting with a letter, at most `longest` characters (at least 16):
    /// the alphabet that RDS, ElastiCache, IAM, EC2 and S3 all admit.
    pub fn name(&self, longest: usize) -> String {
        let mut parts = vec![&self.place.environment, &self.owner.cluster, &self.owner.namespace, &self.owner.kind];
        let (incarnation, region) = (self.incarnation.to_string(), &self.place.region);
        parts.extend([&self.owner.name, &self.node, region, &self.kind]);
        if self.incarnation > 1 {
            parts.push(&incarnation);
        }
        derived_name(&[&self.owner.namespace, &self.owner.name, &self.node], &parts, longest)
    }

    /// A name of at most 63 characters, which is what most services take.
    pub fn default_name(&self) -> String {
        self.name(63)
    }

    /// The idempotency token of a create: the same after every restart, another for each incarnation and remaking.
    /// 32 hexadecimal characters.
    pub fn token(&self) -> String {
        let (incarnation, remade) = (self.incarnation.to_string(), self.remade.to_string());
        hash(&[&self.owner.uid, &self.kind, &self.node, &incarnation, &remade])[..32].to_owned()
    }

    /// The name of the last snapshot: derived from the UID, so that a second try finds the first.
    pub fn final_snapshot(&self) -> String {
        let (incarnation, remade) = (self.incarnation.to_string(), self.remade.to_string());
        let mut life = vec![&self.owner.uid, &self.node, &incarnation];
        // One that was made anew under the same name holds other data than the one before.
        if self.remade > 0 {
            life.push(&remade);
        }
        let uid = short_hash(&life);
        let name = self.name(63 - "final--".len() - uid.len());
        format!("{name}-final-{uid}")
    }

    /// The tags that say who owns it.
    pub fn owner_tags(&self) -> BTreeMap<String, String> {
        let owner = &self.owner;
        [
            (tag::CLUSTER, owner.cluster.clone()),
            (tag::NAMESPACE, owner.namespace.clone()),
            (tag::KIND, owner.kind.clone()),
            (tag::NAME, owner.name.clone()),
            (tag::UID, owner.uid.clone()),
            (tag::NODE, self.node.clone()),
            (tag::INCARNATION, self.incarnation.to_string()),
            (tag::RESOURCE, self.kind.clone()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
    }

    /// A text of the address.
    pub fn address(&self, field: &str) -> Option<&str> {
        self.address.get(field).and_then(Value::as_str)
    }
}

/// A name of parts that people know it by and a hash of all that makes it unique; see [`Id::name`].
pub fn derived_name(known_by: &[&str], unique: &[&(impl AsRef<str> + ?Sized)], longest: usize) -> String {
    let (legible, hash) = (legible(known_by), short_hash(unique));
    let room = longest.saturating_sub(hash.len() + 1);
    let legible = legible.get(..room.min(legible.len())).unwrap_or_default().trim_end_matches('-');
    format!("{legible}-{hash}")
}

fn legible(parts: &[&str]) -> String {
    let joined = parts.join("-").to_lowercase();
    let words = joined.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let text = words.collect::<Vec<_>>().join("-");
    if text.starts_with(|c: char| c.is_ascii_lowercase()) { text } else { format!("t-{text}") }
}

/// SHA-256 over parts that cannot run into each other, in hexadecimal.
pub fn hash(parts: &[&(impl AsRef<str> + ?Sized)]) -> String {
    let mut sha = Sha256::new();
    for part in parts {
        let part = part.as_ref();
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part.as_bytes());
    }
    sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A value as text, the same in whatever order its maps were filled: what hashes are made of.
///
/// Whether a `Map` sorts its keys itself hangs on a feature of `serde_json` that any crate may turn on.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_canonical(value, &mut text);
    text
}

fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut sorted: Vec<_> = map.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            text.push('{');
            for (index, (key, value)) in sorted.into_iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                write_text(key, text);
                text.push(':');
                write_canonical(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                write_canonical(item, text);
            }
            text.push(']');
        }
        Value::String(plain) => write_text(plain, text),
        plain => text.push_str(&plain.to_string()),
    }
}

/// In quotes, and as JSON has it where it has anything that must be escaped.
fn write_text(plain: &str, text: &mut String) {
    if plain.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        text.push_str(&Value::from(plain).to_string());
    } else {
        text.extend(["\"", plain, "\""]);
    }
}

/// The first ten characters of [`hash`].
pub fn short_hash(parts: &[&(impl AsRef<str> + ?Sized)]) -> String {
    hash(parts)[..10].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(namespace: &str, name: &str, node: &str, incarnation: u32) -> Id {
        Id {
            owner: OwnerRef {
                cluster: "prod".into(),
                namespace: namespace.into(),
                kind: "DataTier".into(),
                name: name.into(),
                uid: "0d9b".into(),
            },
            place: Place { environment: "prod".into(), region: "eu-west-1".into() },
            kind: "rds/DbInstance".into(),
            node: node.into(),
            incarnation,
            remade: 0,
            handle: None,
            address: Map::new(),
            freshness: Freshness::Now,
        }
    }

    #[test]
    fn a_name_is_legible_and_tells_incarnations_apart() {
        let first = id("shop", "orders", "db", 1).default_name();
        assert!(first.starts_with("shop-orders-db-"), "{first}");
        assert_ne!(first, id("shop", "orders", "db", 2).default_name());
        assert_ne!(id("a-b", "c", "db", 1).default_name(), id("a", "b-c", "db", 1).default_name());
    }

    #[test]
    fn a_token_changes_with_incarnation_and_remaking_only() {
        let first = id("shop", "orders", "db", 1);
        assert_eq!(first.token(), id("shop", "orders", "db", 1).token());
        assert_ne!(first.token(), id("shop", "orders", "db", 2).token());
        assert_ne!(first.token(), Id { remade: 1, ..first.clone() }.token());
    }

    #[test]
    fn a_text_is_the_same_in_whatever_order_maps_were_filled() {
        let one: Value = serde_json::from_str(r#"{"b": [{"d": null, "c": 1}], "a\"": "x"}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"a\"": "x", "b": [{"c": 1, "d": null}]}"#).unwrap();
        assert_eq!(canonical(&one), r#"{"a\"":"x","b":[{"c":1,"d":null}]}"#);
        assert_eq!(canonical(&one), canonical(&other));
    }

    #[test]
    fn owner_tags_read_back() {
        let id = id("shop", "orders", "db", 2);
        let owner = Owner::Tagged { owner: id.owner.clone(), node: "db".into(), incarnation: 2 };
        assert_eq!(Owner::from_tags(&id.owner_tags()), owner);
        let mut some = id.owner_tags();
        some.remove(tag::UID);
        assert_eq!(Owner::from_tags(&some), Owner::Untagged);
    }

    proptest! {
        #[test]
        fn every_name_is_one_that_aws_admits(ns in "[a-z0-9][a-z0-9-]{0,62}", name in "[a-z0-9][a-z0-9.-]{0,252}", longest in 24usize..255) {
            let id = id(&ns, &name, "db", 3);
            for text in [id.name(longest), id.final_snapshot()] {
                prop_assert!(text.starts_with(|c: char| c.is_ascii_lowercase()));
                prop_assert!(!text.contains("--") && !text.ends_with('-'));
                prop_assert!(text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            }
            prop_assert!(id.name(longest).len() <= longest);
            prop_assert!(id.final_snapshot().len() <= 63);
        }
    }
}
