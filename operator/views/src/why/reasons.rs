//! What the reasons of conditions mean: a sentence about the resource, what to do, and the page to read.

use terrace_engine::reason;
use terrace_model::resource::system;
use terrace_tiers::Course;

use crate::standing::{OUTDATED, Resource, UNOBSERVED};

/// Pages under docs, without `.md`.
pub const STALLED: &str = "runbooks/TerraceObjectStalled";
pub const NOT_READY: &str = "runbooks/TerraceObjectNotReady";
const NOT_RECONCILED: &str = "runbooks/TerraceObjectNotReconciled";
pub const DELETION: &str = "runbooks/TerraceDeletionPending";
pub const ENVIRONMENT: &str = "runbooks/TerraceEnvironmentNotReady";
pub const THROTTLED: &str = "runbooks/TerraceThrottled";
const DENIED: &str = "runbooks/TerraceAccessDenied";
pub const ABSENT: &str = "runbooks/TerraceAbsent";
const ROLLOUTS: &str = "rollouts";
pub const DRIFT: &str = "runbooks/TerraceDriftNotRepaired";

/// What a reason of a condition means.
pub struct Row {
    pub reason: &'static str,
    /// What it says of a resource, which stands in place of `{}`.
    lead: Option<&'static str>,
    /// What to do, where the message does not say it.
    pub todo: &'static str,
    pub page: &'static str,
}

const fn row(reason: &'static str, lead: Option<&'static str>, todo: &'static str, page: &'static str) -> Row {
    Row { reason, lead, todo, page }
}

const WAIT: &str = "nothing: it goes on by itself";
const ADMIT: &str = "have the administrator admit what the message names";
const CHECK: &str = "check that the operator runs, leads, and serves this namespace";

const TABLE: &[Row] = &[
    row(
        reason::ACCESS_DENIED,
        Some("AWS refuses {}"),
        "give the role that AWS names what it lacks: `terrace policy` prints the whole policy that this version needs",
        DENIED,
    ),
    row(
        reason::QUOTA,
        Some("the account has no room for {}"),
        "ask AWS for more (Service Quotas), or delete what is not needed",
        STALLED,
    ),
    row(
        reason::INVALID,
        Some("AWS does not take {}"),
        "correct in the spec what AWS names, and apply the object again",
        STALLED,
    ),
    row("InvalidSpec", None, "correct the field that is named, and apply the object again", STALLED),
    row(reason::REFUSED, Some("AWS cannot change {} so"), "take the edit back", STALLED),
    row(
        reason::NOT_OWNED,
        Some("Terrace did not make {}"),
        "rename this object, remove what is there, or list it under spec.adopt",
        STALLED,
    ),
    row(reason::NOT_EMPTY, Some("there is something left in {}"), "empty it", DELETION),
    row(
        reason::MISSING,
        Some("somebody deleted {}"),
        "choose what it is made from again: nothing is made in its place before that",
        STALLED,
    ),
    row(
        reason::APPROVAL_REQUIRED,
        Some("approval is asked for {}"),
        "approve the plan, or take the edit back that it comes from",
        STALLED,
    ),
    row(reason::FAILED, Some("AWS gave up on {}"), "look at it in AWS's console, and mend what AWS names", STALLED),
    row("NotFound", Some("there is no {}"), "correct the name, or make it", STALLED),
    row(
        Course::ROLLED_BACK,
        None,
        "look at what is named, and change the pod template: that begins a new rollout",
        STALLED,
    ),
    row(Course::ROLLING_OUT, None, WAIT, ROLLOUTS),
    row(Course::ROLLING_BACK, None, WAIT, ROLLOUTS),
    row("Malformed", None, "mend the object, or install a version of Terrace that can read it", STALLED),
    row(
        "Forbidden",
        None,
        "upgrade the chart: it gives the operator the rights that this version needs",
        NOT_RECONCILED,
    ),
    row("InvalidStatus", None, "upgrade the chart: it brings the definitions that this version needs", NOT_RECONCILED),
    row("EnvironmentNotReady", None, "mend the Environment", ENVIRONMENT),
    row("ReferenceNotFound", None, "apply it, or correct the name", NOT_READY),
    row(reason::WAITING, None, "look at what it waits for", NOT_READY),
    row("NamespaceUnknown", None, WAIT, NOT_READY),
    row(
        reason::RETRYING,
        Some("a call for {} failed"),
        "nothing, unless it lasts: it is tried again at least every two minutes",
        NOT_READY,
    ),
    row(reason::SETTLING, None, WAIT, NOT_READY),
    row(reason::NOT_READY, None, WAIT, NOT_READY),
    row(reason::NAME_HELD, Some("AWS still holds the name of {}"), WAIT, NOT_READY),
    row(reason::ALREADY_EXISTS, None, WAIT, NOT_READY),
    row(
        reason::IN_USE,
        Some("something uses {}"),
        "find out in AWS what uses it: it goes on as soon as that is gone",
        DELETION,
    ),
    row(reason::DELETING, Some("{} is still there"), WAIT, DELETION),
    row("Paused", Some("a change of {} is held"), "take the annotation off when changes may go on", DELETION),
    row(
        "ObserveOnly",
        Some("a change of {} is held"),
        "set spec.management to Manage when changes may be made",
        DELETION,
    ),
    row("ReferenceNotGranted", None, "have a TierGrant applied in the namespace of what it names", STALLED),
    row("KindNotAdmitted", None, ADMIT, STALLED),
    row("NamespaceNotAdmitted", None, ADMIT, STALLED),
    row("NoEnvironment", None, ADMIT, STALLED),
    row("AdoptionNotAllowed", None, ADMIT, STALLED),
    row(UNOBSERVED, None, CHECK, NOT_RECONCILED),
    row(OUTDATED, None, CHECK, NOT_RECONCILED),
];

/// What a reason says of a resource: `AWS refuses its subnets (rds/DbSubnetGroup)`.
pub fn lead(reason: &str, resource: &Resource) -> String {
    let lead = find(reason).and_then(|row| row.lead).unwrap_or("{} is not Ready");
    let (key, kind) = (&resource.key, resource.kind);
    lead.replace("AWS", system(kind)).replace("{}", &format!("its {key} ({kind})"))
}

/// The row of a reason.
pub fn find(reason: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.reason == reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_that_is_named_is_there() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let named = TABLE.iter().map(|row| row.page).chain([ENVIRONMENT, THROTTLED, DRIFT, ABSENT]);
        for page in named {
            assert!(folder.join(page).with_extension("md").is_file(), "{page}");
        }
    }

    #[test]
    fn every_reason_that_a_runbook_explains_has_its_row() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        for page in [STALLED, NOT_READY, DELETION] {
            let text = std::fs::read_to_string(folder.join(page).with_extension("md")).expect("a page");
            let cells = text.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
            let reasons: Vec<&str> = cells.flat_map(|cell| cell.split(['`', ',', ' '])).collect();
            let reasons = reasons.iter().filter(|word| word.starts_with(char::is_uppercase));
            let unknown: Vec<_> = reasons.filter(|reason| find(reason).is_none()).collect();
            assert_eq!(unknown, Vec::<&&str>::new(), "{page}");
        }
    }

    #[test]
    fn no_reason_is_told_twice() {
        let reasons: std::collections::BTreeSet<_> = TABLE.iter().map(|row| row.reason).collect();
        assert_eq!(reasons.len(), TABLE.len());
    }
}
