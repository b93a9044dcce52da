//! How a WebApp goes from one version to the next.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// How new pods take the place of old ones when the pod template changes. A rotated credential is no new version: it is
/// rolled through in any case.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "self.strategy == 'Canary' || size(self.steps) == 0",
    "rollout.steps belong to strategy Canary: leave them out, or set rollout.strategy to Canary"
))]
#[x_kube(validation = (
    "self.strategy != 'Rolling' || !(has(self.alarm) || has(self.keepOldSeconds))",
    "alarm and keepOldSeconds belong to strategies Canary and BlueGreen: leave them out, or set rollout.strategy"
))]
#[x_kube(validation = (
    "self.steps.map(step, step.weight).isSorted()",
    "rollout.steps go up in weight: put them in order"
))]
pub struct Rollout {
    /// Rolling (default): pod by pod. Canary: the new version gets a growing share of the requests. BlueGreen: it gets all
    /// of them at once, when all of it is ready.
    #[serde(default)]
    pub strategy: RolloutStrategy,
    /// The shares of the new version on the way to all requests. Empty, with strategy Canary: 10% for five minutes, then
    /// half for five minutes.
    #[serde(default)]
    #[schemars(length(max = 10))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub steps: Vec<RolloutStep>,
    /// The CloudWatch alarm that takes a new version back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm: Option<RolloutAlarm>,
    /// Seconds for which the old version stays when the new one has all requests, so that they can go back at once.
    /// Absent: 300. Canary and BlueGreen only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 86_400))]
    pub keep_old_seconds: Option<u32>,
    /// Seconds within which a new version must be ready; then it is given up.
    #[serde(default = "ten_minutes")]
    #[schemars(range(min = 60, max = 86_400))]
    pub timeout_seconds: u32,
    /// Pods above the wanted number while they are exchanged, in percent of it.
    #[serde(default = "quarter")]
    #[schemars(range(min = 1, max = 100))]
    pub max_surge_percent: u8,
}

impl Default for Rollout {
    fn default() -> Self {
        schema::defaults()
    }
}

impl Rollout {
    /// The shares on the way, the default ones where none are named.
    pub fn steps(&self) -> Vec<RolloutStep> {
        if self.strategy != RolloutStrategy::Canary {
            return Vec::new();
        }
        let usual = || [10, 50].map(|weight| RolloutStep { weight, pause_seconds: 300 }).into();
        if self.steps.is_empty() { usual() } else { self.steps.clone() }
    }

    /// Seconds for which the old version stays.
    pub fn keep_old_seconds(&self) -> u32 {
        self.keep_old_seconds.unwrap_or(300)
    }
}

fn ten_minutes() -> u32 {
    600
}

fn quarter() -> u8 {
    25
}

/// In which way a new version comes.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum RolloutStrategy {
    /// Pod by pod.
    #[default]
    Rolling,
    /// By a growing share of the requests.
    Canary,
    /// All requests at once.
    BlueGreen,
}

/// One share of the requests, and how long it stays.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RolloutStep {
    /// The share of the new version, in percent.
    #[schemars(range(min = 1, max = 99))]
    pub weight: u8,
    /// Seconds until the next step.
    #[serde(default = "five_minutes")]
    #[schemars(range(min = 0, max = 86_400))]
    pub pause_seconds: u32,
}

fn five_minutes() -> u32 {
    300
}

/// A CloudWatch alarm of the Environment's account and region.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RolloutAlarm {
    /// The name of the alarm, whose ARN the Environment's `limits.allow` must admit.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[^\s].*$"))]
    pub name: String,
}
