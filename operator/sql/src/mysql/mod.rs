//! Users of MySQL and MariaDB. Whose one is stands in a table of the operator's own ([`ledger`]).

mod ledger;
mod rights;
mod session;

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret, SecretString};
use sha1::{Digest, Sha1};
use terrace_engine::{Error, Result, reason};
use terrace_model::aws::sql::{Access, Engine};

use crate::found::{Admits, Found, Login, Wanted};
use crate::quote::{Dialect::Mysql as Sql, Quoted};
use crate::tags;
use crate::target::Target;
use crate::tls::Tls;
use ledger::RETIRED;
use session::Session;

/// The plugin by which RDS checks tokens (RDS User Guide, "IAM database authentication").
const IAM_PLUGIN: &str = "AWSAuthenticationPlugin";

/// A server, and what opens it.
pub struct Server<'a> {
    pub target: &'a Target,
    pub password: &'a SecretString,
    pub tls: &'a Tls,
}

impl<'a> Server<'a> {
    async fn open(&self) -> Result<Session<'a>> {
        Session::open(self.target, self.password, self.tls).await
    }

    /// Looks at users, all at once. What is absent is left out.
    ///
    /// # Errors
    /// That the server cannot be asked.
    pub async fn look(&self, names: &[String]) -> Result<BTreeMap<String, Found>> {
        let mut session = self.open().await?;
        let texts = ledger::read(&mut session, names).await?;
        let plugins = plugins(&mut session, names).await?;
        let mut rights = rights::read(&mut session, names, &self.target.database).await?;
        let mut found = BTreeMap::new();
        for (name, plugin) in plugins {
            let text = texts.get(&name).map(String::as_str);
            if text == Some(RETIRED) {
                continue;
            }
            let admits = match plugin.as_str() {
                _ if is_locked(&mut session, &name).await? => Admits::Nobody,
                IAM_PLUGIN => Admits::Iam,
                _ => Admits::Password,
            };
            let access = rights::access(&rights.remove(&name).unwrap_or_default());
            found.insert(name, Found { tags: tags::read(text), admits, access });
        }
        Ok(found)
    }

    /// Makes a user. No transaction holds statements about users together: its row comes first, so that what comes of a
    /// broken connection is known for ours.
    ///
    /// # Errors
    /// `Wait` where there is a user of that name.
    pub async fn create(&self, want: &Wanted<'_>) -> Result<()> {
        let (mut session, names) = (self.open().await?, [want.name.to_owned()]);
        ledger::make(&mut session).await?;
        let retired = ledger::read(&mut session, &names).await?.get(want.name).is_some_and(|text| text == RETIRED);
        let stands = !plugins(&mut session, &names).await?.is_empty();
        if stands && !retired {
            return Err(Error::wait(reason::ALREADY_EXISTS, format!("user {} exists already", want.name)));
        }
        ledger::write(&mut session, want.name, want.comment.as_deref()).await?;
        let verb = if stands { "ALTER" } else { "CREATE" };
        if let Some(identified) = identified(self.target.engine, want) {
            let (user, end) = (account(want.name), if stands { " ACCOUNT UNLOCK" } else { "" });
            let made = session.run(format!("{verb} USER {user} {identified}{end}")).await;
            if made.as_ref().is_err_and(|error| error.reason() == reason::ALREADY_EXISTS) {
                // Somebody was quicker: it is not ours.
                ledger::write(&mut session, want.name, None).await?;
            }
            made?;
        }
        self.settle(&mut session, want).await
    }

    /// Changes a user. What it may do no longer, its sessions may not go on doing: they are ended.
    ///
    /// # Errors
    /// The server's.
    pub async fn update(&self, want: &Wanted<'_>) -> Result<()> {
        let mut session = self.open().await?;
        if let Some(identified) = identified(self.target.engine, want) {
            session.run(format!("ALTER USER {} {identified} ACCOUNT UNLOCK", account(want.name))).await?;
        }
        self.settle(&mut session, want).await?;
        ledger::make(&mut session).await?;
        ledger::write(&mut session, want.name, want.comment.as_deref()).await?;
        if want.access == Some(Access::ReadOnly) { end_sessions(&mut session, want.name).await } else { Ok(()) }
    }

    /// Drops a user and ends its sessions. One in whose name views, routines, triggers or events run is locked instead:
    /// without it they would run no more.
    ///
    /// # Errors
    /// The server's.
    pub async fn delete(&self, name: &str) -> Result<()> {
        let mut session = self.open().await?;
        if !plugins(&mut session, &[name.to_owned()]).await?.is_empty() {
            if defines(&mut session, name).await? {
                session.run(format!("ALTER USER {} ACCOUNT LOCK", account(name))).await?;
                ledger::make(&mut session).await?;
                ledger::write(&mut session, name, Some(RETIRED)).await?;
                return end_sessions(&mut session, name).await;
            }
            session.run(format!("DROP USER {}", account(name))).await?;
        }
        ledger::make(&mut session).await?;
        ledger::write(&mut session, name, None).await?;
        end_sessions(&mut session, name).await
    }

    async fn settle(&self, session: &mut Session<'_>, want: &Wanted<'_>) -> Result<()> {
        match want.access {
            Some(access) => rights::settle(session, want.name, &self.target.database, access).await,
            None => Ok(()),
        }
    }
}

/// How a user identifies itself. MariaDB's logs would hold a password; MySQL's do not ("Passwords and Logging").
fn identified(engine: Engine, want: &Wanted) -> Option<String> {
    Some(match want.login.as_ref()? {
        Login::Iam => format!("IDENTIFIED WITH {IAM_PLUGIN} AS 'RDS'"),
        Login::Password(password) if engine == Engine::Mariadb => {
            format!("IDENTIFIED BY PASSWORD {}", Sql.text(&native(password)))
        }
        Login::Password(password) => format!("IDENTIFIED BY {}", Sql.text(password.expose_secret())),
    })
}

/// A user, from wherever it logs in.
fn account(name: &str) -> Quoted {
    Sql.account(name)
}

/// So many places for parameters.
fn places(names: &[String]) -> String {
    vec!["?"; names.len()].join(", ")
}

/// What MariaDB's `mysql_native_password` verifies a password by (`PASSWORD()`).
fn native(password: &SecretString) -> String {
    let twice = Sha1::digest(Sha1::digest(password.expose_secret().as_bytes()));
    twice.iter().fold("*".to_owned(), |text, byte| format!("{text}{byte:02X}"))
}

/// The users that there are, with the plugin of each.
async fn plugins(session: &mut Session<'_>, names: &[String]) -> Result<BTreeMap<String, String>> {
    let query = format!("SELECT User, plugin FROM mysql.user WHERE Host = '%' AND User IN ({})", places(names));
    Ok(session.query::<(String, String)>(&query, names.to_vec()).await?.into_iter().collect())
}

/// Only this statement says so in both engines.
async fn is_locked(session: &mut Session<'_>, name: &str) -> Result<bool> {
    let shown: Vec<String> = session.show(format!("SHOW CREATE USER {}", account(name))).await?;
    Ok(shown.iter().any(|text| text.contains("ACCOUNT LOCK")))
}

/// Whether anything runs in the name of a user.
async fn defines(session: &mut Session<'_>, name: &str) -> Result<bool> {
    let tables = ["EVENTS", "ROUTINES", "TRIGGERS", "VIEWS"];
    let each = tables.map(|table| format!("SELECT 1 FROM information_schema.{table} WHERE DEFINER = ?"));
    let definer = format!("{name}@%");
    let params = vec![definer; tables.len()];
    Ok(!session.query::<u8>(&each.join(" UNION ALL "), params).await?.is_empty())
}

async fn end_sessions(session: &mut Session<'_>, name: &str) -> Result<()> {
    let query = "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = ?";
    let ids: BTreeSet<u64> = session.query(query, (name,)).await?.into_iter().collect();
    for id in ids {
        session.kill(id).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(engine: Engine, login: Login) -> String {
        let want = Wanted { name: "a", login: Some(login), access: None, comment: None };
        identified(engine, &want).expect("it logs in somehow")
    }

    #[test]
    fn mariadb_is_given_what_verifies_a_password_and_never_the_password() {
        let statement = said(Engine::Mariadb, Login::Password("password".into()));
        assert_eq!(statement, "IDENTIFIED BY PASSWORD '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19'");
    }

    #[test]
    fn a_token_is_checked_by_the_plugin_of_rds() {
        for engine in [Engine::Mysql, Engine::Mariadb] {
            assert_eq!(said(engine, Login::Iam), "IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'");
        }
    }
}
