//! The lines of edges, and where their labels stand.

use std::collections::BTreeSet;

use super::boxes::Rect;
use super::channels::Channels;
use super::grid::{End, Grid, Link};
use super::lines::{LABEL, LINE, label_width};

/// A line from corner to corner, with its label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Only ever across or up and down; the arrow's head is at the last.
    pub points: Vec<(i32, i32)>,
    /// None where another edge to the same port bears it.
    pub label: Option<Label>,
}

/// Text beside a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The text, and the height of its baseline.
    pub lines: Vec<(i32, String)>,
    /// Where all lines begin, or if they stand before an arrow, where they end.
    pub x: i32,
    pub before: bool,
    /// What it covers.
    pub rect: Rect,
}

/// From a line to the baseline above it, and from it to that below.
const ABOVE: i32 = 5;
const BELOW: i32 = 13;

/// The routes of all edges.
pub fn routes(grid: &Grid, channels: &Channels) -> Vec<Route> {
    let mut labelled = BTreeSet::new();
    let route = |way: &super::grid::Way| {
        let mut points: Vec<(i32, i32)> = Vec::new();
        for link in &way.links {
            let start =
                (channels.columns[grid.items[link.item].column].1, grid.height_of(End::Right(link.item, link.port)));
            let end = (reach(grid, channels, link), grid.height_of(link.end));
            points.extend(corners(start, channels.turn(link), end));
        }
        let mut points = straight(points);
        let last = way.links.last().filter(|link| labelled.insert(link.end));
        let label = last.and_then(|link| label(grid, channels, link));
        if way.reversed {
            points.reverse();
        }
        Route { points, label }
    };
    grid.ways.iter().map(route).collect()
}

/// Where a link ends from left to right.
fn reach(grid: &Grid, channels: &Channels, link: &Link) -> i32 {
    match link.end {
        End::Left(item, _) => channels.columns[grid.items[item].column].0,
        End::Right(item, _) => channels.columns[grid.items[item].column].1,
    }
}

fn corners(start: (i32, i32), turn: i32, end: (i32, i32)) -> Vec<(i32, i32)> {
    if start.1 == end.1 && start.0 != end.0 {
        return vec![start, end];
    }
    vec![start, (turn, start.1), (turn, end.1), end]
}

/// Without the points at which it goes on as before.
fn straight(points: Vec<(i32, i32)>) -> Vec<(i32, i32)> {
    let mut kept: Vec<(i32, i32)> = Vec::new();
    for point in points {
        if let [.., before, last] = kept[..] {
            let level = before.1 == last.1 && last.1 == point.1;
            if level || (before.0 == last.0 && last.0 == point.0) {
                kept.pop();
            }
        }
        if kept.last() != Some(&point) {
            kept.push(point);
        }
    }
    kept
}

fn label(grid: &Grid, channels: &Channels, link: &Link) -> Option<Label> {
    let y = grid.height_of(link.end);
    let (text, x, first, step) = match link.end {
        End::Left(item, port) => {
            let x = channels.labels[grid.items[item].column];
            (&grid.items[item].left[port].label, x, y - ABOVE, ABOVE + BELOW)
        }
        // Where others leave above it, it stands below.
        End::Right(item, port) => {
            (&grid.items[item].right[port].label, channels.backs[grid.items[item].column], y + BELOW, LINE - 2)
        }
    };
    let before = matches!(link.end, End::Left(..));
    let lines: Vec<_> = (0..).zip(text).map(|(index, line)| (first + index * step, line.clone())).collect();
    let left = if before { x - label_width(text) } else { x };
    let (last, _) = lines.last()?;
    let rect = Rect { left, top: first - LABEL.size, right: left + label_width(text), bottom: last + 3 };
    Some(Label { lines, x, before, rect })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::compose::picture;
    use crate::graph::layout::layout;
    use crate::graph::picture::{Edge, Picture};
    use crate::graph::samples;

    #[test]
    fn a_line_turns_only_where_it_must() {
        assert_eq!(corners((0, 10), 50, (100, 10)), [(0, 10), (100, 10)]);
        assert_eq!(corners((0, 10), 50, (100, 90)), [(0, 10), (50, 10), (50, 90), (100, 90)]);
        // To the same side, where it came from.
        assert_eq!(corners((0, 10), 50, (0, 10)), [(0, 10), (50, 10), (50, 10), (0, 10)]);
    }

    #[test]
    fn pieces_that_go_on_as_before_are_one() {
        let passes = vec![(0, 10), (50, 10), (50, 90), (100, 90), (100, 90), (200, 90)];
        assert_eq!(straight(passes), [(0, 10), (50, 10), (50, 90), (200, 90)]);
        assert_eq!(straight(vec![(0, 0), (0, 0)]), [(0, 0)]);
        assert_eq!(straight(Vec::new()), []);
    }

    /// The web example with one edge only.
    fn one(from: &str, to: &str) -> (Picture, Edge) {
        let picture = picture(&samples::web());
        let index =
            |title: &str| picture.tiles.iter().rposition(|tile| tile.title().starts_with(title)).expect("a tile");
        let edge = Edge { from: index(from), to: index(to), label: vec!["one".into(), "two".into()], admitted: true };
        (Picture { edges: vec![edge.clone()], ..picture }, edge)
    }

    #[test]
    fn a_label_stands_before_the_arrow_above_and_below_the_line() {
        let (picture, edge) = one("WebApp", "DataTier");
        let layout = layout(&picture);
        let (end, place) = (layout.routes[0].points.last().expect("an end").1, layout.tiles[edge.to]);
        let label = layout.routes[0].label.as_ref().expect("a label");
        assert!(label.before && label.x < place.left);
        assert_eq!(label.lines, [(end - ABOVE, "one".into()), (end + BELOW, "two".into())]);
    }

    #[test]
    fn what_goes_back_or_stays_in_its_column_points_to_the_right_side_of_its_target() {
        for (from, to) in [("DataTier", "EdgeTier"), ("DataTier", "CacheTier"), ("DataTier", "DataTier")] {
            let (picture, edge) = one(from, to);
            let layout = layout(&picture);
            let points = &layout.routes[0].points;
            let [.., before, tip] = points[..] else { panic!("a line") };
            assert_eq!(tip.0, layout.tiles[edge.to].right, "{from} {to}");
            assert!(before.0 > tip.0 && before.1 == tip.1, "{from} {to}");
        }
    }
}
