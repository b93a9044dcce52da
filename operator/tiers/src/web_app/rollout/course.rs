//! What status says of a rollout: how far it has come, or why it was given up.

use super::phase::Phase;
use super::{ROLLOUT, entry, health};
use crate::{Course, Facts};

/// Where the rollout stands, in words; `None` where the version that the spec describes serves.
pub fn course(facts: &Facts) -> Option<Course> {
    let entry = entry(&facts.progress, ROLLOUT)?;
    let (reason, message) = match Phase::parse(&entry.step) {
        Phase::RolledBack(words) => (
            Course::ROLLED_BACK,
            format!(
                "the new version was taken back, and the former one serves until the pod template changes: {words}"
            ),
        ),
        Phase::Returning(words) if words.is_empty() => {
            (Course::ROLLING_BACK, "the new version gives its requests back, for the spec has changed".to_owned())
        }
        Phase::Returning(words) => (Course::ROLLING_BACK, format!("the new version gives its requests back: {words}")),
        Phase::Warming(words) if !words.is_empty() => {
            (Course::ROLLING_OUT, format!("the new version gets no requests yet: {words}"))
        }
        Phase::Clearing | Phase::Preparing | Phase::Warming(_) => {
            (Course::ROLLING_OUT, format!("a new version is on its way: {}", entry.step))
        }
        Phase::Step(..) | Phase::Switched => {
            let unwell = facts.targets.values().find_map(|targets| targets.unwell.as_deref());
            let unwell = unwell.map(|words| format!("; {}", health::unwell(words))).unwrap_or_default();
            (Course::ROLLING_OUT, format!("a new version is on its way: {}{unwell}", entry.step))
        }
    };
    Some(Course { given_up: reason == Course::ROLLED_BACK, reason, message })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::facts::Targets;
    use crate::samples;
    use crate::web_app::rollout::tests::app;

    /// Reason, message, and whether it was given up, at a step.
    fn at(step: &str) -> (&'static str, String, bool) {
        let mut facts = samples::facts(&app(json!({"image": "shop:1"})));
        assert_eq!(course(&facts), None);
        facts.progress = vec![samples::progress(ROLLOUT, step, "new")];
        let Course { reason, message, given_up } = course(&facts).expect("a rollout");
        (reason, message, given_up)
    }

    #[test]
    fn what_was_taken_back_says_why_and_that_nothing_goes_on() {
        let (reason, message, given_up) = at("RolledBack: alarm errors: 5 of 5 datapoints");
        assert_eq!((reason, given_up), ("RolledBack", true));
        assert!(message.ends_with("until the pod template changes: alarm errors: 5 of 5 datapoints"), "{message}");
    }

    #[test]
    fn what_is_on_its_way_says_how_far_it_is() {
        for (step, reason, says) in [
            ("Clearing", "RollingOut", "on its way: Clearing"),
            ("Step 1: 10%", "RollingOut", "on its way: Step 1: 10%"),
            ("Warming", "RollingOut", "on its way: Warming"),
            ("Warming: alarm errors: too many", "RollingOut", "no requests yet: alarm errors: too many"),
            ("Switched", "RollingOut", "on its way: Switched"),
            ("Returning", "RollingBack", "the spec has changed"),
            ("Returning: alarm errors: too many", "RollingBack", "back: alarm errors: too many"),
        ] {
            let (found, message, given_up) = at(step);
            assert_eq!((found, given_up), (reason, false), "{step}");
            assert!(message.ends_with(says), "{message}");
        }
    }

    #[test]
    fn what_has_requests_and_is_found_unwell_says_so() {
        let mut facts = samples::facts(&app(json!({"image": "shop:1"})));
        facts.progress = vec![samples::progress(ROLLOUT, "Step 1: 10%", "new")];
        let unwell = Targets { healthy: 1, unwell: Some("Request timed out".into()) };
        facts.targets = [("targets-b".to_owned(), unwell)].into();
        let says = "a new version is on its way: Step 1: 10%; the load balancer finds a pod unwell: Request timed out";
        assert_eq!(course(&facts).map(|course| course.message).as_deref(), Some(says));
    }

    #[test]
    fn every_reason_is_listed() {
        for step in ["RolledBack: x", "Step 1: 10%", "Returning"] {
            assert!(Course::REASONS.contains(&at(step).0), "{step}");
        }
    }
}
