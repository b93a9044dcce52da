//! How load balancers and target groups are read: by one name, or whole, page by page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types as sdk;
use futures::future::try_join_all;
use terrace_engine::Result;
use terrace_engine::coalesce::Fetch;
use terrace_model::Id;

use super::Elb;
use crate::errors::{absent, classify};

/// One kind: `$describe`, whose answer holds a `$list` of what is kept under its `$key`; `$gone` is the code for what is
/// not there.
macro_rules! reads {
    ($($(#[$doc:meta])* $look:ident: $listing:ident, $fetch:ident -> $item:ty, $describe:ident, $list:ident, $key:ident,
        $gone:literal;)*) => {
        $(
            struct $fetch(Client);

            impl $fetch {
                async fn one(&self, name: &str) -> Result<Option<(String, Arc<$item>)>> {
                    let answer = self.0.$describe().names(name).send().await;
                    let found = absent(answer, &[$gone])?.and_then(|answer| answer.$list).unwrap_or_default();
                    Ok(found.into_iter().next().map(|item| (name.to_owned(), Arc::new(item))))
                }
            }

            impl Fetch<String, Arc<$item>> for $fetch {
                async fn some(&self, names: &BTreeSet<String>) -> Result<BTreeMap<String, Arc<$item>>> {
                    let found = try_join_all(names.iter().map(|name| self.one(name))).await?;
                    Ok(found.into_iter().flatten().collect())
                }

                async fn all(&self) -> Result<BTreeMap<String, Arc<$item>>> {
                    let mut items = self.0.$describe().into_paginator().items().send();
                    let mut found = BTreeMap::new();
                    while let Some(item) = items.next().await {
                        let item = item.map_err(classify)?;
                        found.extend(item.$key.clone().map(|name| (name, Arc::new(item))));
                    }
                    Ok(found)
                }
            }
        )*

        impl Elb {
            $(
                $(#[$doc])*
                pub(super) async fn $look(&self, id: &Id, name: &str) -> Result<Option<Arc<$item>>> {
                    let listing = self.$listing.of(&id.place.region);
                    listing.get(name.to_owned(), id.freshness, &$fetch(self.reader(id))).await
                }
            )*
        }
    };
}

reads! {
    /// One load balancer, as fresh as `id` asks.
    load_balancer: load_balancers, ReadLoadBalancers -> sdk::LoadBalancer, describe_load_balancers, load_balancers,
        load_balancer_name, "LoadBalancerNotFound";
    /// One target group, as fresh as `id` asks.
    target_group: target_groups, ReadTargetGroups -> sdk::TargetGroup, describe_target_groups, target_groups,
        target_group_name, "TargetGroupNotFound";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elbv2::testing::meta;
    use aws_sdk_elasticloadbalancingv2::operation::describe_target_groups::{
        DescribeTargetGroupsError, DescribeTargetGroupsOutput,
    };
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    #[tokio::test]
    async fn one_that_is_gone_does_not_hide_the_others_and_every_page_is_read() {
        let group = |name: &str| sdk::TargetGroup::builder().target_group_name(name).build();
        let gone = mock!(Client::describe_target_groups)
            .match_requests(|request| request.names() == ["gone"])
            .then_error(|| DescribeTargetGroupsError::generic(meta("TargetGroupNotFound")));
        let there = mock!(Client::describe_target_groups)
            .match_requests(|request| request.names() == ["there"])
            .then_output(move || DescribeTargetGroupsOutput::builder().target_groups(group("there")).build());
        let page = |marker: Option<&'static str>, next: Option<&'static str>, name: &'static str| {
            mock!(Client::describe_target_groups)
                .match_requests(move |request| request.names().is_empty() && request.marker() == marker)
                .then_output(move || {
                    let answer = DescribeTargetGroupsOutput::builder().target_groups(group(name));
                    answer.set_next_marker(next.map(str::to_owned)).build()
                })
        };
        let (first, second) = (page(None, Some("more"), "a"), page(Some("more"), None, "b"));
        let rules = [&gone, &there, &first, &second];
        let fetch = ReadTargetGroups(mock_client!(aws_sdk_elasticloadbalancingv2, RuleMode::MatchAny, rules));
        let found = fetch.some(&["gone", "there"].map(str::to_owned).into()).await.expect("they are read");
        assert_eq!(found.into_keys().collect::<Vec<_>>(), ["there"]);
        let all = fetch.all().await.expect("they are read");
        assert_eq!(all.into_keys().collect::<Vec<_>>(), ["a", "b"]);
    }
}
