//! Pieces of Terraform's language: strings, names and comments, so written that nothing in them is taken for code.
//!
//! Terraform language documentation, "Syntax" (identifiers, comments) and "Strings and Templates" (escapes).

/// A string in quotes. What would begin a template (`${`, `%{`) is doubled, as the language has it.
pub fn text(value: &str) -> String {
    let mut quoted = String::from("\"");
    let mut rest = value.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '$' | '%' if rest.peek() == Some(&'{') => quoted.extend([next, next]),
            control if control.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(control))),
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

/// A name made of these parts: lower-case letters, digits and underscores, not beginning with a digit.
pub fn name(parts: &[&str]) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = parts.join("_").chars().map(plain).collect();
    match name.chars().next() {
        Some(first) if !first.is_ascii_digit() => name,
        _ => format!("_{name}"),
    }
}

/// Lines of a comment, each with its `#`, of at most so many characters where words allow it.
pub fn comment(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > 0 && last + word.chars().count() + 3 > WIDTH {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.iter().map(|line| format!("#{line}\n")).collect()
}

/// Characters in a line of a comment.
const WIDTH: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_string_is_taken_for_a_template_or_for_its_end() {
        for (value, written) in [
            ("shop", r#""shop""#),
            (r#"a"b\c"#, r#""a\"b\\c""#),
            ("${file(\"x\")} %{ if true }", r#""$${file(\"x\")} %%{ if true }""#),
            ("100% $5 $${", r#""100% $5 $$${""#),
            ("a\nb\tc\u{7}", r#""a\nb\tc\u0007""#),
        ] {
            assert_eq!(text(value), written, "{value}");
        }
    }

    #[test]
    fn a_name_is_one_that_terraform_takes() {
        assert_eq!(name(&["shop", "orders", "access-sg-1"]), "shop_orders_access_sg_1");
        assert_eq!(name(&["4711", "Web.Shop"]), "_4711_web_shop");
        assert_eq!(name(&[]), "_");
        assert_eq!(name(&["ü"]), "_");
    }

    #[test]
    fn a_comment_stays_one_whatever_is_in_it() {
        assert_eq!(comment("a\nresource \"x\" {}\r\u{1}"), "# a resource \"x\" {}\n");
        assert_eq!(comment(""), "#\n");
        let long = comment(&"word ".repeat(60));
        assert!(long.lines().all(|line| line.starts_with("# ") && line.len() <= WIDTH), "{long}");
    }
}
