//! How an instance ends: protection lifted, a last snapshot if one is asked for.

use terrace_engine::{Disposal, Error, Result};
use terrace_model::Id;

use super::ending::{Answer, Codes, answer, instead, last_snapshot, verdict};
use super::{Rds, fresh};
use crate::errors::absent;

const INSTANCE: Codes =
    Codes { gone: "DBInstanceNotFound", name_taken: "DBSnapshotAlreadyExists", not_now: "InvalidDBInstanceState" };

/// What is to end, and how.
pub(super) struct Ending {
    pub name: String,
    pub protected: bool,
    pub disposal: Disposal,
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
        match self.end_instance(id, &name, &disposal).await? {
            Answer::Accepted => Ok(()),
            Answer::NameTaken => {
                let (Disposal::Snapshot(taken), Some(instance)) = (&disposal, self.instance(&fresh(id), &name).await?)
                else {
                    return Ok(());
                };
                let holder = self.snapshot(id, taken).await?.and_then(|snapshot| snapshot.dbi_resource_id);
                let instead = instead(holder.as_deref(), instance.dbi_resource_id(), taken);
                self.end_instance(id, &name, &instead).await.map(drop)
            }
            Answer::NotNow(error) => self.not_now(id, &name, &disposal, error).await,
        }
    }

    async fn end_instance(&self, id: &Id, name: &str, disposal: &Disposal) -> Result<Answer> {
        let (skip, snapshot) = last_snapshot(disposal);
        let request = self.writer(id).delete_db_instance().db_instance_identifier(name);
        let request = request.skip_final_snapshot(skip).set_final_db_snapshot_identifier(snapshot);
        answer(request.send().await, &INSTANCE)
    }

    /// AWS refused because of the state: is it ending already, can it have no snapshot, or must we wait?
    async fn not_now(&self, id: &Id, name: &str, disposal: &Disposal, error: Error) -> Result<()> {
        let Some(instance) = self.instance(&fresh(id), name).await? else { return Ok(()) };
        let status = instance.db_instance_status().unwrap_or_default();
        verdict(status, disposal, error)
    }
}
