//! `kubernetes/WorkloadPatch`: what a binding sets in a workload that somebody else owns.
//!
//! It stands while the workload has a `managedFields` entry of ours, and is made and taken away by applies under our
//! field manager: of the fields that are wished, and of none at all. Either names the UID of the workload, so that one
//! that was deleted is not made anew by half. The wish as it was applied last stands in an annotation of the workload
//! (not of its pods), from which changes are found as in [`crate::manifest`].

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use kube::api::{ApiResource, DynamicObject};
use serde_json::{Map, Value, json};
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State};
use terrace_model::aws::kubernetes::{WorkloadPatch, WorkloadPatchOutputs};
use terrace_model::{Diff, Handle, Id, Opaque, Owner, OwnerRef};

use crate::apply::{Body, Object};
use crate::errors::NOT_FOUND;
use crate::fields::Fields;
use crate::{apply, owned};

/// Binds workloads.
pub struct WorkloadPatches {
    client: Client,
}

impl WorkloadPatches {
    /// The provider for one cluster.
    pub fn new(client: Client) -> Self {
        WorkloadPatches { client }
    }

    fn object(&self, id: &Id) -> Result<(ApiResource, Object)> {
        let named = id.address("kind").or_else(|| id.handle.as_ref()?.0.split('/').next());
        let kind = served(WorkloadPatch::API_VERSION, named.unwrap_or_default())?;
        let object = Object::new(&self.client, &kind, &id.owner, owned::wished_name(id)?);
        Ok((kind, object))
    }

    async fn apply(&self, id: &Id, want: &WorkloadPatch) -> Result<Handle> {
        let kind = served(&want.api_version, &want.kind)?;
        let object = Object::new(&self.client, &kind, &id.owner, &want.name);
        let found = object.read().await?.ok_or_else(|| absent(&object))?;
        check_container(&object, &found, &want.container)?;
        let applied = serde_json::to_string(want).map_err(Error::invalid)?;
        let metadata = metadata(&want.name, Some([(annotation(&id.owner), applied)].into()));
        let body = Body::new(&kind, metadata, fields(want)?);
        let applied = object.apply(found.metadata.uid.as_deref(), body).await?;
        Ok(owned::handle(&kind.kind, &applied))
    }
}

/// The kind as the API server serves it.
fn served(api_version: &str, kind: &str) -> Result<ApiResource> {
    if api_version != WorkloadPatch::API_VERSION || !WorkloadPatch::KINDS.contains(&kind) {
        let kinds = WorkloadPatch::KINDS.join(", ");
        let message =
            format!("a {kind} of {api_version} cannot be bound: name one of {kinds} of {}", WorkloadPatch::API_VERSION);
        return Err(Error::invalid(message));
    }
    Ok(apply::served(api_version, kind, &format!("{}s", kind.to_lowercase())))
}

fn absent(object: &Object) -> Error {
    let message = format!("{} is not there: have its owner make it, or correct spec.workloadRef", object.what());
    Error::blocked(NOT_FOUND, message)
}

/// A container that is not there would be made by half.
fn check_container(object: &Object, found: &DynamicObject, wanted: &str) -> Result<()> {
    let containers = found.data.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    let names: Vec<_> = containers.into_iter().flatten().filter_map(|container| container["name"].as_str()).collect();
    if names.contains(&wanted) {
        return Ok(());
    }
    let message = format!(
        "{} has no container {wanted}: name one of {} in spec.workloadRef.container",
        object.what(),
        names.join(", ")
    );
    Err(Error::blocked(NOT_FOUND, message))
}

/// The annotation with the wish as it was applied last. Several owners may bind one workload.
fn annotation(owner: &OwnerRef) -> String {
    [owned::APPLIED, "-", &owner.uid].concat()
}

fn metadata(name: &str, annotations: Option<BTreeMap<String, String>>) -> ObjectMeta {
    ObjectMeta { name: Some(name.into()), annotations, ..ObjectMeta::default() }
}

/// The fields of the workload, and no other.
fn fields(want: &WorkloadPatch) -> Result<Map<String, Value>> {
    let wire = serde_json::to_value(want).and_then(serde_json::from_value);
    let Opaque(wish) = wire.map_err(Error::invalid)?;
    let container =
        object([set("name", &wish["container"]), set("env", &wish["env"]), set("volumeMounts", &wish["volumeMounts"])]);
    let spec = object([
        set("containers", &json!([container])),
        // The former name of the field: the API server fills it in, and would fill in the other from it when that goes.
        set("serviceAccount", &wish["serviceAccountName"]),
        set("serviceAccountName", &wish["serviceAccountName"]),
        set("volumes", &wish["volumes"]),
    ]);
    let metadata = object([set("annotations", &wish["annotations"])]);
    let template = object([set("metadata", &metadata), set("spec", &spec)]);
    Ok(Map::from_iter([("spec".to_owned(), json!({ "template": template }))]))
}

fn object(fields: impl IntoIterator<Item = Option<(String, Value)>>) -> Value {
    fields.into_iter().flatten().collect::<Map<_, _>>().into()
}

/// A field, unless there is nothing in it.
fn set(name: &str, value: &Value) -> Option<(String, Value)> {
    let is_empty = match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    (!is_empty).then(|| (name.to_owned(), value.clone()))
}

/// What we applied, less what is no longer as we left it.
fn have(id: &Id, kind: &ApiResource, meta: &ObjectMeta, ours: Fields<'_>) -> Result<WorkloadPatch> {
    let unknown = WorkloadPatch {
        api_version: kind.api_version.clone(),
        kind: kind.kind.clone(),
        name: owned::wished_name(id)?.into(),
        container: id.address("container").unwrap_or_default().into(),
        service_account_name: None,
        env: Vec::new(),
        volumes: Vec::new(),
        volume_mounts: Vec::new(),
        annotations: BTreeMap::new(),
    };
    let annotation = annotation(&id.owner);
    let applied = meta.annotations.as_ref().and_then(|all| serde_json::from_str(all.get(&annotation)?).ok());
    let Some(applied) = applied.filter(|_| ours.hold(&["metadata", "annotations", &annotation])) else {
        return Ok(unknown);
    };
    let kept = Value::from(ours.kept_of(&fields(&applied)?));
    let at = |path: &str| {
        let found = kept.pointer(path).cloned().unwrap_or_default();
        serde_json::to_value(Opaque(found)).map_err(Error::invalid)
    };
    let list = |value: Value| value.as_array().cloned().unwrap_or_default();
    let holds = |key: &String| ours.hold(&["spec", "template", "metadata", "annotations", key]);
    Ok(WorkloadPatch {
        container: applied.container,
        service_account_name: applied
            .service_account_name
            .filter(|_| kept.pointer("/spec/template/spec/serviceAccountName").is_some()),
        env: list(at("/spec/template/spec/containers/0/env")?),
        volumes: list(at("/spec/template/spec/volumes")?),
        volume_mounts: list(at("/spec/template/spec/containers/0/volumeMounts")?),
        annotations: applied.annotations.into_iter().filter(|(key, _)| holds(key)).collect(),
        ..unknown
    })
}

impl Provider<WorkloadPatch> for WorkloadPatches {
    // No `create`: nothing but what is there is ever applied to.
    const ACTIONS: &'static [&'static str] = &[
        "kubernetes:apps/daemonsets:get",
        "kubernetes:apps/daemonsets:patch",
        "kubernetes:apps/deployments:get",
        "kubernetes:apps/deployments:patch",
        "kubernetes:apps/statefulsets:get",
        "kubernetes:apps/statefulsets:patch",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<WorkloadPatch>> {
        let (kind, object) = self.object(id)?;
        let Some(meta) = object.look().await? else { return Ok(Seen::Absent) };
        let ours = Fields::of(&meta, object.manager());
        if ours.is_empty() {
            return Ok(Seen::Absent);
        }
        Ok(Seen::Present {
            have: have(id, &kind, &meta, ours)?,
            out: WorkloadPatchOutputs { name: meta.name.clone() },
            handle: owned::handle(&kind.kind, &meta),
            // The workload is somebody else's; what is ours in it says so by its field manager.
            owner: Owner::Inherent,
            state: owned::state(&meta).unwrap_or(State::Ready),
        })
    }

    async fn create(&self, id: &Id, want: &WorkloadPatch) -> Result<Handle> {
        self.apply(id, want).await
    }

    async fn update(&self, id: &Id, _have: &WorkloadPatch, want: &WorkloadPatch, _diff: &Diff) -> Result<()> {
        self.apply(id, want).await.map(drop)
    }

    async fn delete(&self, id: &Id, _have: &WorkloadPatch, _disposal: Disposal) -> Result<()> {
        let (kind, object) = self.object(id)?;
        let Some(meta) = object.look().await? else { return Ok(()) };
        let recorded = id.handle.as_ref().and_then(owned::uid);
        let is_another = recorded.is_some_and(|uid| meta.uid.as_deref() != Some(uid));
        if is_another || Fields::of(&meta, object.manager()).is_empty() {
            return Ok(());
        }
        let nothing = Body::new(&kind, metadata(owned::wished_name(id)?, None), Map::new());
        object.apply(meta.uid.as_deref(), nothing).await.map(drop)
    }
}

#[cfg(test)]
mod tests;
