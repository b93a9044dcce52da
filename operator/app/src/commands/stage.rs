//! The cluster as it would be with the manifests applied, laid out as the controller has it before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DynamicObject, PostParams};
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{self, Lookup};
use kube::runtime::watcher::Event;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use terrace_crds::{Environment, TierGrant};
use terrace_tiers::ObjectKey;
use terrace_views::plan::ObjectChange;

use super::cluster::{Cluster, list, said};
use super::manifests::Manifest;
use super::named::Named;
use crate::cloud::Clouds;
use crate::context::{Context, Parts};
use crate::install::{Install, Scope};
use crate::kinds::{KINDS, Kind};
use crate::telemetry::events::Events;
use crate::telemetry::metrics::Metrics;
use crate::wake;

/// What of an object decides what becomes of it, beside its spec.
const TELLING: [&str; 2] = ["annotations", "labels"];

/// The objects of a cluster, those of the manifests in the place of those that stand.
#[derive(Default)]
pub struct Stage {
    /// Of each kind of ours, by namespace and name.
    objects: BTreeMap<ObjectKey, Value>,
    namespaces: BTreeMap<String, (Whence, Value)>,
    /// What the plan is of, in the order of the manifests.
    pub asked: Vec<Asked>,
}

/// Where a namespace is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whence {
    Cluster,
    Manifests,
}

/// One object that is planned.
pub struct Asked {
    pub kind: &'static Kind,
    pub object: Value,
    pub change: ObjectChange,
}

impl Stage {
    /// All that the cluster has.
    ///
    /// # Errors
    /// What the API server refuses.
    pub async fn of(cluster: &Cluster) -> Result<Stage, String> {
        let mut stage = Stage::default();
        for kind in terrace_crds::KINDS {
            for object in cluster.all(kind).await? {
                stage.objects.insert(key(kind.kind, &object, ""), object);
            }
        }
        let namespaces = list(Api::<Namespace>::all(cluster.client.clone()), "Namespaces").await?;
        for namespace in namespaces {
            let value = serde_json::to_value(&namespace).map_err(|error| error.to_string())?;
            stage.namespaces.insert(namespace.metadata.name.unwrap_or_default(), (Whence::Cluster, value));
        }
        Ok(stage)
    }

    /// Puts the manifests in the place of what stands. Where there is a cluster, its API server fills in defaults and says
    /// what it would refuse.
    ///
    /// # Errors
    /// What is wrong with which manifest.
    pub async fn apply(&mut self, manifests: &[Manifest], cluster: &Cluster, offline: bool) -> Result<(), String> {
        for Manifest { value, .. } in manifests.iter().filter(|manifest| manifest.value["kind"] == "Namespace") {
            let name = value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            self.namespaces.entry(name).or_insert_with(|| (Whence::Manifests, value.clone()));
        }
        for Manifest { source, value } in manifests {
            let kind = value["kind"].as_str().unwrap_or_default();
            let ours = value["apiVersion"].as_str().is_some_and(|api| api.starts_with(terrace_crds::GROUP));
            let Some(known) = terrace_crds::KINDS.iter().find(|known| ours && known.kind == kind) else { continue };
            let namespace = if known.namespaced() { cluster.namespace.as_str() } else { "" };
            let key = key(kind, value, namespace);
            let standing = self.objects.get(&key).cloned();
            let mut object = merged(value, standing.as_ref(), &key);
            if !offline && self.has_namespace(&key.namespace)? {
                object = dry_run(&object, standing.is_some(), known, &key, cluster)
                    .await
                    .map_err(|error| format!("{source}: {error}"))?;
                object["status"] = standing.as_ref().map(|standing| standing["status"].clone()).unwrap_or_default();
            }
            prune(&mut object);
            let change = match &standing {
                None => ObjectChange::Create,
                Some(standing) if is_same(standing, &object) => ObjectChange::Keep,
                Some(_) => ObjectChange::Update,
            };
            self.objects.insert(key, object.clone());
            self.asked.extend(tier(kind).map(|kind| Asked { kind, object, change }));
        }
        Ok(())
    }

    /// Plans what stands, of these names or of all.
    ///
    /// # Errors
    /// A name that there is not.
    pub fn ask(&mut self, names: &[Named], namespace: Option<&str>) -> Result<(), String> {
        let wanted = |key: &ObjectKey| {
            let is = |named: &Named| named.kind.kind == key.kind && named.name == key.name;
            (names.is_empty() || names.iter().any(is)) && namespace.is_none_or(|namespace| namespace == key.namespace)
        };
        for (key, object) in self.objects.iter().filter(|(key, _)| wanted(key)) {
            let change = if object["metadata"]["deletionTimestamp"].is_null() {
                ObjectChange::Keep
            } else {
                ObjectChange::Delete
            };
            self.asked.extend(tier(&key.kind).map(|kind| Asked { kind, object: object.clone(), change }));
        }
        for named in names {
            let of = |asked: &Asked| {
                asked.kind.name == named.kind.kind && asked.object["metadata"]["name"] == named.name.as_str()
            };
            if !self.asked.iter().any(of) {
                return Err(named.absent(namespace));
            }
        }
        Ok(())
    }

    /// Takes what is asked for as about to be deleted.
    pub fn delete(&mut self) {
        self.asked.retain(|asked| asked.change != ObjectChange::Create);
        for asked in &mut self.asked {
            asked.change = ObjectChange::Delete;
            asked.object["metadata"]["deletionTimestamp"] = json!("1970-01-01T00:00:00Z");
            let key = key(asked.kind.name, &asked.object, "");
            self.objects.insert(key, asked.object.clone());
        }
    }

    /// A dry run in a namespace that is yet to come is refused by the API server.
    fn has_namespace(&self, name: &str) -> Result<bool, String> {
        match self.namespaces.get(name) {
            Some((whence, _)) => Ok(*whence == Whence::Cluster),
            None if name.is_empty() => Ok(true),
            None => Err(format!("there is no namespace {name}: make it first, or add it to the manifests")),
        }
    }

    /// The Environments.
    pub fn environments(&self) -> Vec<Environment> {
        self.of_kind("Environment").filter_map(|object| serde_json::from_value(object.clone()).ok()).collect()
    }

    /// All of a kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter(move |(key, _)| key.kind == kind).map(|(_, object)| object)
    }

    /// The stage as a context of the controller, with these Environments.
    pub fn context(&self, cluster: &Cluster, clouds: &Arc<Clouds>, environments: Vec<Environment>) -> Context {
        let (client, metrics, resync) = (cluster.client.clone(), Metrics::default(), crate::cli::DEFAULT_RESYNC);
        let namespaces = self.namespaces.values().cloned().filter_map(|(_, value)| serde_json::from_value(value).ok());
        let (wake, _) = wake::channels(KINDS.iter().map(|kind| kind.name));
        let context = Context::new(Parts {
            clouds: clouds.clone(),
            events: Events::new(client.clone(), "terrace-plan"),
            install: Install::new("terrace-plan".into(), Scope::default(), client.clone()),
            environments: self::environments(environments),
            namespaces: store::<PartialObjectMeta<Namespace>>(namespaces),
            client,
            metrics,
            resync,
            wake,
        });
        for kind in KINDS {
            let objects: Vec<Value> = self.of_kind(kind.name).cloned().collect();
            kind.note(&objects, &context);
        }
        let grants = self.of_kind("TierGrant").filter_map(|object| serde_json::from_value(object.clone()).ok());
        let grants: Vec<DeserializeGuard<TierGrant>> = grants.collect();
        for event in grants.into_iter().map(Event::Apply) {
            context.neighbours.note_grant(&Ok(event));
        }
        context
    }
}

/// Environments as the controller's watch has them.
pub fn environments(all: Vec<Environment>) -> reflector::Store<DeserializeGuard<Environment>> {
    store(all.into_iter().map(|environment| DeserializeGuard(Ok(environment))))
}

/// A store that has been filled and changes no more.
fn store<K>(objects: impl Iterator<Item = K>) -> reflector::Store<K>
where
    K: Lookup<DynamicType = ()> + Clone + DeserializeOwned + 'static,
{
    let mut writer = Writer::<K>::default();
    for event in std::iter::once(Event::Init).chain(objects.map(Event::InitApply)).chain([Event::InitDone]) {
        writer.apply_watcher_event(&event);
    }
    writer.as_reader()
}

fn tier(kind: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|known| known.name == kind)
}

fn key(kind: &str, object: &Value, namespace: &str) -> ObjectKey {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    let within = if text("namespace").is_empty() { namespace } else { text("namespace") };
    ObjectKey::new(kind, within, text("name"))
}

/// The object with the spec of the manifest, and all else of what stands.
fn merged(manifest: &Value, standing: Option<&Value>, key: &ObjectKey) -> Value {
    let mut object = standing.cloned().unwrap_or_else(|| {
        json!({ "apiVersion": manifest["apiVersion"], "kind": manifest["kind"],
                "metadata": { "name": key.name, "generation": 1 } })
    });
    object["spec"] = manifest["spec"].clone();
    if !key.namespace.is_empty() {
        object["metadata"]["namespace"] = json!(key.namespace);
    }
    for field in TELLING {
        for (name, value) in manifest["metadata"][field].as_object().into_iter().flatten() {
            object["metadata"][field][name] = value.clone();
        }
    }
    if standing.is_none() {
        // Its UID is the API server's to give.
        object["metadata"]["uid"] = json!(format!("new-{}-{}-{}", key.kind.to_lowercase(), key.namespace, key.name));
    }
    object
}

/// The object as the API server would store it.
async fn dry_run(
    object: &Value,
    stands: bool,
    kind: &terrace_crds::Kind,
    key: &ObjectKey,
    cluster: &Cluster,
) -> Result<Value, String> {
    let api = cluster.api(kind, &key.namespace);
    let sent: DynamicObject = serde_json::from_value(object.clone()).map_err(|error| error.to_string())?;
    let params = PostParams { dry_run: true, ..PostParams::default() };
    let answer = match stands {
        true => api.replace(&key.name, &params, &sent).await,
        false => api.create(&params, &sent).await,
    };
    let mut stored = serde_json::to_value(answer.map_err(said)?).map_err(|error| error.to_string())?;
    if !stands {
        stored["metadata"]["uid"] = object["metadata"]["uid"].clone();
    }
    Ok(stored)
}

/// Takes out fields that are not set: to the types null is a value.
fn prune(object: &mut Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
}

fn is_same(standing: &Value, object: &Value) -> bool {
    let telling = |object: &Value| TELLING.map(|field| object["metadata"][field].clone());
    standing["spec"] == object["spec"] && telling(standing) == telling(object)
}
