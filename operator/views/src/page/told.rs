//! The events of an object, the newest first.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde::Serialize;

use super::card::said;
use crate::Event;
use crate::style::age;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// It is no mere news.
    pub warning: bool,
    pub reason: String,
    pub message: String,
    /// How often it was seen.
    pub count: u32,
    /// How long ago it was seen last, and first where that was another time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
}

/// The events of an object, the newest first.
pub fn of(events: &[Event], now: Timestamp) -> Vec<Told> {
    let mut newest: Vec<&Event> = events.iter().rev().collect();
    newest.sort_by_key(|event| Reverse(event.last.or(event.first)));
    newest.into_iter().map(|event| told(event, now)).collect()
}

fn told(event: &Event, now: Timestamp) -> Told {
    let last = event.last.or(event.first);
    Told {
        warning: event.type_ != "Normal",
        reason: said(&event.reason),
        message: said(&event.message),
        count: event.count.max(1),
        last: last.map(|time| age(time, now)),
        first: event.first.filter(|first| Some(*first) != last).map(|time| age(time, now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_world::{event, now};

    #[test]
    fn the_newest_comes_first_and_what_was_seen_once_has_one_time() {
        let events =
            [event("Old", "a", 0, "3h", "3h"), event("New", "b", 3, "2h", "45s"), event("Ready", "c", 1, "1h", "1h")];
        let told: Vec<_> = of(&events, now())
            .into_iter()
            .map(|told| (told.reason, told.count, told.last, told.first, told.warning))
            .collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                ("New".into(), 3, some("45s"), some("120m"), true),
                ("Ready".into(), 1, some("60m"), None, false),
                ("Old".into(), 1, some("3h"), None, true),
            ]
        );
    }
}
