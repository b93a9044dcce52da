//! `sql/User`: what the engine asks for, done by the server's own dialect.
//!
//! Looks at the users of one server that come together are one connection; changes of them go one after the other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use terrace_engine::coalesce::Batch;
use terrace_engine::{Disposal, Error, Provider, Result, SecretReader, Seen, reason};
use terrace_model::aws::sql::{Authentication, Engine, User};
use terrace_model::{Diff, Handle, Id};

use crate::errors::{unreachable, within};
use crate::found::{Found, Login, Wanted, handle};
use crate::target::Target;
use crate::tls::Tls;
use crate::{mysql, postgres, tags};

/// Whether an Environment's databases are reached (`databaseAccess`).
#[derive(Clone, Debug)]
pub enum Reach {
    /// They are, and prove who they are.
    Managed(Tls),
    /// They are not: nothing is seen in them and nothing is made, and what was made there before is left and forgotten.
    None,
    /// They would be, but the operator was given no authority that they could prove themselves by.
    Unproven,
}

/// Database users of an Environment.
pub struct Users {
    secrets: Arc<dyn SecretReader>,
    reach: Reach,
    doors: Mutex<BTreeMap<Target, Arc<Door>>>,
}

/// What those have in common who want into one database.
struct Door {
    looks: Batch<String, Option<Found>>,
    changes: tokio::sync::Mutex<()>,
}

/// More than any server has users.
const MOST: usize = 1000;

/// What is done in a server.
enum Change<'a> {
    Create(Wanted<'a>),
    Update(Wanted<'a>),
    Delete(&'a str),
}

impl Users {
    /// The users of an Environment's databases. Passwords, the administrators' too, come from `secrets`.
    pub fn new(secrets: Arc<dyn SecretReader>, reach: Reach) -> Self {
        Users { secrets, reach, doors: Mutex::default() }
    }

    fn door(&self, target: &Target) -> Arc<Door> {
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        // Whatever nobody is at is of no use: servers come and go, and so do the ways to them.
        doors.retain(|other, door| other == target || Arc::strong_count(door) > 1);
        let door = || Arc::new(Door { looks: Batch::new(MOST), changes: tokio::sync::Mutex::default() });
        doors.entry(target.clone()).or_insert_with(door).clone()
    }

    async fn administrator(&self, id: &Id, target: &Target) -> Result<SecretString> {
        self.secrets.current(&id.place, &target.administrator_secret_arn).await
    }

    async fn look(&self, id: &Id, target: &Target, tls: &Tls, names: Vec<String>) -> Vec<Result<Option<Found>>> {
        let looked = within(target, async {
            if !target.exists().await? {
                return Ok(BTreeMap::new());
            }
            let password = &self.administrator(id, target).await?;
            match target.engine {
                Engine::Postgres => postgres::Server { target, password, tls }.look(&names).await,
                Engine::Mysql | Engine::Mariadb => mysql::Server { target, password, tls }.look(&names).await,
            }
        });
        match looked.await {
            Ok(mut found) => names.iter().map(|name| Ok(found.remove(name))).collect(),
            Err(error) => names.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    async fn change(&self, id: &Id, target: &Target, tls: &Tls, change: Change<'_>) -> Result<()> {
        let door = self.door(target);
        let _alone = door.changes.lock().await;
        within(target, async {
            if !target.exists().await? {
                return match change {
                    Change::Delete(_) => Ok(()),
                    Change::Create(_) | Change::Update(_) => Err(unreachable(target, "there is no such host")),
                };
            }
            let password = &self.administrator(id, target).await?;
            match target.engine {
                Engine::Postgres => {
                    let server = postgres::Server { target, password, tls };
                    match change {
                        Change::Create(want) => server.create(&want).await,
                        Change::Update(want) => server.update(&want).await,
                        Change::Delete(name) => server.delete(name).await,
                    }
                }
                Engine::Mysql | Engine::Mariadb => {
                    let server = mysql::Server { target, password, tls };
                    match change {
                        Change::Create(want) => server.create(&want).await,
                        Change::Update(want) => server.update(&want).await,
                        Change::Delete(name) => server.delete(name).await,
                    }
                }
            }
        })
        .await
    }

    /// What a user is to log in with: its password is read for this one call.
    async fn login(&self, id: &Id, want: &User) -> Result<Login> {
        match &want.authentication {
            Authentication::Password(secret) => Ok(Login::Password(self.secrets.read(&id.place, secret).await?)),
            Authentication::Iam => Ok(Login::Iam),
        }
    }

    fn tls(&self, id: &Id) -> Result<&Tls> {
        match &self.reach {
            Reach::Managed(tls) => Ok(tls),
            Reach::None => Err(Error::blocked(
                reason::ACCESS_DENIED,
                format!("Environment {} says databaseAccess: None: no database is reached", id.place.environment),
            )),
            Reach::Unproven => Err(Error::blocked(
                "NoAuthority",
                "the operator has no authorities to verify databases by: start it with --rds-ca-bundle and RDS's \
                 global-bundle.pem, or set databaseAccess to None in the Environment",
            )),
        }
    }
}

impl Provider<User> for Users {
    const ACTIONS: &'static [&'static str] =
        &["kms:Decrypt", "secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"];

    async fn observe(&self, id: &Id) -> Result<Seen<User>> {
        let Reach::Managed(tls) = &self.reach else { return Ok(Seen::Absent) };
        let (target, name) = (Target::of(id)?, username(id)?);
        let door = self.door(&target);
        let found = door.looks.submit(name, |names| self.look(id, &target, tls, names)).await?;
        match found {
            Some(found) => found.seen(id, target),
            None => Ok(Seen::Absent),
        }
    }

    async fn create(&self, id: &Id, want: &User) -> Result<Handle> {
        let (target, tls) = (Target::of(id)?, self.tls(id)?);
        let wanted = Wanted {
            name: &want.username,
            login: Some(self.login(id, want).await?),
            access: want.access,
            comment: tags::write(want)?,
        };
        self.change(id, &target, tls, Change::Create(wanted)).await?;
        Ok(handle(&target.server, &want.username))
    }

    async fn update(&self, id: &Id, _have: &User, want: &User, diff: &Diff) -> Result<()> {
        let (target, tls) = (Target::of(id)?, self.tls(id)?);
        let login = if diff.touches("authentication") { Some(self.login(id, want).await?) } else { None };
        let wanted = Wanted {
            name: &want.username,
            login,
            access: want.access.filter(|_| diff.touches("access")),
            comment: tags::write(want)?,
        };
        self.change(id, &target, tls, Change::Update(wanted)).await
    }

    async fn delete(&self, id: &Id, _have: &User, _disposal: Disposal) -> Result<()> {
        let Reach::Managed(tls) = &self.reach else { return Ok(()) };
        self.change(id, &Target::of(id)?, tls, Change::Delete(&username(id)?)).await
    }
}

fn username(id: &Id) -> Result<String> {
    let name = id.address("username").map(str::to_owned);
    name.ok_or_else(|| Error::invalid(format!("{} has no user name to be found by", id.node)))
}
