//! The way out to Terraform and the way in from it: `terrace export --terraform`, and what `terrace adopt` makes of a state.
//!
//! Out: everything in the inventories as `import` blocks ([`export`]). In: a state is read into resources in Terrace's own
//! terms ([`state::read`]), and these become manifests that take them over ([`adopt::manifests`]). Whoever finds resources
//! in another way, as by ARN or tag in AWS itself, fills [`Found`] and has the same manifests.

pub mod adopt;
mod arn;
mod export;
mod found;
mod hcl;
mod kinds;
mod providers;
#[cfg(test)]
mod samples;
pub mod state;
mod steps;

pub use export::export;
pub use found::Found;
