//! The ledger of an object: its own status, written with a resourceVersion.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use serde_json::Value;
use terrace_crds::{EnvironmentPin, ResourceEntry, TierStatus};
use terrace_engine::{Error, Ledger};
use terrace_model::Inventory;

use crate::context::Process;
use crate::object::Handle;

/// Keeps an inventory in `status.resources`.
pub struct StatusLedger<'a> {
    pub handle: &'a Handle,
    pub uid: &'a str,
    pub process: &'a Process,
    state: Mutex<State>,
}

struct State {
    version: String,
    written: TierStatus,
    /// The Environment that goes into the next write.
    pin: Option<EnvironmentPin>,
    /// The operator that does.
    operator: Option<String>,
}

impl<'a> StatusLedger<'a> {
    /// The ledger of an object that is at `version` and has this status.
    pub fn new(handle: &'a Handle, uid: &'a str, process: &'a Process, version: String, status: TierStatus) -> Self {
        let (pin, operator) = (status.environment.clone(), status.operator.clone());
        StatusLedger { handle, uid, process, state: Mutex::new(State { version, written: status, pin, operator }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From its first intent on, an object keeps its Environment, and the operator that looks after it: they are one write.
    pub fn pin(&self, environment: EnvironmentPin, operator: &str) {
        let mut state = self.state();
        (state.pin, state.operator) = (Some(environment), Some(operator.into()));
    }

    /// The status as it was last written, or read, with the Environment and the operator that it is to keep.
    pub fn status(&self) -> TierStatus {
        let state = self.state();
        TierStatus { environment: state.pin.clone(), operator: state.operator.clone(), ..state.written.clone() }
    }

    /// The object's version after the last write.
    pub fn version(&self) -> String {
        self.state().version.clone()
    }

    /// Writes a whole status, unless it is what stands there already.
    ///
    /// # Errors
    /// As [`Handle::write_status`].
    pub async fn write(&self, status: TierStatus) -> Result<(), Error> {
        let version = {
            let state = self.state();
            if state.written == status {
                return Ok(());
            }
            state.version.clone()
        };
        let value = serde_json::to_value(&status).map_err(Error::retry)?;
        let version = self.handle.write_status(&version, &value).await?;
        self.process.wrote(self.uid, &version);
        let mut state = self.state();
        (state.version, state.written) = (version, status);
        Ok(())
    }
}

impl Ledger for StatusLedger<'_> {
    fn save<'a>(&'a self, inventory: &'a Inventory) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let mut status = self.status();
            status.resources = entries(inventory, &status.resources)?;
            self.write(status).await
        })
    }
}

/// The inventory as status shows it. What status says beside it of an entry stays until a report replaces it.
///
/// # Errors
/// None but a bug: the two types have the same fields, which a test holds.
pub fn entries(inventory: &Inventory, before: &[ResourceEntry]) -> Result<Vec<ResourceEntry>, Error> {
    let show = |entry: &terrace_model::Entry| {
        let mut value = serde_json::to_value(entry).map_err(Error::retry)?;
        let known = before.iter().find(|known| known.id == entry.id && known.incarnation == entry.incarnation);
        if let Some(known) = known {
            value["reason"] = known.reason.clone().map(Value::from).unwrap_or_default();
            value["message"] = known.message.clone().map(Value::from).unwrap_or_default();
        }
        serde_json::from_value(value).map_err(Error::retry)
    };
    inventory.0.values().map(show).collect()
}

/// The inventory that status holds.
///
/// # Errors
/// `Blocked` where it cannot be read, as after somebody edited it by hand: nothing is done on a guess.
pub fn inventory(status: &TierStatus) -> Result<Inventory, Error> {
    let value = serde_json::to_value(&status.resources).map_err(Error::retry)?;
    serde_json::from_value(value).map_err(|error| {
        Error::blocked("InventoryUnreadable", format!(
            "status.resources cannot be read ({error}): clear status.resources, and it is rebuilt from what bears this object's tags"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn whole() -> Inventory {
        serde_json::from_value(json!([{
            "id": "db", "incarnation": 2, "kind": "rds/DbInstance", "place": { "environment": "prod", "region": "eu-west-1" },
            "name": "shop-orders-db-1f", "handle": "arn:aws:rds:eu-west-1:1:db:a", "remade": 1, "state": "Ready",
            "onDelete": "Snapshot", "dependsOn": ["access", "subnets~2"], "keys": { "tags": ["a", "b"] },
            "address": { "name": "x" }, "created": "2026-07-01T10:00:00Z", "restoreFrom": "s", "approved": "h", "applied": "w",
        }]))
        .expect("an inventory")
    }

    #[test]
    fn an_inventory_reads_back_from_status_as_it_was() {
        let resources = entries(&whole(), &[]).expect("the same fields");
        let wire = serde_json::to_value(&resources).expect("plain data");
        assert_eq!(wire, serde_json::to_value(whole()).expect("plain data"));
        let status = TierStatus { resources, ..TierStatus::default() };
        assert_eq!(inventory(&status).expect("readable"), whole());
    }

    /// What operators of earlier versions wrote of examples/web, one file a version: never changed, and one more for each
    /// version that writes it otherwise.
    const RECORDED: &[(&str, &str)] = &[("0.1.0", include_str!("recorded/0.1.0.json"))];

    #[test]
    fn what_earlier_versions_wrote_is_read_whole_and_written_back_the_same() {
        let known = terrace_model::aws::kinds();
        for (version, text) in RECORDED {
            let recorded: std::collections::BTreeMap<String, serde_json::Value> =
                serde_json::from_str(text).expect("JSON");
            assert_eq!(recorded.len(), 5, "{version}: an object of each kind");
            for (kind, wire) in recorded {
                let status: TierStatus = serde_json::from_value(wire.clone()).expect("a status");
                assert_eq!(serde_json::to_value(&status).expect("plain data"), wire, "{version}: {kind}");
                let inventory = inventory(&status).unwrap_or_else(|error| panic!("{version}: {kind}: {error}"));
                let written = entries(&inventory, &status.resources).expect("the same fields");
                assert_eq!(written, status.resources, "{version}: {kind}");
                for entry in inventory.0.values() {
                    let ours =
                        entry.kind.starts_with("kubernetes/") || known.iter().any(|spec| spec.kind == entry.kind);
                    assert!(ours, "{version}: {kind} has a {}, and there is no such kind any more", entry.kind);
                }
            }
        }
    }

    #[test]
    fn an_inventory_edited_by_hand_is_not_guessed_at() {
        let mut resources = entries(&whole(), &[]).expect("the same fields");
        resources[0].state = "Splendid".into();
        let error = inventory(&TierStatus { resources, ..TierStatus::default() }).expect_err("no such state");
        assert_eq!(error.reason(), "InventoryUnreadable");
    }
}
