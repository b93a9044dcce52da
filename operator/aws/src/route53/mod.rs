//! Amazon Route 53: hosted zones, records, health checks.
//!
//! From the API reference and developer guide. The service is worldwide, and takes five requests a second of an account.
//! Zones and health checks have neither a name of ours nor tags as they are made: they are found by their caller reference,
//! which is derived from the owner's UID, so what bears it is ours even before it bears its tags. Records bear no tags at
//! all (`claim.rs`).

mod changes;
mod checks;
mod claim;
mod ending;
mod read;
mod records;
mod shape;
mod tagging;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod validation;
mod zones;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_route53::Client;
use aws_sdk_route53::types::{HealthCheck, TagResourceType};
use terrace_engine::Result;
use terrace_engine::coalesce::{Few, Listing, Regional};
use terrace_model::identity::Freshness;
use terrace_model::{Handle, Id, Owner};

use self::changes::Changes;
use self::read::{Key, RecordReader, Records, Zone, ZoneReader};
use self::tagging::ServiceTags;
use crate::Clients;
use crate::finder::TagIndex;

pub use self::checks::HealthChecks;
pub use self::records::RecordSets;
pub use self::validation::ValidationRecordSets;
pub use self::zones::HostedZones;

/// What the providers of one account share.
#[derive(Clone)]
pub struct Route53(Arc<Inner>);

struct Inner {
    clients: Clients,
    zones: Listing<Key, Zone>,
    zone_tags: TagIndex<ServiceTags>,
    /// They never change.
    name_servers: Mutex<BTreeMap<String, String>>,
    checks: Listing<Key, HealthCheck>,
    check_tags: TagIndex<ServiceTags>,
    /// By zone.
    records: Regional<(), Arc<Records>>,
    changes: Changes,
}

/// A zone, as whoever waits for what stands in it wants to know it.
pub(crate) struct About {
    pub name: String,
    pub name_servers: String,
}

impl Route53 {
    /// Makes no call.
    pub fn new(clients: Clients) -> Self {
        let tags = |kind: TagResourceType, listed| {
            TagIndex::new(clients.clone(), listed, ServiceTags { clients: clients.clone(), kind })
        };
        Route53(Arc::new(Inner {
            zones: Listing::new(clients.recent(), Few::Pages),
            zone_tags: tags(TagResourceType::Hostedzone, &["route53:hostedzone"]),
            name_servers: Mutex::default(),
            checks: Listing::new(clients.recent(), Few::Pages),
            check_tags: tags(TagResourceType::Healthcheck, &["route53:healthcheck"]),
            records: Regional::new(clients.recent(), Few::UpTo(0)),
            changes: Changes::new(&clients),
            clients,
        }))
    }

    fn client(&self) -> Client {
        self.0.clients.route53()
    }

    /// For changing something on behalf of the owner's namespace.
    fn writer(&self, id: &Id) -> Client {
        self.0.clients.for_namespace(&id.owner.namespace).route53()
    }

    /// What stands in a zone.
    async fn records(&self, zone: &str, freshness: Freshness) -> Result<Arc<Records>> {
        let reader = RecordReader { client: self.client(), zone: zone.to_owned() };
        Ok(self.0.records.of(zone).get((), freshness, &reader).await?.unwrap_or_default())
    }

    /// The name servers of a zone, read once.
    async fn name_servers(&self, zone: &Zone) -> Result<Option<String>> {
        let known = || self.0.name_servers.lock().unwrap_or_else(PoisonError::into_inner);
        let told = zone.name_servers.clone().or_else(|| known().get(&zone.id).cloned());
        let servers = match told {
            Some(servers) => Some(servers),
            None => ZoneReader(self.client()).one(&zone.id).await?.and_then(|zone| zone.name_servers),
        };
        if let Some(servers) = &servers {
            known().insert(zone.id.clone(), servers.clone());
        }
        Ok(servers)
    }

    /// Name and name servers of a zone; `None` where it is gone.
    ///
    /// # Errors
    /// Those of the calls.
    pub(crate) async fn about(&self, zone: &str) -> Result<Option<About>> {
        let zone = self.0.zones.get(Key::Id(zone.to_owned()), Freshness::Recent, &ZoneReader(self.client())).await?;
        let Some(zone) = zone else { return Ok(None) };
        let name_servers = self.name_servers(&zone).await?.unwrap_or_default();
        Ok(Some(About { name: zone.name, name_servers }))
    }

    /// The value of the CNAME record of a name.
    ///
    /// # Errors
    /// Those of the calls.
    pub(crate) async fn cname(&self, zone: &str, name: &str) -> Result<Option<String>> {
        let records = self.records(zone, Freshness::Recent).await?;
        Ok(records.simple(name, "CNAME").and_then(|record| shape::values(record).next().map(str::to_owned)))
    }

    fn arn(&self, kind: &str, id: &str) -> Handle {
        Handle(self.0.clients.worldwide_arn("route53", &format!("{kind}/{id}")))
    }
}

/// Whose a zone or a health check is: what its tags say. Where they say nothing and no handle is on record, as after a crash
/// before it was tagged, its caller reference.
fn owner(id: &Id, tags: &terrace_model::aws::Tags, reference: &str) -> Owner {
    match Owner::from_tags(tags) {
        Owner::Untagged if id.handle.is_none() && read::is_ours(id, reference) => {
            Owner::Tagged { owner: id.owner.clone(), node: id.node.clone(), incarnation: id.incarnation }
        }
        said => said,
    }
}
