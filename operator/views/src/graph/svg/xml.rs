//! Writes XML in which no text can be taken for anything else.

use std::fmt::Write as _;

use crate::style::bare;

/// A document in the making.
#[derive(Debug, Default)]
pub struct Xml {
    text: String,
    open: Vec<&'static str>,
}

impl Xml {
    /// Begins an element; what is written until [`Xml::end`] is in it.
    pub fn begin(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes, ">\n");
        self.open.push(name);
    }

    /// Ends the element that was begun last.
    pub fn end(&mut self) {
        if let Some(name) = self.open.pop() {
            let _ = writeln!(self.text, "{}</{name}>", "  ".repeat(self.open.len()));
        }
    }

    /// An element with nothing in it.
    pub fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes, "/>\n");
    }

    /// An element with text in it.
    pub fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.tag(name, attributes, ">");
        let _ = writeln!(self.text, "{}</{name}>", escape(text));
    }

    /// What was written. Whatever is still open ends here.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.text
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)], end: &str) {
        let _ = write!(self.text, "{}<{name}", "  ".repeat(self.open.len()));
        for (attribute, value) in attributes {
            let _ = write!(self.text, " {attribute}=\"{}\"", escape(value));
        }
        self.text.push_str(end);
    }
}

/// Text as it may stand in an element or an attribute, without what cannot be seen or turns its direction ([`bare`]). What
/// else XML 1.0 knows not (its section 2.2) is left out.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in bare(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_nest_and_text_is_escaped() {
        let mut xml = Xml::default();
        xml.begin("g", &[("class", "a\"b"), ("id", "1")]);
        xml.text("title", &[], "1 < 2 & 'x'");
        xml.empty("path", &[("d", "M0 0")]);
        xml.begin("g", &[]);
        assert_eq!(
            xml.finish(),
            "<g class=\"a&quot;b\" id=\"1\">\n  <title>1 &lt; 2 &amp; &#39;x&#39;</title>\n  <path d=\"M0 0\"/>\n  <g>\n  </g>\n</g>\n"
        );
    }

    #[test]
    fn whatever_is_written_can_be_read_again() {
        let hostile = "</title><script>alert(1)</script> \"'&\u{1}\u{202e}\u{fffe}\n\t注文 🚀";
        let mut xml = Xml::default();
        xml.text("t", &[("a", hostile)], hostile);
        let text = xml.finish();
        let read = roxmltree::Document::parse(&text).expect("well-formed");
        let kept = "</title><script>alert(1)</script> \"'&\u{fffd}\u{fffd}  注文 🚀";
        assert_eq!((read.root_element().text(), read.root_element().attribute("a")), (Some(kept), Some(kept)));
    }
}
