//! Names and texts within statements. Statements about users take no parameters, so that what comes from outside is put
//! into them, and is put there by these two functions alone.
//!
//! PostgreSQL, "Lexical Structure"; MySQL, "Schema Object Names" and "String Literals". Sessions of this crate have
//! `standard_conforming_strings` on and an empty `sql_mode`, so that both hold whatever a server's settings are.

use std::fmt;

/// Whose rules hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Postgres,
    Mysql,
}

/// What can stand in a statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quoted(String);

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Dialect {
    /// A name: of a role, a table, a database.
    pub fn name(self, name: &str) -> Quoted {
        match self {
            Dialect::Postgres => enclosed('"', name, &['"']),
            Dialect::Mysql => enclosed('`', name, &['`']),
        }
    }

    /// A text.
    pub fn text(self, text: &str) -> Quoted {
        match self {
            Dialect::Postgres => enclosed('\'', text, &['\'']),
            Dialect::Mysql => enclosed('\'', text, &['\'', '\\']),
        }
    }

    /// A user of MySQL's, from wherever it logs in.
    pub fn account(self, name: &str) -> Quoted {
        Quoted(format!("{}@'%'", self.text(name)))
    }
}

/// Between two marks, each of these characters doubled. No name or text can hold a NUL.
fn enclosed(mark: char, inner: &str, doubled: &[char]) -> Quoted {
    let mut quoted = String::with_capacity(inner.len() + 2);
    quoted.push(mark);
    for c in inner.chars().filter(|c| *c != '\0') {
        if doubled.contains(&c) {
            quoted.push(c);
        }
        quoted.push(c);
    }
    quoted.push(mark);
    Quoted(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_or_a_text_ends_it() {
        for (dialect, name, text) in
            [(Dialect::Postgres, r#""a""b'\`""#, r#"'a"b''\`'"#), (Dialect::Mysql, r#"`a"b'\```"#, r#"'a"b''\\`'"#)]
        {
            assert_eq!(dialect.name("a\"b'\\`\0").to_string(), name);
            assert_eq!(dialect.text("a\"b'\\`\0").to_string(), text);
        }
    }
}
