//! The two roles of a database that hold its users' rights: a user has them by being a member.
//!
//! What one of two alternating users makes, the other must be able to use, alter and drop, and only an owner may do that
//! in PostgreSQL. So what users with `ReadWrite` make belongs to their group: each begins its sessions in the group's role
//! (`ALTER ROLE … SET role`). The group for `ReadOnly` may read what stands, and by default privileges whatever the other
//! group or the administrator makes later. The administrator is a member of the first, and so has the rights of an owner
//! over what users made.
//!
//! PostgreSQL, "Privileges", "ALTER DEFAULT PRIVILEGES"; AWS Database Blog, "Managing PostgreSQL users and roles".

use std::collections::BTreeSet;

use terrace_engine::{Error, Result, reason};
use terrace_model::aws::sql::Access;
use terrace_model::identity::short_hash;

use super::session::{Queries, Work, get};
use crate::quote::Dialect::Postgres as Sql;

/// The most bytes of a name (`NAMEDATALEN` less one).
const LONGEST: usize = 63;
/// What may be done with tables, but for defining triggers, which run with the rights of whoever writes.
const TABLE: [&str; 6] = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES"];
const SEQUENCE: [&str; 3] = ["USAGE", "SELECT", "UPDATE"];

/// Schemas that are not the server's own.
const OWN_SCHEMAS: &str = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// The names of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    pub writers: String,
    pub readers: String,
}

impl Groups {
    /// Those of a database.
    pub fn of(database: &str) -> Groups {
        Groups { writers: name("rw", database), readers: name("ro", database) }
    }

    /// The one with these rights.
    pub fn with(&self, access: Access) -> &str {
        match access {
            Access::ReadWrite => &self.writers,
            Access::ReadOnly => &self.readers,
        }
    }

    /// The default privileges of what `owner` makes: object type as in `pg_default_acl`, its word, who, and what.
    fn defaults(&self, with_writers: bool) -> Vec<(&'static str, &'static str, &str, &'static [&'static str])> {
        let readers: &str = &self.readers;
        let mut all: Vec<(_, _, _, &'static [&'static str])> = vec![
            ("r", "TABLES", readers, &TABLE[..1]),
            ("S", "SEQUENCES", readers, &SEQUENCE[1..2]),
            ("n", "SCHEMAS", readers, &["USAGE"]),
        ];
        if with_writers {
            all.push(("r", "TABLES", &self.writers, &TABLE));
            all.push(("S", "SEQUENCES", &self.writers, &SEQUENCE));
            all.push(("n", "SCHEMAS", &self.writers, &["CREATE", "USAGE"]));
        }
        all
    }

    /// Statements that let both groups use what a user makes in its own name, having left the group's role.
    pub fn defaults_of(&self, user: &str) -> Vec<String> {
        let of = |(_, objects, group, rights): (_, _, _, &[&str])| default(user, objects, group, rights);
        self.defaults(true).into_iter().map(of).collect()
    }

    /// What both lack, as the statements that give it to them. Nothing where all is well.
    ///
    /// # Errors
    /// The server's; `NotOwned` where a role of such a name is somebody else's.
    pub async fn lacking(&self, session: &impl Queries) -> Result<Vec<String>> {
        let mut lacking = self.missing(session).await?;
        if lacking.is_empty() {
            lacking.extend(self.lacking_on_database(session).await?);
            lacking.extend(self.lacking_on_schemas(session).await?);
            lacking.extend(self.lacking_on_relations(session).await?);
            lacking.extend(self.lacking_by_default(session).await?);
        }
        Ok(lacking)
    }

    /// Makes both, and gives them what they lack.
    ///
    /// # Errors
    /// The server's; `AccessDenied` where the administrator may not give it.
    pub async fn settle(&self, work: &Work<'_>, database: &str) -> Result<()> {
        work.run(self.missing(work).await?).await?;
        // What everybody had, and has no longer, shows only then.
        for _ in 0..2 {
            work.run(self.lacking(work).await?).await?;
        }
        match self.lacking(work).await?.first() {
            None => Ok(()),
            Some(first) => Err(Error::blocked(
                reason::ACCESS_DENIED,
                format!(
                    "the administrator has no right to do this, as it does not own all of database {database}: {first}"
                ),
            )),
        }
    }

    /// Statements that make what is not there of the two.
    ///
    /// # Errors
    /// As [`Groups::lacking`].
    pub async fn missing(&self, session: &impl Queries) -> Result<Vec<String>> {
        let both = [&self.writers, &self.readers].map(String::clone).to_vec();
        let query =
            "SELECT rolname::text, shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname::text = ANY($1)";
        let mut there = BTreeSet::new();
        for row in session.query(query, &[&both]).await? {
            let (name, comment): (String, Option<String>) = (get(&row, 0)?, get(&row, 1)?);
            if comment.as_deref() != Some(MARK) {
                return Err(Error::blocked(
                    reason::NOT_OWNED,
                    format!("role {name} exists and was not made by Terrace: rename it or drop it"),
                ));
            }
            there.insert(name);
        }
        let make = |name: &String| {
            let role = Sql.name(name);
            [format!("CREATE ROLE {role} NOLOGIN"), format!("COMMENT ON ROLE {role} IS {}", Sql.text(MARK))]
        };
        Ok(both.iter().filter(|name| !there.contains(*name)).flat_map(make).collect())
    }

    async fn lacking_on_database(&self, session: &impl Queries) -> Result<Vec<String>> {
        let query = "SELECT current_database()::text, pg_has_role($1::name, 'USAGE'),
            has_database_privilege($1::name, current_database(), 'CONNECT')
                AND has_database_privilege($1::name, current_database(), 'CREATE')
                AND has_database_privilege($1::name, current_database(), 'TEMPORARY'),
            has_database_privilege($2::name, current_database(), 'CONNECT')";
        let (mut lacking, writers, readers) = (Vec::new(), Sql.name(&self.writers), Sql.name(&self.readers));
        for row in session.query(query, &[&self.writers, &self.readers]).await? {
            let database = Sql.name(get(&row, 0)?);
            let grants = [
                format!("GRANT {writers} TO CURRENT_USER"),
                format!("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {database} TO {writers}"),
                format!("GRANT CONNECT ON DATABASE {database} TO {readers}"),
            ];
            for (column, grant) in (1..).zip(grants) {
                if !get::<bool>(&row, column)? {
                    lacking.push(grant);
                }
            }
        }
        Ok(lacking)
    }

    /// Before PostgreSQL 15 everybody could make things in `public`; whoever may only read must not.
    async fn lacking_on_schemas(&self, session: &impl Queries) -> Result<Vec<String>> {
        let query = format!(
            "SELECT n.nspname::text,
                has_schema_privilege($1::name, n.oid, 'USAGE') AND has_schema_privilege($1::name, n.oid, 'CREATE'),
                has_schema_privilege($2::name, n.oid, 'USAGE'),
                NOT (n.nspname = 'public' AND pg_has_role(n.nspowner, 'USAGE')
                    AND has_schema_privilege('public'::name, n.oid, 'CREATE'))
            FROM pg_namespace n WHERE {OWN_SCHEMAS} AND (pg_has_role(n.nspowner, 'USAGE') OR n.nspname = 'public')
            ORDER BY 1"
        );
        let (mut lacking, writers, readers) = (Vec::new(), Sql.name(&self.writers), Sql.name(&self.readers));
        for row in session.query(&query, &[&self.writers, &self.readers]).await? {
            let schema = Sql.name(get(&row, 0)?);
            let grants = [
                format!("GRANT USAGE, CREATE ON SCHEMA {schema} TO {writers}"),
                format!("GRANT USAGE ON SCHEMA {schema} TO {readers}"),
                format!("REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC"),
            ];
            for (column, grant) in (1..).zip(grants) {
                if !get::<bool>(&row, column)? {
                    lacking.push(grant);
                }
            }
        }
        Ok(lacking)
    }

    /// Of what stands, all that the administrator may give rights on.
    async fn lacking_on_relations(&self, session: &impl Queries) -> Result<Vec<String>> {
        let all = |function: &str, rights: &[&str]| {
            let each = rights.iter().map(|right| format!("{function}($1::name, c.oid, '{right}')"));
            each.collect::<Vec<_>>().join(" AND ")
        };
        let query = format!(
            "SELECT n.nspname::text, c.relname::text, c.relkind = 'S',
                CASE WHEN c.relkind = 'S' THEN {} ELSE {} END,
                CASE WHEN c.relkind = 'S' THEN has_sequence_privilege($2::name, c.oid, 'SELECT')
                    ELSE has_table_privilege($2::name, c.oid, 'SELECT') END
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {OWN_SCHEMAS} AND pg_has_role(c.relowner, 'USAGE')
            ORDER BY 1, 2",
            all("has_sequence_privilege", &SEQUENCE),
            all("has_table_privilege", &TABLE),
        );
        let mut lacking = Vec::new();
        for row in session.query(&query, &[&self.writers, &self.readers]).await? {
            let relation = format!("{}.{}", Sql.name(get(&row, 0)?), Sql.name(get(&row, 1)?));
            let (word, rights) = if get(&row, 2)? { ("SEQUENCE", &SEQUENCE[..]) } else { ("TABLE", &TABLE[..]) };
            if !get::<bool>(&row, 3)? {
                lacking.push(format!(
                    "GRANT {} ON {word} {relation} TO {}",
                    rights.join(", "),
                    Sql.name(&self.writers)
                ));
            }
            if !get::<bool>(&row, 4)? {
                lacking.push(format!("GRANT SELECT ON {word} {relation} TO {}", Sql.name(&self.readers)));
            }
        }
        Ok(lacking)
    }

    async fn lacking_by_default(&self, session: &impl Queries) -> Result<Vec<String>> {
        let query =
            "SELECT r.rolname = $1::name, d.defaclobjtype::text, pg_get_userbyid(a.grantee)::text, a.privilege_type
            FROM pg_default_acl d JOIN pg_roles r ON r.oid = d.defaclrole, aclexplode(d.defaclacl) a
            WHERE d.defaclnamespace = 0 AND r.rolname IN ($1::name, current_user)";
        let mut there = BTreeSet::new();
        for row in session.query(query, &[&self.writers]).await? {
            let entry: (bool, String, String, String) = (get(&row, 0)?, get(&row, 1)?, get(&row, 2)?, get(&row, 3)?);
            there.insert(entry);
        }
        let row = session.query("SELECT current_user::text", &[]).await?;
        let administrator: String = row.first().map(|row| get(row, 0)).transpose()?.unwrap_or_default();
        let mut lacking = Vec::new();
        for (by_writers, owner) in [(true, &self.writers), (false, &administrator)] {
            for (kind, objects, group, rights) in self.defaults(!by_writers) {
                let has = |right: &&str| {
                    there.contains(&(by_writers, kind.to_owned(), group.to_owned(), (*right).to_owned()))
                };
                if !rights.iter().all(has) {
                    lacking.push(default(owner, objects, group, rights));
                }
            }
        }
        Ok(lacking)
    }
}

/// The comment on the roles that are ours.
const MARK: &str = "Made by Terrace: the rights that users of a database share";

fn name(rights: &str, database: &str) -> String {
    let name = format!("terrace_{rights}_{database}");
    if name.len() <= LONGEST {
        return name;
    }
    let end = short_hash(&[database]);
    let head: String = name.chars().take(LONGEST - end.len() - 1).collect();
    format!("{head}_{end}")
}

fn default(owner: &str, objects: &str, group: &str, rights: &[&str]) -> String {
    let (owner, group, rights) = (Sql.name(owner), Sql.name(group), rights.join(", "));
    format!("ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT {rights} ON {objects} TO {group}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_of_a_database_bear_its_name_however_long_it_is() {
        let groups = Groups::of("orders");
        assert_eq!((groups.writers.as_str(), groups.readers.as_str()), ("terrace_rw_orders", "terrace_ro_orders"));
        let long = Groups::of(&"a".repeat(63));
        assert_eq!((long.writers.len(), long.readers.len()), (63, 63));
        assert_ne!(long.writers, Groups::of(&format!("{}b", "a".repeat(62))).writers);
    }

    #[test]
    fn readers_are_given_nothing_but_to_read() {
        for (_, objects, group, rights) in Groups::of("orders").defaults(true) {
            let reads = group == "terrace_ro_orders";
            assert!(!reads || *rights == ["SELECT"] || (objects == "SCHEMAS" && *rights == ["USAGE"]), "{objects}");
        }
    }
}
