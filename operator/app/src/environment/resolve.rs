//! What stands in an Environment: account, cluster and networks, read from AWS and checked against what it says.

use kube::Client;
use terrace_aws::{Clients, eks, sts};
use terrace_aws_ec2::network;
use terrace_crds::environment::{ClusterFacts, Network, NetworkFacts, RegionFacts, SubnetFacts, Subnets};
use terrace_crds::{Environment, EnvironmentStatus};

use super::features::features;
use crate::problem::Problem;

/// What was found.
pub struct Facts {
    pub account: String,
    pub cluster: ClusterFacts,
    pub network: NetworkFacts,
    pub regions: Vec<RegionFacts>,
}

impl Facts {
    /// The status that says what was found.
    pub fn into_status(self, status: EnvironmentStatus) -> EnvironmentStatus {
        let Facts { account, cluster, network, regions } = self;
        EnvironmentStatus { account: Some(account), cluster: Some(cluster), network: Some(network), regions, ..status }
    }
}

/// Reads and checks.
///
/// # Errors
/// A sentence that names what contradicts or is missing.
pub async fn resolve(environment: &Environment, clients: &Clients, client: &Client) -> Result<Facts, Problem> {
    let spec = &environment.spec;
    let caller = sts::caller(clients, &spec.region).await.map_err(|error| named(environment, error.into()))?;
    if caller.account != spec.account {
        return Err(Problem::stalled(
            "AccountMismatch",
            format!(
                "spec.account is {}, but AWS says that {} is in account {}: mend spec.identity, or make another Environment; nothing is touched",
                spec.account, caller.arn, caller.account
            ),
        ));
    }
    let cluster = cluster(environment, clients, client).await?;
    let home = spec.network.as_ref().ok_or_else(|| by_reference(&spec.region))?;
    let network = network(clients, &spec.region, home, "spec.network").await?;
    let mut regions = Vec::new();
    for further in &spec.regions {
        let place = further.network.as_ref().ok_or_else(|| by_reference(&further.region))?;
        let field = format!("spec.regions[{}].network", further.region);
        let network = self::network(clients, &further.region, place, &field).await?;
        regions.push(RegionFacts { region: further.region.clone(), network });
    }
    Ok(Facts { account: caller.account, cluster, network, regions })
}

/// Says with which role it was tried.
fn named(environment: &Environment, problem: Problem) -> Problem {
    match &environment.spec.identity.assume_role {
        Some(role) => {
            Problem { message: format!("spec.identity.assumeRole {}: {}", role.arn, problem.message), ..problem }
        }
        None => problem,
    }
}

fn by_reference(region: &str) -> Problem {
    Problem::stalled(
        "NetworkKindUnknown",
        format!(
            "the network of {region} is given by networkRef, and this version of Terrace makes no networks: set network with vpcId and subnets"
        ),
    )
}

async fn cluster(environment: &Environment, clients: &Clients, client: &Client) -> Result<ClusterFacts, Problem> {
    let spec = &environment.spec;
    let name = &spec.cluster.name;
    let missing = || {
        Problem::stalled(
            "ClusterNotFound",
            format!(
                "account {} has no EKS cluster named {name} in {}: mend spec.cluster.name or spec.region by making another Environment",
                spec.account, spec.region
            ),
        )
    };
    let found = eks::cluster(clients, &spec.region, name).await?.ok_or_else(missing)?;
    if found.status != "ACTIVE" {
        return Err(Problem::waiting(
            "ClusterNotReady",
            format!("AWS says that EKS cluster {name} is {}", found.status),
        ));
    }
    let features = features(clients, client, &spec.region, name, &found).await?;
    Ok(ClusterFacts {
        oidc_provider_arn: features.oidc_provider_arn,
        pod_identity: Some(features.pod_identity),
        target_group_binding: features.target_group_binding,
        arn: Some(found.arn),
        oidc_issuer: found.oidc_issuer,
        security_group_id: found.security_group_id,
        version: Some(found.version),
    })
}

async fn network(clients: &Clients, region: &str, wanted: &Network, field: &str) -> Result<NetworkFacts, Problem> {
    let vpc = network::vpc(clients, region, &wanted.vpc_id).await?.ok_or_else(|| {
        Problem::stalled(
            "VpcNotFound",
            format!("{field}.vpcId: there is no {} in {region}: name a VPC of this account", wanted.vpc_id),
        )
    })?;
    let private = subnets(clients, region, wanted, &wanted.private_subnets, &format!("{field}.privateSubnets")).await?;
    let public = match &wanted.public_subnets {
        Some(subnets) => self::subnets(clients, region, wanted, subnets, &format!("{field}.publicSubnets")).await?,
        None => Vec::new(),
    };
    Ok(NetworkFacts {
        vpc_id: wanted.vpc_id.clone(),
        cidr: vpc.cidr_blocks.into_iter().next().unwrap_or_default(),
        private_subnets: private,
        public_subnets: public,
    })
}

async fn subnets(
    clients: &Clients,
    region: &str,
    network: &Network,
    wanted: &Subnets,
    field: &str,
) -> Result<Vec<SubnetFacts>, Problem> {
    let select = match (&wanted.ids, &wanted.tags) {
        (Some(ids), _) => network::Select::Ids(ids.iter().cloned().collect()),
        (None, tags) => network::Select::Tags(tags.clone().unwrap_or_default()),
    };
    let found = network::subnets(clients, region, &network.vpc_id, &select).await?;
    let missing: Vec<&String> =
        wanted.ids.iter().flatten().filter(|id| found.iter().all(|subnet| subnet.id != **id)).collect();
    if !missing.is_empty() || found.is_empty() {
        let what = if missing.is_empty() { "no subnet with these tags".into() } else { format!("no {missing:?}") };
        return Err(Problem::stalled(
            "SubnetsNotFound",
            format!("{field}: {} has {what}: mend the list or the tags", network.vpc_id),
        ));
    }
    let fact = |subnet: network::Subnet| SubnetFacts {
        id: subnet.id,
        availability_zone: subnet.availability_zone,
        cidr: subnet.cidr_block,
    };
    Ok(found.into_iter().map(fact).collect())
}
