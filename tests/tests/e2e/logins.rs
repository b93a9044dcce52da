//! How a workload logs in to what it is bound to: the statements of its role, and what its container sees.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::pod::Sight;
use terrace_tests::wait::ensure;
use terrace_tests::{Emulator, until};

use crate::scene::{STEP, Scene, output, play_of};

/// The emulators' databases are nowhere: bindings hand out the master user, who logs in by IAM as any other does.
#[tokio::test]
async fn a_workload_may_log_in_by_iam_and_finds_database_and_cache_on_ministack() {
    play_of("webapp", Emulator::Ministack, "logins", async |scene| {
        let mut environment = scene.tenant.environment();
        environment["spec"]["databaseAccess"] = json!("None");
        scene.tenant.kubectl.apply(&environment).await?;
        scene.tenant.kubectl.wait_for_condition("environment", &scene.tenant.name, "Ready", "True", SOON).await?;
        let mut database = scene.tenant.data_tier("orders");
        database["spec"]["credentials"] = json!({ "iamAuthentication": "Required" });
        database["spec"]["deletionPolicy"] = json!("Delete");
        let mut cache = scene.tenant.cache_tier("sessions");
        cache["spec"]["authentication"] = json!("Users");
        cache["spec"]["deletionPolicy"] = json!("Delete");
        let items = [database, cache, app(scene)];
        scene.tenant.kubectl.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": items })).await?;
        scene.tenant.kubectl.wait_for_condition("webapp", "shop", "Ready", "True", 3 * STEP).await?;
        role(scene).await.context("the role")?;
        container(scene).await.context("the container")?;
        unbound(scene).await.context("without the cache")?;
        gone(scene).await
    })
    .await;
}

fn app(scene: &Scene<'_>) -> Value {
    json!({
        "apiVersion": "terrace.dev/v1alpha1", "kind": "WebApp",
        "metadata": { "name": "shop", "namespace": scene.tenant.name },
        "spec": {
            "image": "shop:1", "replicas": { "min": 1, "max": 1 }, "expose": { "protocol": "None" },
            "bindings": [
                { "name": "db", "dataTierRef": { "name": "orders" }, "access": "ReadWrite" },
                { "name": "cache", "cacheTierRef": { "name": "sessions" }, "access": "ReadWrite" },
            ],
        },
    })
}

/// A statement of the role's policy of a binding, by the action that it allows.
async fn statement(scene: &Scene<'_>, binding: &str, action: &str) -> Result<Value> {
    let app = scene.tenant.kubectl.get("webapp", "shop").await?;
    let arn = output(&app, "roleArn")?;
    let name = arn.rsplit('/').next().context("a role")?;
    let asked = json!({ "RoleName": name, "PolicyName": format!("binding-{binding}") });
    let policy = scene.tenant.aws.call("iam", "get_role_policy", asked).await?["PolicyDocument"].clone();
    let allows =
        |statement: &&Value| statement["Effect"] == "Allow" && statement["Action"].to_string().contains(action);
    let found = policy["Statement"].as_array().and_then(|statements| statements.iter().find(allows));
    found.cloned().with_context(|| format!("{action} is not allowed by {policy}"))
}

/// It may log in as that one user of that one database, and read those two secrets.
async fn role(scene: &Scene<'_>) -> Result<()> {
    let database = scene.tenant.kubectl.get("datatier", "orders").await?;
    let cache = scene.tenant.kubectl.get("cachetier", "sessions").await?;
    let (resource, user) = (output(&database, "resourceId")?, output(&database, "username")?);
    let expected = format!("arn:aws:rds-db:eu-west-1:{}:dbuser:{resource}/{user}", scene.tenant.account.id);
    let logs_in = statement(scene, "db", "rds-db:connect").await?;
    ensure(only(&logs_in["Resource"]) == expected.as_str(), &logs_in)?;
    for (binding, tier) in [("db", &database), ("cache", &cache)] {
        let arn = output(tier, "secretArn")?;
        let reads = statement(scene, binding, "secretsmanager:GetSecretValue").await?;
        let one = only(&reads["Condition"]["StringEquals"]["secretsmanager:SecretId"]);
        ensure(one == arn.as_str(), format_args!("{reads} is not of {arn}"))?;
    }
    let instance = scene.database(&crate::scene::named(&database, "db")?).await?;
    ensure(instance["IAMDatabaseAuthenticationEnabled"] == true, &instance["IAMDatabaseAuthenticationEnabled"])
}

/// IAM gives a list of one as it was put: as a list or as its only text.
fn only(value: &Value) -> &Value {
    value.as_array().and_then(|all| all.first()).unwrap_or(value)
}

/// Variables and files, as a pod sees them.
async fn container(scene: &Scene<'_>) -> Result<()> {
    let pods = scene.tenant.kubectl.list("pods", "").await?;
    let sight = Sight::of(&scene.tenant.kubectl, pods.first().context("no pod")?, "app").await?;
    let database = scene.tenant.kubectl.get("datatier", "orders").await?;
    let cache = scene.tenant.kubectl.get("cachetier", "sessions").await?;
    for (variable, tier, name) in [
        ("DB_HOST", &database, "endpoint"),
        ("DB_PORT", &database, "port"),
        ("DB_USERNAME", &database, "username"),
        ("DB_SECRET_ARN", &database, "secretArn"),
        ("CACHE_HOST", &cache, "endpoint"),
        ("CACHE_USERNAME", &cache, "username"),
        ("CACHE_SECRET_ARN", &cache, "secretArn"),
    ] {
        let expected = output(tier, name)?;
        ensure(sight.env.get(variable) == Some(&expected), format_args!("{variable} is not {expected}"))?;
    }
    let root = sight.env.get("SERVICE_BINDING_ROOT").context("SERVICE_BINDING_ROOT")?;
    for (binding, kind) in [("db", "postgresql"), ("cache", "valkey")] {
        let file = Path::new(root).join(binding).join("type");
        let told = sight.files.get(&file).with_context(|| file.display().to_string())?;
        ensure(told == kind.as_bytes(), String::from_utf8_lossy(told))?;
    }
    Ok(())
}

/// A binding that goes takes its statements, its Secret and its variables along.
async fn unbound(scene: &Scene<'_>) -> Result<()> {
    let bindings = json!([{ "name": "db", "dataTierRef": { "name": "orders" }, "access": "ReadWrite" }]);
    scene.edit("shop", json!({ "bindings": bindings })).await?;
    scene
        .tenant
        .kubectl
        .wait_for("cachetier", "sessions", STEP, |cache| ensure(cache["status"]["users"].is_null(), &cache["status"]))
        .await?;
    until("the end of the binding", STEP, async || {
        let left = statement(scene, "cache", "secretsmanager:GetSecretValue").await;
        ensure(left.is_err(), format_args!("{left:?}"))?;
        let secret = scene.tenant.kubectl.find("secret", "shop-cache").await?;
        ensure(secret.is_none(), "its Secret")?;
        let deployment = scene.tenant.kubectl.get("deployment", "shop").await?;
        let env = deployment["spec"]["template"]["spec"]["containers"][0]["env"].to_string();
        ensure(!env.contains("CACHE_HOST") && env.contains("DB_HOST"), env)
    })
    .await?;
    statement(scene, "db", "rds-db:connect").await.map(drop)
}

/// Secrets Manager keeps secrets for their recovery window.
async fn gone(scene: &Scene<'_>) -> Result<()> {
    scene.delete("shop").await?;
    for (kind, name) in [("datatier", "orders"), ("cachetier", "sessions")] {
        scene.tenant.kubectl.delete(kind, name).await?;
        scene.tenant.kubectl.wait_until_gone(kind, name, 2 * STEP).await.context(kind)?;
    }
    let left = scene.tenant.changes().await?;
    let left: Vec<_> = left.iter().filter(|line| !line.starts_with("+ secretsmanager/Secret ")).collect();
    ensure(left.is_empty(), format_args!("left behind: {left:#?}"))
}
