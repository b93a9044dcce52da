//! The way out to Terraform, `terrace export --terraform`, and how a state of its is read for the way in.
//!
//! Out: everything in the inventories as `import` blocks ([`export`]). In: a state is read into resources in Terrace's own
//! terms ([`state::read`]), of which [`adopt`](crate::adopt) makes manifests.

mod export;
mod hcl;
mod kinds;
mod providers;
#[cfg(test)]
pub mod samples;
pub mod state;
mod steps;

pub use export::{Import, export, imports};
