//! `rds/DbReplica`: a read replica of an instance.

use std::sync::Arc;
use std::time::Duration;

use terrace_engine::{Disposal, Pace, Provider, Result, Seen};
use terrace_model::aws::rds::DbReplica;
use terrace_model::{Diff, Handle, Id};

use super::instance::PasswordChange;
use super::instance_delete::Ending;
use super::instance_make::handle;
use super::wish::{Wish, shape, watched};
use super::{NAME, Rds, known, name_of, refused, see};

/// See the module.
pub struct Replicas(pub Arc<Rds>);

impl Provider<DbReplica> for Replicas {
    const ACTIONS: &'static [&'static str] = &[
        "iam:PassRole",
        "rds:AddTagsToResource",
        "rds:CreateDBInstanceReadReplica",
        "rds:CreateDBSnapshot",
        "rds:DeleteDBInstance",
        "rds:DescribeDBInstances",
        "rds:DescribeDBSnapshots",
        "rds:ModifyDBInstance",
        "rds:RemoveTagsFromResource",
    ];
    const PASSES_ROLES_TO: &'static [&'static str] = &["monitoring.rds.amazonaws.com"];
    const PACE: Pace = Pace { usual: Duration::from_secs(480) };

    async fn observe(&self, id: &Id) -> Result<Seen<DbReplica>> {
        let seen = self.0.instance(id, &name_of(id, NAME)).await?;
        Ok(seen.map_or(Seen::Absent, |seen| see::present(&seen, see::replica(&seen))))
    }

    async fn create(&self, id: &Id, want: &DbReplica) -> Result<Handle> {
        let wish = Wish::of_replica(want)?;
        let request = self.0.writer(id).create_db_instance_read_replica();
        let request = watched!(shape!(request, wish, &want.tags), wish)
            .db_instance_identifier(name_of(id, NAME))
            .source_db_instance_identifier(known(&want.source_db_instance_identifier)?)
            .set_max_allocated_storage(want.max_allocated_storage.filter(|most| *most > 0));
        handle(request.send().await.map_err(refused)?.db_instance)
    }

    async fn update(&self, id: &Id, have: &DbReplica, want: &DbReplica, diff: &Diff) -> Result<()> {
        let (wish, have) = (Wish::of_replica(want)?, Wish::of_replica(have)?);
        self.0.retag(id, &self.0.arn(id, "db", &name_of(id, NAME)), &want.tags, diff).await?;
        self.0.modify_instance(id, &wish, &have, diff, PasswordChange::Keep).await
    }

    async fn delete(&self, id: &Id, have: &DbReplica, _disposal: Disposal) -> Result<()> {
        let (name, protected) = (name_of(id, NAME), have.deletion_protection);
        self.0.delete_instance(id, Ending { name, protected, disposal: disposal(id, have) }).await
    }
}

/// AWS takes no last snapshot of a replica, whose data is the source's. One that somebody promoted has data of its own,
/// which never goes without a trace.
fn disposal(id: &Id, have: &DbReplica) -> Disposal {
    let promoted = have.source_db_instance_identifier.known().is_none_or(String::is_empty);
    if promoted { Disposal::Snapshot(id.final_snapshot()) } else { Disposal::Delete }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rds::testing::described;
    use crate::testing::id;
    use terrace_model::aws::Tags;

    #[test]
    fn a_promoted_replica_leaves_a_snapshot_and_a_true_one_leaves_none() {
        let id = id::<DbReplica>("replica-1");
        let of = |source: Option<&str>| {
            let seen = described(&Tags::new());
            see::replica(&seen.set_read_replica_source_db_instance_identifier(source.map(str::to_owned)).build())
        };
        assert_eq!(disposal(&id, &of(Some("orders"))), Disposal::Delete);
        assert_eq!(disposal(&id, &of(None)), Disposal::Snapshot(id.final_snapshot()));
    }
}
