//! An example of a field: the smallest manifest of its kind in which it is set.

mod curated;
mod value;
mod yaml;

use serde_json::{Value, json};
use terrace_crds::{GROUP, Kind, VERSION};

use super::find::Route;
use curated::{CURATED, merge};

/// The manifest that sets the field of a route, as YAML; none for what is not the spec's.
pub(super) fn manifest(kind: &Kind, route: &Route<'_>) -> Option<String> {
    object(kind, route).map(|object| yaml::text(&object))
}

/// The manifest as a value: the kind's smallest spec, what goes with the field, and the field.
pub(super) fn object(kind: &Kind, route: &Route<'_>) -> Option<Value> {
    let names = route.names.strip_prefix(&["spec".to_owned()]);
    let names = if route.names.is_empty() { Some(route.names.as_slice()) } else { names }?;
    let curated = CURATED.kinds.get(kind.kind)?;
    let path = names.join(".");
    let mut spec = curated.base.clone();
    curated.with.iter().filter(|(of, _)| is_in(&path, of)).for_each(|(_, patch)| merge(&mut spec, patch));
    if let Some(schema) = route.schemas.get(1) {
        value::set(schema, names, kind.kind, &mut spec);
    }
    let mut metadata = json!({ "name": curated.name });
    if kind.namespaced() {
        metadata["namespace"] = json!("shop");
    }
    let version = format!("{GROUP}/{VERSION}");
    Some(json!({ "apiVersion": version, "kind": kind.kind, "metadata": metadata, "spec": spec }))
}

/// Whether a path is that of a field or of something in it.
fn is_in(path: &str, field: &str) -> bool {
    path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::super::explain;
    use super::*;

    fn example(path: &str) -> Option<String> {
        explain(path).expect("known").example
    }

    #[test]
    fn the_field_stands_in_the_smallest_manifest_of_its_kind() {
        insta::assert_snapshot!("example_of_a_field", example("dt.backup.window").expect("an example"));
    }

    #[test]
    fn what_the_field_needs_goes_with_it() {
        insta::assert_snapshot!("example_with_company", example("dt.storage.iops").expect("an example"));
    }

    #[test]
    fn a_status_has_no_example() {
        assert_eq!(example("dt.status.conditions"), None);
    }

    #[test]
    fn a_field_is_in_another_only_by_whole_names() {
        assert!(is_in("storage.iops", "storage") && is_in("storage", "storage"));
        assert!(!is_in("storageType", "storage") && !is_in("storage", "storage.iops"));
    }
}
