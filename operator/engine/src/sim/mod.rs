//! An AWS in memory, stricter than AWS: written once over the erased resource, so that the graph of every tier runs on it.
//!
//! Things take time, in a time that only the test moves. What is made may show late, and its tags later. Names are held
//! after deletion, what is referred to cannot be deleted, quotas are reached, tokens are remembered; what has neither
//! name nor token is made twice by whoever creates twice. At every I/O point the process may crash, before the call or
//! after it, and every reply may be lost. Whatever breaks the provider contract is kept as a [`Violation`].
//!
//! ```
//! use terrace_engine::sim::{Fault, Faults, SimAws};
//!
//! let sim = SimAws::new();
//! let registry = sim.registry(); // one provider a kind: hand it to the engine
//! let ledger = sim.ledger("DataTier/shop/orders"); // counts as an I/O point as well
//! sim.set_faults(Faults::at(7, Fault::CrashAfter));
//! // … run a pass; whenever `sim.is_crashed()`: drop the engine, `sim.restart()`, load the ledger anew …
//! if let Some(moment) = sim.next_moment() {
//!     sim.clock().advance_to(moment);
//! }
//! assert!(ledger.load().is_none() && registry.get("rds/DbInstance").is_ok());
//! assert!(sim.audit(&["uid"]).is_clean() && sim.violations().is_empty(), "{}", sim.trace());
//! ```
//!
//! *Architecture Invariant:* nothing here depends on a tier, a service or real time; the same faults give the same run.

mod audit;
mod aws;
mod behaviour;
mod change;
mod clock;
mod console;
mod create;
mod delete;
mod faults;
mod ledger;
mod live;
mod look;
mod outputs;
mod provider;
mod snapshots;
#[cfg(test)]
mod testkit;
mod violation;
mod wire;
mod world;

pub use audit::Audit;
pub use aws::SimAws;
pub use behaviour::{Behaviour, Naming};
pub use clock::SimClock;
pub use console::Console;
pub use delete::PROTECTED;
pub use faults::{CRASHED, Fault, Faults, Rates};
pub use ledger::{STATUS, SimLedger};
pub use live::{Key, Live, Maker};
pub use provider::SimProvider;
pub use snapshots::Snapshot;
pub use violation::{Breach, Violation};
pub use wire::{Call, Calls, Gate, Op};
