//! The engine: it compares a graph of wishes with AWS, plans, and carries the plan out. No SDK, no Kubernetes.
//!
//! *Architecture Invariant:* a crash or a lost reply at any call boundary leads, after restart and with nobody's help, to
//! the same end state.

pub mod coalesce;
pub mod error;
pub mod ledger;
pub mod memory;
pub mod outcome;
pub mod ownership;
pub mod plan;
pub mod policy;
pub mod provider;
pub mod rebuild;
mod record;
pub mod report;
pub mod secrets;
pub mod sim;
pub mod situation;
mod standing;
mod step;
#[cfg(test)]
mod testing;
pub mod walk;
mod wish;

pub use error::{Error, Result, reason};
pub use ledger::Ledger;
pub use memory::Memory;
pub use outcome::Outcome;
pub use policy::{ChangePolicy, Pending, Policy};
pub use provider::{Backup, Disposal, Erased, Finder, Found, Look, Pace, Provider, Registry, Seen, Sight, State};
pub use report::{Report, report};
pub use secrets::SecretReader;
pub use walk::{Engine, Request};
