//! Every field of every kind is explained, and its example is what an API server admits and the types read.

use jiff::Timestamp;
use serde_json::Value;
use terrace_crds::{KINDS, Kind};

use super::find::item;
use super::testing::{Judge, unread};
use super::*;
use crate::style::{Style, columns};

/// The path of every field below a schema.
fn paths(schema: &JSONSchemaProps, path: &str, found: &mut Vec<String>) {
    for (name, field) in item(schema).properties.iter().flatten() {
        let path = format!("{path}.{name}");
        paths(field, &path, found);
        found.push(path);
    }
}

/// Every field of a part of a kind, and the part itself, explained.
fn every(kind: &Kind, part: &str) -> Vec<Explained> {
    let definition = kind.crd();
    let schema = definition.spec.versions[0].schema.as_ref().and_then(|schema| schema.open_api_v3_schema.as_ref());
    let Some(part_of) = schema.and_then(|schema| schema.properties.as_ref()?.get(part)) else { return Vec::new() };
    let mut found = vec![part.to_owned()];
    paths(part_of, part, &mut found);
    let explained = |path: &String| {
        let explained = explain_in(kind, &definition, path).expect("known");
        assert_eq!(explained.path, format!("{}.{path}", kind.kind));
        explained
    };
    found.iter().map(explained).collect()
}

/// Whether the field of these names is set, in the first item of each list.
fn is_set<'a>(value: &Value, mut names: impl Iterator<Item = &'a str>) -> bool {
    let value = value.as_array().map_or(value, |items| items.first().unwrap_or(&Value::Null));
    match names.next() {
        Some(name) => value.get(name).is_some_and(|value| is_set(value, names)),
        None => !value.is_null(),
    }
}

/// Whether a value was found that says nothing.
fn is_filler(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, value)| name == "example" || is_filler(value)),
        Value::Array(items) => items.iter().any(is_filler),
        other => other == "example",
    }
}

#[test]
fn the_example_of_every_field_is_admitted_and_sets_it() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for kind in KINDS {
        let judge = Judge::of(kind);
        for Explained { path, example, .. } in every(kind, "spec") {
            let example = example.expect("an example");
            let object: Value = serde_saphyr::from_str(&example).expect("YAML");
            if !is_set(&object, path.split('.').skip(1)) {
                wrong.push(format!("{path}: not set in {object}"));
            }
            if is_filler(&object) {
                wrong.push(format!("{path}: no sensible value: {object}"));
            }
            let refusals = judge.refusals(&object).into_iter().chain(unread(kind.kind, object.clone()));
            wrong.extend(refusals.map(|refusal| format!("{path}: {refusal}: {}", object["spec"])));
            seen += 1;
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(seen > 500, "{seen} fields");
}

#[test]
fn every_field_says_what_it_is_for_and_every_status_how_it_is_read() {
    for kind in KINDS {
        for explained in every(kind, "spec").into_iter().chain(every(kind, "status")) {
            let path = &explained.path;
            assert!(!explained.description.is_empty(), "{path} says nothing");
            let is_status = path.split('.').nth(1) == Some("status");
            assert_eq!((explained.read.is_some(), explained.example.is_none()), (is_status, is_status), "{path}");
        }
    }
}

#[test]
fn every_text_keeps_to_its_width_but_for_words_that_are_longer() {
    let style = Style { width: Some(100), ..Style::plain(Timestamp::UNIX_EPOCH) };
    for explained in KINDS.iter().flat_map(|kind| every(kind, "spec")) {
        let text = explained.text(&style);
        let shown = text.split("\nExample\n").next().unwrap_or_default();
        let over = |line: &&str| columns(line) > 100 && line.split_whitespace().all(|word| columns(word) < 40);
        assert_eq!(shown.lines().filter(over).collect::<Vec<_>>(), Vec::<&str>::new(), "{}", explained.path);
    }
}

fn shown(path: &str, width: Option<usize>) -> String {
    explain(path).expect("known").text(&Style { width, ..Style::plain(Timestamp::UNIX_EPOCH) })
}

#[test]
fn a_kind_is_shown_with_its_fields_in_one_table() {
    insta::assert_snapshot!("kind", shown("dt", Some(120)));
}

#[test]
fn a_field_is_shown_with_all_that_concerns_it() {
    insta::assert_snapshot!("object_field", shown("dt.storage", Some(100)));
    insta::assert_snapshot!("number_field", shown("dt.storage.iops", Some(100)));
    insta::assert_snapshot!("list_field", shown("et.routes.cache", Some(100)));
    insta::assert_snapshot!("status_field", shown("dt.status.progress", Some(100)));
}

#[test]
fn a_choice_is_shown_with_its_choices_and_without_a_width_on_one_line_each() {
    insta::assert_snapshot!("choice_field", shown("dt.availability", None));
}

#[test]
fn colour_is_written_only_where_it_is_wanted() {
    let style = Style { color: true, ..Style::plain(Timestamp::UNIX_EPOCH) };
    let explained = explain("dt.storage").expect("known");
    let colored = explained.text(&style);
    assert!(colored.contains("\u{1b}[1mDataTier.spec.storage\u{1b}[0m"));
    assert!(!shown("dt.storage", None).contains('\u{1b}'));
}

#[test]
fn programs_are_told_the_same_as_json() {
    insta::assert_json_snapshot!("json", explain("dt.storage.size").expect("known"));
}
