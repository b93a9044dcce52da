//! `WebApp`: a workload on EKS with its load balancer, its role and its bindings.

mod binding;
mod container;
mod expose;
mod placement;
mod rollout;

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    common::{CommonSpec, DeletionPolicy, tier_object},
    schema,
    status::TierStatus,
};

pub use binding::{BindingAccess, Permission, WebBinding};
pub use container::{
    EnvVar, EnvVarSource, FieldRef, Health, KeyRef, Resources, SecurityContext, TaintEffect, Toleration,
    TolerationOperator,
};
pub use expose::{Expose, ExposeProtocol, RedirectHttp, Scheme};
pub use placement::{Replicas, RunOn, Spot, WorkloadKind, WorkloadRef, WorkloadVersion};
pub use rollout::{Rollout, RolloutAlarm, RolloutStep, RolloutStrategy};

/// A web application. What is not said is fit for production: two pods or more over the zones, autoscaled, as the
/// restricted pod security standard has them, behind a load balancer within the VPC, with a role of their own.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "terrace.dev",
    version = "v1alpha1",
    kind = "WebApp",
    plural = "webapps",
    shortname = "wa",
    category = "terrace",
    category = "aws",
    namespaced,
    status = "TierStatus",
    derive = "PartialEq",
    doc = "A web application on Amazon EKS, with its load balancer and what it is wired to.",
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name": "URL", "type": "string", "jsonPath": ".status.outputs.url"}"#,
    printcolumn = r#"{"name": "Rollout", "type": "string", "jsonPath": ".status.progress[?(@.procedure==\"rollout\")].step"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name": "Run on", "type": "string", "jsonPath": ".spec.runOn", "priority": 1}"#,
    printcolumn = r#"{"name": "Image", "type": "string", "jsonPath": ".spec.image", "priority": 1}"#,
    printcolumn = r#"{"name": "Environment", "type": "string", "jsonPath": ".status.environment.name", "priority": 1}"#,
    printcolumn = r#"{"name": "Role", "type": "string", "jsonPath": ".status.outputs.roleArn", "priority": 1}"#,
    printcolumn = r#"{"name": "Message", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].message", "priority": 1}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "(has(self.image) ? 1 : 0) + (has(self.template) ? 1 : 0) + (has(self.workloadRef) ? 1 : 0) == 1",
    "set exactly one of image, template and workloadRef"
))]
#[x_kube(validation = (
    "has(self.image) || !(size(self.command) > 0 || size(self.args) > 0 || size(self.env) > 0 || has(self.resources) || has(self.securityContext) || size(self.nodeSelector) > 0 || size(self.tolerations) > 0 || size(self.imagePullSecrets) > 0 || has(self.terminationGracePeriodSeconds))",
    "these fields describe the container of an image: write them into template, or into the workload, as Kubernetes has them"
))]
#[x_kube(validation = (
    "!has(self.workloadRef) || !(has(self.replicas) || has(self.rollout) || self.spot != 'Never')",
    "replicas, rollouts and placement of a workloadRef are its owner's: leave replicas, rollout and spot out"
))]
#[x_kube(validation = (
    "!has(self.workloadRef) || has(self.workloadRef.serviceName) || !has(self.expose) || self.expose.protocol == 'None'",
    "a load balancer finds the pods of a workloadRef by its Service: set workloadRef.serviceName, or leave expose out"
))]
#[x_kube(validation = (
    "self.runOn != 'Fargate' || (self.spot == 'Never' && size(self.nodeSelector) == 0 && size(self.tolerations) == 0)",
    "Fargate has no nodes and no Spot capacity: leave spot, nodeSelector and tolerations out, or set runOn to Nodes"
))]
#[x_kube(validation = (
    "!has(self.rollout) || self.rollout.strategy == 'Rolling' || !has(self.expose) || self.expose.protocol != 'None'",
    "Canary and BlueGreen are steered by the load balancer: set expose.protocol, or rollout.strategy to Rolling"
))]
#[x_kube(validation = (
    "!has(self.terminationGracePeriodSeconds) || self.terminationGracePeriodSeconds > (has(self.expose) ? self.expose.drainingSeconds : 30)",
    "a pod serves for expose.drainingSeconds (30) before it ends: raise terminationGracePeriodSeconds above that"
))]
pub struct WebAppSpec {
    /// The container image, by tag or digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^[a-z0-9][A-Za-z0-9._:/@-]*$"))]
    pub image: Option<String>,
    /// A pod template, as Kubernetes writes it, instead of an image. Its first container, or the one named app, is the
    /// app. What it does not say of security, health and spread is filled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "template")]
    pub template: Option<Value>,
    /// A workload that somebody else owns, instead of an image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_ref: Option<WorkloadRef>,
    /// The port on which the app takes connections.
    #[serde(default = "port")]
    #[schemars(range(min = 1, max = 65_535))]
    pub port: u16,
    /// The command instead of the image's.
    #[serde(default)]
    #[schemars(length(max = 64), inner(length(max = 4_096)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub command: Vec<String>,
    /// The arguments instead of the image's.
    #[serde(default)]
    #[schemars(length(max = 256), inner(length(max = 4_096)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub args: Vec<String>,
    /// The environment, beside what the bindings give.
    #[serde(default)]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub env: Vec<EnvVar>,
    /// What a container asks for, and the most it gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// How it is told whether the app is well. Absent: by a request for /, every ten seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// What Kubernetes lets the container be, within the restricted pod security standard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_context: Option<SecurityContext>,
    /// Secrets of this namespace by which the image is fetched. ECR needs none.
    #[serde(default)]
    #[schemars(length(max = 10), inner(length(min = 1, max = 253), regex(pattern = schema::DNS_SUBDOMAIN)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub image_pull_secrets: Vec<String>,
    /// Seconds between the request to end and the end. Absent: 30 more than expose.drainingSeconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 7_200))]
    pub termination_grace_period_seconds: Option<u16>,
    /// What runs the pods: Nodes (default) or Fargate. For a workloadRef it is what its pods run on already.
    #[serde(default)]
    pub run_on: RunOn,
    /// Labels that a node must bear, for Nodes.
    #[serde(default)]
    #[schemars(schema_with = "schema::strings::<20, 63>")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that the pods put up with.
    #[serde(default)]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub tolerations: Vec<Toleration>,
    /// Whether pods run on Spot capacity: Never (default), Prefer or Only.
    #[serde(default)]
    pub spot: Spot,
    /// How many pods there are. Absent: 2 to 10, by their use of CPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<Replicas>,
    /// How the app is reached. Absent: by HTTP, within the VPC; for a workloadRef not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expose: Option<Expose>,
    /// How new pods take the place of old ones. Absent: pod by pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// The tiers that the containers are wired to.
    #[serde(default)]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub bindings: Vec<WebBinding>,
    /// Statements of the role's own policy, beside what the bindings give, within the Environment's permissions boundary.
    #[serde(default)]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub permissions: Vec<Permission>,
    /// What becomes of everything when this object is deleted. Delete (default): nothing stays. Retain: all stays, no
    /// longer Terrace's.
    #[serde(default = "delete")]
    #[x_kube(validation = ("self != 'Snapshot'", "a web application has no snapshots: set deletionPolicy to Delete or Retain"))]
    pub deletion_policy: DeletionPolicy,
    /// The fields that every tier has.
    #[serde(flatten)]
    pub common: CommonSpec,
}

fn port() -> u16 {
    8080
}

fn delete() -> DeletionPolicy {
    DeletionPolicy::Delete
}

/// A pod template, checked by the API server when it is applied and not before.
fn template(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

impl WebAppSpec {
    /// The load balancer, where there is one.
    pub fn exposed(&self) -> Option<Expose> {
        let usual = self.workload_ref.is_none().then(Expose::default);
        self.expose.clone().or(usual).filter(|expose| expose.protocol != ExposeProtocol::None)
    }

    /// The port on which the load balancer listens.
    pub fn listener_port(&self, expose: &Expose) -> u16 {
        expose.port.unwrap_or(match expose.protocol {
            ExposeProtocol::Http => 80,
            ExposeProtocol::Https | ExposeProtocol::Tls => 443,
            ExposeProtocol::Tcp | ExposeProtocol::None => self.port,
        })
    }

    /// Seconds for which a pod that is to go finishes what it has begun, and goes on serving.
    pub fn draining_seconds(&self) -> u16 {
        self.expose.as_ref().map_or_else(expose::thirty, |expose| expose.draining_seconds)
    }
}

tier_object!(WebApp {});
