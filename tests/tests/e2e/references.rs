//! References between objects of two namespaces: granted, admitted, used, withdrawn, and what holds what.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::kubectl::{Kubectl, condition};
use terrace_tests::wait::ensure;
use terrace_tests::{Emulator, until};

use crate::scene::{STEP, Scene, merge, named, output, play};

/// Point-in-time restore is there on moto only.
const EMULATOR: Emulator = Emulator::Moto;

#[tokio::test]
async fn a_granted_reference_is_admitted_used_and_holds_its_target() {
    play(EMULATOR, "granted", async |scene| {
        let pair = Pair::new(scene).await?;
        pair.refused().await.context("without a grant")?;
        pair.grant().await?;
        pair.restored().await.context("with a grant")?;
        pair.still().await.context("standing still")?;
        pair.held().await.context("deleting the target")?;
        pair.let_go().await.context("deleting the user")
    })
    .await;
}

#[tokio::test]
async fn a_withdrawn_grant_withdraws_the_use() {
    play(EMULATOR, "withdrawn", async |scene| {
        let pair = Pair::new(scene).await?;
        pair.grant().await?;
        pair.apply_copy(&json!({})).await?;
        pair.restored().await?;
        scene.tenant.kubectl.delete("tiergrant", "copies").await?;
        pair.until_users("none", |users| users.is_null()).await?;
        // The database stands by itself, and the source may go.
        scene.delete("orders").await?;
        let copy = pair.until_copy("Ready", "Ready", &[]).await?;
        ensure(scene.database(&named(&copy, "db")?).await?["DBInstanceStatus"] == "available", &copy["status"])?;
        pair.delete_copy().await
    })
    .await;
}

#[tokio::test]
async fn a_reference_within_a_namespace_needs_no_grant_and_waits_for_its_target() {
    play(EMULATOR, "own", async |scene| {
        scene.tenant.apply_environment(SOON).await?;
        let mut copy = tier(scene, "copy", &scene.tenant.name);
        copy["spec"]["restoreFrom"] = json!({ "pointInTime": { "dataTierRef": { "name": "orders" } } });
        scene.tenant.kubectl.apply(&copy).await?;
        let says = ["names DataTier ", "/orders, and there is none"];
        until_it_says(&scene.tenant.kubectl, "copy", "ReferenceNotFound", &says).await?;
        ensure(scene.tenant.changes().await?.is_empty(), "something was made")?;
        scene.ready(&tier(scene, "orders", &scene.tenant.name)).await?;
        scene.until_ready("copy").await?;
        // The reference holds the target until it is taken out; the database needs it no more.
        scene.tenant.kubectl.delete("datatier", "orders").await?;
        let says = ["/copy (spec.restoreFrom.pointInTime.dataTierRef)"];
        until_it_says(&scene.tenant.kubectl, "orders", "InUse", &says).await?;
        scene.edit("copy", json!({ "restoreFrom": null })).await?;
        scene.tenant.kubectl.wait_until_gone("datatier", "orders", STEP).await?;
        scene.until_ready("copy").await?;
        scene.delete("copy").await?;
        nothing_is_left(scene).await
    })
    .await;
}

#[tokio::test]
async fn namespaces_whose_objects_refer_to_one_another_can_be_deleted_at_once() {
    play(EMULATOR, "together", async |scene| {
        let pair = Pair::new(scene).await?;
        pair.grant().await?;
        pair.apply_copy(&json!({})).await?;
        pair.restored().await?;
        for namespace in [scene.tenant.name.clone(), pair.namespace()] {
            scene.tenant.kubectl.delete("namespace", &namespace).await?;
        }
        for namespace in [scene.tenant.name.clone(), pair.namespace()] {
            scene.tenant.kubectl.wait_until_gone("namespace", &namespace, 2 * STEP).await?;
        }
        nothing_is_left(scene).await
    })
    .await;
}

/// A database of the tenant, and in a neighbouring namespace a copy of it.
struct Pair<'s> {
    scene: &'s Scene<'s>,
    other: Kubectl,
}

impl<'s> Pair<'s> {
    async fn new(scene: &'s Scene<'s>) -> Result<Pair<'s>> {
        scene.tenant.apply_environment(SOON).await?;
        let other = scene.tenant.neighbour("copies").await?;
        scene.ready(&tier(scene, "orders", &scene.tenant.name)).await?;
        Ok(Pair { scene, other })
    }

    fn namespace(&self) -> String {
        format!("{}-copies", self.scene.tenant.name)
    }

    async fn apply_copy(&self, reference: &Value) -> Result<()> {
        let mut copy = tier(self.scene, "copy", &self.namespace());
        let mut target = json!({ "name": "orders", "namespace": self.scene.tenant.name });
        merge(&mut target, reference);
        copy["spec"]["restoreFrom"] = json!({ "pointInTime": { "dataTierRef": target } });
        self.other.apply(&copy).await.map(drop)
    }

    async fn delete_copy(&self) -> Result<()> {
        self.other.delete("datatier", "copy").await?;
        self.other.wait_until_gone("datatier", "copy", STEP).await
    }

    /// Refused in the same words whether or not there is such a DataTier, and nothing is made.
    async fn refused(&self) -> Result<()> {
        let scene = self.scene;
        let before = scene.tenant.inventory().await?;
        scene.tenant.mark().await?;
        self.apply_copy(&json!({ "name": "nobody" })).await?;
        let nobody = self.until_copy("Stalled", "ReferenceNotGranted", &["nobody"]).await?;
        self.delete_copy().await?;
        self.apply_copy(&json!({})).await?;
        let grant = [
            "spec.restoreFrom.pointInTime.dataTierRef names DataTier ".to_owned(),
            format!("from: [{{kind: DataTier, namespace: {}}}]", self.namespace()),
            "to: [{kind: DataTier, name: orders}]".to_owned(),
        ];
        let says: Vec<&str> = grant.iter().map(String::as_str).collect();
        let orders = self.until_copy("Stalled", "ReferenceNotGranted", &says).await?;
        let words = |object: &Value| condition(object, "Ready").map(|ready| ready["message"].to_string());
        let (nobody, orders) = (words(&nobody).context("words")?, words(&orders).context("words")?);
        ensure(nobody.replace("nobody", "orders") == orders, format_args!("{nobody} is not {orders}"))?;
        let changes = before.changes(&scene.tenant.inventory().await?);
        ensure(changes.is_empty(), format_args!("made: {changes:#?}"))?;
        let calls = scene.tenant.calls().await?;
        ensure(calls.mutating == 0, format_args!("{:?}", calls.operations))?;
        let orders = scene.tenant.kubectl.get("datatier", "orders").await?;
        ensure(orders["status"]["users"].is_null(), &orders["status"]["users"])
    }

    async fn grant(&self) -> Result<()> {
        let grant = json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": "TierGrant",
            "metadata": { "name": "copies", "namespace": self.scene.tenant.name },
            "spec": { "from": [{ "kind": "DataTier", "namespace": self.namespace() }],
                      "to": [{ "kind": "DataTier", "name": "orders" }] },
        });
        self.scene.tenant.kubectl.apply(&grant).await.map(drop)
    }

    /// It goes on by itself: the target lists the user, and the database is made from the target's.
    async fn restored(&self) -> Result<()> {
        let copy = self.until_copy("Ready", "Ready", &[]).await?;
        let entry =
            json!([{ "kind": "DataTier", "namespace": self.namespace(), "name": "copy", "access": "ReadOnly" }]);
        self.until_users("the copy", |users| *users == entry).await?;
        let calls = self.scene.tenant.calls().await?.operations;
        ensure(calls.get("rds.RestoreDBInstanceToPointInTime") == Some(&1), format_args!("{calls:?}"))?;
        let orders = self.scene.tenant.kubectl.get("datatier", "orders").await?;
        ensure(output(&copy, "arn")? != output(&orders, "arn")?, "it is the same database")?;
        let name = self.scene.database(&named(&copy, "db")?).await?["DBName"].clone();
        ensure(name == "orders", format_args!("a database without the source's data: {name}"))
    }

    /// It comes to rest: resyncs go by in which nothing is written and nothing is changed.
    async fn still(&self) -> Result<()> {
        let scene = self.scene;
        let objects = async || -> Result<[Value; 2]> {
            Ok([scene.tenant.kubectl.get("datatier", "orders").await?, self.other.get("datatier", "copy").await?])
        };
        until("rest", 2 * STEP, async || {
            let before = objects().await?;
            self.resyncs(3).await?;
            for (before, after) in before.iter().zip(&objects().await?) {
                let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
                let same = version(before) == version(after);
                ensure(same, format_args!("{:#} is now {:#}", before["status"], after["status"]))?;
            }
            let calls = scene.tenant.calls().await?;
            ensure(calls.mutating == 0, format_args!("{:?}", calls.operations))
        })
        .await
    }

    /// Waits for so many more resyncs, of which each takes one list of databases.
    async fn resyncs(&self, count: u64) -> Result<()> {
        self.scene.tenant.mark().await?;
        self.looks(count).await
    }

    /// Waits until databases have been listed so many times since the last mark.
    async fn looks(&self, count: u64) -> Result<()> {
        until("resyncs", STEP, async || {
            let calls = self.scene.tenant.calls().await?.operations;
            let looks = calls.get("rds.DescribeDBInstances").copied().unwrap_or_default();
            ensure(looks >= count, format_args!("{looks} of {count}"))
        })
        .await
    }

    async fn held(&self) -> Result<()> {
        let scene = self.scene;
        scene.tenant.mark().await?;
        scene.tenant.kubectl.delete("datatier", "orders").await?;
        let names = format!("DataTier {}/copy (spec.restoreFrom.pointInTime.dataTierRef)", self.namespace());
        let orders = until_it_says(&scene.tenant.kubectl, "orders", "InUse", &[&names]).await?;
        // Its user is looked after as before.
        self.looks(1).await?;
        ensure(scene.tenant.calls().await?.mutating == 0, "something was changed")?;
        let database = scene.database(&named(&orders, "db")?).await?;
        ensure(database["DBInstanceStatus"] == "available", &database["DBInstanceStatus"])
    }

    async fn let_go(&self) -> Result<()> {
        self.delete_copy().await?;
        self.scene.tenant.kubectl.wait_until_gone("datatier", "orders", STEP).await?;
        nothing_is_left(self.scene).await
    }

    async fn until_copy(&self, type_: &str, reason: &str, says: &[&str]) -> Result<Value> {
        self.other
            .wait_for("datatier", "copy", 2 * STEP, |object| {
                let found = condition(object, type_).context("no condition yet")?;
                let message = found["message"].as_str().unwrap_or_default();
                ensure(found["status"] == "True" && found["reason"] == reason, &object["status"]["conditions"])?;
                ensure(says.iter().all(|part| message.contains(part)), found)
            })
            .await
    }

    async fn until_users(&self, who: &str, fits: impl Fn(&Value) -> bool) -> Result<()> {
        let listed = |object: &Value| {
            ensure(fits(&object["status"]["users"]), format_args!("{who}: {}", object["status"]["users"]))
        };
        self.scene.tenant.kubectl.wait_for("datatier", "orders", STEP, listed).await.map(drop)
    }
}

/// A DataTier whose end leaves nothing.
fn tier(scene: &Scene<'_>, name: &str, namespace: &str) -> Value {
    let mut tier = scene.tenant.data_tier(name);
    tier["metadata"]["namespace"] = json!(namespace);
    tier["spec"]["deletionPolicy"] = json!("Delete");
    tier
}

async fn until_it_says(kubectl: &Kubectl, name: &str, reason: &str, says: &[&str]) -> Result<Value> {
    let fits = |object: &Value| {
        let ready = condition(object, "Ready").context("no condition yet")?;
        let message = ready["message"].as_str().unwrap_or_default();
        ensure(ready["status"] == "False" && ready["reason"] == reason, ready)?;
        ensure(says.iter().all(|part| message.contains(part)), ready)
    };
    kubectl.wait_for("datatier", name, STEP, fits).await
}

/// But for the snapshots that the emulator takes by itself, and never takes away.
async fn nothing_is_left(scene: &Scene<'_>) -> Result<()> {
    until("an account as before", STEP, async || {
        let left = scene.tenant.changes().await?;
        let left: Vec<_> = left.iter().filter(|line| !line.starts_with("+ rds/DBSnapshot rds:")).collect();
        ensure(left.is_empty(), format_args!("left: {left:#?}"))
    })
    .await
}
