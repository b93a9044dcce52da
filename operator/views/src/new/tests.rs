//! Every template is what an API server admits; every option can be set; nothing of it is a field that there is not.

use serde_json::Value;

use super::*;
use crate::explain::testing::{Judge, unread};

fn read(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{error}:\n{yaml}"))
}

fn fresh(new: &NewKind) -> String {
    manifest(new.word, new.name, "shop").expect("a manifest")
}

/// Whether a line is an option: `#` and no space.
fn is_option(line: &str) -> bool {
    line.trim_start().strip_prefix('#').is_some_and(|rest| !rest.starts_with(' '))
}

/// The manifest with the options that are chosen set.
fn with_options(yaml: &str, chosen: impl Fn(usize) -> bool) -> String {
    let set = |(number, line): (usize, &str)| match is_option(line) && chosen(number) {
        true => line.replacen('#', "", 1),
        false => line.to_owned(),
    };
    yaml.lines().enumerate().map(set).collect::<Vec<_>>().join("\n")
}

fn wrong(judge: &Judge, kind: &str, yaml: &str) -> Vec<String> {
    let object = read(yaml);
    judge.refusals(&object).into_iter().chain(unread(kind, object)).collect()
}

#[test]
fn every_kind_has_a_manifest_that_is_admitted() {
    assert_eq!(KINDS.len(), terrace_crds::KINDS.len());
    for new in KINDS {
        let judge = Judge::of(kind_named(new.kind).expect("known"));
        assert_eq!(wrong(&judge, new.kind, &fresh(new)), Vec::<String>::new(), "{}", new.kind);
    }
}

#[test]
fn every_option_can_be_set_by_itself_or_with_what_it_names() {
    for new in KINDS {
        let (judge, yaml) = (Judge::of(kind_named(new.kind).expect("known")), fresh(new));
        let options = yaml.lines().enumerate().filter(|(_, line)| is_option(line));
        for (number, line) in options {
            let alone = with_options(&yaml, |chosen| chosen == number);
            assert_ne!(read(&alone), read(&yaml), "{line} says nothing");
            let wrong = wrong(&judge, new.kind, &alone);
            let wants_another = line.contains("; with ") && wrong.iter().all(|wrong| wrong.contains("set "));
            assert!(wrong.is_empty() || wants_another, "{}: {line}: {wrong:?}", new.kind);
        }
    }
}

#[test]
fn all_options_together_are_read_and_are_fields_that_there_are() {
    for new in KINDS {
        let judge = Judge::of(kind_named(new.kind).expect("known"));
        let object = read(&with_options(&fresh(new), |_| true));
        assert_eq!(judge.misfits(&object), Vec::<String>::new(), "{}", new.kind);
        assert_eq!(unread(new.kind, object), None);
    }
}

#[test]
fn every_template_has_options_and_says_how_they_are_set() {
    for new in KINDS {
        let yaml = fresh(new);
        assert!(yaml.lines().any(is_option), "{}", new.kind);
        assert!(yaml.contains("take the # off") && yaml.contains(&format!("terrace explain {}", new.kind)));
        assert!(!yaml.contains("{{") && yaml.lines().all(|line| line.len() <= 140), "{}", new.kind);
    }
}

#[test]
fn name_and_namespace_are_put_in_and_an_environment_has_no_namespace() {
    let object = read(&manifest("dt", "2026", "no").expect("a manifest"));
    assert_eq!((&object["metadata"]["name"], &object["metadata"]["namespace"]), (&"2026".into(), &"no".into()));
    let object = read(&manifest("Environment", "prod", "-- none --").expect("a manifest"));
    assert_eq!(object["metadata"], serde_json::json!({ "name": "prod" }));
}

#[test]
fn what_cannot_be_made_is_refused_in_a_sentence() {
    assert_eq!(manifest("data-tire", "a", "b").unwrap_err(), "there is no kind data-tire: did you mean DataTier?");
    assert!(manifest("data-tier", "Orders", "shop").unwrap_err().starts_with("\"Orders\" is no name for an object"));
    assert!(manifest("data-tier", "a", "b\nspec: {}").unwrap_err().contains("is no name for a namespace"));
    assert!(manifest("data-tier", "{{namespace}}", "shop").is_err());
}

#[test]
fn a_manifest_is_shown_as_it_is() {
    insta::assert_snapshot!("data_tier", manifest("data-tier", "orders", "shop").expect("a manifest"));
}
