//! Users of PostgreSQL, which are roles. Whose one is stands in its comment.
//!
//! RDS checks who logs in as a member of `rds_iam` by a token alone, and that holds by way of other roles too (RDS User
//! Guide, "IAM database authentication"). So the administrator is never a member of a role that is one of `rds_iam` when a
//! transaction ends: its own password would not let it in any more.

mod groups;
mod session;

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret, SecretString};
use terrace_engine::{Error, Result, reason};
use terrace_model::aws::sql::Access;

use crate::found::{Admits, Found, Login, Wanted};
use crate::quote::Dialect::Postgres as Sql;
use crate::tags;
use crate::target::Target;
use crate::tls::Tls;
use groups::Groups;
use session::{Queries, Session, get};

/// Who is its member logs in by a token of IAM's.
const RDS_IAM: &str = "rds_iam";

/// A server, and what opens it.
pub struct Server<'a> {
    pub target: &'a Target,
    pub password: &'a SecretString,
    pub tls: &'a Tls,
}

/// A role as the catalogue has it.
struct Role {
    found: Found,
    groups: Vec<String>,
}

impl<'a> Server<'a> {
    async fn open(&self) -> Result<Session<'a>> {
        Session::open(self.target, &self.target.database, self.password, self.tls).await
    }

    fn groups(&self) -> Groups {
        Groups::of(&self.target.database)
    }

    /// Looks at users, all at once. What is absent is left out.
    ///
    /// # Errors
    /// That the server cannot be asked.
    pub async fn look(&self, names: &[String]) -> Result<BTreeMap<String, Found>> {
        let (session, groups) = (self.open().await?, self.groups());
        let whole = groups.lacking(&session).await?.is_empty();
        let roles = roles(&session, names, &groups).await?;
        let found = |(name, role): (String, Role)| {
            // Rights that the group itself lacks are nobody's.
            let access = role.found.access.filter(|_| whole);
            (name, Found { access, ..role.found })
        };
        Ok(roles.into_iter().map(found).collect())
    }

    /// Makes a user: all of it, or nothing.
    ///
    /// # Errors
    /// `Wait` where there is a role of that name.
    pub async fn create(&self, want: &Wanted<'_>) -> Result<()> {
        let (mut session, groups, user) = (self.open().await?, self.groups(), Sql.name(want.name));
        let work = session.begin().await?;
        if !roles(&work, &[want.name.to_owned()], &groups).await?.is_empty() {
            return Err(Error::wait(reason::ALREADY_EXISTS, format!("role {} exists already", want.name)));
        }
        groups.settle(&work, &self.target.database).await?;
        work.run([format!("CREATE ROLE {user} LOGIN"), comment(want)]).await?;
        work.run(rights(&groups, want)).await?;
        work.run(login(want, false)).await?;
        work.commit().await
    }

    /// Changes a user. What it may do no longer, its sessions may not go on doing: they are ended.
    ///
    /// # Errors
    /// `Retry` where there is none.
    pub async fn update(&self, want: &Wanted<'_>) -> Result<()> {
        let (mut session, groups) = (self.open().await?, self.groups());
        let work = session.begin().await?;
        let Some(role) = role(&work, want.name, &groups).await? else {
            return Err(Error::retry(format!("role {} was not found", want.name)));
        };
        let by_token = role.by_token();
        work.run([comment(want)]).await?;
        if want.access.is_some() {
            groups.settle(&work, &self.target.database).await?;
            work.run(by_token.then(|| revoke_iam(want.name))).await?;
            work.run(rights(&groups, want)).await?;
            work.run(by_token.then(|| grant_iam(want.name))).await?;
        }
        work.run(login(want, by_token)).await?;
        work.commit().await?;
        if want.access == Some(Access::ReadOnly) {
            end_sessions(&mut session, want.name, &groups).await
        } else {
            Ok(())
        }
    }

    /// Drops a user. What it owns goes to the group of those who write, so that nothing is lost, and what it was granted
    /// is taken back; both in every database of the server.
    ///
    /// # Errors
    /// `InUse` where something hangs on it even so.
    pub async fn delete(&self, name: &str) -> Result<()> {
        let (mut session, groups, user) = (self.open().await?, self.groups(), Sql.name(name));
        let work = session.begin().await?;
        let Some(role) = role(&work, name, &groups).await? else { return Ok(()) };
        work.run(role.by_token().then(|| revoke_iam(name))).await?;
        work.run([format!("ALTER ROLE {user} NOLOGIN")]).await?;
        work.run(groups.missing(&work).await?).await?;
        work.run([format!("GRANT {} TO CURRENT_USER", Sql.name(&groups.writers))]).await?;
        work.commit().await?;
        end_sessions(&mut session, name, &groups).await?;
        for database in databases_with(&session, name).await? {
            let mut other = Session::open(self.target, &database, self.password, self.tls).await?;
            let work = other.begin().await?;
            work.run(disown(&groups, name)).await?;
            work.commit().await?;
        }
        let work = session.begin().await?;
        work.run(disown(&groups, name)).await?;
        work.run([format!("DROP ROLE {user}")]).await?;
        work.commit().await
    }
}

impl Role {
    /// Whether it logs in by a token of IAM's.
    fn by_token(&self) -> bool {
        self.groups.iter().any(|group| group == RDS_IAM)
    }
}

/// Statements in the name of a user, of whom the administrator is a member as long as they run.
fn as_member(user: &str, statements: impl IntoIterator<Item = String>) -> Vec<String> {
    let user = Sql.name(user);
    let (enter, leave) = (format!("GRANT {user} TO CURRENT_USER"), format!("REVOKE {user} FROM CURRENT_USER"));
    [enter].into_iter().chain(statements).chain([leave]).collect()
}

/// What a user owns goes to the group of those who write; what it may do goes.
fn disown(groups: &Groups, user: &str) -> Vec<String> {
    let (name, heir) = (Sql.name(user), Sql.name(&groups.writers));
    as_member(user, [format!("REASSIGN OWNED BY {name} TO {heir}"), format!("DROP OWNED BY {name}")])
}

/// Ends the sessions of a user, which only its members may do, after it was changed: whoever comes in anew has what it is
/// to have by then.
async fn end_sessions(session: &mut Session<'_>, name: &str, groups: &Groups) -> Result<()> {
    let work = session.begin().await?;
    let by_token = role(&work, name, groups).await?.is_some_and(|role| role.by_token());
    work.run(by_token.then(|| revoke_iam(name))).await?;
    let query = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = {}", Sql.text(name));
    work.run(as_member(name, [query])).await?;
    work.run(by_token.then(|| grant_iam(name))).await?;
    work.commit().await
}

/// The databases in which something hangs on a role, but for this one.
async fn databases_with(session: &Session<'_>, name: &str) -> Result<Vec<String>> {
    let query = "SELECT DISTINCT d.datname::text FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid
        JOIN pg_roles r ON r.oid = s.refobjid
        WHERE s.refclassid = 'pg_authid'::regclass AND r.rolname = $1::name AND d.datname <> current_database()";
    session.query(query, &[&name]).await?.iter().map(|row| get(row, 0)).collect()
}

async fn role(session: &impl Queries, name: &str, groups: &Groups) -> Result<Option<Role>> {
    Ok(roles(session, &[name.to_owned()], groups).await?.remove(name))
}

async fn roles(session: &impl Queries, names: &[String], groups: &Groups) -> Result<BTreeMap<String, Role>> {
    let query = "SELECT r.rolname::text, r.rolcanlogin AND coalesce(r.rolvaliduntil = 'infinity', true),
            shobj_description(r.oid, 'pg_authid'), coalesce(r.rolconfig, '{}'),
            ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid)
        FROM pg_roles r WHERE r.rolname::text = ANY($1)";
    let mut roles = BTreeMap::new();
    for row in session.query(query, &[&names]).await? {
        let (name, admitted, comment): (String, bool, Option<String>) = (get(&row, 0)?, get(&row, 1)?, get(&row, 2)?);
        let (settings, member): (Vec<String>, Vec<String>) = (get(&row, 3)?, get(&row, 4)?);
        let admits = match (admitted, member.iter().any(|group| group == RDS_IAM)) {
            (false, _) => Admits::Nobody,
            (true, true) => Admits::Iam,
            (true, false) => Admits::Password,
        };
        let access = access(groups, &member.iter().map(String::as_str).collect(), &settings);
        roles.insert(
            name,
            Role { found: Found { tags: tags::read(comment.as_deref()), admits, access }, groups: member },
        );
    }
    Ok(roles)
}

/// What membership comes to: in one of the groups, and for those who write in its role from the beginning of a session.
fn access(groups: &Groups, member: &BTreeSet<&str>, settings: &[String]) -> Option<Access> {
    let role = settings.iter().find_map(|setting| setting.strip_prefix("role="));
    match (member.contains(groups.writers.as_str()), member.contains(groups.readers.as_str()), role) {
        (true, false, Some(role)) if role == groups.writers => Some(Access::ReadWrite),
        (false, true, None) => Some(Access::ReadOnly),
        _ => None,
    }
}

fn comment(want: &Wanted) -> String {
    let text = want.comment.as_deref().map_or("NULL".to_owned(), |text| Sql.text(text).to_string());
    format!("COMMENT ON ROLE {} IS {text}", Sql.name(want.name))
}

/// Statements that give a user the rights that it is to have. What it made in its own name goes to the group, and what it
/// will make is the groups' to use.
fn rights(groups: &Groups, want: &Wanted) -> Vec<String> {
    let Some(access) = want.access else { return Vec::new() };
    let (user, group, heir) = (Sql.name(want.name), Sql.name(groups.with(access)), Sql.name(&groups.writers));
    let (other, role) = match access {
        Access::ReadWrite => (&groups.readers, format!("SET role TO {group}")),
        Access::ReadOnly => (&groups.writers, "RESET role".to_owned()),
    };
    let mut statements = vec![
        format!("REVOKE {} FROM {user}", Sql.name(other)),
        format!("GRANT {group} TO {user}"),
        format!("ALTER ROLE {user} {role}"),
    ];
    let own = [format!("REASSIGN OWNED BY {user} TO {heir}")].into_iter().chain(groups.defaults_of(want.name));
    statements.extend(as_member(want.name, own));
    statements
}

/// Statements that let a user in. A password goes over the wire as what verifies it, so that no log of the server has it.
fn login(want: &Wanted, by_token: bool) -> Vec<String> {
    let user = Sql.name(want.name);
    match &want.login {
        None => Vec::new(),
        Some(Login::Password(password)) => {
            let verifier = postgres_protocol::password::scram_sha_256(password.expose_secret().as_bytes());
            let alter = format!("ALTER ROLE {user} LOGIN PASSWORD {} VALID UNTIL 'infinity'", Sql.text(&verifier));
            by_token.then(|| revoke_iam(want.name)).into_iter().chain([alter]).collect()
        }
        Some(Login::Iam) => {
            vec![format!("ALTER ROLE {user} LOGIN PASSWORD NULL VALID UNTIL 'infinity'"), grant_iam(want.name)]
        }
    }
}

fn grant_iam(user: &str) -> String {
    format!("GRANT {} TO {}", Sql.name(RDS_IAM), Sql.name(user))
}

fn revoke_iam(user: &str) -> String {
    format!("REVOKE {} FROM {}", Sql.name(RDS_IAM), Sql.name(user))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn want(login: Login) -> Wanted<'static> {
        Wanted { name: "a\"b", login: Some(login), access: Some(Access::ReadWrite), comment: None }
    }

    #[test]
    fn no_statement_holds_a_password() {
        let statements = login(&want(Login::Password("hunter2".into())), false).join(";");
        assert!(statements.contains("SCRAM-SHA-256$") && !statements.contains("hunter2"), "{statements}");
    }

    #[test]
    fn the_administrator_is_no_member_of_a_user_when_its_rights_are_given() {
        let statements = rights(&Groups::of("orders"), &want(Login::Iam));
        let (enter, leave) = ("GRANT \"a\"\"b\" TO CURRENT_USER", "REVOKE \"a\"\"b\" FROM CURRENT_USER");
        assert!(statements.iter().any(|statement| statement == enter));
        assert_eq!(statements.last().map(String::as_str), Some(leave));
    }

    #[test]
    fn a_user_of_both_groups_or_of_none_has_neither_right() {
        let groups = Groups::of("orders");
        let role = vec!["role=terrace_rw_orders".to_owned()];
        for (member, settings, expected) in [
            (&["terrace_rw_orders"][..], &role[..], Some(Access::ReadWrite)),
            (&["terrace_ro_orders"], &[], Some(Access::ReadOnly)),
            (&["terrace_rw_orders"], &[], None),
            (&["terrace_ro_orders"], &role, None),
            (&["terrace_rw_orders", "terrace_ro_orders"], &role, None),
            (&[], &[], None),
        ] {
            assert_eq!(access(&groups, &member.iter().copied().collect(), settings), expected, "{member:?}");
        }
    }
}
