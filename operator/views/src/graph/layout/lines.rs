//! What is written on a tile, line by line, and so how large it is.

use crate::graph::picture::{Column, Picture, Tile};
use crate::graph::state::{Standing, State};
use crate::graph::text::Font;

/// The kind, above the name.
pub const KIND: Font = Font::plain(11);
/// The name.
pub const NAME: Font = Font::bold(13);
/// What it is made of.
pub const PART: Font = Font::plain(11);
/// The state, where it is not Ready.
pub const STATE: Font = Font::bold(11);
/// What flows along an edge.
pub const LABEL: Font = Font::plain(11);

/// From the edge of a tile to what is written on it.
pub const PAD: i32 = 12;
/// The height of the line with icon, kind and state.
pub const HEAD: i32 = 20;
/// The height of a line of the name.
pub const NAME_LINE: i32 = 17;
/// The height of any other line.
pub const LINE: i32 = 15;
/// Between the name and what follows.
pub const GAP: i32 = 3;

/// The width of a label, at most.
pub const LABEL_WIDTH: i32 = 128;
const PART_LINES: usize = 2;

/// The lines of one tile, each short enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    pub kind: String,
    pub name: Vec<String>,
    pub parts: Vec<String>,
    pub state: Vec<String>,
}

/// How wide the tiles of a column are.
pub fn width(column: Column) -> i32 {
    match column {
        Column::Internet => 72,
        Column::Edge => 162,
        Column::Front => 134,
        Column::Compute => 160,
        Column::Store => 168,
    }
}

impl Lines {
    /// What is written on a tile.
    pub fn of(tile: &Tile) -> Self {
        let most = width(tile.column) - 2 * PAD;
        let Some(key) = &tile.key else {
            return Lines { name: vec![tile.title()], ..Lines::default() };
        };
        Lines {
            // Between icon and state.
            kind: KIND.clip(&key.kind, most - 2 * HEAD),
            name: name(&key.namespace, &key.name, most),
            parts: PART.wrap(&tile.parts, " · ", most, PART_LINES),
            state: tile.standing.as_ref().map(|standing| state(standing, most)).unwrap_or_default(),
        }
    }

    /// How high the tile must be for them.
    pub fn height(&self) -> i32 {
        let name = self.name.len() as i32 * NAME_LINE;
        let rest = (self.parts.len() + self.state.len()) as i32 * LINE;
        PAD + HEAD + name + if rest > 0 { GAP + rest } else { 0 } + PAD - 4
    }
}

/// In one line, or if that is too long, the namespace above the name.
fn name(namespace: &str, name: &str, most: i32) -> Vec<String> {
    let whole = format!("{namespace}/{name}");
    if NAME.width(&whole) <= most {
        return vec![whole];
    }
    vec![NAME.clip_middle(&format!("{namespace}/"), most), NAME.clip_middle(name, most)]
}

/// Nothing of what is Ready: the sign says so. In one line, or if that is too long, the reason below the state.
fn state(standing: &Standing, most: i32) -> Vec<String> {
    let whole = standing.text();
    match &standing.reason {
        None if standing.state == State::Ready => Vec::new(),
        Some(reason) if STATE.width(&whole) > most => {
            vec![format!("{}:", standing.state.word()), STATE.clip(reason, most)]
        }
        _ => vec![whole],
    }
}

/// A label, each of its lines short enough.
pub fn label(label: &[String]) -> Vec<String> {
    label.iter().map(|line| LABEL.clip(line, LABEL_WIDTH)).collect()
}

/// The width of a label.
pub fn label_width(label: &[String]) -> i32 {
    label.iter().map(|line| LABEL.width(line)).max().unwrap_or_default()
}

/// The columns in which there is something.
pub fn occupied(picture: &Picture, column: Column) -> bool {
    picture.tiles.iter().any(|tile| tile.column == column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::compose::picture;
    use crate::graph::samples;

    #[test]
    fn a_tile_says_kind_name_parts_and_what_is_wrong() {
        let picture = picture(&samples::web_in_trouble());
        let of = |kind: &str| {
            let tile = picture.tiles.iter().rev().find(|tile| tile.title().starts_with(kind)).expect("a tile");
            Lines::of(tile)
        };
        let database = of("DataTier");
        assert_eq!((database.kind.as_str(), database.name.as_slice()), ("DataTier", &["shop/orders".to_owned()][..]));
        assert_eq!(database.parts, ["RDS · PostgreSQL 17.5"]);
        assert_eq!(database.state, ["Stalled: ApprovalRequired"]);
        assert_eq!(of("ObjectTier").state, [""; 0]);
        assert!(of("ObjectTier").height() < database.height());
        assert_eq!(of("Internet").name, ["Internet"]);
    }

    #[test]
    fn a_long_name_takes_two_lines_and_a_longer_one_is_shortened() {
        assert_eq!(name("shop", "orders", 150), ["shop/orders"]);
        assert_eq!(name("payments", "customer-orders", 150), ["payments/", "customer-orders"]);
        let long = name(&"n".repeat(63), &"x".repeat(200), 150);
        assert!(long.iter().all(|line| NAME.width(line) <= 150 && line.contains('…')), "{long:?}");
    }

    #[test]
    fn a_long_reason_goes_below_the_state() {
        let standing = |reason: &str| Standing::of_resource("Failed", Some(reason), None);
        assert_eq!(state(&standing("AccessDenied"), 136), ["Stalled: AccessDenied"]);
        assert_eq!(state(&standing("EnvironmentNotReady"), 136), ["Stalled:", "EnvironmentNotReady"]);
        assert!(state(&standing(&"x".repeat(128)), 136)[1].ends_with('…'));
    }

    #[test]
    fn labels_are_kept_short() {
        let long = label(&["x".repeat(99), "ReadOnly".into()]);
        assert!(label_width(&long) <= LABEL_WIDTH && long[1] == "ReadOnly");
        assert_eq!(label_width(&[]), 0);
    }
}
