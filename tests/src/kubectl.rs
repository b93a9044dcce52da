//! kubectl, as a user types it, with the answers as JSON.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::{Instant, timeout_at};

use crate::process::fed;
use crate::wait::{ensure, late};
use crate::watch::{Event, Watch};

/// All kinds of tiers, as kubectl names them.
pub const TIERS: &str = "edgetiers,webapps,objecttiers,cachetiers,datatiers";

/// kubectl with the bed's kubeconfig, in one namespace if it has one.
#[derive(Debug, Clone)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    namespace: Option<String>,
}

impl Kubectl {
    /// kubectl with this kubeconfig.
    pub fn new(program: PathBuf, kubeconfig: PathBuf) -> Kubectl {
        Kubectl { program, kubeconfig, namespace: None }
    }

    /// The same, in this namespace.
    #[must_use]
    pub fn namespaced(&self, namespace: &str) -> Kubectl {
        Kubectl { namespace: Some(namespace.to_owned()), ..self.clone() }
    }

    /// The program itself.
    pub fn program(&self) -> &Path {
        &self.program
    }

    fn in_namespace(&self) -> impl Iterator<Item = &str> {
        self.namespace.iter().flat_map(|namespace| ["--namespace", namespace])
    }

    /// What makes a `get` one of all namespaces, where it has none of its own.
    pub(crate) fn everywhere(&self) -> Option<&'static str> {
        self.namespace.is_none().then_some("--all-namespaces")
    }

    /// The kubeconfig it uses.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// kubectl, yet without a command of its own. It ends with whoever waits for it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--kubeconfig").arg(&self.kubeconfig).args(self.in_namespace()).kill_on_drop(true);
        command
    }

    /// Runs it with `args` and gives back what it prints.
    ///
    /// # Errors
    /// What it prints to stderr, when it fails.
    pub async fn run(&self, args: &[&str]) -> Result<String> {
        self.run_with(args, "").await
    }

    /// As [`run`](Self::run), with this input.
    ///
    /// # Errors
    /// What it prints to stderr, when it fails.
    pub async fn run_with(&self, args: &[&str], input: &str) -> Result<String> {
        let mut command = self.command();
        command.args(args);
        let output = fed(&mut command, input).await.context("start kubectl")?;
        if !output.status.success() {
            bail!("kubectl {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    async fn json(&self, args: &[&str], input: &str) -> Result<Value> {
        let text = self.run_with(args, input).await?;
        serde_json::from_str(&text).with_context(|| format!("kubectl {}: no JSON: {text}", args.join(" ")))
    }

    /// Applies definitions of custom resources, and waits until they are served.
    ///
    /// # Errors
    /// What the API server refuses.
    pub async fn apply_definitions(&self, files: &[PathBuf]) -> Result<()> {
        for file in files {
            let file = file.to_str().context("a path is text")?;
            self.run(&["apply", "--server-side", "-f", file]).await?;
        }
        self.run(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]).await.map(drop)
    }

    /// Applies this object, and gives back what the API server made of it.
    ///
    /// # Errors
    /// What the API server refuses.
    pub async fn apply(&self, object: &Value) -> Result<Value> {
        self.json(&["apply", "-f", "-", "-o", "json"], &object.to_string()).await
    }

    /// Applies a file, or a folder of files.
    ///
    /// # Errors
    /// What the API server refuses.
    pub async fn apply_file(&self, path: &Path) -> Result<String> {
        self.run(&["apply", "--server-side", "-f", &path.to_string_lossy()]).await
    }

    /// Applies a folder with a `kustomization.yaml`.
    ///
    /// # Errors
    /// What the API server refuses.
    pub async fn apply_kustomization(&self, folder: &Path) -> Result<String> {
        self.run(&["apply", "-k", &folder.to_string_lossy()]).await
    }

    /// The object, or nothing if there is none of that name.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub async fn find(&self, kind: &str, name: &str) -> Result<Option<Value>> {
        let text = self.run(&["get", kind, name, "--ignore-not-found", "-o", "json"]).await?;
        if text.trim().is_empty() { Ok(None) } else { Ok(Some(serde_json::from_str(&text)?)) }
    }

    /// The object.
    ///
    /// # Errors
    /// When there is none of that name.
    pub async fn get(&self, kind: &str, name: &str) -> Result<Value> {
        self.json(&["get", kind, name, "-o", "json"], "").await
    }

    /// All objects of a kind (in the namespace, or in all without one) that `selector` picks; empty picks all.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub async fn list(&self, kind: &str, selector: &str) -> Result<Vec<Value>> {
        let args = ["get", kind, "-o", "json", "--selector", selector].into_iter().chain(self.everywhere());
        let mut list = self.json(&args.collect::<Vec<_>>(), "").await?;
        match list["items"].take() {
            Value::Array(items) => Ok(items),
            other => bail!("no items: {other}"),
        }
    }

    /// Changes the object by a JSON merge patch.
    ///
    /// # Errors
    /// What the API server refuses.
    pub async fn patch(&self, kind: &str, name: &str, patch: &Value) -> Result<Value> {
        self.json(&["patch", kind, name, "--type", "merge", "--patch", &patch.to_string(), "-o", "json"], "").await
    }

    /// As [`patch`](Self::patch), of an object that may be gone meanwhile.
    ///
    /// # Errors
    /// What the API server refuses, if the object is there.
    pub async fn patch_if_there(&self, kind: &str, name: &str, patch: &Value) -> Result<()> {
        match self.patch(kind, name, patch).await {
            Err(error) if self.find(kind, name).await?.is_some() => Err(error),
            _ => Ok(()),
        }
    }

    /// Changes the object's status by a JSON merge patch of the object.
    ///
    /// # Errors
    /// What the API server refuses.
    pub async fn patch_status(&self, kind: &str, name: &str, patch: &Value) -> Result<Value> {
        let (patch, how) = (patch.to_string(), ["--subresource", "status", "--type", "merge", "-o", "json"]);
        self.json(&[&["patch", kind, name, "--patch", &patch], how.as_slice()].concat(), "").await
    }

    /// Sets an annotation.
    ///
    /// # Errors
    /// What the API server refuses.
    pub async fn annotate(&self, kind: &str, name: &str, annotation: &str, value: &str) -> Result<Value> {
        self.patch(kind, name, &json!({ "metadata": { "annotations": { annotation: value } } })).await
    }

    /// Asks for the object's deletion and does not wait for it. One that is gone already is no error.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub async fn delete(&self, kind: &str, name: &str) -> Result<()> {
        self.run(&["delete", kind, name, "--wait=false", "--ignore-not-found"]).await.map(drop)
    }

    /// Waits until the object fits `fits`, and gives it back. `fits` says what it sees instead.
    ///
    /// # Errors
    /// When the deadline passes first.
    pub async fn wait_for(
        &self,
        kind: &str,
        name: &str,
        deadline: Duration,
        fits: impl Fn(&Value) -> Result<()>,
    ) -> Result<Value> {
        let (mut watch, end) = (Watch::named(self, kind, name)?, Instant::now() + deadline);
        let mut seen = anyhow!("no such object");
        loop {
            match timeout_at(end, watch.change()).await {
                Err(_) => return Err(seen).with_context(|| late(&format!("{kind} {name}"), deadline)),
                Ok(event) => match event? {
                    Event { gone: true, .. } => seen = anyhow!("it was deleted"),
                    Event { object, .. } => match fits(&object) {
                        Ok(()) => return Ok(object),
                        Err(other) => seen = other,
                    },
                },
            }
        }
    }

    /// Waits until the object has a condition of this type and status that is about its present generation.
    ///
    /// # Errors
    /// When the deadline passes first.
    pub async fn wait_for_condition(
        &self,
        kind: &str,
        name: &str,
        condition: &str,
        status: &str,
        deadline: Duration,
    ) -> Result<Value> {
        self.wait_for(kind, name, deadline, |object| {
            let current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
            ensure(current, format_args!("not observed: {}", object["status"]["conditions"]))?;
            let found = self::condition(object, condition);
            ensure(found.is_some_and(|found| found["status"] == status), &object["status"]["conditions"])
        })
        .await
    }

    /// Waits until the object is gone.
    ///
    /// # Errors
    /// When the deadline passes first.
    pub async fn wait_until_gone(&self, kind: &str, name: &str, deadline: Duration) -> Result<()> {
        let (object, patience) = (format!("{kind}/{name}"), format!("--timeout={}s", deadline.as_secs()));
        let Err(error) = self.run(&["wait", "--for=delete", &object, &patience]).await else { return Ok(()) };
        match self.find(kind, name).await? {
            None => Ok(()),
            Some(object) => Err(error).with_context(|| format!("{kind} {name} stands: {}", object["status"])),
        }
    }
}

/// Whether the condition of this type holds.
pub fn holds(object: &Value, of_type: &str) -> bool {
    condition(object, of_type).is_some_and(|condition| condition["status"] == "True")
}

/// The condition of this type in an object's status.
pub fn condition<'a>(object: &'a Value, of_type: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == of_type)
}
