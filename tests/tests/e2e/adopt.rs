//! `terrace adopt`: manifests of what exists already, which change nothing when they are applied.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::Emulator;
use terrace_tests::bed::SOON;
use terrace_tests::cli::Said;
use terrace_tests::kubectl::holds;
use terrace_tests::wait::ensure;

use crate::scene::{Scene, play};

#[tokio::test]
async fn what_exists_is_taken_over_and_nothing_changes_on_ministack() {
    play(Emulator::Ministack, "adopt", story).await;
}

#[tokio::test]
async fn what_exists_is_taken_over_and_nothing_changes_on_moto() {
    play(Emulator::Moto, "adopt", story).await;
}

#[tokio::test]
async fn what_cannot_be_taken_over_is_told_in_a_sentence() {
    play(Emulator::Ministack, "adopt-bad", refused).await;
}

/// What somebody made by hand: a database in a subnet group, and a bucket.
struct Legacy {
    database: String,
    bucket: String,
}

impl Legacy {
    async fn make(scene: &Scene<'_>) -> Result<Legacy> {
        let (aws, account, tags) =
            (&scene.tenant.aws, &scene.tenant.account, json!([{ "Key": "team", "Value": "shop" }]));
        let group = json!({ "DBSubnetGroupName": "legacy", "DBSubnetGroupDescription": "by hand",
                            "SubnetIds": account.private_subnets });
        aws.call("rds", "create_db_subnet_group", group).await?;
        let database = json!({
            "DBInstanceIdentifier": "legacy", "Engine": "postgres", "EngineVersion": "17.5", "Tags": tags,
            "DBInstanceClass": "db.r8g.large", "AllocatedStorage": 100, "StorageType": "gp3", "DBName": "legacy",
            "MasterUsername": "master", "ManageMasterUserPassword": true, "StorageEncrypted": true, "MultiAZ": true,
            "DBSubnetGroupName": "legacy", "PreferredBackupWindow": "02:00-03:00",
            "PreferredMaintenanceWindow": "sun:04:00-sun:05:00",
        });
        aws.call("rds", "create_db_instance", database).await?;
        let bucket = format!("legacy-{}", account.id);
        let place = json!({ "LocationConstraint": "eu-west-1" });
        aws.call("s3", "create_bucket", json!({ "Bucket": bucket, "CreateBucketConfiguration": place })).await?;
        aws.call("s3", "put_bucket_tagging", json!({ "Bucket": bucket, "Tagging": { "TagSet": tags } })).await?;
        let database = format!("arn:aws:rds:eu-west-1:{}:db:legacy", account.id);
        Ok(Legacy { database, bucket: format!("arn:aws:s3:::{bucket}") })
    }
}

/// Has something taken over, which changes nothing.
async fn adopt(scene: &Scene<'_>, what: &[&str]) -> Result<Said> {
    scene.tenant.mark().await?;
    let name = scene.tenant.name.as_str();
    let args = [&["adopt"], what, &["--environment", name, "--namespace", name]].concat();
    let said = scene.tenant.terrace(&args, "").await?;
    let calls = scene.tenant.calls().await?;
    ensure(calls.mutating == 0, format_args!("adopt changed something: {:?}", calls.operations))?;
    Ok(said)
}

/// The manifests that were written, and that their plan is empty.
fn manifests(said: &Said) -> Result<String> {
    ensure(said.code == 0, format_args!("{said:?}"))?;
    let empty = "Plan: 0 to create, 0 to change, 0 to replace, 0 to delete";
    ensure(said.err.contains(empty) && !said.err.contains("refused"), &said.err)?;
    Ok(said.out.clone())
}

async fn story(scene: &Scene<'_>) -> Result<()> {
    let legacy = Legacy::make(scene).await?;
    allow(scene).await?;
    let by_arn = manifests(&adopt(scene, &[&legacy.database, &legacy.bucket]).await?)?;
    let by_tag = manifests(&adopt(scene, &["--tag", "team=shop"]).await?)?;
    ensure(by_arn.len() == by_tag.len(), format_args!("by ARN:\n{by_arn}\nby tag:\n{by_tag}"))?;
    serve_ack(scene, &legacy.bucket).await?;
    let by_ack = manifests(&adopt(scene, &["--ack"]).await?)?;
    ensure(by_ack.contains("kind: ObjectTier") && !by_ack.contains("kind: DataTier"), &by_ack)?;

    scene.tenant.mark().await?;
    scene.tenant.kubectl.run_with(&["apply", "-f", "-"], &by_arn).await?;
    let bucket = legacy.bucket.rsplit(':').next().context("a bucket")?.to_owned();
    for (kind, name) in [("datatier", "legacy"), ("objecttier", &*bucket)] {
        let kubectl = &scene.tenant.kubectl;
        let object = kubectl.wait_for_condition(kind, name, "Stalled", "True", SOON).await?;
        ensure(object.to_string().contains("\"ObserveOnly\""), &object["status"]["conditions"])?;
    }
    let calls = scene.tenant.calls().await?;
    ensure(calls.mutating == 0, format_args!("applied, it changed something: {:?}", calls.operations))?;
    managed(scene).await
}

/// Handed over, it does what was announced, with consent, and the database is the one that was there.
async fn managed(scene: &Scene<'_>) -> Result<()> {
    let before = scene.database("legacy").await?;
    scene.edit("legacy", json!({ "management": "Manage" })).await?;
    // What comes to be known with each step is consented to in its turn.
    loop {
        let settled = |object: &Value| {
            ensure(holds(object, "Ready") || object["status"]["plan"]["hash"].is_string(), &object["status"])
        };
        let object = scene.tenant.kubectl.wait_for("datatier", "legacy", SOON, settled).await?;
        let Some(hash) = object["status"]["plan"]["hash"].as_str() else { break };
        scene.tenant.kubectl.annotate("datatier", "legacy", "terrace.dev/approve", hash).await?;
        let moved =
            |object: &Value| ensure(object["status"]["plan"]["hash"].as_str() != Some(hash), &object["status"]["plan"]);
        scene.tenant.kubectl.wait_for("datatier", "legacy", SOON, moved).await?;
    }
    let after = scene.database("legacy").await?;
    ensure(after["DbiResourceId"] == before["DbiResourceId"], format_args!("{before:#}\n{after:#}"))?;
    ensure(after["TagList"].to_string().contains("terrace.dev/uid"), &after["TagList"])
}

/// An Environment that lets the namespace take over what there is.
async fn allow(scene: &Scene<'_>) -> Result<()> {
    let (mut environment, account) = (scene.tenant.environment(), &scene.tenant.account.id);
    let mut arns: Vec<String> =
        ["rds:*", "ec2:*", "kms:*"].map(|service| format!("arn:aws:{service}:{account}:*")).into();
    arns.push("arn:aws:s3:::*".into());
    let allowed = json!({ "namespaces": environment["spec"]["namespaces"], "arns": arns });
    environment["spec"]["limits"] = json!({ "allow": [allowed] });
    scene.tenant.kubectl.apply(&environment).await?;
    scene.tenant.kubectl.wait_for_condition("environment", &scene.tenant.name, "Ready", "True", SOON).await?;
    Ok(())
}

/// An object of ACK's that stands for a bucket.
async fn serve_ack(scene: &Scene<'_>, bucket: &str) -> Result<()> {
    let schema = json!({ "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } });
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "buckets.s3.services.k8s.aws" },
        "spec": { "group": "s3.services.k8s.aws", "scope": "Namespaced",
                  "names": { "kind": "Bucket", "plural": "buckets", "singular": "bucket" },
                  "versions": [{ "name": "v1alpha1", "served": true, "storage": true, "schema": schema }] },
    });
    let kubectl = &scene.tenant.kubectl;
    kubectl.apply(&definition).await?;
    kubectl.run(&["wait", "--for=condition=Established", "crd/buckets.s3.services.k8s.aws", "--timeout=60s"]).await?;
    let object = json!({ "apiVersion": "s3.services.k8s.aws/v1alpha1", "kind": "Bucket",
                         "metadata": { "name": "assets", "namespace": scene.tenant.name },
                         "status": { "ackResourceMetadata": { "arn": bucket } } });
    kubectl.apply(&object).await?;
    Ok(())
}

async fn refused(scene: &Scene<'_>) -> Result<()> {
    scene.tenant.apply_environment(SOON).await?;
    let (tenant, own) = (&scene.tenant, scene.tenant.name.as_str());
    let nowhere = format!("arn:aws:rds:eu-west-1:{}:db:nowhere", tenant.account.id);
    let far = format!("arn:aws:rds:us-east-1:{}:db:orders", tenant.account.id);
    let foreign = "arn:aws:rds:eu-west-1:999999999999:db:orders";
    for (args, says) in [
        (&["adopt", nowhere.as_str(), "--environment", own][..], "there is no such thing in eu-west-1"),
        (&["adopt", &far, "--environment", own], "it is in us-east-1, and Environment"),
        (&["adopt", foreign, "--environment", own], "it is of account 999999999999"),
        (&["adopt", "arn:aws:sqs:eu-west-1:1:jobs", "--environment", own], "it is of account 1"),
        (&["adopt", "orders", "--environment", own], "takes over databases, caches and buckets"),
        (&["adopt", &nowhere, "--environment", "nowhere"], "there is no Environment nowhere"),
        (&["adopt", "--tag", "team=nobody", "--environment", own], "nothing was found"),
        (&["adopt", "--terraform-state", "/nowhere.tfstate", "--environment", own], "/nowhere.tfstate: No such file"),
    ] {
        let said = tenant.terrace(args, "").await?.ends(1)?;
        ensure(said.err.contains(says) && said.err.lines().count() == 1, format_args!("{args:?}: {}", said.err))?;
    }
    let state: Value = json!({ "version": 3 });
    let file = scene.bed.folder().join("old.tfstate");
    std::fs::write(&file, state.to_string())?;
    let file = file.display().to_string();
    let said = tenant.terrace(&["adopt", "--terraform-state", &file, "--environment", own], "").await?.ends(1)?;
    ensure(said.err.lines().count() == 1 && said.err.contains("version"), said.err)
}
