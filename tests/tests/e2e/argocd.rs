//! The real Argo CD brings the web example up from git, wave by wave, leaves it alone while it stands, changes it by
//! commits, says why it is stuck, and takes it away.

mod sets;
mod stage;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::argocd;
use terrace_tests::bed::SOON;
use terrace_tests::kubectl::condition;
use terrace_tests::skip::skip;
use terrace_tests::wait::ensure;
use terrace_tests::watch::Watch;
use terrace_tests::{Inventory, Kubectl, until};
use tokio::task::JoinHandle;

use crate::scene::{TIERS, named};
use crate::web::WHOLE;
use stage::{APPLICATION, Stage, health};

/// The waves that the example is synced in, by kind.
const WAVES: [(&str, u32); 5] = [("DataTier", 1), ("CacheTier", 1), ("ObjectTier", 1), ("WebApp", 2), ("EdgeTier", 3)];

/// What Terrace makes in the cluster for the example.
const CHILDREN: &str = "deployments,services,serviceaccounts,secrets,horizontalpodautoscalers,poddisruptionbudgets,\
                        targetgroupbindings";

/// What has the operator read an object afresh, whenever it changes.
const RECONCILE_AT: &str = "terrace.dev/reconcile-at";

/// Argo CD looks again at what it waits for every few seconds only.
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::test]
async fn argo_cd_syncs_the_web_example_and_nobody_fights_over_it() {
    if let Some(reason) = argocd::lacks() {
        return skip(reason);
    }
    let mut stage = Stage::set().await.unwrap();
    if let Err(error) = story(&mut stage).await {
        panic!("{error:#}\n\n{}", stage.standing().await);
    }
}

async fn story(stage: &mut Stage) -> Result<()> {
    let before = Inventory::of(&stage.aws).await?;
    stage.write_example()?;
    stage.kustomize("overlay", |overlay| {
        for (kind, wave) in WAVES {
            add_patch(
                overlay,
                kind,
                "/metadata/annotations",
                &json!({ "argocd.argoproj.io/sync-wave": wave.to_string() }),
            );
        }
        // What holds data is kept by default; the example is to go for good.
        for kind in ["DataTier", "CacheTier", "ObjectTier"] {
            add_patch(overlay, kind, "/spec/deletionPolicy", &json!("Delete"));
        }
    })?;
    stage.commit("the web example")?;
    comes_up_in_waves(stage).await.context("comes up in waves")?;
    leaves_alone_what_terrace_made(stage).await.context("leaves alone what Terrace made")?;
    stands_still(stage).await.context("stands still")?;
    changes_the_cache(stage).await.context("changes the cache")?;
    says_why_it_is_stuck(stage).await.context("says why it is stuck")?;
    looks_when_asked(stage).await.context("looks when asked")?;
    is_pruned(stage).await.context("is pruned")?;
    let left = before.changes(&Inventory::of(&stage.aws).await?);
    // Secrets are kept for their recovery window.
    let left: Vec<_> = left.iter().filter(|line| !line.starts_with("+ secretsmanager/Secret ")).collect();
    ensure(left.is_empty(), format_args!("left behind: {left:#?}"))?;
    sets::story(stage).await.context("an ApplicationSet")
}

fn add_patch(kustomization: &mut Value, kind: &str, path: &str, value: &Value) {
    let patch = json!([{ "op": "add", "path": path, "value": value }]).to_string();
    if let Some(patches) = kustomization["patches"].as_array_mut() {
        patches.push(json!({ "target": { "kind": kind }, "patch": patch }));
    }
}

/// When an object was made, and when it was first Ready, as the API server has it, in whole seconds.
fn milestones(kubectl: &Kubectl, kind: &'static str) -> Result<JoinHandle<Result<(String, String)>>> {
    let mut watch = Watch::all(kubectl, kind)?;
    Ok(tokio::spawn(async move {
        loop {
            let object = watch.change().await?.object;
            let ready = condition(&object, "Ready").filter(|ready| ready["status"] == "True");
            if let Some(ready) = ready {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                return Ok((text(&object["metadata"]["creationTimestamp"]), text(&ready["lastTransitionTime"])));
            }
        }
    }))
}

async fn comes_up_in_waves(stage: &Stage) -> Result<()> {
    let mut stones = BTreeMap::new();
    for (kind, wave) in WAVES {
        stones.insert((wave, kind), milestones(&stage.shop, kind)?);
    }
    let mut watch = Watch::named(&stage.argo.kubectl, "application", APPLICATION)?;
    stage.apply_application().await?;
    let mut healths: Vec<String> = Vec::new();
    let up = until_up(&mut watch, &mut healths);
    tokio::time::timeout(PATIENCE, up).await.with_context(|| format!("not up; it was {healths:?}"))??;
    ensure(healths.iter().any(|health| health == "Progressing"), format_args!("it was {healths:?}"))?;
    let mut times = BTreeMap::new();
    for (key, stone) in stones {
        times.insert(key, stone.await??);
    }
    println!("argocd: the application was {healths:?}; made and Ready: {times:?}");
    for ((wave, kind), (_, ready)) in &times {
        for ((_, later), (made, _)) in times.iter().filter(|((other, _), _)| other > wave) {
            ensure(ready <= made, format_args!("{later} was made at {made}, before {kind} was Ready at {ready}"))?;
        }
    }
    Ok(())
}

/// Follows the Application until it is Synced and Healthy, and notes what its health was meanwhile.
async fn until_up(watch: &mut Watch, healths: &mut Vec<String>) -> Result<()> {
    loop {
        let application = watch.change().await?.object;
        let health = application["status"]["health"]["status"].as_str().unwrap_or_default();
        if healths.last().is_none_or(|last| last != health) {
            healths.push(health.to_owned());
        }
        let done = application["status"]["operationState"]["phase"] == "Succeeded";
        if health == "Healthy" && done && application["status"]["sync"]["status"] == "Synced" {
            return Ok(());
        }
    }
}

async fn leaves_alone_what_terrace_made(stage: &Stage) -> Result<()> {
    let children = stage.children().await?;
    ensure(children.len() >= 5, format_args!("{} children", children.len()))?;
    for child in &children {
        let metadata = &child["metadata"];
        let tracked = metadata["annotations"].to_string().contains("argocd.argoproj.io")
            || !metadata["labels"]["app.kubernetes.io/instance"].is_null();
        ensure(!tracked, format_args!("{} bears marks of Argo CD's: {metadata}", child["kind"]))?;
    }
    let application = stage.argo.refresh(APPLICATION).await?;
    let listed = application["status"]["resources"].as_array().context("resources")?;
    let ours = ["Namespace", "Environment", "DataTier", "CacheTier", "ObjectTier", "WebApp", "EdgeTier"];
    for resource in listed {
        let known = ours.iter().any(|kind| resource["kind"] == *kind);
        ensure(known && resource["status"] == "Synced" && resource["requiresPruning"].is_null(), resource)?;
    }
    ensure(listed.len() == ours.len(), format_args!("{listed:#?}"))
}

/// What anybody might fight over: each object without its status and without what every write changes.
async fn fields(stage: &Stage) -> Result<Vec<Value>> {
    let mut all = stage.children().await?;
    for (kind, _) in WAVES {
        all.extend(stage.shop.list(kind, "").await?);
    }
    all.push(stage.shop.get("environment", "prod").await?);
    for object in &mut all {
        let without = |members: &mut Value, names: &[&str]| {
            names.iter().for_each(|name| drop(members.as_object_mut().and_then(|members| members.remove(*name))));
        };
        without(object, &["status"]);
        without(&mut object["metadata"], &["resourceVersion", "managedFields"]);
        without(&mut object["metadata"]["annotations"], &[RECONCILE_AT]);
    }
    Ok(all)
}

async fn stands_still(stage: &Stage) -> Result<()> {
    let (before, first) = (fields(stage).await?, stage.argo.refresh(APPLICATION).await?);
    for refresh in 1..=20 {
        // The operator reads everything afresh meanwhile.
        let at = format!("{RECONCILE_AT}={refresh}");
        stage.shop.run(&["annotate", "--overwrite", "--all", TIERS, &at]).await?;
        let application = stage.argo.refresh(APPLICATION).await?;
        let status = &application["status"];
        ensure(status["sync"]["status"] == "Synced", format_args!("refresh {refresh}: {}", status["resources"]))?;
        ensure(status["health"]["status"] == "Healthy", format_args!("refresh {refresh}: {}", status["resources"]))?;
        ensure(status["history"] == first["status"]["history"], format_args!("refresh {refresh}: synced again"))?;
    }
    let after = fields(stage).await?;
    let changed: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
    ensure(before.len() == after.len() && changed.is_empty(), format_args!("changed: {changed:#?}"))
}

async fn changes_the_cache(stage: &Stage) -> Result<()> {
    stage.kustomize("overlay", |overlay| {
        add_patch(overlay, "CacheTier", "/spec/nodeType", &json!("cache.r7g.xlarge"));
    })?;
    let revision = stage.commit("a larger cache")?;
    stage.argo.refresh(APPLICATION).await?;
    stage
        .until("synced and healthy", |application| {
            let status = &application["status"];
            let synced = status["sync"]["status"] == "Synced" && status["sync"]["revision"] == revision.as_str();
            ensure(synced && status["health"]["status"] == "Healthy", status["resources"].clone())
        })
        .await?;
    until("the larger nodes", SOON, async || {
        let groups = stage.aws.call("elasticache", "describe_replication_groups", json!({})).await?;
        ensure(groups["ReplicationGroups"][0]["CacheNodeType"] == "cache.r7g.xlarge", &groups["ReplicationGroups"])
    })
    .await
}

async fn says_why_it_is_stuck(stage: &Stage) -> Result<()> {
    stage.kustomize("overlay", |overlay| {
        add_patch(overlay, "EdgeTier", "/spec/hostnames/-", &json!("elsewhere.example.net"));
    })?;
    stage.commit("a host name that the Environment does not admit")?;
    stage.argo.refresh(APPLICATION).await?;
    let application = stage.until("Degraded", |application| {
        ensure(application["status"]["health"]["status"] == "Degraded", application["status"]["resources"].clone())
    });
    let application = application.await?;
    let edge = stage.shop.get("edgetier", "shop").await?;
    let stalled = condition(&edge, "Stalled").context("a condition")?;
    let said = health(&application, "EdgeTier")?;
    println!("argocd: {said}");
    ensure(
        said["status"] == "Degraded" && said["message"] == stalled["message"],
        format_args!("{said}, not {stalled}"),
    )?;
    ensure(said["message"].as_str().is_some_and(|text| text.contains("elsewhere.example.net")), said)?;
    stage.kustomize("overlay", |overlay| {
        overlay["patches"].as_array_mut().and_then(Vec::pop);
    })?;
    stage.commit("as it was")?;
    stage.argo.refresh(APPLICATION).await?;
    stage.until_healthy().await.map(drop)
}

async fn looks_when_asked(stage: &Stage) -> Result<()> {
    let tier = stage.shop.get("datatier", "orders").await?;
    let database = named(&tier, "db")?;
    let change = json!({ "DBInstanceIdentifier": database, "CopyTagsToSnapshot": false, "ApplyImmediately": true });
    stage.aws.call("rds", "modify_db_instance", change).await?;
    stage.does_what_is_told("docs/flux.md").await?;
    until("the repair", SOON, async || {
        let found = stage.aws.call("rds", "describe_db_instances", json!({ "DBInstanceIdentifier": database })).await?;
        let found = &found["DBInstances"][0]["CopyTagsToSnapshot"];
        ensure(*found == true, found)
    })
    .await?;
    stage.until_healthy().await.map(drop)
}

async fn is_pruned(stage: &Stage) -> Result<()> {
    stage.kustomize("web", |web| web["resources"] = json!(["environment.yaml", "namespace.yaml"]))?;
    stage.commit("no tiers any more")?;
    stage.argo.refresh(APPLICATION).await?;
    for (kind, _) in WAVES {
        for tier in stage.shop.list(kind, "").await? {
            let name = tier["metadata"]["name"].as_str().context("a name")?;
            stage.shop.wait_until_gone(kind, name, WHOLE).await.context(kind)?;
        }
    }
    until("the end of what Kubernetes held", SOON, async || {
        let left = stage.children().await?;
        ensure(left.is_empty(), format_args!("{left:#?}"))
    })
    .await?;
    // And the rest with the Application itself.
    stage.argo.kubectl.delete("application", APPLICATION).await?;
    stage.argo.kubectl.wait_until_gone("application", APPLICATION, PATIENCE).await?;
    ensure(stage.shop.find("environment", "prod").await?.is_none(), "the Environment is left")
}
