//! `rds/DbClusterInstance`: one instance of an Aurora cluster.

use std::sync::Arc;
use std::time::Duration;

use terrace_engine::{Disposal, Pace, Provider, Result, Seen};
use terrace_model::aws::rds::DbClusterInstance;
use terrace_model::{Diff, Handle, Id};

use super::instance::PasswordChange;
use super::instance_delete::Ending;
use super::instance_make::handle;
use super::wish::Wish;
use super::{NAME, Rds, known, name_of, refused, see, write_tags};

/// See the module.
pub struct ClusterInstances(pub Arc<Rds>);

impl Provider<DbClusterInstance> for ClusterInstances {
    const ACTIONS: &'static [&'static str] = &[
        "iam:CreateServiceLinkedRole",
        "iam:PassRole",
        "rds:AddTagsToResource",
        "rds:CreateDBInstance",
        "rds:DeleteDBInstance",
        "rds:DescribeDBInstances",
        "rds:ModifyDBInstance",
        "rds:RemoveTagsFromResource",
    ];
    const PASSES_ROLES_TO: &'static [&'static str] = &["monitoring.rds.amazonaws.com"];
    const PACE: Pace = Pace { usual: Duration::from_secs(300) };

    async fn observe(&self, id: &Id) -> Result<Seen<DbClusterInstance>> {
        let seen = self.0.instance(id, &name_of(id, NAME)).await?;
        Ok(seen.map_or(Seen::Absent, |seen| see::present(&seen, see::cluster_instance(&seen))))
    }

    async fn create(&self, id: &Id, want: &DbClusterInstance) -> Result<Handle> {
        let wish = Wish::of_cluster_instance(want)?;
        let request = self.0.writer(id).create_db_instance().db_instance_identifier(name_of(id, NAME));
        let request = request
            .db_cluster_identifier(known(&want.db_cluster_identifier)?)
            .engine(&want.engine)
            .db_instance_class(&want.db_instance_class)
            .promotion_tier(want.promotion_tier)
            .set_db_parameter_group_name(wish.parameter_group)
            .set_preferred_maintenance_window(wish.maintenance_window)
            .set_auto_minor_version_upgrade(wish.auto_minor_version_upgrade)
            .set_publicly_accessible(wish.publicly_accessible)
            .set_monitoring_interval(wish.monitoring_interval)
            .set_monitoring_role_arn(wish.monitoring_role)
            .set_ca_certificate_identifier(wish.certificate)
            .set_tags(Some(write_tags(&want.tags)));
        handle(request.send().await.map_err(refused)?.db_instance)
    }

    async fn update(&self, id: &Id, have: &DbClusterInstance, want: &DbClusterInstance, diff: &Diff) -> Result<()> {
        let (wish, have) = (Wish::of_cluster_instance(want)?, Wish::of_cluster_instance(have)?);
        self.0.retag(id, &self.0.arn(id, "db", &name_of(id, NAME)), &want.tags, diff).await?;
        self.0.modify_instance(id, &wish, &have, diff, PasswordChange::Keep).await
    }

    /// The data is the cluster's, and so is the last snapshot.
    async fn delete(&self, id: &Id, _have: &DbClusterInstance, _disposal: Disposal) -> Result<()> {
        let ending = Ending { name: name_of(id, NAME), protected: false, disposal: Disposal::Delete };
        self.0.delete_instance(id, ending).await
    }
}
