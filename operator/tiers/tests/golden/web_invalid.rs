//! Every refusal of a WebApp, with the field it names and its exact words.

use serde_json::{Value, json};
use terrace_crds::environment::Exposure;
use terrace_tiers::facts::{Facts, Subnet};
use terrace_tiers::{ReferenceKind, Tier};

use crate::support::{self, web};

/// What is wrong with the smallest manifest after this change, in these facts.
fn refusals(change: Value, facts: impl FnOnce(&mut Facts)) -> Vec<String> {
    support::refusals(&web(change), facts)
}

#[track_caller]
fn refused(change: Value, facts: impl FnOnce(&mut Facts), message: &str) {
    assert_eq!(refusals(change, facts), [message]);
}

fn as_usual(_: &mut Facts) {}

const CERTIFICATE: &str = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b";

#[test]
fn a_kind_that_the_environment_does_not_admit() {
    refused(
        json!({}),
        |facts| facts.environment.limits.kinds = Some(vec!["DataTier".into()]),
        "kind: Environment prod does not admit WebApp: ask its administrator to add it to limits.kinds",
    );
}

#[test]
fn a_name_that_no_service_can_have() {
    for name in ["a".repeat(62), "1shop".into(), "shop.web".into()] {
        let message = format!(
            "metadata.name: {name} cannot be the name of a Service: begin with a letter, use letters, digits and dashes, 61 at most"
        );
        refused(json!({}), |facts| facts.object.name = name, &message);
    }
}

#[test]
fn variables_that_are_set_twice() {
    let db = |name: &str| json!({"name": name, "dataTierRef": {"name": "orders"}});
    refused(
        json!({"bindings": [db("db")], "env": [{"name": "DB_HOST", "value": "here"}]}),
        as_usual,
        "spec.bindings[db]: the variable DB_HOST is set by spec.env too: give one of them another name",
    );
    refused(
        json!({"bindings": [db("db"), db("db-reader")]}),
        as_usual,
        "spec.bindings[db-reader]: the variable DB_READER_HOST is set by spec.bindings[db] too: give one of them another name",
    );
    refused(
        json!({"bindings": [db("db")], "env": [{"name": "SERVICE_BINDING_ROOT", "value": "/"}]}),
        as_usual,
        "spec.env: SERVICE_BINDING_ROOT is set by the bindings: leave it out",
    );
    refused(
        json!({"bindings": [db("db")], "image": null, "template": {"spec": {"containers": [{"name": "a", "env": [{"name": "DB_PORT"}]}]}}}),
        as_usual,
        "spec.template.spec.containers: the variable DB_PORT is set by the bindings: leave it out of env",
    );
}

#[test]
fn a_template_that_cannot_be_completed() {
    let template = |pod: Value| json!({"image": null, "template": {"spec": pod}});
    let app = json!([{"name": "app"}]);
    for (pod, message) in [
        (json!({}), "spec.template.spec.containers: the pod has no container: name the app's"),
        (json!({"containers": "x"}), "spec.template.spec.containers: the pod has no container: name the app's"),
        (
            json!({"containers": app, "serviceAccountName": "mine"}),
            "spec.template.spec.serviceAccountName: the pods have a service account of their own, which has the role: leave this out",
        ),
        (
            json!({"containers": app, "terminationGracePeriodSeconds": 30}),
            "spec.template.spec.terminationGracePeriodSeconds: a pod serves for 30 s (expose.drainingSeconds) before it ends, and 30 s is not more: raise it",
        ),
        (
            json!({"containers": app, "x": [{"$terrace": {"node": "role", "output": "arn"}}]}),
            "spec.template: $terrace is a key of Terrace's own: leave it out",
        ),
    ] {
        refused(template(pod), as_usual, message);
    }
    let mut spot = template(json!({"containers": app, "affinity": {}}));
    spot["spot"] = json!("Prefer");
    refused(
        spot,
        as_usual,
        "spec.spot: the template has an affinity of its own: write Spot into it, or leave it out there",
    );
}

#[test]
fn what_fargate_cannot_run() {
    let pod = |mut pod: Value| {
        if pod.get("containers").is_none() {
            pod["containers"] = json!([{"name": "app"}]);
        }
        json!({"image": null, "runOn": "Fargate", "template": {"spec": pod}})
    };
    for (pod, message) in [
        (
            json!({"hostNetwork": true}),
            "hostNetwork: a pod on Fargate has no host to share: leave it out, or set runOn to Nodes",
        ),
        (
            json!({"nodeSelector": {"a": "b"}}),
            "nodeSelector: Fargate has no nodes to choose, nor Spot capacity: leave it out, or set runOn to Nodes",
        ),
        (
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}}),
            "affinity.nodeAffinity: Fargate has no nodes to choose, nor Spot capacity: leave it out, or set runOn to Nodes",
        ),
        (json!({"os": {"name": "windows"}}), "os: Fargate runs Linux: leave it out, or set runOn to Nodes"),
        (
            json!({"volumes": [{"name": "a", "ephemeral": {}}]}),
            "volumes[a]: Fargate mounts no EBS volumes: use emptyDir or EFS, or set runOn to Nodes",
        ),
        (
            json!({"volumes": [{"name": "a", "csi": {"driver": "ebs.csi.aws.com"}}]}),
            "volumes[a]: Fargate mounts no EBS volumes: use emptyDir or EFS, or set runOn to Nodes",
        ),
        (
            json!({"volumes": [{"name": "a", "hostPath": {}}]}),
            "volumes[a]: a pod on Fargate has no host whose path it could mount: use emptyDir, or set runOn to Nodes",
        ),
        (
            json!({"volumes": [{"name": "a", "csi": {"driver": "secrets-store.csi.k8s.io"}}]}),
            "volumes[a]: Fargate has no Secrets Store CSI driver: use bindings, or set runOn to Nodes",
        ),
        (
            json!({"containers": [{"name": "app", "securityContext": {"privileged": true}}]}),
            "containers[app]: Fargate runs no privileged containers: leave privileged out, or set runOn to Nodes",
        ),
        (
            json!({"containers": [{"name": "app", "ports": [{"containerPort": 80, "hostPort": 80}]}]}),
            "containers[app]: a pod on Fargate has no host port: leave hostPort out, or set runOn to Nodes",
        ),
        (
            json!({"initContainers": [{"name": "setup", "securityContext": {"privileged": true}}]}),
            "initContainers[setup]: Fargate runs no privileged containers: leave privileged out, or set runOn to Nodes",
        ),
        (
            json!({"containers": [{"name": "app", "resources": {"limits": {"aws.amazon.com/neuron": "1"}}}]}),
            "containers[app].resources: Fargate has no aws.amazon.com/neuron, as it has no GPUs and other devices: leave it out, or set runOn to Nodes",
        ),
    ]
    .map(|(change, message)| (pod(change), format!("spec.template.spec.{message}")))
    {
        refused(pod, as_usual, &message);
    }
}

#[test]
fn a_daemon_set_cannot_run_on_fargate() {
    refused(
        json!({"image": null, "runOn": "Fargate", "workloadRef": {"kind": "DaemonSet", "name": "a", "container": "b"}}),
        as_usual,
        "spec.workloadRef.kind: Fargate runs no DaemonSet: run it on Nodes, or as a sidecar of the app",
    );
}

#[test]
fn more_than_fargate_has() {
    let request = |requests: Value| json!({"runOn": "Fargate", "resources": {"requests": requests}});
    let cpu =
        "spec.resources.requests.cpu: the largest pod on Fargate has 16 vCPU: ask for less, or set runOn to Nodes";
    let memory = "spec.resources.requests.memory: the largest pod on Fargate has 120 GiB, of which 256 MiB are Fargate's own: ask for less, or set runOn to Nodes";
    refused(request(json!({"cpu": "16.1"})), as_usual, cpu);
    refused(request(json!({"memory": "120Gi"})), as_usual, memory);
    assert_eq!(refusals(request(json!({"cpu": "16", "memory": "119.75Gi"})), as_usual), Vec::<String>::new());
    let nodes = json!({"resources": {"requests": {"cpu": "64", "memory": "500Gi"}}});
    assert_eq!(refusals(nodes, as_usual), Vec::<String>::new());
    let container = |name: &str| json!({"name": name, "resources": {"requests": {"cpu": 10}}});
    let pod = json!({"containers": [container("app"), container("b")]});
    let in_template = cpu.replacen("spec.resources", "spec.template.spec.containers[].resources", 1);
    refused(json!({"image": null, "runOn": "Fargate", "template": {"spec": pod}}), as_usual, &in_template);
    let pod = json!({"containers": [container("app")], "initContainers": [container("b")]});
    let one_by_one = json!({"image": null, "runOn": "Fargate", "template": {"spec": pod}});
    assert_eq!(refusals(one_by_one, as_usual), Vec::<String>::new());
    let storage = "spec.resources.requests.ephemeral-storage: the largest pod on Fargate has 175 GiB of storage: ask for less, or set runOn to Nodes";
    refused(request(json!({"ephemeral-storage": "176Gi"})), as_usual, storage);
    let gpu = json!({"runOn": "Fargate", "resources": {"limits": {"nvidia.com/gpu": "1"}}});
    let message = "spec.resources: Fargate has no nvidia.com/gpu, as it has no GPUs and other devices: leave it out, or set runOn to Nodes";
    refused(gpu, as_usual, message);
}

#[test]
fn a_cluster_that_gives_pods_no_role() {
    let without = |facts: &mut Facts| {
        facts.environment.features.pod_identity = false;
        facts.environment.features.oidc_provider = None;
    };
    let command = "IAM has no OIDC provider for EKS cluster prod, without which no pod has a role: let its administrator run `eksctl utils associate-iam-oidc-provider --cluster prod --region eu-west-1 --approve`";
    refused(json!({}), without, &format!("spec.runOn: {command}, or install the add-on eks-pod-identity-agent"));
    let only_agent = |facts: &mut Facts| facts.environment.features.oidc_provider = None;
    refused(json!({"runOn": "Fargate"}), only_agent, &format!("spec.runOn: {command}"));
    assert_eq!(refusals(json!({}), only_agent), Vec::<String>::new());
}

#[test]
fn a_load_balancer_that_cannot_be() {
    refused(
        json!({}),
        |facts| facts.environment.features.target_group_binding = None,
        "spec.expose: EKS cluster prod serves no TargetGroupBinding, by which pods are registered at a load balancer: let its administrator install the AWS Load Balancer Controller or turn on EKS Auto Mode, or set expose.protocol to None",
    );
    let none = |facts: &mut Facts| facts.environment.features.target_group_binding = None;
    assert_eq!(refusals(json!({"expose": {"protocol": "None"}}), none), Vec::<String>::new());
    refused(
        json!({"expose": {"scheme": "InternetFacing"}}),
        |facts| facts.environment.limits.exposure = Exposure::Private,
        "spec.expose.scheme: Environment prod is Private, and nothing in it may be reached from the internet: set scheme to Internal, or ask its administrator to set limits.exposure to Public",
    );
    refused(
        json!({"expose": {"hostnames": ["shop.example.org"]}}),
        as_usual,
        "spec.expose.hostnames: Environment prod does not admit shop.example.org: ask its administrator to add it to limits.hostnames",
    );
    let one_zone = |facts: &mut Facts| {
        facts.environment.public_subnets = vec![Subnet { id: "subnet-1".into(), zone: "eu-west-1a".into() }];
    };
    refused(
        json!({"expose": {"scheme": "InternetFacing"}}),
        one_zone,
        "spec.expose: the public subnets of Environment prod are in 1 availability zones, and the load balancer needs 2: ask its administrator to add subnets in other zones",
    );
    let network = json!({"expose": {"scheme": "InternetFacing", "protocol": "TCP"}});
    assert_eq!(refusals(network, one_zone), Vec::<String>::new());
}

#[test]
fn a_certificate_or_an_alarm_that_is_not_the_namespaces() {
    let https = |arn: &str| json!({"expose": {"protocol": "HTTPS", "certificate": arn}});
    let theirs = |facts: &mut Facts| facts.named.values_mut().for_each(|named| named.namespace = None);
    refused(
        https(CERTIFICATE),
        theirs,
        &format!(
            "spec.expose.certificate: {CERTIFICATE} is no certificate of namespace shop: name one of its own, or ask the administrator of Environment prod to add {CERTIFICATE} to limits.allow"
        ),
    );
    refused(
        https("arn:aws:acm:us-east-1:111122223333:certificate/0a1b"),
        as_usual,
        "spec.expose.certificate: it is of us-east-1, and the load balancer stands in eu-west-1: name one of that region",
    );
    let canary = json!({"rollout": {"strategy": "Canary", "alarm": {"name": "errors"}}});
    refused(
        canary.clone(),
        theirs,
        "spec.rollout.alarm.name: errors is no CloudWatch alarm of namespace shop: name one of its own, or ask the administrator of Environment prod to add arn:aws:cloudwatch:eu-west-1:111122223333:alarm:errors to limits.allow",
    );
    let references = web(canary).references(&Default::default());
    assert_eq!(
        references.iter().map(|one| (one.kind, one.text.as_str())).collect::<Vec<_>>(),
        [(ReferenceKind::Alarm, "errors")]
    );
}

#[test]
fn permissions_over_rights_or_over_what_is_not_the_namespaces() {
    let permission =
        |action: &str, resource: &str| json!({"permissions": [{"actions": [action], "resources": [resource]}]});
    let queue = "arn:aws:sqs:eu-west-1:111122223333:shop-orders";
    assert_eq!(refusals(permission("sqs:*", queue), as_usual), Vec::<String>::new());
    assert_eq!(refusals(permission("xray:PutTraceSegments", "*"), as_usual), Vec::<String>::new());
    refused(
        permission("sqs:SendMessage", "*"),
        as_usual,
        "spec.permissions[0].resources: these actions are granted on resources: name those of this namespace",
    );
    refused(
        permission("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:*"),
        as_usual,
        "spec.permissions[0].resources: arn:aws:sqs:eu-west-1:111122223333:* is not admitted: ask the administrator of Environment prod to add it to limits.allow for namespace shop",
    );
    let role = "arn:aws:iam::111122223333:role/shop";
    let admits = |facts: &mut Facts| facts.environment.limits.allow.push(role.into());
    refused(
        permission("iam:*", role),
        admits,
        "spec.permissions[0].actions: iam:* would give rights over rights: name each action",
    );
    assert_eq!(refusals(permission("iam:PassRole", role), admits), Vec::<String>::new());
    refused(
        permission("iam:PassRole", role),
        |facts| {
            admits(facts);
            facts.environment.permissions_boundary = None;
        },
        "spec.permissions[0].actions: iam:PassRole gives rights over rights, and Environment prod has no permissions boundary for them: leave it out, or ask its administrator to set permissionsBoundary",
    );
}
