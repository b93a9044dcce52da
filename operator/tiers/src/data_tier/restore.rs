//! What a new database begins with: a snapshot, or another database at a moment.
//!
//! The other database may be that of a DataTier of the cluster, which is known by what its status says.

use terrace_crds::data_tier::{PointInTime, RestoreFrom};
use terrace_crds::{DataTier, DataTierSpec, GrantAccess, TierObject};
use terrace_model::Val;
use terrace_model::aws::rds::Restore;

use super::design::Design;
use crate::{ObjectKey, Objects, Use};

/// The field that names a snapshot.
pub(super) const SNAPSHOT: &str = "spec.restoreFrom.snapshot";
/// The field that names a database by its identifier.
pub(super) const SOURCE: &str = "spec.restoreFrom.pointInTime.source";
/// The field that names a DataTier.
pub(super) const DATA_TIER: &str = "spec.restoreFrom.pointInTime.dataTierRef";
/// The node that is made from any of them.
pub(super) const DATABASE: &str = "db";
/// The output of a DataTier by which its database is found. It tells an instance from a cluster.
const ARN: &str = "arn";

/// The DataTier that the spec restores from, if it names one.
fn data_tier(spec: &DataTierSpec, namespace: &str) -> Option<ObjectKey> {
    let reference = point_in_time(spec)?.data_tier_ref.as_ref()?;
    Some(ObjectKey::new(DataTier::KIND, reference.namespace.as_deref().unwrap_or(namespace), &reference.name))
}

/// A database and a moment, if the spec restores from them.
pub(super) fn point_in_time(spec: &DataTierSpec) -> Option<&PointInTime> {
    spec.restore_from.as_ref()?.point_in_time.as_ref()
}

/// The objects that the spec refers to: the one that it restores from.
pub(super) fn uses(spec: &DataTierSpec, namespace: &str) -> Vec<Use> {
    let used = |target| Use {
        field: DATA_TIER.into(),
        target,
        access: GrantAccess::Read,
        binding: None,
        needs: &[ARN],
        until: Some(DATABASE),
        security_group: None,
        principal: None,
    };
    data_tier(spec, namespace).map(used).into_iter().collect()
}

/// The DataTier that the spec restores from, with the ARN of its database, once that is known.
pub(super) fn source_of_tier(spec: &DataTierSpec, namespace: &str, objects: &Objects) -> Option<(ObjectKey, String)> {
    let tier = data_tier(spec, namespace)?;
    let arn = objects.get(&tier.to_string())?.get(ARN)?.clone();
    Some((tier, arn))
}

/// What a new database begins with.
pub(super) fn restore(design: &Design) -> Option<Restore> {
    let RestoreFrom { snapshot, point_in_time } = design.spec.restore_from.as_ref()?;
    let snapshot = snapshot.clone().map(Restore::Snapshot);
    snapshot.or_else(|| {
        let point = point_in_time.as_ref()?;
        let time = point.time.as_ref().map(|time| time.0.to_string());
        let source = point.source.clone().map(Val::from).or_else(|| source(design))?;
        Some(Restore::PointInTime { source, time })
    })
}

/// The database of the DataTier that the spec restores from. Once the restore is over, nothing waits for it any more: where
/// its ARN is not known then, the text that stands for it is one that RDS knows no database by.
fn source(design: &Design) -> Option<Val<String>> {
    let (spec, facts) = (design.spec, design.facts);
    let tier = data_tier(spec, &facts.object.namespace)?;
    if !facts.made.contains(DATABASE) {
        return Some(Val::of_object(tier.to_string(), ARN));
    }
    let known = source_of_tier(spec, &facts.object.namespace, &facts.objects).map(|(_, arn)| arn);
    Some(known.unwrap_or_else(|| tier.to_string()).into())
}

/// The database that is made with the server. A restored one keeps those it had.
pub(super) fn database_name(design: &Design) -> Option<String> {
    design.spec.database_name.clone().filter(|_| design.spec.restore_from.is_none())
}
