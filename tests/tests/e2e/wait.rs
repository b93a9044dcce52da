//! `terrace wait`, and what a person tells the operator: what is shown meanwhile, what is said in the end, and as JSON.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::Emulator;
use terrace_tests::bed::SOON;
use terrace_tests::cli::Said;
use terrace_tests::operator::program;
use terrace_tests::wait::ensure;
use tokio::process::Command;

use crate::scene::{Scene, play};

/// Long enough for the screen to be drawn more than once.
const CREATING: Duration = Duration::from_secs(4);

#[tokio::test]
async fn whoever_waits_is_shown_what_happens() {
    play(Emulator::Moto, "wait", story).await;
}

#[tokio::test]
async fn what_can_never_come_is_not_waited_for() {
    play(Emulator::Ministack, "wait-bad", refused).await;
}

/// What the program says to this in the tenant's namespace.
async fn typed(scene: &Scene<'_>, args: &[&str]) -> Result<Said> {
    scene.tenant.terrace(&[args, &["--namespace", &scene.tenant.name]].concat(), "").await
}

async fn story(scene: &Scene<'_>) -> Result<()> {
    let tenant = &scene.tenant;
    scene.bed.checker.slow_databases(&tenant.account.id, CREATING).await?;
    tenant.apply_environment(SOON).await?;
    tenant.kubectl.apply(&tenant.data_tier("orders")).await?;
    let plain = typed(scene, &["wait", "DataTier/orders"]).await?;
    ensure(plain.code == 0 && plain.out == "DataTier/orders is Ready\n", format_args!("{plain:?}"))?;
    for told in [" resources Ready: ", "db (rds/DbInstance)", "7 of 7 resources Ready"] {
        ensure(plain.err.contains(told), format_args!("{told} is not in {}", plain.err))?;
    }
    ensure(!plain.err.contains('\u{1b}'), format_args!("control codes for no terminal: {}", plain.err))?;
    on_a_screen(scene).await.context("on a terminal")?;
    as_json(scene).await.context("as JSON")?;
    let all = typed(scene, &["wait"]).await?;
    let words = format!("All 2 objects in namespace {} are Ready\n", tenant.name);
    ensure(all.code == 0 && all.out == words, format_args!("{all:?}"))?;
    let all = typed(scene, &["wait", "-o", "json"]).await?;
    let ended: Value = serde_json::from_str(&all.out).with_context(|| format!("{all:?}"))?;
    let names: Vec<&Value> = ended["objects"].as_array().into_iter().flatten().map(|one| &one["name"]).collect();
    ensure(ended["reached"] == "Ready" && names == ["orders", "reports"], &ended)?;
    let environment = format!("Environment/{}", tenant.name);
    let waited = typed(scene, &["wait", &environment]).await?;
    ensure(waited.code == 0, format_args!("{waited:?}"))?;
    tenant.kubectl.run(&["delete", "datatier", "orders", "--wait=false"]).await?;
    let gone = typed(scene, &["wait", "DataTier/orders", "--for", "deleted"]).await?;
    ensure(gone.code == 0 && gone.out == "DataTier/orders is gone\n", format_args!("{gone:?}"))?;
    ensure(gone.err.contains(" left: "), format_args!("{}", gone.err))?;
    tenant.kubectl.run(&["delete", "datatier", "reports", "--wait=false"]).await?;
    let gone = typed(scene, &["wait", "--for", "deleted"]).await?;
    let words = format!("Everything in namespace {} is gone\n", tenant.name);
    ensure(gone.code == 0 && gone.out == words, format_args!("{gone:?}"))?;
    let nothing = typed(scene, &["wait"]).await?;
    ensure(nothing.code == 1 && nothing.err.contains("there is nothing in namespace "), format_args!("{nothing:?}"))
}

/// The tree stands on the terminal, is drawn over, and is taken away in the end.
async fn on_a_screen(scene: &Scene<'_>) -> Result<()> {
    let tenant = &scene.tenant;
    tenant.kubectl.apply(&tenant.data_tier("reports")).await?;
    let mut command = Command::from(scene.bed.python.script("terminal.py"));
    command
        .arg(program()?)
        .args(["wait", "DataTier/reports", "--namespace", &tenant.name])
        .env("TERM", "xterm")
        .env("LC_ALL", "C.UTF-8");
    let shown = command.env("KUBECONFIG", tenant.kubectl.kubeconfig()).kill_on_drop(true).output().await?;
    let text = String::from_utf8_lossy(&shown.stdout);
    ensure(shown.status.success(), &text)?;
    let heading = format!("Waiting for DataTier {}/reports to be Ready: ", tenant.name);
    let screens: Vec<&str> = text.split(&*heading).skip(1).collect();
    ensure(screens.len() > 2, format_args!("it was drawn {} times: {text}", screens.len()))?;
    let drawn = |what: &str| screens.iter().any(|screen| screen.contains(what));
    for what in ["rds/DbInstance", "ec2/SecurityGroup", "AWS usually takes for this: up to 20 minutes"] {
        ensure(drawn(what), format_args!("{what} was never drawn: {text}"))?;
    }
    let last = text.rsplit("\u{1b}[2K").next().unwrap_or_default();
    ensure(last.contains("DataTier/reports is Ready") && !last.contains("rds/"), format_args!("{last:?}"))
}

async fn as_json(scene: &Scene<'_>) -> Result<()> {
    let tenant = &scene.tenant;
    let said = async |args: &[&str]| -> Result<Value> {
        let said = typed(scene, &[args, &["-o", "json"]].concat()).await?;
        serde_json::from_str(&said.out).with_context(|| format!("{args:?}: {said:?}"))
    };
    let ready = said(&["wait", "DataTier/orders"]).await?;
    let wanted = json!({ "kind": "DataTier", "namespace": tenant.name, "name": "orders", "state": "Ready",
                         "deleting": false, "resources": 7, "resourcesReady": 7, "reached": "Ready" });
    for (field, value) in wanted.as_object().context("fields")? {
        ensure(ready[field] == *value, format_args!("{field} of {ready}"))?;
    }
    let words = [
        ("pause", "Paused"),
        ("resume", "Resumed"),
        ("reconcile", "Reconciled"),
        ("observe", "Observed"),
        ("manage", "Managed"),
    ];
    for (word, done) in words {
        let told = said(&[word, "DataTier/orders"]).await?;
        let expected = json!({ "kind": "DataTier", "namespace": tenant.name, "name": "orders", "done": done });
        ensure(told == expected, format_args!("{word}: {told}"))?;
    }
    let imports = said(&["export", "--terraform"]).await?;
    let of_database = |import: &&Value| import["to"].as_str().is_some_and(|to| to.starts_with("aws_db_instance."));
    let database = imports.as_array().and_then(|all| all.iter().find(of_database));
    ensure(database.is_some_and(|database| database["id"].is_string()), &imports)?;
    let picture = said(&["graph"]).await?;
    let tiles: Vec<&Value> = picture["tiles"].as_array().into_iter().flatten().map(|tile| &tile["key"]).collect();
    ensure(tiles.contains(&&json!(format!("DataTier/{}/orders", tenant.name))), &picture)?;
    let new = said(&["new", "data-tier"]).await?;
    ensure(new["kind"] == "DataTier" && new["spec"].is_object(), &new)
}

async fn refused(scene: &Scene<'_>) -> Result<()> {
    let tenant = &scene.tenant;
    tenant.apply_environment(SOON).await?;
    let mut broken = tenant.data_tier("broken");
    broken["spec"]["instanceClass"] = json!("db.t9.huge");
    tenant.kubectl.apply(&broken).await?;
    for (args, says) in [
        (&["DataTier/broken"][..], "DataTier/broken needs a person: InvalidSpec: "),
        (&["DataTier/nowhere"], "there is no DataTier nowhere in namespace "),
        (&["DataTire/orders"], "DataTire/orders: there is no kind DataTire: did you mean DataTier?"),
        (&["TierGrant/web"], "a TierGrant has no state"),
        (&["orders"], "say KIND/NAME"),
    ] {
        let said = typed(scene, &[&["wait"], args].concat()).await?;
        let last = said.err.lines().last().unwrap_or_default();
        ensure(said.code == 1 && said.out.is_empty() && last.contains(says), format_args!("{args:?}: {said:?}"))?;
    }
    Ok(())
}
