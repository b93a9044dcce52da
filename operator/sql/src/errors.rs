//! What goes wrong with a database server, by what is to be done about it.
//!
//! No text holds what changes from try to try. PostgreSQL, Appendix A, "PostgreSQL Error Codes"; MySQL, "Server Error
//! Message Reference"; MariaDB, "MariaDB Error Codes".

use std::error::Error as StdError;
use std::io;

use terrace_engine::{Error, Result, reason};
use tokio_postgres::error::SqlState;

use crate::target::{Target, WORK};

/// Reason of a server that proves to be nobody whom we trust.
pub const NOT_TRUSTED: &str = "CertificateNotTrusted";
/// Reason of a database that is not in its server.
pub const NO_DATABASE: &str = "DatabaseNotFound";

/// A server that does not answer.
pub fn unreachable(target: &Target, why: &str) -> Error {
    let Target { server, host, port, environment, .. } = target;
    Error::retry(format!(
        "{server} cannot be reached at {host}:{port} ({why}): its security group and the network must let the operator's \
         pods in; where they cannot, set databaseAccess: None on Environment {environment}"
    ))
}

/// A server that did not come to an end with its work.
pub fn late(target: &Target) -> Error {
    Error::retry(format!("{} takes longer than {} s", target.server, WORK.as_secs()))
}

fn not_trusted(target: &Target, why: &str) -> Error {
    let message = format!(
        "{} at {} shows a certificate that is not trusted ({why}): give the operator the bundle with its authority",
        target.server, target.host
    );
    Error::blocked(NOT_TRUSTED, message)
}

fn no_login(target: &Target) -> Error {
    let Target { server, administrator, administrator_secret_arn, .. } = target;
    // RDS changes the password in the server a moment before or after the secret.
    Error::retry(format!(
        "{server} does not let {administrator} in with the password in {administrator_secret_arn}: where it is not being \
         rotated just now, set it again (ModifyDBInstance, ModifyDBCluster)"
    ))
}

fn not_allowed(target: &Target, words: &str) -> Error {
    let message = format!("{} may not do this in {}: {words}", target.administrator, target.server);
    Error::blocked(reason::ACCESS_DENIED, message)
}

fn no_database(target: &Target) -> Error {
    let message = format!("{} has no database {}: make it there", target.server, target.database);
    Error::blocked(NO_DATABASE, message)
}

/// Whether the resolver says that there is no such host, and not that it does not know.
///
/// The texts of getaddrinfo in glibc, musl and the BSDs.
pub fn is_unknown_host(text: &str) -> bool {
    let known =
        ["Name or service not known", "Name does not resolve", "No address associated", "nodename nor servname"];
    known.iter().any(|words| text.contains(words))
}

/// The first error in a chain that is of TLS.
fn of_tls<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<io::Error>().and_then(|error| error.get_ref());
        let found = error.downcast_ref().or_else(|| inner.and_then(|inner| inner.downcast_ref()));
        if found.is_some() {
            return found;
        }
        next = error.source();
    }
    None
}

/// The words of the innermost error.
fn root(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

fn of_connection(target: &Target, error: &(dyn StdError + 'static)) -> Error {
    match of_tls(error) {
        Some(rustls::Error::InvalidCertificate(why)) => not_trusted(target, &why.to_string()),
        _ => unreachable(target, &root(error)),
    }
}

/// An error of PostgreSQL's, or of the connection to it.
pub fn postgres(target: &Target, error: &tokio_postgres::Error) -> Error {
    let Some(said) = error.as_db_error() else { return of_connection(target, error) };
    let detail = said.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    let words = format!("{}{detail}", said.message());
    let code = said.code();
    if [&SqlState::INVALID_PASSWORD, &SqlState::INVALID_AUTHORIZATION_SPECIFICATION].contains(&code) {
        no_login(target)
    } else if *code == SqlState::INVALID_CATALOG_NAME {
        no_database(target)
    } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        not_allowed(target, &words)
    } else if *code == SqlState::DUPLICATE_OBJECT {
        Error::wait(reason::ALREADY_EXISTS, words)
    } else if *code == SqlState::DEPENDENT_OBJECTS_STILL_EXIST {
        Error::blocked(reason::IN_USE, words)
    } else if passes_in_postgres(code.code()) {
        Error::retry(format!("{}: {words}", target.server))
    } else {
        Error::blocked(reason::FAILED, format!("{}: {words}", target.server))
    }
}

/// By class: connection, read-only after a failover (25006), rollback, resources, locks, operator's intervention, system;
/// and what two that change one role at once are told (XX000).
fn passes_in_postgres(code: &str) -> bool {
    ["08", "25006", "40", "53", "55", "57", "58", "XX000"].iter().any(|class| code.starts_with(class))
}

/// An error of MySQL's or MariaDB's, or of the connection to it.
pub fn mysql(target: &Target, error: &mysql_async::Error) -> Error {
    let mysql_async::Error::Server(said) = error else { return of_connection(target, error) };
    let words = &said.message;
    match said.code {
        // ER_ACCESS_DENIED_ERROR, ER_ACCESS_DENIED_NO_PASSWORD_ERROR
        1045 | 1698 => no_login(target),
        // ER_BAD_DB_ERROR
        1049 => no_database(target),
        // ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR, ER_KILL_DENIED_ERROR, ER_SPECIFIC_ACCESS_DENIED_ERROR,
        // ER_CANT_CREATE_USER_WITH_GRANT
        1044 | 1142 | 1095 | 1227 | 1410 => not_allowed(target, words),
        // ER_CANNOT_USER
        1396 => Error::wait(reason::ALREADY_EXISTS, words),
        // ER_PLUGIN_IS_NOT_LOADED
        1524 => Error::blocked(reason::FAILED, format!("{words}: IAM authentication is off in {}", target.server)),
        // ER_CON_COUNT_ERROR, ER_SERVER_SHUTDOWN, ER_TOO_MANY_USER_CONNECTIONS, ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK,
        // ER_USER_LIMIT_REACHED, ER_OPTION_PREVENTS_STATEMENT (read only after a failover), ER_READ_ONLY_MODE,
        // ER_STATEMENT_TIMEOUT, ER_QUERY_TIMEOUT
        1040 | 1053 | 1203 | 1205 | 1213 | 1226 | 1290 | 1836 | 1969 | 3024 => {
            Error::retry(format!("{}: {words}", target.server))
        }
        _ => Error::blocked(reason::FAILED, format!("{}: {words}", target.server)),
    }
}

/// Runs a piece of work, for as long as it may take.
///
/// # Errors
/// Its own, or that it took too long.
pub async fn within<T>(target: &Target, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(WORK, work).await.unwrap_or_else(|_| Err(late(target)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::target;

    fn said(code: u16) -> Error {
        let error = mysql_async::ServerError { code, message: "no".into(), state: "HY000".into() };
        mysql(&target(Engine::Mysql), &mysql_async::Error::Server(error))
    }

    use terrace_model::aws::sql::Engine;

    #[test]
    fn what_mysql_says_is_sorted_by_what_is_to_be_done() {
        for code in [1045, 1040, 1205, 1290] {
            assert!(matches!(said(code), Error::Retry { .. }), "{code}");
        }
        for (code, reason) in
            [(1227, reason::ACCESS_DENIED), (1049, NO_DATABASE), (1524, reason::FAILED), (9, reason::FAILED)]
        {
            assert!(said(code).is_stalled() && said(code).reason() == reason, "{code}");
        }
        assert_eq!(said(1396).reason(), reason::ALREADY_EXISTS);
        assert!(said(1045).to_string().contains("arn:admin"));
    }

    #[test]
    fn what_passes_in_postgresql_is_told_by_its_class() {
        for code in ["08006", "25006", "40P01", "53300", "55P03", "57P01", "XX000"] {
            assert!(passes_in_postgres(code), "{code}");
        }
        for code in ["25001", "42601", "22023", "XX001"] {
            assert!(!passes_in_postgres(code), "{code}");
        }
    }

    #[test]
    fn a_host_that_is_not_there_is_told_from_one_that_nobody_can_tell_of() {
        assert!(is_unknown_host("failed to lookup address information: Name or service not known"));
        assert!(is_unknown_host("failed to lookup address information: Name does not resolve"));
        assert!(!is_unknown_host("failed to lookup address information: Temporary failure in name resolution"));
        assert!(!is_unknown_host("failed to lookup address information: Try again"));
    }

    #[test]
    fn a_server_out_of_reach_says_what_must_let_the_operator_in() {
        let text = unreachable(&target(Engine::Postgres), "connection refused").to_string();
        for part in ["orders-db", "db.example:5432", "security group", "databaseAccess: None", "Environment prod"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
