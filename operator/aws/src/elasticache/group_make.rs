//! How a replication group is made: empty, or from a snapshot.

use secrecy::ExposeSecret;
use terrace_engine::Result;
use terrace_model::aws::elasticache::ReplicationGroup;
use terrace_model::{Handle, Id};

use super::snapshots::{Source, source};
use super::{ElastiCache, NAME, known, known_list, known_option, logs, made, name_of, refused, some, write_tags};
use crate::{secretsmanager, tags};

impl ElastiCache {
    /// `ClusterMode` is not said: the parameter group decides (user guide, "Engine specific parameters",
    /// `cluster-enabled`).
    pub(super) async fn make_group(&self, id: &Id, want: &ReplicationGroup) -> Result<Handle> {
        let mut all = want.tags.clone();
        let mut request = self.writer(id).create_replication_group().replication_group_id(name_of(id, NAME));
        if let Some(secret) = &want.auth_token {
            let value = secretsmanager::read(&self.clients, &id.place.region, secret).await?;
            request = request.auth_token(value.expose_secret());
            all.extend(tags::of_secret(secret)?);
        }
        request = match want.restore_from.as_ref().map(|from| source(&from.snapshot)) {
            None => request,
            Some(Source::Name(name)) => request.snapshot_name(name),
            Some(Source::Serverless(name)) => request.serverless_cache_snapshot_name(name),
        };
        let request = request
            .replication_group_description(&want.description)
            .engine(&want.engine)
            .set_engine_version(want.engine_version.clone())
            .cache_node_type(&want.cache_node_type)
            .num_node_groups(want.num_node_groups)
            .replicas_per_node_group(want.replicas_per_node_group)
            .port(want.port)
            .automatic_failover_enabled(want.automatic_failover_enabled)
            .multi_az_enabled(want.multi_az_enabled)
            .cache_subnet_group_name(known(&want.cache_subnet_group_name)?)
            .set_security_group_ids(some(known_list(&want.security_group_ids)?))
            .cache_parameter_group_name(known(&want.cache_parameter_group_name)?)
            .at_rest_encryption_enabled(want.at_rest_encryption_enabled)
            .set_kms_key_id(known_option(want.kms_key_id.as_ref())?)
            .transit_encryption_enabled(want.transit_encryption_enabled)
            .set_transit_encryption_mode(want.transit_encryption_mode.as_deref().map(Into::into))
            .set_user_group_ids(some(known_list(&want.user_group_ids)?))
            .snapshot_retention_limit(want.snapshot_retention_limit)
            .set_snapshot_window(want.snapshot_window.clone())
            .set_preferred_maintenance_window(want.preferred_maintenance_window.clone())
            .auto_minor_version_upgrade(want.auto_minor_version_upgrade)
            .set_log_delivery_configurations(some(logs::change(&logs::Logs::new(), &want.log_delivery_configurations)))
            .set_data_tiering_enabled(want.data_tiering_enabled.then_some(true))
            .set_network_type(want.network_type.as_deref().map(Into::into))
            .set_tags(Some(write_tags(&all)));
        made(request.send().await.map_err(refused)?.replication_group.and_then(|group| group.arn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::testing::{cache_with_secret, described, group_id, token, wish};
    use aws_sdk_elasticache::Client;
    use aws_sdk_elasticache::operation::create_replication_group::CreateReplicationGroupOutput;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use terrace_model::aws::elasticache::CacheRestore;
    use terrace_model::identity::tag;

    fn made() -> CreateReplicationGroupOutput {
        CreateReplicationGroupOutput::builder().replication_group(described().build()).build()
    }

    async fn make(rule: &Rule, want: &ReplicationGroup) -> Result<Handle> {
        let client = mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, [rule]);
        cache_with_secret(client, "v1", "hush").make_group(&group_id(), want).await
    }

    #[tokio::test]
    async fn a_new_one_is_made_whole_in_one_call_with_its_tags() {
        let rule = mock!(Client::create_replication_group)
            .match_requests(|request| {
                request.replication_group_id().is_some_and(|id| id.len() <= NAME)
                    && (request.num_node_groups(), request.replicas_per_node_group()) == (Some(1), Some(1))
                    && request.tags().len() == 1
                    && request.auth_token().is_none()
                    && request.data_tiering_enabled().is_none()
                    && request.user_group_ids().is_empty()
                    && request.snapshot_name().is_none()
            })
            .then_output(made);
        let handle = make(&rule, &wish()).await.expect("it is made");
        assert_eq!(handle.0, "arn:aws:elasticache:eu-west-1:123456789012:replicationgroup:sessions");
    }

    #[tokio::test]
    async fn a_token_goes_into_the_call_and_its_version_into_the_tags() {
        let rule = mock!(Client::create_replication_group)
            .match_requests(|request| {
                let version = request.tags().iter().find(|found| found.key() == Some(tag::SECRET_VERSION));
                request.auth_token() == Some("hush") && version.and_then(|version| version.value()) == Some("v1")
            })
            .then_output(made);
        make(&rule, &ReplicationGroup { auth_token: Some(token("v1")), ..wish() }).await.expect("it is made");
    }

    #[tokio::test]
    async fn a_snapshot_is_named_as_what_it_is() {
        let from = |snapshot: &str| ReplicationGroup {
            restore_from: Some(CacheRestore { snapshot: snapshot.into() }),
            ..wish()
        };
        let own = mock!(Client::create_replication_group)
            .match_requests(|request| {
                (request.snapshot_name(), request.serverless_cache_snapshot_name()) == (Some("last"), None)
            })
            .then_output(made);
        make(&own, &from("last")).await.expect("it is restored");
        make(&own, &from("arn:aws:elasticache:eu-west-1:1:snapshot:last")).await.expect("it is restored");
        let serverless = mock!(Client::create_replication_group)
            .match_requests(|request| {
                (request.snapshot_name(), request.serverless_cache_snapshot_name()) == (None, Some("last"))
            })
            .then_output(made);
        make(&serverless, &from("arn:aws:elasticache:eu-west-1:1:serverlesscachesnapshot:last"))
            .await
            .expect("it is restored");
    }
}
