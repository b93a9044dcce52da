//! How a cluster ends, and the snapshots that are left of it.

use aws_sdk_rds::types as sdk;
use terrace_engine::{Backup, Disposal, Error, Result, reason};
use terrace_model::Id;
use terrace_model::identity::short_hash;

use super::cluster_see::is_aurora;
use super::instance_delete::verdict;
use super::snapshot::{backup, newest_first};
use super::{Rds, fresh};
use crate::errors::{absent, already, classify, code};

/// Readers that Application Auto Scaling adds bear this prefix (Aurora user guide, "Auto scaling with Aurora replicas").
/// It does not remove them when the cluster goes.
const AUTOSCALED: &str = "application-autoscaling-";

enum Refusal {
    None,
    NameTaken,
    State(Error),
}

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
            Refusal::None => Ok(()),
            Refusal::NameTaken => {
                let instead = self.cluster_snapshot_instead(id, &cluster, disposal).await?;
                self.end_cluster(id, name, &instead).await.map(drop)
            }
            Refusal::State(error) => verdict(cluster.status().unwrap_or_default(), disposal, error),
        }
    }

    async fn end_cluster(&self, id: &Id, name: &str, disposal: &Disposal) -> Result<Refusal> {
        let request = self.writer(id).delete_db_cluster().db_cluster_identifier(name);
        let request = match disposal {
            Disposal::Delete => request.skip_final_snapshot(true),
            Disposal::Snapshot(snapshot) => request.skip_final_snapshot(false).final_db_snapshot_identifier(snapshot),
        };
        match request.send().await {
            Ok(_) => Ok(Refusal::None),
            Err(error) => match code(&error) {
                Some("DBClusterNotFoundFault") => Ok(Refusal::None),
                Some("DBClusterSnapshotAlreadyExistsFault") => Ok(Refusal::NameTaken),
                Some("InvalidDBClusterStateFault") => Ok(Refusal::State(classify(error))),
                _ => Err(classify(error)),
            },
        }
    }

    /// The name is taken: by this cluster's own snapshot of an earlier try, or by one of an earlier life?
    async fn cluster_snapshot_instead(
        &self,
        id: &Id,
        cluster: &sdk::DbCluster,
        disposal: &Disposal,
    ) -> Result<Disposal> {
        let Disposal::Snapshot(name) = disposal else { return Ok(Disposal::Delete) };
        let request = self.reader(id).describe_db_cluster_snapshots().db_cluster_snapshot_identifier(name);
        let answer = absent(request.send().await, &["DBClusterSnapshotNotFoundFault"])?;
        let taken = answer.and_then(|answer| answer.db_cluster_snapshots.unwrap_or_default().into_iter().next());
        let resource = cluster.db_cluster_resource_id();
        if resource.is_some() && taken.as_ref().and_then(|snapshot| snapshot.db_cluster_resource_id()) == resource {
            return Ok(Disposal::Delete);
        }
        Ok(Disposal::Snapshot(format!("{name}-{}", short_hash(&[resource.unwrap_or_default()]))))
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
