//! The tables of what the schemas admit and refuse (crds/tests/rules), put to a real API server.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use terrace_tests::tools::checkout;
use terrace_tests::wait::ensure;
use terrace_tests::{Bed, Kubectl, Options};
use tokio::task::JoinSet;

/// One table: a smallest spec, and for each rule what it admits and what it refuses.
#[derive(Deserialize)]
struct Table {
    kind: String,
    base: Value,
    rules: Vec<Rule>,
}

/// A rule, known by what its message says, with patches of the base spec.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    says: String,
    #[serde(default)]
    admits: Vec<Value>,
    #[serde(default)]
    refuses: Vec<Value>,
    #[serde(default)]
    admits_edit: Vec<Edit>,
    #[serde(default)]
    refuses_edit: Vec<Edit>,
}

/// An edit of an object that exists: `from` patches the base, `to` patches what came of it.
#[derive(Deserialize)]
struct Edit {
    from: Value,
    to: Value,
}

/// A row to put to the API server.
struct Row {
    says: String,
    name: String,
    /// What stands before, if it is an edit.
    from: Option<Value>,
    object: Value,
    refused: bool,
}

/// kubectl processes at once.
const AT_ONCE: usize = 8;

#[tokio::test]
async fn the_api_server_admits_and_refuses_what_the_tables_say() {
    // No operator: nothing must act on what stands here only to be edited.
    let bed = Bed::start(Options::default()).await.unwrap();
    bed.apply_crds().await.unwrap();
    let (mut rows, mut wrong) = (0, Vec::new());
    for file in ["datatiers.yaml", "environments.yaml", "tiergrants.yaml"] {
        let text = std::fs::read_to_string(checkout().join("crds/tests/rules").join(file)).unwrap();
        let table: Table = serde_saphyr::from_str(&text).unwrap();
        let all = table.rows();
        rows += all.len();
        wrong.extend(judged(bed.kubectl(), all).await);
    }
    println!("{rows} rows");
    assert!(rows > 200 && wrong.is_empty(), "{} of {rows}:\n{}", wrong.len(), wrong.join("\n"));
}

impl Table {
    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for rule in &self.rules {
            let mut add = |from: Option<Value>, object: Value, refused: bool| {
                let name = format!("row-{}", rows.len());
                let named = |mut object: Value| {
                    object["metadata"]["name"] = json!(name);
                    object
                };
                let (from, object) = (from.map(named), named(object));
                rows.push(Row { says: rule.says.clone(), name: name.clone(), from, object, refused });
            };
            for (patches, refused) in [(&rule.admits, false), (&rule.refuses, true)] {
                patches.iter().for_each(|patch| add(None, self.object(&[patch]), refused));
            }
            for (edits, refused) in [(&rule.admits_edit, false), (&rule.refuses_edit, true)] {
                for Edit { from, to } in edits {
                    add(Some(self.object(&[from])), self.object(&[from, to]), refused);
                }
            }
        }
        rows
    }

    fn object(&self, patches: &[&Value]) -> Value {
        let mut spec = self.base.clone();
        patches.iter().for_each(|patch| crate::scene::merge(&mut spec, patch));
        json!({ "apiVersion": "terrace.dev/v1alpha1", "kind": self.kind, "metadata": {}, "spec": spec })
    }
}

/// What the API server says otherwise than the table.
async fn judged(kubectl: &Kubectl, rows: Vec<Row>) -> Vec<String> {
    let (mut running, mut wrong) = (JoinSet::new(), Vec::new());
    for row in rows {
        if running.len() == AT_ONCE {
            wrong.extend(running.join_next().await.unwrap().unwrap());
        }
        let kubectl = kubectl.namespaced("default");
        running.spawn(async move { row.judge(&kubectl).await.err().map(|error| format!("{}: {error:#}", row.says)) });
    }
    while let Some(verdict) = running.join_next().await {
        wrong.extend(verdict.unwrap());
    }
    wrong
}

impl Row {
    async fn judge(&self, kubectl: &Kubectl) -> Result<()> {
        let verb = if self.from.is_some() { "replace" } else { "create" };
        let mut object = self.object.clone();
        if let Some(from) = &self.from {
            let made = kubectl.run_with(&["create", "-f", "-", "-o", "json"], &from.to_string()).await;
            let made: Value = serde_json::from_str(&made.context("it cannot stand before")?)?;
            object["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"].clone();
        }
        let put =
            kubectl.run_with(&[verb, "--dry-run=server", "--validate=strict", "-f", "-"], &object.to_string()).await;
        let verdict = match (&put, self.refused) {
            (Ok(_), false) => Ok(()),
            (Ok(_), true) => Err(anyhow::anyhow!("{} is admitted", self.object["spec"])),
            (Err(error), false) => Err(anyhow::anyhow!("{} is refused: {error:#}", self.object["spec"])),
            (Err(error), true) => ensure(format!("{error:#}").contains(&self.says), format_args!("{error:#}")),
        };
        if self.from.is_some() {
            let kind = self.object["kind"].as_str().unwrap_or_default();
            kubectl.run(&["delete", kind, &self.name]).await?;
        }
        verdict
    }
}
