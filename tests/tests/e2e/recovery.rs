//! What was lost is found again: a status that was cleared, and what an earlier object of the same name left in AWS.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::checker::Fault;
use terrace_tests::kubectl::{condition, holds};
use terrace_tests::wait::ensure;
use terrace_tests::{Bed, Emulator, Options, Rule};

use crate::scene::{STEP, Scene, abandon, named, output, play};

#[tokio::test]
async fn a_lost_status_is_rebuilt_without_a_change_on_ministack() {
    play_alone(Emulator::Ministack, "lost", rebuilt).await;
}

#[tokio::test]
async fn a_lost_status_is_rebuilt_without_a_change_on_moto() {
    play_alone(Emulator::Moto, "lost", rebuilt).await;
}

#[tokio::test]
async fn a_status_lost_while_its_object_is_deleted_leaves_nothing_on_ministack() {
    play_alone(Emulator::Ministack, "deleted", deleted).await;
}

#[tokio::test]
async fn a_status_lost_while_its_object_is_deleted_leaves_nothing_on_moto() {
    play_alone(Emulator::Moto, "deleted", deleted).await;
}

#[tokio::test]
async fn what_an_earlier_object_made_is_taken_over_on_ministack() {
    play_alone(Emulator::Ministack, "earlier", earlier).await;
}

#[tokio::test]
async fn what_an_earlier_object_made_is_taken_over_on_moto() {
    play_alone(Emulator::Moto, "earlier", earlier).await;
}

#[tokio::test]
async fn what_was_retained_is_taken_over_by_handle_on_ministack() {
    play(Emulator::Ministack, "retained", retained).await;
}

#[tokio::test]
async fn what_was_retained_is_taken_over_by_handle_on_moto() {
    play(Emulator::Moto, "retained", retained).await;
}

/// Plays a story in which the operator is down for a while, on a bed where nobody else needs it.
async fn play_alone(emulator: Emulator, name: &str, story: impl AsyncFnOnce(&Scene<'_>) -> Result<()>) {
    let bed = Bed::start(Options { emulator, ..Options::default() }).await.unwrap();
    let operator = bed.start_operator(&["--no-leader-election", "--resync-seconds", "4"]).await.unwrap();
    Scene::new(&bed, &operator, name).await.unwrap().tell(story).await;
}

/// How a status is lost: its inventory is cleared, or nothing of it comes back from a backup or from Git.
fn losses() -> [(&'static str, Value); 2] {
    [("cleared", json!({ "status": { "resources": null } })), ("blank", json!({ "status": null }))]
}

/// A tier whose end leaves nothing.
fn tier(scene: &Scene<'_>) -> Value {
    let mut tier = scene.tenant.data_tier("orders");
    tier["spec"]["deletionPolicy"] = json!("Delete");
    tier
}

async fn rebuilt(scene: &Scene<'_>) -> Result<()> {
    scene.tenant.apply_environment(SOON).await?;
    scene.ready(&tier(scene)).await?;
    // What the emulator did not take as it was made, as moto a rule's description, has been put right.
    scene.passes(2, STEP).await?;
    let before = scene.until_ready("orders").await?;
    for (how, loss) in losses() {
        rebuilt_after(scene, &before, &loss).await.context(how)?;
    }
    scene.delete("orders").await?;
    nothing_is_left(scene).await
}

async fn rebuilt_after(scene: &Scene<'_>, before: &Value, loss: &Value) -> Result<()> {
    let account = scene.tenant.inventory().await?;
    scene.operator.stop().await?;
    let lost = scene.tenant.kubectl.patch_status("datatier", "orders", loss).await?;
    ensure(lost["status"]["resources"].is_null(), &lost["status"])?;
    scene.tenant.mark().await?;
    scene.operator.restart().await?;
    let known = entries(before)?;
    let after = scene
        .tenant
        .kubectl
        .wait_for("datatier", "orders", STEP, |object| {
            ensure(holds(object, "Ready"), &object["status"])?;
            ensure(entries(object)? == known, format_args!("{:#?} became {:#?}", known, entries(object)?))
        })
        .await?;
    scene.passes(2, STEP).await?;
    for part in ["outputs", "binding", "environment"] {
        ensure(after["status"][part] == before["status"][part], &after["status"][part])?;
    }
    let calls = scene.tenant.calls().await?;
    ensure(calls.mutating == 0, format_args!("changes of AWS: {:?}", calls.operations))?;
    let changes = account.changes(&scene.tenant.inventory().await?);
    ensure(changes.is_empty(), format_args!("{changes:#?}"))
}

/// What an inventory says of each resource, but for when it was first seen and what was last wished of it.
fn entries(object: &Value) -> Result<Vec<Value>> {
    const KEPT: [&str; 10] =
        ["id", "incarnation", "kind", "place", "name", "handle", "state", "onDelete", "dependsOn", "address"];
    let entries = object["status"]["resources"].as_array().context("status.resources")?;
    let kept = |entry: &Value| KEPT.iter().map(|name| ((*name).to_owned(), entry[*name].clone())).collect();
    Ok(entries.iter().map(|entry| Value::Object(kept(entry))).collect())
}

async fn deleted(scene: &Scene<'_>) -> Result<()> {
    scene.tenant.apply_environment(SOON).await?;
    for (how, loss) in losses() {
        lost_while_deleted(scene, &loss).await.context(how)?;
        // Nothing is taken for gone on the word of a search that failed.
        let throttled = Rule::new(Fault::Fail).operation("resourcegroupstaggingapi", "GetResources");
        scene.tenant.set_rules(&[throttled]).await?;
        scene.operator.restart().await?;
        goes_entirely(scene).await.context(how)?;
    }
    lost_while_deleted(scene, &losses()[1].1).await?;
    // Nor while nobody says in which account to search.
    serve(scene, None).await?;
    scene.operator.restart().await?;
    let unserved = |object: &Value| {
        let ready = condition(object, "Ready");
        ensure(ready.is_some_and(|ready| ready["reason"] == "NoEnvironment"), &object["status"]["conditions"])
    };
    scene.tenant.kubectl.wait_for("datatier", "orders", STEP, unserved).await?;
    let again = scene.tenant.kubectl.annotate("datatier", "orders", "example.com/look", "again");
    tokio::try_join!(scene.passes(1, STEP), again)?;
    scene.tenant.kubectl.get("datatier", "orders").await.context("it went, and left everything")?;
    serve(scene, Some(&scene.tenant.name)).await?;
    goes_entirely(scene).await.context("served again")
}

/// A tier that was Ready is deleted while the operator is down, and its status is lost.
async fn lost_while_deleted(scene: &Scene<'_>, loss: &Value) -> Result<()> {
    scene.ready(&tier(scene)).await?;
    scene.operator.stop().await?;
    scene.tenant.kubectl.delete("datatier", "orders").await?;
    let lost = scene.tenant.kubectl.patch_status("datatier", "orders", loss).await?;
    ensure(lost["metadata"]["deletionTimestamp"].is_string(), &lost["metadata"])
}

/// Sets the label by which the Environment selects the tenant's namespace, or takes it off.
async fn serve(scene: &Scene<'_>, environment: Option<&str>) -> Result<()> {
    let labels = json!({ "metadata": { "labels": { "terrace.dev/environment": environment } } });
    scene.tenant.kubectl.patch("namespace", &scene.tenant.name, &labels).await.map(drop)
}

async fn goes_entirely(scene: &Scene<'_>) -> Result<()> {
    scene.tenant.kubectl.wait_until_gone("datatier", "orders", STEP).await?;
    nothing_is_left(scene).await
}

async fn nothing_is_left(scene: &Scene<'_>) -> Result<()> {
    let left = scene.tenant.changes().await?;
    ensure(left.is_empty(), format_args!("left: {left:#?}"))
}

/// The object is gone without its operator, as when a cluster is made anew from Git: what it made still bears its UID.
async fn earlier(scene: &Scene<'_>) -> Result<()> {
    scene.tenant.apply_environment(SOON).await?;
    let before = scene.ready(&tier(scene)).await?;
    scene.operator.stop().await?;
    scene.tenant.kubectl.delete("datatier", "orders").await?;
    abandon(&scene.tenant.kubectl, "datatier", "orders").await?;
    scene.tenant.kubectl.wait_until_gone("datatier", "orders", STEP).await?;
    scene.operator.restart().await?;

    scene.tenant.mark().await?;
    scene.tenant.kubectl.apply(&tier(scene)).await?;
    stalls_untouched(scene, &["belongs to an earlier object of this name", "spec.adopt.policy to SameObject"]).await?;
    taken_over(scene, &before, json!({ "policy": "SameObject" })).await
}

/// `Retain` takes the tags off that would tell whose it was: what is left is like anybody's, and is taken over by name.
async fn retained(scene: &Scene<'_>) -> Result<()> {
    let (mut environment, account) = (scene.tenant.environment(), &scene.tenant.account.id);
    let arns = ["rds:*", "ec2:*", "iam:"].map(|service| format!("arn:aws:{service}:{account}:*"));
    let allowed = json!({ "namespaces": environment["spec"]["namespaces"], "arns": arns });
    environment["spec"]["limits"] = json!({ "allow": [allowed] });
    scene.tenant.kubectl.apply(&environment).await?;
    scene.tenant.kubectl.wait_for_condition("environment", &scene.tenant.name, "Ready", "True", SOON).await?;
    let before = scene.ready(&tier(scene)).await?;
    scene.edit("orders", json!({ "deletionPolicy": "Retain" })).await?;
    scene.until_ready("orders").await?;
    scene.delete("orders").await?;

    scene.tenant.mark().await?;
    scene.tenant.kubectl.apply(&tier(scene)).await?;
    let says = ["exists and was not made by Terrace", "list it under spec.adopt"];
    stalls_untouched(scene, &says).await.context("without adopt")?;
    scene.edit("orders", json!({ "adopt": { "policy": "SameObject" } })).await?;
    stalls_untouched(scene, &says).await.context("with SameObject")?;
    let resources: Vec<Value> = before["status"]["resources"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|entry| entry["kind"].as_str().is_some_and(|kind| !kind.starts_with("kubernetes/")))
        .map(|entry| json!({ "id": entry["id"], "handle": entry["handle"] }))
        .collect();
    // Its Secret is the namespace's own: whoever may take it over may as well take it away.
    scene.tenant.kubectl.delete("secret", "orders-binding").await?;
    taken_over(scene, &before, json!({ "policy": null, "resources": resources })).await
}

/// The object says so, and leaves what it found alone.
async fn stalls_untouched(scene: &Scene<'_>, says: &[&str]) -> Result<()> {
    let stalled = scene.until_stalled("orders", "NotOwned").await?;
    let ready = condition(&stalled, "Ready").context("Ready")?;
    let message = ready["message"].as_str().context("a message")?;
    ensure(says.iter().all(|words| message.contains(words)), message)?;
    let calls = scene.tenant.calls().await?;
    ensure(calls.mutating == 0, format_args!("changes of AWS: {:?}", calls.operations))
}

/// With leave to, the object takes over the same database, makes nothing beside it, and is its owner to the end.
async fn taken_over(scene: &Scene<'_>, before: &Value, adopt: Value) -> Result<()> {
    let account = scene.tenant.inventory().await?;
    scene.edit("orders", json!({ "adopt": adopt })).await?;
    let tier = scene.until_ready("orders").await?;
    ensure(output(&tier, "resourceId")? == output(before, "resourceId")?, "it is another database")?;
    ensure(entries(&tier)?.len() == entries(before)?.len(), &tier["status"]["resources"])?;
    let calls = scene.tenant.calls().await?.operations;
    let made = |call: &&String| call.contains(".Create") && !call.ends_with(".CreateTags") || call.contains(".Restore");
    let made: Vec<_> = calls.keys().filter(made).collect();
    ensure(made.is_empty(), format_args!("made: {made:?}"))?;
    let new: Vec<_> = account.changes(&scene.tenant.inventory().await?);
    let new: Vec<_> = new.iter().filter(|line| !line.starts_with('~')).collect();
    ensure(new.is_empty(), format_args!("made or deleted: {new:#?}"))?;
    let database = scene.database(&named(&tier, "db")?).await?;
    let uid = tier["metadata"]["uid"].as_str().context("a UID")?;
    ensure(database["TagList"].to_string().contains(uid), &database["TagList"])?;
    scene.delete("orders").await?;
    nothing_is_left(scene).await
}
