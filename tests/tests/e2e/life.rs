//! The life of a DataTier, on each emulator the same: made, edited, replaced, changed and deleted behind the operator's
//! back, deleted, made again, and left behind.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::wait::ensure;
use terrace_tests::{Emulator, Inventory, until};

use crate::scene::{STEP, Scene, named, output, play};

/// How long the emulator's databases take to come and to go, where that is what is shown.
const WHILE: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_database_lives_on_ministack() {
    play(Emulator::Ministack, "life", life).await;
}

#[tokio::test]
async fn a_database_lives_on_moto() {
    play(Emulator::Moto, "life", life).await;
}

#[tokio::test]
async fn a_retained_database_stays_untagged_on_ministack() {
    play(Emulator::Ministack, "retain", retained).await;
}

#[tokio::test]
async fn a_retained_database_stays_untagged_on_moto() {
    play(Emulator::Moto, "retain", retained).await;
}

#[tokio::test]
async fn a_name_that_aws_still_holds_is_waited_for_on_ministack() {
    play(Emulator::Ministack, "again", again).await;
}

#[tokio::test]
async fn a_name_that_aws_still_holds_is_waited_for_on_moto() {
    play(Emulator::Moto, "again", again).await;
}

async fn life(scene: &Scene<'_>) -> Result<()> {
    scene.tenant.apply_environment(SOON).await?;
    made(scene).await.context("made")?;
    edited_in_place(scene).await.context("edited in place")?;
    replaced_by_approval(scene).await.context("replaced by approval")?;
    changed_behind_its_back(scene).await.context("changed behind its back")?;
    restored_by_approval(scene).await.context("restored by approval")?;
    made_anew_by_approval(scene).await.context("made anew by approval")?;
    deleted(scene).await.context("deleted")
}

async fn made(scene: &Scene<'_>) -> Result<()> {
    let tier = scene.ready(&scene.tenant.data_tier("orders")).await?;
    let database = scene.database(&named(&tier, "db")?).await?;
    ensure(database["Endpoint"]["Address"] == output(&tier, "endpoint")?.as_str(), &database["Endpoint"])?;
    ensure(database["DBInstanceArn"] == output(&tier, "arn")?.as_str(), &database["DBInstanceArn"])?;
    let safe = ["MultiAZ", "StorageEncrypted", "DeletionProtection", "CopyTagsToSnapshot"];
    ensure(safe.iter().all(|name| database[*name] == true), &database)?;
    ensure(database["PubliclyAccessible"] == false && database["BackupRetentionPeriod"] == 7, &database)?;
    ensure(tier["status"]["binding"]["name"] == "orders-binding", &tier["status"]["binding"])?;
    let ready = scene.until_event("orders", "Ready").await?;
    ensure(!ready.is_empty(), ready)
}

async fn edited_in_place(scene: &Scene<'_>) -> Result<()> {
    let before = scene.tenant.kubectl.get("datatier", "orders").await?;
    let edit = json!({
        "instanceClass": "db.r8g.xlarge", "storage": { "size": "200Gi" }, "backup": { "retentionDays": 14 },
        "parameters": { "log_min_duration_statement": "500" }, "maintenance": { "apply": "Immediately" },
    });
    scene.edit("orders", edit).await?;
    let tier = scene.until_ready("orders").await?;
    ensure(named(&tier, "db")? == named(&before, "db")?, "it is another database")?;
    let database = scene.database(&named(&tier, "db")?).await?;
    ensure(database["DBInstanceClass"] == "db.r8g.xlarge", &database)?;
    ensure(database["AllocatedStorage"] == 200 && database["BackupRetentionPeriod"] == 14, &database)?;
    ensure(output(&tier, "resourceId")? == output(&before, "resourceId")?, "it is another database")?;
    let group = json!({ "DBParameterGroupName": named(&tier, "parameters")?, "Source": "user" });
    let parameters = scene.tenant.aws.list("rds", "describe_db_parameters", group, "Parameters").await?;
    let set =
        |found: &Value| found["ParameterName"] == "log_min_duration_statement" && found["ParameterValue"] == "500";
    ensure(parameters.iter().any(set), format_args!("{parameters:?}"))
}

async fn replaced_by_approval(scene: &Scene<'_>) -> Result<()> {
    let before = scene.tenant.kubectl.get("datatier", "orders").await?;
    let key = tagged_key(scene).await?;
    scene.tenant.mark().await?;
    scene.edit("orders", json!({ "encryption": { "kmsKeyId": key } })).await?;
    let stalled = scene.until_stalled("orders", "ApprovalRequired").await?;
    let plan = &stalled["status"]["plan"];
    ensure(plan["entries"][0]["id"] == "db" && plan["entries"][0]["action"] == "Replace", plan)?;
    ensure(plan["entries"][0]["changes"].to_string().contains("kmsKeyId"), plan)?;
    ensure(scene.tenant.calls().await?.mutating == 0, "something was changed without consent")?;
    approve(scene, "orders", &plan["hash"]).await?;
    let tier = scene.until_ready("orders").await?;
    let database = scene.database(&named(&tier, "db")?).await?;
    ensure(database["KmsKeyId"].as_str().is_some_and(|of| of.ends_with(&key)), &database["KmsKeyId"])?;
    ensure(output(&tier, "resourceId")? != output(&before, "resourceId")?, "it is the same database")?;
    ensure(tier["status"]["plan"].is_null(), &tier["status"]["plan"])?;
    until("one database and its last snapshot", STEP, async || {
        let inventory = scene.tenant.inventory().await?;
        let (databases, snapshots) = (inventory.names("rds/DBInstance"), snapshots(&inventory));
        ensure(databases.len() == 1 && snapshots.len() == 1, format_args!("{databases:?}, {snapshots:?}"))
    })
    .await
}

/// The snapshots that AWS did not take by itself.
fn snapshots(inventory: &Inventory) -> Vec<&str> {
    inventory.names("rds/DBSnapshot").into_iter().filter(|name| !name.starts_with("rds:")).collect()
}

/// A key that bears the owner tags of the tenant's namespace, so that the namespace may name it.
async fn tagged_key(scene: &Scene<'_>) -> Result<String> {
    let tag = |key: &str, value: &str| json!({ "TagKey": key, "TagValue": value });
    let tags = json!([tag("terrace.dev/cluster", "prod"), tag("terrace.dev/namespace", &scene.tenant.name)]);
    let made = scene.tenant.aws.call("kms", "create_key", json!({ "Tags": tags })).await?;
    made["KeyMetadata"]["KeyId"].as_str().map(str::to_owned).context("a key id")
}

async fn approve(scene: &Scene<'_>, name: &str, hash: &Value) -> Result<()> {
    let hash = hash.as_str().context("a hash")?;
    scene.tenant.kubectl.annotate("datatier", name, "terrace.dev/approve", hash).await.map(drop)
}

async fn changed_behind_its_back(scene: &Scene<'_>) -> Result<()> {
    let tier = scene.tenant.kubectl.get("datatier", "orders").await?;
    let identifier = named(&tier, "db")?;
    let change = json!({ "DBInstanceIdentifier": identifier, "BackupRetentionPeriod": 3, "ApplyImmediately": true });
    scene.tenant.aws.call("rds", "modify_db_instance", change).await?;
    let note = scene.until_event("orders", "DriftFound").await?;
    ensure(note.contains("backupRetentionPeriod"), note)?;
    until("the repair", STEP, async || {
        let database = scene.database(&identifier).await?;
        ensure(database["BackupRetentionPeriod"] == 14, &database["BackupRetentionPeriod"])
    })
    .await?;
    scene.until_event("orders", "DriftRepaired").await?;
    scene.until_ready("orders").await.map(drop)
}

async fn restored_by_approval(scene: &Scene<'_>) -> Result<()> {
    let tier = scene.until_ready("orders").await?;
    let identifier = named(&tier, "db")?;
    let snapshot = json!({ "DBInstanceIdentifier": identifier, "DBSnapshotIdentifier": "by-hand" });
    scene.tenant.aws.call("rds", "create_db_snapshot", snapshot).await?;
    scene.take_away(&identifier).await?;
    let stalled = scene.until_stalled("orders", "Missing").await?;
    let restore = entry(&stalled, "Restore")?;
    ensure(restore["data"].as_str().is_some_and(|data| data.contains("by-hand")), &restore)?;
    entry(&stalled, "Recreate")?;
    ensure(scene.tenant.inventory().await?.names("rds/DBInstance").is_empty(), "it was made without consent")?;
    scene.until_event("orders", "Missing").await?;
    approve(scene, "orders", &restore["hash"]).await?;
    let restored = scene.until_ready("orders").await?;
    ensure(output(&restored, "resourceId")? != output(&tier, "resourceId")?, "it is the same database")?;
    let database = scene.database(&named(&restored, "db")?).await?;
    ensure(database["DBInstanceClass"] == "db.r8g.xlarge" && database["BackupRetentionPeriod"] == 14, &database)
}

async fn made_anew_by_approval(scene: &Scene<'_>) -> Result<()> {
    let before = scene.until_ready("orders").await?;
    scene.take_away(&named(&before, "db")?).await?;
    let stalled = scene.until_stalled("orders", "Missing").await?;
    approve(scene, "orders", &entry(&stalled, "Recreate")?["hash"]).await?;
    let anew = scene.until_ready("orders").await?;
    ensure(output(&anew, "resourceId")? != output(&before, "resourceId")?, "it is the same database")
}

/// The entry of the plan that waits with this action.
fn entry(object: &Value, action: &str) -> Result<Value> {
    let plan = &object["status"]["plan"];
    let entries = plan["entries"].as_array().with_context(|| format!("no entries: {plan}"))?;
    let found = entries.iter().find(|entry| entry["action"] == action);
    found.cloned().with_context(|| format!("no {action}: {plan}"))
}

async fn deleted(scene: &Scene<'_>) -> Result<()> {
    let before = scene.tenant.inventory().await?;
    let tier = scene.until_ready("orders").await?;
    scene.bed.checker.slow_databases(&scene.tenant.account.id, WHILE).await?;
    scene.tenant.kubectl.delete("datatier", "orders").await?;
    until("the end of the database", STEP, async || {
        let going = scene.database(&named(&tier, "db")?).await?;
        ensure(going["DBInstanceStatus"] == "deleting", &going["DBInstanceStatus"])
    })
    .await?;
    ensure(scene.tenant.kubectl.find("datatier", "orders").await?.is_some(), "the object went before the database")?;
    scene.tenant.kubectl.wait_until_gone("datatier", "orders", STEP).await?;
    scene.bed.checker.slow_databases(&scene.tenant.account.id, Duration::ZERO).await?;
    let after = scene.tenant.inventory().await?;
    let (snapshots, had) = (snapshots(&after), snapshots(&before));
    ensure(snapshots.len() == had.len() + 1, format_args!("{snapshots:?} after {had:?}"))?;
    ensure(scene.tenant.kubectl.find("secret", "orders-binding").await?.is_none(), "the Secret is left")?;
    let left: Vec<String> = scene.tenant.changes().await?;
    let left: Vec<_> = left.iter().filter(|line| !line.starts_with("+ rds/DBSnapshot ")).collect();
    ensure(left.is_empty(), format_args!("left: {left:#?}"))
}

async fn again(scene: &Scene<'_>) -> Result<()> {
    scene.tenant.apply_environment(SOON).await?;
    let mut tier = scene.tenant.data_tier("orders");
    tier["spec"]["deletionPolicy"] = json!("Delete");
    let first = scene.ready(&tier).await?;
    scene.bed.checker.slow_databases(&scene.tenant.account.id, WHILE).await?;
    scene.take_away(&named(&first, "db")?).await?;
    // The object goes at once, or when AWS says absent; its name is applied again as soon as it can be.
    scene.delete("orders").await?;
    let second = scene.ready(&tier).await?;
    let third = retaken(scene, &second, &tier).await?;
    ensure(named(&third, "db")? == named(&first, "db")?, "it has another name")?;
    scene.delete("orders").await?;
    let left = scene.tenant.changes().await?;
    ensure(left.is_empty(), format_args!("left: {left:#?}"))
}

/// Somebody made a database of that name, deletes it, and AWS still holds the name when the object comes.
async fn retaken(scene: &Scene<'_>, second: &Value, tier: &Value) -> Result<Value> {
    let identifier = named(second, "db")?;
    scene.delete("orders").await?;
    let foreign = json!({ "DBInstanceIdentifier": identifier, "Engine": "postgres", "DBInstanceClass": "db.t4g.micro",
                          "AllocatedStorage": 20, "MasterUsername": "other", "MasterUserPassword": "long-enough" });
    scene.tenant.aws.call("rds", "create_db_instance", foreign).await?;
    scene.take_away(&identifier).await?;
    scene.ready(tier).await
}

async fn retained(scene: &Scene<'_>) -> Result<()> {
    scene.tenant.apply_environment(SOON).await?;
    let mut tier = scene.tenant.data_tier("orders");
    tier["spec"]["deletionPolicy"] = json!("Retain");
    let made = scene.ready(&tier).await?;
    ensure(!tagged(scene).await?.is_empty(), "nothing is tagged as ours")?;
    let before = scene.tenant.inventory().await?;
    scene.delete("orders").await?;
    let after = scene.tenant.inventory().await?;
    for kind in ["rds/DBInstance", "rds/DBSubnetGroup", "rds/DBParameterGroup", "ec2/SecurityGroup", "iam/Role"] {
        ensure(before.names(kind) == after.names(kind), format_args!("{kind}: {:?}", after.names(kind)))?;
    }
    let tagged = tagged(scene).await?;
    ensure(tagged.is_empty(), format_args!("still tagged as ours: {tagged:#?}"))?;
    let database = scene.database(&named(&made, "db")?).await?;
    ensure(!database["TagList"].to_string().contains("terrace.dev/"), &database["TagList"])
}

/// What bears owner tags, but for the snapshots that AWS took by itself, which keep the tags that their database had.
async fn tagged(scene: &Scene<'_>) -> Result<Vec<Value>> {
    let asked = json!({ "TagFilters": [{ "Key": "terrace.dev/uid" }] });
    let listed = scene.tenant.aws.list("resourcegroupstaggingapi", "get_resources", asked, "ResourceTagMappingList");
    let automated = |found: &Value| found["ResourceARN"].as_str().is_some_and(|arn| arn.contains(":snapshot:rds:"));
    Ok(listed.await?.into_iter().filter(|found| !automated(found)).collect())
}
