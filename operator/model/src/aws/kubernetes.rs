//! Kubernetes objects that stand in a graph beside AWS resources.

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::resource::{Resource, Rule};
use crate::val::{SecretRef, Val};

/// A Secret by which a workload finds a database or a cache: the well-known entries of servicebinding.io, type
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
    /// Empty where the service knows no users.
    pub username: Val<String>,
    /// Where the password comes from; the Secret holds the value, the graph never does. Its ARN and version are empty where
    /// there is none ([`BindingSecret::NO_PASSWORD`]).
    pub password: SecretRef,
    /// Whether clients are to connect by TLS, where that is for them to choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<bool>,
    /// Annotations of ours: they say whose it is, as tags do in AWS.
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BindingSecretOutputs {
    pub name: Option<String>,
}

impl BindingSecret {
    /// The password of a service that asks for none.
    pub const NO_PASSWORD: SecretRef = SecretRef { arn: Val::Known(String::new()), version: Val::Known(String::new()) };
}

impl Resource for BindingSecret {
    const KIND: &'static str = "kubernetes/BindingSecret";
    const FIELDS: &'static [(&'static str, Rule)] =
        &[("name", Rule::Replace), ("type", Rule::Replace), ("tags", Rule::Keyed)];
    const ADDRESS: &'static [&'static str] = &["name"];
    type Outputs = BindingSecretOutputs;
}
