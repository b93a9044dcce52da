//! One line in the making: pieces of text in their colours, and the columns that they begin in.

use super::{Mark, Paint, Style, columns, cut};

/// A line whose width is known before it is coloured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pieces: Vec<(Paint, String)>,
    width: usize,
    /// The column in which the next piece begins, if it has one.
    next: Option<usize>,
}

impl Line {
    /// An empty line.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a piece, after a space, or in the column that was asked for.
    #[must_use]
    pub fn then(mut self, paint: Paint, text: &str) -> Self {
        if text.is_empty() {
            return self;
        }
        let gap = self.end() - self.width;
        self.next = None;
        self.joined(Paint::Plain, &" ".repeat(gap)).joined(paint, text)
    }

    /// Adds a piece right after what stands there.
    #[must_use]
    pub fn joined(mut self, paint: Paint, text: &str) -> Self {
        if !text.is_empty() {
            self.width += columns(text);
            self.pieces.push((paint, text.to_owned()));
        }
        self
    }

    /// Adds the symbol of a mark.
    #[must_use]
    pub fn mark(self, style: &Style, mark: Mark) -> Self {
        self.then(mark.paint(), mark.symbol(style.ascii))
    }

    /// Lets the next piece begin in a column, or two spaces after what stands there already.
    #[must_use]
    pub fn at(mut self, column: usize) -> Self {
        self.next = Some(column);
        self
    }

    /// Sets the next piece apart: by two spaces, unless it has a column.
    #[must_use]
    pub fn apart(mut self) -> Self {
        self.next = self.next.or(Some(0));
        self
    }

    /// The column in which the next piece begins.
    pub fn end(&self) -> usize {
        match self.next {
            _ if self.width == 0 => 0,
            Some(column) => column.max(self.width + 2),
            None => self.width + 1,
        }
    }

    /// The columns that it takes.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The line in at most so many columns.
    #[must_use]
    pub fn cut(mut self, most: usize, rest: &str) -> Self {
        while self.width > most {
            let Some((paint, text)) = self.pieces.pop() else { break };
            self.width -= columns(&text);
            if self.width < most {
                let kept = cut(&text, most - self.width, rest);
                self.width += columns(&kept);
                self.pieces.push((paint, kept));
                break;
            }
        }
        self
    }

    /// The line as it is printed.
    pub fn text(&self, style: &Style) -> String {
        self.pieces.iter().map(|(paint, text)| style.paint(*paint, text)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn plain(line: &Line) -> String {
        line.text(&Style::plain(Timestamp::UNIX_EPOCH))
    }

    #[test]
    fn pieces_stand_in_columns_and_one_that_is_too_long_moves_the_next() {
        let row = |kind: &str| Line::new().then(Paint::Plain, kind).at(8).then(Paint::Bold, "Ready");
        assert_eq!(plain(&row("iam")), "iam     Ready");
        assert_eq!(plain(&row("cloudfront")), "cloudfront  Ready");
        assert_eq!((row("iam").at(20).end(), row("iam").apart().end(), row("iam").end()), (20, 15, 14));
        assert_eq!((row("iam").width(), plain(&row("iam").then(Paint::Dim, ""))), (13, "iam     Ready".to_owned()));
    }

    #[test]
    fn a_line_is_cut_by_what_is_seen_of_it_and_not_by_its_colours() {
        let line = Line::new().then(Paint::Red, "Stalled").then(Paint::Dim, "for a while");
        let style = Style { color: true, ..Style::plain(Timestamp::UNIX_EPOCH) };
        let cut = line.clone().cut(12, "…");
        assert_eq!((plain(&cut), cut.width()), ("Stalled for…".to_owned(), 12));
        assert_eq!(cut.text(&style), "\u{1b}[31mStalled\u{1b}[0m \u{1b}[2mfor…\u{1b}[0m");
        assert_eq!(plain(&line.clone().cut(4, "…")), "Sta…");
        assert_eq!(line.clone().cut(40, "…"), line);
    }
}
