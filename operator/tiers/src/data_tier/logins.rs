//! Database users: two for each binding, or one that logs in by IAM, with the rights that the binding asks for.
//!
//! Where the Environment says that databases are not reached (`databaseAccess: None`), there are none, and bindings hand
//! out the master user.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use terrace_crds::data_tier::{Engine, IamAuthentication};
use terrace_crds::environment::DatabaseAccess;
use terrace_crds::{DataTier, DataTierSpec, TierObject, User as Who, UserAccess};
use terrace_model::aws::rds::DbClusterInstance;
use terrace_model::aws::secretsmanager::Secret;
use terrace_model::aws::sql::{self, Access, Authentication, User};
use terrace_model::identity::short_hash;
use terrace_model::{Ref, SecretRef, Source, Val};

use super::credentials::PASSWORD_LENGTH;
use super::design::{Design, Shape, proxied};
use super::parts::{Database, Parts};
use super::rotation::{self, Rotation};
use crate::draft::Draft;
use crate::naming::{NOT_IN_PASSWORD, of};
use crate::{Advance, Credential, Facts};

/// The database that PostgreSQL has where none is asked for (`CreateDBInstance`, DBName).
const POSTGRES: &str = "postgres";
/// The most characters of a user's name: what MySQL takes ("Reserved Account Names", "GRANT Statement").
const LONGEST_NAME: usize = 32;

/// A binding that has database users.
pub(super) struct Login<'a> {
    who: &'a Who,
    /// What begins the logical ids of its nodes.
    id: String,
    /// What begins the names of its users.
    name: String,
}

impl<'a> Login<'a> {
    fn new(who: &'a Who, facts: &Facts) -> Self {
        let Who { kind, namespace, name, binding, .. } = who;
        let binding = binding.as_deref().unwrap_or_default();
        let user = [kind.as_str(), namespace, name, binding];
        let (environment, object) = (&facts.environment, &facts.object);
        let here = [environment.name.as_str(), &environment.cluster, &object.namespace, &object.name];
        let hash = short_hash(&here.iter().chain(&user).copied().collect::<Vec<_>>());
        Login { who, id: format!("login-{}", short_hash(&user)), name: legible(&[namespace, name, binding], &hash) }
    }

    /// The logical id of the user whose turn a generation is.
    pub fn user(&self, generation: u32) -> String {
        format!("{}-{}", self.id, turn(generation))
    }

    /// The logical id of the secret of a generation.
    pub fn secret(&self, generation: u32) -> String {
        format!("{}-secret-{generation}", self.id)
    }

    /// The generation of a secret, by its logical id.
    pub fn generation_of(id: &str) -> Option<u32> {
        let (login, generation) = id.rsplit_once("-secret-")?;
        login.strip_prefix("login-").and_then(|_| generation.parse().ok())
    }

    /// The logical id of the user that logs in by IAM.
    fn by_iam(&self) -> String {
        format!("{}-iam", self.id)
    }

    fn title(&self) -> String {
        let Who { kind, namespace, name, binding, .. } = self.who;
        let binding = binding.as_ref().map(|binding| format!(" ({binding})")).unwrap_or_default();
        format!("{kind} {namespace}/{name}{binding}")
    }
}

/// Which of the two a generation is.
fn turn(generation: u32) -> char {
    if generation.is_multiple_of(2) { 'a' } else { 'b' }
}

/// `t_shop_web_db_0123456789`: never a name that PostgreSQL or RDS keeps for itself, and with two characters to spare.
fn legible(parts: &[&str], hash: &str) -> String {
    let joined = parts.join("_").to_lowercase();
    let words = joined.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let text = words.collect::<Vec<_>>().join("_");
    let room = LONGEST_NAME - "t_".len() - "_".len() - hash.len() - "_a".len();
    let text = text.get(..room.min(text.len())).unwrap_or_default().trim_end_matches('_');
    format!("t_{text}_{hash}")
}

/// The bindings that have database users: none where databases are not reached, or where the server has no database that
/// rights could be given on. A DataTier that is restored from this one reads its snapshots, and logs in to nothing.
fn logins<'a>(spec: &DataTierSpec, facts: &'a Facts) -> Vec<Login<'a>> {
    if !is_managed(spec, facts) {
        return Vec::new();
    }
    let users: BTreeSet<&Who> =
        facts.users.iter().map(|user| &user.who).filter(|who| who.kind != DataTier::KIND).collect();
    users.into_iter().map(|who| Login::new(who, facts)).collect()
}

fn is_managed(spec: &DataTierSpec, facts: &Facts) -> bool {
    facts.environment.database_access == DatabaseAccess::Managed && database(spec).is_some()
}

/// The database that rights are given on.
fn database(spec: &DataTierSpec) -> Option<&str> {
    spec.database_name.as_deref().or(spec.engine.is_postgres().then_some(POSTGRES))
}

fn by_iam(spec: &DataTierSpec) -> bool {
    spec.credentials.iam_authentication == IamAuthentication::Required
}

/// Where the passwords of bindings stand now.
pub(super) fn advance(spec: &DataTierSpec, facts: &Facts) -> Advance {
    rotation::advance(facts, &by_password(spec, facts), spec.credentials.rotate_every_days)
}

/// How old the passwords of bindings are, and when they are due to change.
pub(super) fn credential(spec: &DataTierSpec, facts: &Facts) -> Option<Credential> {
    let any = !by_password(spec, facts).is_empty();
    any.then(|| rotation::credential(&facts.progress, spec.credentials.rotate_every_days)).flatten()
}

fn by_password<'a>(spec: &DataTierSpec, facts: &'a Facts) -> Vec<Login<'a>> {
    if by_iam(spec) { Vec::new() } else { logins(spec, facts) }
}

/// Adds the users of every binding, and returns the secrets that they log in with.
pub(super) fn users(
    draft: &mut Draft,
    design: &Design,
    parts: &Parts,
    database: &Database,
    administrator: &SecretRef,
) -> Vec<SecretRef> {
    let mut secrets = Vec::new();
    for login in logins(design.spec, design.facts) {
        let Some(user) = user(design, database, administrator, &login) else { continue };
        if by_iam(design.spec) {
            let username = format!("{}_i", login.name);
            draft.add(
                &login.by_iam(),
                User { username, authentication: Authentication::Iam, tags: draft.tags(), ..user },
            );
            continue;
        }
        for generation in Rotation::of(design.facts).generations() {
            let username = format!("{}_{}", login.name, turn(generation));
            let secret = secret(draft, design, parts, &login, generation, &username);
            let authentication = Authentication::Password(secret.clone());
            draft.add(&login.user(generation), User { username, authentication, tags: draft.tags(), ..user.clone() });
            secrets.push(secret);
        }
    }
    secrets
}

/// What the users of a binding have in common.
fn user(design: &Design, database: &Database, administrator: &SecretRef, login: &Login) -> Option<User> {
    Some(User {
        engine: match design.spec.engine {
            Engine::Postgres | Engine::AuroraPostgresql => sql::Engine::Postgres,
            Engine::Mysql | Engine::AuroraMysql => sql::Engine::Mysql,
            Engine::Mariadb => sql::Engine::Mariadb,
        },
        server: database.identifier(),
        host: database.endpoint(),
        port: database.port(),
        database: self::database(design.spec)?.to_owned(),
        administrator: database.master_username(),
        administrator_secret_arn: administrator.arn.clone(),
        after: after(design),
        username: String::new(),
        authentication: Authentication::Iam,
        access: Some(match login.who.access {
            UserAccess::ReadOnly => Access::ReadOnly,
            UserAccess::ReadWrite => Access::ReadWrite,
        }),
        tags: BTreeMap::new(),
    })
}

/// A cluster has an endpoint long before its first instance answers there.
fn after(design: &Design) -> BTreeSet<Val<String>> {
    let first = || {
        let source = Source::Node("instance-1".into());
        Val::Ref(Ref { source, output: DbClusterInstance::ENDPOINT.name().into() })
    };
    (design.shape == Shape::Aurora).then(first).into_iter().collect()
}

fn secret(
    draft: &mut Draft,
    design: &Design,
    parts: &Parts,
    login: &Login,
    generation: u32,
    username: &str,
) -> SecretRef {
    let secret = Secret {
        description: format!("User of {} for {}", design.title(), login.title()),
        template: [("username".to_owned(), username.to_owned())].into(),
        password_length: PASSWORD_LENGTH,
        exclude_characters: NOT_IN_PASSWORD.into(),
        kms_key_id: parts.master.key.clone().unwrap_or_else(|| Secret::AWS_KEY.into()),
        tags: draft.tags(),
    };
    let secret = draft.add(&login.secret(generation), secret);
    SecretRef { arn: secret.out(Secret::ARN), version: secret.out(Secret::VERSION) }
}

/// What each binding gets: the user that is present, and the secret whose password that has in the server at this moment.
pub(super) fn outputs(spec: &DataTierSpec, facts: &Facts) -> BTreeMap<Who, BTreeMap<&'static str, Val<Value>>> {
    let current = Rotation::of(facts).current;
    let of_user = |login: Login| {
        let outputs = if by_iam(spec) {
            let none = || Val::Known(json!(""));
            let username = of(&login.by_iam(), User::USERNAME);
            [("username", username), ("secretArn", none()), ("secretVersion", none())]
        } else {
            let user = login.user(current);
            [
                ("username", of(&user, User::USERNAME)),
                ("secretArn", of(&user, User::SECRET_ARN)),
                ("secretVersion", of(&user, User::SECRET_VERSION)),
            ]
        };
        (login.who.clone(), outputs.into())
    };
    logins(spec, facts).into_iter().map(of_user).collect()
}

/// What it costs that bindings hand out the master user.
pub(super) fn remarks(spec: &DataTierSpec, facts: &Facts) -> Vec<String> {
    let users = facts.users.iter().filter(|user| user.who.kind != DataTier::KIND).count();
    if users == 0 || is_managed(spec, facts) {
        return Vec::new();
    }
    let why = match facts.environment.database_access {
        DatabaseAccess::None => format!("Environment {} says databaseAccess: None", facts.environment.name),
        DatabaseAccess::Managed => "no databaseName says on which database they could have rights".to_owned(),
    };
    let through = if proxied(spec) { " through the proxy" } else { "" };
    vec![format!(
        "bindings have no database users of their own, since {why}: each logs in{through} as the master user, with all rights \
         whatever its access says, and a change of that one password is a change for all of them at once"
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_where_names_are_shortest_and_is_nobody_elses() {
        let hash = "0123456789";
        assert_eq!(legible(&["shop", "web", "db"], hash), "t_shop_web_db_0123456789");
        assert_eq!(legible(&["pg", "rds.admin", ""], hash), "t_pg_rds_admin_0123456789");
        let long = legible(&["a-long-namespace", "and-a-long-name", "db"], hash);
        assert!(long.len() + "_a".len() <= LONGEST_NAME && !long.contains("__"), "{long}");
    }

    #[test]
    fn a_generation_is_read_from_the_id_of_its_secret_alone() {
        for (id, expected) in [
            ("login-0123456789-secret-12", Some(12)),
            ("login-0123456789-a", None),
            ("master-secret", None),
            ("other-secret-1", None),
            ("login-0123456789-secret-x", None),
        ] {
            assert_eq!(Login::generation_of(id), expected, "{id}");
        }
    }
}
