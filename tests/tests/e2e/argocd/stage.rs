//! What the stories of Argo CD have: a bed with an operator, Argo CD with our settings, and a git repository.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::argocd::ArgoCd;
use terrace_tests::demo::{self, ACCOUNT};
use terrace_tests::docs::{blocks, typed};
use terrace_tests::tools::checkout;
use terrace_tests::wait::ensure;
use terrace_tests::{Account, Aws, Bed, Kubectl, Operator, Options};
use tokio::process::Command;

use super::{CHILDREN, PATIENCE};

/// The Application of the documentation.
pub const APPLICATION: &str = "shop";

/// A bed with an operator, and Argo CD on it.
pub struct Stage {
    pub argo: ArgoCd,
    /// kubectl in the example's namespace.
    pub shop: Kubectl,
    /// Hands in the example's account.
    pub aws: Aws,
    pub account: Account,
    operator: Operator,
    bed: Bed,
}

impl Stage {
    /// Brings all of it up, with the settings as the documentation has them set.
    pub async fn set() -> Result<Stage> {
        let bed = Bed::start(Options::default()).await?;
        let aws = bed.aws.as_account(ACCOUNT);
        let account = Account::prepare(&aws).await?;
        account.make_zone(&aws, "example.com").await?;
        // It looks at what stands still when it is asked to, and else so seldom that nobody waits for it.
        let operator = bed.start_operator(&["--resync-seconds=86400"]).await?;
        let argo = ArgoCd::start(&bed).await?;
        let stage = Stage { argo, shop: bed.kubectl().namespaced("shop"), aws, account, operator, bed };
        stage.does_what_is_told("docs/argocd.md").await?;
        Ok(stage)
    }

    /// Runs the commands of a page of the documentation, in the checkout.
    pub async fn does_what_is_told(&self, page: &str) -> Result<()> {
        let kubectl = self.bed.kubectl();
        let own = kubectl.program().parent().map(Path::to_owned);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path)))?;
        let mut bash = Command::new("bash");
        bash.current_dir(checkout()).env("PATH", folders).env("KUBECONFIG", kubectl.kubeconfig());
        typed(page, bash).await.map(drop)
    }

    /// kubectl in a namespace.
    pub fn namespaced(&self, namespace: &str) -> Kubectl {
        self.bed.kubectl().namespaced(namespace)
    }

    /// Writes the example, with the facts of the account in it, into the repository.
    pub fn write_example(&self) -> Result<()> {
        demo::write_overlay(self.argo.repository.folder(), &self.account).map(drop)
    }

    /// Edits the kustomization of a folder in the repository.
    pub fn kustomize(&self, folder: &str, edit: impl FnOnce(&mut Value)) -> Result<()> {
        let file = self.argo.repository.folder().join(folder).join("kustomization.yaml");
        let mut kustomization = read(&file)?;
        edit(&mut kustomization);
        Ok(std::fs::write(&file, kustomization.to_string())?)
    }

    /// Commits what the repository's folder holds.
    pub fn commit(&self, message: &str) -> Result<String> {
        self.argo.repository.commit(message)
    }

    /// Applies the Application of the documentation, of the test's repository.
    pub async fn apply_application(&self) -> Result<()> {
        let manifests = blocks("docs/argocd.md", "yaml")?;
        let application = manifests.iter().find(|block| block.contains("kind: Application\n"));
        let mut application: Value = serde_saphyr::from_str(application.context("the page has an Application")?)?;
        application["spec"]["source"]["repoURL"] = json!(self.argo.repository.url);
        application["spec"]["source"]["path"] = json!("overlay");
        ensure(application["metadata"]["name"] == APPLICATION, &application["metadata"])?;
        self.argo.kubectl.apply(&application).await.map(drop)
    }

    /// Waits until the Application fits.
    pub async fn until(&self, what: &str, fits: impl Fn(&Value) -> Result<()>) -> Result<Value> {
        self.argo.kubectl.wait_for("application", APPLICATION, PATIENCE, fits).await.context(what.to_owned())
    }

    /// Waits until the Application is Synced and Healthy.
    pub async fn until_healthy(&self) -> Result<Value> {
        self.until("synced and healthy", |application| {
            let status = &application["status"];
            ensure(
                status["sync"]["status"] == "Synced" && status["health"]["status"] == "Healthy",
                &status["resources"],
            )
        })
        .await
    }

    /// What Terrace made in the example's namespace.
    pub async fn children(&self) -> Result<Vec<Value>> {
        self.shop.list(CHILDREN, "app.kubernetes.io/managed-by=terrace").await
    }

    /// All there is to say of a failure.
    pub async fn standing(&self) -> String {
        let applications = self.argo.kubectl.list("applications", "").await.unwrap_or_default();
        let statuses: Vec<String> =
            applications.iter().map(|application| format!("{:#}", application["status"])).collect();
        let tiers = self.shop.run(&["get", "terrace", "-o", "wide"]).await.unwrap_or_default();
        let log = self.operator.log().unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(20).collect();
        format!("{}\n{tiers}\n{}\n{}", statuses.join("\n"), last.join("\n"), self.argo.tail())
    }
}

/// A YAML file of the checkout or of the repository.
pub fn read(file: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    serde_saphyr::from_str(&text).with_context(|| file.display().to_string())
}

/// A YAML file of the checkout.
pub fn example(path: &str) -> Result<Value> {
    read(&checkout().join(path))
}

/// What the Application says of the health of its one object of a kind.
pub fn health(application: &Value, kind: &str) -> Result<Value> {
    let resources = application["status"]["resources"].as_array().context("resources")?;
    let found = resources.iter().find(|resource| resource["kind"] == kind);
    Ok(found.with_context(|| format!("no {kind} among {resources:?}"))?["health"].clone())
}
