//! What a deletion does with the objects in a bucket.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// What a deletion does beside deleting the bucket.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct OnDelete {
    /// Keep (default): a bucket that holds objects is not deleted; the deletion says so, and waits. Delete: every object,
    /// every version of it, is deleted first, for good. It may be set while the deletion waits.
    #[serde(default)]
    pub contents: Contents,
}

impl Default for OnDelete {
    fn default() -> Self {
        schema::defaults()
    }
}

/// What becomes of the objects.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum Contents {
    /// They hold the bucket.
    #[default]
    Keep,
    /// They go with it.
    Delete,
}
