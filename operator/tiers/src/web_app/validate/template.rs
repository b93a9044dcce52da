//! A pod template of the user's own: whether it can be completed. Whether it is one, the API server says.

use serde_json::Value;
use terrace_crds::WebAppSpec;
use terrace_crds::web_app::Spot;
use terrace_model::val::MARK;

use super::super::template::app_container;
use super::super::wiring::{ROOT_VARIABLE, variables};
use crate::Invalid;

const CONTAINERS: &str = "spec.template.spec.containers";

pub(super) fn check(spec: &WebAppSpec, invalid: &mut Invalid) {
    let Some(template) = &spec.template else { return };
    let pod = &template["spec"];
    if is_marked(template) {
        invalid.add("spec.template", format!("{MARK} is a key of Terrace's own: leave it out"));
    }
    let containers = pod["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    match containers.get(app_container(containers)) {
        None => invalid.add(CONTAINERS, "the pod has no container: name the app's"),
        Some(app) => environment(spec, app, invalid),
    }
    for field in ["serviceAccountName", "serviceAccount"] {
        if pod.get(field).is_some() {
            invalid.add(
                &format!("spec.template.spec.{field}"),
                "the pods have a service account of their own, which has the role: leave this out",
            );
        }
    }
    if pod.get("affinity").is_some() && spec.spot != Spot::Never {
        invalid.add("spec.spot", "the template has an affinity of its own: write Spot into it, or leave it out there");
    }
    let grace = pod["terminationGracePeriodSeconds"].as_u64();
    let draining = u64::from(spec.draining_seconds());
    if let Some(grace) = grace.filter(|grace| *grace <= draining) {
        invalid.add(
            "spec.template.spec.terminationGracePeriodSeconds",
            format!("a pod serves for {draining} s (expose.drainingSeconds) before it ends, and {grace} s is not more: raise it"),
        );
    }
}

/// Server-side apply keeps variables by name, and takes none twice.
fn environment(spec: &WebAppSpec, app: &Value, invalid: &mut Invalid) {
    let own: Vec<&str> = app["env"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect();
    let root = (!spec.bindings.is_empty()).then(|| ROOT_VARIABLE.to_owned());
    for name in spec.bindings.iter().flat_map(variables).chain(root) {
        if own.contains(&&*name) {
            invalid.add(CONTAINERS, format!("the variable {name} is set by the bindings: leave it out of env"));
        }
    }
}

/// Whether any key is one that stands for a late value in a graph.
fn is_marked(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.contains_key(MARK) || fields.values().any(is_marked),
        Value::Array(items) => items.iter().any(is_marked),
        _ => false,
    }
}
