//! What to do about a cause, and where to read on.
//!
//! Most messages say it themselves, after the colon. What has no such words goes by its reason.

use terrace_engine::reason;
use terrace_model::resource::system;

use super::Because;
use super::cause::Cause;
use super::reasons::{ABSENT, DELETION, DRIFT, ENVIRONMENT, NOT_READY, STALLED, THROTTLED, find};
use crate::standing::{Thing, Waits};

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    pub todo: String,
    /// The page under docs, without `.md`.
    pub page: Option<&'static str>,
}

/// About what takes longer than it usually does.
pub const OVERDUE: &str = "look at it in AWS's console and at the AWS Health Dashboard; if AWS itself does not move on, ask its \
     support";
/// About an Environment whose message does not say it.
const MEND: &str = "mend the role, its trust policy or the Environment's spec, whichever is named; `terrace policy` prints the \
     policy that the role needs";

/// Words that a piece of advice begins with: after the colon, in Terrace's messages.
const WAYS: &[&str] = &[
    "add ",
    "apply ",
    "ask ",
    "choose ",
    "clear ",
    "correct ",
    "delete ",
    "empty ",
    "give ",
    "have ",
    "install ",
    "keep ",
    "label ",
    "leave ",
    "list ",
    "make ",
    "mend ",
    "name ",
    "put ",
    "remove ",
    "rename ",
    "restore ",
    "set ",
    "take ",
    "an administrator must ",
    "somebody must ",
    "whoever ",
];

/// What a message says that is to be done: from there on, to its end.
pub fn said(message: &str) -> Option<&str> {
    let starts = [": ", "; ", ". "].into_iter().flat_map(|mark| message.match_indices(mark));
    let ways = starts.map(|(at, mark)| &message[at + mark.len()..]);
    let ways = ways.filter(|rest| WAYS.iter().any(|way| rest.to_ascii_lowercase().starts_with(way)));
    ways.max_by_key(|rest| rest.len())
}

/// What to do about a cause.
pub fn advice(waits: &Waits, cause: &Cause) -> Advice {
    let Cause { because, thing, standing, words, .. } = cause;
    let found = find(standing.reason);
    let own = said(words).filter(|_| !matches!(because, Because::Approval | Because::Held));
    let foreign = cause.resource.as_ref().is_some_and(|resource| system(resource.kind) != "AWS");
    let table = || match found {
        _ if matches!(thing, Thing::Environment(_)) => MEND,
        Some(row) if foreign && row.reason == reason::ACCESS_DENIED => {
            "give the operator the right that it lacks there"
        }
        Some(row) => row.todo,
        None => "what the message says",
    };
    let todo = own.unwrap_or_else(table).to_owned();
    let goes = thing.object().is_some_and(|object| object.deleting);
    let page = match (because, thing) {
        (Because::Ready, thing) => return at_rest(thing),
        (Because::Circle, _) => {
            let todo = "take one of the references out, or delete one of the objects".to_owned();
            return Advice { todo, page: Some(NOT_READY) };
        }
        (_, Thing::Environment(_)) => Some(ENVIRONMENT),
        (Because::Settling | Because::Waiting | Because::Held, _) if goes => Some(DELETION),
        (Because::Held, _) => None,
        (Because::Retrying, _) if is_throttle(words) => Some(THROTTLED),
        // There is no operator, or none that is allowed to work.
        (Because::Unobserved, _) if !waits.looked_at => Some(ABSENT),
        _ => Some(found.map_or(STALLED, |row| row.page)),
    };
    Advice { todo, page }
}

fn is_throttle(words: &str) -> bool {
    ["Throttl", "Rate exceeded", "SlowDown", "LimitExceeded", "TooManyRequests"].iter().any(|word| words.contains(word))
}

/// What is to be done about something that is Ready.
fn at_rest(thing: &Thing) -> Advice {
    match thing.object() {
        Some(object) if object.is("Drifted") => Advice {
            todo: "if the change was meant, write it into the spec; if not, the next pass sets it right, unless something \
                   stands in its way"
                .into(),
            page: Some(DRIFT),
        },
        Some(object) if object.is("Degraded") => {
            Advice { todo: "nothing, unless it lasts: what was seen before still stands".into(), page: Some(THROTTLED) }
        }
        _ => Advice { todo: String::new(), page: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_says_what_to_do_is_taken_at_its_word() {
        for (message, todo) in [
            (
                "bucket x holds objects, or versions of them, and is not deleted: empty it, or set spec.onDelete.contents to \
                 Delete",
                "empty it, or set spec.onDelete.contents to Delete",
            ),
            (
                "spec.hostnames: Environment prod does not admit pay.example.com: ask its administrator to add it to \
                 limits.hostnames",
                "ask its administrator to add it to limits.hostnames",
            ),
            (
                "no Environment admits namespace shop: an administrator must make one, or label the namespace",
                "an administrator must make one, or label the namespace",
            ),
            (
                "the hosted zone example.com holds records: mail.example.com MX. Remove them, or keep the zone by \
                 deletionPolicy: Retain",
                "Remove them, or keep the zone by deletionPolicy: Retain",
            ),
            (
                "shop.example.com is a host name of distribution E1: take it off there, or out of this object's host names",
                "take it off there, or out of this object's host names",
            ),
        ] {
            assert_eq!(said(message), Some(todo), "{message}");
        }
    }

    #[test]
    fn what_only_says_what_is_wrong_is_not_taken_for_advice() {
        for message in [
            crate::web_world::DENIED,
            "spec.engineVersion: postgres has no version 99",
            "spec.settings: maker is unknown",
            "AWS says creating",
            "",
        ] {
            assert_eq!(said(message), None, "{message}");
        }
    }
}
