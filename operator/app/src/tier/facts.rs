//! What a tier is expanded from beside its spec: the Environment's facts in the tier's own terms. Pure.

use std::collections::BTreeMap;

use terrace_crds::environment::SubnetFacts;
use terrace_crds::{Environment, TierStatus};
use terrace_tiers::facts;

use crate::conditions;
use crate::problem::Problem;

/// The Environment as tiers see it.
///
/// # Errors
/// Where it is not Ready: its own message, which names the root cause.
pub fn environment(
    environment: &Environment,
    labels: &BTreeMap<String, String>,
) -> Result<facts::Environment, Problem> {
    let name = environment.metadata.name.clone().unwrap_or_default();
    let spec = &environment.spec;
    let status = environment.status.clone().unwrap_or_default();
    let current = Some(status.observed_generation) == environment.metadata.generation;
    let ready = conditions::is(&status.conditions, conditions::READY);
    let (Some(cluster), Some(network), true) = (status.cluster, status.network, current && ready) else {
        let why = conditions::message(&status.conditions, conditions::READY).unwrap_or("it has not been looked at yet");
        return Err(Problem::waiting("EnvironmentNotReady", format!("Environment {name} is not ready: {why}")));
    };
    Ok(facts::Environment {
        account: spec.account.clone(),
        partition: partition(&spec.region).into(),
        region: spec.region.clone(),
        cluster: spec.cluster.name.clone(),
        cluster_security_group: cluster.security_group_id.ok_or_else(|| {
            Problem::waiting(
                "EnvironmentNotReady",
                format!("Environment {name}: the EKS cluster has no security group yet"),
            )
        })?,
        vpc_id: network.vpc_id,
        vpc_cidr: network.cidr,
        private_subnets: network.private_subnets.into_iter().map(subnet).collect(),
        public_subnets: network.public_subnets.into_iter().map(subnet).collect(),
        permissions_boundary: spec.permissions_boundary.clone(),
        tags: spec.tags.clone(),
        limits: limits(environment, labels),
        database_access: spec.database_access,
        features: facts::Features {
            oidc_issuer: cluster.oidc_issuer,
            oidc_provider: cluster.oidc_provider_arn,
            pod_identity: cluster.pod_identity.unwrap_or_default(),
            target_group_binding: cluster.target_group_binding,
        },
        name,
    })
}

/// What the Environment lets a namespace with these labels be and name.
pub fn limits(environment: &Environment, labels: &BTreeMap<String, String>) -> facts::Limits {
    let limits = &environment.spec.limits;
    let allowed = limits.allow.iter().filter(|allowance| allowance.namespaces.matches(labels));
    facts::Limits {
        kinds: limits.kinds.clone(),
        exposure: limits.exposure,
        hostnames: limits.hostnames.clone(),
        allow: allowed.flat_map(|allowance| allowance.arns.clone()).collect(),
    }
}

fn subnet(subnet: SubnetFacts) -> facts::Subnet {
    facts::Subnet { id: subnet.id, zone: subnet.availability_zone }
}

/// The partition of a region (AWS General Reference, "Amazon Resource Names").
fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// The ARN of what goes by an id of EC2, as security groups and their rules do; an ARN as it is (Service Authorization
/// Reference, "Resource types defined by Amazon EC2").
pub fn arn(environment: &Environment, handle: &str) -> String {
    let kinds = [("sg-", "security-group"), ("sgr-", "security-group-rule")];
    let Some((_, kind)) = kinds.into_iter().find(|(prefix, _)| handle.starts_with(prefix)) else {
        return handle.into();
    };
    let (region, account) = (&environment.spec.region, &environment.spec.account);
    ["arn", partition(region), "ec2", region, account, &[kind, handle].join("/")].join(":")
}

/// The logical ids of what the object has made already.
pub fn made(status: &TierStatus) -> std::collections::BTreeSet<String> {
    status.resources.iter().filter(|entry| entry.created.is_some()).map(|entry| entry.id.clone()).collect()
}

/// The state of an alarm, in the tier's own terms.
pub fn alarm(alarm: terrace_aws::describe::Alarm) -> facts::Alarm {
    use terrace_aws::describe::Alarm;
    match alarm {
        Alarm::Ok => facts::Alarm::Ok,
        Alarm::Alarm(words) => facts::Alarm::Alarm(words),
        Alarm::InsufficientData => facts::Alarm::InsufficientData,
    }
}

/// What a load balancer finds of its targets, in the tier's own terms.
pub fn targets(targets: terrace_aws::describe::Targets) -> facts::Targets {
    facts::Targets { healthy: targets.healthy, unwell: targets.unwell }
}

/// Those of them that were as wished when they were last looked at: up, and with nothing said against them. What is up and
/// could not be changed yet has a reason beside its state.
pub fn ready(status: &TierStatus) -> std::collections::BTreeSet<String> {
    let as_wished = |entry: &&terrace_crds::ResourceEntry| entry.state == "Ready" && entry.reason.is_none();
    status.resources.iter().filter(as_wished).map(|entry| entry.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_goes_by_an_id_is_admitted_by_its_arn() {
        let environment: Environment = serde_json::from_value(json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": "Environment", "metadata": { "name": "prod" },
            "spec": {
                "account": "111122223333", "region": "eu-west-1", "identity": { "type": "Operator" },
                "cluster": { "name": "prod" }, "network": { "vpcId": "vpc-1", "privateSubnets": { "ids": ["subnet-1"] } },
            },
        }))
        .expect("an Environment");
        assert_eq!(arn(&environment, "sg-1"), "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-1");
        assert_eq!(arn(&environment, "sgr-1"), "arn:aws:ec2:eu-west-1:111122223333:security-group-rule/sgr-1");
        assert_eq!(arn(&environment, "arn:aws:iam::1:role/r"), "arn:aws:iam::1:role/r");
    }

    #[test]
    fn what_is_up_and_not_as_wished_is_not_ready() {
        let entry = |id: &str, state: &str, reason: Option<&str>| {
            json!({
                "id": id, "incarnation": 1, "kind": "elbv2/Listener", "state": state, "reason": reason, "remade": 0,
                "place": { "environment": "prod", "region": "eu-west-1" }, "onDelete": "Delete",
            })
        };
        let entries = [
            entry("targets", "Ready", None),
            entry("listener", "Ready", Some("Retrying")),
            entry("workload", "Settling", Some("Settling")),
        ];
        let resources = entries.map(|entry| serde_json::from_value(entry).expect("an entry")).into();
        let status = TierStatus { resources, ..TierStatus::default() };
        assert_eq!(ready(&status), ["targets".to_owned()].into());
    }

    #[test]
    fn a_region_tells_its_partition() {
        for (region, expected) in
            [("eu-west-1", "aws"), ("us-east-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")]
        {
            assert_eq!(partition(region), expected);
        }
    }
}
