//! What the EKS cluster offers to workloads: roles for pods, and the binding of pods to target groups.

use kube::Client;
use terrace_aws::{Clients, eks, iam};
use terrace_engine::Error;

/// The API groups and versions that serve `TargetGroupBinding`: of EKS Auto Mode, and of the AWS Load Balancer Controller
/// (EKS user guide, "EKS Auto Mode: load balancing"; the controller's own documentation). Where both are installed, Auto
/// Mode leaves the controller's objects alone, and so the controller, which somebody has chosen to install, comes first.
const BINDINGS: [&str; 2] = ["elbv2.k8s.aws/v1beta1", "eks.amazonaws.com/v1"];
const BINDING: &str = "TargetGroupBinding";

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Features {
    pub oidc_provider_arn: Option<String>,
    pub pod_identity: bool,
    pub target_group_binding: Option<String>,
}

/// Asks AWS and the cluster. What the identity may not read counts as absent: whoever needs it is told so.
///
/// # Errors
/// What may be otherwise at the next try.
pub async fn features(
    clients: &Clients,
    client: &Client,
    region: &str,
    name: &str,
    cluster: &eks::Cluster,
) -> Result<Features, Error> {
    let provider = async {
        match &cluster.oidc_issuer {
            Some(issuer) => lenient(iam::provider_of(clients, issuer).await),
            None => Ok(None),
        }
    };
    let identity = async { lenient(eks::pod_identity(clients, region, name, cluster).await) };
    let (oidc_provider_arn, pod_identity, target_group_binding) =
        futures::try_join!(provider, identity, binding(client))?;
    Ok(Features { oidc_provider_arn, pod_identity, target_group_binding })
}

fn lenient<T: Default>(read: Result<T, Error>) -> Result<T, Error> {
    match read {
        Err(error) if !matches!(error, Error::Retry { .. } | Error::Wait { .. }) => Ok(T::default()),
        read => read,
    }
}

/// The API version under which `TargetGroupBinding` is served.
async fn binding(client: &Client) -> Result<Option<String>, Error> {
    for version in BINDINGS {
        match client.list_api_group_resources(version).await {
            Ok(list) if list.resources.iter().any(|resource| resource.kind == BINDING) => {
                return Ok(Some(version.into()));
            }
            Ok(_) => {}
            // Of a group that it does not know, the API server says so in plain text, without a reason.
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(Error::retry(format!("the cluster's API: {error}"))),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_read_counts_as_absent_and_what_may_pass_does_not() {
        let denied = Error::blocked("AccessDenied", "not authorized to perform eks:DescribeAddon");
        assert_eq!(lenient::<bool>(Err(denied)), Ok(false));
        let throttled = Error::retry("Throttling");
        assert_eq!(lenient::<bool>(Err(throttled.clone())), Err(throttled));
        assert_eq!(lenient(Ok(true)), Ok(true));
    }
}
