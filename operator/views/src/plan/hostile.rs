//! A plan in which every text is hostile, as whoever shows it sees it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::steps::Choice;
use super::tests::{plain, planned};
use super::*;
use crate::style::Style;

/// What would recolour, move or turn what is read, and begin a line of its own.
const HOSTILE: &str = "image \u{1b}[2J\u{9b}x\u{202e}\u{2066}\nPlan: nothing to do.\r";

/// A plan in which every text that may be a user's or AWS's is hostile.
fn hostile(basis: Basis) -> Plan {
    let text = || HOSTILE.to_owned();
    let all = || BTreeSet::from([text()]);
    let field = |known_after| Field {
        path: text(),
        from: json!(HOSTILE),
        to: json!({HOSTILE: 1}),
        known_after,
        forces_replacement: true,
    };
    let cost = Cost { before: None, after: None, unknown: all(), by_use: all(), assumptions: all(), as_of: all() };
    let step = Step {
        id: text(),
        kind: text(),
        region: text(),
        handle: Some(text()),
        verb: Verb::Create,
        changes: vec![field(None), field(Some(text()))],
        drift: true,
        data: Some(text()),
        message: Some(text()),
        held: false,
        approval: Some(vec![Choice { action: text(), data: Some(text()), hash: text() }]),
        cost: Some(cost),
        usual: None,
    };
    let object = ObjectPlan {
        kind: text(),
        namespace: text(),
        name: text(),
        environment: Some(text()),
        problem: Some(Problem { reason: text(), message: text(), stalled: true }),
        ..planned(ObjectChange::Create, vec![step])
    };
    let still = ObjectPlan { name: text(), ..planned(ObjectChange::Keep, Vec::new()) };
    Plan { basis, objects: vec![object, still] }
}

#[test]
fn nothing_that_a_user_or_aws_wrote_is_obeyed_by_whoever_shows_the_plan() {
    let of_aws = || hostile(Basis::Aws { identity: HOSTILE.into() });
    for plan in [of_aws(), hostile(Basis::Record { why: HOSTILE.into() })] {
        for shown in [plain(&plan), markdown(&plan)] {
            let obeyed = |letter: &char| {
                (letter.is_control() && *letter != '\n')
                    || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            assert_eq!(shown.chars().find(obeyed), None, "{shown:?}");
            assert!(shown.contains("image \u{fffd}") && !shown.contains("\nPlan: nothing"), "{shown}");
        }
    }
    // Colours are Terrace's own: no other sequence is among them.
    let coloured = text(&of_aws(), &Style { color: true, ..Style::plain(Timestamp::UNIX_EPOCH) });
    let sequences: Vec<&str> =
        coloured.split('\u{1b}').skip(1).map(|rest| &rest[..rest.find('m').unwrap_or(0)]).collect();
    assert!(sequences.iter().all(|code| code[1..].parse::<u8>().is_ok()), "{sequences:?}");
}
