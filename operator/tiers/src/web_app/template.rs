//! The pod template: the user's own or that of an image, completed with what wires, secures, spreads and ends it.

use serde_json::{Map, Value, json};
use terrace_crds::WebAppSpec;
use terrace_crds::web_app::RunOn;
use terrace_model::aws::kubernetes::ServiceAccount;
use terrace_model::identity::{canonical, short_hash};

use super::containers::{self, APP, default, extend, inner, map};
use super::design::{SLOT_LABEL, app_label};
use super::placement;
use super::role::SERVICE_ACCOUNT;
use super::slot::{Slot, out};
use super::wiring::Wiring;

/// Seconds that an app has to end, beside those for which it goes on serving.
const TO_END: u16 = 30;

/// A pod template, with late values in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PodTemplate {
    value: Value,
    /// The name of the app's port.
    pub port: String,
}

impl PodTemplate {
    /// The template of a slot's pods.
    pub fn of(&self, slot: Slot) -> Value {
        let mut value = self.value.clone();
        value["metadata"]["labels"][SLOT_LABEL] = json!(slot.as_str());
        value
    }

    /// Tells one version of the pods from another. What is late in it, as the version of a credential, counts as what it
    /// refers to.
    pub fn hash(&self) -> String {
        short_hash(&[&canonical(&self.value)])
    }
}

/// The template; none for a workload of somebody else's.
pub(super) fn pod_template(spec: &WebAppSpec, app: &str) -> Option<PodTemplate> {
    if spec.workload_ref.is_some() {
        return None;
    }
    let given = map(spec.template.clone().unwrap_or_default());
    let part = |key: &str| map(given.get(key).cloned().unwrap_or_default());
    let mut pod = match &spec.image {
        Some(image) => of_image(spec, image),
        None => part("spec"),
    };
    let wiring = Wiring::of(spec);
    let port = complete(&mut pod, spec, app, &wiring);
    let mut metadata = part("metadata");
    inner(&mut metadata, "labels").extend(app_label(app).into_iter().map(|(key, value)| (key, json!(value))));
    if !wiring.annotations.is_empty() {
        let annotations = wiring.annotations.iter().map(|(key, value)| (key.clone(), json!(value)));
        inner(&mut metadata, "annotations").extend(annotations);
    }
    Some(PodTemplate { value: json!({"metadata": metadata, "spec": pod}), port })
}

fn of_image(spec: &WebAppSpec, image: &str) -> Map<String, Value> {
    let mut pod = map(json!({"containers": [containers::of_image(spec, image)]}));
    extend(&mut pod, "volumes", &containers::volumes(spec));
    let security = spec.security_context.clone().unwrap_or_default();
    let ids =
        [("runAsUser", security.run_as_user), ("runAsGroup", security.run_as_group), ("fsGroup", security.fs_group)];
    let context = inner(&mut pod, "securityContext");
    context.extend(ids.into_iter().filter_map(|(field, id)| Some((field.to_owned(), json!(id?)))));
    if !spec.node_selector.is_empty() {
        pod.insert("nodeSelector".into(), json!(spec.node_selector));
    }
    if !spec.tolerations.is_empty() {
        pod.insert("tolerations".into(), json!(spec.tolerations));
    }
    let pulls: Vec<_> = spec.image_pull_secrets.iter().map(|name| json!({"name": name})).collect();
    extend(&mut pod, "imagePullSecrets", &pulls);
    if let Some(seconds) = spec.termination_grace_period_seconds {
        pod.insert("terminationGracePeriodSeconds".into(), json!(seconds));
    }
    pod
}

/// The app among a pod's containers: the one of that name, or the first.
pub(super) fn app_container(containers: &[Value]) -> usize {
    containers.iter().position(|container| container["name"] == APP).unwrap_or_default()
}

/// Sets what the pod does not say, and wires its app. The name of the app's port comes back.
fn complete(pod: &mut Map<String, Value>, spec: &WebAppSpec, app: &str, wiring: &Wiring) -> String {
    let mut port = APP.to_owned();
    for list in ["containers", "initContainers"] {
        let Some(Value::Array(containers)) = pod.get_mut(list) else { continue };
        let index = app_container(containers);
        for container in containers.iter_mut().filter_map(Value::as_object_mut) {
            containers::secure(container);
        }
        if list == "containers"
            && let Some(Value::Object(container)) = containers.get_mut(index)
        {
            port = containers::wire(container, spec, wiring);
        }
    }
    extend(pod, "volumes", &wiring.volumes);
    let security = inner(pod, "securityContext");
    default(security, "runAsNonRoot", json!(true));
    default(security, "seccompProfile", json!({"type": "RuntimeDefault"}));
    pod.insert("serviceAccountName".into(), json!(out(SERVICE_ACCOUNT, ServiceAccount::NAME)));
    // A Service called db would set DB_PORT, as a binding does.
    default(pod, "enableServiceLinks", json!(false));
    default(pod, "terminationGracePeriodSeconds", json!(spec.draining_seconds() + TO_END));
    if spec.run_on == RunOn::Nodes {
        default(pod, "topologySpreadConstraints", placement::spread(app));
        default(pod, "affinity", placement::affinity(spec.spot));
    }
    port
}
