//! Clusters, and what they are given for a workload, against an emulator.

use aws_sdk_eks::types::VpcConfigRequest;
use serde_json::json;
use terrace_aws::Clients;
use terrace_aws::eks::{self, Eks, FargateProfiles, PodIdentityAssociations, cluster};
use terrace_engine::Registry;
use terrace_model::aws::eks::{FargateProfile, FargateSelector, PodIdentityAssociation};
use terrace_model::{Id, Resource};

use crate::bed::{REGION, clients, id, owned, skip};
use crate::gaps;
use crate::life::{Life, other_tags};

fn registry(clients: &Clients) -> Registry {
    let eks = Eks::new(clients.clone());
    Registry::default().with(FargateProfiles(eks.clone())).with(PodIdentityAssociations(eks))
}

/// A cluster of a name of its own.
async fn made(clients: &Clients) -> String {
    let name = format!("wire-{}", clients.account());
    let network = VpcConfigRequest::builder().subnet_ids("subnet-1").subnet_ids("subnet-2").build();
    let request = clients.eks(REGION).create_cluster().name(&name).role_arn("arn:aws:iam::123456789012:role/eks");
    request.resources_vpc_config(network).version("1.33").send().await.expect("a cluster is made");
    name
}

/// A node at the address of its wish.
fn at<R: Resource>(node: &str, want: &R) -> Id {
    let fields = serde_json::to_value(want).expect("a wish is JSON");
    let field = |name: &&str| ((*name).to_owned(), fields[*name].clone());
    Id { address: R::ADDRESS.iter().map(field).collect(), ..id::<R>(node) }
}

#[tokio::test]
async fn a_cluster_is_read_by_name() {
    let Some(clients) = clients() else { return };
    assert_eq!(cluster(&clients, REGION, &format!("wire-{}", clients.account())).await, Ok(None));
    let name = made(&clients).await;
    let found = cluster(&clients, REGION, &name).await.expect("it can be read").expect("it is there");
    assert!(found.arn.ends_with(&format!("cluster/{name}")), "{found:?}");
    assert_eq!((found.version.as_str(), found.auto_mode), ("1.33", false));
    assert!(["ACTIVE", "CREATING"].contains(&found.status.as_str()), "{found:?}");
    assert!(found.oidc_issuer.as_ref().is_some_and(|issuer| issuer.contains("/id/")));
    if gaps::emulator() == "moto" {
        return skip("the emulator has no add-ons");
    }
    assert_eq!(eks::pod_identity(&clients, REGION, &name, &found).await, Ok(false));
    let agent = clients.eks(REGION).create_addon().cluster_name(&name).addon_name("eks-pod-identity-agent");
    agent.send().await.expect("the agent is installed");
    assert_eq!(eks::pod_identity(&clients, REGION, &name, &found).await, Ok(true));
}

#[tokio::test]
async fn a_fargate_profile_lives_from_create_to_absent() {
    let Some(clients) = clients() else { return };
    if gaps::emulator() == "ministack" {
        return skip("the emulator has no Fargate profiles");
    }
    let selector = |namespace: &str| FargateSelector {
        namespace: namespace.into(),
        labels: [("app".to_owned(), "web".to_owned())].into(),
    };
    let want = FargateProfile {
        cluster_name: made(&clients).await,
        pod_execution_role_arn: "arn:aws:iam::123456789012:role/fargate".into(),
        subnets: ["subnet-1", "subnet-2"].map(str::to_owned).into(),
        selectors: [selector("shop"), selector("jobs")].into(),
        tags: [("team".into(), "shop".into()), ("gone".into(), "soon".into())].into(),
    };
    let id = at("profile", &want);
    let want = owned(&id, &want);
    let edits = vec![("tags", other_tags(&want))];
    Life { clients, registry, id, want, edits }.live().await;
}

#[tokio::test]
async fn an_association_lives_from_create_to_absent() {
    let Some(clients) = clients() else { return };
    if gaps::emulator() == "moto" {
        return skip("the emulator has no Pod Identity");
    }
    let want = PodIdentityAssociation {
        cluster_name: made(&clients).await,
        namespace: "shop".into(),
        service_account: "web".into(),
        role_arn: "arn:aws:iam::123456789012:role/web".into(),
        tags: [("team".into(), "shop".into()), ("gone".into(), "soon".into())].into(),
    };
    let id = at("identity", &want);
    let want = owned(&id, &want);
    let edits = vec![("roleArn", json!("arn:aws:iam::123456789012:role/other")), ("tags", other_tags(&want))];
    Life { clients, registry, id, want, edits }.live().await;
}
