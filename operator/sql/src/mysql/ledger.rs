//! A table in a database of the operator's own: whose a user is.
//!
//! MariaDB keeps no comment on a user, and MySQL does in a statement that MariaDB does not know; so both are dealt with
//! in one way. A row is written before its user is made: a user without one was not made by Terrace.

use std::collections::BTreeMap;

use terrace_engine::Result;

use super::session::Session;

/// Its name has a character that none of the databases that a DataTier names can have, so that no user has rights on it.
const DATABASE: &str = "`terrace-operator`";
const TABLE: &str = "`terrace-operator`.`users`";

/// The text of a user that is kept, locked, since views or routines run in its name: to everybody else it is gone.
pub const RETIRED: &str = "retired";

/// Makes the table.
pub async fn make(session: &mut Session<'_>) -> Result<()> {
    session.run(format!("CREATE DATABASE IF NOT EXISTS {DATABASE}")).await?;
    let columns =
        "name VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, tags LONGTEXT NOT NULL";
    session.run(format!("CREATE TABLE IF NOT EXISTS {TABLE} ({columns})")).await
}

/// The texts of users, by their names; none where there is no table yet.
pub async fn read(session: &mut Session<'_>, names: &[String]) -> Result<BTreeMap<String, String>> {
    let table =
        "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'terrace-operator' AND TABLE_NAME = 'users'";
    if names.is_empty() || session.query::<u8>(table, ()).await?.is_empty() {
        return Ok(BTreeMap::new());
    }
    let query = format!("SELECT name, tags FROM {TABLE} WHERE name IN ({})", super::places(names));
    Ok(session.query::<(String, String)>(&query, names.to_vec()).await?.into_iter().collect())
}

/// Writes the text of a user; `None` takes it away.
pub async fn write(session: &mut Session<'_>, name: &str, text: Option<&str>) -> Result<()> {
    let done = match text {
        Some(text) => {
            let replace = format!("REPLACE INTO {TABLE} (name, tags) VALUES (?, ?)");
            session.query::<u8>(&replace, (name, text)).await
        }
        None => session.query::<u8>(&format!("DELETE FROM {TABLE} WHERE name = ?"), (name,)).await,
    };
    done.map(drop)
}
