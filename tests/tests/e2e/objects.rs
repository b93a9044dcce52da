//! The binding Secret among others: one that is not ours, one that lost an entry, one that somebody edited.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::kubectl::condition;
use terrace_tests::wait::ensure;
use terrace_tests::{Emulator, until};

use crate::scene::{STEP, Scene, play};

/// `theirs`, as the API server keeps it.
const THEIRS: &str = "dGhlaXJz";

async fn secret(scene: &Scene<'_>) -> Result<Value> {
    scene.tenant.kubectl.get("secret", "orders-binding").await
}

#[tokio::test]
async fn a_secret_of_somebody_elses_is_never_touched() {
    play(Emulator::Ministack, "foreign-secret", async |scene| {
        let foreign = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "orders-binding" },
                              "data": { "password": THEIRS } });
        scene.tenant.kubectl.apply(&foreign).await?;
        let before = secret(scene).await?;
        scene.tenant.apply_environment(SOON).await?;
        scene.tenant.kubectl.apply(&scene.tenant.data_tier("orders")).await?;
        let stalled = scene.until_stalled("orders", "NotOwned").await?;
        let message = condition(&stalled, "Ready").context("Ready")?["message"].to_string();
        ensure(message.contains("orders-binding"), message)?;
        ensure(secret(scene).await? == before, "it was changed")?;
        scene.delete("orders").await?;
        ensure(secret(scene).await? == before, "it was changed or deleted")
    })
    .await;
}

#[tokio::test]
async fn an_entry_that_was_removed_comes_back() {
    play(Emulator::Ministack, "removed-entry", async |scene| {
        scene.tenant.apply_environment(SOON).await?;
        scene.ready(&scene.tenant.data_tier("orders")).await?;
        let before = secret(scene).await?["data"].clone();
        let removed = json!({ "data": { "password": null, "host": null } });
        scene.tenant.kubectl.patch("secret", "orders-binding", &removed).await?;
        scene.until_event("orders", "DriftFound").await?;
        until("the entries", STEP, async || {
            let now = secret(scene).await?["data"].clone();
            ensure(now == before, "not all are there")
        })
        .await?;
        scene.until_ready("orders").await.map(drop)
    })
    .await;
}

#[tokio::test]
async fn a_secret_that_was_deleted_is_made_anew() {
    play(Emulator::Ministack, "deleted-secret", async |scene| {
        scene.tenant.apply_environment(SOON).await?;
        scene.ready(&scene.tenant.data_tier("orders")).await?;
        let before = secret(scene).await?;
        scene.tenant.kubectl.delete("secret", "orders-binding").await?;
        until("the Secret", STEP, async || {
            let now = secret(scene).await?;
            ensure(now["data"] == before["data"] && now["metadata"]["uid"] != before["metadata"]["uid"], "not yet")
        })
        .await?;
        scene.until_ready("orders").await.map(drop)
    })
    .await;
}

#[tokio::test]
async fn an_entry_that_somebody_set_is_reported_and_not_fought_over() {
    play(Emulator::Ministack, "edited-entry", async |scene| {
        scene.tenant.apply_environment(SOON).await?;
        scene.ready(&scene.tenant.data_tier("orders")).await?;
        scene.tenant.kubectl.patch("secret", "orders-binding", &json!({ "data": { "host": THEIRS } })).await?;
        let stalled = scene.until_stalled("orders", "FieldConflict").await?;
        let message = condition(&stalled, "Ready").context("Ready")?["message"].to_string();
        ensure(message.contains("orders-binding") && message.contains("host"), message)?;
        ensure(secret(scene).await?["data"]["host"] == THEIRS, "it was overwritten")?;
        scene.tenant.kubectl.patch("secret", "orders-binding", &json!({ "data": { "host": null } })).await?;
        scene.until_ready("orders").await.map(drop)
    })
    .await;
}
