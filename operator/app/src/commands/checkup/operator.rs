//! The role that the operator itself has in AWS: by its ServiceAccount's annotation (IRSA), or by EKS Pod Identity.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use terrace_aws::{Clients, eks};
use terrace_crds::Environment;

use super::super::cluster::said;
use super::cluster::CHART;
use crate::context::Context;

/// IAM roles for service accounts (EKS user guide, "Assign IAM roles to Kubernetes service accounts").
const IRSA: &str = "eks.amazonaws.com/role-arn";

/// The role by which the operator that serves an Environment reaches AWS.
///
/// # Errors
/// A sentence on why it cannot be found out.
pub async fn role(environment: &Environment, context: &Context, clients: &Clients) -> Result<String, String> {
    let account = account(environment, context).await?;
    let (namespace, name) = (account.namespace().unwrap_or_default(), account.name_any());
    if let Some(role) = account.annotations().get(IRSA) {
        return Ok(role.clone());
    }
    let spec = &environment.spec;
    let role = eks::role_of(clients, &spec.region, &spec.cluster.name, &namespace, &name).await;
    let role = role.map_err(|error| format!("the Pod Identity associations cannot be read: {error}"))?;
    role.ok_or_else(|| {
        format!("ServiceAccount {namespace}/{name} has no role, neither by {IRSA} nor by a Pod Identity association")
    })
}

/// The ServiceAccount of the installation that serves the Environment.
async fn account(environment: &Environment, context: &Context) -> Result<ServiceAccount, String> {
    let all = Api::<Deployment>::all(context.client.clone()).list(&ListParams::default().labels(CHART)).await;
    let all = all.map_err(|error| format!("Deployments cannot be listed: {}", said(error)))?.items;
    // The Lease that it leads by is in its own namespace.
    let lease = environment.status.as_ref().and_then(|status| status.operator.as_deref()).unwrap_or_default();
    let home = lease.split('/').next().unwrap_or_default();
    let serves = |deployment: &&Deployment| deployment.namespace().as_deref() == Some(home);
    let deployment = all.iter().find(serves).or(all.first());
    let deployment = deployment.ok_or("no Deployment of Terrace's chart is in the cluster")?;
    let pod = deployment.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
    let name = pod.and_then(|pod| pod.service_account_name.clone()).unwrap_or_else(|| "default".into());
    let namespace = deployment.namespace().unwrap_or_default();
    let account = Api::<ServiceAccount>::namespaced(context.client.clone(), &namespace).get(&name).await;
    account.map_err(|error| format!("ServiceAccount {namespace}/{name} cannot be read: {}", said(error)))
}
