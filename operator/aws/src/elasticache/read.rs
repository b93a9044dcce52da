//! How ElastiCache is read: by one name, or whole, page by page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::types as sdk;
use futures::future::try_join_all;
use terrace_engine::Result;
use terrace_engine::coalesce::Fetch;
use terrace_model::Id;

use super::ElastiCache;
use crate::errors::{absent, classify};

/// One kind: `$describe` by `$by`, whose answer holds a `$list` of what is kept under its lower-case `$key`; `$gone` is
/// the code for what is not there. `$wrap` makes the item what is kept.
macro_rules! reads {
    ($($(#[$doc:meta])* $look:ident: $listing:ident, $fetch:ident -> $item:ty,
        $describe:ident $(.$more:ident($value:expr))*, $by:ident, $list:ident, $key:ident, $gone:literal, $wrap:expr;)*) => {
        $(
            struct $fetch(Client);

            impl $fetch {
                async fn one(&self, name: &str) -> Result<Option<(String, $item)>> {
                    let answer = self.0.$describe()$(.$more($value))*.$by(name).send().await;
                    let found = absent(answer, &[$gone])?.and_then(|answer| answer.$list);
                    Ok(found.unwrap_or_default().into_iter().next().map(|item| (name.to_owned(), $wrap(item))))
                }
            }

            impl Fetch<String, $item> for $fetch {
                async fn some(&self, names: &BTreeSet<String>) -> Result<BTreeMap<String, $item>> {
                    let found = try_join_all(names.iter().map(|name| self.one(name))).await?;
                    Ok(found.into_iter().flatten().collect())
                }

                async fn all(&self) -> Result<BTreeMap<String, $item>> {
                    let mut items = self.0.$describe()$(.$more($value))*.into_paginator().items().send();
                    let mut found = BTreeMap::new();
                    while let Some(item) = items.next().await {
                        let item = item.map_err(classify)?;
                        found.extend(item.$key().map(str::to_lowercase).map(|key| (key, $wrap(item))));
                    }
                    Ok(found)
                }
            }
        )*

        impl ElastiCache {
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

reads! {
    /// One replication group, as fresh as `id` asks.
    group: groups, ReadGroups -> Arc<sdk::ReplicationGroup>, describe_replication_groups, replication_group_id,
        replication_groups, replication_group_id, "ReplicationGroupNotFoundFault", Arc::new;
    /// One cluster or node of a replication group, as fresh as `id` asks.
    cluster: clusters, ReadClusters -> Arc<sdk::CacheCluster>, describe_cache_clusters.show_cache_node_info(true),
        cache_cluster_id, cache_clusters, cache_cluster_id, "CacheClusterNotFound", Arc::new;
    /// One serverless cache, as fresh as `id` asks.
    serverless_cache: serverless, ReadServerless -> Arc<sdk::ServerlessCache>, describe_serverless_caches,
        serverless_cache_name, serverless_caches, serverless_cache_name, "ServerlessCacheNotFoundFault", Arc::new;
    /// One subnet group, as fresh as `id` asks.
    subnet_group: subnet_groups, ReadSubnetGroups -> sdk::CacheSubnetGroup, describe_cache_subnet_groups,
        cache_subnet_group_name, cache_subnet_groups, cache_subnet_group_name, "CacheSubnetGroupNotFoundFault", |item| item;
    /// One parameter group, as fresh as `id` asks.
    parameter_group: parameter_groups, ReadParameterGroups -> sdk::CacheParameterGroup, describe_cache_parameter_groups,
        cache_parameter_group_name, cache_parameter_groups, cache_parameter_group_name, "CacheParameterGroupNotFound",
        |item| item;
    /// One user, as fresh as `id` asks.
    user: users, ReadUsers -> sdk::User, describe_users, user_id, users, user_id, "UserNotFound", |item| item;
    /// One user group, as fresh as `id` asks.
    user_group: user_groups, ReadUserGroups -> sdk::UserGroup, describe_user_groups, user_group_id, user_groups,
        user_group_id, "UserGroupNotFound", |item| item;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::testing::meta;
    use aws_sdk_elasticache::operation::describe_users::{DescribeUsersError, DescribeUsersOutput};
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    #[tokio::test]
    async fn one_that_is_gone_does_not_hide_the_others_and_every_page_is_read() {
        let user = |id: &str| sdk::User::builder().user_id(id).build();
        let gone = mock!(Client::describe_users)
            .match_requests(|request| request.user_id() == Some("gone"))
            .then_error(|| DescribeUsersError::generic(meta("UserNotFound")));
        let there = mock!(Client::describe_users)
            .match_requests(|request| request.user_id() == Some("there"))
            .then_output(move || DescribeUsersOutput::builder().users(user("There")).build());
        let first = mock!(Client::describe_users)
            .match_requests(|request| request.user_id().is_none() && request.marker().is_none())
            .then_output(move || DescribeUsersOutput::builder().users(user("A")).marker("more").build());
        let second = mock!(Client::describe_users)
            .match_requests(|request| request.marker() == Some("more"))
            .then_output(move || DescribeUsersOutput::builder().users(user("b")).build());
        let rules = [&gone, &there, &first, &second];
        let fetch = ReadUsers(mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, rules));
        let names = ["gone", "there"].map(str::to_owned).into();
        let found = fetch.some(&names).await.expect("they are read");
        assert_eq!(found.into_keys().collect::<Vec<_>>(), ["there"]);
        let all = fetch.all().await.expect("they are read");
        assert_eq!(all.into_keys().collect::<Vec<_>>(), ["a", "b"]);
    }
}
