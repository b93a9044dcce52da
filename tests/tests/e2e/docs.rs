//! What the documentation tells to type is typed: the commands of each page in their order, as one script.

use std::ffi::OsStr;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::cli::OF_AWS;
use terrace_tests::docs::{blocks, followed, typed};
use terrace_tests::helm::NAMESPACE;
use terrace_tests::operator::{ACCOUNT, program};
use terrace_tests::progress::Progress;
use terrace_tests::scratch::Scratch;
use terrace_tests::tools::{checkout, monitoring_definitions};
use terrace_tests::{Bed, Options, Tenant};
use tokio::process::Command;

use crate::scene::merge;

#[tokio::test]
async fn the_pages_on_installing_tell_what_works() {
    let bed = Bed::start(Options::default()).await.unwrap();
    let _kubelet = bed.kubelet().unwrap();
    let tenant = bed.tenant("docs").await.unwrap();
    let desk = Desk::set(&bed, &tenant).await.unwrap();
    for page in ["docs/iam.md", "docs/install.md", "docs/multi-tenancy.md"] {
        let said = desk.follow(&bed, page).await.unwrap();
        println!("{page}: {said} commands");
    }
}

#[tokio::test]
async fn the_page_on_day_2_shows_what_is_printed() {
    let bed = Bed::start(Options::default()).await.unwrap();
    bed.operator().await.unwrap();
    let tenant = bed.tenant("day-2").await.unwrap();
    let desk = Desk::set(&bed, &tenant).await.unwrap();
    let kubectl = bed.kubectl();
    for file in ["namespace.yaml", "environment.yaml"] {
        kubectl.apply_file(&desk.folder.path().join("examples/orders").join(file)).await.unwrap();
    }
    kubectl.wait_for_condition("environment", "prod", "Ready", "True", SOON).await.unwrap();
    let mut bash = desk.bash();
    bash.env("AWS_ACCESS_KEY_ID", &tenant.account.id);
    let followed = followed("docs/day-2.md", bash).await;
    let commands = match followed {
        Ok(commands) => commands,
        Err(error) => panic!("{error:#}\n{}", desk.stands(&bed).await.unwrap()),
    };
    println!("docs/day-2.md: {commands} commands");
    typed("docs/flux.md", desk.bash()).await.unwrap();
}

#[tokio::test]
async fn the_commands_of_the_runbooks_run() {
    let bed = Bed::start(Options::default()).await.unwrap();
    let _kubelet = bed.kubelet().unwrap();
    let monitoring = monitoring_definitions(&Progress::builds_only()).await.unwrap();
    bed.kubectl().apply_definitions(&monitoring).await.unwrap();
    let tenant = bed.tenant("runbooks").await.unwrap();
    let desk = Desk::set(&bed, &tenant).await.unwrap();
    typed("docs/argocd.md", desk.in_argo_cd(&bed).await.unwrap()).await.unwrap();
    let metrics = json!({ "metrics": { "serviceMonitor": { "create": true } } });
    let mut values = bed.operator_start(&["--resync-seconds=4"]).values(2);
    merge(&mut values, &metrics);
    bed.helm.install(NAMESPACE, &values, &["--wait", "--timeout=120s"]).await.unwrap();
    let folder = desk.folder.path().join("examples/orders");
    for file in ["namespace.yaml", "environment.yaml", "data-tier.yaml"] {
        bed.kubectl().apply_file(&folder.join(file)).await.unwrap();
    }
    let orders = bed.kubectl().namespaced("shop");
    orders.wait_for_condition("datatier", "orders", "Ready", "True", SOON).await.unwrap();
    let mut count = 0;
    for page in std::fs::read_dir(checkout().join("docs/runbooks")).unwrap() {
        let page = format!("docs/runbooks/{}", page.unwrap().file_name().to_string_lossy());
        for command in blocks(&page, "sh").unwrap().concat().lines() {
            desk.finds(&page, command, &tenant.account.id).await;
            count += 1;
        }
    }
    println!("docs/runbooks: {count} commands");
}

/// Where a person sits who follows a page: the programs that it names, and a checkout.
struct Desk {
    folder: Scratch,
    env: Vec<(&'static str, String)>,
}

impl Desk {
    async fn set(bed: &Bed, tenant: &Tenant<'_>) -> Result<Desk> {
        let folder = Scratch::new()?;
        let (bin, home) = (folder.path().join("bin"), folder.path().join("home"));
        std::fs::create_dir_all(&bin)?;
        std::fs::create_dir_all(&home)?;
        let values = folder.path().join("bed.json");
        // What stands for AWS here; a person's chart has none of it.
        std::fs::write(&values, bed.operator_start(&["--resync-seconds=4"]).values(2).to_string())?;
        let (helm, values) = (bed.helm.program().display(), values.display());
        let with_values =
            format!("case $1 in install|upgrade) exec {helm} \"$@\" --values {values};; esac\nexec {helm} \"$@\"");
        script(&bin.join("helm"), &with_values)?;
        let aws = bed.python.script("aws_cli.py");
        let words: Vec<_> = [aws.get_program()].into_iter().chain(aws.get_args()).collect();
        script(&bin.join("aws"), &format!("exec {} \"$@\"", words.join(OsStr::new(" ")).display()))?;
        symlink(bed.kubectl().program(), bin.join("kubectl"))?;
        // What stands for AWS here; a person's own is found by the region.
        let (terrace, endpoint) = (program()?, &bed.checker.url);
        let terrace = terrace.display();
        let at_endpoint = format!(
            "case $1 in {}) exec {terrace} \"$@\" --aws-endpoint-url {endpoint};; esac\nexec {terrace} \"$@\"",
            OF_AWS.join("|")
        );
        script(&bin.join("terrace"), &at_endpoint)?;
        for name in ["charts", "deploy"] {
            symlink(checkout().join(name), folder.path().join(name))?;
        }
        examples(folder.path(), tenant)?;
        // A cluster that EKS calls as the pages do, in the operator's own account.
        let eks = json!({ "name": "prod", "roleArn": format!("arn:aws:iam::{ACCOUNT}:role/cluster"),
                          "resourcesVpcConfig": { "subnetIds": [], "securityGroupIds": [] } });
        bed.aws.as_account(ACCOUNT).call("eks", "create_cluster", eks).await?;
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
        let env = vec![
            ("PATH", path),
            ("HOME", home.display().to_string()),
            ("KUBECONFIG", bed.kubectl().kubeconfig().display().to_string()),
            ("AWS_ENDPOINT_URL", bed.checker.url.clone()),
            ("AWS_ACCESS_KEY_ID", ACCOUNT.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_DEFAULT_REGION", "eu-west-1".to_owned()),
        ];
        Ok(Desk { folder, env })
    }

    /// How the objects stand, for whoever reads of a failure.
    async fn stands(&self, bed: &Bed) -> Result<String> {
        let objects = bed.kubectl().list("environments,datatiers", "").await?;
        let told =
            objects.iter().map(|object| format!("{} {}", object["metadata"]["name"], object["status"]["conditions"]));
        Ok(told.collect::<Vec<_>>().join("\n"))
    }

    /// A shell in whose cluster Argo CD has its ConfigMap.
    async fn in_argo_cd(&self, bed: &Bed) -> Result<Command> {
        let argo = bed.kubectl().namespaced("argocd");
        let meta = |kind: &str, meta: Value| json!({ "apiVersion": "v1", "kind": kind, "metadata": meta });
        argo.apply(&meta("Namespace", json!({ "name": "argocd" }))).await?;
        argo.apply(&meta("ConfigMap", json!({ "name": "argocd-cm", "namespace": "argocd" }))).await?;
        symlink(checkout().join("argocd"), self.folder.path().join("argocd"))?;
        Ok(self.bash())
    }

    /// Types a command that looks for something; that there is nothing of it, or something, is no failure.
    async fn finds(&self, page: &str, command: &str, account: &str) {
        let mut bash = self.bash();
        bash.args(["-uc", command]).env("AWS_ACCESS_KEY_ID", account);
        let ended = bash.output().await.unwrap();
        let (code, said) = (ended.status.code(), String::from_utf8_lossy(&ended.stderr));
        // The bed's nodes keep no logs: there the API server has found the pods, and can ask nobody.
        let said = said.replace("Error from server: no preferred addresses found; known addresses: []\n", "");
        assert!(matches!(code, Some(0..=2)) && said.is_empty(), "{page}: {command}: {code:?} {said}");
    }

    fn bash(&self) -> Command {
        let mut bash = Command::new("bash");
        bash.current_dir(self.folder.path()).env_clear().envs(self.env.clone());
        bash
    }

    /// Types the commands of a page, and says how many there were.
    async fn follow(&self, bed: &Bed, page: &str) -> Result<usize> {
        match typed(page, self.bash()).await {
            Err(error) => Err(error.context(self.stands(bed).await?)),
            typed => typed,
        }
    }
}

fn script(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, format!("#!/bin/sh\n{text}\n"))?;
    Ok(std::fs::set_permissions(file, PermissionsExt::from_mode(0o755))?)
}

/// The example of the pages, whose Environment is that of the tenant: an account and a network that are there.
fn examples(folder: &Path, tenant: &Tenant<'_>) -> Result<()> {
    let (from, to) = (checkout().join("examples/orders"), folder.join("examples/orders"));
    std::fs::create_dir_all(&to)?;
    for file in ["namespace.yaml", "data-tier.yaml"] {
        std::fs::copy(from.join(file), to.join(file))?;
    }
    let mut environment: Value = serde_saphyr::from_str(&std::fs::read_to_string(from.join("environment.yaml"))?)?;
    let namespaces = environment["spec"]["namespaces"].take();
    environment["spec"] = tenant.environment()["spec"].take();
    environment["spec"]["namespaces"] = namespaces;
    let file: PathBuf = to.join("environment.yaml");
    Ok(std::fs::write(file, environment.to_string())?)
}
