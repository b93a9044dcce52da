//! Draws one tile.

use super::For;
use super::pen::{self, Anchor, Outline};
use super::shapes::{draw_icon, draw_sign};
use super::style::{self, DIM, INK, RIM, TILE};
use super::xml::Xml;
use crate::graph::layout::Rect;
use crate::graph::layout::lines::{GAP, HEAD, KIND, LINE, Lines, NAME, NAME_LINE, PAD, PART, STATE};
use crate::graph::picture::Tile;
use crate::graph::state::State;

const RADIUS: i32 = 8;

/// Draws a tile in its place, with its title and a description for those who do not see it.
pub fn draw(xml: &mut Xml, index: usize, tile: &Tile, place: &Rect, drawn: For) {
    let (title, about) = (format!("tile-{index}-title"), format!("tile-{index}-about"));
    let key = tile.key.as_ref().map(ToString::to_string);
    let (labelled, label) = (format!("{title} {about}"), label(tile));
    let mut attributes = match drawn {
        For::Page if opens(tile) => {
            let named = ("aria-label", label.as_str());
            vec![("class", "tile"), ("role", "button"), ("tabindex", "0"), named, ("aria-describedby", &about)]
        }
        For::Page | For::File => vec![("class", "tile"), ("role", "img"), ("aria-labelledby", &labelled)],
    };
    attributes.extend(key.as_deref().map(|key| ("data-key", key)));
    let state = tile.standing.as_ref().map(|standing| standing.state.word());
    attributes.extend(state.map(|state| ("data-state", state)));
    xml.begin("g", &attributes);
    xml.text("title", &[("id", &title)], &tile.title());
    xml.text("desc", &[("id", &about)], &about_of(tile));
    body(xml, tile, place);
    let lines = Lines::of(tile);
    match &tile.key {
        Some(_) => content(xml, tile, &lines, place),
        None => internet(xml, tile, place),
    }
    xml.end();
}

/// Whether there is an object behind it, of which more can be told.
fn opens(tile: &Tile) -> bool {
    tile.key.is_some() && !tile.missing
}

/// What a tile that can be opened is called.
fn label(tile: &Tile) -> String {
    let standing = tile.standing.as_ref().map(|standing| format!(", {}", standing.text()));
    format!("{}{}", tile.title(), standing.unwrap_or_default())
}

/// What a tile says, in sentences.
fn about_of(tile: &Tile) -> String {
    let mut all = Vec::new();
    if let Some(standing) = &tile.standing {
        all.push(standing.text());
        all.extend(standing.message.clone());
    }
    if !tile.parts.is_empty() {
        all.push(tile.parts.join(", "));
    }
    if tile.key.is_none() {
        all.push("Whoever sends a request".into());
    }
    all.iter().map(|sentence| format!("{}.", sentence.trim_end_matches('.'))).collect::<Vec<_>>().join(" ")
}

fn body(xml: &mut Xml, tile: &Tile, place: &Rect) {
    let trouble = tile.standing.as_ref().map(|standing| standing.state).filter(|state| *state != State::Ready);
    let outline = Outline {
        fill: Some(TILE),
        stroke: trouble.map_or(RIM, style::of_state),
        radius: RADIUS,
        width: if trouble.is_some() { "1.5" } else { "1" },
        dashed: tile.missing,
    };
    pen::rect(xml, place, outline, &[]);
    let Some(standing) = &tile.standing else { return };
    let paint = style::of_state(standing.state);
    let (left, top, down) = (place.left, place.top + RADIUS, place.height() - 2 * RADIUS);
    let bar = format!("M{left} {top}a8 8 0 0 1 4-6.9v{}a8 8 0 0 1-4-6.9z", down + 14);
    if !tile.missing {
        xml.empty("path", &[("class", &format!("fill-{}", paint.name)), ("fill", paint.light), ("d", &bar)]);
    }
}

fn content(xml: &mut Xml, tile: &Tile, lines: &Lines, place: &Rect) {
    // Text stands in the middle of a tile that is higher for its ports.
    let mut y = place.top + (place.height() - lines.height()) / 2 + PAD;
    let x = place.left + PAD;
    draw_icon(xml, tile.icon, x, y - 3);
    pen::text(xml, (x + HEAD + 4, y + 10), KIND, DIM, &lines.kind);
    if let Some(standing) = &tile.standing {
        draw_sign(xml, standing.state, place.right - PAD - 6, y + 6);
    }
    y += HEAD;
    for line in &lines.name {
        pen::text(xml, (x, y + 13), NAME, INK, line);
        y += NAME_LINE;
    }
    y += GAP;
    for line in &lines.parts {
        pen::text(xml, (x, y + 11), PART, DIM, line);
        y += LINE;
    }
    for line in &lines.state {
        let paint = tile.standing.as_ref().map_or(DIM, |standing| style::of_state(standing.state));
        pen::text(xml, (x, y + 11), STATE, paint, line);
        y += LINE;
    }
}

fn internet(xml: &mut Xml, tile: &Tile, place: &Rect) {
    let middle = (place.left + place.right) / 2;
    let y = (place.top + place.bottom) / 2;
    draw_icon(xml, tile.icon, middle - 9, y - 18);
    pen::anchored(xml, (middle, y + 16), NAME, INK, Anchor::Middle, &tile.title());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::compose::picture;
    use crate::graph::samples;

    fn tile(title: &str) -> Tile {
        let picture = picture(&samples::web_in_trouble());
        picture.tiles.into_iter().rfind(|tile| tile.title().starts_with(title)).expect("the tile")
    }

    #[test]
    fn a_description_says_state_reason_and_parts() {
        assert_eq!(about_of(&tile("DataTier")), "Stalled: ApprovalRequired. what Stalled says. RDS, PostgreSQL 17.5.");
        assert_eq!(about_of(&tile("ObjectTier")), "Ready. S3.");
        assert_eq!(about_of(&tile("Internet")), "Whoever sends a request.");
    }

    #[test]
    fn what_is_missing_is_drawn_with_dashes_and_what_is_ready_without_a_colour_around_it() {
        let drawn = |tile: &Tile| {
            let mut xml = Xml::default();
            draw(&mut xml, 0, tile, &Rect { left: 0, top: 0, right: 168, bottom: 80 }, For::File);
            xml.finish()
        };
        let missing = Tile { missing: true, ..tile("DataTier") };
        assert!(drawn(&missing).contains("stroke-dasharray=\"6 4\""));
        let ready = drawn(&tile("ObjectTier"));
        assert!(ready.contains("stroke-rim") && !ready.contains("stroke-dasharray"));
        assert!(drawn(&tile("DataTier")).contains("data-key=\"DataTier/shop/orders\""));
    }

    #[test]
    fn on_a_page_a_tile_is_a_button_if_there_is_an_object_behind_it() {
        let drawn = |tile: &Tile| {
            let mut xml = Xml::default();
            draw(&mut xml, 3, tile, &Rect { left: 0, top: 0, right: 168, bottom: 80 }, For::Page);
            xml.finish()
        };
        let button = "role=\"button\" tabindex=\"0\" aria-label=\"DataTier shop/orders, Stalled: ApprovalRequired\" \
                      aria-describedby=\"tile-3-about\" data-key=\"DataTier/shop/orders\"";
        assert!(drawn(&tile("DataTier")).contains(button));
        let missing = Tile { missing: true, ..tile("DataTier") };
        for other in [missing, tile("Internet")] {
            assert!(drawn(&other).contains("role=\"img\"") && !drawn(&other).contains("tabindex"));
        }
    }
}
