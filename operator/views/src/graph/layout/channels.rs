//! Where columns and the channels between them are from left to right, and where in a channel each edge turns.

use std::collections::BTreeMap;

use super::grid::{End, Grid, Link};
use super::lines::{self, label_width};
use super::tracks::{Trunk, tracks};
use super::{FRAME_PAD, MARGIN};
use crate::graph::picture::{Column, Picture};

const COLUMNS: usize = Column::ALL.len();
/// Between two tracks.
const TRACK: i32 = 10;
/// On either side of the tracks.
const BESIDE: i32 = 12;
/// Between a label and what is right of it.
const AFTER_LABEL: i32 = 6;
/// The arrow's head, and a little before it.
const ARROW: i32 = 14;
/// Where everything is from left to right.
#[derive(Clone, Debug, Default)]
pub struct Channels {
    /// Of each column, where its tiles begin and end.
    pub columns: Vec<(i32, i32)>,
    /// Where the lines on the right of the last column end.
    pub end: i32,
    /// Where labels end that belong to tiles of a column.
    pub labels: Vec<i32>,
    /// Where labels begin that belong to ports on the right of a column.
    pub backs: Vec<i32>,
    turns: BTreeMap<(usize, usize), i32>,
}

impl Channels {
    /// Where a link turns.
    pub fn turn(&self, link: &Link) -> i32 {
        self.turns.get(&(link.item, link.port)).copied().unwrap_or_default()
    }

    /// Columns and channels, as wide as they must be.
    pub fn of(picture: &Picture, grid: &Grid) -> Self {
        let occupied = Column::ALL.map(|column| lines::occupied(picture, column));
        let mut channels = Channels::default();
        let mut x = MARGIN;
        for (index, column) in Column::ALL.into_iter().enumerate() {
            let width = if occupied[index] { lines::width(column) } else { 0 };
            channels.columns.push((x, x + width));
            let closing = if occupied[index] { closing(column) } else { 0 };
            let opening = Column::ALL.get(index + 1).map_or(0, |next| opening(*next, &occupied));
            channels.backs.push(x + width + ARROW.max(closing + AFTER_LABEL));
            let zone = channels.zone(grid, index, x + width + closing);
            x = zone + opening;
            channels.labels.push(zone - AFTER_LABEL);
        }
        channels.end = x;
        // A column's labels are in the channel before it.
        channels.labels.rotate_right(1);
        channels
    }

    /// Lays the tracks of the channel after a column, from `start` on, and says where its labels end.
    fn zone(&mut self, grid: &Grid, column: usize, start: i32) -> i32 {
        let here = |link: &&Link| grid.items[link.item].column == column;
        let links: Vec<Link> = grid.links.iter().filter(here).copied().collect();
        if links.is_empty() {
            let beside = start > self.columns[column].0 && column + 1 < COLUMNS;
            return start + if beside { BESIDE } else { 0 };
        }
        let back = links.iter().filter_map(|link| match link.end {
            End::Right(item, port) => Some(label_width(&grid.items[item].right[port].label) + ARROW + AFTER_LABEL),
            End::Left(..) => None,
        });
        let first = start + back.max().unwrap_or_default() + BESIDE;
        let (starts, trunks) = trunks(grid, &links);
        let (tracks, count) = tracks(&trunks);
        for (start, track) in starts.into_iter().zip(tracks) {
            self.turns.insert(start, first + track as i32 * TRACK);
        }
        let label = links.iter().filter_map(|link| match link.end {
            End::Left(item, port) => Some(label_width(&grid.items[item].left[port].label)),
            End::Right(..) => None,
        });
        let label = label.max().filter(|width| *width > 0).map_or(0, |width| width + 2 * AFTER_LABEL);
        first + (count as i32 - 1).max(0) * TRACK + BESIDE / 2 + label
    }
}

/// From the tiles of a column to the last frame that ends there.
fn closing(column: Column) -> i32 {
    match column {
        Column::Edge | Column::Compute => FRAME_PAD,
        Column::Internet | Column::Front | Column::Store => 0,
    }
}

/// From the first frame that begins before a column to its tiles, with room for an arrow.
fn opening(column: Column, occupied: &[bool; COLUMNS]) -> i32 {
    let is = |column: Column| occupied[column as usize];
    match column {
        Column::Internet => 0,
        // Account and edge.
        Column::Edge if is(column) => 2 * FRAME_PAD,
        Column::Edge => FRAME_PAD,
        // Region and VPC.
        Column::Front => 2 * FRAME_PAD,
        Column::Compute if is(column) => FRAME_PAD + 2,
        Column::Store if is(column) && (is(Column::Front) || is(Column::Compute)) => ARROW,
        Column::Compute | Column::Store => 0,
    }
}

/// The lines of a channel by the ports that they leave.
fn trunks(grid: &Grid, links: &[Link]) -> (Vec<(usize, usize)>, Vec<Trunk>) {
    let mut all: BTreeMap<(usize, usize), (Vec<i32>, Vec<i32>)> = BTreeMap::new();
    for link in links {
        let start = || (vec![grid.height_of(End::Right(link.item, link.port))], Vec::new());
        let (lefts, rights) = all.entry((link.item, link.port)).or_insert_with(start);
        match link.end {
            End::Left(..) => rights.push(grid.height_of(link.end)),
            End::Right(..) => lefts.push(grid.height_of(link.end)),
        }
    }
    all.into_iter().map(|(start, (lefts, rights))| (start, Trunk::new(lefts, rights))).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use crate::graph::compose::picture;
    use crate::graph::samples;

    fn channels(world: &World) -> Channels {
        let picture = picture(world);
        Channels::of(&picture, &Grid::of(&picture))
    }

    #[test]
    fn columns_follow_one_another_and_an_empty_one_takes_no_room() {
        let mut world = samples::web();
        let all = channels(&world).columns;
        assert!(all.windows(2).all(|pair| pair[0].1 < pair[1].0), "{all:?}");
        world.objects.retain(|object| object.key.kind == "DataTier");
        let columns = channels(&world).columns;
        assert!(columns[..4].iter().all(|(left, right)| left == right), "{columns:?}");
        assert!(columns[4].0 < all[1].0);
    }

    #[test]
    fn a_channel_is_wide_enough_for_its_longest_label() {
        let mut world = samples::web();
        let before = channels(&world).columns;
        for object in world.objects.iter_mut().filter(|object| object.key.kind == "DataTier") {
            object.status.outputs.insert("port".into(), "54321 on many hosts".into());
        }
        let after = channels(&world).columns;
        assert_eq!(before[3], after[3]);
        assert!(after[4].0 > before[4].0);
    }
}
