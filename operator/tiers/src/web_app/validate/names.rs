//! Names that collide: of the object as the Services take it, and of the variables of its container.

use std::collections::BTreeMap;

use terrace_crds::WebAppSpec;

use super::super::wiring::{ROOT_VARIABLE, variables};
use crate::{Facts, Invalid};

/// A Service has 63 characters at most (RFC 1035), and those of the slots have two more.
const LONGEST: usize = 61;

pub(super) fn check(spec: &WebAppSpec, facts: &Facts, invalid: &mut Invalid) {
    let name = &facts.object.name;
    let letters = name.starts_with(|first: char| first.is_ascii_lowercase()) && !name.contains('.');
    if name.len() > LONGEST || !letters {
        invalid.add(
            "metadata.name",
            format!("{name} cannot be the name of a Service: begin with a letter, use letters, digits and dashes, {LONGEST} at most"),
        );
    }
    variables_collide(spec, invalid);
}

/// Kubernetes takes the last of two variables of one name, whichever that is.
fn variables_collide(spec: &WebAppSpec, invalid: &mut Invalid) {
    let mut taken = BTreeMap::<String, String>::new();
    for variable in &spec.env {
        taken.insert(variable.name.clone(), "spec.env".into());
    }
    if !spec.bindings.is_empty() && taken.contains_key(ROOT_VARIABLE) {
        invalid.add("spec.env", format!("{ROOT_VARIABLE} is set by the bindings: leave it out"));
    }
    for binding in &spec.bindings {
        let field = format!("spec.bindings[{}]", binding.name);
        let twice: Vec<_> = variables(binding).filter_map(|name| Some((taken.get(&name)?.clone(), name))).collect();
        if let Some((by, name)) = twice.into_iter().next() {
            invalid.add(&field, format!("the variable {name} is set by {by} too: give one of them another name"));
        }
        taken.extend(variables(binding).map(|name| (name, field.clone())));
    }
}
