//! `elasticache/CacheCluster`: Memcached on nodes.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_elasticache::types as sdk;
use terrace_engine::{Disposal, Pace, Provider, Result, Seen};
use terrace_model::aws::Tags;
use terrace_model::aws::elasticache::{CacheCluster, CacheClusterOutputs};
use terrace_model::{Diff, Handle, Id, Owner};

use super::cluster_nodes::{az_mode, to_remove};
use super::group_see::is_upgrading;
use super::status::state;
use super::{
    CLUSTER_NAME, ElastiCache, fresh, known, known_list, lower, made, name_of, network_type, only, refused,
    security_groups, some, write_tags,
};

/// See the module.
pub struct Clusters(pub Arc<ElastiCache>);

const VERSION: &str = "engineVersion";
const PARAMETERS: &str = "cacheParameterGroupName";
const NODE_TYPE: &str = "cacheNodeType";
const SETTINGS: &[&str] =
    &["numCacheNodes", "securityGroupIds", PARAMETERS, "preferredMaintenanceWindow", "autoMinorVersionUpgrade"];

fn port(seen: &sdk::CacheCluster) -> Option<i32> {
    let node = seen.cache_nodes().first().and_then(|node| node.endpoint());
    seen.configuration_endpoint().or(node).and_then(|endpoint| endpoint.port()).filter(|port| *port > 0)
}

/// What it is, with what it is about to be: a value that waits for the maintenance window counts as there.
fn cluster(seen: &sdk::CacheCluster, tags: Tags) -> CacheCluster {
    let pending = seen.pending_modified_values();
    let parameters = seen.cache_parameter_group().and_then(|group| group.cache_parameter_group_name());
    let text = |pending: Option<&str>, now: Option<&str>| pending.or(now).map(str::to_owned);
    CacheCluster {
        engine: lower(seen.engine()),
        engine_version: text(pending.and_then(|pending| pending.engine_version()), seen.engine_version()),
        cache_node_type: text(pending.and_then(|pending| pending.cache_node_type()), seen.cache_node_type())
            .unwrap_or_default(),
        num_cache_nodes: pending
            .and_then(|pending| pending.num_cache_nodes())
            .or(seen.num_cache_nodes())
            .unwrap_or_default(),
        az_mode: az_mode(seen).unwrap_or_default().to_owned(),
        port: port(seen).unwrap_or_default(),
        cache_subnet_group_name: lower(seen.cache_subnet_group_name()).into(),
        security_group_ids: security_groups(seen.security_groups()),
        cache_parameter_group_name: lower(parameters).into(),
        transit_encryption_enabled: seen.transit_encryption_enabled().unwrap_or(false),
        preferred_maintenance_window: seen.preferred_maintenance_window().map(str::to_lowercase),
        auto_minor_version_upgrade: seen.auto_minor_version_upgrade().unwrap_or(false),
        apply_immediately: false,
        network_type: Some(network_type(seen.network_type())),
        tags,
    }
}

/// What AWS does not show, or not yet.
fn unread(seen: &sdk::CacheCluster) -> &'static [&'static str] {
    match (is_upgrading(seen), az_mode(seen).is_some(), port(seen).is_some()) {
        (_, _, false) => &["azMode", "cacheParameterGroupName", "port"],
        // The parameter group that waits with the version does not show.
        (true, false, true) => &["azMode", "cacheParameterGroupName"],
        (true, true, true) => &["cacheParameterGroupName"],
        (false, false, true) => &["azMode"],
        (false, true, true) => &[],
    }
}

fn present(seen: &sdk::CacheCluster, tags: Tags) -> Seen<CacheCluster> {
    let endpoint = seen.configuration_endpoint();
    let host = endpoint.and_then(|endpoint| endpoint.address());
    Seen::Partly {
        owner: Owner::from_tags(&tags),
        have: cluster(seen, tags),
        out: CacheClusterOutputs {
            identifier: seen.cache_cluster_id().map(str::to_lowercase),
            arn: seen.arn().map(str::to_owned),
            configuration_endpoint: host.map(str::to_owned),
            port: port(seen).filter(|_| host.is_some()),
            engine_version: seen.engine_version().map(str::to_owned),
        },
        handle: Handle(seen.arn().unwrap_or_default().to_owned()),
        state: state(seen.cache_cluster_status()),
        unread: unread(seen),
    }
}

impl Provider<CacheCluster> for Clusters {
    const ACTIONS: &'static [&'static str] = &[
        "elasticache:AddTagsToResource",
        "elasticache:CreateCacheCluster",
        "elasticache:DeleteCacheCluster",
        "elasticache:DescribeCacheClusters",
        "elasticache:ListTagsForResource",
        "elasticache:ModifyCacheCluster",
        "elasticache:RemoveTagsFromResource",
        "iam:CreateServiceLinkedRole",
        "tag:GetResources",
    ];
    /// A few nodes take about five minutes.
    const PACE: Pace = Pace { usual: Duration::from_secs(300) };

    async fn observe(&self, id: &Id) -> Result<Seen<CacheCluster>> {
        let Some(seen) = self.0.cluster(id, &name_of(id, CLUSTER_NAME)).await? else { return Ok(Seen::Absent) };
        let tags = self.0.tags_of(id, seen.arn().unwrap_or_default()).await?;
        Ok(present(&seen, tags))
    }

    async fn create(&self, id: &Id, want: &CacheCluster) -> Result<Handle> {
        let request = self.0.writer(id).create_cache_cluster().cache_cluster_id(name_of(id, CLUSTER_NAME));
        let request = request
            .engine(&want.engine)
            .set_engine_version(want.engine_version.clone())
            .cache_node_type(&want.cache_node_type)
            .num_cache_nodes(want.num_cache_nodes)
            .az_mode(want.az_mode.as_str().into())
            .port(want.port)
            .cache_subnet_group_name(known(&want.cache_subnet_group_name)?)
            .set_security_group_ids(some(known_list(&want.security_group_ids)?))
            .cache_parameter_group_name(known(&want.cache_parameter_group_name)?)
            .transit_encryption_enabled(want.transit_encryption_enabled)
            .set_preferred_maintenance_window(want.preferred_maintenance_window.clone())
            .auto_minor_version_upgrade(want.auto_minor_version_upgrade)
            .set_network_type(want.network_type.as_deref().map(Into::into))
            .set_tags(Some(write_tags(&want.tags)));
        made(request.send().await.map_err(refused)?.cache_cluster.and_then(|cluster| cluster.arn))
    }

    /// The version goes by itself, with its parameter group; then the type of the nodes; then all else.
    async fn update(&self, id: &Id, _have: &CacheCluster, want: &CacheCluster, diff: &Diff) -> Result<()> {
        let name = name_of(id, CLUSTER_NAME);
        self.0.retag(id, &self.0.arn(id, "cluster", &name), &want.tags, diff).await?;
        let request = self.0.writer(id).modify_cache_cluster().cache_cluster_id(&name);
        let mut request = request.apply_immediately(want.apply_immediately);
        let group = || known(&want.cache_parameter_group_name);
        if diff.touches(VERSION) {
            request = request.set_engine_version(want.engine_version.clone());
            if diff.touches(PARAMETERS) {
                request = request.cache_parameter_group_name(group()?);
            }
        } else if diff.touches(NODE_TYPE) {
            request = request.cache_node_type(&want.cache_node_type);
        } else if diff.touches_any(SETTINGS) {
            request = only!(request, diff, {
                "numCacheNodes" => set_num_cache_nodes(Some(want.num_cache_nodes)),
                "securityGroupIds" => set_security_group_ids(Some(known_list(&want.security_group_ids)?)),
                "cacheParameterGroupName" => set_cache_parameter_group_name(Some(group()?)),
                "preferredMaintenanceWindow" =>
                    set_preferred_maintenance_window(want.preferred_maintenance_window.clone()),
                "autoMinorVersionUpgrade" => set_auto_minor_version_upgrade(Some(want.auto_minor_version_upgrade)),
            });
            if diff.touches("numCacheNodes") {
                request = request.set_cache_node_ids_to_remove(self.surplus(id, &name, want).await?);
            }
        } else {
            return Ok(());
        }
        request.send().await.map_err(refused)?;
        Ok(())
    }

    async fn delete(&self, id: &Id, _have: &CacheCluster, _disposal: Disposal) -> Result<()> {
        self.0.delete_cluster(id, &name_of(id, CLUSTER_NAME)).await
    }
}

impl Clusters {
    /// The nodes that are to go, where there are to be fewer: AWS wants to hear which.
    async fn surplus(&self, id: &Id, name: &str, want: &CacheCluster) -> Result<Option<Vec<String>>> {
        let Some(seen) = self.0.cluster(&fresh(id), name).await? else { return Ok(None) };
        let nodes = seen.cache_nodes();
        let count = nodes.len().saturating_sub(usize::try_from(want.num_cache_nodes).unwrap_or(0));
        Ok(some(to_remove(nodes, count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::testing::{between, cache};
    use crate::testing::id;
    use aws_sdk_elasticache::Client;
    use aws_sdk_elasticache::operation::create_cache_cluster::CreateCacheClusterOutput;
    use aws_sdk_elasticache::operation::describe_cache_clusters::DescribeCacheClustersOutput;
    use aws_sdk_elasticache::operation::modify_cache_cluster::{ModifyCacheClusterInput, ModifyCacheClusterOutput};
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use serde_json::json;
    use terrace_engine::State;

    fn wish() -> CacheCluster {
        serde_json::from_value(json!({
            "engine": "memcached", "engineVersion": "1.6", "cacheNodeType": "cache.r7g.large", "numCacheNodes": 3,
            "azMode": "cross-az", "port": 11211, "cacheSubnetGroupName": "subnets", "securityGroupIds": ["sg-1"],
            "cacheParameterGroupName": "parameters", "transitEncryptionEnabled": true,
            "preferredMaintenanceWindow": "sun:03:00-sun:04:00", "autoMinorVersionUpgrade": true,
            "applyImmediately": true, "networkType": "ipv4", "tags": {"team": "shop"},
        }))
        .expect("a wish is whole")
    }

    fn described(zones: &[&str]) -> sdk::builders::CacheClusterBuilder {
        let node = |(number, zone): (usize, &&str)| {
            let id = format!("{:04}", number + 1);
            sdk::CacheNode::builder().cache_node_id(id).customer_availability_zone(*zone).build()
        };
        sdk::CacheCluster::builder()
            .cache_cluster_id("Sessions")
            .arn("arn:aws:elasticache:eu-west-1:123456789012:cluster:sessions")
            .cache_cluster_status("available")
            .engine("memcached")
            .engine_version("1.6.22")
            .cache_node_type("cache.r7g.large")
            .num_cache_nodes(3)
            .set_cache_nodes(Some(zones.iter().enumerate().map(node).collect()))
            .configuration_endpoint(sdk::Endpoint::builder().address("cfg.cache").port(11211).build())
            .cache_subnet_group_name("Subnets")
            .security_groups(sdk::SecurityGroupMembership::builder().security_group_id("sg-1").status("active").build())
            .cache_parameter_group(
                sdk::CacheParameterGroupStatus::builder().cache_parameter_group_name("parameters").build(),
            )
            .transit_encryption_enabled(true)
            .preferred_maintenance_window("sun:03:00-sun:04:00")
            .auto_minor_version_upgrade(true)
            .network_type(sdk::NetworkType::Ipv4)
    }

    fn tags() -> Tags {
        [("team".to_owned(), "shop".to_owned())].into()
    }

    fn clusters(rules: &[&Rule]) -> Clusters {
        Clusters(cache(mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, rules), None))
    }

    fn modified(is: fn(&ModifyCacheClusterInput) -> bool) -> Rule {
        mock!(Client::modify_cache_cluster)
            .match_requests(is)
            .then_output(|| ModifyCacheClusterOutput::builder().build())
    }

    #[test]
    fn a_cluster_as_wished_differs_in_nothing_and_says_where_it_is() {
        let Seen::Partly { have, out, state, unread, .. } = present(&described(&["a", "b", "a"]).build(), tags())
        else {
            panic!("it is there")
        };
        assert_eq!((between(&have, &wish()), state), (Diff::default(), State::Ready));
        assert_eq!((out.configuration_endpoint.as_deref(), out.port), (Some("cfg.cache"), Some(11211)));
        assert!(unread.is_empty());
    }

    #[test]
    fn what_is_not_known_yet_is_not_compared_and_what_waits_counts_as_there() {
        let of = |seen: sdk::builders::CacheClusterBuilder| unread(&seen.build()).to_vec();
        assert_eq!(of(sdk::CacheCluster::builder()), ["azMode", "cacheParameterGroupName", "port"]);
        assert_eq!(of(described(&["a"])), ["azMode"]);
        let pending = sdk::PendingModifiedValues::builder().engine_version("1.6.30").num_cache_nodes(4).build();
        let seen = described(&["a", "b", "a"]).pending_modified_values(pending);
        let have = cluster(&seen.clone().build(), tags());
        assert_eq!((have.engine_version.as_deref(), have.num_cache_nodes), (Some("1.6.30"), 4));
        assert_eq!(of(seen), ["cacheParameterGroupName"]);
    }

    #[tokio::test]
    async fn it_is_made_whole_in_one_call_with_its_tags() {
        let made = mock!(Client::create_cache_cluster)
            .match_requests(|request| {
                request.tags().len() == 1
                    && request.az_mode() == Some(&sdk::AzMode::CrossAz)
                    && request.cache_cluster_id().is_some_and(|id| id.len() <= CLUSTER_NAME)
            })
            .then_output(|| CreateCacheClusterOutput::builder().cache_cluster(described(&["a"]).build()).build());
        let handle = clusters(&[&made]).create(&id::<CacheCluster>("cache"), &wish()).await.expect("it is made");
        assert!(handle.0.ends_with(":cluster:sessions"));
    }

    #[tokio::test]
    async fn the_version_goes_before_the_nodes_and_those_that_leave_are_named() {
        let all = CacheCluster {
            engine_version: Some("1.7".into()),
            cache_node_type: "cache.r7g.xlarge".into(),
            num_cache_nodes: 2,
            ..wish()
        };
        let version =
            modified(|request| request.engine_version() == Some("1.7") && request.num_cache_nodes().is_none());
        let size = modified(|request| request.cache_node_type().is_some() && request.engine_version().is_none());
        let count = modified(|request| {
            request.num_cache_nodes() == Some(2)
                && request.cache_node_ids_to_remove() == ["0003"]
                && request.cache_node_type().is_none()
        });
        let standing = mock!(Client::describe_cache_clusters).then_output(|| {
            DescribeCacheClustersOutput::builder().cache_clusters(described(&["a", "b", "a"]).build()).build()
        });
        let clusters = clusters(&[&version, &size, &count, &standing]);
        let mut have = wish();
        for _ in 0..3 {
            let done = clusters.update(&id::<CacheCluster>("cache"), &have, &all, &between(&have, &all)).await;
            done.expect("one step is taken");
            match (&have.engine_version, have.cache_node_type == all.cache_node_type) {
                (version, _) if *version != all.engine_version => have.engine_version = all.engine_version.clone(),
                _ => have.cache_node_type = all.cache_node_type.clone(),
            }
        }
        assert_eq!((version.num_calls(), size.num_calls(), count.num_calls()), (1, 1, 1));
    }
}
