//! `kubernetes/BindingSecret`: the Secret by which a workload finds a database or a cache, of type `servicebinding.io/<type>`.
//!
//! | entry | what |
//! |---|---|
//! | `type`, `provider`, `host`, `port`, `username`, `password` | as the specification has them (servicebinding.io, "Well-known Secret Entries") |
//! | `database` | the name of the database in the server |
//! | `reader-host` | the host that spreads reads over the replicas |
//! | `secret-arn` | where the password is kept in Secrets Manager, for a workload that reads it there itself |
//! | `tls` | `true` or `false`: whether to connect by TLS, where that is for the client to choose |
//!
//! What has no value has no entry.
//!
//! **How a change is found.** The wish as it was applied stands in one annotation; a password in it is the ARN and the
//! version of a secret, never a value. What the look reports is that annotation, less every field whose entry is no
//! longer ours by `managedFields` (see [`crate::apply`]). An entry changed or removed by somebody else is found that way,
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
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, json};
use terrace_engine::{Disposal, Error, Provider, Result, SecretReader, Seen, State};
use terrace_model::aws::Tags;
use terrace_model::aws::kubernetes::{BindingSecret, BindingSecretOutputs};
use terrace_model::identity::tag;
use terrace_model::{Diff, Handle, Id, Place, SecretRef, Val};

use crate::apply::{Body, Fields, Object};
use crate::{handover, owned};

/// The annotation with the wish as it was applied last.
const APPLIED: &str = "terrace.dev/applied";

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

    fn object(&self, id: &Id) -> Result<Object<Secret>> {
        Ok(Object::new(&self.client, &id.owner, name(id)?))
    }

    /// The Secret as it is applied, its password read for this one call.
    async fn body(&self, id: &Id, want: &BindingSecret) -> Result<Body> {
        let applied = BindingSecret { tags: Tags::new(), ..want.clone() };
        let applied = serde_json::to_string(&applied).map_err(Error::invalid)?;
        let annotations = want.tags.clone().into_iter().chain([(APPLIED.to_owned(), applied)]);
        let metadata = owned::metadata(id, &want.name, annotations);
        let password = self.password(id, &want.password).await?;
        let fields = Map::from_iter([
            ("type".to_owned(), json!([TYPE, &want.r#type].concat())),
            ("data".to_owned(), json!(entries(want, &password)?)),
        ]);
        Ok(Body::new::<Secret>(metadata, fields))
    }

    /// The value of the password; empty where there is none.
    async fn password(&self, id: &Id, secret: &SecretRef) -> Result<SecretString> {
        if *secret == BindingSecret::NO_PASSWORD {
            return Ok(SecretString::default());
        }
        let place = Place { region: region(secret)?, ..id.place.clone() };
        self.secrets.read(&place, secret).await
    }
}

/// The name, from the wish or, where the object was named by its handle, from that.
fn name(id: &Id) -> Result<&str> {
    let name = id.address("name").or_else(|| id.handle.as_ref().and_then(owned::name));
    name.ok_or_else(|| Error::invalid(format!("{} has no name to be found by", id.node)))
}

/// The region that an ARN names (`arn:partition:service:region:account:resource`).
fn region(secret: &SecretRef) -> Result<String> {
    let arn = secret.arn.get().map_err(Error::invalid)?;
    let region = arn.split(':').nth(3).filter(|region| !region.is_empty());
    region.map(str::to_owned).ok_or_else(|| Error::invalid(format!("{arn} is not the ARN of a secret")))
}

fn entries(want: &BindingSecret, password: &SecretString) -> Result<BTreeMap<&'static str, ByteString>> {
    let text = |value: &Val<String>| value.get().cloned().map_err(Error::invalid);
    let all = [
        ("type", want.r#type.clone()),
        ("provider", want.provider.clone()),
        ("host", text(&want.host)?),
        ("port", want.port.get().map_err(Error::invalid)?.to_string()),
        ("reader-host", want.reader_host.as_ref().map(text).transpose()?.unwrap_or_default()),
        ("database", want.database.clone().unwrap_or_default()),
        ("username", text(&want.username)?),
        ("password", password.expose_secret().to_owned()),
        ("secret-arn", text(&want.password.arn)?),
        ("tls", want.tls.map(|tls| tls.to_string()).unwrap_or_default()),
    ];
    let valued = all.into_iter().filter(|(_, value)| !value.is_empty());
    Ok(valued.map(|(entry, value)| (entry, ByteString(value.into_bytes()))).collect())
}

/// A binding of which nothing is known but its name.
fn unknown(name: &str) -> BindingSecret {
    BindingSecret {
        name: name.into(),
        r#type: String::new(),
        provider: String::new(),
        host: "".into(),
        port: 0.into(),
        reader_host: None,
        database: None,
        username: "".into(),
        password: BindingSecret::NO_PASSWORD,
        tls: None,
        tags: Tags::new(),
    }
}

/// The wish as it was applied last, if that can be read.
fn applied(meta: &ObjectMeta) -> Option<BindingSecret> {
    serde_json::from_str(meta.annotations.as_ref()?.get(APPLIED)?).ok()
}

/// The annotations that say whose it is.
fn tags(meta: &ObjectMeta) -> Tags {
    let ours = meta.annotations.iter().flatten().filter(|(key, _)| key.starts_with(tag::PREFIX) && *key != APPLIED);
    ours.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// What we applied, less what is no longer as we left it.
fn have(id: &Id, name: &str, meta: &ObjectMeta, applied: BindingSecret) -> BindingSecret {
    let unknown = BindingSecret { r#type: applied.r#type.clone(), tags: tags(meta), ..unknown(name) };
    let fields = Fields::of(meta, &owned::manager(&id.owner));
    let wanted = owned::metadata(id, name, [(APPLIED.to_owned(), String::new())]);
    if !fields.hold_metadata(&wanted) {
        return unknown;
    }
    let ours = |entry: &str| fields.hold(&["data", entry]);
    let or = |ours: bool, applied: Val<String>, lost: Val<String>| if ours { applied } else { lost };
    BindingSecret {
        name: name.into(),
        r#type: applied.r#type,
        // The entry `type` beside it can be mended in place, which a difference in the type itself cannot.
        provider: if ours("provider") && ours("type") { applied.provider } else { unknown.provider },
        host: or(ours("host"), applied.host, unknown.host),
        port: if ours("port") { applied.port } else { unknown.port },
        reader_host: applied.reader_host.filter(|host| ours("reader-host") || *host == "".into()),
        database: applied.database.filter(|database| ours("database") || database.is_empty()),
        username: or(ours("username"), applied.username, unknown.username),
        password: if ours("password") && ours("secret-arn") { applied.password } else { unknown.password },
        tls: applied.tls.filter(|_| ours("tls")),
        tags: unknown.tags,
    }
}

/// Whether its tags say that it is this owner's.
fn is_owned(binding: &BindingSecret, id: &Id) -> bool {
    binding.tags.get(tag::UID) == Some(&id.owner.uid)
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
        let (name, object) = (name(id)?, self.object(id)?);
        let Some(meta) = object.look().await? else {
            return Ok(Seen::Absent);
        };
        let have = match applied(&meta) {
            Some(applied) => have(id, name, &meta, applied),
            None => {
                let whole = object.column("Type").await?.unwrap_or_default();
                let r#type = whole.strip_prefix(TYPE).map_or(whole.clone(), str::to_owned);
                BindingSecret { r#type, tags: tags(&meta), ..unknown(name) }
            }
        };
        Ok(Seen::Present {
            have,
            out: BindingSecretOutputs { name: Some(name.to_owned()) },
            handle: owned::handle::<Secret>(&meta),
            owner: owned::owner(&meta),
            state: if meta.deletion_timestamp.is_some() { State::Deleting } else { State::Ready },
        })
    }

    async fn create(&self, id: &Id, want: &BindingSecret) -> Result<Handle> {
        let body = self.body(id, want).await?;
        let made = Object::<Secret>::new(&self.client, &id.owner, &want.name).create(body).await?;
        Ok(owned::handle::<Secret>(&made))
    }

    async fn update(&self, id: &Id, have: &BindingSecret, want: &BindingSecret, _diff: &Diff) -> Result<()> {
        let (object, uid) = (self.object(id)?, id.handle.as_ref().and_then(owned::uid));
        if !is_owned(want, id) {
            return object.amend(uid, |meta| handover::release(meta, &id.owner)).await;
        }
        if !is_owned(have, id) {
            object.amend(uid, |meta| handover::succeed(meta, &id.owner)).await?;
        }
        object.apply(uid, self.body(id, want).await?).await.map(drop)
    }

    async fn delete(&self, id: &Id, _have: &BindingSecret, _disposal: Disposal) -> Result<()> {
        let object = self.object(id)?;
        let recorded = id.handle.as_ref().and_then(owned::uid).map(str::to_owned);
        let uid = match recorded {
            Some(uid) => Some(uid),
            None => object.look().await?.and_then(|meta| meta.uid),
        };
        match uid {
            Some(uid) => object.delete(&uid).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
