//! The operator with its own policy, as `terrace policy` prints it, where IAM is asked: it gets on with that, and what is
//! taken from it is named.
//!
//! Buckets have no place here: their policies admit TLS alone, which the emulator does not speak; nor distributions, whose
//! actions it calls by other names than AWS (service authorization reference, CloudFront).

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::emulator::Iam;
use terrace_tests::wait::ensure;
use terrace_tests::{Bed, Options};

use crate::bad_input::until_it_says;
use crate::scene::Scene;
use crate::web;

/// What of the web example has no place.
const APART: [&str; 2] = ["EdgeTier", "ObjectTier"];

#[tokio::test]
async fn the_generated_policy_is_enough_and_what_it_lacks_is_named() {
    let bed = Bed::start(Options { iam: Iam::Enforced, ..Options::default() }).await.unwrap();
    let operator = bed.start_operator(&["--resync-seconds=4", "--otlp-endpoint=http://127.0.0.1:9"]).await.unwrap();
    let scene = Scene::new(&bed, &operator, "iam").await.unwrap();
    scene
        .tell(async |scene| {
            web::prepare(scene, &[]).await?;
            lacking(scene).await?;
            whole(scene).await
        })
        .await;
}

/// The Event of a refusal names the request that AWS refused, and the trace of the pass, though nobody collects it.
async fn leads_on(scene: &Scene<'_>, name: &str) -> Result<()> {
    scene.until_event(name, "AccessDenied").await?;
    let events = scene.tenant.kubectl.list("events.events.k8s.io", "").await?;
    let of = |event: &&Value| event["regarding"]["name"] == name && event["reason"] == "AccessDenied";
    let annotations = events.iter().find(of).map(|event| &event["metadata"]["annotations"]).context("an Event")?;
    let text = |key: &str| annotations[key].as_str().unwrap_or_default();
    let (request, trace) = (text("terrace.dev/aws-request"), text("terrace.dev/trace-id"));
    ensure(request.starts_with("RDS/CreateDBSubnetGroup ") && request.len() > 30, annotations)?;
    let why = [&["why"][..], &["DataTier/lacking", "--namespace", &scene.tenant.name]].concat();
    let said = scene.tenant.terrace(&why, "").await?.ends(0)?.out;
    ensure(said.contains(&format!("AWS's request {request}")), said)?;
    ensure(trace.len() == 32 && trace.chars().all(|digit| digit.is_ascii_hexdigit()), annotations)
}

/// A database is edited, and an app comes up with its database and its cache, and goes.
async fn whole(scene: &Scene<'_>) -> Result<()> {
    let kubectl = &scene.tenant.kubectl;
    for mut tier in web::tiers(scene, "")?.into_iter().filter(|tier| APART.iter().all(|kind| tier["kind"] != *kind)) {
        if let Some(bindings) = tier["spec"]["bindings"].as_array_mut() {
            bindings.retain(|binding| binding["objectTierRef"].is_null());
        }
        kubectl.apply(&tier).await?;
    }
    let kinds = [("datatier", "orders"), ("cachetier", "sessions"), ("webapp", "shop")];
    for (kind, name) in kinds {
        kubectl.wait_for_condition(kind, name, "Ready", "True", web::WHOLE).await?;
    }
    scene.edit("orders", json!({ "backup": { "retentionDays": 9 }, "deletionPolicy": "Delete" })).await?;
    scene.until_ready("orders").await?;
    for (kind, name) in kinds {
        kubectl.delete(kind, name).await?;
    }
    for (kind, name) in kinds {
        kubectl.wait_until_gone(kind, name, web::WHOLE).await?;
    }
    Ok(())
}

async fn lacking(scene: &Scene<'_>) -> Result<()> {
    let Scene { tenant, .. } = scene;
    let denied: Value = json!({ "Version": "2012-10-17",
        "Statement": { "Effect": "Deny", "Action": "rds:CreateDBSubnetGroup", "Resource": "*" } });
    let less = json!({ "RoleName": "terrace", "PolicyName": "less", "PolicyDocument": denied.to_string() });
    tenant.aws.call("iam", "put_role_policy", less).await?;
    tenant.kubectl.apply(&tenant.data_tier("lacking")).await?;
    until_it_says(scene, "lacking", "AccessDenied", &["rds:CreateDBSubnetGroup", "assumed-role/terrace"]).await?;
    leads_on(scene, "lacking").await?;
    let found = tenant.inventory().await?;
    ensure(found.names("rds/DBInstance").is_empty(), format_args!("{found:?}"))?;
    let less = json!({ "RoleName": "terrace", "PolicyName": "less" });
    tenant.aws.call("iam", "delete_role_policy", less).await?;
    scene.until_ready("lacking").await?;
    scene.edit("lacking", json!({ "deletionPolicy": "Delete" })).await?;
    scene.delete("lacking").await
}
