//! What the operator says of itself: logs, metrics, health and Events.
//!
//! *Architecture Invariant:* nothing here decides anything; and no password passes here, since none is in what is told.

pub mod events;
pub mod health;
pub mod logs;
pub mod metrics;
