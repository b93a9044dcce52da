//! The way from the replication group that is there to the one that is wished: one call at a time, each when AWS has
//! done with the one before (API reference, ModifyReplicationGroup: the group must be `available`).

use aws_sdk_elasticache::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_elasticache::operation::modify_replication_group::builders::ModifyReplicationGroupFluentBuilder;
use aws_sdk_elasticache::types as sdk;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use terrace_engine::Result;
use terrace_model::aws::elasticache::ReplicationGroup;
use terrace_model::{Diff, Id};

use super::group_see::{UNEQUAL, replicas};
use super::{ElastiCache, known, known_list, logs, only, refused};
use crate::errors::code;

/// What there is to do, and what is there.
pub(super) struct Way<'a> {
    /// As AWS describes it now.
    pub seen: &'a sdk::ReplicationGroup,
    pub have: &'a ReplicationGroup,
    pub want: &'a ReplicationGroup,
    pub diff: &'a Diff,
}

/// One call, or one chain of calls to one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Before failover is turned on, which needs a replica.
    MoreReplicas,
    /// A version brings its parameter group along.
    Version,
    NodeType,
    /// Before users and tokens, which need TLS.
    TlsUp,
    Settings,
    Logs,
    Login,
    Shards,
    /// After failover is turned off.
    FewerReplicas,
    /// After users and tokens are gone.
    TlsDown,
}

use Step::{FewerReplicas, Login, Logs, MoreReplicas, NodeType, Settings, Shards, TlsDown, TlsUp, Version};

const AT_ONCE: &[Step] =
    &[MoreReplicas, Version, NodeType, TlsUp, Settings, Logs, Login, Shards, FewerReplicas, TlsDown];
/// What is made at once takes along whatever waits for the maintenance window (API reference, `ApplyImmediately`): what
/// may wait comes last.
const IN_THE_WINDOW: &[Step] =
    &[MoreReplicas, TlsUp, Logs, Login, Settings, Shards, FewerReplicas, TlsDown, Version, NodeType];

const VERSION: &[&str] = &["engine", "engineVersion"];
const PARAMETERS: &str = "cacheParameterGroupName";
const SETTINGS: &[&str] = &[
    "description",
    "automaticFailoverEnabled",
    "multiAzEnabled",
    "securityGroupIds",
    "snapshotRetentionLimit",
    "snapshotWindow",
    "preferredMaintenanceWindow",
    "autoMinorVersionUpgrade",
];

/// `TransitEncryptionEnabled` and `TransitEncryptionMode` of a call.
type Tls = (bool, Option<sdk::TransitEncryptionMode>);

impl Way<'_> {
    /// The next step, if there is any that differs and AWS can take.
    pub fn next(&self) -> Option<Step> {
        let order = if self.want.apply_immediately { AT_ONCE } else { IN_THE_WINDOW };
        order.iter().copied().find(|step| self.is_due(*step))
    }

    fn is_due(&self, step: Step) -> bool {
        let differs = |field: &str| self.diff.touches(field);
        match step {
            MoreReplicas => differs("replicasPerNodeGroup") && self.any_shard(|count, wish| count < wish),
            FewerReplicas => differs("replicasPerNodeGroup") && self.any_shard(|count, wish| count > wish),
            Version => self.diff.touches_any(VERSION),
            NodeType => differs("cacheNodeType"),
            TlsUp => self.tls_up().is_some(),
            TlsDown => self.tls_down().is_some(),
            Settings => self.diff.touches_any(SETTINGS) || differs(PARAMETERS) && !self.diff.touches_any(VERSION),
            Logs => differs("logDeliveryConfigurations"),
            Login => self.diff.touches_any(&["authToken", "userGroupIds"]),
            Shards => differs("numNodeGroups"),
        }
    }

    fn any_shard(&self, is: fn(i32, i32) -> bool) -> bool {
        replicas(self.seen).into_iter().any(|count| is(count, self.want.replicas_per_node_group))
    }

    fn differs_in_tls(&self) -> bool {
        self.diff.touches_any(&["transitEncryptionEnabled", "transitEncryptionMode"])
    }

    /// On, and to `required`: by way of `preferred` (API reference, `TransitEncryptionMode`).
    fn tls_up(&self) -> Option<Tls> {
        use sdk::TransitEncryptionMode::{Preferred, Required};
        let mode = self.want.transit_encryption_mode.as_deref();
        if !self.differs_in_tls() || !self.want.transit_encryption_enabled {
            return None;
        }
        if !self.have.transit_encryption_enabled {
            return Some((true, Some(Preferred)));
        }
        (mode == Some(Required.as_str()) && self.diff.touches("transitEncryptionMode"))
            .then_some((true, Some(Required)))
    }

    /// Off, and back to `preferred`: off only from there, the same way back.
    fn tls_down(&self) -> Option<Tls> {
        use sdk::TransitEncryptionMode::Preferred;
        let is = |mode: &Option<String>| mode.as_deref() == Some(Preferred.as_str());
        if !self.differs_in_tls() || !self.have.transit_encryption_enabled {
            return None;
        }
        match (self.want.transit_encryption_enabled, is(&self.have.transit_encryption_mode)) {
            (false, true) => Some((false, None)),
            (false, false) => Some((true, Some(Preferred))),
            (true, false) if is(&self.want.transit_encryption_mode) => Some((true, Some(Preferred))),
            (true, _) => None,
        }
    }
}

impl ElastiCache {
    /// Takes the next step.
    pub(super) async fn go_on(&self, id: &Id, name: &str, way: &Way<'_>) -> Result<()> {
        let Way { want, diff, .. } = way;
        let request = self.writer(id).modify_replication_group().replication_group_id(name);
        let later = request.clone().apply_immediately(want.apply_immediately);
        let now = request.apply_immediately(true);
        let request = match way.next() {
            None => return Ok(()),
            Some(Login) => return self.log_in(id, name, way).await,
            Some(Shards) => return self.reshard(id, name, way).await,
            Some(MoreReplicas) => return self.more_replicas(id, name, way).await,
            Some(FewerReplicas) => return self.fewer_replicas(id, name, way).await,
            Some(Version) => {
                let request = later.set_engine_version(want.engine_version.clone());
                only!(request, diff, {
                    "engine" => set_engine(Some(want.engine.clone())),
                    "cacheParameterGroupName" =>
                        set_cache_parameter_group_name(Some(known(&want.cache_parameter_group_name)?)),
                })
            }
            Some(NodeType) => later.cache_node_type(&want.cache_node_type),
            Some(TlsUp) => tls(now, way.tls_up()),
            Some(TlsDown) => tls(now, way.tls_down()),
            // "You must set the apply-immediately parameter for all log delivery modifications" (user guide, "Log delivery").
            Some(Logs) => now.set_log_delivery_configurations(Some(logs::change(
                &way.have.log_delivery_configurations,
                &want.log_delivery_configurations,
            ))),
            Some(Settings) => settings(later, way)?,
        };
        request.send().await.map_err(refused)?;
        Ok(())
    }

    /// Those shards stay that come first.
    async fn reshard(&self, id: &Id, name: &str, way: &Way<'_>) -> Result<()> {
        let wish = way.want.num_node_groups;
        let count = usize::try_from(wish).unwrap_or(0);
        let mut shards: Vec<String> =
            way.seen.node_groups().iter().filter_map(|shard| shard.node_group_id.clone()).collect();
        shards.sort();
        let fewer = count < shards.len();
        shards.truncate(count);
        let request = self.writer(id).modify_replication_group_shard_configuration().replication_group_id(name);
        let request = request.node_group_count(wish).apply_immediately(true);
        let request = request.set_node_groups_to_retain(fewer.then_some(shards));
        request.send().await.map_err(refused)?;
        Ok(())
    }

    async fn more_replicas(&self, id: &Id, name: &str, way: &Way<'_>) -> Result<()> {
        let (count, shards) = recount(way, |count, wish| count < wish);
        let request = self.writer(id).increase_replica_count().replication_group_id(name).apply_immediately(true);
        done(request.set_new_replica_count(count).set_replica_configuration(shards).send().await)
    }

    async fn fewer_replicas(&self, id: &Id, name: &str, way: &Way<'_>) -> Result<()> {
        let (count, shards) = recount(way, |count, wish| count > wish);
        let request = self.writer(id).decrease_replica_count().replication_group_id(name).apply_immediately(true);
        done(request.set_new_replica_count(count).set_replica_configuration(shards).send().await)
    }
}

/// `NewReplicaCount` where all shards are to change, else `ReplicaConfiguration` for those that are.
fn recount(way: &Way, is: fn(i32, i32) -> bool) -> (Option<i32>, Option<Vec<sdk::ConfigureShard>>) {
    let wish = way.want.replicas_per_node_group;
    if way.have.replicas_per_node_group != UNEQUAL {
        return (Some(wish), None);
    }
    let shards = way.seen.node_groups().iter().zip(replicas(way.seen));
    let due = shards.filter(|(_, count)| is(*count, wish)).map(|(shard, _)| {
        let id = shard.node_group_id.clone();
        sdk::ConfigureShard::builder().set_node_group_id(id).new_replica_count(wish).build()
    });
    (None, Some(due.collect()))
}

/// Fine where AWS says that it is so already.
fn done<T, E>(said: std::result::Result<T, SdkError<E, HttpResponse>>) -> Result<()>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match said {
        Err(error) if code(&error) == Some("NoOperationFault") => Ok(()),
        said => said.map(drop).map_err(refused),
    }
}

fn tls(request: ModifyReplicationGroupFluentBuilder, tls: Option<Tls>) -> ModifyReplicationGroupFluentBuilder {
    let (enabled, mode) = tls.unzip();
    request.set_transit_encryption_enabled(enabled).set_transit_encryption_mode(mode.flatten())
}

fn settings(request: ModifyReplicationGroupFluentBuilder, way: &Way) -> Result<ModifyReplicationGroupFluentBuilder> {
    let Way { want, diff, .. } = way;
    let mut request = only!(request, diff, {
        "description" => set_replication_group_description(Some(want.description.clone())),
        "automaticFailoverEnabled" => set_automatic_failover_enabled(Some(want.automatic_failover_enabled)),
        "multiAzEnabled" => set_multi_az_enabled(Some(want.multi_az_enabled)),
        "securityGroupIds" => set_security_group_ids(Some(known_list(&want.security_group_ids)?)),
        "snapshotRetentionLimit" => set_snapshot_retention_limit(Some(want.snapshot_retention_limit)),
        "snapshotWindow" => set_snapshot_window(want.snapshot_window.clone()),
        "preferredMaintenanceWindow" => set_preferred_maintenance_window(want.preferred_maintenance_window.clone()),
        "autoMinorVersionUpgrade" => set_auto_minor_version_upgrade(Some(want.auto_minor_version_upgrade)),
    });
    if diff.touches(PARAMETERS) && !diff.touches_any(VERSION) {
        request = request.cache_parameter_group_name(known(&want.cache_parameter_group_name)?);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::testing::{between, cache, described, group_id, meta, shard, token, wish};
    use aws_sdk_elasticache::Client;
    use aws_sdk_elasticache::operation::increase_replica_count::{
        IncreaseReplicaCountError, IncreaseReplicaCountOutput,
    };
    use aws_sdk_elasticache::operation::modify_replication_group::{
        ModifyReplicationGroupInput as Modify, ModifyReplicationGroupOutput,
    };
    use aws_sdk_elasticache::operation::modify_replication_group_shard_configuration::ModifyReplicationGroupShardConfigurationOutput;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

    fn next(seen: &sdk::ReplicationGroup, have: &ReplicationGroup, want: &ReplicationGroup) -> Option<Step> {
        Way { seen, have, want, diff: &between(have, want) }.next()
    }

    async fn go(
        rules: &[&Rule],
        seen: &sdk::ReplicationGroup,
        have: &ReplicationGroup,
        want: &ReplicationGroup,
    ) -> Result<()> {
        let cache = cache(mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, rules), None);
        cache.go_on(&group_id(), "sessions", &Way { seen, have, want, diff: &between(have, want) }).await
    }

    fn modified(is: impl Fn(&Modify) -> bool + Send + Sync + 'static) -> Rule {
        mock!(Client::modify_replication_group)
            .match_requests(move |request| is(request))
            .then_output(|| ModifyReplicationGroupOutput::builder().build())
    }

    #[test]
    fn the_order_is_such_that_aws_takes_each_step_and_nothing_is_hurried() {
        let all = ReplicationGroup {
            replicas_per_node_group: 2,
            engine_version: Some("8.1".into()),
            cache_node_type: "cache.r7g.xlarge".into(),
            description: "other".into(),
            user_group_ids: ["users".into()].into(),
            num_node_groups: 3,
            ..wish()
        };
        for (now, expected) in [
            (true, [MoreReplicas, Version, NodeType, Settings, Login, Shards]),
            (false, [MoreReplicas, Login, Settings, Shards, Version, NodeType]),
        ] {
            let want = ReplicationGroup { apply_immediately: now, ..all.clone() };
            let mut seen = described().build();
            let (mut have, mut taken) = (wish(), Vec::new());
            while let Some(step) = next(&seen, &have, &want) {
                taken.push(step);
                match step {
                    MoreReplicas => {
                        have.replicas_per_node_group = 2;
                        seen.node_groups = Some(vec![shard("0001", 3)]);
                    }
                    Version => have.engine_version = want.engine_version.clone(),
                    NodeType => have.cache_node_type = want.cache_node_type.clone(),
                    Settings => have.description = want.description.clone(),
                    Login => have.user_group_ids = want.user_group_ids.clone(),
                    _ => have.num_node_groups = 3,
                }
            }
            assert_eq!(taken, expected);
        }
    }

    #[tokio::test]
    async fn tls_goes_on_and_off_by_way_of_preferred() {
        let tls = |enabled: bool, mode: Option<&str>| ReplicationGroup {
            transit_encryption_enabled: enabled,
            transit_encryption_mode: mode.map(str::to_owned),
            ..wish()
        };
        let (off, preferred, required) = (tls(false, None), tls(true, Some("preferred")), tls(true, Some("required")));
        let cases: [(&ReplicationGroup, &ReplicationGroup, bool, Option<&str>); 6] = [
            (&off, &required, true, Some("preferred")),
            (&preferred, &required, true, Some("required")),
            (&off, &preferred, true, Some("preferred")),
            (&required, &preferred, true, Some("preferred")),
            (&required, &off, true, Some("preferred")),
            (&preferred, &off, false, None),
        ];
        for (have, want, enabled, mode) in cases {
            let mode = mode.map(str::to_owned);
            let said = modified(move |request| {
                request.transit_encryption_enabled() == Some(enabled)
                    && request.transit_encryption_mode().map(|mode| mode.as_str().to_owned()) == mode
                    && request.apply_immediately() == Some(true)
            });
            assert_eq!(go(&[&said], &described().build(), have, want).await, Ok(()));
            assert_eq!(said.num_calls(), 1);
        }
        assert_eq!(next(&described().build(), &off, &off), None);
    }

    #[test]
    fn users_and_tokens_come_after_tls_and_go_before_it() {
        let open = ReplicationGroup { transit_encryption_enabled: false, transit_encryption_mode: None, ..wish() };
        let locked = ReplicationGroup { auth_token: Some(token("v1")), ..wish() };
        let seen = described().build();
        assert_eq!(next(&seen, &open, &locked), Some(TlsUp));
        assert_eq!(next(&seen, &wish(), &locked), Some(Login));
        let grouped = ReplicationGroup { user_group_ids: ["users".into()].into(), ..wish() };
        assert_eq!(next(&seen, &grouped, &open), Some(Login));
        assert_eq!(next(&seen, &wish(), &open), Some(TlsDown));
    }

    #[tokio::test]
    async fn only_what_differs_is_sent_and_a_version_takes_its_parameter_group_along() {
        let want = ReplicationGroup {
            snapshot_retention_limit: 3,
            engine: "valkey".into(),
            engine_version: Some("9.0".into()),
            cache_parameter_group_name: "other".into(),
            apply_immediately: true,
            ..wish()
        };
        let version = modified(|request| {
            (request.engine(), request.engine_version()) == (None, Some("9.0"))
                && request.cache_parameter_group_name() == Some("other")
                && request.snapshot_retention_limit().is_none()
        });
        let settings = modified(|request| {
            (request.snapshot_retention_limit(), request.engine_version()) == (Some(3), None)
                && request.cache_parameter_group_name().is_none()
                && request.security_group_ids().is_empty()
        });
        let rules = [&version, &settings];
        go(&rules, &described().build(), &wish(), &want).await.expect("the version goes first");
        assert_eq!((version.num_calls(), settings.num_calls()), (1, 0));
        let have = ReplicationGroup { snapshot_retention_limit: 7, ..want.clone() };
        go(&rules, &described().build(), &have, &want).await.expect("then the settings");
        assert_eq!((version.num_calls(), settings.num_calls()), (1, 1));
    }

    #[tokio::test]
    async fn logs_are_changed_at_once_whatever_waits() {
        let to = terrace_model::aws::elasticache::LogDelivery {
            destination_type: "cloudwatch-logs".into(),
            destination: "/shop".into(),
            log_format: "json".into(),
        };
        let logs = [("slow-log".to_owned(), to)].into();
        let want = ReplicationGroup { log_delivery_configurations: logs, apply_immediately: false, ..wish() };
        let said = modified(|request| {
            request.apply_immediately() == Some(true) && request.log_delivery_configurations().len() == 1
        });
        assert_eq!((go(&[&said], &described().build(), &wish(), &want).await, said.num_calls()), (Ok(()), 1));
    }

    #[tokio::test]
    async fn of_fewer_shards_the_first_stay() {
        let seen = described().node_groups(shard("0003", 2)).node_groups(shard("0002", 2)).build();
        let said = mock!(Client::modify_replication_group_shard_configuration)
            .match_requests(|request| {
                request.node_group_count() == Some(2) && request.node_groups_to_retain() == ["0001", "0002"]
            })
            .then_output(|| ModifyReplicationGroupShardConfigurationOutput::builder().build());
        let (have, want) =
            (ReplicationGroup { num_node_groups: 3, ..wish() }, ReplicationGroup { num_node_groups: 2, ..wish() });
        assert_eq!((go(&[&said], &seen, &have, &want).await, said.num_calls()), (Ok(()), 1));
    }

    #[tokio::test]
    async fn replicas_are_counted_for_all_shards_or_for_those_that_lack_them() {
        let want = ReplicationGroup { replicas_per_node_group: 2, ..wish() };
        let all = mock!(Client::increase_replica_count)
            .match_requests(|request| {
                request.new_replica_count() == Some(2) && request.replica_configuration().is_empty()
            })
            .then_error(|| IncreaseReplicaCountError::generic(meta("NoOperationFault")));
        assert_eq!((go(&[&all], &described().build(), &wish(), &want).await, all.num_calls()), (Ok(()), 1));
        let unequal = described().node_groups(shard("0002", 3)).build();
        let have = ReplicationGroup { replicas_per_node_group: UNEQUAL, ..wish() };
        let some = mock!(Client::increase_replica_count)
            .match_requests(|request| {
                let shards = request.replica_configuration();
                request.new_replica_count().is_none()
                    && shards.len() == 1
                    && (shards[0].node_group_id(), shards[0].new_replica_count()) == (Some("0001"), Some(2))
            })
            .then_output(|| IncreaseReplicaCountOutput::builder().build());
        assert_eq!((go(&[&some], &unequal, &have, &want).await, some.num_calls()), (Ok(()), 1));
        assert_eq!(next(&unequal, &have, &wish()), Some(FewerReplicas));
    }
}
