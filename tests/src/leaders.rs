//! The leader is lost again and again while `examples/web` comes up and goes: how long until another leads, and what is
//! left in the end.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::account::Account;
use crate::bed::{Bed, Options};
use crate::demo::{ACCOUNT, write_overlay};
use crate::helm::NAMESPACE;
use crate::inventory::{Inventory, is_kept};
use crate::kubectl::{TIERS, condition, holds};
use crate::kubelet::Kubelet;
use crate::progress::Progress;
use crate::wait::until;

/// How long it may take until another replica leads: a Lease holds for 15 s.
const TAKEOVER: Duration = Duration::from_secs(120);
/// How long the example may take, whatever befalls the operator.
const WHOLE: Duration = Duration::from_secs(300);
/// Kills in a row, while the example comes up, while it is changed, and while it goes.
const AT_ONCE: u32 = 5;

/// What came of it.
#[derive(Debug)]
pub struct Lost {
    /// From each death to the next leader.
    pub takeovers: Vec<Duration>,
    /// What is left in AWS that nobody asked to be kept.
    pub left: Vec<String>,
}

/// Loses the leader so many times, every second time with its pod.
///
/// # Errors
/// When nobody leads in time, or the example does not come up or go all the same.
pub async fn lose(kills: u32) -> Result<Lost> {
    let bed = Bed::start(Options { progress: Progress::builds_only(), ..Options::default() }).await?;
    bed.apply_crds().await?;
    let kubelet = bed.kubelet()?;
    let values = bed.operator_start(&["--resync-seconds=4"]).values(2);
    bed.helm.install(NAMESPACE, &values, &["--wait", "--timeout=120s"]).await?;
    let aws = bed.aws.as_account(ACCOUNT);
    let account = Account::prepare(&aws).await?;
    account.make_zone(&aws, "example.com").await?;
    let (overlay, before) = (write_overlay(bed.folder(), &account)?, Inventory::of(&aws).await?);
    let kubectl = bed.kubectl();
    let mut takeovers = Vec::new();
    kubectl.apply_kustomization(&overlay).await?;
    lose_some(&bed, &kubelet, &mut takeovers).await?;
    all_ready(&bed).await?;
    // What was deleted leaves names behind that AWS holds, so the same example is edited and not made anew.
    while (takeovers.len() as u32) < kills.saturating_sub(AT_ONCE) {
        edit(&bed, takeovers.len() as u32 / AT_ONCE).await?;
        lose_some(&bed, &kubelet, &mut takeovers).await?;
        all_ready(&bed).await?;
    }
    let gone = json!({ "spec": { "deletionPolicy": "Delete" } });
    kubectl.namespaced("shop").patch("objecttier", "assets", &gone).await?;
    kubectl.namespaced("shop").run(&["delete", TIERS, "--all", "--wait=false"]).await?;
    lose_some(&bed, &kubelet, &mut takeovers).await?;
    until("the end of the example", WHOLE, async || {
        let left = tiers(&bed).await?.len();
        ensure!(left == 0, "{left} tiers are left");
        Ok(())
    })
    .await?;
    let left = before.changes(&Inventory::of(&aws).await?);
    Ok(Lost { takeovers, left: left.into_iter().filter(|line| !is_kept(line)).collect() })
}

async fn all_ready(bed: &Bed) -> Result<()> {
    until("the example", WHOLE, async || {
        let tiers = tiers(bed).await?;
        let current = |tier: &&Value| tier["status"]["observedGeneration"] == tier["metadata"]["generation"];
        let ready = |tier: &&Value| current(tier) && holds(tier, "Ready");
        let waiting: Vec<&Value> = tiers.iter().filter(|tier| !ready(tier)).collect();
        let said = waiting.iter().map(|tier| format!("{} {:?}", tier["kind"], condition(tier, "Ready")));
        ensure!(tiers.len() == 5 && waiting.is_empty(), "{}", said.collect::<Vec<_>>().join("; "));
        Ok(())
    })
    .await
}

/// Another class of database and of cache, and another mode of the firewall, to and fro.
async fn edit(bed: &Bed, round: u32) -> Result<()> {
    let (size, mode) = if round.is_multiple_of(2) { ("large", "Enforce") } else { ("xlarge", "Count") };
    let shop = bed.kubectl().namespaced("shop");
    for (kind, name, spec) in [
        (
            "datatier",
            "orders",
            json!({ "instanceClass": format!("db.r8g.{size}"), "maintenance": { "apply": "Immediately" } }),
        ),
        ("cachetier", "sessions", json!({ "nodeType": format!("cache.r7g.{size}") })),
        ("edgetier", "shop", json!({ "firewall": { "mode": mode } })),
    ] {
        shop.patch(kind, name, &json!({ "spec": spec })).await?;
    }
    Ok(())
}

async fn tiers(bed: &Bed) -> Result<Vec<Value>> {
    bed.kubectl().namespaced("shop").list(TIERS, "").await
}

async fn lose_some(bed: &Bed, kubelet: &Kubelet, takeovers: &mut Vec<Duration>) -> Result<()> {
    for _ in 0..AT_ONCE {
        takeovers.push(lose_one(bed, kubelet, takeovers.len().is_multiple_of(2)).await?);
    }
    Ok(())
}

/// Loses the leader, with its pod, as when a node is lost, or without; says how long it took until another led.
///
/// # Errors
/// When nobody leads in time.
pub async fn lose_one(bed: &Bed, kubelet: &Kubelet, with_pod: bool) -> Result<Duration> {
    let leader = until("a leader", TAKEOVER, async || kubelet.leader().await).await?;
    let died = Instant::now();
    leader.kill().await?;
    if with_pod {
        let kubectl = bed.kubectl().namespaced(NAMESPACE);
        kubectl.run(&["delete", "pod", &leader.pod, "--grace-period=0", "--force"]).await.context("the pod")?;
    }
    let next = until("another leader", TAKEOVER, async || kubelet.leader().await).await?;
    let took = died.elapsed();
    eprintln!("leader {} lost, {} leads after {:.1} s", leader.pod, next.pod, took.as_secs_f64());
    Ok(took)
}
