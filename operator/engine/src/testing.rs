//! Fixtures that the engine's own tests share.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use terrace_model::{
    DeletionPolicy, Entry, Graph, Handle, Id, Inventory, KindSpec, NodeKey, NodeSpec, Novelty, OnDelete, Owner,
    OwnerRef, Place, Replace, Rule,
};

use crate::ownership::Adopt;
use crate::plan::{Step, plan};
use crate::provider::{Backup, Look, Sight, State};
use crate::situation::{Kinds, Sights, Situation};
use crate::wish::Wishes;

/// The object that owns everything in these tests.
pub fn owner() -> OwnerRef {
    OwnerRef {
        cluster: "prod".into(),
        namespace: "shop".into(),
        kind: "DataTier".into(),
        name: "orders".into(),
        uid: "uid-1".into(),
    }
}

/// Where everything stands.
pub fn place() -> Place {
    Place { environment: "prod".into(), region: "eu-west-1".into() }
}

/// An intent, first incarnation.
pub fn entry(id: &str) -> Entry {
    Entry { name: format!("shop-orders-{id}"), on_delete: OnDelete::Delete, ..Entry::intent(&self::id(id)) }
}

/// What identifies a node of the first incarnation to its provider.
pub fn id(node: &str) -> Id {
    Id::new(&owner(), &place(), "test/Plain", &NodeKey::new(node, 1))
}

/// A kind with nothing special about it.
pub fn kind() -> KindSpec {
    KindSpec {
        kind: "test/Plain",
        fields: &[("tags", Rule::Keyed)],
        replace: Replace::DeleteFirst,
        holds_data: false,
        snapshots: false,
        read_only: false,
        address: &[],
        restores: None,
        carries: &[],
        novelty: Novelty::Looked,
        visible_after: std::time::Duration::ZERO,
        normalise: |value| Ok(value.clone()),
        outputs: || serde_json::json!({ "arn": null }),
    }
}

/// A database: holds data, takes snapshots, cannot change its engine or key.
pub fn database() -> KindSpec {
    KindSpec {
        kind: "test/Database",
        fields: &[
            ("engine", Rule::Replace),
            ("key", Rule::Replace),
            ("seed", Rule::OnCreate),
            ("storage", Rule::Refuse("it cannot shrink")),
            ("tags", Rule::Keyed),
        ],
        holds_data: true,
        snapshots: true,
        restores: Some("restoreFrom"),
        carries: &["key"],
        ..kind()
    }
}

/// Wishes, inventory and sights that a test puts together.
pub struct World {
    pub graph: Option<Graph>,
    pub deletion: DeletionPolicy,
    pub inventory: Inventory,
    pub sights: Sights,
    pub adopt: Adopt,
    pub doubtful: BTreeSet<NodeKey>,
    pub backups: BTreeMap<NodeKey, Vec<Backup>>,
    pub kinds: Kinds,
}

impl World {
    /// A world in which nothing is wished and nothing exists.
    pub fn new() -> Self {
        let kinds = [kind(), database(), KindSpec { kind: "test/First", replace: Replace::CreateFirst, ..kind() }];
        World {
            graph: Some(Graph::default()),
            deletion: DeletionPolicy::Snapshot,
            inventory: Inventory::default(),
            sights: Sights::new(),
            adopt: Adopt::default(),
            doubtful: BTreeSet::new(),
            backups: BTreeMap::new(),
            kinds: kinds.into_iter().map(|spec| (spec.kind, spec)).collect(),
        }
    }

    /// Wishes for a node; a field `{"$terrace": …}` makes an edge.
    pub fn want(mut self, id: &str, kind: &str, fields: Value) -> Self {
        let mut want = fields;
        want["tags"] = json!({});
        let spec = self.kinds[kind];
        let node = NodeSpec { kind: kind.into(), place: place(), on_delete: self.deletion.of(&spec), want };
        let mut nodes: BTreeMap<String, NodeSpec> =
            self.graph.take().map(|graph| graph.nodes().clone()).unwrap_or_default();
        nodes.insert(id.into(), node);
        self.graph = serde_json::from_value(json!({ "nodes": nodes })).ok();
        self
    }

    /// Records an entry, as changed by `change`.
    pub fn entry(mut self, id: &str, kind: &str, change: impl FnOnce(&mut Entry)) -> Self {
        let mut entry = Entry { kind: kind.into(), ..entry(id) };
        change(&mut entry);
        self.inventory.0.insert(entry.key(), entry);
        self
    }

    /// Shows a node as ours, with these fields.
    pub fn see(mut self, key: &str, state: State, fields: Value) -> Self {
        let key = NodeKey::from(key.to_owned());
        let mut have = fields;
        have["tags"] = json!(self.tags(&key));
        let owner = Owner::Tagged { owner: owner(), node: key.id.clone(), incarnation: key.incarnation };
        let out = json!({ "arn": format!("arn:{key}") });
        let sight = Sight { have, out, handle: Handle(format!("arn:{key}")), owner, state, unread: &[] };
        self.sights.insert(key, Ok(Look::Present(Box::new(sight))));
        self
    }

    fn tags(&self, key: &NodeKey) -> BTreeMap<String, String> {
        let node = self.graph.as_ref().and_then(|graph| graph.node(&key.id)).map(|node| node.kind.clone());
        let kind = node.or(self.inventory.0.get(key).map(|entry| entry.kind.clone())).unwrap_or_default();
        let id = Id { kind, incarnation: key.incarnation, ..id(&key.id) };
        id.owner_tags()
    }

    /// Shows a node as somebody else's.
    pub fn see_foreign(mut self, key: &str, state: State) -> Self {
        let sight = Sight {
            have: json!({ "tags": {} }),
            out: json!({}),
            handle: "arn:x".into(),
            owner: Owner::Untagged,
            state,
            unread: &[],
        };
        self.sights.insert(NodeKey::from(key.to_owned()), Ok(Look::Present(Box::new(sight))));
        self
    }

    /// Shows that a node is not there.
    pub fn miss(mut self, key: &str) -> Self {
        self.sights.insert(NodeKey::from(key.to_owned()), Ok(Look::Absent));
        self
    }

    /// The situation.
    pub fn situation(&self) -> Situation<'_> {
        static FOREIGN: BTreeMap<String, Value> = BTreeMap::new();
        static NONE: BTreeSet<String> = BTreeSet::new();
        static OWNER: std::sync::OnceLock<OwnerRef> = std::sync::OnceLock::new();
        Situation {
            owner: OWNER.get_or_init(owner),
            graph: self.graph.as_ref(),
            deletion: self.deletion,
            inventory: &self.inventory,
            sights: &self.sights,
            kinds: &self.kinds,
            foreign: &FOREIGN,
            adopt: &self.adopt,
            doubtful: &self.doubtful,
            backups: &self.backups,
            moves: &NONE,
        }
    }

    /// What is planned for a node.
    pub fn step(&self, key: &str) -> Step {
        plan(&self.situation(), &mut Wishes::default())
            .0
            .remove(&NodeKey::from(key.to_owned()))
            .expect("a step for the node")
    }
}

/// A reference to `node`'s `arn`.
pub fn arn_of(node: &str) -> Value {
    json!({ "$terrace": { "node": node, "output": "arn" } })
}
