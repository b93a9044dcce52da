//! The words that ElastiCache has for states, and what they mean to us.

use terrace_engine::State;

/// Works as asked; a snapshot is no change of ours, and no outage. Users and user groups are `active`.
const READY: &[&str] = &["available", "active", "snapshotting"];
/// Will not come back by itself (API reference, `Status` of ReplicationGroup and ServerlessCache, `CacheClusterStatus`).
const FAILED: &[&str] = &["create-failed", "incompatible-network", "restore-failed"];
const DELETING: &[&str] = &["deleting", "deleted"];

/// The status of one that never came to be: it holds nothing that a snapshot could keep.
pub(super) const NEVER_MADE: &str = "create-failed";

/// What a status means. Serverless caches write theirs in capitals in places (API reference, ServerlessCache, `Status`).
pub(super) fn state(status: Option<&str>) -> State {
    let status = status.unwrap_or("creating").to_lowercase();
    match status.as_str() {
        word if READY.contains(&word) => State::Ready,
        word if FAILED.contains(&word) => State::Failed(status),
        word if DELETING.contains(&word) => State::Deleting,
        _ => State::Settling(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_ready_settling_failed_or_deleting() {
        assert_eq!(state(Some("snapshotting")), State::Ready);
        assert_eq!(state(Some("AVAILABLE")), State::Ready);
        assert_eq!(state(Some("active")), State::Ready);
        assert_eq!(state(Some("rebooting cluster nodes")), State::Settling("rebooting cluster nodes".into()));
        assert_eq!(state(Some("CREATE-FAILED")), State::Failed(NEVER_MADE.into()));
        assert_eq!(state(Some("deleting")), State::Deleting);
        assert_eq!(state(None), State::Settling("creating".into()));
    }
}
