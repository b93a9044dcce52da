//! The inventories of the simulation: in a Kubernetes that refuses a write made on an old resourceVersion.

use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use terrace_model::Inventory;

use super::aws::SimAws;
use super::wire::Op;
use crate::error::{Error, Result};
use crate::ledger::Ledger;

/// Under which kind a write of an inventory is counted.
pub const STATUS: &str = "kubernetes/Status";

/// One object's status: what is kept is text, so that every save proves the round trip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    version: u64,
    json: Option<String>,
}

/// One process's view of one object's inventory. Open it anew after a restart.
#[derive(Debug)]
pub struct SimLedger {
    aws: Arc<SimAws>,
    object: String,
    seen: Mutex<u64>,
}

impl SimAws {
    /// The ledger of an object (`DataTier/shop/orders`), at its present version.
    pub fn ledger(self: &Arc<Self>, object: &str) -> SimLedger {
        let ledger = SimLedger { aws: self.clone(), object: object.into(), seen: Mutex::default() };
        ledger.load();
        ledger
    }

    /// Loses an object's inventory, as a restore of the object from Git does.
    pub fn lose_inventory(&self, object: &str) {
        self.write(object, None);
    }

    /// Somebody else writes the object: whoever has not read it since is refused.
    pub fn touch(&self, object: &str) {
        let json = self.world(|world, _| world.records.get(object).and_then(|record| record.json.clone()));
        self.write(object, json);
    }

    fn write(&self, object: &str, json: Option<String>) {
        self.world(|world, _| {
            let record = world.records.entry(object.to_owned()).or_default();
            *record = Record { version: record.version + 1, json };
        });
    }
}

impl SimLedger {
    /// Reads the inventory as it is now; `None` where there is none. No I/O point: a controller reads from its watch.
    ///
    /// # Panics
    /// Where what was saved does not read back.
    pub fn load(&self) -> Option<Inventory> {
        let record = self.aws.world(|world, _| world.records.get(&self.object).cloned()).unwrap_or_default();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = record.version;
        record.json.map(|json| serde_json::from_str(&json).expect("an inventory reads back as it was written"))
    }

    async fn write(&self, json: String) -> Result<()> {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let version = self
            .aws
            .call((STATUS, Op::Save, self.object.clone()), |world, _| {
                let record = world.records.entry(self.object.clone()).or_default();
                if record.version != seen {
                    return Err(Error::retry(format!("Conflict: {} was written by somebody else", self.object)));
                }
                *record = Record { version: seen + 1, json: Some(json) };
                Ok(record.version)
            })
            .await?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = version;
        Ok(())
    }
}

impl Ledger for SimLedger {
    fn save<'a>(&'a self, inventory: &'a Inventory) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.write(serde_json::to_string(inventory).map_err(Error::invalid)?).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::faults::{Fault, Faults};
    use crate::testing::entry;
    use futures::executor::block_on;

    const OBJECT: &str = "DataTier/shop/orders";

    fn inventory(ids: &[&str]) -> Inventory {
        ids.iter().map(|id| entry(id)).collect()
    }

    #[test]
    fn what_is_saved_reads_back_also_by_another_process() {
        let sim = SimAws::new();
        let ledger = sim.ledger(OBJECT);
        assert_eq!(ledger.load(), None);
        block_on(ledger.save(&inventory(&["a"]))).unwrap();
        block_on(ledger.save(&inventory(&["a", "b"]))).unwrap();
        assert_eq!(sim.ledger(OBJECT).load(), Some(inventory(&["a", "b"])));
        assert_eq!(sim.ledger("DataTier/shop/other").load(), None);
        assert_eq!((sim.calls().kubernetes_writes(), sim.calls().of(STATUS, Op::Save)), (2, 2));
    }

    #[test]
    fn a_write_on_an_old_version_is_refused_until_it_is_read_again() {
        let sim = SimAws::new();
        let (first, second) = (sim.ledger(OBJECT), sim.ledger(OBJECT));
        block_on(first.save(&inventory(&["a"]))).unwrap();
        assert!(matches!(block_on(second.save(&inventory(&["b"]))), Err(Error::Retry { .. })));
        assert_eq!(second.load(), Some(inventory(&["a"])));
        block_on(second.save(&inventory(&["b"]))).unwrap();
        sim.touch(OBJECT);
        assert!(block_on(second.save(&inventory(&["c"]))).is_err());
        assert_eq!(second.load(), Some(inventory(&["b"])));
    }

    #[test]
    fn a_lost_reply_leaves_the_writer_behind_what_it_wrote() {
        let sim = SimAws::new();
        sim.set_faults(Faults::at(0, Fault::LoseReply));
        let ledger = sim.ledger(OBJECT);
        assert!(block_on(ledger.save(&inventory(&["a"]))).is_err());
        assert!(block_on(ledger.save(&inventory(&["a"]))).is_err());
        assert_eq!(ledger.load(), Some(inventory(&["a"])));
        block_on(ledger.save(&inventory(&["b"]))).unwrap();
    }

    #[test]
    fn a_crash_before_the_write_leaves_the_record_as_it_was() {
        let sim = SimAws::new();
        sim.set_faults(Faults::at(0, Fault::CrashBefore));
        assert!(block_on(sim.ledger(OBJECT).save(&inventory(&["a"]))).is_err());
        sim.restart();
        assert_eq!(sim.ledger(OBJECT).load(), None);
    }

    #[test]
    fn an_inventory_can_be_lost() {
        let sim = SimAws::new();
        let ledger = sim.ledger(OBJECT);
        block_on(ledger.save(&inventory(&["a"]))).unwrap();
        sim.lose_inventory(OBJECT);
        assert_eq!(sim.ledger(OBJECT).load(), None);
        assert!(block_on(ledger.save(&inventory(&["a"]))).is_err());
    }
}
