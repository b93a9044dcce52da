//! Where everything in a picture is: layers from left to right in the order in which a request passes them, each in an
//! order that lets few edges cross, edges at right angles through channels between the layers.
//!
//! Crates that lay out graphs (layout-rs) know no nested frames; these are what this picture is about.

mod boxes;
mod channels;
mod grid;
pub mod lines;
mod order;
mod routes;
mod rows;
mod separate;
mod tracks;

pub use boxes::Rect;
pub use routes::{Label, Route};

use super::picture::Picture;
use channels::Channels;
use grid::{End, Grid};

/// Around the picture.
pub const MARGIN: i32 = 16;
/// From a frame to what is in it.
const FRAME_PAD: i32 = 12;
/// From the top of a frame to what is in it: its title.
const FRAME_HEAD: i32 = 28;
/// Between two Environments.
const SECTION_GAP: i32 = 20;

/// Where everything is, in pixels; one entry for each frame, tile and edge of the picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    pub frames: Vec<Rect>,
    pub tiles: Vec<Rect>,
    pub routes: Vec<Route>,
    pub width: i32,
    pub height: i32,
}

/// Lays a picture out.
pub fn layout(picture: &Picture) -> Layout {
    let mut grid = Grid::of(picture);
    let cells = order::order(&grid);
    rows::rows(&mut grid, &cells, picture.sections());
    let extents = boxes::stack(picture, &mut grid);
    internet(&mut grid);
    separate::separate(&mut grid);
    let channels = Channels::of(picture, &grid);
    let frames = boxes::frames(picture, &extents, &channels);
    let tiles = boxes::tiles(picture, &grid, &channels);
    let all = || frames.iter().chain(&tiles);
    Layout {
        width: all().map(|rect| rect.right).max().unwrap_or_default() + MARGIN,
        height: all().map(|rect| rect.bottom).max().unwrap_or_default() + MARGIN,
        routes: routes::routes(&grid, &channels),
        frames,
        tiles,
    }
}

/// What lies in no frame is level with the middle one of what it leads to.
fn internet(grid: &mut Grid) {
    let free: Vec<usize> = (0..grid.items.len()).filter(|item| grid.items[*item].section.is_none()).collect();
    for item in free {
        let leads = grid.links.iter().filter(|link| link.item == item && matches!(link.end, End::Left(..)));
        let mut levels: Vec<i32> = leads.map(|link| grid.height_of(link.end)).collect();
        levels.sort_unstable();
        let level = levels.get(levels.len().saturating_sub(1) / 2).copied().unwrap_or_default();
        grid.items[item].top = (level - grid.height_of(End::Right(item, 0)) + grid.items[item].top).max(MARGIN);
    }
}

#[cfg(test)]
mod tests;
