//! Server-side apply of one object, the look at it, and its end. No kind is named here.
//!
//! *What was changed behind our back* is read from `managedFields` and from nothing else. The API server keeps there, for
//! each field manager, the fields that it applied last and that nobody has changed since: whoever changes or removes a
//! field takes it out of our entry in the same write. So the object's content need not be read, and for a Secret is not:
//! looks and applies ask for `PartialObjectMetadata`. A digest of a password in an annotation would do the same, and
//! would be something to guess a weak password by.

use std::collections::BTreeMap;
use std::fmt;

use http::HeaderValue;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, DeleteParams, GetParams, Patch, PatchParams, Preconditions, Request};
use kube::{Client, Resource};
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
    /// An object of kind `K`, whose fields beside the metadata are `fields`.
    pub fn new<K: Resource<DynamicType = ()>>(metadata: ObjectMeta, fields: Map<String, Value>) -> Self {
        let (api_version, kind) = (K::api_version(&()).into_owned(), K::kind(&()).into_owned());
        Body { api_version, kind, metadata, fields }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, fields) = (&self.metadata.name, self.fields.keys().collect::<Vec<_>>());
        f.debug_struct("Body").field("kind", &self.kind).field("name", name).field("fields", &fields).finish()
    }
}

/// No object has this version: etcd counts from 1, and its first revision is written before any object is.
const NO_VERSION: &str = "1";

/// One object of an owner, by name.
pub struct Object<K> {
    api: Api<K>,
    name: String,
    /// For messages: `Secret shop/orders-binding`.
    what: String,
    manager: String,
}

impl<K> Object<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + fmt::Debug,
{
    /// The object of that name in the owner's namespace.
    pub fn new(client: &Client, owner: &OwnerRef, name: &str) -> Self {
        Object {
            api: Api::namespaced(client.clone(), &owner.namespace),
            name: name.into(),
            what: format!("{} {}/{name}", K::kind(&()), owner.namespace),
            manager: manager(owner),
        }
    }

    /// Reads its metadata; `None` where it is absent.
    ///
    /// # Errors
    /// As [`classify`] has them.
    pub async fn look(&self) -> Result<Option<ObjectMeta>> {
        let found = self.api.get_metadata_opt(&self.name).await.map_err(|error| classify(&self.what, error))?;
        Ok(found.map(|found| found.metadata))
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
        match self.api.clone().into_client().request::<Table>(request).await {
            Ok(table) => Ok(table.cell(name)),
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(None),
            Err(error) => Err(failed(error)),
        }
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

/// The fields that one manager applied last and that nobody has changed since: its entry in `managedFields`
/// (https://kubernetes.io/docs/reference/using-api/server-side-apply, "Field management").
pub struct Fields<'a>(Option<&'a Value>);

impl<'a> Fields<'a> {
    /// Those of `manager`.
    pub fn of(meta: &'a ObjectMeta, manager: &str) -> Self {
        let entries = meta.managed_fields.iter().flatten();
        let mut applied = entries.filter(|entry| {
            entry.manager.as_deref() == Some(manager)
                && entry.operation.as_deref() == Some("Apply")
                && entry.subresource.is_none()
        });
        Fields(applied.next().and_then(|entry| entry.fields_v1.as_ref()).map(|fields| &fields.0))
    }

    /// True where the field at this path, as `["data", "host"]`, is among them.
    pub fn hold(&self, path: &[&str]) -> bool {
        self.at(path.iter().map(|name| format!("f:{name}")))
    }

    /// True where all that `wanted` sets of labels, annotations and owner references is among them.
    pub fn hold_metadata(&self, wanted: &ObjectMeta) -> bool {
        let keys = |field, map: &Option<BTreeMap<String, String>>| {
            map.iter().flatten().all(|(key, _)| self.hold(&["metadata", field, key]))
        };
        let mut owners = wanted.owner_references.iter().flatten();
        keys("labels", &wanted.labels)
            && keys("annotations", &wanted.annotations)
            && owners.all(|owner| self.holds_owner(&owner.uid))
    }

    /// Owner references are a list by UID, and their path names that key as JSON.
    fn holds_owner(&self, uid: &str) -> bool {
        let key = format!("k:{}", serde_json::json!({ "uid": uid }));
        self.at(["f:metadata".to_owned(), "f:ownerReferences".to_owned(), key])
    }

    fn at(&self, path: impl IntoIterator<Item = String>) -> bool {
        path.into_iter().try_fold(self.0, |fields, step| fields?.get(&step).map(Some)).flatten().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owned::metadata;
    use crate::testing::{Server, failure, id, kept, object};
    use k8s_openapi::api::core::v1::Secret;
    use serde_json::json;
    use terrace_engine::reason;

    fn secret(server: &Server) -> Object<Secret> {
        Object::new(&server.client(), &id().owner, "orders-binding")
    }

    fn body() -> Body {
        let fields = json!({"data": {"password": "aHVudGVyMg=="}}).as_object().cloned().expect("an object");
        Body::new::<Secret>(metadata(&id(), "orders-binding", []), fields)
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

    fn meta(managed: Value) -> ObjectMeta {
        serde_json::from_value(json!({ "managedFields": managed })).expect("metadata")
    }

    fn entry(manager: &str, operation: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields})
    }

    #[test]
    fn only_what_we_applied_counts_as_ours() {
        let meta = meta(json!([
            entry("kubectl-edit", "Update", json!({"f:data": {"f:host": {}}})),
            entry("terrace/uid-1", "Update", json!({"f:data": {"f:user": {}}})),
            entry("terrace/uid-1", "Apply", json!({"f:data": {"f:port": {}}, "f:type": {}})),
        ]));
        let fields = Fields::of(&meta, "terrace/uid-1");
        assert!(fields.hold(&["data", "port"]) && fields.hold(&["type"]));
        assert!(
            !fields.hold(&["data", "host"]) && !fields.hold(&["data", "user"]) && !fields.hold(&["data", "port", "x"])
        );
        assert!(!Fields::of(&meta, "terrace/uid-2").hold(&["type"]));
        assert!(!Fields::of(&ObjectMeta::default(), "terrace/uid-1").hold(&["type"]));
    }

    #[test]
    fn metadata_is_ours_while_all_of_it_is() {
        let wanted = metadata(&id(), "orders-binding", [("note".to_owned(), "n".to_owned())]);
        let whole = kept(&serde_json::to_value(&wanted).map(|meta| json!({ "metadata": meta })).expect("JSON"));
        let holds = |fields: Value| {
            let meta = meta(json!([entry("terrace/uid-1", "Apply", fields)]));
            Fields::of(&meta, "terrace/uid-1").hold_metadata(&wanted)
        };
        assert!(holds(whole.clone()));
        for lost in ["/f:metadata/f:labels", "/f:metadata/f:annotations", "/f:metadata/f:ownerReferences"] {
            let mut fields = whole.clone();
            *fields.pointer_mut(lost).expect("it is kept") = json!({});
            assert!(!holds(fields), "{lost}");
        }
    }
}
