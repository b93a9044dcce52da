//! `elasticache/UserGroup`: the users of a cache.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_elasticache::types as sdk;
use terrace_engine::{Disposal, Provider, Result, Seen};
use terrace_model::aws::Tags;
use terrace_model::aws::elasticache::{UserGroup, UserGroupOutputs};
use terrace_model::{Diff, Handle, Id, Owner, Val};

use super::status::state;
use super::{ElastiCache, NAME, known_list, lower, made, name_of, only, refused, some, write_tags};
use crate::errors::code;

/// See the module.
pub struct UserGroups(pub Arc<ElastiCache>);

/// Its users, with those who are about to come and without those who are about to go.
fn members(seen: &sdk::UserGroup) -> BTreeSet<Val<String>> {
    let mut users: BTreeSet<String> = seen.user_ids().iter().map(|user| user.to_lowercase()).collect();
    if let Some(pending) = seen.pending_changes() {
        for user in pending.user_ids_to_remove() {
            users.remove(&user.to_lowercase());
        }
        users.extend(pending.user_ids_to_add().iter().map(|user| user.to_lowercase()));
    }
    users.into_iter().map(Val::Known).collect()
}

fn present(seen: &sdk::UserGroup, tags: Tags) -> Seen<UserGroup> {
    Seen::Present {
        owner: Owner::from_tags(&tags),
        have: UserGroup { engine: lower(seen.engine()), user_ids: members(seen), tags },
        out: UserGroupOutputs {
            identifier: seen.user_group_id().map(str::to_lowercase),
            arn: seen.arn().map(str::to_owned),
        },
        handle: Handle(seen.arn().unwrap_or_default().to_owned()),
        state: state(seen.status()),
    }
}

fn less(from: &BTreeSet<Val<String>>, by: &BTreeSet<Val<String>>) -> Result<Option<Vec<String>>> {
    Ok(some(known_list(&from.difference(by).cloned().collect())?))
}

impl Provider<UserGroup> for UserGroups {
    const ACTIONS: &'static [&'static str] = &[
        "elasticache:AddTagsToResource",
        "elasticache:CreateUserGroup",
        "elasticache:DeleteUserGroup",
        "elasticache:DescribeUserGroups",
        "elasticache:ListTagsForResource",
        "elasticache:ModifyUserGroup",
        "elasticache:RemoveTagsFromResource",
        "iam:CreateServiceLinkedRole",
        "tag:GetResources",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<UserGroup>> {
        let Some(seen) = self.0.user_group(id, &name_of(id, NAME)).await? else { return Ok(Seen::Absent) };
        let tags = self.0.tags_of(id, seen.arn().unwrap_or_default()).await?;
        Ok(present(&seen, tags))
    }

    async fn create(&self, id: &Id, want: &UserGroup) -> Result<Handle> {
        let request = self.0.writer(id).create_user_group().user_group_id(name_of(id, NAME)).engine(&want.engine);
        let request = request.set_user_ids(some(known_list(&want.user_ids)?)).set_tags(Some(write_tags(&want.tags)));
        made(request.send().await.map_err(refused)?.arn)
    }

    /// Users come and go in one call, so that the group is never without one named `default`.
    async fn update(&self, id: &Id, have: &UserGroup, want: &UserGroup, diff: &Diff) -> Result<()> {
        let name = name_of(id, NAME);
        self.0.retag(id, &self.0.arn(id, "usergroup", &name), &want.tags, diff).await?;
        if !diff.touches_any(&["engine", "userIds"]) {
            return Ok(());
        }
        let request = self.0.writer(id).modify_user_group().user_group_id(name);
        let request = only!(request, diff, {
            "engine" => set_engine(Some(want.engine.clone())),
            "userIds" => set_user_ids_to_add(less(&want.user_ids, &have.user_ids)?),
            "userIds" => set_user_ids_to_remove(less(&have.user_ids, &want.user_ids)?),
        });
        request.send().await.map_err(refused)?;
        Ok(())
    }

    async fn delete(&self, id: &Id, _have: &UserGroup, _disposal: Disposal) -> Result<()> {
        match self.0.writer(id).delete_user_group().user_group_id(name_of(id, NAME)).send().await {
            Err(error) if code(&error) == Some("UserGroupNotFound") => Ok(()),
            said => said.map(drop).map_err(refused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::testing::{between, cache, meta};
    use crate::testing::id;
    use aws_sdk_elasticache::Client;
    use aws_sdk_elasticache::operation::create_user_group::{CreateUserGroupError, CreateUserGroupOutput};
    use aws_sdk_elasticache::operation::delete_user_group::DeleteUserGroupError;
    use aws_sdk_elasticache::operation::modify_user_group::ModifyUserGroupOutput;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use terrace_engine::{Error, State};

    fn wish(users: &[&str]) -> UserGroup {
        UserGroup {
            engine: "valkey".into(),
            user_ids: users.iter().map(|user| (*user).into()).collect(),
            tags: [("team".to_owned(), "shop".to_owned())].into(),
        }
    }

    fn groups(rule: &Rule) -> UserGroups {
        UserGroups(cache(mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, [rule]), None))
    }

    #[test]
    fn users_who_come_are_there_and_users_who_go_are_not() {
        let pending = sdk::UserGroupPendingChanges::builder().user_ids_to_add("New").user_ids_to_remove("old").build();
        let seen = sdk::UserGroup::builder().engine("valkey").status("modifying").user_ids("Old").user_ids("default");
        let Seen::Present { have, state, .. } = present(&seen.pending_changes(pending).build(), Tags::new()) else {
            panic!("it is there")
        };
        assert_eq!(have.user_ids, wish(&["default", "new"]).user_ids);
        assert_eq!(state, State::Settling("modifying".into()));
    }

    #[tokio::test]
    async fn it_is_made_with_its_users_and_its_tags() {
        let made = mock!(Client::create_user_group)
            .match_requests(|request| request.user_ids() == ["app", "default"] && request.tags().len() == 1)
            .then_output(|| CreateUserGroupOutput::builder().arn("arn:group").build());
        let handle = groups(&made).create(&id::<UserGroup>("users"), &wish(&["default", "app"])).await;
        assert_eq!(handle, Ok(Handle("arn:group".into())));
        let refused =
            mock!(Client::create_user_group).then_error(|| CreateUserGroupError::generic(meta("DefaultUserRequired")));
        let error = groups(&refused).create(&id::<UserGroup>("users"), &wish(&["app"])).await;
        assert!(matches!(error, Err(Error::Invalid { .. })), "{error:?}");
    }

    #[tokio::test]
    async fn users_come_and_go_in_one_call() {
        let changed = mock!(Client::modify_user_group)
            .match_requests(|request| {
                request.user_ids_to_add() == ["new"]
                    && request.user_ids_to_remove() == ["old"]
                    && request.engine().is_none()
            })
            .then_output(|| ModifyUserGroupOutput::builder().build());
        let (have, want) = (wish(&["default", "old"]), wish(&["default", "new"]));
        let done = groups(&changed).update(&id::<UserGroup>("users"), &have, &want, &between(&have, &want)).await;
        assert_eq!((done, changed.num_calls()), (Ok(()), 1));
    }

    #[tokio::test]
    async fn one_that_is_gone_is_deleted_and_one_that_a_cache_uses_is_waited_for() {
        let delete = async |code: &'static str| {
            let rule = mock!(Client::delete_user_group).then_error(move || DeleteUserGroupError::generic(meta(code)));
            groups(&rule).delete(&id::<UserGroup>("users"), &wish(&[]), Disposal::Delete).await
        };
        assert_eq!(delete("UserGroupNotFound").await, Ok(()));
        assert!(matches!(delete("InvalidUserGroupState").await, Err(Error::Wait { .. })));
    }
}
