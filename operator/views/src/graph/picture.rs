//! What a picture of the architecture shows, before anything is placed: frames, tiles in them, edges between tiles.
//! Every form of picture is drawn from this.

use serde::Serialize;
use terrace_tiers::ObjectKey;

use super::kinds::Icon;
use super::state::Standing;

/// Frames, tiles in them, and edges between tiles: what `-o json` prints. Fields may be added to it; none is renamed or
/// taken away.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Picture {
    /// Whoever is within another comes after it.
    pub frames: Vec<Frame>,
    pub tiles: Vec<Tile>,
    pub edges: Vec<Edge>,
}

/// The boundary of a network, a region or an account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Frame {
    pub kind: FrameKind,
    pub title: String,
    /// The index of the frame that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<usize>,
    /// How the Environment stands, for its own frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
}

/// What a frame is the boundary of, from the outermost to the innermost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum FrameKind {
    /// An Environment, and so an AWS account; or what has none yet.
    Environment,
    /// What AWS runs at its edge, in no region: Route 53, CloudFront, AWS WAF.
    Edge,
    Region,
    Vpc,
    /// The EKS cluster.
    Cluster,
}

/// The columns of a picture, in the order in which a request passes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Column {
    Internet,
    Edge,
    /// Load balancers.
    Front,
    Compute,
    /// What keeps data.
    Store,
}

impl Column {
    /// All of them, in order.
    pub const ALL: [Column; 5] = [Column::Internet, Column::Edge, Column::Front, Column::Compute, Column::Store];
}

/// One box: an object, or the part of it that requests pass first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tile {
    /// The object; none for the internet.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub key: Option<ObjectKey>,
    pub icon: Icon,
    pub column: Column,
    /// The index of the frame that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<usize>,
    /// The AWS resources that matter in it, as people call them.
    pub parts: Vec<String>,
    /// None for what no controller looks after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// An object refers to it, and it is not there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
}

/// What flows from one tile to another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Edge {
    /// The index of the tile that asks.
    pub from: usize,
    /// The index of the tile that answers.
    pub to: usize,
    /// What flows, and below it how: at most two lines.
    pub label: Vec<String>,
    /// The target lists the user in its status: until then nothing flows.
    pub admitted: bool,
}

impl Tile {
    /// What people call it, as `DataTier shop/orders`.
    pub fn title(&self) -> String {
        self.key.as_ref().map_or_else(|| "Internet".to_owned(), ObjectKey::title)
    }
}

impl Edge {
    /// The label in one line.
    pub fn text(&self) -> String {
        self.label.join(", ")
    }
}

impl Picture {
    /// The frames that are in no other.
    pub fn sections(&self) -> impl Iterator<Item = usize> {
        (0..self.frames.len()).filter(|frame| self.frames[*frame].within.is_none())
    }

    /// The frame that a frame or a tile of `frame` is in, whatever else it is in: an Environment's.
    pub fn outermost(&self, frame: Option<usize>) -> Option<usize> {
        let mut at = frame?;
        while let Some(outer) = self.frames.get(at)?.within {
            at = outer;
        }
        Some(at)
    }
}

fn as_text<S: serde::Serializer>(key: &Option<ObjectKey>, serializer: S) -> Result<S::Ok, S::Error> {
    key.as_ref().map(ObjectKey::to_string).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_knows_the_environment_that_it_is_in() {
        let frame = |kind, within| Frame { kind, title: String::new(), within, standing: None };
        let frames = vec![
            frame(FrameKind::Environment, None),
            frame(FrameKind::Environment, None),
            frame(FrameKind::Region, Some(1)),
            frame(FrameKind::Vpc, Some(2)),
        ];
        let picture = Picture { frames, ..Picture::default() };
        assert_eq!(picture.outermost(Some(3)), Some(1));
        assert_eq!(picture.outermost(Some(0)), Some(0));
        assert_eq!((picture.outermost(None), picture.outermost(Some(9))), (None, None));
    }

    #[test]
    fn what_flows_is_said_in_one_line_too() {
        let label = vec!["PostgreSQL 5432".to_owned(), "ReadWrite".to_owned()];
        assert_eq!(Edge { from: 0, to: 1, label, admitted: true }.text(), "PostgreSQL 5432, ReadWrite");
    }
}
