//! The words that RDS has for the state of a database, and what they mean to us.

use terrace_engine::State;

/// Works as asked, whatever RDS does beside it (user guide, "Viewing Amazon RDS DB instance status"; Aurora user guide,
/// "Viewing DB cluster status"). A backup or an optimisation of storage is no change of ours, and no outage.
const READY: &[&str] = &[
    "available",
    "backing-up",
    "storage-optimization",
    "storage-initialization",
    "storage-config-upgrade",
    "backtracking",
];

/// Will not come back by itself.
const FAILED: &[&str] = &[
    "failed",
    "cloning-failed",
    "migration-failed",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-create",
    "incompatible-network",
    "incompatible-option-group",
    "incompatible-parameters",
    "incompatible-restore",
    "insufficient-capacity",
    "insufficient-resource-limits",
    "restore-error",
    "stopped",
    "storage-full",
    "suspended",
];

const DELETING: &[&str] = &["deleting", "delete-precheck", "deleted"];

/// Statuses of which no last snapshot can be taken (API reference, DeleteDBInstance).
pub(super) const NO_LAST_SNAPSHOT: &[&str] = &[
    "failed",
    "incompatible-restore",
    "incompatible-network",
    "incompatible-create",
    "inaccessible-encryption-credentials",
];

/// What a status of an instance, a cluster or a proxy means.
pub(super) fn state(status: Option<&str>) -> State {
    match status {
        None => State::Settling("creating".into()),
        Some(status) if READY.contains(&status) => State::Ready,
        Some(status) if FAILED.contains(&status) => State::Failed(status.into()),
        Some(status) if DELETING.contains(&status) => State::Deleting,
        Some(status) => State::Settling(status.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_ready_settling_failed_or_deleting() {
        assert_eq!(state(Some("backing-up")), State::Ready);
        assert_eq!(state(Some("modifying")), State::Settling("modifying".into()));
        assert_eq!(
            state(Some("configuring-enhanced-monitoring")),
            State::Settling("configuring-enhanced-monitoring".into())
        );
        assert_eq!(state(Some("storage-full")), State::Failed("storage-full".into()));
        assert_eq!(state(Some("deleting")), State::Deleting);
        assert_eq!(state(None), State::Settling("creating".into()));
    }
}
