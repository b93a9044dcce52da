//! Makes a lost inventory anew, from the tags of what is there. What bears no tags is found again by its name when the
//! wishes are looked at.

use std::collections::BTreeMap;

use jiff::Timestamp;
use terrace_model::identity::tag;
use terrace_model::{Entry, Inventory, Owner, OwnerRef, Phase, Place};

use crate::error::Result;
use crate::provider::{Finder, Found};
use crate::situation::Kinds;

/// Everything in these places that bears the owner's tags.
///
/// # Errors
/// Where a look failed: a part of an inventory is worse than none.
pub async fn rebuild(finder: &dyn Finder, owner: &OwnerRef, places: &[Place], kinds: &Kinds) -> Result<Inventory> {
    let (mut entries, now) = (Vec::new(), Timestamp::now());
    for place in places {
        let found = finder.find(&owner.uid, &place.region).await?;
        entries.extend(found.iter().filter_map(|found| entry(found, owner, place, kinds, now)));
    }
    Ok(entries.into_iter().collect())
}

fn entry(found: &Found, owner: &OwnerRef, place: &Place, kinds: &Kinds, now: Timestamp) -> Option<Entry> {
    let Owner::Tagged { owner: tagged, node, incarnation } = Owner::from_tags(&found.tags) else { return None };
    let kind = found.tags.get(tag::RESOURCE)?;
    let spec = kinds.get(kind.as_str()).filter(|_| tagged == *owner)?;
    Some(Entry {
        id: node,
        incarnation,
        kind: kind.clone(),
        place: place.clone(),
        name: found.handle.0.clone(),
        handle: Some(found.handle.clone()),
        remade: 0,
        phase: Phase::Intended,
        // The safe end until the wishes say otherwise.
        on_delete: terrace_model::DeletionPolicy::Snapshot.of(spec),
        depends_on: Default::default(),
        keys: BTreeMap::new(),
        address: Default::default(),
        // It stood, whatever has become of it: data that is gone by the time it is looked at is missing, and not new.
        created: now.round(jiff::Unit::Second).ok(),
        restore_from: None,
        approved: None,
        applied: None,
    })
}
