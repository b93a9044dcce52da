//! Reading roles: few by a look at each, many from the account's list.
//!
//! From the IAM API reference: GetAccountAuthorizationDetails gives every role with its policies, boundary and tags, up
//! to 1,000 a page, but without its description and the longest session; ListRoles gives those, and none of the rest.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{AttachedPermissionsBoundary, EntityType, Role as IamRole, RoleDetail, Tag};
use futures::future::{try_join, try_join_all};
use terrace_engine::coalesce::Fetch;
use terrace_engine::{Error, Result};
use terrace_model::aws::Tags;
use terrace_model::aws::iam::{Policy, Role};

use super::{GONE, policy};
use crate::errors::{absent, classify};
use crate::tags;

/// The most that IAM lists at once.
const PAGE: i32 = 1000;

/// A role as it was read.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub arn: String,
    pub role: Role,
}

/// What ListRoles alone shows of a role.
#[derive(Default)]
struct Listed {
    description: String,
    max_session_duration: Option<i32>,
}

pub(super) struct Reader(pub Client);

impl Fetch<String, Found> for Reader {
    async fn some(&self, names: &BTreeSet<String>) -> Result<BTreeMap<String, Found>> {
        let reads = names.iter().map(|name| async { Ok(self.one(name).await?.map(|found| (name.clone(), found))) });
        Ok(try_join_all(reads).await?.into_iter().flatten().collect())
    }

    async fn all(&self) -> Result<BTreeMap<String, Found>> {
        let (details, mut listed) = try_join(self.details(), self.listed()).await?;
        let found = details.into_iter().filter_map(|detail| {
            let name = detail.role_name.clone()?;
            let listed = listed.remove(&name).unwrap_or_default();
            Some((name, detailed(detail, listed)))
        });
        Ok(found.collect())
    }
}

impl Reader {
    async fn one(&self, name: &str) -> Result<Option<Found>> {
        let request = self.0.get_role().role_name(name);
        let Some(role) = absent(request.send().await, GONE)?.and_then(|output| output.role) else {
            return Ok(None);
        };
        let (Some(attached), Some(inline)) = try_join(self.attached(name), self.inline(name)).await? else {
            return Ok(None);
        };
        let found = Role {
            assume_role_policy: policy::read(&role.assume_role_policy_document.unwrap_or_default()),
            description: role.description.unwrap_or_default(),
            managed_policy_arns: attached,
            inline_policies: inline,
            permissions_boundary: boundary(role.permissions_boundary),
            max_session_duration: role.max_session_duration,
            tags: from_sdk(&role.tags.unwrap_or_default()),
        };
        Ok(Some(Found { arn: role.arn, role: found }))
    }

    async fn attached(&self, name: &str) -> Result<Option<BTreeSet<String>>> {
        let pages = self.0.list_attached_role_policies().role_name(name).max_items(PAGE).into_paginator().items();
        let policies = absent(pages.send().collect::<std::result::Result<Vec<_>, _>>().await, GONE)?;
        Ok(policies.map(|policies| policies.into_iter().filter_map(|policy| policy.policy_arn).collect()))
    }

    async fn inline(&self, name: &str) -> Result<Option<BTreeMap<String, Policy>>> {
        let pages = self.0.list_role_policies().role_name(name).max_items(PAGE).into_paginator().items();
        let Some(names) = absent(pages.send().collect::<std::result::Result<Vec<_>, _>>().await, GONE)? else {
            return Ok(None);
        };
        let reads = names.iter().map(|policy| async move {
            let request = self.0.get_role_policy().role_name(name).policy_name(policy);
            let document = absent(request.send().await, GONE)?.map(|output| output.policy_document);
            Ok::<_, Error>(document.map(|document| (policy.clone(), policy::read(&document))))
        });
        Ok(Some(try_join_all(reads).await?.into_iter().flatten().collect()))
    }

    /// Everything about every role but what a list alone shows.
    async fn details(&self) -> Result<Vec<RoleDetail>> {
        let request = self.0.get_account_authorization_details().filter(EntityType::Role).max_items(PAGE);
        let mut pages = request.into_paginator().send();
        let mut details = Vec::new();
        while let Some(page) = pages.next().await {
            details.extend(page.map_err(classify)?.role_detail_list.unwrap_or_default());
        }
        Ok(details)
    }

    async fn listed(&self) -> Result<BTreeMap<String, Listed>> {
        let pages = self.0.list_roles().max_items(PAGE).into_paginator().items();
        let roles = pages.send().collect::<std::result::Result<Vec<_>, _>>().await.map_err(classify)?;
        let listed = |role: IamRole| {
            let description = role.description.unwrap_or_default();
            (role.role_name, Listed { description, max_session_duration: role.max_session_duration })
        };
        Ok(roles.into_iter().map(listed).collect())
    }
}

fn detailed(detail: RoleDetail, listed: Listed) -> Found {
    let attached = detail.attached_managed_policies.unwrap_or_default();
    let inline =
        detail.role_policy_list.unwrap_or_default().into_iter().filter_map(|inline| {
            Some((inline.policy_name?, policy::read(&inline.policy_document.unwrap_or_default())))
        });
    let role = Role {
        assume_role_policy: policy::read(&detail.assume_role_policy_document.unwrap_or_default()),
        description: listed.description,
        managed_policy_arns: attached.into_iter().filter_map(|policy| policy.policy_arn).collect(),
        inline_policies: inline.collect(),
        permissions_boundary: boundary(detail.permissions_boundary),
        max_session_duration: listed.max_session_duration,
        tags: from_sdk(&detail.tags.unwrap_or_default()),
    };
    Found { arn: detail.arn.unwrap_or_default(), role }
}

fn boundary(attached: Option<AttachedPermissionsBoundary>) -> String {
    attached.and_then(|boundary| boundary.permissions_boundary_arn).unwrap_or_default()
}

fn from_sdk(tags: &[Tag]) -> Tags {
    tags::read(tags.iter().map(|tag| (Some(tag.key()), Some(tag.value()))))
}
