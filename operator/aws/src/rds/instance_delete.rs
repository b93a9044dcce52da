//! How an instance ends: protection lifted, a last snapshot if one is asked for, and never a deadlock.

use aws_sdk_rds::types as sdk;
use terrace_engine::{Disposal, Error, Result, reason};
use terrace_model::Id;
use terrace_model::identity::short_hash;

use super::status::NO_LAST_SNAPSHOT;
use super::{Rds, fresh};
use crate::errors::{absent, classify, code};

/// What is to end, and how.
pub(super) struct Ending {
    pub name: String,
    pub protected: bool,
    pub disposal: Disposal,
}

/// A name that is taken by a snapshot: is it this instance's own, of an earlier try?
fn snapshot_instead(taken: Option<&sdk::DbSnapshot>, instance: &sdk::DbInstance, name: &str) -> Disposal {
    let resource = instance.dbi_resource_id();
    if resource.is_some() && taken.and_then(|snapshot| snapshot.dbi_resource_id()) == resource {
        return Disposal::Delete;
    }
    // One of an earlier life under the same name: this life's data has none yet.
    Disposal::Snapshot(format!("{name}-{}", short_hash(&[resource.unwrap_or_default()])))
}

impl Rds {
    /// Asks for the end of an instance. One that is ending already, or is gone, is fine.
    pub(super) async fn delete_instance(&self, id: &Id, ending: Ending) -> Result<()> {
        let Ending { name, protected, disposal } = ending;
        if protected {
            let request = self.writer(id).modify_db_instance().db_instance_identifier(&name);
            let answer = request.deletion_protection(false).apply_immediately(true).send().await;
            if absent(answer, &["DBInstanceNotFound"])?.is_none() {
                return Ok(());
            }
        }
        match self.end(id, &name, &disposal).await? {
            Refusal::None => Ok(()),
            Refusal::NameTaken => {
                let (Disposal::Snapshot(taken), Some(instance)) = (&disposal, self.instance(&fresh(id), &name).await?)
                else {
                    return Ok(());
                };
                let instead = snapshot_instead(self.snapshot(id, taken).await?.as_ref(), &instance, taken);
                self.end(id, &name, &instead).await.map(drop)
            }
            Refusal::State(error) => self.not_now(id, &name, &disposal, error).await,
        }
    }

    async fn end(&self, id: &Id, name: &str, disposal: &Disposal) -> Result<Refusal> {
        let request = self.writer(id).delete_db_instance().db_instance_identifier(name);
        let request = match disposal {
            Disposal::Delete => request.skip_final_snapshot(true),
            Disposal::Snapshot(snapshot) => request.skip_final_snapshot(false).final_db_snapshot_identifier(snapshot),
        };
        match request.send().await {
            Ok(_) => Ok(Refusal::None),
            Err(error) => match code(&error) {
                Some("DBInstanceNotFound") => Ok(Refusal::None),
                Some("DBSnapshotAlreadyExists") => Ok(Refusal::NameTaken),
                Some("InvalidDBInstanceState") => Ok(Refusal::State(classify(error))),
                _ => Err(classify(error)),
            },
        }
    }

    /// AWS refused because of the state: is it ending already, can it have no snapshot, or must we wait?
    async fn not_now(&self, id: &Id, name: &str, disposal: &Disposal, error: Error) -> Result<()> {
        let Some(instance) = self.instance(&fresh(id), name).await? else { return Ok(()) };
        let status = instance.db_instance_status().unwrap_or_default();
        verdict(status, disposal, error)
    }
}

enum Refusal {
    None,
    NameTaken,
    State(Error),
}

/// What a refused deletion means, by the status of what was to be deleted.
pub(super) fn verdict(status: &str, disposal: &Disposal, error: Error) -> Result<()> {
    match disposal {
        _ if status == "deleting" => Ok(()),
        Disposal::Snapshot(_) if NO_LAST_SNAPSHOT.contains(&status) => Err(Error::blocked(
            reason::FAILED,
            format!(
                "the database is {status}, and AWS takes no last snapshot of such a one: repair it, or set \
                 spec.deletionPolicy to Delete to let it go without one"
            ),
        )),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_database_asks_for_a_decision_and_others_are_waited_for() {
        let busy = || Error::wait(reason::NOT_READY, "backing-up");
        let snapshot = Disposal::Snapshot("s".into());
        assert_eq!(verdict("deleting", &snapshot, busy()), Ok(()));
        let error = verdict("incompatible-restore", &snapshot, busy()).expect_err("it cannot be done");
        assert!(error.is_stalled() && error.to_string().contains("spec.deletionPolicy"), "{error}");
        assert_eq!(verdict("backing-up", &snapshot, busy()), Err(busy()));
        assert_eq!(verdict("failed", &Disposal::Delete, busy()), Err(busy()));
    }

    #[test]
    fn a_snapshot_of_this_instance_is_enough_and_one_of_an_earlier_life_is_not() {
        let instance = sdk::DbInstance::builder().dbi_resource_id("db-2").build();
        let snapshot = |resource: &str| sdk::DbSnapshot::builder().dbi_resource_id(resource).build();
        assert_eq!(snapshot_instead(Some(&snapshot("db-2")), &instance, "final"), Disposal::Delete);
        let other = snapshot_instead(Some(&snapshot("db-1")), &instance, "final");
        assert!(matches!(&other, Disposal::Snapshot(name) if name.starts_with("final-")), "{other:?}");
    }
}
