//! Drift at once: an event from the Environment's queue has just the object that it is about look afresh at just that.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::wait::ensure;
use terrace_tests::{Bed, Operator, Options, Tenant, operator, until};

use crate::scene::{STEP, Scene, named};

/// Nothing but an event brings an object up within a test.
const RESYNC: &str = "3600";
const QUEUE: &str = "terrace-drift";
/// The calls by which the queue is listened to.
const LISTENING: [&str; 3] = ["sqs.DeleteMessageBatch", "sqs.GetQueueUrl", "sqs.ReceiveMessage"];

#[tokio::test]
async fn an_event_has_its_own_object_repaired_and_no_other_looked_at() {
    let bed = Bed::start(Options::default()).await.unwrap();
    let operator = bed.start_operator(&["--no-leader-election", "--resync-seconds", RESYNC]).await.unwrap();
    Scene::new(&bed, &operator, "drift").await.unwrap().tell(story).await;
}

async fn story(scene: &Scene<'_>) -> Result<()> {
    let queue = Queue::made_as_printed(&scene.tenant).await.context("the queue")?;
    let mut environment = scene.tenant.environment();
    environment["spec"]["drift"] = json!({ "queues": [queue.arn] });
    scene.tenant.kubectl.apply(&environment).await?;
    scene.tenant.kubectl.wait_for_condition("environment", &scene.tenant.name, "Ready", "True", SOON).await?;
    scene.tenant.kubectl.apply(&scene.tenant.data_tier("payroll")).await?;
    let mut orders = scene.tenant.data_tier("orders");
    orders["spec"]["maintenance"] = json!({ "apply": "Immediately" });
    let orders = scene.ready(&orders).await?;
    scene.until_ready("payroll").await?;
    at_rest(scene).await?;
    let database = named(&orders, "db")?;
    nothing_is_looked_at(scene, &queue, &database).await.context("nothing is looked at")?;
    one_is_looked_at(scene, &queue, &database).await.context("one is looked at")?;
    repaired(scene, &queue, &database).await.context("repaired")
}

/// A queue with the rules that feed it.
struct Queue<'s> {
    tenant: &'s Tenant<'s>,
    arn: String,
    url: String,
}

impl<'s> Queue<'s> {
    /// By the template that `terrace drift-rule` prints.
    async fn made_as_printed(tenant: &'s Tenant<'s>) -> Result<Queue<'s>> {
        let arn = format!("arn:aws:sqs:eu-west-1:{}:{QUEUE}", tenant.account.id);
        let template = printed(&arn, "cloudformation")?;
        let stack = json!({ "StackName": QUEUE, "TemplateBody": template });
        tenant.aws.call("cloudformation", "create_stack", stack).await?;
        until("the stack", STEP, async || {
            let found = tenant.aws.call("cloudformation", "describe_stacks", json!({ "StackName": QUEUE })).await?;
            ensure(found["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE", &found["Stacks"][0])
        })
        .await?;
        let found = tenant.aws.call("sqs", "get_queue_url", json!({ "QueueName": QUEUE })).await?;
        let url = found["QueueUrl"].as_str().context("a URL")?.to_owned();
        let queue = Queue { tenant, arn, url };
        queue.rules_stand().await?;
        Ok(queue)
    }

    /// Every rule that is printed stands, and delivers to this queue.
    async fn rules_stand(&self) -> Result<()> {
        let parts: Value = serde_json::from_str(&printed(&self.arn, "json")?)?;
        for rule in parts["Rules"].as_array().context("rules")? {
            let asked = json!({ "Rule": rule["Name"] });
            let targets = self.tenant.aws.list("events", "list_targets_by_rule", asked, "Targets").await?;
            ensure(targets.len() == 1 && targets[0]["Arn"] == self.arn, format_args!("{rule}: {targets:?}"))?;
        }
        Ok(())
    }

    /// Whether EventBridge would deliver an event, by the patterns that are printed.
    async fn is_fed(&self, event: &Value) -> Result<bool> {
        let parts: Value = serde_json::from_str(&printed(&self.arn, "json")?)?;
        for rule in parts["Rules"].as_array().context("rules")? {
            let test = json!({ "EventPattern": rule["EventPattern"].to_string(), "Event": event.to_string() });
            if self.tenant.aws.call("events", "test_event_pattern", test).await?["Result"] == true {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Puts a message in, as EventBridge does: no emulator tells of the calls that are made of it.
    async fn send(&self, body: &str) -> Result<()> {
        let message = json!({ "QueueUrl": self.url, "MessageBody": body });
        self.tenant.aws.call("sqs", "send_message", message).await.map(drop)
    }

    /// Nothing waits in it, nor is anything on its way.
    async fn is_empty(&self) -> Result<()> {
        let asked = json!({ "QueueUrl": self.url, "AttributeNames": ["All"] });
        let found = self.tenant.aws.call("sqs", "get_queue_attributes", asked).await?;
        let empty = |name: &str| found["Attributes"][name] == "0";
        ensure(empty("ApproximateNumberOfMessages") && empty("ApproximateNumberOfMessagesNotVisible"), &found)
    }
}

fn printed(arn: &str, form: &str) -> Result<String> {
    let program = Command::new(operator::program()?).args(["drift-rule", "--queue-arn", arn, "-o", form]).output()?;
    ensure(program.status.success(), String::from_utf8_lossy(&program.stderr))?;
    Ok(String::from_utf8(program.stdout)?)
}

/// Somebody changes a database, as CloudTrail tells it (RDS user guide, "Monitoring Amazon RDS API calls in AWS CloudTrail").
fn modified(scene: &Scene<'_>, database: &str, by: &str) -> Value {
    let account = &scene.tenant.account.id;
    json!({
        "version": "0", "id": "12a345b6-78c9-01d2-34e5-123f4ab5c6d7", "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.rds", "account": account, "time": "2026-07-01T10:00:00Z", "region": "eu-west-1", "resources": [],
        "detail": {
            "eventVersion": "1.11", "eventSource": "rds.amazonaws.com", "eventName": "ModifyDBInstance",
            "awsRegion": "eu-west-1", "readOnly": false, "eventType": "AwsApiCall", "recipientAccountId": account,
            "userIdentity": { "type": "AssumedRole", "arn": by },
            "requestParameters": { "dBInstanceIdentifier": database, "applyImmediately": true },
        },
    })
}

/// RDS tells of its own accord that a change is done (RDS user guide, "Amazon RDS event categories and event messages").
fn finished(scene: &Scene<'_>, database: &str) -> Value {
    let account = &scene.tenant.account.id;
    let arn = format!("arn:aws:rds:eu-west-1:{account}:db:{database}");
    json!({
        "version": "0", "id": "12a345b6-78c9-01d2-34e5-123f4ab5c6d8", "detail-type": "RDS DB Instance Event",
        "source": "aws.rds", "account": account, "time": "2026-07-01T10:01:00Z", "region": "eu-west-1", "resources": [arn],
        "detail": {
            "EventCategories": ["configuration change"], "SourceType": "DB_INSTANCE", "SourceArn": arn,
            "Date": "2026-07-01T10:01:00.000Z", "Message": "Finished applying a change",
            "SourceIdentifier": database,
        },
    })
}

fn somebody(scene: &Scene<'_>) -> String {
    format!("arn:aws:sts::{}:assumed-role/Admin/jane", scene.tenant.account.id)
}

/// How many messages came to this.
async fn heard(operator: &Operator, result: &str) -> Result<f64> {
    operator.metric("terrace_drift_events_total", &[&format!("result=\"{result}\"")]).await
}

async fn until_heard(scene: &Scene<'_>, queue: &Queue<'_>, result: &str, times: f64) -> Result<()> {
    until(&format!("{times} {result}"), STEP, async || {
        let now = heard(scene.operator, result).await?;
        ensure(now == times, format_args!("{now} of {times}"))?;
        queue.is_empty().await
    })
    .await
}

/// What was called since the last mark, without what the queue takes.
async fn called(scene: &Scene<'_>) -> Result<Vec<(String, u64)>> {
    let calls = scene.tenant.calls().await?;
    Ok(calls.operations.into_iter().filter(|(call, _)| !LISTENING.contains(&call.as_str())).collect())
}

/// Waits until the operator calls AWS for nothing but the queue.
async fn at_rest(scene: &Scene<'_>) -> Result<()> {
    let mut before = called(scene).await?;
    let mut since = tokio::time::Instant::now();
    until("the operator at rest", STEP, async || {
        let now = called(scene).await?;
        if now != before {
            (before, since) = (now, tokio::time::Instant::now());
        }
        ensure(since.elapsed() > Duration::from_secs(5), "it is at work")
    })
    .await
}

/// An event about nothing of ours, one of the operator's own, and what is none at all cost no call.
async fn nothing_is_looked_at(scene: &Scene<'_>, queue: &Queue<'_>, database: &str) -> Result<()> {
    scene.tenant.mark().await?;
    let role = &scene.tenant.account.role_arn;
    let name = format!("terrace-{}", scene.tenant.name);
    let mut ask = json!({ "RoleArn": role, "RoleSessionName": name });
    ask["ExternalId"] = json!(scene.tenant.account.external_id);
    let session = scene.tenant.aws.call("sts", "assume_role", ask).await?;
    let own = session["AssumedRoleUser"]["Arn"].as_str().context("who that is")?;
    queue.send(&modified(scene, "somebody-elses", &somebody(scene)).to_string()).await?;
    queue.send(&modified(scene, database, own).to_string()).await?;
    queue.send("hello").await?;
    for result in ["nobody", "own", "unreadable"] {
        until_heard(scene, queue, result, 1.0).await?;
    }
    let called = called(scene).await?;
    ensure(called.is_empty(), format_args!("{called:?}"))
}

/// An event about one resource costs one read, of that.
async fn one_is_looked_at(scene: &Scene<'_>, queue: &Queue<'_>, database: &str) -> Result<()> {
    scene.tenant.mark().await?;
    queue.send(&modified(scene, database, &somebody(scene)).to_string()).await?;
    until_heard(scene, queue, "woke", 1.0).await?;
    at_rest(scene).await?;
    let called = called(scene).await?;
    ensure(called == [("rds.DescribeDBInstances".to_owned(), 1)], format_args!("{called:?}"))
}

async fn repaired(scene: &Scene<'_>, queue: &Queue<'_>, database: &str) -> Result<()> {
    let change = json!({ "DBInstanceIdentifier": database, "BackupRetentionPeriod": 3, "ApplyImmediately": true });
    scene.tenant.aws.call("rds", "modify_db_instance", change).await?;
    let event = modified(scene, database, &somebody(scene));
    ensure(queue.is_fed(&event).await?, "EventBridge delivers it")?;
    let sent = tokio::time::Instant::now();
    queue.send(&event.to_string()).await?;
    let note = scene.until_event("orders", "DriftFound").await?;
    ensure(note.contains("backupRetentionPeriod"), note)?;
    until("the repair", STEP, async || {
        let database = scene.database(database).await?;
        ensure(database["BackupRetentionPeriod"] == 7, &database["BackupRetentionPeriod"])
    })
    .await?;
    println!("repaired {:.1} s after the event", sent.elapsed().as_secs_f64());
    until_heard(scene, queue, "woke", 2.0).await?;
    let told = finished(scene, database);
    ensure(queue.is_fed(&told).await?, "EventBridge delivers that too")?;
    queue.send(&told.to_string()).await?;
    scene.until_event("orders", "DriftRepaired").await?;
    let log = scene.operator.log()?;
    ensure(
        !log.lines().any(|line| line.contains("woken by an event") && line.contains("\"payroll\"")),
        "payroll was woken",
    )
}
