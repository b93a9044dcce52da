//! Amazon EKS: reading the cluster that an Environment names.
//!
//! From the EKS API reference, DescribeCluster.

use std::collections::BTreeSet;

use aws_sdk_eks::types;
use terrace_engine::Result;

use crate::Clients;
use crate::errors::absent;

/// IAM actions used.
pub const ACTIONS: &[&str] = &["eks:DescribeCluster"];

/// What an Environment wants to know of its cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    pub arn: String,
    /// Of Kubernetes, as `1.33`.
    pub version: String,
    /// `ACTIVE`, `CREATING`, `UPDATING`, `DELETING`, `FAILED` or `PENDING`.
    pub status: String,
    /// URL of the issuer of the service accounts' tokens, if there is one.
    pub oidc_issuer: Option<String>,
    /// The security group that EKS makes for the control plane and the nodes.
    pub security_group_id: Option<String>,
    pub vpc_id: Option<String>,
    /// Subnets of the control plane's network interfaces.
    pub subnet_ids: BTreeSet<String>,
}

/// Reads a cluster by name; `None` where there is none in that region.
///
/// # Errors
/// As classified.
pub async fn cluster(clients: &Clients, region: &str, name: &str) -> Result<Option<Cluster>> {
    let answer = clients.eks(region).describe_cluster().name(name).send().await;
    Ok(absent(answer, &["ResourceNotFoundException"])?.and_then(|answer| answer.cluster).map(read))
}

fn read(cluster: types::Cluster) -> Cluster {
    let network = cluster.resources_vpc_config;
    Cluster {
        arn: cluster.arn.unwrap_or_default(),
        version: cluster.version.unwrap_or_default(),
        status: cluster.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        oidc_issuer: cluster.identity.and_then(|identity| identity.oidc).and_then(|oidc| oidc.issuer),
        security_group_id: network.as_ref().and_then(|network| network.cluster_security_group_id.clone()),
        vpc_id: network.as_ref().and_then(|network| network.vpc_id.clone()),
        subnet_ids: network.and_then(|network| network.subnet_ids).unwrap_or_default().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_eks::types::{ClusterStatus, Identity, Oidc, VpcConfigResponse};

    #[test]
    fn a_cluster_without_issuer_or_network_yet_is_read_all_the_same() {
        let new = types::Cluster::builder().name("prod").status(ClusterStatus::Creating).build();
        assert_eq!(read(new), Cluster { status: "CREATING".into(), ..Cluster::default() });
    }

    #[test]
    fn issuer_and_network_are_read() {
        let network = VpcConfigResponse::builder().vpc_id("vpc-1").subnet_ids("subnet-2").subnet_ids("subnet-1");
        let oidc = Oidc::builder().issuer("https://oidc.eks.eu-west-1.amazonaws.com/id/1").build();
        let cluster = types::Cluster::builder()
            .arn("arn:aws:eks:eu-west-1:1:cluster/prod")
            .version("1.33")
            .identity(Identity::builder().oidc(oidc).build())
            .resources_vpc_config(network.cluster_security_group_id("sg-1").build());
        let read = read(cluster.build());
        assert_eq!(read.oidc_issuer.as_deref(), Some("https://oidc.eks.eu-west-1.amazonaws.com/id/1"));
        assert_eq!((read.vpc_id.as_deref(), read.security_group_id.as_deref()), (Some("vpc-1"), Some("sg-1")));
        assert_eq!(read.subnet_ids.into_iter().collect::<Vec<_>>(), ["subnet-1", "subnet-2"]);
    }
}
