//! Shapes: a sign for each state, which differs in form as well as in colour, and an icon for each kind.

use super::style::{self, DIM, Paint, SIGN};
use super::xml::Xml;
use crate::graph::kinds::Icon;
use crate::graph::state::State;

/// The outline of a state's sign and what is drawn on it, both around 0,0 and 16 wide.
fn sign(state: State) -> (&'static str, &'static str) {
    const CIRCLE: &str = "M-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0z";
    match state {
        State::Ready => (CIRCLE, "M-3.6.2L-1 2.9L3.8-2.7"),
        State::Reconciling => (
            "M-4.3-7.5H4.3L8.6 0L4.3 7.5H-4.3L-8.6 0z",
            "M3.9-1.4A4.1 4.1 0 0 0-3.4-2.2M-3.9 1.4A4.1 4.1 0 0 0 3.4 2.2M4.2-4V-1.3H1.5M-4.2 4V1.3H-1.5",
        ),
        State::Stalled => ("M-3.3-8H3.3L8-3.3V3.3L3.3 8H-3.3L-8 3.3V-3.3z", "M-3-3L3 3M3-3L-3 3"),
        State::Degraded => ("M0-8.4L9 7.2H-9z", "M0-2.8V1.8M0 4.4V4.6"),
        State::Drifted => ("M0-9L9 0L0 9L-9 0z", "M-3.5-1.7H3.5M-3.5 1.7H3.5M1.8-4L-1.8 4"),
        State::Deleting => ("M-7.5-7.5H7.5V7.5H-7.5z", "M-4 0H4"),
        State::Paused => {
            ("M-4-8H4A4 4 0 0 1 8-4V4A4 4 0 0 1 4 8H-4A4 4 0 0 1-8 4V-4A4 4 0 0 1-4-8z", "M-2.3-3.5V3.5M2.3-3.5V3.5")
        }
        State::Unknown => (CIRCLE, "M-2.4-2A2.4 2.4 0 1 1 .9 .1Q0 .6 0 1.7M0 4.4V4.6"),
    }
}

/// Lines of an icon, from 0,0 to 18,18.
fn icon(icon: Icon) -> &'static str {
    match icon {
        Icon::Internet => "M5 14.5h8.2a3.3 3.3 0 0 0 .5-6.6A5 5 0 0 0 4.2 8.4A3.1 3.1 0 0 0 5 14.5z",
        Icon::Globe => "M1.5 9a7.5 7.5 0 1 0 15 0a7.5 7.5 0 1 0-15 0M1.5 9h15M9 1.5q-7 7.5 0 15M9 1.5q7 7.5 0 15",
        Icon::Balancer => {
            "M1.5 9h5M6.5 9L12 3.5h4M6.5 9h9.5M6.5 9L12 14.5h4M14 1.5l2 2l-2 2M14 7l2 2l-2 2M14 12.5l2 2l-2 2"
        }
        Icon::Pods => "M9 1.5l6.5 3.7v7.6L9 16.5l-6.5-3.7V5.2zM2.5 5.2L9 9l6.5-3.8M9 9v7.5",
        Icon::Cache => "M10 1.5L3.5 10.3H8.2L7.5 16.5L14.5 7.2H9.6z",
        Icon::Database => {
            "M2.5 4.2a6.5 2.6 0 1 0 13 0a6.5 2.6 0 1 0-13 0V13.8a6.5 2.6 0 0 0 13 0V4.2M2.5 9a6.5 2.6 0 0 0 13 0"
        }
        Icon::Bucket => "M2 4.2a7 2.4 0 1 0 14 0a7 2.4 0 1 0-14 0L4 14.6q5 3 10 0L16 4.2",
        Icon::Other => "M2.5 2.5h13v13h-13z",
    }
}

/// Draws the sign of a state around a point.
pub fn draw_sign(xml: &mut Xml, state: State, x: i32, y: i32) {
    let (outline, glyph) = sign(state);
    let paint = style::of_state(state);
    xml.begin("g", &[("transform", &format!("translate({x} {y})"))]);
    if state == State::Unknown {
        // Hollow: nothing is known.
        stroke(xml, outline, paint, "1.5", &[("stroke-dasharray", "3 2")]);
        stroke(xml, glyph, paint, "1.8", &[]);
    } else {
        xml.empty("path", &[("class", &format!("fill-{}", paint.name)), ("fill", paint.light), ("d", outline)]);
        stroke(xml, glyph, SIGN, "1.8", &[]);
    }
    xml.end();
}

/// Draws the icon of a kind, at its top left corner.
pub fn draw_icon(xml: &mut Xml, kind: Icon, x: i32, y: i32) {
    xml.begin("g", &[("transform", &format!("translate({x} {y})"))]);
    stroke(xml, icon(kind), DIM, "1.4", &[]);
    xml.end();
}

fn stroke(xml: &mut Xml, d: &str, paint: Paint, width: &str, more: &[(&str, &str)]) {
    let class = format!("stroke-{}", paint.name);
    let mut attributes = vec![
        ("class", class.as_str()),
        ("d", d),
        ("fill", "none"),
        ("stroke", paint.light),
        ("stroke-width", width),
        ("stroke-linecap", "round"),
        ("stroke-linejoin", "round"),
    ];
    attributes.extend(more);
    xml.empty("path", &attributes);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn states_differ_without_their_colours() {
        let signs: BTreeSet<_> = State::ALL.map(sign).into();
        assert_eq!(signs.len(), State::ALL.len());
        // Without what is drawn on them, only what is filled and what is hollow are of one form.
        let outlines: BTreeSet<_> = State::ALL.map(|state| sign(state).0).into();
        assert_eq!(outlines.len(), State::ALL.len() - 1);
    }

    #[test]
    fn every_kind_has_an_icon_of_its_own() {
        let all = [
            Icon::Internet,
            Icon::Globe,
            Icon::Balancer,
            Icon::Pods,
            Icon::Cache,
            Icon::Database,
            Icon::Bucket,
            Icon::Other,
        ];
        assert_eq!(all.map(icon).into_iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}
