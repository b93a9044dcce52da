//! `rds/DbCluster`: an Aurora cluster, or a Multi-AZ DB cluster.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDBClusterFluentBuilder;
use secrecy::ExposeSecret;
use terrace_engine::{Backup, Disposal, Pace, Provider, Result, Seen};
use terrace_model::aws::Tags;
use terrace_model::aws::rds::DbCluster;
use terrace_model::{Diff, Handle, Id};

use super::cluster_make::scaling;
use super::cluster_see::present;
use super::instance::{PasswordChange, password_change};
use super::wish::{beside_storage, insights, only, performance_insights};
use super::{Rds, export_change, known_list, known_option, name_of, refused};
use crate::{secretsmanager, tags};

/// See the module.
pub struct Clusters(pub Arc<Rds>);

/// Multi-AZ DB clusters take 52 characters, Aurora 63 (API reference, CreateDBCluster); a look cannot know which it is.
pub(super) fn name(id: &Id) -> String {
    name_of(id, 52)
}

impl Provider<DbCluster> for Clusters {
    const ACTIONS: &'static [&'static str] = &[
        "iam:CreateServiceLinkedRole",
        "iam:PassRole",
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKey",
        "rds:AddTagsToResource",
        "rds:CreateDBCluster",
        "rds:CreateDBClusterSnapshot",
        "rds:CreateDBInstance",
        "rds:DeleteDBCluster",
        "rds:DeleteDBInstance",
        "rds:DescribeDBClusterSnapshots",
        "rds:DescribeDBClusters",
        "rds:ListTagsForResource",
        "rds:ModifyDBCluster",
        "rds:RemoveTagsFromResource",
        "rds:RestoreDBClusterFromSnapshot",
        "rds:RestoreDBClusterToPointInTime",
        "secretsmanager:CreateSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:TagResource",
    ];
    const PASSES_ROLES_TO: &'static [&'static str] = &["monitoring.rds.amazonaws.com"];
    /// An Aurora cluster without instances takes a minute or two, a Multi-AZ DB cluster a quarter of an hour.
    const PACE: Pace = Pace { usual: Duration::from_secs(120) };

    async fn observe(&self, id: &Id) -> Result<Seen<DbCluster>> {
        Ok(self.0.cluster(id, &name(id)).await?.map_or(Seen::Absent, |seen| present(&seen)))
    }

    async fn create(&self, id: &Id, want: &DbCluster) -> Result<Handle> {
        self.0.make_cluster(id, want).await
    }

    async fn update(&self, id: &Id, have: &DbCluster, want: &DbCluster, diff: &Diff) -> Result<()> {
        let arn = self.0.arn(id, "cluster", &name(id));
        self.0.retag(id, &arn, &want.tags, diff).await?;
        let request = self.0.writer(id).modify_db_cluster().db_cluster_identifier(name(id));
        let request = request.apply_immediately(want.apply_immediately);
        let mut request = if beside_storage(diff) {
            settings(request, have, want, diff)?
        } else if diff.touches_any(STORAGE) {
            storage(request, want, diff)
        } else {
            return Ok(());
        };
        let key = known_option(want.master_user_secret_kms_key_id.as_ref())?;
        let managed = have.manage_master_user_password == Some(true);
        let (manage, secret) = (want.manage_master_user_password, want.master_secret.clone());
        let mut record = Tags::new();
        match password_change(managed, manage, key, secret, diff)? {
            PasswordChange::Keep => {}
            PasswordChange::Manage { key } => {
                request = request.manage_master_user_password(true).set_master_user_secret_kms_key_id(key);
            }
            PasswordChange::Set { secret, unmanage } => {
                let value = secretsmanager::read(&self.0.clients, &id.place.region, &secret).await?;
                request = request.master_user_password(value.expose_secret());
                request = request.set_manage_master_user_password(unmanage.then_some(false));
                record = tags::of_secret(&secret)?;
            }
        }
        request.send().await.map_err(refused)?;
        self.0.tag(id, &arn, &record).await
    }

    async fn delete(&self, id: &Id, have: &DbCluster, disposal: Disposal) -> Result<()> {
        self.0.delete_cluster(id, &name(id), have.deletion_protection, &disposal).await
    }

    async fn backups(&self, id: &Id) -> Result<Vec<Backup>> {
        self.0.cluster_snapshots_of(id, &name(id)).await
    }
}

const STORAGE: &[&str] = super::wish::STORAGE;

/// The disk: type and operations go together; the size only where it differs, for Aurora has none to say.
fn storage(request: ModifyDBClusterFluentBuilder, want: &DbCluster, diff: &Diff) -> ModifyDBClusterFluentBuilder {
    let request = only!(request, diff, {
        "allocatedStorage" => set_allocated_storage(want.allocated_storage),
        "storageType" => set_storage_type(want.storage_type.clone()),
    });
    request.set_iops(want.iops)
}

/// Everything but the disk and the password: only what differs.
fn settings(
    request: ModifyDBClusterFluentBuilder,
    have: &DbCluster,
    want: &DbCluster,
    diff: &Diff,
) -> Result<ModifyDBClusterFluentBuilder> {
    let logs = export_change(&have.enabled_cloudwatch_logs_exports, &want.enabled_cloudwatch_logs_exports);
    let mode = insights(want.database_insights_mode.as_ref());
    let mut request = only!(request, diff, {
        "engineVersion" => set_engine_version(want.engine_version.clone()),
        "port" => set_port(want.port),
        "vpcSecurityGroupIds" => set_vpc_security_group_ids(Some(known_list(&want.vpc_security_group_ids)?)),
        "dbClusterParameterGroupName" =>
            set_db_cluster_parameter_group_name(known_option(want.db_cluster_parameter_group_name.as_ref())?),
        "dbClusterInstanceClass" => set_db_cluster_instance_class(want.db_cluster_instance_class.clone()),
        "serverlessV2Scaling" =>
            set_serverless_v2_scaling_configuration(want.serverless_v2_scaling.as_ref().map(scaling)),
        "backupRetentionPeriod" => backup_retention_period(want.backup_retention_period),
        "preferredBackupWindow" => set_preferred_backup_window(want.preferred_backup_window.clone()),
        "preferredMaintenanceWindow" => set_preferred_maintenance_window(want.preferred_maintenance_window.clone()),
        "autoMinorVersionUpgrade" => set_auto_minor_version_upgrade(want.auto_minor_version_upgrade),
        "deletionProtection" => deletion_protection(want.deletion_protection),
        "copyTagsToSnapshot" => copy_tags_to_snapshot(want.copy_tags_to_snapshot),
        "enableIamDatabaseAuthentication" =>
            set_enable_iam_database_authentication(want.enable_iam_database_authentication),
        "databaseInsightsMode" => set_database_insights_mode(mode.clone()),
        "enabledCloudwatchLogsExports" => cloudwatch_logs_export_configuration(logs),
        "caCertificateIdentifier" => set_ca_certificate_identifier(want.ca_certificate_identifier.clone()),
        "networkType" => set_network_type(want.network_type.clone()),
    });
    if diff.touches("engineVersion") {
        request = request.set_allow_major_version_upgrade(want.allow_major_version_upgrade);
    }
    if let (true, Some(mode)) = (diff.touches("databaseInsightsMode"), &mode) {
        let (on, days) = performance_insights(mode);
        request = request.enable_performance_insights(on).set_performance_insights_retention_period(days);
    }
    if diff.touches_any(&["monitoringInterval", "monitoringRoleArn"]) {
        // The one is refused without the other.
        request = request
            .set_monitoring_interval(want.monitoring_interval)
            .set_monitoring_role_arn(known_option(want.monitoring_role_arn.as_ref())?);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rds::testing::{between, rds};
    use crate::testing::id;
    use aws_sdk_rds::Client;
    use aws_sdk_rds::operation::delete_db_cluster::DeleteDbClusterOutput;
    use aws_sdk_rds::operation::delete_db_instance::DeleteDbInstanceOutput;
    use aws_sdk_rds::operation::describe_db_clusters::DescribeDbClustersOutput;
    use aws_sdk_rds::operation::modify_db_cluster::ModifyDbClusterOutput;
    use aws_sdk_rds::types as sdk;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use terrace_engine::Error;

    fn node() -> Id {
        id::<DbCluster>("db")
    }

    fn standing(members: &'static [&'static str]) -> Rule {
        mock!(Client::describe_db_clusters).then_output(move || {
            let member = |name: &&str| sdk::DbClusterMember::builder().db_instance_identifier(*name).build();
            let cluster = sdk::DbCluster::builder().db_cluster_identifier(name(&node())).engine("aurora-postgresql");
            let cluster = cluster.set_db_cluster_members(Some(members.iter().map(member).collect()));
            DescribeDbClustersOutput::builder().db_clusters(cluster.status("available").build()).build()
        })
    }

    fn deleted() -> Rule {
        mock!(Client::delete_db_cluster).then_output(|| DeleteDbClusterOutput::builder().build())
    }

    fn have() -> DbCluster {
        super::super::cluster_see::cluster(&sdk::DbCluster::builder().engine("aurora-postgresql").build())
    }

    #[tokio::test]
    async fn autoscaled_readers_go_with_the_cluster_and_our_own_instances_go_first() {
        let reader = mock!(Client::delete_db_instance)
            .match_requests(|request| {
                request.db_instance_identifier() == Some("application-autoscaling-1")
                    && request.skip_final_snapshot() == Some(true)
            })
            .then_output(|| DeleteDbInstanceOutput::builder().build());
        let rules = [&standing(&["application-autoscaling-1", "ours"]), &reader, &deleted()];
        let clusters = Clusters(rds(mock_client!(aws_sdk_rds, RuleMode::MatchAny, rules)));
        let error = clusters.delete(&node(), &have(), Disposal::Delete).await.expect_err("an instance is left");
        assert!(matches!(&error, Error::Wait { message, .. } if message.contains("ours")), "{error:?}");
        assert_eq!(reader.num_calls(), 1);
        let gone = deleted();
        let rules = [&standing(&[]), &gone];
        let clusters = Clusters(rds(mock_client!(aws_sdk_rds, RuleMode::MatchAny, rules)));
        clusters.delete(&node(), &have(), Disposal::Delete).await.expect("it goes");
        assert_eq!(gone.num_calls(), 1);
    }

    #[tokio::test]
    async fn only_what_differs_is_sent() {
        let modified = mock!(Client::modify_db_cluster)
            .match_requests(|request| {
                request.backup_retention_period() == Some(14)
                    && (request.port(), request.engine_version(), request.storage_type()) == (None, None, None)
                    && request.cloudwatch_logs_export_configuration().is_none()
            })
            .then_output(|| ModifyDbClusterOutput::builder().build());
        let clusters = Clusters(rds(mock_client!(aws_sdk_rds, RuleMode::MatchAny, [&modified])));
        let want = DbCluster { backup_retention_period: 14, ..have() };
        let done = clusters.update(&node(), &have(), &want, &between(&have(), &want)).await;
        assert_eq!((done, modified.num_calls()), (Ok(()), 1));
    }
}
