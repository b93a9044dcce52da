//! Every rule of every kind, with what it admits and what it refuses: the tables of `tests/rules`.

use std::collections::BTreeSet;

use crate::support::{Edit, Judge, Rule, Table, schema, tables};
use serde_json::Value;

#[test]
fn a_rule_admits_and_refuses_what_its_table_says() {
    let mut wrong = Vec::new();
    for table in tables() {
        let judge = Judge::of(table.kind());
        wrong.extend(table.rules.iter().flat_map(|rule| verdicts(&judge, &table, rule)));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_smallest_manifest_is_admitted() {
    for table in tables() {
        let refusals = Judge::of(table.kind()).refusals(&table.object(&[]), None);
        assert!(refusals.is_empty(), "{}: {refusals:?}", table.kind);
    }
}

#[test]
fn every_rule_has_a_table_of_what_it_admits_and_refuses() {
    for table in tables() {
        let schema = schema(table.kind());
        let mut written = BTreeSet::new();
        messages(&schema, &mut written);
        for rule in &table.rules {
            assert!(!rule.admits.is_empty() || !rule.admits_edit.is_empty(), "{:?} admits nothing", rule.says);
            assert!(!rule.refuses.is_empty() || !rule.refuses_edit.is_empty(), "{:?} refuses nothing", rule.says);
        }
        let untested: Vec<_> =
            written.iter().filter(|message| !table.rules.iter().any(|rule| message.contains(&rule.says))).collect();
        assert!(untested.is_empty(), "{}: no case for {untested:#?}", table.kind);
    }
}

#[test]
fn a_message_says_what_to_do_on_one_line() {
    for table in tables() {
        let mut written = BTreeSet::new();
        messages(&schema(table.kind()), &mut written);
        assert!(!written.is_empty() || table.kind == "TierGrant");
        for message in written {
            assert!(message.len() > 20 && message.len() < 200 && !message.contains('\n'), "{message}");
        }
    }
}

/// What the judge says otherwise than the table.
fn verdicts(judge: &Judge, table: &Table, rule: &Rule) -> Vec<String> {
    let new = |patch: &Value| judge.refusals(&table.object(&[patch]), None);
    let edited = |edit: &Edit| {
        let old = table.object(&[&edit.from]);
        let mut refusals = judge.refusals(&old, None);
        assert!(refusals.is_empty(), "{}: {} cannot exist: {refusals:?}", rule.says, edit.from);
        refusals.extend(judge.refusals(&table.object(&[&edit.from, &edit.to]), Some(&old)));
        refusals
    };
    let mut wrong = Vec::new();
    let mut expect = |case: String, refusals: Vec<String>, refuse: bool| {
        let as_said =
            if refuse { refusals.iter().any(|refusal| refusal.contains(&rule.says)) } else { refusals.is_empty() };
        if !as_said {
            let verb = if refuse { "is not refused by" } else { "is refused beside" };
            wrong.push(format!("{}: {case} {verb} {:?}: {refusals:?}", table.kind, rule.says));
        }
    };
    rule.admits.iter().for_each(|patch| expect(patch.to_string(), new(patch), false));
    rule.refuses.iter().for_each(|patch| expect(patch.to_string(), new(patch), true));
    rule.admits_edit.iter().for_each(|edit| expect(format!("{} -> {}", edit.from, edit.to), edited(edit), false));
    rule.refuses_edit.iter().for_each(|edit| expect(format!("{} -> {}", edit.from, edit.to), edited(edit), true));
    wrong
}

/// The messages of all CEL rules in a schema.
fn messages(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(keywords) => {
            for rule in keywords.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten() {
                found.insert(rule["message"].as_str().expect("every rule has a message").to_string());
            }
            keywords.values().for_each(|value| messages(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| messages(item, found)),
        _ => {}
    }
}
