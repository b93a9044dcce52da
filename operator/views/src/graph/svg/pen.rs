//! Strokes of one kind: text, and outlines, each with its class and the colour for those who know no classes.

use super::style::Paint;
use super::xml::Xml;
use crate::graph::layout::Rect;
use crate::graph::text::Font;

/// Which part of a text stands where it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// Text with the left end of its baseline.
pub fn text(xml: &mut Xml, at: (i32, i32), font: Font, paint: Paint, text: &str) {
    anchored(xml, at, font, paint, Anchor::Start, text);
}

/// Text with one point of its baseline.
pub fn anchored(xml: &mut Xml, (x, y): (i32, i32), font: Font, paint: Paint, anchor: Anchor, text: &str) {
    let (x, y, size) = (x.to_string(), y.to_string(), font.size.to_string());
    let class = format!("fill-{}", paint.name);
    let mut attributes =
        vec![("class", class.as_str()), ("x", &x), ("y", &y), ("font-size", &size), ("fill", paint.light)];
    if font.bold {
        attributes.push(("font-weight", "600"));
    }
    match anchor {
        Anchor::Start => {}
        Anchor::Middle => attributes.push(("text-anchor", "middle")),
        Anchor::End => attributes.push(("text-anchor", "end")),
    }
    xml.text("text", &attributes, text);
}

/// How a rectangle is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Outline {
    pub fill: Option<Paint>,
    pub stroke: Paint,
    pub radius: i32,
    /// In pixels, as `1.5`.
    pub width: &'static str,
    pub dashed: bool,
}

/// A rectangle.
pub fn rect(xml: &mut Xml, rect: &Rect, outline: Outline, more: &[(&str, &str)]) {
    let fill = outline.fill.map(|fill| format!("fill-{} ", fill.name)).unwrap_or_default();
    let class = format!("{fill}stroke-{}", outline.stroke.name);
    let [x, y, width, height, radius] =
        [rect.left, rect.top, rect.width(), rect.height(), outline.radius].map(|number| number.to_string());
    let mut attributes = vec![
        ("class", class.as_str()),
        ("x", &x),
        ("y", &y),
        ("width", &width),
        ("height", &height),
        ("rx", &radius),
        ("fill", outline.fill.map_or("none", |fill| fill.light)),
        ("stroke", outline.stroke.light),
        ("stroke-width", outline.width),
    ];
    if outline.dashed {
        attributes.push(("stroke-dasharray", "6 4"));
    }
    attributes.extend(more);
    xml.empty("rect", &attributes);
}
