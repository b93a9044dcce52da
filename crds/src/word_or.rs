//! A word, or more than a word: `cache: Disabled` beside `cache: {defaultTTLSeconds: 60}`.
//!
//! OpenAPI in a definition knows no such union. So the schema names no type: an API server then holds its pattern against
//! strings, its properties against objects and its items against lists, and passes over what is neither. That, and fields
//! that it does not know, is for Rust to refuse: the object is then `Malformed`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

/// One of the words of `W`, or what `T` says.
#[derive(Serialize, Clone, Debug, PartialEq, Eq)]
#[serde(untagged)]
pub enum WordOr<W, T> {
    /// A word.
    Word(W),
    /// More.
    More(T),
}

impl<'de, W: DeserializeOwned, T: DeserializeOwned> Deserialize<'de> for WordOr<W, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let read = if value.is_string() {
            serde_json::from_value(value).map(WordOr::Word)
        } else {
            serde_json::from_value(value).map(WordOr::More)
        };
        read.map_err(D::Error::custom)
    }
}

impl<W: JsonSchema, T: JsonSchema> JsonSchema for WordOr<W, T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}Or{}", W::schema_name(), T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let words = words(&W::json_schema(generator).to_value());
        let mut schema = T::json_schema(generator);
        for typed in ["type", "additionalProperties", "x-kubernetes-list-type", "description"] {
            schema.remove(typed);
        }
        schema.insert("pattern".into(), json!(format!("^({})$", words.join("|"))));
        schema.insert("x-kubernetes-preserve-unknown-fields".into(), json!(true));
        schema
    }
}

/// The words of an enum: under `enum`, or, where each has a description, under `oneOf`.
fn words(schema: &Value) -> Vec<String> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    let each = schema["oneOf"].as_array().into_iter().flatten();
    let each = each.flat_map(|one| one["enum"].as_array().into_iter().flatten().chain(one.get("const")));
    listed.chain(each).filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
    enum Word {
        /// All of them.
        All,
        /// None of them.
        None,
    }

    #[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct More {
        count: u8,
    }

    #[test]
    fn a_word_and_more_than_a_word_are_read_and_written_back() {
        for (text, expected) in
            [("\"All\"", WordOr::Word(Word::All)), ("{\"count\":3}", WordOr::More(More { count: 3 }))]
        {
            let read: WordOr<Word, More> = serde_json::from_str(text).unwrap();
            assert_eq!(read, expected);
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
    }

    #[test]
    fn what_is_neither_is_refused_by_what_is_wrong_with_it() {
        for (text, says) in [
            ("\"Some\"", "expected `All` or `None`"),
            ("{\"count\":3,\"counts\":3}", "unknown field `counts`"),
            ("{\"count\":\"many\"}", "expected u8"),
            ("5", "expected struct More"),
        ] {
            let error = serde_json::from_str::<WordOr<Word, More>>(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn its_schema_judges_each_form_and_names_no_type() {
        let schema = WordOr::<Word, More>::json_schema(&mut SchemaGenerator::default()).to_value();
        assert_eq!(schema["pattern"], "^(All|None)$");
        assert_eq!(schema["x-kubernetes-preserve-unknown-fields"], true);
        assert!(schema["properties"]["count"].is_object());
        assert!(schema.get("type").is_none() && schema.get("additionalProperties").is_none());
    }
}
