//! What holds for every layout: nothing lies upon anything else.

use super::super::picture::{Edge, FrameKind};
use super::super::{compose::picture, samples};
use super::*;
use crate::World;

/// Pictures with their names: those of worlds, one that is tangled, and some thrown together.
fn worlds() -> Vec<(String, Picture)> {
    let mut tangled = picture(&samples::forty());
    let count = tangled.tiles.len();
    // Edges of all sorts, in circles too.
    for index in 0..3 * count {
        let (from, to) = (index * 7 % count, index * 11 % count);
        let label = (0..index % 3).map(|line| format!("label {line} of {index}")).collect();
        tangled.edges.push(Edge { from, to, label, admitted: index % 2 == 0 });
    }
    let mut worlds = vec![
        ("web".to_owned(), picture(&samples::web())),
        ("in trouble".to_owned(), picture(&samples::web_in_trouble())),
        ("forty".to_owned(), picture(&samples::forty())),
        ("tangled".to_owned(), tangled),
        ("empty".to_owned(), Picture::default()),
    ];
    worlds.extend((0..60).map(|seed| (format!("seed {seed}"), thrown(seed))));
    worlds
}

/// Some of the forty objects, each tile wherever its column may be, linked from left to right by chance.
fn thrown(seed: u64) -> Picture {
    let mut state = seed;
    let mut next = |below: usize| {
        // Knuth's linear congruential generator.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    let whole = picture(&samples::forty());
    let tiles: Vec<_> = (0..1 + next(30)).map(|_| whole.tiles[next(whole.tiles.len())].clone()).collect();
    let edge = |_| {
        let (from, to) = (next(tiles.len()), next(tiles.len()));
        let label = (0..next(3)).map(|line| ["HTTPS 443", "ReadWrite", "s3:GetObject"][(line + next(3)) % 3].into());
        Edge { from, to, label: label.collect(), admitted: true }
    };
    let count = 2 * tiles.len();
    let edges: Vec<Edge> = (0..count).map(edge).collect();
    let forward = edges.into_iter().filter(|edge| tiles[edge.from].column < tiles[edge.to].column);
    Picture { frames: whole.frames, edges: forward.collect(), tiles }
}

impl Rect {
    /// Whether both have more than an edge in common.
    fn meets(&self, other: &Rect) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    /// Whether the other lies within.
    fn holds(&self, other: &Rect) -> bool {
        self.left <= other.left && other.right <= self.right && self.top <= other.top && other.bottom <= self.bottom
    }
}

/// The pieces of a line, as rectangles without an area.
fn pieces(route: &Route) -> impl Iterator<Item = Rect> + '_ {
    route.points.windows(2).map(|pair| Rect {
        left: pair[0].0.min(pair[1].0),
        right: pair[0].0.max(pair[1].0),
        top: pair[0].1.min(pair[1].1),
        bottom: pair[0].1.max(pair[1].1),
    })
}

/// Whether a piece of a line passes through the inside of a rectangle.
fn crosses(piece: &Rect, rect: &Rect) -> bool {
    piece.left < rect.right
        && rect.left < piece.right.max(piece.left + 1)
        && piece.top < rect.bottom
        && rect.top < piece.bottom.max(piece.top + 1)
        && !(piece.left == piece.right && (piece.left == rect.left || piece.left == rect.right))
        && !(piece.top == piece.bottom && (piece.top == rect.top || piece.top == rect.bottom))
}

#[test]
fn no_two_tiles_overlap() {
    for (name, picture) in worlds() {
        let tiles = layout(&picture).tiles;
        for (index, tile) in tiles.iter().enumerate() {
            assert!(tile.width() > 0 && tile.height() > 0, "{name}");
            assert!(tiles[index + 1..].iter().all(|other| !tile.meets(other)), "{name}: {index}");
        }
    }
}

/// The frames that hold a tile, each with all that it is in, and itself.
fn frames_with_tiles(picture: &Picture) -> Vec<(usize, Vec<usize>)> {
    let around = |frame: Option<usize>| {
        std::iter::successors(frame, |frame| picture.frames[*frame].within).collect::<Vec<usize>>()
    };
    let mut frames: Vec<usize> = picture.tiles.iter().flat_map(|tile| around(tile.frame)).collect();
    frames.sort_unstable();
    frames.dedup();
    frames.into_iter().map(|frame| (frame, around(Some(frame)))).collect()
}

#[test]
fn frames_hold_what_is_in_them_and_nothing_else() {
    for (name, picture) in worlds() {
        let layout = layout(&picture);
        let frames = frames_with_tiles(&picture);
        for (index, around) in &frames {
            let frame = &layout.frames[*index];
            for (tile, place) in picture.tiles.iter().zip(&layout.tiles) {
                let of = frames.iter().find(|(other, _)| Some(*other) == tile.frame);
                let inside = of.is_some_and(|(_, around)| around.contains(index));
                assert_eq!((frame.holds(place), frame.meets(place)), (inside, inside), "{name}: {}", tile.title());
            }
            for (other, around_other) in &frames {
                let place = &layout.frames[*other];
                let (inner, outer) = (around_other.contains(index), around.contains(other));
                assert!(
                    if inner { frame.holds(place) } else { outer || !frame.meets(place) },
                    "{name}: {index} {other}"
                );
            }
        }
    }
}

#[test]
fn no_line_passes_through_a_tile() {
    for (name, picture) in worlds() {
        let layout = layout(&picture);
        for (edge, route) in picture.edges.iter().zip(&layout.routes) {
            assert!(route.points.len() >= 2, "{name}: {edge:?}");
            for piece in pieces(route) {
                assert!(piece.left == piece.right || piece.top == piece.bottom, "{name}: {edge:?}");
                let hit = layout.tiles.iter().position(|tile| crosses(&piece, tile));
                assert_eq!(hit, None, "{name}: {edge:?} {piece:?}");
            }
        }
    }
}

#[test]
fn lines_begin_and_end_at_their_tiles() {
    for (name, picture) in worlds() {
        let layout = layout(&picture);
        for (edge, route) in picture.edges.iter().zip(&layout.routes) {
            let on = |tile: usize, (x, y): (i32, i32)| {
                let place = &layout.tiles[tile];
                (x == place.left || x == place.right) && place.top < y && y < place.bottom
            };
            let ends = on(edge.from, route.points[0]) && on(edge.to, route.points[route.points.len() - 1]);
            assert!(ends, "{name}: {edge:?} {route:?}");
        }
    }
}

#[test]
fn labels_lie_outside_tiles_and_upon_no_other_and_no_line_runs_through_them() {
    for (name, picture) in worlds() {
        let layout = layout(&picture);
        let labels: Vec<&Label> = layout.routes.iter().filter_map(|route| route.label.as_ref()).collect();
        for (index, label) in labels.iter().enumerate() {
            assert!(layout.tiles.iter().all(|tile| !tile.meets(&label.rect)), "{name}: {label:?}");
            let other = labels[index + 1..].iter().find(|other| other.rect.meets(&label.rect));
            assert_eq!(other, None, "{name}: {label:?}");
            for route in &layout.routes {
                let upright = pieces(route).filter(|piece| piece.left == piece.right);
                let struck = upright.into_iter().find(|piece| crosses(piece, &label.rect));
                assert_eq!(struck, None, "{name}: {label:?}");
            }
        }
    }
}

#[test]
fn lines_lie_upon_one_another_only_where_they_begin_or_end_together() {
    for (name, picture) in worlds().into_iter().filter(|(name, _)| name != "tangled") {
        let layout = layout(&picture);
        let all: Vec<_> = picture.edges.iter().zip(&layout.routes).collect();
        for (index, (edge, route)) in all.iter().enumerate() {
            for (other, along) in all[index + 1..].iter().filter(|(other, _)| other.from != edge.from) {
                let both = pieces(route).flat_map(|piece| pieces(along).map(move |other| (piece, other)));
                let upon = both.into_iter().find(|(a, b)| coincide(a, b));
                assert!(upon.is_none() || edge.to == other.to, "{name}: {edge:?} {other:?} {upon:?}");
            }
        }
    }
}

/// Whether two pieces of lines have more than a point in common.
fn coincide(a: &Rect, b: &Rect) -> bool {
    let level = a.top == a.bottom && b.top == b.bottom && a.top == b.top;
    let upright = a.left == a.right && b.left == b.right && a.left == b.left;
    (level && a.left < b.right && b.left < a.right) || (upright && a.top < b.bottom && b.top < a.bottom)
}

#[test]
fn every_edge_with_a_label_has_it_or_shares_it() {
    for (name, picture) in worlds() {
        let layout = layout(&picture);
        let texts: Vec<String> = layout.routes.iter().filter_map(|route| route.label.as_ref()).map(text).collect();
        for edge in picture.edges.iter().filter(|edge| !edge.label.is_empty()) {
            assert!(texts.contains(&lines::label(&edge.label).join("\n")), "{name}: {edge:?}");
        }
    }
}

fn text(label: &Label) -> String {
    label.lines.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn all_of_it_is_in_the_picture() {
    for (name, picture) in worlds() {
        let layout = layout(&picture);
        let page = Rect { left: 0, top: 0, right: layout.width, bottom: layout.height };
        assert!(layout.frames.iter().chain(&layout.tiles).all(|rect| page.holds(rect)), "{name}");
        assert!(layout.routes.iter().flat_map(pieces).all(|piece| page.holds(&piece)), "{name}");
    }
}

#[test]
fn a_picture_of_many_is_as_wide_as_a_screen() {
    let width = |world: &World| layout(&picture(world)).width;
    assert!(width(&samples::web()) <= 1280, "{}", width(&samples::web()));
    assert!(width(&samples::forty()) <= 1440, "{}", width(&samples::forty()));
}

#[test]
fn an_environment_with_nothing_in_it_has_room_for_its_name() {
    let environments = vec![samples::environment("prod", "111122223333", "eu-west-1")];
    let world = World { environments, ..World::default() };
    let (picture, layout) = (picture(&world), layout(&picture(&world)));
    assert_eq!(picture.frames[0].kind, FrameKind::Environment);
    assert!(layout.frames[0].width() > 400 && layout.frames[0].height() > 30);
}
