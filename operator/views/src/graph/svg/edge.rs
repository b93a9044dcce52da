//! Draws one edge: a line with round corners, an arrow's head, and what flows.

use std::fmt::Write as _;

use super::pen;
use super::style::{DIM, LINE};
use super::xml::Xml;
use crate::graph::layout::{Label, Route, lines};
use crate::graph::picture::{Edge, Picture};

/// How round a corner is.
const RADIUS: i32 = 7;
/// The length of an arrow's head.
const HEAD: i32 = 8;

/// Draws a line.
pub fn draw(xml: &mut Xml, picture: &Picture, edge: &Edge, route: &Route) {
    let (Some(from), Some(to)) = (picture.tiles.get(edge.from), picture.tiles.get(edge.to)) else { return };
    let key = |tile: &crate::graph::picture::Tile| tile.key.as_ref().map_or_else(|| tile.title(), ToString::to_string);
    let admitted = if edge.admitted { "" } else { " (not admitted yet)" };
    let title = format!("{} to {}: {}{admitted}", from.title(), to.title(), edge.text());
    xml.begin("g", &[("class", "edge"), ("data-from", &key(from)), ("data-to", &key(to))]);
    xml.text("title", &[], &title);
    line(xml, route, edge.admitted);
    xml.end();
}

/// Draws what flows.
pub fn draw_label(xml: &mut Xml, label: &Label) {
    let anchor = if label.before { pen::Anchor::End } else { pen::Anchor::Start };
    for (y, line) in &label.lines {
        pen::anchored(xml, (label.x, *y), lines::LABEL, DIM, anchor, line);
    }
}

/// Draws a line that belongs to no edge, for the legend.
pub fn line(xml: &mut Xml, route: &Route, admitted: bool) {
    let (d, head) = (path(&route.points), head(&route.points));
    let class = format!("stroke-{}", LINE.name);
    let mut attributes =
        vec![("class", class.as_str()), ("d", &d), ("fill", "none"), ("stroke", LINE.light), ("stroke-width", "1.5")];
    if !admitted {
        attributes.push(("stroke-dasharray", "4 4"));
    }
    xml.empty("path", &attributes);
    xml.empty("path", &[("class", &format!("fill-{}", LINE.name)), ("d", &head), ("fill", LINE.light)]);
}

/// The line, up to the arrow's head.
fn path(points: &[(i32, i32)]) -> String {
    let Some(first) = points.first() else { return String::new() };
    let mut d = format!("M{} {}", first.0, first.1);
    for window in points.windows(3) {
        let [before, corner, after] = [window[0], window[1], window[2]];
        let radius = RADIUS.min(distance(before, corner) / 2).min(distance(corner, after) / 2);
        let (start, end) = (towards(corner, before, radius), towards(corner, after, radius));
        let _ = write!(d, "L{} {}Q{} {} {} {}", start.0, start.1, corner.0, corner.1, end.0, end.1);
    }
    if let [.., before, last] = points {
        let end = towards(*last, *before, HEAD - 1);
        let _ = write!(d, "L{} {}", end.0, end.1);
    }
    d
}

fn head(points: &[(i32, i32)]) -> String {
    let [.., before, tip] = points else { return String::new() };
    let base = towards(*tip, *before, HEAD);
    let (across, down) = ((base.1 - tip.1) / 2, (base.0 - tip.0) / 2);
    let (a, b) = ((base.0 + across, base.1 + down), (base.0 - across, base.1 - down));
    format!("M{} {}L{} {}L{} {}z", tip.0, tip.1, a.0, a.1, b.0, b.1)
}

fn distance(a: (i32, i32), b: (i32, i32)) -> i32 {
    (a.0 - b.0).abs() + (a.1 - b.1).abs()
}

/// The point so far from one on the way to another, which is level with it or above or below.
fn towards(from: (i32, i32), to: (i32, i32), far: i32) -> (i32, i32) {
    (from.0 + (to.0 - from.0).signum() * far, from.1 + (to.1 - from.1).signum() * far)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_are_round_where_there_is_room() {
        assert_eq!(path(&[(0, 0), (50, 0), (50, 40), (100, 40)]), "M0 0L43 0Q50 0 50 7L50 33Q50 40 57 40L93 40");
        assert_eq!(path(&[(0, 0), (50, 0), (50, 4), (100, 4)]), "M0 0L48 0Q50 0 50 2L50 2Q50 4 52 4L93 4");
        assert_eq!((path(&[]), path(&[(1, 2)])), (String::new(), "M1 2".into()));
    }

    #[test]
    fn the_head_points_where_the_line_goes() {
        assert_eq!(head(&[(0, 0), (50, 0)]), "M50 0L42 -4L42 4z");
        assert_eq!(head(&[(50, 0), (0, 0)]), "M0 0L8 4L8 -4z");
        assert_eq!((head(&[]), head(&[(1, 2)])), (String::new(), String::new()));
    }
}
