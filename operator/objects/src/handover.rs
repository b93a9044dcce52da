//! How an object or a field of it changes hands: it is let go of, with the marks of its owner taken off, or taken over
//! from an earlier owner. Each is one change of its metadata, which leaves all it holds as it is.
//!
//! An apply could do neither: what is left out of it goes, the content with the marks; and to it the fields of an earlier
//! owner are those of another manager, and a second controller among the owner references is refused.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta, OwnerReference};
use serde_json::{Map, Value, json};
use terrace_engine::Result;
use terrace_model::aws::Tags;
use terrace_model::identity::tag;
use terrace_model::{Id, OwnerRef};

use crate::apply::Object;
use crate::owned::{self, MANAGED_BY, MANAGER, OWNER_API_VERSION, manager};

/// Brings an object that was seen with the tags `have` to the owner that the tags `want` name, which is ours or nobody.
/// False where nothing more is to be done with it: it was let go of.
///
/// # Errors
/// As [`Object::amend`] has them.
pub async fn settle(object: &Object, id: &Id, have: &Tags, want: &Tags) -> Result<bool> {
    let (uid, is_ours) =
        (id.handle.as_ref().and_then(owned::uid), |tags: &Tags| tags.get(tag::UID) == Some(&id.owner.uid));
    if !is_ours(want) {
        return object.amend(uid, |meta| release(meta, &id.owner)).await.map(|()| false);
    }
    if !is_ours(have) {
        object.amend(uid, |meta| succeed(meta, &id.owner)).await?;
    }
    Ok(true)
}

/// Takes a field from the managers of whom `from` is true, which leaves its value as it is. An apply could not: what it
/// leaves out goes or falls back to its default, and what another has set it may not set.
pub fn take(meta: &ObjectMeta, path: &[&str], from: impl Fn(&str) -> bool) -> Value {
    let mut entries: Vec<_> = meta.managed_fields.iter().flatten().cloned().collect();
    let theirs = entries.iter_mut().filter(|entry| from(entry.manager.as_deref().unwrap_or_default()));
    for fields in theirs.filter_map(|entry| entry.fields_v1.as_mut()) {
        strike(&mut fields.0, path);
    }
    json!({ "managedFields": entries })
}

/// Takes a path out of an entry, and what has nothing left in it.
fn strike(node: &mut Value, path: &[&str]) {
    let (Some(fields), Some((first, rest))) = (node.as_object_mut(), path.split_first()) else { return };
    let name = format!("f:{first}");
    let Some(inner) = fields.get_mut(&name) else { return };
    if !rest.is_empty() {
        strike(inner, rest);
    }
    if rest.is_empty() || inner.as_object().is_some_and(Map::is_empty) {
        fields.remove(&name);
    }
}

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
    fn a_field_is_taken_from_those_who_are_to_lose_it_and_from_no_other() {
        let entry = |manager: &str| {
            let fields = json!({"f:spec": {"f:replicas": {}}, "f:metadata": {}});
            json!({"manager": manager, "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": fields})
        };
        let meta = json!({"managedFields": [entry("terrace/uid-1"), entry("kubectl")]});
        let meta: ObjectMeta = serde_json::from_value(meta).expect("metadata");
        let patch = take(&meta, &["spec", "replicas"], |manager| manager == "terrace/uid-1");
        assert_eq!(patch["managedFields"][0]["fieldsV1"], json!({"f:metadata": {}}));
        assert_eq!(patch["managedFields"][1], entry("kubectl"));
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
