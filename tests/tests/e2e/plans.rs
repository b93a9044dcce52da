//! The plans of the examples, as they are recorded: offline whole, and against an emulator what becomes of which resource.

use anyhow::{Context, Result};
use serde_json::Value;
use terrace_tests::Emulator;
use terrace_tests::tools::checkout;
use terrace_tests::wait::ensure;

use crate::plan::planned;
use crate::scene::{Scene, play, play_of};
use crate::web;

#[tokio::test]
async fn the_plans_of_the_examples_offline_are_as_recorded() {
    play(Emulator::Ministack, "plans", offline).await;
}

#[tokio::test]
async fn the_plan_of_the_web_example_on_ministack_is_as_recorded() {
    play_of("edgetier", Emulator::Ministack, "plans-web", on_aws).await;
}

/// Compares with what is recorded. WRITE_PLANS=1 records it.
fn recorded(name: &str, text: &str) -> Result<()> {
    let file = checkout().join("tests/tests/e2e/plans").join(name);
    if std::env::var_os("WRITE_PLANS").is_some() {
        std::fs::create_dir_all(file.parent().context("a folder")?)?;
        return Ok(std::fs::write(file, text)?);
    }
    let record = std::fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
    let differs = record.lines().zip(text.lines()).find(|(record, text)| record != text);
    ensure(record == text, format_args!("{name} is another (WRITE_PLANS=1 records it): {differs:?}\n{text}"))
}

/// Nobody is asked, so that the plan is the same everywhere.
async fn offline(scene: &Scene<'_>) -> Result<()> {
    for example in ["orders", "web"] {
        let folder = checkout().join("examples").join(example);
        let folder = folder.to_str().context("a path is text")?;
        let built = scene.tenant.kubectl.run(&["kustomize", folder]).await?;
        for form in ["text", "markdown"] {
            let args = ["plan", "--offline", "-f", "-", "-o", form];
            let said = scene.tenant.terrace_with(&args, &built, &[]).await?.ends(0)?;
            recorded(&format!("{example}.{}", if form == "text" { "txt" } else { "md" }), &said.out)?;
        }
    }
    let calls = scene.tenant.calls().await?;
    ensure(calls.calls == 0, format_args!("somebody was asked: {:?}", calls.operations))
}

/// Names in AWS are another each time; what becomes of which resource is not.
async fn on_aws(scene: &Scene<'_>) -> Result<()> {
    web::prepare(scene, &[]).await?;
    let (code, plan) = planned(scene, &web::tiers(scene, "")?, &[]).await?;
    ensure(code == 2, &plan["summary"])?;
    let mut lines = vec![format!("{}\n", plan["summary"])];
    for object in plan["plan"]["objects"].as_array().into_iter().flatten() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        lines.push(format!("{} {}\n", text(&object["kind"]), text(&object["name"])));
        let steps = object["steps"].as_array().into_iter().flatten();
        lines.extend(steps.map(|step| {
            let region = text(&step["region"]);
            format!("  {} {} {} {region}\n", text(&step["action"]), text(&step["kind"]), text(&step["id"]))
        }));
    }
    recorded("web-ministack.txt", &lines.concat())
}
