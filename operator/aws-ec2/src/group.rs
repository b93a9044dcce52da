//! Security groups.
//!
//! From the EC2 API reference and user guide: a group's name, description and VPC cannot be changed; names are unique
//! in a VPC, up to 255 characters; tags go in as it is made. A new group bears AWS's own rule that admits all outbound
//! traffic: it is left as it is, since a database's group never starts a connection that anybody minds, and since
//! taking it away would be a second phase of the create. A group cannot be deleted while a network interface or another
//! group's rule refers to it, and interfaces may linger for up to 45 minutes after what they belonged to.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{self, Filter, ResourceType};
use futures::future::try_join;
use terrace_aws::Clients;
use terrace_aws::errors::{absent, classify};
use terrace_engine::coalesce::{Fetch, Few, Regional};
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State};
use terrace_model::aws::ec2::{SecurityGroup, SecurityGroupOutputs};
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, Owner};

use crate::{FILTER_VALUES, PAGE, client, filter, from_sdk, retag, specification, writer};

const GONE: &[&str] = &["InvalidGroup.NotFound"];
/// Ids begin so, and names must not (API reference, CreateSecurityGroup).
const ID: &str = "sg-";

/// A group as it was read.
#[derive(Clone, Debug)]
struct Found {
    group_id: String,
    group: SecurityGroup,
}

struct Reader(Client);

impl Fetch<String, Found> for Reader {
    async fn some(&self, keys: &BTreeSet<String>) -> Result<BTreeMap<String, Found>> {
        let (ids, names): (Vec<_>, Vec<_>) = keys.iter().partition(|key| key.starts_with(ID));
        let (by_id, by_name) = try_join(self.by("group-id", ids), self.by("group-name", names)).await?;
        Ok(by_id.into_iter().chain(by_name).collect())
    }

    async fn all(&self) -> Result<BTreeMap<String, Found>> {
        self.read(None).await
    }
}

impl Reader {
    async fn by(&self, what: &str, values: Vec<&String>) -> Result<BTreeMap<String, Found>> {
        if values.is_empty() { Ok(BTreeMap::new()) } else { self.read(Some(filter(what, values))).await }
    }

    async fn read(&self, filter: Option<Filter>) -> Result<BTreeMap<String, Found>> {
        let request = self.0.describe_security_groups().set_filters(filter.map(|filter| vec![filter]));
        let pages = request.max_results(PAGE).into_paginator().items();
        let groups = pages.send().collect::<std::result::Result<Vec<_>, _>>().await.map_err(classify)?;
        let found = groups.into_iter().map(found);
        Ok(found.flat_map(|(name, found)| [(name, found.clone()), (found.group_id.clone(), found)]).collect())
    }
}

fn found(group: types::SecurityGroup) -> (String, Found) {
    let found = Found {
        group_id: group.group_id.unwrap_or_default(),
        group: SecurityGroup {
            vpc_id: group.vpc_id.unwrap_or_default(),
            description: group.description.unwrap_or_default(),
            tags: from_sdk(&group.tags.unwrap_or_default()),
        },
    };
    (group.group_name.unwrap_or_default(), found)
}

/// Security groups.
pub struct SecurityGroups {
    clients: Clients,
    listings: Regional<String, Found>,
}

impl SecurityGroups {
    /// The groups of an account.
    pub fn new(clients: &Clients) -> Self {
        SecurityGroups { clients: clients.clone(), listings: Regional::new(clients.recent(), Few::UpTo(FILTER_VALUES)) }
    }

    async fn look(&self, id: &Id, freshness: Freshness) -> Result<Option<Found>> {
        let (region, client) = (&id.place.region, client(&self.clients, &id.place.region));
        self.listings.of(region).get(key(id), freshness, &Reader(client)).await
    }

    /// The group's id; `None` where it is gone.
    async fn group_id(&self, id: &Id) -> Result<Option<String>> {
        match &id.handle {
            Some(Handle(group)) => Ok(Some(group.clone())),
            None => Ok(self.look(id, Freshness::Now).await?.map(|found| found.group_id)),
        }
    }
}

impl Provider<SecurityGroup> for SecurityGroups {
    const ACTIONS: &'static [&'static str] = &[
        "ec2:CreateSecurityGroup",
        "ec2:CreateTags",
        "ec2:DeleteSecurityGroup",
        "ec2:DeleteTags",
        "ec2:DescribeSecurityGroups",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<SecurityGroup>> {
        let Some(found) = self.look(id, id.freshness).await? else {
            return Ok(Seen::Absent);
        };
        Ok(Seen::Present {
            owner: Owner::from_tags(&found.group.tags),
            have: found.group,
            out: SecurityGroupOutputs { group_id: Some(found.group_id.clone()) },
            handle: Handle(found.group_id),
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &SecurityGroup) -> Result<Handle> {
        let request = writer(&self.clients, id)
            .create_security_group()
            .group_name(name(id))
            .description(&want.description)
            .vpc_id(&want.vpc_id)
            .tag_specifications(specification(ResourceType::SecurityGroup, &want.tags));
        let made = request.send().await.map_err(classify)?.group_id;
        made.map(Handle).ok_or_else(|| Error::retry("EC2 did not say what it made"))
    }

    fn made(&self, _id: &Id, handle: &Handle) -> Option<SecurityGroupOutputs> {
        Some(SecurityGroupOutputs { group_id: Some(handle.0.clone()) })
    }

    async fn update(&self, id: &Id, _have: &SecurityGroup, want: &SecurityGroup, diff: &Diff) -> Result<()> {
        let Some(group) = self.group_id(id).await? else { return Ok(()) };
        retag(&writer(&self.clients, id), &group, &want.tags, diff).await
    }

    async fn delete(&self, id: &Id, _have: &SecurityGroup, _disposal: Disposal) -> Result<()> {
        let Some(group) = self.group_id(id).await? else { return Ok(()) };
        let request = writer(&self.clients, id).delete_security_group().group_id(group);
        absent(request.send().await, GONE).map(drop)
    }
}

fn name(id: &Id) -> String {
    id.name(255)
}

/// What it goes by: its id, where that is known.
fn key(id: &Id) -> String {
    id.handle.as_ref().map_or_else(|| name(id), |Handle(group)| group.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::Tag;

    #[test]
    fn a_group_is_read_with_its_tags_and_without_those_of_aws() {
        let tag = |key: &str| Tag::builder().key(key).value("v").build();
        let group = types::SecurityGroup::builder()
            .group_id("sg-1")
            .group_name("shop-orders-db")
            .vpc_id("vpc-1")
            .description("Database of orders")
            .tags(tag("team"))
            .tags(tag("aws:cloudformation:stack-name"));
        let (name, found) = found(group.build());
        assert_eq!((name.as_str(), found.group_id.as_str()), ("shop-orders-db", "sg-1"));
        assert_eq!((found.group.vpc_id.as_str(), found.group.description.as_str()), ("vpc-1", "Database of orders"));
        assert_eq!(found.group.tags, [("team".to_owned(), "v".to_owned())].into());
    }
}
