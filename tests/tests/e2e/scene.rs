//! What every end-to-end test of the operator has: a tenant whose Environment is Ready, and a full account of what stood
//! where when it fails.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::kubectl::condition;
use terrace_tests::wait::ensure;
use terrace_tests::{Bed, Emulator, Kubectl, Operator, Tenant, until};

/// How long a test waits for a step of the operator.
pub const STEP: Duration = Duration::from_secs(45);

pub use terrace_tests::kubectl::TIERS;

/// A tenant on a bed with an operator.
pub struct Scene<'b> {
    pub bed: &'b Bed,
    pub operator: &'b Operator,
    pub tenant: Tenant<'b>,
    /// The kind of tier that its story is about, as kubectl names it.
    pub kind: &'static str,
}

/// Plays a story with a tenant of its own on the shared bed. Fails with what stood where, and when a request was one that
/// AWS would refuse.
pub async fn play(emulator: Emulator, name: &str, story: impl AsyncFnOnce(&Scene<'_>) -> Result<()>) {
    play_of("datatier", emulator, name, story).await;
}

/// Plays a story about another kind of tier.
pub async fn play_of(
    kind: &'static str,
    emulator: Emulator,
    name: &str,
    story: impl AsyncFnOnce(&Scene<'_>) -> Result<()>,
) {
    let bed = Bed::shared_on(emulator).await.unwrap();
    let operator = bed.operator().await.unwrap();
    let scene = Scene::new(bed, operator, name).await.unwrap();
    Scene { kind, ..scene }.tell(story).await;
}

impl<'b> Scene<'b> {
    /// A new tenant, whose Environment is not applied yet.
    pub async fn new(bed: &'b Bed, operator: &'b Operator, name: &str) -> Result<Scene<'b>> {
        Ok(Scene { bed, operator, tenant: bed.tenant(name).await?, kind: "datatier" })
    }

    /// Plays the story on it, and fails if the story does.
    pub async fn tell(&self, story: impl AsyncFnOnce(&Scene<'_>) -> Result<()>) {
        if let Err(failure) = self.attempt(story).await {
            panic!("{failure}");
        }
    }

    /// Plays the story on it. The error is all there is to say.
    pub async fn attempt(&self, story: impl AsyncFnOnce(&Scene<'_>) -> Result<()>) -> Result<(), String> {
        let whole = async {
            story(self).await?;
            self.check_requests()?;
            self.clear().await
        };
        match whole.await {
            Ok(()) => Ok(()),
            Err(error) => Err(format!("{}: {error:#}\n\n{}", self.tenant.name, self.standing().await)),
        }
    }

    /// Takes what is left of its objects from the operator, which looks at all there is every few seconds, on and on.
    async fn clear(&self) -> Result<()> {
        let kubectl = &self.tenant.kubectl;
        kubectl.run(&["delete", TIERS, "--all", "--wait=false"]).await?;
        kubectl.delete("environment", &self.tenant.name).await?;
        let left =
            kubectl.list(TIERS, "").await?.into_iter().chain(kubectl.find("environment", &self.tenant.name).await?);
        for object in left {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (kind, name) = (text(&object["kind"]).to_lowercase(), text(&object["metadata"]["name"]));
            abandon(kubectl, &kind, &name).await?;
        }
        Ok(())
    }

    /// Every request was one that AWS would take; prints how many there were.
    fn check_requests(&self) -> Result<()> {
        let violations = self.tenant.violations()?;
        let account = &self.tenant.account.id;
        let requests: Vec<_> =
            self.bed.checker.requests()?.into_iter().filter(|request| request.account == *account).collect();
        let mut operations: Vec<_> = requests.iter().map(|request| (&request.service, &request.op)).collect();
        operations.sort_unstable();
        operations.dedup();
        println!("{}: {} requests of {} operations", self.tenant.name, requests.len(), operations.len());
        ensure(violations.is_empty(), format_args!("requests that AWS would refuse: {violations:#?}"))
    }

    /// How the tenant's objects stand, the last of the operator's log about it, and its last calls.
    async fn standing(&self) -> String {
        let name = &self.tenant.name;
        let objects = self.tenant.kubectl.list(TIERS, "").await.unwrap_or_default();
        let statuses: Vec<String> = objects.iter().map(standing).collect();
        let environment = self.tenant.kubectl.find("environment", name).await.ok().flatten().unwrap_or_default();
        let log = self.operator.log().unwrap_or_default();
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(name.as_str())).collect();
        let calls: Vec<String> = self
            .bed
            .checker
            .requests()
            .unwrap_or_default()
            .iter()
            .filter(|request| request.account == self.tenant.account.id)
            .map(|request| {
                format!("{:.2} {}.{} {:?} {:?}", request.t, request.service, request.op, request.status, request.error)
            })
            .collect();
        format!(
            "objects:\n{}\nenvironment: {}\nlog:\n{}\ncalls:\n{}",
            statuses.join("\n"),
            environment["status"]["conditions"],
            last(&lines, 25).join("\n"),
            last(&calls, 25).join("\n"),
        )
    }

    /// Applies a tier and waits until it is Ready.
    pub async fn ready(&self, object: &Value) -> Result<Value> {
        self.tenant.kubectl.apply(object).await?;
        self.until_ready(object["metadata"]["name"].as_str().context("a name")?).await
    }

    /// Waits until a tier is Ready at its present generation.
    pub async fn until_ready(&self, name: &str) -> Result<Value> {
        self.tenant.kubectl.wait_for_condition(self.kind, name, "Ready", "True", STEP).await
    }

    /// Changes a tier's spec by a merge patch.
    pub async fn edit(&self, name: &str, spec: Value) -> Result<Value> {
        self.tenant.kubectl.patch(self.kind, name, &json!({ "spec": spec })).await
    }

    /// Waits until a tier is stalled for this reason.
    pub async fn until_stalled(&self, name: &str, reason: &str) -> Result<Value> {
        self.tenant
            .kubectl
            .wait_for(self.kind, name, STEP, |object| {
                let current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
                let stalled = condition(object, "Stalled");
                let fits = stalled.is_some_and(|stalled| stalled["status"] == "True" && stalled["reason"] == reason);
                ensure(current && fits, &object["status"]["conditions"])
            })
            .await
    }

    /// Waits until the operator has made so many more passes over DataTiers.
    pub async fn passes(&self, passes: u64, deadline: Duration) -> Result<()> {
        let made = async || self.operator.metric("terrace_reconciles_total", &[r#"kind="DataTier""#]).await;
        let wanted = made().await? + passes as f64;
        until("the passes", deadline, async || {
            let now = made().await?;
            ensure(now >= wanted, format_args!("{now} of {wanted} passes"))
        })
        .await
    }

    /// Deletes a tier and waits until it is gone.
    pub async fn delete(&self, name: &str) -> Result<()> {
        self.tenant.kubectl.delete(self.kind, name).await?;
        self.tenant.kubectl.wait_until_gone(self.kind, name, STEP).await
    }

    /// Waits for an Event with this reason about an object, and answers its note.
    pub async fn until_event(&self, name: &str, reason: &str) -> Result<String> {
        until(&format!("event {reason}"), STEP, async || {
            let events = self.tenant.kubectl.list("events.events.k8s.io", "").await?;
            let fits = |event: &&Value| event["regarding"]["name"] == name && event["reason"] == reason;
            let note = events.iter().find(fits).and_then(|event| event["note"].as_str());
            note.map(str::to_owned).with_context(|| format!("{} other events", events.len()))
        })
        .await
    }

    /// The database of that identifier, as AWS shows it.
    pub async fn database(&self, identifier: &str) -> Result<Value> {
        let asked = json!({ "DBInstanceIdentifier": identifier });
        let answer = self.tenant.aws.call("rds", "describe_db_instances", asked).await?;
        Ok(answer["DBInstances"][0].clone())
    }

    /// Takes a database away behind the operator's back.
    pub async fn take_away(&self, identifier: &str) -> Result<()> {
        let open = json!({ "DBInstanceIdentifier": identifier, "DeletionProtection": false, "ApplyImmediately": true });
        self.tenant.aws.call("rds", "modify_db_instance", open).await?;
        let delete = json!({ "DBInstanceIdentifier": identifier, "SkipFinalSnapshot": true });
        self.tenant.aws.call("rds", "delete_db_instance", delete).await.map(drop)
    }
}

/// Lets an object go, if it is there, without what it has: its finalizer is taken off, and that it may be is said before.
pub async fn abandon(kubectl: &Kubectl, kind: &str, name: &str) -> Result<()> {
    for metadata in [json!({ "annotations": { "terrace.dev/abandon": "true" } }), json!({ "finalizers": null })] {
        kubectl.patch_if_there(kind, name, &json!({ "metadata": metadata })).await?;
    }
    Ok(())
}

/// The physical name of a node in an object's inventory: that of its newest incarnation.
pub fn named(object: &Value, id: &str) -> Result<String> {
    let entries = object["status"]["resources"].as_array().context("status.resources")?;
    let newest = entries.iter().filter(|entry| entry["id"] == id).max_by_key(|entry| entry["incarnation"].as_u64());
    let handle = newest.and_then(|entry| entry["handle"].as_str());
    let name = newest.and_then(|entry| entry["name"].as_str());
    let found = name.or_else(|| handle.and_then(|handle| handle.rsplit([':', '/']).next()));
    found.map(str::to_owned).with_context(|| format!("no {id} among {entries:?}"))
}

/// An output of an object.
pub fn output(object: &Value, name: &str) -> Result<String> {
    let outputs = &object["status"]["outputs"];
    outputs[name].as_str().map(str::to_owned).with_context(|| format!("no {name} among {outputs}"))
}

/// A JSON merge patch (RFC 7396).
pub fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    for (name, change) in changes {
        match change {
            Value::Null => drop(value.as_object_mut().and_then(|members| members.remove(name))),
            change => merge(&mut value[name], change),
        }
    }
}

/// An object's conditions, and its resources, one a line.
fn standing(object: &Value) -> String {
    let status = &object["status"];
    let lines = |items: &Value, names: &[&str]| {
        let line = |item: &Value| names.iter().map(|name| item[*name].to_string()).collect::<Vec<_>>().join(" ");
        items.as_array().into_iter().flatten().map(line).collect::<Vec<_>>().join("\n  ")
    };
    format!(
        "{} (generation {}, observed {}, annotations {})\n  {}\n  {}\n  plan: {}",
        object["metadata"]["name"],
        object["metadata"]["generation"],
        status["observedGeneration"],
        object["metadata"]["annotations"]["terrace.dev/approve"],
        lines(&status["conditions"], &["type", "status", "reason", "message"]),
        lines(&status["resources"], &["id", "incarnation", "state", "reason", "message", "approved", "name"]),
        status["plan"],
    )
}

fn last<T: Clone>(items: &[T], count: usize) -> Vec<T> {
    items[items.len().saturating_sub(count)..].to_vec()
}
