//! Reading distributions: a list shows nearly all of them, a look at one shows it whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types as sdk;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use futures::future::try_join_all;
use terrace_engine::coalesce::Fetch;
use terrace_engine::{Error, Result};
use terrace_model::Id;
use terrace_model::identity::{Freshness, tag};

use super::{CloudFront, GLOBAL, config, id_of};
use crate::errors::{absent, classify};

pub(super) const GONE: &[&str] = &["NoSuchDistribution"];
/// Fields that a list leaves out.
pub(super) const UNLISTED: &[&str] = &["defaultRootObject", "logging"];

/// A distribution as it was read.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub id: String,
    pub arn: String,
    pub status: String,
    pub domain_name: String,
    pub config: sdk::DistributionConfig,
    /// By a look at it alone, not from a list.
    pub whole: bool,
}

/// What a list leaves out.
#[derive(Clone, Debug)]
pub(super) struct Unlisted {
    default_root_object: Option<String>,
    logging: Option<sdk::LoggingConfig>,
}

impl Unlisted {
    fn of(config: &sdk::DistributionConfig) -> Self {
        Unlisted { default_root_object: config.default_root_object.clone(), logging: config.logging.clone() }
    }
}

pub(super) struct Reader(pub Client);

impl Reader {
    /// One, whole.
    pub(super) async fn one(&self, id: &str) -> Result<Option<Found>> {
        let answer = absent(self.0.get_distribution().id(id).send().await, GONE)?;
        let found = answer.and_then(|answer| answer.distribution);
        Ok(found.and_then(|found| {
            let sdk::Distribution { id, arn, status, domain_name, distribution_config, .. } = found;
            Some(Found { id, arn, status, domain_name, config: distribution_config?, whole: true })
        }))
    }
}

impl Fetch<String, Arc<Found>> for Reader {
    async fn some(&self, ids: &BTreeSet<String>) -> Result<BTreeMap<String, Arc<Found>>> {
        let found = try_join_all(ids.iter().map(|id| self.one(id))).await?;
        Ok(super::by(found.into_iter().flatten().map(Arc::new), |found| found.id.clone()))
    }

    async fn all(&self) -> Result<BTreeMap<String, Arc<Found>>> {
        let mut items = self.0.list_distributions().into_paginator().items().send();
        let mut all = BTreeMap::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(classify)?;
            let (id, arn) = (item.id.clone(), item.arn.clone());
            let (status, domain_name) = (item.status.clone(), item.domain_name.clone());
            let found = Found { id, arn, status, domain_name, config: config::of_summary(item)?, whole: false };
            all.insert(found.id.clone(), Arc::new(found));
        }
        Ok(all)
    }
}

impl CloudFront {
    /// AWS's id of it: from its handle, else by its tags.
    pub(super) async fn distribution_id(&self, id: &Id) -> Result<Option<String>> {
        if let Some(known) = id_of(id) {
            return Ok(Some(known.to_owned()));
        }
        let tags = id.owner_tags();
        let filter =
            |key: &str| TagFilter::builder().key(key).set_values(tags.get(key).map(|v| vec![v.clone()])).build();
        let keys = [tag::UID, tag::NODE, tag::INCARNATION, tag::RESOURCE];
        let request = self
            .clients
            .tagging(self.clients.worldwide())
            .get_resources()
            .resource_type_filters("cloudfront:distribution");
        let request = request.set_tag_filters(Some(keys.map(filter).into()));
        let found = request.send().await.map_err(classify)?.resource_tag_mapping_list.unwrap_or_default();
        let arn = found.into_iter().find_map(|mapping| mapping.resource_arn);
        Ok(arn.and_then(|arn| arn.rsplit('/').next().map(str::to_owned)))
    }

    /// One distribution, as fresh as `id` asks.
    pub(super) async fn distribution(&self, id: &Id, number: &str) -> Result<Option<Arc<Found>>> {
        let listing = self.distributions.of(GLOBAL);
        listing.get(number.to_owned(), id.freshness, &Reader(self.reader())).await
    }

    /// Its configuration, with what a list leaves out, as far as that was read within the hour; and whether it was.
    pub(super) async fn whole(&self, id: &Id, found: &Found) -> Result<(sdk::DistributionConfig, bool)> {
        let read = || async {
            if found.whole {
                return Ok(Unlisted::of(&found.config));
            }
            let one = Reader(self.reader()).one(&found.id).await?;
            let gone = || Error::retry(format!("distribution {} went while it was read", found.id));
            one.map(|one| Unlisted::of(&one.config)).ok_or_else(gone)
        };
        let freshness = if found.whole { Freshness::Now } else { id.freshness };
        let known = self.unlisted.get_in_turn(&found.id, freshness, read).await?;
        let mut config = found.config.clone();
        if let Some(Unlisted { default_root_object, logging }) = known.clone() {
            (config.default_root_object, config.logging) = (default_root_object, logging);
        }
        Ok((config, known.is_some()))
    }
}
