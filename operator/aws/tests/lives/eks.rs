//! Clusters against an emulator.

use aws_sdk_eks::types::VpcConfigRequest;
use terrace_aws::eks::cluster;

use crate::bed::{REGION, clients};

#[tokio::test]
async fn a_cluster_is_read_by_name() {
    let Some(clients) = clients() else { return };
    let name = format!("wire-{}", clients.account());
    assert_eq!(cluster(&clients, REGION, &name).await, Ok(None));
    let network = VpcConfigRequest::builder().subnet_ids("subnet-1").subnet_ids("subnet-2").build();
    let request = clients.eks(REGION).create_cluster().name(&name).role_arn("arn:aws:iam::123456789012:role/eks");
    request.resources_vpc_config(network).version("1.33").send().await.expect("a cluster is made");
    let found = cluster(&clients, REGION, &name).await.expect("it can be read").expect("it is there");
    assert!(found.arn.ends_with(&format!("cluster/{name}")), "{found:?}");
    assert_eq!(found.version, "1.33");
    assert!(["ACTIVE", "CREATING"].contains(&found.status.as_str()), "{found:?}");
    assert!(found.oidc_issuer.is_some_and(|issuer| issuer.contains("/id/")));
}
