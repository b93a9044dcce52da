//! The graph of wishes that a tier expands to: nodes by logical id, edges from the references among them.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use petgraph::algo::toposort;
use petgraph::graphmap::DiGraphMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::inventory::OnDelete;
use crate::resolve::references;
use crate::resource::{KindSpec, Resource};
use crate::val::Source;

/// Where a resource lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Name of the Environment, which stands for account and identity.
    pub environment: String,
    /// AWS region, as `eu-west-1`.
    pub region: String,
}

/// What becomes of the resources when the object is deleted (`spec.deletionPolicy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeletionPolicy {
    /// A snapshot of what can have one, Retain for what else holds data, Delete for the rest.
    #[default]
    Snapshot,
    Delete,
    /// As `Delete`, and what holds data that AWS deletes only when it is empty is emptied first.
    Empty,
    Retain,
}

impl DeletionPolicy {
    /// What this policy means for one kind.
    pub fn of(self, spec: &KindSpec) -> OnDelete {
        match self {
            DeletionPolicy::Retain => OnDelete::Retain,
            DeletionPolicy::Delete | DeletionPolicy::Empty => OnDelete::Delete,
            DeletionPolicy::Snapshot if spec.snapshots => OnDelete::Snapshot,
            DeletionPolicy::Snapshot if spec.holds_data => OnDelete::Retain,
            DeletionPolicy::Snapshot => OnDelete::Delete,
        }
    }
}

/// One wish, without its type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeSpec {
    pub kind: String,
    pub place: Place,
    pub on_delete: OnDelete,
    pub want: Value,
}

/// The wishes of one object. Its shape never depends on an output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    nodes: BTreeMap<String, NodeSpec>,
    #[serde(skip)]
    policy: DeletionPolicy,
    #[serde(skip)]
    twice: BTreeSet<String>,
}

/// A graph that cannot be walked. Tiers make none: their tests call [`Graph::check`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum GraphError {
    #[error("two nodes are named {0}")]
    Twice(String),
    #[error("{from} refers to {to}, which is not in the graph")]
    Dangling { from: String, to: String },
    #[error("{0} depends on itself")]
    Cycle(String),
}

impl Graph {
    /// An empty graph whose nodes are disposed of by `policy`.
    pub fn new(policy: DeletionPolicy) -> Self {
        Graph { policy, ..Graph::default() }
    }

    /// A scope that adds nodes at a place.
    pub fn at(&mut self, place: Place) -> Scope<'_> {
        Scope { graph: self, place }
    }

    /// All nodes, by logical id.
    pub fn nodes(&self) -> &BTreeMap<String, NodeSpec> {
        &self.nodes
    }

    /// One node.
    pub fn node(&self, id: &str) -> Option<&NodeSpec> {
        self.nodes.get(id)
    }

    /// The logical ids that `id` refers to.
    pub fn dependencies(&self, id: &str) -> BTreeSet<String> {
        let Some(node) = self.nodes.get(id) else {
            return BTreeSet::new();
        };
        references(&node.want)
            .into_iter()
            .filter_map(|reference| match reference.source {
                Source::Node(node) => Some(node),
                Source::Object(_) => None,
            })
            .collect()
    }

    /// Checks that ids are unique, references lead somewhere, and nothing depends on itself.
    ///
    /// # Errors
    /// The first of these that does not hold.
    pub fn check(&self) -> Result<(), GraphError> {
        if let Some(id) = self.twice.first() {
            return Err(GraphError::Twice(id.clone()));
        }
        let mut edges = DiGraphMap::<&str, ()>::new();
        for id in self.nodes.keys() {
            edges.add_node(id);
            for to in self.dependencies(id) {
                let Some((to, _)) = self.nodes.get_key_value(&to) else {
                    return Err(GraphError::Dangling { from: id.clone(), to });
                };
                edges.add_edge(id, to, ());
            }
        }
        toposort(&edges, None).map(|_| ()).map_err(|cycle| GraphError::Cycle(cycle.node_id().to_owned()))
    }
}

/// Adds nodes to a graph at one place.
pub struct Scope<'a> {
    graph: &'a mut Graph,
    place: Place,
}

impl Scope<'_> {
    /// Adds a wish under a logical id that is unique in its object and stable over its life.
    pub fn add<R: Resource>(&mut self, id: &str, want: R) -> Node<R> {
        let spec = KindSpec::of::<R>();
        let node = NodeSpec {
            kind: R::KIND.into(),
            place: self.place.clone(),
            on_delete: self.graph.policy.of(&spec),
            want: serde_json::to_value(&want).expect("a wish is plain data: string keys, no failing serializer"),
        };
        if self.graph.nodes.insert(id.into(), node).is_some() {
            self.graph.twice.insert(id.into());
        }
        Node { id: id.into(), resource: PhantomData }
    }
}

/// A node that was added, with its type: refer to its outputs by [`Node::out`].
pub struct Node<R> {
    id: String,
    resource: PhantomData<fn() -> R>,
}

impl<R> Node<R> {
    /// The logical id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl<R> Clone for Node<R> {
    fn clone(&self) -> Self {
        Node { id: self.id.clone(), resource: PhantomData }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Out;
    use crate::val::Val;

    #[derive(Serialize, Deserialize)]
    struct Thing {
        name: Val<String>,
    }

    #[derive(Default, Serialize, Deserialize)]
    struct ThingOut {
        arn: Option<String>,
    }

    impl Resource for Thing {
        const KIND: &'static str = "test/Thing";
        const HOLDS_DATA: bool = true;
        type Outputs = ThingOut;
    }

    const ARN: Out<Thing, String> = Out::new("arn");

    fn place() -> Place {
        Place { environment: "prod".into(), region: "eu-west-1".into() }
    }

    #[test]
    fn an_output_makes_an_edge() {
        let mut graph = Graph::default();
        let mut scope = graph.at(place());
        let first = scope.add("first", Thing { name: "a".into() });
        scope.add("second", Thing { name: first.out(ARN) });
        assert_eq!(graph.dependencies("second"), BTreeSet::from(["first".to_owned()]));
        assert_eq!(graph.check(), Ok(()));
    }

    #[test]
    fn a_broken_graph_is_named() {
        let late = |id: &str| Node::<Thing> { id: id.into(), resource: PhantomData }.out(ARN);
        let mut graph = Graph::default();
        graph.at(place()).add("a", Thing { name: late("b") });
        assert_eq!(graph.check(), Err(GraphError::Dangling { from: "a".into(), to: "b".into() }));
        graph.at(place()).add("b", Thing { name: late("a") });
        assert!(matches!(graph.check(), Err(GraphError::Cycle(_))));
        graph.at(place()).add("b", Thing { name: "x".into() });
        assert_eq!(graph.check(), Err(GraphError::Twice("b".into())));
    }

    #[test]
    fn what_holds_data_and_takes_no_snapshot_is_retained_unless_told_otherwise() {
        let spec = KindSpec::of::<Thing>();
        assert_eq!(DeletionPolicy::Snapshot.of(&spec), OnDelete::Retain);
        assert_eq!(DeletionPolicy::Delete.of(&spec), OnDelete::Delete);
        assert_eq!(DeletionPolicy::Empty.of(&spec), OnDelete::Delete);
        let database = KindSpec { snapshots: true, ..spec };
        assert_eq!(DeletionPolicy::Snapshot.of(&database), OnDelete::Snapshot);
        assert_eq!(DeletionPolicy::Retain.of(&database), OnDelete::Retain);
        let plain = KindSpec { holds_data: false, ..spec };
        assert_eq!(DeletionPolicy::Snapshot.of(&plain), OnDelete::Delete);
    }
}
