//! The architecture as a picture: which tier a request passes after which, in whose network, and how each stands.
//!
//! A [`Picture`] says what is to be seen; each form draws the same one. Nothing that a user wrote can be taken for more
//! than text in any of them.

mod compose;
mod dot;
mod flows;
mod frames;
mod kinds;
mod layout;
mod mermaid;
mod parts;
mod picture;
#[cfg(test)]
pub(crate) mod samples;
mod state;
mod svg;
mod text;

pub use compose::picture;
pub use kinds::Icon;
pub use picture::{Column, Edge, Frame, FrameKind, Picture, Tile};
pub use state::{Standing, State};
pub use svg::{ROOT, sheet};

use crate::World;

/// The forms in which a picture can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// To be looked at: laid out, light and dark.
    Svg,
    /// For Graphviz.
    Dot,
    /// For Mermaid, which GitHub and others draw in Markdown.
    Mermaid,
}

/// Draws the world. The same world gives the same text.
pub fn draw(world: &World, format: Format) -> String {
    let picture = picture(world);
    match format {
        Format::Svg => svg::draw(&picture, svg::For::File),
        Format::Dot => dot::draw(&picture),
        Format::Mermaid => mermaid::draw(&picture),
    }
}

/// Draws the world for Terrace's own page: a tile with an object behind it is a button, and the colours are in [`sheet`].
pub fn draw_for_page(world: &World) -> String {
    svg::draw(&picture(world), svg::For::Page)
}

#[cfg(test)]
mod tests;
