//! The picture as SVG: for a README or a web page, light and dark, each box with a title and a description.

mod edge;
mod legend;
mod pen;
mod shapes;
mod style;
mod tile;
mod xml;

use std::collections::BTreeSet;

use super::layout::lines::{KIND, NAME};
use super::layout::{Layout, Rect, layout};
use super::picture::{Frame, FrameKind, Picture};
use super::state::State;
use super::text::Font;
use pen::Outline;
use style::{DIM, INK, PAGE};
pub use style::{ROOT, sheet};
use xml::Xml;

/// Fonts with the widths that the layout reckons with; where there is none of them, one that is near.
const FONTS: &str = "Helvetica Neue, Helvetica, Arial, Liberation Sans, Segoe UI, Roboto, sans-serif";

/// Where a picture is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// By itself: its colours come with it, and nothing happens in it.
    File,
    /// In Terrace's own page, which has the colours ([`sheet`]) and opens an object from its tile.
    Page,
}

/// Draws a picture.
pub fn draw(picture: &Picture, drawn: For) -> String {
    if picture.frames.is_empty() && picture.tiles.is_empty() {
        return nothing(picture, drawn);
    }
    let layout = layout(picture);
    let (width, top) = (layout.width, layout.height);
    let mut xml = Xml::default();
    begin(&mut xml, picture, (width, top + legend::height(width) + 10), drawn);
    // Lines of one pixel are then sharp.
    xml.begin("g", &[("transform", "translate(.5 .5)")]);
    content(&mut xml, picture, &layout, drawn);
    xml.end();
    legend::draw(&mut xml, width, top);
    xml.finish()
}

/// Says that there is nothing.
fn nothing(picture: &Picture, drawn: For) -> String {
    let mut xml = Xml::default();
    begin(&mut xml, picture, (340, 60), drawn);
    pen::text(&mut xml, (16, 35), NAME, DIM, "There is no Environment and no tier to draw.");
    xml.finish()
}

fn begin(xml: &mut Xml, picture: &Picture, (width, height): (i32, i32), drawn: For) {
    let (wide, high) = (width.to_string(), height.to_string());
    xml.begin(
        "svg",
        &[
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("class", style::ROOT),
            ("width", &wide),
            ("height", &high),
            ("viewBox", &format!("0 0 {width} {height}")),
            ("font-family", FONTS),
            ("role", "graphics-document document"),
            ("aria-labelledby", "graph-title graph-about"),
        ],
    );
    xml.text("title", &[("id", "graph-title")], "Architecture");
    xml.text("desc", &[("id", "graph-about")], &about(picture));
    if drawn == For::File {
        xml.text("style", &[], &sheet());
    }
    let page = Rect { left: 0, top: 0, right: width, bottom: height };
    let class = format!("fill-{}", PAGE.name);
    let (w, h) = (page.width().to_string(), page.height().to_string());
    xml.empty("rect", &[("class", &class), ("width", &w), ("height", &h), ("fill", PAGE.light)]);
}

/// What there is to see, in a sentence.
fn about(picture: &Picture) -> String {
    let objects = picture.tiles.iter().filter(|tile| !tile.missing).filter_map(|tile| tile.key.as_ref());
    let objects: BTreeSet<_> = objects.collect();
    let environments = picture.frames.iter().filter(|frame| frame.standing.is_some()).count();
    let count = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    format!(
        "{} in {}, from left to right in the order in which a request passes them.",
        count(objects.len(), "object"),
        count(environments, "Environment")
    )
}

fn content(xml: &mut Xml, picture: &Picture, layout: &Layout, drawn: For) {
    for (frame, place) in picture.frames.iter().zip(&layout.frames) {
        draw_frame(xml, frame, place);
    }
    for (edge, route) in picture.edges.iter().zip(&layout.routes) {
        edge::draw(xml, picture, edge, route);
    }
    for (index, (tile, place)) in picture.tiles.iter().zip(&layout.tiles).enumerate() {
        tile::draw(xml, index, tile, place, drawn);
    }
    for label in layout.routes.iter().filter_map(|route| route.label.as_ref()) {
        edge::draw_label(xml, label);
    }
}

fn draw_frame(xml: &mut Xml, frame: &Frame, place: &Rect) {
    const SIGN: i32 = 24;
    let paint = style::of_frame(frame.kind);
    let outermost = frame.kind == FrameKind::Environment;
    xml.begin("g", &[("class", "frame"), ("data-frame", &frame.title)]);
    let outline = Outline {
        fill: Some(paint).filter(|_| !outermost),
        stroke: paint,
        radius: 10,
        width: if outermost { "1.5" } else { "1" },
        dashed: matches!(frame.kind, FrameKind::Region | FrameKind::Edge),
    };
    pen::rect(xml, place, outline, &[("fill-opacity", "0.04")]);
    let font = if outermost { NAME } else { Font { bold: true, ..KIND } };
    let ink = if outermost { INK } else { paint };
    let x = place.left + 12 + if frame.standing.is_some() { SIGN - 2 } else { 0 };
    let room = place.right - 12 - x;
    let title = font.clip_middle(&frame.title, room);
    pen::text(xml, (x, place.top + 19), font, ink, &title);
    if let Some(standing) = &frame.standing {
        shapes::draw_sign(xml, standing.state, place.left + 20, place.top + 15);
        let after = x + font.width(&title) + 10;
        if standing.state != State::Ready {
            let text = KIND.clip(&standing.text(), place.right - 12 - after);
            let bold = Font { bold: true, ..KIND };
            pen::text(xml, (after, place.top + 19), bold, style::of_state(standing.state), &text);
        }
    }
    xml.end();
}

/// The colour of a state, where there is one scheme only.
pub fn state_colour(state: State) -> &'static str {
    style::of_state(state).light
}

/// The colour of a frame, where there is one scheme only.
pub fn frame_colour(kind: FrameKind) -> &'static str {
    style::of_frame(kind).light
}
