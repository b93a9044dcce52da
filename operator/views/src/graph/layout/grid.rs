//! The picture as columns of items: tiles, lanes for edges that pass a column by, and links from column to column.

use std::collections::BTreeMap;

use super::lines::{self, Lines};
use crate::graph::picture::{Column, FrameKind, Picture};

/// The height of a lane.
const LANE: i32 = 12;
/// The height that a port takes of a tile, with its label.
pub const PORT: i32 = 38;
/// From the middle of a tile's right side to the ports below it.
const BELOW: i32 = 16;

/// Which part of a section an item is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// In the VPC, or in what stands in its place.
    Inner,
    /// Below it.
    Outer,
}

/// What takes up room in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Tile(usize),
    /// A way past the column.
    Lane,
}

/// Where links end on an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Port {
    /// From the top of its item.
    pub offset: i32,
    pub label: Vec<String>,
}

/// Something in a column.
#[derive(Clone, Debug)]
pub struct Item {
    pub what: What,
    pub column: usize,
    /// The outermost frame that it is in.
    pub section: Option<usize>,
    pub band: Band,
    pub top: i32,
    pub height: i32,
    pub left: Vec<Port>,
    /// The first of them, in the middle, is where links leave.
    pub right: Vec<Port>,
}

/// A side of an item, and which of its ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    Left(usize, usize),
    Right(usize, usize),
}

/// A piece of an edge, in the channel to the right of the item where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    pub item: usize,
    /// Of its ports on the right side.
    pub port: usize,
    pub end: End,
}

/// The way of an edge.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// From left to right.
    pub links: Vec<Link>,
    /// The edge goes from right to left.
    pub reversed: bool,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    pub items: Vec<Item>,
    /// One for each edge.
    pub ways: Vec<Way>,
    /// Every link, once.
    pub links: Vec<Link>,
    lanes: BTreeMap<(usize, bool, usize, Option<usize>, Band), usize>,
}

impl Grid {
    /// The columns of a picture, in its own order.
    pub fn of(picture: &Picture) -> Self {
        let mut grid = Grid::default();
        for (index, tile) in picture.tiles.iter().enumerate() {
            let kind = tile.frame.and_then(|frame| picture.frames.get(frame)).map(|frame| frame.kind);
            grid.items.push(Item {
                what: What::Tile(index),
                column: tile.column as usize,
                section: picture.outermost(tile.frame),
                band: if kind == Some(FrameKind::Region) { Band::Outer } else { Band::Inner },
                top: 0,
                height: Lines::of(tile).height(),
                left: Vec::new(),
                right: vec![Port::default()],
            });
        }
        grid.level(picture);
        for edge in &picture.edges {
            let way = grid.way(edge.from, edge.to, lines::label(&edge.label));
            grid.ways.push(way);
        }
        for item in &mut grid.items {
            item.settle();
        }
        grid.links = grid.ways.iter().flat_map(|way| way.links.iter().copied()).collect();
        grid.links.sort_unstable();
        grid.links.dedup();
        grid
    }

    /// How far down the port is where a link ends.
    pub fn height_of(&self, end: End) -> i32 {
        let (item, port) = match end {
            End::Left(item, port) => (&self.items[item], &self.items[item].left[port]),
            End::Right(item, port) => (&self.items[item], &self.items[item].right[port]),
        };
        item.top + port.offset
    }

    /// The tiles of one object are equally high, so that rows of them are level.
    fn level(&mut self, picture: &Picture) {
        let mut heights = BTreeMap::new();
        for (tile, item) in picture.tiles.iter().zip(&self.items) {
            let height = heights.entry(&tile.key).or_insert(0);
            *height = item.height.max(*height);
        }
        for (tile, item) in picture.tiles.iter().zip(&mut self.items) {
            item.height = heights[&tile.key];
        }
    }

    fn way(&mut self, from: usize, to: usize, label: Vec<String>) -> Way {
        let (a, b) = (self.items[from].column, self.items[to].column);
        if a == b {
            let end = End::Right(to, self.items[to].right_port(label));
            return Way { links: vec![Link { item: from, port: 0, end }], reversed: false };
        }
        let reversed = a > b;
        let (left, right) = if reversed { (to, from) } else { (from, to) };
        let mut port = if reversed { self.items[left].right_port(Vec::new()) } else { 0 };
        let mut item = left;
        let mut links = Vec::new();
        for column in self.items[left].column + 1..self.items[right].column {
            let lane = self.lane(left, reversed, column, right);
            links.push(Link { item, port, end: End::Left(lane, 0) });
            (item, port) = (lane, 0);
        }
        let end = End::Left(right, self.items[right].left_port(label));
        links.push(Link { item, port, end });
        Way { links, reversed }
    }

    /// The lane past a column that all edges between `left` and the band of `right` share.
    fn lane(&mut self, left: usize, reversed: bool, column: usize, right: usize) -> usize {
        let section = self.items[right].section;
        // What AWS runs at its edge has nothing beside it but lanes.
        let outer = column == Column::Edge as usize;
        let band = if outer { Band::Outer } else { self.items[right].band };
        let next = self.items.len();
        let lane = *self.lanes.entry((left, reversed, column, section, band)).or_insert(next);
        if lane == next {
            let port = || vec![Port { offset: LANE / 2, label: Vec::new() }];
            let what = What::Lane;
            let (left, right) = (port(), port());
            self.items.push(Item { what, column, section, band, top: 0, height: LANE, left, right });
        }
        lane
    }
}

impl Item {
    /// The port on the left side with this label.
    fn left_port(&mut self, label: Vec<String>) -> usize {
        port(&mut self.left, 0, label)
    }

    /// The port on the right side, below that where links leave, with this label.
    fn right_port(&mut self, label: Vec<String>) -> usize {
        port(&mut self.right, 1, label)
    }

    /// Gives the tile the height that its ports need, and the ports their places.
    fn settle(&mut self) {
        if self.what == What::Lane {
            return;
        }
        let (left, below) = (self.left.len() as i32, self.right.len() as i32 - 1);
        self.height = self.height.max(left * PORT).max(if below > 0 { 2 * (BELOW + below * PORT) } else { 0 });
        let middle = self.height / 2;
        for (index, port) in (0..).zip(&mut self.left) {
            port.offset = middle - left * PORT / 2 + index * PORT + PORT / 2;
        }
        for (index, port) in (0..).zip(&mut self.right) {
            port.offset = if index == 0 { middle } else { middle + BELOW + (index - 1) * PORT };
        }
    }

    /// Where it ends.
    pub fn bottom(&self) -> i32 {
        self.top + self.height
    }
}

fn port(ports: &mut Vec<Port>, first: usize, label: Vec<String>) -> usize {
    let found = ports.iter().skip(first).position(|port| port.label == label);
    found.map(|found| found + first).unwrap_or_else(|| {
        ports.push(Port { offset: 0, label });
        ports.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::compose::picture;
    use crate::graph::picture::Edge;
    use crate::graph::samples;

    fn index(picture: &Picture, title: &str) -> usize {
        picture.tiles.iter().rposition(|tile| tile.title() == title).expect("the tile")
    }

    #[test]
    fn an_edge_past_a_column_has_a_lane_there_which_others_to_the_same_place_share() {
        let picture = picture(&samples::web());
        let grid = Grid::of(&picture);
        let lanes: Vec<_> = grid.items.iter().filter(|item| item.what == What::Lane).collect();
        // From CloudFront past load balancers and pods to the bucket.
        assert_eq!(lanes.iter().map(|lane| lane.column).collect::<Vec<_>>(), [2, 3]);
        assert!(lanes.iter().all(|lane| lane.band == Band::Outer));
        let again = Picture { edges: picture.edges.iter().chain(&picture.edges).cloned().collect(), ..picture.clone() };
        assert_eq!(Grid::of(&again).items.len(), grid.items.len());
        assert_eq!(Grid::of(&again).links, grid.links);
    }

    #[test]
    fn equal_labels_share_a_port_and_a_tile_grows_with_its_ports() {
        let mut picture = picture(&samples::web());
        let (app, database) = (index(&picture, "WebApp shop/shop"), index(&picture, "DataTier shop/orders"));
        let before = Grid::of(&picture).items[database].height;
        for number in 0..5 {
            picture.edges.push(Edge { from: app, to: database, label: vec![number.to_string()], admitted: true });
        }
        let grid = Grid::of(&picture);
        let item = &grid.items[database];
        assert_eq!((item.left.len(), item.height > before), (6, true));
        let offsets: Vec<_> = item.left.iter().map(|port| port.offset).collect();
        assert!(offsets.windows(2).all(|pair| pair[1] - pair[0] == PORT), "{offsets:?}");
        assert!(offsets[0] >= PORT / 2 && offsets[5] + PORT / 2 <= item.height);
    }

    #[test]
    fn an_edge_within_a_column_or_back_is_a_way_too() {
        let mut picture = picture(&samples::web());
        let (edge, database) = (index(&picture, "EdgeTier shop/shop"), index(&picture, "DataTier shop/orders"));
        picture.edges = vec![
            Edge { from: database, to: database, label: vec!["again".into()], admitted: true },
            Edge { from: database, to: edge, label: vec!["back".into()], admitted: true },
        ];
        let grid = Grid::of(&picture);
        assert_eq!(grid.ways[0].links, [Link { item: database, port: 0, end: End::Right(database, 1) }]);
        assert!(grid.ways[1].reversed && grid.ways[1].links.len() == 3);
        assert_eq!(grid.ways[1].links[0].item, edge);
        let lower = grid.height_of(End::Right(database, 1));
        assert!(lower > grid.height_of(End::Right(database, 0)) && lower < grid.items[database].bottom());
    }
}
