//! AWS Shield Advanced: `shield/Protection`.
//!
//! Shield is one for all regions. Without a subscription there are no protections and none can be made.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_shield::Client;
use aws_sdk_shield::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_shield::types as sdk;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use terrace_engine::coalesce::{Fetch, Few, Regional};
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State, reason};
use terrace_model::aws::Tags;
use terrace_model::aws::shield::{Protection, ProtectionOutputs};
use terrace_model::{Diff, Handle, Id, Owner};

use crate::errors::{absent, classify, code};
use crate::finder::{ListTags, TagIndex};
use crate::shared::known;
use crate::{Clients, tags};

/// The account is not subscribed, or the thing is not there: Shield says both alike.
const GONE: &[&str] = &["ResourceNotFoundException"];
const TAKEN: &str = "ResourceAlreadyExistsException";
/// The reason of a missing subscription.
const NOT_SUBSCRIBED: &str = "NotSubscribed";
/// Types as GetResources names them.
const TAGGED: &[&str] = &["shield"];
/// The one list of all regions.
const GLOBAL: &str = "global";
const PAGE: i32 = 100;

/// Protections.
pub struct Protections {
    clients: Clients,
    /// By name and by ARN.
    list: Regional<String, sdk::Protection>,
    tags: TagIndex<OwnTags>,
}

impl Protections {
    /// The protections of an account.
    pub fn new(clients: &Clients) -> Self {
        Protections {
            list: Regional::new(clients.recent(), Few::UpTo(0)),
            tags: TagIndex::new(clients.clone(), TAGGED, OwnTags(clients.clone())),
            clients: clients.clone(),
        }
    }

    /// For changing something on behalf of the owner's namespace.
    fn writer(&self, id: &Id) -> Client {
        self.clients.for_namespace(&id.owner.namespace).shield()
    }

    async fn find(&self, id: &Id) -> Result<Option<sdk::Protection>> {
        let key = id.handle.as_ref().map_or_else(|| id.default_name(), |handle| handle.0.clone());
        self.list.of(GLOBAL).get(key, id.freshness, &List(self.clients.shield())).await
    }

    /// Why nothing can be protected, or not this.
    async fn not_made(&self, text: String) -> Error {
        match self.clients.shield().get_subscription_state().send().await {
            Ok(answer) if *answer.subscription_state() == sdk::SubscriptionState::Active => {
                Error::wait(reason::NOT_READY, text)
            }
            Ok(_) => Error::blocked(
                NOT_SUBSCRIBED,
                "this account is not subscribed to AWS Shield Advanced: have its administrator subscribe, which binds \
                 the account for a year, or ask for the standard protection only",
            ),
            Err(error) => classify(error),
        }
    }

    /// Who protects it already: a resource has one protection at most.
    async fn taken(&self, id: &Id, resource: &str, text: String) -> Error {
        let answer = self.clients.shield().describe_protection().resource_arn(resource).send().await;
        let other = match absent(answer, GONE) {
            Ok(found) => found.and_then(|answer| answer.protection),
            Err(error) => return error,
        };
        match other {
            Some(other) if other.name() != Some(&id.default_name()) => Error::blocked(
                reason::NOT_OWNED,
                format!(
                    "{resource} is protected already, by {}: remove that protection, or list it under spec.adopt",
                    other.protection_arn().or(other.id()).unwrap_or("another protection")
                ),
            ),
            _ => Error::wait(reason::ALREADY_EXISTS, text),
        }
    }
}

struct List(Client);

impl Fetch<String, sdk::Protection> for List {
    async fn some(&self, _keys: &BTreeSet<String>) -> Result<BTreeMap<String, sdk::Protection>> {
        self.all().await
    }

    async fn all(&self) -> Result<BTreeMap<String, sdk::Protection>> {
        let mut pages = self.0.list_protections().max_results(PAGE).into_paginator().send();
        let mut all = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let Some(page) = absent(page, GONE)? else { return Ok(all) };
            for found in page.protections.unwrap_or_default() {
                all.extend(found.name.clone().map(|name| (name, found.clone())));
                all.extend(found.protection_arn.clone().map(|arn| (arn, found)));
            }
        }
        Ok(all)
    }
}

struct OwnTags(Clients);

impl ListTags for OwnTags {
    async fn tags(&self, _region: &str, arn: &str) -> Result<Option<Tags>> {
        let answer = self.0.shield().list_tags_for_resource().resource_arn(arn).send().await;
        let found = absent(answer, GONE)?;
        Ok(found.map(|found| tags::read(found.tags().iter().map(|tag| (tag.key(), tag.value())))))
    }
}

fn write_tags(set: &Tags) -> Vec<sdk::Tag> {
    tags::write(set, |key, value| sdk::Tag::builder().key(key).value(value).build())
}

/// Codes that Shield alone has (API reference, the errors of each action), by what is to be done about them.
fn refused<E>(error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let said = code(&error).unwrap_or_default().to_owned();
    let other = classify(error);
    match said.as_str() {
        "OptimisticLockException" => Error::retry(other),
        "LimitsExceededException" => Error::blocked(reason::QUOTA, other),
        "InvalidResourceException" | "InvalidOperationException" => Error::invalid(other),
        _ => other,
    }
}

impl Provider<Protection> for Protections {
    /// Some of what is protected must be visible to whoever protects it (Service authorization reference, Shield).
    const ACTIONS: &'static [&'static str] = &[
        "cloudfront:GetDistribution",
        "elasticloadbalancing:DescribeLoadBalancers",
        "route53:GetHostedZone",
        "shield:CreateProtection",
        "shield:DeleteProtection",
        "shield:DescribeProtection",
        "shield:GetSubscriptionState",
        "shield:ListProtections",
        "shield:ListTagsForResource",
        "shield:TagResource",
        "shield:UntagResource",
        "tag:GetResources",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<Protection>> {
        let Some(found) = self.find(id).await? else { return Ok(Seen::Absent) };
        let arn = found.protection_arn().unwrap_or_default().to_owned();
        let tags = self.tags.get(self.clients.worldwide(), &arn, id.freshness).await?.unwrap_or_default();
        Ok(Seen::Present {
            owner: Owner::from_tags(&tags),
            have: Protection { resource_arn: found.resource_arn().unwrap_or_default().into(), tags },
            out: ProtectionOutputs { id: found.id, arn: Some(arn.clone()) },
            handle: Handle(arn),
            state: State::Ready,
        })
    }

    fn made(&self, _id: &Id, handle: &Handle) -> Option<ProtectionOutputs> {
        let id = handle.0.rsplit('/').next().map(str::to_owned);
        Some(ProtectionOutputs { id, arn: Some(handle.0.clone()) })
    }

    async fn create(&self, id: &Id, want: &Protection) -> Result<Handle> {
        let resource = known(&want.resource_arn)?;
        let request = self.writer(id).create_protection().name(id.default_name()).resource_arn(&resource);
        match request.set_tags(Some(write_tags(&want.tags))).send().await {
            Ok(answer) => {
                let made = answer.protection_id.ok_or_else(|| Error::retry("AWS did not say what it made"))?;
                Ok(Handle(self.clients.arn("shield", "", &format!("protection/{made}"))))
            }
            Err(error) => {
                let said = code(&error).unwrap_or_default().to_owned();
                let error = refused(error);
                match said.as_str() {
                    said if GONE.contains(&said) => Err(self.not_made(error.to_string()).await),
                    TAKEN => Err(self.taken(id, &resource, error.to_string()).await),
                    _ => Err(error),
                }
            }
        }
    }

    async fn update(&self, id: &Id, _have: &Protection, want: &Protection, diff: &Diff) -> Result<()> {
        let Some(arn) = self.find(id).await?.and_then(|found| found.protection_arn) else { return Ok(()) };
        let arn = arn.as_str();
        let set = |tags: Tags| async move {
            let request = self.writer(id).tag_resource().resource_arn(arn).set_tags(Some(write_tags(&tags)));
            request.send().await.map(drop).map_err(refused)
        };
        let remove = |keys| async move {
            let request = self.writer(id).untag_resource().resource_arn(arn).set_tag_keys(Some(keys));
            request.send().await.map(drop).map_err(refused)
        };
        tags::retag(&want.tags, diff, set, remove).await
    }

    async fn delete(&self, id: &Id, _have: &Protection, _disposal: Disposal) -> Result<()> {
        let Some(number) = self.find(id).await?.and_then(|found| found.id) else { return Ok(()) };
        match self.writer(id).delete_protection().protection_id(number).send().await {
            Err(error) if code(&error).is_some_and(|code| GONE.contains(&code)) => Ok(()),
            answer => answer.map(drop).map_err(refused),
        }
    }
}

#[cfg(test)]
mod tests;
