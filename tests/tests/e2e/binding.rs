//! The Secret for workloads: its entries are true, it follows a rotation, and no password stands anywhere else.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::wait::ensure;
use terrace_tests::{Emulator, until};

use crate::scene::{STEP, Scene, output, play};

#[tokio::test]
async fn the_binding_tells_how_to_connect_on_ministack() {
    play(Emulator::Ministack, "binding", binding).await;
}

#[tokio::test]
async fn the_binding_tells_how_to_connect_on_moto() {
    play(Emulator::Moto, "binding", binding).await;
}

async fn binding(scene: &Scene<'_>) -> Result<()> {
    scene.tenant.apply_environment(SOON).await?;
    let tier = scene.ready(&scene.tenant.data_tier("orders")).await?;
    let name = tier["status"]["binding"]["name"].as_str().context("status.binding.name")?.to_owned();
    let arn = output(&tier, "secretArn")?;
    let secret = scene.tenant.kubectl.get("secret", &name).await?;
    ensure(secret["type"] == "servicebinding.io/postgresql", &secret["type"])?;
    let first = kept(scene, &arn).await?;
    let mut entries = decoded(scene, &name).await?;
    let password = entries.remove("password").context("a password")?;
    ensure(first["password"] == password.as_str(), "another password than the one in Secrets Manager")?;
    let expected = [
        ("type", "postgresql".to_owned()),
        ("provider", "aws-rds".to_owned()),
        ("host", output(&tier, "endpoint")?),
        ("port", output(&tier, "port")?),
        ("database", "orders".to_owned()),
        ("username", "terrace".to_owned()),
        ("secret-arn", arn.clone()),
    ];
    let expected: BTreeMap<_, _> = expected.map(|(name, value)| (name.to_owned(), value)).into();
    ensure(entries == expected, format_args!("{entries:?}, not {expected:?}"))?;

    let rotated = "rotated-by-aws-0123456789";
    let value = json!({ "username": "terrace", "password": rotated }).to_string();
    let put = json!({ "SecretId": arn, "SecretString": value });
    scene.tenant.aws.call("secretsmanager", "put_secret_value", put).await?;
    until("the rotated password", STEP, async || {
        ensure(decoded(scene, &name).await?.get("password").is_some_and(|now| now == rotated), "the former one")
    })
    .await?;
    scene.until_ready("orders").await?;
    for secret in [password.as_str(), rotated] {
        nowhere_else(scene, secret).await?;
    }
    Ok(())
}

/// The value in Secrets Manager.
async fn kept(scene: &Scene<'_>, arn: &str) -> Result<Value> {
    let value = scene.tenant.aws.call("secretsmanager", "get_secret_value", json!({ "SecretId": arn })).await?;
    Ok(serde_json::from_str(value["SecretString"].as_str().context("a value")?)?)
}

/// The entries of the Secret, as a pod sees them.
async fn decoded(scene: &Scene<'_>, name: &str) -> Result<BTreeMap<String, String>> {
    let template = "{{range $k, $v := .data}}{{$k}}={{base64decode $v}}{{\"\\n\"}}{{end}}";
    let text = scene.tenant.kubectl.run(&["get", "secret", name, "-o", &format!("go-template={template}")]).await?;
    let entry = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(text.lines().filter_map(entry).collect())
}

/// The password is in no object but the Secret, in no Event, no log and no metric.
async fn nowhere_else(scene: &Scene<'_>, password: &str) -> Result<()> {
    for kind in ["datatiers", "environments", "events.events.k8s.io", "configmaps"] {
        let objects = scene.tenant.kubectl.list(kind, "").await?;
        ensure(!json!(objects).to_string().contains(password), format_args!("the password is in {kind}"))?;
    }
    ensure(!scene.operator.log()?.contains(password), "the password is in the log")?;
    let metrics = terrace_tests::http::get(&scene.operator.url(), "/metrics").await?.body;
    ensure(!metrics.contains(password), "the password is in the metrics")
}
