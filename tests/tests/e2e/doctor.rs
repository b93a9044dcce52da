//! `terrace doctor`: what is in order and what is not, with the command that mends it; it changes nothing.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::Emulator;
use terrace_tests::bed::SOON;
use terrace_tests::wait::ensure;

use crate::scene::{Scene, play};

#[tokio::test]
async fn the_doctor_names_what_is_missing_and_what_mends_it() {
    play(Emulator::Ministack, "doctor", story).await;
}

/// How a check of this tenant's Environment, or of the cluster, came out.
fn found<'a>(report: &'a Value, of: &str, what: &str) -> Result<&'a Value> {
    let all = report["findings"].as_array().context("findings")?;
    let one = all.iter().find(|finding| finding["of"] == of && finding["what"] == what);
    one.with_context(|| format!("no {what} of {of} in {report:#}"))
}

async fn story(scene: &Scene<'_>) -> Result<()> {
    let tenant = &scene.tenant;
    tenant.apply_environment(SOON).await?;
    tenant.mark().await?;
    let said = tenant.terrace(&["doctor", "-o", "json"], "").await?;
    let calls = tenant.calls().await?;
    ensure(calls.mutating == 0, format_args!("the doctor changed something: {:?}", calls.operations))?;
    let report: Value = serde_json::from_str(&said.out).with_context(|| format!("{said:?}"))?;
    let own = format!("Environment {}", tenant.name);
    let cluster = ["API server", "definitions", "controller", "leader"].map(|what| ("cluster", what));
    for (of, what) in cluster.into_iter().chain([(own.as_str(), "Ready"), (&own, "identity")]) {
        ensure(found(&report, of, what)?["health"] == "Ok", found(&report, of, what)?)?;
    }
    for (what, says) in [("network", "in 3 zones"), ("public subnets", "3, for load balancers")] {
        let finding = found(&report, &own, what)?;
        ensure(finding["message"].as_str().is_some_and(|message| message.contains(says)), finding)?;
    }
    permissions(scene, &report, &own).await?;
    // Nobody may look into the account.
    let blind = tenant.terrace_with(&["doctor", "-o", "json"], "", &[]).await?;
    let report: Value = serde_json::from_str(&blind.out).with_context(|| format!("{blind:?}"))?;
    ensure(found(&report, &own, "identity")?["health"] == "Unknown", &report)
}

/// The role of a platform team may do everything; one without a policy, nothing.
async fn permissions(scene: &Scene<'_>, report: &Value, own: &str) -> Result<()> {
    let tenant = &scene.tenant;
    let finding = found(report, own, "permissions")?;
    println!("{finding}");
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
                        "Principal": { "AWS": "*" } }] });
    let role = json!({ "RoleName": "bare", "AssumeRolePolicyDocument": trust.to_string() });
    let made = tenant.aws.call("iam", "create_role", role).await?;
    let mut environment = tenant.environment();
    environment["metadata"]["name"] = json!(format!("{}-bare", tenant.name));
    environment["spec"]["identity"]["assumeRole"] = json!({ "arn": made["Role"]["Arn"] });
    environment["spec"]["namespaces"] = json!({ "matchLabels": { "terrace.dev/environment": "nobody" } });
    tenant.kubectl.apply(&environment).await?;
    let said = tenant.terrace(&["doctor", "-o", "json"], "").await?;
    ensure(said.code == 2, &said.out)?;
    let report: Value = serde_json::from_str(&said.out).with_context(|| format!("{said:?}"))?;
    let denied = found(&report, &format!("{own}-bare"), "permissions")?;
    let message = denied["message"].as_str().unwrap_or_default();
    ensure(denied["health"] == "Missing" && message.contains("may not do") && message.contains(" more"), denied)?;
    tenant.kubectl.delete("environment", &format!("{}-bare", tenant.name)).await?;
    own_role(scene).await?;
    let text = tenant.terrace(&["doctor"], "").await?;
    println!("{}", text.out);
    Ok(())
}

/// An Environment that the operator reaches as itself: its role is that of its ServiceAccount.
async fn own_role(scene: &Scene<'_>) -> Result<()> {
    let tenant = &scene.tenant;
    let mut environment = tenant.environment();
    let role = environment["spec"]["identity"]["assumeRole"]["arn"].as_str().context("a role")?.to_owned();
    let name = format!("{}-own", tenant.name);
    environment["metadata"]["name"] = json!(name);
    environment["spec"]["identity"] = json!({ "type": "Operator" });
    environment["spec"]["namespaces"] = json!({ "matchLabels": { "terrace.dev/environment": "nobody" } });
    tenant.kubectl.apply(&environment).await?;
    let permissions = async || -> Result<Value> {
        let said = tenant.terrace(&["doctor", "-o", "json"], "").await?;
        let report: Value = serde_json::from_str(&said.out).with_context(|| format!("{said:?}"))?;
        found(&report, &format!("Environment {name}"), "permissions").cloned()
    };
    let unknown = permissions().await?;
    let message = unknown["message"].as_str().unwrap_or_default();
    ensure(unknown["health"] == "Unknown" && message.contains("has no role, neither by"), &unknown)?;
    let account = ["annotate", "serviceaccount", "terrace", "--namespace", "terrace-system"];
    let irsa = format!("eks.amazonaws.com/role-arn={role}");
    tenant.kubectl.run(&[&account[..], &[&irsa]].concat()).await?;
    let known = permissions().await?;
    tenant.kubectl.run(&[&account[..], &["eks.amazonaws.com/role-arn-"]].concat()).await?;
    tenant.kubectl.delete("environment", &name).await?;
    let message = known["message"].as_str().unwrap_or_default();
    ensure(known["health"] == "Ok" && message.starts_with(&role), &known)
}
