//! What Fargate cannot run.
//!
//! EKS user guide, "Simplify compute management with AWS Fargate" (considerations), "Understand Fargate Pod configuration
//! details" (sizes).

use serde_json::Value;
use terrace_crds::WebAppSpec;
use terrace_crds::web_app::{RunOn, WorkloadKind};

use super::super::template::pod_template;
use super::quantity::thousandths;
use crate::Invalid;

const POD: &str = "spec.template.spec";
/// Thousandths of a vCPU.
const MOST_CPU: u128 = 16_000;
/// Thousandths of a byte: 120 GiB, less what Fargate adds for the kubelet and its like.
const MOST_MEMORY: u128 = ((120 << 30) - (256 << 20)) * 1_000;

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
        size(&template.of(super::super::slot::Slot::A)["spec"], invalid);
    }
}

fn pod(pod: &Value, invalid: &mut Invalid) {
    let mut refuse = |field: &str, message: &str| invalid.add(&format!("{POD}.{field}"), message);
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if pod[field] == true {
            refuse(field, "a pod on Fargate has no host to share: leave it out, or set runOn to Nodes");
        }
    }
    for field in ["nodeSelector", "nodeName", "tolerations"] {
        if pod.get(field).is_some() {
            refuse(field, "Fargate has no nodes to choose: leave it out, or set runOn to Nodes");
        }
    }
    for volume in pod["volumes"].as_array().into_iter().flatten() {
        let ebs = ["awsElasticBlockStore", "ephemeral"].iter().any(|kind| volume.get(kind).is_some())
            || volume["csi"]["driver"] == "ebs.csi.aws.com";
        if ebs {
            refuse("volumes", "Fargate mounts no EBS volumes: use emptyDir or EFS, or set runOn to Nodes");
        }
        if volume.get("hostPath").is_some() {
            refuse(
                "volumes",
                "a pod on Fargate has no host whose path it could mount: use emptyDir, or set runOn to Nodes",
            );
        }
        if volume["csi"]["driver"] == "secrets-store.csi.k8s.io" {
            refuse("volumes", "Fargate has no Secrets Store CSI driver: use bindings, or set runOn to Nodes");
        }
    }
    for container in containers(pod) {
        if container["securityContext"]["privileged"] == true {
            refuse("containers", "Fargate runs no privileged containers: leave privileged out, or set runOn to Nodes");
        }
        if container["ports"].as_array().into_iter().flatten().any(|port| port.get("hostPort").is_some()) {
            refuse("containers", "a pod on Fargate has no host port: leave hostPort out, or set runOn to Nodes");
        }
    }
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["containers", "initContainers"].into_iter().flat_map(|list| pod[list].as_array().into_iter().flatten())
}

/// What the containers request together, or the largest of those that run before them, must fit the largest size.
fn size(pod: &Value, invalid: &mut Invalid) {
    let requests = |list: &str, resource: &str| -> Vec<u128> {
        let all = pod[list].as_array().into_iter().flatten();
        all.filter_map(|container| thousandths(&container["resources"]["requests"][resource])).collect()
    };
    for (resource, most, words) in
        [("cpu", MOST_CPU, "16 vCPU"), ("memory", MOST_MEMORY, "120 GiB, of which 256 MiB are Fargate's own")]
    {
        let together = requests("containers", resource).into_iter().fold(0, u128::saturating_add);
        let before = requests("initContainers", resource).into_iter().max().unwrap_or_default();
        if together.max(before) > most {
            let field = format!("{}.requests.{resource}", "spec.resources");
            invalid.add(&field, format!("the largest pod on Fargate has {words}: ask for less, or set runOn to Nodes"));
        }
        let gpu = containers(pod).any(|container| container["resources"]["limits"].get("nvidia.com/gpu").is_some());
        if gpu && resource == "cpu" {
            invalid.add("spec.resources.limits", "Fargate has no GPUs: leave them out, or set runOn to Nodes");
        }
    }
}
