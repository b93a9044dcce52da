//! Conditions as kstatus reads them. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use terrace_engine::Report;
use terrace_engine::report::Verdict;

use crate::problem::Problem;

/// The type that sums the others up.
pub const READY: &str = "Ready";

/// Sets one condition; `lastTransitionTime` moves only with its status.
fn set(conditions: &mut Vec<Condition>, type_: &str, verdict: &Verdict, generation: i64, now: Timestamp) {
    let status = if verdict.status { "True" } else { "False" };
    let before = conditions.iter().find(|condition| condition.type_ == type_);
    let since = before.filter(|before| before.status == status).map(|before| before.last_transition_time.clone());
    let condition = Condition {
        type_: type_.into(),
        status: status.into(),
        reason: verdict.reason.into(),
        message: bounded(&verdict.message),
        observed_generation: Some(generation),
        last_transition_time: since.unwrap_or_else(|| Time(now.round(jiff::Unit::Second).unwrap_or(now))),
    };
    match conditions.iter_mut().find(|condition| condition.type_ == type_) {
        Some(place) => *place = condition,
        None => conditions.push(condition),
    }
}

/// metav1.Condition holds 32,768 bytes.
fn bounded(message: &str) -> String {
    const MOST: usize = 8_000;
    if message.len() <= MOST {
        return message.into();
    }
    let end = (0..=MOST).rev().find(|end| message.is_char_boundary(*end)).unwrap_or_default();
    format!("{}…", &message[..end])
}

/// The conditions after a pass.
pub fn after(before: &[Condition], report: &Report, generation: i64, now: Timestamp) -> Vec<Condition> {
    let mut conditions = before.to_vec();
    let verdicts = [
        (READY, &report.ready),
        ("Reconciling", &report.reconciling),
        ("Stalled", &report.stalled),
        ("Drifted", &report.drifted),
        ("Degraded", &report.degraded),
    ];
    for (type_, verdict) in verdicts {
        set(&mut conditions, type_, verdict, generation, now);
    }
    conditions
}

/// The conditions of an object that cannot be worked on.
pub fn problem(before: &[Condition], problem: &Problem, generation: i64, now: Timestamp) -> Vec<Condition> {
    let verdict = |status, reason, message: &str| Verdict { status, reason, message: message.into() };
    let mut conditions = before.to_vec();
    let Problem { reason, message, stalled, .. } = problem;
    set(&mut conditions, READY, &verdict(false, reason, message), generation, now);
    let other = if *stalled { "" } else { message.as_str() };
    set(&mut conditions, "Reconciling", &verdict(!stalled, reason, other), generation, now);
    let other = if *stalled { message.as_str() } else { "" };
    set(&mut conditions, "Stalled", &verdict(*stalled, reason, other), generation, now);
    conditions
}

/// The conditions of an object that is as it should be, with nothing to report on its parts.
pub fn ready(before: &[Condition], message: &str, generation: i64, now: Timestamp) -> Vec<Condition> {
    let verdict = |status, reason, message: &str| Verdict { status, reason, message: message.into() };
    let mut conditions = before.to_vec();
    set(&mut conditions, READY, &verdict(true, "Ready", message), generation, now);
    set(&mut conditions, "Reconciling", &verdict(false, "Done", ""), generation, now);
    set(&mut conditions, "Stalled", &verdict(false, "Done", ""), generation, now);
    conditions
}

/// One condition's status.
pub fn is(conditions: &[Condition], type_: &str) -> bool {
    find(conditions, type_).is_some_and(|condition| condition.status == "True")
}

/// Why a condition is as it is.
pub fn reason<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a str> {
    find(conditions, type_).map(|condition| condition.reason.as_str())
}

/// What a condition says.
pub fn message<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a str> {
    find(conditions, type_).map(|condition| condition.message.as_str())
}

fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn the_time_of_a_condition_moves_only_with_its_status() {
        let wait = Problem::waiting("EnvironmentNotReady", "prod: no such cluster");
        let first = problem(&[], &wait, 1, at(10));
        let second = problem(&first, &Problem::waiting("EnvironmentNotReady", "prod: throttled"), 2, at(20));
        let since = |conditions: &[Condition]| conditions[0].last_transition_time.0.as_second();
        assert_eq!((since(&first), since(&second)), (10, 10));
        assert_eq!(second[0].message, "prod: throttled");
        let third = ready(&second, "fine", 2, at(30));
        assert_eq!(since(&third), 30);
        assert!(is(&third, READY) && !is(&third, "Reconciling"));
    }

    #[test]
    fn a_stalled_object_is_not_reconciling() {
        let stalled = problem(&[], &Problem::stalled("NoEnvironment", "none"), 1, at(1));
        assert!(is(&stalled, "Stalled") && !is(&stalled, "Reconciling") && !is(&stalled, READY));
        assert_eq!(message(&stalled, READY), Some("none"));
    }

    #[test]
    fn a_message_is_cut_at_a_character() {
        let long = "ä".repeat(10_000);
        assert!(bounded(&long).len() <= 8_003 && bounded(&long).ends_with('…'));
    }
}
