//! What stands still costs next to nothing: no change of AWS, no write to the cluster, and few reads that all share.

use std::collections::BTreeMap;
use std::env;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::checker::Counters;
use terrace_tests::wait::ensure;
use terrace_tests::{Bed, Options, until};

use crate::scene::Scene;
use crate::web;

/// Reads a resource and pass that DESIGN.md allows for what AWS lists whole.
const MOST_READS: f64 = 0.02;
/// Lists a pass that all objects of the web example share, of which it needs 31: what a few copies of it cannot outweigh.
const MOST_LISTS: u64 = 45;

/// The calls by which an Environment is looked at, each once or twice a resync however many objects there are.
const ENVIRONMENT: [&str; 6] = [
    "ec2.DescribeSubnets",
    "ec2.DescribeVpcs",
    "eks.DescribeAddon",
    "eks.DescribeCluster",
    "iam.ListOpenIDConnectProviders",
    "sts.GetCallerIdentity",
];

/// The calls that are made about once an hour of each resource, since no list has what they say.
const HOURLY: [&str; 23] = [
    "cloudfront.GetDistribution",
    "cloudfront.GetDistributionConfig",
    "cloudfront.GetVpcOrigin",
    "eks.DescribePodIdentityAssociation",
    "elasticache.DescribeCacheParameters",
    "elbv2.DescribeListenerAttributes",
    "elbv2.DescribeListenerCertificates",
    "elbv2.DescribeListeners",
    "elbv2.DescribeLoadBalancerAttributes",
    "elbv2.DescribeRules",
    "elbv2.DescribeTargetGroupAttributes",
    "rds.DescribeDBParameters",
    "s3.GetBucketAccelerateConfiguration",
    "s3.GetBucketCors",
    "s3.GetBucketEncryption",
    "s3.GetBucketLifecycleConfiguration",
    "s3.GetBucketLogging",
    "s3.GetBucketOwnershipControls",
    "s3.GetBucketPolicy",
    "s3.GetBucketVersioning",
    "s3.GetPublicAccessBlock",
    "s3.ListBucketIntelligentTieringConfigurations",
    "wafv2.GetWebACL",
];

/// Kinds, as metrics name them and as kubectl does.
type Kinds = &'static [(&'static str, &'static str)];
const DATABASES: Kinds = &[("DataTier", "datatiers")];
const EXAMPLE: Kinds = &[
    ("DataTier", "datatiers"),
    ("CacheTier", "cachetiers"),
    ("ObjectTier", "objecttiers"),
    ("WebApp", "webapps"),
    ("EdgeTier", "edgetiers"),
];
/// What Kubernetes holds for them.
const OBJECTS: [&str; 4] = ["secrets", "services", "serviceaccounts", "deployments"];

/// What stands still.
struct Herd<'a> {
    scene: &'a Scene<'a>,
    kinds: Kinds,
    /// Of each kind.
    count: usize,
    /// The period of the resync.
    resync: Duration,
    /// How long it may take to come up.
    patience: Duration,
}

fn count(usual: usize) -> usize {
    env::var("TERRACE_STILL").ok().map_or(usual, |count| count.parse().expect("TERRACE_STILL is a number"))
}

async fn play(resync: Duration, story: impl AsyncFnOnce(&Scene<'_>) -> Result<()>) {
    let bed = Bed::start(Options::default()).await.unwrap();
    let seconds = resync.as_secs().to_string();
    let args = ["--no-leader-election", "--aws-rate-limits", "lifted", "--resync-seconds", &seconds];
    let operator = bed.start_operator(&args).await.unwrap();
    let scene = Scene::new(&bed, &operator, "still").await.unwrap();
    scene.tell(story).await;
}

#[tokio::test]
async fn what_stands_still_is_read_in_lists_and_never_written() {
    let (count, resync) = (count(200), Duration::from_secs(10));
    play(resync, async |scene| {
        scene.tenant.apply_environment(SOON).await?;
        let tiers = (1..=count).map(|number| scene.tenant.data_tier(&format!("orders-{number}"))).collect();
        let herd = Herd { scene, kinds: DATABASES, count, resync, patience: Duration::from_secs(180) };
        herd.apply(tiers).await?;
        herd.stands_still(5).await.map(drop)
    })
    .await;
}

#[tokio::test]
async fn copies_of_the_web_example_stand_still_and_their_resources_are_read_in_lists() {
    let count = count(2);
    // Many take the emulator their time.
    let resync = Duration::from_secs(5 + count as u64 / 2);
    play(resync, async |scene| {
        web::prepare(scene, &["*.example.com", "*.shop.example.com"]).await?;
        let mut tiers = Vec::new();
        for number in 1..=count {
            tiers.extend(web::tiers(scene, &format!("-{number}"))?.into_iter().map(lean));
        }
        let patience = web::WHOLE + resync * 30;
        let herd = Herd { scene, kinds: EXAMPLE, count, resync, patience };
        herd.apply(tiers.clone()).await?;
        herd.stands_still(10).await?;
        herd.reads_whole(tiers).await
    })
    .await;
}

/// What tells that an object was written to, and what then was written.
fn version(object: &Value) -> Value {
    json!([object["metadata"]["resourceVersion"], object["status"]])
}

/// With one pod, where it has pods: the bed's nodes have room for no more than 192 of these.
fn lean(mut tier: Value) -> Value {
    if tier["kind"] == "WebApp" {
        tier["spec"]["replicas"]["min"] = json!(1);
    }
    tier
}

impl Herd<'_> {
    async fn apply(&self, items: Vec<Value>) -> Result<()> {
        self.scene.tenant.kubectl.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": items })).await?;
        for (_, plural) in self.kinds {
            self.until_ready(plural).await?;
        }
        Ok(())
    }

    async fn until_ready(&self, plural: &str) -> Result<()> {
        until(&format!("all {plural} Ready"), self.patience, async || {
            let jsonpath = r#"jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}"#;
            let ready = self.scene.tenant.kubectl.run(&["get", plural, "-o", jsonpath]).await?;
            let ready = ready.split_whitespace().filter(|status| *status == "True").count();
            ensure(ready == self.count, format_args!("{ready} of {}", self.count))
        })
        .await
    }

    /// Fails if anything is changed or written in so many passes over all of it, or if too much is read.
    async fn stands_still(&self, passes: u64) -> Result<()> {
        let tenant = &self.scene.tenant;
        // The first resync after the last change still looks at everything afresh.
        self.passes(2).await?;
        let before = self.versions().await?;
        tenant.mark().await?;
        self.passes(passes).await?;
        let calls = tenant.calls().await?;
        let after = self.versions().await?;
        let changed: Vec<_> = before.iter().filter(|(name, version)| after.get(*name) != Some(version)).collect();
        let now: Vec<_> = changed.iter().take(2).map(|(name, version)| (name, version, after.get(*name))).collect();
        let names: Vec<_> = changed.iter().map(|(name, _)| name).collect();
        ensure(changed.is_empty(), format_args!("written to: {names:?}, the first from and to {now:#?}"))?;
        let new: Vec<_> = after.keys().filter(|name| !before.contains_key(*name)).collect();
        ensure(new.is_empty(), format_args!("new: {new:?}"))?;
        ensure(calls.mutating == 0, format_args!("changes of AWS: {:?}", calls.operations))?;
        self.few_reads(&calls, passes).await
    }

    async fn few_reads(&self, calls: &Counters, passes: u64) -> Result<()> {
        let resources = self.resources().await?;
        let of = |named: &[&str]| named.iter().filter_map(|call| calls.operations.get(*call)).sum::<u64>();
        let (of_environment, hourly) = (of(&ENVIRONMENT), of(&HOURLY));
        let lists = calls.calls - of_environment - hourly;
        let reads = lists as f64 / (resources as f64 * passes as f64);
        println!("{} of each kind, {resources} resources, {passes} passes: 0 changes, 0 writes", self.count);
        println!(
            "  {lists} lists, {reads:.4} a resource and pass; {hourly} read apart; {of_environment} for the Environment"
        );
        println!("  {:?}", calls.operations);
        let few = reads <= MOST_READS || (self.kinds.len() > 1 && lists <= MOST_LISTS * passes);
        ensure(few, format_args!("{reads:.4} reads a resource and pass: {:?}", calls.operations))
    }

    /// Prints what it costs to read all apart that no list has: what an hour costs. An edit that comes to the same wishes
    /// brings it about.
    async fn reads_whole(&self, mut tiers: Vec<Value>) -> Result<()> {
        for tier in &mut tiers {
            tier["spec"]["changePolicy"] = json!("ApproveAll");
        }
        self.scene.tenant.mark().await?;
        self.apply(tiers).await?;
        self.passes(2).await?;
        let calls = self.scene.tenant.calls().await?;
        ensure(calls.mutating == 0, format_args!("changes of AWS: {:?}", calls.operations))?;
        let mut services = BTreeMap::<&str, u64>::new();
        for (call, times) in calls.operations.iter().filter(|(call, _)| HOURLY.contains(&call.as_str())) {
            *services.entry(call.split('.').next().unwrap_or_default()).or_default() += times;
        }
        let all: u64 = services.values().sum();
        let resources = self.resources().await?;
        println!("  read apart about once an hour: {all} calls for {resources} resources, {services:?}");
        ensure(all > 0, format_args!("nothing was read whole: {:?}", calls.operations))
    }

    /// Waits until so many more passes have been made over every object.
    async fn passes(&self, passes: u64) -> Result<()> {
        let deadline = self.resync * u32::try_from(passes + 3)? + SOON;
        let made = async |kind: &str| {
            self.scene.operator.metric("terrace_reconciles_total", &[&format!("kind=\"{kind}\"")]).await
        };
        let mut wanted = Vec::new();
        for (kind, _) in self.kinds {
            wanted.push((kind, made(kind).await? + (self.count as u64 * passes) as f64));
        }
        for (kind, wanted) in wanted {
            until("the passes", deadline, async || {
                let now = made(kind).await?;
                ensure(now >= wanted, format_args!("{now} of {wanted} passes over {kind}"))
            })
            .await?;
        }
        Ok(())
    }

    /// The version of every object that the operator alone writes to, with its status; of what others write to as well, when
    /// it last did.
    async fn versions(&self) -> Result<BTreeMap<String, Value>> {
        let (mut versions, kubectl) = (BTreeMap::new(), &self.scene.tenant.kubectl);
        let own = self.kinds.iter().map(|(_, plural)| *plural).chain(["events.events.k8s.io"]);
        for plural in own {
            let all = kubectl.list(plural, "").await?.into_iter();
            // Kubernetes' own controllers write Events too.
            let by = |object: &Value| object["reportingController"].as_str().is_none_or(|name| name == "terrace");
            for object in all.filter(by) {
                versions.insert(name(plural, &object)?, version(&object));
            }
        }
        for plural in OBJECTS {
            let text = kubectl.run(&["get", plural, "--show-managed-fields", "-o", "json"]).await?;
            let list: Value = serde_json::from_str(&text)?;
            for object in list["items"].as_array().context("items")? {
                let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
                let is_ours =
                    |entry: &&Value| entry["manager"].as_str().is_some_and(|name| name.starts_with("terrace/"));
                versions.insert(name(plural, object)?, json!(entries.filter(is_ours).collect::<Vec<_>>()));
            }
        }
        let environment = kubectl.get("environment", &self.scene.tenant.name).await?;
        versions.insert("environment".to_owned(), version(&environment));
        Ok(versions)
    }

    /// How many AWS resources there are.
    async fn resources(&self) -> Result<usize> {
        let mut count = 0;
        for (_, plural) in self.kinds {
            let objects = self.scene.tenant.kubectl.list(plural, "").await?;
            let entries =
                objects.iter().flat_map(|object| object["status"]["resources"].as_array().into_iter().flatten());
            let of_aws = |entry: &&Value| entry["kind"].as_str().is_some_and(|kind| !kind.starts_with("kubernetes/"));
            count += entries.filter(of_aws).count();
        }
        Ok(count)
    }
}

fn name(plural: &str, object: &Value) -> Result<String> {
    Ok(format!("{plural}/{}", object["metadata"]["name"].as_str().context("a name")?))
}
