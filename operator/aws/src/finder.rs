//! Resource Groups Tagging API: what bears an owner's tags, and the tags of many resources at once.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use aws_sdk_resourcegroupstagging::operation::get_resources::builders::GetResourcesFluentBuilder;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use futures::future::BoxFuture;
use terrace_engine::coalesce::{Fetch, Few, Regional};
use terrace_engine::{Finder, Found, Result};
use terrace_model::Handle;
use terrace_model::aws::Tags;
use terrace_model::identity::{Freshness, tag};

use crate::errors::classify;
use crate::hourly::Hourly;
use crate::{Clients, tags};

/// IAM actions used.
pub const ACTIONS: &[&str] = &["tag:GetResources"];
/// The most that one page holds (API reference, GetResources, `ResourcesPerPage`).
const PAGE: i32 = 100;

async fn read(request: GetResourcesFluentBuilder) -> Result<BTreeMap<String, Tags>> {
    let mut pages = request.resources_per_page(PAGE).into_paginator().send();
    let mut found = BTreeMap::new();
    while let Some(page) = pages.next().await {
        for mapping in page.map_err(classify)?.resource_tag_mapping_list.unwrap_or_default() {
            let tags = tags::read(mapping.tags().iter().map(|tag| (Some(tag.key()), Some(tag.value()))));
            found.extend(mapping.resource_arn.map(|arn| (arn, tags)));
        }
    }
    Ok(found)
}

/// Snapshots and backups bear the tags of what they were taken from, and are no resources of ours (RDS user guide,
/// "Copying tags to DB snapshots").
fn is_copy(arn: &str) -> bool {
    const COPIES: &[&str] =
        &["snapshot", "cluster-snapshot", "auto-backup", "cluster-auto-backup", "serverlesscachesnapshot"];
    arn.split(':').nth(5).is_some_and(|kind| COPIES.contains(&kind))
}

/// What the providers record of a resource: its ARN, and of what EC2 has, its id.
fn handle(arn: String) -> Handle {
    match (arn.split(':').nth(2), arn.rsplit_once('/')) {
        (Some("ec2"), Some((_, id))) => Handle(id.to_owned()),
        _ => Handle(arn),
    }
}

/// Finds what an owner has in AWS by its tags, in all services that the Tagging API knows.
pub struct TagFinder {
    clients: Clients,
}

impl TagFinder {
    pub fn new(clients: Clients) -> Self {
        TagFinder { clients }
    }
}

impl Finder for TagFinder {
    fn find<'a>(&'a self, tags: &'a BTreeMap<String, String>, region: &'a str) -> BoxFuture<'a, Result<Vec<Found>>> {
        Box::pin(async move {
            // Of several filters, all must match (API reference, GetResources, `TagFilters`).
            let filters = tags.iter().map(|(key, value)| TagFilter::builder().key(key).values(value).build());
            let request = self.clients.tagging(region).get_resources().set_tag_filters(Some(filters.collect()));
            let found = read(request).await?.into_iter();
            Ok(found.map(|(arn, tags)| Found { copy: is_copy(&arn), handle: handle(arn), tags }).collect())
        })
    }
}

/// A service's own call for the tags of one resource, which never lags.
pub trait ListTags: Send + Sync {
    /// The tags; `None` where the resource is not there.
    fn tags(&self, region: &str, arn: &str) -> impl Future<Output = Result<Option<Tags>>> + Send;
}

/// Tags of kinds whose description does not hold them: few by the service's own call, many by the Tagging API.
///
/// The Tagging API lags. What it shows without our tags, or not at all, is therefore asked for once more at the
/// service, so that nothing of ours is ever taken for somebody else's. What it does not show at all, as a type that it
/// does not know, is for a resync asked for about once an hour.
pub struct TagIndex<L> {
    clients: Clients,
    types: &'static [&'static str],
    own: L,
    listings: Regional<String, Tags>,
    unlisted: Hourly<Option<Tags>>,
}

impl<L: ListTags> TagIndex<L> {
    /// An index over resource types as GetResources names them: `rds:subgrp`.
    pub fn new(clients: Clients, types: &'static [&'static str], own: L) -> Self {
        let listings = Regional::new(clients.recent(), Few::Pages);
        TagIndex { clients, types, own, listings, unlisted: Hourly::default() }
    }

    /// The tags of one resource; `None` where it is not there.
    ///
    /// # Errors
    /// Those of the calls.
    pub async fn get(&self, region: &str, arn: &str, freshness: Freshness) -> Result<Option<Tags>> {
        let listing = self.listings.of(region);
        let seen = listing.get(arn.to_owned(), freshness, &RegionTags { index: self, region }).await?;
        match seen {
            Some(tags) if tags.contains_key(tag::UID) => Ok(Some(tags)),
            Some(_) => self.own.tags(region, arn).await,
            None => self.unlisted.get(arn, freshness, || self.own.tags(region, arn)).await,
        }
    }
}

struct RegionTags<'a, L> {
    index: &'a TagIndex<L>,
    region: &'a str,
}

impl<L: ListTags> Fetch<String, Tags> for RegionTags<'_, L> {
    async fn some(&self, arns: &BTreeSet<String>) -> Result<BTreeMap<String, Tags>> {
        let one = |arn: &String| {
            let arn = arn.clone();
            async move { Ok(self.index.own.tags(self.region, &arn).await?.map(|tags| (arn, tags))) }
        };
        let found = futures::future::try_join_all(arns.iter().map(one)).await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn all(&self) -> Result<BTreeMap<String, Tags>> {
        let types = self.index.types.iter().map(|kind| (*kind).to_owned()).collect();
        read(self.index.clients.tagging(self.region).get_resources().set_resource_type_filters(Some(types))).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{REGION, clients};
    use aws_sdk_resourcegroupstagging::Client;
    use aws_sdk_resourcegroupstagging::operation::get_resources::GetResourcesOutput;
    use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, Tag};
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use std::sync::Mutex;

    fn mapping(arn: &str, key: &str) -> ResourceTagMapping {
        let tag = Tag::builder().key(key).value("x").build().expect("it is whole");
        ResourceTagMapping::builder().resource_arn(arn).tags(tag).build()
    }

    fn page(token: Option<&'static str>, next: &'static str, mappings: fn() -> Vec<ResourceTagMapping>) -> Rule {
        mock!(Client::get_resources).match_requests(move |request| request.pagination_token() == token).then_output(
            move || {
                let list = Some(mappings());
                GetResourcesOutput::builder().pagination_token(next).set_resource_tag_mapping_list(list).build()
            },
        )
    }

    /// Two pages; one thing of ours, one whose tags lag.
    fn tagging() -> Client {
        let first = page(None, "more", || vec![mapping("arn:ours", tag::UID)]);
        let second = page(Some("more"), "", || {
            vec![mapping("arn:late", "team"), mapping("arn:aws:rds:eu-west-1:1:snapshot:final", tag::UID)]
        });
        mock_client!(aws_sdk_resourcegroupstagging, RuleMode::MatchAny, [&first, &second])
    }

    #[derive(Clone, Default)]
    struct Own(std::sync::Arc<Mutex<Vec<String>>>);

    impl ListTags for Own {
        async fn tags(&self, _region: &str, arn: &str) -> Result<Option<Tags>> {
            self.0.lock().expect("nobody panicked").push(arn.to_owned());
            Ok(Some([(tag::UID.to_owned(), "y".to_owned())].into()))
        }
    }

    #[tokio::test]
    async fn an_owner_is_found_on_every_page() {
        let uid = [(tag::UID.to_owned(), "x".to_owned())].into();
        let found = TagFinder::new(clients().with_client(REGION, tagging())).find(&uid, REGION).await;
        let found: Vec<_> = found.expect("it is found").into_iter().map(|found| (found.handle.0, found.copy)).collect();
        let of = |handle: &str, copy| (handle.to_owned(), copy);
        let snapshot = of("arn:aws:rds:eu-west-1:1:snapshot:final", true);
        assert_eq!(found, [snapshot, of("arn:late", false), of("arn:ours", false)]);
    }

    #[test]
    fn what_ec2_has_goes_by_its_id_and_all_else_by_its_arn() {
        let of = |arn: &str| handle(arn.into()).0;
        assert_eq!(of("arn:aws:ec2:eu-west-1:1:security-group/sg-1"), "sg-1");
        assert_eq!(of("arn:aws:iam::1:role/r"), "arn:aws:iam::1:role/r");
        assert_eq!(of("arn:aws:rds:eu-west-1:1:db:orders"), "arn:aws:rds:eu-west-1:1:db:orders");
    }

    #[tokio::test]
    async fn a_list_serves_all_but_what_it_shows_without_our_tags() {
        let own = Own::default();
        let index = TagIndex::new(clients().with_client(REGION, tagging()), &["rds:subgrp"], own.clone());
        for _ in 0..3 {
            let tags = index.get(REGION, "arn:ours", Freshness::Recent).await.expect("it is read");
            assert_eq!(tags.expect("it is there")[tag::UID], "x");
        }
        assert!(own.0.lock().expect("nobody panicked").is_empty());
        for arn in ["arn:late", "arn:late", "arn:unknown", "arn:unknown"] {
            index.get(REGION, arn, Freshness::Recent).await.expect("it is read");
        }
        index.get(REGION, "arn:ours", Freshness::Now).await.expect("it is read");
        let asked = own.0.lock().expect("nobody panicked").clone();
        assert_eq!(asked, ["arn:late", "arn:late", "arn:unknown", "arn:ours"]);
    }
}
