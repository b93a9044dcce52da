//! The way from an object to what it waits for in the end.

use std::collections::BTreeSet;

use super::cause::Cause;
use super::{Link, Reference, ResourceName};
use crate::standing::{Thing, Waits, access};

/// Places from the object that was asked about to the last one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    pub places: Vec<usize>,
    /// What they wait for besides.
    pub aside: Vec<usize>,
    /// The last one waits for this one, which is among them.
    pub back: Option<usize>,
}

/// Follows the worst of what each waits for, until one waits for nothing, or for one that was seen already.
pub fn follow(waits: &Waits, at: usize) -> Path {
    let mut path = Path { places: vec![at], ..Path::default() };
    let mut seen = BTreeSet::from([at]);
    let mut here = at;
    loop {
        let on = waits.on(here);
        let Some(next) = on.iter().copied().find(|place| !seen.contains(place)) else {
            path.back = on.first().copied();
            return path;
        };
        path.aside.extend(on.iter().filter(|place| **place != next && !seen.contains(place)));
        seen.insert(next);
        path.places.push(next);
        here = next;
    }
}

/// The way, as it is shown.
pub fn chain(waits: &Waits, path: &Path, cause: &Cause) -> Vec<Link> {
    let before = [None].into_iter().chain(path.places.iter().copied().map(Some));
    let mut links: Vec<Link> =
        before.zip(&path.places).map(|(before, place)| link(waits, before, waits.thing(*place))).collect();
    if let (Some(resource), Some(last)) = (&cause.resource, links.last()) {
        let entry = resource.entry;
        links.push(Link {
            object: last.object.clone(),
            resource: Some(ResourceName {
                id: resource.key.clone(),
                kind: resource.kind.into(),
                name: entry.and_then(|entry| entry.name.clone()),
                handle: entry.and_then(|entry| entry.handle.clone()),
            }),
            state: resource.state.into(),
            reason: resource.reason.map(str::to_owned),
            since: None,
            by: None,
        });
    }
    links
}

fn link(waits: &Waits, before: Option<usize>, thing: Thing) -> Link {
    let standing = thing.standing();
    Link {
        object: thing.name(),
        resource: None,
        state: standing.state.word().into(),
        reason: (standing.reason != standing.state.word()).then(|| standing.reason.to_owned()),
        since: standing.since,
        by: before.and_then(|before| reference(waits.thing(before), thing)),
    }
}

/// The reference between two neighbours, whichever of them has it: who is to be deleted waits for those that refer to it.
fn reference(from: Thing, to: Thing) -> Option<Reference> {
    let (from, to) = (from.object()?, to.object()?);
    let uses = from.uses.iter().filter(|used| used.target == to.key);
    let used = uses.chain(to.uses.iter().filter(|used| used.target == from.key)).next()?;
    Some(Reference { field: used.field.clone(), access: access(used.access) })
}
