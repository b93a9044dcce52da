//! What Fargate cannot run.
//!
//! EKS user guide, "Simplify compute management with AWS Fargate" (considerations), "Understand Fargate Pod configuration
//! details" (sizes).

use std::collections::BTreeSet;

use serde_json::Value;
use terrace_crds::WebAppSpec;
use terrace_crds::web_app::{RunOn, WorkloadKind};

use super::super::template::pod_template;
use super::quantity::thousandths;
use crate::Invalid;

const POD: &str = "spec.template.spec";
const CONTAINERS: [&str; 2] = ["containers", "initContainers"];
/// Thousandths of a vCPU.
const MOST_CPU: u128 = 16_000;
/// Thousandths of a byte: 120 GiB, less what Fargate adds for the kubelet and its like.
const MOST_MEMORY: u128 = ((120 << 30) - (256 << 20)) * 1_000;
/// Thousandths of a byte.
const MOST_STORAGE: u128 = (175 << 30) * 1_000;

pub(super) fn check(spec: &WebAppSpec, invalid: &mut Invalid) {
    if spec.run_on != RunOn::Fargate {
        return;
    }
    if spec.workload_ref.as_ref().is_some_and(|workload| workload.kind == WorkloadKind::DaemonSet) {
        invalid.add("spec.workloadRef.kind", "Fargate runs no DaemonSet: run it on Nodes, or as a sidecar of the app");
    }
    if let Some(template) = &spec.template {
        pod(&template["spec"], invalid);
    }
    // The name of the object has no part in the sizes.
    if let Some(template) = pod_template(spec, "") {
        let pod = &template.of(super::super::slot::Slot::A)["spec"];
        size(spec, pod, invalid);
        devices(spec, pod, invalid);
    }
}

fn pod(pod: &Value, invalid: &mut Invalid) {
    let mut refuse = |field: &str, message: &str| invalid.add(&format!("{POD}.{field}"), message);
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if pod[field] == true {
            refuse(field, "a pod on Fargate has no host to share: leave it out, or set runOn to Nodes");
        }
    }
    let affinity = pod["affinity"].get("nodeAffinity").map(|_| "affinity.nodeAffinity");
    let chosen = ["nodeSelector", "nodeName", "tolerations"].into_iter().filter(|field| pod.get(field).is_some());
    for field in chosen.chain(affinity) {
        refuse(field, "Fargate has no nodes to choose, nor Spot capacity: leave it out, or set runOn to Nodes");
    }
    if pod["os"]["name"] == "windows" {
        refuse("os", "Fargate runs Linux: leave it out, or set runOn to Nodes");
    }
    for volume in pod["volumes"].as_array().into_iter().flatten() {
        if let Some(message) = unmountable(volume) {
            refuse(&named("volumes", volume), message);
        }
    }
    for (list, container) in containers(pod) {
        let field = named(list, container);
        if container["securityContext"]["privileged"] == true {
            refuse(&field, "Fargate runs no privileged containers: leave privileged out, or set runOn to Nodes");
        }
        if container["ports"].as_array().into_iter().flatten().any(|port| port.get("hostPort").is_some()) {
            refuse(&field, "a pod on Fargate has no host port: leave hostPort out, or set runOn to Nodes");
        }
    }
}

/// Why Fargate does not mount a volume.
fn unmountable(volume: &Value) -> Option<&'static str> {
    let has = |kind: &str| volume.get(kind).is_some();
    match volume["csi"]["driver"].as_str() {
        Some("ebs.csi.aws.com") => Some(NO_EBS),
        Some("secrets-store.csi.k8s.io") => {
            Some("Fargate has no Secrets Store CSI driver: use bindings, or set runOn to Nodes")
        }
        _ if has("awsElasticBlockStore") || has("ephemeral") => Some(NO_EBS),
        _ if has("hostPath") => {
            Some("a pod on Fargate has no host whose path it could mount: use emptyDir, or set runOn to Nodes")
        }
        _ => None,
    }
}

const NO_EBS: &str = "Fargate mounts no EBS volumes: use emptyDir or EFS, or set runOn to Nodes";

/// An item of a list, as `containers[app]`.
fn named(list: &str, item: &Value) -> String {
    format!("{list}[{}]", item["name"].as_str().unwrap_or_default())
}

fn containers(pod: &Value) -> impl Iterator<Item = (&'static str, &Value)> {
    let all = |list| pod[list].as_array().into_iter().flatten().map(move |container| (list, container));
    CONTAINERS.into_iter().flat_map(all)
}

/// What the containers request together, or the largest of those that run before them, must fit the largest size.
fn size(spec: &WebAppSpec, pod: &Value, invalid: &mut Invalid) {
    let requests = |list: &str, resource: &str| -> Vec<u128> {
        let all = pod[list].as_array().into_iter().flatten();
        all.filter_map(|container| thousandths(&container["resources"]["requests"][resource])).collect()
    };
    let place = if spec.template.is_some() { "spec.template.spec.containers[].resources" } else { "spec.resources" };
    for (resource, most, words) in [
        ("cpu", MOST_CPU, "16 vCPU"),
        ("memory", MOST_MEMORY, "120 GiB, of which 256 MiB are Fargate's own"),
        ("ephemeral-storage", MOST_STORAGE, "175 GiB of storage"),
    ] {
        let together = requests("containers", resource).into_iter().fold(0, u128::saturating_add);
        let before = requests("initContainers", resource).into_iter().max().unwrap_or_default();
        if together.max(before) > most {
            let field = format!("{place}.requests.{resource}");
            invalid.add(&field, format!("the largest pod on Fargate has {words}: ask for less, or set runOn to Nodes"));
        }
    }
}

/// Extended resources, which alone have a domain in their names, are devices of nodes.
fn devices(spec: &WebAppSpec, pod: &Value, invalid: &mut Invalid) {
    for (list, container) in containers(pod) {
        let place = if spec.template.is_some() {
            format!("{POD}.{}.resources", named(list, container))
        } else {
            "spec.resources".into()
        };
        let asked = ["requests", "limits"].into_iter().flat_map(|part| container["resources"][part].as_object());
        let devices: BTreeSet<&String> = asked.flat_map(|part| part.keys()).filter(|name| name.contains('/')).collect();
        for device in devices {
            let message = format!(
                "Fargate has no {device}, as it has no GPUs and other devices: leave it out, or set runOn to Nodes"
            );
            invalid.add(&place, message);
        }
    }
}
