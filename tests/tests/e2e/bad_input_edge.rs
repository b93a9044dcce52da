//! Bad input that only AWS or the cluster can tell: names and records that others have, zones that others use,
//! certificates that never come, pods that never run.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::checker::Fault;
use terrace_tests::wait::ensure;
use terrace_tests::{Emulator, Rule, until};

use crate::bad_input::until_it_says;
use crate::bad_input_web::{EDGE, WEB, admit, edge, last, web};
use crate::scene::{Scene, output, play_of};

/// What an object may name: every zone of the account.
const ZONES: &[&str] = &["arn:aws:route53:::hostedzone/*"];

/// Has the operator look at an object at once, as it does by itself after some minutes; one that is gone meanwhile is gone.
async fn look_again(scene: &Scene<'_>, name: &str) -> Result<()> {
    let kubectl = &scene.tenant.kubectl;
    let Some(object) = kubectl.find(scene.kind, name).await? else { return Ok(()) };
    let version = object["metadata"]["resourceVersion"].to_string();
    let look = json!({ "metadata": { "annotations": { "example.com/look-after": version } } });
    kubectl.patch_if_there(scene.kind, name, &look).await
}

/// Carries out a change of a zone's records by hand.
async fn change(scene: &Scene<'_>, zone: &str, action: &str, records: &[Value]) -> Result<()> {
    let one = |record: &Value| json!({ "Action": action, "ResourceRecordSet": record });
    let batch = json!({ "HostedZoneId": last(zone), "ChangeBatch": { "Changes": records.iter().map(one).collect::<Vec<_>>() } });
    scene.tenant.aws.call("route53", "change_resource_record_sets", batch).await.map(drop)
}

fn record(name: &str, kind: &str, value: &str) -> Value {
    json!({ "Name": name, "Type": kind, "TTL": 300, "ResourceRecords": [{ "Value": value }] })
}

/// The records of a zone, as AWS shows them.
async fn records(scene: &Scene<'_>, zone: &str) -> Result<Vec<Value>> {
    let asked = json!({ "HostedZoneId": last(zone) });
    let answer = scene.tenant.aws.call("route53", "list_resource_record_sets", asked).await?;
    answer["ResourceRecordSets"].as_array().cloned().with_context(|| answer.to_string())
}

/// That the zone answers for its hosts as it did: nothing was made but what proves something to ACM, or says whose another
/// record is.
async fn answers_as(scene: &Scene<'_>, zone: &str, standing: &[Value]) -> Result<()> {
    let hidden = |one: &&Value| one["Name"].as_str().is_some_and(|name| name.starts_with('_'));
    let now = records(scene, zone).await?;
    let same = now.iter().filter(|one| !hidden(one)).eq(standing.iter().filter(|one| !hidden(one)));
    ensure(same, format_args!("the zone answers otherwise: {now:#?}"))
}

#[tokio::test]
async fn a_record_that_somebody_made_already_is_left_alone() {
    play_of(EDGE, Emulator::Ministack, "records", async |scene| {
        let zone = scene.tenant.account.make_zone(&scene.tenant.aws, "example.com").await?;
        let theirs = "\"heritage=external-dns,external-dns/owner=blue,external-dns/resource=ingress/payroll/web\"";
        let by_hand = [record("hand.example.com", "AAAA", "2001:db8::1")];
        let there = [
            record("dns.example.com", "A", "192.0.2.1"),
            record("a-dns.example.com", "TXT", theirs),
            record("alias.example.com", "CNAME", "other.example.net"),
        ];
        change(scene, &zone, "CREATE", &there).await?;
        change(scene, &zone, "CREATE", &by_hand).await?;
        let (before, standing) = (scene.tenant.inventory().await?, records(scene, &zone).await?);
        admit(scene, &["*.example.com"], ZONES).await?;
        for (name, says) in [
            ("dns", ["/dns.example.com/A belongs to external-dns, for ingress payroll/web of cluster blue: name another here, or have that one give it up"]),
            ("hand", ["/hand.example.com/AAAA exists and was not made by Terrace: rename this object, remove the resource, or list it under spec.adopt"]),
            ("alias", ["/alias.example.com/CNAME exists and was not made by Terrace: rename this object, remove the resource, or list it under spec.adopt"]),
        ] {
            let tier = edge(scene, name, &json!({ "hostnames": [format!("{name}.example.com")] }));
            scene.tenant.kubectl.apply(&tier).await?;
            until_it_says(scene, name, "NotOwned", &says).await?;
        }
        // Neither is the other half of the name taken, IPv6 beside somebody's IPv4.
        answers_as(scene, &zone, &standing).await?;
        let begun = before.changes(&scene.tenant.inventory().await?);
        ensure(begun.is_empty(), format_args!("begun, though it cannot be whole: {begun:#?}"))?;
        // Once it is out of the way, nobody needs to touch the object.
        change(scene, &zone, "DELETE", &by_hand).await?;
        look_again(scene, "hand").await?;
        scene.until_ready("hand").await?;
        for name in ["dns", "hand", "alias"] {
            scene.delete(name).await?;
        }
        change(scene, &zone, "CREATE", &by_hand).await?;
        ensure(records(scene, &zone).await? == standing, "the records are not as they were")?;
        let left = before.changes(&scene.tenant.inventory().await?);
        ensure(left.is_empty(), format_args!("{left:#?}"))
    })
    .await;
}

#[tokio::test]
async fn of_two_edges_of_one_hostname_the_first_keeps_it_until_it_goes() {
    play_of(EDGE, Emulator::Ministack, "twice", async |scene| {
        let zone = scene.tenant.account.make_zone(&scene.tenant.aws, "example.com").await?;
        admit(scene, &["*.example.com"], ZONES).await?;
        scene.ready(&edge(scene, "first", &json!({}))).await?;
        let (before, standing) = (scene.tenant.inventory().await?, records(scene, &zone).await?);
        scene.tenant.kubectl.apply(&edge(scene, "second", &json!({}))).await?;
        let holder = format!("/shop.example.com/A belongs to EdgeTier {}/first of cluster prod: name another here, or have that one give it up", scene.tenant.name);
        until_it_says(scene, "second", "NotOwned", &[&holder]).await?;
        answers_as(scene, &zone, &standing).await?;
        let begun = before.changes(&scene.tenant.inventory().await?);
        ensure(begun.is_empty(), format_args!("begun, though it cannot be whole: {begun:#?}"))?;
        // It goes without a trace, and takes nothing of the first's with it.
        scene.delete("second").await?;
        ensure(records(scene, &zone).await? == standing, "the records are not as they were")?;
        let left = before.changes(&scene.tenant.inventory().await?);
        ensure(left.is_empty(), format_args!("{left:#?}"))?;
        look_again(scene, "first").await?;
        scene.until_ready("first").await?;
        scene.delete("first").await?;
        scene.ready(&edge(scene, "second", &json!({}))).await?;
        scene.delete("second").await
    })
    .await;
}

#[tokio::test]
async fn a_hostname_that_another_distribution_serves_is_named() {
    play_of(EDGE, Emulator::Ministack, "served", async |scene| {
        scene.tenant.account.make_zone(&scene.tenant.aws, "example.com").await?;
        admit(scene, &["*.example.com"], ZONES).await?;
        let held = Rule::new(Fault::Fail).operation("cloudfront", "CreateDistributionWithTags");
        scene.tenant.set_rules(&[held.at(1, 1_000).answering(409, "CNAMEAlreadyExists")]).await?;
        scene.tenant.kubectl.apply(&edge(scene, "shop", &json!({}))).await?;
        let says = [
            "a host name among shop.example.com belongs to a distribution of another account, or to one of its wildcards: have it taken off there, or take it out of this object's host names",
        ];
        until_it_says(scene, "shop", "NotOwned", &says).await?;
        let made = scene.tenant.changes().await?;
        ensure(!made.iter().any(|line| line.contains("cloudfront/Distribution")), format_args!("{made:#?}"))?;
        scene.delete("shop").await
    })
    .await;
}

#[tokio::test]
async fn a_zone_in_which_others_have_records_is_kept_until_they_are_gone() {
    play_of(EDGE, Emulator::Ministack, "zone", async |scene| {
        admit(scene, &["*.example.com", "example.com"], &[]).await?;
        let own = edge(scene, "shop", &json!({ "zone": { "policy": "Create", "name": "example.com" } }));
        let zone = output(&scene.ready(&own).await?, "zoneId")?;
        let mail = [record("mail.example.com", "MX", "10 mx.example.net")];
        change(scene, &zone, "CREATE", &mail).await?;
        scene.tenant.kubectl.delete(EDGE, "shop").await?;
        let says = [
            "the hosted zone example.com holds records that this object did not make: mail.example.com MX. Remove them, or keep the zone by deletionPolicy: Retain",
        ];
        until_it_says(scene, "shop", "InUse", &says).await?;
        let left = records(scene, &zone).await?;
        ensure(left.iter().any(|one| one["Type"] == "MX"), format_args!("{left:#?}"))?;
        change(scene, &zone, "DELETE", &mail).await?;
        look_again(scene, "shop").await?;
        scene.tenant.kubectl.wait_until_gone(EDGE, "shop", SOON).await?;
        let left = scene.tenant.changes().await?;
        ensure(left.is_empty(), format_args!("{left:#?}"))
    })
    .await;
}

#[tokio::test]
async fn a_certificate_that_is_never_validated_says_what_acm_misses_and_nothing_is_served() {
    play_of(EDGE, Emulator::Ministack, "certificate", async |scene| {
        let (tenant, checker) = (&scene.tenant, &scene.bed.checker);
        tenant.account.make_zone(&tenant.aws, "example.com").await?;
        let before = tenant.inventory().await?;
        admit(scene, &["*.example.com"], ZONES).await?;
        checker.hold_certificates(&tenant.account.id, Some("PENDING_VALIDATION")).await?;
        tenant.kubectl.apply(&edge(scene, "shop", &json!({}))).await?;
        let says = [
            "validation (acm/Validation): AWS says PENDING_VALIDATION: for shop.example.com, ACM has not found _",
            "which stands in hosted zone example.com (Z",
            "unless it was made within the last half hour, example.com is not delegated to that zone. Whoever has the domain above it, or its registrar, must name these name servers: ns-",
        ];
        until_it_says(scene, "shop", "Settling", &says).await?;
        checker.hold_certificates(&tenant.account.id, Some("VALIDATION_TIMED_OUT")).await?;
        look_again(scene, "shop").await?;
        let says = [
            "AWS says of acm/Certificate arn:aws:acm:us-east-1:",
            "VALIDATION_TIMED_OUT: within 72 hours ACM did not find the validation records of shop.example.com",
            "When that is mended, delete arn:aws:acm:us-east-1:",
            " in ACM: a new one is asked for",
        ];
        until_it_says(scene, "shop", "Failed", &says).await?;
        let made = tenant.changes().await?;
        ensure(!made.iter().any(|line| line.contains("cloudfront/Distribution")), format_args!("{made:#?}"))?;
        // As it says: the delegation is mended, the certificate deleted, and another one is asked for.
        let certificate = made.iter().find_map(|line| line.split_once("+ acm/Certificate (us-east-1) "));
        let (_, arn) = certificate.with_context(|| format!("no certificate among {made:#?}"))?;
        let arn = json!({ "CertificateArn": arn.split_whitespace().next() });
        tenant.aws.in_region("us-east-1").call("acm", "delete_certificate", arn).await?;
        checker.hold_certificates(&tenant.account.id, None).await?;
        look_again(scene, "shop").await?;
        scene.until_ready("shop").await?;
        scene.delete("shop").await?;
        let left = before.changes(&tenant.inventory().await?);
        ensure(left.is_empty(), format_args!("{left:#?}"))
    })
    .await;
}

/// An image that no registry has: no pod of it ever runs. kwok, which pulls none, would have them run.
const NOWHERE: &str = "registry.example.com/nowhere:1";

/// Keeps kwok from saying of pods of [`NOWHERE`] that they run.
async fn keep_from_running(scene: &Scene<'_>) -> Result<()> {
    let name = format!("{}-runs-not", scene.tenant.name);
    let namespace = json!({ "matchLabels": { "terrace.dev/environment": scene.tenant.name } });
    let pods =
        json!([{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["pods/status"] }]);
    let rule = format!("object.status.phase != 'Running' || object.spec.containers.all(c, c.image != '{NOWHERE}')");
    let policy = |kind: &str, spec: Value| json!({ "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": { "name": name }, "spec": spec });
    let constraints = json!({ "resourceRules": pods, "namespaceSelector": namespace });
    let validations = json!([{ "expression": rule, "message": "there is no such image" }]);
    let validating = json!({ "failurePolicy": "Fail", "matchConstraints": constraints, "validations": validations });
    let kubectl = scene.bed.kubectl();
    kubectl.apply(&policy("ValidatingAdmissionPolicy", validating)).await?;
    let binding = json!({ "policyName": name, "validationActions": ["Deny"] });
    kubectl.apply(&policy("ValidatingAdmissionPolicyBinding", binding)).await?;
    // It acts some seconds after it was made.
    let probe = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "probe", "namespace": scene.tenant.name },
                        "spec": { "schedulerName": "nobody", "containers": [{ "name": "app", "image": NOWHERE }] } });
    scene.tenant.kubectl.apply(&probe).await?;
    until("the policy", SOON, async || {
        let runs =
            scene.tenant.kubectl.patch_status("pod", "probe", &json!({ "status": { "phase": "Running" } })).await;
        ensure(runs.is_err_and(|error| error.to_string().contains("there is no such image")), "it may run")
    })
    .await?;
    scene.tenant.kubectl.delete("pod", "probe").await
}

/// What a kubelet says of a pod whose image it cannot pull, while it waits before the next try.
fn not_pulled() -> Value {
    let cause = format!("rpc error: code = NotFound desc = failed to pull and unpack image \"{NOWHERE}\": not found");
    let waiting = json!({ "reason": "ImagePullBackOff", "message": format!("Back-off pulling image \"{NOWHERE}\": ErrImagePull: {cause}") });
    json!({ "status": { "phase": "Pending", "containerStatuses": [{
        "name": "app", "image": NOWHERE, "imageID": "", "ready": false, "restartCount": 0, "state": { "waiting": waiting },
    }] } })
}

#[tokio::test]
async fn a_web_app_whose_image_cannot_be_pulled_says_so_in_the_words_of_its_pods() {
    play_of(WEB, Emulator::Ministack, "image", async |scene| {
        scene.tenant.apply_environment(SOON).await?;
        keep_from_running(scene).await?;
        scene.tenant.kubectl.apply(&web(scene, "shop", &json!({ "image": NOWHERE }))).await?;
        until("the words of the kubelet", SOON, async || {
            let pods = scene.tenant.kubectl.list("pods", "").await?;
            let scheduled = pods.iter().filter(|pod| pod["spec"]["nodeName"].is_string());
            let names: Vec<&str> = scheduled.filter_map(|pod| pod["metadata"]["name"].as_str()).filter(|name| *name != "probe").collect();
            ensure(names.len() == 2, format_args!("{names:?}"))?;
            for name in names {
                scene.tenant.kubectl.patch_status("pod", name, &not_pulled()).await?;
            }
            Ok(())
        })
        .await?;
        let says = [
            "Kubernetes says rolling out, 0 of 2 replicas are available: pod shop-",
            " (and 1 pod more): container app: ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image \"registry.example.com/nowhere:1\": not found",
        ];
        until_it_says(scene, "shop", "Settling", &says).await?;
        scene.edit("shop", json!({ "image": "shop:1" })).await?;
        scene.until_ready("shop").await?;
        scene.delete("shop").await
    })
    .await;
}

#[tokio::test]
async fn a_pod_that_no_node_takes_says_so_in_the_words_of_the_scheduler() {
    play_of(WEB, Emulator::Ministack, "unschedulable", async |scene| {
        scene.tenant.apply_environment(SOON).await?;
        scene.tenant.kubectl.apply(&web(scene, "shop", &json!({ "nodeSelector": { "disk": "tape" } }))).await?;
        let says = [
            "Kubernetes says rolling out, 0 of 2 replicas are available: pod shop-",
            " (and 1 pod more): Unschedulable: 0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
        ];
        until_it_says(scene, "shop", "Settling", &says).await?;
        scene.edit("shop", json!({ "nodeSelector": null })).await?;
        scene.until_ready("shop").await?;
        scene.delete("shop").await
    })
    .await;
}
