//! The chart: what it renders is admitted, values that make no sense are refused, and what it installs does its work –
//! through upgrades, the loss of its leader, and an uninstall that leaves AWS alone.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::helm::{Helm, NAMESPACE, RELEASE};
use terrace_tests::inventory::is_kept;
use terrace_tests::kubectl::holds;
use terrace_tests::kubelet::Kubelet;
use terrace_tests::leaders::lose_one;
use terrace_tests::operator::{PODS, Start};
use terrace_tests::progress::Progress;
use terrace_tests::tools::{checkout, monitoring_definitions};
use terrace_tests::wait::ensure;
use terrace_tests::{Bed, Operator, Options, until};

use crate::scene::{STEP, Scene, TIERS};
use crate::web;

/// How long helm waits for pods.
const PATIENCE: &str = "--timeout=120s";

/// Every switch of the chart, the other way round.
fn switched() -> Value {
    json!({
        "replicas": 1,
        "serviceAccount": { "create": false, "name": "existing" },
        "aws": { "region": "eu-west-1", "roleArn": "arn:aws:iam::111122223333:role/terrace" },
        "scope": { "namespaces": ["default"], "environments": ["prod"] },
        "controller": { "logFormat": "text", "extraEnv": [{ "name": "A", "value": "b" }] },
        "rdsCaBundle": { "configMap": "rds" },
        "crds": { "keep": false },
        "rbac": { "aggregate": false },
        "admissionPolicies": { "approvers": "Granted" },
        "networkPolicy": { "from": [{ "namespaceSelector": {} }] },
        "tracing": { "endpoint": "http://collector.observability:4318" },
        "podLabels": { "team": "platform" }, "podAnnotations": { "a": "b" },
        "nodeSelector": { "kubernetes.io/os": "linux" }, "priorityClassName": "system-cluster-critical",
        "tolerations": [{ "operator": "Exists" }],
    })
}

/// With all that watches it.
fn watched() -> Value {
    let made = json!({ "create": true });
    json!({ "metrics": { "serviceMonitor": made, "prometheusRule": made, "dashboard": made } })
}

/// Everything that can be left out, left out.
fn bare() -> Value {
    let nothing = json!({ "create": false });
    json!({ "crds": { "install": false }, "rbac": { "create": false, "aggregate": false }, "admissionPolicies": nothing,
            "podDisruptionBudget": nothing, "networkPolicy": nothing })
}

#[tokio::test]
async fn what_the_chart_renders_is_admitted_with_every_switch_on_and_off() {
    let bed = Bed::shared().await.unwrap();
    bed.operator().await.unwrap();
    let monitoring = monitoring_definitions(&Progress::builds_only()).await.unwrap();
    bed.kubectl().apply_definitions(&monitoring).await.unwrap();
    for (values, kinds) in [(json!({}), 12), (switched(), 10), (bare(), 3), (watched(), 15)] {
        let objects = bed.helm.template(&values).await.unwrap();
        let mut found: Vec<&str> = objects.iter().filter_map(|object| object["kind"].as_str()).collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), kinds, "{found:?}");
        for object in objects {
            let name = &object["metadata"]["name"];
            let args = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-"];
            let admitted = bed.kubectl().run_with(&args, &object.to_string()).await;
            admitted.with_context(|| format!("{} {name}", object["kind"])).unwrap();
        }
    }
}

#[tokio::test]
async fn the_base_for_kustomize_is_what_the_chart_renders_and_is_admitted() {
    let bed = Bed::shared().await.unwrap();
    bed.operator().await.unwrap();
    let (base, folder) = (bed.helm.base().await.unwrap(), checkout().join("deploy"));
    let kept = std::fs::read_to_string(folder.join("terrace.yaml")).unwrap();
    assert!(base == kept, "deploy/terrace.yaml is stale: make generate writes it");
    let folder = folder.to_str().unwrap();
    let built = bed.kubectl().run(&["kustomize", folder]).await.unwrap();
    let objects = terrace_tests::helm::objects(&built).unwrap();
    let managers = objects.iter().map(|object| &object["metadata"]["labels"]["app.kubernetes.io/managed-by"]);
    assert!(managers.clone().count() > 20 && managers.clone().all(|manager| manager == "kustomize"));
    let args = ["apply", "-k", folder, "--server-side", "--force-conflicts", "--dry-run=server"];
    // What is in a namespace that there is not yet cannot be tried.
    bed.kubectl().run(&["create", "namespace", NAMESPACE]).await.ok();
    bed.kubectl().run(&args).await.unwrap();
}

#[tokio::test]
async fn the_chart_lints_and_says_what_is_wrong_with_values() {
    let bed = Bed::shared().await.unwrap();
    let chart = Helm::chart();
    let said = bed.helm.run(&["lint", "--strict", chart.to_str().unwrap()]).await.unwrap();
    assert!(said.contains("1 chart(s) linted, 0 chart(s) failed"), "{said}");
    for (values, says) in [
        (json!({ "replicas": 0 }), "'/replicas': minimum: got 0, want 1"),
        (json!({ "replica": 1 }), "additional properties 'replica' not allowed"),
        (json!({ "aws": { "roleArn": "terrace" } }), "'/aws/roleArn': 'terrace' does not match pattern"),
        (json!({ "scope": { "namespaces": "shop" } }), "'/scope/namespaces': got string, want array"),
        (
            json!({ "admissionPolicies": { "approvers": "Nobody" } }),
            "'/admissionPolicies/approvers': value must be one of",
        ),
        (json!({ "controller": { "resyncSeconds": 0 } }), "'/controller/resyncSeconds': minimum: got 0, want 1"),
    ] {
        let refusal = bed.helm.template(&values).await.expect_err("it is refused").to_string();
        assert!(refusal.contains(says), "{refusal}");
    }
}

#[tokio::test]
async fn nobody_takes_the_finalizer_off_what_has_resources() {
    let bed = Bed::shared().await.unwrap();
    let scene = Scene::new(bed, bed.operator().await.unwrap(), "unheld").await.unwrap();
    scene
        .tell(async |scene| {
            scene.tenant.apply_environment(SOON).await?;
            scene.ready(&scene.tenant.data_tier("orders")).await?;
            let unheld = json!({ "metadata": { "finalizers": null } });
            let refusal =
                scene.tenant.kubectl.patch("datatier", "orders", &unheld).await.err().context("it was taken")?;
            ensure(refusal.to_string().contains("resources that nobody looks after any more"), &refusal)?;
            scene.delete("orders").await
        })
        .await;
}

#[tokio::test]
async fn a_release_carries_the_web_example_through_upgrades_lost_leaders_and_an_uninstall() {
    let bed = Bed::start(Options::default()).await.unwrap();
    bed.apply_crds().await.unwrap();
    let kubelet = bed.kubelet().unwrap();
    let values = bed.operator_start(&["--resync-seconds=4"]).values(2);
    bed.helm.install(NAMESPACE, &values, &["--wait", PATIENCE]).await.unwrap();
    let leader = Operator::of(until("a leader", SOON, async || kubelet.leader().await).await.unwrap());
    let scene = Scene::new(&bed, &leader, "release").await.unwrap();
    scene
        .tell(async |scene| {
            web::prepare(scene, &[]).await?;
            let before = scene.tenant.inventory().await?;
            for tier in web::tiers(scene, "")? {
                scene.tenant.kubectl.apply(&tier).await?;
            }
            for kill in 1..=3 {
                lose_one(&bed, &kubelet, kill % 2 == 0).await.with_context(|| format!("kill {kill}"))?;
            }
            upgraded(&bed, &values).await.context("upgrade")?;
            all_ready(scene).await.context("after the upgrade")?;
            reinstalled(&bed, &kubelet, scene, &values).await.context("reinstall")?;
            web::deleted(scene).await.context("deleted")?;
            let left = before.changes(&scene.tenant.inventory().await?);
            let rest: Vec<_> = left.iter().filter(|line| !is_kept(line)).collect();
            ensure(rest.is_empty(), format_args!("left behind: {rest:#?}"))
        })
        .await;
}

/// An upgrade while objects come up, and back again.
async fn upgraded(bed: &Bed, values: &Value) -> Result<()> {
    let mut other = values.clone();
    other["podAnnotations"] = json!({ "upgraded": "true" });
    bed.helm.install(NAMESPACE, &other, &["--wait", PATIENCE]).await?;
    let pods = bed.kubectl().namespaced(NAMESPACE).list("pods", PODS).await?;
    let upgraded = |pod: &&Value| pod["metadata"]["annotations"]["upgraded"] == "true";
    ensure(pods.iter().filter(upgraded).count() == 2, format_args!("{} pods", pods.len()))?;
    bed.helm.run(&["rollback", RELEASE, "1", "--namespace", NAMESPACE, "--wait", PATIENCE]).await.map(drop)
}

async fn all_ready(scene: &Scene<'_>) -> Result<()> {
    let kubectl = &scene.tenant.kubectl;
    until("the example", web::WHOLE, async || {
        let tiers = kubectl.list(TIERS, "").await?;
        let ready = tiers.iter().filter(|tier| holds(tier, "Ready")).count();
        ensure(ready == 5, format_args!("{ready} of {} are Ready", tiers.len()))
    })
    .await
}

/// Without the release nothing is touched, neither in AWS nor of the objects; with it again, nothing need be.
async fn reinstalled(bed: &Bed, kubelet: &Kubelet, scene: &Scene<'_>, values: &Value) -> Result<()> {
    let before = scene.tenant.inventory().await?;
    bed.helm.run(&["uninstall", RELEASE, "--namespace", NAMESPACE, "--wait", PATIENCE]).await?;
    until("the end of its pods", STEP, async || {
        let pods = bed.kubectl().namespaced(NAMESPACE).list("pods", PODS).await?;
        ensure(pods.is_empty(), format_args!("{} pods", pods.len()))
    })
    .await?;
    scene.tenant.mark().await?;
    ensure(scene.tenant.kubectl.list(TIERS, "").await?.len() == 5, "an object went with the release")?;
    bed.helm.install(NAMESPACE, values, &["--wait", PATIENCE]).await?;
    let leader = Operator::of(until("a leader", STEP, async || kubelet.leader().await).await?);
    until("a look at each", SOON, async || {
        let looks = leader.metric("terrace_reconciles_total", &[r#"result="success""#]).await?;
        ensure(looks >= 12.0, format_args!("{looks} passes"))
    })
    .await?;
    all_ready(scene).await?;
    let calls = scene.tenant.calls().await?;
    ensure(calls.mutating == 0, format_args!("{:?}", calls.operations))?;
    let changes = before.changes(&scene.tenant.inventory().await?);
    ensure(changes.is_empty(), format_args!("{changes:#?}"))
}

#[tokio::test]
async fn of_two_installations_the_second_says_so_and_stands_back() {
    let bed = Bed::start(Options::default()).await.unwrap();
    let first = bed.start_operator(&["--resync-seconds=4"]).await.unwrap();
    let scene = Scene::new(&bed, &first, "two-installs").await.unwrap();
    scene
        .tell(async |scene| {
            scene.tenant.apply_environment(SOON).await?;
            let tier = scene.ready(&scene.tenant.data_tier("orders")).await?;
            ensure(tier["status"]["operator"] == "terrace-system/terrace", &tier["status"]["operator"])?;
            let other = Start { namespace: "terrace-other".into(), ..bed.operator_start(&["--resync-seconds=4"]) };
            let second = Operator::start(other).await?;
            let said = scene.until_event("orders", "ServedByAnother").await?;
            ensure(
                said.contains("terrace-system/terrace looks after it, and terrace-other/terrace stands back"),
                &said,
            )?;
            scene.edit("orders", json!({ "backup": { "retentionDays": 9 } })).await?;
            scene.until_ready("orders").await?;
            let calls = second.metric("terrace_aws_calls_total", &[]).await?;
            ensure(calls == 0.0, format_args!("the second made {calls} calls"))?;
            scene.delete("orders").await
        })
        .await;
}

#[tokio::test]
async fn installations_that_are_confined_serve_their_own_namespaces_and_no_others() {
    let bed = Bed::start(Options::default()).await.unwrap();
    bed.apply_crds().await.unwrap();
    // The release's rights are bound in the namespaces that it serves, which are there before it.
    let (ours, theirs) = (bed.tenant("ours").await.unwrap(), bed.tenant("theirs").await.unwrap());
    let start = bed.operator_start(&["--resync-seconds=4"]);
    let more = json!({ "scope": { "namespaces": [ours.name] } });
    let operator = Operator::start(Start { more, ..start }).await.unwrap();
    let scene = Scene { bed: &bed, operator: &operator, tenant: ours, kind: "datatier" };
    scene
        .tell(async |scene| {
            scene.tenant.apply_environment(SOON).await?;
            theirs.apply_environment(SOON).await?;
            theirs.kubectl.apply(&theirs.data_tier("orders")).await?;
            scene.ready(&scene.tenant.data_tier("orders")).await?;
            scene.passes(3, SOON).await?;
            let theirs = theirs.kubectl.get("datatier", "orders").await?;
            ensure(theirs["status"] == json!({ "observedGeneration": -1 }), &theirs["status"])?;
            ensure(theirs["metadata"]["finalizers"].is_null(), &theirs["metadata"])?;
            scene.delete("orders").await
        })
        .await;
}
