//! How an object changes hands: it is let go of, with the marks of its owner taken off, or taken over from an earlier
//! owner. Each is one change of its metadata, which leaves all it holds as it is.
//!
//! An apply could do neither: what is left out of it goes, the content with the marks; and to it the fields of an earlier
//! owner are those of another manager, and a second controller among the owner references is refused.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta, OwnerReference};
use serde_json::{Map, Value, json};
use terrace_model::OwnerRef;
use terrace_model::identity::tag;

use crate::owned::{MANAGED_BY, MANAGER, OWNER_API_VERSION, manager};

/// Takes all marks of ours off, so that nobody takes it for ours and the garbage collector leaves it alone.
pub fn release(meta: &ObjectMeta, owner: &OwnerRef) -> Value {
    let annotations = meta.annotations.iter().flatten().filter(|(key, _)| key.starts_with(tag::PREFIX));
    let annotations: Map<_, _> = annotations.map(|(key, _)| (key.clone(), Value::Null)).collect();
    let (label, value) = MANAGED_BY;
    let labels = meta.labels.iter().flatten().filter(|(key, of)| *key == label && *of == value);
    let labels: Map<_, _> = labels.map(|(key, _)| (key.clone(), Value::Null)).collect();
    let owners = owners(meta, |reference| reference.uid != owner.uid);
    json!({"annotations": annotations, "labels": labels, "ownerReferences": owners})
}

/// Makes the fields of earlier owners this one's, and takes their references off: they are no longer alive, or the
/// engine would not have it changed.
pub fn succeed(meta: &ObjectMeta, owner: &OwnerRef) -> Value {
    let entries = meta.managed_fields.iter().flatten().cloned();
    let entries: Vec<_> = entries.map(|entry| inherit(entry, owner)).collect();
    let same =
        |of: &OwnerReference| of.api_version == OWNER_API_VERSION && of.kind == owner.kind && of.name == owner.name;
    let owners = owners(meta, |reference| !same(reference) || reference.uid == owner.uid);
    json!({"managedFields": entries, "ownerReferences": owners})
}

fn inherit(entry: ManagedFieldsEntry, owner: &OwnerRef) -> ManagedFieldsEntry {
    let is_ours = entry.manager.as_deref().is_some_and(|manager| manager.starts_with(MANAGER));
    if is_ours { ManagedFieldsEntry { manager: Some(manager(owner)), ..entry } } else { entry }
}

fn owners(meta: &ObjectMeta, stays: impl Fn(&OwnerReference) -> bool) -> Vec<&OwnerReference> {
    meta.owner_references.iter().flatten().filter(|reference| stays(reference)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owned::metadata;
    use crate::testing::id;

    fn reference(kind: &str, uid: &str) -> OwnerReference {
        let (api_version, name) = (OWNER_API_VERSION.into(), "orders".into());
        OwnerReference { api_version, kind: kind.into(), name, uid: uid.into(), ..OwnerReference::default() }
    }

    /// Ours, with an annotation, a label and an owner of somebody else.
    fn meta() -> ObjectMeta {
        let mut meta = metadata(&id(), "orders-binding", [("team".to_owned(), "shop".to_owned())]);
        meta.labels.get_or_insert_default().insert("app".into(), "orders".into());
        meta.owner_references.get_or_insert_default().push(reference("WebApp", "uid-9"));
        meta
    }

    #[test]
    fn what_is_released_loses_our_marks_and_keeps_those_of_others() {
        let patch = release(&meta(), &id().owner);
        let annotations = patch["annotations"].as_object().expect("a map");
        assert_eq!(annotations.len(), id().owner_tags().len());
        assert!(annotations.iter().all(|(key, value)| key.starts_with("terrace.dev/") && value.is_null()));
        assert_eq!(patch["labels"], json!({"app.kubernetes.io/managed-by": null}));
        let owners: Vec<_> = patch["ownerReferences"].as_array().into_iter().flatten().collect();
        assert_eq!(owners.len(), 1);
        assert_eq!(owners[0]["uid"], "uid-9");
    }

    #[test]
    fn what_an_earlier_owner_applied_becomes_its_successors() {
        let mut meta = meta();
        meta.owner_references.get_or_insert_default().push(reference("DataTier", "uid-0"));
        let entry = |manager: &str| ManagedFieldsEntry { manager: Some(manager.into()), ..Default::default() };
        meta.managed_fields = Some(vec![entry("terrace/uid-0"), entry("kubectl-edit")]);
        let patch = succeed(&meta, &id().owner);
        let texts = |list: &str, field: &str| -> Vec<String> {
            let items = patch[list].as_array().into_iter().flatten();
            items.filter_map(|item| item[field].as_str().map(str::to_owned)).collect()
        };
        assert_eq!(texts("managedFields", "manager"), ["terrace/uid-1", "kubectl-edit"]);
        assert_eq!(texts("ownerReferences", "uid"), ["uid-1", "uid-9"]);
    }
}
