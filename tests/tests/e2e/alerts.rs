//! The chart's alerts, by Prometheus' own promtool: the rules are sound, and each fires when it should and not otherwise.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Value, json};
use terrace_tests::progress::Progress;
use terrace_tests::scratch::Scratch;
use terrace_tests::tools::{checkout, promtool};
use tokio::process::Command;

fn folder() -> PathBuf {
    checkout().join("charts/terrace/files/monitoring")
}

/// The rule file, and those with series to play to it.
fn files(folder: &Path) -> (PathBuf, Vec<PathBuf>) {
    let tests = std::fs::read_dir(folder.join("tests")).unwrap().map(|file| file.unwrap().path());
    (folder.join("alerts.yaml"), tests.collect())
}

fn read(path: &Path) -> Value {
    serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What promtool says; an error where it finds something wrong.
async fn says(args: &[&str], files: &[PathBuf]) -> Result<String> {
    let promtool = promtool(&Progress::builds_only()).await?;
    let said = Command::new(promtool).args(args).args(files).output().await?;
    let text = format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    anyhow::ensure!(said.status.success(), "{text}");
    Ok(text)
}

/// The alerts' rules, which live in one group.
fn rules(file: &mut Value) -> &mut Vec<Value> {
    file["groups"][0]["rules"].as_array_mut().unwrap()
}

#[tokio::test]
async fn the_rules_are_sound() {
    let (alerts, _) = files(&folder());
    let said = says(&["check", "rules", "--lint=all", "--lint-fatal"], std::slice::from_ref(&alerts)).await.unwrap();
    assert!(said.contains(&format!("{} rules found", rules(&mut read(&alerts)).len())), "{said}");
}

#[tokio::test]
async fn each_alert_fires_when_it_should_and_not_otherwise() {
    let (_, tests) = files(&folder());
    says(&["test", "rules"], &tests).await.unwrap();
}

#[tokio::test]
async fn an_alert_that_never_fires_or_always_does_would_be_found() {
    let (alerts, tests) = files(&folder());
    let (mut alerts, scratch) = (read(&alerts), Scratch::new().unwrap());
    std::fs::create_dir(scratch.path().join("tests")).unwrap();
    let copy = |test: &PathBuf| {
        let copied = scratch.path().join("tests").join(test.file_name().unwrap());
        std::fs::copy(test, &copied).map(|_| copied)
    };
    let tests: Vec<PathBuf> = tests.iter().map(|test| copy(test).unwrap()).collect();
    for index in 0..rules(&mut alerts).len() {
        let rule = rules(&mut alerts)[index].clone();
        for never_or_always in ["vector(0) > 1", "vector(1)"] {
            rules(&mut alerts)[index]["expr"] = json!(never_or_always);
            std::fs::write(scratch.path().join("alerts.yaml"), alerts.to_string()).unwrap();
            let said = says(&["test", "rules"], &tests).await.map_err(|error| error.to_string());
            let name = rule["alert"].as_str().unwrap();
            assert!(said.as_ref().is_err_and(|said| said.contains(name)), "{name} by {never_or_always}: {said:?}");
        }
        rules(&mut alerts)[index] = rule;
    }
}

#[tokio::test]
async fn the_dashboard_asks_in_prometheus_own_language() {
    let (dashboard, scratch) = (read(&folder().join("dashboard.json")), Scratch::new().unwrap());
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let asked = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten()).enumerate();
    let rules = asked.map(|(index, target)| json!({ "record": format!("asked:{index}"), "expr": target["expr"] }));
    let rules: Vec<Value> = rules.collect();
    let count = rules.len();
    let rules = json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
    let file = scratch.path().join("rules.yaml");
    std::fs::write(&file, rules.to_string()).unwrap();
    let said = says(&["check", "rules"], &[file]).await.unwrap();
    assert!(count > 20 && said.contains(&format!("{count} rules found")), "{said}");
}
