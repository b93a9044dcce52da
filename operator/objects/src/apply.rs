//! Server-side apply of one object, the look at it, and its end. No kind is named here.
//!
//! Looks and applies ask for `PartialObjectMetadata`: what was changed behind our back is read from `managedFields` (see
//! [`crate::fields`]), so that an object's content need not be read, and for a Secret is not.

use std::fmt;

use http::HeaderValue;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GetParams, ListParams, Patch, PatchParams, Preconditions, Request,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use terrace_engine::{Error, Result};
use terrace_model::OwnerRef;

use crate::errors::{FIELD_CONFLICT, classify};
use crate::owned::manager;

/// What is applied: the metadata and all other fields of one object. Its Debug shows neither value nor annotation.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Body {
    api_version: String,
    kind: String,
    metadata: ObjectMeta,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl Body {
    /// An object of this kind, whose fields beside the metadata are `fields`.
    pub fn new(kind: &ApiResource, metadata: ObjectMeta, fields: Map<String, Value>) -> Self {
        Body { api_version: kind.api_version.clone(), kind: kind.kind.clone(), metadata, fields }
    }

    /// All beside the metadata.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, fields) = (&self.metadata.name, self.fields.keys().collect::<Vec<_>>());
        f.debug_struct("Body").field("kind", &self.kind).field("name", name).field("fields", &fields).finish()
    }
}

/// A kind as the API server serves it: `apps/v1`, `Deployment`, `deployments`.
pub fn served(api_version: &str, kind: &str, plural: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource {
        group: group.into(),
        version: version.into(),
        api_version: api_version.into(),
        kind: kind.into(),
        plural: plural.into(),
    }
}

/// No object has this version: etcd counts from 1, and its first revision is written before any object is.
const NO_VERSION: &str = "1";

/// One object in an owner's namespace, by name.
pub struct Object {
    api: Api<DynamicObject>,
    name: String,
    /// For messages: `Secret shop/orders-binding`.
    what: String,
    manager: String,
}

impl Object {
    /// The object of that kind and name in the owner's namespace.
    pub fn new(client: &Client, kind: &ApiResource, owner: &OwnerRef, name: &str) -> Self {
        Object {
            api: Api::namespaced_with(client.clone(), &owner.namespace, kind),
            name: name.into(),
            what: format!("{} {}/{name}", kind.kind, owner.namespace),
            manager: manager(owner),
        }
    }

    /// How messages name it: `Secret shop/orders-binding`.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Whose fields ours are.
    pub fn manager(&self) -> &str {
        &self.manager
    }

    /// Reads its metadata; `None` where it is absent.
    ///
    /// # Errors
    /// As [`classify`] has them.
    pub async fn look(&self) -> Result<Option<ObjectMeta>> {
        self.found(self.api.get_metadata(&self.name).await.map(|found| found.metadata))
    }

    /// Reads all of it; `None` where it is absent. Not for Secrets.
    ///
    /// # Errors
    /// As [`classify`] has them.
    pub async fn read(&self) -> Result<Option<DynamicObject>> {
        self.found(self.api.get(&self.name).await)
    }

    /// Of a kind that the cluster does not serve there is no object either.
    fn found<T>(&self, answer: kube::Result<T>) -> Result<Option<T>> {
        match answer {
            Ok(found) => Ok(Some(found)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(classify(&self.what, error)),
        }
    }

    /// Objects of type `T` beside it that bear these labels, at most `most` of them.
    ///
    /// # Errors
    /// As [`classify`] has them.
    pub async fn beside<T>(&self, labels: &str, most: u32) -> Result<Vec<T>>
    where
        T: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + fmt::Debug,
    {
        let api = Api::<T>::namespaced(self.api.clone().into_client(), self.api.namespace().unwrap_or_default());
        let params = ListParams::default().labels(labels).limit(most);
        let what = || format!("{} of {}", T::plural(&()), self.what);
        api.list(&params).await.map(|list| list.items).map_err(|error| classify(&what(), error))
    }

    /// Makes it, and nothing where there is one of that name: an apply alone would merge itself into a foreign object.
    /// The `resourceVersion` in it, which fits no object, is what the API server refuses that by.
    ///
    /// # Errors
    /// `Retry` where somebody else made one since the last look; others as [`classify`] has them.
    pub async fn create(&self, mut body: Body) -> Result<ObjectMeta> {
        body.metadata.resource_version = Some(NO_VERSION.into());
        let conflict = |error: Error| match error.reason() {
            FIELD_CONFLICT => Error::retry(format!("{} was made by somebody else at the same time", self.what)),
            _ => error,
        };
        self.send(&body).await.map_err(conflict)
    }

    /// Applies it. With a UID, neither is it made anew where it is gone, nor is another of its name touched.
    ///
    /// # Errors
    /// `Blocked` with reason `FieldConflict` where another field manager has set one of these fields otherwise; nothing
    /// is forced. Others as [`classify`] has them.
    pub async fn apply(&self, uid: Option<&str>, mut body: Body) -> Result<ObjectMeta> {
        body.metadata.uid = uid.map(str::to_owned);
        self.send(&body).await
    }

    /// Changes its metadata alone, from what is there, and only if it is still that. One that is gone is left so.
    ///
    /// # Errors
    /// `Retry` where it was changed meanwhile, or is another than the one with this UID; others as [`classify`] has them.
    pub async fn amend(&self, uid: Option<&str>, change: impl FnOnce(&ObjectMeta) -> Value) -> Result<()> {
        let Some(meta) = self.look().await? else { return Ok(()) };
        let mut metadata = change(&meta);
        metadata["uid"] = uid.or(meta.uid.as_deref()).into();
        metadata["resourceVersion"] = meta.resource_version.as_deref().into();
        let params = PatchParams { field_manager: Some(self.manager.clone()), ..PatchParams::default() };
        let patch = Patch::Merge(serde_json::json!({ "metadata": metadata }));
        let sent = self.api.patch_metadata(&self.name, &params, &patch).await;
        sent.map(drop).map_err(|error| classify(&self.what, error))
    }

    /// What `kubectl get` shows of it in a column, as `Type`: a field beside the metadata, without all the others.
    /// `None` where it is absent.
    ///
    /// # Errors
    /// As [`classify`] has them.
    pub async fn column(&self, name: &str) -> Result<Option<String>> {
        let failed = |error| classify(&self.what, error);
        let request = Request::new(self.api.resource_url()).get(&self.name, &GetParams::default());
        let mut request = request.map_err(|error| failed(kube::Error::BuildRequest(error)))?;
        request.headers_mut().insert("accept", HeaderValue::from_static(AS_TABLE));
        let table = self.found(self.api.clone().into_client().request::<Table>(request).await)?;
        Ok(table.and_then(|table| table.cell(name)))
    }

    async fn send(&self, body: &Body) -> Result<ObjectMeta> {
        let sent = self.api.patch_metadata(&self.name, &PatchParams::apply(&self.manager), &Patch::Apply(body)).await;
        sent.map(|sent| sent.metadata).map_err(|error| classify(&self.what, error))
    }

    /// Deletes it, if it still is the one with this UID. One that is gone is none to delete.
    ///
    /// # Errors
    /// `Retry` where it is another by now; others as [`classify`] has them.
    pub async fn delete(&self, uid: &str) -> Result<()> {
        let mine = Preconditions { uid: Some(uid.into()), resource_version: None };
        match self.api.delete(&self.name, &DeleteParams::background().preconditions(mine)).await {
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
            deleted => deleted.map(|_| ()).map_err(|error| classify(&self.what, error)),
        }
    }
}

/// https://kubernetes.io/docs/reference/using-api/api-concepts, "Receiving resources as Tables". A row has the metadata
/// beside its cells, and nothing else of the object.
const AS_TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// One object as a table.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Table {
    column_definitions: Vec<Column>,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
}

#[derive(Deserialize)]
struct Row {
    cells: Vec<Value>,
}

impl Table {
    fn cell(&self, column: &str) -> Option<String> {
        let index = self.column_definitions.iter().position(|known| known.name == column)?;
        self.rows.first()?.cells.get(index)?.as_str().map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owned::metadata;
    use crate::testing::{Server, failure, id, object};
    use k8s_openapi::api::core::v1::Secret;
    use serde_json::json;
    use terrace_engine::reason;

    fn secret(server: &Server) -> Object {
        Object::new(&server.client(), &ApiResource::erase::<Secret>(&()), &id().owner, "orders-binding")
    }

    fn body() -> Body {
        let fields = json!({"data": {"password": "aHVudGVyMg=="}}).as_object().cloned().expect("an object");
        Body::new(&ApiResource::erase::<Secret>(&()), metadata(&id(), "orders-binding", []), fields)
    }

    #[tokio::test]
    async fn a_create_is_an_apply_that_fits_no_object() {
        let server = Server::answering([(201, object("1", &json!({})))]);
        secret(&server).create(body()).await.expect("it is made");
        let [sent] = &server.requests()[..] else { panic!("one request") };
        assert_eq!(sent.method, "PATCH");
        assert_eq!(sent.path(), "/api/v1/namespaces/shop/secrets/orders-binding");
        assert!(sent.uri.contains("fieldManager=terrace%2Fuid-1") && !sent.uri.contains("force"), "{}", sent.uri);
        assert_eq!(sent.content_type, "application/apply-patch+yaml");
        assert!(sent.accept.contains("PartialObjectMetadata"), "{}", sent.accept);
        assert_eq!((&sent.body["kind"], &sent.body["metadata"]["resourceVersion"]), (&json!("Secret"), &json!("1")));
    }

    #[tokio::test]
    async fn a_create_that_comes_second_is_looked_at_again() {
        let field =
            json!([{"reason": "FieldManagerConflict", "message": "conflict with \"curl\" using v1", "field": ".type"}]);
        for causes in [json!([]), field] {
            let server = Server::answering([(409, failure(409, "Conflict", causes))]);
            let error = secret(&server).create(body()).await.expect_err("there is one");
            assert_eq!(error.reason(), reason::RETRYING);
        }
    }

    #[tokio::test]
    async fn an_apply_names_the_object_that_it_means() {
        let server = Server::answering([(200, object("1", &json!({})))]);
        secret(&server).apply(Some("1"), body()).await.expect("it is applied");
        let sent = &server.requests()[0].body["metadata"];
        assert_eq!((&sent["uid"], &sent["resourceVersion"]), (&json!("1"), &Value::Null));
    }

    #[tokio::test]
    async fn metadata_is_amended_only_as_it_was_seen() {
        let seen = object("1", &json!({}));
        let conflict = (409, failure(409, "Conflict", json!([])));
        let server = Server::answering([(200, seen.clone()), (200, seen.clone()), (200, seen), conflict]);
        let secret = secret(&server);
        let change = |meta: &ObjectMeta| json!({"labels": {"seen": meta.name}});
        secret.amend(Some("1"), change).await.expect("it is amended");
        let error = secret.amend(None, change).await.expect_err("it was changed");
        assert_eq!(error.reason(), reason::RETRYING);
        let sent = &server.requests()[1];
        assert_eq!((sent.method.as_str(), sent.content_type.as_str()), ("PATCH", "application/merge-patch+json"));
        let metadata = json!({"uid": "1", "resourceVersion": "7", "labels": {"seen": "orders-binding"}});
        assert_eq!(sent.body, json!({ "metadata": metadata }));
    }

    #[tokio::test]
    async fn what_is_gone_has_no_metadata_to_amend() {
        let server = Server::answering([(404, failure(404, "NotFound", json!([])))]);
        secret(&server).amend(None, |_| json!({})).await.expect("gone is gone");
        assert_eq!(server.requests().len(), 1);
    }

    #[tokio::test]
    async fn a_column_is_read_without_the_content() {
        let column = |name: &str| json!({"name": name, "type": "string"});
        let table = json!({"kind": "Table", "columnDefinitions": [column("Name"), column("Type")],
                           "rows": [{"cells": ["orders-binding", "Opaque"]}]});
        let absent = (404, failure(404, "NotFound", json!([])));
        let server = Server::answering([(200, table.clone()), (200, table), absent]);
        let secret = secret(&server);
        assert_eq!(secret.column("Type").await, Ok(Some("Opaque".into())));
        assert_eq!(secret.column("Colour").await, Ok(None));
        assert_eq!(secret.column("Type").await, Ok(None));
        let sent = &server.requests()[0];
        assert_eq!(sent.path(), "/api/v1/namespaces/shop/secrets/orders-binding");
        assert!(sent.accept.contains("as=Table"), "{}", sent.accept);
    }

    #[tokio::test]
    async fn a_delete_hits_that_one_object_only() {
        let server = Server::answering([
            (200, json!({"kind": "Status", "apiVersion": "v1", "status": "Success"})),
            (404, failure(404, "NotFound", json!([]))),
            (409, failure(409, "Conflict", json!([]))),
        ]);
        let secret = secret(&server);
        secret.delete("1").await.expect("it is deleted");
        secret.delete("1").await.expect("gone is gone");
        assert_eq!(secret.delete("1").await.expect_err("it is another").reason(), reason::RETRYING);
        let sent = &server.requests()[0];
        assert_eq!((sent.method.as_str(), &sent.body["preconditions"]["uid"]), ("DELETE", &json!("1")));
    }

    #[test]
    fn a_body_shows_no_value_when_it_is_printed() {
        let shown = format!("{:?}", body());
        assert!(shown.contains("orders-binding") && !shown.contains("aHVudGVyMg"), "{shown}");
    }
}
