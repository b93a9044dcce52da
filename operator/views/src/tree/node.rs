//! A node of the drawn tree: its line, what is said of it, and what hangs on it, fitted to the terminal.

use termtree::Tree as Branches;

use crate::style::{Line, Paint, Style, columns, cut, wrap};

/// The most lines that a message takes where the terminal has a width: `terrace why` has it whole.
const MOST: usize = 3;
/// The columns that a level of the tree takes.
const LEVEL: usize = 4;
/// The columns that a line has, however deep it stands in however narrow a terminal.
const LEAST: usize = 24;

/// A line, what is said of it, and what hangs on it.
#[derive(Debug, Default)]
pub struct Node {
    pub line: Line,
    /// On the line itself as far as there is room, else below it.
    pub messages: Vec<(Paint, String)>,
    pub under: Vec<Node>,
}

impl Node {
    /// A node of which nothing further is said.
    pub fn new(line: Line) -> Self {
        Node { line, ..Node::default() }
    }

    /// Says something of it, if it is anything.
    #[must_use]
    pub fn saying(mut self, paint: Paint, message: &str) -> Self {
        // Whoever looks for a line finds it whole: a message has none of its own.
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        if !message.is_empty() {
            self.messages.push((paint, message));
        }
        self
    }

    /// As text, with all that hangs on it.
    pub fn text(self, style: &Style) -> String {
        let drawn = self.branches(style, 0).with_glyphs(style.branches()).to_string();
        drawn.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    fn branches(self, style: &Style, depth: usize) -> Branches<String> {
        let Node { mut line, messages, under } = self;
        let room = style.width.map_or(usize::MAX, |width| width.saturating_sub(depth * LEVEL).max(LEAST));
        let branches = style.branches();
        let lead = match under.is_empty() {
            true => " ".repeat(LEVEL),
            false => format!("{}{}", branches.middle_skip, branches.skip_indent),
        };
        let mut below = Vec::new();
        for (paint, message) in messages {
            let apart = line.clone().apart();
            if below.is_empty() && columns(&message).saturating_add(apart.end()) <= room {
                line = apart.then(paint, &message);
                continue;
            }
            let lines = in_lines(&message, room - LEVEL, style.rest());
            below.extend(lines.iter().map(|line| format!("{lead}{}", style.paint(paint, line))));
        }
        let first = line.cut(room, style.rest()).text(style);
        let lines: Vec<String> = [first].into_iter().chain(below).collect();
        let under = under.into_iter().map(|node| node.branches(style, depth + 1));
        Branches::new(lines.join("\n")).with_multiline(true).with_leaves(under)
    }
}

fn in_lines(message: &str, room: usize, rest: &str) -> Vec<String> {
    let mut lines = wrap(message, room);
    if lines.len() > MOST {
        lines.truncate(MOST);
        if let Some(last) = lines.last_mut() {
            *last = format!("{last} {rest}");
        }
    }
    lines.into_iter().map(|line| cut(&line, room, rest)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn node(text: &str) -> Node {
        Node::new(Line::new().then(Paint::Plain, text))
    }

    #[test]
    fn a_message_stands_on_its_line_where_there_is_room_and_below_it_where_not() {
        let short = || Node { under: vec![node("child")], ..node("db").saying(Paint::Dim, "AWS says\n creating") };
        let style = Style::plain(Timestamp::UNIX_EPOCH);
        assert_eq!(short().text(&style), "db  AWS says creating\n└── child\n");
        let narrow = Style { width: Some(20), ..style };
        let long = Node { under: vec![node("child")], ..node("db").saying(Paint::Dim, &"one two ".repeat(12)) };
        let lines =
            ["db", "│   one two one two one", "│   two one two one two", "│   one two one two one…", "└── child", ""];
        assert_eq!(long.text(&narrow), lines.join("\n"));
    }

    #[test]
    fn a_line_is_never_wider_than_the_terminal() {
        let deep = Node { under: vec![node("a child with a very long name that goes on")], ..node("root") };
        let style = Style { width: Some(30), ascii: true, ..Style::plain(Timestamp::UNIX_EPOCH) };
        let text = deep.saying(Paint::Plain, &"arn:aws:".repeat(9)).text(&style);
        assert!(text.lines().all(|line| line.chars().count() <= 30), "{text}");
        assert!(text.ends_with("`-- a child with a very lon...\n"), "{text}");
    }
}
