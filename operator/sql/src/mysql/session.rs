//! A connection to a MySQL or MariaDB server, as its administrator.

use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, OptsBuilder, Params};
use secrecy::{ExposeSecret, SecretString};
use terrace_engine::Result;
use tokio::time::timeout;

use crate::errors::{mysql, unreachable};
use crate::target::{CONNECT, Target};
use crate::tls::Tls;

/// Settings of the session: quoting by the standard, whatever the server's settings are, and no long waits.
const SETTINGS: [&str; 2] = ["SET SESSION sql_mode = ''", "SET SESSION lock_wait_timeout = 10"];

/// ER_KILL_DENIED_ERROR, ER_SPECIFIC_ACCESS_DENIED_ERROR.
const NOT_ALLOWED: [u16; 2] = [1095, 1227];
/// ER_NO_SUCH_THREAD.
const NO_SUCH_THREAD: u16 = 1094;

/// An open connection. It is closed when this is dropped.
pub struct Session<'a> {
    connection: Conn,
    target: &'a Target,
}

impl<'a> Session<'a> {
    /// Connects to the server, and to none of its databases.
    ///
    /// # Errors
    /// That it cannot be reached, is not trusted, or does not let the administrator in.
    pub async fn open(target: &'a Target, password: &SecretString, tls: &Tls) -> Result<Session<'a>> {
        let options = OptsBuilder::default()
            .ip_or_hostname(&target.host)
            .tcp_port(target.port)
            .user(Some(&target.administrator))
            .pass(Some(password.expose_secret()))
            // On this very machine the driver would else go by a socket, unencrypted.
            .prefer_socket(false)
            .ssl_opts(tls.mysql())
            .init(SETTINGS.map(str::to_owned).to_vec());
        let connected = timeout(CONNECT, Conn::new(options)).await;
        let connection = connected.map_err(|_| unreachable(target, "no answer in time"))?;
        Ok(Session { connection: connection.map_err(|error| mysql(target, &error))?, target })
    }

    /// Runs a query with parameters.
    ///
    /// # Errors
    /// The server's.
    pub async fn query<T>(&mut self, query: &str, params: impl Into<Params> + Send) -> Result<Vec<T>>
    where
        T: FromRow + Send + 'static,
    {
        let rows = self.connection.exec(query, params.into()).await;
        rows.map_err(|error| mysql(self.target, &error))
    }

    /// Runs a statement that takes no parameters.
    ///
    /// # Errors
    /// The server's.
    pub async fn run(&mut self, statement: impl AsRef<str>) -> Result<()> {
        self.connection.query_drop(statement.as_ref()).await.map_err(|error| mysql(self.target, &error))
    }

    /// Runs a statement that takes no parameters, and says what it answers.
    ///
    /// # Errors
    /// The server's.
    pub async fn show<T>(&mut self, statement: impl AsRef<str> + Send + Sync) -> Result<Vec<T>>
    where
        T: FromRow + Send + 'static,
    {
        let rows = self.connection.query(statement.as_ref()).await;
        rows.map_err(|error| mysql(self.target, &error))
    }

    /// Ends a session of somebody else's. RDS has a procedure for that, as its administrators may not do so themselves
    /// (RDS User Guide, "Ending a session or query for a MySQL database").
    ///
    /// # Errors
    /// The server's.
    pub async fn kill(&mut self, id: u64) -> Result<()> {
        let killed = match self.connection.query_drop(format!("KILL {id}")).await {
            Err(mysql_async::Error::Server(said)) if NOT_ALLOWED.contains(&said.code) => {
                self.connection.query_drop(format!("CALL mysql.rds_kill({id})")).await
            }
            killed => killed,
        };
        match killed {
            Err(mysql_async::Error::Server(said)) if said.code == NO_SUCH_THREAD => Ok(()),
            killed => killed.map_err(|error| mysql(self.target, &error)),
        }
    }
}
