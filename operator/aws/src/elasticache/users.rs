//! `elasticache/User`: somebody who may log in, by a password from Secrets Manager.
//!
//! The password that was applied last stands in the tags. A user that changes takes none, so that the record comes when
//! AWS has done with it; until then this process knows what it sent. One that knows nothing sends the password again.

use std::sync::{Arc, PoisonError};

use aws_sdk_elasticache::types as sdk;
use secrecy::ExposeSecret;
use terrace_engine::{Disposal, Provider, Result, Seen};
use terrace_model::aws::Tags;
use terrace_model::aws::elasticache::{User, UserOutputs};
use terrace_model::{Diff, Handle, Id, Owner, SecretRef};

use super::status::state;
use super::{ElastiCache, NAME, lower, made, name_of, refused, write_tags};
use crate::errors::code;
use crate::{secretsmanager, tags};

/// See the module.
pub struct Users(pub Arc<ElastiCache>);

/// No password that anybody could wish for: nothing is recorded of it.
fn unknown() -> SecretRef {
    SecretRef { arn: "".into(), version: "".into() }
}

/// AWS writes `resetchannels` where no channel is allowed, which is so without it (Valkey, ACL SETUSER).
fn access(seen: Option<&str>) -> String {
    let rules = seen.unwrap_or_default().split_whitespace().filter(|rule| *rule != "resetchannels");
    rules.collect::<Vec<_>>().join(" ")
}

fn present(seen: &sdk::User, tags: Tags) -> Seen<User> {
    let by_password = seen.authentication().and_then(|by| by.r#type()) == Some(&sdk::AuthenticationType::Password);
    Seen::Present {
        owner: Owner::from_tags(&tags),
        have: User {
            engine: lower(seen.engine()),
            user_name: seen.user_name().unwrap_or_default().to_owned(),
            access_string: access(seen.access_string()),
            password: tags::secret(&tags).filter(|_| by_password).unwrap_or_else(unknown),
            tags,
        },
        out: UserOutputs { identifier: seen.user_id().map(str::to_lowercase), arn: seen.arn().map(str::to_owned) },
        handle: Handle(seen.arn().unwrap_or_default().to_owned()),
        state: state(seen.status()),
    }
}

impl Provider<User> for Users {
    const ACTIONS: &'static [&'static str] = &[
        "elasticache:AddTagsToResource",
        "elasticache:CreateUser",
        "elasticache:DeleteUser",
        "elasticache:DescribeUsers",
        "elasticache:ListTagsForResource",
        "elasticache:ModifyUser",
        "elasticache:RemoveTagsFromResource",
        "iam:CreateServiceLinkedRole",
        "kms:Decrypt",
        "secretsmanager:GetSecretValue",
        "tag:GetResources",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<User>> {
        let Some(seen) = self.0.user(id, &name_of(id, NAME)).await? else { return Ok(Seen::Absent) };
        let tags = self.0.tags_of(id, seen.arn().unwrap_or_default()).await?;
        Ok(present(&seen, tags))
    }

    async fn create(&self, id: &Id, want: &User) -> Result<Handle> {
        let value = secretsmanager::read(&self.0.clients, &id.place.region, &want.password).await?;
        let mut all = want.tags.clone();
        all.extend(tags::of_secret(&want.password)?);
        let request = self.0.writer(id).create_user().user_id(name_of(id, NAME)).user_name(&want.user_name);
        let request = request
            .engine(&want.engine)
            .access_string(&want.access_string)
            .passwords(value.expose_secret())
            .set_tags(Some(write_tags(&all)));
        made(request.send().await.map_err(refused)?.arn)
    }

    async fn update(&self, id: &Id, _have: &User, want: &User, diff: &Diff) -> Result<()> {
        let name = name_of(id, NAME);
        let arn = self.0.arn(id, "user", &name);
        self.0.retag(id, &arn, &want.tags, diff).await?;
        let password = diff.touches("password");
        let send = password && !self.was_sent(&arn, &want.password);
        if send || diff.touches_any(&["engine", "accessString"]) {
            let request = self.0.writer(id).modify_user().user_id(name);
            let mut request = super::only!(request, diff, {
                "engine" => set_engine(Some(want.engine.clone())),
                "accessString" => set_access_string(Some(want.access_string.clone())),
            });
            if send {
                let value = secretsmanager::read(&self.0.clients, &id.place.region, &want.password).await?;
                request = request.passwords(value.expose_secret());
            }
            request.send().await.map_err(refused)?;
        }
        if password {
            self.remember(&arn, Some(want.password.clone()));
            self.0.tag(id, &arn, &tags::of_secret(&want.password)?).await?;
            self.remember(&arn, None);
        }
        Ok(())
    }

    async fn delete(&self, id: &Id, _have: &User, _disposal: Disposal) -> Result<()> {
        let name = name_of(id, NAME);
        self.remember(&self.0.arn(id, "user", &name), None);
        match self.0.writer(id).delete_user().user_id(name).send().await {
            Err(error) if code(&error) == Some("UserNotFound") => Ok(()),
            said => said.map(drop).map_err(refused),
        }
    }
}

impl Users {
    fn was_sent(&self, arn: &str, password: &SecretRef) -> bool {
        self.0.sent.lock().unwrap_or_else(PoisonError::into_inner).get(arn) == Some(password)
    }

    fn remember(&self, arn: &str, password: Option<SecretRef>) {
        let mut sent = self.0.sent.lock().unwrap_or_else(PoisonError::into_inner);
        match password {
            Some(password) => sent.insert(arn.to_owned(), password),
            None => sent.remove(arn),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::testing::{between, cache, cache_with_secret, meta, tagged, token};
    use crate::testing::id;
    use aws_sdk_elasticache::Client;
    use aws_sdk_elasticache::operation::add_tags_to_resource::{AddTagsToResourceError, AddTagsToResourceOutput};
    use aws_sdk_elasticache::operation::create_user::CreateUserOutput;
    use aws_sdk_elasticache::operation::delete_user::DeleteUserError;
    use aws_sdk_elasticache::operation::describe_users::DescribeUsersOutput;
    use aws_sdk_elasticache::operation::modify_user::ModifyUserOutput;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use terrace_engine::{Error, reason};
    use terrace_model::identity::tag;

    fn wish(version: &str) -> User {
        User {
            engine: "valkey".into(),
            user_name: "terrace".into(),
            access_string: "on ~* &* +@all".into(),
            password: token(version),
            tags: [("team".to_owned(), "shop".to_owned())].into(),
        }
    }

    fn users(rules: &[&Rule]) -> Users {
        Users(cache_with_secret(mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, rules), "v2", "hush"))
    }

    async fn update(users: &Users, have: &User, want: &User) -> Result<()> {
        users.update(&id::<User>("user"), have, want, &between(have, want)).await
    }

    fn sends_password() -> Rule {
        mock!(Client::modify_user)
            .match_requests(|request| request.passwords() == ["hush"] && request.access_string().is_none())
            .then_output(|| ModifyUserOutput::builder().build())
    }

    #[tokio::test]
    async fn a_user_as_wished_differs_in_nothing_and_without_a_password_in_the_password() {
        let secret = [("team", "shop"), (tag::SECRET, "arn:secret"), (tag::SECRET_VERSION, "v2")];
        let look = async |kind: sdk::AuthenticationType| {
            let described = mock!(Client::describe_users).then_output(move || {
                let by = sdk::Authentication::builder().r#type(kind.clone()).build();
                let user = sdk::User::builder().user_id("App").arn("arn:user").status("active").engine("Valkey");
                let user = user.user_name("terrace").access_string("on ~* &* resetchannels +@all").authentication(by);
                DescribeUsersOutput::builder().users(user.build()).build()
            });
            match users(&[&described, &tagged(&secret)]).observe(&id::<User>("user")).await.expect("it is seen") {
                Seen::Present { have, out, .. } => {
                    let want = User { tags: have.tags.clone(), ..wish("v2") };
                    (between(&have, &want), out.identifier)
                }
                _ => panic!("it is there"),
            }
        };
        assert_eq!(look(sdk::AuthenticationType::Password).await, (Diff::default(), Some("app".into())));
        assert!(look(sdk::AuthenticationType::NoPassword).await.0.touches("password"));
    }

    #[tokio::test]
    async fn it_is_made_with_its_password_and_the_tags_that_say_which() {
        let made = mock!(Client::create_user)
            .match_requests(|request| request.passwords() == ["hush"] && request.tags().len() == 3)
            .then_output(|| CreateUserOutput::builder().arn("arn:user").build());
        let handle = users(&[&made]).create(&id::<User>("user"), &wish("v2")).await;
        assert_eq!(handle, Ok(Handle("arn:user".into())));
    }

    #[tokio::test]
    async fn a_new_password_is_sent_once_and_recorded_when_the_user_takes_tags_again() {
        let sent = sends_password();
        let busy =
            mock!(Client::add_tags_to_resource).then_error(|| AddTagsToResourceError::generic(meta("UserNotFound")));
        let users = users(&[&sent, &busy]);
        for _ in 0..3 {
            let done = update(&users, &wish("v1"), &wish("v2")).await;
            assert!(matches!(done, Err(Error::Wait { reason: reason::NOT_READY, .. })), "{done:?}");
        }
        assert_eq!(sent.num_calls(), 1);

        let (sent, recorded) = (
            sends_password(),
            mock!(Client::add_tags_to_resource)
                .match_requests(|request| request.tags().iter().any(|tag| tag.value() == Some("v2")))
                .then_output(|| AddTagsToResourceOutput::builder().build()),
        );
        let users = self::users(&[&sent, &recorded]);
        assert_eq!(update(&users, &wish("v1"), &wish("v2")).await, Ok(()));
        assert_eq!((sent.num_calls(), recorded.num_calls()), (1, 1));
        // It changed back meanwhile, and is wished again: it is sent again.
        assert_eq!((update(&users, &wish("v1"), &wish("v2")).await, sent.num_calls()), (Ok(()), 2));
    }

    #[tokio::test]
    async fn one_that_is_gone_is_deleted_and_one_of_a_group_is_waited_for() {
        let delete = async |code: &'static str| {
            let rule = mock!(Client::delete_user).then_error(move || DeleteUserError::generic(meta(code)));
            let users = Users(cache(mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, [&rule]), None));
            users.delete(&id::<User>("user"), &wish("v1"), Disposal::Delete).await
        };
        assert_eq!(delete("UserNotFound").await, Ok(()));
        for code in ["DefaultUserAssociatedToUserGroup", "InvalidUserState"] {
            assert!(matches!(delete(code).await, Err(Error::Wait { .. })), "{code}");
        }
    }
}
