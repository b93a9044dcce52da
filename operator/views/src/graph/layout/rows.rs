//! How far down each item is: near those it is linked with, in the order of its column, and with room between.

use std::collections::BTreeMap;
use std::ops::Range;

use super::FRAME_PAD;
use super::grid::{Band, End, Grid, Item, What};
use super::order::Cells;
use crate::graph::picture::Column;

/// Between two tiles of a column.
const GAP: i32 = 20;
/// Between a tile and a lane, or two lanes.
const LANE_GAP: i32 = 6;
/// How often the columns are gone through, there and back.
const SWEEPS: usize = 4;

const COLUMNS: usize = Column::ALL.len();
/// The column of what AWS runs at its edge: the networks beside it do not bound it.
const EDGE: usize = Column::Edge as usize;
/// Above all there is.
const NOWHERE: i32 = i32::MIN / 4;

/// Sets `top` of every item of these sections; each section begins wherever that leads.
pub fn rows(grid: &mut Grid, cells: &Cells, sections: impl IntoIterator<Item = usize>) {
    let mut rows = Rows { links: by_item(grid), grid, cells, section: None, floor: None };
    for section in sections {
        (rows.section, rows.floor) = (Some(section), None);
        one(&mut rows);
    }
}

fn one(rows: &mut Rows) {
    for column in 0..COLUMNS {
        rows.place(column, Band::Inner, Wish::None);
    }
    for _ in 0..SWEEPS {
        for column in 0..COLUMNS {
            rows.place(column, Band::Inner, Wish::Mean);
        }
        rows.straighten(Band::Inner, COLUMNS);
    }
    rows.floor = Some(rows.bottom(EDGE + 1..COLUMNS));
    for column in 0..COLUMNS {
        rows.place(column, Band::Outer, Wish::None);
    }
    rows.straighten(Band::Outer, COLUMNS);
    // What lies below the networks draws upon what is at the edge, beside them.
    rows.straighten(Band::Inner, EDGE + 1);
    rows.floor = Some(rows.bottom(EDGE..EDGE + 1));
    rows.place(EDGE, Band::Outer, Wish::Level);
}

/// Where an item would like to be.
#[derive(Clone, Copy, PartialEq)]
enum Wish {
    /// Near the one above it.
    None,
    /// In the middle of what leads to it.
    Mean,
    /// Level with something that it leads to, so that an edge is straight.
    Level,
}

/// For each item, pairs of its own port and the other's, on the left and on the right.
type Ports = BTreeMap<usize, (Vec<(End, End)>, Vec<(End, End)>)>;

struct Rows<'a> {
    grid: &'a mut Grid,
    cells: &'a Cells,
    section: Option<usize>,
    links: Ports,
    /// Nothing of the outer band is above it; before it is known, nothing is level with that band.
    floor: Option<i32>,
}

impl Rows<'_> {
    /// From right to left.
    fn straighten(&mut self, band: Band, columns: usize) {
        for column in (0..columns).rev() {
            self.place(column, band, Wish::Level);
        }
    }

    /// Puts the items of a cell as near as can be to where they would like to be, in order and with room between.
    fn place(&mut self, column: usize, band: Band, wish: Wish) {
        let Some(cell) = self.cells.get(&(self.section, column, band)) else { return };
        let wishes: Vec<Option<i32>> = cell.iter().map(|item| self.wish(*item, wish)).collect();
        let items: Vec<&Item> = cell.iter().map(|item| &self.grid.items[*item]).collect();
        let rooms: Vec<i32> = items.windows(2).map(|pair| pair[0].height + gap(pair[0], pair[1])).collect();
        let floor = self.floor.filter(|_| band == Band::Outer);
        let tops = spread(&filled(&wishes, &rooms, floor.unwrap_or_default()), &rooms, floor);
        for (item, top) in cell.iter().zip(tops) {
            self.grid.items[*item].top = top;
        }
    }

    /// Where an item would like its top to be, if it is linked with anything.
    fn wish(&self, item: usize, wish: Wish) -> Option<i32> {
        let top = self.grid.items[item].top;
        let (left, right) = self.links.get(&item).filter(|_| wish != Wish::None)?;
        let links = if wish == Wish::Mean { left } else { right };
        let known = |(_, end): &&(End, End)| {
            let (End::Left(other, _) | End::Right(other, _)) = *end;
            let other = &self.grid.items[other];
            other.section == self.section && (self.floor.is_some() || other.band == Band::Inner)
        };
        let level = |(own, other): &(End, End)| top + self.grid.height_of(*other) - self.grid.height_of(*own);
        let mut levels: Vec<i32> = links.iter().filter(known).map(level).collect();
        levels.sort_unstable();
        Some(match levels.len() {
            0 => top,
            count if wish == Wish::Mean => levels.iter().sum::<i32>() / count as i32,
            count => levels[(count - 1) / 2],
        })
    }

    /// Below the inner items of these columns, and the frames around them. None if there are none.
    fn bottom(&self, columns: Range<usize>) -> i32 {
        let items = columns.filter_map(|column| self.cells.get(&(self.section, column, Band::Inner))).flatten();
        let cluster = |item: &Item| if item.column == Column::Compute as usize { FRAME_PAD } else { 0 };
        let bottoms = items.map(|item| &self.grid.items[*item]).map(|item| item.bottom() + cluster(item));
        bottoms.max().map_or(NOWHERE, |bottom| bottom + FRAME_PAD + GAP)
    }
}

fn gap(above: &Item, below: &Item) -> i32 {
    match (above.what, below.what) {
        (What::Tile(_), What::Tile(_)) => GAP,
        // Below the frame of the cluster.
        (What::Tile(_), What::Lane) if above.column == Column::Compute as usize => FRAME_PAD + LANE_GAP,
        _ => LANE_GAP,
    }
}

fn by_item(grid: &Grid) -> Ports {
    let mut ports = Ports::new();
    for link in &grid.links {
        let End::Left(to, _) = link.end else { continue };
        let start = End::Right(link.item, link.port);
        ports.entry(link.item).or_default().1.push((start, link.end));
        ports.entry(to).or_default().0.push((link.end, start));
    }
    ports
}

/// The wishes, of those that have none near those that have; where nobody has any, from `first` on.
fn filled(wishes: &[Option<i32>], rooms: &[i32], first: i32) -> Vec<i32> {
    let known = wishes.iter().position(Option::is_some);
    let above: i32 = known.map_or(0, |known| rooms[..known].iter().sum());
    let mut next = known.and_then(|known| wishes[known]).map_or(first, |wish| wish - above);
    let mut filled = Vec::new();
    for (index, wish) in wishes.iter().enumerate() {
        let here = wish.unwrap_or(next);
        filled.push(here);
        next = here + rooms.get(index).copied().unwrap_or_default();
    }
    filled
}

/// Places as near as can be to the wishes, each at least its room below the one before it and none above the floor:
/// those that come too near are put together and share the mean of their wishes (pool adjacent violators).
fn spread(wishes: &[i32], rooms: &[i32], floor: Option<i32>) -> Vec<i32> {
    // Less the rooms above it, each has only to be no higher than the one before it.
    let mut room = 0;
    let mut offsets = vec![0];
    offsets.extend(rooms.iter().map(|next| {
        room += i64::from(*next);
        room
    }));
    let floor = i64::from(floor.unwrap_or(NOWHERE));
    let mut pools: Vec<(i64, i64)> = Vec::new();
    for (wish, offset) in wishes.iter().zip(&offsets) {
        pools.push(((i64::from(*wish) - offset).max(floor), 1));
        while let [.., (sum, count), (next, many)] = pools[..] {
            if sum * many <= next * count {
                break;
            }
            pools.truncate(pools.len() - 2);
            pools.push((sum + next, count + many));
        }
    }
    let levels = pools.iter().flat_map(|(sum, count)| std::iter::repeat_n(sum.div_euclid(*count), *count as usize));
    levels.zip(offsets).map(|(level, offset)| (level + offset) as i32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::compose::picture;
    use crate::graph::layout::order::order;
    use crate::graph::picture::Picture;
    use crate::graph::samples;

    #[test]
    fn items_come_as_near_to_their_wishes_as_the_others_let_them() {
        assert_eq!(spread(&[0, 100, 200], &[50, 50], None), [0, 100, 200]);
        assert_eq!(spread(&[100, 100], &[50], None), [75, 125]);
        assert_eq!(spread(&[0, 10, 500], &[50, 50], None), [-20, 30, 500]);
        assert_eq!(spread(&[0, 10, 500], &[50, 50], Some(40)), [40, 90, 500]);
        assert_eq!(spread(&[], &[], None), [0; 0]);
        assert_eq!(spread(&[7], &[], Some(9)), [9]);
    }

    #[test]
    fn who_wishes_for_nothing_stays_near_the_others() {
        assert_eq!(filled(&[None, Some(100), None, Some(300)], &[30, 40, 50], 7), [70, 100, 140, 300]);
        assert_eq!(filled(&[None, None], &[30], 7), [7, 37]);
        assert_eq!(filled(&[], &[], 7), [0; 0]);
    }

    fn placed(picture: &Picture) -> Grid {
        let mut grid = Grid::of(picture);
        let cells = order(&grid);
        rows(&mut grid, &cells, 0..picture.frames.len());
        grid
    }

    #[test]
    fn the_way_of_a_request_is_straight() {
        let picture = picture(&samples::web());
        let grid = placed(&picture);
        let straight = |index: usize| {
            let link = grid.ways[index].links[0];
            grid.height_of(link.end) == grid.height_of(End::Right(link.item, link.port))
        };
        let through = picture.edges.iter().enumerate().filter(|(_, edge)| {
            let to = &picture.tiles[edge.to];
            to.column == Column::Compute || (to.column == Column::Front && picture.tiles[edge.from].key.is_some())
        });
        assert!(through.map(|(index, _)| index).all(straight));
    }

    #[test]
    fn nothing_of_a_column_comes_near_another_and_what_is_outside_is_below() {
        let grid = placed(&picture(&samples::forty()));
        for (index, one) in grid.items.iter().enumerate() {
            for other in grid.items[index + 1..].iter().filter(|other| other.column == one.column) {
                if other.section == one.section {
                    let apart = one.bottom() + LANE_GAP <= other.top || other.bottom() + LANE_GAP <= one.top;
                    assert!(apart, "{one:?} {other:?}");
                }
            }
        }
        for outer in grid.items.iter().filter(|item| item.band == Band::Outer && item.column > EDGE) {
            let inner = |item: &&Item| item.band == Band::Inner && item.column > EDGE && item.section == outer.section;
            assert!(grid.items.iter().filter(inner).all(|item| item.bottom() < outer.top));
        }
    }
}
