//! Scaling policies that keep a metric near a value.
//!
//! From the Application Auto Scaling API reference: PutScalingPolicy makes and changes; ten are described at once;
//! DescribeScalingPolicies names up to 50; policies bear no tags. Target tracking makes CloudWatch alarms of its own
//! and removes them with the policy; an Aurora cooldown that is not given is 300 seconds.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::types::{
    MetricType, PolicyType, PredefinedMetricSpecification, ScalingPolicy as Described, ServiceNamespace,
    TargetTrackingScalingPolicyConfiguration as Tracking,
};
use terrace_engine::coalesce::{Fetch, Few, Regional};
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State};
use terrace_model::aws::autoscaling::{ScalingPolicy, ScalingPolicyOutputs};
use terrace_model::{Diff, Handle, Id, Owner};

use super::place;
use crate::Clients;
use crate::errors::{absent, classify};
use crate::hourly;

/// The most that are named in one request.
const FEW: Few = Few::UpTo(50);
/// The most that are described at once: too few for a list at every resync, so the list is read whole about once an hour.
const PAGE: i32 = 10;
const GONE: &[&str] = &["ObjectNotFoundException"];
/// Seconds.
const COOLDOWN: i32 = 300;

/// Resource, dimension and name.
type Key = (String, String, String);

/// Reads the policies of one service.
struct Reader {
    client: Client,
    namespace: ServiceNamespace,
}

impl Fetch<Key, Described> for Reader {
    async fn some(&self, keys: &BTreeSet<Key>) -> Result<BTreeMap<Key, Described>> {
        let names: BTreeSet<&String> = keys.iter().map(|(_, _, name)| name).collect();
        self.read(Some(names.into_iter().cloned().collect())).await
    }

    async fn all(&self) -> Result<BTreeMap<Key, Described>> {
        self.read(None).await
    }
}

impl Reader {
    async fn read(&self, names: Option<Vec<String>>) -> Result<BTreeMap<Key, Described>> {
        let request = self.client.describe_scaling_policies().service_namespace(self.namespace.clone());
        let pages = request.set_policy_names(names).max_results(PAGE).into_paginator().items();
        let policies = pages.send().collect::<std::result::Result<Vec<_>, _>>().await.map_err(classify)?;
        let dimension = |policy: &Described| policy.scalable_dimension.as_str().to_owned();
        let key = |policy: &Described| (policy.resource_id.clone(), dimension(policy), policy.policy_name.clone());
        Ok(policies.into_iter().map(|policy| (key(&policy), policy)).collect())
    }
}

/// Scaling policies.
pub struct Policies {
    clients: Clients,
    listings: Regional<Key, Described>,
}

impl Policies {
    /// The policies of an account.
    pub fn new(clients: &Clients) -> Self {
        let period = hourly::lifetime(&["scaling-policies", clients.account()].join("/"));
        Policies { clients: clients.clone(), listings: Regional::new(period, FEW) }
    }

    /// For changing something on behalf of the owner's namespace.
    fn writer(&self, id: &Id) -> Client {
        self.clients.for_namespace(&id.owner.namespace).autoscaling(&id.place.region)
    }

    async fn put(&self, id: &Id, want: &ScalingPolicy) -> Result<Handle> {
        let request = self
            .writer(id)
            .put_scaling_policy()
            .policy_name(name(id))
            .service_namespace(want.service_namespace.as_str().into())
            .resource_id(want.resource_id.get().map_err(Error::invalid)?)
            .scalable_dimension(want.scalable_dimension.as_str().into())
            .policy_type(PolicyType::TargetTrackingScaling)
            .target_tracking_scaling_policy_configuration(tracking(want)?);
        Ok(Handle(request.send().await.map_err(classify)?.policy_arn))
    }
}

impl Provider<ScalingPolicy> for Policies {
    const ACTIONS: &'static [&'static str] = &[
        "application-autoscaling:DeleteScalingPolicy",
        "application-autoscaling:DescribeScalingPolicies",
        "application-autoscaling:PutScalingPolicy",
        "cloudwatch:DeleteAlarms",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:PutMetricAlarm",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<ScalingPolicy>> {
        let (place, region) = (place(id)?, &id.place.region);
        let reader = Reader { client: self.clients.autoscaling(region), namespace: place.namespace.into() };
        let key = (place.resource.to_owned(), place.dimension.to_owned(), name(id));
        let Some(found) = self.listings.of(&place.list).get(key, id.freshness, &reader).await? else {
            return Ok(Seen::Absent);
        };
        let handle = Handle(found.policy_arn.clone());
        Ok(Seen::Present {
            out: ScalingPolicyOutputs { arn: Some(found.policy_arn.clone()) },
            have: have(found),
            handle,
            owner: Owner::Inherent,
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &ScalingPolicy) -> Result<Handle> {
        self.put(id, want).await
    }

    async fn update(&self, id: &Id, _have: &ScalingPolicy, want: &ScalingPolicy, _diff: &Diff) -> Result<()> {
        self.put(id, want).await.map(drop)
    }

    async fn delete(&self, id: &Id, _have: &ScalingPolicy, _disposal: Disposal) -> Result<()> {
        let place = place(id)?;
        let request = self
            .writer(id)
            .delete_scaling_policy()
            .policy_name(name(id))
            .service_namespace(place.namespace.into())
            .resource_id(place.resource)
            .scalable_dimension(place.dimension.into());
        absent(request.send().await, GONE).map(drop)
    }
}

fn name(id: &Id) -> String {
    id.name(256)
}

fn tracking(want: &ScalingPolicy) -> Result<Tracking> {
    let metric = PredefinedMetricSpecification::builder()
        .predefined_metric_type(MetricType::from(want.predefined_metric.as_str()))
        .build()
        .map_err(Error::invalid)?;
    Tracking::builder()
        .target_value(want.target_value)
        .predefined_metric_specification(metric)
        .scale_in_cooldown(want.scale_in_cooldown)
        .scale_out_cooldown(want.scale_out_cooldown)
        .build()
        .map_err(Error::invalid)
}

/// A policy of another type, or on a metric of somebody's own, tracks no metric that a wish could name.
fn have(policy: Described) -> ScalingPolicy {
    let tracking = policy.target_tracking_scaling_policy_configuration;
    let metric = tracking.as_ref().and_then(|tracking| tracking.predefined_metric_specification.as_ref());
    let cooldown = |get: fn(&Tracking) -> Option<i32>| tracking.as_ref().and_then(get).unwrap_or(COOLDOWN);
    ScalingPolicy {
        service_namespace: policy.service_namespace.as_str().to_owned(),
        resource_id: policy.resource_id.into(),
        scalable_dimension: policy.scalable_dimension.as_str().to_owned(),
        predefined_metric: metric.map(|m| m.predefined_metric_type.as_str().to_owned()).unwrap_or_default(),
        target_value: tracking.as_ref().map_or(0.0, |tracking| tracking.target_value),
        scale_in_cooldown: cooldown(Tracking::scale_in_cooldown),
        scale_out_cooldown: cooldown(Tracking::scale_out_cooldown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_applicationautoscaling::types::CustomizedMetricSpecification;
    use aws_smithy_types::DateTime;

    fn wish() -> ScalingPolicy {
        ScalingPolicy {
            service_namespace: "rds".into(),
            resource_id: "cluster:orders".into(),
            scalable_dimension: "rds:cluster:ReadReplicaCount".into(),
            predefined_metric: "RDSReaderAverageCPUUtilization".into(),
            target_value: 60.0,
            scale_in_cooldown: 600,
            scale_out_cooldown: 120,
        }
    }

    fn described(tracking: Option<Tracking>) -> Described {
        Described::builder()
            .policy_arn("arn")
            .policy_name("readers-cpu")
            .service_namespace(ServiceNamespace::Rds)
            .resource_id("cluster:orders")
            .scalable_dimension("rds:cluster:ReadReplicaCount".into())
            .policy_type(PolicyType::TargetTrackingScaling)
            .set_target_tracking_scaling_policy_configuration(tracking)
            .creation_time(DateTime::from_secs(0))
            .build()
            .expect("it is whole")
    }

    fn json(policy: &ScalingPolicy) -> serde_json::Value {
        serde_json::to_value(policy).expect("it is JSON")
    }

    #[test]
    fn what_is_put_reads_back_as_it_was() {
        let put = tracking(&wish()).expect("it is whole");
        assert_eq!(json(&have(described(Some(put)))), json(&wish()));
    }

    #[test]
    fn cooldowns_that_are_not_given_are_those_of_aws() {
        let metric = PredefinedMetricSpecification::builder()
            .predefined_metric_type(MetricType::RdsReaderAverageCpuUtilization)
            .build()
            .expect("it is whole");
        let bare = Tracking::builder().target_value(60.0).predefined_metric_specification(metric).build();
        let seen = have(described(bare.ok()));
        assert_eq!((seen.scale_in_cooldown, seen.scale_out_cooldown), (COOLDOWN, COOLDOWN));
    }

    #[test]
    fn a_metric_of_somebodys_own_equals_no_wish() {
        let own = CustomizedMetricSpecification::builder().metric_name("lag").build();
        let own = Tracking::builder().target_value(60.0).customized_metric_specification(own).build();
        for policy in [described(own.ok()), described(None)] {
            assert_ne!(json(&have(policy))["predefinedMetric"], json(&wish())["predefinedMetric"]);
        }
    }
}
