//! Where an object's inventory is kept: its status in the cluster, or a record in memory.

use futures::future::BoxFuture;
use terrace_model::Inventory;

use crate::error::Result;

/// Keeps the inventory of one object across crashes.
pub trait Ledger: Send + Sync {
    /// Writes the whole inventory at once.
    ///
    /// # Errors
    /// `Retry` where somebody else wrote in between (a resourceVersion precondition) or the write failed; the pass ends
    /// there, before it has made anything that the inventory does not know of.
    fn save<'a>(&'a self, inventory: &'a Inventory) -> BoxFuture<'a, Result<()>>;
}
