//! How a cache ends: with a last snapshot if one is asked for. Replication groups and serverless caches have other
//! words for the same.

use aws_sdk_elasticache::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;
use terrace_engine::{Disposal, Error, Result, State, reason};
use terrace_model::Id;
use terrace_model::identity::short_hash;

use super::snapshots::taken;
use super::status::{NEVER_MADE, state};
use super::{ElastiCache, fresh, refused};
use crate::errors::code;

/// How AWS answers a request to delete.
#[derive(Debug)]
pub(super) enum Answer {
    /// It is going, or gone already.
    Accepted,
    /// The name of the last snapshot is taken.
    NameTaken,
    /// Its state does not allow it.
    NotNow(Error),
}

/// The codes that tell these answers apart (API reference, DeleteReplicationGroup, DeleteServerlessCache and
/// DeleteCacheCluster).
struct Codes {
    gone: &'static str,
    name_taken: &'static str,
    not_now: &'static str,
}

const GROUP: Codes = Codes {
    gone: "ReplicationGroupNotFoundFault",
    name_taken: "SnapshotAlreadyExistsFault",
    not_now: "InvalidReplicationGroupState",
};
const SERVERLESS: Codes = Codes {
    gone: "ServerlessCacheNotFoundFault",
    name_taken: "ServerlessCacheSnapshotAlreadyExistsFault",
    not_now: "InvalidServerlessCacheStateFault",
};
const CLUSTER: Codes = Codes {
    gone: "CacheClusterNotFound",
    name_taken: "SnapshotAlreadyExistsFault",
    not_now: "InvalidCacheClusterState",
};
/// What a type of node answers of which no snapshot can be taken.
const NO_SNAPSHOTS: &str = "SnapshotFeatureNotSupportedFault";

/// The name of the last snapshot.
fn last_snapshot(disposal: &Disposal) -> Option<String> {
    match disposal {
        Disposal::Delete | Disposal::Empty => None,
        Disposal::Snapshot(name) => Some(name.clone()),
    }
}

fn without(why: &str) -> Error {
    let text = format!("{why}: set spec.deletionPolicy to Delete to let the cache go without a last snapshot");
    Error::blocked(reason::FAILED, text)
}

fn answer<T, E>(said: std::result::Result<T, SdkError<E, HttpResponse>>, codes: &Codes) -> Result<Answer>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let Err(error) = said else { return Ok(Answer::Accepted) };
    match code(&error) {
        Some(said) if said == codes.gone => Ok(Answer::Accepted),
        Some(said) if said == codes.name_taken => Ok(Answer::NameTaken),
        Some(said) if said == codes.not_now => Ok(Answer::NotNow(refused(error))),
        Some(NO_SNAPSHOTS) => Err(without(&refused(error).to_string())),
        _ => Err(refused(error)),
    }
}

/// A name that is taken by a snapshot: is it this cache's own, of an earlier try? It is where it was taken in its life.
fn instead(taken: Option<&DateTime>, made: Option<&DateTime>, name: &str) -> Disposal {
    match (taken, made) {
        (Some(taken), Some(made)) if taken.secs() >= made.secs() => Disposal::Delete,
        // One of an earlier life under the same name: this life's data has none yet.
        _ => {
            let life = made.map(|made| made.secs().to_string()).unwrap_or_default();
            Disposal::Snapshot(format!("{name}-{}", short_hash(&[&life])))
        }
    }
}

/// What a refused deletion means, by the status of what was to be deleted.
fn verdict(status: Option<&str>, disposal: &Disposal, error: Error) -> Result<()> {
    match (state(status), disposal) {
        (State::Deleting, _) => Ok(()),
        (State::Failed(word), Disposal::Snapshot(_)) if word == NEVER_MADE => {
            Err(without("AWS could not make the cache, and takes no snapshot of it"))
        }
        _ => Err(error),
    }
}

impl ElastiCache {
    /// Asks for the end of a replication group. One that is ending already, or is gone, is fine.
    pub(super) async fn delete_group(&self, id: &Id, name: &str, disposal: &Disposal) -> Result<()> {
        match self.end_group(id, name, disposal).await? {
            Answer::Accepted => Ok(()),
            Answer::NameTaken => {
                let (Disposal::Snapshot(taken_name), Some(group)) = (disposal, self.group(&fresh(id), name).await?)
                else {
                    return Ok(());
                };
                let holder = self.snapshot(id, taken_name).await?;
                let of_it =
                    holder.as_ref().filter(|found| found.replication_group_id() == group.replication_group_id());
                let instead = instead(of_it.and_then(taken), group.replication_group_create_time(), taken_name);
                self.end_group(id, name, &instead).await.map(drop)
            }
            Answer::NotNow(error) => match self.group(&fresh(id), name).await? {
                Some(group) => verdict(group.status(), disposal, error),
                None => Ok(()),
            },
        }
    }

    async fn end_group(&self, id: &Id, name: &str, disposal: &Disposal) -> Result<Answer> {
        let request = self.writer(id).delete_replication_group().replication_group_id(name);
        answer(request.set_final_snapshot_identifier(last_snapshot(disposal)).send().await, &GROUP)
    }

    /// The same, of a serverless cache.
    pub(super) async fn delete_serverless(&self, id: &Id, name: &str, disposal: &Disposal) -> Result<()> {
        match self.end_serverless(id, name, disposal).await? {
            Answer::Accepted => Ok(()),
            Answer::NameTaken => {
                let (Disposal::Snapshot(taken), Some(cache)) =
                    (disposal, self.serverless_cache(&fresh(id), name).await?)
                else {
                    return Ok(());
                };
                let holder = self.serverless_snapshot(id, taken).await?;
                let of = |found: &&aws_sdk_elasticache::types::ServerlessCacheSnapshot| {
                    let of = found.serverless_cache_configuration().and_then(|of| of.serverless_cache_name());
                    of == cache.serverless_cache_name()
                };
                let taken_at = holder.as_ref().filter(of).and_then(|found| found.create_time());
                let instead = instead(taken_at, cache.create_time(), taken);
                self.end_serverless(id, name, &instead).await.map(drop)
            }
            Answer::NotNow(error) => match self.serverless_cache(&fresh(id), name).await? {
                Some(cache) => verdict(cache.status(), disposal, error),
                None => Ok(()),
            },
        }
    }

    async fn end_serverless(&self, id: &Id, name: &str, disposal: &Disposal) -> Result<Answer> {
        let request = self.writer(id).delete_serverless_cache().serverless_cache_name(name);
        answer(request.set_final_snapshot_name(last_snapshot(disposal)).send().await, &SERVERLESS)
    }

    /// The same, of a Memcached cluster, of which there are no snapshots.
    pub(super) async fn delete_cluster(&self, id: &Id, name: &str) -> Result<()> {
        let request = self.writer(id).delete_cache_cluster().cache_cluster_id(name);
        match answer(request.send().await, &CLUSTER)? {
            Answer::Accepted | Answer::NameTaken => Ok(()),
            Answer::NotNow(error) => match self.cluster(&fresh(id), name).await? {
                Some(cluster) => verdict(cluster.cache_cluster_status(), &Disposal::Delete, error),
                None => Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::testing::{cache, described, group_id, meta, snapshot};
    use aws_sdk_elasticache::Client;
    use aws_sdk_elasticache::operation::delete_replication_group::{
        DeleteReplicationGroupError, DeleteReplicationGroupOutput,
    };
    use aws_sdk_elasticache::operation::delete_serverless_cache::DeleteServerlessCacheError;
    use aws_sdk_elasticache::operation::describe_replication_groups::DescribeReplicationGroupsOutput;
    use aws_sdk_elasticache::operation::describe_serverless_caches::DescribeServerlessCachesOutput;
    use aws_sdk_elasticache::operation::describe_snapshots::DescribeSnapshotsOutput;
    use aws_sdk_elasticache::types::ServerlessCache;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

    fn refuses(code: &'static str) -> Rule {
        mock!(Client::delete_replication_group)
            .match_requests(|request| request.final_snapshot_identifier() == Some("final"))
            .then_error(move || DeleteReplicationGroupError::generic(meta(code)))
    }

    fn standing(status: &'static str) -> Rule {
        mock!(Client::describe_replication_groups).then_output(move || {
            let group = described().status(status).replication_group_create_time(DateTime::from_secs(1_000)).build();
            DescribeReplicationGroupsOutput::builder().replication_groups(group).build()
        })
    }

    async fn delete(rules: &[&Rule]) -> Result<()> {
        let cache = cache(mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, rules), None);
        cache.delete_group(&group_id(), "sessions", &Disposal::Snapshot("final".into())).await
    }

    fn accepts(snapshot: fn(Option<&str>) -> bool) -> Rule {
        mock!(Client::delete_replication_group)
            .match_requests(move |request| snapshot(request.final_snapshot_identifier()))
            .then_output(|| DeleteReplicationGroupOutput::builder().build())
    }

    #[tokio::test]
    async fn it_is_deleted_with_its_last_snapshot_and_what_is_gone_is_fine() {
        let deleted = accepts(|snapshot| snapshot == Some("final"));
        assert_eq!((delete(&[&deleted]).await, deleted.num_calls()), (Ok(()), 1));
        assert_eq!(delete(&[&refuses("ReplicationGroupNotFoundFault")]).await, Ok(()));
    }

    #[tokio::test]
    async fn a_snapshot_of_this_life_is_enough_and_one_of_an_earlier_life_is_not() {
        let taken = refuses("SnapshotAlreadyExistsFault");
        for (at, own) in [(2_000, true), (500, false)] {
            let holder = mock!(Client::describe_snapshots).then_output(move || {
                DescribeSnapshotsOutput::builder().snapshots(snapshot("final", "Sessions", at).build()).build()
            });
            let skipped = accepts(|snapshot| snapshot.is_none());
            let anew = accepts(|snapshot| snapshot.is_some_and(|name| name.starts_with("final-")));
            assert_eq!(delete(&[&taken, &standing("available"), &holder, &skipped, &anew]).await, Ok(()));
            assert_eq!((skipped.num_calls() == 1, anew.num_calls() == 1), (own, !own), "{at}");
        }
    }

    #[tokio::test]
    async fn a_cache_that_never_was_is_a_decision_and_never_a_deadlock() {
        let with = async |status| delete(&[&refuses("InvalidReplicationGroupState"), &standing(status)]).await;
        assert_eq!(with("deleting").await, Ok(()));
        let error = with("create-failed").await.expect_err("it cannot be done");
        assert!(error.is_stalled() && error.to_string().contains("spec.deletionPolicy"), "{error}");
        assert!(matches!(with("modifying").await, Err(Error::Wait { .. })));
        let error = delete(&[&refuses(NO_SNAPSHOTS)]).await.expect_err("it cannot be done");
        assert!(error.is_stalled() && error.to_string().contains("spec.deletionPolicy"), "{error}");
    }

    #[tokio::test]
    async fn a_serverless_cache_ends_by_the_same_rules() {
        let refused = mock!(Client::delete_serverless_cache)
            .match_requests(|request| request.final_snapshot_name() == Some("final"))
            .then_error(|| DeleteServerlessCacheError::generic(meta("InvalidServerlessCacheStateFault")));
        let going = mock!(Client::describe_serverless_caches).then_output(|| {
            let cache = ServerlessCache::builder().status("DELETING").build();
            DescribeServerlessCachesOutput::builder().serverless_caches(cache).build()
        });
        let cache = cache(mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, [&refused, &going]), None);
        let done = cache.delete_serverless(&group_id(), "sessions", &Disposal::Snapshot("final".into())).await;
        assert_eq!((done, refused.num_calls()), (Ok(()), 1));
    }
}
