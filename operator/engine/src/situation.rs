//! All that a plan is made from: wishes, inventory, what was seen. Plain data, so that the plan is a pure function.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use terrace_model::identity::Freshness;
use terrace_model::{DeletionPolicy, Entry, Graph, Id, Inventory, KindSpec, NodeKey, OwnerRef, Place, Replace};

use crate::error::Error;
use crate::ownership::{Adopt, Title, title};
use crate::provider::{Backup, Look, Sight, State};

/// What the looks found, by node. A node without an entry was not looked at.
pub type Sights = BTreeMap<NodeKey, Result<Look, Error>>;

/// Specifications by kind.
pub type Kinds = BTreeMap<&'static str, KindSpec>;

/// The wishes of an object and the world as it was last seen.
pub struct Situation<'a> {
    pub owner: &'a OwnerRef,
    /// The wishes; `None` when the object is being deleted.
    pub graph: Option<&'a Graph>,
    /// The object's own policy, for when it is being deleted.
    pub deletion: DeletionPolicy,
    pub inventory: &'a Inventory,
    pub sights: &'a Sights,
    pub kinds: &'a Kinds,
    /// Outputs of other objects, by `Kind/namespace/name`.
    pub foreign: &'a BTreeMap<String, Value>,
    pub adopt: &'a Adopt,
    /// Nodes whose absence may be due to a look-up that lags behind a create.
    pub doubtful: &'a BTreeSet<NodeKey>,
    /// What a missing node could be made from.
    pub backups: &'a BTreeMap<NodeKey, Vec<Backup>>,
    /// Wishes whose outputs are not those of what stands: foreseen to be replaced, or made anew.
    pub moves: &'a BTreeSet<String>,
}

impl<'a> Situation<'a> {
    /// The key that a wish stands for now.
    pub fn current(&self, id: &str) -> NodeKey {
        NodeKey::new(id, self.inventory.incarnation(id))
    }

    /// True where a wish's older incarnation stands in the way of its successor.
    pub fn is_displaced(&self, id: &str) -> bool {
        let older = |entry: &&Entry| entry.id == id && self.inventory.is_superseded(&entry.key());
        let yields = |entry: &Entry| {
            self.kinds.get(entry.kind.as_str()).is_some_and(|spec| spec.replace == Replace::DeleteFirst)
        };
        self.inventory.0.values().find(older).is_some_and(yields)
    }

    /// What was seen of a node, if it is there.
    pub fn sight(&self, key: &NodeKey) -> Option<&'a Sight> {
        match self.sights.get(key) {
            Some(Ok(Look::Present(sight))) => Some(sight),
            _ => None,
        }
    }

    /// Whose a resource is.
    pub fn title(&self, key: &NodeKey, sight: &Sight) -> Title {
        title(self.owner, key, self.inventory.0.get(key), sight, self.adopt, self.doubtful.contains(key))
    }

    /// The outputs of a node that is ours to use.
    pub fn outputs(&self, id: &str) -> Option<&'a Value> {
        if self.moves.contains(id) {
            return None;
        }
        let key = self.current(id);
        let sight = self.sight(&key).filter(|sight| sight.state != State::Deleting)?;
        let looked_at = self.graph.and_then(|graph| graph.node(id)).and_then(|node| self.kinds.get(node.kind.as_str()));
        let ours = looked_at.is_some_and(|spec| spec.read_only) || self.title(&key, sight) == Title::Ours;
        ours.then_some(&sight.out)
    }

    /// What identifies a node to its provider.
    pub fn id(&self, key: &NodeKey, kind: &str, place: &Place, freshness: Freshness) -> Id {
        let entry = self.inventory.0.get(key);
        Id {
            remade: entry.map_or(0, |entry| entry.remade),
            handle: entry.and_then(|entry| entry.handle.clone()).or_else(|| self.adopt.handles.get(&key.id).cloned()),
            address: entry.map(|entry| entry.address.clone()).unwrap_or_default(),
            freshness,
            ..Id::new(self.owner, place, kind, key)
        }
    }
}
