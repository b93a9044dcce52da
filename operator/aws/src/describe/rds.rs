//! Databases and their snapshots.
//!
//! From the RDS API reference: a snapshot of this account goes by its identifier, which RDS keeps in lower case, one that
//! another account shares by its ARN (`DescribeDBSnapshots`, `IncludeShared`).

use aws_sdk_rds::Client;
use terrace_engine::Result;

use super::Existing;
use crate::errors::absent;
use crate::tags;

/// The type of a snapshot whose identifier AWS chose; it must then be said (API reference, `DescribeDBSnapshots`).
fn snapshot_type(name: &str) -> Option<String> {
    let kinds = [("rds:", "automated"), ("awsbackup:", "awsbackup")];
    kinds.into_iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, kind)| kind.to_owned())
}

/// What another account shares goes by its ARN.
fn is_shared(name: &str) -> Option<bool> {
    name.starts_with("arn:").then_some(true)
}

/// The four descriptions have the same fields, some by another name.
macro_rules! existing {
    ($list:expr, $arn:ident, $encrypted:ident) => {
        $list.and_then(|list| list.into_iter().next()).map(|item| Existing {
            tags: tags::read(item.tag_list().iter().map(|tag| (tag.key(), tag.value()))),
            allocated_storage: size(item.engine(), item.allocated_storage),
            arn: item.$arn.unwrap_or_default(),
            engine: item.engine,
            master_username: item.master_username,
            encrypted: item.$encrypted,
            ..Existing::default()
        })
    };
}

pub async fn db_snapshot(client: &Client, name: &str) -> Result<Option<Existing>> {
    let request = client.describe_db_snapshots().db_snapshot_identifier(name);
    let request = request.set_snapshot_type(snapshot_type(name)).set_include_shared(is_shared(name));
    let answer = absent(request.send().await, &["DBSnapshotNotFound"])?;
    Ok(existing!(answer.and_then(|answer| answer.db_snapshots), db_snapshot_arn, encrypted))
}

pub async fn db_cluster_snapshot(client: &Client, name: &str) -> Result<Option<Existing>> {
    let request = client.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(name);
    let request = request.set_snapshot_type(snapshot_type(name)).set_include_shared(is_shared(name));
    let answer = absent(request.send().await, &["DBClusterSnapshotNotFoundFault"])?;
    Ok(existing!(answer.and_then(|answer| answer.db_cluster_snapshots), db_cluster_snapshot_arn, storage_encrypted))
}

pub async fn db_instance(client: &Client, name: &str) -> Result<Option<Existing>> {
    let answer = client.describe_db_instances().db_instance_identifier(name).send().await;
    let answer = absent(answer, &["DBInstanceNotFound"])?;
    Ok(existing!(answer.and_then(|answer| answer.db_instances), db_instance_arn, storage_encrypted))
}

pub async fn db_cluster(client: &Client, name: &str) -> Result<Option<Existing>> {
    let answer = client.describe_db_clusters().db_cluster_identifier(name).send().await;
    let answer = absent(answer, &["DBClusterNotFoundFault"])?;
    Ok(existing!(answer.and_then(|answer| answer.db_clusters), db_cluster_arn, storage_encrypted))
}

/// Aurora grows by itself, and says 1 (API reference, DBCluster, `AllocatedStorage`).
pub(super) fn size(engine: Option<&str>, gib: Option<i32>) -> Option<u32> {
    let aurora = engine.is_some_and(|engine| engine.starts_with("aurora"));
    gib.filter(|_| !aurora).and_then(|gib| u32::try_from(gib).ok())
}
