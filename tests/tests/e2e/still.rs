//! What stands still costs next to nothing: no change of AWS, no write to the cluster, and few reads that all share.

use std::collections::BTreeMap;
use std::env;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use terrace_tests::bed::SOON;
use terrace_tests::wait::ensure;
use terrace_tests::{Bed, Options, until};

use crate::scene::Scene;

/// Passes over every object that are counted.
const PASSES: u64 = 5;
/// The period of the resync, in seconds.
const RESYNC: u64 = 10;
/// Reads a resource and pass that DESIGN.md allows for what AWS lists whole.
const MOST_READS: f64 = 0.02;

/// The calls by which an Environment is looked at, each once or twice a resync however many objects there are.
const ENVIRONMENT: [&str; 4] =
    ["ec2.DescribeSubnets", "ec2.DescribeVpcs", "eks.DescribeCluster", "sts.GetCallerIdentity"];

#[tokio::test]
async fn what_stands_still_is_read_in_lists_and_never_written() {
    let count = env::var("TERRACE_STILL").ok().map_or(200, |count| count.parse().expect("TERRACE_STILL is a number"));
    let bed = Bed::start(Options::default()).await.unwrap();
    let resync = RESYNC.to_string();
    let args = ["--no-leader-election", "--aws-rate-limits", "lifted", "--resync-seconds", &resync];
    let operator = bed.start_operator(&args).await.unwrap();
    let scene = Scene::new(&bed, &operator, "still").await.unwrap();
    scene.tell(async |scene| still(scene, count).await).await;
}

async fn still(scene: &Scene<'_>, count: usize) -> Result<()> {
    scene.tenant.apply_environment(SOON).await?;
    let tiers: Vec<Value> = (1..=count).map(|number| scene.tenant.data_tier(&format!("orders-{number}"))).collect();
    let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": tiers });
    scene.tenant.kubectl.apply(&list).await?;
    until_all_ready(scene, count).await?;
    // The first resync after the last change still looks at everything afresh.
    passes(scene, count, 2).await?;

    let before = versions(scene).await?;
    scene.tenant.mark().await?;
    passes(scene, count, PASSES).await?;
    let calls = scene.tenant.calls().await?;
    let after = versions(scene).await?;

    let changed: Vec<_> = before.iter().filter(|(name, version)| after.get(*name) != Some(version)).collect();
    ensure(changed.is_empty() && before.len() == after.len(), format_args!("written to: {changed:?}"))?;
    ensure(calls.mutating == 0, format_args!("changes of AWS: {:?}", calls.operations))?;
    let resources = resources(scene).await?;
    let of_environment: u64 = ENVIRONMENT.iter().filter_map(|call| calls.operations.get(*call)).sum();
    let lists = calls.calls - of_environment;
    let reads = lists as f64 / (resources as f64 * PASSES as f64);
    println!("{count} tiers, {resources} resources, {PASSES} passes: {lists} reads, {reads:.4} a resource and pass");
    println!("  and {of_environment} for the Environment; {:?}", calls.operations);
    ensure(reads <= MOST_READS, format_args!("{reads:.4} reads a resource and pass: {:?}", calls.operations))
}

async fn until_all_ready(scene: &Scene<'_>, count: usize) -> Result<()> {
    until("all Ready", Duration::from_secs(180), async || {
        let jsonpath = r#"jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}"#;
        let ready = scene.tenant.kubectl.run(&["get", "datatiers", "-o", jsonpath]).await?;
        let ready = ready.split_whitespace().filter(|status| *status == "True").count();
        ensure(ready == count, format_args!("{ready} of {count}"))
    })
    .await
}

/// Waits until so many more passes have been made over every object.
async fn passes(scene: &Scene<'_>, count: usize, passes: u64) -> Result<()> {
    scene.passes(count as u64 * passes, Duration::from_secs(RESYNC * (passes + 3))).await
}

/// The version of every object that the operator writes to.
async fn versions(scene: &Scene<'_>) -> Result<BTreeMap<String, String>> {
    let mut versions = BTreeMap::new();
    for kind in ["datatiers", "secrets", "events.events.k8s.io"] {
        for object in scene.tenant.kubectl.list(kind, "").await? {
            let text = |name: &str| object["metadata"][name].as_str().map(str::to_owned).context("metadata");
            versions.insert(format!("{kind}/{}", text("name")?), text("resourceVersion")?);
        }
    }
    let environment = scene.tenant.kubectl.get("environment", &scene.tenant.name).await?;
    versions.insert("environment".to_owned(), environment["metadata"]["resourceVersion"].to_string());
    Ok(versions)
}

/// How many AWS resources there are.
async fn resources(scene: &Scene<'_>) -> Result<usize> {
    let objects = scene.tenant.kubectl.list("datatiers", "").await?;
    let entries = objects.iter().flat_map(|object| object["status"]["resources"].as_array().into_iter().flatten());
    let of_aws = |entry: &&Value| entry["kind"].as_str().is_some_and(|kind| !kind.starts_with("kubernetes/"));
    Ok(entries.filter(of_aws).count())
}
