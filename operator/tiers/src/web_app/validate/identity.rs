//! By which way pods come by their role, in the cluster as it is.

use terrace_crds::WebAppSpec;
use terrace_crds::web_app::RunOn;

use super::super::design::Identity;
use crate::{Facts, Invalid};

/// Pod Identity where its agent runs; it does not on Fargate (EKS user guide, "EKS Pod Identity restrictions").
pub(super) fn check(spec: &WebAppSpec, facts: &Facts, invalid: &mut Invalid) -> Option<Identity> {
    let environment = &facts.environment;
    let features = &environment.features;
    if spec.run_on == RunOn::Nodes && features.pod_identity {
        return Some(Identity::PodIdentity);
    }
    if let (Some(provider), Some(issuer)) = (&features.oidc_provider, &features.oidc_issuer) {
        return Some(Identity::WebIdentity { provider: provider.clone(), issuer: issuer.clone() });
    }
    let (cluster, region) = (&environment.cluster, &environment.region);
    let agent = match spec.run_on {
        RunOn::Nodes => ", or install the add-on eks-pod-identity-agent",
        RunOn::Fargate => "",
    };
    invalid.add(
        "spec.runOn",
        format!(
            "IAM has no OIDC provider for EKS cluster {cluster}, without which no pod has a role: let its administrator run `eksctl utils associate-iam-oidc-provider --cluster {cluster} --region {region} --approve`{agent}"
        ),
    );
    None
}
