//! What every tier's `spec` shares: the environment it belongs to and how it may be changed, tagged and adopted.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{schema, status::TierStatus};

/// The annotation that lets one planned change through: its value is `status.plan.hash`.
pub const APPROVE: &str = "terrace.dev/approve";
/// The annotation that, with the value "true", stops changes while status is kept fresh.
pub const PAUSE: &str = "terrace.dev/pause";
/// Whenever its value changes, everything of the object is read afresh from AWS.
pub const RECONCILE_AT: &str = "terrace.dev/reconcile-at";
/// The finalizer that holds an object until what it made in AWS is gone.
pub const FINALIZER: &str = "terrace.dev/finalizer";

/// The fields common to every tier, flattened into its `spec`.
///
/// `deletionPolicy` is common too, but stands in each tier's own spec, because its default differs:
/// [`TierObject::deletion_policy`] reads it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CommonSpec {
    /// The Environment to use, where more than one admits this namespace. Absent: the one that does.
    /// An object keeps the Environment with which it was first provisioned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_ref: Option<EnvironmentRef>,
    /// Which changes need approval. Automatic: none. ApproveDestructive (default): those that replace or
    /// delete what holds data. ApproveAll: every change. What is due stands in `status.plan`; the
    /// annotation terrace.dev/approve with its hash lets it through.
    #[serde(default)]
    pub change_policy: ChangePolicy,
    /// Manage (default): AWS is made to match this object. Observe: nothing is changed, differences are reported.
    #[serde(default)]
    pub management: Management,
    /// Tags for everything made for this object, beside the Environment's and Terrace's own.
    #[serde(default)]
    #[schemars(schema_with = "schema::tags")]
    pub tags: BTreeMap<String, String>,
    /// Which existing AWS resources may be taken over instead of made. Absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
}

impl Default for CommonSpec {
    fn default() -> Self {
        schema::defaults()
    }
}

/// Names the Environment to use.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentRef {
    /// The name of the Environment.
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::DNS_SUBDOMAIN))]
    pub name: String,
}

/// Names another tier.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TierRef {
    /// The name of the tier.
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::DNS_SUBDOMAIN))]
    pub name: String,
    /// Its namespace. Absent: this object's own. Another namespace must hold a TierGrant that lets objects of this kind and
    /// namespace in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = schema::DNS_LABEL))]
    pub namespace: Option<String>,
}

/// What becomes of AWS resources when their object, or the part of it that asked for them, is deleted.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(inline)]
pub enum DeletionPolicy {
    /// Deleted, with their data.
    Delete,
    /// Deleted after a final snapshot, which stays.
    Snapshot,
    /// Left as they are, and no longer tagged as Terrace's.
    Retain,
}

/// The policy of what can have a final snapshot, where nothing is said.
pub(crate) fn snapshot() -> DeletionPolicy {
    DeletionPolicy::Snapshot
}

/// Which changes need approval.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum ChangePolicy {
    /// None.
    Automatic,
    /// Those that replace or delete what holds data.
    #[default]
    ApproveDestructive,
    /// Every one.
    ApproveAll,
}

/// Whether AWS is changed or only looked at.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum Management {
    /// AWS is made to match the object.
    #[default]
    Manage,
    /// Nothing is changed; differences are reported.
    Observe,
}

/// Which existing AWS resources an object may take over.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Adopt {
    /// SameObject: what is tagged with this cluster, namespace, kind and name by an object that is gone
    /// (after a restore of the cluster from Git or backup). None (default): only what `resources` names.
    #[serde(default)]
    pub policy: AdoptPolicy,
    /// Further resources to take over, each of which the Environment's `limits.allow` must admit and
    /// nobody else may own.
    #[serde(default)]
    #[schemars(length(max = 50))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["id".into()]))]
    pub resources: Vec<AdoptedResource>,
}

/// What is taken over without being named.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum AdoptPolicy {
    /// Nothing.
    #[default]
    None,
    /// What bears this cluster, namespace, kind and name, and a UID that is no longer alive.
    SameObject,
}

/// One existing AWS resource to take over.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AdoptedResource {
    /// The logical id that the resource has in this object, as `status.resources[].id` shows it.
    #[schemars(length(min = 1, max = 128))]
    pub id: String,
    /// The ARN or AWS identifier of the existing resource.
    #[schemars(length(min = 1, max = 2048))]
    pub handle: String,
}

/// What the controller needs to know of any tier, whatever its kind.
pub trait TierObject: kube::Resource<DynamicType = ()> {
    /// The kind, such as `DataTier`.
    const KIND: &'static str;

    /// The fields that every tier's spec has.
    fn common(&self) -> &CommonSpec;

    /// What becomes of the AWS resources when the object is deleted.
    fn deletion_policy(&self) -> DeletionPolicy;

    /// Whether what AWS deletes only when it is empty is emptied for that, where the policy is Delete.
    fn empties(&self) -> bool {
        false
    }

    /// The status, once there is one.
    fn tier_status(&self) -> Option<&TierStatus>;

    /// The status, to be changed in a copy of the object.
    fn tier_status_mut(&mut self) -> &mut Option<TierStatus>;
}

/// Makes a kind whose spec has `common` and `deletion_policy` a [`TierObject`]; in braces, what is otherwise than by default.
macro_rules! tier_object {
    ($kind:ident { $($otherwise:item)* }) => {
        impl crate::TierObject for $kind {
            const KIND: &'static str = stringify!($kind);

            fn common(&self) -> &crate::CommonSpec {
                &self.spec.common
            }

            fn deletion_policy(&self) -> crate::DeletionPolicy {
                self.spec.deletion_policy
            }

            fn tier_status(&self) -> Option<&crate::TierStatus> {
                self.status.as_ref()
            }

            fn tier_status_mut(&mut self) -> &mut Option<crate::TierStatus> {
                &mut self.status
            }

            $($otherwise)*
        }
    };
}
pub(crate) use tier_object;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_asks_before_destroying_and_adopts_nothing() {
        let common = CommonSpec::default();
        assert_eq!(common.change_policy, ChangePolicy::ApproveDestructive);
        assert_eq!(common.management, Management::Manage);
        assert_eq!(common.environment_ref, None);
        assert_eq!(common.adopt, None);
        assert!(common.tags.is_empty());
    }
}
