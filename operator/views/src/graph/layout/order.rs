//! The order of items within their columns, so that few edges cross: each goes to the median of those it is linked with
//! (Sugiyama, Tagawa, Toda 1981; the median is that of Eades and Wormald 1994).

use std::collections::{BTreeMap, BTreeSet};

use super::grid::{Band, End, Grid, What};
use crate::graph::picture::Column;

/// How often the columns are gone through, there and back.
const SWEEPS: usize = 6;
/// The column of pods.
const CLUSTER: usize = Column::Compute as usize;
/// A column is this high, however many items it has.
const SPAN: i64 = 1 << 20;

/// The items of each section, column and band, from top to bottom.
pub type Cells = BTreeMap<(Option<usize>, usize, Band), Vec<usize>>;

/// Puts the items in order. Where it makes no difference, they stay in the order of the picture.
pub fn order(grid: &Grid) -> Cells {
    let mut cells = Cells::new();
    for (index, item) in grid.items.iter().enumerate() {
        cells.entry((item.section, item.column, item.band)).or_default().push(index);
    }
    let neighbours = Neighbours::of(grid);
    let mut best = (neighbours.crossings(&cells), cells.clone());
    for _ in 0..SWEEPS {
        let there = 0..Column::ALL.len();
        for (column, side) in
            there.clone().map(|column| (column, Side::Left)).chain(there.rev().map(|c| (c, Side::Right)))
        {
            neighbours.sort(&mut cells, column, side);
        }
        let crossings = neighbours.crossings(&cells);
        if crossings < best.0 {
            best = (crossings, cells.clone());
        }
    }
    best.1
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// A section, and in it the way from a column to the next.
type Channel = (Option<usize>, usize);

/// Which items are linked with which, from column to column.
struct Neighbours {
    left: Vec<Vec<usize>>,
    right: Vec<Vec<usize>>,
    /// By where they begin.
    links: BTreeMap<Channel, Vec<(usize, usize)>>,
    lanes: BTreeSet<usize>,
}

impl Neighbours {
    fn of(grid: &Grid) -> Self {
        let none = vec![Vec::new(); grid.items.len()];
        let is_lane = |item: &usize| grid.items[*item].what == What::Lane;
        let lanes = (0..grid.items.len()).filter(is_lane).collect();
        let mut neighbours = Neighbours { left: none.clone(), right: none, links: BTreeMap::new(), lanes };
        for link in &grid.links {
            let End::Left(to, _) = link.end else { continue };
            neighbours.right[link.item].push(to);
            neighbours.left[to].push(link.item);
            let from = &grid.items[link.item];
            neighbours.links.entry((from.section, from.column)).or_default().push((link.item, to));
        }
        neighbours
    }

    /// Sorts one column by what its items are linked with on one side; what is linked with nothing stays.
    fn sort(&self, cells: &mut Cells, column: usize, side: Side) {
        let places = self.places(cells);
        let wish = |item: &usize| {
            let all = match side {
                Side::Left => &self.left[*item],
                Side::Right => &self.right[*item],
            };
            let mut all: Vec<i64> = all.iter().map(|other| places[*other]).collect();
            all.sort_unstable();
            if all.is_empty() { places[*item] } else { all[(all.len() - 1) / 2] }
        };
        for (_, cell) in cells.iter_mut().filter(|((_, of, _), _)| *of == column) {
            // A way past the pods goes past their cluster.
            cell.sort_by_cached_key(|item| (column == CLUSTER && self.lanes.contains(item), wish(item)));
        }
    }

    /// How many pairs of links cross that begin in one section and column.
    fn crossings(&self, cells: &Cells) -> usize {
        let places = self.places(cells);
        let crossings = |links: &Vec<(usize, usize)>| {
            let mut ends: Vec<(i64, i64)> = links.iter().map(|(from, to)| (places[*from], places[*to])).collect();
            // Those that begin together do not cross: they end in order.
            ends.sort_unstable();
            inversions(&mut ends.into_iter().map(|(_, to)| to).collect::<Vec<_>>())
        };
        self.links.values().map(crossings).sum()
    }

    /// How far down its section each item is; sections lie one below the other.
    fn places(&self, cells: &Cells) -> Vec<i64> {
        let mut totals: BTreeMap<Channel, i64> = BTreeMap::new();
        for ((section, column, _), cell) in cells {
            *totals.entry((*section, *column)).or_default() += cell.len() as i64;
        }
        let mut above: BTreeMap<Channel, i64> = BTreeMap::new();
        let mut places = vec![0; self.left.len()];
        for ((section, column, _), cell) in cells {
            let (total, above) = (totals[&(*section, *column)], above.entry((*section, *column)).or_default());
            let start = section.map_or(0, |section| section as i64 + 1) * 2 * SPAN;
            for item in cell {
                places[*item] = start + (2 * *above + 1) * SPAN / (2 * total);
                *above += 1;
            }
        }
        places
    }
}

/// How many pairs of numbers are in the wrong order. Puts them in the right one, half by half (merge sort): the pairs
/// themselves would be too many.
fn inversions(numbers: &mut Vec<i64>) -> usize {
    if numbers.len() < 2 {
        return 0;
    }
    let mut right = numbers.split_off(numbers.len() / 2);
    let mut count = inversions(numbers) + inversions(&mut right);
    let left = std::mem::take(numbers);
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(one), Some(other)) = (left.peek(), right.peek()) {
        let next = if one <= other { left.next() } else { right.next().inspect(|_| count += left.len()) };
        numbers.extend(next);
    }
    numbers.extend(left.chain(right));
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::compose::picture;
    use crate::graph::picture::{Column, Edge, FrameKind, Picture, Tile};
    use crate::graph::samples;

    /// Apps and databases in one frame; each app uses the database of this number.
    fn apps(uses: &[usize]) -> Picture {
        let mut picture = picture(&samples::web());
        let tile = |column, frame: usize| Tile { column, frame: Some(frame), ..picture.tiles[0].clone() };
        let cluster = picture.frames.iter().position(|frame| frame.kind == FrameKind::Cluster).expect("a cluster");
        let apps = uses.iter().map(|_| tile(Column::Compute, cluster));
        let databases = uses.iter().map(|_| tile(Column::Store, cluster));
        let tiles = apps.chain(databases).collect();
        let edge = |(from, to): (usize, &usize)| Edge { from, to: uses.len() + to, label: Vec::new(), admitted: true };
        picture.edges = uses.iter().enumerate().map(edge).collect();
        Picture { tiles, ..picture }
    }

    fn crossings(picture: &Picture) -> usize {
        let grid = Grid::of(picture);
        Neighbours::of(&grid).crossings(&order(&grid))
    }

    #[test]
    fn edges_that_need_not_cross_do_not() {
        assert_eq!(crossings(&apps(&[0, 1, 2, 3])), 0);
        assert_eq!(crossings(&apps(&[3, 2, 1, 0])), 0);
        assert_eq!(crossings(&apps(&[2, 0, 3, 1, 0, 2])), 0);
        assert_eq!(crossings(&picture(&samples::web())), 0);
    }

    #[test]
    fn pairs_in_the_wrong_order_are_counted_as_if_each_was_looked_at() {
        for numbers in [&[][..], &[1], &[2, 1], &[1, 1, 1], &[3, 1, 2, 1, 3, 0], &[5, 4, 3, 2, 1, 0, -1]] {
            let wrong = |(at, one)| numbers[at + 1..].iter().filter(|other| one > *other).count();
            let (mut sorted, each) = (numbers.to_vec(), numbers.iter().enumerate().map(wrong).sum::<usize>());
            assert_eq!((inversions(&mut sorted), sorted.is_sorted()), (each, true), "{numbers:?}");
        }
    }

    #[test]
    fn what_is_in_no_need_of_another_order_keeps_its_own() {
        let grid = Grid::of(&apps(&[0, 1, 2]));
        assert!(order(&grid).values().all(|cell| cell.is_sorted()));
    }

    #[test]
    fn every_item_has_one_place() {
        let grid = Grid::of(&picture(&samples::forty()));
        let mut all: Vec<usize> = order(&grid).into_values().flatten().collect();
        all.sort_unstable();
        assert_eq!(all, (0..grid.items.len()).collect::<Vec<_>>());
    }
}
