//! Where pods are put: spread over zones and nodes, on Spot capacity or not.

use serde_json::{Value, json};
use terrace_crds::web_app::Spot;

use super::design::app_label;

/// Labels of nodes that tell their capacity, each with its word for Spot: of EKS managed node groups, and of Karpenter and
/// EKS Auto Mode.
const CAPACITY: [(&str, &str); 2] =
    [("eks.amazonaws.com/capacityType", "SPOT"), ("karpenter.sh/capacity-type", "spot")];

/// Evenly over zones first, then over nodes, as far as there is room: a zone that is lost must not keep pods from others.
/// Each version of the pods is counted for itself.
pub(super) fn spread(app: &str) -> Value {
    let over = |key: &str| {
        json!({
            "topologyKey": key,
            "maxSkew": 1,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": app_label(app)},
            "matchLabelKeys": ["pod-template-hash"],
        })
    };
    json!([over("topology.kubernetes.io/zone"), over("kubernetes.io/hostname")])
}

/// The affinity to nodes. A node that tells nothing of its capacity is not of Spot.
pub(super) fn affinity(spot: Spot) -> Value {
    let term = |operator: &str, (key, word): (&str, &str)| json!({"key": key, "operator": operator, "values": [word]});
    let affinity = match spot {
        Spot::Never => {
            let terms = CAPACITY.map(|capacity| term("NotIn", capacity));
            json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": terms}]}})
        }
        Spot::Prefer => {
            let preferred = CAPACITY
                .map(|capacity| json!({"weight": 100, "preference": {"matchExpressions": [term("In", capacity)]}}));
            json!({"preferredDuringSchedulingIgnoredDuringExecution": preferred})
        }
        Spot::Only => {
            let terms = CAPACITY.map(|capacity| json!({"matchExpressions": [term("In", capacity)]}));
            json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}})
        }
    };
    json!({"nodeAffinity": affinity})
}
