//! How RDS is read: by filter, by name, or whole, page by page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_rds::Client;
use aws_sdk_rds::types as sdk;
use futures::future::try_join_all;
use terrace_engine::Result;
use terrace_engine::coalesce::Fetch;
use terrace_model::Id;

use super::Rds;
use crate::errors::{absent, classify};

/// What AWS reads by a filter of many ids. For some filters it answers an id that is not there by an error, for others by
/// leaving it out; then the rest are read one by one.
macro_rules! filtered {
    ($fetch:ident, $item:ty, $describe:ident, $filter:literal, $key:ident, $gone:literal) => {
        struct $fetch(Client);

        impl $fetch {
            /// `None` where one of the filtered is not there.
            async fn read(&self, keys: Option<Vec<String>>) -> Result<Option<BTreeMap<String, Arc<$item>>>> {
                let filter = |keys| sdk::Filter::builder().name($filter).set_values(Some(keys)).build();
                let request = self.0.$describe().set_filters(keys.map(|keys| vec![filter(keys)]));
                let mut items = request.into_paginator().items().send();
                let mut found = BTreeMap::new();
                while let Some(item) = items.next().await {
                    let Some(item) = absent(item, &[$gone])? else { return Ok(None) };
                    found.extend(item.$key().map(str::to_lowercase).map(|key| (key, Arc::new(item))));
                }
                Ok(Some(found))
            }
        }

        impl Fetch<String, Arc<$item>> for $fetch {
            async fn some(&self, keys: &BTreeSet<String>) -> Result<BTreeMap<String, Arc<$item>>> {
                if let Some(found) = self.read(Some(keys.iter().cloned().collect())).await? {
                    return Ok(found);
                }
                let others = keys.iter().filter(|_| keys.len() > 1);
                let each = try_join_all(others.map(|key| self.read(Some(vec![key.clone()])))).await?;
                Ok(each.into_iter().flatten().flatten().collect())
            }

            async fn all(&self) -> Result<BTreeMap<String, Arc<$item>>> {
                Ok(self.read(None).await?.unwrap_or_default())
            }
        }
    };
}

filtered!(
    ReadInstances,
    sdk::DbInstance,
    describe_db_instances,
    "db-instance-id",
    db_instance_identifier,
    "DBInstanceNotFound"
);
filtered!(
    ReadClusters,
    sdk::DbCluster,
    describe_db_clusters,
    "db-cluster-id",
    db_cluster_identifier,
    "DBClusterNotFoundFault"
);

/// What AWS reads by one name or whole.
macro_rules! named {
    ($fetch:ident, $item:ty, $describe:ident, $by:ident, $list:ident, $key:ident, $gone:literal) => {
        struct $fetch(Client);

        impl $fetch {
            async fn one(&self, name: &str) -> Result<Option<(String, $item)>> {
                let answer = absent(self.0.$describe().$by(name).send().await, &[$gone])?;
                let item = answer.and_then(|answer| answer.$list.unwrap_or_default().into_iter().next());
                Ok(item.map(|item| (name.to_owned(), item)))
            }
        }

        impl Fetch<String, $item> for $fetch {
            async fn some(&self, names: &BTreeSet<String>) -> Result<BTreeMap<String, $item>> {
                let found = try_join_all(names.iter().map(|name| self.one(name))).await?;
                Ok(found.into_iter().flatten().collect())
            }

            async fn all(&self) -> Result<BTreeMap<String, $item>> {
                let mut items = self.0.$describe().into_paginator().items().send();
                let mut found = BTreeMap::new();
                while let Some(item) = items.next().await {
                    let item = item.map_err(classify)?;
                    found.extend(item.$key().map(str::to_lowercase).map(|key| (key, item)));
                }
                Ok(found)
            }
        }
    };
}

named!(
    ReadSubnetGroups,
    sdk::DbSubnetGroup,
    describe_db_subnet_groups,
    db_subnet_group_name,
    db_subnet_groups,
    db_subnet_group_name,
    "DBSubnetGroupNotFoundFault"
);
named!(
    ReadParameterGroups,
    sdk::DbParameterGroup,
    describe_db_parameter_groups,
    db_parameter_group_name,
    db_parameter_groups,
    db_parameter_group_name,
    "DBParameterGroupNotFound"
);
named!(
    ReadClusterParameterGroups,
    sdk::DbClusterParameterGroup,
    describe_db_cluster_parameter_groups,
    db_cluster_parameter_group_name,
    db_cluster_parameter_groups,
    db_cluster_parameter_group_name,
    "DBParameterGroupNotFound"
);
named!(
    ReadProxies,
    sdk::DbProxy,
    describe_db_proxies,
    db_proxy_name,
    db_proxies,
    db_proxy_name,
    "DBProxyNotFoundFault"
);

macro_rules! looks {
    ($($(#[$doc:meta])* $look:ident: $item:ty, $listing:ident, $fetch:ident;)*) => {
        impl Rds {
            $(
                $(#[$doc])*
                pub(super) async fn $look(&self, id: &Id, name: &str) -> Result<Option<$item>> {
                    let listing = self.$listing.of(&id.place.region);
                    listing.get(name.to_owned(), id.freshness, &$fetch(self.reader(id))).await
                }
            )*
        }
    };
}

looks! {
    /// One instance, as fresh as `id` asks.
    instance: Arc<sdk::DbInstance>, instances, ReadInstances;
    /// One cluster, as fresh as `id` asks.
    cluster: Arc<sdk::DbCluster>, clusters, ReadClusters;
    /// One subnet group, as fresh as `id` asks.
    subnet_group: sdk::DbSubnetGroup, subnet_groups, ReadSubnetGroups;
    /// One parameter group, as fresh as `id` asks.
    parameter_group: sdk::DbParameterGroup, parameter_groups, ReadParameterGroups;
    /// One cluster parameter group, as fresh as `id` asks.
    cluster_parameter_group: sdk::DbClusterParameterGroup, cluster_parameter_groups, ReadClusterParameterGroups;
    /// One proxy, as fresh as `id` asks.
    proxy: sdk::DbProxy, proxies, ReadProxies;
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_rds::operation::describe_db_clusters::{DescribeDBClustersError, DescribeDbClustersOutput};
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use crate::rds::testing::meta;

    #[tokio::test]
    async fn one_that_is_gone_does_not_hide_the_others() {
        let names =
            |filters: &[sdk::Filter]| filters.first().map(|filter| filter.values().to_vec()).unwrap_or_default();
        let gone = mock!(Client::describe_db_clusters)
            .match_requests(move |request| names(request.filters()).contains(&"gone".to_owned()))
            .then_error(|| DescribeDBClustersError::generic(meta("DBClusterNotFoundFault")));
        let there = mock!(Client::describe_db_clusters)
            .match_requests(move |request| names(request.filters()) == ["there"])
            .then_output(|| {
                let cluster = sdk::DbCluster::builder().db_cluster_identifier("There").build();
                DescribeDbClustersOutput::builder().db_clusters(cluster).build()
            });
        let fetch = ReadClusters(mock_client!(aws_sdk_rds, RuleMode::MatchAny, [&gone, &there]));
        let keys = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let found = fetch.some(&keys(&["gone", "there"])).await.expect("it is read");
        assert_eq!(found.into_keys().collect::<Vec<_>>(), ["there"]);
        assert!(fetch.some(&keys(&["gone"])).await.expect("it is read").is_empty());
        assert_eq!(gone.num_calls(), 3);
    }
}
