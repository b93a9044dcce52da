//! AWS Certificate Manager: public certificates that are validated by DNS, and whether they are issued.
//!
//! From the API reference and user guide: a certificate has no name, and the token of its request is good for an hour. It is
//! found by its ARN or its tags, which are in the request; where the Tagging API does not show those yet, the certificates of
//! the last hours are asked for theirs. So nothing is asked for twice, whatever the age of its request.

mod read;
#[cfg(test)]
mod testing;
mod validation;
mod words;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_acm::Client;
use aws_sdk_acm::types::{CertificateStatus, KeyAlgorithm, Tag, ValidationMethod};
use terrace_engine::coalesce::{Few, Regional};
use terrace_engine::provider::Pace;
use terrace_engine::{Disposal, Error, Finder, Provider, Result, Seen, State};
use terrace_model::aws::Tags;
use terrace_model::aws::acm::{Certificate, CertificateOutputs};
use terrace_model::identity::{Freshness, tag};
use terrace_model::{Diff, Handle, Id, Owner};

use self::read::{Found, GONE, Reader};
use crate::errors::{absent, classify};
use crate::finder::{ListTags, TagFinder, TagIndex};
use crate::hourly::Hourly;
use crate::route53::Route53;
use crate::shared::some;
use crate::{Clients, tags};

pub use self::validation::Validations;

/// Longer than the Tagging API lags.
const YOUNG: Duration = Duration::from_secs(2 * 60 * 60);

/// What the providers of one account share.
#[derive(Clone)]
pub struct Acm(Arc<Inner>);

struct Inner {
    clients: Clients,
    route53: Route53,
    listings: Regional<String, Found>,
    tags: TagIndex<ServiceTags>,
    /// Those of certificates that are looked through for one of ours.
    young: Hourly<Option<Tags>>,
    /// By ARN. They never change, and lists do not show them.
    records: Mutex<BTreeMap<String, BTreeMap<String, String>>>,
}

impl Acm {
    /// Makes no call. Zones tell why a certificate is not validated.
    pub fn new(clients: Clients, route53: Route53) -> Self {
        let tags = ServiceTags { clients: clients.clone() };
        Acm(Arc::new(Inner {
            listings: Regional::new(clients.recent(), Few::Pages),
            tags: TagIndex::new(clients.clone(), &["acm:certificate"], tags),
            young: Hourly::default(),
            records: Mutex::default(),
            route53,
            clients,
        }))
    }

    fn reader(&self, region: &str) -> Reader {
        Reader(self.0.clients.acm(region))
    }

    /// A certificate; `None` where it is gone.
    async fn certificate(&self, arn: &str, freshness: Freshness) -> Result<Option<Found>> {
        let Some(region) = arn.split(':').nth(3) else { return Ok(None) };
        let reader = self.reader(region);
        match self.0.listings.of(region).get(arn.to_owned(), freshness, &reader).await? {
            Some(found) if found.partial => reader.one(arn).await,
            found => Ok(found),
        }
    }

    /// The validation records of a certificate, read once.
    async fn records(&self, region: &str, found: &Found) -> Result<Option<BTreeMap<String, String>>> {
        let known = || self.0.records.lock().unwrap_or_else(PoisonError::into_inner);
        let told = found.records().or_else(|| known().get(&found.arn).cloned());
        let records = match told {
            Some(records) => Some(records),
            None if found.domains.is_some() => None,
            None => self.reader(region).one(&found.arn).await?.and_then(|found| found.records()),
        };
        if let Some(records) = &records {
            known().insert(found.arn.clone(), records.clone());
        }
        Ok(records)
    }

    /// The ARNs of what bears a node's tags.
    async fn by_tags(&self, id: &Id) -> Result<Vec<String>> {
        let keys = [tag::UID, tag::NODE, tag::INCARNATION, tag::RESOURCE];
        let own = id.owner_tags().into_iter().filter(|(key, _)| keys.contains(&key.as_str())).collect();
        let found = TagFinder::new(self.0.clients.clone()).find(&own, &id.place.region).await?;
        let found = found.into_iter().map(|found| found.handle.0).filter(|arn| arn.split(':').nth(2) == Some("acm"));
        let found: Vec<_> = found.collect();
        if found.is_empty() { self.young(id, &own).await } else { Ok(found) }
    }

    /// Among the certificates that the Tagging API may not show yet.
    async fn young(&self, id: &Id, own: &Tags) -> Result<Vec<String>> {
        let (region, mut found) = (&id.place.region, Vec::new());
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().saturating_sub(YOUNG);
        let is_young = |one: &Found| one.created.is_none_or(|at| at.secs() >= since.as_secs().cast_signed());
        for one in self.reader(region).list().await?.into_iter().filter(is_young) {
            let read = || self.0.tags_of(region, &one.arn);
            let tags = self.0.young.get(&one.arn, Freshness::Recent, read).await?.unwrap_or_default();
            if own.iter().all(|(key, value)| tags.get(key) == Some(value)) {
                found.push(one.arn);
            }
        }
        Ok(found)
    }

    async fn find(&self, id: &Id) -> Result<Option<Found>> {
        let arns = match &id.handle {
            Some(handle) => vec![handle.0.clone()],
            None => self.by_tags(id).await?,
        };
        for arn in arns {
            if let Some(found) = self.certificate(&arn, id.freshness).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The ARN, and a client for changing something on behalf of the owner's namespace; `None` where it is gone.
    async fn writer(&self, id: &Id) -> Result<Option<(String, Client)>> {
        let arn = match &id.handle {
            Some(handle) => Some(handle.0.clone()),
            None => self.find(&crate::shared::fresh(id)).await?.map(|found| found.arn),
        };
        Ok(arn.map(|arn| (arn, self.client(id))))
    }

    fn client(&self, id: &Id) -> Client {
        self.0.clients.for_namespace(&id.owner.namespace).acm(&id.place.region)
    }
}

impl Inner {
    async fn tags_of(&self, region: &str, arn: &str) -> Result<Option<Tags>> {
        ServiceTags { clients: self.clients.clone() }.tags(region, arn).await
    }
}

struct ServiceTags {
    clients: Clients,
}

impl ListTags for ServiceTags {
    async fn tags(&self, region: &str, arn: &str) -> Result<Option<Tags>> {
        let answer = self.clients.acm(region).list_tags_for_certificate().certificate_arn(arn).send().await;
        let answer = absent(answer, GONE)?;
        Ok(answer.map(|answer| tags::read(answer.tags().iter().map(|tag| (Some(tag.key()), tag.value())))))
    }
}

/// Certificates. One stands as soon as its validation records are known.
pub struct Certificates(pub Acm);

impl Provider<Certificate> for Certificates {
    const ACTIONS: &'static [&'static str] = &[
        "acm:AddTagsToCertificate",
        "acm:DeleteCertificate",
        "acm:DescribeCertificate",
        "acm:ListCertificates",
        "acm:ListTagsForCertificate",
        "acm:RemoveTagsFromCertificate",
        "acm:RequestCertificate",
    ];
    /// ACM user guide, "DNS validation": the records are known some seconds after the request.
    const PACE: Pace = Pace { usual: Duration::from_secs(5) };

    async fn observe(&self, id: &Id) -> Result<Seen<Certificate>> {
        let (acm, region) = (&self.0, &id.place.region);
        let Some(found) = acm.find(id).await? else { return Ok(Seen::Absent) };
        let Some(tags) = acm.0.tags.get(region, &found.arn, id.freshness).await? else { return Ok(Seen::Absent) };
        let records = acm.records(region, &found).await?;
        let state = words::state(&found).unwrap_or_else(|| match &records {
            // Whether it is issued is for its validation to say.
            Some(_) => State::Ready,
            None => State::Settling(CertificateStatus::PendingValidation.as_str().to_owned()),
        });
        Ok(Seen::Present {
            owner: Owner::from_tags(&tags),
            handle: Handle(found.arn.clone()),
            out: CertificateOutputs { arn: Some(found.arn), validation_records: records },
            have: Certificate {
                domain_name: found.domain,
                subject_alternative_names: found.others,
                key_algorithm: found.key_algorithm,
                tags,
            },
            state,
        })
    }

    async fn create(&self, id: &Id, want: &Certificate) -> Result<Handle> {
        let request = self
            .0
            .client(id)
            .request_certificate()
            .domain_name(&want.domain_name)
            .set_subject_alternative_names(some(want.subject_alternative_names.iter().cloned().collect()))
            .key_algorithm(KeyAlgorithm::from(want.key_algorithm.as_str()))
            .validation_method(ValidationMethod::Dns)
            .idempotency_token(id.token())
            .set_tags(Some(to_sdk(&want.tags)?));
        let arn = request.send().await.map_err(classify)?.certificate_arn;
        arn.map(Handle).ok_or_else(|| Error::retry("ACM did not say what it made"))
    }

    async fn update(&self, id: &Id, _have: &Certificate, want: &Certificate, diff: &Diff) -> Result<()> {
        let Some((arn, client)) = self.0.writer(id).await? else { return Ok(()) };
        let (arn, client) = (&arn, &client);
        let set = |tags: Tags| async move {
            let request = client.add_tags_to_certificate().certificate_arn(arn);
            request.set_tags(Some(to_sdk(&tags)?)).send().await.map(drop).map_err(classify)
        };
        let remove = |keys: Vec<String>| async move {
            let keys = keys.iter().map(|key| Tag::builder().key(key).build().map_err(Error::invalid));
            let request = client.remove_tags_from_certificate().certificate_arn(arn);
            request.set_tags(Some(keys.collect::<Result<_>>()?)).send().await.map(drop).map_err(classify)
        };
        tags::retag(&want.tags, diff, set, remove).await
    }

    async fn delete(&self, id: &Id, _have: &Certificate, _disposal: Disposal) -> Result<()> {
        let Some((arn, client)) = self.0.writer(id).await? else { return Ok(()) };
        absent(client.delete_certificate().certificate_arn(arn).send().await, GONE).map(drop)
    }
}

fn to_sdk(tags: &Tags) -> Result<Vec<Tag>> {
    let tags = tags::write(tags, |key, value| Tag::builder().key(key).value(value).build());
    tags.into_iter().map(|tag| tag.map_err(Error::invalid)).collect()
}

#[cfg(test)]
mod tests;
