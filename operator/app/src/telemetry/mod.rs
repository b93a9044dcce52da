//! What the operator says of itself: logs, metrics, traces, health and Events.
//!
//! *Architecture Invariant:* nothing here decides anything; and no password passes here, since none is in what is told.

pub mod events;
pub mod health;
pub mod logs;
pub mod metrics;
pub mod objects;
pub mod passes;
pub mod traces;
