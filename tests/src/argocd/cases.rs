//! The scripts over recorded objects of every state: the cases of `health_test.yaml` and `action_test.yaml`, as Argo CD's
//! own tests run them, and that nothing is without a case.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use terrace_crds::{KINDS, PAUSE, RECONCILE_AT};

use super::config::{ACTIONS, customizations, has_actions, script};
use super::lua::run;

fn yaml(path: &str) -> Value {
    let text = std::fs::read_to_string(customizations().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// The health of an object: its status and its message.
fn health(object: &Value) -> (String, String) {
    let said = run(&script("health.lua").unwrap(), object).unwrap();
    let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("message"))
}

/// The actions of an object: their names, and whether they may be taken.
fn actions(object: &Value) -> Vec<(String, bool)> {
    let said = run(&script("actions/discovery.lua").unwrap(), object).unwrap();
    let said = said.as_object().expect("actions by name");
    let mut actions: Vec<_> = said.iter().map(|(name, action)| (name.clone(), action["disabled"] != true)).collect();
    actions.sort_unstable();
    actions
}

fn act(action: &str, object: &Value) -> mlua::Result<Value> {
    run(&script(&format!("actions/{action}/action.lua")).unwrap(), object)
}

/// Lua knows no difference between an empty list and an empty map; Argo CD takes what the object had.
fn without_empties(value: Value) -> Value {
    let empty = |value: &Value| {
        value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty) || value.is_null()
    };
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(key, value)| (key, without_empties(value)))
            .filter(|(_, value)| !empty(value))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(without_empties).collect(),
        other => other,
    }
}

#[test]
fn each_case_of_health_has_the_health_that_it_says() {
    for case in list(&yaml("health_test.yaml")["tests"]) {
        let path = case["inputPath"].as_str().unwrap();
        let wanted = &case["healthStatus"];
        let text = |name: &str| wanted[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(health(&yaml(path)), (text("status"), text("message")), "{path}");
    }
}

#[test]
fn each_recorded_object_is_a_case_and_every_health_has_one() {
    let cases = yaml("health_test.yaml");
    let named: BTreeSet<&str> = list(&cases["tests"]).iter().map(|case| case["inputPath"].as_str().unwrap()).collect();
    let recorded: BTreeSet<String> = std::fs::read_dir(customizations().join("testdata"))
        .unwrap()
        .map(|entry| format!("testdata/{}", entry.unwrap().file_name().to_string_lossy()))
        .collect();
    assert_eq!(named, recorded.iter().map(String::as_str).collect());
    let seen: BTreeSet<&str> =
        list(&cases["tests"]).iter().map(|case| case["healthStatus"]["status"].as_str().unwrap()).collect();
    assert_eq!(seen, ["Degraded", "Healthy", "Progressing", "Suspended"].into());
}

#[test]
fn a_stalled_object_shows_its_own_sentence() {
    let mut stalled = 0;
    for case in list(&yaml("health_test.yaml")["tests"]) {
        let object = yaml(case["inputPath"].as_str().unwrap());
        let Some(conditions) = object["status"]["conditions"].as_array() else { continue };
        for condition in conditions.iter().filter(|found| found["type"] == "Stalled" && found["status"] == "True") {
            let wanted = if condition["reason"] == "Paused" { "Suspended" } else { "Degraded" };
            let sentence = condition["message"].as_str().unwrap();
            assert!(!sentence.is_empty());
            assert_eq!(health(&object), (wanted.to_owned(), sentence.to_owned()), "{}", case["inputPath"]);
            stalled += 1;
        }
    }
    assert!(stalled >= 4, "{stalled} stalled objects are recorded");
}

#[test]
fn what_speaks_of_an_older_generation_is_not_believed() {
    let mut object = yaml("testdata/healthy.yaml");
    object["metadata"]["generation"] = json!(object["metadata"]["generation"].as_i64().unwrap() + 1);
    assert_eq!(health(&object), ("Progressing".to_owned(), "its last change has not been looked at yet".to_owned()));
    let mut stalled = yaml("testdata/no-environment.yaml");
    stalled["metadata"]["generation"] = json!(stalled["metadata"]["generation"].as_i64().unwrap() + 1);
    assert_eq!(health(&stalled).0, "Progressing");
}

#[test]
fn every_kind_is_healthy_once_it_is_ready() {
    for kind in KINDS {
        let mut object = yaml("testdata/healthy.yaml");
        object["kind"] = json!(kind.kind);
        if !kind.status {
            object["status"] = Value::Null;
        }
        assert_eq!(health(&object).0, "Healthy", "{}", kind.kind);
    }
}

#[test]
fn each_case_of_discovery_has_the_actions_that_it_says() {
    let tests = yaml("actions/action_test.yaml");
    for case in list(&tests["discoveryTests"]) {
        let path = case["inputPath"].as_str().unwrap();
        let wanted: Vec<(String, bool)> = list(&case["result"])
            .iter()
            .map(|action| (action["name"].as_str().unwrap().to_owned(), action["disabled"] != true))
            .collect();
        assert_eq!(actions(&yaml(&format!("actions/{path}"))), wanted, "{path}");
        // Argo CD's own test compares what is shown as well.
        let said = run(&script("actions/discovery.lua").unwrap(), &yaml(&format!("actions/{path}"))).unwrap();
        for action in list(&case["result"]) {
            let found = &said[action["name"].as_str().unwrap()];
            assert_eq!((&found["displayName"], &found["iconClass"]), (&action["displayName"], &action["iconClass"]));
        }
    }
}

#[test]
fn each_case_of_an_action_does_what_it_says_and_nothing_else() {
    for case in list(&yaml("actions/action_test.yaml")["actionTests"]) {
        let text = |name: &str| case[name].as_str().unwrap();
        let object = yaml(&format!("actions/{}", text("inputPath")));
        let after = act(text("action"), &object).unwrap();
        let wanted = yaml(&format!("actions/{}", text("expectedOutputPath")));
        assert_eq!(without_empties(after), without_empties(wanted), "{} {}", text("action"), text("inputPath"));
    }
}

#[test]
fn the_time_of_a_look_that_is_asked_for_is_now() {
    let object = yaml("testdata/healthy.yaml");
    let mut after = act("reconcile", &object).unwrap();
    let at = after["metadata"]["annotations"][RECONCILE_AT].take();
    let at = at.as_str().expect("a time");
    assert!(at.len() == "2026-01-01T00:00:00Z".len() && at.starts_with("20") && at.ends_with('Z'), "{at}");
    assert_eq!(without_empties(after), without_empties(object));
}

#[test]
fn pausing_and_resuming_leave_an_object_as_it_was() {
    let mut object = yaml("testdata/healthy.yaml");
    object["metadata"]["annotations"] = Value::Null;
    let paused = act("pause", &object).unwrap();
    assert_eq!(paused["metadata"]["annotations"], json!({ PAUSE: "true" }));
    assert_eq!(without_empties(act("resume", &paused).unwrap()), without_empties(object));
}

#[test]
fn there_is_nothing_to_approve_where_there_is_no_plan() {
    let refused = act("approve", &yaml("testdata/healthy.yaml")).unwrap_err();
    assert!(refused.to_string().contains("nothing waits for approval"), "{refused}");
}

#[test]
fn each_kind_offers_what_its_controller_heeds() {
    for kind in KINDS.iter().filter(|kind| has_actions(kind)) {
        let mut object = yaml("testdata/healthy.yaml");
        object["kind"] = json!(kind.kind);
        let offered: Vec<String> = actions(&object).into_iter().map(|(name, _)| name).collect();
        let wanted: Vec<&str> = if kind.namespaced() { ACTIONS.into() } else { vec!["reconcile"] };
        assert_eq!(offered, wanted, "{}", kind.kind);
    }
}
