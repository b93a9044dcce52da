//! `elasticache/ReplicationGroup`: Valkey or Redis OSS on nodes.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_elasticache::types as sdk;
use terrace_engine::{Backup, Disposal, Pace, Provider, Result, Seen};
use terrace_model::aws::elasticache::ReplicationGroup;
use terrace_model::{Diff, Handle, Id};

use super::group_steps::Way;
use super::{ElastiCache, NAME, fresh, group_see, name_of};

/// See the module.
pub struct Groups(pub Arc<ElastiCache>);

impl Provider<ReplicationGroup> for Groups {
    /// Beside ElastiCache's own: its service-linked role; the key (user guide, "At-Rest Encryption in ElastiCache");
    /// the delivery of logs (CloudWatch Logs user guide, "Enable logging from AWS services"); the token.
    const ACTIONS: &'static [&'static str] = &[
        "elasticache:AddTagsToResource",
        "elasticache:CreateReplicationGroup",
        "elasticache:CreateSnapshot",
        "elasticache:DecreaseReplicaCount",
        "elasticache:DeleteReplicationGroup",
        "elasticache:DescribeCacheClusters",
        "elasticache:DescribeReplicationGroups",
        "elasticache:DescribeSnapshots",
        "elasticache:IncreaseReplicaCount",
        "elasticache:ListTagsForResource",
        "elasticache:ModifyReplicationGroup",
        "elasticache:ModifyReplicationGroupShardConfiguration",
        "elasticache:RemoveTagsFromResource",
        "firehose:TagDeliveryStream",
        "iam:CreateServiceLinkedRole",
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        "secretsmanager:GetSecretValue",
        "tag:GetResources",
    ];
    /// Two nodes take about ten minutes.
    const PACE: Pace = Pace { usual: Duration::from_secs(600) };

    async fn observe(&self, id: &Id) -> Result<Seen<ReplicationGroup>> {
        let Some(seen) = self.0.group(id, &name_of(id, NAME)).await? else { return Ok(Seen::Absent) };
        let tags = self.0.tags_of(id, seen.arn().unwrap_or_default()).await?;
        let node = self.0.node_of(id, &seen).await?;
        Ok(group_see::present(&seen, node.as_deref(), tags))
    }

    async fn create(&self, id: &Id, want: &ReplicationGroup) -> Result<Handle> {
        self.0.make_group(id, want).await
    }

    async fn update(&self, id: &Id, have: &ReplicationGroup, want: &ReplicationGroup, diff: &Diff) -> Result<()> {
        let name = name_of(id, NAME);
        self.0.retag(id, &self.0.arn(id, "replicationgroup", &name), &want.tags, diff).await?;
        // What the wish does not say: shards and their replicas, and when the token was last changed.
        let Some(seen) = self.0.group(&fresh(id), &name).await? else { return Ok(()) };
        self.0.go_on(id, &name, &Way { seen: &seen, have, want, diff }).await
    }

    async fn delete(&self, id: &Id, _have: &ReplicationGroup, disposal: Disposal) -> Result<()> {
        self.0.delete_group(id, &name_of(id, NAME), &disposal).await
    }

    async fn backups(&self, id: &Id) -> Result<Vec<Backup>> {
        self.0.snapshots_of_group(id, &name_of(id, NAME)).await
    }
}

impl ElastiCache {
    /// One of the group's nodes, which are all alike.
    async fn node_of(&self, id: &Id, group: &sdk::ReplicationGroup) -> Result<Option<Arc<sdk::CacheCluster>>> {
        match group.member_clusters().first() {
            Some(first) => self.cluster(id, &first.to_lowercase()).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::testing::{between, cache, described, group_id, meta, node, tagged, wish};
    use aws_sdk_elasticache::Client;
    use aws_sdk_elasticache::operation::add_tags_to_resource::AddTagsToResourceOutput;
    use aws_sdk_elasticache::operation::create_replication_group::CreateReplicationGroupError;
    use aws_sdk_elasticache::operation::describe_cache_clusters::DescribeCacheClustersOutput;
    use aws_sdk_elasticache::operation::describe_replication_groups::DescribeReplicationGroupsOutput;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use terrace_engine::{Error, State, reason};

    fn groups(rules: &[&Rule]) -> Groups {
        Groups(cache(mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, rules), None))
    }

    fn standing() -> Rule {
        mock!(Client::describe_replication_groups)
            .then_output(|| DescribeReplicationGroupsOutput::builder().replication_groups(described().build()).build())
    }

    #[tokio::test]
    async fn a_group_is_seen_with_its_tags_and_what_its_node_says() {
        let of_node = mock!(Client::describe_cache_clusters)
            .match_requests(|request| request.cache_cluster_id() == Some("sessions-001"))
            .then_output(|| DescribeCacheClustersOutput::builder().cache_clusters(node().build()).build());
        let groups = groups(&[&standing(), &of_node, &tagged(&[("team", "shop")])]);
        let Seen::Partly { have, state, unread, .. } = groups.observe(&group_id()).await.expect("it is seen") else {
            panic!("it is there")
        };
        assert_eq!((between(&have, &wish()), state), (Diff::default(), State::Ready));
        assert!(unread.is_empty());
    }

    #[tokio::test]
    async fn a_name_that_is_taken_sends_us_back_to_look() {
        let taken = mock!(Client::create_replication_group)
            .then_error(|| CreateReplicationGroupError::generic(meta("ReplicationGroupAlreadyExists")));
        let error = groups(&[&taken]).create(&group_id(), &wish()).await.expect_err("the name is taken");
        assert!(matches!(error, Error::Wait { reason: reason::ALREADY_EXISTS, .. }), "{error:?}");
    }

    #[tokio::test]
    async fn tags_alone_modify_nothing() {
        let tagged = mock!(Client::add_tags_to_resource)
            .match_requests(|request| {
                let arn = request.resource_name().unwrap_or_default();
                arn.starts_with("arn:aws:elasticache:eu-west-1:123456789012:replicationgroup:")
                    && request.tags().len() == 1
            })
            .then_output(|| AddTagsToResourceOutput::builder().build());
        let want = ReplicationGroup { tags: [("team".into(), "other".into())].into(), ..wish() };
        let done = groups(&[&tagged, &standing()]).update(&group_id(), &wish(), &want, &between(&wish(), &want)).await;
        assert_eq!((done, tagged.num_calls()), (Ok(()), 1));
    }

    #[tokio::test]
    async fn what_takes_no_tags_now_is_waited_for() {
        let busy = mock!(Client::add_tags_to_resource).then_error(|| {
            aws_sdk_elasticache::operation::add_tags_to_resource::AddTagsToResourceError::generic(meta(
                "InvalidReplicationGroupState",
            ))
        });
        let want = ReplicationGroup { tags: [("team".into(), "other".into())].into(), ..wish() };
        let done = groups(&[&busy]).update(&group_id(), &wish(), &want, &between(&wish(), &want)).await;
        assert!(matches!(done, Err(Error::Wait { reason: reason::NOT_READY, .. })), "{done:?}");
    }
}
