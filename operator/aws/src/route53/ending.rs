//! What stands in the way of deleting a zone: AWS deletes none that holds records beside its own NS and SOA
//! (HostedZoneNotEmpty). Those of the zone's owner go with it; any other stops it.

use aws_sdk_route53::types::ResourceRecordSet;
use terrace_engine::{Error, Result, reason};
use terrace_model::identity::Freshness;
use terrace_model::{Id, Owner, OwnerRef};

use super::changes::Edit;
use super::read::{RecordKey, Records};
use super::{Route53, claim, validation};

/// How many are named of those that are in the way.
const NAMED: usize = 10;
/// How many go in one edit, well below what a request holds.
const TOGETHER: usize = 300;

impl Route53 {
    /// Takes away what the zone's owner has in it.
    ///
    /// # Errors
    /// `Blocked`, with the names of what somebody else has there.
    pub(super) async fn empty(&self, id: &Id, zone: &str, name: &str) -> Result<()> {
        let records = self.records(zone, Freshness::Now).await?;
        let (ours, others): (Vec<_>, Vec<_>) = records
            .iter()
            .filter(|(key, _)| !(key.name == name && matches!(key.kind.as_str(), "NS" | "SOA")))
            .partition(|(key, record)| is_of(&id.owner, &records, key, record));
        if !others.is_empty() {
            return Err(in_the_way(name, &records, &others));
        }
        for part in ours.chunks(TOGETHER) {
            let mut edit = Edit::of(&id.owner.namespace);
            part.iter().try_for_each(|(_, record)| edit.delete((*record).clone()))?;
            self.0.changes.submit(zone, edit).await?;
        }
        Ok(())
    }
}

/// Whether a record is this owner's, or speaks of what is.
fn is_of(owner: &OwnerRef, records: &Records, key: &RecordKey, record: &ResourceRecordSet) -> bool {
    let ours = |of: &Owner| matches!(of, Owner::Tagged { owner: of, .. } if of == owner);
    let shared = |name: &str| {
        let claims = validation::claims_on(records, name);
        records.text(&validation::mark(name)).is_some() && claims.iter().all(|(_, of)| ours(of))
    };
    match claim::read(record).filter(|_| key.kind == "TXT") {
        Some(says) => match Owner::from_tags(&says) {
            Owner::Untagged => key.name.split_once('.').is_some_and(|(_, name)| shared(name)),
            of => ours(&of),
        },
        None => {
            ours(&claim::owner(records, &key.name, &key.kind, key.set.as_deref()).0)
                || key.kind == "CNAME" && shared(&key.name)
        }
    }
}

fn in_the_way(zone: &str, records: &Records, others: &[(&RecordKey, &ResourceRecordSet)]) -> Error {
    let speaks = |(key, record): &&(&RecordKey, &ResourceRecordSet)| key.kind == "TXT" && claim::read(record).is_some();
    // What says whose a record is matters only where it is all that is left.
    let plain: Vec<_> = others.iter().filter(|one| !speaks(one)).collect();
    let shown = if plain.is_empty() { others.iter().collect() } else { plain };
    let one = |(key, _): &&(&RecordKey, &ResourceRecordSet)| {
        let of = match claim::owner(records, &key.name, &key.kind, key.set.as_deref()).0 {
            Owner::Tagged { owner, .. } => format!(" (of {owner})"),
            Owner::Untagged | Owner::Inherent => String::new(),
        };
        format!("{} {}{of}", key.name, key.kind)
    };
    let mut names: Vec<_> = shown.iter().take(NAMED).map(one).collect();
    if shown.len() > NAMED {
        names.push(format!("{} more", shown.len() - NAMED));
    }
    let message = format!(
        "the hosted zone {zone} holds records that this object did not make: {}. Remove them, or keep the zone by \
         deletionPolicy: Retain",
        names.join(", ")
    );
    Error::blocked(reason::IN_USE, message)
}
