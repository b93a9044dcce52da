//! What DescribeReplicationGroups says of a group, and DescribeCacheClusters of one of its nodes, brought into the form
//! in which wishes are written.

use std::collections::BTreeSet;

use aws_sdk_elasticache::types as sdk;
use aws_sdk_elasticache::types::builders::ReplicationGroupPendingModifiedValuesBuilder;
use terrace_engine::Seen;
use terrace_model::aws::Tags;
use terrace_model::aws::elasticache::{ReplicationGroup, ReplicationGroupOutputs};
use terrace_model::{Handle, Owner, SecretRef, Val};

use super::status::state;
use super::{logs, lower, network_type, security_groups};
use crate::tags;

/// Where the shards have unequal numbers of replicas: no wish is that number, so that it is always put right.
pub(super) const UNEQUAL: i32 = -1;

/// What only a node says, and not before there is one.
const OF_NODES: &[&str] = &[
    "cacheParameterGroupName",
    "cacheSubnetGroupName",
    "engineVersion",
    "preferredMaintenanceWindow",
    "securityGroupIds",
];
/// An upgrade that waits for the maintenance window takes its parameter group along, and that does not show.
const OF_UPGRADE: &[&str] = &["cacheParameterGroupName"];
/// The port stands in the endpoint, which comes last.
const OF_ENDPOINT: &[&str] = &["port"];
const OF_BOTH: &[&str] = &[
    "cacheParameterGroupName",
    "cacheSubnetGroupName",
    "engineVersion",
    "port",
    "preferredMaintenanceWindow",
    "securityGroupIds",
];

/// Replicas of each shard.
pub(super) fn replicas(seen: &sdk::ReplicationGroup) -> Vec<i32> {
    let members = |shard: &sdk::NodeGroup| i32::try_from(shard.node_group_members().len()).unwrap_or(i32::MAX);
    seen.node_groups().iter().map(|shard| (members(shard) - 1).max(0)).collect()
}

fn equal(replicas: &[i32]) -> i32 {
    let first = replicas.first().copied().unwrap_or(0);
    if replicas.iter().all(|count| *count == first) { first } else { UNEQUAL }
}

/// The port, as soon as there is an endpoint.
fn port(seen: &sdk::ReplicationGroup) -> Option<i32> {
    let primary = seen.node_groups().first().and_then(|shard| shard.primary_endpoint());
    seen.configuration_endpoint().or(primary).and_then(|endpoint| endpoint.port()).filter(|port| *port > 0)
}

/// An upgrade to Valkey that waits for the maintenance window shows only its version. Redis OSS ends before 7.2, where
/// Valkey begins (user guide, "Supported engines and versions").
fn engine(seen: &sdk::ReplicationGroup, pending_version: Option<&str>) -> String {
    let number = |text: &str| text.split('.').take(2).map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>();
    match pending_version {
        Some(version) if number(version) >= vec![7, 2] => "valkey".to_owned(),
        _ => lower(seen.engine()),
    }
}

/// The user groups that are there or about to be.
fn user_groups(now: &[String], pending: Option<&sdk::UserGroupsUpdateStatus>) -> BTreeSet<Val<String>> {
    let mut groups: BTreeSet<String> = now.iter().map(|group| group.to_lowercase()).collect();
    if let Some(pending) = pending {
        for group in pending.user_group_ids_to_remove() {
            groups.remove(&group.to_lowercase());
        }
        groups.extend(pending.user_group_ids_to_add().iter().map(|group| group.to_lowercase()));
    }
    groups.into_iter().map(Val::Known).collect()
}

/// The token that was applied last; none where the group asks for none, whatever its tags say.
fn auth_token(seen: &sdk::ReplicationGroup, tags: &Tags) -> Option<SecretRef> {
    tags::secret(tags).filter(|_| seen.auth_token_enabled() == Some(true))
}

/// What it is, with what it is about to be: a value that waits for the maintenance window counts as there.
pub(super) fn group(seen: &sdk::ReplicationGroup, node: Option<&sdk::CacheCluster>, tags: Tags) -> ReplicationGroup {
    let none = ReplicationGroupPendingModifiedValuesBuilder::default().build();
    let pending = seen.pending_modified_values().unwrap_or(&none);
    let of_node = node.and_then(|node| node.pending_modified_values());
    let pending_version = of_node.and_then(|pending| pending.engine_version());
    let failover = match pending.automatic_failover_status() {
        Some(pending) => *pending == sdk::PendingAutomaticFailoverStatus::Enabled,
        None => {
            use sdk::AutomaticFailoverStatus::{Enabled, Enabling};
            matches!(seen.automatic_failover(), Some(Enabled | Enabling))
        }
    };
    let tls = pending.transit_encryption_enabled().or(seen.transit_encryption_enabled()).unwrap_or(false);
    let mode = pending.transit_encryption_mode().or(seen.transit_encryption_mode());
    let mode_of_cluster = match (seen.cluster_mode(), seen.cluster_enabled()) {
        (Some(mode), _) => mode.as_str(),
        (None, Some(true)) => "enabled",
        (None, _) => "disabled",
    };
    let parameters = node.and_then(|node| node.cache_parameter_group());
    ReplicationGroup {
        description: seen.description().unwrap_or_default().to_owned(),
        engine: engine(seen, pending_version),
        engine_version: pending_version.or(node.and_then(|node| node.engine_version())).map(str::to_owned),
        cache_node_type: of_node
            .and_then(|pending| pending.cache_node_type())
            .or(seen.cache_node_type())
            .unwrap_or_default()
            .to_owned(),
        num_node_groups: i32::try_from(seen.node_groups().len()).unwrap_or(i32::MAX),
        replicas_per_node_group: equal(&replicas(seen)),
        cluster_mode: mode_of_cluster.to_owned(),
        port: port(seen).unwrap_or(0),
        automatic_failover_enabled: failover,
        multi_az_enabled: seen.multi_az() == Some(&sdk::MultiAzStatus::Enabled),
        cache_subnet_group_name: lower(node.and_then(|node| node.cache_subnet_group_name())).into(),
        security_group_ids: security_groups(node.map(|node| node.security_groups()).unwrap_or_default()),
        cache_parameter_group_name: lower(parameters.and_then(|group| group.cache_parameter_group_name())).into(),
        at_rest_encryption_enabled: seen.at_rest_encryption_enabled().unwrap_or(false),
        kms_key_id: seen.kms_key_id().map(Val::from),
        transit_encryption_enabled: tls,
        transit_encryption_mode: mode.filter(|_| tls).map(|mode| mode.as_str().to_owned()),
        auth_token: auth_token(seen, &tags),
        user_group_ids: user_groups(seen.user_group_ids(), pending.user_groups()),
        snapshot_retention_limit: seen.snapshot_retention_limit().unwrap_or(0),
        snapshot_window: seen.snapshot_window().map(str::to_lowercase),
        preferred_maintenance_window: node.and_then(|node| node.preferred_maintenance_window()).map(str::to_lowercase),
        auto_minor_version_upgrade: seen.auto_minor_version_upgrade().unwrap_or(false),
        apply_immediately: false,
        log_delivery_configurations: logs::seen(
            seen.log_delivery_configurations(),
            pending.log_delivery_configurations(),
        ),
        data_tiering_enabled: seen.data_tiering() == Some(&sdk::DataTieringStatus::Enabled),
        network_type: Some(network_type(seen.network_type())),
        restore_from: None,
        tags,
    }
}

/// What is known of it: each output as soon as AWS shows it.
pub(super) fn outputs(seen: &sdk::ReplicationGroup, node: Option<&sdk::CacheCluster>) -> ReplicationGroupOutputs {
    let sharded = seen.cluster_enabled() == Some(true);
    let shard = seen.node_groups().first().filter(|_| !sharded);
    let host = |endpoint: Option<&sdk::Endpoint>| endpoint.and_then(|endpoint| endpoint.address()).map(str::to_owned);
    let endpoint = host(shard.and_then(|shard| shard.primary_endpoint()));
    let configuration_endpoint = host(seen.configuration_endpoint()).filter(|_| sharded);
    ReplicationGroupOutputs {
        identifier: seen.replication_group_id().map(str::to_lowercase),
        arn: seen.arn().map(str::to_owned),
        port: port(seen).filter(|_| endpoint.is_some() || configuration_endpoint.is_some()),
        endpoint,
        reader_endpoint: host(shard.and_then(|shard| shard.reader_endpoint())),
        configuration_endpoint,
        engine_version: node.and_then(|node| node.engine_version()).map(str::to_owned),
    }
}

/// True where another version waits for the maintenance window.
pub(super) fn is_upgrading(node: &sdk::CacheCluster) -> bool {
    node.pending_modified_values().is_some_and(|pending| pending.engine_version().is_some())
}

/// A group with one of its nodes, if there is one yet.
pub(super) fn present(
    seen: &sdk::ReplicationGroup,
    node: Option<&sdk::CacheCluster>,
    tags: Tags,
) -> Seen<ReplicationGroup> {
    Seen::Partly {
        owner: Owner::from_tags(&tags),
        have: group(seen, node, tags),
        out: outputs(seen, node),
        handle: Handle(seen.arn().unwrap_or_default().to_owned()),
        state: state(seen.status()),
        unread: match (node, port(seen)) {
            (Some(node), Some(_)) if is_upgrading(node) => OF_UPGRADE,
            (Some(_), Some(_)) => &[],
            (Some(_), None) => OF_ENDPOINT,
            (None, Some(_)) => OF_NODES,
            (None, None) => OF_BOTH,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::testing::{between, described, node, shard, wish};
    use terrace_engine::State;
    use terrace_model::Diff;
    use terrace_model::identity::tag;

    fn tags() -> Tags {
        [("team".to_owned(), "shop".to_owned())].into()
    }

    fn have(seen: &sdk::ReplicationGroup) -> ReplicationGroup {
        group(seen, Some(&node().build()), tags())
    }

    #[test]
    fn a_group_as_wished_differs_in_nothing() {
        let seen = described().build();
        assert_eq!(between(&have(&seen), &wish()), Diff::default());
        let out = outputs(&seen, Some(&node().build()));
        assert_eq!(out.identifier.as_deref(), Some("sessions"));
        assert_eq!((out.endpoint.as_deref(), out.port), (Some("primary.cache"), Some(6379)));
        assert_eq!((out.reader_endpoint.as_deref(), out.configuration_endpoint), (Some("reader.cache"), None));
        assert_eq!(out.engine_version.as_deref(), Some("8.0.1"));
    }

    #[test]
    fn with_cluster_mode_there_is_one_endpoint_and_no_other() {
        let endpoint = sdk::Endpoint::builder().address("configuration.cache").port(6380).build();
        let seen = described().cluster_enabled(true).set_cluster_mode(None).configuration_endpoint(endpoint).build();
        let out = outputs(&seen, None);
        assert_eq!((out.configuration_endpoint.as_deref(), out.port), (Some("configuration.cache"), Some(6380)));
        assert_eq!((out.endpoint, out.reader_endpoint), (None, None));
        assert_eq!((have(&seen).cluster_mode.as_str(), have(&seen).port), ("enabled", 6380));
    }

    #[test]
    fn what_waits_counts_as_there() {
        let users =
            sdk::UserGroupsUpdateStatus::builder().user_group_ids_to_add("New").user_group_ids_to_remove("users");
        let pending = ReplicationGroupPendingModifiedValuesBuilder::default()
            .automatic_failover_status(sdk::PendingAutomaticFailoverStatus::Disabled)
            .user_groups(users.build())
            .transit_encryption_mode(sdk::TransitEncryptionMode::Preferred)
            .build();
        let seen = described().user_group_ids("users").pending_modified_values(pending).build();
        let of_node = sdk::PendingModifiedValues::builder().engine_version("8.1").cache_node_type("cache.r7g.xlarge");
        let seen = group(&seen, Some(&node().pending_modified_values(of_node.build()).build()), tags());
        let want = ReplicationGroup {
            automatic_failover_enabled: false,
            user_group_ids: ["new".into()].into(),
            transit_encryption_mode: Some("preferred".into()),
            engine_version: Some("8.1".into()),
            cache_node_type: "cache.r7g.xlarge".into(),
            ..wish()
        };
        assert_eq!(between(&seen, &want), Diff::default());
    }

    #[test]
    fn an_upgrade_to_valkey_that_waits_is_known_by_its_version() {
        for (pending, expected) in
            [(Some("8.0"), "valkey"), (Some("7.2"), "valkey"), (Some("7.1"), "redis"), (None, "redis")]
        {
            assert_eq!(engine(&described().engine("redis").build(), pending), expected, "{pending:?}");
        }
    }

    #[test]
    fn shards_with_unequal_replicas_are_as_nobody_wishes() {
        let seen = described().node_groups(shard("0002", 3)).build();
        assert_eq!((have(&seen).num_node_groups, have(&seen).replicas_per_node_group), (2, UNEQUAL));
        assert_eq!(replicas(&seen), [1, 2]);
    }

    #[test]
    fn the_applied_token_is_read_from_the_tags_where_one_is_asked_for() {
        let secret = [(tag::SECRET, "arn:secret"), (tag::SECRET_VERSION, "v1")];
        let tags: Tags = secret.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let of = |enabled| group(&described().auth_token_enabled(enabled).build(), None, tags.clone()).auth_token;
        assert_eq!(of(true).and_then(|secret| secret.version.known().cloned()).as_deref(), Some("v1"));
        assert_eq!(of(false), None);
    }

    #[test]
    fn while_it_is_created_what_is_not_there_yet_is_not_compared() {
        let seen = sdk::ReplicationGroup::builder().status("creating").build();
        let Seen::Partly { unread, state, out, .. } = present(&seen, None, tags()) else { panic!("it is there") };
        assert_eq!((unread, state), (OF_BOTH, State::Settling("creating".into())));
        assert_eq!((out.endpoint, out.port), (None, None));
        let Seen::Partly { unread, .. } = present(&described().build(), Some(&node().build()), tags()) else {
            panic!("it is there")
        };
        assert!(unread.is_empty());
        let waits = sdk::PendingModifiedValues::builder().engine_version("8.1").build();
        let node = node().pending_modified_values(waits).build();
        let Seen::Partly { unread, .. } = present(&described().build(), Some(&node), tags()) else {
            panic!("it is there")
        };
        assert_eq!(unread, OF_UPGRADE);
    }
}
