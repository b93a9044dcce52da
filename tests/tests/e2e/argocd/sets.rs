//! The ApplicationSet of `examples/argocd`: an Application for each team and stage, and their tiers.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::tools::checkout;
use terrace_tests::wait::ensure;

use super::PATIENCE;
use super::stage::{Stage, example};

/// The stages of the example's team.
const STAGES: [&str; 2] = ["production", "staging"];

pub async fn story(stage: &mut Stage) -> Result<()> {
    copy(&checkout().join("examples/argocd"), &stage.argo.repository.folder().join("examples/argocd"))?;
    stage.commit("the teams")?;
    for name in STAGES {
        stage.shop.apply(&environment(stage, name)?).await?;
        stage.shop.wait_for_condition("environment", name, "Ready", "True", SOON).await?;
    }
    let mut project = example("examples/argocd/project.yaml")?;
    project["spec"]["sourceRepos"] = json!([stage.argo.repository.url]);
    stage.argo.kubectl.apply(&project).await?;
    let mut set = example("examples/argocd/applicationset.yaml")?;
    set["spec"]["generators"][0]["git"]["repoURL"] = json!(stage.argo.repository.url);
    set["spec"]["template"]["spec"]["source"]["repoURL"] = json!(stage.argo.repository.url);
    stage.argo.kubectl.apply(&set).await?;
    stage.argo.start_sets()?;
    for name in STAGES {
        let application = format!("shop-{name}");
        stage
            .argo
            .kubectl
            .wait_for("application", &application, PATIENCE, |found| {
                let status = &found["status"];
                ensure(status["sync"]["status"] == "Synced" && status["health"]["status"] == "Healthy", status)
            })
            .await
            .context(application)?;
    }
    let classes = async |name: &str| -> Result<Value> {
        Ok(stage.namespaced(&format!("shop-{name}")).get("datatier", "orders").await?["spec"]["instanceClass"].clone())
    };
    let (production, staging) = (classes("production").await?, classes("staging").await?);
    ensure(production == "db.r8g.large" && staging == "db.t4g.medium", format_args!("{production}, {staging}"))
}

/// The platform's part: where a stage's tiers go, and whom it admits.
fn environment(stage: &Stage, name: &str) -> Result<Value> {
    let mut environment = example("examples/web/environment.yaml")?;
    environment["metadata"]["name"] = json!(name);
    let spec = &mut environment["spec"];
    spec["network"]["vpcId"] = json!(stage.account.vpc);
    spec["identity"]["assumeRole"]["externalId"] = json!(stage.account.external_id);
    // The emulator's databases are nowhere: nobody logs in to them.
    spec["databaseAccess"] = json!("None");
    spec["namespaces"]["matchLabels"]["terrace.dev/environment"] = json!(name);
    Ok(environment)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?.path();
        let target = to.join(entry.file_name().context("a name")?);
        match entry.is_dir() {
            true => copy(&entry, &target)?,
            false => std::fs::copy(&entry, &target).map(|_| ())?,
        }
    }
    Ok(())
}
