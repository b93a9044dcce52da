//! `terrace ui`: the page, looked at in a real browser, in front of the web example.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;
use terrace_tests::scratch::Scratch;
use terrace_tests::skip::skip;
use terrace_tests::tools::checkout;
use terrace_tests::wait::ensure;
use terrace_tests::{Bed, Options};
use tokio::process::Command;

use crate::scene::Scene;
use crate::web;

/// Under which names browsers of its kind are found.
const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

#[tokio::test]
async fn the_page_is_looked_at_in_a_browser() {
    let Some(chromium) = chromium() else { return skip("there is no Chromium here to look with") };
    let bed = Bed::start(Options::default()).await.unwrap();
    let scene = Scene::new(&bed, bed.operator().await.unwrap(), "ui").await.unwrap();
    scene.tell(async |scene| look(scene, &chromium).await).await;
}

fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    CHROMIUM.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|file| file.is_file())
}

async fn look(scene: &Scene<'_>, chromium: &Path) -> Result<()> {
    web::prepare(scene, &[]).await?;
    web::applied(scene).await?;
    // One that needs a person.
    let mut broken = scene.tenant.data_tier("reports");
    broken["spec"]["instanceClass"] = json!("db.t9.huge");
    scene.tenant.kubectl.apply(&broken).await?;
    scene.until_stalled("reports", "InvalidSpec").await?;
    scene.tenant.mark().await?;
    let (mut server, url) = scene.tenant.page().await?;
    let pictures = Scratch::new()?;
    // WRITE_PICTURE=1 writes those that docs/ shows.
    let folder = match std::env::var_os("WRITE_PICTURE") {
        Some(_) => checkout().join("docs/ui"),
        None => pictures.path().to_owned(),
    };
    let mut browser = Command::from(scene.bed.python.script("page.py"));
    browser.arg(&url).arg(&folder).arg("--chromium").arg(chromium).kill_on_drop(true);
    let seen = browser.output().await.context("start page.py")?;
    let (out, err) = (String::from_utf8_lossy(&seen.stdout), String::from_utf8_lossy(&seen.stderr));
    ensure(seen.status.success(), format_args!("{err}{out}"))?;
    print!("{out}");
    for picture in ["light.png", "dark.png", "phone.png"] {
        ensure(folder.join(picture).metadata()?.len() > 10_000, picture)?;
    }
    let calls = scene.tenant.calls().await?;
    ensure(calls.mutating == 0, format_args!("looking changed something: {:?}", calls.operations))?;
    server.kill().await?;
    Ok(())
}
