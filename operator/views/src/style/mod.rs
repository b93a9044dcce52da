//! How text is laid out for whoever reads it: symbols, colours, branches.

mod age;
mod bare;
mod line;
mod wrap;

use jiff::Timestamp;
use termtree::GlyphPalette;

pub use age::{age, since};
pub use bare::bare;
pub use line::Line;
pub use wrap::{columns, cut, some, wrap};

/// What the caller knows of the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours are written. Symbols and words say the same without them.
    pub color: bool,
    /// The columns of the terminal; `None` where there is none: then nothing is wrapped or cut.
    pub width: Option<usize>,
    /// What ages are counted up to.
    pub now: Timestamp,
    /// Whether symbols and branches are drawn in ASCII, for a terminal that has nothing else.
    pub ascii: bool,
}

/// What a symbol stands for, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// A person must do something.
    Stalled,
    /// Nobody has looked.
    Unknown,
    /// It becomes ready by itself.
    Reconciling,
    /// It is held on purpose.
    Paused,
    /// It works, and is drifted or degraded.
    Concern,
    /// As wished.
    Ready,
}

/// A colour, or a weight. `Plain` is as the terminal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
    Blue,
}

impl Paint {
    /// Select Graphic Rendition (ECMA-48).
    fn code(self) -> &'static str {
        match self {
            Paint::Plain => "",
            Paint::Bold => "1",
            Paint::Dim => "2",
            Paint::Red => "31",
            Paint::Green => "32",
            Paint::Yellow => "33",
            Paint::Blue => "34",
        }
    }
}

impl Mark {
    /// Its colour.
    pub fn paint(self) -> Paint {
        match self {
            Mark::Stalled => Paint::Red,
            Mark::Unknown | Mark::Reconciling | Mark::Concern => Paint::Yellow,
            Mark::Paused => Paint::Blue,
            Mark::Ready => Paint::Green,
        }
    }

    fn symbol(self, ascii: bool) -> &'static str {
        match (self, ascii) {
            (Mark::Stalled, false) => "✖",
            (Mark::Stalled, true) => "x",
            (Mark::Unknown, _) => "?",
            (Mark::Reconciling, false) => "…",
            (Mark::Reconciling, true) => "~",
            (Mark::Paused, false) => "⏸",
            (Mark::Paused, true) => "=",
            (Mark::Concern, _) => "!",
            (Mark::Ready, false) => "✔",
            (Mark::Ready, true) => "+",
        }
    }
}

/// Branches in ASCII.
const ASCII: GlyphPalette = GlyphPalette {
    middle_item: "|",
    last_item: "`",
    item_indent: "-- ",
    middle_skip: "|",
    last_skip: " ",
    skip_indent: "   ",
};

impl Style {
    /// Without colour, width or anything else of a terminal: as a file or a test has it.
    pub fn plain(now: Timestamp) -> Self {
        Style { color: false, width: None, now, ascii: false }
    }

    /// The text in a colour, where there are colours; without anything that a terminal would obey.
    pub fn paint(&self, paint: Paint, text: &str) -> String {
        let text = bare(text);
        match self.color && paint != Paint::Plain && !text.is_empty() {
            true => format!("\u{1b}[{}m{text}\u{1b}[0m", paint.code()),
            false => text.into_owned(),
        }
    }

    /// The symbol of a mark, in its colour.
    pub fn mark(&self, mark: Mark) -> String {
        self.paint(mark.paint(), mark.symbol(self.ascii))
    }

    /// What leads to something: `→`.
    pub fn to(&self) -> &'static str {
        if self.ascii { "->" } else { "→" }
    }

    /// What comes from something: `←`.
    pub fn from(&self) -> &'static str {
        if self.ascii { "<-" } else { "←" }
    }

    /// What stands for text that is left out.
    pub fn rest(&self) -> &'static str {
        if self.ascii { "..." } else { "…" }
    }

    /// The branches of a tree.
    pub fn branches(&self) -> GlyphPalette {
        if self.ascii { ASCII } else { GlyphPalette::new() }
    }

    /// How long ago a time is.
    pub fn age(&self, time: Timestamp) -> String {
        age(time, self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Mark; 6] = [Mark::Stalled, Mark::Unknown, Mark::Reconciling, Mark::Paused, Mark::Concern, Mark::Ready];

    #[test]
    fn each_mark_has_a_symbol_of_its_own_of_one_column() {
        for ascii in [false, true] {
            let style = Style { ascii, ..Style::plain(Timestamp::UNIX_EPOCH) };
            let symbols: std::collections::BTreeSet<_> = ALL.map(|mark| style.mark(mark)).into();
            assert_eq!(symbols.len(), ALL.len());
            assert!(symbols.iter().all(|symbol| symbol.chars().count() == 1 && (!ascii || symbol.is_ascii())));
        }
    }

    #[test]
    fn colour_is_written_only_where_it_is_wanted() {
        let plain = Style::plain(Timestamp::UNIX_EPOCH);
        let color = Style { color: true, ..plain };
        assert_eq!((plain.mark(Mark::Stalled), color.mark(Mark::Stalled)), ("✖".into(), "\u{1b}[31m✖\u{1b}[0m".into()));
        assert_eq!((color.paint(Paint::Plain, "x"), color.paint(Paint::Dim, "")), ("x".into(), String::new()));
    }

    #[test]
    fn in_ascii_all_that_is_drawn_is_ascii() {
        let style = Style { ascii: true, ..Style::plain(Timestamp::UNIX_EPOCH) };
        let branches = style.branches();
        let drawn = [style.to(), style.from(), style.rest(), branches.middle_item, branches.last_item];
        assert!(drawn.iter().all(|text| text.is_ascii()));
    }
}
