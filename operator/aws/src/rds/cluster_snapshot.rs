//! How a cluster ends, and the snapshots that are left of it.

use aws_sdk_rds::types as sdk;
use terrace_engine::{Backup, Disposal, Error, Result, reason};
use terrace_model::Id;

use super::cluster_see::is_aurora;
use super::ending::{Answer, Codes, answer, instead, last_snapshot, verdict};
use super::{Rds, fresh};
use crate::errors::{absent, already, classify};
use crate::shared::{backup, newest_first};

/// Readers that Application Auto Scaling adds bear this prefix (Aurora user guide, "Auto scaling with Aurora replicas").
/// It does not remove them when the cluster goes.
const AUTOSCALED: &str = "application-autoscaling-";

const CLUSTER: Codes = Codes {
    gone: "DBClusterNotFoundFault",
    name_taken: "DBClusterSnapshotAlreadyExistsFault",
    not_now: "InvalidDBClusterStateFault",
};

/// Members that AWS made on the cluster's behalf, and members that others must remove first.
fn members(cluster: &sdk::DbCluster) -> (Vec<&str>, Vec<&str>) {
    let aurora = cluster.engine().is_some_and(is_aurora);
    let names = cluster.db_cluster_members().iter().filter_map(|member| member.db_instance_identifier());
    names.filter(|_| aurora).partition(|name| name.starts_with(AUTOSCALED))
}

impl Rds {
    /// Asks for the end of a cluster. One that is ending already, or is gone, is fine.
    pub(super) async fn delete_cluster(&self, id: &Id, name: &str, protected: bool, disposal: &Disposal) -> Result<()> {
        let Some(cluster) = self.cluster(&fresh(id), name).await? else { return Ok(()) };
        if cluster.status() == Some("deleting") {
            return Ok(());
        }
        let (autoscaled, others) = members(&cluster);
        for reader in autoscaled {
            let request = self.writer(id).delete_db_instance().db_instance_identifier(reader).skip_final_snapshot(true);
            let answer = request.send().await;
            // One that is being deleted already refuses by its state.
            already(answer, &["DBInstanceNotFound", "InvalidDBInstanceState"])?;
        }
        if !others.is_empty() {
            let message = format!("the cluster goes once its instances are gone: {}", others.join(", "));
            return Err(Error::wait(reason::IN_USE, message));
        }
        if protected {
            let request = self.writer(id).modify_db_cluster().db_cluster_identifier(name);
            let answer = request.deletion_protection(false).apply_immediately(true).send().await;
            absent(answer, &["DBClusterNotFoundFault"])?;
        }
        match self.end_cluster(id, name, disposal).await? {
            Answer::Accepted => Ok(()),
            Answer::NameTaken => {
                let Disposal::Snapshot(taken) = disposal else { return Ok(()) };
                let holder = self.cluster_snapshot(id, taken).await?.and_then(|found| found.db_cluster_resource_id);
                let instead = instead(holder.as_deref(), cluster.db_cluster_resource_id(), taken);
                self.end_cluster(id, name, &instead).await.map(drop)
            }
            Answer::NotNow(error) => verdict(cluster.status().unwrap_or_default(), disposal, error),
        }
    }

    async fn end_cluster(&self, id: &Id, name: &str, disposal: &Disposal) -> Result<Answer> {
        let (skip, snapshot) = last_snapshot(disposal);
        let request = self.writer(id).delete_db_cluster().db_cluster_identifier(name);
        let request = request.skip_final_snapshot(skip).set_final_db_snapshot_identifier(snapshot);
        answer(request.send().await, &CLUSTER)
    }

    /// One snapshot of a cluster, if it is there.
    async fn cluster_snapshot(&self, id: &Id, name: &str) -> Result<Option<sdk::DbClusterSnapshot>> {
        let request = self.reader(id).describe_db_cluster_snapshots().db_cluster_snapshot_identifier(name);
        let answer = absent(request.send().await, &["DBClusterSnapshotNotFoundFault"])?;
        Ok(answer.and_then(|answer| answer.db_cluster_snapshots.unwrap_or_default().into_iter().next()))
    }

    /// Snapshots of a cluster that stand, newest first.
    pub(super) async fn cluster_snapshots_of(&self, id: &Id, cluster: &str) -> Result<Vec<Backup>> {
        let request = self.reader(id).describe_db_cluster_snapshots().db_cluster_identifier(cluster);
        let mut items = request.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(classify)?;
            found.extend(backup(item.db_cluster_snapshot_identifier(), item.snapshot_create_time(), item.status()));
        }
        Ok(newest_first(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(engine: &str, names: &[&str]) -> sdk::DbCluster {
        let member = |name: &&str| sdk::DbClusterMember::builder().db_instance_identifier(*name).build();
        sdk::DbCluster::builder()
            .engine(engine)
            .set_db_cluster_members(Some(names.iter().map(member).collect()))
            .build()
    }

    #[test]
    fn autoscaled_readers_are_the_clusters_business_and_others_are_waited_for() {
        let aurora = cluster("aurora-postgresql", &["application-autoscaling-1", "shop-orders-0"]);
        assert_eq!(members(&aurora), (vec!["application-autoscaling-1"], vec!["shop-orders-0"]));
        let multi_az = cluster("postgres", &["shop-orders-instance-1"]);
        assert_eq!(members(&multi_az), (vec![], vec![]));
    }
}
