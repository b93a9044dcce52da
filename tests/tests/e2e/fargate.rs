//! A WebApp whose pods run on Fargate: its profile, the role that starts them, and their own role by their token.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::wait::ensure;
use terrace_tests::{Emulator, until};

use crate::scene::{STEP, Scene, named, output, play_of};

/// Fargate profiles are there on moto only.
#[tokio::test]
async fn an_app_on_fargate_has_its_profile_and_its_roles_and_leaves_nothing_on_moto() {
    play_of("webapp", Emulator::Moto, "fargate", async |scene| {
        scene.tenant.apply_environment(SOON).await?;
        scene.tenant.kubectl.apply(&app(scene)).await?;
        let app = scene.tenant.kubectl.wait_for_condition("webapp", "shop", "Ready", "True", 2 * STEP).await?;
        profile(scene, &app).await.context("the profile")?;
        identity(scene, &app).await.context("the pods' role")?;
        pods(scene, &app).await.context("the pods")?;
        logs(scene).await.context("their logs")?;
        scene.delete("shop").await?;
        until("an account as before", STEP, async || {
            let left = scene.tenant.changes().await?;
            ensure(left.is_empty(), format_args!("left behind: {left:#?}"))
        })
        .await
    })
    .await;
}

#[tokio::test]
async fn what_fargate_does_not_run_is_refused_before_anything_is_made_on_moto() {
    play_of("webapp", Emulator::Moto, "nofargate", async |scene| {
        scene.tenant.apply_environment(SOON).await?;
        let mut app = app(scene);
        app["spec"]["resources"] = json!({ "requests": { "cpu": "32", "memory": "512Mi" } });
        scene.tenant.kubectl.apply(&app).await?;
        let app = scene.until_stalled("shop", "InvalidSpec").await?;
        ensure(app["status"]["resources"].is_null(), &app["status"]["resources"])?;
        ensure(scene.tenant.changes().await?.is_empty(), "something was made")?;
        scene.delete("shop").await
    })
    .await;
}

fn app(scene: &Scene<'_>) -> Value {
    json!({
        "apiVersion": "terrace.dev/v1alpha1", "kind": "WebApp",
        "metadata": { "name": "shop", "namespace": scene.tenant.name },
        "spec": { "image": "shop:1", "runOn": "Fargate", "replicas": { "min": 2, "max": 2 },
                  "resources": { "requests": { "cpu": "500m", "memory": "512Mi" } },
                  "expose": { "drainingSeconds": 5 }, "health": { "intervalSeconds": 5, "timeoutSeconds": 2 } },
    })
}

/// The whole cluster's, in a namespace of EKS's own.
async fn logs(scene: &Scene<'_>) -> Result<()> {
    let kubectl = scene.tenant.kubectl.namespaced("aws-observability");
    let routing = kubectl.get("configmap", "aws-logging").await?;
    let output = routing["data"]["output.conf"].as_str().unwrap_or_default();
    ensure(output.contains(&format!("log_group_name /aws/eks/{}/fargate\n", scene.tenant.account.cluster)), &routing)
}

/// It takes the pods of this app and no others, to the private subnets.
async fn profile(scene: &Scene<'_>, app: &Value) -> Result<()> {
    let account = &scene.tenant.account;
    let asked = json!({ "clusterName": account.cluster, "fargateProfileName": named(app, "fargate-profile")? });
    let profile = &scene.tenant.aws.call("eks", "describe_fargate_profile", asked).await?["fargateProfile"];
    ensure(profile["status"] == "ACTIVE", profile)?;
    let selectors = json!([{ "namespace": scene.tenant.name, "labels": { "terrace.dev/web-app": "shop" } }]);
    ensure(profile["selectors"] == selectors, format_args!("{} is not {selectors}", profile["selectors"]))?;
    let mut subnets: Vec<_> =
        profile["subnets"].as_array().context("subnets")?.iter().filter_map(Value::as_str).collect();
    subnets.sort_unstable();
    let mut private: Vec<_> = account.private_subnets.iter().map(String::as_str).collect();
    private.sort_unstable();
    ensure(subnets == private, format_args!("{subnets:?} are not {private:?}"))?;
    let role = profile["podExecutionRoleArn"].as_str().and_then(|arn| arn.rsplit('/').next()).context("a role")?;
    let role = role_of(scene, role).await?;
    let trust = &role["AssumeRolePolicyDocument"]["Statement"][0];
    ensure(trust["Principal"]["Service"] == "eks-fargate-pods.amazonaws.com", trust)?;
    let attached = json!({ "RoleName": role["RoleName"] });
    let attached = scene.tenant.aws.call("iam", "list_attached_role_policies", attached).await?;
    let policy = &attached["AttachedPolicies"][0]["PolicyName"];
    ensure(policy == "AmazonEKSFargatePodExecutionRolePolicy", attached.to_string())
}

/// No Pod Identity agent runs on Fargate: the service account names the role, and the role trusts that account's tokens.
async fn identity(scene: &Scene<'_>, app: &Value) -> Result<()> {
    let account = scene.tenant.kubectl.get("serviceaccount", "shop").await?;
    let arn = output(app, "roleArn")?;
    let annotation = &account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"];
    ensure(*annotation == arn.as_str(), format_args!("{annotation} is not {arn}"))?;
    let role = role_of(scene, arn.rsplit('/').next().context("a name")?).await?;
    let trust = &role["AssumeRolePolicyDocument"]["Statement"][0];
    let subject = format!("system:serviceaccount:{}:shop", scene.tenant.name);
    let is_web = trust["Action"].to_string().contains("sts:AssumeRoleWithWebIdentity");
    ensure(is_web && trust["Condition"].to_string().contains(&subject), trust)
}

/// They come only once the profile is there, and are what Fargate runs.
async fn pods(scene: &Scene<'_>, app: &Value) -> Result<()> {
    let deployment = scene.tenant.kubectl.get("deployment", "shop").await?;
    let entries = app["status"]["resources"].as_array().context("resources")?;
    let workload = entries.iter().find(|entry| entry["id"] == "workload").context("a workload")?;
    let after = workload["dependsOn"].as_array().into_iter().flatten().any(|needed| needed == "fargate-profile");
    ensure(after, &workload["dependsOn"])?;
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    ensure(container["resources"]["limits"] == json!({ "cpu": "500m", "memory": "512Mi" }), &container["resources"])?;
    ensure(container["securityContext"]["privileged"].is_null(), &container["securityContext"])
}

async fn role_of(scene: &Scene<'_>, name: &str) -> Result<Value> {
    Ok(scene.tenant.aws.call("iam", "get_role", json!({ "RoleName": name })).await?["Role"].clone())
}
