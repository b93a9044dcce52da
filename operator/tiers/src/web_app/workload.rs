//! The pods in the cluster: Deployment, autoscaler, disruption budget, Services; or what is set in somebody else's workload.

use serde_json::{Value, json};
use terrace_crds::WebAppSpec;
use terrace_crds::web_app::{Replicas, Rollout, WorkloadRef};
use terrace_model::Val;
use terrace_model::aws::kubernetes::{
    Deployment, HorizontalPodAutoscaler, Manifest, ObjectKind, PodDisruptionBudget, Service, ServiceAccount,
    WorkloadPatch,
};

use super::containers::{APP, health};
use super::design::{APP_LABEL, Design, Identity, SLOT_LABEL, app_label};
use super::role::SERVICE_ACCOUNT;
use super::slot::{AUTOSCALER, Slot, TARGET_SERVICE, WORKLOAD, association, out, profile};
use super::template::PodTemplate;
use super::wiring::Wiring;
use crate::draft::Draft;

/// The port of the Services. Behind it stands the pods' own by its name, so that pods of several versions may have several.
pub(super) const SERVICE_PORT: u16 = 80;
/// The logical id of the Service for pods of the cluster.
pub(super) const SERVICE: &str = "service";
/// How many versions can be gone back to by hand.
const HISTORY: i32 = 3;

/// Adds the pods, or what a workload of somebody else's is given.
pub(super) fn workload(draft: &mut Draft, design: &Design) {
    match (&design.template, &design.spec.workload_ref) {
        (Some(template), _) => own(draft, design, template),
        (None, Some(workload)) => {
            draft.add("patch", patch(design, workload));
        }
        (None, None) => {}
    }
}

fn own(draft: &mut Draft, design: &Design, template: &PodTemplate) {
    for slot in design.state.slots() {
        draft.add(&slot.of(WORKLOAD), deployment(design, template, slot));
        if autoscaled(design) {
            draft.add(&slot.of(AUTOSCALER), autoscaler(design, slot));
        }
    }
    let budget = json!({"spec": {
        "maxUnavailable": 1,
        "selector": {"matchLabels": app_label(design.app())},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }});
    draft.add("disruption", labelled(design, PodDisruptionBudget::new(design.app(), budget)));
    let stable = design.state.serving();
    draft.add(SERVICE, labelled(design, service(design, design.app().to_owned(), stable, &template.port)));
    if design.has_slots() && design.expose.is_some() {
        for slot in Slot::ALL {
            let name = format!("{}-{}", design.app(), slot.as_str());
            draft.add(&slot.of(TARGET_SERVICE), labelled(design, service(design, name, slot, &template.port)));
        }
    }
}

/// The Service, by name and port, by which a target group finds the pods of a slot.
pub(super) fn target_service(design: &Design, slot: Slot) -> (Val<String>, u16) {
    match &design.spec.workload_ref {
        Some(workload) => {
            let name = workload.service_name.clone().unwrap_or_default();
            (name.into(), workload.service_port.unwrap_or(design.spec.port))
        }
        None if design.has_slots() => (out(&slot.of(TARGET_SERVICE), Service::NAME), SERVICE_PORT),
        None => (out(SERVICE, Service::NAME), SERVICE_PORT),
    }
}

fn labelled<K: ObjectKind>(design: &Design, manifest: Manifest<K>) -> Manifest<K> {
    manifest.label("app.kubernetes.io/name", design.app()).label(APP_LABEL, design.app())
}

fn selector(design: &Design, slot: Slot) -> Value {
    json!({APP_LABEL: design.app(), SLOT_LABEL: slot.as_str()})
}

fn service(design: &Design, name: String, slot: Slot, port: &str) -> Service {
    Service::new(
        name,
        json!({"spec": {
            "type": "ClusterIP",
            "selector": selector(design, slot),
            "ports": [{"name": APP, "port": SERVICE_PORT, "protocol": "TCP", "targetPort": port}],
        }}),
    )
}

/// Pods are added before others go, and count only once the load balancer, too, has found them well. While a rollout is
/// under way, the version that it began from stays as it stands: the spec no longer says what that is.
fn deployment(design: &Design, template: &PodTemplate, slot: Slot) -> Deployment {
    let rollout = design.spec.rollout.clone().unwrap_or_default();
    let mut spec = json!({
        "selector": {"matchLabels": selector(design, slot)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": surge(&rollout)},
        "minReadySeconds": settling_seconds(design.spec),
        // It must be more than minReadySeconds.
        "progressDeadlineSeconds": rollout.timeout_seconds + settling_seconds(design.spec),
        "revisionHistoryLimit": HISTORY,
    });
    if !autoscaled(design) {
        spec["replicas"] = json!(replicas(design).min);
    }
    let held = design.state.is_held(slot);
    if !held {
        spec["template"] = template.of(slot);
    }
    let deployment = labelled(design, Deployment::new(slot.of(design.app()), json!({ "spec": spec })));
    let deployment = if held { deployment.keeping("spec.template") } else { deployment };
    // Pods have their role, and run on Fargate, only if that was settled before they came.
    let deployment = match design.identity {
        Identity::PodIdentity => deployment.annotation("terrace.dev/pod-identity", association()),
        Identity::WebIdentity { .. } => deployment,
    };
    if design.makes_fargate_pods() {
        deployment.annotation("terrace.dev/fargate-profile", profile())
    } else {
        deployment
    }
}

fn surge(rollout: &Rollout) -> Value {
    json!({"maxSurge": format!("{}%", rollout.max_surge_percent), "maxUnavailable": 0})
}

/// Seconds that the load balancer takes to find a new pod well, and some to hear of it.
pub(super) fn settling_seconds(spec: &WebAppSpec) -> u32 {
    let health = health(spec);
    let asked = u32::from(health.interval_seconds) * u32::from(health.success_threshold);
    if spec.exposed().is_some() { asked + 10 } else { 0 }
}

fn replicas(design: &Design) -> Replicas {
    design.spec.replicas.clone().unwrap_or_default()
}

fn autoscaled(design: &Design) -> bool {
    is_autoscaled(design.spec)
}

/// Whether the number of pods changes by itself.
pub(super) fn is_autoscaled(spec: &WebAppSpec) -> bool {
    let replicas = spec.replicas.clone().unwrap_or_default();
    replicas.min < replicas.max
}

/// A version that is to take over begins with as many pods as the one that it takes over from; and while the other has the
/// requests, or is about to give them back, the one that they can go back to keeps as many.
fn autoscaler(design: &Design, slot: Slot) -> HorizontalPodAutoscaler {
    let replicas = replicas(design);
    let metric = |name: &str, percent: u8| {
        json!({"type": "Resource", "resource": {
            "name": name,
            "target": {"type": "Utilization", "averageUtilization": percent},
        }})
    };
    let memory = replicas.memory_percent.map(|percent| metric("memory", percent));
    let metrics: Vec<_> = [metric("cpu", replicas.cpu_percent)].into_iter().chain(memory).collect();
    let least = match design.state.follows(slot) {
        Some(other) => json!(out(&other.of(WORKLOAD), Deployment::REPLICAS)),
        None => json!(replicas.min),
    };
    let spec = json!({
        "scaleTargetRef": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": out(&slot.of(WORKLOAD), Deployment::NAME),
        },
        "minReplicas": least,
        "maxReplicas": replicas.max,
        "metrics": metrics,
    });
    labelled(design, HorizontalPodAutoscaler::new(slot.of(design.app()), json!({ "spec": spec })))
}

fn patch(design: &Design, workload: &WorkloadRef) -> WorkloadPatch {
    let wiring = Wiring::of(design.spec);
    WorkloadPatch {
        api_version: WorkloadPatch::API_VERSION.into(),
        kind: workload.kind.as_str().into(),
        name: workload.name.clone(),
        container: workload.container.clone(),
        service_account_name: Some(out(SERVICE_ACCOUNT, ServiceAccount::NAME)),
        env: wiring.env,
        volumes: wiring.volumes,
        volume_mounts: wiring.mounts,
        annotations: wiring.annotations,
    }
}
