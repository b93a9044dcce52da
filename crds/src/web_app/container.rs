//! The container of a WebApp that is made from an image: environment, resources, health, security.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::schema;

/// A variable of the container's environment, as Kubernetes writes it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "!has(self.value) || !has(self.valueFrom)",
    "a variable has a value or a valueFrom: leave one of them out"
))]
pub struct EnvVar {
    /// The name.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[A-Za-z_][A-Za-z0-9_.-]*$"))]
    pub name: String,
    /// The value. Absent: empty, or what valueFrom says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32_768))]
    pub value: Option<String>,
    /// Where the value comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<EnvVarSource>,
}

/// Where the value of a variable comes from.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "(has(self.secretKeyRef) ? 1 : 0) + (has(self.configMapKeyRef) ? 1 : 0) + (has(self.fieldRef) ? 1 : 0) == 1",
    "valueFrom names exactly one of secretKeyRef, configMapKeyRef and fieldRef"
))]
pub struct EnvVarSource {
    /// An entry of a Secret of this namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<KeyRef>,
    /// An entry of a ConfigMap of this namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map_key_ref: Option<KeyRef>,
    /// A field of the pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_ref: Option<FieldRef>,
}

/// An entry of a Secret or a ConfigMap.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct KeyRef {
    /// The name of the Secret or the ConfigMap.
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::DNS_SUBDOMAIN))]
    pub name: String,
    /// The entry.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[A-Za-z0-9._-]+$"))]
    pub key: String,
    /// Whether pods start without it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
}

/// A field of the pod.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct FieldRef {
    /// The path of the field, such as status.podIP.
    #[schemars(length(min = 1, max = 253))]
    pub field_path: String,
}

/// What a container asks for, and the most it gets, as Kubernetes writes it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// What is set aside. Absent: cpu 250m, memory 512Mi, each where it is not named.
    #[serde(default)]
    #[schemars(schema_with = "quantities")]
    pub requests: BTreeMap<String, String>,
    /// The most. Absent: of memory what is set aside, of cpu what the node has to spare.
    #[serde(default)]
    #[schemars(schema_with = "quantities")]
    pub limits: BTreeMap<String, String>,
}

/// Amounts by resource (Kubernetes, "Quantity").
fn quantities(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 10,
        "additionalProperties": {
            "type": "string",
            "maxLength": 20,
            "pattern": r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$",
        },
        "x-kubernetes-validations": [{
            "rule": "self.all(name, name in ['cpu', 'memory', 'ephemeral-storage'] || name.contains('/'))",
            "message": "resources are cpu, memory, ephemeral-storage, or named with a domain, as nvidia.com/gpu",
        }],
    })
}

/// How it is told whether the app is well. Kubernetes and the load balancer ask in the same way.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "self.timeoutSeconds < self.intervalSeconds",
    "health.timeoutSeconds must be below health.intervalSeconds: lower it"
))]
pub struct Health {
    /// The path that answers 200 to 399 while the app is well. Absent: / where expose.protocol is HTTP, HTTPS or None; for
    /// TCP and TLS it is enough that the port takes connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024), regex(pattern = r"^/[^\s]*$"))]
    pub path: Option<String>,
    /// The port that answers. Absent: port.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65_535))]
    pub port: Option<u16>,
    /// Seconds between two questions.
    #[serde(default = "ten")]
    #[schemars(range(min = 5, max = 300))]
    pub interval_seconds: u16,
    /// Seconds within which an answer counts.
    #[serde(default = "five")]
    #[schemars(range(min = 2, max = 120))]
    pub timeout_seconds: u16,
    /// Failures in a row after which no requests come any more. After three times as many the container is restarted.
    #[serde(default = "three")]
    #[schemars(range(min = 2, max = 10))]
    pub failure_threshold: u8,
    /// Answers in a row after which the load balancer sends requests.
    #[serde(default = "two")]
    #[schemars(range(min = 2, max = 10))]
    pub success_threshold: u8,
    /// Seconds that the app may take to start.
    #[serde(default = "start")]
    #[schemars(range(min = 10, max = 3_600))]
    pub startup_seconds: u16,
}

impl Default for Health {
    fn default() -> Self {
        schema::defaults()
    }
}

fn two() -> u8 {
    2
}

fn three() -> u8 {
    3
}

fn five() -> u16 {
    5
}

fn ten() -> u16 {
    10
}

fn start() -> u16 {
    300
}

/// What Kubernetes lets the container be. Whatever is said here, it runs as the restricted pod security standard admits.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SecurityContext {
    /// The user id. Absent: that of the image, which must not be root.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub run_as_user: Option<u32>,
    /// The group id. Absent: that of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub run_as_group: Option<u32>,
    /// The group that owns the volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub fs_group: Option<u32>,
    /// Whether the image's files cannot be written: then /tmp is an empty directory of the pod's own.
    #[serde(default)]
    pub read_only_root_filesystem: bool,
}

/// A taint that pods put up with, as Kubernetes writes it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "self.operator == 'Exists' ? !has(self.value) : has(self.key)",
    "a toleration with operator Exists has no value; one with Equal has a key"
))]
pub struct Toleration {
    /// The taint's key. Absent, with operator Exists: every taint.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 317))]
    pub key: Option<String>,
    /// How the taint's value is compared: Equal (default), or Exists.
    #[serde(default)]
    pub operator: TolerationOperator,
    /// The taint's value, for operator Equal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub value: Option<String>,
    /// The taint's effect. Absent: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<TaintEffect>,
}

/// How the value of a taint is compared.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum TolerationOperator {
    /// It is the same.
    #[default]
    Equal,
    /// It may be anything.
    Exists,
}

/// What a taint does to pods.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(inline)]
pub enum TaintEffect {
    /// New ones are not placed.
    NoSchedule,
    /// New ones are placed elsewhere if they can be.
    PreferNoSchedule,
    /// Those there are evicted.
    NoExecute,
}
