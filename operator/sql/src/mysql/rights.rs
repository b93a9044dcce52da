//! What a user of MySQL or MariaDB may do with its database: privileges on all that is in it, and will be.
//!
//! Tables have no owners there: what one of two alternating users makes is the other's as well. MySQL, "Privileges
//! Provided by MySQL", "GRANT Statement"; MariaDB, "GRANT".

use std::collections::{BTreeMap, BTreeSet};

use terrace_engine::Result;
use terrace_model::aws::sql::Access;

use super::account;
use super::session::Session;
use crate::quote::Dialect::Mysql as Sql;

const READ: &[&str] = &["SELECT", "SHOW VIEW"];
/// Everything on a database that both engines have, but for giving it to others.
const WRITE: &[&str] = &[
    "ALTER",
    "ALTER ROUTINE",
    "CREATE",
    "CREATE ROUTINE",
    "CREATE TEMPORARY TABLES",
    "CREATE VIEW",
    "DELETE",
    "DROP",
    "EVENT",
    "EXECUTE",
    "INDEX",
    "INSERT",
    "LOCK TABLES",
    "REFERENCES",
    "SELECT",
    "SHOW VIEW",
    "TRIGGER",
    "UPDATE",
];

/// Privileges by their names in `information_schema`.
pub type Rights = BTreeSet<String>;

/// The privileges of an access.
pub fn of(access: Access) -> Rights {
    let rights = match access {
        Access::ReadOnly => READ,
        Access::ReadWrite => WRITE,
    };
    rights.iter().map(|right| (*right).to_owned()).collect()
}

/// The access that privileges come to.
pub fn access(rights: &Rights) -> Option<Access> {
    [Access::ReadOnly, Access::ReadWrite].into_iter().find(|access| of(*access) == *rights)
}

/// The name of a database as grants have it: `_` and `%` stand for others there, unless the server revokes in part.
pub async fn pattern(session: &mut Session<'_>, database: &str) -> Result<String> {
    let row: Vec<(String, String)> = session.show("SHOW GLOBAL VARIABLES LIKE 'partial_revokes'").await?;
    let literal = row.iter().any(|(_, value)| value == "ON");
    Ok(if literal { database.to_owned() } else { database.replace('_', "\\_").replace('%', "\\%") })
}

/// The privileges of users on a database, by their names.
pub async fn read(session: &mut Session<'_>, names: &[String], database: &str) -> Result<BTreeMap<String, Rights>> {
    let pattern = pattern(session, database).await?;
    // As that table writes an account, without escapes.
    let grantees: BTreeMap<String, &String> = names.iter().map(|name| (format!("'{name}'@'%'"), name)).collect();
    let mut params: Vec<String> = grantees.keys().cloned().collect();
    let query = format!(
        "SELECT GRANTEE, PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES
        WHERE GRANTEE IN ({}) AND TABLE_SCHEMA = ?",
        super::places(&params)
    );
    params.push(pattern);
    let mut rights = BTreeMap::<String, Rights>::new();
    for (grantee, right) in session.query::<(String, String)>(&query, params).await? {
        if let Some(name) = grantees.get(&grantee) {
            rights.entry((*name).clone()).or_default().insert(right);
        }
    }
    Ok(rights)
}

/// Gives a user the privileges that it lacks, then takes away those that it is not to have: there is no moment in which it
/// has less than both.
pub async fn settle(session: &mut Session<'_>, name: &str, database: &str, access: Access) -> Result<()> {
    let have = read(session, &[name.to_owned()], database).await?.remove(name).unwrap_or_default();
    let (want, pattern) = (of(access), pattern(session, database).await?);
    let (on, user) = (Sql.name(&pattern), account(name));
    let joined = |rights: Vec<&String>| rights.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let (more, less) = (joined(want.difference(&have).collect()), joined(have.difference(&want).collect()));
    if !more.is_empty() {
        session.run(format!("GRANT {more} ON {on}.* TO {user}")).await?;
    }
    if !less.is_empty() {
        session.run(format!("REVOKE {less} ON {on}.* FROM {user}")).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privileges_are_an_access_or_none() {
        for wanted in [Access::ReadOnly, Access::ReadWrite] {
            assert_eq!(access(&of(wanted)), Some(wanted));
        }
        assert_eq!(access(&Rights::new()), None);
        let mut more = of(Access::ReadOnly);
        more.insert("INSERT".into());
        assert_eq!(access(&more), None);
    }
}
