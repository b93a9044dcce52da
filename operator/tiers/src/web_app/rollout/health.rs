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

#[cfg(test)]
mod tests {
    use serde_json::json;
    use terrace_crds::WebApp;

    use super::*;
    use crate::samples::{self, progress};
    use crate::web_app::rollout::STABLE;
    use crate::web_app::rollout::tests::app;

    fn exposed() -> WebApp {
        app(json!({"image": "shop:1"}))
    }

    #[test]
    fn the_next_version_is_watched_while_it_has_pods() {
        let watched = |step: &str, serves: &str| {
            watched(&exposed().spec, &[progress(ROLLOUT, step, "new"), progress(STABLE, serves, "old")])
        };
        assert_eq!(watched("Preparing", "a").as_deref(), Some("targets-b"));
        assert_eq!(watched("Step 1: 10%", "b").as_deref(), Some("targets"));
        for without in ["Clearing", "RolledBack: too many errors"] {
            assert_eq!(watched(without, "a"), None, "{without}");
        }
        assert_eq!(super::watched(&exposed().spec, &[progress(STABLE, "a", "old")]), None);
    }

    #[test]
    fn without_a_load_balancer_there_is_none_to_object() {
        let worker = app(json!({"image": "shop:1", "expose": {"protocol": "None"}}));
        assert_eq!(objection(&worker.spec, &samples::facts(&worker), Slot::B), None);
        assert_eq!(super::watched(&worker.spec, &[progress(ROLLOUT, "Preparing", "new")]), None);
    }

    #[test]
    fn requests_come_only_to_pods_of_which_all_are_well() {
        let mut facts = samples::facts(&exposed());
        let mut says = |targets: Option<Targets>| {
            facts.targets = targets.map(|targets| ("targets-b".to_owned(), targets)).into_iter().collect();
            objection(&exposed().spec, &facts, Slot::B)
        };
        let unwell = || Some("Request timed out".to_owned());
        assert_eq!(says(Some(Targets { healthy: 2, unwell: None })), None);
        for (targets, words) in [
            (None, "not asked yet"),
            (Some(Targets::default()), "no pod is registered"),
            (Some(Targets { healthy: 1, unwell: unwell() }), "finds a pod unwell: Request timed out"),
        ] {
            let said = says(targets).unwrap_or_default();
            assert!(said.contains(words), "{said}");
        }
    }
}
