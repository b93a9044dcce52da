//! Who the pods are: their service account in the cluster, their role in AWS, and what ties the two.

use std::collections::BTreeSet;

use serde_json::json;
use terrace_model::aws::eks::PodIdentityAssociation;
use terrace_model::aws::iam::{Policy, Role};
use terrace_model::aws::kubernetes::ServiceAccount;
use terrace_model::{Node, Val};

use super::design::{Design, Identity};
use super::rights;
use super::slot::POD_IDENTITY;
use crate::draft::Draft;

/// The logical id of the role.
pub(super) const ROLE: &str = "role";
/// The logical id of the service account.
pub(super) const SERVICE_ACCOUNT: &str = "service-account";
/// The annotation by which EKS gives pods a role (EKS user guide, "Assign IAM roles to Kubernetes service accounts").
const ROLE_ANNOTATION: &str = "eks.amazonaws.com/role-arn";

/// Adds the role, the service account, and the association where pods come by their role that way.
pub(super) fn role(draft: &mut Draft, design: &Design) {
    let environment = &design.facts.environment;
    let (namespace, account) = (&design.facts.object.namespace, design.app());
    let trust = match &design.identity {
        Identity::PodIdentity => Policy::trusts_pod_identity(),
        Identity::WebIdentity { provider, issuer } => {
            Policy::trusts_web_identity(provider.clone(), issuer, namespace, account)
        }
    };
    let role = Role {
        assume_role_policy: trust,
        description: format!("Pods of {}", design.title()),
        managed_policy_arns: BTreeSet::new(),
        inline_policies: rights::policies(design),
        permissions_boundary: environment.permissions_boundary.clone().unwrap_or_default(),
        max_session_duration: None,
        tags: draft.tags(),
    };
    let role = draft.add(ROLE, role);
    draft.add(SERVICE_ACCOUNT, service_account(design, &role));
    if design.identity == Identity::PodIdentity {
        let association = PodIdentityAssociation {
            cluster_name: environment.cluster.clone(),
            namespace: namespace.clone(),
            service_account: account.into(),
            role_arn: role.out(Role::ARN),
            tags: draft.tags(),
        };
        draft.add(POD_IDENTITY, association);
    }
}

fn service_account(design: &Design, role: &Node<Role>) -> ServiceAccount {
    let account = ServiceAccount::new(design.app(), json!({}));
    match design.identity {
        Identity::PodIdentity => account,
        Identity::WebIdentity { .. } => account.annotation(ROLE_ANNOTATION, role.out::<String>(Role::ARN)),
    }
}

/// The ARN of the role.
pub(super) fn arn() -> Val<serde_json::Value> {
    crate::naming::of(ROLE, Role::ARN)
}
