//! Bad input: what the object says, and that nothing was made.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::checker::Fault;
use terrace_tests::kubectl::condition;
use terrace_tests::wait::ensure;
use terrace_tests::{Bed, Emulator, Options, Rule};

use crate::scene::{Scene, merge, named, play};

/// An object that can never become Ready, and what it says.
struct Case {
    name: &'static str,
    /// Merge patches of the tenant's Environment and of its DataTier.
    environment: fn(&Scene) -> Value,
    tier: fn(&Scene) -> Value,
    reason: &'static str,
    says: &'static [&'static str],
}

fn as_it_is(_: &Scene) -> Value {
    json!({})
}

/// A DataTier that begins as another.
fn restored_from(tier: Value) -> Value {
    json!({ "restoreFrom": { "pointInTime": { "dataTierRef": tier } } })
}

const CASES: &[Case] = &[
    Case {
        name: "unknown-class",
        environment: as_it_is,
        tier: |_| json!({ "instanceClass": "db.r99.large" }),
        reason: "InvalidSpec",
        says: &["spec.instanceClass", "db.r99.large is no instance class", "such as db.r8g.large"],
    },
    Case {
        name: "unknown-version",
        environment: as_it_is,
        tier: |_| json!({ "engineVersion": "99" }),
        reason: "InvalidSpec",
        says: &["spec.engineVersion", "postgres has no version 99"],
    },
    Case {
        name: "one-zone",
        environment: |scene| {
            let subnet = &scene.tenant.account.private_subnets[0];
            json!({ "network": { "privateSubnets": { "ids": [subnet], "tags": null } } })
        },
        tier: as_it_is,
        reason: "InvalidSpec",
        says: &["spec.availability", "are in 1 availability zone (eu-west-1a)", "ask its administrator"],
    },
    Case {
        name: "wrong-account",
        environment: |_| json!({ "account": "999988887777" }),
        tier: as_it_is,
        reason: "EnvironmentNotReady",
        says: &["spec.account is 999988887777", "nothing is touched"],
    },
    Case {
        name: "namespace-not-admitted",
        environment: |_| json!({ "namespaces": { "matchLabels": { "terrace.dev/environment": "another" } } }),
        tier: |scene| json!({ "environmentRef": { "name": scene.tenant.name } }),
        reason: "NamespaceNotAdmitted",
        says: &["does not admit namespace", "an administrator must label the namespace"],
    },
    Case {
        name: "no-environment",
        environment: |_| json!({ "namespaces": { "matchLabels": { "terrace.dev/environment": "another" } } }),
        tier: as_it_is,
        reason: "NoEnvironment",
        says: &["no Environment admits namespace", "an administrator must make one"],
    },
    Case {
        name: "unknown-environment",
        environment: as_it_is,
        tier: |_| json!({ "environmentRef": { "name": "nowhere" } }),
        reason: "NoEnvironment",
        says: &["spec.environmentRef names nowhere"],
    },
    Case {
        name: "no-such-parameter",
        environment: as_it_is,
        tier: |_| json!({ "parameters": { "no_such_parameter": "1" } }),
        reason: "InvalidSpec",
        says: &["spec.parameters.no_such_parameter", "postgres17 has no such parameter"],
    },
    Case {
        name: "no-such-value",
        environment: as_it_is,
        tier: |_| json!({ "parameters": { "log_statement": "some" } }),
        reason: "InvalidSpec",
        says: &["spec.parameters.log_statement", "some is not among the values", "none,ddl,mod,all"],
    },
    Case {
        name: "unknown-snapshot",
        environment: as_it_is,
        tier: |_| json!({ "restoreFrom": { "snapshot": "nobodys" } }),
        reason: "InvalidSpec",
        says: &["spec.restoreFrom.snapshot", "nobodys is no DB snapshot of namespace"],
    },
    Case {
        name: "unknown-key",
        environment: as_it_is,
        tier: |_| json!({ "encryption": { "kmsKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab" } }),
        reason: "InvalidSpec",
        says: &["spec.encryption.kmsKeyId", "is no KMS key of namespace", "to add arn:aws:kms:"],
    },
    Case {
        name: "no-grant",
        environment: as_it_is,
        tier: |_| restored_from(json!({ "name": "theirs", "namespace": "another" })),
        reason: "ReferenceNotGranted",
        says: &[
            "spec.restoreFrom.pointInTime.dataTierRef names DataTier another/theirs",
            "whoever owns namespace another must apply one there with from: [{kind: DataTier, namespace: no-grant-",
            "to: [{kind: DataTier, name: theirs}], access: [Read]",
        ],
    },
    Case {
        name: "no-target",
        environment: as_it_is,
        tier: |_| restored_from(json!({ "name": "nobodys" })),
        reason: "ReferenceNotFound",
        says: &["spec.restoreFrom.pointInTime.dataTierRef names DataTier no-target-", "/nobodys, and there is none"],
    },
    Case {
        name: "itself",
        environment: as_it_is,
        tier: |_| restored_from(json!({ "name": "orders" })),
        reason: "InvalidSpec",
        says: &["spec.restoreFrom.pointInTime.dataTierRef names this object itself: name another"],
    },
];

#[tokio::test]
async fn bad_input_says_what_is_wrong_and_makes_nothing() {
    let bed = Bed::shared().await.unwrap();
    let operator = bed.operator().await.unwrap();
    let mut failures = Vec::new();
    for case in CASES {
        let scene = Scene::new(bed, operator, case.name).await.unwrap();
        failures.extend(scene.attempt(async |scene| refused(scene, case).await).await.err());
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), CASES.len(), failures.join("\n\n"));
}

async fn refused(scene: &Scene<'_>, case: &Case) -> Result<()> {
    let mut environment = scene.tenant.environment();
    merge(&mut environment["spec"], &(case.environment)(scene));
    scene.tenant.kubectl.apply(&environment).await?;
    let mut tier = scene.tenant.data_tier("orders");
    merge(&mut tier["spec"], &(case.tier)(scene));
    scene.tenant.kubectl.apply(&tier).await?;
    until_it_says(scene, "orders", case.reason, case.says).await?;
    nothing_was_made(scene).await?;
    scene.delete("orders").await
}

/// Waits until the object is not Ready for this reason, with all of this in its message.
pub async fn until_it_says(scene: &Scene<'_>, name: &str, reason: &str, says: &[&str]) -> Result<()> {
    until_one_says(scene, scene.kind, name, reason, says).await
}

/// The same of a tier of any kind.
pub async fn until_one_says(scene: &Scene<'_>, kind: &str, name: &str, reason: &str, says: &[&str]) -> Result<()> {
    let fits = |object: &Value| {
        let ready = condition(object, "Ready").context("no condition yet")?;
        let message = ready["message"].as_str().unwrap_or_default();
        ensure(ready["status"] == "False" && ready["reason"] == reason, ready)?;
        ensure(says.iter().all(|part| message.contains(part)), ready)
    };
    scene.tenant.kubectl.wait_for(kind, name, SOON, fits).await.map(drop)
}

async fn nothing_was_made(scene: &Scene<'_>) -> Result<()> {
    let changes = scene.tenant.changes().await?;
    ensure(changes.is_empty(), format_args!("made: {changes:#?}"))?;
    let calls = scene.tenant.calls().await?;
    ensure(calls.mutating == 0, format_args!("{:?}", calls.operations))
}

#[tokio::test]
async fn of_two_environments_one_must_be_named() {
    play(Emulator::Ministack, "two", async |scene| {
        scene.tenant.apply_environment(SOON).await?;
        let mut other = scene.tenant.environment();
        let name = format!("{}-other", scene.tenant.name);
        other["metadata"]["name"] = json!(name);
        scene.tenant.kubectl.apply(&other).await?;
        scene.tenant.kubectl.wait_for_condition("environment", &name, "Ready", "True", SOON).await?;
        scene.tenant.kubectl.apply(&scene.tenant.data_tier("orders")).await?;
        let says = [name.as_str(), " and ", "set spec.environmentRef.name"];
        until_it_says(scene, "orders", "AmbiguousEnvironment", &says).await?;
        nothing_was_made(scene).await?;
        scene.edit("orders", json!({ "environmentRef": { "name": scene.tenant.name } })).await?;
        scene.until_ready("orders").await.map(drop)
    })
    .await;
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_is_named() {
    play(Emulator::Ministack, "no-role", async |scene| {
        let denied = Rule::new(Fault::Fail).operation("sts", "AssumeRole").at(1, 1_000).answering(403, "AccessDenied");
        scene.tenant.set_rules(&[denied]).await?;
        scene.tenant.kubectl.apply(&scene.tenant.environment()).await?;
        scene.tenant.kubectl.apply(&scene.tenant.data_tier("orders")).await?;
        let role = scene.tenant.account.role_arn.as_str();
        until_it_says(scene, "orders", "EnvironmentNotReady", &[role, "AccessDenied"]).await?;
        let environment = scene.tenant.kubectl.get("environment", &scene.tenant.name).await?;
        let ready = condition(&environment, "Ready").context("a condition")?;
        ensure(ready["reason"] == "AccessDenied", ready)?;
        nothing_was_made(scene).await?;
        // Once it can be assumed, nobody needs to touch anything.
        scene.tenant.set_rules(&[]).await?;
        scene.until_ready("orders").await.map(drop)
    })
    .await;
}

#[tokio::test]
async fn the_schema_refuses_what_could_never_work() {
    play(Emulator::Ministack, "schema", async |scene| {
        scene.tenant.apply_environment(SOON).await?;
        let mut replicas = scene.tenant.data_tier("replicas");
        replicas["spec"]["replicas"] = json!({ "count": 2 });
        let refusal = scene.tenant.kubectl.apply(&replicas).await.err().context("it was admitted")?;
        ensure(refusal.to_string().contains("set credentials.management to Terrace"), &refusal)?;
        let mut tier = scene.tenant.data_tier("orders");
        tier["spec"]["engineVersion"] = json!("17.5");
        scene.ready(&tier).await?;
        scene.tenant.mark().await?;
        for (edit, says) in [
            (json!({ "storage": { "size": "50Gi" } }), "storage.size cannot shrink"),
            (json!({ "engineVersion": "17.4" }), "engineVersion cannot go down"),
            (json!({ "engineVersion": "16" }), "engineVersion cannot go down"),
            (json!({ "engine": "mysql" }), "engine is immutable"),
        ] {
            let refusal = scene.edit("orders", edit).await.err().context("it was admitted")?;
            ensure(refusal.to_string().contains(says), &refusal)?;
        }
        ensure(scene.tenant.calls().await?.mutating == 0, "something was changed")
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_of_another_namespace_is_nobodys() {
    play(Emulator::Ministack, "snapshot", async |scene| {
        scene.tenant.apply_environment(SOON).await?;
        let Scene { tenant, .. } = scene;
        let database = json!({ "DBInstanceIdentifier": "theirs", "Engine": "postgres", "DBInstanceClass": "db.t4g.micro",
                               "AllocatedStorage": 20, "MasterUsername": "other", "MasterUserPassword": "long-enough" });
        tenant.aws.call("rds", "create_db_instance", database).await?;
        let tag = |key: &str, value: &str| json!({ "Key": key, "Value": value });
        let tags = json!([tag("terrace.dev/cluster", "prod"), tag("terrace.dev/namespace", "another")]);
        let snapshot = json!({ "DBInstanceIdentifier": "theirs", "DBSnapshotIdentifier": "theirs", "Tags": tags });
        tenant.aws.call("rds", "create_db_snapshot", snapshot).await?;
        let before = tenant.inventory().await?;
        let mut tier = tenant.data_tier("orders");
        tier["spec"]["restoreFrom"] = json!({ "snapshot": "theirs" });
        tenant.kubectl.apply(&tier).await?;
        let says = ["theirs is no DB snapshot of namespace", "limits.allow"];
        until_it_says(scene, "orders", "InvalidSpec", &says).await?;
        let changes = before.changes(&tenant.inventory().await?);
        ensure(changes.is_empty(), format_args!("made: {changes:#?}"))?;
        ensure(tenant.calls().await?.mutating == 0, "something was changed")
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_not_ours_is_never_touched() {
    play(Emulator::Ministack, "foreign", async |scene| {
        scene.tenant.apply_environment(SOON).await?;
        let mut tier = scene.tenant.data_tier("orders");
        tier["spec"]["deletionPolicy"] = json!("Delete");
        // The name that the object will ask for is the one that it had before.
        let identifier = named(&scene.ready(&tier).await?, "db")?;
        scene.delete("orders").await?;
        let foreign = json!({ "DBInstanceIdentifier": identifier, "Engine": "postgres", "DBInstanceClass": "db.t4g.micro",
                              "AllocatedStorage": 20, "MasterUsername": "other", "MasterUserPassword": "long-enough" });
        scene.tenant.aws.call("rds", "create_db_instance", foreign).await?;
        let before = scene.tenant.inventory().await?;
        scene.tenant.mark().await?;
        scene.tenant.kubectl.apply(&tier).await?;
        until_it_says(scene, "orders", "NotOwned", &[&identifier]).await?;
        let calls = scene.tenant.calls().await?;
        ensure(calls.mutating == 0, format_args!("{:?}", calls.operations))?;
        scene.delete("orders").await?;
        let changes = before.changes(&scene.tenant.inventory().await?);
        ensure(changes.is_empty(), format_args!("made: {changes:#?}"))
    })
    .await;
}

#[tokio::test]
async fn a_malformed_object_says_so_and_stalls_nobody() {
    let bed = Bed::start(Options::default()).await.unwrap();
    let operator = bed.start_operator(&["--no-leader-election"]).await.unwrap();
    // As after a downgrade: an older schema admitted what this operator cannot read.
    let engine = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/engine/enum/-";
    let laxer = json!([{ "op": "add", "path": engine, "value": "oracle" }]).to_string();
    let patch = ["patch", "crd", "datatiers.terrace.dev", "--type", "json", "--patch", &laxer];
    bed.kubectl().run(&patch).await.unwrap();
    let scene = Scene::new(&bed, &operator, "malformed").await.unwrap();
    scene
        .tell(async |scene| {
            let mut malformed = scene.tenant.data_tier("malformed");
            malformed["spec"]["engine"] = json!("oracle");
            malformed["spec"]["maintenance"] = json!({ "majorVersions": "Allowed" });
            scene.tenant.kubectl.apply(&malformed).await?;
            scene.tenant.apply_environment(SOON).await?;
            scene.ready(&scene.tenant.data_tier("orders")).await?;
            let names = scene.tenant.inventory().await?;
            ensure(names.names("rds/DBInstance").len() == 1, format_args!("{names:?}"))?;
            until_it_says(scene, "malformed", "Malformed", &["oracle"]).await
        })
        .await;
}
