//! AWS Secrets Manager: secrets that Terrace generates, and the current version and value of any secret.

mod secrets;
mod shelf;
mod value;
mod values;
mod versions;

pub use secrets::Secrets;
pub use shelf::Shelf;
pub use value::{READ_ACTIONS, read};
pub use values::Values;
pub use versions::Versions;
