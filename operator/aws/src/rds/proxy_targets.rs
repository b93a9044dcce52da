//! `rds/DbProxyTargets`: what a proxy passes to. It lies within its proxy and has no tags of its own.
//!
//! AWS lists targets of one proxy at a time, so they are read once an hour, and whenever the look must be fresh.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_rds::types as sdk;
use terrace_engine::{Disposal, Error, Pace, Provider, Result, Seen as Sight, State};
use terrace_model::aws::rds::{DbProxyTargets, DbProxyTargetsOutputs};
use terrace_model::{Diff, Handle, Id, Owner, Val};

use super::{Rds, known, refused};
use crate::errors::{absent, already, classify};

/// The one target group that every proxy has.
const GROUP: &str = "default";
const GONE: &[&str] = &["DBProxyNotFoundFault", "DBProxyTargetGroupNotFoundFault"];

/// What AWS says of a proxy's targets.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    group: sdk::DbProxyTargetGroup,
    targets: Vec<sdk::DbProxyTarget>,
}

impl Seen {
    fn named(&self, kind: &sdk::TargetType) -> Option<Val<String>> {
        let of_kind = |target: &&sdk::DbProxyTarget| target.r#type() == Some(kind);
        let target = self.targets.iter().find(of_kind)?;
        target.rds_resource_id().map(|name| name.to_lowercase().into())
    }

    fn have(&self, proxy: &str) -> DbProxyTargets {
        let pool = self.group.connection_pool_config();
        let percent = pool.and_then(|pool| pool.max_connections_percent()).unwrap_or(100);
        let cluster = self.named(&sdk::TargetType::TrackedCluster);
        // The instances of a registered cluster are listed beside it.
        let instance = self.named(&sdk::TargetType::RdsInstance).filter(|_| cluster.is_none());
        DbProxyTargets {
            db_proxy_name: proxy.into(),
            db_instance_identifier: instance,
            db_cluster_identifier: cluster,
            max_connections_percent: percent,
            max_idle_connections_percent: pool
                .and_then(|pool| pool.max_idle_connections_percent())
                .unwrap_or(percent / 2),
            connection_borrow_timeout: pool.and_then(|pool| pool.connection_borrow_timeout()).unwrap_or(120),
        }
    }

    /// Ready where at least one target answers; what cannot be mended by waiting is a failure.
    fn state(&self) -> State {
        let health = || self.targets.iter().filter_map(|target| target.target_health());
        if health().any(|health| health.state() == Some(&sdk::TargetState::Available)) || health().next().is_none() {
            return State::Ready;
        }
        let refused = health().find(|health| health.reason() == Some(&sdk::TargetHealthReason::AuthFailure));
        match refused {
            Some(health) => State::Failed(health.description().unwrap_or("AUTH_FAILURE").to_owned()),
            None => State::Settling("registering".into()),
        }
    }
}

/// See the module.
pub struct ProxyTargets(pub Arc<Rds>);

impl ProxyTargets {
    async fn read(&self, id: &Id, proxy: &str) -> Result<Option<Seen>> {
        let client = self.0.reader(id);
        let groups =
            client.describe_db_proxy_target_groups().db_proxy_name(proxy).target_group_name(GROUP).send().await;
        let Some(groups) = absent(groups, GONE)? else { return Ok(None) };
        let Some(group) = groups.target_groups.unwrap_or_default().into_iter().next() else { return Ok(None) };
        let request = client.describe_db_proxy_targets().db_proxy_name(proxy).target_group_name(GROUP);
        let mut items = request.into_paginator().items().send();
        let mut targets = Vec::new();
        while let Some(item) = items.next().await {
            targets.push(item.map_err(classify)?);
        }
        Ok((!targets.is_empty()).then_some(Seen { group, targets }))
    }

    async fn pool(&self, id: &Id, want: &DbProxyTargets) -> Result<()> {
        let pool = sdk::ConnectionPoolConfiguration::builder()
            .max_connections_percent(want.max_connections_percent)
            .max_idle_connections_percent(want.max_idle_connections_percent)
            .connection_borrow_timeout(want.connection_borrow_timeout)
            .build();
        let request = self.0.writer(id).modify_db_proxy_target_group().db_proxy_name(known(&want.db_proxy_name)?);
        request.target_group_name(GROUP).connection_pool_config(pool).send().await.map_err(refused)?;
        Ok(())
    }
}

fn key(id: &Id, proxy: &str) -> String {
    format!("{}/{proxy}", id.place.region)
}

fn one(value: Option<&Val<String>>) -> Result<Option<Vec<String>>> {
    value.map(|value| known(value).map(|value| vec![value])).transpose()
}

impl Provider<DbProxyTargets> for ProxyTargets {
    const ACTIONS: &'static [&'static str] = &[
        "rds:DeregisterDBProxyTargets",
        "rds:DescribeDBProxyTargetGroups",
        "rds:DescribeDBProxyTargets",
        "rds:ModifyDBProxyTargetGroup",
        "rds:RegisterDBProxyTargets",
    ];
    const PACE: Pace = Pace { usual: Duration::from_secs(90) };

    async fn observe(&self, id: &Id) -> Result<Sight<DbProxyTargets>> {
        let Some(proxy) = id.address("dbProxyName") else { return Ok(Sight::Absent) };
        let seen = self.0.targets.get(&key(id, proxy), id.freshness, || self.read(id, proxy)).await?;
        let Some(seen) = seen else { return Ok(Sight::Absent) };
        Ok(Sight::Present {
            have: seen.have(proxy),
            out: DbProxyTargetsOutputs { name: seen.group.target_group_name().map(str::to_owned) },
            handle: Handle(seen.group.target_group_arn().unwrap_or_default().to_owned()),
            owner: Owner::Inherent,
            state: seen.state(),
        })
    }

    async fn create(&self, id: &Id, want: &DbProxyTargets) -> Result<Handle> {
        let proxy = known(&want.db_proxy_name)?;
        self.0.targets.forget(&key(id, &proxy));
        let request = self.0.writer(id).register_db_proxy_targets().db_proxy_name(&proxy).target_group_name(GROUP);
        let request = request
            .set_db_instance_identifiers(one(want.db_instance_identifier.as_ref())?)
            .set_db_cluster_identifiers(one(want.db_cluster_identifier.as_ref())?);
        already(request.send().await, &["DBProxyTargetAlreadyRegisteredFault"])?;
        self.pool(id, want).await?;
        let seen = self.read(id, &proxy).await?.ok_or_else(|| Error::retry("the targets are not visible yet"))?;
        Ok(Handle(seen.group.target_group_arn.unwrap_or_default()))
    }

    async fn update(&self, id: &Id, _have: &DbProxyTargets, want: &DbProxyTargets, diff: &Diff) -> Result<()> {
        if diff.is_empty() {
            return Ok(());
        }
        self.0.targets.forget(&key(id, &known(&want.db_proxy_name)?));
        self.pool(id, want).await
    }

    async fn delete(&self, id: &Id, have: &DbProxyTargets, _disposal: Disposal) -> Result<()> {
        let proxy = known(&have.db_proxy_name)?;
        self.0.targets.forget(&key(id, &proxy));
        let request = self.0.writer(id).deregister_db_proxy_targets().db_proxy_name(proxy).target_group_name(GROUP);
        let request = request
            .set_db_instance_identifiers(one(have.db_instance_identifier.as_ref())?)
            .set_db_cluster_identifiers(one(have.db_cluster_identifier.as_ref())?);
        let gone = ["DBProxyNotFoundFault", "DBProxyTargetGroupNotFoundFault", "DBProxyTargetNotFoundFault"];
        already(request.send().await, &gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(targets: Vec<sdk::DbProxyTarget>) -> Seen {
        let pool = sdk::ConnectionPoolConfigurationInfo::builder().max_connections_percent(80).build();
        let group = sdk::DbProxyTargetGroup::builder().target_group_name(GROUP).connection_pool_config(pool).build();
        Seen { group, targets }
    }

    fn target(kind: sdk::TargetType, name: &str, state: sdk::TargetState) -> sdk::DbProxyTarget {
        let health = sdk::TargetHealth::builder().state(state).build();
        sdk::DbProxyTarget::builder().r#type(kind).rds_resource_id(name).target_health(health).build()
    }

    #[test]
    fn a_cluster_counts_for_its_instances_and_one_that_answers_is_enough() {
        let instance = target(sdk::TargetType::RdsInstance, "orders-1", sdk::TargetState::Available);
        let cluster = target(sdk::TargetType::TrackedCluster, "Orders", sdk::TargetState::Registering);
        let both = seen(vec![cluster.clone(), instance.clone()]);
        let have = both.have("proxy");
        assert_eq!(have.db_cluster_identifier, Some("orders".into()));
        assert_eq!(have.db_instance_identifier, None);
        assert_eq!((have.max_connections_percent, have.max_idle_connections_percent), (80, 40));
        assert_eq!(both.state(), State::Ready);
        assert_eq!(seen(vec![instance]).have("proxy").db_instance_identifier, Some("orders-1".into()));
        assert_eq!(seen(vec![cluster]).state(), State::Settling("registering".into()));
    }
}
