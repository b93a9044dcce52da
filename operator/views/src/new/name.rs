//! Names as Kubernetes takes them (RFC 1123), written so that YAML reads text and nothing else.

use crate::style::{bare, cut};

/// What YAML 1.1 reads as something else than text; kubectl does so too.
const WORDS: &[&str] = &["y", "yes", "n", "no", "on", "off", "true", "false", "null"];

/// The name of an object: labels with dots between them, 253 characters at most.
pub(super) fn object(name: &str) -> Result<String, String> {
    if name.len() <= 253 && name.split('.').all(is_label) {
        return Ok(written(name));
    }
    Err(format!(
        "{} is no name for an object: use at most 253 small letters, digits, dashes and dots, with a letter or a digit at \
         both ends and beside each dot",
        shown(name)
    ))
}

/// The name of a namespace: one label, 63 characters at most.
pub(super) fn namespace(name: &str) -> Result<String, String> {
    if name.len() <= 63 && is_label(name) {
        return Ok(written(name));
    }
    Err(format!(
        "{} is no name for a namespace: use at most 63 small letters, digits and dashes, with a letter or a digit at both ends",
        shown(name)
    ))
}

fn is_label(label: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = label.bytes().next().into_iter().chain(label.bytes().last());
    !label.is_empty() && ends.into_iter().all(plain) && label.bytes().all(|byte| plain(byte) || byte == b'-')
}

/// In quotes where YAML would read a number, a date or a truth value.
fn written(name: &str) -> String {
    let text = name.starts_with(|first: char| first.is_ascii_lowercase()) && !WORDS.contains(&name);
    if text { name.to_owned() } else { format!("\"{name}\"") }
}

/// The name as it may be shown.
fn shown(name: &str) -> String {
    format!("\"{}\"", cut(&bare(name), 80, "…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_kubernetes_takes_them() {
        let long = "a".repeat(253);
        for name in ["a", "orders-2", "shop.example.com", "0a", long.as_str()] {
            assert!(object(name).is_ok(), "{name}");
        }
        let longer = "a".repeat(254);
        for name in
            ["", ".", "a.", "-a", "a-", "A", "a_b", "a b", "a\nb: c", "é", "a..b", "{{namespace}}", longer.as_str()]
        {
            assert!(object(name).is_err(), "{name}");
        }
        assert!(namespace("shop").is_ok() && namespace(&"a".repeat(63)).is_ok());
        assert!(namespace("a.b").is_err() && namespace(&"a".repeat(64)).is_err() && namespace("").is_err());
    }

    #[test]
    fn a_name_is_text_whatever_yaml_would_make_of_it() {
        for name in ["1", "1e3", "0x1f", "2026-07-01", "true", "no", "y", "null", "on", "orders", "1.5", "off"] {
            let yaml = format!("name: {}", object(name).expect("a name"));
            let read: serde_json::Value = serde_saphyr::from_str(&yaml).expect("YAML");
            assert_eq!(read["name"], name);
        }
        assert_eq!((object("no").as_deref(), object("orders").as_deref()), (Ok("\"no\""), Ok("orders")));
    }

    #[test]
    fn what_is_refused_is_said_in_one_sentence_without_what_a_terminal_obeys() {
        let said = object("Shop\u{1b}[2J").unwrap_err();
        assert!(
            said.starts_with("\"Shop\u{fffd}[2J\" is no name for an object: use") && !said.contains('\n'),
            "{said}"
        );
    }
}
