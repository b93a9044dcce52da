//! References between objects: what they come to for one object in one pass. Pure.
//!
//! Both ends follow the same three steps, each in its own pass, and a watch brings each of them up:
//!
//! 1. The user's spec refers to the target, and [`grants`] admits it.
//! 2. The target composes what it has for its users, and lists the user in its `status.users`.
//! 3. The user finds itself there, and goes on with the target's `status.outputs`.
//!
//! Where the reference, its grant or the user goes, the target takes back what it has for it, and lists it no more. While
//! a user is listed, the target is not deleted; a user is deleted whatever its references lead to.
//!
//! Nothing here knows one kind from another: a kind says what it refers to (`Tier::uses`).

mod grants;
mod neighbourhood;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use terrace_crds::{EnvironmentPin, TierStatus, User};
use terrace_engine::{Report, reason};
use terrace_model::Val;
use terrace_tiers::{ObjectKey, Objects, Use, facts};

use crate::problem::Problem;
pub use neighbourhood::{Concerned, Neighbourhood};
pub use watch::Neighbours;

/// The most users that a status holds (`status.users` in the schema).
const MOST_USERS: usize = 500;
/// A watch ends every wait for another object; this is for what it might miss.
const WATCHED: Duration = Duration::from_secs(300);

/// The object whose references are looked at.
pub struct Asking<'a> {
    pub me: &'a ObjectKey,
    pub environment: &'a EnvironmentPin,
    /// The logical ids of the nodes that exist already.
    pub made: &'a BTreeSet<String>,
}

/// What the references of an object, and those to it, come to.
pub struct Links {
    /// The outputs of what it refers to.
    pub targets: Objects,
    /// Why there are none of some: the nodes that need them wait.
    pub waits: Option<Problem>,
    /// The users that it takes in.
    pub users: Vec<facts::User>,
    /// The outputs that its graph may refer to, by the key of their object as text.
    pub foreign: BTreeMap<String, Value>,
}

/// Looks at all of them. `live` are the [`users`], `listed` those of them that status has.
///
/// # Errors
/// As [`targets`].
pub fn links(
    all: &Neighbourhood,
    uses: &[Use],
    asking: &Asking,
    live: &[facts::User],
    listed: &[User],
) -> Result<Links, Problem> {
    let (targets, waits) = targets(all, uses, asking)?;
    let users: Vec<_> = admitted(live, listed).into_iter().map(|user| with_what_it_has(all, user)).collect();
    let foreign = foreign(all, &targets, &users);
    Ok(Links { targets, waits, users, foreign })
}

/// What one reference comes to.
enum Standing {
    /// It leads to these outputs: the target's, and over them what it has for this user alone.
    Open(BTreeMap<String, String>),
    /// Somebody must do something.
    Refused(Problem),
    /// There is no such object.
    Missing(Problem),
    /// It becomes open by itself.
    Waits(Problem),
}

/// The outputs of what the object refers to, by [`Use::source`]; and why some have nothing to offer yet: the nodes
/// that need these wait.
///
/// # Errors
/// Every reference that is not admitted or cannot be; or, where all are, every one that leads nowhere.
fn targets(all: &Neighbourhood, uses: &[Use], asking: &Asking) -> Result<(Objects, Option<Problem>), Problem> {
    let (mut objects, mut refused, mut held, mut waits) = (Objects::new(), Vec::new(), Vec::new(), Vec::new());
    for used in uses {
        match standing(all, used, asking) {
            Standing::Open(outputs) => drop(objects.insert(used.source(), outputs)),
            // What was made from the target stands without it.
            _ if used.is_over(asking.made) => {}
            Standing::Refused(problem) => refused.push(problem),
            Standing::Missing(problem) => held.push(problem),
            Standing::Waits(problem) => waits.push(problem),
        }
    }
    together(refused).or_else(|| together(held)).map_or_else(|| Ok((objects, together(waits))), Err)
}

/// One problem of several of the same sort: the first one's reason, and the words of all.
fn together(problems: Vec<Problem>) -> Option<Problem> {
    let message = problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; ");
    problems.into_iter().next().map(|first| Problem { message, ..first })
}

fn standing(all: &Neighbourhood, used: &Use, asking: &Asking) -> Standing {
    let Use { field, target, .. } = used;
    let (me, title) = (asking.me, target.title());
    let refused = |reason, message| Standing::Refused(Problem::stalled(reason, message));
    let waits = |reason, message| Standing::Waits(watched(reason, message));
    if target == me {
        return refused("InvalidSpec", format!("{field} names this object itself: name another"));
    }
    // First of all: what is said below tells that there is such an object, or that there is none.
    if !all.grants().admit(me, used) {
        return refused("ReferenceNotGranted", grants::refusal(me, used));
    }
    let Some(found) = all.get(target) else {
        let message = format!("{field} names {title}, and there is none: apply it, or correct the name");
        return Standing::Missing(watched("ReferenceNotFound", message));
    };
    if let Some(theirs) = found.environment.as_ref().filter(|theirs| theirs.uid != asking.environment.uid) {
        let (theirs, ours) = (&theirs.name, &asking.environment.name);
        return refused(
            "EnvironmentDiffers",
            format!(
                "{field} names {title}, which is of Environment {theirs}, and this object is of {ours}: name one of the same Environment"
            ),
        );
    }
    if let Some(way) = all.way(target, me) {
        let round: Vec<_> = [me].into_iter().chain(way).map(ObjectKey::title).collect();
        return refused(
            "ReferenceCycle",
            format!(
                "{field} closes a circle, in which each would wait for the next: {}; take one reference out",
                round.join(" → ")
            ),
        );
    }
    let entry = used.entry(me);
    let Some(listed) = found.users.iter().find(|user| user.is(&entry)) else {
        let going = if found.deleting { ", which is being deleted," } else { "" };
        return waits(reason::WAITING, format!("{field}: waiting for {title}{going} to admit this object"));
    };
    let mut outputs = found.outputs.clone();
    outputs.extend(listed.outputs.clone());
    match used.needs.iter().find(|output| !outputs.contains_key(**output)) {
        Some(output) => waits(reason::WAITING, format!("{field}: waiting for {title}, which has no {output} yet")),
        None => Standing::Open(outputs),
    }
}

/// Says what a report means by waiting: which reference waits, and for what. What settles or fails comes before that.
pub fn explain(report: &mut Report, waits: &Problem) {
    if report.ready.reason == reason::WAITING {
        report.ready.reason = waits.reason;
        for verdict in [&mut report.ready, &mut report.reconciling] {
            verdict.message.clone_from(&waits.message);
        }
    }
}

/// A wait that a watch ends.
fn watched(reason: &'static str, message: String) -> Problem {
    Problem { retry: WATCHED, ..Problem::waiting(reason, message) }
}

/// The live objects that refer to this one and may.
pub fn users(all: &Neighbourhood, me: &ObjectKey) -> Vec<facts::User> {
    let users: BTreeMap<User, facts::User> =
        all.references_to(me).map(|(who, used)| (used.entry(who), used.user(who))).collect();
    users.into_values().collect()
}

/// Those of them that a pass over the target takes in. Who was listed before comes first, where there are too many.
fn admitted(live: &[facts::User], listed: &[User]) -> Vec<facts::User> {
    let (old, new): (Vec<_>, Vec<_>) = live.iter().cloned().partition(|user| is_listed(listed, &user.who));
    let mut admitted: Vec<_> = old.into_iter().chain(new).take(MOST_USERS).collect();
    admitted.sort_by(|a, b| a.who.cmp(&b.who));
    admitted
}

/// Those of the listed that are users still: what is listed while the target itself cannot be worked on, or goes. Where
/// its status was lost, nobody knows whom it had listed, and it is all of them.
pub fn remaining(live: &[facts::User], status: &TierStatus) -> Vec<User> {
    let mut remaining = admitted(live, &status.users);
    remaining.retain(|user| is_lost(status) || is_listed(&status.users, &user.who));
    let as_listed = |who: User| status.users.iter().find(|user| user.is(&who)).cloned().unwrap_or(who);
    remaining.into_iter().map(|user| as_listed(user.who)).collect()
}

/// A user without a principal that it has not got: all principals lie in one policy, and one that cannot make its role must
/// not keep the others waiting. Of one whose status was lost nobody knows, and one that goes shows nothing any more: what
/// they have had stays until they are users no longer.
fn with_what_it_has(all: &Neighbourhood, user: facts::User) -> facts::User {
    let neighbour = all.get(&key(&user.who)).filter(|user| !user.blank && !user.deleting);
    let lacks = |principal: &Val<String>| match (principal, neighbour) {
        (Val::Ref(output), Some(neighbour)) => !neighbour.outputs.contains_key(&output.output),
        _ => false,
    };
    let principal = user.principal.filter(|principal| !lacks(principal));
    facts::User { principal, ..user }
}

fn is_listed(listed: &[User], who: &User) -> bool {
    listed.iter().any(|user| user.is(who))
}

fn is_lost(status: &TierStatus) -> bool {
    status.observed_generation < 0
}

/// The outputs of other objects that the graph of an object may refer to: of its targets, and of those of its users whose
/// security group or principal is one of their outputs.
fn foreign(all: &Neighbourhood, targets: &Objects, users: &[facts::User]) -> BTreeMap<String, Value> {
    let value = |outputs: &BTreeMap<String, String>| -> Value {
        outputs
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.clone())))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let offers = |user: &&facts::User| user.security_group.is_some() || user.principal.is_some();
    let offering = users.iter().filter(offers).filter_map(|user| {
        let key = key(&user.who);
        Some((key.to_string(), value(&all.get(&key)?.outputs)))
    });
    targets.iter().map(|(key, outputs)| (key.clone(), value(outputs))).chain(offering).collect()
}

/// Who keeps an object that is to be deleted: its users, as far as it has admitted them. Those that are to be deleted too,
/// and that it refers to in its turn, wait for nobody.
pub fn holders(all: &Neighbourhood, me: &ObjectKey, status: &TierStatus) -> Option<Problem> {
    let admitted = |who: &ObjectKey| is_lost(status) || status.users.iter().any(|user| key(user) == *who);
    let circular = |who: &ObjectKey| all.get(who).is_some_and(|user| user.deleting) && all.reaches(me, who);
    let holds = |who: &ObjectKey| admitted(who) && !circular(who);
    let holders: BTreeMap<&ObjectKey, &Use> = all.references_to(me).filter(|(who, _)| holds(who)).collect();
    if holders.is_empty() {
        return None;
    }
    let named =
        holders.iter().map(|(who, used)| format!("{} ({})", who.title(), used.field)).collect::<Vec<_>>().join(", ");
    let message =
        format!("in use by {named}: it is deleted after them; delete them, or take the reference out of them");
    Some(watched(reason::IN_USE, message))
}

fn key(user: &User) -> ObjectKey {
    ObjectKey::new(&user.kind, &user.namespace, &user.name)
}
