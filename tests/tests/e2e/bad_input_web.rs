//! Bad input of a web application that is refused before anything is made: what each object says, and that it cost AWS
//! nothing.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::checker::Fault;
use terrace_tests::inventory::Inventory;
use terrace_tests::wait::ensure;
use terrace_tests::{Emulator, Rule};

use crate::bad_input::{until_it_says, until_one_says};
use crate::scene::{Scene, merge, play_of};

pub const WEB: &str = "webapp";
pub const EDGE: &str = "edgetier";
pub const OBJECTS: &str = "objecttier";

/// An EdgeTier of this tenant in its shortest form, after a merge patch of its spec.
pub fn edge(scene: &Scene<'_>, name: &str, change: &Value) -> Value {
    let spec = json!({
        "hostnames": ["shop.example.com"], "zone": { "name": "example.com" },
        "origins": [{ "name": "web", "host": "old.example.net" }], "routes": [{ "path": "/*", "origin": "web" }],
    });
    tier(scene, "EdgeTier", name, spec, change)
}

/// A WebApp that nobody outside the cluster reaches, after a merge patch of its spec.
pub fn web(scene: &Scene<'_>, name: &str, change: &Value) -> Value {
    tier(scene, "WebApp", name, json!({ "image": "shop:1", "expose": { "protocol": "None" } }), change)
}

fn tier(scene: &Scene<'_>, kind: &str, name: &str, mut spec: Value, change: &Value) -> Value {
    merge(&mut spec, change);
    json!({ "apiVersion": "terrace.dev/v1alpha1", "kind": kind,
            "metadata": { "name": name, "namespace": scene.tenant.name }, "spec": spec })
}

fn object(scene: &Scene<'_>, case: &Case, theirs: &Theirs) -> Value {
    let change = (case.spec)(theirs);
    match case.kind {
        EDGE => edge(scene, case.name, &change),
        WEB => web(scene, case.name, &change),
        _ => tier(scene, "ObjectTier", case.name, json!({ "deletionPolicy": "Delete" }), &change),
    }
}

/// Applies an Environment that is Public and admits these host names, and every hosted zone of `allowed`.
pub async fn admit(scene: &Scene<'_>, hostnames: &[&str], allowed: &[&str]) -> Result<()> {
    let mut environment = scene.tenant.environment();
    let label = json!({ "matchLabels": { "terrace.dev/environment": scene.tenant.name } });
    let allow = if allowed.is_empty() { json!([]) } else { json!([{ "namespaces": label, "arns": allowed }]) };
    environment["spec"]["limits"] = json!({ "exposure": "Public", "hostnames": hostnames, "allow": allow });
    scene.tenant.kubectl.apply(&environment).await?;
    scene.tenant.kubectl.wait_for_condition("environment", &scene.tenant.name, "Ready", "True", SOON).await.map(drop)
}

/// That the operator has changed nothing in the account since this was in it.
pub async fn untouched(scene: &Scene<'_>, before: &Inventory) -> Result<()> {
    let changes = before.changes(&scene.tenant.inventory().await?);
    ensure(changes.is_empty(), format_args!("made: {changes:#?}"))?;
    let calls = scene.tenant.calls().await?;
    ensure(calls.mutating == 0, format_args!("{:?}", calls.operations))
}

/// What another team has in the same account.
struct Theirs {
    zone: String,
    certificates: [String; 2],
    bucket: String,
    key: String,
}

impl Theirs {
    async fn make(scene: &Scene<'_>) -> Result<Theirs> {
        let (aws, account) = (&scene.tenant.aws, &scene.tenant.account);
        let text = |value: &Value| value.as_str().map(str::to_owned).with_context(|| format!("no text: {value}"));
        let (team, cluster) = (("terrace.dev/namespace", "payroll"), ("terrace.dev/cluster", account.cluster.as_str()));
        let tags = |key: &str, value: &str| json!([team, cluster].map(|(name, of)| json!({ key: name, value: of })));
        let zone = account.make_zone(aws, "example.net").await?;
        let mark = json!({ "ResourceType": "hostedzone", "ResourceId": last(&zone), "AddTags": tags("Key", "Value") });
        aws.call("route53", "change_tags_for_resource", mark).await?;
        let ask = json!({ "DomainName": "shop.example.com", "ValidationMethod": "DNS", "Tags": tags("Key", "Value") });
        let near = aws.call("acm", "request_certificate", ask.clone()).await?;
        let far = aws.in_region("us-east-1").call("acm", "request_certificate", ask).await?;
        let bucket = format!("payroll-{}", account.id);
        let place = json!({ "LocationConstraint": "eu-west-1" });
        let new = json!({ "Bucket": bucket, "CreateBucketConfiguration": place });
        aws.call("s3", "create_bucket", new).await?;
        let key = aws.call("kms", "create_key", json!({ "Tags": tags("TagKey", "TagValue") })).await?;
        Ok(Theirs {
            zone: last(&zone).to_owned(),
            certificates: [text(&near["CertificateArn"])?, text(&far["CertificateArn"])?],
            bucket,
            key: text(&key["KeyMetadata"]["Arn"])?,
        })
    }
}

/// The id in `/hostedzone/Z1`.
pub fn last(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// An object that can never become Ready, and what it says.
struct Case {
    name: &'static str,
    kind: &'static str,
    /// A merge patch of the shortest spec.
    spec: fn(&Theirs) -> Value,
    reason: &'static str,
    says: &'static [&'static str],
}

const INVALID: &str = "InvalidSpec";
const ASK_FOR_HOSTNAME: &str = ": ask its administrator to add it to limits.hostnames";
const OF_ITS_OWN: &str = ": name one of its own, or ask the administrator of Environment ";

const CASES: &[Case] = &[
    Case {
        name: "hostname-outside-the-zone",
        kind: EDGE,
        spec: |_| json!({ "hostnames": ["shop.example.org"] }),
        reason: INVALID,
        says: &[
            "spec.hostnames: shop.example.org does not lie in zone example.com: correct it, or make an EdgeTier of its own for it",
        ],
    },
    Case {
        name: "record-outside-the-zone",
        kind: EDGE,
        spec: |_| json!({ "records": [{ "name": "shop.example.org", "type": "A", "values": ["192.0.2.1"] }] }),
        reason: INVALID,
        says: &["spec.records[shop.example.org/A]: shop.example.org does not lie in zone example.com: correct it"],
    },
    Case {
        name: "hostname-of-another",
        kind: EDGE,
        spec: |_| json!({ "hostnames": ["pay.example.com"] }),
        reason: INVALID,
        says: &["spec.hostnames: Environment ", " does not admit pay.example.com", ASK_FOR_HOSTNAME],
    },
    Case {
        name: "hostname-of-another-at-a-load-balancer",
        kind: WEB,
        spec: |_| json!({ "expose": { "protocol": "HTTP", "hostnames": ["pay.example.com"] } }),
        reason: INVALID,
        says: &["spec.expose.hostnames: Environment ", " does not admit pay.example.com", ASK_FOR_HOSTNAME],
    },
    Case {
        name: "zone-of-another",
        kind: EDGE,
        spec: |_| json!({ "zone": { "name": "example.net" } }),
        reason: INVALID,
        says: &["spec.zone.name: example.net is no hosted zone of namespace refused-", OF_ITS_OWN],
    },
    Case {
        name: "zone-of-another-by-id",
        kind: EDGE,
        spec: |theirs| json!({ "zone": { "name": null, "id": theirs.zone } }),
        reason: INVALID,
        says: &["spec.zone.id: Z", " is no hosted zone of namespace refused-", OF_ITS_OWN],
    },
    Case {
        name: "zone-of-nobody",
        kind: EDGE,
        spec: |_| json!({ "zone": { "name": "nobody.example" } }),
        reason: INVALID,
        says: &["spec.zone.name: nobody.example is no hosted zone of namespace refused-", OF_ITS_OWN],
    },
    Case {
        name: "certificate-of-another",
        kind: EDGE,
        spec: |theirs| json!({ "tls": { "certificate": theirs.certificates[1] } }),
        reason: INVALID,
        says: &["spec.tls.certificate: arn:aws:acm:us-east-1:", " is no certificate of namespace refused-", OF_ITS_OWN],
    },
    Case {
        name: "certificate-of-another-at-a-load-balancer",
        kind: WEB,
        spec: |theirs| json!({ "expose": { "protocol": "HTTPS", "certificate": theirs.certificates[0] } }),
        reason: INVALID,
        says: &[
            "spec.expose.certificate: arn:aws:acm:eu-west-1:",
            " is no certificate of namespace refused-",
            OF_ITS_OWN,
        ],
    },
    Case {
        name: "bucket-of-another-as-origin",
        kind: EDGE,
        spec: |theirs| json!({ "origins": [{ "name": "web", "host": null, "bucket": theirs.bucket }] }),
        reason: INVALID,
        says: &[
            "spec.origins[web].bucket: payroll-",
            " is no bucket that may be named: ask the administrator of Environment ",
        ],
    },
    Case {
        name: "bucket-of-another-for-logs",
        kind: EDGE,
        spec: |theirs| json!({ "logs": { "bucket": theirs.bucket } }),
        reason: INVALID,
        says: &["spec.logs.bucket: payroll-", " is no bucket that may be named: ask the administrator of Environment "],
    },
    Case {
        name: "bucket-and-key-of-another-for-the-role",
        kind: WEB,
        spec: |theirs| {
            let bucket = format!("arn:aws:s3:::{}/*", theirs.bucket);
            json!({ "permissions": [
                { "actions": ["s3:GetObject"], "resources": [bucket] },
                { "actions": ["kms:Decrypt"], "resources": [theirs.key] },
            ] })
        },
        reason: INVALID,
        says: &[
            "spec.permissions[0].resources: arn:aws:s3:::payroll-",
            "spec.permissions[1].resources: arn:aws:kms:eu-west-1:",
            " is not admitted: ask the administrator of Environment ",
            " to add it to limits.allow for namespace refused-",
        ],
    },
    Case {
        name: "key-of-another",
        kind: OBJECTS,
        spec: |theirs| json!({ "encryption": { "type": "SSE-KMS", "kmsKeyId": theirs.key } }),
        reason: INVALID,
        says: &["spec.encryption.kmsKeyId: arn:aws:kms:eu-west-1:", " is no KMS key of namespace refused-", OF_ITS_OWN],
    },
    Case {
        name: "bucket-name-that-is-taken",
        kind: OBJECTS,
        spec: |theirs| json!({ "bucketName": theirs.bucket }),
        reason: "NotOwned",
        says: &["arn:aws:s3:::payroll-", " exists and was not made by Terrace: "],
    },
    Case {
        name: "daemon-on-fargate",
        kind: WEB,
        spec: |_| {
            let daemon = json!({ "kind": "DaemonSet", "name": "agent", "container": "agent" });
            json!({ "image": null, "runOn": "Fargate", "workloadRef": daemon })
        },
        reason: INVALID,
        says: &["spec.workloadRef.kind: Fargate runs no DaemonSet: run it on Nodes, or as a sidecar of the app"],
    },
    Case {
        name: "agent-on-fargate",
        kind: WEB,
        spec: |_| {
            json!({ "image": null, "runOn": "Fargate", "template": { "spec": {
                "hostNetwork": true,
                "nodeSelector": { "eks.amazonaws.com/capacityType": "SPOT" },
                "volumes": [{ "name": "logs", "hostPath": { "path": "/var/log" } }],
                "containers": [{ "name": "agent", "image": "agent:1", "securityContext": { "privileged": true },
                                 "ports": [{ "containerPort": 8080, "hostPort": 8080 }],
                                 "resources": { "limits": { "nvidia.com/gpu": "1" } } }],
            } } })
        },
        reason: INVALID,
        says: &[
            "spec.template.spec.hostNetwork: a pod on Fargate has no host to share",
            "spec.template.spec.nodeSelector: Fargate has no nodes to choose, nor Spot capacity",
            "spec.template.spec.volumes[logs]: a pod on Fargate has no host whose path it could mount",
            "spec.template.spec.containers[agent]: Fargate runs no privileged containers",
            "spec.template.spec.containers[agent]: a pod on Fargate has no host port",
            "spec.template.spec.containers[agent].resources: Fargate has no nvidia.com/gpu",
            ", or set runOn to Nodes",
        ],
    },
    Case {
        name: "giant-on-fargate",
        kind: WEB,
        spec: |_| json!({ "runOn": "Fargate", "resources": { "requests": { "cpu": "32", "memory": "256Gi" } } }),
        reason: INVALID,
        says: &[
            "spec.resources.requests.cpu: the largest pod on Fargate has 16 vCPU: ask for less, or set runOn to Nodes",
            "spec.resources.requests.memory: the largest pod on Fargate has 120 GiB",
        ],
    },
    Case {
        name: "binding-without-grant",
        kind: WEB,
        spec: |_| json!({ "bindings": [{ "name": "db", "dataTierRef": { "name": "wages", "namespace": "payroll" } }] }),
        reason: "ReferenceNotGranted",
        says: &[
            "spec.bindings[db].dataTierRef names DataTier payroll/wages, and no TierGrant lets this object refer to it",
            "whoever owns namespace payroll must apply one there with from: [{kind: WebApp, namespace: refused-",
        ],
    },
    Case {
        name: "binding-to-nothing",
        kind: WEB,
        spec: |_| json!({ "bindings": [{ "name": "cache", "cacheTierRef": { "name": "nobodys" } }] }),
        reason: "ReferenceNotFound",
        says: &["spec.bindings[cache].cacheTierRef names CacheTier refused-", "/nobodys, and there is none: apply it"],
    },
];

#[tokio::test]
async fn what_can_never_be_says_so_and_is_not_begun() {
    play_of(WEB, Emulator::Ministack, "refused", async |scene| {
        let zone = scene.tenant.account.make_zone(&scene.tenant.aws, "example.com").await?;
        let theirs = Theirs::make(scene).await?;
        let ours =
            ["arn:aws:route53:::hostedzone/example.com", &format!("arn:aws:route53:::hostedzone/{}", last(&zone))];
        let before = scene.tenant.inventory().await?;
        admit(scene, &["shop.example.com", "shop.example.org"], &ours).await?;
        let all: Vec<_> = CASES.iter().map(|case| object(scene, case, &theirs)).collect();
        scene.tenant.kubectl.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": all })).await?;
        let mut failures = Vec::new();
        for Case { name, kind, reason, says, .. } in CASES {
            let said = until_one_says(scene, kind, name, reason, says).await;
            failures.extend(said.err().map(|error| format!("{name}: {error:#}")));
        }
        ensure(failures.is_empty(), format_args!("{} of {}:\n{}", failures.len(), CASES.len(), failures.join("\n")))?;
        untouched(scene, &before).await?;
        for Case { name, kind, .. } in CASES {
            scene.tenant.kubectl.delete(kind, name).await?;
        }
        for Case { name, kind, .. } in CASES {
            scene.tenant.kubectl.wait_until_gone(kind, name, SOON).await?;
        }
        untouched(scene, &before).await
    })
    .await;
}

#[tokio::test]
async fn what_fargate_never_has_is_refused_by_the_schema() {
    play_of(WEB, Emulator::Ministack, "fargate", async |scene| {
        for wish in [
            json!({ "spot": "Prefer" }),
            json!({ "nodeSelector": { "disk": "ssd" } }),
            json!({ "tolerations": [{ "operator": "Exists" }] }),
        ] {
            let mut app = web(scene, "shop", &json!({ "runOn": "Fargate" }));
            merge(&mut app["spec"], &wish);
            let refusal = scene.tenant.kubectl.apply(&app).await.err().with_context(|| format!("admitted: {wish}"))?;
            let says = "Fargate has no nodes and no Spot capacity: leave spot, nodeSelector and tolerations out, or set runOn to Nodes";
            ensure(refusal.to_string().contains(says), &refusal)?;
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_bucket_name_that_another_account_has_is_nobodys_to_take() {
    play_of(OBJECTS, Emulator::Ministack, "their-bucket", async |scene| {
        let before = scene.tenant.inventory().await?;
        // What S3 answers to HeadBucket with ExpectedBucketOwner.
        let denied = Rule::new(Fault::Fail).operation("s3", "HeadBucket").at(1, 1_000).answering(403, "AccessDenied");
        scene.tenant.set_rules(&[denied]).await?;
        scene.tenant.apply_environment(SOON).await?;
        let mut tier = scene.tenant.object_tier("assets");
        tier["spec"]["bucketName"] = json!("everybodys-favourite");
        scene.tenant.kubectl.apply(&tier).await?;
        let says = [
            "bucket everybodys-favourite belongs to another AWS account, and names are unique over all of them: choose another name by spec.bucketName",
        ];
        until_it_says(scene, "assets", "NotOwned", &says).await?;
        untouched(scene, &before).await
    })
    .await;
}

/// A tier of an Environment in another account.
#[tokio::test]
async fn a_binding_to_a_tier_in_another_account_is_refused() {
    play_of(WEB, Emulator::Ministack, "far-binding", async |scene| {
        let before = scene.tenant.inventory().await?;
        scene.tenant.apply_environment(SOON).await?;
        let far = Scene::new(scene.bed, scene.operator, "far-away").await?;
        far.tenant.apply_environment(SOON).await?;
        let theirs = &far.tenant;
        theirs.kubectl.apply(&theirs.object_tier("assets")).await?;
        theirs.kubectl.wait_for_condition(OBJECTS, "assets", "Ready", "True", SOON).await?;
        let grant = json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": "TierGrant", "metadata": { "name": "web", "namespace": theirs.name },
            "spec": { "from": [{ "kind": "WebApp", "namespace": scene.tenant.name }], "to": [{ "kind": "ObjectTier" }],
                      "access": ["Read", "ReadWrite"] },
        });
        theirs.kubectl.apply(&grant).await?;
        let binding = json!({ "name": "files", "objectTierRef": { "name": "assets", "namespace": theirs.name } });
        scene.tenant.kubectl.apply(&web(scene, "shop", &json!({ "bindings": [binding] }))).await?;
        let named = format!("spec.bindings[files].objectTierRef names ObjectTier {}/assets, which is of Environment {}", theirs.name, theirs.name);
        let ours = format!("and this object is of {}: name one of the same Environment", scene.tenant.name);
        until_it_says(scene, "shop", "EnvironmentDiffers", &[&named, &ours]).await?;
        untouched(scene, &before).await?;
        scene.delete("shop").await?;
        theirs.kubectl.delete(OBJECTS, "assets").await?;
        theirs.kubectl.wait_until_gone(OBJECTS, "assets", SOON).await
    })
    .await;
}
