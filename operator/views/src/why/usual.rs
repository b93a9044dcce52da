//! How long AWS usually takes for what it is at, and whether it has taken longer already.

use jiff::Timestamp;
use serde::Serialize;
use terrace_engine::reason;

use super::Because;
use super::cause::Cause;
use crate::usual::{Row, TABLE};

/// What AWS's documentation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usual {
    /// How long it takes; none where the documentation does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takes: Option<&'static str>,
    /// Where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
    /// It has taken longer already.
    pub overdue: bool,
}

/// How long that usually takes which AWS is at work on; `None` where it is not AWS.
pub fn usual(cause: &Cause, now: Timestamp) -> Option<Usual> {
    let resource = cause.resource.as_ref().filter(|_| cause.because == Because::Settling)?;
    if terrace_model::resource::system(resource.kind) != "AWS" || cause.standing.reason == reason::WAITING {
        return None;
    }
    let fits = |row: &&Row| {
        row.kinds.contains(&resource.kind)
            && (row.words.is_empty() || row.words.iter().any(|word| cause.words.contains(word)))
    };
    let Some(row) = TABLE.iter().find(fits) else { return Some(Usual { takes: None, source: None, overdue: false }) };
    // It has not been at it for longer than the object has not been Ready, nor than the resource has been there.
    let created = resource.entry.and_then(|entry| entry.created.as_ref()).map(|created| created.0);
    let begun = cause.standing.since.max(created);
    let minutes = begun.map_or(0, |begun| now.as_second().saturating_sub(begun.as_second()) / 60);
    let overdue = row.minutes.is_some_and(|most| minutes > most);
    Some(Usual { takes: Some(row.takes), source: Some(row.source), overdue })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_world::{ago, key, now, web_world};
    use crate::why::why;

    /// What is usual where a resource of this kind has settled for so long; it was made so long ago.
    fn of(kind: &str, words: &str, since: &str, made: &str) -> Option<Usual> {
        let mut world = web_world();
        let data = world.object_mut("DataTier shop/orders");
        data.reconciles("Settling", &format!("db ({kind}): AWS says {words}"), since);
        let entry = data.resource("db");
        (entry.kind, entry.created) = (kind.into(), Some(terrace_crds::Time(ago(made))));
        why(&world, &key("DataTier shop/orders"), now()).expect("an answer").usual
    }

    fn takes(kind: &str, words: &str) -> &'static str {
        of(kind, words, "1m", "5d").and_then(|usual| usual.takes).unwrap_or("not known")
    }

    #[test]
    fn what_is_usual_goes_by_the_kind_and_by_what_aws_does_with_it() {
        assert!(takes("rds/DbInstance", "creating").starts_with("up to 20 minutes"));
        assert!(takes("rds/DbInstance", "storage-optimization").starts_with("several hours"));
        assert!(takes("rds/DbReplica", "deleting").starts_with("it depends"));
        assert!(takes("rds/DbCluster", "creating").starts_with("several minutes"));
        assert!(takes("acm/Validation", "PENDING_VALIDATION: …").contains("72 hours"));
        assert_eq!(takes("cloudfront/VpcOrigin", "Deploying"), "up to 15 minutes");
        for (kind, words) in [("rds/DbInstance", "rebooting"), ("elasticache/ReplicationGroup", "creating"), ("", "x")]
        {
            assert_eq!(takes(kind, words), "not known", "{kind} {words}");
        }
    }

    #[test]
    fn what_was_made_a_moment_ago_is_not_overdue_however_long_its_object_has_waited() {
        let overdue = |since, made| of("rds/DbInstance", "creating", since, made).map(|usual| usual.overdue);
        assert_eq!(
            (overdue("3h", "5m"), overdue("3h", "21m"), overdue("19m", "5d")),
            (Some(false), Some(true), Some(false))
        );
    }

    #[test]
    fn of_what_is_not_aws_nothing_is_said() {
        assert_eq!(of("kubernetes/WorkloadPatch", "rolling out", "1m", "5d"), None);
        assert_eq!(of("sql/User", "busy", "1m", "5d"), None);
    }
}
