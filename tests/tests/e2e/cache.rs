//! The life of a CacheTier: made, edited, changed behind the operator's back, deleted with a last snapshot.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::wait::ensure;
use terrace_tests::{Emulator, until};

use crate::scene::{STEP, Scene, named, output, play_of};

#[tokio::test]
async fn a_cache_lives_on_ministack() {
    play_of("cachetier", Emulator::Ministack, "cache", life).await;
}

async fn life(scene: &Scene<'_>) -> Result<()> {
    scene.tenant.apply_environment(SOON).await?;
    made(scene).await.context("made")?;
    edited(scene).await.context("edited")?;
    changed_behind_its_back(scene).await.context("changed behind its back")?;
    deleted(scene).await.context("deleted")
}

async fn made(scene: &Scene<'_>) -> Result<()> {
    let tier = scene.ready(&scene.tenant.cache_tier("sessions")).await?;
    let group = cache(scene, &tier).await?;
    ensure(group["ARN"] == output(&tier, "arn")?.as_str(), &group)?;
    let safe = ["AtRestEncryptionEnabled", "TransitEncryptionEnabled"];
    ensure(safe.iter().all(|name| group[*name] == true), &group)?;
    ensure(group["MultiAZ"] == "enabled" && group["AutomaticFailover"] == "enabled", &group)?;
    let users = scene.tenant.inventory().await?.names("elasticache/UserGroup").len();
    ensure(users == 1, format_args!("{users} user groups"))?;
    let binding = scene.tenant.kubectl.get("secret", "sessions-binding").await?;
    ensure(binding["data"]["password"].is_string() && binding["data"]["host"].is_string(), "an incomplete binding")
}

async fn edited(scene: &Scene<'_>) -> Result<()> {
    let edit = json!({
        "nodeType": "cache.r7g.xlarge", "snapshots": { "retentionDays": 14 },
        "parameters": { "maxmemory-policy": "noeviction" }, "maintenance": { "apply": "Immediately" },
    });
    scene.edit("sessions", edit).await?;
    let tier = scene.until_ready("sessions").await?;
    let group = cache(scene, &tier).await?;
    ensure(group["CacheNodeType"] == "cache.r7g.xlarge" && group["SnapshotRetentionLimit"] == 14, &group)
}

async fn changed_behind_its_back(scene: &Scene<'_>) -> Result<()> {
    let tier = scene.tenant.kubectl.get("cachetier", "sessions").await?;
    let change = json!({
        "ReplicationGroupId": named(&tier, "cache")?, "SnapshotRetentionLimit": 1, "ApplyImmediately": true,
    });
    scene.tenant.aws.call("elasticache", "modify_replication_group", change).await?;
    let note = scene.until_event("sessions", "DriftFound").await?;
    ensure(note.contains("snapshotRetentionLimit"), note)?;
    until("the repair", STEP, async || {
        let group = cache(scene, &tier).await?;
        ensure(group["SnapshotRetentionLimit"] == 14, &group["SnapshotRetentionLimit"])
    })
    .await?;
    scene.until_event("sessions", "DriftRepaired").await?;
    scene.until_ready("sessions").await.map(drop)
}

async fn deleted(scene: &Scene<'_>) -> Result<()> {
    scene.delete("sessions").await?;
    let changes = scene.tenant.changes().await?;
    let secret = changes.iter().find_map(|change| change.strip_prefix("+ secretsmanager/Secret "));
    let secret = secret.with_context(|| format!("no secret among {changes:?}"))?;
    // Secrets Manager keeps it for its recovery window.
    let asked = json!({ "SecretId": secret });
    let described = scene.tenant.aws.call("secretsmanager", "describe_secret", asked).await?;
    ensure(!described["DeletedDate"].is_null(), &described)?;
    let snapshots = changes.iter().filter(|change| change.starts_with("+ elasticache/Snapshot ")).count();
    ensure(changes.len() == 2 && snapshots == 1, format_args!("left behind: {changes:?}"))
}

/// The cache, as AWS shows it.
async fn cache(scene: &Scene<'_>, tier: &Value) -> Result<Value> {
    let asked = json!({ "ReplicationGroupId": named(tier, "cache")? });
    let answer = scene.tenant.aws.call("elasticache", "describe_replication_groups", asked).await?;
    Ok(answer["ReplicationGroups"][0].clone())
}
