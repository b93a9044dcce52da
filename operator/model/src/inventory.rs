//! What an object has made, or is about to make, in AWS: the record in its status that survives crash and restart.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::diff::OwnedKeys;
use crate::graph::Place;
use crate::identity::{Handle, Id};

/// A node and its incarnation: `db`, and after its first replacement `db~2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub struct NodeKey {
    pub id: String,
    pub incarnation: u32,
}

impl NodeKey {
    /// A key.
    pub fn new(id: &str, incarnation: u32) -> Self {
        NodeKey { id: id.into(), incarnation }
    }
}

impl std::fmt::Display for NodeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.incarnation {
            1 => f.write_str(&self.id),
            later => write!(f, "{}~{later}", self.id),
        }
    }
}

impl From<NodeKey> for String {
    fn from(key: NodeKey) -> Self {
        key.to_string()
    }
}

impl From<String> for NodeKey {
    fn from(text: String) -> Self {
        let parsed = text.rsplit_once('~').and_then(|(id, number)| Some((id, number.parse().ok()?)));
        parsed.map_or_else(|| NodeKey::new(&text, 1), |(id, incarnation)| NodeKey::new(id, incarnation))
    }
}

/// What becomes of a resource when it is no longer wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnDelete {
    #[default]
    Delete,
    /// Deleted after a last snapshot.
    Snapshot,
    /// Left in AWS, our tags taken off.
    Retain,
}

/// Where a resource stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Recorded before its create was sent; it may exist or not.
    #[default]
    Intended,
    /// Exists, and is not ready.
    Settling,
    Ready,
    /// AWS says that it failed.
    Failed,
    Deleting,
}

/// One resource of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Logical id.
    pub id: String,
    #[serde(default = "first")]
    pub incarnation: u32,
    pub kind: String,
    pub place: Place,
    /// Physical name.
    pub name: String,
    /// ARN or AWS id: makes the next look-up certain where names or tags lag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
    /// Times that it was made anew under the same name; part of the idempotency token.
    #[serde(default)]
    pub remade: u32,
    #[serde(rename = "state")]
    pub phase: Phase,
    pub on_delete: OnDelete,
    /// What must stand as long as this does.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub depends_on: BTreeSet<NodeKey>,
    /// Keys of keyed maps, as last applied.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: OwnedKeys,
    /// Where it is found within its parent, for what has neither name nor tags.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub address: Map<String, Value>,
    /// When it was first seen after its create.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// The name of the snapshot that this incarnation is made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_from: Option<String>,
    /// The hash of the approval that let this incarnation come about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<String>,
    /// What the wish was when it was last found fulfilled, as a short hash: tells drift from an edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<String>,
}

fn first() -> u32 {
    1
}

impl Entry {
    /// An intent to make what `id` names: nothing is known of it yet.
    pub fn intent(id: &Id) -> Self {
        Entry {
            id: id.node.clone(),
            incarnation: id.incarnation,
            kind: id.kind.clone(),
            place: id.place.clone(),
            name: id.default_name(),
            handle: None,
            remade: 0,
            phase: Phase::Intended,
            on_delete: OnDelete::default(),
            depends_on: BTreeSet::new(),
            keys: OwnedKeys::new(),
            address: Map::new(),
            created: None,
            restore_from: None,
            approved: None,
            applied: None,
        }
    }

    /// The entry's key.
    pub fn key(&self) -> NodeKey {
        NodeKey::new(&self.id, self.incarnation)
    }
}

/// All entries of an object, by key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory(pub BTreeMap<NodeKey, Entry>);

impl Inventory {
    /// The incarnation that is wanted now: the latest.
    pub fn current(&self, id: &str) -> Option<&Entry> {
        self.0.range(NodeKey::new(id, 0)..=NodeKey::new(id, u32::MAX)).next_back().map(|(_, entry)| entry)
    }

    /// The incarnation of an id that stands for its wish: the first, where there is none yet.
    pub fn incarnation(&self, id: &str) -> u32 {
        self.current(id).map_or(1, |entry| entry.incarnation)
    }

    /// True where `key` is an older incarnation that waits to go.
    pub fn is_superseded(&self, key: &NodeKey) -> bool {
        self.current(&key.id).is_some_and(|current| current.incarnation > key.incarnation)
    }

    /// Entries that need `key` to stand.
    pub fn dependents<'a>(&'a self, key: &'a NodeKey) -> impl Iterator<Item = &'a Entry> {
        self.0.values().filter(move |entry| entry.depends_on.contains(key))
    }
}

impl Serialize for Inventory {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.values())
    }
}

impl<'de> Deserialize<'de> for Inventory {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Vec::<Entry>::deserialize(deserializer)?;
        Ok(entries.into_iter().collect())
    }
}

impl FromIterator<Entry> for Inventory {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        Inventory(entries.into_iter().map(|entry| (entry.key(), entry)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_as_written() {
        for key in [NodeKey::new("db", 1), NodeKey::new("db", 2), NodeKey::new("a~b", 1), NodeKey::new("a~b", 3)] {
            assert_eq!(NodeKey::from(String::from(key.clone())), key);
        }
        assert_eq!(NodeKey::new("db", 1).to_string(), "db");
    }

    #[test]
    fn the_latest_incarnation_is_the_current_one() {
        let entry = |incarnation| Entry {
            id: "db".into(),
            incarnation,
            kind: "rds/DbInstance".into(),
            place: Place { environment: "prod".into(), region: "eu-west-1".into() },
            name: "n".into(),
            handle: None,
            remade: 0,
            phase: Phase::Ready,
            on_delete: OnDelete::Delete,
            depends_on: BTreeSet::new(),
            keys: OwnedKeys::new(),
            address: Map::new(),
            created: None,
            restore_from: None,
            approved: None,
            applied: None,
        };
        let inventory: Inventory = [entry(1), entry(2)].into_iter().collect();
        assert_eq!(inventory.current("db").unwrap().incarnation, 2);
        assert!(inventory.is_superseded(&NodeKey::new("db", 1)));
        assert!(inventory.current("d").is_none());
        let wire = serde_json::to_value(&inventory).unwrap();
        assert_eq!(serde_json::from_value::<Inventory>(wire).unwrap(), inventory);
    }
}
