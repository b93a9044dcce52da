//! The picture for Mermaid: frames are subgraphs.

use std::fmt::Write as _;

use super::picture::{Edge, Frame, Picture, Tile};
use super::state::State;
use super::svg;
use super::text::shorten;
use crate::style::bare;

/// Of a name or a reason, so many characters at most.
const LONGEST: usize = 48;

/// Draws a picture.
pub fn draw(picture: &Picture) -> String {
    let mut text = String::from("flowchart LR\n");
    contents(&mut text, picture, None, 1);
    for edge in &picture.edges {
        let _ = writeln!(text, "  t{} {} t{}", edge.from, arrow(edge), edge.to);
    }
    for (index, frame) in picture.frames.iter().enumerate() {
        let _ = writeln!(text, "  style f{index} fill:none,stroke:{}", svg::frame_colour(frame.kind));
    }
    for state in State::ALL {
        classes(&mut text, picture, state);
    }
    text
}

/// The colours of what stands so.
fn classes(text: &mut String, picture: &Picture, state: State) {
    let stands = |tile: &Tile| tile.standing.as_ref().is_some_and(|standing| standing.state == state);
    let all = picture.tiles.iter().enumerate().filter(|(_, tile)| stands(tile));
    let tiles: Vec<String> = all.map(|(index, _)| format!("t{index}")).collect();
    if tiles.is_empty() {
        return;
    }
    let (word, colour) = (state.word().to_lowercase(), svg::state_colour(state));
    let _ = writeln!(text, "  classDef {word} fill:#ffffff,stroke:{colour},stroke-width:2px,color:#1f2328");
    let _ = writeln!(text, "  class {} {word}", tiles.join(","));
}

/// What is in a frame, or in none.
fn contents(text: &mut String, picture: &Picture, within: Option<usize>, depth: usize) {
    let indent = "  ".repeat(depth);
    for (index, tile) in picture.tiles.iter().enumerate().filter(|(_, tile)| tile.frame == within) {
        let (open, close) = if tile.key.is_some() { ("[", "]") } else { ("([", "])") };
        let _ = writeln!(text, "{indent}t{index}{open}\"{}\"{close}", label(tile));
    }
    for (index, frame) in picture.frames.iter().enumerate().filter(|(_, frame)| frame.within == within) {
        let _ = writeln!(text, "{indent}subgraph f{index}[\"{}\"]", title(frame));
        if !picture.tiles.iter().any(|tile| picture.outermost(tile.frame) == picture.outermost(Some(index))) {
            // Mermaid takes a subgraph that is empty for a node.
            let _ = writeln!(text, "{indent}  e{index}[\"no tiers yet\"]");
        }
        contents(text, picture, Some(index), depth + 1);
        let _ = writeln!(text, "{indent}end");
    }
}

fn label(tile: &Tile) -> String {
    let Some(key) = &tile.key else { return escape("Internet") };
    let mut lines = vec![escape(&key.kind), format!("<b>{}/{}</b>", escape(&key.namespace), escape(&key.name))];
    if !tile.parts.is_empty() {
        lines.push(escape(&tile.parts.join(" · ")));
    }
    let standing = tile.standing.as_ref();
    lines.extend(standing.map(|standing| escape(&format!("{} {}", standing.state.sign(), standing.text()))));
    lines.join("<br/>")
}

fn title(frame: &Frame) -> String {
    match &frame.standing {
        Some(standing) => {
            format!("{} · {}", escape(&frame.title), escape(&format!("{} {}", standing.state.sign(), standing.text())))
        }
        None => escape(&frame.title),
    }
}

fn arrow(edge: &Edge) -> String {
    let line = if edge.admitted { "-->" } else { "-.->" };
    let label: Vec<String> = edge.label.iter().map(|line| escape(line)).collect();
    if label.is_empty() { line.into() } else { format!("{line}|\"{}\"|", label.join("<br/>")) }
}

/// Text in quotes. Mermaid has no escapes but codes of characters, and reads Markdown and HTML even in quotes: what is
/// neither a letter, a digit, a space nor a harmless sign becomes a code.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in bare(&shorten(text, LONGEST)).chars() {
        match character {
            _ if character.is_alphanumeric() || " -./:,·×✓↻✕≠−‖…".contains(character) => {
                escaped.push(character)
            }
            _ => {
                let _ = write!(escaped, "#{};", u32::from(character));
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use crate::graph::samples;
    use crate::graph::{Format, draw};

    #[test]
    fn the_web_example_for_mermaid() {
        insta::assert_snapshot!(draw(&samples::web_in_trouble(), Format::Mermaid));
    }

    #[test]
    fn an_empty_cluster_for_mermaid() {
        insta::assert_snapshot!(draw(&World::default(), Format::Mermaid));
        let environments = vec![samples::environment("prod", "1", "eu-west-1")];
        insta::assert_snapshot!(draw(&World { environments, ..World::default() }, Format::Mermaid));
    }

    #[test]
    fn text_is_neither_markup_nor_the_end_of_a_string() {
        assert_eq!(escape("shop/orders 1:2"), "shop/orders 1:2");
        assert_eq!(escape("a\"b`<i>#;&"), "a#34;b#96;#60;i#62;#35;#59;#38;");
        assert_eq!(escape("end\nx"), "end x");
    }
}
