//! What is taken for true of an Environment that nobody looks at: for a plan without a cluster or an account. Pure.

use jiff::Timestamp;
use terrace_crds::environment::{ClusterFacts, Network, NetworkFacts, RegionFacts, SubnetFacts, Subnets};
use terrace_crds::{Environment, EnvironmentStatus};

use crate::conditions;

/// The zones that subnets lie in where nobody says: more than any tier asks for.
const ZONES: [&str; 3] = ["a", "b", "c"];

/// An Environment that is in order: its cluster has all that Terrace makes use of, and its subnets lie in three zones.
pub fn in_order(mut environment: Environment) -> Environment {
    let (spec, generation) = (&environment.spec, environment.metadata.generation.unwrap_or_default());
    let regions = spec.regions.iter().map(|further| RegionFacts {
        region: further.region.clone(),
        network: network(&further.region, further.network.as_ref()),
    });
    let status = EnvironmentStatus {
        observed_generation: generation,
        account: Some(spec.account.clone()),
        cluster: Some(ClusterFacts {
            arn: None,
            oidc_issuer: Some("https://oidc.eks.invalid/id/ASSUMED".into()),
            oidc_provider_arn: Some(format!("arn:aws:iam::{}:oidc-provider/oidc.eks.invalid/id/ASSUMED", spec.account)),
            pod_identity: Some(true),
            target_group_binding: Some("elbv2.k8s.aws/v1beta1".into()),
            security_group_id: Some("sg-assumed".into()),
            version: None,
        }),
        network: Some(network(&spec.region, spec.network.as_ref())),
        regions: regions.collect(),
        conditions: conditions::ready(&[], "taken for granted", generation, Timestamp::UNIX_EPOCH),
        ..EnvironmentStatus::default()
    };
    environment.status = Some(status);
    environment
}

fn network(region: &str, network: Option<&Network>) -> NetworkFacts {
    let of = |subnets: Option<&Subnets>, kind: &str| subnets.map(|subnets| self::subnets(region, subnets, kind));
    NetworkFacts {
        vpc_id: network.map_or_else(|| "vpc-assumed".into(), |network| network.vpc_id.clone()),
        cidr: "10.0.0.0/16".into(),
        private_subnets: of(network.map(|network| &network.private_subnets), "private").unwrap_or_default(),
        public_subnets: of(network.and_then(|network| network.public_subnets.as_ref()), "public").unwrap_or_default(),
    }
}

/// Those that are named, or one in each zone.
fn subnets(region: &str, subnets: &Subnets, kind: &str) -> Vec<SubnetFacts> {
    let by_zone = || ZONES.iter().map(|zone| format!("subnet-{kind}-{zone}")).collect();
    let ids: Vec<String> = subnets.ids.clone().unwrap_or_else(by_zone);
    let fact = |(id, zone): (String, &&str)| SubnetFacts {
        id,
        availability_zone: format!("{region}{zone}"),
        cidr: String::new(),
    };
    ids.into_iter().zip(ZONES.iter().cycle()).map(fact).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn subnets_lie_in_different_zones_and_those_that_are_named_keep_their_names() {
        let environment = serde_json::from_value(json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": "Environment", "metadata": { "name": "prod" },
            "spec": { "account": "111122223333", "region": "eu-west-1", "cluster": { "name": "prod" },
                      "network": { "vpcId": "vpc-1", "privateSubnets": { "ids": ["subnet-1", "subnet-2"] },
                                   "publicSubnets": { "tags": { "public": "yes" } } } },
        }));
        let status = in_order(environment.unwrap()).status.unwrap();
        let network = status.network.unwrap();
        let zones = |subnets: &[SubnetFacts]| -> Vec<String> {
            subnets.iter().map(|subnet| format!("{} {}", subnet.id, subnet.availability_zone)).collect()
        };
        assert_eq!(zones(&network.private_subnets), ["subnet-1 eu-west-1a", "subnet-2 eu-west-1b"]);
        assert_eq!(network.public_subnets.len(), 3);
        assert!(conditions::is(&status.conditions, conditions::READY));
    }
}
