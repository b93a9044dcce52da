//! Whose a Kubernetes object is: the owner in its annotations, the reference for garbage collection, and the handle.
//!
//! The annotations are the owner tags of AWS resources, key by key, since their values (a name of 253 characters) would
//! not all fit into labels. The one label is the recommended `app.kubernetes.io/managed-by`.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use terrace_engine::{Error, Result, State};
use terrace_model::aws::Tags;
use terrace_model::identity::tag;
use terrace_model::{Handle, Id, Owner, OwnerRef};

use crate::apply::Object;

/// The API version of every owner.
pub const OWNER_API_VERSION: &str = "terrace.dev/v1alpha1";

/// The label of all that we make.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "terrace");

/// The annotation with the wish as it was applied last.
pub(crate) const APPLIED: &str = "terrace.dev/applied";

/// How our field managers begin.
pub(crate) const MANAGER: &str = "terrace/";

/// The field manager of all that one owner applies, so that two owners never undo each other's fields.
pub fn manager(owner: &OwnerRef) -> String {
    [MANAGER, &owner.uid].concat()
}

/// The metadata of an object that is made for `id`, with `annotations` beside those of the owner.
///
/// The garbage collector deletes it after its owner, whatever becomes of the operator. Where the admission plugin
/// `OwnerReferencesPermissionEnforcement` is on, `blockOwnerDeletion` asks for `update` on the owner's `finalizers`.
pub fn metadata(id: &Id, name: &str, annotations: impl IntoIterator<Item = (String, String)>) -> ObjectMeta {
    let owner = &id.owner;
    let mut all = id.owner_tags();
    all.extend(annotations);
    ObjectMeta {
        name: Some(name.into()),
        namespace: Some(owner.namespace.clone()),
        labels: Some([(MANAGED_BY.0.to_owned(), MANAGED_BY.1.to_owned())].into()),
        annotations: Some(all),
        owner_references: Some(vec![OwnerReference {
            api_version: OWNER_API_VERSION.into(),
            kind: owner.kind.clone(),
            name: owner.name.clone(),
            uid: owner.uid.clone(),
            controller: Some(true),
            block_owner_deletion: Some(true),
        }]),
        ..ObjectMeta::default()
    }
}

/// Whose it says it is.
pub fn owner(meta: &ObjectMeta) -> Owner {
    let none = BTreeMap::new();
    Owner::from_tags(meta.annotations.as_ref().unwrap_or(&none))
}

/// The annotations that say whose it is.
pub fn tags(meta: &ObjectMeta) -> Tags {
    let ours = meta.annotations.iter().flatten().filter(|(key, _)| key.starts_with(tag::PREFIX) && *key != APPLIED);
    ours.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Which object a change of this one concerns: kind, namespace and name of its owner, as its annotations say. `None` for
/// what is not ours, or says it is of another namespace, in which we own nothing of this one.
pub fn concerns(meta: &ObjectMeta) -> Option<(String, String, String)> {
    let Owner::Tagged { owner, .. } = owner(meta) else { return None };
    let here = meta.namespace.as_deref() == Some(owner.namespace.as_str());
    here.then_some((owner.kind, owner.namespace, owner.name))
}

/// The state that metadata alone can tell.
pub fn state(meta: &ObjectMeta) -> Option<State> {
    meta.deletion_timestamp.is_some().then_some(State::Deleting)
}

/// The name of what a node stands for: from the wish or, where that was named by its handle, from that.
///
/// # Errors
/// `Invalid` where it has neither.
pub fn wished_name(id: &Id) -> Result<&str> {
    let named = id.address("name").or_else(|| id.handle.as_ref().and_then(name));
    named.ok_or_else(|| Error::invalid(format!("{} has no name to be found by", id.node)))
}

/// Deletes the recorded object or, where none is on record, the one that is there.
///
/// # Errors
/// As [`Object::delete`] has them.
pub async fn delete(object: &Object, id: &Id) -> Result<()> {
    let recorded = id.handle.as_ref().and_then(uid).map(str::to_owned);
    let uid = match recorded {
        Some(uid) => Some(uid),
        None => object.look().await?.and_then(|meta| meta.uid),
    };
    match uid {
        Some(uid) => object.delete(&uid).await,
        None => Ok(()),
    }
}

/// What identifies it for ever: kind, namespace, name and UID, so that another object of the same name is another.
pub fn handle(kind: &str, meta: &ObjectMeta) -> Handle {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    Handle([kind.to_owned(), text(&meta.namespace), text(&meta.name), text(&meta.uid)].join("/"))
}

/// The UID in a handle.
pub fn uid(handle: &Handle) -> Option<&str> {
    part(handle, 3)
}

/// The name in a handle.
pub fn name(handle: &Handle) -> Option<&str> {
    part(handle, 2)
}

fn part(handle: &Handle, index: usize) -> Option<&str> {
    handle.0.split('/').nth(index).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::id;

    #[test]
    fn owners_are_of_the_group_and_version_that_the_cluster_serves() {
        assert_eq!(OWNER_API_VERSION, format!("{}/{}", terrace_crds::GROUP, terrace_crds::VERSION));
    }

    #[test]
    fn what_is_made_says_whose_it_is() {
        let id = id();
        let meta = metadata(&id, "orders-binding", [("note".to_owned(), "n".to_owned())]);
        assert_eq!(owner(&meta), Owner::Tagged { owner: id.owner.clone(), node: "binding".into(), incarnation: 1 });
        assert_eq!(meta.annotations.as_ref().and_then(|all| all.get("note")).map(String::as_str), Some("n"));
        let reference = &meta.owner_references.expect("it has an owner")[0];
        assert_eq!((reference.uid.as_str(), reference.controller), (id.owner.uid.as_str(), Some(true)));
        assert_eq!(owner(&ObjectMeta::default()), Owner::Untagged);
    }

    #[test]
    fn a_change_concerns_the_owner_that_the_object_names_in_its_own_namespace() {
        let mut meta = metadata(&id(), "orders-binding", []);
        let owner = ["DataTier", "shop", "orders"].map(str::to_owned);
        assert_eq!(concerns(&meta), Some(owner.into()));
        meta.namespace = Some("another".into());
        assert_eq!(concerns(&meta), None);
        assert_eq!(concerns(&ObjectMeta::default()), None);
    }

    #[test]
    fn a_handle_tells_objects_of_one_name_apart() {
        let meta = |uid: &str| ObjectMeta { uid: Some(uid.into()), ..metadata(&id(), "orders-binding", []) };
        let first = handle("Secret", &meta("1"));
        assert_eq!(first, Handle("Secret/shop/orders-binding/1".into()));
        assert_ne!(first, handle("Secret", &meta("2")));
        assert_eq!((name(&first), uid(&first)), (Some("orders-binding"), Some("1")));
        assert_eq!(uid(&"Secret/shop/orders-binding/".into()), None);
    }
}
