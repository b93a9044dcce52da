//! The colours of a picture, light and dark. A renderer that knows no style sheets, or no custom properties, draws the
//! light ones, which stand in every element too.

use std::fmt::Write as _;

use crate::graph::picture::FrameKind;
use crate::graph::state::State;

/// The class of the whole picture: within it alone the style holds.
pub const ROOT: &str = "terrace-graph";

/// A colour by its name in the style sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    pub name: &'static str,
    pub light: &'static str,
    pub dark: &'static str,
}

const fn paint(name: &'static str, light: &'static str, dark: &'static str) -> Paint {
    Paint { name, light, dark }
}

/// Behind everything.
pub const PAGE: Paint = paint("page", "#ffffff", "#0d1117");
/// Within a tile.
pub const TILE: Paint = paint("tile", "#ffffff", "#161b22");
/// Around a tile.
pub const RIM: Paint = paint("rim", "#c4ccd4", "#3d444d");
/// What is to be read first.
pub const INK: Paint = paint("ink", "#1f2328", "#f0f6fc");
/// What is to be read next.
pub const DIM: Paint = paint("dim", "#59636e", "#9198a1");
/// Edges.
pub const LINE: Paint = paint("line", "#6e7781", "#848d97");
/// Signs on the colour of a state.
pub const SIGN: Paint = paint("sign", "#ffffff", "#0d1117");

const ACCOUNT: Paint = paint("account", "#818b98", "#656c76");
const EDGE: Paint = paint("edge", "#6639ba", "#a371f7");
const REGION: Paint = paint("region", "#0f7b7b", "#39c5cf");
const VPC: Paint = paint("vpc", "#6639ba", "#a371f7");
const CLUSTER: Paint = paint("cluster", "#b35900", "#e3892b");

const ALL: &[Paint] = &[PAGE, TILE, RIM, INK, DIM, LINE, SIGN, ACCOUNT, EDGE, REGION, VPC, CLUSTER];

/// The colour of a frame.
pub fn of_frame(kind: FrameKind) -> Paint {
    match kind {
        FrameKind::Environment => ACCOUNT,
        FrameKind::Edge => EDGE,
        FrameKind::Region => REGION,
        FrameKind::Vpc => VPC,
        FrameKind::Cluster => CLUSTER,
    }
}

/// The colour of a state: never the only sign of it.
pub fn of_state(state: State) -> Paint {
    match state {
        State::Ready => paint("ready", "#1a7f37", "#3fb950"),
        State::Reconciling => paint("reconciling", "#0969da", "#58a6ff"),
        State::Stalled => paint("stalled", "#cf222e", "#ff7b72"),
        State::Degraded => paint("degraded", "#bc4c00", "#f0883e"),
        State::Drifted => paint("drifted", "#8250df", "#bc8cff"),
        State::Deleting => paint("deleting", "#bf3989", "#f778ba"),
        State::Paused => paint("paused", "#7d6300", "#d4a72c"),
        State::Unknown => paint("unknown", "#59636e", "#9198a1"),
    }
}

/// The style sheet: `fill-NAME` and `stroke-NAME` are classes for each colour.
pub fn sheet() -> String {
    let all: Vec<Paint> = ALL.iter().copied().chain(State::ALL.map(of_state)).collect();
    let properties = |colour: fn(&Paint) -> &'static str| {
        all.iter().fold(String::new(), |mut text, paint| {
            let _ = write!(text, "--{}:{};", paint.name, colour(paint));
            text
        })
    };
    let (light, dark) = (properties(|paint| paint.light), properties(|paint| paint.dark));
    let mut sheet = format!(
        ".{ROOT}{{color-scheme:light dark;{light}}}\n@media (prefers-color-scheme:dark){{.{ROOT}{{{dark}}}}}\n"
    );
    for Paint { name, .. } in &all {
        let _ = write!(sheet, ".{ROOT} .fill-{name}{{fill:var(--{name})}}");
        let _ = writeln!(sheet, ".{ROOT} .stroke-{name}{{stroke:var(--{name})}}");
    }
    sheet
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The relative luminance of WCAG 2.2.
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).expect("a colour")) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (a, b) = (luminance(one), luminance(other));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn all_text_can_be_read_light_and_dark() {
        let frames = [FrameKind::Environment, FrameKind::Edge, FrameKind::Region, FrameKind::Vpc, FrameKind::Cluster];
        let states = State::ALL.map(of_state);
        for text in [INK, DIM].into_iter().chain(states).chain(frames.map(of_frame).into_iter().skip(1)) {
            for ground in [PAGE, TILE] {
                assert!(contrast(text.light, ground.light) >= 4.5, "{} light", text.name);
                assert!(contrast(text.dark, ground.dark) >= 4.5, "{} dark", text.name);
            }
        }
    }

    #[test]
    fn every_colour_has_a_name_of_its_own_and_both_schemes() {
        let states = State::ALL.map(of_state);
        let names: BTreeSet<_> = ALL.iter().chain(&states).map(|paint| paint.name).collect();
        assert_eq!(names.len(), ALL.len() + states.len());
        let sheet = sheet();
        for name in names {
            assert_eq!(sheet.matches(&format!("--{name}:")).count(), 2, "{name}");
        }
        assert!(sheet.contains("prefers-color-scheme:dark"));
    }
}
