//! helm, as a person runs it against the bed's cluster.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::process::Command;

use crate::scratch::Scratch;
use crate::tools::checkout;

/// The namespace that the documentation installs into.
pub const NAMESPACE: &str = "terrace-system";
/// The release's name there.
pub const RELEASE: &str = "terrace";

/// helm with a kubeconfig.
#[derive(Debug, Clone)]
pub struct Helm {
    program: PathBuf,
    kubeconfig: PathBuf,
}

impl Helm {
    /// For the cluster of this kubeconfig.
    pub fn new(program: PathBuf, kubeconfig: PathBuf) -> Helm {
        Helm { program, kubeconfig }
    }

    /// The program itself.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The project's chart.
    pub fn chart() -> PathBuf {
        checkout().join("charts/terrace")
    }

    /// Runs helm and gives back what it printed.
    ///
    /// # Errors
    /// What it complained of.
    pub async fn run(&self, args: &[&str]) -> Result<String> {
        let home = Scratch::new()?;
        let mut command = Command::new(&self.program);
        command.args(args).env("KUBECONFIG", &self.kubeconfig).stdin(Stdio::null()).kill_on_drop(true);
        // Nothing of the machine's own: neither its repositories nor its plugins.
        for name in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(name, home.path());
        }
        let output = command.output().await.context("start helm")?;
        if !output.status.success() {
            bail!("helm {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs helm with these values for the chart, as from a file.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn with_values(&self, args: &[&str], values: &Value) -> Result<String> {
        let folder = Scratch::new()?;
        let file = folder.path().join("values.json");
        std::fs::write(&file, values.to_string())?;
        self.run(&[args, &["--values", path(&file)?]].concat()).await
    }

    /// Installs the chart in a namespace, or upgrades the release there, with these values and more arguments. Definitions that stand in the
    /// cluster already become the release's.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn install(&self, namespace: &str, values: &Value, args: &[&str]) -> Result<()> {
        let chart = Helm::chart();
        let install = ["upgrade", "--install", RELEASE, path(&chart)?, "--namespace", namespace];
        let how = ["--create-namespace", "--take-ownership", "--force-conflicts"];
        self.with_values(&[&install[..], &how, args].concat(), values).await.map(drop)
    }

    /// What the chart comes to with its default values, as it is kept for Kustomize (`deploy/terrace.yaml`).
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn base(&self) -> Result<String> {
        let chart = Helm::chart();
        let text = self.run(&["template", RELEASE, path(&chart)?, "--namespace", NAMESPACE]).await?;
        Ok(format!("# What charts/terrace renders; `make generate` writes it.\n{text}"))
    }

    /// What the chart comes to with these values, object by object.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn template(&self, values: &Value) -> Result<Vec<Value>> {
        let chart = Helm::chart();
        let text = self.with_values(&["template", RELEASE, path(&chart)?, "--namespace", NAMESPACE], values).await?;
        objects(&text)
    }
}

/// The objects of a stream of YAML documents.
///
/// # Errors
/// When one is no YAML.
pub fn objects(text: &str) -> Result<Vec<Value>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).with_context(|| format!("no YAML: {text}"))?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("the path is text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_taken_apart_and_what_is_empty_left_out() {
        let objects =
            objects("---\n# Source: a\nkind: A\n---\n# nothing\n---\nkind: B\ntext: |\n  a --- b\n").expect("YAML");
        let kinds: Vec<_> = objects.iter().filter_map(|object| object["kind"].as_str()).collect();
        assert_eq!(kinds, ["A", "B"]);
    }
}
