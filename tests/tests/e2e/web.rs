//! The web example as a whole: applied as it is in `examples/web`, used by its own program, deleted without a trace.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::pod::Sight;
use terrace_tests::scratch::Scratch;
use terrace_tests::tools::checkout;
use terrace_tests::wait::ensure;
use terrace_tests::{Emulator, until};
use tokio::process::Command;

use crate::scene::{Scene, output, play_of};

/// The tiers of the example, as kubectl names them.
const TIERS: [(&str, &str); 5] = [
    ("objecttier", "assets"),
    ("cachetier", "sessions"),
    ("datatier", "orders"),
    ("webapp", "shop"),
    ("edgetier", "shop"),
];

/// How long the whole example may take on an emulator.
const WHOLE: Duration = Duration::from_secs(180);

#[tokio::test]
async fn the_web_example_comes_up_serves_its_program_and_goes_on_ministack() {
    play_of("edgetier", Emulator::Ministack, "web", life).await;
}

async fn life(scene: &Scene<'_>) -> Result<()> {
    scene.tenant.account.make_zone(&scene.tenant.aws, "example.com").await?;
    let before = scene.tenant.inventory().await?;
    let mut environment = scene.tenant.environment();
    environment["spec"]["limits"] = manifest("environment.yaml")?["spec"]["limits"].clone();
    environment["spec"]["limits"]["allow"][0]["namespaces"] =
        json!({ "matchLabels": { "terrace.dev/environment": scene.tenant.name } });
    // The emulator's databases are nowhere: the pods get the master user, as the status says.
    environment["spec"]["databaseAccess"] = json!("None");
    scene.tenant.kubectl.apply(&environment).await?;
    scene.tenant.kubectl.wait_for_condition("environment", &scene.tenant.name, "Ready", "True", SOON).await?;
    applied(scene).await.context("applied")?;
    used(scene).await.context("used")?;
    deleted(scene).await.context("deleted")?;
    let left = before.changes(&scene.tenant.inventory().await?);
    // Secrets are kept for their recovery window; a last snapshot of what held data is what the deletion policy asks for.
    let kept = ["+ secretsmanager/Secret ", "+ rds/DBSnapshot ", "+ elasticache/Snapshot "];
    let rest: Vec<_> = left.iter().filter(|line| !kept.iter().any(|kind| line.starts_with(kind))).collect();
    ensure(rest.is_empty(), format_args!("left behind: {rest:#?}"))
}

fn manifest(file: &str) -> Result<Value> {
    let path = checkout().join("examples/web").join(file);
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    serde_saphyr::from_str(&text).with_context(|| path.display().to_string())
}

async fn applied(scene: &Scene<'_>) -> Result<()> {
    let files = ["data-tier.yaml", "cache-tier.yaml", "object-tier.yaml", "web-app.yaml", "edge-tier.yaml"];
    let mut items = Vec::new();
    for file in files {
        let mut object = manifest(file)?;
        object["metadata"]["namespace"] = json!(scene.tenant.name);
        items.push(object);
    }
    // All at once, and in whatever order.
    scene.tenant.kubectl.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": items })).await?;
    for (kind, name) in TIERS {
        scene.tenant.kubectl.wait_for_condition(kind, name, "Ready", "True", WHOLE).await.context(kind)?;
    }
    let edge = scene.tenant.kubectl.get("edgetier", "shop").await?;
    ensure(output(&edge, "distributionDomain")?.ends_with(".cloudfront.net"), &edge["status"]["outputs"])
}

/// The example's program, with what its pod would see.
async fn used(scene: &Scene<'_>) -> Result<()> {
    let pods = scene.tenant.kubectl.list("pods", "").await?;
    let pod = pods.first().context("no pod")?;
    let container = pod["spec"]["containers"][0]["name"].as_str().context("a name")?;
    let sight = Sight::of(&scene.tenant.kubectl, pod, container).await?;
    let root = Scratch::new()?;
    let run = Command::new(program()?).env_clear().envs(sight.lay_out(root.path())?).output().await?;
    let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    ensure(run.status.success(), format_args!("{said}\nenvironment: {:?}", sight.env.keys().collect::<Vec<_>>()))
}

/// The program is built beside this one.
fn program() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(|deps| deps.parent()).context("a target folder")?;
    Ok(folder.join("shop"))
}

async fn deleted(scene: &Scene<'_>) -> Result<()> {
    let kubectl = &scene.tenant.kubectl;
    // What holds data is kept or asks for leave by default; the example is to go for good.
    for (kind, name) in [("datatier", "orders"), ("objecttier", "assets")] {
        kubectl.patch(kind, name, &json!({ "spec": { "deletionPolicy": "Delete" } })).await?;
    }
    for (kind, name) in TIERS {
        kubectl.delete(kind, name).await?;
    }
    for (kind, name) in TIERS {
        kubectl.wait_until_gone(kind, name, WHOLE).await.context(kind)?;
    }
    until("the end of what Kubernetes held", SOON, async || {
        let left = kubectl.list("deployments,services,serviceaccounts,secrets,targetgroupbindings", "").await?;
        let ours: Vec<_> = left
            .iter()
            .filter(|object| object["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "terrace")
            .map(|object| &object["metadata"]["name"])
            .collect();
        ensure(ours.is_empty(), format_args!("{ours:?}"))
    })
    .await
}
