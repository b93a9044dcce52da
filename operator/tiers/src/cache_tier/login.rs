//! How clients log in: a token, or a user group with one user whose password is Terrace's.
//!
//! ElastiCache User Guide, "Authenticating with the Valkey and Redis OSS AUTH command", "Role-Based Access Control".

use std::collections::BTreeMap;

use terrace_crds::cache_tier::{Authentication, Engine};
use terrace_model::aws::elasticache::{User, UserGroup};
use terrace_model::aws::secretsmanager::Secret;
use terrace_model::{SecretRef, Val};

use super::design::{Design, older};
use crate::draft::Draft;
use crate::naming::NOT_IN_PASSWORD;

/// The name of the user that Terrace makes.
pub(super) const USERNAME: &str = "terrace";
/// The secret of the token.
pub(super) const TOKEN: &str = "token";
/// The secret of the user's password.
pub(super) const USER_SECRET: &str = "user-secret";

/// Characters: within the 16 to 128 that ElastiCache takes (`CreateReplicationGroup`, AuthToken).
const PASSWORD_LENGTH: i32 = 64;

/// What a client that names nobody may do: log in neither, nor run a command.
const NOBODY: &str = "off -@all";
/// Every command on every key and channel.
const EVERYTHING: &str = "on ~* &* +@all";
/// The same before Redis OSS 6.2, which brought rights on channels.
const EVERYTHING_WITHOUT_CHANNELS: &str = "on ~* +@all";

/// How clients log in.
pub(super) enum Login {
    /// They do not.
    Open,
    /// By a token.
    Token(SecretRef),
    /// By the password of the user, who is in the group.
    Users { group: Val<String>, password: SecretRef },
}

impl Login {
    /// The token or the password.
    pub fn password(&self) -> Option<&SecretRef> {
        match self {
            Login::Open => None,
            Login::Token(password) | Login::Users { password, .. } => Some(password),
        }
    }

    /// The AUTH token.
    pub fn token(&self) -> Option<SecretRef> {
        match self {
            Login::Token(token) => Some(token.clone()),
            Login::Open | Login::Users { .. } => None,
        }
    }

    /// The user group.
    pub fn group(&self) -> Option<Val<String>> {
        match self {
            Login::Users { group, .. } => Some(group.clone()),
            Login::Open | Login::Token(_) => None,
        }
    }
}

/// Adds the secret, and the users that have it.
pub(super) fn login(draft: &mut Draft, design: &Design) -> Login {
    match design.spec.authentication() {
        Authentication::None => Login::Open,
        Authentication::Token => Login::Token(secret(draft, design, TOKEN, "Token", BTreeMap::new())),
        Authentication::Users => {
            let template = [("username".to_owned(), USERNAME.to_owned())].into();
            let password = secret(draft, design, USER_SECRET, "User", template);
            Login::Users { group: users(draft, design, &password), password }
        }
    }
}

fn secret(draft: &mut Draft, design: &Design, id: &str, what: &str, template: BTreeMap<String, String>) -> SecretRef {
    let secret = Secret {
        description: format!("{what} of {}", design.title()),
        template,
        password_length: PASSWORD_LENGTH,
        exclude_characters: NOT_IN_PASSWORD.into(),
        kms_key_id: Secret::AWS_KEY.into(),
        tags: draft.tags(),
    };
    let secret = draft.add(id, secret);
    SecretRef { arn: secret.out(Secret::ARN), version: secret.out(Secret::VERSION) }
}

/// The user group. A group has a user named `default` (`DefaultUserRequired`), who is off here. A user of Valkey must have
/// a password even so; nobody gets further by it.
fn users(draft: &mut Draft, design: &Design, password: &SecretRef) -> Val<String> {
    let old_redis = design.spec.engine == Engine::Redis && older(&design.spec.engine_version, (6, 2));
    let everything =
        if old_redis && design.spec.serverless.is_none() { EVERYTHING_WITHOUT_CHANNELS } else { EVERYTHING };
    let mut ids = Vec::new();
    for (id, name, rights) in [("user", USERNAME, everything), ("default-user", "default", NOBODY)] {
        let user = User {
            engine: design.engine(),
            user_name: name.into(),
            access_string: rights.into(),
            password: password.clone(),
            tags: draft.tags(),
        };
        ids.push(draft.add(id, user).out(User::IDENTIFIER));
    }
    let group = UserGroup { engine: design.engine(), user_ids: ids.into_iter().collect(), tags: draft.tags() };
    draft.add("users", group).out(UserGroup::IDENTIFIER)
}
