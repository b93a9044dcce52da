//! Text in columns: how wide it is, and how it is cut and wrapped. Colour is put on afterwards.

/// The columns that a text takes: each of our symbols, and each character of AWS's messages, takes one.
pub fn columns(text: &str) -> usize {
    text.chars().count()
}

/// The first names of many, and how many more there are: `a, b and 3 more`.
pub fn some(names: &[impl AsRef<str>], most: usize) -> String {
    let more = names.len().saturating_sub(most);
    let told: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    told.join(", ") + &rest
}

/// The text in at most so many columns; where it was longer, it ends in `rest`.
pub fn cut(text: &str, width: usize, rest: &str) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(columns(rest))).collect();
    format!("{}{rest}", kept.trim_end())
}

/// The text in lines of at most so many columns, broken between words. A word that is longer, as an ARN may be, has a line
/// for itself: whoever copies it has it whole.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_names_some_are_told() {
        assert_eq!(some(&["a", "b", "c", "d"], 2), "a, b and 2 more");
        assert_eq!((some(&["a"], 5), some(&[""; 0], 5)), ("a".into(), String::new()));
    }

    #[test]
    fn a_text_is_cut_at_a_character_and_says_so() {
        assert_eq!(cut("übermäßig lang", 9, "…"), "übermäßi…");
        assert_eq!(cut("a word", 4, "..."), "a...");
        assert_eq!(cut("short", 5, "…"), "short");
        assert_eq!(cut("none", 0, "…"), "…");
    }

    #[test]
    fn lines_break_between_words_and_no_word_is_broken() {
        let arn = "arn:aws:rds:eu-west-1:111122223333:subgrp:x";
        let lines = wrap(&format!("not authorized on {arn} at all"), 16);
        assert_eq!(lines, ["not authorized", "on", arn, "at all"]);
        assert_eq!(wrap("  ", 10), Vec::<String>::new());
    }
}
