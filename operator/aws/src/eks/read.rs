//! How EKS is read beside single descriptions: tags, and the associations of a cluster.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_eks::Client;
use aws_sdk_eks::operation::list_pod_identity_associations::builders::ListPodIdentityAssociationsFluentBuilder;
use aws_sdk_eks::types::PodIdentityAssociationSummary;
use futures::future::try_join_all;
use terrace_engine::Result;
use terrace_engine::coalesce::Fetch;
use terrace_model::aws::Tags;

use super::GONE;
use crate::errors::absent;
use crate::finder::ListTags;
use crate::{Clients, tags};

/// The tags that a description has.
pub(super) struct OwnTags(pub Clients);

impl ListTags for OwnTags {
    async fn tags(&self, region: &str, arn: &str) -> Result<Option<Tags>> {
        let client = self.0.eks(region);
        let parts: Vec<&str> = arn.splitn(6, ':').nth(5).unwrap_or_default().split('/').collect();
        let tags = match parts[..] {
            ["fargateprofile", cluster, name, ..] => {
                let request = client.describe_fargate_profile().cluster_name(cluster).fargate_profile_name(name);
                let answer = absent(request.send().await, GONE)?.and_then(|answer| answer.fargate_profile);
                answer.map(|profile| profile.tags)
            }
            ["podidentityassociation", cluster, id] => {
                let request = client.describe_pod_identity_association().cluster_name(cluster).association_id(id);
                let answer = absent(request.send().await, GONE)?.and_then(|answer| answer.association);
                answer.map(|association| association.tags)
            }
            _ => None,
        };
        Ok(tags.map(|tags| read_tags(tags.unwrap_or_default())))
    }
}

/// Tags as EKS has them, without AWS's own.
pub(super) fn read_tags(of: impl IntoIterator<Item = (String, String)>) -> Tags {
    let of: Vec<_> = of.into_iter().collect();
    tags::read(of.iter().map(|(key, value)| (Some(key.as_str()), Some(value.as_str()))))
}

/// Namespace and service account.
pub(super) type Account = (String, String);

/// The ARNs of the associations of one cluster.
pub(super) struct Associations<'a> {
    pub client: Client,
    pub cluster: &'a str,
}

impl Associations<'_> {
    async fn read(&self, request: ListPodIdentityAssociationsFluentBuilder) -> Result<BTreeMap<Account, String>> {
        let pages = request.cluster_name(self.cluster).max_results(100).into_paginator().items();
        let all = absent(pages.send().collect::<std::result::Result<Vec<_>, _>>().await, GONE)?.unwrap_or_default();
        let entry = |PodIdentityAssociationSummary { namespace, service_account, association_arn, .. }| {
            Some(((namespace?, service_account?), association_arn?))
        };
        Ok(all.into_iter().filter_map(entry).collect())
    }
}

impl Fetch<Account, String> for Associations<'_> {
    async fn some(&self, accounts: &BTreeSet<Account>) -> Result<BTreeMap<Account, String>> {
        let one = |(namespace, account): &Account| {
            self.read(self.client.list_pod_identity_associations().namespace(namespace).service_account(account))
        };
        Ok(try_join_all(accounts.iter().map(one)).await?.into_iter().flatten().collect())
    }

    async fn all(&self) -> Result<BTreeMap<Account, String>> {
        self.read(self.client.list_pod_identity_associations()).await
    }
}
