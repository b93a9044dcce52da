//! What events tell of a cause: how often it was told, first and last, and by which request of AWS's.

use jiff::Timestamp;
use serde::Serialize;

use super::cause::Cause;
use crate::Event;

/// Events of one reason, put together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Events {
    pub reason: String,
    pub count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// The request that AWS refused, with its operation where an event has that too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The events of a cause: those that say the same; where there are none, those of the same reason.
pub fn of_cause(cause: &Cause) -> Option<Events> {
    let events = cause.thing.object().map(|object| object.events.as_slice()).unwrap_or_default();
    let of_reason: Vec<&Event> = events.iter().filter(|event| event.reason == cause.standing.reason).collect();
    let message = cause.standing.message;
    let same = |event: &&&Event| message.starts_with(event.message.trim_end_matches('…'));
    let same: Vec<&Event> = of_reason.iter().filter(same).copied().collect();
    together(if same.is_empty() { &of_reason } else { &same })
}

/// The events of a reason.
pub fn of<'a>(events: &'a [Event], reason: &str) -> Option<Events> {
    together(&events.iter().filter(|event| event.reason == reason).collect::<Vec<&'a Event>>())
}

fn together(events: &[&Event]) -> Option<Events> {
    let reason = events.last()?.reason.clone();
    Some(Events {
        reason,
        count: events.iter().map(|event| event.count.max(1)).fold(0, u32::saturating_add),
        first: events.iter().filter_map(|event| event.first.or(event.last)).min(),
        last: events.iter().filter_map(|event| event.last.or(event.first)).max(),
        request_id: events.iter().rev().find_map(|event| event.request.clone().or_else(|| request_id(&event.message))),
    })
}

/// The request id in AWS's words: `(…; Request ID: 6b1c…)`, `RequestId: …`, `request id 6b1c…`.
fn request_id(message: &str) -> Option<String> {
    let small = message.to_ascii_lowercase();
    let after = ["request id", "requestid", "request-id"].iter().find_map(|words| {
        let start = small.find(words)? + words.len();
        message.get(start..)
    })?;
    let id = after.trim_start_matches([':', '=', ' ', '"']);
    let id: String =
        id.chars().take_while(|letter| letter.is_ascii_alphanumeric() || "-_=/+".contains(*letter)).collect();
    (id.len() >= 8).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_world::{ago, event};

    #[test]
    fn what_was_told_several_times_is_counted_from_the_first_to_the_last() {
        let events = [
            event("Missing", "a", 1, "3h", "3h"),
            event("Other", "b", 9, "9h", "1s"),
            event("Missing", "c", 4, "2h", "5m"),
        ];
        let found = of(&events, "Missing").expect("events");
        assert_eq!(
            (found.count, found.first, found.last, found.request_id),
            (5, Some(ago("3h")), Some(ago("5m")), None)
        );
        assert_eq!(of(&events, "Failed"), None);
    }

    #[test]
    fn a_request_id_is_found_however_it_is_written() {
        for words in [
            "denied (Service: Rds, Status Code: 403, Request ID: 6b1c1f0a-5a1e-4b9e-8f7a)",
            "denied, RequestId=6b1c1f0a-5a1e-4b9e-8f7a",
            "x-amzn-request-id: 6b1c1f0a-5a1e-4b9e-8f7a.",
        ] {
            assert_eq!(request_id(words).as_deref(), Some("6b1c1f0a-5a1e-4b9e-8f7a"), "{words}");
        }
        assert_eq!((request_id("the request id is not known"), request_id("ß İ request")), (None, None));
    }
}
