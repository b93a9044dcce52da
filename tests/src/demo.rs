//! The demonstration: a bed that outlives the command that starts it, with the example applied.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use crate::account::Account;
use crate::bed::{Bed, Options};
use crate::cache;
use crate::kubectl::{Kubectl, condition, holds};
use crate::operator::program;
use crate::progress::Progress;
use crate::tools::{Tools, checkout};
use crate::wait::until;

/// The account that the example names.
pub const ACCOUNT: &str = "111122223333";

/// The kinds of the example.
const KINDS: [&str; 6] = ["environments", "edgetiers", "webapps", "objecttiers", "cachetiers", "datatiers"];

/// How long the example may take until it is Ready.
const READY: Duration = Duration::from_secs(600);

/// What a running demonstration is found by.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Running {
    kubeconfig: PathBuf,
    kubectl: PathBuf,
    aws_endpoint: String,
    overlay: PathBuf,
    control: PathBuf,
    log: PathBuf,
}

/// Where a running demonstration is looked for: `$TERRACE_DEMO`, or `demo` in the cache folder.
fn folder() -> Result<PathBuf> {
    let set = std::env::var_os("TERRACE_DEMO").map(PathBuf::from);
    let folder = set.map_or_else(|| Ok(cache::root()?.join("demo")), anyhow::Ok)?;
    fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    Ok(folder)
}

fn state_file() -> Result<PathBuf> {
    Ok(folder()?.join("running.json"))
}

/// The running demonstration and a connection to it, if there is one.
async fn running() -> Result<Option<(Running, UnixStream)>> {
    let Ok(text) = fs::read(state_file()?) else { return Ok(None) };
    let Ok(state) = serde_json::from_slice::<Running>(&text) else { return Ok(None) };
    Ok(UnixStream::connect(&state.control).await.ok().map(|stream| (state, stream)))
}

/// Starts the demonstration in the background, unless it runs already, applies the example, and shows it until it is
/// Ready.
///
/// # Errors
/// When something cannot be built or started, or is not Ready in time.
pub async fn up() -> Result<()> {
    let progress = Progress::loud();
    Tools::get(&progress).await?;
    let state = match running().await? {
        Some((state, _)) => state,
        None => launch(&progress).await?,
    };
    let kubectl = Kubectl::new(state.kubectl.clone(), state.kubeconfig.clone());
    print!("\n$ kubectl apply -k examples/web\n{}\n", kubectl.apply_kustomization(&state.overlay).await?);
    let ready = follow(&kubectl).await;
    println!("\n$ terrace tree --namespace shop\n{}", tree(&state).await?);
    println!("It goes on running; `make demo-down` ends it. The log of its parts is in {}.\n", state.log.display());
    println!(
        "  export AWS_ENDPOINT_URL={} AWS_ACCESS_KEY_ID={ACCOUNT} AWS_SECRET_ACCESS_KEY=test AWS_REGION=eu-west-1",
        state.aws_endpoint
    );
    let folder = |program: &Path| program.parent().unwrap_or(Path::new("/")).display().to_string();
    println!("  export PATH={}:{}:$PATH", folder(&program()?), folder(&state.kubectl));
    println!("  export KUBECONFIG={}", state.kubeconfig.display());
    ready
}

/// What exists, as the program itself shows it.
async fn tree(state: &Running) -> Result<String> {
    let mut tree = tokio::process::Command::new(program()?);
    tree.args(["tree", "--namespace", "shop"]).env("KUBECONFIG", &state.kubeconfig).kill_on_drop(true);
    let said = tree.output().await.context("start terrace")?;
    ensure!(said.status.success(), "terrace tree: {}", String::from_utf8_lossy(&said.stderr));
    Ok(String::from_utf8_lossy(&said.stdout).into_owned())
}

/// Starts this program again as `bed serve`, apart from this terminal, and waits until its bed is up.
async fn launch(progress: &Progress) -> Result<Running> {
    let step = progress.start("bring up the bed");
    let (state, log) = (state_file()?, folder()?.join("demo.log"));
    // What a demonstration that was killed has left.
    let _ = fs::remove_file(&state);
    let out = File::create(&log)?;
    let mut serve = tokio::process::Command::new(std::env::current_exe()?);
    serve.arg("serve").stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
    let mut child = serve.spawn().context("start the bed")?;
    let last = || fs::read_to_string(&log).unwrap_or_default();
    let up = until("the bed", READY, async || {
        if child.try_wait()?.is_some() {
            return Ok(None);
        }
        step.say(last().lines().last().unwrap_or("…"));
        Ok(Some(running().await?.context("it is starting")?.0))
    })
    .await?;
    match up {
        Some(running) => {
            step.done("up");
            Ok(running)
        }
        None => bail!("the bed did not come up:\n{}", last()),
    }
}

/// Brings everything up, and stays until it is told to end. Runs apart from the terminal that started it.
///
/// # Errors
/// When something cannot be started.
pub async fn serve() -> Result<()> {
    rustix::process::setsid().context("leave the terminal's session")?;
    let bed = Bed::start(Options { progress: Progress::loud(), ..Options::default() }).await?;
    println!("the account {ACCOUNT}");
    let aws = bed.aws.as_account(ACCOUNT);
    let account = Account::prepare(&aws).await?;
    account.make_zone(&aws, "example.com").await?;
    println!("the operator");
    bed.operator().await?;
    let control = bed.folder().join("control");
    let listener = UnixListener::bind(&control)?;
    let state = Running {
        kubeconfig: bed.kubectl().kubeconfig().to_owned(),
        kubectl: bed.kubectl().program().to_owned(),
        aws_endpoint: bed.checker.url.clone(),
        overlay: write_overlay(bed.folder(), &account)?,
        control,
        log: bed.folder().to_owned(),
    };
    let partial = folder()?.join("running.json.new");
    fs::write(&partial, serde_json::to_vec_pretty(&state)?)?;
    fs::rename(&partial, state_file()?)?;
    println!("up");
    let told = wait_for_the_end(&listener).await?;
    fs::remove_file(state_file()?)?;
    let ended = bed.stop().await;
    drop(told);
    ended
}

/// Waits until somebody says `down`, and gives back the connection, whose end tells that somebody that all is gone.
async fn wait_for_the_end(listener: &UnixListener) -> Result<UnixStream> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        let mut said = [0; 4];
        if stream.read_exact(&mut said).await.is_ok() && &said == b"down" {
            return Ok(stream);
        }
    }
}

/// Ends a running demonstration and waits until it is gone.
///
/// # Errors
/// When it cannot be told.
pub async fn down() -> Result<()> {
    let Some((_, mut stream)) = running().await? else {
        println!("no demonstration is running");
        return Ok(());
    };
    stream.write_all(b"down").await?;
    // The end of the connection, orderly or not, is the end of the process.
    let _ = stream.read(&mut [0]).await;
    println!("the demonstration has ended, and nothing of it is left");
    Ok(())
}

/// The example, with the VPC of this account in it, as a kustomization over a copy of the example's folder: `overlay` over
/// `web`. Answers where the kustomization is.
///
/// # Errors
/// When it cannot be written.
pub fn write_overlay(scratch: &Path, account: &Account) -> Result<PathBuf> {
    let (base, overlay) = (scratch.join("web"), scratch.join("overlay"));
    fs::create_dir_all(&base)?;
    fs::create_dir_all(&overlay)?;
    for file in fs::read_dir(checkout().join("examples/web"))? {
        let file = file?;
        if file.file_type()?.is_file() {
            fs::copy(file.path(), base.join(file.file_name()))?;
        }
    }
    let facts = json!([
        { "op": "replace", "path": "/spec/network/vpcId", "value": account.vpc },
        { "op": "replace", "path": "/spec/identity/assumeRole/externalId", "value": account.external_id },
        // The emulator's databases are nowhere: nobody logs in to them.
        { "op": "add", "path": "/spec/databaseAccess", "value": "None" },
    ]);
    let kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
        "resources": ["../web"],
        "patches": [{ "target": { "kind": "Environment" }, "patch": facts.to_string() }],
    });
    fs::write(overlay.join("kustomization.yaml"), serde_json::to_vec_pretty(&kustomization)?)?;
    Ok(overlay)
}

/// Prints each change of the objects' standing until all are Ready.
async fn follow(kubectl: &Kubectl) -> Result<()> {
    let mut printed = Vec::new();
    until("the example", READY, async || {
        let objects = objects(kubectl).await?;
        let lines: Vec<String> =
            objects.iter().map(|object| format!("{:12} {}", kind(object), standing(object))).collect();
        lines.iter().filter(|line| !printed.contains(*line)).for_each(|line| println!("{line}"));
        printed.clone_from(&lines);
        match objects.iter().all(|object| holds(object, "Ready")) {
            true => Ok(()),
            false => bail!("{}", lines.join("\n")),
        }
    })
    .await
}

/// How an object stands, in its own words: `Ready`, or the reason and the message why not.
fn standing(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    match condition(object, "Ready") {
        Some(ready) if ready["status"] == "True" => "Ready".to_owned(),
        Some(ready) => format!("{}: {}", text(&ready["reason"]), text(&ready["message"])),
        None => "not looked at yet".to_owned(),
    }
}

fn kind(object: &Value) -> &str {
    object["kind"].as_str().unwrap_or("-")
}

async fn objects(kubectl: &Kubectl) -> Result<Vec<Value>> {
    let mut objects = Vec::new();
    for kind in KINDS {
        objects.extend(kubectl.list(kind, "").await?);
    }
    Ok(objects)
}
