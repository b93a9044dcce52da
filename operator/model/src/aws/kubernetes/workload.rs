//! What a binding sets in a workload that somebody else owns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::resource::{Out, Resource, Rule};
use crate::val::Val;

/// The fields that a foreign workload is given, and nothing else of it: environment, service account, volumes.
///
/// The workload is never made or deleted by it, and its rollouts stay its owner's. Another workload or container is
/// another patch: the fields are taken out of the former first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkloadPatch {
    /// `apps/v1`.
    pub api_version: String,
    /// One of [`WorkloadPatch::KINDS`].
    pub kind: String,
    /// `metadata.name`, in the owner's namespace.
    pub name: String,
    /// The container that gets the environment and the mounts.
    pub container: String,
    /// `spec.serviceAccountName` of the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<Val<String>>,
    /// As `env` of a container; late values may stand anywhere in it.
    pub env: Vec<Value>,
    /// As `volumes` of a pod.
    pub volumes: Vec<Value>,
    /// As `volumeMounts` of a container.
    pub volume_mounts: Vec<Value>,
    /// Annotations of the pods: one that changes rolls them.
    pub annotations: BTreeMap<String, Val<String>>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadPatchOutputs {
    pub name: Option<String>,
}

impl WorkloadPatch {
    /// The kinds of workload that can be bound, of `apps/v1`. Others keep their containers in lists that cannot be applied
    /// by parts, such as those of most custom resources.
    pub const KINDS: &[&str] = &["DaemonSet", "Deployment", "StatefulSet"];
    /// The version of all of them.
    pub const API_VERSION: &str = "apps/v1";
    pub const NAME: Out<Self, String> = Out::new("name");
}

impl Resource for WorkloadPatch {
    const KIND: &'static str = "kubernetes/WorkloadPatch";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("apiVersion", Rule::Replace),
        ("kind", Rule::Replace),
        ("name", Rule::Replace),
        ("container", Rule::Replace),
        ("annotations", Rule::Keyed),
    ];
    const ADDRESS: &'static [&'static str] = &["kind", "name", "container"];
    type Outputs = WorkloadPatchOutputs;
}
