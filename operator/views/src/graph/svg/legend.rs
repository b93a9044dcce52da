//! Says what signs and lines mean.

use super::edge;
use super::pen;
use super::shapes::draw_sign;
use super::style::DIM;
use super::xml::Xml;
use crate::graph::layout::{MARGIN, Route};
use crate::graph::state::State;
use crate::graph::text::Font;

const FONT: Font = Font::plain(11);
/// The height of a line of the legend.
const ROW: i32 = 24;
/// Between two entries.
const GAP: i32 = 18;
/// From a sign to its word, and from a line to its word.
const SIGN: i32 = 14;
const LINE: i32 = 36;

#[derive(Clone, Copy)]
enum Entry {
    State(State),
    /// Whether the target has admitted it.
    Line(bool),
}

impl Entry {
    fn word(self) -> &'static str {
        match self {
            Entry::State(state) => state.word(),
            Entry::Line(true) => "admitted",
            Entry::Line(false) => "not admitted yet",
        }
    }

    fn width(self) -> i32 {
        let before = if matches!(self, Entry::State(_)) { 8 + SIGN } else { LINE + 6 };
        before + FONT.width(self.word())
    }
}

/// Each entry with its left end and the middle of its line, in a picture so wide; the first line is at 0.
fn entries(width: i32) -> Vec<(Entry, i32, i32)> {
    let all = State::ALL.map(Entry::State).into_iter().chain([true, false].map(Entry::Line));
    let (mut x, mut y) = (MARGIN, 0);
    let mut placed = Vec::new();
    for entry in all {
        if x > MARGIN && x + entry.width() > width - MARGIN {
            (x, y) = (MARGIN, y + ROW);
        }
        placed.push((entry, x, y));
        x += entry.width() + GAP;
    }
    placed
}

/// How high the legend is in a picture so wide.
pub fn height(width: i32) -> i32 {
    entries(width).last().map_or(0, |(.., y)| y + ROW)
}

/// Draws the legend below `top`.
pub fn draw(xml: &mut Xml, width: i32, top: i32) {
    xml.begin("g", &[("class", "legend"), ("role", "img"), ("aria-label", "Legend")]);
    for (entry, x, y) in entries(width) {
        let y = top + y + ROW / 2;
        let text = match entry {
            Entry::State(state) => {
                draw_sign(xml, state, x + 8, y);
                x + 8 + SIGN
            }
            Entry::Line(admitted) => {
                edge::line(xml, &Route { points: vec![(x, y), (x + LINE - 4, y)], label: None }, admitted);
                x + LINE + 4
            }
        };
        pen::text(xml, (text, y + 4), FONT, DIM, entry.word());
    }
    xml.end();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_legend_names_every_state_and_takes_the_lines_it_needs() {
        let words: Vec<_> = entries(1200).into_iter().map(|(entry, ..)| entry.word()).collect();
        assert!(State::ALL.iter().all(|state| words.contains(&state.word())) && words.len() == 10);
        assert_eq!(height(2000), ROW);
        assert!(height(450) > ROW);
        for width in [300, 450, 900] {
            assert!(entries(width).iter().all(|(entry, x, _)| x + entry.width() <= width - MARGIN));
        }
        assert_eq!(height(0), 10 * ROW);
    }
}
