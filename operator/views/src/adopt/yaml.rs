//! YAML with comments, as manifests are written: blocks of fields in the order in which they were set.
//!
//! YAML 1.2: a JSON string is a string of YAML's; what could be taken for something else is written as one.

use serde_json::Value;

/// Fields, lists and comments, one below the other.
#[derive(Clone, Debug, Default)]
pub struct Block(Vec<Item>);

#[derive(Clone, Debug)]
enum Item {
    Note(String),
    Value(String, Value),
    Block(String, Block),
    List(String, Vec<Block>),
}

/// Characters in a line of a comment.
const WIDTH: usize = 118;

impl Block {
    /// A comment: to the field that follows, where one does.
    pub fn note(&mut self, text: impl Into<String>) {
        self.0.push(Item::Note(text.into()));
    }

    /// A field: a text, a number, or a list of such.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.push(Item::Value(name.into(), value.into()));
    }

    /// Fields of a field; none where the block is empty.
    pub fn block(&mut self, name: &str, block: Block) {
        if !block.0.is_empty() {
            self.0.push(Item::Block(name.into(), block));
        }
    }

    /// A list of blocks; none where it is empty.
    pub fn list(&mut self, name: &str, list: Vec<Block>) {
        if !list.is_empty() {
            self.0.push(Item::List(name.into(), list));
        }
    }

    /// All that another has, after what this has.
    pub fn append(&mut self, other: Block) {
        self.0.extend(other.0);
    }

    /// The text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, "");
        text
    }

    fn write(&self, text: &mut String, indent: &str) {
        for item in &self.0 {
            match item {
                Item::Note(note) => text.extend(wrapped(note, indent)),
                Item::Value(name, value) => {
                    text.push_str(&format!("{indent}{}: {}\n", scalar(name), flow(value)));
                }
                Item::Block(name, block) if block.is_bare() => {
                    text.extend(block.notes().flat_map(|note| wrapped(note, indent)));
                    text.push_str(&format!("{indent}{}: {{}}\n", scalar(name)));
                }
                Item::Block(name, block) => {
                    text.push_str(&format!("{indent}{}:\n", scalar(name)));
                    block.write(text, &format!("{indent}  "));
                }
                Item::List(name, list) => {
                    text.push_str(&format!("{indent}{}:\n", scalar(name)));
                    list.iter().for_each(|block| block.write_item(text, &format!("{indent}  ")));
                }
            }
        }
    }

    /// The comments before the first field stand before the dash.
    fn write_item(&self, text: &mut String, indent: &str) {
        let first = self.0.iter().position(|item| !matches!(item, Item::Note(_))).unwrap_or(self.0.len());
        let (notes, fields) = self.0.split_at(first);
        Block(notes.to_vec()).write(text, indent);
        let mut body = String::new();
        Block(fields.to_vec()).write(&mut body, &format!("{indent}  "));
        match body.get(indent.len() + 2..) {
            Some(rest) if !rest.is_empty() => text.push_str(&format!("{indent}- {rest}")),
            _ => text.push_str(&format!("{indent}- {{}}\n")),
        }
    }

    /// Whether it has comments only, which YAML takes for nothing at all.
    fn is_bare(&self) -> bool {
        self.0.iter().all(|item| matches!(item, Item::Note(_)))
    }

    fn notes(&self) -> impl Iterator<Item = &String> {
        self.0.iter().filter_map(|item| if let Item::Note(note) = item { Some(note) } else { None })
    }
}

fn wrapped(note: &str, indent: &str) -> Vec<String> {
    let mut lines = vec![format!("{indent}#")];
    for word in note.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > indent.len() + 1 && last + word.chars().count() + 1 > WIDTH {
            lines.push(format!("{indent}#"));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let pairs: Vec<String> =
                map.iter().map(|(key, value)| format!("{}: {}", scalar(key), flow(value))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        plain => plain.to_string(),
    }
}

/// A text, in quotes unless it can be nothing but a text.
fn scalar(text: &str) -> String {
    let letters = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let word = words.contains(&text.to_lowercase().as_str());
    if letters && text.chars().all(plain) && !text.ends_with(':') && !word {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // Breaks and what no editor shows.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                quoted.push_str(&format!("\\u{:04X}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_lists_and_comments_stand_as_people_write_them() {
        let mut item = Block::default();
        item.note("what it is");
        item.set("id", "db");
        item.set("handle", "arn:aws:rds:eu-west-1:1:db:orders");
        let mut spec = Block::default();
        spec.set("engine", "postgres");
        spec.list("resources", vec![item]);
        spec.block("empty", Block::default());
        let mut bare = Block::default();
        bare.note("nothing is known");
        spec.block("bare", bare);
        let mut all = Block::default();
        all.block("spec", spec);
        all.set("logs", json!(["postgresql", "upgrade"]));
        let text = "spec:\n  engine: postgres\n  resources:\n    # what it is\n    - id: db\n      handle: \
                    arn:aws:rds:eu-west-1:1:db:orders\n  # nothing is known\n  bare: {}\nlogs: [postgresql, upgrade]\n";
        assert_eq!(all.text(), text);
    }

    #[test]
    fn what_could_be_something_else_is_quoted() {
        for (text, written) in [
            ("17", "\"17\""),
            ("on", "\"on\""),
            ("Null", "\"Null\""),
            ("", "\"\""),
            ("a: b", "\"a: b\""),
            ("key:", "\"key:\""),
            ("- x", "\"- x\""),
            ("*", "\"*\""),
            ("a\"b\\c\n", "\"a\\\"b\\\\c\\u000A\""),
            ("sun:03:00-sun:04:00", "sun:03:00-sun:04:00"),
        ] {
            assert_eq!(scalar(text), written);
        }
    }

    #[test]
    fn a_comment_stays_a_comment() {
        let mut block = Block::default();
        block.note("a\nspec: b");
        block.note("word ".repeat(50));
        assert!(block.text().lines().all(|line| line.starts_with("# ") && line.len() <= WIDTH), "{}", block.text());
    }
}
