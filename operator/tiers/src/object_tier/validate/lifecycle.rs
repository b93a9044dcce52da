//! Lifecycle rules: the order in which objects may move, and how long they must stay.
//!
//! S3 User Guide, "Transitioning objects using Amazon S3 Lifecycle": supported transitions and constraints.

use terrace_crds::ObjectTierSpec;
use terrace_crds::object_tier::{LifecycleRule, StorageClass};

use crate::Invalid;

/// Days that an object is in the bucket before it goes to a class for what is read seldom, and that it stays there.
const SELDOM: u32 = 30;

/// The moves of one rule, of current or of noncurrent versions, and the end of them.
struct Moves {
    /// As `transitions`, within the rule.
    field: &'static str,
    end_field: &'static str,
    /// By class, from the nearest to the farthest.
    moves: Vec<(StorageClass, u32)>,
    end: Option<u32>,
}

pub(super) fn check(spec: &ObjectTierSpec, invalid: &mut Invalid) {
    for rule in &spec.lifecycle {
        for moves in [current(rule), noncurrent(rule)] {
            if let Some((field, problem)) = wrong(&moves) {
                invalid.add(&format!("spec.lifecycle[{}].{field}", rule.name), problem);
            }
        }
    }
}

fn current(rule: &LifecycleRule) -> Moves {
    let moves = rule.transitions.iter().map(|each| (each.storage_class, each.after_days));
    Moves { field: "transitions", end_field: "expireAfterDays", moves: sorted(moves), end: rule.expire_after_days }
}

fn noncurrent(rule: &LifecycleRule) -> Moves {
    let noncurrent = rule.noncurrent.as_ref();
    let moves = noncurrent.into_iter().flat_map(|noncurrent| &noncurrent.transitions);
    Moves {
        field: "noncurrent.transitions",
        end_field: "noncurrent.expireAfterDays",
        moves: sorted(moves.map(|each| (each.storage_class, each.after_days))),
        end: noncurrent.and_then(|noncurrent| noncurrent.expire_after_days),
    }
}

fn sorted(moves: impl Iterator<Item = (StorageClass, u32)>) -> Vec<(StorageClass, u32)> {
    let mut moves: Vec<_> = moves.collect();
    moves.sort();
    moves
}

/// The first thing that is wrong, with its field.
fn wrong(all: &Moves) -> Option<(&'static str, String)> {
    let early = all.moves.iter().find(|(class, days)| is_seldom(*class) && *days < SELDOM);
    if let Some((class, days)) = early {
        let class = class.as_str();
        let problem =
            format!("S3 moves nothing to {class} before {SELDOM} days, and {days} are set: set {SELDOM} or more");
        return Some((all.field, problem));
    }
    if let Some(problem) = all.moves.windows(2).find_map(|pair| order(pair[0], pair[1])) {
        return Some((all.field, problem));
    }
    let last = all.moves.iter().map(|(_, days)| *days).max();
    match (last, all.end) {
        (Some(last), Some(end)) if end <= last => {
            let problem =
                format!("objects would end after {end} days and still be moved after {last}: set more than {last}");
            Some((all.end_field, problem))
        }
        _ => None,
    }
}

fn is_seldom(class: StorageClass) -> bool {
    matches!(class, StorageClass::StandardIa | StorageClass::OneZoneIa)
}

/// What is wrong with one move after another.
fn order((near, first): (StorageClass, u32), (far, second): (StorageClass, u32)) -> Option<String> {
    let (from, to) = (near.as_str(), far.as_str());
    if (near, far) == (StorageClass::OneZoneIa, StorageClass::GlacierIr) {
        return Some(format!("S3 moves nothing from {from} to {to}: leave one of them out"));
    }
    let least = first + if is_seldom(near) { SELDOM } else { 1 };
    let problem = || {
        format!(
            "objects go from {from} to {to}, {least} days after their creation at the earliest, and {second} are set: set {least} or more"
        )
    };
    (second < least).then(problem)
}
