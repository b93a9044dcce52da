//! The operator is killed before, in and after its changes of AWS, and started again: the end is as if nothing had been.

use std::env;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::checker::Fault;
use terrace_tests::wait::ensure;
use terrace_tests::{Bed, Operator, Options, Rule, until};

use crate::scene::{STEP, Scene};

const FAULTS: [Fault; 3] = [Fault::KillBefore, Fault::KillLost, Fault::KillAfter];

/// What a tier may leave twice.
const KINDS: [&str; 6] = [
    "ec2/SecurityGroup",
    "iam/Role",
    "rds/DBInstance",
    "rds/DBParameterGroup",
    "rds/DBSubnetGroup",
    "secretsmanager/Secret",
];

#[tokio::test]
async fn a_killed_operator_goes_on_where_it_was() {
    let bed = Bed::start(Options::default()).await.unwrap();
    let operator = bed.start_operator(&["--no-leader-election", "--resync-seconds", "4"]).await.unwrap();
    let (creating, deleting) = undisturbed(&bed, &operator).await;
    println!("changes of AWS: {creating} to create, {deleting} to delete");
    // A number of points in each; every one, with every fault, where that is asked for.
    let count = env::var("TERRACE_CRASHES").ok().map_or(6, |count| count.parse().expect("TERRACE_CRASHES is a number"));
    for (number, (at_create, at_delete)) in spread(creating, count).zip(spread(deleting, count)).enumerate() {
        let fault = FAULTS[(number + number / FAULTS.len()) % FAULTS.len()];
        killed(&bed, &operator, fault, at_create, at_delete).await;
    }
}

/// `count` points from the first call to the last.
fn spread(calls: u64, count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |number| 1 + number * (calls.max(1) - 1) / (count.max(2) - 1))
}

fn tier(scene: &Scene<'_>) -> Value {
    let mut tier = scene.tenant.data_tier("orders");
    tier["spec"]["deletionPolicy"] = json!("Delete");
    tier
}

/// How many changes a create and a delete take that nobody disturbs.
async fn undisturbed(bed: &Bed, operator: &Operator) -> (u64, u64) {
    let scene = Scene::new(bed, operator, "undisturbed").await.unwrap();
    let (mut creating, mut deleting) = (0, 0);
    scene
        .tell(async |scene| {
            scene.tenant.apply_environment(SOON).await?;
            scene.tenant.mark().await?;
            scene.ready(&tier(scene)).await?;
            creating = scene.tenant.calls().await?.mutating;
            scene.tenant.mark().await?;
            scene.delete("orders").await?;
            deleting = scene.tenant.calls().await?.mutating;
            ensure(scene.tenant.changes().await?.is_empty(), "something is left")
        })
        .await;
    (creating, deleting)
}

/// One life, in which the operator is killed once while it creates and once while it deletes.
async fn killed(bed: &Bed, operator: &Operator, fault: Fault, at_create: u64, at_delete: u64) {
    let scene = Scene::new(bed, operator, "killed").await.unwrap();
    let rule = |at| Rule::new(fault).mutating().at(at, 1).killing(operator.pid_file());
    scene
        .tell(async |scene| {
            scene.tenant.apply_environment(SOON).await?;
            scene.tenant.set_rules(&[rule(at_create)]).await?;
            scene.tenant.kubectl.apply(&tier(scene)).await?;
            went_on(scene, once_only).await.with_context(|| format!("{fault:?} at create {at_create}"))?;
            scene.tenant.set_rules(&[rule(at_delete)]).await?;
            scene.tenant.kubectl.delete("datatier", "orders").await?;
            went_on(scene, all_gone).await.with_context(|| format!("{fault:?} at delete {at_delete}"))
        })
        .await;
}

/// Revives the operator, and looks at how it ends.
async fn went_on(scene: &Scene<'_>, ends: impl AsyncFnOnce(&Scene<'_>) -> Result<()>) -> Result<()> {
    revive(scene).await?;
    ends(scene).await
}

/// Waits until the checker has killed the operator, and starts it again.
async fn revive(scene: &Scene<'_>) -> Result<()> {
    scene.operator.wait_until_dead(Duration::from_secs(30)).await?;
    let fired = scene.bed.checker.fired(&scene.tenant.account.id).await?;
    ensure(fired.iter().all(|(_, fired)| fired.len() == 1), format_args!("{fired:?}"))?;
    scene.tenant.set_rules(&[]).await?;
    scene.operator.restart().await
}

/// The tier is Ready, and there is one of each.
async fn once_only(scene: &Scene<'_>) -> Result<()> {
    let object = scene.until_ready("orders").await?;
    let inventory = scene.tenant.inventory().await?;
    let changes = scene.tenant.changes().await?;
    for kind in KINDS {
        let new = changes.iter().filter(|line| line.starts_with(&format!("+ {kind} "))).count();
        ensure(new == 1, format_args!("{new} of {kind}: {:?}", inventory.names(kind)))?;
    }
    let known = object["status"]["resources"].as_array().context("resources")?.len();
    ensure(known == 7, format_args!("{known} resources: {}", object["status"]["resources"]))
}

/// The object and all that it made are gone.
async fn all_gone(scene: &Scene<'_>) -> Result<()> {
    scene.tenant.kubectl.wait_until_gone("datatier", "orders", STEP).await?;
    until("an account as before", STEP, async || {
        let left = scene.tenant.changes().await?;
        ensure(left.is_empty(), format_args!("{left:#?}"))
    })
    .await
}
