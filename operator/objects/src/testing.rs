//! A scripted API server, and the object that the tests speak of.

use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use terrace_engine::{Result, SecretReader};
use terrace_model::identity::Freshness;
use terrace_model::{Id, OwnerRef, Place, SecretRef};

/// The node that the tests speak of: the binding of `DataTier shop/orders`.
pub fn id() -> Id {
    Id {
        owner: OwnerRef {
            cluster: "prod".into(),
            namespace: "shop".into(),
            kind: "DataTier".into(),
            name: "orders".into(),
            uid: "uid-1".into(),
        },
        place: Place { environment: "prod".into(), region: "cluster".into() },
        kind: "kubernetes/BindingSecret".into(),
        node: "binding".into(),
        incarnation: 1,
        remade: 0,
        handle: None,
        address: [("name".to_owned(), json!("orders-binding"))].into_iter().collect(),
        freshness: Freshness::Now,
    }
}

/// One request that came in.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: String,
    pub uri: String,
    pub accept: String,
    pub content_type: String,
    pub body: Value,
}

impl Sent {
    pub fn path(&self) -> &str {
        self.uri.split('?').next().unwrap_or_default()
    }
}

/// Gives each request the next of its answers, and keeps what was asked. When there are no more answers it fails.
pub struct Server {
    client: Client,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Server {
    pub fn answering(answers: impl IntoIterator<Item = (u16, Value)>) -> Self {
        let (service, mut handle) = tower_test::mock::pair::<Request<Body>, Response<Body>>();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let mut answers = answers.into_iter().collect::<Vec<_>>().into_iter();
        let log = sent.clone();
        tokio::spawn(async move {
            while let Some((request, reply)) = handle.next_request().await {
                let request = read(request).await;
                log.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                let (code, body) = answers.next().unwrap_or((500, failure(500, "InternalError", json!([]))));
                let body = Body::from(serde_json::to_vec(&body).expect("JSON"));
                reply.send_response(Response::builder().status(code).body(body).expect("a response"));
            }
        });
        Server { client: Client::new(service, "default"), sent }
    }

    pub fn client(&self) -> Client {
        self.client.clone()
    }

    pub fn requests(&self) -> Vec<Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn read(request: Request<Body>) -> Sent {
    let (parts, body) = request.into_parts();
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let bytes = body.collect_bytes().await.expect("a body");
    Sent {
        method: parts.method.to_string(),
        uri: parts.uri.to_string(),
        accept: header("accept"),
        content_type: header("content-type"),
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
    }
}

/// A `Status` that says no.
pub fn failure(code: u16, reason: &str, causes: Value) -> Value {
    let details = json!({"name": "orders-binding", "kind": "secrets", "causes": causes});
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": reason,
           "reason": reason, "details": details, "code": code})
}

/// What the API server answers about an object that was made from `body` and not changed since.
pub fn object(uid: &str, body: &Value) -> Value {
    let mut meta = body["metadata"].as_object().cloned().unwrap_or_default();
    let entry = json!({"manager": "terrace/uid-1", "operation": "Apply", "apiVersion": "v1",
                       "fieldsType": "FieldsV1", "fieldsV1": kept(body)});
    let more = json!({"namespace": "shop", "uid": uid, "resourceVersion": "7", "managedFields": [entry]});
    meta.extend(more.as_object().cloned().unwrap_or_default());
    meta.entry("name").or_insert("orders-binding".into());
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta})
}

/// As [`object`], with all that was applied and this status.
pub fn whole(uid: &str, body: &Value, status: &Value) -> Value {
    let mut whole = body.clone();
    whole["metadata"] = object(uid, body)["metadata"].clone();
    whole["status"] = status.clone();
    whole
}

/// The fields of `body` as `managedFields` has them after an apply.
pub fn kept(body: &Value) -> Value {
    let mut fields = body.as_object().cloned().unwrap_or_default();
    fields.retain(|name, _| !matches!(name.as_str(), "apiVersion" | "kind"));
    if let Some(meta) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.retain(|name, _| matches!(name.as_str(), "annotations" | "labels" | "ownerReferences"));
    }
    entry(&fields.into())
}

/// Takes a field out of an entry as the API server does when somebody else sets it: what has nothing left in it goes too.
pub fn lose(entry: &mut Value, path: &[&str]) {
    let (Some(fields), Some((first, rest))) = (entry.as_object_mut(), path.split_first()) else { return };
    let inner = fields.get_mut(*first).expect("it was ours");
    if !rest.is_empty() {
        lose(inner, rest);
    }
    if rest.is_empty() || inner.as_object().is_some_and(Map::is_empty) {
        fields.remove(*first);
    }
}

/// Takes a field out of our entry in an answer.
pub fn lose_from(answer: &mut Value, path: &[&str]) {
    lose(&mut answer["metadata"]["managedFields"][0]["fieldsV1"], path);
}

fn entry(value: &Value) -> Value {
    let fields = |(name, field): (&String, &Value)| (format!("f:{name}"), entry(field));
    match value {
        Value::Object(all) => all.iter().map(fields).collect::<Map<_, _>>().into(),
        Value::Array(items) => items.iter().filter_map(item).collect::<Map<_, _>>().into(),
        _ => json!({}),
    }
}

/// Lists of what has a UID or a name are lists by that; all others are taken for such as are set as a whole.
fn item(item: &Value) -> Option<(String, Value)> {
    let key = ["uid", "name"].into_iter().find(|key| item.get(key).is_some())?;
    let mut fields = entry(item);
    fields["."] = json!({});
    Some((format!("k:{}", json!({ key: item[key] })), fields))
}

/// A node of `DataTier shop/orders` that stands for the object of that kind and name.
pub fn node(kind: &str, address: &Value) -> Id {
    let address = address.as_object().cloned().unwrap_or_default();
    Id { kind: kind.into(), node: "node".into(), address, ..id() }
}

/// Hands out one password and keeps what it was asked for.
#[derive(Default)]
pub struct Passwords {
    pub asked: Mutex<Vec<(Place, SecretRef)>>,
}

/// What [`Passwords`] hands out.
pub const PASSWORD: &str = "hunter2-and-more";

impl SecretReader for Passwords {
    fn read<'a>(&'a self, place: &'a Place, secret: &'a SecretRef) -> BoxFuture<'a, Result<SecretString>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push((place.clone(), secret.clone()));
        Box::pin(async { Ok(PASSWORD.into()) })
    }

    fn current<'a>(&'a self, _place: &'a Place, _arn: &'a str) -> BoxFuture<'a, Result<SecretString>> {
        Box::pin(async { Ok(PASSWORD.into()) })
    }
}
