//! The CNAME records by which ACM validates domains. Several certificates may need one, each of which leaves a TXT record of
//! its own below it.
//!
//! From the ACM user guide ("DNS validation"): name and value of the record hang on the domain and the account alone, so all
//! certificates of a domain have the same; ACM renews a certificate as long as the record stands.
//!
//! A record that nobody claims is made, with a mark that says so. One that is there with the same value is shared, whoever
//! made it. It goes with the last claim, if it bears the mark: what somebody else made stays.

use std::collections::BTreeMap;

use aws_sdk_route53::types::{ResourceRecordSet, RrType};
use terrace_engine::provider::Pace;
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State, reason};
use terrace_model::aws::Tags;
use terrace_model::aws::route53::{ValidationRecords, ValidationRecordsOutputs, plain};
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, Owner};

use super::changes::Edit;
use super::read::{RecordKey, Records};
use super::shape::{plain_record, values};
use super::{Route53, claim};
use crate::shared::known;

const CNAME: &str = "CNAME";
const TTL: i64 = 300;
/// What a claim says beside its tags.
const CERTIFICATE: &str = "terrace.dev/certificate";
/// What a mark says.
const SHARED: &str = "shared";

/// All validation records of one certificate in one zone.
pub struct ValidationRecordSets(pub Route53);

/// One claim of a node: the record that it needs, and what it says.
struct Claim<'r> {
    record: String,
    text: &'r ResourceRecordSet,
    tags: Tags,
    certificate: String,
}

/// The claims of a node in a zone.
fn claims<'r>(id: &Id, records: &'r Records) -> Vec<Claim<'r>> {
    let label = claim::label(id);
    let claim = |(key, text): (&RecordKey, &'r ResourceRecordSet)| {
        let mut tags = claim::read(text)?;
        let certificate = tags.remove(CERTIFICATE).unwrap_or_default();
        Some(Claim { record: key.name.strip_prefix(&label)?.strip_prefix('.')?.to_owned(), text, tags, certificate })
    };
    records.texts_under(&label).filter_map(claim).collect()
}

/// What marks a record as made by Terrace.
pub(super) fn mark(record: &str) -> String {
    claim::name(record, CNAME, None)
}

/// The claims on a record, by the names of their TXT records.
pub(super) fn claims_on<'r>(records: &'r Records, record: &str) -> Vec<(&'r RecordKey, Owner)> {
    let end = format!(".{record}");
    let claims = records.iter().filter(|(key, _)| key.kind == "TXT" && key.name != mark(record));
    let claims = claims.filter(|(key, _)| key.name.strip_suffix(&end).is_some_and(|label| !label.contains('.')));
    claims.filter_map(|(key, text)| Some((key, Owner::from_tags(&claim::read(text)?)))).collect()
}

/// A change in the making.
struct Work<'w> {
    id: &'w Id,
    records: &'w Records,
    edit: Edit,
}

impl<'w> Work<'w> {
    fn new(id: &'w Id, records: &'w Records) -> Self {
        Work { id, records, edit: Edit::of(&id.owner.namespace) }
    }

    /// Sees to it that a record stands, and claims it.
    fn claim(&mut self, record: &str, value: &str, want: &ValidationRecords, seen: Option<&Claim>) -> Result<()> {
        let wanted = plain_record(record, RrType::Cname, TTL, value.to_owned())?;
        let mark = self.records.text(&mark(record));
        match self.records.simple(record, CNAME) {
            None => {
                self.edit.create(wanted)?;
                if mark.is_none() {
                    let says = [(SHARED.to_owned(), "true".to_owned())].into();
                    self.edit.create(claim::write(&self::mark(record), &says)?)?;
                }
            }
            Some(there) if value_of(there) == plain(value) => {}
            Some(_) if mark.is_some() => self.edit.upsert(wanted)?,
            Some(there) => return Err(in_the_way(record, value, &value_of(there))),
        }
        let mut says = want.tags.clone();
        says.insert(CERTIFICATE.to_owned(), known(&want.certificate_arn)?);
        let text = claim::write(&format!("{}.{record}", claim::label(self.id)), &says)?;
        match seen {
            None => self.edit.create(text),
            Some(seen) if claim::read(seen.text) != Some(says) => self.edit.upsert(text),
            Some(_) => Ok(()),
        }
    }

    /// Gives a claim up; the record goes with the last, if Terrace made it.
    fn give_up(&mut self, claim: &Claim) -> Result<()> {
        self.edit.delete(claim.text.clone())?;
        let own = RecordKey::of(claim.text);
        if claims_on(self.records, &claim.record).iter().any(|(key, _)| **key != own) {
            return Ok(());
        }
        if let Some(mark) = self.records.text(&mark(&claim.record)) {
            self.edit.delete(mark.clone())?;
            self.records.simple(&claim.record, CNAME).map_or(Ok(()), |there| self.edit.delete(there.clone()))?;
        }
        Ok(())
    }

    /// Gives a claim up, and leaves the record for good: without its mark nobody takes it away.
    fn leave(&mut self, claim: &Claim) -> Result<()> {
        self.edit.delete(claim.text.clone())?;
        self.records.text(&mark(&claim.record)).map_or(Ok(()), |mark| self.edit.delete(mark.clone()))
    }
}

fn value_of(record: &ResourceRecordSet) -> String {
    plain(values(record).next().unwrap_or_default())
}

fn in_the_way(record: &str, wanted: &str, there: &str) -> Error {
    let message = format!(
        "{record} is a CNAME of {there}, which Terrace did not make, and ACM validates the certificate only where it is \
         one of {wanted}: remove it"
    );
    Error::blocked(reason::NOT_OWNED, message)
}

fn zone(id: &Id) -> Result<String> {
    let told = id.handle.as_ref().and_then(|handle| handle.0.split('/').next());
    let zone = id.address("zoneId").or(told);
    zone.map(str::to_owned).ok_or_else(|| Error::invalid("validation records are found by their zone"))
}

fn wanted(want: &ValidationRecords) -> Result<&BTreeMap<String, String>> {
    want.records.get().map_err(Error::invalid)
}

/// What all claims say alike: where they do not, they are written anew.
fn alike(claims: &[Claim]) -> (Tags, String) {
    let same = |(key, value): &(&String, &String)| claims.iter().all(|claim| claim.tags.get(*key) == Some(value));
    let first = claims.first();
    let tags = first.into_iter().flat_map(|claim| claim.tags.iter().filter(same));
    let tags = tags.map(|(key, value)| (key.clone(), value.clone())).collect();
    let certificate = first.filter(|first| claims.iter().all(|claim| claim.certificate == first.certificate));
    (tags, certificate.map(|claim| claim.certificate.clone()).unwrap_or_default())
}

impl Provider<ValidationRecords> for ValidationRecordSets {
    const ACTIONS: &'static [&'static str] =
        &["route53:ChangeResourceRecordSets", "route53:GetChange", "route53:ListResourceRecordSets"];
    /// API reference, ChangeResourceRecordSets: changes are everywhere within 60 seconds.
    const PACE: Pace = Pace { usual: std::time::Duration::from_secs(60) };

    async fn observe(&self, id: &Id) -> Result<Seen<ValidationRecords>> {
        let zone = zone(id)?;
        let records = self.0.records(&zone, id.freshness).await?;
        let claims = claims(id, &records);
        if claims.is_empty() {
            return Ok(Seen::Absent);
        }
        let mut state = State::Ready;
        for claim in &claims {
            if state == State::Ready {
                state = self.0.0.changes.state(&zone, &RecordKey::of(claim.text)).await?;
            }
        }
        let there = |claim: &Claim| {
            let there = records.simple(&claim.record, CNAME)?;
            Some((claim.record.clone(), value_of(there)))
        };
        let (tags, certificate) = alike(&claims);
        Ok(Seen::Present {
            owner: Owner::from_tags(&tags),
            out: ValidationRecordsOutputs {},
            handle: Handle(format!("{zone}/{}", claim::label(id))),
            have: ValidationRecords {
                zone_id: zone.into(),
                certificate_arn: certificate.into(),
                records: claims.iter().filter_map(there).collect::<BTreeMap<_, _>>().into(),
                tags,
            },
            state,
        })
    }

    async fn create(&self, id: &Id, want: &ValidationRecords) -> Result<Handle> {
        let zone = zone(id)?;
        let records = self.0.records(&zone, Freshness::Recent).await?;
        let mut work = Work::new(id, &records);
        for (record, value) in wanted(want)? {
            work.claim(record, value, want, None)?;
        }
        self.0.0.changes.submit(&zone, work.edit).await?;
        Ok(Handle(format!("{zone}/{}", claim::label(id))))
    }

    async fn update(&self, id: &Id, _have: &ValidationRecords, want: &ValidationRecords, _diff: &Diff) -> Result<()> {
        let zone = zone(id)?;
        let records = self.0.records(&zone, Freshness::Recent).await?;
        let (claims, mut work) = (claims(id, &records), Work::new(id, &records));
        if Owner::from_tags(&want.tags) == Owner::Untagged {
            claims.iter().try_for_each(|claim| work.leave(claim))?;
            return self.0.0.changes.submit(&zone, work.edit).await;
        }
        let wanted = wanted(want)?;
        for (record, value) in wanted {
            work.claim(record, value, want, claims.iter().find(|claim| claim.record == *record))?;
        }
        claims.iter().filter(|claim| !wanted.contains_key(&claim.record)).try_for_each(|claim| work.give_up(claim))?;
        self.0.0.changes.submit(&zone, work.edit).await
    }

    async fn delete(&self, id: &Id, have: &ValidationRecords, _disposal: Disposal) -> Result<()> {
        let zone = zone(id)?;
        let records = self.0.records(&zone, Freshness::Now).await?;
        let mut work = Work::new(id, &records);
        let owner = Owner::from_tags(&have.tags);
        let own: Vec<_> = claims(id, &records);
        own.iter().filter(|claim| Owner::from_tags(&claim.tags) == owner).try_for_each(|claim| work.give_up(claim))?;
        self.0.0.changes.submit(&zone, work.edit).await
    }
}
