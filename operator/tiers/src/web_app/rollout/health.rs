//! What the load balancer finds of the next version's pods: that Kubernetes finds them ready is not all.

use terrace_crds::{Progress, WebAppSpec};

use super::phase::Phase;
use super::{ROLLOUT, Slot, entry, stable};
use crate::Facts;
use crate::facts::Targets;
use crate::web_app::slot::TARGETS;

/// The target group of the next version, while there are pods of it.
pub fn watched(spec: &WebAppSpec, progress: &[Progress]) -> Option<String> {
    let rollout = entry(progress, ROLLOUT).filter(|entry| Phase::parse(&entry.step).has_pods());
    rollout.filter(|_| spec.exposed().is_some())?;
    let serving = stable(progress).map_or(Slot::A, |stable| stable.slot);
    Some(serving.other().of(TARGETS))
}

/// In AWS's own words.
pub fn unwell(words: &str) -> String {
    format!("the load balancer finds a pod unwell: {words}")
}

/// What the load balancer has against requests to the pods in a slot; `None` where it finds all of them well, and where
/// there is no load balancer.
pub fn objection(spec: &WebAppSpec, facts: &Facts, slot: Slot) -> Option<String> {
    spec.exposed()?;
    match facts.targets.get(&slot.of(TARGETS)) {
        None => Some("the load balancer was not asked yet what it finds of the pods".into()),
        Some(Targets { unwell: Some(words), .. }) => Some(unwell(words)),
        Some(Targets { healthy: 0, .. }) => Some("no pod is registered in the target group yet".into()),
        Some(_) => None,
    }
}
