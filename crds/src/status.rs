//! The status that all tiers share: conditions, the inventory of AWS resources, outputs, users, plan and progress.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{common::DeletionPolicy, schema};

/// The status of every tier.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TierStatus {
    /// The generation of the spec that this status speaks of; -1 until a controller has seen the object.
    #[serde(default = "unobserved")]
    #[schemars(range(min = -1))]
    pub observed_generation: i64,
    /// Ready, Reconciling, Stalled, Drifted, Degraded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// The Environment that this object keeps from its first provisioning on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentPin>,
    /// The installation of Terrace that looks after this object, by the Lease it leads by, as NAMESPACE/NAME. Another stands
    /// back while that one lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 317))]
    pub operator: Option<String>,
    /// Every AWS resource and Kubernetes object that Terrace made, or is about to make, for this object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub resources: Vec<ResourceEntry>,
    /// What others need to know of this tier, such as its endpoint. Never a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::strings::<64, 2048>")]
    pub outputs: BTreeMap<String, String>,
    /// The objects that refer to this one and are admitted. While there is one, this object is not deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub users: Vec<User>,
    /// The Secret with what a workload needs to connect (servicebinding.io).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
    /// The change that waits for approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanSummary>,
    /// The procedures that go on over time, one entry each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["procedure".into()]))]
    pub progress: Vec<Progress>,
}

/// The generation of what no controller has seen.
pub(crate) fn unobserved() -> i64 {
    -1
}

impl Default for TierStatus {
    fn default() -> Self {
        schema::defaults()
    }
}

/// The Environment that an object keeps.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentPin {
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Its UID: another Environment of the same name is not the same.
    #[schemars(length(min = 1, max = 64))]
    pub uid: String,
}

/// One resource in the inventory. Deletion follows it and nothing else.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ResourceEntry {
    /// The logical id within the object, such as "db".
    #[schemars(length(min = 1, max = 128))]
    pub id: String,
    /// The kind of resource, such as "rds/DbInstance".
    #[schemars(length(min = 1, max = 128))]
    pub kind: String,
    /// Where it is.
    pub place: ResourcePlace,
    /// Its physical name, for what has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub name: Option<String>,
    /// Its ARN or AWS identifier, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub handle: Option<String>,
    /// Which one in a row of replacements it is.
    #[serde(default = "first")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub incarnation: u32,
    /// How often it was made anew under the same name.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub remade: u32,
    /// The entries that must outlive this one: "id", or "id~2" for a later incarnation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 140)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub depends_on: Vec<String>,
    /// What becomes of it on deletion: Delete, Snapshot or Retain.
    pub on_delete: DeletionPolicy,
    /// Where it stands: Intended, Settling, Ready, Failed or Deleting.
    #[schemars(length(min = 1, max = 64))]
    pub state: String,
    /// Why it is not Ready, in one word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub reason: Option<String>,
    /// Why it is not Ready, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub message: Option<String>,
    /// For each map of which only our keys are ours, the keys that were last set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::keys")]
    pub keys: BTreeMap<String, Vec<String>>,
    /// Where it is found within its parent, for what has neither name nor tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::anything")]
    pub address: Option<Value>,
    /// When it was first seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::time")]
    pub created: Option<Time>,
    /// The snapshot that it is made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub restore_from: Option<String>,
    /// The hash of the approval that let it be made or changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub approved: Option<String>,
    /// The hash of the wish that it was last found to fulfil.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub applied: Option<String>,
}

fn first() -> u32 {
    1
}

/// Where a resource is.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ResourcePlace {
    /// The name of the Environment, from which the account follows.
    #[schemars(length(min = 1, max = 253))]
    pub environment: String,
    /// The AWS region; "global" for what has none, "cluster" for Kubernetes objects.
    #[schemars(length(min = 1, max = 32))]
    pub region: String,
}

/// One object that uses this one.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The user's kind.
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::KIND))]
    pub kind: String,
    /// The user's namespace.
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
    /// The user's name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The name of the binding within the user, where it has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub binding: Option<String>,
    /// What it may do: ReadOnly or ReadWrite.
    pub access: UserAccess,
    /// What this object has for that user alone, such as the name of a database user.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::strings::<64, 2048>")]
    pub outputs: BTreeMap<String, String>,
}

impl User {
    /// Whether both are the same use of the same object, whatever it was given.
    pub fn is(&self, other: &User) -> bool {
        let User { kind, namespace, name, binding, access, outputs: _ } = self;
        (kind, namespace, name, binding, access)
            == (&other.kind, &other.namespace, &other.name, &other.binding, &other.access)
    }
}

/// What a user of a tier may do with it.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[schemars(inline)]
pub enum UserAccess {
    /// Read its data.
    ReadOnly,
    /// Read and change its data.
    ReadWrite,
}

/// Names the Secret of a provisioned service (servicebinding.io).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// The name of the Secret, in this object's namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// A change that waits for approval.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PlanSummary {
    /// What the annotation terrace.dev/approve must say to let exactly this change through.
    #[schemars(length(min = 1, max = 128))]
    pub hash: String,
    /// The change in one sentence, with what it means for the data.
    #[schemars(length(max = 4096))]
    pub summary: String,
    /// What would be done, one entry a resource.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub entries: Vec<PlanEntry>,
}

/// What would be done to one resource.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PlanEntry {
    /// The logical id of the resource.
    #[schemars(length(min = 1, max = 128))]
    pub id: String,
    /// The kind of resource, such as "rds/DbInstance".
    #[schemars(length(min = 1, max = 128))]
    pub kind: String,
    /// What would be done: Create, Update, Replace, Delete, …
    #[schemars(length(min = 1, max = 64))]
    pub action: String,
    /// The ARN or AWS identifier of the resource, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub handle: Option<String>,
    /// The differences that make it necessary, each as "field: old → new".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 2048)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub changes: Vec<String>,
    /// What becomes of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub data: Option<String>,
    /// Approves this entry alone; where a resource has several entries, it is the choice between them.
    #[schemars(length(min = 1, max = 128))]
    pub hash: String,
}

/// Where a procedure that takes time stands; written before a step is taken.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The procedure, such as "rotation".
    #[schemars(length(min = 1, max = 128))]
    pub procedure: String,
    /// The step that it has reached.
    #[schemars(length(min = 1, max = 128))]
    pub step: String,
    /// Since when.
    #[schemars(schema_with = "schema::time")]
    pub since: Time,
    /// The hash of the input that it was begun with: other input begins it anew.
    #[schemars(length(max = 128))]
    pub input_hash: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_status_nobody_wrote_speaks_of_no_generation() {
        assert_eq!(TierStatus::default().observed_generation, -1);
        assert_eq!(serde_json::to_value(TierStatus::default()).unwrap(), json!({"observedGeneration": -1}));
    }

    #[test]
    fn an_inventory_entry_keeps_all_it_was_given() {
        let entry = json!({
            "id": "db", "kind": "rds/DbInstance", "name": "shop-orders-db-2f", "incarnation": 2, "remade": 0,
            "place": {"environment": "prod", "region": "eu-west-1"},
            "handle": "arn:aws:rds:eu-west-1:111122223333:db:shop-orders-db-2f", "dependsOn": ["subnets", "access~2"],
            "onDelete": "Snapshot", "state": "Settling", "reason": "Settling", "message": "backing up",
            "keys": {"parameters": ["log_statement"]}, "address": {"zone": "a"}, "created": "2026-07-01T10:00:00Z",
            "restoreFrom": "before", "approved": "1f2e", "applied": "9a8b",
        });
        let parsed: ResourceEntry = serde_json::from_value(entry.clone()).unwrap();
        assert_eq!(parsed.on_delete, DeletionPolicy::Snapshot);
        assert_eq!(serde_json::to_value(parsed).unwrap(), entry);
    }
}
