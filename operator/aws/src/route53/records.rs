//! Records. Each is made, changed and deleted together with the TXT record that says whose it is, in one batch.

use aws_sdk_route53::types::ResourceRecordSet;
use terrace_engine::provider::Pace;
use terrace_engine::{Disposal, Error, Provider, Result, Seen, reason};
use terrace_model::aws::Tags;
use terrace_model::aws::route53::{RecordSet, RecordSetOutputs, Target};
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, Owner, OwnerRef};

use super::changes::Edit;
use super::read::{RecordKey, Records};
use super::{Route53, claim, shape};

/// Records, each found by the TXT record beside it, else by its name, type and set identifier.
pub struct RecordSets(pub Route53);

/// Where a record is to be found.
struct Spot {
    zone: String,
    key: RecordKey,
}

/// What is there: the record, its TXT record, or both.
struct Found<'r> {
    key: RecordKey,
    record: Option<&'r ResourceRecordSet>,
    claim: Option<&'r ResourceRecordSet>,
    owner: Owner,
    tags: Tags,
}

impl Spot {
    /// By the address, or what the handle says of it.
    fn of(id: &Id) -> Result<Spot> {
        let mut parts = id.handle.iter().flat_map(|handle| handle.0.split('/'));
        let mut part = |field: &str| id.address(field).or_else(|| parts.next().filter(|_| id.address.is_empty()));
        let (zone, name, kind) = (part("zoneId"), part("name"), part("type"));
        let (Some(zone), Some(name), Some(kind)) = (zone, name, kind) else {
            return Err(Error::invalid("a record is found by its zone, name and type"));
        };
        let set = id.address("setIdentifier").map(str::to_owned);
        Ok(Spot { zone: zone.to_owned(), key: RecordKey { name: name.to_owned(), kind: kind.to_owned(), set } })
    }

    fn handle(&self) -> Handle {
        self.handle_of(&self.key)
    }

    /// The set identifier is left out: it may change.
    fn handle_of(&self, key: &RecordKey) -> Handle {
        Handle(format!("{}/{}/{}", self.zone, key.name, key.kind))
    }

    /// Whose `key` is, and what is there of it.
    fn at<'r>(&self, records: &'r Records, key: RecordKey) -> Found<'r> {
        let (owner, tags) = claim::owner(records, &key.name, &key.kind, key.set.as_deref());
        let text = records.text(&claim::name(&key.name, &key.kind, key.set.as_deref()));
        Found { record: records.get(&key), claim: text.filter(|text| claim::read(text).is_some()), key, owner, tags }
    }

    /// Whether another record of the name keeps this one from being made. A CNAME stands beside nothing (developer guide,
    /// "CNAME record type"). And the addresses of a name belong together, IPv4 and IPv6: whoever has one has the name, of
    /// which nobody else is to take the other half.
    fn excludes(&self, id: &Id, records: &Records, other: &RecordKey) -> bool {
        let is_address = |key: &RecordKey| key.kind == "A" || key.kind == "AAAA";
        if other.kind == self.key.kind {
            return false;
        }
        if other.kind == "CNAME" || self.key.kind == "CNAME" {
            return true;
        }
        // What an earlier object of this name left is this one's to take over, each record by itself.
        let ours = |owner: &OwnerRef| OwnerRef { uid: id.owner.uid.clone(), ..owner.clone() } == id.owner;
        let (owner, _) = claim::owner(records, &other.name, &other.kind, other.set.as_deref());
        let ours = matches!(&owner, Owner::Tagged { owner, .. } if ours(owner));
        is_address(other) && is_address(&self.key) && !ours && (other.set.is_none() || self.key.set.is_none())
    }

    /// What an id means: of all records of the name and type the one that is its own, else what stands in its place, or
    /// keeps it from being made.
    fn choose<'r>(&self, id: &Id, records: &'r Records) -> Result<Option<Found<'r>>> {
        let ours = Owner::Tagged { owner: id.owner.clone(), node: id.node.clone(), incarnation: id.incarnation };
        let others: Vec<_> = records.of(&self.key.name, &self.key.kind).map(|(key, _)| key.clone()).collect();
        let own = others.iter().map(|key| self.at(records, key.clone())).find(|found| found.owner == ours);
        let here = self.at(records, self.key.clone());
        if own.is_some() || here.record.is_some() || here.owner == ours {
            return Ok(own.or(Some(here)));
        }
        // A simple record is alone under its name and type.
        let alone = others.iter().find(|key| key.set.is_none() || self.key.set.is_none());
        let beside = || records.named(&self.key.name).find(|key| self.excludes(id, records, key));
        let Some(other) = alone.or_else(beside) else { return Ok(None) };
        let other = self.at(records, other.clone());
        match &other.owner {
            Owner::Tagged { owner, node, .. } if owner.uid == id.owner.uid => {
                let message = format!("the {} record of {node} still stands under this name", other.key.kind);
                Err(Error::wait(reason::NAME_HELD, message))
            }
            _ => Ok(Some(other)),
        }
    }
}

/// Tags that are written: those of a record that nobody owns any more are none.
fn claimed(want: &RecordSet, key: &RecordKey) -> Result<Option<ResourceRecordSet>> {
    let name = claim::name(&key.name, &key.kind, key.set.as_deref());
    (!want.tags.is_empty()).then(|| claim::write(&name, &want.tags)).transpose()
}

/// Whether one record may take the place of another as a change of it.
fn replaces(seen: &ResourceRecordSet, wanted: &ResourceRecordSet) -> bool {
    let alike = std::mem::discriminant(&shape::routing(seen)) == std::mem::discriminant(&shape::routing(wanted));
    alike && RecordKey::of(seen) == RecordKey::of(wanted)
}

impl Found<'_> {
    /// What brings it to the wish.
    fn edit(&self, id: &Id, want: &RecordSet, diff: &Diff) -> Result<Edit> {
        let (mut edit, wanted) = (Edit::of(&id.owner.namespace), shape::to_sdk(want)?);
        let differs = diff.0.iter().any(|change| !change.path.starts_with("tags."));
        let claim = claimed(want, &RecordKey::of(&wanted))?;
        match self.record {
            Some(seen) if differs && replaces(seen, &wanted) => edit.upsert(wanted)?,
            Some(seen) if differs => {
                edit.delete(seen.clone())?;
                edit.create(wanted)?;
            }
            Some(_) => {}
            None => edit.create(wanted)?,
        }
        match (self.claim, claim) {
            (Some(seen), Some(claim)) if RecordKey::of(seen) == RecordKey::of(&claim) => {
                if claim::read(seen) != claim::read(&claim) {
                    edit.upsert(claim)?;
                }
            }
            (seen, claim) => {
                seen.map(|seen| edit.delete(seen.clone())).transpose()?;
                claim.map(|claim| edit.create(claim)).transpose()?;
            }
        }
        Ok(edit)
    }
}

impl Provider<RecordSet> for RecordSets {
    const ACTIONS: &'static [&'static str] =
        &["route53:ChangeResourceRecordSets", "route53:GetChange", "route53:ListResourceRecordSets"];
    /// API reference, ChangeResourceRecordSets: changes are everywhere within 60 seconds.
    const PACE: Pace = Pace { usual: std::time::Duration::from_secs(60) };

    async fn observe(&self, id: &Id) -> Result<Seen<RecordSet>> {
        let spot = Spot::of(id)?;
        let records = self.0.records(&spot.zone, id.freshness).await?;
        let Some(found) = spot.choose(id, &records)? else { return Ok(Seen::Absent) };
        let have = match found.record {
            Some(record) => shape::from_sdk(&spot.zone, record, found.tags),
            // Only its TXT record is left: it is changed back, or taken away with it.
            None => RecordSet {
                set_identifier: found.key.set.clone(),
                tags: found.tags,
                ..RecordSet::simple(spot.zone.as_str().into(), &found.key.name, &found.key.kind, nothing())
            },
        };
        Ok(Seen::Present {
            owner: found.owner,
            have,
            out: RecordSetOutputs { name: Some(found.key.name.clone()), zone: Some(spot.zone.clone()) },
            handle: spot.handle_of(&found.key),
            state: self.0.0.changes.state(&spot.zone, &found.key).await?,
        })
    }

    async fn create(&self, id: &Id, want: &RecordSet) -> Result<Handle> {
        let spot = Spot::of(id)?;
        let records = self.0.records(&spot.zone, Freshness::Recent).await?;
        let (wanted, mut edit) = (shape::to_sdk(want)?, Edit::of(&id.owner.namespace));
        let here = spot.at(&records, spot.key.clone());
        if let (None, Some(claim), Owner::Tagged { owner, .. }) = (here.record, here.claim, &here.owner) {
            let message = format!(
                "the TXT record {} says that the name belongs to {owner}, and there is no record: remove it",
                RecordKey::of(claim).name
            );
            return Err(Error::blocked(reason::NOT_OWNED, message));
        }
        edit.create(wanted)?;
        claimed(want, &spot.key)?.map(|claim| edit.create(claim)).transpose()?;
        self.0.0.changes.submit(&spot.zone, edit).await?;
        Ok(spot.handle())
    }

    async fn update(&self, id: &Id, _have: &RecordSet, want: &RecordSet, diff: &Diff) -> Result<()> {
        let spot = Spot::of(id)?;
        let records = self.0.records(&spot.zone, Freshness::Recent).await?;
        let Some(found) = spot.choose(id, &records)? else { return Ok(()) };
        self.0.0.changes.submit(&spot.zone, found.edit(id, want, diff)?).await
    }

    async fn delete(&self, id: &Id, have: &RecordSet, _disposal: Disposal) -> Result<()> {
        let spot = Spot::of(id)?;
        let records = self.0.records(&spot.zone, Freshness::Now).await?;
        // Whatever stands there since then is somebody else's.
        let found = spot.choose(id, &records)?.filter(|found| found.tags == have.tags);
        let Some(found) = found else { return Ok(()) };
        let mut edit = Edit::of(&id.owner.namespace);
        for seen in [found.record, found.claim].into_iter().flatten() {
            edit.delete(seen.clone())?;
        }
        self.0.0.changes.submit(&spot.zone, edit).await
    }
}

/// What a name answers of which there is no record.
fn nothing() -> Target {
    Target::Records { ttl: 0, records: Default::default() }
}
