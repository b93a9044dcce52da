//! Kubernetes objects that stand in a graph beside AWS resources.

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::resource::{Resource, Rule};
use crate::val::{SecretRef, Val};

/// A Secret by which a workload finds a database: the well-known entries of servicebinding.io, type
/// `servicebinding.io/<type>`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BindingSecret {
    /// `metadata.name`, in the owner's namespace.
    pub name: String,
    /// As `postgresql`; the API server lets nobody change the type of a Secret.
    pub r#type: String,
    /// As `aws-rds`.
    pub provider: String,
    pub host: Val<String>,
    pub port: Val<i32>,
    pub reader_host: Option<Val<String>>,
    pub database: Option<String>,
    pub username: Val<String>,
    /// Where the password comes from; the Secret holds the value, the graph never does.
    pub password: SecretRef,
    /// Annotations of ours: they say whose it is, as tags do in AWS.
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BindingSecretOutputs {
    pub name: Option<String>,
}

impl Resource for BindingSecret {
    const KIND: &'static str = "kubernetes/BindingSecret";
    const FIELDS: &'static [(&'static str, Rule)] =
        &[("name", Rule::Replace), ("type", Rule::Replace), ("tags", Rule::Keyed)];
    const ADDRESS: &'static [&'static str] = &["name"];
    type Outputs = BindingSecretOutputs;
}
