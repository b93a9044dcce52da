//! A user as a server has it, and a user as it is to be made, whichever server that is.

use secrecy::SecretString;
use terrace_engine::{Result, Seen, State};
use terrace_model::aws::Tags;
use terrace_model::aws::sql::{Access, Authentication, User, UserOutputs};
use terrace_model::{Handle, Id, Owner, SecretRef};

use crate::tags::{self, UNKNOWN};
use crate::target::Target;

/// How a user is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admits {
    Password,
    Iam,
    /// Not at all, or not for long.
    Nobody,
}

/// What a server says of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub tags: Tags,
    pub admits: Admits,
    pub access: Option<Access>,
}

/// What a user is to log in with.
pub enum Login {
    Password(SecretString),
    Iam,
}

/// A user that is to be made or changed.
pub struct Wanted<'a> {
    pub name: &'a str,
    /// Absent where that stays as it is.
    pub login: Option<Login>,
    /// Absent where that stays as it is.
    pub access: Option<Access>,
    /// The text of its tags; absent where it has none any more.
    pub comment: Option<String>,
}

impl Found {
    /// What the engine sees.
    pub fn seen(self, id: &Id, target: Target) -> Result<Seen<User>> {
        let username = id.address("username").unwrap_or_default().to_owned();
        let secret = tags::secret(&self.tags).filter(|_| self.admits == Admits::Password);
        let handle = handle(&target.server, &username);
        let out = UserOutputs {
            username: Some(username.clone()),
            secret_arn: secret.as_ref().and_then(|secret| secret.arn.known().cloned()),
            secret_version: secret.as_ref().and_then(|secret| secret.version.known().cloned()),
        };
        let have = User {
            engine: target.engine,
            server: target.server.into(),
            host: target.host.into(),
            port: i32::from(target.port).into(),
            database: target.database,
            administrator: target.administrator.into(),
            administrator_secret_arn: target.administrator_secret_arn.into(),
            after: Default::default(),
            username,
            authentication: authentication(self.admits, secret),
            access: self.access,
            tags: self.tags,
        };
        let owner = Owner::from_tags(&have.tags);
        Ok(Seen::Present { have, out, handle, owner, state: State::Ready })
    }
}

fn authentication(admits: Admits, secret: Option<SecretRef>) -> Authentication {
    match admits {
        Admits::Iam => Authentication::Iam,
        Admits::Password | Admits::Nobody => Authentication::Password(secret.unwrap_or(UNKNOWN)),
    }
}

/// What names a user for good: its server and its name.
pub fn handle(server: &str, username: &str) -> Handle {
    Handle(format!("{server}/{username}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{target, wish};
    use terrace_model::aws::sql::Engine;
    use terrace_model::{NodeKey, OwnerRef, Place};

    fn seen(admits: Admits) -> (User, UserOutputs) {
        let owner = OwnerRef {
            cluster: "prod".into(),
            namespace: "shop".into(),
            kind: "DataTier".into(),
            name: "orders".into(),
            uid: "uid-1".into(),
        };
        let place = Place { environment: "prod".into(), region: "eu-west-1".into() };
        let mut id = Id::new(&owner, &place, "sql/User", &NodeKey::new("login", 1));
        id.address.insert("username".into(), "t_shop_web_a".into());
        let tags = tags::read(tags::write(&wish()).expect("a text").as_deref());
        let found = Found { tags, admits, access: Some(Access::ReadWrite) };
        match found.seen(&id, target(Engine::Postgres)).expect("it is seen") {
            Seen::Present { have, out, handle, .. } => {
                assert_eq!(handle.0, "orders-db/t_shop_web_a");
                (have, out)
            }
            _ => panic!("it is there"),
        }
    }

    #[test]
    fn the_password_that_a_user_has_is_that_of_the_secret_that_was_applied_last() {
        let (have, out) = seen(Admits::Password);
        assert_eq!(have.authentication, wish().authentication);
        assert_eq!((out.secret_arn.as_deref(), out.secret_version.as_deref()), (Some("arn:web"), Some("v1")));
    }

    #[test]
    fn one_that_is_not_let_in_by_it_has_none() {
        for (admits, expected) in
            [(Admits::Nobody, Authentication::Password(UNKNOWN)), (Admits::Iam, Authentication::Iam)]
        {
            let (have, out) = seen(admits);
            assert_eq!((have.authentication, out.secret_arn), (expected, None));
        }
    }
}
