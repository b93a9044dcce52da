//! Of an Environment: who reads its account, what its role may do, its network, its quotas, and what its cluster offers.

use std::collections::BTreeSet;

use kube::ResourceExt;
use terrace_aws::quotas::{self, Quota, Quotas};
use terrace_aws::{Clients, iam};
use terrace_aws_ec2::network::{self, Select, Subnet};
use terrace_crds::Environment;
use terrace_crds::environment::{ClusterFacts, NetworkFacts};
use terrace_views::doctor::{Finding, Health};
use terrace_views::style::some;

use super::super::eyes;
use super::operator;
use crate::context::Context;
use crate::environment::resolved;
use crate::kinds::KINDS;
use crate::{conditions, policy};

/// Free addresses in a subnet below which a load balancer may find none: AWS asks for eight (Elastic Load Balancing user
/// guide, "Subnets for your load balancer").
const FEW: i32 = 16;
/// The most names that a message lists.
const NAMED: usize = 5;

/// That there is none.
pub fn none() -> Finding {
    let finding = Finding::new("Environments", "Environment", Health::Missing, "there is none: nothing can be placed");
    finding.mended_by("terrace new environment --name prod | kubectl apply -f -")
}

/// All of one.
pub async fn findings(environment: &Environment, context: &Context) -> Vec<Finding> {
    let of = format!("Environment {}", environment.name_any());
    let mut findings = vec![standing(environment, &of)];
    let seen = match eyes::identified(environment, context).await {
        Ok((identity, seen)) => {
            findings.push(Finding::new(&of, "identity", Health::Ok, format!("read as {identity}")));
            resolved(seen, context).await
        }
        Err(why) => {
            let finding = Finding::new(&of, "identity", Health::Unknown, format!("{why}: nothing below is looked at"));
            findings.push(finding.mended_by("aws sts get-caller-identity"));
            return findings;
        }
    };
    let cloud = context.clouds.of(&seen);
    findings.push(permissions(environment, &of, context, &cloud.clients).await);
    let status = seen.status.unwrap_or_default();
    if let Some(facts) = &status.network {
        findings.push(subnets(facts, &environment.spec.region, &of, &cloud.clients).await);
        findings.push(public(facts, &of));
    }
    findings.extend(status.cluster.iter().flat_map(|cluster| offers(cluster, &environment.spec.cluster.name, &of)));
    let all = quotas::all(&cloud.clients, &environment.spec.region).await;
    findings.extend(all.iter().map(|quotas| quota(quotas, &environment.spec.region, &of)));
    findings
}

/// How the operator finds it.
fn standing(environment: &Environment, of: &str) -> Finding {
    let all = environment.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let ready = all.iter().find(|condition| condition.type_ == conditions::READY);
    match ready {
        Some(ready) if ready.status == "True" => Finding::new(of, "Ready", Health::Ok, ready.message.clone()),
        Some(ready) => {
            let message = format!("{}: {}", ready.reason, ready.message);
            Finding::new(of, "Ready", Health::Missing, message)
                .mended_by(format!("kubectl edit environment {}", environment.name_any()))
        }
        None => Finding::new(of, "Ready", Health::Missing, "no controller has looked at it yet"),
    }
}

/// What the role of an Environment, or of the operator itself, may not do, of all that Terrace's code does.
async fn permissions(environment: &Environment, of: &str, context: &Context, clients: &Clients) -> Finding {
    const WHAT: &str = "permissions";
    let named = environment.spec.identity.assume_role.as_ref().map(|role| role.arn.clone());
    let (role, mend) = match named {
        Some(role) => (role, "terrace policy --trust operator --operator-role ARN --output cloudformation"),
        None => match operator::role(environment, context, clients).await {
            Ok(role) => (role, "terrace policy --output cloudformation"),
            Err(why) => {
                let message = format!("it is reached as the operator itself, whose role is not known: {why}");
                return Finding::new(of, WHAT, Health::Unknown, message).mended_by("terrace policy");
            }
        },
    };
    let role = role.as_str();
    let kinds: BTreeSet<&str> = KINDS.iter().map(|kind| kind.name).collect();
    let actions = policy::actions(&kinds);
    match iam::denied(clients, role, &actions).await {
        Err(error) => Finding::new(of, WHAT, Health::Unknown, format!("what {role} may do cannot be asked: {error}")),
        Ok(denied) if denied.is_empty() => {
            Finding::new(of, WHAT, Health::Ok, format!("{role} may do all {} actions", actions.len()))
        }
        Ok(denied) => {
            let message = format!(
                "{role} may not do {} of {} actions, at least not on every resource: {}",
                denied.len(),
                actions.len(),
                some(&denied.iter().collect::<Vec<_>>(), NAMED)
            );
            Finding::new(of, WHAT, Health::Missing, message).mended_by(mend)
        }
    }
}

async fn subnets(facts: &NetworkFacts, region: &str, of: &str, clients: &Clients) -> Finding {
    let ids = facts.private_subnets.iter().chain(&facts.public_subnets).map(|subnet| subnet.id.clone()).collect();
    match network::subnets(clients, region, &facts.vpc_id, &Select::Ids(ids)).await {
        Err(error) => Finding::new(of, "network", Health::Unknown, format!("its subnets cannot be read: {error}")),
        Ok(subnets) => room(&subnets, facts, of),
    }
}

/// Whether the subnets lie in enough zones, with room for what comes.
fn room(subnets: &[Subnet], facts: &NetworkFacts, of: &str) -> Finding {
    let zones: BTreeSet<&str> = facts.private_subnets.iter().map(|subnet| subnet.availability_zone.as_str()).collect();
    let finding = |health, message| Finding::new(of, "network", health, message);
    if zones.len() < 2 {
        let message = format!("its private subnets lie in {} zone: Multi-AZ needs two", zones.len());
        return finding(Health::Missing, message).mended_by("kubectl explain environment.spec.network.privateSubnets");
    }
    let full: Vec<String> = subnets
        .iter()
        .filter(|subnet| subnet.available_ip_address_count < FEW)
        .map(|subnet| format!("{} has {} free addresses", subnet.id, subnet.available_ip_address_count))
        .collect();
    match full.is_empty() {
        true => finding(
            Health::Ok,
            format!("{} private subnets in {} zones of {}", facts.private_subnets.len(), zones.len(), facts.vpc_id),
        ),
        false => finding(Health::Concern, format!("{}: load balancers and pods need some", full.join(", "))),
    }
}

fn public(facts: &NetworkFacts, of: &str) -> Finding {
    match facts.public_subnets.len() {
        0 => Finding::new(
            of,
            "public subnets",
            Health::Concern,
            "none is named: load balancers with scheme InternetFacing cannot be made",
        )
        .mended_by("kubectl explain environment.spec.network.publicSubnets"),
        count => Finding::new(
            of,
            "public subnets",
            Health::Ok,
            format!("{count}, for load balancers that face the Internet"),
        ),
    }
}

/// What WebApps need of the cluster.
fn offers(cluster: &ClusterFacts, name: &str, of: &str) -> Vec<Finding> {
    let identity = match (cluster.pod_identity, &cluster.oidc_provider_arn) {
        (Some(true), _) => Finding::new(of, "pod identity", Health::Ok, "by the EKS Pod Identity agent"),
        (_, Some(_)) => Finding::new(of, "pod identity", Health::Ok, "by the cluster's OIDC provider (IRSA)"),
        _ => Finding::new(
            of,
            "pod identity",
            Health::Missing,
            "neither the Pod Identity agent nor an OIDC provider is there: pods can have no role",
        )
        .mended_by(format!("aws eks create-addon --cluster-name {name} --addon-name eks-pod-identity-agent")),
    };
    let targets = match &cluster.target_group_binding {
        Some(version) => Finding::new(of, "load balancing", Health::Ok, format!("TargetGroupBinding is served by {version}")),
        None => Finding::new(of, "load balancing", Health::Missing, "neither the AWS Load Balancer Controller nor EKS Auto Mode is there: nothing registers pods with load balancers")
            .mended_by(format!("helm install aws-load-balancer-controller eks/aws-load-balancer-controller --namespace kube-system --set clusterName={name}")),
    };
    vec![identity, targets]
}

/// How much of a service's quotas is in use.
fn quota(quotas: &Quotas, region: &str, of: &str) -> Finding {
    const WHAT: &str = "quotas";
    let Quotas { service, code, all } = quotas;
    let all = match all {
        Err(error) => {
            return Finding::new(of, WHAT, Health::Unknown, format!("those of {service} cannot be read: {error}"));
        }
        Ok(all) => all,
    };
    let told = |quota: &Quota| format!("{} of {} {}", quota.used, quota.most, quota.name);
    let near: Vec<String> = all.iter().filter(|quota| quota.is_near()).map(told).collect();
    match near.is_empty() {
        true => Finding::new(of, WHAT, Health::Ok, format!("of {} of {service} none is near its end", all.len())),
        false => Finding::new(of, WHAT, Health::Concern, format!("{service} in {region}: {}", near.join(", ")))
            .mended_by(format!("aws service-quotas list-service-quotas --service-code {code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn facts(zones: &[&str]) -> NetworkFacts {
        let subnet = |zone: &&str| json!({ "id": format!("subnet-{zone}"), "availabilityZone": zone, "cidr": "" });
        let subnets: Vec<_> = zones.iter().map(subnet).collect();
        serde_json::from_value(json!({ "vpcId": "vpc-1", "cidr": "10.0.0.0/16", "privateSubnets": subnets })).unwrap()
    }

    fn subnet(free: i32) -> Subnet {
        Subnet {
            id: "subnet-a".into(),
            vpc_id: "vpc-1".into(),
            availability_zone: "a".into(),
            cidr_block: String::new(),
            available_ip_address_count: free,
        }
    }

    #[test]
    fn a_network_needs_two_zones_and_room() {
        assert_eq!(room(&[subnet(200)], &facts(&["a"]), "").health, Health::Missing);
        assert_eq!(room(&[subnet(200)], &facts(&["a", "b"]), "").health, Health::Ok);
        let full = room(&[subnet(3)], &facts(&["a", "b"]), "");
        assert_eq!(full.message, "subnet-a has 3 free addresses: load balancers and pods need some");
        assert_eq!(public(&facts(&["a", "b"]), "").health, Health::Concern);
    }

    #[test]
    fn what_the_cluster_lacks_comes_with_what_installs_it() {
        let bare: ClusterFacts = serde_json::from_value(json!({})).unwrap();
        let mends: Vec<String> = offers(&bare, "prod", "").into_iter().filter_map(|finding| finding.mend).collect();
        assert!(mends[0].contains("eks-pod-identity-agent") && mends[1].contains("aws-load-balancer-controller"));
        let whole = ClusterFacts { pod_identity: Some(true), target_group_binding: Some("v1".into()), ..bare };
        assert!(offers(&whole, "prod", "").iter().all(|finding| finding.health == Health::Ok));
    }

    #[test]
    fn a_quota_that_is_nearly_used_up_is_named_with_what_lists_them() {
        let of = |used| {
            let all = Ok(vec![Quota { name: "Roles".into(), used, most: 1000 }]);
            quota(&Quotas { service: "IAM", code: "iam", all }, "eu-west-1", "")
        };
        assert_eq!((of(10).health, of(990).health), (Health::Ok, Health::Concern));
        assert_eq!(of(990).message, "IAM in eu-west-1: 990 of 1000 Roles");
        assert!(of(990).mend.is_some_and(|mend| mend.ends_with("--service-code iam")));
    }
}
