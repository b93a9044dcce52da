//! What `terrace doctor` looks at.

pub mod cluster;
pub mod environment;
mod operator;
