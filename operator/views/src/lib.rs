//! What a person is shown of objects and plans: text, pictures, manifests. Pure: whoever calls it has read the cluster and
//! AWS, and prints what comes back.
//!
//! *Architecture Invariant:* nothing here does I/O, reads a clock or knows a terminal. The same input gives the same text,
//! so that every view is tested by what it shows.

pub mod adopt;
mod arn;
#[cfg(test)]
mod count;
pub mod doctor;
pub mod explain;
pub mod graph;
#[cfg(test)]
mod growth;
pub mod new;
mod object;
pub mod page;
pub mod plan;
pub mod progress;
mod standing;
pub mod style;
pub mod terraform;
pub mod tree;
mod usual;
#[cfg(test)]
mod web_world;
pub mod why;

pub use object::{Environment, Event, Object, World};
pub use standing::{Absent, ObjectName, State};
