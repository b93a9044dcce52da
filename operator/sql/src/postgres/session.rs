//! A connection to a PostgreSQL server, as its administrator.

use secrecy::{ExposeSecret, SecretString};
use terrace_engine::{Error, Result};
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, GenericClient, Row, Transaction};

use crate::errors::{postgres, unreachable};
use crate::target::{CONNECT, Target};
use crate::tls::Tls;

/// Settings of the session. What anybody may put into a schema of the database is not found by name here
/// (`search_path`), and quoting is by the standard, whatever the server's settings are.
const OPTIONS: &str = "-c search_path=pg_catalog -c standard_conforming_strings=on -c statement_timeout=30000 \
                       -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000";

/// What nobody else who does this work holds at the same time: changes of one role, or of default privileges, from two
/// sessions fail.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('terrace.dev/users'))";

/// An open connection. It is closed when this is dropped.
pub struct Session<'a> {
    client: Client,
    target: &'a Target,
}

impl<'a> Session<'a> {
    /// Connects to one database of the server.
    ///
    /// # Errors
    /// That it cannot be reached, is not trusted, does not let the administrator in, or has no such database.
    pub async fn open(target: &'a Target, database: &str, password: &SecretString, tls: &Tls) -> Result<Session<'a>> {
        let mut config = Config::new();
        config.host(&target.host).port(target.port).user(&target.administrator).dbname(database);
        config.password(password.expose_secret()).connect_timeout(CONNECT / 2).ssl_mode(SslMode::Require);
        config.options(OPTIONS).application_name("terrace");
        let connected = timeout(CONNECT, config.connect(tls.postgres())).await;
        let connected = connected.map_err(|_| unreachable(target, "no answer in time"))?;
        let (client, connection) = connected.map_err(|error| postgres(target, &error))?;
        // Its errors are those of the calls that wait for it.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Session { client, target })
    }

    /// Begins a transaction that has this work to itself.
    ///
    /// # Errors
    /// As [`Work::run`].
    pub async fn begin(&mut self) -> Result<Work<'_>> {
        let target = self.target;
        let transaction = self.client.transaction().await.map_err(|error| postgres(target, &error))?;
        let work = Work { transaction, target };
        work.run([LOCK]).await?;
        Ok(work)
    }
}

/// A transaction: all of its statements, or none.
pub struct Work<'a> {
    transaction: Transaction<'a>,
    target: &'a Target,
}

impl Work<'_> {
    /// Runs statements.
    ///
    /// # Errors
    /// The server's.
    pub async fn run<S: AsRef<str>>(&self, statements: impl IntoIterator<Item = S>) -> Result<()> {
        self.transaction.batch_execute(&joined(statements)).await.map_err(|error| postgres(self.target, &error))
    }

    /// Makes it all so.
    ///
    /// # Errors
    /// The server's.
    pub async fn commit(self) -> Result<()> {
        self.transaction.commit().await.map_err(|error| postgres(self.target, &error))
    }
}

/// What answers queries.
pub trait Queries {
    /// Runs a query.
    fn query(&self, query: &str, params: &[&(dyn ToSql + Sync)]) -> impl Future<Output = Result<Vec<Row>>> + Send;
}

impl Queries for Session<'_> {
    async fn query(&self, query: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        query_of(&self.client, self.target, query, params).await
    }
}

impl Queries for Work<'_> {
    async fn query(&self, query: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        query_of(&self.transaction, self.target, query, params).await
    }
}

async fn query_of(
    client: &impl GenericClient,
    target: &Target,
    query: &str,
    params: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>> {
    client.query(query, params).await.map_err(|error| postgres(target, &error))
}

/// A column of a row.
///
/// # Errors
/// `Retry` where it is of another type than the query says: a bug, and no reason to end the process.
pub fn get<'r, T: tokio_postgres::types::FromSql<'r>>(row: &'r Row, column: usize) -> Result<T> {
    row.try_get(column).map_err(Error::retry)
}

fn joined<S: AsRef<str>>(statements: impl IntoIterator<Item = S>) -> String {
    statements.into_iter().map(|statement| format!("{};\n", statement.as_ref())).collect()
}
