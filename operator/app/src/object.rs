//! The two writes that any object gets: its status and its finalizers. Both carry a resourceVersion, so that they never
//! undo what somebody else did in between.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::DeserializeGuard;
use kube::{Client, Resource, ResourceExt};
use serde_json::{Value, json};
use terrace_crds::FINALIZER;
use terrace_engine::Error;

use crate::conditions;
use crate::context::Context;
use crate::next::Next;
use crate::problem::Problem;

/// The field manager of everything in `status` and of the finalizer.
pub const FIELD_MANAGER: &str = "terrace";

/// What is done to objects of our own kinds: to which subresource, if any, and the verb.
pub const ACTIONS: [(&str, &str); 3] = [("", "get"), ("", "patch"), ("/status", "patch")];

/// An object to be written to, whatever its kind.
#[derive(Clone)]
pub struct Handle {
    api: Api<DynamicObject>,
    api_version: String,
    kind: String,
    namespace: Option<String>,
    name: String,
}

impl Handle {
    /// The handle of an object.
    pub fn of<K: Resource<DynamicType = ()>>(client: &Client, object: &K) -> Self {
        let resource = kube::api::ApiResource::erase::<K>(&());
        let namespace = object.namespace();
        let api = match &namespace {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
            None => Api::all_with(client.clone(), &resource),
        };
        Handle {
            api,
            api_version: K::api_version(&()).into_owned(),
            kind: K::kind(&()).into_owned(),
            namespace,
            name: object.name_any(),
        }
    }

    /// Writes the whole status, if the object is still at `version`. Returns the version that it has then.
    ///
    /// # Errors
    /// `Retry` on conflict or when the server cannot be reached.
    pub async fn write_status(&self, version: &str, status: &Value) -> Result<String, Error> {
        let body = json!({
            "apiVersion": self.api_version,
            "kind": self.kind,
            "metadata": { "name": self.name, "namespace": self.namespace, "resourceVersion": version },
            "status": status,
        });
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let written = self.api.patch_status(&self.name, &params, &Patch::Apply(&body)).await.map_err(failed)?;
        Ok(written.resource_version().unwrap_or_default())
    }

    /// Writes conditions and nothing else of the status, which stays as it is: for an object that cannot be read.
    ///
    /// # Errors
    /// As [`Handle::write_status`].
    pub async fn write_conditions(&self, conditions: &[Condition]) -> Result<(), Error> {
        let body = json!({ "status": { "conditions": conditions } });
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
        self.api.patch_status(&self.name, &params, &Patch::Merge(&body)).await.map(|_| ()).map_err(failed)
    }

    /// Adds our finalizer, or takes it off. Returns the object's version.
    ///
    /// # Errors
    /// As [`Handle::write_status`].
    pub async fn hold(&self, version: &str, finalizers: &[String], hold: bool) -> Result<String, Error> {
        let others = finalizers.iter().filter(|name| *name != FINALIZER).cloned();
        let finalizers: Vec<String> = others.chain(hold.then(|| FINALIZER.to_owned())).collect();
        let body = json!({ "metadata": { "resourceVersion": version, "finalizers": finalizers } });
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
        match self.api.patch(&self.name, &params, &Patch::Merge(&body)).await {
            Ok(written) => Ok(written.resource_version().unwrap_or_default()),
            Err(kube::Error::Api(status)) if status.is_not_found() && !hold => Ok(String::new()),
            Err(error) => Err(failed(error)),
        }
    }

    /// The object as it is now, past all caches; `None` where it is gone.
    ///
    /// # Errors
    /// `Retry` when the server cannot be reached.
    pub async fn read(&self) -> Result<Option<DynamicObject>, Error> {
        self.api.get_opt(&self.name).await.map_err(failed)
    }
}

/// Says on an object that cannot be read that it cannot be, once for each of its generations. What it has in AWS is left
/// as it is.
///
/// # Errors
/// As [`Handle::write_status`].
pub async fn malformed<K>(object: &DeserializeGuard<K>, context: &Context) -> Result<Next, Error>
where
    K: Resource<DynamicType = ()>,
{
    let Err(invalid) = &object.0 else { return Ok(Next::OnChange) };
    let (uid, generation) = (object.uid().unwrap_or_default(), object.meta().generation.unwrap_or_default());
    if context.process.first_complaint(&uid, generation) {
        let (kind, error) = (K::kind(&()), &invalid.error);
        tracing::error!(%kind, namespace = object.namespace(), object = object.name_any(), %error, "the object cannot be read");
        let message =
            format!("this version of Terrace cannot read the object: {error}; mend it, nothing is changed until then");
        let problem = Problem::stalled("Malformed", message);
        let conditions = conditions::problem(&[], &problem, generation, Timestamp::now());
        Handle::of(&context.client, object).write_conditions(&conditions).await?;
    }
    Ok(Next::OnChange)
}

/// The API server's words, as an error of ours.
fn failed(error: kube::Error) -> Error {
    match error {
        kube::Error::Api(status) if status.is_conflict() => Error::retry("the object was changed meanwhile"),
        kube::Error::Api(status) if status.is_forbidden() => Error::blocked("Forbidden", &status.message),
        kube::Error::Api(status) if status.is_invalid() => Error::blocked("InvalidStatus", &status.message),
        kube::Error::Api(status) => Error::retry(&status.message),
        other => Error::retry(other),
    }
}
