//! When the passwords of bindings change, and how no login fails meanwhile.
//!
//! Each binding has two database users that take turns. Passwords come in generations, each a secret of its own; one user
//! has the even ones, the other the odd ones. A binding uses the present generation; the other user keeps the one before,
//! so that whoever still has that logs in until the next change. For a change, the user whose turn it is gets the next
//! generation; once it has it, everywhere, bindings go over to it.
//!
//! The generations of all bindings of a database go together: one entry in `status.progress` says where they stand.
//!
//! *When everybody has it.* The secret that the other user had before leaves the graph as soon as the next generation is
//! begun, and the engine deletes it only when nothing that stands refers to it any more. That it is gone from the record
//! says that user and proxy have gone over to the next one; no crash can make that true too early.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use terrace_crds::{Progress, Time};
use terrace_model::identity::short_hash;

use super::logins::Login;
use crate::{Advance, Credential, Facts};

/// The procedure in `status.progress`.
const PROCEDURE: &str = "login-rotation";
/// How soon it is judged again whether the next generation is there.
const SOON: Duration = Duration::from_secs(15);
/// Before the first change each binding has generations 0 and 1.
const FIRST: u32 = 1;

/// Where the generations stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rotation {
    /// What bindings use.
    pub current: u32,
    /// Whether the next one is being made.
    pub next: bool,
}

impl Rotation {
    /// Where they stand by the record. Where that is lost, by the secrets that there are: the last of them may not be in
    /// use yet, the one before it is.
    pub fn of(facts: &Facts) -> Self {
        let entry = facts.progress.iter().find(|entry| entry.procedure == PROCEDURE);
        entry.and_then(|entry| Rotation::parse(&entry.step)).unwrap_or_else(|| {
            let made = facts.made.iter().filter_map(|id| Login::generation_of(id)).max();
            match made.filter(|last| *last > FIRST) {
                Some(last) => Rotation { current: last - 1, next: true },
                None => Rotation { current: FIRST, next: false },
            }
        })
    }

    /// The two that there are: bindings use the first of the pair where the next is being made, and else the second.
    pub fn generations(self) -> [u32; 2] {
        if self.next { [self.current, self.current + 1] } else { [self.current - 1, self.current] }
    }

    fn parse(step: &str) -> Option<Self> {
        let (word, number) = step.rsplit_once(' ')?;
        let number: u32 = number.parse().ok()?;
        match word {
            "Current" if number >= FIRST => Some(Rotation { current: number, next: false }),
            "Preparing" if number > FIRST => Some(Rotation { current: number - 1, next: true }),
            _ => None,
        }
    }

    fn step(self) -> String {
        if self.next { format!("Preparing {}", self.current + 1) } else { format!("Current {}", self.current) }
    }

    /// Whether every user whose turn it is has the next generation.
    fn is_prepared(self, logins: &[Login], facts: &Facts) -> bool {
        let [former, next] = [self.current - 1, self.current + 1];
        logins.iter().all(|login| {
            let (user, secret) = (login.user(next), login.secret(next));
            facts.ready.contains(&user) && facts.made.contains(&secret) && !facts.made.contains(&login.secret(former))
        })
    }
}

/// Where the generations stand now, written before the graph is that of the step. `every`: days between changes.
pub(super) fn advance(facts: &Facts, logins: &[Login], every: u16) -> Advance {
    let known = facts.progress.iter().position(|entry| entry.procedure == PROCEDURE);
    let mut progress = facts.progress.clone();
    if logins.is_empty() {
        // What was begun goes on from there with the next binding.
        return Advance { progress, again: None };
    }
    let before = Rotation::of(facts);
    let began = known.map_or(facts.now, |index| progress[index].since.0);
    let due = began.checked_add(days(every)).unwrap_or(Timestamp::MAX);
    let after = match before.next {
        true if before.is_prepared(logins, facts) => Rotation { current: before.current + 1, next: false },
        false if due <= facts.now => Rotation { next: true, ..before },
        _ => before,
    };
    let since = if after == before { began } else { facts.now };
    let entry = Progress {
        procedure: PROCEDURE.into(),
        step: after.step(),
        since: Time(since),
        input_hash: short_hash(&[PROCEDURE]),
    };
    match known {
        Some(index) => progress[index] = entry,
        None => progress.push(entry),
    }
    let due = if after == before { due } else { facts.now + days(every) };
    let again = if after.next { SOON } else { due.duration_since(facts.now).try_into().unwrap_or(SOON) };
    Advance { progress, again: Some(again) }
}

/// When the generation that bindings use came into use, and when the next is to take its place. Once that is begun, the
/// record says since when, and not any more since when the present one is in use: that is as long ago as a change takes to
/// fall due, or longer.
pub(super) fn credential(progress: &[Progress], every: u16) -> Option<Credential> {
    let entry = progress.iter().find(|entry| entry.procedure == PROCEDURE)?;
    let since = entry.since.0;
    Some(match Rotation::parse(&entry.step)?.next {
        true => Credential { made: since.checked_sub(days(every)).ok(), due: since },
        false => Credential { made: Some(since), due: since.checked_add(days(every)).unwrap_or(Timestamp::MAX) },
    })
}

fn days(days: u16) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn credential_at(step: &str, since: i64) -> Option<Credential> {
        let since = Time(at(since));
        let entry = Progress { procedure: PROCEDURE.into(), step: step.into(), since, input_hash: String::new() };
        credential(&[entry], 30)
    }

    #[test]
    fn a_password_is_due_the_days_after_it_came_into_use() {
        let found = credential_at("Current 2", DAY);
        assert_eq!(found, Some(Credential { made: Some(at(DAY)), due: at(31 * DAY) }));
    }

    #[test]
    fn a_password_whose_change_is_begun_is_due_since_then_and_no_younger_than_its_days() {
        let found = credential_at("Preparing 3", 40 * DAY);
        assert_eq!(found, Some(Credential { made: Some(at(10 * DAY)), due: at(40 * DAY) }));
    }

    #[test]
    fn without_a_record_nothing_is_said() {
        assert_eq!(credential(&[], 30), None);
        assert_eq!(credential_at("Nonsense", 0), None);
    }
}
