//! What an AWS resource is: values, resources, graphs, identities, differences. Pure: no I/O, no async, no SDK.
//!
//! *Architecture Invariant:* nothing here knows how a resource is made; it only knows what one is, who owns it, and how
//! two descriptions of it differ.

pub mod aws;
pub mod diff;
pub mod graph;
pub mod identity;
pub mod inventory;
pub mod resolve;
pub mod resource;
pub mod val;

pub use diff::{Certainty, Change, Diff, Effect};
pub use graph::{DeletionPolicy, Graph, GraphError, Node, NodeSpec, Place, Scope};
pub use identity::{Handle, Id, Owner, OwnerRef};
pub use inventory::{Entry, Inventory, NodeKey, OnDelete, Phase};
pub use resolve::{Resolved, resolve};
pub use resource::{KindSpec, Novelty, Out, Replace, Resource, Rule};
pub use val::{Opaque, Ref, SecretRef, Source, Val};
