//! What the bindings give to a container: environment variables, files, and an annotation of the pod.
//!
//! servicebinding.io, "Workload Projection": files lie under `$SERVICE_BINDING_ROOT/<binding>`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use terrace_crds::WebAppSpec;
use terrace_crds::web_app::WebBinding;
use terrace_model::Val;

use super::bindings::Target;
use super::slot::{secret_name, secret_version};

/// Where the files of the bindings lie.
const ROOT: &str = "/bindings";
/// The variable that says so.
pub(super) const ROOT_VARIABLE: &str = "SERVICE_BINDING_ROOT";

/// What is put into a pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wiring {
    /// As `env` of a container.
    pub env: Vec<Value>,
    /// As `volumes` of a pod.
    pub volumes: Vec<Value>,
    /// As `volumeMounts` of a container.
    pub mounts: Vec<Value>,
    /// Annotations of the pod: a credential that is rotated changes one, and so rolls the pods.
    pub annotations: BTreeMap<String, Val<String>>,
}

impl Wiring {
    /// That of all bindings.
    pub fn of(spec: &WebAppSpec) -> Self {
        let mut wiring = Wiring::default();
        if !spec.bindings.is_empty() {
            wiring.env.push(json!({"name": ROOT_VARIABLE, "value": ROOT}));
        }
        for binding in &spec.bindings {
            wiring.bind(binding);
        }
        wiring
    }

    fn bind(&mut self, binding: &WebBinding) {
        let (name, target) = (&binding.name, Target::of(binding));
        for entry in target.entries() {
            let mut reference = json!({"name": secret_name(name), "key": entry.key});
            if entry.optional {
                reference["optional"] = json!(true);
            }
            self.env.push(json!({"name": variable(name, entry.key), "valueFrom": {"secretKeyRef": reference}}));
        }
        let volume = format!("binding-{name}");
        self.volumes.push(json!({"name": volume, "projected": {"sources": [{"secret": {"name": secret_name(name)}}]}}));
        self.mounts.push(json!({"name": volume, "mountPath": format!("{ROOT}/{name}"), "readOnly": true}));
        if target.has_credential() {
            self.annotations.insert(format!("terrace.dev/binding-{name}"), secret_version(name));
        }
    }
}

/// The variables that a binding sets.
pub(super) fn variables(binding: &WebBinding) -> impl Iterator<Item = String> {
    Target::of(binding).entries().iter().map(|entry| variable(&binding.name, entry.key))
}

/// The variable of an entry, as `DB_SECRET_ARN` of `secret-arn` in the binding `db`.
fn variable(binding: &str, entry: &str) -> String {
    format!("{binding}_{entry}").to_uppercase().replace('-', "_")
}
