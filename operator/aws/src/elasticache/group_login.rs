//! How clients of a replication group log in: from nobody's token to ours, from one token to the next, from a token to
//! users and back.
//!
//! From the API reference, ModifyReplicationGroup, `AuthTokenUpdateStrategy`, and the user guide, "Authenticating with
//! the Valkey and Redis OSS AUTH command": ROTATE adds a token beside the last one, and of a group that asked for none
//! lets clients in without; SET, "allowed only after ROTATE", leaves that token alone valid; DELETE goes with the change
//! to users. From one token to the next ROTATE is all: the token before stays valid until the one after, so that no
//! client is cut off while it still has the old one.
//!
//! A group that changes takes no tags, and no look shows which token it has. So what is about to be sent is written
//! into the tags beforehand, with the date of the last change: where the date has moved since, it was done. A crash in
//! between costs a repetition of a call that was never carried out, and nothing else.

use aws_sdk_elasticache::types::AuthTokenUpdateStrategyType as Strategy;
use secrecy::ExposeSecret;
use terrace_engine::Result;
use terrace_model::aws::Tags;
use terrace_model::{Id, SecretRef};

use super::group_steps::Way;
use super::{ElastiCache, known, known_list, refused, some};
use crate::{secretsmanager, tags};

/// The tag that says which change of the token is under way.
const CHANGE: &str = "terrace.dev/auth-token-change";

/// A change of the token that was about to be made.
#[derive(Debug, PartialEq)]
struct Mark {
    strategy: Strategy,
    version: String,
    /// When the token was last changed before: seconds, 0 for never.
    before: i64,
}

impl Mark {
    fn read(tags: &Tags) -> Option<Mark> {
        let mut parts = tags.get(CHANGE)?.split(' ');
        let (strategy, before, version) = (parts.next()?.into(), parts.next()?.parse().ok()?, parts.next()?.to_owned());
        Some(Mark { strategy, version, before })
    }

    fn write(&self) -> Tags {
        [(CHANGE.to_owned(), format!("{} {} {}", self.strategy.as_str(), self.before, self.version))].into()
    }
}

/// What comes next.
#[derive(Debug, PartialEq)]
enum Next {
    Rotate,
    Set,
    /// Was set or rotated: the tags are to say so.
    Record,
    /// The user group, in the place of a token or of another group.
    Users {
        delete_token: bool,
    },
    /// The token in the place of the user group.
    TokenForUsers,
    /// Neither.
    Open,
}

/// When the token was last changed, where AWS says so.
fn changed(way: &Way) -> Option<i64> {
    way.seen.auth_token_last_modified_date().map(|date| date.secs())
}

/// The change that was made of those that lead to this version, if any.
fn made(way: &Way, version: &str) -> Option<Strategy> {
    let mark = Mark::read(&way.have.tags).filter(|mark| mark.version == version)?;
    // Where AWS tells no date, the mark is taken at its word.
    let moved = changed(way).is_none_or(|now| now != mark.before);
    (moved && way.seen.auth_token_enabled() == Some(true)).then_some(mark.strategy)
}

fn next(way: &Way) -> Result<Next> {
    let (have, want) = (way.have, way.want);
    if !want.user_group_ids.is_empty() && way.diff.touches("userGroupIds") {
        return Ok(Next::Users { delete_token: way.seen.auth_token_enabled() == Some(true) });
    }
    let Some(token) = &want.auth_token else { return Ok(Next::Open) };
    if !have.user_group_ids.is_empty() {
        return Ok(Next::TokenForUsers);
    }
    let is_ours = have.auth_token.is_some();
    Ok(match made(way, &known(&token.version)?) {
        Some(Strategy::Set) => Next::Record,
        Some(Strategy::Rotate) if is_ours => Next::Record,
        Some(Strategy::Rotate) => Next::Set,
        _ => Next::Rotate,
    })
}

impl ElastiCache {
    /// Takes the next step to the wished way to log in.
    pub(super) async fn log_in(&self, id: &Id, name: &str, way: &Way<'_>) -> Result<()> {
        let request = self.writer(id).modify_replication_group().replication_group_id(name).apply_immediately(true);
        let request = match (next(way)?, &way.want.auth_token) {
            (Next::Record, Some(token)) => {
                return self.tag(id, &self.arn(id, "replicationgroup", name), &tags::of_secret(token)?).await;
            }
            (Next::Rotate, Some(token)) => return self.change_token(id, name, way, token, Strategy::Rotate).await,
            (Next::Set | Next::TokenForUsers, Some(token)) => {
                return self.change_token(id, name, way, token, Strategy::Set).await;
            }
            (Next::Users { delete_token }, _) => {
                let less = |from: &std::collections::BTreeSet<_>, by: &std::collections::BTreeSet<_>| {
                    known_list(&from.difference(by).cloned().collect())
                };
                let (have, want) = (&way.have.user_group_ids, &way.want.user_group_ids);
                request
                    .set_user_group_ids_to_add(some(less(want, have)?))
                    .set_user_group_ids_to_remove(some(less(have, want)?))
                    .set_auth_token_update_strategy(delete_token.then_some(Strategy::Delete))
            }
            _ => request.remove_user_groups(true),
        };
        request.send().await.map_err(refused)?;
        Ok(())
    }

    async fn change_token(
        &self,
        id: &Id,
        name: &str,
        way: &Way<'_>,
        token: &SecretRef,
        strategy: Strategy,
    ) -> Result<()> {
        let value = secretsmanager::read(&self.clients, &id.place.region, token).await?;
        let before = changed(way).unwrap_or(0);
        let mark = Mark { strategy: strategy.clone(), version: known(&token.version)?, before };
        self.tag(id, &self.arn(id, "replicationgroup", name), &mark.write()).await?;
        let request = self.writer(id).modify_replication_group().replication_group_id(name).apply_immediately(true);
        let request = request.auth_token(value.expose_secret()).auth_token_update_strategy(strategy);
        let users = !way.have.user_group_ids.is_empty();
        request.set_remove_user_groups(users.then_some(true)).send().await.map_err(refused)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::testing::{between, cache_with_secret, described, group_id, token, wish};
    use aws_sdk_elasticache::Client;
    use aws_sdk_elasticache::operation::add_tags_to_resource::AddTagsToResourceOutput;
    use aws_sdk_elasticache::operation::modify_replication_group::{
        ModifyReplicationGroupInput, ModifyReplicationGroupOutput,
    };
    use aws_sdk_elasticache::types::ReplicationGroup as Seen;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::DateTime;
    use terrace_model::aws::elasticache::ReplicationGroup;
    use terrace_model::identity::tag;

    fn with(version: Option<&str>, users: &[&str]) -> ReplicationGroup {
        let user_group_ids = users.iter().map(|group| (*group).into()).collect();
        ReplicationGroup { auth_token: version.map(token), user_group_ids, ..wish() }
    }

    fn marked(have: ReplicationGroup, mark: &str) -> ReplicationGroup {
        ReplicationGroup { tags: [(CHANGE.to_owned(), mark.to_owned())].into(), ..have }
    }

    /// A group that asks for a token, changed at so many seconds.
    fn seen(enabled: bool, changed: Option<i64>) -> Seen {
        let date = changed.map(DateTime::from_secs);
        described().auth_token_enabled(enabled).set_auth_token_last_modified_date(date).build()
    }

    fn after(seen: &Seen, have: &ReplicationGroup, want: &ReplicationGroup) -> Next {
        next(&Way { seen, have, want, diff: &between(have, want) }).expect("it is resolved")
    }

    #[test]
    fn a_first_token_is_rotated_in_then_set_and_then_recorded() {
        let (none, want) = (with(None, &[]), with(Some("v1"), &[]));
        assert_eq!(after(&seen(false, None), &none, &want), Next::Rotate);
        assert_eq!(after(&seen(true, Some(5)), &marked(none.clone(), "ROTATE 0 v1"), &want), Next::Set);
        assert_eq!(after(&seen(true, Some(6)), &marked(none.clone(), "SET 5 v1"), &want), Next::Record);
        // Somebody else's token, of a group that was taken over.
        assert_eq!(after(&seen(true, Some(5)), &none, &want), Next::Rotate);
    }

    #[test]
    fn the_next_token_is_rotated_in_and_the_one_before_stays_valid() {
        let (have, want) = (with(Some("v1"), &[]), with(Some("v2"), &[]));
        assert_eq!(after(&seen(true, Some(6)), &have, &want), Next::Rotate);
        assert_eq!(after(&seen(true, Some(7)), &marked(have, "ROTATE 6 v2"), &want), Next::Record);
    }

    #[test]
    fn what_was_about_to_be_sent_and_never_was_is_sent_again() {
        let (have, want) = (with(Some("v1"), &[]), with(Some("v2"), &[]));
        for mark in ["ROTATE 6 v2", "ROTATE 5 v1", "nonsense"] {
            assert_eq!(after(&seen(true, Some(6)), &marked(have.clone(), mark), &want), Next::Rotate, "{mark}");
        }
        let none = with(None, &[]);
        assert_eq!(after(&seen(false, None), &marked(none, "ROTATE 0 v2"), &want), Next::Rotate);
        assert_eq!(after(&seen(true, None), &marked(have, "ROTATE 0 v2"), &want), Next::Record);
    }

    #[test]
    fn users_take_the_place_of_a_token_and_give_it_back() {
        let (open, locked, users) = (with(None, &[]), with(Some("v1"), &[]), with(None, &["users"]));
        assert_eq!(after(&seen(true, Some(5)), &locked, &users), Next::Users { delete_token: true });
        assert_eq!(after(&seen(false, None), &open, &users), Next::Users { delete_token: false });
        assert_eq!(after(&seen(false, None), &users, &locked), Next::TokenForUsers);
        assert_eq!(after(&seen(true, Some(9)), &marked(open.clone(), "SET 0 v1"), &locked), Next::Record);
        assert_eq!(after(&seen(false, None), &users, &open), Next::Open);
    }

    fn modified(is: fn(&ModifyReplicationGroupInput) -> bool) -> Rule {
        mock!(Client::modify_replication_group)
            .match_requests(move |request| is(request) && request.apply_immediately() == Some(true))
            .then_output(|| ModifyReplicationGroupOutput::builder().build())
    }

    fn tags(key: &'static str, value: &'static str) -> Rule {
        mock!(Client::add_tags_to_resource)
            .match_requests(move |request| {
                request.tags().iter().any(|tag| (tag.key(), tag.value()) == (Some(key), Some(value)))
            })
            .then_output(|| AddTagsToResourceOutput::builder().build())
    }

    async fn log_in(rules: &[&Rule], seen: &Seen, have: &ReplicationGroup, want: &ReplicationGroup) -> Result<()> {
        let cache = cache_with_secret(mock_client!(aws_sdk_elasticache, RuleMode::Sequential, rules), "v2", "hush");
        cache.log_in(&group_id(), "sessions", &Way { seen, have, want, diff: &between(have, want) }).await
    }

    #[tokio::test]
    async fn the_change_is_marked_before_it_is_made_and_recorded_when_it_is_done() {
        let (have, want) = (with(Some("v1"), &[]), with(Some("v2"), &[]));
        let (mark, sent) = (
            tags(CHANGE, "ROTATE 6 v2"),
            modified(|request| {
                request.auth_token() == Some("hush")
                    && request.auth_token_update_strategy() == Some(&Strategy::Rotate)
                    && request.remove_user_groups().is_none()
            }),
        );
        assert_eq!(log_in(&[&mark, &sent], &seen(true, Some(6)), &have, &want).await, Ok(()));
        let recorded = tags(tag::SECRET_VERSION, "v2");
        let have = marked(have, "ROTATE 6 v2");
        assert_eq!(log_in(&[&recorded], &seen(true, Some(7)), &have, &want).await, Ok(()));
        assert_eq!((mark.num_calls(), sent.num_calls(), recorded.num_calls()), (1, 1, 1));
    }

    #[tokio::test]
    async fn groups_are_exchanged_in_one_call_which_takes_the_token_away() {
        let sent = modified(|request| {
            request.user_group_ids_to_add() == ["new"]
                && request.user_group_ids_to_remove() == ["old"]
                && request.auth_token_update_strategy() == Some(&Strategy::Delete)
                && request.auth_token().is_none()
        });
        let (have, want) = (with(None, &["old", "kept"]), with(None, &["new", "kept"]));
        assert_eq!(log_in(&[&sent], &seen(true, Some(6)), &have, &want).await, Ok(()));
        let removed = modified(|request| request.remove_user_groups() == Some(true) && request.auth_token().is_none());
        assert_eq!(log_in(&[&removed], &seen(false, None), &have, &with(None, &[])).await, Ok(()));
        let (mark, back) = (
            tags(CHANGE, "SET 0 v2"),
            modified(|request| {
                request.remove_user_groups() == Some(true)
                    && request.auth_token_update_strategy() == Some(&Strategy::Set)
            }),
        );
        assert_eq!(log_in(&[&mark, &back], &seen(false, None), &have, &with(Some("v2"), &[])).await, Ok(()));
        assert_eq!((sent.num_calls(), removed.num_calls(), back.num_calls()), (1, 1, 1));
    }
}
