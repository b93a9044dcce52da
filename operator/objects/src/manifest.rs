//! Objects by their manifests: one provider for all kinds, and some lines for each kind.
//!
//! **How a change is found.** As in [`crate::binding`]: the wish as it was applied stands in one annotation, and what the
//! look reports is that, less every field that is no longer ours by `managedFields` (see [`crate::fields`]). So it is our
//! own text that is compared, never what the API server made of it: a quantity of `1000m`, which it writes as `1`, is no
//! difference. Fields that we do not set are nobody's business of ours.
//!
//! **What is kept.** A wish may name paths below which it says nothing and all stays as it was applied last
//! ([`Manifest::keeping`]): an apply that left them out would take them away. They are taken from the annotation.

use std::future::Future;
use std::marker::PhantomData;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use kube::api::ApiResource;
use serde_json::{Map, Value};
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State};
use terrace_model::aws::Tags;
use terrace_model::aws::kubernetes::{Manifest, ManifestOutputs, ObjectKind, kind, put, take};
use terrace_model::{Diff, Handle, Id, Opaque};

use crate::apply::{Body, Object};
use crate::errors::NOT_FOUND;
use crate::fields::Fields;
use crate::owned::APPLIED;
use crate::{apply, handover, owned};

/// What a look finds of an object that is there.
pub struct Found<O> {
    pub meta: ObjectMeta,
    pub state: State,
    pub out: O,
}

/// How the API server serves a kind, and how it is looked at.
pub trait Served: ObjectKind {
    /// As `deployments`.
    const PLURAL: &'static str;
    /// What the operator may do with it (see [`crate::permission`]).
    const ACTIONS: &'static [&'static str];
    /// Fields that a wish may cease to set, and that then stay as they are, to be set by others until it sets them again.
    const LEAVES: &'static [&'static [&'static str]] = &[];

    /// Looks at it; `None` where it is absent.
    fn look(object: &Object, name: &str) -> impl Future<Output = Result<Option<Found<Self::Outputs>>>> + Send;
}

/// A look at what is ready as soon as it is there: its metadata says all.
pub async fn at_once(object: &Object, name: &str) -> Result<Option<Found<ManifestOutputs>>> {
    let found = |meta: ObjectMeta| Found {
        state: owned::state(&meta).unwrap_or(State::Ready),
        meta,
        out: ManifestOutputs { name: Some(name.into()) },
    };
    Ok(object.look().await?.map(found))
}

/// The actions of a kind in these API groups; an apply that makes an object needs `create` beside `patch`.
macro_rules! actions {
    ($plural:literal, $($group:literal)+ $(, $more:literal)*) => {
        &[$(
            concat!("kubernetes:", $group, "/", $plural, ":create"),
            concat!("kubernetes:", $group, "/", $plural, ":delete"),
            concat!("kubernetes:", $group, "/", $plural, ":get"),
            concat!("kubernetes:", $group, "/", $plural, ":patch"),
        )+ $($more,)*]
    };
}
pub(crate) use actions;

macro_rules! ready_at_once {
    ($($kind:ident $plural:literal $($group:literal)+;)*) => {
        $(
            impl Served for kind::$kind {
                const PLURAL: &'static str = $plural;
                const ACTIONS: &'static [&'static str] = actions!($plural, $($group)+);

                async fn look(object: &Object, name: &str) -> Result<Option<Found<ManifestOutputs>>> {
                    at_once(object, name).await
                }
            }
        )*
    };
}

ready_at_once! {
    ConfigMap "configmaps" "core";
    HorizontalPodAutoscaler "horizontalpodautoscalers" "autoscaling";
    PodDisruptionBudget "poddisruptionbudgets" "policy";
    Service "services" "core";
    ServiceAccount "serviceaccounts" "core";
    // Its status has nothing but the generation that was observed.
    TargetGroupBinding "targetgroupbindings" "elbv2.k8s.aws" "eks.amazonaws.com";
}

/// Makes objects of kind `K`.
pub struct Manifests<K> {
    client: Client,
    kind: PhantomData<fn() -> K>,
}

impl<K: Served> Manifests<K> {
    /// The provider for one cluster.
    pub fn new(client: Client) -> Self {
        Manifests { client, kind: PhantomData }
    }

    fn object(&self, id: &Id) -> Result<Object> {
        Ok(Object::new(&self.client, &served::<K>(api_version::<K>(id)), &id.owner, owned::wished_name(id)?))
    }
}

/// Under which group and version it is looked for.
fn api_version<K: ObjectKind>(id: &Id) -> &str {
    id.address("apiVersion").unwrap_or(K::API_VERSION)
}

/// The kind as the API server serves it in this version.
fn served<K: Served>(api_version: &str) -> ApiResource {
    apply::served(api_version, K::KIND.rsplit('/').next().unwrap_or(K::KIND), K::PLURAL)
}

/// The object as it is applied over `before`, the wish that was applied last.
fn body<K: Served>(object: &Object, id: &Id, want: &Manifest<K>, before: Option<&Manifest<K>>) -> Result<Body> {
    let mut fields = plain(&want.fields)?;
    for path in &want.keeps {
        let kept =
            before.map(|before| plain(&before.fields)).transpose()?.and_then(|mut before| take(&mut before, path));
        let kept = kept.ok_or_else(|| nothing_to_keep(object, path))?;
        put(&mut fields, path, kept);
    }
    let mut fixed = plain(&want.fixed)?;
    let applied = Manifest { fields: escaped(fields.clone())?, tags: Tags::new(), ..want.clone() };
    let applied = serde_json::to_string(&applied).map_err(Error::invalid)?;
    let mut annotations = Vec::new();
    for (key, value) in &want.annotations {
        annotations.push((key.clone(), value.get().map_err(Error::invalid)?.clone()));
    }
    let ours = want.tags.clone().into_iter().chain([(APPLIED.to_owned(), applied)]);
    let mut metadata = owned::metadata(id, &want.name, annotations.into_iter().chain(id.owner_tags()).chain(ours));
    let labels = metadata.labels.get_or_insert_default();
    for (key, value) in &want.labels {
        labels.entry(key.clone()).or_insert_with(|| value.clone());
    }
    for path in K::FIXED {
        if let Some(value) = take(&mut fixed, path) {
            put(&mut fields, path, value);
        }
    }
    Ok(Body::new(&served::<K>(&want.api_version), metadata, fields))
}

fn nothing_to_keep(object: &Object, path: &str) -> Error {
    let message =
        format!("{} is to keep its {path}, and it has none of ours: it was deleted, or never made", object.what());
    Error::blocked(NOT_FOUND, message)
}

/// The fields without the escapes of what a user wrote.
fn plain(fields: &Map<String, Value>) -> Result<Map<String, Value>> {
    let Opaque(plain) = serde_json::from_value(Value::from(fields.clone())).map_err(Error::invalid)?;
    Ok(map(plain))
}

fn escaped(fields: Map<String, Value>) -> Result<Map<String, Value>> {
    serde_json::to_value(Opaque(fields.into())).map(map).map_err(Error::invalid)
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// True where the field at this path, as `["spec", "replicas"]`, is set.
fn sets(fields: &Map<String, Value>, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    let within = |value: &Value| rest.iter().try_fold(value, |value, step| value.get(step)).is_some();
    fields.get(*first).is_some_and(within)
}

/// The wish as it was applied last, if that can be read.
fn applied<K>(meta: &ObjectMeta) -> Option<Manifest<K>> {
    serde_json::from_str(meta.annotations.as_ref()?.get(APPLIED)?).ok()
}

/// What we applied, less what is no longer as we left it.
fn have<K: Served>(id: &Id, meta: &ObjectMeta) -> Result<Manifest<K>> {
    let name = owned::wished_name(id)?;
    let nothing = Manifest::new(name, Value::Null).version(api_version::<K>(id));
    let unknown = Manifest { tags: owned::tags(meta), ..nothing };
    let fields = Fields::of(meta, &owned::manager(&id.owner));
    let marks = owned::metadata(id, name, [(APPLIED.to_owned(), String::new())]);
    let Some(applied) = applied::<K>(meta) else { return Ok(unknown) };
    // Nobody can have changed these, and a difference in them cannot be mended in place.
    let unknown = Manifest { fixed: applied.fixed, ..unknown };
    if !fields.hold_metadata(&marks) {
        return Ok(unknown);
    }
    let mut whole = plain(&applied.fields)?;
    let mut kept = fields.kept_of(&whole);
    let mut is_kept = |path: &String| take(&mut whole, path) == take(&mut kept, path);
    let keeps = applied.keeps.into_iter().filter(|path| is_kept(path)).collect();
    let of = |map: &'static str, key: &String| fields.hold(&["metadata", map, key]);
    Ok(Manifest {
        labels: applied.labels.into_iter().filter(|(key, _)| of("labels", key)).collect(),
        annotations: applied.annotations.into_iter().filter(|(key, _)| of("annotations", key)).collect(),
        fields: escaped(kept)?,
        keeps,
        ..unknown
    })
}

/// What cannot be changed, of an object that has lost the annotation with our wish: as it is, where we set it.
async fn fixed<K: Served>(object: &Object, meta: &ObjectMeta) -> Result<Map<String, Value>> {
    let ours = Fields::of(meta, object.manager());
    let mut fixed = Map::new();
    if K::FIXED.is_empty() || ours.is_empty() {
        return Ok(fixed);
    }
    let mut whole = map(object.read().await?.map(|found| found.data).unwrap_or_default());
    for path in K::FIXED.iter().filter(|path| ours.hold(&path.split('.').collect::<Vec<_>>())) {
        if let Some(value) = take(&mut whole, path) {
            put(&mut fixed, path, value);
        }
    }
    Ok(fixed)
}

impl<K: Served> Provider<Manifest<K>> for Manifests<K> {
    const ACTIONS: &'static [&'static str] = K::ACTIONS;

    async fn observe(&self, id: &Id) -> Result<Seen<Manifest<K>>> {
        let object = self.object(id)?;
        let Some(Found { meta, state, out }) = K::look(&object, owned::wished_name(id)?).await? else {
            return Ok(Seen::Absent);
        };
        let mut have = have(id, &meta)?;
        if have.fixed.is_empty() {
            have.fixed = fixed::<K>(&object, &meta).await?;
        }
        Ok(Seen::Present {
            have,
            out,
            handle: owned::handle(&served::<K>(api_version::<K>(id)).kind, &meta),
            owner: owned::owner(&meta),
            state,
        })
    }

    async fn create(&self, id: &Id, want: &Manifest<K>) -> Result<Handle> {
        let kind = served::<K>(&want.api_version);
        let object = Object::new(&self.client, &kind, &id.owner, &want.name);
        let made = object.create(body(&object, id, want, None)?).await?;
        Ok(owned::handle(&kind.kind, &made))
    }

    async fn update(&self, id: &Id, have: &Manifest<K>, want: &Manifest<K>, _diff: &Diff) -> Result<()> {
        let (object, uid) = (self.object(id)?, id.handle.as_ref().and_then(owned::uid));
        if !handover::settle(&object, id, &have.tags, &want.tags).await? {
            return Ok(());
        }
        let Some(meta) = object.look().await? else {
            return Err(Error::retry(format!("{} was deleted by somebody else at the same time", object.what())));
        };
        let before = applied::<K>(&meta);
        let body = body(&object, id, want, before.as_ref())?;
        for path in K::LEAVES {
            let was = before.as_ref().map(|before| sets(&before.fields, path));
            // Once it was left to others, they may have set it; a wish that sets it again takes it back from them.
            let ours = match (was, sets(body.fields(), path)) {
                (Some(true), false) => true,
                (Some(false), true) => false,
                _ => continue,
            };
            let from = |manager: &str| (manager == object.manager()) == ours;
            object.amend(uid, |meta| handover::take(meta, path, from)).await?;
        }
        object.apply(uid.or(meta.uid.as_deref()), body).await.map(drop)
    }

    async fn delete(&self, id: &Id, _have: &Manifest<K>, _disposal: Disposal) -> Result<()> {
        owned::delete(&self.object(id)?, id).await
    }
}

#[cfg(test)]
mod tests;
