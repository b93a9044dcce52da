//! The cluster as the person's own kubeconfig reaches it.

use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;

use clap::Args;
use kube::api::{Api, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, DynamicObject};
use kube::{Client, Config};
use serde::de::DeserializeOwned;
use serde_json::Value;
use terrace_crds::{GROUP, Kind, VERSION};

use crate::cli::DEFAULT_RESYNC;
use crate::cloud::Clouds;
use crate::reach;
use crate::telemetry::metrics::Metrics;

/// Which cluster is meant.
#[derive(Clone, Debug, Default, Args)]
#[group(id = "cluster")]
pub struct Flags {
    /// The context of the kubeconfig; the current one unless given.
    #[arg(long)]
    pub context: Option<String>,
    /// The namespace; that of the context unless given.
    #[arg(long, short)]
    pub namespace: Option<String>,
}

/// Flags of a command that reads AWS as well.
#[derive(Clone, Debug, Default, Args)]
pub struct Access {
    #[command(flatten)]
    pub cluster: Flags,
    #[command(flatten)]
    pub reach: reach::Flags,
}

impl Access {
    /// Connects to the cluster, and makes the ways into AWS.
    ///
    /// # Errors
    /// A sentence on what is wrong with the kubeconfig, or with the flags.
    pub async fn connect(&self) -> Result<(Cluster, Arc<Clouds>), String> {
        let cluster = self.cluster.connect().await?;
        let clouds = cluster.clouds(&self.reach).await?;
        Ok((cluster, clouds))
    }
}

/// A cluster that was reached.
pub struct Cluster {
    pub client: Client,
    /// The namespace that is meant where none is said.
    pub namespace: String,
}

impl Flags {
    /// Connects.
    ///
    /// # Errors
    /// A sentence on what is wrong with the kubeconfig.
    pub async fn connect(&self) -> Result<Cluster, String> {
        let config = self.config().await?;
        let namespace = self.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let client = Client::try_from(config).map_err(|error| format!("the kubeconfig cannot be used: {error}"))?;
        Ok(Cluster { client, namespace })
    }

    async fn config(&self) -> Result<Config, String> {
        let Some(context) = &self.context else {
            let inferred = Config::infer().await;
            return inferred.map_err(|error| {
                // What it tried first, without the drawing of the place in the file.
                let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                let why = why.lines().next().unwrap_or_default();
                format!("there is no cluster: {why}; set KUBECONFIG, name a --context, or plan with --offline")
            });
        };
        let kubeconfig = Kubeconfig::read().map_err(|error| format!("the kubeconfig cannot be read: {error}"))?;
        if !kubeconfig.contexts.iter().any(|named| named.name == *context) {
            let names: Vec<&str> = kubeconfig.contexts.iter().map(|named| named.name.as_str()).collect();
            return Err(format!("the kubeconfig has no context {context}: it has {}", names.join(", ")));
        }
        let options = KubeConfigOptions { context: Some(context.clone()), ..KubeConfigOptions::default() };
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
        config.map_err(|error| format!("the context {context} cannot be used: {error}"))
    }
}

impl Cluster {
    /// A client of no cluster: for what is asked without one.
    ///
    /// # Errors
    /// None but a defect of the client library.
    pub fn none(namespace: Option<&String>) -> Result<Cluster, String> {
        let nowhere = Config::new("http://127.0.0.1:1".parse().map_err(|error| format!("an address: {error}"))?);
        let client = Client::try_from(nowhere).map_err(|error| error.to_string())?;
        Ok(Cluster { client, namespace: namespace.cloned().unwrap_or_else(|| "default".into()) })
    }

    /// The ways into AWS, as the flags say it: made once, since the chain of credentials and regions is asked for them.
    ///
    /// # Errors
    /// When AWS cannot be reached as the flags say.
    pub async fn clouds(&self, reach: &reach::Flags) -> Result<Arc<Clouds>, String> {
        reach.clouds(self.client.clone(), Metrics::default(), DEFAULT_RESYNC).await.map(Arc::new)
    }

    /// The API of a kind of ours; of all namespaces where none is named.
    pub fn api(&self, kind: &Kind, namespace: &str) -> Api<DynamicObject> {
        let resource = ApiResource {
            group: GROUP.into(),
            version: VERSION.into(),
            api_version: format!("{GROUP}/{VERSION}"),
            kind: kind.kind.into(),
            plural: kind.plural.into(),
        };
        match kind.namespaced() && !namespace.is_empty() {
            true => Api::namespaced_with(self.client.clone(), namespace, &resource),
            false => Api::all_with(self.client.clone(), &resource),
        }
    }

    /// All objects of a kind of ours, as the API server has them; of whoever may not list all of them, those of the
    /// namespace.
    ///
    /// # Errors
    /// The API server's words, with what to do.
    pub async fn all(&self, kind: &Kind) -> Result<Vec<Value>, String> {
        let objects = match list(self.api(kind, ""), kind.kind).await {
            Err(Refusal { forbidden: true, .. }) if kind.namespaced() => {
                list(self.api(kind, &self.namespace), kind.kind).await
            }
            all => all,
        };
        let objects: Vec<DynamicObject> = objects?;
        objects.into_iter().map(|object| serde_json::to_value(object).map_err(|error| error.to_string())).collect()
    }
}

/// What stands at the bottom of an error: `Connection refused`, where those above say only that it could not connect.
pub fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// What the API server, or the way to it, answered instead.
pub fn said(error: kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => format!("the cluster does not answer: {}", innermost(&other)),
    }
}

/// What the API server did not list, and why.
pub struct Refusal {
    forbidden: bool,
    message: String,
}

impl From<Refusal> for String {
    fn from(refusal: Refusal) -> String {
        refusal.message
    }
}

/// All that an API lists.
///
/// # Errors
/// The API server's words, with what to do.
pub async fn list<K: Clone + DeserializeOwned + Debug>(api: Api<K>, kind: &str) -> Result<Vec<K>, Refusal> {
    let refused = |forbidden, message| Err(Refusal { forbidden, message });
    match api.list(&ListParams::default()).await {
        Ok(list) => Ok(list.items),
        Err(kube::Error::Api(status)) if status.code == 404 => refused(
            false,
            format!("the cluster has no {kind}: install Terrace's chart, or its definitions (crds/yaml)"),
        ),
        Err(kube::Error::Api(status)) => {
            refused(status.code == 403, format!("{kind} cannot be listed: {}", status.message))
        }
        Err(error) => refused(false, said(error)),
    }
}
