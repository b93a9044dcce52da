//! `kubernetes/BindingSecret`: the Secret by which a workload finds a database or a cache, of type `servicebinding.io/<type>`.
//!
//! | entry | what |
//! |---|---|
//! | `type`, `provider`, `host`, `port`, `username`, `password` | as the specification has them (servicebinding.io, "Well-known Secret Entries") |
//! | `database` | the name of the database in the server |
//! | `reader-host` | the host that spreads reads over the replicas |
//! | `secret-arn` | where the password is kept in Secrets Manager, for a workload that reads it there itself |
//! | `tls` | `true` or `false`: whether to connect by TLS, where that is for the client to choose |
//! | others | as the wish has them: `bucket`, `region` of S3 |
//!
//! What has no value has no entry.
//!
//! **How a change is found.** The wish as it was applied stands in one annotation; a password in it is the ARN and the
//! version of a secret, never a value. What the look reports is that annotation, less every field whose entry is no
//! longer ours by `managedFields` (see [`crate::fields`]). An entry changed or removed by somebody else is found that way,
//! the password among them, though no look ever reads one. Where any of our metadata is no longer ours (an annotation,
//! the label, the owner reference), nothing in it is taken on trust, and all fields are reported as changed. All but the
//! type of the Secret: the API server lets nobody change that (https://kubernetes.io/docs/concepts/configuration/secret,
//! "Secret types"), so that a wish of another is one for another Secret. It is what the annotation says, or where there
//! is none what a table shows of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use kube::api::ApiResource;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, json};
use terrace_engine::{Disposal, Error, Provider, Result, SecretReader, Seen, State};
use terrace_model::aws::Tags;
use terrace_model::aws::kubernetes::{BindingSecret, BindingSecretOutputs};
use terrace_model::{Diff, Handle, Id, Place, SecretRef, Val};

use crate::apply::{Body, Object};
use crate::fields::Fields;
use crate::owned::APPLIED;
use crate::{handover, owned};

/// How the types of binding Secrets begin.
const TYPE: &str = "servicebinding.io/";

/// Makes binding Secrets.
pub struct BindingSecrets {
    client: Client,
    secrets: Arc<dyn SecretReader>,
}

impl BindingSecrets {
    /// The provider for one cluster; passwords come from `secrets`.
    pub fn new(client: Client, secrets: Arc<dyn SecretReader>) -> Self {
        BindingSecrets { client, secrets }
    }

    fn object(&self, id: &Id) -> Result<Object> {
        Ok(Object::new(&self.client, &secret(), &id.owner, owned::wished_name(id)?))
    }

    /// The Secret as it is applied, its password read for this one call.
    async fn body(&self, id: &Id, want: &BindingSecret) -> Result<Body> {
        let applied = BindingSecret { tags: Tags::new(), ..want.clone() };
        let applied = serde_json::to_string(&applied).map_err(Error::invalid)?;
        let annotations = want.tags.clone().into_iter().chain([(APPLIED.to_owned(), applied)]);
        let metadata = owned::metadata(id, &want.name, annotations);
        let password = self.password(id, &want.password).await?;
        let fields = Map::from_iter([
            ("type".to_owned(), json!([TYPE, want.r#type.get().map_err(Error::invalid)?].concat())),
            ("data".to_owned(), json!(entries(want, &password)?)),
        ]);
        Ok(Body::new(&secret(), metadata, fields))
    }

    /// The value of the password; empty where there is none.
    async fn password(&self, id: &Id, secret: &SecretRef) -> Result<SecretString> {
        if secret.arn.known().is_some_and(String::is_empty) {
            return Ok(SecretString::default());
        }
        let place = Place { region: region(secret)?, ..id.place.clone() };
        self.secrets.read(&place, secret).await
    }
}

fn secret() -> ApiResource {
    ApiResource::erase::<Secret>(&())
}

/// The region that an ARN names (`arn:partition:service:region:account:resource`).
fn region(secret: &SecretRef) -> Result<String> {
    let arn = secret.arn.get().map_err(Error::invalid)?;
    let region = arn.split(':').nth(3).filter(|region| !region.is_empty());
    region.map(str::to_owned).ok_or_else(|| Error::invalid(format!("{arn} is not the ARN of a secret")))
}

fn entries(want: &BindingSecret, password: &SecretString) -> Result<BTreeMap<String, ByteString>> {
    let text = |value: &Val<String>| value.get().cloned().map_err(Error::invalid);
    let or_none = |value: &Option<Val<String>>| value.as_ref().map(text).transpose().map(Option::unwrap_or_default);
    let known = [
        ("type", text(&want.r#type)?),
        ("provider", text(&want.provider)?),
        ("host", text(&want.host)?),
        ("port", shown(want.port.as_ref())?),
        ("reader-host", or_none(&want.reader_host)?),
        ("database", or_none(&want.database)?),
        ("username", text(&want.username)?),
        ("password", password.expose_secret().to_owned()),
        ("secret-arn", text(&want.password.arn)?),
        ("tls", shown(want.tls.as_ref())?),
    ];
    let mut all = BTreeMap::new();
    for (entry, value) in &want.entries {
        all.insert(entry.clone(), text(value)?);
    }
    all.extend(
        known.map(|(entry, value)| (entry.to_owned(), value)).into_iter().filter(|(_, value)| !value.is_empty()),
    );
    let valued = all.into_iter().filter(|(_, value)| !value.is_empty());
    Ok(valued.map(|(entry, value)| (entry, ByteString(value.into_bytes()))).collect())
}

fn shown<T: ToString>(value: Option<&Val<T>>) -> Result<String> {
    let shown = |value: &Val<T>| value.get().map(T::to_string).map_err(Error::invalid);
    value.map(shown).transpose().map(Option::unwrap_or_default)
}

/// A binding of which nothing is known but its name.
fn unknown(name: &str, r#type: Val<String>) -> BindingSecret {
    BindingSecret::new(name, r#type, "")
}

/// The wish as it was applied last, if that can be read.
fn applied(meta: &ObjectMeta) -> Option<BindingSecret> {
    serde_json::from_str(meta.annotations.as_ref()?.get(APPLIED)?).ok()
}

/// What we applied, less what is no longer as we left it.
fn have(id: &Id, name: &str, meta: &ObjectMeta, applied: BindingSecret) -> BindingSecret {
    let unknown = BindingSecret { tags: owned::tags(meta), ..unknown(name, applied.r#type.clone()) };
    let fields = Fields::of(meta, &owned::manager(&id.owner));
    let wanted = owned::metadata(id, name, [(APPLIED.to_owned(), String::new())]);
    if !fields.hold_metadata(&wanted) {
        return unknown;
    }
    let ours = |entry: &str| fields.hold(&["data", entry]);
    let or = |ours: bool, applied: Val<String>, lost: Val<String>| if ours { applied } else { lost };
    let kept = |entry: &str, value: &Val<String>| ours(entry) || *value == "".into();
    BindingSecret {
        name: name.into(),
        r#type: applied.r#type,
        // The entry `type` beside it can be mended in place, which a difference in the type itself cannot.
        provider: or(ours("provider") && ours("type"), applied.provider, unknown.provider),
        host: or(ours("host"), applied.host, unknown.host),
        port: applied.port.filter(|_| ours("port")),
        reader_host: applied.reader_host.filter(|host| kept("reader-host", host)),
        database: applied.database.filter(|database| kept("database", database)),
        username: or(ours("username"), applied.username, unknown.username),
        password: if ours("password") && ours("secret-arn") { applied.password } else { unknown.password },
        tls: applied.tls.filter(|_| ours("tls")),
        entries: applied.entries.into_iter().filter(|(entry, value)| kept(entry, value)).collect(),
        tags: unknown.tags,
    }
}

impl Provider<BindingSecret> for BindingSecrets {
    // An apply that makes an object needs `create` beside `patch`.
    const ACTIONS: &'static [&'static str] = &[
        "kubernetes:core/secrets:create",
        "kubernetes:core/secrets:delete",
        "kubernetes:core/secrets:get",
        "kubernetes:core/secrets:patch",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<BindingSecret>> {
        let (name, object) = (owned::wished_name(id)?, self.object(id)?);
        let Some(meta) = object.look().await? else {
            return Ok(Seen::Absent);
        };
        let applied = applied(&meta);
        // Also of a password that somebody has changed since: what refers to it waits for the next one to be applied.
        let version = applied.as_ref().and_then(|applied| applied.password.version.known().cloned());
        let have = match applied {
            Some(applied) => have(id, name, &meta, applied),
            None => {
                let whole = object.column("Type").await?.unwrap_or_default();
                let r#type = whole.strip_prefix(TYPE).unwrap_or(&whole).into();
                BindingSecret { tags: owned::tags(&meta), ..unknown(name, r#type) }
            }
        };
        Ok(Seen::Present {
            have,
            out: BindingSecretOutputs { name: Some(name.to_owned()), version },
            handle: owned::handle(&secret().kind, &meta),
            owner: owned::owner(&meta),
            state: owned::state(&meta).unwrap_or(State::Ready),
        })
    }

    async fn create(&self, id: &Id, want: &BindingSecret) -> Result<Handle> {
        let body = self.body(id, want).await?;
        let made = Object::new(&self.client, &secret(), &id.owner, &want.name).create(body).await?;
        Ok(owned::handle(&secret().kind, &made))
    }

    async fn update(&self, id: &Id, have: &BindingSecret, want: &BindingSecret, _diff: &Diff) -> Result<()> {
        let (object, uid) = (self.object(id)?, id.handle.as_ref().and_then(owned::uid));
        if handover::settle(&object, id, &have.tags, &want.tags).await? {
            object.apply(uid, self.body(id, want).await?).await?;
        }
        Ok(())
    }

    async fn delete(&self, id: &Id, _have: &BindingSecret, _disposal: Disposal) -> Result<()> {
        owned::delete(&self.object(id)?, id).await
    }
}

#[cfg(test)]
mod tests;
