//! Checks that several tiers make of what a spec says in the light of the facts.

pub(crate) mod existing;
pub(crate) mod parameters;
pub(crate) mod windows;
pub(crate) mod zones;
