//! The picture for Graphviz: frames are clusters.

use std::fmt::Write as _;

use super::picture::{Frame, FrameKind, Picture, Tile};
use super::svg;
use super::text::shorten;
use crate::style::bare;

/// Of a line, so many characters at most.
const LONGEST: usize = 48;

/// What holds for all of it.
const HEAD: &str = "digraph terrace {
  rankdir=LR; compound=true; newrank=true; nodesep=0.3; ranksep=0.9;
  graph [fontname=\"Helvetica\", fontsize=11, labeljust=l];
  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"Helvetica\", fontsize=10, penwidth=1.5];
  edge [fontname=\"Helvetica\", fontsize=9, color=\"#6e7781\", fontcolor=\"#59636e\"];
";

/// Draws a picture.
pub fn draw(picture: &Picture) -> String {
    let mut dot = String::from(HEAD);
    contents(&mut dot, picture, None, 1);
    for edge in &picture.edges {
        let style = if edge.admitted { "" } else { ", style=dashed" };
        let _ = writeln!(dot, "  t{} -> t{} [label={}{style}];", edge.from, edge.to, quoted(&edge.label));
    }
    dot.push_str("}\n");
    dot
}

/// What is in a frame, or in none.
fn contents(dot: &mut String, picture: &Picture, within: Option<usize>, depth: usize) {
    let indent = "  ".repeat(depth);
    for (index, tile) in picture.tiles.iter().enumerate().filter(|(_, tile)| tile.frame == within) {
        let _ = writeln!(dot, "{indent}t{index} [{}];", attributes(tile));
    }
    for (index, frame) in picture.frames.iter().enumerate().filter(|(_, frame)| frame.within == within) {
        let _ = writeln!(dot, "{indent}subgraph cluster_{index} {{");
        let _ = writeln!(dot, "{indent}  label={}; {}", quoted(&[title(frame)]), style(frame.kind));
        if !picture.tiles.iter().any(|tile| picture.outermost(tile.frame) == picture.outermost(Some(index))) {
            // Graphviz draws no cluster that is empty.
            let _ = writeln!(dot, "{indent}  f{index} [label=\"\", style=invis];");
        }
        contents(dot, picture, Some(index), depth + 1);
        let _ = writeln!(dot, "{indent}}}");
    }
}

fn attributes(tile: &Tile) -> String {
    let Some(key) = &tile.key else { return "label=\"Internet\", shape=oval".into() };
    let name = format!("{}/{}", shorten(&key.namespace, LONGEST), shorten(&key.name, LONGEST));
    let mut lines = vec![key.kind.clone(), name];
    if !tile.parts.is_empty() {
        lines.push(tile.parts.join(" · "));
    }
    lines.extend(tile.standing.as_ref().map(|standing| format!("{} {}", standing.state.sign(), standing.text())));
    let colour = tile.standing.as_ref().map_or("#59636e", |standing| svg::state_colour(standing.state));
    let dashed = if tile.missing { ", style=\"rounded,dashed\"" } else { "" };
    let about = tile.standing.as_ref().and_then(|standing| standing.message.clone()).unwrap_or_else(|| tile.title());
    let lines: Vec<String> = lines.iter().map(|line| shorten(line, 2 * LONGEST + 1)).collect();
    format!("label={}, color=\"{colour}\"{dashed}, tooltip={}", quoted(&lines), quoted(&[about]))
}

fn title(frame: &Frame) -> String {
    let title = shorten(&frame.title, LONGEST);
    match &frame.standing {
        Some(standing) => format!("{title} · {} {}", standing.state.sign(), shorten(&standing.text(), LONGEST)),
        None => title,
    }
}

fn style(kind: FrameKind) -> String {
    let style = match kind {
        FrameKind::Edge | FrameKind::Region => "rounded,dashed",
        FrameKind::Environment | FrameKind::Vpc | FrameKind::Cluster => "rounded",
    };
    let colour = svg::frame_colour(kind);
    format!("style=\"{style}\"; color=\"{colour}\";")
}

/// Lines as a quoted string. Graphviz takes a backslash for the beginning of an escape, and reads entities of HTML.
fn quoted(lines: &[String]) -> String {
    let escape = |line: &String| bare(line).replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;");
    format!("\"{}\"", lines.iter().map(escape).collect::<Vec<_>>().join("\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use crate::graph::samples;
    use crate::graph::{Format, draw};

    #[test]
    fn the_web_example_for_graphviz() {
        insta::assert_snapshot!(draw(&samples::web_in_trouble(), Format::Dot));
    }

    #[test]
    fn an_empty_cluster_for_graphviz() {
        insta::assert_snapshot!(draw(&World::default(), Format::Dot));
        let environments = vec![samples::environment("prod", "1", "eu-west-1")];
        insta::assert_snapshot!(draw(&World { environments, ..World::default() }, Format::Dot));
    }

    #[test]
    fn text_ends_no_string_and_begins_no_escape() {
        let lines = ["a\"b\\".to_owned(), "c\nd\\n&lt;".to_owned()];
        assert_eq!(quoted(&lines), r#""a\"b\\\nc d\\n&amp;lt;""#);
    }
}
