//! As many Aurora readers as the load asks for.
//!
//! Aurora User Guide, "Amazon Aurora Auto Scaling with Aurora Replicas". The bounds count all readers, those that always
//! stand among them; how many there are at a time is left to Application Auto Scaling.

use terrace_model::aws::autoscaling::{ScalableTarget, ScalingPolicy};
use terrace_model::aws::rds::DbCluster;
use terrace_model::{Node, Val};

use super::design::Design;
use crate::draft::Draft;
use crate::naming::whole;

const SERVICE: &str = "rds";
const READERS: &str = "rds:cluster:ReadReplicaCount";

pub(super) fn readers(draft: &mut Draft, design: &Design, cluster: &Node<DbCluster>) {
    let Some(scaling) = design.spec.replicas.as_ref().and_then(|replicas| replicas.autoscaling.as_ref()) else {
        return;
    };
    let target = ScalableTarget {
        service_namespace: SERVICE.into(),
        resource_id: Val::join(["cluster:".into(), cluster.out(DbCluster::IDENTIFIER)]),
        scalable_dimension: READERS.into(),
        min_capacity: scaling.min.into(),
        max_capacity: scaling.max.into(),
        tags: draft.tags(),
    };
    let target = draft.add("scaling", target);
    let policy = ScalingPolicy {
        service_namespace: SERVICE.into(),
        resource_id: target.out(ScalableTarget::RESOURCE_ID),
        scalable_dimension: READERS.into(),
        predefined_metric: "RDSReaderAverageCPUUtilization".into(),
        target_value: scaling.cpu_percent.into(),
        scale_in_cooldown: whole(scaling.scale_in_cooldown_seconds),
        scale_out_cooldown: whole(scaling.scale_out_cooldown_seconds),
    };
    draft.add("scaling-policy", policy);
}
