//! The web example as a whole: applied as it is in `examples/web`, used by its own program, deleted without a trace.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::inventory::is_kept;
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

/// What has no place on moto: it has no user groups, parameter groups or nodes of caches.
const NOT_ON_MOTO: &str = "cachetier";

/// How long the whole example may take on an emulator.
pub const WHOLE: Duration = Duration::from_secs(180);

#[tokio::test]
async fn the_web_example_comes_up_serves_its_program_and_goes_on_ministack() {
    play_of("edgetier", Emulator::Ministack, "web", life).await;
}

#[tokio::test]
async fn the_web_example_comes_up_serves_its_program_and_goes_on_moto() {
    play_of("edgetier", Emulator::Moto, "web", life).await;
}

async fn life(scene: &Scene<'_>) -> Result<()> {
    prepare(scene, &[]).await?;
    let before = scene.tenant.inventory().await?;
    applied(scene).await.context("applied")?;
    used(scene).await.context("used")?;
    deleted(scene).await.context("deleted")?;
    let left = before.changes(&scene.tenant.inventory().await?);
    let rest: Vec<_> = left.iter().filter(|line| !is_kept(line)).collect();
    ensure(rest.is_empty(), format_args!("left behind: {rest:#?}"))
}

/// The zone that the example has its names in, and its Environment, with its limits; and further names that it admits.
pub async fn prepare(scene: &Scene<'_>, hostnames: &[&str]) -> Result<()> {
    scene.tenant.account.make_zone(&scene.tenant.aws, "example.com").await?;
    let mut environment = scene.tenant.environment();
    environment["spec"]["limits"] = manifest("environment.yaml")?["spec"]["limits"].clone();
    if let Some(admitted) = environment["spec"]["limits"]["hostnames"].as_array_mut() {
        admitted.extend(hostnames.iter().map(|name| json!(name)));
    }
    environment["spec"]["limits"]["allow"][0]["namespaces"] =
        json!({ "matchLabels": { "terrace.dev/environment": scene.tenant.name } });
    // The emulator's databases are nowhere: the pods get the master user, as the status says.
    environment["spec"]["databaseAccess"] = json!("None");
    scene.tenant.kubectl.apply(&environment).await?;
    scene.tenant.kubectl.wait_for_condition("environment", &scene.tenant.name, "Ready", "True", SOON).await?;
    Ok(())
}

fn manifest(file: &str) -> Result<Value> {
    let path = checkout().join("examples/web").join(file);
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    serde_saphyr::from_str(&text).with_context(|| path.display().to_string())
}

fn on_moto(scene: &Scene) -> bool {
    scene.bed.emulator.emulator == Emulator::Moto
}

/// The tiers of the example that the emulator has room for, as kubectl names them.
fn names(scene: &Scene) -> Vec<(&'static str, &'static str)> {
    TIERS.into_iter().filter(|(kind, _)| !on_moto(scene) || *kind != NOT_ON_MOTO).collect()
}

/// A copy of the example's tiers in the tenant's namespace: what they name of one another, and their host names, end with
/// or hold this suffix.
pub fn tiers(scene: &Scene<'_>, suffix: &str) -> Result<Vec<Value>> {
    let mut files = vec!["data-tier.yaml", "object-tier.yaml", "web-app.yaml", "edge-tier.yaml"];
    if !on_moto(scene) {
        files.push("cache-tier.yaml");
    }
    let mut all = Vec::new();
    for file in files {
        let mut tier = manifest(file)?;
        tier["metadata"]["namespace"] = json!(scene.tenant.name);
        rename(&mut tier, suffix);
        if on_moto(scene) {
            fit_to_moto(&mut tier, scene);
        }
        all.push(tier);
    }
    Ok(all)
}

/// Puts the suffix to the object's own name, to those of the objects it refers to, and to its host names' first labels.
fn rename(tier: &mut Value, suffix: &str) {
    let named = |name: &mut Value| {
        if let Some(text) = name.as_str() {
            *name = json!(format!("{text}{suffix}"));
        }
    };
    named(&mut tier["metadata"]["name"]);
    for list in ["bindings", "origins"] {
        for entry in tier["spec"][list].as_array_mut().into_iter().flatten() {
            for (_, reference) in entry.as_object_mut().into_iter().flatten().filter(|(key, _)| key.ends_with("Ref")) {
                named(&mut reference["name"]);
            }
        }
    }
    for hostname in tier["spec"]["hostnames"].as_array_mut().into_iter().flatten() {
        let text = hostname.as_str().unwrap_or_default().replacen('.', &format!("{suffix}."), 1);
        *hostname = json!(text);
    }
}

/// Takes out what moto does not know: caches, VPC origins and policies of CloudFront, the lists of AWS WAF in its scope.
fn fit_to_moto(tier: &mut Value, scene: &Scene) {
    let spec = &mut tier["spec"];
    if let Some(bindings) = spec["bindings"].as_array_mut() {
        bindings.retain(|binding| binding["cacheTierRef"].is_null());
    }
    match tier["kind"].as_str() {
        // It refuses windows that touch, as the defaults do.
        Some("DataTier") => {
            tier["spec"]["maintenance"] = scene.tenant.data_tier("any")["spec"]["maintenance"].clone();
        }
        Some("EdgeTier") => {
            let spec = &mut tier["spec"];
            spec["firewall"] = Value::Null;
            spec["origins"]
                .as_array_mut()
                .into_iter()
                .for_each(|origins| origins.retain(|origin| origin["name"] == "assets"));
            spec["routes"] = json!([{ "path": "/*", "origin": "assets" }]);
        }
        _ => {}
    }
}

/// Applies the example, and waits until all of it is Ready.
pub async fn applied(scene: &Scene<'_>) -> Result<()> {
    // All at once, and in whatever order.
    scene.tenant.kubectl.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": tiers(scene, "")? })).await?;
    for (kind, name) in names(scene) {
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
    let (said, missed) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    let lacks = missed.lines().find(|line| !(on_moto(scene) && line.starts_with("CACHE_")));
    let environment = sight.env.keys().collect::<Vec<_>>();
    ensure(lacks.is_none() && !said.is_empty(), format_args!("{said}{missed}\nenvironment: {environment:?}"))
}

/// The program is built beside this one.
fn program() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(|deps| deps.parent()).context("a target folder")?;
    Ok(folder.join("shop"))
}

pub async fn deleted(scene: &Scene<'_>) -> Result<()> {
    let kubectl = &scene.tenant.kubectl;
    // What holds data is kept or asks for leave by default; the example is to go for good.
    for (kind, name) in [("datatier", "orders"), ("objecttier", "assets")] {
        kubectl.patch(kind, name, &json!({ "spec": { "deletionPolicy": "Delete" } })).await?;
    }
    for (kind, name) in names(scene) {
        kubectl.delete(kind, name).await?;
    }
    for (kind, name) in names(scene) {
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
