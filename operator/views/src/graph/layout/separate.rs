//! Moves the ports of tiles a little, where a line passes that does not lead to them, so that it does not seem to.

use std::collections::{BTreeMap, BTreeSet};

use super::grid::{End, Grid, Item, Link, PORT, What};

/// By how much ports are moved: there is so much room between the outermost and the tile's round corner.
const STEP: i32 = 11;
/// How near a line may come to the level of a port that it does not lead to.
const NEAR: i32 = 10;

/// Moves the ports of those that need it.
pub fn separate(grid: &mut Grid) {
    let starts = Starts::of(grid);
    let mut items: Vec<usize> = (0..grid.items.len()).collect();
    items.sort_by_key(|item| grid.items[*item].column);
    for item in items {
        if starts.clashes(grid, item) == 0 {
            continue;
        }
        let before = grid.items[item].clone();
        let moved = before.leeway().map(|by| {
            grid.items[item] = before.moved(by);
            (starts.clashes(grid, item), by.abs(), by)
        });
        let (_, _, best) = moved.min().unwrap_or_default();
        grid.items[item] = before.moved(best);
    }
}

/// A port on the right side of an item: where lines begin.
type Start = (usize, usize);

/// Where lines begin, by how far down that is, which no port on the left side changes; and where they lead.
struct Starts {
    /// By column and height.
    by_height: BTreeMap<(usize, i32), BTreeSet<Start>>,
    by_end: BTreeMap<End, BTreeSet<Start>>,
    ends: BTreeMap<Start, BTreeSet<End>>,
}

impl Starts {
    fn of(grid: &Grid) -> Self {
        let mut starts = Starts { by_height: BTreeMap::new(), by_end: BTreeMap::new(), ends: BTreeMap::new() };
        for Link { item, port, end } in grid.links.iter().copied() {
            let (start, place) = ((item, port), (grid.items[item].column, grid.height_of(End::Right(item, port))));
            starts.by_height.entry(place).or_default().insert(start);
            starts.by_end.entry(end).or_default().insert(start);
            starts.ends.entry(start).or_default().insert(end);
        }
        starts
    }

    /// How many lines begin on the level of one of an item's ports, and seem to lead there from elsewhere than they do.
    fn clashes(&self, grid: &Grid, item: usize) -> usize {
        let ports = (0..grid.items[item].left.len()).map(|port| End::Left(item, port));
        let clashes = |port: End| self.level(grid, port).filter(|start| self.clash(grid, *start, port)).count();
        ports.map(clashes).sum()
    }

    /// Those that begin in the column before a port, on its level.
    fn level(&self, grid: &Grid, port: End) -> impl Iterator<Item = Start> {
        let (End::Left(item, _) | End::Right(item, _)) = port;
        let (column, height) = (grid.items[item].column, grid.height_of(port));
        let range = |column: usize| (column, height - NEAR + 1)..(column, height + NEAR);
        let before = column.checked_sub(1).map(|before| self.by_height.range(range(before)));
        before.into_iter().flatten().flat_map(|(_, starts)| starts.iter().copied())
    }

    /// Whether a line that begins on the level of a port must not seem to lead there.
    fn clash(&self, grid: &Grid, start: Start, port: End) -> bool {
        #[cfg(test)]
        crate::count::add("lines beside ports", 1);
        let ends = &self.ends[&start];
        // Who leads there too must turn before this one does, and this one before that one.
        let tangled = |(item, right): &Start| {
            let height = grid.height_of(End::Right(*item, *right));
            ends.iter().any(|end| (height - grid.height_of(*end)).abs() < NEAR)
        };
        let leading = || self.by_end.get(&port).into_iter().flatten();
        !ends.contains(&port) || leading().any(|other| *other != start && tangled(other))
    }
}

impl Item {
    /// How far its ports may be moved, up or down. A lane leads on straight.
    fn leeway(&self) -> impl Iterator<Item = i32> + use<> {
        let room = (self.height - PORT * self.left.len() as i32) / 2;
        let most = if self.what == What::Lane { 0 } else { room.max(STEP) / STEP };
        (-most..=most).map(|steps| steps * STEP)
    }

    fn moved(&self, by: i32) -> Item {
        let mut item = self.clone();
        item.left.iter_mut().for_each(|port| port.offset += by);
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::compose::picture;
    use crate::graph::samples;
    use crate::{Object, World};

    /// Two apps in rows with the two databases that both use in the same way.
    fn crossed() -> World {
        let object = |kind: &str, name: &str| samples::object(kind, "shop", name, &["Ready"]);
        let databases = ["one", "two"].map(|name| object("DataTier", name));
        let uses = || databases.iter().map(|database| samples::used("spec.bindings[db]", database.key.clone()));
        let apps = ["a", "b"].map(|name| Object { uses: uses().collect(), ..object("WebApp", name) });
        World { objects: apps.into_iter().chain(databases.clone()).collect(), ..World::default() }
    }

    #[test]
    fn a_port_is_moved_where_two_lines_would_each_have_to_turn_before_the_other() {
        let picture = picture(&crossed());
        let mut grid = Grid::of(&picture);
        for (index, row) in [(0, 0), (1, 200), (2, 0), (3, 200)] {
            grid.items[index].top = row;
        }
        let starts = Starts::of(&grid);
        let total = |grid: &Grid| (2..4).map(|item| starts.clashes(grid, item)).sum::<usize>();
        assert!(total(&grid) > 0);
        separate(&mut grid);
        assert_eq!(total(&grid), 0);
    }
}
