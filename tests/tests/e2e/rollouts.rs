//! Rollouts of a WebApp: a canary step by step, one that its alarm takes back, and blue and green while the operator dies.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::kubectl::condition;
use terrace_tests::wait::ensure;
use terrace_tests::watch::Watch;
use terrace_tests::{Bed, Emulator, Options, until};
use tokio::time::{Instant, timeout};

use crate::scene::{STEP, Scene, output, play_of};

const KIND: &str = "webapp";
/// The Deployment of each slot, and the node that is its target group.
const SLOTS: [(&str, &str); 2] = [("shop", "targets"), ("shop-b", "targets-b")];
const ALARM: &str = "shop-errors";
/// How long a rollout may take: its pods settle for 20 s twice, and drain for 15 s.
const WHOLE: Duration = Duration::from_secs(240);
/// How long after a look the next one is, when nothing happens.
const BETWEEN: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_canary_gets_its_shares_step_by_step_and_then_serves_on_ministack() {
    play_of(KIND, Emulator::Ministack, "canary", async |scene| {
        begin(scene, &canary(5)).await?;
        let app = scene.tenant.kubectl.get(KIND, "shop").await?;
        let url = format!("http://{}", output(&app, "loadBalancerDnsName")?);
        ensure(output(&app, "url")? == url, &app["status"]["outputs"])?;
        scene.edit("shop", json!({ "image": "shop:2" })).await?;
        let seen = followed(scene, "the canary to serve", serves("shop:2")).await?;
        ensure(seen.shares == [0, 10, 50, 100], format_args!("{seen:?}"))?;
        ensure(seen.reasons.contains("RollingOut") && !seen.reasons.contains("RolledBack"), format_args!("{seen:?}"))?;
        let order = ["Preparing", "Warming", "Step 1: 10%", "Step 2: 50%", "Switched"];
        ensure(seen.steps == order, format_args!("{:?}", seen.steps))?;
        scene.until_event("shop", "Ready").await?;
        gone(scene).await
    })
    .await;
}

#[tokio::test]
async fn a_canary_that_raises_its_alarm_goes_back_by_itself_and_says_why_on_ministack() {
    play_of(KIND, Emulator::Ministack, "alarm", async |scene| {
        begin(scene, &canary(600)).await?;
        scene.edit("shop", json!({ "image": "shop:2" })).await?;
        followed(scene, "the first share", |_, shares| ensure(shares == 10, shares)).await?;
        alarm(scene, "ALARM", "7 of 10 requests failed").await?;
        let app = scene.until_stalled("shop", "RolledBack").await?;
        let ready = condition(&app, "Ready").context("Ready")?;
        let words = ready["message"].as_str().unwrap_or_default();
        let why = format!("alarm {ALARM}: 7 of 10 requests failed");
        ensure(ready["status"] == "False" && words.ends_with(&why), ready)?;
        let note = scene.until_event("shop", "RolledBack").await?;
        ensure(note.ends_with(&why), &note)?;
        // Only the former version is there, and it has all requests.
        followed(scene, "the former version alone", serves("shop:1")).await.context("after the alarm")?;
        alarm(scene, "OK", "all is well").await?;
        // What was taken back does not come again; another version does, and deletion does not mind how far it is.
        scene.edit("shop", json!({ "image": "shop:3" })).await?;
        followed(scene, "a share of the third version", |_, shares| ensure(shares == 10, shares)).await?;
        gone(scene).await
    })
    .await;
}

#[tokio::test]
async fn a_blue_green_switch_goes_on_wherever_the_operator_dies() {
    let bed = Bed::start(Options::default()).await.unwrap();
    let operator = bed.start_operator(&["--no-leader-election", "--aws-rate-limits", "lifted"]).await.unwrap();
    let scene = Scene { kind: KIND, ..Scene::new(&bed, &operator, "green").await.unwrap() };
    scene
        .tell(async |scene| {
            begin(scene, &json!({ "strategy": "BlueGreen", "keepOldSeconds": 0 })).await?;
            scene.edit("shop", json!({ "image": "shop:2" })).await?;
            let mut shares = vec![0];
            for step in ["Preparing", "Warming", "Switched"] {
                let at = |app: &Value, _| ensure(self::step(app) == Some(step), &app["status"]["progress"]);
                shares.extend(followed(scene, step, at).await.context(step)?.shares);
                operator.kill().await?;
                operator.restart().await?;
            }
            shares.extend(followed(scene, "the switch", serves("shop:2")).await?.shares);
            shares.dedup();
            ensure(shares == [0, 100], format_args!("{shares:?}"))?;
            gone(scene).await
        })
        .await;
}

fn canary(pause: u32) -> Value {
    let steps = [10, 50].map(|weight| json!({ "weight": weight, "pauseSeconds": pause }));
    json!({ "strategy": "Canary", "steps": steps, "alarm": { "name": ALARM }, "keepOldSeconds": 0 })
}

/// The first version serves, and the alarm is quiet.
async fn begin(scene: &Scene<'_>, rollout: &Value) -> Result<()> {
    let mut environment = scene.tenant.environment();
    let arns = [format!("arn:aws:cloudwatch:eu-west-1:{}:alarm:{ALARM}", scene.tenant.account.id)];
    let namespaces = json!({ "matchLabels": { "terrace.dev/environment": scene.tenant.name } });
    environment["spec"]["limits"] = json!({ "allow": [{ "arns": arns, "namespaces": namespaces }] });
    scene.tenant.kubectl.apply(&environment).await?;
    scene.tenant.kubectl.wait_for_condition("environment", &scene.tenant.name, "Ready", "True", SOON).await?;
    let metric = json!({
        "AlarmName": ALARM, "Namespace": "AWS/ApplicationELB", "MetricName": "HTTPCode_Target_5XX_Count",
        "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
    });
    scene.tenant.aws.call("cloudwatch", "put_metric_alarm", metric).await?;
    alarm(scene, "OK", "all is well").await?;
    let app = json!({
        "apiVersion": "terrace.dev/v1alpha1", "kind": "WebApp",
        "metadata": { "name": "shop", "namespace": scene.tenant.name },
        "spec": { "image": "shop:1", "replicas": { "min": 2, "max": 2 }, "rollout": rollout,
                  "health": { "intervalSeconds": 5, "timeoutSeconds": 2 }, "expose": { "drainingSeconds": 5 } },
    });
    scene.tenant.kubectl.apply(&app).await?;
    scene.tenant.kubectl.wait_for_condition(KIND, "shop", "Ready", "True", 2 * STEP).await.map(drop)
}

/// Sets the alarm behind Terrace's back.
async fn alarm(scene: &Scene<'_>, state: &str, why: &str) -> Result<()> {
    let set = json!({ "AlarmName": ALARM, "StateValue": state, "StateReason": why });
    scene.tenant.aws.call("cloudwatch", "set_alarm_state", set).await.map(drop)
}

/// What was seen on the way, each in a row.
#[derive(Debug, Default)]
struct Seen {
    /// The second slot's shares of the requests.
    shares: Vec<i64>,
    steps: Vec<String>,
    /// The reasons of Ready.
    reasons: BTreeSet<String>,
}

/// Looks until the object and the second slot's share fit: whenever the object changes, and [`BETWEEN`] as well. At every
/// look all requests go to pods that are available.
async fn followed(scene: &Scene<'_>, what: &str, mut fits: impl FnMut(&Value, i64) -> Result<()>) -> Result<Seen> {
    let (mut watch, mut seen) = (Watch::named(&scene.tenant.kubectl, KIND, "shop")?, Seen::default());
    let mut app = watch.next(STEP).await?.object;
    let end = Instant::now() + WHOLE;
    loop {
        let share = seen.look(scene, &app).await?;
        match fits(&app, share) {
            Ok(()) => return Ok(seen),
            Err(other) => ensure(Instant::now() < end, format_args!("{what}: {other:#}; {seen:?}"))?,
        }
        if let Ok(event) = timeout(BETWEEN, watch.change()).await {
            app = event?.object;
        }
    }
}

impl Seen {
    /// Adds how the object and its load balancer stand, and answers the second slot's share.
    async fn look(&mut self, scene: &Scene<'_>, app: &Value) -> Result<i64> {
        let weights = weights(scene, app).await?;
        self.steps.extend(step(app).map(str::to_owned).filter(|step| self.steps.last() != Some(step)));
        self.reasons.extend(condition(app, "Ready").and_then(|ready| Some(ready["reason"].as_str()?.to_owned())));
        if self.shares.last() != Some(&weights[1]) {
            self.shares.push(weights[1]);
        }
        for ((deployment, _), weight) in SLOTS.into_iter().zip(weights) {
            let served = weight == 0 || is_available(scene, deployment).await?;
            ensure(served, format_args!("{deployment} has {weight}% of the requests and no pod: {self:?}"))?;
        }
        Ok(weights[1])
    }
}

/// That this image has all requests, and there is no other version.
fn serves(image: &str) -> impl FnMut(&Value, i64) -> Result<()> {
    let taken_back = image == "shop:1";
    move |app, share| {
        let entries = app["status"]["resources"].as_array().context("resources")?;
        let workloads: Vec<_> =
            entries.iter().filter(|entry| entry["kind"] == "kubernetes/Deployment").map(|entry| &entry["id"]).collect();
        let (serving, whole) = if taken_back { ("workload", 0) } else { ("workload-b", 100) };
        let ready = condition(app, "Ready").is_some_and(|ready| (ready["status"] == "True") != taken_back);
        ensure(
            workloads == [serving] && share == whole && ready,
            format_args!("{workloads:?} {share} {}", app["status"]),
        )
    }
}

/// The step of the rollout, if there is one.
fn step(app: &Value) -> Option<&str> {
    let all = app["status"]["progress"].as_array()?;
    all.iter().find(|entry| entry["procedure"] == "rollout")?["step"].as_str()
}

/// The share of the requests that each slot has, as the load balancer has it.
async fn weights(scene: &Scene<'_>, app: &Value) -> Result<[i64; 2]> {
    let asked = json!({ "LoadBalancerArn": output(app, "loadBalancerArn")? });
    let listeners = scene.tenant.aws.call("elbv2", "describe_listeners", asked).await?;
    let groups = listeners["Listeners"][0]["DefaultActions"][0]["ForwardConfig"]["TargetGroups"].clone();
    let groups = groups.as_array().with_context(|| format!("no weights in {listeners}"))?;
    let entries = app["status"]["resources"].as_array().context("resources")?;
    Ok(SLOTS.map(|(_, targets)| {
        let entry = entries.iter().find(|entry| entry["id"] == targets);
        let arn = entry.map(|entry| &entry["handle"]);
        let shares = groups.iter().filter(|group| Some(&group["TargetGroupArn"]) == arn);
        shares.filter_map(|group| group["Weight"].as_i64()).sum()
    }))
}

/// Whether a Deployment has pods that are ready and have been for as long as it takes the load balancer to see it.
async fn is_available(scene: &Scene<'_>, deployment: &str) -> Result<bool> {
    let found = scene.tenant.kubectl.find("deployment", deployment).await?;
    Ok(found.is_some_and(|found| found["status"]["availableReplicas"].as_i64().is_some_and(|pods| pods > 0)))
}

/// Deletion leaves nothing but the alarm, which is the test's own.
async fn gone(scene: &Scene<'_>) -> Result<()> {
    scene.delete("shop").await?;
    until("the end of all pods", SOON, async || {
        let left = scene.tenant.kubectl.list("deployments,services,serviceaccounts,targetgroupbindings", "").await?;
        let ours = |object: &&Value| object["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "terrace";
        let ours: Vec<_> = left.iter().filter(ours).map(|object| &object["metadata"]["name"]).collect();
        ensure(ours.is_empty(), format_args!("{ours:?}"))
    })
    .await?;
    let left = scene.tenant.changes().await?;
    let left: Vec<_> = left.iter().filter(|line| !line.contains("cloudwatch/")).collect();
    ensure(left.is_empty(), format_args!("left behind: {left:#?}"))
}
