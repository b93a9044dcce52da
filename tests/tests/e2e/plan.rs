//! `terrace plan`: what it says is what then happens, and saying it changes nothing.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::Emulator;
use terrace_tests::bed::SOON;
use terrace_tests::wait::ensure;

use crate::scene::{Scene, named, play, play_of};
use crate::web;

#[tokio::test]
async fn a_plan_of_a_database_is_what_then_happens_on_ministack() {
    play(Emulator::Ministack, "plan", database).await;
}

#[tokio::test]
async fn a_plan_of_a_database_is_what_then_happens_on_moto() {
    play(Emulator::Moto, "plan", database).await;
}

#[tokio::test]
async fn a_plan_of_the_web_example_makes_what_it_says_on_ministack() {
    play_of("edgetier", Emulator::Ministack, "plan-web", example).await;
}

#[tokio::test]
async fn what_cannot_be_planned_is_told_in_a_sentence() {
    play(Emulator::Ministack, "plan-bad", refused).await;
}

/// The plan of these objects as JSON, with the code that the command ended with. Nothing is changed by it.
pub async fn planned(scene: &Scene<'_>, objects: &[Value], more: &[&str]) -> Result<(i32, Value)> {
    scene.tenant.mark().await?;
    let manifests = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
    let args = [&["plan", "-f", "-", "-o", "json", "--detailed-exitcode"], more].concat();
    let said = scene.tenant.terrace(&args, &manifests.to_string()).await?;
    let calls = scene.tenant.calls().await?;
    ensure(calls.mutating == 0, format_args!("a plan changed something: {:?}", calls.operations))?;
    let plan = serde_json::from_str(&said.out).with_context(|| format!("{said:?}"))?;
    Ok((said.code, plan))
}

/// What a plan says of each resource of an object that changes, as `db Create`.
fn deeds(plan: &Value, kind: &str) -> Vec<String> {
    let objects = plan["plan"]["objects"].as_array().into_iter().flatten();
    let steps = objects.filter(|object| object["kind"] == kind).flat_map(|object| object["steps"].as_array()).flatten();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let deed = |step: &Value| format!("{} {}", word(&step["id"]), word(&step["action"]));
    steps.map(deed).filter(|deed| !deed.ends_with(" Keep")).collect()
}

fn resources(object: &Value) -> Vec<&str> {
    object["status"]["resources"].as_array().into_iter().flatten().filter_map(|entry| entry["id"].as_str()).collect()
}

async fn database(scene: &Scene<'_>) -> Result<()> {
    scene.tenant.apply_environment(SOON).await?;
    let mut tier = scene.tenant.data_tier("orders");
    let (code, plan) = planned(scene, &[tier.clone()], &[]).await?;
    let (made, basis) = (deeds(&plan, "DataTier"), &plan["plan"]["basis"]);
    ensure(code == 2 && basis["type"] == "aws", &plan)?;
    ensure(basis["identity"].as_str().is_some_and(|arn| arn.contains(&scene.tenant.account.id)), basis)?;
    let standing = scene.ready(&tier).await?;
    for id in resources(&standing) {
        ensure(made.contains(&format!("{id} Create")), format_args!("{id} was not foreseen: {made:?}"))?;
    }
    let (code, plan) = planned(scene, &[tier.clone()], &[]).await?;
    ensure(code == 0 && deeds(&plan, "DataTier").is_empty(), &plan)?;

    tier["spec"]["instanceClass"] = json!("db.r8g.xlarge");
    let (code, plan) = planned(scene, &[tier.clone()], &[]).await?;
    ensure(code == 2 && deeds(&plan, "DataTier") == ["db Update"], &plan)?;
    let text = scene.tenant.terrace(&["plan", "-f", "-"], &tier.to_string()).await?.ends(0)?.out;
    ensure(text.contains("dbInstanceClass: \"db.r8g.large\" → \"db.r8g.xlarge\""), &text)?;

    tier["spec"]["instanceClass"] = json!("db.r8g.large");
    tier["spec"]["databaseName"] = json!("other");
    tier["metadata"]["name"] = json!("orders");
    let said = scene.tenant.terrace(&["plan", "-f", "-"], &tier.to_string()).await?.ends(1)?;
    ensure(
        said.err.starts_with("terrace: standard input: DataTier orders: ") && said.err.lines().count() == 1,
        &said.err,
    )?;

    // Paused, the operator leaves it to be seen.
    scene.tenant.kubectl.annotate("datatier", "orders", "terrace.dev/pause", "true").await?;
    let change = json!({ "DBInstanceIdentifier": named(&standing, "db")?, "BackupRetentionPeriod": 1, "ApplyImmediately": true });
    scene.tenant.aws.call("rds", "modify_db_instance", change).await?;
    let (_, plan) = planned(scene, &[scene.tenant.data_tier("orders")], &[]).await?;
    ensure(deeds(&plan, "DataTier") == ["db Update"], &plan)?;

    let (code, plan) = planned(scene, &[scene.tenant.data_tier("orders")], &["--delete"]).await?;
    let gone = deeds(&plan, "DataTier");
    ensure(code == 2 && gone.iter().all(|deed| deed.ends_with(" Delete")), &plan)?;
    ensure(gone.len() == resources(&standing).len(), format_args!("{gone:?}, of {:?}", resources(&standing)))?;
    scene.tenant.kubectl.annotate("datatier", "orders", "terrace.dev/pause", "false").await?;
    scene.delete("orders").await
}

async fn example(scene: &Scene<'_>) -> Result<()> {
    web::prepare(scene, &[]).await?;
    let tiers = web::tiers(scene, "")?;
    let (code, plan) = planned(scene, &tiers, &[]).await?;
    ensure(code == 2 && plan["summary"]["refused"] == 0, &plan["summary"])?;
    for tier in &tiers {
        scene.tenant.kubectl.apply(tier).await?;
    }
    let mut foreseen = 0;
    for tier in &tiers {
        let (kind, name) =
            (tier["kind"].as_str().unwrap_or_default(), tier["metadata"]["name"].as_str().unwrap_or_default());
        let ready =
            scene.tenant.kubectl.wait_for_condition(&kind.to_lowercase(), name, "Ready", "True", web::WHOLE).await?;
        let made = deeds(&plan, kind);
        for id in resources(&ready) {
            // What is made for its users comes with them.
            let users = id.starts_with("access-") || id.starts_with("login-");
            ensure(
                users || made.contains(&format!("{id} Create")),
                format_args!("{kind} {id} was not foreseen: {made:?}"),
            )?;
        }
        foreseen += made.len();
    }
    println!("{foreseen} resources foreseen");
    let (code, plan) = planned(scene, &tiers, &[]).await?;
    ensure(code == 0, format_args!("{plan:#}"))?;
    let again = scene.tenant.terrace(&["plan", "-n", &scene.tenant.name], "").await?.ends(0)?.out;
    ensure(again.contains("Plan: 0 to create, 0 to change, 0 to replace, 0 to delete"), &again)
}

async fn refused(scene: &Scene<'_>) -> Result<()> {
    scene.tenant.apply_environment(SOON).await?;
    let tenant = &scene.tenant;
    let tier = tenant.data_tier("orders");
    let changed = |pointer: &str, value: Value| {
        let mut tier = tier.clone();
        if let Some(place) = tier.pointer_mut(pointer) {
            *place = value;
        }
        tier.to_string()
    };
    for (input, says) in [
        ("a: [1".to_owned(), "standard input is no YAML"),
        (changed("/spec/engine", json!("oracle")), "spec.engine is \"oracle\", and must be one of"),
        (changed("/metadata/namespace", json!("nowhere")), "there is no namespace nowhere"),
        (changed("/spec", json!({ "engin": "postgres" })), "did you mean engine?"),
        (changed("/apiVersion", json!("terrace.dev/v9")), "has no such kind"),
    ] {
        let said = tenant.terrace(&["plan", "-f", "-"], &input).await?.ends(1)?;
        ensure(said.err.contains(says) && said.err.lines().count() == 1, &said.err)?;
    }
    for (args, says) in [
        (&["plan", "DataTier/nowhere"][..], "there is no DataTier nowhere"),
        (&["plan", "nothing"], "say KIND/NAME"),
        (&["plan", "--context", "other"], "the kubeconfig has no context other"),
        (&["plan", "-f", "/nowhere.yaml"], "/nowhere.yaml: No such file"),
        (&["plan", "--offline"], "--offline plans manifests"),
    ] {
        let said = tenant.terrace(args, "").await?.ends(1)?;
        ensure(said.err.contains(says) && said.err.lines().count() == 1, &said.err)?;
    }
    unreachable(scene).await?;
    let text = tier.to_string();
    let nobody = tenant.terrace_with(&["plan", "-f", "-", "-o", "json"], &text, &[]).await?;
    let plan: Value = serde_json::from_str(&nobody.out).with_context(|| format!("{nobody:?}"))?;
    ensure(plan["plan"]["basis"]["type"] == "record", &plan["plan"]["basis"])?;
    ensure(deeds(&plan, "DataTier").contains(&"db Create".to_owned()), plan)
}

/// No cluster, one that does not answer, and one that knows the token no more.
async fn unreachable(scene: &Scene<'_>) -> Result<()> {
    let tenant = &scene.tenant;
    let folder = scene.bed.folder().join("unreachable");
    std::fs::create_dir_all(&folder)?;
    let kubeconfig = |server: &str, user: Value| {
        let cluster = json!({ "server": server, "insecure-skip-tls-verify": true });
        json!({ "apiVersion": "v1", "kind": "Config", "current-context": "a",
                "clusters": [{ "name": "a", "cluster": cluster }], "users": [{ "name": "a", "user": user }],
                "contexts": [{ "name": "a", "context": { "cluster": "a", "user": "a" } }] })
    };
    let server = tenant.kubectl.run(&["config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"]).await?;
    let broken = "clusters: [".to_owned();
    for (name, text, says) in [
        (
            "closed",
            kubeconfig("https://127.0.0.1:1", json!({})).to_string(),
            "the cluster does not answer: Connection refused",
        ),
        ("expired", kubeconfig(&server, json!({ "token": "long-gone" })).to_string(), "Unauthorized"),
        ("broken", broken, "there is no cluster"),
    ] {
        let file = folder.join(name);
        std::fs::write(&file, text)?;
        let file = file.display().to_string();
        for args in [&["plan"][..], &["tree"], &["why", "dt/orders"], &["doctor"]] {
            let said = tenant.terrace_with(args, "", &[("KUBECONFIG", &file)]).await?.ends(1)?;
            ensure(
                said.err.contains(says) && said.err.lines().count() == 1,
                format_args!("{name} {args:?}: {}", said.err),
            )?;
        }
    }
    Ok(())
}
