//! What was explained as text: what it is for, what it may be, its fields in a table, an example.

use super::{Explained, Field, words};
use crate::style::{Line, Paint, Style, columns, wrap};

/// The fewest columns in which sentences are wrapped: in less, nobody reads them.
const NARROWEST: usize = 24;
/// The column in which facts begin, after two spaces and a label.
const FACT: usize = 12;

impl Explained {
    /// The explanation as text: wrapped where there is a width, coloured where there are colours.
    pub fn text(&self, style: &Style) -> String {
        let parts = [
            vec![self.head(style)],
            self.paragraphs(style),
            self.facts(style),
            self.rules_in_words(style),
            self.table(style),
            self.example_in_words(style),
        ];
        let shown = parts.into_iter().filter(|lines| !lines.is_empty());
        shown.map(|lines| lines.join("\n") + "\n").collect::<Vec<_>>().join("\n")
    }

    fn is_kind(&self) -> bool {
        self.path == self.of.kind
    }

    fn head(&self, style: &Style) -> String {
        let line = Line::new().then(Paint::Bold, &self.path);
        let scope = if self.of.namespaced { "in a namespace" } else { "in no namespace" };
        let line = match self.is_kind() {
            true => line
                .apart()
                .then(Paint::Dim, &format!("{}, short {}, {scope}", self.of.api_version, self.of.short_name)),
            false => line.apart().then(Paint::Plain, &self.type_),
        };
        let required = if self.required { "required" } else { "" };
        line.apart().then(Paint::Yellow, required).text(style)
    }

    fn paragraphs(&self, style: &Style) -> Vec<String> {
        let paragraphs = self.description.iter().map(|text| folded(text, style, 0).join("\n"));
        paragraphs
            .map(|text| text.lines().map(|line| style.paint(Paint::Plain, line)).collect::<Vec<_>>().join("\n"))
            .collect()
    }

    fn facts(&self, style: &Style) -> Vec<String> {
        let columns = |wide: bool| {
            let names =
                self.columns.iter().filter(|column| column.wide == wide).map(|column| column.name.to_uppercase());
            names.collect::<Vec<_>>().join(", ")
        };
        let default = self.default.as_ref().filter(|_| !self.is_kind()).map(default_in_full);
        let choices: Vec<String> = self.choices.iter().map(words::scalar).collect();
        [
            fact("default", &default.unwrap_or_default(), style),
            fact("bounds", &self.bounds.join("; "), style),
            fact("choices", &choices.join(", "), style),
            fact("columns", &columns(false), style),
            fact("-o wide", &columns(true), style),
            fact("more", &self.more(), style),
            fact("read", self.read.as_deref().unwrap_or_default(), style),
        ]
        .concat()
    }

    /// Where a kind goes on.
    fn more(&self) -> String {
        let kind = &self.of.kind;
        match (self.is_kind(), self.of.status) {
            (true, true) => format!("terrace explain {kind}.spec for its rules, {kind}.status for what is reported"),
            (true, false) => format!("terrace explain {kind}.spec for its rules"),
            (false, _) => String::new(),
        }
    }

    fn rules_in_words(&self, style: &Style) -> Vec<String> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        let rules = self.rules.iter().flat_map(|rule| {
            folded(&rule.message, style, 4).into_iter().enumerate().map(|(number, line)| {
                let mark = if number == 0 { "-" } else { " " };
                format!("  {mark} {}", style.paint(Paint::Plain, &line))
            })
        });
        [title("Rules", style)].into_iter().chain(rules).collect()
    }

    fn table(&self, style: &Style) -> Vec<String> {
        if self.fields.is_empty() {
            return Vec::new();
        }
        let widest =
            |of: fn(&Field) -> &str| self.fields.iter().map(|field| columns(of(field))).max().unwrap_or_default();
        let type_at = 2 + widest(|field| &field.name) + 2;
        let default_at = type_at + widest(|field| &field.type_) + 2;
        let summary_at = default_at + widest(default_of).max("default".len()) + 2;
        let row = |paint: Paint, [mark, name, type_, default]: [&str; 4]| {
            let line = Line::new().then(Paint::Yellow, if mark.is_empty() { " " } else { mark }).then(paint, name);
            line.at(type_at).then(Paint::Plain, type_).at(default_at).then(Paint::Plain, default).at(summary_at)
        };
        let mut lines =
            vec![title(if self.is_kind() { "Fields of spec (* required)" } else { "Fields (* required)" }, style)];
        lines.push(row(Paint::Dim, ["", "name", "type", "default"]).text(style).trim_end().to_owned());
        for field in &self.fields {
            let mark = if field.required { "*" } else { "" };
            let mut summary = folded(&field.summary, style, summary_at).into_iter();
            let first = summary.next().unwrap_or_default();
            let head = row(Paint::Bold, [mark, &field.name, &field.type_, default_of(field)]);
            lines.push(head.then(Paint::Plain, &first).text(style).trim_end().to_owned());
            lines.extend(summary.map(|rest| format!("{}{}", " ".repeat(summary_at), style.paint(Paint::Plain, &rest))));
        }
        lines
    }

    fn example_in_words(&self, style: &Style) -> Vec<String> {
        let Some(example) = &self.example else { return Vec::new() };
        let lines = example.lines().map(|line| style.paint(Paint::Plain, line));
        [title("Example", style)].into_iter().chain(lines).collect()
    }
}

fn default_of(field: &Field) -> &str {
    field.default_in_short.as_deref().unwrap_or("-")
}

/// A default with all that it says.
fn default_in_full(default: &serde_json::Value) -> String {
    match default {
        serde_json::Value::String(text) if text.is_empty() => "\"\"".into(),
        other => words::scalar(other),
    }
}

fn title(text: &str, style: &Style) -> String {
    style.paint(Paint::Bold, text)
}

fn fact(label: &str, text: &str, style: &Style) -> Vec<String> {
    let line = |(number, text): (usize, &String)| {
        let label = if number == 0 { label } else { "" };
        format!("  {}{}", style.paint(Paint::Dim, &format!("{label:10}")), style.paint(Paint::Plain, text))
    };
    folded(text, style, FACT).iter().enumerate().map(line).collect()
}

/// The text in lines that fit beside so many columns; in one where there is no width.
fn folded(text: &str, style: &Style, beside: usize) -> Vec<String> {
    let width = style.width.map_or(usize::MAX, |width| width.saturating_sub(beside).max(NARROWEST));
    wrap(text, width)
}
