//! Amazon EKS: what a cluster is given for a workload: Fargate profiles and Pod Identity associations.
//!
//! Fields follow the EKS API reference (CreateFargateProfile, CreatePodIdentityAssociation).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::resource::{Out, Replace, Resource, Rule};
use crate::val::Val;

/// Which pods run on Fargate, where, and as whom they fetch their images. Nothing of it can be changed but its tags (EKS
/// user guide, "Define which Pods use AWS Fargate when launched"); with a profile go the pods that run by it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FargateProfile {
    pub cluster_name: String,
    /// A role that `eks-fargate-pods.amazonaws.com` assumes.
    pub pod_execution_role_arn: Val<String>,
    /// Private ones only.
    pub subnets: BTreeSet<String>,
    /// One to five; a pod that any of them matches runs on Fargate.
    pub selectors: BTreeSet<FargateSelector>,
    pub tags: Tags,
}

/// Pods of a namespace that bear all of these labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FargateSelector {
    pub namespace: String,
    pub labels: BTreeMap<String, String>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FargateProfileOutputs {
    pub name: Option<String>,
    pub arn: Option<String>,
}

impl FargateProfile {
    pub const NAME: Out<Self, String> = Out::new("name");
    pub const ARN: Out<Self, String> = Out::new("arn");
}

impl Resource for FargateProfile {
    const KIND: &'static str = "eks/FargateProfile";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("clusterName", Rule::Replace),
        ("podExecutionRoleArn", Rule::Replace),
        ("subnets", Rule::Replace),
        ("selectors", Rule::Replace),
        ("tags", Rule::Keyed),
    ];
    const REPLACE: Replace = Replace::CreateFirst;
    /// Where its derived name is looked for.
    const ADDRESS: &'static [&'static str] = &["clusterName"];
    type Outputs = FargateProfileOutputs;
}

/// The role that pods of a service account have. There is one a service account; the agent hands it out to new pods.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodIdentityAssociation {
    pub cluster_name: String,
    pub namespace: String,
    pub service_account: Val<String>,
    /// A role that `pods.eks.amazonaws.com` assumes ([`super::iam::Policy::trusts_pod_identity`]).
    pub role_arn: Val<String>,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodIdentityAssociationOutputs {
    pub association_id: Option<String>,
    pub arn: Option<String>,
}

impl PodIdentityAssociation {
    pub const ARN: Out<Self, String> = Out::new("arn");
    pub const ASSOCIATION_ID: Out<Self, String> = Out::new("associationId");
}

impl Resource for PodIdentityAssociation {
    const KIND: &'static str = "eks/PodIdentityAssociation";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("clusterName", Rule::Replace),
        ("namespace", Rule::Replace),
        ("serviceAccount", Rule::Replace),
        ("tags", Rule::Keyed),
    ];
    const ADDRESS: &'static [&'static str] = &["clusterName", "namespace", "serviceAccount"];
    type Outputs = PodIdentityAssociationOutputs;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::KindSpec;

    #[test]
    fn a_profile_is_replaced_whatever_changes_and_an_association_only_where_it_is_another_account() {
        let all = ["clusterName", "podExecutionRoleArn", "subnets", "selectors"];
        let profile = KindSpec::of::<FargateProfile>();
        assert!(all.iter().all(|field| profile.rule(field) == Some(Rule::Replace)));
        let association = KindSpec::of::<PodIdentityAssociation>();
        assert!(association.address.iter().all(|field| association.rule(field) == Some(Rule::Replace)));
        assert_eq!(association.rule("roleArn"), None);
    }
}
