//! Rectangles: of tiles, and of frames around them.

use std::collections::BTreeMap;

use super::channels::Channels;
use super::grid::{Band, Grid, Item, What};
use super::{FRAME_HEAD, FRAME_PAD, MARGIN, SECTION_GAP};
use crate::graph::picture::{Column, FrameKind, Picture};

/// The height of a frame with nothing in it.
const EMPTY: i32 = 34;
/// An Environment is at least this wide, so that there is room for its name.
const NARROWEST: i32 = 420;

/// A rectangle, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    pub left: i32,
    pub top: i32,
    pub right: i32,
    pub bottom: i32,
}

impl Rect {
    /// How wide it is.
    pub fn width(&self) -> i32 {
        self.right - self.left
    }

    /// How high it is.
    pub fn height(&self) -> i32 {
        self.bottom - self.top
    }
}

/// Puts the sections one below the other, and says where each frame begins and ends from top to bottom.
pub fn stack(picture: &Picture, grid: &mut Grid) -> Vec<(i32, i32)> {
    let mut extents = extents(picture, grid);
    let mut next = MARGIN;
    let mut moved = BTreeMap::new();
    for section in picture.sections() {
        let (top, bottom) = extents[section];
        moved.insert(Some(section), next - top);
        next += bottom - top + SECTION_GAP;
    }
    let by = |section: Option<usize>| moved.get(&section).copied().unwrap_or_default();
    for (frame, extent) in extents.iter_mut().enumerate() {
        let by = by(picture.outermost(Some(frame)));
        *extent = (extent.0 + by, extent.1 + by);
    }
    grid.items.iter_mut().for_each(|item| item.top += by(item.section));
    extents
}

/// From the innermost frame to the outermost, around what is in each.
fn extents(picture: &Picture, grid: &Grid) -> Vec<(i32, i32)> {
    let mut inside: Vec<Option<(i32, i32)>> = vec![None; picture.frames.len()];
    let hold = |frame: &mut Option<(i32, i32)>, (top, bottom): (i32, i32)| {
        let (least, most) = frame.unwrap_or((top, bottom));
        *frame = Some((least.min(top), most.max(bottom)));
    };
    let mut sections: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    for frame in 0..picture.frames.len() {
        sections.entry(picture.outermost(Some(frame))).or_default().push(frame);
    }
    for item in &grid.items {
        let extent = (item.top, item.bottom());
        match item.what {
            What::Tile(tile) => {
                picture.tiles[tile].frame.into_iter().for_each(|frame| hold(&mut inside[frame], extent))
            }
            What::Lane => {
                let around = sections.get(&item.section).into_iter().flatten();
                let around = around.filter(|frame| passes(picture.frames[**frame].kind, item));
                around.for_each(|frame| hold(&mut inside[*frame], extent));
            }
        }
    }
    let mut extents = vec![(0, 0); picture.frames.len()];
    for (index, frame) in picture.frames.iter().enumerate().rev() {
        let (top, bottom) = inside[index].unwrap_or((0, EMPTY - FRAME_PAD));
        extents[index] = (top - FRAME_HEAD, bottom + FRAME_PAD);
        frame.within.into_iter().for_each(|outer| hold(&mut inside[outer], extents[index]));
    }
    extents
}

/// Whether a lane runs within such a frame.
fn passes(kind: FrameKind, lane: &Item) -> bool {
    match kind {
        FrameKind::Environment => true,
        FrameKind::Region => lane.band == Band::Outer && lane.column > Column::Edge as usize,
        FrameKind::Vpc => lane.band == Band::Inner,
        FrameKind::Edge | FrameKind::Cluster => false,
    }
}

/// The rectangles of all frames.
pub fn frames(picture: &Picture, extents: &[(i32, i32)], channels: &Channels) -> Vec<Rect> {
    let rect = |(index, (top, bottom)): (usize, &(i32, i32))| {
        let (left, right) = sides(picture.frames[index].kind, channels);
        Rect { left, top: *top, right, bottom: *bottom }
    };
    extents.iter().enumerate().map(rect).collect()
}

/// Frames of one kind are in line with one another.
fn sides(kind: FrameKind, channels: &Channels) -> (i32, i32) {
    let column = |column: Column| channels.columns[column as usize];
    let around = |(left, right): (i32, i32)| (left - FRAME_PAD, right + FRAME_PAD);
    let network = (column(Column::Front).0, channels.end);
    match kind {
        FrameKind::Edge => around(column(Column::Edge)),
        FrameKind::Cluster => around(column(Column::Compute)),
        FrameKind::Vpc => around(network),
        FrameKind::Region => around(around(network)),
        FrameKind::Environment => {
            let (edge, region) = (around(column(Column::Edge)), around(around(network)));
            let edge = if edge.1 - edge.0 > 2 * FRAME_PAD { edge.0 } else { region.0 };
            let (left, right) = around((edge.min(region.0), region.1));
            (left, right.max(left + NARROWEST))
        }
    }
}

/// The rectangles of all tiles.
pub fn tiles(picture: &Picture, grid: &Grid, channels: &Channels) -> Vec<Rect> {
    let mut rects = vec![Rect::default(); picture.tiles.len()];
    for item in &grid.items {
        if let What::Tile(tile) = item.what {
            let (left, right) = channels.columns[item.column];
            rects[tile] = Rect { left, top: item.top, right, bottom: item.bottom() };
        }
    }
    rects
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use crate::graph::compose::picture;
    use crate::graph::layout::layout;
    use crate::graph::samples;

    fn of_kind(picture: &Picture, rects: &[Rect], kind: FrameKind) -> Vec<Rect> {
        picture.frames.iter().zip(rects).filter(|(frame, _)| frame.kind == kind).map(|(_, rect)| *rect).collect()
    }

    #[test]
    fn environments_stand_one_below_the_other_and_frames_of_a_kind_in_line() {
        let picture = picture(&samples::forty());
        let layout = layout(&picture);
        let environments = of_kind(&picture, &layout.frames, FrameKind::Environment);
        assert_eq!((environments.len(), environments[0].top), (4, MARGIN));
        assert!(environments.windows(2).all(|pair| pair[1].top - pair[0].bottom == SECTION_GAP));
        for kind in [FrameKind::Environment, FrameKind::Region, FrameKind::Vpc, FrameKind::Cluster, FrameKind::Edge] {
            let all = of_kind(&picture, &layout.frames, kind);
            assert!(
                all.windows(2).all(|pair| (pair[0].left, pair[0].right) == (pair[1].left, pair[1].right)),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn the_title_of_a_frame_has_room_above_what_is_in_it() {
        let picture = picture(&samples::web());
        let layout = layout(&picture);
        for (index, frame) in layout.frames.iter().enumerate() {
            let tiles = picture.tiles.iter().zip(&layout.tiles).filter(|(tile, _)| tile.frame == Some(index));
            let frames = picture.frames.iter().zip(&layout.frames).filter(|(inner, _)| inner.within == Some(index));
            let mut inside = tiles.map(|(_, rect)| rect).chain(frames.map(|(_, rect)| rect));
            assert!(inside.all(|rect| rect.top >= frame.top + FRAME_HEAD && rect.bottom <= frame.bottom - FRAME_PAD));
        }
    }

    #[test]
    fn what_is_outside_the_network_is_outside_its_frame() {
        let picture = picture(&samples::web());
        let layout = layout(&picture);
        let network = of_kind(&picture, &layout.frames, FrameKind::Vpc)[0];
        let bucket = picture.tiles.iter().position(|tile| tile.title().starts_with("ObjectTier")).expect("a bucket");
        assert!(layout.tiles[bucket].top > network.bottom);
    }

    #[test]
    fn a_frame_with_nothing_in_it_has_a_height() {
        let environments =
            vec![samples::environment("a", "1", "eu-west-1"), samples::environment("b", "1", "eu-west-1")];
        let layout = layout(&picture(&World { environments, ..World::default() }));
        assert!(layout.frames.iter().all(|frame| frame.height() == FRAME_HEAD + EMPTY && frame.width() >= NARROWEST));
    }
}
