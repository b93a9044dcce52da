//! What the end of an instance and that of a cluster have in common: the last snapshot, and what a refusal means. AWS calls
//! the same things by other codes.

use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use terrace_engine::{Disposal, Error, Result, reason};
use terrace_model::identity::short_hash;

use super::status::NO_LAST_SNAPSHOT;
use crate::errors::{classify, code};

/// How AWS answers a request to delete.
pub(super) enum Answer {
    /// It is going, or gone already.
    Accepted,
    /// The name of the last snapshot is taken.
    NameTaken,
    /// Its state does not allow it.
    NotNow(Error),
}

/// The codes that tell these answers apart (API reference, DeleteDBInstance and DeleteDBCluster).
pub(super) struct Codes {
    pub gone: &'static str,
    pub name_taken: &'static str,
    pub not_now: &'static str,
}

/// `SkipFinalSnapshot` and the name of the last snapshot.
pub(super) fn last_snapshot(disposal: &Disposal) -> (bool, Option<String>) {
    match disposal {
        Disposal::Delete | Disposal::Empty => (true, None),
        Disposal::Snapshot(name) => (false, Some(name.clone())),
    }
}

/// What AWS said.
pub(super) fn answer<T, E>(said: std::result::Result<T, SdkError<E, HttpResponse>>, codes: &Codes) -> Result<Answer>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let Err(error) = said else { return Ok(Answer::Accepted) };
    match code(&error) {
        Some(said) if said == codes.gone => Ok(Answer::Accepted),
        Some(said) if said == codes.name_taken => Ok(Answer::NameTaken),
        Some(said) if said == codes.not_now => Ok(Answer::NotNow(classify(error))),
        _ => Err(classify(error)),
    }
}

/// A name that is taken by a snapshot: is it this database's own, of an earlier try? `holder` and `resource` are the
/// resource ids of the database that the snapshot is of, and of the one that is to end.
pub(super) fn instead(holder: Option<&str>, resource: Option<&str>, name: &str) -> Disposal {
    if resource.is_some() && holder == resource {
        return Disposal::Delete;
    }
    // One of an earlier life under the same name: this life's data has none yet.
    Disposal::Snapshot(format!("{name}-{}", short_hash(&[resource.unwrap_or_default()])))
}

/// What a refused deletion means, by the status of what was to be deleted.
pub(super) fn verdict(status: &str, disposal: &Disposal, error: Error) -> Result<()> {
    match disposal {
        _ if status == "deleting" => Ok(()),
        Disposal::Snapshot(_) if NO_LAST_SNAPSHOT.contains(&status) => Err(Error::blocked(
            reason::FAILED,
            format!(
                "the database is {status}, and AWS takes no last snapshot of such a one: repair it, or set \
                 spec.deletionPolicy to Delete to let it go without one"
            ),
        )),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_rds::operation::delete_db_instance::DeleteDBInstanceError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    const CODES: Codes = Codes { gone: "Gone", name_taken: "Taken", not_now: "InvalidXState" };

    fn refusal(code: &str) -> Result<Answer> {
        let error = DeleteDBInstanceError::generic(ErrorMetadata::builder().code(code).build());
        let response = HttpResponse::new(StatusCode::try_from(400).expect("a status"), SdkBody::empty());
        answer(Err::<(), _>(SdkError::service_error(error, response)), &CODES)
    }

    #[test]
    fn what_is_gone_is_fine_and_what_cannot_go_says_why() {
        assert!(matches!(
            answer(Ok::<_, SdkError<DeleteDBInstanceError, HttpResponse>>(()), &CODES),
            Ok(Answer::Accepted)
        ));
        assert!(matches!(refusal("Gone"), Ok(Answer::Accepted)));
        assert!(matches!(refusal("Taken"), Ok(Answer::NameTaken)));
        assert!(matches!(refusal("InvalidXState"), Ok(Answer::NotNow(error)) if error.reason() == reason::NOT_READY));
        assert!(refusal("AccessDenied").is_err_and(|error| error.reason() == reason::ACCESS_DENIED));
    }

    #[test]
    fn a_snapshot_is_named_only_where_one_is_wished() {
        assert_eq!(last_snapshot(&Disposal::Delete), (true, None));
        assert_eq!(last_snapshot(&Disposal::Snapshot("final".into())), (false, Some("final".into())));
    }

    #[test]
    fn a_failed_database_asks_for_a_decision_and_others_are_waited_for() {
        let busy = || Error::wait(reason::NOT_READY, "backing-up");
        let snapshot = Disposal::Snapshot("s".into());
        assert_eq!(verdict("deleting", &snapshot, busy()), Ok(()));
        let error = verdict("incompatible-restore", &snapshot, busy()).expect_err("it cannot be done");
        assert!(error.is_stalled() && error.to_string().contains("spec.deletionPolicy"), "{error}");
        assert_eq!(verdict("backing-up", &snapshot, busy()), Err(busy()));
        assert_eq!(verdict("failed", &Disposal::Delete, busy()), Err(busy()));
    }

    #[test]
    fn a_snapshot_of_this_database_is_enough_and_one_of_an_earlier_life_is_not() {
        assert_eq!(instead(Some("db-2"), Some("db-2"), "final"), Disposal::Delete);
        for holder in [Some("db-1"), None] {
            let other = instead(holder, Some("db-2"), "final");
            assert!(matches!(&other, Disposal::Snapshot(name) if name.starts_with("final-")), "{other:?}");
        }
        assert!(matches!(instead(None, None, "final"), Disposal::Snapshot(_)));
    }
}
