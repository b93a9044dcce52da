//! Which role EKS Pod Identity hands out to the pods of a service account: for `terrace doctor`.
//!
//! From the EKS API reference: ListPodIdentityAssociations and DescribePodIdentityAssociation, whose `roleArn` is the role.

use terrace_engine::Result;

use super::GONE;
use crate::Clients;
use crate::errors::{absent, classify};

/// The role of a service account; none where nothing is associated with it.
///
/// # Errors
/// As classified; the caller needs eks:ListPodIdentityAssociations and eks:DescribePodIdentityAssociation.
pub async fn role_of(
    clients: &Clients,
    region: &str,
    cluster: &str,
    namespace: &str,
    account: &str,
) -> Result<Option<String>> {
    let client = clients.eks(region);
    let list = client.list_pod_identity_associations().cluster_name(cluster);
    let all = absent(list.namespace(namespace).service_account(account).send().await, GONE)?;
    let Some(id) = all.iter().flat_map(|all| all.associations()).find_map(|one| one.association_id()) else {
        return Ok(None);
    };
    let request = client.describe_pod_identity_association().cluster_name(cluster).association_id(id);
    let association = request.send().await.map_err(classify)?.association;
    Ok(association.and_then(|association| association.role_arn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{REGION, clients};
    use aws_sdk_eks::Client;
    use aws_sdk_eks::operation::describe_pod_identity_association::DescribePodIdentityAssociationOutput;
    use aws_sdk_eks::operation::list_pod_identity_associations::ListPodIdentityAssociationsOutput;
    use aws_sdk_eks::types::{PodIdentityAssociation, PodIdentityAssociationSummary};
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    const ROLE: &str = "arn:aws:iam::111122223333:role/terrace";

    async fn asked(account: &str) -> Option<String> {
        let list = mock!(Client::list_pod_identity_associations)
            .match_requests(|request| request.service_account() == Some("terrace"))
            .then_output(|| {
                let one = PodIdentityAssociationSummary::builder().association_id("a-1").build();
                ListPodIdentityAssociationsOutput::builder().associations(one).build()
            });
        let none = mock!(Client::list_pod_identity_associations)
            .then_output(|| ListPodIdentityAssociationsOutput::builder().build());
        let one = mock!(Client::describe_pod_identity_association)
            .match_requests(|request| request.association_id() == Some("a-1"))
            .then_output(|| {
                let association = PodIdentityAssociation::builder().role_arn(ROLE).build();
                DescribePodIdentityAssociationOutput::builder().association(association).build()
            });
        let client = mock_client!(aws_sdk_eks, RuleMode::MatchAny, [&list, &none, &one]);
        let clients = clients().with_client(REGION, client);
        role_of(&clients, REGION, "prod", "terrace-system", account).await.expect("it is read")
    }

    #[tokio::test]
    async fn a_service_account_has_the_role_that_is_associated_with_it() {
        assert_eq!((asked("terrace").await.as_deref(), asked("other").await), (Some(ROLE), None));
    }
}
