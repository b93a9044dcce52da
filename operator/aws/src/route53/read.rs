//! What is read of Route 53: all zones and health checks of an account by lists, a zone's records whole.
//!
//! From the API reference: lists of zones and health checks show no tags and no name servers; ListResourceRecordSets shows up
//! to 300 records a page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_route53::Client;
use aws_sdk_route53::types::{self, ResourceRecordSet};
use futures::future::try_join_all;
use terrace_engine::Result;
use terrace_engine::coalesce::Fetch;
use terrace_model::Id;
use terrace_model::aws::route53::plain;

use crate::errors::{absent, classify};

pub const NO_ZONE: &[&str] = &["NoSuchHostedZone"];
pub const NO_CHECK: &[&str] = &["NoSuchHealthCheck"];
/// The most records of a page (API reference, ListResourceRecordSets, `MaxItems`).
const PAGE: i32 = 300;

/// By what a zone or a health check is looked up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Id(String),
    /// What all caller references of a node begin with.
    Reference(String),
}

/// The caller reference of a create: the same after every restart. Another for each remaking, since Route 53 remembers those
/// of what is gone.
pub fn reference(id: &Id) -> String {
    format!("{}-{}", base(id), id.remade)
}

fn base(id: &Id) -> String {
    Id { remade: 0, ..id.clone() }.token()
}

/// By id where it is known: the last part of an ARN. Otherwise by reference, of which remaking ever.
pub fn key(id: &Id) -> Key {
    match &id.handle {
        Some(handle) => Key::Id(last(&handle.0).to_owned()),
        None => Key::Reference(base(id)),
    }
}

/// Whether a caller reference is one of this node's.
pub fn is_ours(id: &Id, reference: &str) -> bool {
    reference.rsplit_once('-').is_some_and(|(known, _)| known == base(id))
}

/// The last part of an ARN, or of an id as Route 53 writes it.
pub fn last(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

/// The keys under which something is found.
fn keys(id: &str, reference: &str) -> [Key; 2] {
    let base = reference.rsplit_once('-').map_or(reference, |(base, _)| base);
    [Key::Id(id.to_owned()), Key::Reference(base.to_owned())]
}

fn ids(keys: &BTreeSet<Key>) -> Option<Vec<&String>> {
    keys.iter()
        .map(|key| match key {
            Key::Id(id) => Some(id),
            Key::Reference(_) => None,
        })
        .collect()
}

/// A hosted zone.
#[derive(Clone, Debug)]
pub struct Zone {
    pub id: String,
    pub name: String,
    pub reference: String,
    pub comment: String,
    pub private: bool,
    /// With a comma between them; lists do not show them.
    pub name_servers: Option<String>,
}

impl Zone {
    pub fn of(zone: &types::HostedZone, servers: Option<&types::DelegationSet>) -> Self {
        Zone {
            id: last(zone.id()).to_owned(),
            name: plain(zone.name()),
            reference: zone.caller_reference().to_owned(),
            comment: zone.config().and_then(|config| config.comment()).unwrap_or_default().to_owned(),
            private: zone.config().is_some_and(|config| config.private_zone()),
            name_servers: servers.map(|set| set.name_servers().join(",")),
        }
    }
}

pub struct ZoneReader(pub Client);

impl ZoneReader {
    pub async fn one(&self, id: &str) -> Result<Option<Zone>> {
        let answer = absent(self.0.get_hosted_zone().id(id).send().await, NO_ZONE)?;
        let zone = answer.as_ref().and_then(|answer| Some((answer.hosted_zone()?, answer.delegation_set())));
        Ok(zone.map(|(zone, servers)| Zone::of(zone, servers)))
    }
}

impl Fetch<Key, Zone> for ZoneReader {
    async fn some(&self, keys: &BTreeSet<Key>) -> Result<BTreeMap<Key, Zone>> {
        let Some(ids) = ids(keys) else { return self.all().await };
        let found = try_join_all(ids.into_iter().map(|id| self.one(id))).await?;
        Ok(found.into_iter().flatten().map(|zone| (Key::Id(zone.id.clone()), zone)).collect())
    }

    async fn all(&self) -> Result<BTreeMap<Key, Zone>> {
        let mut zones = self.0.list_hosted_zones().into_paginator().items().send();
        let mut found = BTreeMap::new();
        while let Some(zone) = zones.next().await {
            let zone = Zone::of(&zone.map_err(classify)?, None);
            found.extend(self::keys(&zone.id, &zone.reference).map(|key| (key, zone.clone())));
        }
        Ok(found)
    }
}

pub struct CheckReader(pub Client);

impl Fetch<Key, types::HealthCheck> for CheckReader {
    async fn some(&self, keys: &BTreeSet<Key>) -> Result<BTreeMap<Key, types::HealthCheck>> {
        let Some(ids) = ids(keys) else { return self.all().await };
        let one = |id: &String| {
            let request = self.0.get_health_check().health_check_id(id);
            async move { Ok(absent(request.send().await, NO_CHECK)?.and_then(|answer| answer.health_check)) }
        };
        let found = try_join_all(ids.into_iter().map(one)).await?;
        Ok(found.into_iter().flatten().map(|check| (Key::Id(check.id().to_owned()), check)).collect())
    }

    async fn all(&self) -> Result<BTreeMap<Key, types::HealthCheck>> {
        let mut checks = self.0.list_health_checks().into_paginator().items().send();
        let mut found = BTreeMap::new();
        while let Some(check) = checks.next().await {
            let check = check.map_err(classify)?;
            found.extend(self::keys(check.id(), check.caller_reference()).map(|key| (key, check.clone())));
        }
        Ok(found)
    }
}

/// What tells a record from all others of its zone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordKey {
    pub name: String,
    pub kind: String,
    pub set: Option<String>,
}

impl RecordKey {
    pub fn of(record: &ResourceRecordSet) -> Self {
        RecordKey {
            name: plain(record.name()),
            kind: record.r#type().as_str().to_owned(),
            set: record.set_identifier().map(str::to_owned),
        }
    }
}

/// The records of a zone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records(BTreeMap<RecordKey, ResourceRecordSet>);

impl FromIterator<ResourceRecordSet> for Records {
    fn from_iter<I: IntoIterator<Item = ResourceRecordSet>>(records: I) -> Self {
        Records(records.into_iter().map(|record| (RecordKey::of(&record), record)).collect())
    }
}

impl Records {
    pub fn get(&self, key: &RecordKey) -> Option<&ResourceRecordSet> {
        self.0.get(key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&RecordKey, &ResourceRecordSet)> {
        self.0.iter()
    }

    /// All of one name and type.
    pub fn of(&self, name: &str, kind: &str) -> impl Iterator<Item = (&RecordKey, &ResourceRecordSet)> {
        let first = RecordKey { name: name.into(), kind: kind.into(), set: None };
        self.0.range(first..).take_while(move |(key, _)| key.name == name && key.kind == kind)
    }

    /// All of one name.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &RecordKey> {
        let first = RecordKey { name: name.into(), kind: String::new(), set: None };
        self.0.range(first..).map(|(key, _)| key).take_while(move |key| key.name == name)
    }

    /// The simple record of a name and type.
    pub fn simple(&self, name: &str, kind: &str) -> Option<&ResourceRecordSet> {
        self.get(&RecordKey { name: name.into(), kind: kind.into(), set: None })
    }

    /// The TXT record of a name.
    pub fn text(&self, name: &str) -> Option<&ResourceRecordSet> {
        self.simple(name, "TXT")
    }

    /// The TXT records whose first label this is.
    pub fn texts_under(&self, label: &str) -> impl Iterator<Item = (&RecordKey, &ResourceRecordSet)> {
        let start = format!("{label}.");
        let first = RecordKey { name: start.clone(), kind: String::new(), set: None };
        let under = self.0.range(first..).take_while(move |(key, _)| key.name.starts_with(&start));
        under.filter(|(key, _)| key.kind == "TXT")
    }
}

/// Reads a zone's records. A zone that is gone has none.
pub struct RecordReader {
    pub client: Client,
    pub zone: String,
}

impl Fetch<(), Arc<Records>> for RecordReader {
    async fn some(&self, _: &BTreeSet<()>) -> Result<BTreeMap<(), Arc<Records>>> {
        self.all().await
    }

    async fn all(&self) -> Result<BTreeMap<(), Arc<Records>>> {
        let mut found = Vec::new();
        let mut request = self.client.list_resource_record_sets();
        loop {
            let page = absent(request.hosted_zone_id(&self.zone).max_items(PAGE).send().await, NO_ZONE)?;
            let Some(page) = page else { return Ok(BTreeMap::new()) };
            found.extend(page.resource_record_sets);
            if !page.is_truncated || page.next_record_name.is_none() {
                return Ok([((), Arc::new(found.into_iter().collect()))].into());
            }
            request = self
                .client
                .list_resource_record_sets()
                .set_start_record_name(page.next_record_name)
                .set_start_record_type(page.next_record_type)
                .set_start_record_identifier(page.next_record_identifier);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route53::testing::{ZONE, record};
    use crate::testing;
    use aws_sdk_route53::operation::list_resource_record_sets::ListResourceRecordSetsOutput;
    use aws_sdk_route53::types::RrType;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use terrace_model::aws::route53::HostedZone;

    fn page(from: Option<&'static str>, name: &'static str, next: Option<&'static str>) -> Rule {
        mock!(Client::list_resource_record_sets)
            .match_requests(move |request| {
                request.start_record_name() == from && request.start_record_type().is_some() == from.is_some()
            })
            .then_output(move || {
                let page = ListResourceRecordSetsOutput::builder()
                    .resource_record_sets(record(name, RrType::A, "192.0.2.1"))
                    .is_truncated(next.is_some())
                    .max_items(300);
                let page = page.set_next_record_name(next.map(str::to_owned));
                page.set_next_record_type(next.map(|_| RrType::A)).build().expect("it is whole")
            })
    }

    #[tokio::test]
    async fn a_zone_is_read_page_by_page_each_once() {
        let (first, second) = (
            page(None, "a.example.com.", Some("b.example.com.")),
            page(Some("b.example.com."), "b.example.com.", None),
        );
        let client = mock_client!(aws_sdk_route53, RuleMode::MatchAny, [&first, &second]);
        let records = RecordReader { client, zone: ZONE.into() }.all().await.expect("it is read");
        let names: Vec<_> = records[&()].iter().map(|(key, _)| key.name.as_str()).collect();
        assert_eq!(names, ["a.example.com", "b.example.com"]);
        assert_eq!([first.num_calls(), second.num_calls()], [1, 1]);
    }

    #[test]
    fn a_reference_changes_with_each_remaking_and_leads_to_the_same_node() {
        let id = testing::id::<HostedZone>("zone");
        let again = Id { remade: 1, ..id.clone() };
        assert_ne!(reference(&id), reference(&again));
        assert_eq!(key(&id), key(&again));
        assert!(is_ours(&id, &reference(&again)) && !is_ours(&Id { incarnation: 2, ..id.clone() }, &reference(&id)));
        assert!(reference(&Id { remade: u32::MAX, ..id }).len() <= 64);
    }

    #[test]
    fn records_are_found_by_name_type_and_label() {
        let names = ["_terrace-1.a.example.com", "_terrace-1.b.example.com", "_terrace-10.a.example.com"];
        let records: Records = names.iter().map(|name| record(name, RrType::Txt, "\"x\"")).collect();
        assert_eq!(records.texts_under("_terrace-1").count(), 2);
        assert!(records.text("_terrace-10.a.example.com").is_some() && records.simple(names[0], "A").is_none());
    }
}
