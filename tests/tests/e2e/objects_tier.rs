//! The life of an ObjectTier: made, edited, changed behind the operator's back, its deletion held while it holds objects,
//! emptied when that is asked for.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::kubectl::condition;
use terrace_tests::wait::ensure;
use terrace_tests::{Emulator, until};

use crate::scene::{STEP, Scene, output, play_of};

#[tokio::test]
async fn a_bucket_lives_on_ministack() {
    play_of("objecttier", Emulator::Ministack, "bucket", life).await;
}

async fn life(scene: &Scene<'_>) -> Result<()> {
    scene.tenant.apply_environment(SOON).await?;
    let bucket = made(scene).await.context("made")?;
    edited(scene, &bucket).await.context("edited")?;
    changed_behind_its_back(scene, &bucket).await.context("changed behind its back")?;
    held(scene, &bucket).await.context("held")?;
    emptied(scene).await.context("emptied")
}

async fn ask(scene: &Scene<'_>, op: &str, bucket: &str, more: Value) -> Result<Value> {
    let mut asked = more;
    asked["Bucket"] = json!(bucket);
    scene.tenant.aws.call("s3", op, asked).await
}

async fn made(scene: &Scene<'_>) -> Result<String> {
    let tier = scene.ready(&scene.tenant.object_tier("assets")).await?;
    let bucket = output(&tier, "bucket")?;
    ensure(output(&tier, "regionalDomainName")?.starts_with(&bucket), &tier["status"]["outputs"])?;
    let block = ask(scene, "get_public_access_block", &bucket, json!({})).await?;
    let block = block["PublicAccessBlockConfiguration"].as_object().context("it is closed")?.clone();
    ensure(block.len() == 4 && block.values().all(|closed| *closed == true), format_args!("{block:?}"))?;
    let versions = ask(scene, "get_bucket_versioning", &bucket, json!({})).await?;
    ensure(versions["Status"] == "Enabled", &versions)?;
    let policy = ask(scene, "get_bucket_policy", &bucket, json!({})).await?;
    ensure(policy["Policy"].as_str().is_some_and(|text| text.contains("aws:SecureTransport")), &policy)?;
    Ok(bucket)
}

async fn edited(scene: &Scene<'_>, bucket: &str) -> Result<()> {
    let edit = json!({
        "lifecycle": [{ "name": "old", "expireAfterDays": 30 }],
        "cors": [{ "allowedOrigins": ["https://www.example.com"], "allowedMethods": ["GET"] }],
    });
    scene.edit("assets", edit).await?;
    scene.until_ready("assets").await?;
    let rules = ask(scene, "get_bucket_lifecycle_configuration", bucket, json!({})).await?;
    ensure(rules["Rules"].as_array().is_some_and(|rules| rules.len() == 2), &rules)?;
    let cors = ask(scene, "get_bucket_cors", bucket, json!({})).await?;
    ensure(cors["CORSRules"][0]["AllowedMethods"] == json!(["GET"]), &cors)
}

async fn changed_behind_its_back(scene: &Scene<'_>, bucket: &str) -> Result<()> {
    let suspended = json!({ "VersioningConfiguration": { "Status": "Suspended" } });
    ask(scene, "put_bucket_versioning", bucket, suspended).await?;
    // Settings are read about once an hour, and before every change.
    scene.edit("assets", json!({ "tags": { "team": "shop" } })).await?;
    until("the repair", STEP, async || {
        let versions = ask(scene, "get_bucket_versioning", bucket, json!({})).await?;
        ensure(versions["Status"] == "Enabled", &versions)
    })
    .await?;
    scene.until_ready("assets").await.map(drop)
}

async fn held(scene: &Scene<'_>, bucket: &str) -> Result<()> {
    for text in ["first", "second"] {
        ask(scene, "put_object", bucket, json!({ "Key": "a/b", "Body": text })).await?;
    }
    scene.tenant.kubectl.delete(scene.kind, "assets").await?;
    let object = scene
        .tenant
        .kubectl
        .wait_for(scene.kind, "assets", STEP, |object| {
            let stalled = condition(object, "Stalled");
            let held = stalled.is_some_and(|stalled| stalled["status"] == "True" && stalled["reason"] == "NotEmpty");
            ensure(held, &object["status"]["conditions"])
        })
        .await?;
    let message = condition(&object, "Ready").context("a condition")?["message"].to_string();
    ensure(message.contains(bucket) && message.contains("spec.onDelete.contents"), &message)?;
    let versions = ask(scene, "list_object_versions", bucket, json!({})).await?;
    ensure(versions["Versions"].as_array().is_some_and(|versions| versions.len() == 2), &versions)
}

/// Consent comes while the deletion waits.
async fn emptied(scene: &Scene<'_>) -> Result<()> {
    scene.edit("assets", json!({ "onDelete": { "contents": "Delete" } })).await?;
    scene.tenant.kubectl.wait_until_gone(scene.kind, "assets", STEP).await?;
    let changes = scene.tenant.changes().await?;
    ensure(changes.is_empty(), format_args!("{changes:?}"))
}
